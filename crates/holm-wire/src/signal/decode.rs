//! Bytes to signals.

use super::{LinkedBy, Parent, SIGNAL_NAME_BYTES_MAX, Signal, Target, Watch, linked_by, options};
use crate::{
    BodyCodec, Fingerprint, FrameHead, Incarnation, Kind, LinkId, Malformed, MethodId, MonitorId,
    RequestId, Serial, Traceparent, Violation, WireError,
    cursor::{Cursor, malformed},
    endpoints::take_endpoints,
    error::take_reason,
};

impl<'a> Signal<'a> {
    /// Reads a frame of the actors class; texts and bodies borrow from `payload`.
    ///
    /// # Errors
    /// The peer's fault: a frame of another class, or one whose payload or id is not what
    /// its kind says.
    pub fn decode(head: FrameHead, payload: &'a [u8]) -> Result<Self, Violation> {
        Self::decode_traced(head, payload).map(|(signal, _)| signal)
    }

    /// As [`decode`](Self::decode), with the trace that it belongs to.
    ///
    /// # Errors
    /// As for [`decode`](Self::decode).
    pub fn decode_traced(
        head: FrameHead,
        payload: &'a [u8],
    ) -> Result<(Self, Option<Traceparent>), Violation> {
        let rest = Cursor::new(payload);
        let mut trace = None;
        let request = || head.id.ok_or(malformed("id", "is missing"));
        let signal = match head.kind {
            Kind::Hello
            | Kind::Welcome
            | Kind::Reject
            | Kind::Commit
            | Kind::Noise
            | Kind::Challenge
            | Kind::Proof
            | Kind::Tick
            | Kind::Close
            | Kind::Pause
            | Kind::Resume
            | Kind::Credit
            | Kind::ClassCredit
            | Kind::Open
            | Kind::Item
            | Kind::LastItem
            | Kind::End
            | Kind::Reset
            | Kind::Stop
            | Kind::Membership
            | Kind::Bulk => return Err(Violation::Unexpected(head.kind)),
            Kind::Call => request().and_then(|id| call(id, rest, &mut trace)),
            Kind::Reply => request().and_then(|id| reply(id, rest)),
            Kind::ReplyError => request().and_then(|id| reply_error(id, rest)),
            Kind::Cancel => request().and_then(|id| all(Self::Cancel { id }, rest)),
            Kind::Spawn => request().and_then(|id| spawn(id, rest, &mut trace)),
            Kind::SpawnReply => request().and_then(|id| spawn_reply(id, rest)),
            Kind::Define
            | Kind::Known
            | Kind::Node
            | Kind::Send
            | Kind::Monitor
            | Kind::Demonitor
            | Kind::Down
            | Kind::Exit
            | Kind::Kill
            | Kind::Link
            | Kind::Unlink
            | Kind::LinkExit
                if head.id.is_some() =>
            {
                Err(malformed("id", "is not 0"))
            }
            Kind::Define => define(rest),
            Kind::Known => known(rest),
            Kind::Node => node(rest),
            Kind::Send => send(rest, &mut trace),
            Kind::Monitor => monitor(rest),
            Kind::Demonitor => demonitor(rest),
            Kind::Down => down(rest),
            Kind::Exit => exit(rest),
            Kind::Kill => kill(rest),
            Kind::Link => link(rest),
            Kind::Unlink => unlink(rest),
            Kind::LinkExit => link_exit(rest),
        };
        match signal {
            Ok(signal) => Ok((signal, trace)),
            Err(fault) => Err(Violation::Malformed { kind: head.kind, fault }),
        }
    }
}

/// The signal, if nothing is left.
fn all<'a>(signal: Signal<'a>, rest: Cursor<'a>) -> Result<Signal<'a>, Malformed> {
    rest.finish()?;
    Ok(signal)
}

fn define(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let signal = Signal::Define {
        method: take_method(&mut rest)?,
        actor_type: rest.str("actor_type", SIGNAL_NAME_BYTES_MAX)?,
        tag: rest.str("tag", SIGNAL_NAME_BYTES_MAX)?,
        fingerprint: Fingerprint::from_bytes(rest.array("fingerprint")?),
    };
    all(signal, rest)
}

fn known(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let method = take_method(&mut rest)?;
    let fingerprint = Fingerprint::from_bytes(rest.array("fingerprint")?);
    all(Signal::Known { method, fingerprint }, rest)
}

fn node(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let name = rest.str("name", SIGNAL_NAME_BYTES_MAX)?;
    let signal = Signal::Node {
        name: name.parse().map_err(|_| malformed("name", "is not a valid name"))?,
        incarnation: Incarnation(rest.varint("incarnation")?),
        endpoints: take_endpoints(&mut rest)?,
    };
    all(signal, rest)
}

fn send<'a>(
    mut rest: Cursor<'a>,
    trace: &mut Option<Traceparent>,
) -> Result<Signal<'a>, Malformed> {
    let to = take_target(&mut rest)?;
    let (codec, bits) = take_options(&mut rest, options::TRACE)?;
    let method = take_method(&mut rest)?;
    *trace = take_trace(bits, &mut rest)?;
    Ok(Signal::Send { to, method, codec, body: rest.rest() })
}

fn call<'a>(
    id: RequestId,
    mut rest: Cursor<'a>,
    trace: &mut Option<Traceparent>,
) -> Result<Signal<'a>, Malformed> {
    let to = take_target(&mut rest)?;
    let (codec, bits) = take_options(&mut rest, options::DEADLINE | options::TRACE)?;
    let method = take_method(&mut rest)?;
    let deadline_ms =
        if bits & options::DEADLINE == 0 { None } else { Some(rest.varint("deadline_ms")?) };
    *trace = take_trace(bits, &mut rest)?;
    Ok(Signal::Call { id, to, method, codec, deadline_ms, body: rest.rest() })
}

fn reply(id: RequestId, mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let (codec, _) = take_options(&mut rest, 0)?;
    Ok(Signal::Reply { id, codec, body: rest.rest() })
}

fn reply_error(id: RequestId, mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let error = WireError::decode(&mut rest)?;
    let reason = if rest.rest().is_empty() { None } else { Some(take_reason(&mut rest)?) };
    all(Signal::ReplyError { id, error, reason }, rest)
}

fn monitor(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let (watch, to) = (take_watch(&mut rest)?, take_target(&mut rest)?);
    all(Signal::Monitor { watch, to }, rest)
}

fn demonitor(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let (watch, to) = (take_watch(&mut rest)?, take_target(&mut rest)?);
    all(Signal::Demonitor { watch, to }, rest)
}

fn down(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let (watch, reason) = (take_watch(&mut rest)?, take_reason(&mut rest)?);
    all(Signal::Down { watch, reason }, rest)
}

fn exit(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let from = take_optional("from", &mut rest)?;
    let to = take_serial("to", &mut rest)?;
    let reason = take_reason(&mut rest)?;
    all(Signal::Exit { from, to, reason }, rest)
}

fn kill(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let from = take_optional("from", &mut rest)?;
    let to = take_serial("to", &mut rest)?;
    all(Signal::Kill { from, to }, rest)
}

fn spawn<'a>(
    id: RequestId,
    mut rest: Cursor<'a>,
    trace: &mut Option<Traceparent>,
) -> Result<Signal<'a>, Malformed> {
    let actor_type = rest.str("actor_type", SIGNAL_NAME_BYTES_MAX)?;
    let fingerprint = Fingerprint::from_bytes(rest.array("fingerprint")?);
    let allowed = options::MONITORED | options::LINKED | options::TRACE;
    let (codec, bits) = take_options(&mut rest, allowed)?;
    let monitored =
        if bits & options::MONITORED == 0 { None } else { Some(take_watch(&mut rest)?) };
    let linked = if bits & options::LINKED == 0 { None } else { Some(take_parent(&mut rest)?) };
    *trace = take_trace(bits, &mut rest)?;
    let args = rest.rest();
    Ok(Signal::Spawn { id, actor_type, fingerprint, codec, monitored, linked, args })
}

fn link(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let link = LinkId(rest.varint("link")?);
    let (from, to) = take_pair(&mut rest)?;
    all(Signal::Link { link, from, to }, rest)
}

fn unlink(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let links = take_links(&mut rest)?;
    let (from, to) = take_pair(&mut rest)?;
    all(Signal::Unlink { links, from, to }, rest)
}

fn link_exit(mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let links = take_links(&mut rest)?;
    let (from, to) = take_pair(&mut rest)?;
    let reason = take_reason(&mut rest)?;
    all(Signal::LinkExit { links, from, to, reason }, rest)
}

fn spawn_reply(id: RequestId, mut rest: Cursor<'_>) -> Result<Signal<'_>, Malformed> {
    let serial = take_serial("serial", &mut rest)?;
    all(Signal::SpawnReply { id, serial }, rest)
}

fn take_trace(bits: u8, rest: &mut Cursor<'_>) -> Result<Option<Traceparent>, Malformed> {
    if bits & options::TRACE == 0 { Ok(None) } else { Traceparent::decode(rest).map(Some) }
}

fn take_method(rest: &mut Cursor<'_>) -> Result<MethodId, Malformed> {
    rest.varint_u32("method").map(MethodId)
}

/// The codec, and those of the `allowed` bits that are set.
fn take_options(rest: &mut Cursor<'_>, allowed: u8) -> Result<(BodyCodec, u8), Malformed> {
    let byte = rest.u8("options")?;
    let bits = byte & !options::CODEC_MASK;
    if bits & !allowed != 0 {
        return Err(malformed("options", "has unknown bits"));
    }
    let codec = BodyCodec::from_u8(byte & options::CODEC_MASK)
        .ok_or(malformed("options", "has an unknown codec"))?;
    Ok((codec, bits))
}

fn take_target<'a>(rest: &mut Cursor<'a>) -> Result<Target<'a>, Malformed> {
    match take_optional("target", rest)? {
        Some(serial) => Ok(Target::Serial(serial)),
        None => rest.str("target", SIGNAL_NAME_BYTES_MAX).map(Target::Name),
    }
}

fn take_watch(rest: &mut Cursor<'_>) -> Result<Watch, Malformed> {
    let monitor = MonitorId(rest.varint("monitor")?);
    Ok(Watch { monitor, watcher: take_optional("watcher", rest)? })
}

fn take_parent(rest: &mut Cursor<'_>) -> Result<Parent, Malformed> {
    Ok(Parent { link: LinkId(rest.varint("link")?), serial: take_serial("parent", rest)? })
}

fn take_links(rest: &mut Cursor<'_>) -> Result<LinkedBy, Malformed> {
    let which = rest.u8("links")?;
    let mut id = || rest.varint("links").map(LinkId);
    Ok(match which {
        linked_by::SENDER => LinkedBy::Sender(id()?),
        linked_by::RECEIVER => LinkedBy::Receiver(id()?),
        linked_by::BOTH => LinkedBy::Both { sender: id()?, receiver: id()? },
        _ => return Err(malformed("links", "has unknown bits, or none")),
    })
}

/// Sender and receiver.
fn take_pair(rest: &mut Cursor<'_>) -> Result<(Serial, Serial), Malformed> {
    Ok((take_serial("from", rest)?, take_serial("to", rest)?))
}

fn take_optional(field: &'static str, rest: &mut Cursor<'_>) -> Result<Option<Serial>, Malformed> {
    rest.varint(field).map(Serial::from_u64)
}

fn take_serial(field: &'static str, rest: &mut Cursor<'_>) -> Result<Serial, Malformed> {
    take_optional(field, rest)?.ok_or_else(|| malformed(field, "is 0"))
}
