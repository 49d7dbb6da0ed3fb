//! `cargo +nightly fuzz run handshake`, see [`holm_fuzz::handshake`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holm_fuzz::handshake(data));
