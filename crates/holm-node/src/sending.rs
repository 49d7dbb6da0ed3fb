//! Our signals, as they are appended to a session.

use holm_actor::{
    Address, Agreement, AnyCell, MethodInfo, MonitorRef, Refusal, RemoteSpawnError, ReplySink,
    SpawnSink, Watcher,
};
use holm_net::Appender;
use holm_proto::ledger::LinkKey;
use holm_wire::body::{BodyError, split_both};
use holm_wire::session::Order;
use holm_wire::signal::{Parent, PlainSend, Signal, Target, Watch, encode_message};
use holm_wire::{
    BodyCodec, Fingerprint, FrameHead, Kind, MethodId, MonitorId, NodeId, Pid, RequestId, Serial,
};

use crate::args::{Args, Lent};
use crate::link::{Link, order_of};
use crate::peer::Introduced;
use crate::tables::{Pending, Tables, Told};

pub(crate) type Out<'a> = Appender<'a, Tables>;

/// A message on its way: which method, and its encoded arguments, which may be taken.
pub(crate) struct Encoded<'a> {
    pub(crate) method: &'static MethodInfo,
    pub(crate) codec: BodyCodec,
    pub(crate) args: &'a mut Args,
}

/// Why a message was not appended.
pub(crate) enum Unsent {
    /// It must be encoded in both ways: the peer may hold another fingerprint.
    NeedsNames,
    Refused(Refusal),
}

impl From<Refusal> for Unsent {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// The two bodies of one in both codecs.
fn both(codec: BodyCodec, body: &[u8]) -> Option<(&[u8], &[u8])> {
    (codec == BodyCodec::Both).then(|| split_both(body).expect("it was joined here"))
}

/// A message but for its body.
#[derive(Clone, Copy)]
struct Envelope<'a> {
    to: Target<'a>,
    method: MethodId,
    /// The id of a call.
    call: Option<RequestId>,
}

impl Envelope<'_> {
    fn head(self) -> FrameHead {
        match self.call {
            Some(id) => FrameHead::of_request(Kind::Call, id),
            None => FrameHead::new(Kind::Send),
        }
    }

    fn encode(self, codec: BodyCodec, out: &mut Vec<u8>) {
        encode_message(self.to, self.method, codec, out);
    }

    /// Appends the message with this body, which is copied.
    fn push(self, out: &mut Out<'_>, codec: BodyCodec, body: &[u8]) -> Result<(), Refusal> {
        Ok(out.push(self.head(), order_of(self.to), |bytes| {
            self.encode(codec, bytes);
            bytes.extend_from_slice(body);
        })?)
    }
}

/// Appends a message without a reply as most are: short, without mentions, to a serial, of a method of which
/// the peer has said that it holds the same. `false`, and nothing was appended, if it is not such a one.
#[inline]
pub(crate) fn push_plain(
    out: &mut Out<'_>,
    to: Serial,
    method: &'static MethodInfo,
    body: &[u8],
) -> bool {
    let Some(Told { id, codec: BodyCodec::Positional }) = out.state.method(method) else {
        return false;
    };
    out.push_plain(&PlainSend { to, method: id, body }, order_of(Target::Serial(to)))
}

/// Appends a message without a reply.
pub(crate) fn push_cast(
    out: &mut Out<'_>,
    to: &Address,
    message: Encoded<'_>,
) -> Result<(), Unsent> {
    let to = target(to)?;
    let method = define(out, message.method)?;
    let envelope = Envelope { to, method: method.id, call: None };
    push_message(out, envelope, message, method.codec)
}

/// Appends a message whose reply `sink` takes.
pub(crate) fn push_call(
    out: &mut Out<'_>,
    to: &Address,
    message: Encoded<'_>,
    sink: impl FnOnce() -> Option<Box<dyn ReplySink>>,
) -> Result<RequestId, Unsent> {
    let to = target(to)?;
    let method = define(out, message.method)?;
    let id = out.state.request_ids.allocate();
    let envelope = Envelope { to, method: method.id, call: Some(id) };
    push_message(out, envelope, message, method.codec)?;
    out.hurry();
    if let Some(sink) = sink() {
        out.state.pending.insert(id, Pending::Call(sink));
    }
    Ok(id)
}

/// Appends the message with a body in the codec that the peer wants. One that is too large for it in
/// both ways goes by position: who holds another fingerprint refuses it.
fn push_message(
    out: &mut Out<'_>,
    envelope: Envelope<'_>,
    message: Encoded<'_>,
    wanted: BodyCodec,
) -> Result<(), Unsent> {
    let Encoded { codec, args, .. } = message;
    if codec != wanted {
        if codec != BodyCodec::Both {
            return Err(Unsent::NeedsNames);
        }
        let (positional, named) = split_both(args.body()).expect("it was joined here");
        let body = if wanted == BodyCodec::Positional { positional } else { named };
        return Ok(envelope.push(out, wanted, body)?);
    }
    if codec == BodyCodec::Both {
        let pushed = envelope.push(out, codec, args.body());
        let Err(Refusal::TooLarge(_)) = pushed else { return Ok(pushed?) };
        let (positional, _) = split_both(args.body()).expect("it was joined here");
        return Ok(envelope.push(out, BodyCodec::Positional, positional)?);
    }
    match args.lend(|head| envelope.encode(codec, head)) {
        Some(Lent { start, rest }) => {
            let pushed = out.push_parts(envelope.head(), order_of(envelope.to), &start, &rest);
            Ok(pushed.map_err(Refusal::from)?)
        }
        None => Ok(envelope.push(out, codec, args.body())?),
    }
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

/// What a peer is asked to spawn: the type, the fingerprint of its arguments, and those.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a str,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) codec: BodyCodec,
    pub(crate) args: &'a [u8],
}

/// Appends the request for an actor, and then takes the sink for the answer. Arguments that are too
/// large in both codecs go by position.
pub(crate) fn push_spawn(
    out: &mut Out<'_>,
    asked: Asked<'_>,
    sink: &mut Option<SpawnSink>,
) -> Result<(), RemoteSpawnError> {
    let Asked { name, fingerprint, codec, args } = asked;
    let takes_names = out.state.takes_names();
    if codec == BodyCodec::Named && !takes_names {
        return Err(RemoteSpawnError::Unsendable(no_names()));
    }
    let asking = sink.as_ref().expect("somebody waits for it");
    let id = out.state.request_ids.allocate();
    let signal = |codec, args| Signal::Spawn {
        id,
        actor_type: name,
        fingerprint,
        codec,
        monitored: asking.monitor().map(|(monitor, watcher)| watch(monitor, watcher)),
        linked: asking.link().map(|(link, me)| Parent { link, serial: me.serial }),
        args,
    };
    let mut push = |codec, args| {
        let signal = signal(codec, args);
        out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes))
    };
    match both(codec, args) {
        Some((positional, _)) if !takes_names || push(codec, args).is_err() => {
            push(BodyCodec::Positional, positional)?;
        }
        Some(_) => {}
        None => push(codec, args)?,
    }
    out.hurry();
    out.state.pending.extend(sink.take().map(|sink| (id, Pending::Spawn(sink))));
    Ok(())
}

/// Why a peer of an earlier version is sent no messages without types.
fn no_names() -> BodyError {
    BodyError::Unsendable("the receiver's node reads no messages by name".to_owned())
}

pub(crate) fn push(out: &mut Out<'_>, order: Order, signal: &Signal<'_>) -> Result<(), Refusal> {
    Ok(out.push(signal.head(), order, |bytes| signal.encode(bytes))?)
}

/// Tells the peer of third nodes that it has not been told of, before a pid of theirs.
#[inline]
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
#[inline]
fn define(out: &mut Out<'_>, info: &'static MethodInfo) -> Result<Told, Refusal> {
    match out.state.method(info) {
        Some(told) => Ok(told),
        None => define_first(out, info),
    }
}

#[cold]
fn define_first(out: &mut Out<'_>, info: &'static MethodInfo) -> Result<Told, Refusal> {
    if info.agreement == Agreement::Nothing && !out.state.takes_names() {
        return Err(no_names().into());
    }
    let signal = Signal::Define {
        method: out.state.next_method(),
        actor_type: info.actor_type,
        tag: info.tag,
        fingerprint: (info.fingerprint)(),
    };
    push(out, Order::Free, &signal)?;
    Ok(out.state.add_method(info))
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
