//! The clients of the scenarios, who write down what they do and see.

use std::collections::BTreeMap;
use std::sync::Arc;

use holm::prelude::*;
use holm::{MonitorRef, NodeEvent, Pid, SendError, SpawnOptions};
use holm_sim::World;
use holm_sim::history::{ClientId, Event, History};
use parking_lot::Mutex;
use rand::RngExt;
use rand::rngs::StdRng;

/// A history, and which client an actor is.
#[derive(Clone)]
pub(super) struct Book {
    pub(super) history: History,
    clients: Arc<Mutex<BTreeMap<Pid, ClientId>>>,
}

impl Book {
    pub(super) fn new(world: &World) -> Self {
        Self { history: History::new(world), clients: Arc::default() }
    }

    /// Writes down the coming and going of the peers of `node`.
    pub(super) fn follow(&self, node: &Node) {
        let (history, at, mut events) = (self.history.clone(), node.name().clone(), node.events());
        let follow = async move {
            while let Some(event) = events.next().await {
                let at = at.clone();
                history.note(match event {
                    NodeEvent::Up(node) => Event::NodeUp { at, node },
                    NodeEvent::Down(node) => Event::NodeDown { at, node },
                    other => panic!("{other:?}"),
                });
            }
        };
        drop(node.system().env().spawn(follow));
    }

    /// Spawns a member, which traps exits.
    pub(super) fn member(&self, node: &Node) -> Ref<Member> {
        let me = self.history.client(node.name());
        let member = Member { me, book: self.clone(), monitors: Vec::new(), reason: None };
        let member = node.spawn_with(member, SpawnOptions::default().trap_exits());
        self.clients.lock().insert(member.pid(), me);
        member
    }

    /// Spawns a pusher. `calls` says whether it does more than cast and send.
    pub(super) fn pusher(&self, node: &Node, rng: StdRng, calls: bool) -> Ref<Pusher> {
        let me = self.history.client(node.name());
        node.spawn(Pusher { me, book: self.clone(), next: BTreeMap::new(), rng, calls })
    }

    fn client(&self, pid: Pid) -> ClientId {
        self.clients.lock()[&pid]
    }
}

/// Receives, watches and links, and keeps nobody waiting.
pub(super) struct Member {
    me: ClientId,
    book: Book,
    /// Those it holds, the oldest first.
    monitors: Vec<MonitorRef>,
    /// Why it ends.
    reason: Option<ExitReason>,
}

#[actor]
impl Member {
    /// Answers with what depends on all arguments.
    async fn take(&mut self, from: u64, number: u64, payload: String) -> u64 {
        let reply = answer(from, number, &payload);
        self.book.history.note(Event::Received { by: self.me, from: ClientId(from), number });
        reply
    }

    async fn watch(&mut self, target: Pid, cx: &mut Context<Self>) {
        let (by, target_client) = (self.me, self.book.client(target));
        let monitor = cx.monitor(target);
        self.monitors.push(monitor);
        let monitor = monitor.as_u64();
        self.book.history.note(Event::Monitoring { by, monitor, target: target_client });
    }

    /// Gives up the oldest monitor.
    async fn unwatch(&mut self, cx: &mut Context<Self>) {
        if !self.monitors.is_empty() {
            let monitor = self.monitors.remove(0);
            cx.demonitor_flush(monitor);
            let monitor = monitor.as_u64();
            self.book.history.note(Event::Demonitored { by: self.me, monitor });
        }
    }

    async fn link(&mut self, peer: Pid, cx: &mut Context<Self>) {
        if peer != cx.pid() {
            let peer_client = self.book.client(peer);
            self.book.history.note(Event::Linking { by: self.me, peer: peer_client });
            cx.link(peer);
        }
    }

    async fn unlink(&mut self, peer: Pid, cx: &mut Context<Self>) {
        if peer != cx.pid() {
            cx.unlink(peer);
            let peer = self.book.client(peer);
            self.book.history.note(Event::Unlinked { by: self.me, peer });
        }
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>) {
        match signal {
            Signal::Down(down) => {
                self.monitors.retain(|held| *held != down.monitor);
                let (by, monitor) = (self.me, down.monitor.as_u64());
                self.book.history.note(Event::Down { by, monitor, reason: down.reason });
            }
            Signal::Exit(exit) if exit.linked => {
                let from = self.book.client(exit.from.unwrap());
                self.book.history.note(Event::Exit { by: self.me, from });
            }
            Signal::Exit(exit) => cx.stop(exit.reason),
            other => panic!("{other:?}"),
        }
    }

    async fn stopped(&mut self, reason: &ExitReason, _cx: &mut Context<Self>) {
        self.reason = Some(reason.clone());
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.book.history.note(Event::Ended { client: self.me, reason: self.reason.take() });
    }
}

fn answer(from: u64, number: u64, payload: &str) -> u64 {
    payload.bytes().fold(from << 32 | number, |sum, byte| sum.rotate_left(5) ^ u64::from(byte))
}

/// Longest payload: several chunks of a session.
const PAYLOAD_MAX: usize = 200_000;

/// Sends numbered messages, one after the other.
pub(super) struct Pusher {
    me: ClientId,
    book: Book,
    /// The number of the next message to each.
    next: BTreeMap<ClientId, u64>,
    rng: StdRng,
    calls: bool,
}

#[actor(local)]
impl Pusher {
    /// Sends `count` messages, by cast, send or call as chance has it.
    async fn push(&mut self, to: Ref<Member>, count: u32) {
        let client = self.book.client(to.pid());
        for _ in 0..count {
            let next = self.next.entry(client).or_default();
            *next += 1;
            let number = *next;
            let length = match self.rng.random_range(0..20) {
                0 => self.rng.random_range(0..PAYLOAD_MAX),
                _ => self.rng.random_range(0..20),
            };
            self.send(&to, client, number, "ab".repeat(length / 2)).await;
        }
    }
}

impl Pusher {
    async fn send(&mut self, to: &Ref<Member>, client: ClientId, number: u64, payload: String) {
        let (from, to_client, history) = (self.me, client, &self.book.history);
        let verb = self.rng.random_range(0..4);
        if verb == 0 && self.calls {
            history.note(Event::Calling { from, to: to_client, number });
            let expected = answer(from.0, number, &payload);
            let reply = to.take(from.0, number, payload).await;
            if let Ok(reply) = &reply {
                assert_eq!(*reply, expected, "the reply to {number} of {from:?}");
            }
            let replied = reply.is_ok();
            return history.note(Event::Returned { from, to: to_client, number, replied });
        }
        history.note(Event::Sending { from, to: to_client, number });
        let accepted = match verb {
            1 => to.send().take(from.0, number, payload).await,
            _ => match to.cast().take(from.0, number, payload.clone()) {
                Err(SendError::Busy(_)) => to.send().take(from.0, number, payload).await,
                outcome => outcome,
            },
        };
        if accepted.is_err() {
            history.note(Event::Refused { from, to: to_client, number });
        }
    }
}
