//! What a match is worth.

use super::pattern::{Pattern, Tier};
use crate::segment::StringId;

/// Points that separate two tiers; what else counts adds up to less, unless a query has a dozen parts.
const TIER: u32 = 10_000;

/// Points lost for each character of the name beyond the query, up to a limit.
const EXTRA_CHARACTER: u32 = 10;
const EXTRA_CHARACTERS_MAX: u32 = 255;

/// Points lost when a capital of the query meets a small letter.
const CASE: u32 = 1_000;

/// Points for the parts of a container: for the tier of each, and for standing right before the next part.
const CONTAINER_TIER: u32 = 100;
const CONTAINER_ADJACENT: u32 = 200;

/// The score of a name before its case is looked at, with so many characters beyond the query.
pub(crate) fn best(tier: Tier, extra: usize) -> u32 {
    let extra = u32::try_from(extra).unwrap_or(u32::MAX).min(EXTRA_CHARACTERS_MAX);
    // The lowest tier has to pay its losses from something.
    TIER * (tier as u32 + 1) - EXTRA_CHARACTER * extra
}

/// The final score of a name.
pub(crate) fn with_case(score: u32, pattern: &Pattern, written: &str) -> u32 {
    if pattern.agrees_in_case(written) { score } else { score - CASE }
}

/// The score of a container; `None` if it does not match. `tiers` says for each pattern, innermost first, how it
/// matches each part, innermost first.
///
/// Each pattern takes the first part from the inside that it matches.
pub(crate) fn container(
    tiers: impl Iterator<Item = impl Fn(StringId) -> Option<Tier>>,
    mut parts: impl Iterator<Item = StringId>,
) -> Option<u32> {
    let mut score = 0;
    for tier in tiers {
        let mut adjacent = CONTAINER_ADJACENT;
        loop {
            if let Some(tier) = tier(parts.next()?) {
                score += CONTAINER_TIER * tier as u32 + adjacent;
                break;
            }
            adjacent = 0;
        }
    }
    Some(score)
}

/// The score of the best container: also for names that have their container in themselves, so that they are
/// not worse off.
pub(crate) fn container_max(patterns: &[Pattern]) -> u32 {
    // A query text is too short for this to overflow.
    patterns.len() as u32 * (CONTAINER_TIER * Tier::Exact as u32 + CONTAINER_ADJACENT)
}
