//! The crate from outside: the vectors of `docs/protocol.md`, and memory under attack.
#![allow(clippy::unwrap_used, reason = "tests")]

mod allocation;
mod coded_vectors;
mod cookie_vectors;
mod fuzzing;
mod signals;
mod vectors;

use holm_wire::{
    FrameHead, Violation,
    session::{Inbound, Payload, Sink},
};

/// What arrived.
#[derive(Default)]
struct Log(Vec<(FrameHead, Vec<u8>)>);

impl Sink for Log {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        self.0.push((head, payload.as_slice().to_vec()));
        Ok(())
    }
}

/// Gives `stream` to `inbound` as it lends room.
fn feed(inbound: &mut Inbound, stream: &[u8], sink: &mut impl Sink) -> Result<(), Violation> {
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = inbound.buffer();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        inbound.handle_read(n, sink)?;
    }
    Ok(())
}
