//! Messages of a Noise handshake, between a Hello in clear and what is encrypted.

use crate::{FrameHead, Kind, frame::write_frame};

/// Appends a message of a Noise handshake.
pub fn put_noise(message: &[u8], out: &mut Vec<u8>) {
    write_frame(out, FrameHead::new(Kind::Noise), |out| out.extend_from_slice(message));
}
