//! Frames, envelopes, codecs, handshake and session as pure state machines.
//!
//! Nothing here opens a socket, reads a clock or draws a random number. A driver
//! owns the connection and lends its bytes:
//!
//! - before the session: [`handshake`], whose states consume themselves until one
//!   yields [`handshake::Established`];
//! - afterwards: [`session::Outbound`] (frames in, bytes out) and
//!   [`session::Inbound`] (bytes in, frames out);
//! - what the frames of the actors class say: [`signal::Signal`]; of the control
//!   class: [`control::Control`];
//! - what an argument looks like: [`schema`] (its structure) and [`body`] (its bytes);
//!   without a Rust type: [`value`].
//!
//! The bytes are written down in `docs/protocol.md`; the vectors under `testdata/`
//! are decoded and encoded again by the tests.
//!
//! Whatever a peer can send ends in a value or an `Err`, never in a panic, and never
//! in an allocation sized by a number the peer merely announced.
#![forbid(unsafe_code)]

pub mod body;
mod compression;
pub mod control;
mod cursor;
mod endpoints;
mod error;
mod frame;
pub mod handshake;
mod hash;
mod ids;
mod kind;
mod limits;
mod noted;
mod reason;
mod requests;
pub mod schema;
mod secret;
pub mod session;
mod shown;
pub mod signal;
mod trace;
pub mod value;
pub mod varint;

pub use body::BodyCodec;
pub use compression::{COMPRESSED_MIN, Codec, Compression, CompressionFault};
pub use cursor::Malformed;
pub use error::{ChunkFault, Code, RequestFault, StreamFault, Violation, WireError};
pub use frame::FrameHead;
pub use ids::{
    AttemptNo, ClusterName, GroupName, GroupScope, Incarnation, LinkId, MethodId, MonitorId,
    NameFault, NodeId, NodeName, ParsePidError, Pid, RequestId, Serial, ShardId,
};
pub use kind::{Class, Kind};
pub use limits::{Limits, LimitsError};
pub use reason::ExitReason;
pub use requests::{Admission, OpenRequests, RequestIds, Side};
pub use schema::{Fingerprint, Message, Schema};
pub use secret::Secret;
pub use shown::Shown;
pub use trace::{ParseTraceError, Traceparent};
