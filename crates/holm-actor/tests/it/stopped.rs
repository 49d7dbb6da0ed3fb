//! `stopped`: on which exits it runs, for how long, and what it cannot break.

use std::time::Duration;

use holm_wire::ExitReason;
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::support::*;

const SHUTDOWN_TIME: Duration = Duration::from_secs(5);

#[tokio::test]
async fn it_runs_on_every_exit_with_the_reason() {
    for reason in [ExitReason::Normal, shutdown("s"), failed("f"), ExitReason::Killed] {
        let system = system();
        let (stopped, stop) = oneshot::channel();
        let puppet = system
            .spawn(Puppet::default().on_stopped(|reason| async { stopped.send(reason).unwrap() }));
        let expected = reason.clone();
        puppet.tell(act(move |_, cx| cx.stop(reason))).unwrap();
        assert_eq!(stop.await.unwrap(), expected);
    }
}

#[tokio::test]
async fn it_does_not_run_on_a_kill_but_drop_does() {
    let system = system();
    let (stopped, mut stop) = oneshot::channel();
    let (token, dropped) = oneshot::channel::<()>();
    let puppet = Puppet::default().on_stopped(|_| async { stopped.send(()).unwrap() });
    let puppet = system.spawn(puppet.holding(token));
    assert_eq!(notes(&puppet).await, []);
    puppet.kill();
    assert!(dropped.await.is_err());
    assert!(stop.try_recv().is_err());
}

#[tokio::test(start_paused = true)]
async fn it_is_cut_off_after_the_shutdown_time() {
    let system = system();
    let puppet = system.spawn(Puppet::default().on_stopped(|_| std::future::pending()));
    assert_eq!(notes(&puppet).await, []);
    let start = Instant::now();
    let end = system.monitor(puppet.pid());
    puppet.exit(failed("f"));
    assert_eq!(end.await.reason, failed("f"));
    assert_eq!(start.elapsed(), SHUTDOWN_TIME);
}

#[tokio::test(start_paused = true)]
async fn a_kill_cuts_it_off() {
    let system = system();
    let (entered, entry) = oneshot::channel();
    let puppet = system.spawn(Puppet::default().on_stopped(|_| async {
        entered.send(()).unwrap();
        std::future::pending::<()>().await;
    }));
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown("s"));
    entry.await.unwrap();
    let start = Instant::now();
    puppet.kill();
    assert_eq!(end.await.reason, shutdown("s"), "the first reason wins");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn its_panic_does_not_change_the_reason() {
    let system = system();
    let puppet = system.spawn(
        Puppet::default().on_stopped(|_| async { std::panic::resume_unwind(Box::new("quiet")) }),
    );
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown("s"));
    assert_eq!(end.await.reason, shutdown("s"));
    assert_eq!(system.actors(), 0);
}

#[tokio::test]
async fn a_monitor_made_while_it_runs_hears_the_real_reason() {
    let system = system();
    let (entered, entry) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let puppet = system.spawn(Puppet::default().on_stopped(|_| async {
        entered.send(()).unwrap();
        gone.await.unwrap();
    }));
    puppet.exit(failed("f"));
    entry.await.unwrap();
    let end = system.monitor(puppet.pid());
    go.send(()).unwrap();
    assert_eq!(end.await.reason, failed("f"));
}
