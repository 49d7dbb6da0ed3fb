//! `cargo +nightly fuzz run decompression`, see [`holm_fuzz::decompression`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holm_fuzz::decompression(data));
