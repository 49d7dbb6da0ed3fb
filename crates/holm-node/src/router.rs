//! The outlet of a node's actors: finds the peer and appends to its session.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use holm_actor::{
    Address, AnyCell, CallTicket, MonitorRef, Outgoing, Outlet, Refusal, RemoteSpawnError,
    SpawnRequest, SpawnSink, Watcher, flush_later,
};
use holm_net::Appender;
use holm_proto::ledger::{LinkIds, LinkKey};
use holm_wire::session::Order;
use holm_wire::signal::{Parent, SIGNAL_NAME_BYTES_MAX, Signal, Target, Watch};
use holm_wire::{BodyCodec, ExitReason, MethodId, MonitorId, NodeId, NodeName, Pid};
use parking_lot::RwLock;

use crate::actor_links::to_wire;
use crate::link::{Link, order_of};
use crate::spawnables::Spawnables;
use crate::tables::{Pending, Tables};

/// Scratch memory that a thread keeps for encoding arguments; a larger one is given back.
const SCRATCH_KEPT: usize = 256 * 1024;

thread_local! {
    /// Arguments are encoded here first, so that no lock is held while user code runs.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// All sessions of a node.
#[derive(Debug)]
pub(crate) struct Router {
    name: NodeName,
    /// What this node spawns for itself as it does for others.
    spawnables: Arc<Spawnables>,
    links: RwLock<Links>,
}

#[derive(Debug, Default)]
struct Links {
    by_id: BTreeMap<NodeId, Arc<Link>>,
    by_name: BTreeMap<NodeName, Arc<Link>>,
}

impl Router {
    pub(crate) fn new(name: NodeName, spawnables: Arc<Spawnables>) -> Self {
        Self { name, spawnables, links: RwLock::default() }
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

    /// All sessions, by the name of the peer.
    pub(crate) fn all(&self) -> Vec<Arc<Link>> {
        self.links.read().by_name.values().cloned().collect()
    }

    fn find(&self, to: &Address) -> Option<Arc<Link>> {
        let links = self.links.read();
        match to {
            Address::Pid(pid) => links.by_id.get(&pid.node).cloned(),
            Address::Named { node, .. } => links.by_name.get(node).cloned(),
            _ => None,
        }
    }
}

/// Encodes a message and has `append` append it to the session with its receiver's node:
/// it is given the method's short id and the encoded arguments.
fn send<R>(
    link: &Arc<Link>,
    to: &Address,
    message: &mut dyn Outgoing,
    append: impl FnOnce(
        &mut Appender<'_, Tables>,
        &mut dyn Outgoing,
        MethodId,
        &[u8],
    ) -> Result<R, Refusal>,
) -> Result<R, Refusal> {
    let mut scratch = SCRATCH.take();
    scratch.clear();
    let outcome = message.encode(&mut scratch).map_err(Refusal::from).and_then(|()| {
        link.session
            .append(|out| {
                if out.is_crowded(scratch.len()) || is_paused(out.state, to) {
                    return Err(Refusal::Busy);
                }
                let method = define(out, message)?;
                append(out, message, method, &scratch)
            })
            .unwrap_or(Err(Refusal::Disconnected))
    });
    if scratch.capacity() <= SCRATCH_KEPT {
        SCRATCH.set(scratch);
    }
    if outcome.is_ok() {
        flush_later(link);
    }
    outcome
}

fn is_paused(tables: &Tables, to: &Address) -> bool {
    matches!(to, Address::Pid(pid) if tables.paused.contains(&pid.serial))
}

/// The short id of the message's method; tells the peer of it before its first use.
fn define(out: &mut Appender<'_, Tables>, message: &dyn Outgoing) -> Result<MethodId, Refusal> {
    let info = message.method();
    if let Some(method) = out.state.method(info) {
        return Ok(method);
    }
    let method = out.state.next_method();
    let signal = Signal::Define {
        method,
        actor_type: info.actor_type,
        tag: info.tag,
        fingerprint: (info.fingerprint)(),
    };
    push(out, Order::Free, &signal)?;
    out.state.add_method(info);
    Ok(method)
}

fn push(out: &mut Appender<'_, Tables>, order: Order, signal: &Signal<'_>) -> Result<(), Refusal> {
    Ok(out.push(signal.head(), order, |bytes| signal.encode(bytes))?)
}

/// The receiver as the peer is to find it.
fn target(to: &Address) -> Result<Target<'_>, Refusal> {
    match to {
        Address::Pid(pid) => Ok(Target::Serial(pid.serial)),
        Address::Named { name, .. } => Ok(Target::Name(name)),
        // An address of a later version leads nowhere.
        _ => Err(Refusal::Disconnected),
    }
}

impl Outlet for Router {
    fn cast(&self, to: &Address, message: &mut dyn Outgoing) -> Result<(), Refusal> {
        let link = self.find(to).ok_or(Refusal::Disconnected)?;
        let target = target(to)?;
        send(&link, to, message, |out, _, method, body| {
            let signal = Signal::Send { to: target, method, codec: BodyCodec::Positional, body };
            push(out, order_of(target), &signal)
        })
    }

    fn call(&self, to: &Address, message: &mut dyn Outgoing) -> Result<CallTicket, Refusal> {
        let link = self.find(to).ok_or(Refusal::Disconnected)?;
        let target = target(to)?;
        send(&link, to, message, |out, message, method, body| {
            let id = out.state.request_ids.allocate();
            let signal = Signal::Call {
                id,
                to: target,
                method,
                codec: BodyCodec::Positional,
                deadline_ms: None,
                body,
            };
            push(out, order_of(target), &signal)?;
            if let Some(sink) = message.take_sink() {
                out.state.pending.insert(id, Pending::Call(sink));
            }
            Ok(CallTicket { session: link.stamp.0, request: id })
        })
    }

    fn cancel(&self, to: &Address, ticket: CallTicket) {
        let Some(link) = self.find(to).filter(|link| link.stamp.0 == ticket.session) else {
            return;
        };
        let Ok(target) = target(to) else { return };
        let cancelled = link.session.append(|out| {
            let pending = out.state.pending.remove(&ticket.request)?;
            // A cancel is small: it is never refused.
            let _ = push(out, order_of(target), &Signal::Cancel { id: ticket.request });
            Some(pending)
        });
        if cancelled.flatten().is_some() {
            flush_later(&link);
        }
    }

    fn room(&self, to: &Address) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let link = self.find(to);
        let to = to.clone();
        Box::pin(async move {
            if let Some(link) = link {
                link.session.room().await;
                link.unpaused(&to).await;
            }
        })
    }

    fn monitor(&self, to: &Address, watcher: Watcher) {
        let (Some(link), Ok(target)) = (self.find(to), target(to)) else {
            return watcher.fire(ExitReason::Noconnection);
        };
        let monitor = watcher.monitor();
        let watch = watch(monitor, watcher.actor_pid());
        let mut watcher = Some(watcher);
        link.session.append(|out| {
            if let Some(watcher) = watcher.take() {
                out.state.monitors.insert(monitor, watcher);
            }
            // A monitor is small: it is never refused.
            let _ = push(out, order_of(target), &Signal::Monitor { watch, to: target });
        });
        match watcher {
            Some(watcher) => watcher.fire(ExitReason::Noconnection),
            None => flush_later(&link),
        }
    }

    fn demonitor(&self, to: &Address, monitor: MonitorRef) {
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
        let Some(link) = self.find(&Address::Pid(peer)) else { return false };
        let from = mine.pid().serial;
        let sent = link.session.append(|out| {
            // If it has ended meanwhile, so has the peer, who had linked at the same time.
            if mine.stamp_link(peer, key, link.stamp) {
                out.state.actor_links.add_ours(key.id, from);
                let signal = Signal::Link { link: key.id, from, to: peer.serial };
                // A link is small: it is never refused.
                let _ = push(out, order_of(Target::Serial(peer.serial)), &signal);
            }
        });
        flush_later(&link);
        sent.is_some()
    }

    fn unlink(&self, mine: Pid, peer: Pid, ids: &LinkIds) {
        if let (Some(link), Some(links)) = (self.find(&peer.into()), to_wire(mine.node, ids)) {
            let signal = Signal::Unlink { links, from: mine.serial, to: peer.serial };
            link.end_link(mine.node, ids, peer.serial, &signal);
        }
    }

    fn link_exit(&self, mine: Pid, peer: Pid, ids: &LinkIds, reason: ExitReason) {
        if let (Some(link), Some(links)) = (self.find(&peer.into()), to_wire(mine.node, ids)) {
            let signal = Signal::LinkExit { links, from: mine.serial, to: peer.serial, reason };
            link.end_link(mine.node, ids, peer.serial, &signal);
        }
    }

    fn spawn(
        &self,
        on: &NodeName,
        request: &SpawnRequest<'_>,
        sink: SpawnSink,
    ) -> Result<(), RemoteSpawnError> {
        let &SpawnRequest { name, fingerprint, args } = request;
        if *on == self.name {
            let system = sink.system().clone();
            let announce = Box::new(|child: &dyn AnyCell| sink.here(child));
            let spawned = self.spawnables.spawn(&system, name, fingerprint, args, announce);
            return spawned.map(drop).map_err(|failure| failure.to_wire().into());
        }
        if name.len() > SIGNAL_NAME_BYTES_MAX {
            let text = format!("a name of more than {SIGNAL_NAME_BYTES_MAX} bytes");
            return Err(RemoteSpawnError::NotSpawnable(text));
        }
        let disconnected = || RemoteSpawnError::Disconnected(on.clone());
        let link = self.by_name(on).ok_or_else(disconnected)?;
        let sent = link.session.append(|out| {
            let id = out.state.request_ids.allocate();
            let signal = Signal::Spawn {
                id,
                actor_type: name,
                fingerprint,
                codec: BodyCodec::Positional,
                monitored: sink.monitor().map(|(monitor, watcher)| watch(monitor, watcher)),
                linked: sink.link().map(|(link, me)| Parent { link, serial: me.serial }),
                args,
            };
            out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes))?;
            out.state.pending.insert(id, Pending::Spawn(sink));
            Ok(())
        });
        flush_later(&link);
        sent.unwrap_or_else(|| Err(disconnected()))
    }

    fn exit(&self, from: Option<Pid>, to: Pid, reason: ExitReason) {
        if let Some(link) = self.find(&Address::Pid(to)) {
            let from = from.map(|pid| pid.serial);
            let signal = Signal::Exit { from, to: to.serial, reason };
            link.send(order_of(Target::Serial(to.serial)), &signal);
        }
    }

    fn kill(&self, to: Pid) {
        if let Some(link) = self.find(&Address::Pid(to)) {
            let signal = Signal::Kill { from: None, to: to.serial };
            link.send(order_of(Target::Serial(to.serial)), &signal);
        }
    }
}

/// A monitor as the peer is told of it.
pub(crate) fn watch(monitor: MonitorRef, watcher: Option<Pid>) -> Watch {
    Watch { monitor: MonitorId(monitor.as_u64()), watcher: watcher.map(|pid| pid.serial) }
}
