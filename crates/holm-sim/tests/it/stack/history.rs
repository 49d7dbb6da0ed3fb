//! What a receiver of numbered messages may have got.

use std::collections::BTreeMap;

use super::Entry;

/// Why a history is impossible under rules 1 and 2 of `docs/semantics.md`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A sender's message came where another was due.
    Order { from: u32, due: u32, came: u32 },
    /// A sender's last messages never came.
    Lost { from: u32, due: u32 },
}

/// Checks that `senders` sent `count` messages each and that each came once, in order.
pub(super) fn check(history: &[Entry], senders: &[u32], count: u32) -> Result<(), Fault> {
    let mut due: BTreeMap<u32, u32> = senders.iter().map(|from| (*from, 0)).collect();
    for (from, came, _) in history {
        let due = due.entry(*from).or_default();
        if came != due {
            return Err(Fault::Order { from: *from, due: *due, came: *came });
        }
        *due += 1;
    }
    match due.into_iter().find(|(_, due)| *due != count) {
        Some((from, due)) => Err(Fault::Lost { from, due }),
        None => Ok(()),
    }
}

#[test]
fn wrong_histories_are_told_apart() {
    let entries = |numbers: &[(u32, u32)]| -> Vec<Entry> {
        numbers.iter().map(|(from, number)| (*from, *number, 0)).collect()
    };
    let good = entries(&[(1, 0), (2, 0), (2, 1), (1, 1)]);
    assert_eq!(check(&good, &[1, 2], 2), Ok(()));
    assert_eq!(check(&good, &[1, 2, 3], 2), Err(Fault::Lost { from: 3, due: 0 }));
    assert_eq!(check(&good[..3], &[1, 2], 2), Err(Fault::Lost { from: 1, due: 1 }));
    let swapped = entries(&[(1, 1), (1, 0)]);
    assert_eq!(check(&swapped, &[1], 2), Err(Fault::Order { from: 1, due: 0, came: 1 }));
    let twice = entries(&[(1, 0), (1, 0)]);
    assert_eq!(check(&twice, &[1], 1), Err(Fault::Order { from: 1, due: 1, came: 0 }));
}
