//! Bytes of an input taken as choices.

use holm_wire::handshake::Features;
use holm_wire::session::{Inbound, Payload, Sink, Terms};
use holm_wire::{Compression, FrameHead, Limits, Side, Violation};

/// What is left of an input; behind its end all choices are 0.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((&byte, rest)) => {
                self.0 = rest;
                byte
            }
            None => 0,
        }
    }

    /// A number, small ones more often.
    pub(crate) fn size(&mut self) -> usize {
        let (shift, value) = (self.byte() % 12, self.byte());
        usize::from(value) << shift
    }

    pub(crate) fn terms(&mut self) -> Terms {
        let bits = self.byte();
        let limits = Limits {
            message_max: 64 * 1024,
            chunk_max: 16 * 1024,
            open_max: 4,
            reassembly_max: 100 * 1024,
            streams_max: 3,
            stream_bytes: 1024,
            stream_items: 4,
            ..Limits::default()
        };
        Terms {
            side: if bits & 1 == 0 { Side::Dialled } else { Side::Accepted },
            limits,
            features: Features::STREAMS.with(Features(u64::from(bits) & Features::CHECKSUM.0)),
            compression: (bits & 2 != 0).then_some(Compression::Lz4),
        }
    }
}

/// What arrived.
#[derive(Default, PartialEq)]
pub(crate) struct Log(pub(crate) Vec<(FrameHead, Vec<u8>)>);

impl Sink for Log {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        self.0.push((head, payload.as_slice().to_vec()));
        Ok(())
    }
}

/// Reads `stream` in pieces of this size.
pub(crate) fn read(terms: Terms, stream: &[u8], piece: usize) -> (Log, Option<Violation>) {
    let mut inbound = Inbound::new(terms, &[]);
    let mut log = Log::default();
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = inbound.buffer();
        let n = rest.len().min(buffer.len()).min(piece);
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        if let Err(violation) = inbound.handle_read(n, &mut log) {
            return (log, Some(violation));
        }
    }
    (log, None)
}
