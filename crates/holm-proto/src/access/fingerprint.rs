//! The name of a key.

use std::{fmt, str::FromStr};

/// Names a key: the SHA-256 of a certificate or of a public key in DER, or a Noise public key
/// itself. Shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// A text that is no fingerprint; its writer is to blame.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fingerprint: 64 hexadecimal digits, or OpenSSL's `SHA256 Fingerprint=AA:BB:..`"
)]
pub struct FingerprintError(String);

impl Fingerprint {
    /// The fingerprint of these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn parse(text: &str) -> Option<Self> {
        let digits = match text.trim().split_once('=') {
            Some((label, digits)) if label.eq_ignore_ascii_case("sha256 fingerprint") => digits,
            Some(_) => return None,
            None => text.trim(),
        };
        let digits = digits.as_bytes();
        // Digits in pairs, with a colon between every two pairs or between none.
        let step = match digits.len() {
            64 => 2,
            95 if digits.iter().skip(2).step_by(3).all(|&byte| byte == b':') => 3,
            _ => return None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks(step)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    /// 64 hexadecimal digits of either case, with colons between all pairs or none, with or
    /// without OpenSSL's label before them.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or_else(|| FingerprintError(text.to_owned()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
