//! The actor that pings talk to.

use bytes::Bytes;
use holm::prelude::*;

/// What it is registered as.
pub(super) const ECHO: &str = "holm.echo";

/// Answers with what it is sent.
pub(super) struct Echo;

#[actor]
impl Echo {
    async fn echo(&mut self, payload: Bytes) -> Bytes {
        payload
    }
}
