//! Who the peer is, and the driver of a session over a byte stream.
//!
//! A connection is first secured ([`secure_dial`], [`secure_accept`]) as the node's [`Security`] and
//! the endpoint's scheme say; then it passes the [`handshake`], and a [`Session`] drives it. What its
//! frames mean is for the [`Handler`].
#![forbid(unsafe_code)]

mod failure;
pub mod handshake;
pub mod identity;
mod noise;
pub mod posture;
mod pulse;
pub mod secret_file;
mod secured;
pub mod security;
mod session;
mod standing;
mod stream;
mod talk;
mod tls;
pub mod unix_dir;

pub use noise::NoiseKey;
pub use pulse::Pulse;
pub use secured::{Secured, secure_accept, secure_dial};
pub use security::Security;
pub use session::{
    Appender, End, Handler, MessageError, QUEUE_BYTES_MAX, Session, Stream, StreamError,
};
pub use standing::Standing;
pub use tls::{CertificateFault, TlsFailure, read_certificate};
