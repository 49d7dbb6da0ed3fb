//! Consistent hashing of keys to numbered slots.

/// The slot of a hashed key among `slots` slots: "A Fast, Minimal Memory, Consistent Hash
/// Algorithm" by Lamping and Veach (2014). With one slot more, one key in `slots + 1` moves, to
/// the new slot; no other does.
///
/// # Panics
/// If there are no slots.
pub(crate) fn jump_hash(mut key: u64, slots: usize) -> usize {
    assert!(slots > 0, "a key needs a slot");
    let mut slot = 0;
    let mut next = 0;
    while next < slots as u64 {
        slot = next;
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        let step = (1_u64 << 31) as f64 / ((key >> 33) + 1) as f64;
        next = ((slot + 1) as f64 * step) as u64;
    }
    slot as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation.
    #[test]
    fn it_is_the_published_function() {
        for (key, slots, slot) in [
            (1, 1, 0),
            (42, 57, 43),
            (0xDEAD_10CC, 1, 0),
            (0xDEAD_10CC, 666, 361),
            (256, 1024, 520),
        ] {
            assert_eq!(jump_hash(key, slots), slot, "{key:#x} of {slots}");
        }
    }

    #[test]
    fn a_new_slot_takes_its_share_and_moves_nothing_else() {
        const KEYS: usize = 10_000;
        for slots in [1, 2, 9, 10] {
            let moved = (0..KEYS as u64)
                .map(|key| key.wrapping_mul(0x9E37_79B9_7F4A_7C15))
                .filter(|key| {
                    let (before, after) = (jump_hash(*key, slots), jump_hash(*key, slots + 1));
                    assert!(after == before || after == slots);
                    after != before
                })
                .count();
            let share = KEYS / (slots + 1);
            assert!(moved.abs_diff(share) < share / 5, "{moved} of {KEYS} moved to slot {slots}");
        }
    }
}
