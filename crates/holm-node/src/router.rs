//! The outlet of a node's actors: finds the peer and appends to its session, or has what is sent
//! wait for one.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};

use holm_actor::{
    Address, Agreement, AnyCell, CallTicket, MethodInfo, MonitorRef, Outgoing, Outlet, Reach,
    Refusal, RemoteSpawnError, SpawnRequest, SpawnSink, Watcher, flush_later,
};
use holm_env::Endpoint;
use holm_proto::ledger::{LinkIds, LinkKey};
use holm_wire::body::{BodyError, join_both};
use holm_wire::signal::{LinkedBy, SIGNAL_NAME_BYTES_MAX, Signal};
use holm_wire::{BodyCodec, ExitReason, NodeId, NodeName, Pid};
use parking_lot::RwLock;

use crate::actor_links::to_wire;
use crate::args::Args;
use crate::dialler;
use crate::inner::Inner;
use crate::link::{Link, order_of};
use crate::peer::{AutoConnect, Introduced, Peer, Queued};
use crate::peers::Peers;
use crate::sending::{self, Asked, Encoded, Unsent, push, target, watch};
use crate::spawnables::Spawnables;
use crate::waiting::{Failed, Waiting};

/// The session of a ticket for a call that waited for one; sessions count from 1.
const WAITED: u64 = 0;

/// All sessions of a node, and the ways to those that there is none with.
#[derive(Debug)]
pub(crate) struct Router {
    name: NodeName,
    /// What this node spawns for itself as it does for others.
    spawnables: Arc<Spawnables>,
    links: RwLock<Links>,
    pub(crate) peers: Peers,
    auto_connect: AutoConnect,
    node: OnceLock<Weak<Inner>>,
}

#[derive(Debug, Default)]
struct Links {
    by_id: BTreeMap<NodeId, Arc<Link>>,
    by_name: BTreeMap<NodeName, Arc<Link>>,
}

impl Router {
    pub(crate) fn new(
        name: NodeName,
        spawnables: Arc<Spawnables>,
        auto_connect: AutoConnect,
    ) -> Self {
        Self {
            name,
            spawnables,
            links: RwLock::default(),
            peers: Peers::default(),
            auto_connect,
            node: OnceLock::new(),
        }
    }

    /// Tells it whose router it is, once.
    pub(crate) fn set_node(&self, node: &Arc<Inner>) {
        let _ = self.node.set(Arc::downgrade(node));
    }

    fn node(&self) -> Option<Arc<Inner>> {
        self.node.get().and_then(Weak::upgrade)
    }

    pub(crate) fn auto_connect(&self) -> AutoConnect {
        self.auto_connect
    }

    /// Whether the node dials nobody any more.
    pub(crate) fn is_stopping(&self) -> bool {
        self.node().is_none_or(|node| node.is_stopping())
    }

    /// Adds a session; there is none with the same peer.
    pub(crate) fn insert(&self, link: &Arc<Link>) {
        let mut links = self.links.write();
        links.by_name.insert(link.peer.clone(), Arc::clone(link));
        links.by_id.insert(link.peer_id, Arc::clone(link));
    }

    /// Removes a session.
    pub(crate) fn remove(&self, link: &Link) {
        let mut links = self.links.write();
        links.by_name.remove(&link.peer);
        links.by_id.remove(&link.peer_id);
    }

    pub(crate) fn by_name(&self, name: &NodeName) -> Option<Arc<Link>> {
        self.links.read().by_name.get(name).cloned()
    }

    /// Whether there is a session to send by.
    pub(crate) fn is_live(&self, name: &NodeName) -> bool {
        self.by_name(name).is_some_and(|link| link.is_live())
    }

    /// All sessions, by the name of the peer.
    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.links.read().by_name.values().cloned().collect()
    }

    fn find(&self, to: &Address) -> Option<Arc<Link>> {
        self.with_link(to, Arc::clone)
    }

    /// Looks at a session while no other one begins or ends; counting references to it would take
    /// longer.
    #[inline]
    fn with_link<R>(&self, to: &Address, look: impl FnOnce(&Arc<Link>) -> R) -> Option<R> {
        let links = self.links.read();
        let link = match to {
            Address::Pid(pid) => links.by_id.get(&pid.node),
            Address::Named { node, .. } => links.by_name.get(node),
            _ => None,
        };
        link.map(look)
    }

    /// The peer of an address: one that is known, or whose name says where it is.
    fn peer(&self, to: &Address) -> Result<Arc<Peer>, Refusal> {
        if let Some(peer) = self.peers.find(to) {
            return Ok(peer);
        }
        let Address::Named { node, .. } = to else { return Err(Refusal::Noproc) };
        self.peer_by_name(node).ok_or(Refusal::Disconnected)
    }

    /// The same of a name.
    pub(crate) fn peer_by_name(&self, name: &NodeName) -> Option<Arc<Peer>> {
        if let Some(peer) = self.peers.by_name(name) {
            return Some(peer);
        }
        let endpoint = self.endpoint_of(name)?;
        Some(self.peers.entry(name, || Peer::new(name.clone(), vec![endpoint])))
    }

    /// Where a node is to be found whose authority is `HOST:PORT`.
    fn endpoint_of(&self, name: &NodeName) -> Option<Endpoint> {
        let (_, authority) = name.as_str().split_once('@')?;
        let node = self.node()?;
        let scheme = if node.security.prefers_tls() { "tls" } else { "tcp" };
        format!("{scheme}:{authority}").parse().ok()
    }

    /// Has a signal wait for a session with its receiver's node; once that is accepted, `complete`
    /// completes it. There is a session meanwhile if the signal comes back.
    fn queue(
        &self,
        to: &Address,
        waiting: Waiting,
        reach: Reach,
        complete: impl FnOnce(Waiting) -> Waiting,
    ) -> Result<Queued, Box<Failed>> {
        let peer = match self.peer(to) {
            Ok(peer) => peer,
            Err(refusal) => return Err(Failed::new(waiting, refusal)),
        };
        let queued = peer.queue(self, to, waiting, reach, complete)?;
        if let Queued::Waits { ticket, must_dial } = queued
            && let Some(node) = self.node()
        {
            if let Reach::Within(time) = reach {
                dialler::give_up_after(&node, Arc::clone(&peer), ticket, time);
            }
            if must_dial {
                dialler::start(&node, peer);
            }
        }
        Ok(queued)
    }

    /// Sends a message, encoded by [`encode`], or has it wait.
    #[inline(never)]
    fn send(
        &self,
        to: &Address,
        message: &mut dyn Outgoing,
        (encoded, args): (Mentioned, &mut Args),
        wants_reply: bool,
    ) -> Result<Option<CallTicket>, Refusal> {
        let codec = match message.method().agreement {
            Agreement::Nothing => BodyCodec::Named,
            Agreement::Names | Agreement::Fingerprint => BodyCodec::Positional,
        };
        let mentioned = self.peers.introduce(&encoded?);
        self.send_encoded(to, message, (codec, args), mentioned, wants_reply)
    }

    /// The short way of [`send_encoded`](Self::send_encoded) for what most messages are; `false`, and nothing was
    /// sent, if this one is not, or cannot be sent at once.
    #[inline]
    fn send_plain(&self, to: &Address, method: &'static MethodInfo, args: &Args) -> bool {
        let (Address::Pid(pid), Some(body)) = (to, args.short()) else { return false };
        let send = |link: &Arc<Link>| {
            let sent = link.session.append(|out| {
                !out.is_crowded(body.len())
                    && !out.state.is_paused(to)
                    && sending::push_plain(out, pid.serial, method, body)
            });
            let sent = sent == Some(true);
            if sent {
                flush_later(link);
            }
            sent
        };
        self.with_link(to, send) == Some(true)
    }

    fn send_encoded(
        &self,
        to: &Address,
        message: &mut dyn Outgoing,
        (mut codec, args): (BodyCodec, &mut Args),
        mentioned: Vec<Introduced>,
        wants_reply: bool,
    ) -> Result<Option<CallTicket>, Refusal> {
        let (method, reach) = (message.method(), message.reach());
        loop {
            let send = |link: &Arc<Link>| {
                let sent = link.session.append(|out| {
                    if out.is_crowded(args.len()) || out.state.is_paused(to) {
                        return Err(Refusal::Busy.into());
                    }
                    sending::announce(out, link.peer_id, &mentioned);
                    let encoded = Encoded { method, codec, args: &mut *args };
                    if !wants_reply {
                        return sending::push_cast(out, to, encoded).map(|()| None);
                    }
                    let request = sending::push_call(out, to, encoded, || message.take_sink())?;
                    Ok(Some(CallTicket { session: link.stamp.0, request }))
                });
                if let Some(Ok(_)) = sent {
                    flush_later(link);
                }
                sent
            };
            match self.with_link(to, send).flatten() {
                Some(Ok(ticket)) => return Ok(ticket),
                Some(Err(Unsent::Refused(refusal))) => return Err(refusal),
                Some(Err(Unsent::NeedsNames)) => {
                    codec = add_names(message, args)?;
                    continue;
                }
                None => {}
            }
            // The session that will be begins without knowing what the peer holds.
            if method.agreement == Agreement::Names && codec == BodyCodec::Positional {
                codec = add_names(message, args)?;
                continue;
            }
            if reach == Reach::FailFast {
                return Err(self.peer(to).err().unwrap_or(Refusal::Disconnected));
            }
            // A sink is taken only once the message is accepted.
            let mentioned = mentioned.clone();
            let waiting = Waiting::Cast { method, codec, args: args.clone(), mentioned };
            let queued = self.queue(to, waiting, reach, |waiting| match waiting {
                Waiting::Cast { method, codec, args, mentioned } if wants_reply => {
                    match message.take_sink() {
                        Some(sink) => Waiting::Call { method, codec, args, mentioned, sink },
                        None => Waiting::Cast { method, codec, args, mentioned },
                    }
                }
                other => other,
            });
            match queued {
                Ok(Queued::Waits { ticket, .. }) => {
                    let ticket = CallTicket { session: WAITED, request: ticket };
                    return Ok(wants_reply.then_some(ticket));
                }
                Ok(Queued::Session(_)) => {}
                Err(failed) => return Err(failed.refusal),
            }
        }
    }

    /// Sends a signal by the session with its receiver's node, or has it wait for one.
    fn submit(&self, to: &Address, mut waiting: Waiting) -> Result<(), Box<Failed>> {
        loop {
            if let Some(link) = self.find(to) {
                let mut held = Some(waiting);
                let pushed = link.session.append(|out| {
                    let signal = held.take().expect("it is appended once");
                    signal.push(out, to, &link)
                });
                if let Some(pushed) = pushed {
                    flush_later(&link);
                    return pushed.map(drop);
                }
                waiting = held.expect("it was not appended");
            }
            match self.queue(to, waiting, Reach::Dial, |waiting| waiting)? {
                Queued::Session(again) => waiting = again,
                Queued::Waits { .. } => return Ok(()),
            }
        }
    }
}

impl Router {
    /// The session to tell `peer` by of the end of a link, and the ids there; `None` if there is
    /// nobody to tell, who may not have been told of the link either.
    fn linked_by(&self, mine: Pid, peer: Pid, ids: &LinkIds) -> Option<(Arc<Link>, LinkedBy)> {
        let to = Address::Pid(peer);
        if self.peers.find(&to).is_some_and(|peer| peer.unlink(ids)) {
            return None;
        }
        Some((self.find(&to)?, to_wire(mine.node, ids)?))
    }
}

/// The nodes that encoded arguments mention.
type Mentioned = Result<Vec<NodeId>, BodyError>;

/// Encodes a message, by position if its sender has types.
#[inline]
fn encode(message: &dyn Outgoing, method: &MethodInfo, args: &mut Args) -> Mentioned {
    let (encoded, mentioned) = args.encode(|out| match method.agreement {
        Agreement::Nothing => message.encode_named(out),
        Agreement::Names | Agreement::Fingerprint => message.encode(out),
    });
    encoded.map(|()| mentioned)
}

/// Makes of a positional body one in both codecs.
fn add_names(message: &dyn Outgoing, args: &mut Args) -> Result<BodyCodec, Refusal> {
    let positional = args.body().to_vec();
    let mut named = Vec::new();
    message.encode_named(&mut named)?;
    args.encode(|out| join_both(&positional, &named, out));
    Ok(BodyCodec::Both)
}

impl Outlet for Router {
    fn cast(&self, to: &Address, message: &mut dyn Outgoing) -> Result<(), Refusal> {
        let mut args = Args::scratch();
        let method = message.method();
        let sent = match encode(message, method, &mut args) {
            Ok(mentioned) if mentioned.is_empty() && self.send_plain(to, method, &args) => Ok(()),
            encoded => self.send(to, message, (encoded, &mut args), false).map(drop),
        };
        args.keep();
        sent
    }

    fn call(&self, to: &Address, message: &mut dyn Outgoing) -> Result<CallTicket, Refusal> {
        let mut args = Args::scratch();
        let encoded = encode(message, message.method(), &mut args);
        let sent = self.send(to, message, (encoded, &mut args), true);
        args.keep();
        sent.map(|ticket| ticket.expect("it wants a reply"))
    }

    fn cancel(&self, to: &Address, ticket: CallTicket) {
        if ticket.session == WAITED
            && self.peers.find(to).is_some_and(|peer| peer.cancel(ticket.request))
        {
            return;
        }
        let is_its = |link: &Arc<Link>| ticket.session == WAITED || link.stamp.0 == ticket.session;
        let Some(link) = self.find(to).filter(is_its) else { return };
        let Ok(target) = target(to) else { return };
        let cancelled = link.session.append(|out| {
            let id = match ticket.session {
                WAITED => out.state.waited.remove(&ticket.request)?,
                _ => ticket.request,
            };
            let pending = out.state.pending.remove(&id)?;
            // A cancel is small: it is never refused.
            let _ = push(out, order_of(target), &Signal::Cancel { id });
            Some(pending)
        });
        if cancelled.flatten().is_some() {
            flush_later(&link);
        }
    }

    fn room(&self, to: &Address) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let link = self.find(to);
        let peer = self.peers.find(to);
        let to = to.clone();
        Box::pin(async move {
            if let Some(link) = link.filter(|link| link.is_live()) {
                link.session.room().await;
                link.unpaused(&to).await;
            } else if let Some(peer) = peer {
                peer.room().await;
            }
        })
    }

    fn monitor(&self, to: &Address, watcher: Watcher) {
        if let Err(failed) = self.submit(to, Waiting::Monitor(watcher)) {
            failed.tell();
        }
    }

    fn demonitor(&self, to: &Address, monitor: MonitorRef) {
        if self.peers.find(to).is_some_and(|peer| peer.demonitor(monitor)) {
            return;
        }
        let (Some(link), Ok(target)) = (self.find(to), target(to)) else { return };
        let removed = link.session.append(|out| {
            let watcher = out.state.monitors.remove(&monitor)?;
            let signal =
                Signal::Demonitor { watch: watch(monitor, watcher.actor_pid()), to: target };
            let _ = push(out, order_of(target), &signal);
            Some(watcher)
        });
        if removed.flatten().is_some() {
            flush_later(&link);
        }
    }

    fn link(&self, mine: &dyn AnyCell, peer: Pid, key: LinkKey) -> bool {
        let cell = self.node().and_then(|node| node.system.find(mine.pid()));
        cell.is_some_and(|cell| {
            self.submit(&Address::Pid(peer), Waiting::Link { cell, peer, key }).is_ok()
        })
    }

    fn unlink(&self, mine: Pid, peer: Pid, ids: &LinkIds) {
        if let Some((link, links)) = self.linked_by(mine, peer, ids) {
            let signal = Signal::Unlink { links, from: mine.serial, to: peer.serial };
            link.end_link(mine.node, ids, peer.serial, &signal);
        }
    }

    fn link_exit(&self, mine: Pid, peer: Pid, ids: &LinkIds, reason: ExitReason) {
        if let Some((link, links)) = self.linked_by(mine, peer, ids) {
            let signal = Signal::LinkExit { links, from: mine.serial, to: peer.serial, reason };
            link.end_link(mine.node, ids, peer.serial, &signal);
        }
    }

    fn spawn(
        &self,
        on: &NodeName,
        request: &SpawnRequest<'_>,
        mut sink: SpawnSink,
    ) -> Result<(), RemoteSpawnError> {
        let &SpawnRequest { name, fingerprint, codec, args, mentioned } = request;
        let asked = Asked { name, fingerprint, codec, args };
        if *on == self.name {
            let system = sink.system().clone();
            let announce = Box::new(|child: &dyn AnyCell| sink.here(child));
            let spawned = self.spawnables.spawn(&system, asked, announce);
            return spawned.map(drop).map_err(|failure| failure.to_wire().into());
        }
        if name.len() > SIGNAL_NAME_BYTES_MAX {
            let text = format!("a name of more than {SIGNAL_NAME_BYTES_MAX} bytes");
            return Err(RemoteSpawnError::NotSpawnable(text));
        }
        let mentioned = self.peers.introduce(mentioned);
        let to = Address::Named { node: on.clone(), name: "".into() };
        loop {
            let (link, mut held) = (self.by_name(on), Some(sink));
            let sent = link.as_ref().and_then(|link| {
                link.session.append(|out| {
                    sending::announce(out, link.peer_id, &mentioned);
                    sending::push_spawn(out, asked, &mut held)
                })
            });
            if let (Some(sent), Some(link)) = (sent, link) {
                flush_later(&link);
                return sent;
            }
            sink = held.take().expect("nothing was sent");
            let waiting = Waiting::Spawn {
                name: name.to_owned(),
                fingerprint,
                codec,
                args: args.to_vec(),
                mentioned: mentioned.clone(),
                sink,
            };
            match self.queue(&to, waiting, Reach::Dial, |waiting| waiting) {
                Ok(Queued::Session(Waiting::Spawn { sink: again, .. })) => sink = again,
                Ok(_) => return Ok(()),
                Err(failed) if matches!(failed.refusal, Refusal::Busy) => {
                    return Err(RemoteSpawnError::Busy(on.clone()));
                }
                Err(_) => return Err(RemoteSpawnError::Disconnected(on.clone())),
            }
        }
    }

    fn exit(&self, from: Option<Pid>, to: Pid, reason: ExitReason) {
        let from = from.map(|pid| pid.serial);
        // Nobody is told of one that fails.
        let _ = self.submit(&Address::Pid(to), Waiting::Exit { from, reason });
    }

    fn kill(&self, to: Pid) {
        let _ = self.submit(&Address::Pid(to), Waiting::Kill);
    }
}
