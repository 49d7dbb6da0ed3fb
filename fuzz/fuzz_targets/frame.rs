//! `cargo +nightly fuzz run frame`, see [`holm_fuzz::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holm_fuzz::frame(data));
