//! The frames of the actors class: all that actors of two nodes say to each other.

mod decode;
mod encode;
mod plain;
#[cfg(test)]
mod tests;

pub use encode::encode_message;
pub use plain::PlainSend;

use crate::{
    BodyCodec, ExitReason, FrameHead, Incarnation, Kind, LinkId, MethodId, MonitorId, NodeName,
    RequestId, Serial, WireError, hash::StableHash, schema::Fingerprint,
};

/// The layout of every signal, hashed into [`ENVELOPE`]. Edit it with the encoding; what
/// only a feature adds (a trace context) is no part of it.
const LAYOUT: &str = "\
    Define: method varint, actor_type text, tag text, fingerprint 8; \
    Node: name text, incarnation varint, endpoints; \
    Send: target, options, method varint, body; \
    Call: target, options, method varint, [deadline_ms varint], body; \
    Reply: options, body; \
    ReplyError: error, [reason]; \
    Cancel: ; \
    Monitor: monitor varint, watcher varint, target; \
    Demonitor: monitor varint, watcher varint, target; \
    Down: monitor varint, watcher varint, reason; \
    Exit: from varint, to varint, reason; \
    Kill: from varint, to varint; \
    Spawn: actor_type text, fingerprint 8, options, [monitor varint, watcher varint], \
    [link varint, parent varint], body; \
    SpawnReply: serial varint; \
    Link: link varint, from varint, to varint; \
    Unlink: links, from varint, to varint; \
    LinkExit: links, from varint, to varint, reason";

/// How this build writes signals; sessions need the same on both sides.
pub const ENVELOPE: Fingerprint =
    Fingerprint::from_u64(StableHash::new().write(LAYOUT.as_bytes()).finish());

/// Longest name of an actor type, method or actor in a signal, in bytes; a longer one
/// is malformed, so its owner's node must refuse it first.
pub const SIGNAL_NAME_BYTES_MAX: usize = 1024;

/// An actor on the receiving node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// By its serial.
    Serial(Serial),
    /// By its local name, looked up on arrival.
    Name(&'a str),
}

/// Who watches on the sending node, and under which number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The number of the monitor.
    pub monitor: MonitorId,
    /// The watching actor; none if it is no actor that waits.
    pub watcher: Option<Serial>,
}

/// The ids that one link has: of each side of the session at most one, and of no third node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedBy {
    /// The one that the sender of the frame minted.
    Sender(LinkId),
    /// The one that its receiver minted.
    Receiver(LinkId),
    /// Both have linked.
    Both {
        /// As above.
        sender: LinkId,
        /// As above.
        receiver: LinkId,
    },
}

/// To whom a new actor is linked from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The id of the link, minted by the sender.
    pub link: LinkId,
    /// The actor on the sending node.
    pub serial: Serial,
}

/// One frame of the actors class. A body is always last and takes the rest of the
/// payload, so a writer may encode the signal with an empty body and append one.
///
/// Senders are named by serial: a node speaks only for its own actors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal<'a> {
    /// From now on, `method` is this method. Precedes its first use in a session.
    Define {
        /// The short id.
        method: MethodId,
        /// The stable name of the actor's type.
        actor_type: &'a str,
        /// The stable name of the method.
        tag: &'a str,
        /// The structure of its arguments and its result.
        fingerprint: Fingerprint,
    },
    /// The fingerprint that the sender holds for a method that the receiver has defined.
    Known {
        /// The short id, of the receiver's.
        method: MethodId,
        /// The structure of arguments and result at the sender.
        fingerprint: Fingerprint,
    },
    /// Who a third node is; its id follows from name and incarnation. Precedes the
    /// first pid of that node in a session.
    Node {
        /// Its name.
        name: NodeName,
        /// Which life of it.
        incarnation: Incarnation,
        /// Where it can be dialled.
        endpoints: Vec<&'a str>,
    },
    /// A message.
    Send {
        /// To whom.
        to: Target<'a>,
        /// Which method.
        method: MethodId,
        /// How the body is coded.
        codec: BodyCodec,
        /// The arguments.
        body: &'a [u8],
    },
    /// A message that wants an answer.
    Call {
        /// Pairs it with the answer.
        id: RequestId,
        /// To whom.
        to: Target<'a>,
        /// Which method.
        method: MethodId,
        /// How the body is coded.
        codec: BodyCodec,
        /// How long the caller waits, in milliseconds from now; none: without end.
        deadline_ms: Option<u64>,
        /// The arguments.
        body: &'a [u8],
    },
    /// The answer.
    Reply {
        /// To which request.
        id: RequestId,
        /// How the body is coded.
        codec: BodyCodec,
        /// The result.
        body: &'a [u8],
    },
    /// The request, a call or a spawn, failed.
    ReplyError {
        /// Which request.
        id: RequestId,
        /// Why.
        error: WireError,
        /// With the code `exited`: why the callee ended.
        reason: Option<ExitReason>,
    },
    /// The answer is no longer wanted.
    Cancel {
        /// To which request.
        id: RequestId,
    },
    /// Tell the watcher when the target ends.
    Monitor {
        /// Who watches.
        watch: Watch,
        /// Whom.
        to: Target<'a>,
    },
    /// No longer.
    Demonitor {
        /// Who watched.
        watch: Watch,
        /// Whom, as in the Monitor.
        to: Target<'a>,
    },
    /// The target of a monitor ended, or was never there.
    Down {
        /// Who watched.
        watch: Watch,
        /// Why it ended.
        reason: ExitReason,
    },
    /// An exit signal.
    Exit {
        /// The actor that sends it, if it is one.
        from: Option<Serial>,
        /// To whom.
        to: Serial,
        /// Why.
        reason: ExitReason,
    },
    /// An exit signal that cannot be trapped.
    Kill {
        /// The actor that sends it, if it is one.
        from: Option<Serial>,
        /// To whom.
        to: Serial,
    },
    /// Start an actor.
    Spawn {
        /// Pairs it with the answer.
        id: RequestId,
        /// The stable name of the actor's type, or of a function.
        actor_type: &'a str,
        /// The structure of the arguments.
        fingerprint: Fingerprint,
        /// How the arguments are coded.
        codec: BodyCodec,
        /// Monitor it from its start.
        monitored: Option<Watch>,
        /// Link it from its start.
        linked: Option<Parent>,
        /// The arguments.
        args: &'a [u8],
    },
    /// It started. A failure is a `ReplyError`.
    SpawnReply {
        /// Which request.
        id: RequestId,
        /// Its serial.
        serial: Serial,
    },
    /// The sending actor has linked to the receiving one. If that has ended, the answer is a
    /// `LinkExit` with this id.
    Link {
        /// Its id, minted by the sender.
        link: LinkId,
        /// The actor that links.
        from: Serial,
        /// To whom.
        to: Serial,
    },
    /// The sending actor has ended its link with the receiving one, as far as it knew of it.
    Unlink {
        /// The ids that it knew.
        links: LinkedBy,
        /// The actor that unlinks.
        from: Serial,
        /// From whom.
        to: Serial,
    },
    /// An actor ended that is linked with the receiving one; or it was never there, or is out of
    /// reach.
    LinkExit {
        /// The ids that the link has on its side.
        links: LinkedBy,
        /// The actor that ended.
        from: Serial,
        /// To whom.
        to: Serial,
        /// Why it ended.
        reason: ExitReason,
    },
}

impl Signal<'_> {
    /// The head of its frame.
    #[inline]
    pub fn head(&self) -> FrameHead {
        match *self {
            Self::Define { .. } => FrameHead::new(Kind::Define),
            Self::Known { .. } => FrameHead::new(Kind::Known),
            Self::Node { .. } => FrameHead::new(Kind::Node),
            Self::Send { .. } => FrameHead::new(Kind::Send),
            Self::Call { id, .. } => FrameHead::of_request(Kind::Call, id),
            Self::Reply { id, .. } => FrameHead::of_request(Kind::Reply, id),
            Self::ReplyError { id, .. } => FrameHead::of_request(Kind::ReplyError, id),
            Self::Cancel { id } => FrameHead::of_request(Kind::Cancel, id),
            Self::Monitor { .. } => FrameHead::new(Kind::Monitor),
            Self::Demonitor { .. } => FrameHead::new(Kind::Demonitor),
            Self::Down { .. } => FrameHead::new(Kind::Down),
            Self::Exit { .. } => FrameHead::new(Kind::Exit),
            Self::Kill { .. } => FrameHead::new(Kind::Kill),
            Self::Spawn { id, .. } => FrameHead::of_request(Kind::Spawn, id),
            Self::SpawnReply { id, .. } => FrameHead::of_request(Kind::SpawnReply, id),
            Self::Link { .. } => FrameHead::new(Kind::Link),
            Self::Unlink { .. } => FrameHead::new(Kind::Unlink),
            Self::LinkExit { .. } => FrameHead::new(Kind::LinkExit),
        }
    }
}

/// Options, one byte: the codec of the body in the low half, what else is there in
/// the high half. Unused bits are reserved for a feature to claim.
mod options {
    pub(super) const CODEC_MASK: u8 = 0x0f;
    /// Of Call: a deadline follows.
    pub(super) const DEADLINE: u8 = 0x10;
    /// Of Spawn: a monitor follows.
    pub(super) const MONITORED: u8 = 0x10;
    /// Of Send, Call and Spawn: a trace context follows, behind the above.
    pub(super) const TRACE: u8 = 0x20;
    /// Of Spawn: a link follows, behind the monitor.
    pub(super) const LINKED: u8 = 0x40;
}

/// Which ids of a link follow, one byte.
mod linked_by {
    pub(super) const SENDER: u8 = 1;
    pub(super) const RECEIVER: u8 = 2;
    pub(super) const BOTH: u8 = 3;
}
