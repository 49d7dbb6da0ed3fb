//! The actors of the node that is attacked.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use holm::env::Endpoint;
use holm::prelude::*;
use holm::{Capacity, SpawnOptions};

use super::counting;

/// What happened, in order.
type Seen = Arc<Mutex<Vec<String>>>;

/// Tells of its process, and of the others.
pub(super) struct Witness {
    node: Node,
    hoard: Ref<Hoard>,
    tally: Ref<Tally>,
    scale: Ref<Scale>,
    seen: Seen,
}

/// Starts all of them.
pub(super) fn start(node: &Node) {
    let seen = Seen::default();
    // Attackers pay no heed to pauses.
    let roomy = || SpawnOptions::default().mailbox(Capacity::new(65_536).unwrap());
    let tally = node.spawn_with(Tally { next: 0 }, roomy());
    let hoard = node.spawn_with(Hoard { owed: Vec::new(), seen: seen.clone() }, roomy());
    let scale = node.spawn(Scale { seen: seen.clone() });
    node.names().register("tally", &tally).unwrap();
    node.names().register("hoard", &hoard).unwrap();
    let witness = Witness { node: node.clone(), hoard, tally, scale, seen };
    node.names().register("witness", &node.spawn(witness)).unwrap();
}

#[actor]
impl Witness {
    async fn me(&mut self, cx: &mut Context<Self>) -> Ref<Self> {
        cx.me()
    }

    async fn hoard(&mut self) -> Ref<Hoard> {
        self.hoard.clone()
    }

    async fn tally(&mut self) -> Ref<Tally> {
        self.tally.clone()
    }

    async fn scale(&mut self) -> Ref<Scale> {
        self.scale.clone()
    }

    /// Bytes allocated so far.
    async fn allocated(&mut self) -> u64 {
        counting::ever() as u64
    }

    /// Bytes held now, and at most since this was asked last.
    async fn memory(&mut self) -> (u64, u64) {
        (counting::held() as u64, counting::peak() as u64)
    }

    /// Connections accepted.
    async fn connections(&mut self) -> u64 {
        self.node.admission_counters().connections
    }

    /// Handshakes broken off, displaced, and refused for want of room.
    async fn failed(&mut self) -> (u64, u64, u64) {
        let counters = self.node.admission_counters();
        (counters.broken, counters.displaced, counters.over_rate + counters.over_share)
    }

    /// Sessions closed because the peer asked for too much.
    async fn floods(&mut self) -> u64 {
        self.node.admission_counters().floods
    }

    async fn peers(&mut self) -> Vec<String> {
        self.node.nodes().iter().map(ToString::to_string).collect()
    }

    async fn seen(&mut self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// Dials; the name of the node there, or why not.
    async fn dial(&mut self, to: String) -> Result<String, String> {
        let dialled = self.node.connect(&to.parse::<Endpoint>().unwrap()).await;
        dialled.map(|name| name.to_string()).map_err(|error| error.to_string())
    }
}

/// Takes numbered calls.
pub(super) struct Tally {
    next: u64,
}

#[actor]
impl Tally {
    async fn take(&mut self, number: u64) -> u64 {
        assert_eq!(number, self.next, "a call was lost, or came twice");
        self.next += 1;
        number
    }
}

/// How many calls a hoard collects.
pub(super) const HOARDED: u64 = 1_000;

/// Answers late, or much.
pub(super) struct Hoard {
    owed: Vec<(u64, Reply<u64>)>,
    seen: Seen,
}

#[actor]
impl Hoard {
    /// Answered when there are enough of them, the last one first.
    async fn ask(&mut self, number: u64, reply: Reply<u64>) {
        self.owed.push((number, reply));
        if self.owed.len() as u64 == HOARDED {
            for (number, reply) in self.owed.drain(..).rev() {
                reply.send(number);
            }
        }
    }

    /// Waits until the caller does not.
    async fn outlast(&mut self, mut reply: Reply<u64>) {
        self.note("entered");
        reply.abandoned().await;
        self.note("cancelled");
    }

    /// So many bytes.
    async fn give(&mut self, bytes: u64) -> Bytes {
        Bytes::from(vec![7; bytes as usize])
    }

    async fn mark(&mut self) {
        self.note("marked");
    }
}

impl Hoard {
    fn note(&self, what: &str) {
        self.seen.lock().unwrap().push(what.to_owned());
    }
}

/// Weighs what it is sent.
pub(super) struct Scale {
    seen: Seen,
}

#[actor]
impl Scale {
    async fn weigh(&mut self, bytes: Bytes) -> u64 {
        self.seen.lock().unwrap().push("delivered".to_owned());
        bytes.len() as u64
    }
}
