//! Frames and chunks: how the bytes are split does not matter.

use super::input::{Input, read};

/// Reads the input as what follows a handshake, on terms of its own choice.
pub fn frame(data: &[u8]) {
    let mut input = Input(data);
    let terms = input.terms();
    let piece = usize::from(input.byte()) + 1;
    let (whole, whole_end) = read(terms, input.0, usize::MAX);
    let (pieces, pieces_end) = read(terms, input.0, piece);
    assert!(whole == pieces, "split at every {piece}");
    assert_eq!(whole_end, pieces_end, "split at every {piece}");
    let arrived: usize = whole.0.iter().map(|(_, payload)| payload.len()).sum();
    // Compressed frames stand for at most 255 times what they take.
    assert!(arrived <= 256 * input.0.len());
}
