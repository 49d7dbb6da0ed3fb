//! The one hash whose values cross the wire: FNV-1a 64, finished by splitmix64.
//!
//! FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv) is stable and trivial to write in
//! any language; the splitmix64 finisher (Steele, Lea, Flood 2014) spreads its weak
//! high bits. Not keyed: collisions can be sought, so holders check for them.

/// A running hash.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StableHash(u64);

impl StableHash {
    pub(crate) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    pub(crate) const fn write(mut self, bytes: &[u8]) -> Self {
        let mut at = 0;
        while at < bytes.len() {
            self.0 = (self.0 ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        self
    }

    pub(crate) const fn finish(self) -> u64 {
        let mut z = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // FNV-1a 64 of "" and "a", then splitmix64's first output for seed 0.
        assert_eq!(StableHash::new().0, 0xcbf2_9ce4_8422_2325);
        assert_eq!(StableHash::new().write(b"a").0, 0xaf63_dc4c_8601_ec8c);
        assert_eq!(StableHash(0).finish(), 0xe220_a839_7b1d_cdaf);
    }
}
