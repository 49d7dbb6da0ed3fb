//! The handshake: how the bytes are split does not matter, and a Hello is written again.

use super::input::Input;
use holm_wire::handshake::{HandshakeError, HandshakeFrame, HandshakeReader, dial};

/// Reads the input as what a stranger sends on a fresh connection.
pub fn handshake(data: &[u8]) {
    let mut input = Input(data);
    let piece = usize::from(input.byte()) + 1;
    let (frames, end) = read(input.0, usize::MAX);
    assert_eq!((&frames, &end), (&read(input.0, piece).0, &read(input.0, piece).1));
    if let Some(HandshakeFrame::Hello(hello)) = frames.first() {
        let mut bytes = Vec::new();
        let _ = dial(hello.clone(), &mut bytes);
        assert_eq!(read(&bytes, usize::MAX), (vec![HandshakeFrame::Hello(hello.clone())], None));
    }
}

fn read(stream: &[u8], piece: usize) -> (Vec<HandshakeFrame>, Option<HandshakeError>) {
    let mut reader = HandshakeReader::new();
    let mut frames = Vec::new();
    let mut rest = stream;
    while !rest.is_empty() {
        let buffer = reader.buffer();
        let n = rest.len().min(buffer.len()).min(piece);
        buffer[..n].copy_from_slice(&rest[..n]);
        rest = &rest[n..];
        reader.handle_read(n);
        loop {
            match reader.poll_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}
