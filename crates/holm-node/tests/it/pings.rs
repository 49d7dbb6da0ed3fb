//! Round trips.

use std::time::Duration;

use holm::{AutoConnect, NodeEvent, PING_TIMEOUT, PingError};
use tokio::time::Instant;

use crate::raw::Raw;
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_ping_takes_a_round_trip_and_dials_first() {
    let net = Net::default();
    let start =
        async |name| net.builder(name).auto_connect(AutoConnect::Always).start().await.unwrap();
    let (a, b) = (start("a@x").await, start("b@x").await);
    let unknown = Err(PingError::Disconnected(b.name().clone()));
    assert_eq!(a.ping(b.name()).await, unknown);
    connect(&a, &b).await;
    a.ping(b.name()).await.unwrap();
    a.disconnect(b.name());
    a.monitor_node(b.name()).await;
    // It is known now.
    a.ping(b.name()).await.unwrap();
    assert_eq!(a.nodes(), [b.name().clone()]);
    assert_eq!(b.system().actors(), 1, "it was asked");
    assert_eq!(a.ping(a.name()).await, Ok(Duration::ZERO));
    b.stop().await;
    assert_eq!(a.ping(b.name()).await, unknown);
}

#[tokio::test(start_paused = true)]
async fn a_ping_that_nobody_answers_times_out() {
    let net = Net::default();
    let node = net.start("a@x").await;
    let (events, silent) = (node.events(), name("evil@x"));
    let _raw = Raw::connect(&net, &node).await;
    until(events, &NodeEvent::Up(silent.clone())).await;
    let began = Instant::now();
    assert_eq!(node.ping(&silent).await, Err(PingError::Timeout(silent)));
    assert_eq!(began.elapsed(), PING_TIMEOUT);
}
