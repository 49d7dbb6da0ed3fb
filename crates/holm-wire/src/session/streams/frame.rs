//! The frames of streams, and those that grant credit.

use super::super::flow::Credit;
use crate::{
    Class, FrameHead, Kind, Malformed, RequestId, Traceparent, Violation, WireError,
    cursor::{Cursor, malformed},
    varint,
};

/// What a stream is opened with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open<'a> {
    /// How long the opener waits, in milliseconds from now; none: without end.
    pub deadline_ms: Option<u64>,
    /// The trace that it belongs to.
    pub trace: Option<Traceparent>,
    /// The opener sends no items.
    pub ended: bool,
    /// What is asked for, and what with; for whoever serves it.
    pub body: &'a [u8],
}

/// A frame of the streams class. An item's payload is the item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamFrame<'a> {
    /// Opens a stream.
    Open(RequestId, Open<'a>),
    /// An item; the last one, if so marked.
    Item {
        /// Of which stream.
        id: RequestId,
        /// Nothing follows it.
        last: bool,
    },
    /// The sender sends no more items.
    End(RequestId),
    /// The stream is over in both directions, for the sender of this at once.
    Reset(RequestId, WireError),
    /// The sender of this wants no more items.
    Stop(RequestId),
}

/// Options of Open, one byte.
mod options {
    pub(super) const ENDED: u8 = 1;
    pub(super) const DEADLINE: u8 = 1 << 1;
    pub(super) const TRACE: u8 = 1 << 2;
}

impl<'a> StreamFrame<'a> {
    /// The head of its frame.
    pub fn head(&self) -> FrameHead {
        match *self {
            Self::Open(id, _) => FrameHead::of_request(Kind::Open, id),
            Self::Item { id, last: false } => FrameHead::of_request(Kind::Item, id),
            Self::Item { id, last: true } => FrameHead::of_request(Kind::LastItem, id),
            Self::End(id) => FrameHead::of_request(Kind::End, id),
            Self::Reset(id, _) => FrameHead::of_request(Kind::Reset, id),
            Self::Stop(id) => FrameHead::of_request(Kind::Stop, id),
        }
    }

    /// Appends the payload; an item's is the item, which the caller appends.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open(_, open) => {
                let bit = |set: bool, bit| if set { bit } else { 0 };
                out.push(
                    bit(open.ended, options::ENDED)
                        | bit(open.deadline_ms.is_some(), options::DEADLINE)
                        | bit(open.trace.is_some(), options::TRACE),
                );
                if let Some(deadline) = open.deadline_ms {
                    varint::encode(deadline, out);
                }
                if let Some(trace) = open.trace {
                    trace.encode(out);
                }
                out.extend_from_slice(open.body);
            }
            Self::Reset(_, error) => error.encode(out),
            Self::Item { .. } | Self::End(_) | Self::Stop(_) => {}
        }
    }

    /// Reads a frame of the streams class.
    ///
    /// # Errors
    /// The peer's fault: a frame of another class, or a payload that is not what its
    /// kind says.
    pub fn decode(head: FrameHead, payload: &'a [u8]) -> Result<Self, Violation> {
        if head.kind.class() != Class::Streams {
            return Err(Violation::Unexpected(head.kind));
        }
        Self::decode_streams(head, payload)
            .map_err(|fault| Violation::Malformed { kind: head.kind, fault })
    }

    fn decode_streams(head: FrameHead, payload: &'a [u8]) -> Result<Self, Malformed> {
        let id = head.id.ok_or(malformed("id", "is missing"))?;
        let mut cursor = Cursor::new(payload);
        let frame = match head.kind {
            Kind::Item => return Ok(Self::Item { id, last: false }),
            Kind::LastItem => return Ok(Self::Item { id, last: true }),
            Kind::Open => return take_open(cursor).map(|open| Self::Open(id, open)),
            Kind::End => Self::End(id),
            Kind::Stop => Self::Stop(id),
            Kind::Reset => Self::Reset(id, WireError::decode(&mut cursor)?),
            other => unreachable!("{} is not of the streams class", other.name()),
        };
        cursor.finish()?;
        Ok(frame)
    }
}

fn take_open(mut cursor: Cursor<'_>) -> Result<Open<'_>, Malformed> {
    let bits = cursor.u8("options")?;
    if bits & !(options::ENDED | options::DEADLINE | options::TRACE) != 0 {
        return Err(malformed("options", "has unknown bits"));
    }
    let deadline_ms =
        if bits & options::DEADLINE == 0 { None } else { Some(cursor.varint("deadline_ms")?) };
    let trace =
        if bits & options::TRACE == 0 { None } else { Some(Traceparent::decode(&mut cursor)?) };
    let ended = bits & options::ENDED != 0;
    Ok(Open { deadline_ms, trace, ended, body: cursor.rest() })
}

/// A frame that grants credit. Of the control class, so that it waits for no data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CreditFrame {
    /// To the sender of a stream's items.
    Stream(RequestId, Credit),
    /// To the sender of a class's messages.
    Class(Class, Credit),
}

impl CreditFrame {
    /// The head of its frame.
    pub fn head(&self) -> FrameHead {
        match *self {
            Self::Stream(id, _) => FrameHead::of_request(Kind::Credit, id),
            Self::Class(..) => FrameHead::new(Kind::ClassCredit),
        }
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let credit = match *self {
            Self::Stream(_, credit) => credit,
            Self::Class(class, credit) => {
                out.push(class as u8);
                credit
            }
        };
        varint::encode(credit.bytes, out);
        varint::encode(credit.items, out);
    }

    /// Reads a frame of the kinds Credit and ClassCredit.
    ///
    /// # Errors
    /// The peer's fault: another kind, or a payload that is not what its kind says.
    pub fn decode(head: FrameHead, payload: &[u8]) -> Result<Self, Violation> {
        let mut cursor = Cursor::new(payload);
        let decoded = match (head.kind, head.id) {
            (Kind::Credit, Some(id)) => take_credit(cursor).map(|credit| Self::Stream(id, credit)),
            (Kind::Credit, None) => Err(malformed("id", "is missing")),
            (Kind::ClassCredit, Some(_)) => Err(malformed("id", "is not 0")),
            (Kind::ClassCredit, None) => cursor.u8("class").and_then(|class| {
                let class = Class::from_u8(class).ok_or(malformed("class", "is unknown"))?;
                take_credit(cursor).map(|credit| Self::Class(class, credit))
            }),
            (other, _) => return Err(Violation::Unexpected(other)),
        };
        decoded.map_err(|fault| Violation::Malformed { kind: head.kind, fault })
    }
}

fn take_credit(mut cursor: Cursor<'_>) -> Result<Credit, Malformed> {
    let credit = Credit { bytes: cursor.varint("bytes")?, items: cursor.varint("items")? };
    cursor.finish()?;
    Ok(credit)
}
