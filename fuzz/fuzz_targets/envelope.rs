//! `cargo +nightly fuzz run envelope`, see [`holm_fuzz::envelope`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| holm_fuzz::envelope(data));
