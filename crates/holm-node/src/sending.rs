//! Our signals, as they are appended to a session.

use holm_actor::{
    Address, AnyCell, MethodInfo, MonitorRef, Refusal, RemoteSpawnError, ReplySink, SpawnSink,
    Watcher,
};
use holm_net::Appender;
use holm_proto::ledger::LinkKey;
use holm_wire::session::Order;
use holm_wire::signal::{Parent, Signal, Target, Watch};
use holm_wire::{BodyCodec, Fingerprint, MethodId, MonitorId, NodeId, Pid, RequestId};

use crate::link::{Link, order_of};
use crate::peer::Introduced;
use crate::tables::{Pending, Tables};

pub(crate) type Out<'a> = Appender<'a, Tables>;

/// A message on its way: which method, and its encoded arguments.
#[derive(Clone, Copy)]
pub(crate) struct Encoded<'a> {
    pub(crate) method: &'static MethodInfo,
    pub(crate) body: &'a [u8],
}

/// Appends a message without a reply.
pub(crate) fn push_cast(
    out: &mut Out<'_>,
    to: &Address,
    message: Encoded<'_>,
) -> Result<(), Refusal> {
    let to = target(to)?;
    let method = define(out, message.method)?;
    let signal = Signal::Send { to, method, codec: BodyCodec::Positional, body: message.body };
    push(out, order_of(to), &signal)
}

/// Appends a message whose reply `sink` takes.
pub(crate) fn push_call(
    out: &mut Out<'_>,
    to: &Address,
    message: Encoded<'_>,
    sink: impl FnOnce() -> Option<Box<dyn ReplySink>>,
) -> Result<RequestId, Refusal> {
    let to = target(to)?;
    let method = define(out, message.method)?;
    let id = out.state.request_ids.allocate();
    let signal = Signal::Call {
        id,
        to,
        method,
        codec: BodyCodec::Positional,
        deadline_ms: None,
        body: message.body,
    };
    push(out, order_of(to), &signal)?;
    out.hurry();
    if let Some(sink) = sink() {
        out.state.pending.insert(id, Pending::Call(sink));
    }
    Ok(id)
}

/// Appends a monitor, which is never refused: it is small.
pub(crate) fn push_monitor(out: &mut Out<'_>, to: Target<'_>, watcher: Watcher) {
    let watch = watch(watcher.monitor(), watcher.actor_pid());
    out.state.monitors.insert(watcher.monitor(), watcher);
    let _ = push(out, order_of(to), &Signal::Monitor { watch, to });
}

/// Appends a link, which is never refused: it is small.
pub(crate) fn push_link(
    out: &mut Out<'_>,
    link: &Link,
    mine: &dyn AnyCell,
    peer: Pid,
    key: LinkKey,
) {
    // If it has ended meanwhile, so has the peer, who had linked at the same time.
    if mine.stamp_link(peer, key, link.stamp) {
        let from = mine.pid().serial;
        out.state.actor_links.add_ours(key.id, from);
        let signal = Signal::Link { link: key.id, from, to: peer.serial };
        let _ = push(out, order_of(Target::Serial(peer.serial)), &signal);
    }
}

/// Appends the request for an actor of this type and the fingerprint of its arguments, and then takes
/// the sink for the answer.
pub(crate) fn push_spawn(
    out: &mut Out<'_>,
    (actor_type, fingerprint, args): (&str, Fingerprint, &[u8]),
    sink: &mut Option<SpawnSink>,
) -> Result<(), RemoteSpawnError> {
    let asking = sink.as_ref().expect("somebody waits for it");
    let id = out.state.request_ids.allocate();
    let signal = Signal::Spawn {
        id,
        actor_type,
        fingerprint,
        codec: BodyCodec::Positional,
        monitored: asking.monitor().map(|(monitor, watcher)| watch(monitor, watcher)),
        linked: asking.link().map(|(link, me)| Parent { link, serial: me.serial }),
        args,
    };
    out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes))?;
    out.hurry();
    out.state.pending.extend(sink.take().map(|sink| (id, Pending::Spawn(sink))));
    Ok(())
}

pub(crate) fn push(out: &mut Out<'_>, order: Order, signal: &Signal<'_>) -> Result<(), Refusal> {
    Ok(out.push(signal.head(), order, |bytes| signal.encode(bytes))?)
}

/// Tells the peer of third nodes that it has not been told of, before a pid of theirs.
pub(crate) fn announce(out: &mut Out<'_>, peer: NodeId, nodes: &[Introduced]) {
    for node in nodes {
        if node.id == peer || !out.state.announced.insert(node.id) {
            continue;
        }
        let signal = Signal::Node {
            name: node.name.clone(),
            incarnation: node.incarnation,
            endpoints: node.endpoints.iter().map(String::as_str).collect(),
        };
        // With so many long endpoints that it is too large, the peer cannot dial that node.
        let _ = push(out, Order::Free, &signal);
    }
}

/// The short id of a method; tells the peer of it before its first use.
fn define(out: &mut Out<'_>, info: &'static MethodInfo) -> Result<MethodId, Refusal> {
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

/// The receiver as the peer is to find it.
pub(crate) fn target(to: &Address) -> Result<Target<'_>, Refusal> {
    match to {
        Address::Pid(pid) => Ok(Target::Serial(pid.serial)),
        Address::Named { name, .. } => Ok(Target::Name(name)),
        // An address of a later version leads nowhere.
        _ => Err(Refusal::Disconnected),
    }
}

/// A monitor as the peer is told of it.
pub(crate) fn watch(monitor: MonitorRef, watcher: Option<Pid>) -> Watch {
    Watch { monitor: MonitorId(monitor.as_u64()), watcher: watcher.map(|pid| pid.serial) }
}
