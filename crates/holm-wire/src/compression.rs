//! Compression of frames: which method a session uses, and the methods themselves.
//!
//! What is compressed is one frame's payload or one chunk's data, never more than a
//! chunk, so that neither side holds more for it than it would without.

use crate::varint;
use lz4_flex::block::{
    CompressTable, compress_into_with_table, decompress_into, get_maximum_output_size,
};
use std::fmt;

/// Shortest payload worth the processor's time, in bytes; a shorter one that arrives
/// compressed is a violation.
pub const COMPRESSED_MIN: usize = 1024;

/// zstd's own default: about three times slower than lz4, for about a third less.
#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 3;

/// A method of compression, one byte in the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compression {
    /// LZ4 blocks: quick.
    Lz4 = 1,
    /// zstd frames: smaller. With the feature `zstd`.
    Zstd = 2,
}

impl Compression {
    /// Those of this build; what [`crate::handshake::Introduction::compression`] may
    /// name.
    #[cfg(feature = "zstd")]
    pub const SUPPORTED: &[Self] = &[Self::Lz4, Self::Zstd];
    /// Those of this build; what [`crate::handshake::Introduction::compression`] may
    /// name.
    #[cfg(not(feature = "zstd"))]
    pub const SUPPORTED: &[Self] = &[Self::Lz4];

    /// The method of a session, in both directions: the first of the dialler's list
    /// that is in the acceptor's. The methods that this build lacks are passed over,
    /// so a node must not name them.
    pub fn agree(dialler: &[u8], acceptor: &[u8]) -> Option<Self> {
        dialler.iter().filter(|method| acceptor.contains(method)).find_map(|&method| {
            Self::SUPPORTED.iter().copied().find(|supported| *supported as u8 == method)
        })
    }
}

/// What is wrong with a compressed payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompressionFault {
    /// It stands for fewer bytes than may be compressed.
    #[error("too short to be compressed")]
    TooShort,
    /// It is not smaller than what it stands for.
    #[error("not smaller than without compression")]
    NotSmaller,
    /// It stands for more than a chunk.
    #[error("stands for more bytes than a chunk has")]
    TooLong,
    /// It does not decompress to the announced length.
    #[error("does not decompress to its length")]
    Corrupt,
}

/// One method's compressor and decompressor, with their memory.
pub struct Codec {
    inner: Inner,
    scratch: Vec<u8>,
}

enum Inner {
    /// The table of recent bytes, once something was compressed.
    Lz4(Option<Box<CompressTable>>),
    #[cfg(feature = "zstd")]
    Zstd {
        compressor: zstd::bulk::Compressor<'static>,
        decompressor: zstd::bulk::Decompressor<'static>,
    },
}

impl Codec {
    /// For this method.
    ///
    /// # Panics
    /// If this build lacks it, or there is no memory for it.
    pub fn new(method: Compression) -> Self {
        let inner = match method {
            Compression::Lz4 => Inner::Lz4(None),
            #[cfg(feature = "zstd")]
            Compression::Zstd => Inner::Zstd {
                compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL).expect("memory for zstd"),
                decompressor: zstd::bulk::Decompressor::new().expect("memory for zstd"),
            },
            #[cfg(not(feature = "zstd"))]
            Compression::Zstd => panic!("built without the feature `zstd`"),
        };
        Self { inner, scratch: Vec::new() }
    }

    /// The compressed form, if `raw` is long enough and that is smaller, the number of
    /// `raw`'s bytes before it included.
    pub fn compress(&mut self, raw: &[u8]) -> Option<&[u8]> {
        if raw.len() < COMPRESSED_MIN {
            return None;
        }
        let written = match &mut self.inner {
            Inner::Lz4(table) => {
                let table = table.get_or_insert_with(|| Box::new(CompressTable::large()));
                self.scratch.resize(get_maximum_output_size(raw.len()), 0);
                compress_into_with_table(raw, &mut self.scratch, table).ok()?
            }
            #[cfg(feature = "zstd")]
            Inner::Zstd { compressor, .. } => {
                // Too small for what cannot be compressed; that is an error, and no matter.
                self.scratch.resize(raw.len(), 0);
                compressor.compress_to_buffer(raw, &mut self.scratch[..]).ok()?
            }
        };
        let with_length = written + varint::width(raw.len() as u64);
        (with_length < raw.len()).then(|| &self.scratch[..written])
    }

    /// Fills `raw`, exactly, with what `compressed` stands for.
    ///
    /// # Errors
    /// It stands for something else; `raw` holds anything.
    pub fn decompress(
        &mut self,
        compressed: &[u8],
        raw: &mut [u8],
    ) -> Result<(), CompressionFault> {
        let filled = match &mut self.inner {
            Inner::Lz4(_) => decompress_into(compressed, raw).ok(),
            #[cfg(feature = "zstd")]
            Inner::Zstd { decompressor, .. } => {
                decompressor.decompress_to_buffer(compressed, &mut *raw).ok()
            }
        };
        if filled == Some(raw.len()) { Ok(()) } else { Err(CompressionFault::Corrupt) }
    }

    /// Checks the lengths of a compressed payload of `here` bytes, its own length
    /// included, that stands for `raw`, of at most `max`.
    pub(crate) fn check(here: usize, raw: usize, max: usize) -> Result<(), CompressionFault> {
        if raw > max {
            Err(CompressionFault::TooLong)
        } else if raw < COMPRESSED_MIN {
            Err(CompressionFault::TooShort)
        } else if here >= raw {
            Err(CompressionFault::NotSmaller)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.inner {
            Inner::Lz4(_) => "Codec(lz4)",
            #[cfg(feature = "zstd")]
            Inner::Zstd { .. } => "Codec(zstd)",
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn text(length: usize) -> Vec<u8> {
        b"the same words again, ".iter().copied().cycle().take(length).collect()
    }

    #[test]
    fn round_trip_with_every_method() {
        for &method in Compression::SUPPORTED {
            let mut codec = Codec::new(method);
            for length in [COMPRESSED_MIN, 10_000, 64 * 1024, 256 * 1024, 2000] {
                let raw = text(length);
                let compressed = codec.compress(&raw).unwrap().to_vec();
                assert!(compressed.len() < raw.len() / 4);
                let mut back = vec![0; length];
                codec.decompress(&compressed, &mut back).unwrap();
                assert!(back == raw, "{method:?} {length}");
            }
        }
    }

    #[test]
    fn only_what_gains() {
        for &method in Compression::SUPPORTED {
            let mut codec = Codec::new(method);
            assert_eq!(codec.compress(&text(COMPRESSED_MIN - 1)), None);
            let mut state = 1_u64;
            let noise: Vec<u8> = std::iter::repeat_with(|| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .take(5000)
            .collect();
            assert_eq!(codec.compress(&noise), None);
        }
    }

    #[test]
    fn more_or_less_than_announced() {
        for &method in Compression::SUPPORTED {
            let mut codec = Codec::new(method);
            let compressed = codec.compress(&text(10_000)).unwrap().to_vec();
            for length in [9_999, 10_001] {
                let fault = codec.decompress(&compressed, &mut vec![0; length]);
                assert_eq!(fault, Err(CompressionFault::Corrupt), "{method:?} {length}");
            }
            let cut = codec.decompress(&compressed[..compressed.len() - 1], &mut [0; 10_000]);
            assert_eq!(cut, Err(CompressionFault::Corrupt));
        }
    }

    #[test]
    fn the_dialler_prefers() {
        assert_eq!(Compression::agree(&[2, 9, 1], &[1, 9]), Some(Compression::Lz4));
        assert_eq!(Compression::agree(&[1], &[]), None);
        assert_eq!(Compression::agree(&[], &[1]), None);
        assert_eq!(Compression::agree(&[9], &[9]), None);
    }
}
