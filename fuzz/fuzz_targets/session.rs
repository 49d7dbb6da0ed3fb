//! `cargo +nightly fuzz run session`, see [`holm_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holm_fuzz::session(data));
