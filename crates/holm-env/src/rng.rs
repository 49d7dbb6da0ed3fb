//! The random generator that an environment hands out.

use std::convert::Infallible;

use rand::rngs::StdRng;
use rand::{SeedableRng, TryCryptoRng, TryRng};

/// A generator of one's own: cryptographically strong, and repeatable where the
/// [`Env`](crate::Env) is seeded.
///
/// It implements `rand`'s traits, so `rand::RngExt` and shuffles work on it.
pub struct EnvRng(StdRng);

impl EnvRng {
    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self(StdRng::from_seed(seed))
    }

    pub(crate) fn from_u64(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
}

impl TryRng for EnvRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for EnvRng {}

impl std::fmt::Debug for EnvRng {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EnvRng(..)") // Its state would tell what comes next.
    }
}
