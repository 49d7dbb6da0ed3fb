//! How a peer can break the protocol; any of these ends its session, and only that.

use super::Code;
use crate::{Class, CompressionFault, Kind, Malformed, MethodId, RequestId};

/// The peer broke the protocol. The session is closed with [`Violation::code`] and
/// the text; nothing else is affected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A frame announced more bytes than were agreed on.
    #[error("frame of {length} bytes, at most {max} are allowed")]
    FrameTooLong {
        /// What it announced.
        length: usize,
        /// The most it may have.
        max: usize,
    },
    /// A frame ended within its own header.
    #[error("frame ends within its header")]
    FrameTooShort,
    /// An integer of a frame's header was not in its shortest form.
    #[error("over-long integer in a frame header")]
    OverlongInteger,
    /// A kind that this version does not know and may not skip.
    #[error("unknown frame kind {0:#04x}")]
    UnknownKind(u8),
    /// A kind in a class where it does not belong.
    #[error("{} frame in class {class}", .kind.name())]
    WrongClass {
        /// The kind.
        kind: Kind,
        /// The number of the class.
        class: u8,
    },
    /// A class or flags that mean nothing.
    #[error("frame with class and flags {0:#010b}")]
    Flags(u8),
    /// A known kind where it is not allowed.
    #[error("unexpected {} frame", .0.name())]
    Unexpected(Kind),
    /// A method that was not defined, or was defined out of turn.
    #[error("method {} is not defined, or defined out of turn", .0.0)]
    Method(MethodId),
    /// A payload that is not what its kind says.
    #[error("{} frame: {fault}", .kind.name())]
    Malformed {
        /// The frame.
        kind: Kind,
        /// The field and what is wrong with it.
        fault: Malformed,
    },
    /// A chunk that does not fit its message.
    #[error("chunk of message {message}: {fault}")]
    Chunk {
        /// The number of the chunked message.
        message: u64,
        /// What is wrong with it.
        fault: ChunkFault,
    },
    /// A compressed payload that is not what it may be.
    #[error("compressed {0}")]
    Compression(CompressionFault),
    /// A frame was damaged on its way; by the connection rather than the peer.
    #[error("checksum of a frame does not match")]
    Checksum,
    /// A stream's frame that does not fit the stream.
    #[error("stream {id}: {fault}")]
    Stream {
        /// Its id.
        id: RequestId,
        /// What is wrong.
        fault: StreamFault,
    },
    /// More was sent in a class than there was credit for, or more credit given than
    /// can be counted.
    #[error("credit of class {} not kept", *.0 as u8)]
    ClassCredit(Class),
    /// A request id that may not be used.
    #[error("request {id}: {fault}")]
    Request {
        /// The id.
        id: RequestId,
        /// What is wrong with it.
        fault: RequestFault,
    },
}

/// What is wrong with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkFault {
    /// Not the chunk that comes next: skipped, repeated, or of no open message.
    #[error("out of sequence")]
    Sequence,
    /// Neither the next message number nor an open one.
    #[error("message number out of order")]
    MessageNumber,
    /// More messages open than agreed on.
    #[error("too many messages open")]
    TooManyOpen,
    /// The message is longer than agreed on.
    #[error("message too large")]
    MessageTooLarge,
    /// The open messages together are longer than agreed on.
    #[error("too many bytes in open messages")]
    ReassemblyFull,
    /// A message of no bytes, or a chunk too short that is not the last.
    #[error("chunk too short")]
    TooShort,
    /// More data than agreed on for a chunk.
    #[error("chunk too long")]
    TooLong,
    /// More data than the message's length, or marked last before it or not at it.
    #[error("does not end at the announced length")]
    Length,
    /// Kind or id differ from the message's first chunk.
    #[error("kind or id differ from the first chunk")]
    HeadChanged,
    /// A number of the chunk's header is cut short or over-long.
    #[error("malformed header")]
    Header,
}

/// What is wrong with a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFault {
    /// The other side's parity.
    #[error("wrong parity")]
    Parity,
    /// Already in flight.
    #[error("already in flight")]
    InFlight,
    /// Far more requests than agreed on.
    #[error("too many requests in spite of refusals")]
    Flood,
}

/// What is wrong with a frame of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamFault {
    /// The stream was never opened.
    #[error("was never opened")]
    NotOpen,
    /// The frame came behind the end.
    #[error("went on after its end")]
    AfterEnd,
    /// An item without credit for it.
    #[error("more sent than there was credit for")]
    Credit,
    /// More credit than can be counted.
    #[error("more credit than can be counted")]
    CreditOverflow,
}

impl Violation {
    /// The code for the Close frame.
    pub fn code(&self) -> Code {
        match self {
            Self::FrameTooLong { .. } => Code::TooLarge,
            Self::Chunk { fault, .. } => match fault {
                ChunkFault::TooManyOpen | ChunkFault::ReassemblyFull => Code::Overloaded,
                ChunkFault::MessageTooLarge | ChunkFault::TooLong => Code::TooLarge,
                ChunkFault::Sequence
                | ChunkFault::MessageNumber
                | ChunkFault::TooShort
                | ChunkFault::Length
                | ChunkFault::HeadChanged
                | ChunkFault::Header => Code::InvalidRequest,
            },
            Self::Request { fault: RequestFault::Flood, .. }
            | Self::Stream { fault: StreamFault::Credit, .. }
            | Self::ClassCredit(_) => Code::Overloaded,
            Self::Checksum => Code::Corrupt,
            Self::Compression(CompressionFault::TooLong) => Code::TooLarge,
            Self::FrameTooShort
            | Self::OverlongInteger
            | Self::UnknownKind(_)
            | Self::WrongClass { .. }
            | Self::Flags(_)
            | Self::Unexpected(_)
            | Self::Method(_)
            | Self::Malformed { .. }
            | Self::Compression(
                CompressionFault::TooShort
                | CompressionFault::NotSmaller
                | CompressionFault::Corrupt,
            )
            | Self::Stream {
                fault: StreamFault::NotOpen | StreamFault::AfterEnd | StreamFault::CreditOverflow,
                ..
            }
            | Self::Request { fault: RequestFault::Parity | RequestFault::InFlight, .. } => {
                Code::InvalidRequest
            }
        }
    }
}
