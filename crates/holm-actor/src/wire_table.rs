//! How an actor type's messages are named, encoded and decoded.

use holm_wire::Fingerprint;
use holm_wire::body::BodyError;
use holm_wire::value::ValueError;

use crate::{Actor, ReplySink, ReturnPath};

/// What the two sides of a message must agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// Where fingerprints differ, parts are found by their names, as far as they fit.
    Names,
    /// The fingerprint.
    Fingerprint,
    /// Nothing: the sender has no types. Bodies are named.
    Nothing,
}

/// The wire side of one method, without its types.
#[derive(Debug)]
pub struct MethodInfo {
    /// Stable name of the actor type.
    pub actor_type: &'static str,
    /// Stable name of the method.
    pub tag: &'static str,
    /// Fingerprint of the arguments and the reply.
    pub fingerprint: fn() -> Fingerprint,
    /// What sender and receiver must agree on.
    pub agreement: Agreement,
}

/// One method of `A`.
#[derive(Debug)]
pub struct WireMethod<A: Actor> {
    /// Names and fingerprint.
    pub info: MethodInfo,
    /// Builds the message from its encoded arguments, and takes the way back to the caller if
    /// they decode.
    #[expect(clippy::type_complexity, reason = "written by the macro, read once")]
    pub decode: fn(&[u8], &mut Option<Box<dyn ReturnPath>>) -> Result<A::Msg, BodyError>,
    /// As `decode` does, from a named body: [`Arguments`](holm_wire::value::Arguments).
    #[expect(clippy::type_complexity, reason = "written by the macro, read once")]
    pub decode_named: fn(&[u8], &mut Option<Box<dyn ReturnPath>>) -> Result<A::Msg, ValueError>,
}

/// All methods of `A`; `#[actor]` writes one `static` of these.
#[derive(Debug)]
pub struct WireTable<A: Actor> {
    /// Stable name of the actor type.
    pub type_name: &'static str,
    /// What two versions of the type must agree on.
    pub agreement: Agreement,
    /// In order of declaration.
    pub methods: &'static [WireMethod<A>],
    /// Position in `methods` of the method that a message is for.
    pub method: fn(&A::Msg) -> usize,
    /// Appends the message's arguments.
    pub encode: fn(&A::Msg, &mut Vec<u8>) -> Result<(), BodyError>,
    /// Appends the message's arguments with their names:
    /// [`ArgumentsWriter`](holm_wire::value::ArgumentsWriter).
    pub encode_named: fn(&A::Msg, &mut Vec<u8>) -> Result<(), BodyError>,
    /// Takes the reply out of a message that has been encoded.
    pub take_sink: fn(&mut A::Msg) -> Option<Box<dyn ReplySink>>,
}
