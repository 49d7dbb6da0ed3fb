//! What all parts of one node share.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use holm_actor::{ActorSystem, ArrivalError, Watchdog};
use holm_env::{Endpoint, Env, PeerAddr, Transport};
use holm_net::handshake::{HandshakeFailure, Peering};
use holm_net::identity::{PeerIdentity, TokenScope};
use holm_net::security::SecurityError;
use holm_net::{Pulse, Security, Session};
use holm_proto::access::{Access, Capabilities, Identity};
use holm_proto::ledger::Stamp;
use holm_wire::handshake::{Established, Introduction, Reject, Role};
use holm_wire::session::{Patience, Terms};
use holm_wire::{AttemptNo, Code, NodeName, Side};
use parking_lot::Mutex;
use tokio::sync::{Notify, broadcast, watch};

use crate::counters::DeadLetterCounts;
use crate::dialler;
use crate::dispatch::Dispatch;
use crate::events::{EVENTS_KEPT, NodeEvent};
use crate::gate::{Gate, Seat};
use crate::identity;
use crate::link::Link;
use crate::meter::meter;
use crate::permits::Permits;
use crate::places::{self, Place, Places};
use crate::router::Router;
use crate::shard_claims::{Claimed, ShardClaims};
use crate::spawnables::Spawnables;
use crate::tables::Tables;

/// A peer that is let in.
pub(crate) struct Admitted {
    identity: Identity,
    capabilities: Capabilities,
    _seat: Seat,
    _shards: Claimed,
    _place: Place,
}

/// One node.
pub(crate) struct Inner {
    pub(crate) env: Env,
    pub(crate) transport: Arc<dyn Transport>,
    /// What it says of itself, without a token.
    pub(crate) introduction: Introduction,
    pub(crate) security: Security,
    pub(crate) system: ActorSystem,
    pub(crate) router: Arc<Router>,
    pub(crate) spawnables: Arc<Spawnables>,
    pub(crate) gate: Arc<Gate>,
    patience: Patience,
    /// Where it listens, with real ports.
    pub(crate) endpoints: Mutex<Vec<Endpoint>>,
    pub(crate) events: broadcast::Sender<NodeEvent>,
    /// True once the node is to stop. Listeners and handshakes under way hold a receiver.
    pub(crate) stopping: watch::Sender<bool>,
    places: Arc<Places>,
    shard_claims: Arc<ShardClaims>,
    /// Reports stuck handlers and circles of calls, until the node stops.
    pub(crate) watchdog: Mutex<Option<Watchdog>>,
    /// Keeps its sessions alive, until the node stops; none where time is virtual.
    pub(crate) pulse: Mutex<Option<Pulse>>,
    /// Held while the peers are judged anew.
    reviewing: Mutex<()>,
    /// Held while a session begins.
    beginning: tokio::sync::Mutex<()>,
    /// A session was torn down.
    pub(crate) torn_down: Notify,
    stamps: AtomicU64,
    attempts: AtomicU64,
    pub(crate) dead_letters: DeadLetterCounts,
    pub(crate) has_inspector: bool,
}

impl Inner {
    #[expect(clippy::too_many_arguments, reason = "one constructor, called once by the builder")]
    pub(crate) fn new(
        env: Env,
        transport: Arc<dyn Transport>,
        introduction: Introduction,
        security: Security,
        system: ActorSystem,
        router: Arc<Router>,
        spawnables: Arc<Spawnables>,
        gate: Gate,
        has_inspector: bool,
        patience: Patience,
    ) -> Self {
        Self {
            env,
            transport,
            introduction,
            security,
            system,
            router,
            spawnables,
            gate: Arc::new(gate),
            patience,
            endpoints: Mutex::default(),
            events: broadcast::Sender::new(EVENTS_KEPT),
            stopping: watch::Sender::new(false),
            places: Arc::default(),
            shard_claims: Arc::default(),
            watchdog: Mutex::default(),
            pulse: Mutex::default(),
            reviewing: Mutex::default(),
            beginning: tokio::sync::Mutex::default(),
            torn_down: Notify::new(),
            stamps: AtomicU64::new(1),
            attempts: AtomicU64::new(1),
            dead_letters: DeadLetterCounts::default(),
            has_inspector,
        }
    }

    pub(crate) fn name(&self) -> &NodeName {
        &self.introduction.node
    }

    /// Counts a message that its receiver did not take.
    pub(crate) fn count_refused(&self, link: &Link, error: &ArrivalError) {
        self.dead_letters.count(error);
        tracing::debug!(%error, peer = %link.peer, "a message was not taken");
    }

    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// What a handshake sends of this node, without a token.
    pub(crate) fn introduce(&self) -> Introduction {
        let mut introduction = self.introduction.clone();
        introduction.endpoints = self.endpoints.lock().iter().map(Endpoint::to_string).collect();
        introduction
    }

    /// Whether a session with this peer, proven to be `proven` at `address`, may begin.
    pub(crate) fn decide(
        &self,
        agreed: &Established,
        proven: &PeerIdentity,
        address: &PeerAddr,
    ) -> Result<Admitted, Reject> {
        if self.is_stopping() {
            return Err(stopping());
        }
        let peer = &agreed.peer;
        check_scope(proven.token.as_ref(), peer)?;
        let identity = identity::of(proven, address);
        let capabilities = self.gate.judge(&identity, peer)?;
        let older = self.router.by_name(&peer.node);
        // Its place may have been taken by an attempt that came to nothing.
        if older.as_ref().is_some_and(|link| link.incarnation > peer.incarnation) {
            return Err(places::stale());
        }
        if self.router.peers.is_taken(peer.node_id(), &peer.node) {
            return Err(Reject::new(Code::NodeIdTaken, "another node has the id of this one"));
        }
        let is_over = older.as_ref().is_some_and(|link| places::proves_over(agreed, link));
        let place = self.places.take(agreed, is_over)?;
        let shards = self.shard_claims.take(&peer.node, &peer.shards)?;
        let seat = self.gate.seat(older.is_some())?;
        Ok(Admitted { identity, capabilities, _seat: seat, _shards: shards, _place: place })
    }

    /// Makes an agreed connection a session; `at` is where whoever dialled did so. An older one with
    /// the same peer is torn down first, so that its end precedes the beginning of this one.
    ///
    /// # Errors
    /// The node is stopping, or the peer has given this session up already; the connection is
    /// closed.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        peering: Peering,
        admitted: Admitted,
        at: &Endpoint,
    ) -> Result<Arc<Link>, HandshakeFailure> {
        let Peering { connection, established, already_read, standing, .. } = peering;
        let terms = Terms::from(&established);
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
        let (identity, capabilities) = (&admitted.identity, &admitted.capabilities);
        let quota = self.gate.quota(identity, &peer.node);
        let tables = Tables::new(side, &limits, terms.features);
        let session = Session::new(connection.writer, terms, tables);
        let link = Arc::new(Link {
            session: Arc::new(session.patience(self.patience)),
            router: Arc::clone(&self.router),
            stamp: Stamp(self.stamps.fetch_add(1, Ordering::Relaxed)),
            peer_id: peer.node_id(),
            incarnation: peer.incarnation,
            identity: identity.clone(),
            standing,
            capabilities: Arc::new(ArcSwap::from_pointee(capabilities.clone())),
            peer: peer.node.clone(),
            introduction: peer,
            scheme: at.scheme(),
            began: self.gate.now(),
            side,
            attempt: dial.attempt,
            revoked: OnceLock::new(),
            resumed: Notify::new(),
            ended: watch::Sender::new(false),
        });
        let dialled = side == Side::Dialled;
        let peer = self.router.peers.meet(&link.introduction, dialled.then_some(at));
        let failed = peer.begin(&link, || self.router.insert(&link));
        self.publish(&link, NodeEvent::Up);
        dialler::tell(self, failed);
        let (meter, reader) = meter(&self.gate, quota, connection.reader);
        let permits = Permits::new(Arc::clone(&self.gate), meter, &link);
        let dispatch = Dispatch::new(Arc::clone(self), Arc::clone(&link), permits, admitted);
        let pulse = self.pulse.lock();
        link.session.start(&self.env, pulse.as_ref(), reader, &already_read, dispatch);
        drop(pulse);
        // Last, as a subscriber may panic, here and below.
        tracing::info!(peer = %link.peer, identity = %link.identity, dialled, "session began");
        // Access may have changed since the peer was judged, before anybody could find it here.
        self.review(&link);
        Ok(link)
    }

    /// Replaces what is laid down about peers, and judges all of them anew.
    pub(crate) fn set_access(&self, access: Access) {
        self.gate.access.store(Arc::new(access));
        self.review_all();
    }

    /// Reads what proves peers again, and judges all of them anew.
    pub(crate) fn reload_security(&self) -> Result<(), SecurityError> {
        self.security.reload()?;
        self.review_all();
        Ok(())
    }

    fn review_all(&self) {
        for link in self.router.all() {
            self.review(&link);
        }
    }

    /// Judges a peer by what holds now: gives it its capabilities, or ends its session.
    fn review(&self, link: &Link) {
        // One at a time, so that the last one to judge goes by the newest.
        let _alone = self.reviewing.lock();
        let stands = self.security.still_admits(&link.standing).map_err(|fault| fault.to_string());
        let judged = stands.and_then(|()| {
            self.gate
                .judge(&link.identity, &link.introduction)
                .map_err(|reject| reject.message.to_string())
        });
        let reason = match judged {
            Ok(capabilities) => return link.capabilities.store(Arc::new(capabilities)),
            Err(reason) => reason,
        };
        // What has arrived is still delivered to the dispatch, which denies it.
        link.capabilities.store(Arc::default());
        let message = format!("revoked: {reason}");
        if link.revoked.set(message.clone()).is_ok() {
            self.gate.count(|counters| counters.revoked += 1);
            link.session.close(Code::Forbidden, &message);
            tracing::warn!(node = %self.name(), peer = %link.peer, message, "a session is closed");
        }
    }

    /// A session ends because one side no longer lets the other in. Its end follows.
    pub(crate) fn publish_revoked(&self, link: &Link, message: String) {
        self.publish(link, |node| NodeEvent::Revoked { node, message });
    }

    /// Tells of a peer, unless that only observes.
    fn publish(&self, link: &Link, event: impl FnOnce(NodeName) -> NodeEvent) {
        if link.is_visible() {
            // Nobody may be listening.
            let _ = self.events.send(event(link.peer.clone()));
        }
    }

    /// The last word about a session. Until then the next one with this peer waits.
    pub(crate) fn publish_down(self: &Arc<Self>, link: &Link) {
        self.publish(link, NodeEvent::Down);
        self.router.remove(link);
        if let Some(peer) = self.router.peers.by_name(&link.peer) {
            if link.side == Side::Accepted {
                peer.note_gone(link.attempt);
            }
            if peer.handle_loss(&self.router, self.gate.now(), dialler::random(self)) {
                dialler::start(self, peer);
            }
        }
        link.ended.send_replace(true);
        self.torn_down.notify_waiters();
    }

    /// The number of the next dial.
    pub(crate) fn next_attempt(&self) -> AttemptNo {
        let number = self.attempts.fetch_add(1, Ordering::Relaxed);
        AttemptNo(number.try_into().expect("counts from 1"))
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
                break;
            }
            torn_down.await;
        }
        // Ends its thread.
        let pulse = self.pulse.lock().take();
        drop(pulse);
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

/// Whether a token is good for what its holder says of itself.
fn check_scope(scope: Option<&TokenScope>, peer: &Introduction) -> Result<(), Reject> {
    let Some(TokenScope::Shards(scope)) = scope else { return Ok(()) };
    if peer.role != Role::Worker {
        return Err(Reject::new(Code::Forbidden, "the token is for workers alone"));
    }
    match peer.shards.iter().find(|shard| !scope.contains(shard)) {
        Some(shard) => {
            let message = format!("the token is not for shard {shard}");
            Err(Reject::new(Code::Forbidden, message))
        }
        None => Ok(()),
    }
}
