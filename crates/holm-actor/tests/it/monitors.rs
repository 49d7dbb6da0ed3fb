//! Monitors: exactly one `Down`, with the reason.

use holm_actor::{ActorSystem, Address, Monitor, Ref};
use holm_wire::{ExitReason, Incarnation, NodeId, NodeName, Pid, Serial};
use tokio::sync::mpsc;

use crate::support::*;

async fn end(system: &ActorSystem, puppet: &Ref<Puppet>, reason: ExitReason) {
    let down = system.monitor(puppet.pid());
    puppet.exit(reason.clone());
    assert_eq!(down.await.reason, reason);
}

#[tokio::test]
async fn each_monitor_hears_once_and_the_real_reason() {
    let system = system();
    let (downs, mut down) = mpsc::channel(16);
    let watcher = system.spawn(Puppet::default().downs_to(downs));
    let watched = system.spawn(Puppet::default());
    let target = watched.pid();
    let monitors = watcher
        .ask(|reply| act(move |_, cx| reply.send([cx.monitor(target), cx.monitor(target)])))
        .await
        .unwrap();
    end(&system, &watched, failed("f")).await;
    let mut heard = Vec::new();
    for _ in 0..2 {
        let down = down.recv().await.unwrap();
        assert_eq!((down.from.clone(), down.reason.clone()), (Address::Pid(target), failed("f")));
        heard.push(down.monitor);
    }
    heard.sort();
    assert_eq!(heard, monitors);
    assert_eq!(notes(&watcher).await, []);
    assert!(down.try_recv().is_err(), "a third down");
}

#[tokio::test]
async fn a_monitor_of_a_dead_or_unknown_actor_is_noproc() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    end(&system, &puppet, shutdown("s")).await;
    assert_eq!(system.monitor(puppet.pid()).await.reason, ExitReason::Noproc);
    let unknown = Pid { node: system.node(), serial: Serial::from_u64(u64::MAX).unwrap() };
    assert_eq!(system.monitor(unknown).await.reason, ExitReason::Noproc);
    let name = Address::Named { node: "test@local".parse().unwrap(), name: "nobody".into() };
    assert_eq!(system.monitor(name).await.reason, ExitReason::Noproc);
}

#[tokio::test]
async fn a_monitor_of_an_unreachable_node_is_noconnection() {
    let system = system();
    let elsewhere: NodeName = "other@local".parse().unwrap();
    let node = NodeId::of(&elsewhere, Incarnation(1));
    let pid = Pid { node, serial: Serial::from_u64(1).unwrap() };
    assert_eq!(system.monitor(pid).await.reason, ExitReason::Noconnection);
    let name = Address::Named { node: elsewhere, name: "x".into() };
    assert_eq!(system.monitor(name).await.reason, ExitReason::Noconnection);
}

#[tokio::test]
async fn a_dropped_monitor_hears_nothing_and_others_do() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let kept = system.monitor(puppet.pid());
    for _ in 0..100 {
        drop(system.monitor(puppet.pid()));
    }
    puppet.exit(failed("f"));
    assert_eq!(kept.await.reason, failed("f"));
}

#[tokio::test]
async fn demonitoring_ends_the_monitor() {
    let system = system();
    let (downs, mut down) = mpsc::channel(16);
    let watcher = system.spawn(Puppet::default().downs_to(downs));
    let watched = system.spawn(Puppet::default());
    let target = watched.pid();
    let kept = watcher
        .ask(|reply| {
            act(move |_, cx| {
                let gone = cx.monitor(target);
                cx.system().unwatch(&Address::Pid(target), gone);
                reply.send(cx.monitor(target));
            })
        })
        .await
        .unwrap();
    end(&system, &watched, failed("f")).await;
    assert_eq!(down.recv().await.unwrap().monitor, kept);
    assert_eq!(notes(&watcher).await, []);
    assert!(down.try_recv().is_err(), "a down after demonitoring");
}

#[tokio::test]
async fn a_monitor_by_name_stays_with_the_holder_it_found() {
    let system = system();
    let (first, second) = (system.spawn(Puppet::default()), system.spawn(Puppet::default()));
    system.names().register("name", &first).unwrap();
    let by_name = || Address::Named { node: "test@local".parse().unwrap(), name: "name".into() };
    let (kept, dropped) = (system.monitor(by_name()), system.monitor(by_name()));
    system.names().unregister("name");
    system.names().register("name", &second).unwrap();
    drop(dropped);
    end(&system, &first, failed("f")).await;
    let down = kept.await;
    assert_eq!((down.from, down.reason), (by_name(), failed("f")));
}

#[tokio::test]
async fn messages_of_the_ended_actor_precede_its_down() {
    let system = system();
    let (downs, mut down) = mpsc::channel(1);
    let watcher = system.spawn(Puppet::default().downs_to(downs));
    let watched = system.spawn(Puppet::default());
    let (to, target) = (watcher.clone(), watched.pid());
    watcher.ask(|reply| act(move |_, cx| reply.send(cx.monitor(target)))).await.unwrap();
    watched
        .tell(act(move |_, cx| {
            for number in 0..100 {
                to.tell(note(number)).unwrap();
            }
            cx.stop(ExitReason::Normal);
        }))
        .unwrap();
    assert_eq!(down.recv().await.unwrap().reason, ExitReason::Normal);
    assert_eq!(notes(&watcher).await.len(), 100);
}

/// Monitors made, dropped and fired at the same time: those kept hear exactly one of the
/// two reasons that are true.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn monitors_race_with_the_end() {
    let system = system();
    for _ in 0..500 {
        let puppet = system.spawn(Puppet::default());
        let watchers: Vec<_> = (0..4)
            .map(|n| {
                let (system, pid) = (system.clone(), puppet.pid());
                tokio::spawn(async move {
                    let monitors: Vec<Monitor> = (0..4).map(|_| system.monitor(pid)).collect();
                    for monitor in monitors.into_iter().skip(n) {
                        let reason = monitor.await.reason;
                        assert!([shutdown("s"), ExitReason::Noproc].contains(&reason), "{reason}");
                    }
                })
            })
            .collect();
        puppet.exit(shutdown("s"));
        for watcher in watchers {
            watcher.await.unwrap();
        }
    }
    assert_eq!(system.actors(), 0);
}
