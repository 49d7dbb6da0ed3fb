//! Two nodes over each transport: calls, casts, names and references in messages.

use std::sync::Arc;
use std::time::Duration;

use holm::env::Endpoint;
use holm::{CallError, Node, Ref};
use holm_net::unix_dir::PrivateDir;
use tokio::sync::Notify;

use crate::actors::{Hoard, Log, Probe};
use crate::support::*;

async fn over(at: Endpoint) {
    let server = Node::builder("server@x").listen(at).start().await.unwrap();
    let client = Node::builder("client@x").start().await.unwrap();
    let name = client.connect(&server.endpoints()[0]).await.unwrap();
    assert_eq!(&name, server.name());
    let log = server.spawn(Log::default());
    server.names().register("log", &log).unwrap();

    let named = client.at::<Log>(&name, "log");
    named.note(1).await.unwrap();
    let there = reach(&client, &log);
    there.cast().note(2).unwrap();
    named.cast().note(3).unwrap();
    there.send().note(4).await.unwrap();
    named.send().note(5).await.unwrap();
    assert_eq!(there.entries().await.unwrap(), [1, 2, 3, 4, 5]);
    let down = client.monitor(log.pid());
    there.end(shutdown("done")).await.unwrap();
    assert_eq!(down.await.reason, shutdown("done"));
    client.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn two_nodes_talk_over_tcp() {
    over("tcp:127.0.0.1:0".parse().unwrap()).await;
}

#[tokio::test]
async fn two_nodes_talk_over_a_unix_socket() {
    let dir = PrivateDir::create(&std::env::temp_dir(), "talk-").unwrap();
    over(Endpoint::Unix(dir.path().join("s"))).await;
}

#[tokio::test]
async fn both_sides_can_call() {
    let (a, b) = pair().await;
    for (here, there) in [(&a, &b), (&b, &a)] {
        let log = reach(here, &there.spawn(Log::default()));
        log.note(7).await.unwrap();
        assert_eq!(log.count().await, Ok(1));
    }
}

#[tokio::test]
async fn references_work_where_they_are_sent() {
    let (a, b) = pair().await;
    let (on_a, on_b) = (a.spawn(Log::default()), b.spawn(Log::default()));
    let mediator = reach(&a, &b.spawn(Log::default()));
    // To the mediator's own node, and back to the sender's.
    assert_eq!(mediator.tell(reach(&a, &on_b), 1).await.unwrap(), [1]);
    assert_eq!(mediator.tell(on_a.clone(), 2).await.unwrap(), [2]);
    assert_eq!((on_b.entries().await.unwrap(), on_a.entries().await.unwrap()), (vec![1], vec![2]));
    let me: Ref<Log> = mediator.me().await.unwrap();
    assert_eq!(me, mediator);
    me.note(3).await.unwrap();
    assert_eq!(mediator.entries().await.unwrap(), [3]);
}

#[tokio::test]
async fn a_name_of_ones_own_node_is_looked_up_too() {
    let (a, b) = pair().await;
    let log = a.spawn(Log::default());
    a.names().register("log", &log).unwrap();
    let named = a.at::<Log>(a.name(), "log");
    named.note(1).await.unwrap();
    named.cast().note(2).unwrap();
    named.send().note(3).await.unwrap();
    assert_eq!(log.entries().await.unwrap(), [1, 2, 3]);
    assert_eq!(named.panics().await, Err(CallError::Exited(failed("asked to"))));
    assert_eq!(named.count().await, Err(CallError::Noproc));
    // The pid of an ended actor, back on its own node.
    assert_eq!(a.system().reference::<Log>(log.pid()).count().await, Err(CallError::Noproc));
    drop(b);
}

#[tokio::test]
async fn a_name_leads_to_its_present_holder() {
    let (a, b) = pair().await;
    let named = a.at::<Log>(b.name(), "log");
    assert_eq!(named.count().await, Err(CallError::Noproc));
    for life in 0..3 {
        let log = b.spawn(Log::default());
        b.names().register("log", &log).unwrap();
        named.note(life).await.unwrap();
        assert_eq!(log.entries().await.unwrap(), [life]);
        let down = b.monitor(log.pid());
        log.exit(shutdown("next"));
        down.await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_remote_call_times_out() {
    let (a, b) = pair().await;
    let (probe, there) = probe(&a, &b);
    let after = Duration::from_secs(2);
    assert_eq!(there.hold().timeout(after).await, Err(CallError::Timeout(after)));
    probe.release.notify_one();
    assert_eq!(there.got().await.unwrap(), []);
}

#[tokio::test]
async fn a_kill_reaches_another_node() {
    let (a, b) = pair().await;
    let (probe, there) = probe(&a, &b);
    let down = a.monitor(there.pid());
    let held = there.clone();
    let call = tokio::spawn(async move { held.hold().await });
    probe.entered.notified().await;
    there.kill();
    assert_eq!(down.await.reason, holm::ExitReason::Killed);
    assert_eq!(call.await.unwrap(), Err(CallError::Exited(holm::ExitReason::Killed)));
}

#[tokio::test]
async fn messages_of_one_sender_arrive_in_order_by_pid_and_by_name() {
    let (a, b) = pair().await;
    let log = b.spawn(Log::default());
    b.names().register("log", &log).unwrap();
    let (by_pid, by_name) = (reach(&a, &log), a.at::<Log>(b.name(), "log"));
    for number in 0..600 {
        if number % 2 == 0 {
            by_pid.send().note(number).await.unwrap();
        } else {
            by_name.send().note(number).await.unwrap();
        }
    }
    assert_eq!(by_pid.entries().await.unwrap(), (0..600).collect::<Vec<_>>());
}

/// A local reference and one that came over the wire are the same one.
#[tokio::test]
async fn a_reference_that_comes_home_is_local() {
    let (a, b) = pair().await;
    let (_, there) = probe(&a, &b);
    let home: Ref<Probe> = b.system().reference(there.pid());
    assert_eq!(home, there);
    b.disconnect(a.name());
    assert_eq!(home.got().await.unwrap(), [], "no session is needed");
}

/// A thousand calls under way at once, the last one answered first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_are_answered_out_of_order() {
    const CALLS: u64 = 1_000;
    let (a, b) = pair().await;
    let there = b.spawn(Hoard { wanted: CALLS as usize, ..Hoard::default() });
    let there = reach(&a, &there);
    let calls = (0..CALLS).map(|number| {
        let there = there.clone();
        tokio::spawn(async move { (number, there.ask(number).await) })
    });
    for call in calls.collect::<Vec<_>>() {
        let (number, answer) = call.await.unwrap();
        assert_eq!(answer, Ok(number));
    }
}

/// A cancel goes beside what is under way to another actor.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancel_goes_beside_a_large_transfer() {
    const LARGE: usize = 60_000_000;
    let (a, b) = pair().await;
    let gone = Arc::<Notify>::default();
    let waits = reach(&a, &b.spawn(Hoard { gone: gone.clone(), ..Hoard::default() }));
    let weighs = reach(&a, &b.spawn(Hoard::default()));
    let mut call = Box::pin(waits.outlast());
    begin(&mut call).await;
    let large = tokio::spawn(async move { weighs.weigh(vec![7; LARGE]).await });
    drop(call);
    gone.notified().await;
    assert_eq!(large.await.unwrap(), Ok(LARGE as u64));
}
