//! Compressed bytes: never more than asked for, and what is compressed comes back.

use super::input::Input;
use holm_wire::{Codec, Compression};

/// Decompresses the input to a length of its own choice; compresses it, too.
pub fn decompression(data: &[u8]) {
    let mut input = Input(data);
    let length = input.size();
    for &method in Compression::SUPPORTED {
        let mut codec = Codec::new(method);
        let mut raw = vec![0; length];
        let _ = codec.decompress(input.0, &mut raw);
        if let Some(compressed) = codec.compress(input.0).map(<[u8]>::to_vec) {
            let mut back = vec![0; input.0.len()];
            assert_eq!(codec.decompress(&compressed, &mut back), Ok(()));
            assert!(back == input.0, "{method:?}");
        }
    }
}
