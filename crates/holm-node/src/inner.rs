//! What all parts of one node share.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use holm_actor::{ActorSystem, Watchdog};
use holm_env::{Endpoint, Env, Transport};
use holm_net::Session;
use holm_net::handshake::{HandshakeFailure, Peering};
use holm_wire::handshake::{Established, Introduction, Reject};
use holm_wire::{Code, NodeName, Secret, Side};
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};

use crate::dispatch::Dispatch;
use crate::events::NodeEvent;
use crate::link::Link;
use crate::places::{self, Place, Places};
use crate::router::Router;
use crate::spawnables::Spawnables;
use crate::tables::Tables;

/// One node.
pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) transport: Arc<dyn Transport>,
    /// What it says of itself, without a token.
    pub(crate) introduction: Introduction,
    pub(crate) token: Option<Secret>,
    pub(crate) system: ActorSystem,
    pub(crate) router: Arc<Router>,
    pub(crate) spawnables: Spawnables,
    /// Where it listens, with real ports.
    pub(crate) endpoints: Mutex<Vec<Endpoint>>,
    pub(crate) events: broadcast::Sender<NodeEvent>,
    /// True once the node is to stop. Listeners and handshakes under way hold a receiver.
    pub(crate) stopping: watch::Sender<bool>,
    places: Arc<Places>,
    /// Reports stuck handlers and circles of calls, until the node stops.
    pub(crate) watchdog: Mutex<Option<Watchdog>>,
    /// Held while a session begins.
    beginning: tokio::sync::Mutex<()>,
    /// A session was torn down.
    pub(crate) torn_down: Notify,
    stamps: AtomicU64,
    attempts: AtomicU64,
    dead_letters: AtomicU64,
}

impl Inner {
    #[expect(clippy::too_many_arguments, reason = "one constructor, called once by the builder")]
    pub(crate) fn new(
        env: Env,
        transport: Arc<dyn Transport>,
        introduction: Introduction,
        token: Option<Secret>,
        system: ActorSystem,
        router: Arc<Router>,
        spawnables: Spawnables,
        events_kept: usize,
    ) -> Self {
        Self {
            env,
            transport,
            introduction,
            token,
            system,
            router,
            spawnables,
            endpoints: Mutex::default(),
            events: broadcast::Sender::new(events_kept),
            stopping: watch::Sender::new(false),
            places: Arc::default(),
            watchdog: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
            torn_down: Notify::new(),
            stamps: AtomicU64::new(1),
            attempts: AtomicU64::new(1),
            dead_letters: AtomicU64::new(0),
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.introduction.node
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// What a handshake sends of this node; with the token where the peer asks for one.
    pub(crate) fn introduce(&self, with_token: bool) -> Introduction {
        let mut introduction = self.introduction.clone();
        introduction.token = self.token.clone().filter(|_| with_token);
        introduction.endpoints = self.endpoints.lock().iter().map(Endpoint::to_string).collect();
        introduction
    }

    /// Whether a session with this peer may begin, and its place if that is ours to give.
    pub(crate) fn decide(&self, agreed: &Established) -> Result<Option<Place>, Reject> {
        if self.is_stopping() {
            return Err(stopping());
        }
        // An arbiter's place says so too, but only the arbiter has one.
        let peer = &agreed.peer;
        match self.router.by_name(&peer.node) {
            Some(link) if link.incarnation > peer.incarnation => Err(places::stale()),
            Some(_) | None => self.places.take(agreed),
        }
    }

    /// Makes an agreed connection a session. An older one with the same peer is torn down first,
    /// so that its end precedes the beginning of this one.
    ///
    /// # Errors
    /// The node is stopping, or the peer has given this session up already; the connection is
    /// closed.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        peering: Peering,
        place: Option<Place>,
    ) -> Result<Arc<Link>, HandshakeFailure> {
        let Peering { connection, established, already_read } = peering;
        let Established { side, dial, limits, peer, .. } = established;
        let _alone = self.beginning.lock().await;
        if self.is_stopping() {
            connection.writer.shutdown();
            return Err(HandshakeFailure::Refused(stopping()));
        }
        if let Some(older) = self.router.by_name(&peer.node) {
            // Two attempts of one dialler can get here the wrong way round.
            if older.side == side
                && (older.incarnation, older.attempt) > (peer.incarnation, dial.attempt)
            {
                connection.writer.shutdown();
                let reject = Reject::new(Code::Duplicate, "a newer session has its place");
                return Err(HandshakeFailure::Refused(reject));
            }
            older.session.close(Code::Duplicate, "a newer session takes its place");
            // Its sender goes only after it has said so.
            let _ = older.ended.subscribe().wait_for(|ended| *ended).await;
        }
        let link = Arc::new(Link {
            session: Arc::new(Session::new(connection.writer, limits, Tables::new(side, &limits))),
            stamp: self.stamps.fetch_add(1, Ordering::Relaxed),
            peer_id: peer.node_id(),
            peer: peer.node,
            incarnation: peer.incarnation,
            side,
            attempt: dial.attempt,
            resumed: Notify::new(),
            ended: watch::Sender::new(false),
        });
        self.router.insert(&link);
        // Nobody may be listening.
        let _ = self.events.send(NodeEvent::Up(link.peer.clone()));
        tracing::debug!(peer = %link.peer, dialled = (side == Side::Dialled), "session began");
        let dispatch = Dispatch::new(Arc::clone(self), Arc::clone(&link), place);
        link.session.start(&self.env, connection.reader, limits, &already_read, dispatch);
        Ok(link)
    }

    /// The last word about a session. Until then the next one with this peer waits.
    pub(crate) fn publish_down(&self, link: &Link) {
        let _ = self.events.send(NodeEvent::Down(link.peer.clone()));
        self.router.remove(link);
        link.ended.send_replace(true);
        self.torn_down.notify_waiters();
    }

    /// The number of the next dial.
    pub(crate) fn next_attempt(&self) -> NonZeroU64 {
        self.attempts.fetch_add(1, Ordering::Relaxed).try_into().expect("counts from 1")
    }

    /// A message that nobody could take.
    pub(crate) fn count_dead_letter(&self) {
        self.dead_letters.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn dead_letters(&self) -> u64 {
        self.dead_letters.load(Ordering::Relaxed)
    }

    /// Stops: no new sessions, actors end, sessions close. Cancel safe: it can be called again,
    /// also by several at once.
    pub(crate) async fn stop(&self) {
        self.stopping.send_replace(true);
        self.stopping.closed().await;
        // Who holds this lock is the last one to begin a session.
        drop(self.beginning.lock().await);
        self.system.shutdown("the node stops").await;
        drop(self.watchdog.lock().take());
        for link in self.router.all() {
            link.session.close(Code::Left, "the node stops");
        }
        loop {
            let torn_down = self.torn_down.notified();
            if self.router.all().is_empty() {
                return;
            }
            torn_down.await;
        }
    }
}

fn stopping() -> Reject {
    Reject::new(Code::Left, "this node is stopping")
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("name", self.name()).finish_non_exhaustive()
    }
}
