//! Dials one peer for as long as somebody wants it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use holm_env::Endpoint;
use holm_wire::RequestId;
use tokio::time::{Instant, timeout};

use crate::connect::{DIALS_DEADLINE, DUPLICATE_PAUSE, Outcome, attempt};
use crate::inner::Inner;
use crate::peer::{Peer, Plan};
use crate::waiting::Failed;

/// Starts the dialler of `peer`, which has none.
pub(crate) fn start(node: &Arc<Inner>, peer: Arc<Peer>) {
    let weak = Arc::downgrade(node);
    // The node stops only after this has let go of it.
    let stopping = node.stopping.subscribe();
    drop(node.env.spawn(async move {
        run(weak, &peer).await;
        drop(stopping);
    }));
}

async fn run(weak: Weak<Inner>, peer: &Peer) {
    loop {
        let Some(node) = weak.upgrade() else { return };
        let mut stopping = node.stopping.subscribe();
        match peer.plan(&node.router, node.gate.now()) {
            Plan::Stop(failed) => return tell(&node, failed),
            Plan::WaitUntil(moment) => {
                let until = node.gate.instant(moment);
                drop(node);
                tokio::select! {
                    biased;
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                    () = peer.changed.notified() => {}
                    () = tokio::time::sleep_until(until) => {}
                }
            }
            Plan::Dial(endpoints) => {
                let reached = tokio::select! {
                    biased;
                    _ = stopping.wait_for(|stopping| *stopping) => false,
                    reached = dial(&node, peer, &endpoints) => reached,
                };
                if !reached {
                    tell(&node, peer.handle_failure(random(&node)));
                }
            }
        }
    }
}

/// Tries the endpoints one after the other. Whether there is a session.
async fn dial(node: &Arc<Inner>, peer: &Peer, endpoints: &[Endpoint]) -> bool {
    let deadline = Instant::now() + DIALS_DEADLINE;
    for endpoint in endpoints {
        loop {
            let begun = peer.changed.notified();
            match attempt(node, endpoint, Some(&peer.name)).await {
                Outcome::Session(_) => return true,
                // The other attempt commits, or it closes and this node dials again.
                Outcome::Duplicate(..) if Instant::now() < deadline => {
                    let _ = timeout(DUPLICATE_PAUSE, begun).await;
                    if node.router.is_live(&peer.name) {
                        return true;
                    }
                }
                Outcome::Duplicate(failure, _) | Outcome::Failed(failure) => {
                    tracing::debug!(node = %node.name(), peer = %peer.name, %failure, "a dial failed");
                    break;
                }
            }
        }
    }
    false
}

/// Has what waits under `ticket` fail if there is no session with `peer` in this time.
pub(crate) fn give_up_after(node: &Arc<Inner>, peer: Arc<Peer>, ticket: RequestId, time: Duration) {
    let weak = Arc::downgrade(node);
    let mut stopping = node.stopping.subscribe();
    drop(node.env.spawn(async move {
        tokio::select! {
            biased;
            _ = stopping.wait_for(|stopping| *stopping) => {}
            () = tokio::time::sleep(time) => {}
        }
        if let Some(node) = weak.upgrade() {
            tell(&node, peer.give_up(ticket));
        }
        drop(stopping);
    }));
}

/// Tells whoever waits for what failed.
pub(crate) fn tell(node: &Inner, failed: impl IntoIterator<Item = Failed>) {
    for one in failed {
        if one.tell() {
            node.dead_letters.unreachable.add();
        }
    }
}

/// From 0 to 1.
pub(crate) fn random(node: &Inner) -> f64 {
    node.env.random_u64() as f64 / u64::MAX as f64
}
