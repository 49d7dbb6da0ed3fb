//! Monitors between nodes.

use holm::{ExitReason, Node, Pid, Ref};

use crate::actors::{Log, Probe};
use crate::support::*;

#[tokio::test]
async fn a_watcher_hears_the_reason_once() {
    let (a, b) = pair().await;
    let (here, watcher) = probe(&b, &a);
    let watched = b.spawn(Log::default());
    let first = watcher.watch(watched.pid()).await.unwrap();
    let second = watcher.watch(watched.pid()).await.unwrap();
    assert_ne!(first, second);
    watched.exit(failed("f"));
    let mut monitors = Vec::new();
    for _ in 0..2 {
        let down = here.down().await;
        assert_eq!(down.reason, failed("f"));
        monitors.push(down.monitor.as_u64());
    }
    monitors.sort_unstable();
    assert_eq!(monitors, [first, second]);
    a.disconnect(b.name());
    a.monitor_node(b.name()).await;
    assert_eq!(watcher_downs(&a, &watcher).await, 2);
}

/// How many `Down`s a probe got.
async fn watcher_downs(home: &Node, probe: &Ref<Probe>) -> usize {
    home.system().reference::<Probe>(probe.pid()).got().await.unwrap().len()
}

#[tokio::test]
async fn a_monitor_of_nobody_is_noproc() {
    let (a, b) = pair().await;
    let log = b.spawn(Log::default());
    let end = b.monitor(log.pid());
    log.exit(shutdown("s"));
    end.await;
    assert_eq!(a.monitor(log.pid()).await.reason, ExitReason::Noproc);
    let named = a.at::<Log>(b.name(), "nobody");
    assert_eq!(a.monitor(named.address()).await.reason, ExitReason::Noproc);
}

#[tokio::test]
async fn a_monitor_by_name_hears_of_its_holder() {
    let (a, b) = pair().await;
    let log = b.spawn(Log::default());
    b.names().register("log", &log).unwrap();
    let down = a.monitor(a.at::<Log>(b.name(), "log").address());
    a.at::<Log>(b.name(), "log").count().await.unwrap();
    log.exit(failed("f"));
    assert_eq!(down.await.reason, failed("f"));
}

#[tokio::test]
async fn a_lost_session_is_noconnection_to_all_watchers() {
    let (a, b) = pair().await;
    let (here, watcher) = probe(&b, &a);
    let watched: Vec<Pid> = (0..20).map(|_| b.spawn(Log::default()).pid()).collect();
    let mut monitors = Vec::new();
    for pid in &watched {
        watcher.watch(*pid).await.unwrap();
        monitors.push(a.monitor(*pid));
    }
    b.disconnect(a.name());
    for monitor in monitors {
        assert_eq!(monitor.await.reason, ExitReason::Noconnection);
    }
    for _ in &watched {
        assert_eq!(here.down().await.reason, ExitReason::Noconnection);
    }
    assert_eq!(a.monitor(watched[0]).await.reason, ExitReason::Noconnection);
    // They live on, and a new session reaches them.
    connect(&a, &b).await;
    let log: Ref<Log> = a.system().reference(watched[0]);
    let down = a.monitor(watched[0]);
    log.end(failed("f")).await.unwrap();
    assert_eq!(down.await.reason, failed("f"));
}

#[tokio::test]
async fn demonitoring_reaches_the_other_node() {
    let (a, b) = pair().await;
    let (here, watcher) = probe(&b, &a);
    let watched = b.spawn(Log::default());
    let gone = watcher.watch(watched.pid()).await.unwrap();
    watcher.unwatch(watched.pid(), gone).await.unwrap();
    let kept = watcher.watch(watched.pid()).await.unwrap();
    for _ in 0..50 {
        drop(a.monitor(watched.pid()));
    }
    let last = a.monitor(watched.pid());
    reach(&a, &watched).end(failed("f")).await.unwrap();
    assert_eq!(last.await.reason, failed("f"));
    assert_eq!(here.down().await.monitor.as_u64(), kept);
    assert_eq!(watcher_downs(&a, &watcher).await, 1);
}

/// Small last words, and last words that take many chunks.
#[tokio::test]
async fn what_an_actor_sent_precedes_its_down() {
    for bytes in [10, 3 << 20] {
        let (a, b) = pair().await;
        let (here, watcher) = probe(&b, &a);
        let speaker = b.spawn(Probe::default());
        watcher.watch(speaker.pid()).await.unwrap();
        speaker.last_words(watcher.clone(), vec![1, 2, 3], bytes).await.unwrap();
        assert_eq!(here.down().await.reason, failed("said all"));
        let got = a.system().reference::<Probe>(watcher.pid()).got().await.unwrap();
        let numbers: Vec<u64> = got.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 2, 3, u64::MAX]);
    }
}
