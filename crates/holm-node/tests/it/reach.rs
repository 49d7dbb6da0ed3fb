//! What becomes of what is sent without a session, if the sender says so.

use std::time::Duration;

use holm::prelude::*;
use holm::{AutoConnect, Named, SendError};
use tokio::time::Instant;

use crate::actors::Log;
use crate::support::*;

const PATIENCE: Duration = Duration::from_secs(10);

async fn start(net: &Net, name: &str, when: AutoConnect) -> Node {
    net.builder(name).auto_connect(when).start().await.unwrap()
}

/// A node that knows another one, which has stopped, and the way to a log of that name there.
async fn left(net: &Net, when: AutoConnect) -> (Node, Named<Log>) {
    let (a, b) = (start(net, "a@x", when).await, start(net, "b@x", AutoConnect::Never).await);
    connect(&a, &b).await;
    let lost = a.monitor_node(b.name());
    a.disconnect(b.name());
    lost.await;
    b.stop().await;
    let log = a.at(b.name(), "log");
    (a, log)
}

/// Another life of that node, with a log.
async fn back(net: &Net) -> (Node, Ref<Log>) {
    let b = start(net, "b@x", AutoConnect::Never).await;
    let log = b.spawn(Log::default());
    b.names().register("log", &log).unwrap();
    (b, log)
}

#[tokio::test]
async fn who_fails_fast_dials_nobody() {
    let net = Net::default();
    let (a, _) = left(&net, AutoConnect::Always).await;
    let (b, log) = back(&net).await;
    let there = a.at::<Log>(b.name(), "log");
    let fast = there.fail_fast();
    assert!(matches!(fast.cast().note(1), Err(SendError::Disconnected(_))));
    assert!(matches!(fast.send().note(1).await, Err(SendError::Disconnected(_))));
    assert_eq!(fast.note(1).await, Err(CallError::Disconnected));
    let unknown = a.system().reference::<Log>(log.pid()).fail_fast();
    let sent = unknown.cast().note(1);
    assert!(matches!(sent, Err(SendError::Noproc(_))), "{sent:?}");
    assert_eq!((a.nodes().len(), b.admission_counters().connections), (0, 0));
    // With a session, and on one's own node, it is as any other.
    there.note(2).await.unwrap();
    fast.note(3).await.unwrap();
    reach(&a, &log).fail_fast().cast().note(4).unwrap();
    assert_eq!(there.entries().await.unwrap(), [2, 3, 4]);
    log.fail_fast().cast().note(5).unwrap();
    b.at::<Log>(b.name(), "log").fail_fast().note(6).await.unwrap();
    assert_eq!(log.entries().await.unwrap(), [2, 3, 4, 5, 6]);
}

#[tokio::test(start_paused = true)]
async fn who_waits_outlasts_dials_that_fail() {
    let net = Net::default();
    let (a, log) = left(&net, AutoConnect::Always).await;
    let patient = log.wait_connect(PATIENCE);
    patient.cast().note(1).unwrap();
    patient.send().note(2).await.unwrap();
    let mut given_up = Box::pin(patient.note(3));
    begin(&mut given_up).await;
    let mut call = Box::pin(patient.note(4));
    begin(&mut call).await;
    // Who does not wait fails with the dial.
    assert_eq!(log.note(5).await, Err(CallError::Disconnected));
    drop(given_up);
    tokio::time::sleep(PATIENCE / 2).await;
    let (b, here) = back(&net).await;
    assert_eq!(call.await, Ok(()));
    assert_eq!(here.entries().await.unwrap(), [1, 2, 4]);
    assert_eq!((a.dead_letters().unreachable, a.nodes()), (0, vec![b.name().clone()]));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_asked_for() {
    let net = Net::default();
    let (a, log) = left(&net, AutoConnect::Always).await;
    let patient = log.wait_connect(PATIENCE);
    patient.cast().note(1).unwrap();
    let mut longer = Box::pin(async { log.wait_connect(2 * PATIENCE).note(2).await });
    begin(&mut longer).await;
    let began = Instant::now();
    assert_eq!(patient.note(3).await, Err(CallError::Disconnected));
    assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
    assert_eq!(a.dead_letters().unreachable, 1);
    begin(&mut longer).await;
    a.stop().await;
    assert_eq!(longer.await, Err(CallError::Disconnected));
    assert_eq!(began.elapsed().as_secs(), PATIENCE.as_secs());
}

/// It is the other one who dials.
#[tokio::test(start_paused = true)]
async fn who_may_not_dial_can_wait_for_a_session() {
    let net = Net::default();
    let (a, log) = left(&net, AutoConnect::Never).await;
    let mut call = Box::pin(async { log.wait_connect(PATIENCE).note(1).await });
    begin(&mut call).await;
    let (b, here) = back(&net).await;
    tokio::time::sleep(PATIENCE / 2).await;
    assert_eq!((b.admission_counters().connections, a.nodes().len()), (0, 0));
    connect(&b, &a).await;
    assert_eq!(call.await, Ok(()));
    assert_eq!(here.entries().await.unwrap(), [1]);
}
