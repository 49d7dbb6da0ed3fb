//! Which seeds a check runs: those it is given, or those that the environment asks for.

use std::env::VarError;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::ops::Range;
use std::str::FromStr;

/// The environment variable with one seed that takes the place of all others.
pub const SEED_VARIABLE: &str = "HOLM_SIM_SEED";

/// Beside [`SEED_VARIABLE`]: the positions, with commas between them, of the operations that are
/// left of the seed's plan.
pub const KEEP_VARIABLE: &str = "HOLM_SIM_KEEP";

/// The environment variable with a range of seeds, `0..1000`, that takes the place of all others.
/// Each is run once.
pub const SEEDS_VARIABLE: &str = "HOLM_SIM_SEEDS";

/// What the environment asks for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Choice {
    /// The seeds that the check was given, and new ones.
    Given,
    /// One seed, of whose plan this is kept: all, if it is `None`.
    One { seed: u64, keep: Option<Vec<usize>> },
    /// Many.
    Range(Range<u64>),
}

impl Choice {
    /// # Panics
    /// If a variable says nothing that makes sense.
    pub(crate) fn from_environment() -> Self {
        if let Some(Number(seed)) = variable(SEED_VARIABLE, "a number, or 0x and hex digits") {
            let keep = variable(KEEP_VARIABLE, "positions with commas between them");
            return Self::One { seed, keep: keep.map(|Positions(kept)| kept) };
        }
        let range = variable(SEEDS_VARIABLE, "as 0..1000");
        range.map_or(Self::Given, |Numbers(range)| Self::Range(range))
    }
}

/// A seed that nobody has looked at.
pub(crate) fn new_seed() -> u64 {
    // The standard library's own source of keys for hash maps.
    RandomState::new().build_hasher().finish()
}

struct Number(u64);
struct Numbers(Range<u64>);
struct Positions(Vec<usize>);

fn variable<T: FromStr>(name: &str, form: &str) -> Option<T> {
    match std::env::var(name) {
        Ok(text) => match text.parse() {
            Ok(value) => Some(value),
            Err(_) => panic!("{name} is `{text}`, and should be {form}"),
        },
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => panic!("{name} is no text"),
    }
}

impl FromStr for Number {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16)?,
            None => text.parse()?,
        }))
    }
}

impl FromStr for Numbers {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (start, end) = text.split_once("..").ok_or(())?;
        let number = |text: &str| text.parse().map(|Number(number)| number).map_err(|_| ());
        Ok(Self(number(start)?..number(end)?))
    }
}

impl FromStr for Positions {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_written_as_they_are_printed_or_in_decimal() {
        let parse = |text: &str| text.parse().ok().map(|Number(seed)| seed);
        assert_eq!(parse("0x000000000000001f"), Some(31));
        assert_eq!(parse("31"), Some(31));
        for text in ["", "0x", "-1", "1f", "0x1ffffffffffffffff"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn many_seeds_are_a_range() {
        let parse = |text: &str| text.parse().ok().map(|Numbers(range)| range);
        assert_eq!(parse("5..0x10"), Some(5..16));
        for text in ["", "5", "5..", "..5", "5...6"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn kept_operations_are_positions() {
        let parse = |text: &str| text.parse().ok().map(|Positions(kept)| kept);
        assert_eq!(parse("3,17"), Some(vec![3, 17]));
        assert_eq!(parse(""), Some(vec![]), "none is needed for the failure");
        assert_eq!(parse("3;17"), None);
    }
}
