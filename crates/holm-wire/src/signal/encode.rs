//! Signals to bytes.

use super::{LinkedBy, Signal, Target, Watch, linked_by, options};
use crate::{
    BodyCodec, MethodId, Serial, Traceparent, cursor::put_slice, endpoints::put_endpoints,
    error::put_reason, varint,
};

/// Appends the payload of a message, a Send or a Call without a deadline, up to its body, which takes
/// the rest.
#[inline]
pub fn encode_message(to: Target<'_>, method: MethodId, codec: BodyCodec, out: &mut Vec<u8>) {
    put_message(to, codec as u8, method, out);
}

#[inline]
fn put_message(to: Target<'_>, options: u8, method: MethodId, out: &mut Vec<u8>) {
    put_target(to, out);
    out.push(options);
    varint::encode(method.0.into(), out);
}

impl Signal<'_> {
    /// Appends the payload. A text over its limit is cut (error texts and reasons) or
    /// refused by the receiver (names).
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_traced(None, out);
    }

    /// As [`encode`](Self::encode), with the trace that a Send, Call or Spawn belongs to;
    /// other signals have none. To be given only where the feature
    /// [`TRACE`](crate::handshake::Features::TRACE) was agreed on.
    pub fn encode_traced(&self, trace: Option<Traceparent>, out: &mut Vec<u8>) {
        let traced = bit_if(trace.is_some(), options::TRACE);
        let put_trace = |out: &mut Vec<u8>| {
            if let Some(trace) = trace {
                trace.encode(out);
            }
        };
        match self {
            Self::Send { to, method, codec, body } => {
                put_message(*to, *codec as u8 | traced, *method, out);
                put_trace(out);
                out.extend_from_slice(body);
            }
            Self::Call { id: _, to, method, codec, deadline_ms, body } => {
                let options =
                    *codec as u8 | bit_if(deadline_ms.is_some(), options::DEADLINE) | traced;
                put_message(*to, options, *method, out);
                if let Some(deadline) = deadline_ms {
                    varint::encode(*deadline, out);
                }
                put_trace(out);
                out.extend_from_slice(body);
            }
            Self::Reply { id: _, codec, body } => {
                out.push(*codec as u8);
                out.extend_from_slice(body);
            }
            Self::ReplyError { id: _, error, reason } => {
                error.encode(out);
                if let Some(reason) = reason {
                    put_reason(reason, out);
                }
            }
            Self::Cancel { id: _ } => {}
            Self::SpawnReply { id: _, serial } => varint::encode(serial.as_u64(), out),
            Self::Spawn { id: _, actor_type, fingerprint, codec, monitored, linked, args } => {
                put_slice(actor_type.as_bytes(), out);
                out.extend_from_slice(&fingerprint.to_bytes());
                let bound = bit_if(monitored.is_some(), options::MONITORED)
                    | bit_if(linked.is_some(), options::LINKED);
                out.push(*codec as u8 | bound | traced);
                if let Some(watch) = monitored {
                    put_watch(*watch, out);
                }
                if let Some(parent) = linked {
                    varint::encode(parent.link.0, out);
                    varint::encode(parent.serial.as_u64(), out);
                }
                put_trace(out);
                out.extend_from_slice(args);
            }
            Self::Define { .. }
            | Self::Known { .. }
            | Self::Node { .. }
            | Self::Monitor { .. }
            | Self::Demonitor { .. }
            | Self::Down { .. }
            | Self::Exit { .. }
            | Self::Kill { .. }
            | Self::Link { .. }
            | Self::Unlink { .. }
            | Self::LinkExit { .. } => self.encode_rest(out),
        }
    }

    /// The signals that `encode` leaves, split off for its length.
    fn encode_rest(&self, out: &mut Vec<u8>) {
        match self {
            Self::Define { method, actor_type, tag, fingerprint } => {
                varint::encode(method.0.into(), out);
                put_slice(actor_type.as_bytes(), out);
                put_slice(tag.as_bytes(), out);
                out.extend_from_slice(&fingerprint.to_bytes());
            }
            Self::Known { method, fingerprint } => {
                varint::encode(method.0.into(), out);
                out.extend_from_slice(&fingerprint.to_bytes());
            }
            Self::Node { name, incarnation, endpoints } => {
                put_slice(name.as_str().as_bytes(), out);
                varint::encode(incarnation.0, out);
                put_endpoints(endpoints.iter().copied(), out);
            }
            Self::Monitor { watch, to } | Self::Demonitor { watch, to } => {
                put_watch(*watch, out);
                put_target(*to, out);
            }
            Self::Down { watch, reason } => {
                put_watch(*watch, out);
                put_reason(reason, out);
            }
            Self::Exit { from, to, reason } => {
                put_optional(*from, out);
                varint::encode(to.as_u64(), out);
                put_reason(reason, out);
            }
            Self::Kill { from, to } => {
                put_optional(*from, out);
                varint::encode(to.as_u64(), out);
            }
            Self::Link { link, from, to } => {
                varint::encode(link.0, out);
                put_pair(*from, *to, out);
            }
            Self::Unlink { links, from, to } => {
                put_links(*links, out);
                put_pair(*from, *to, out);
            }
            Self::LinkExit { links, from, to, reason } => {
                put_links(*links, out);
                put_pair(*from, *to, out);
                put_reason(reason, out);
            }
            Self::Send { .. }
            | Self::Call { .. }
            | Self::Reply { .. }
            | Self::ReplyError { .. }
            | Self::Cancel { .. }
            | Self::Spawn { .. }
            | Self::SpawnReply { .. } => unreachable!("done by `encode`"),
        }
    }
}

fn bit_if(set: bool, bit: u8) -> u8 {
    if set { bit } else { 0 }
}

/// A serial, or 0 (which is none) and a name.
#[inline]
fn put_target(target: Target<'_>, out: &mut Vec<u8>) {
    match target {
        Target::Serial(serial) => varint::encode(serial.as_u64(), out),
        Target::Name(name) => {
            out.push(0);
            put_slice(name.as_bytes(), out);
        }
    }
}

fn put_watch(watch: Watch, out: &mut Vec<u8>) {
    varint::encode(watch.monitor.0, out);
    put_optional(watch.watcher, out);
}

fn put_links(links: LinkedBy, out: &mut Vec<u8>) {
    let (byte, first, second) = match links {
        LinkedBy::Sender(id) => (linked_by::SENDER, id, None),
        LinkedBy::Receiver(id) => (linked_by::RECEIVER, id, None),
        LinkedBy::Both { sender, receiver } => (linked_by::BOTH, sender, Some(receiver)),
    };
    out.push(byte);
    varint::encode(first.0, out);
    if let Some(second) = second {
        varint::encode(second.0, out);
    }
}

/// Sender and receiver.
fn put_pair(from: Serial, to: Serial, out: &mut Vec<u8>) {
    varint::encode(from.as_u64(), out);
    varint::encode(to.as_u64(), out);
}

fn put_optional(serial: Option<Serial>, out: &mut Vec<u8>) {
    varint::encode(serial.map_or(0, Serial::as_u64), out);
}
