//! The serial table: serials are unique, stale ones find nothing, slots come back.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex},
    thread,
};

use holm_cell::{Serial, SerialTable};
use proptest::prelude::*;

#[test]
fn a_removed_serial_stays_dead() {
    let table = SerialTable::new();
    let first = table.reserve().unwrap().fill("a");
    assert_eq!(first.as_u64(), 1);
    assert_eq!(table.get(first), Some("a"));
    assert_eq!(table.remove(first), Some("a"));
    let second = table.reserve().unwrap().fill("b");
    assert_eq!(second.as_u64(), 1 << 32 | 1);
    assert_eq!((table.get(first), table.remove(first)), (None, None));
    assert_eq!(table.get(second), Some("b"));
    assert_eq!(table.len(), 1);
}

#[test]
fn strange_serials_find_nothing() {
    let table = SerialTable::new();
    table.reserve().unwrap().fill(1);
    assert_eq!((Serial::new(0), Serial::new(7 << 32)), (None, None));
    for number in [2, u64::from(u32::MAX), u64::MAX, 1 << 32 | 1, 1000] {
        let serial = Serial::new(number).unwrap();
        assert_eq!((table.get(serial), table.remove(serial)), (None, None), "{serial}");
    }
}

#[test]
fn a_vacant_place_is_hidden_and_given_back() {
    let table = SerialTable::new();
    let vacant = table.reserve().unwrap();
    let serial = vacant.serial();
    assert_eq!((table.get(serial), table.len()), (None, 1));
    drop(vacant);
    assert_eq!(table.len(), 0);
    let next = table.reserve().unwrap();
    assert_ne!(next.serial(), serial, "somebody may have seen it");
    let next = next.fill('x');
    assert_eq!((table.get(serial), table.get(next)), (None, Some('x')));
}

proptest! {
    #[test]
    fn behaves_like_a_map(steps in prop::collection::vec(any::<u16>(), 1..1000)) {
        let table = SerialTable::new();
        let mut map = BTreeMap::new();
        let mut live = Vec::new();
        let mut dead = Vec::new();
        for step in steps {
            if step % 3 > 0 || live.is_empty() {
                let vacant = table.reserve().unwrap();
                let serial = vacant.serial();
                prop_assert!(!map.contains_key(&serial) && !dead.contains(&serial));
                if step % 16 == 0 {
                    dead.push(serial);
                } else {
                    map.insert(vacant.fill(step), step);
                    live.push(serial);
                }
            } else {
                let serial = live.swap_remove(usize::from(step) % live.len());
                prop_assert_eq!(table.remove(serial), map.remove(&serial));
                dead.push(serial);
            }
        }
        prop_assert_eq!(table.len(), map.len());
        for (serial, value) in &map {
            prop_assert_eq!(table.get(*serial), Some(*value));
        }
        for serial in dead {
            prop_assert_eq!(table.get(serial), None);
        }
        prop_assert_eq!(table.snapshot().into_iter().collect::<BTreeMap<_, _>>(), map);
    }
}

#[test]
fn threads_share_it() {
    let table = Arc::new(SerialTable::new());
    let all = Arc::new(Mutex::new(HashSet::new()));
    let threads: Vec<_> = (0..4u64)
        .map(|owner| {
            let (table, all) = (table.clone(), all.clone());
            thread::spawn(move || {
                let mut mine = Vec::new();
                let mut seen = Vec::new();
                for n in 0..20_000 {
                    let serial = table.reserve().unwrap().fill((owner, n));
                    seen.push(serial);
                    mine.push((serial, n));
                    if n % 4 != 0 {
                        let (serial, n) = mine.swap_remove(mine.len() / 2);
                        assert_eq!(table.remove(serial), Some((owner, n)));
                        assert_eq!(table.get(serial), None);
                    }
                }
                for (serial, n) in &mine {
                    assert_eq!(table.get(*serial), Some((owner, *n)));
                }
                all.lock().unwrap().extend(seen);
                mine.len()
            })
        })
        .collect();
    let left: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!((table.len(), table.snapshot().len()), (left, left));
    assert_eq!(all.lock().unwrap().len(), 80_000, "no serial twice");
}
