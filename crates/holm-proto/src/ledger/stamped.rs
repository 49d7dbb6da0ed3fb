//! A map whose entries may belong to a session, all of which can be taken at once.

use super::{Stamp, few::FewMap};

/// Entries, and which belong to a session. Taking a session's takes no time for the others.
#[derive(Clone, Debug, Hash)]
pub(super) struct StampedMap<K, V> {
    entries: FewMap<K, Entry<V>>,
    /// The keys that have a stamp, by it. Boxed, since most actors know nobody elsewhere.
    stamped: Option<Box<Index<K>>>,
}

type Index<K> = FewMap<Stamp, FewMap<K, ()>>;

#[derive(Clone, Debug, Hash)]
struct Entry<V> {
    value: V,
    stamp: Option<Stamp>,
}

impl<K, V> Default for StampedMap<K, V> {
    fn default() -> Self {
        Self { entries: FewMap::default(), stamped: None }
    }
}

impl<K: Ord + Clone, V> StampedMap<K, V> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, entry)| (key, &entry.value))
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        self.entries.into_iter().map(|(key, entry)| (key, entry.value))
    }

    /// Adds an entry without a stamp. What was there under this key.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = self.remove(&key);
        self.entries.insert(key, Entry { value, stamp: None });
        old
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let Entry { value, stamp } = self.entries.remove(key)?;
        if let Some(stamp) = stamp {
            self.unindex(key, stamp);
        }
        Some(value)
    }

    /// Stamps an entry, if it is there, in place of the stamp it has.
    pub(super) fn stamp(&mut self, key: &K, stamp: Stamp) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if let Some(old) = entry.stamp.replace(stamp) {
            self.unindex(key, old);
        }
        let index = self.stamped.get_or_insert_default();
        match index.get_mut(&stamp) {
            Some(keys) => {
                keys.insert(key.clone(), ());
            }
            None => {
                let mut keys = FewMap::default();
                keys.insert(key.clone(), ());
                index.insert(stamp, keys);
            }
        }
    }

    /// Takes the entries with this stamp.
    pub(super) fn lose(&mut self, stamp: Stamp) -> Vec<(K, V)> {
        let keys = self.stamped.as_mut().and_then(|index| index.remove(&stamp)).unwrap_or_default();
        let lost = keys
            .into_iter()
            .map(|(key, ())| {
                let entry = self.entries.remove(&key).expect("only what is there is indexed");
                (key, entry.value)
            })
            .collect();
        self.drop_empty_index();
        lost
    }

    fn unindex(&mut self, key: &K, stamp: Stamp) {
        let index = self.stamped.as_mut().expect("a stamp is indexed");
        let keys = index.get_mut(&stamp).expect("a stamp is indexed");
        keys.remove(key);
        if keys.is_empty() {
            index.remove(&stamp);
        }
        self.drop_empty_index();
    }

    fn drop_empty_index(&mut self) {
        if self.stamped.as_ref().is_some_and(|index| index.is_empty()) {
            self.stamped = None;
        }
    }

    /// Checks that entries and index agree.
    pub(super) fn validate(&self) {
        let mut indexed = 0;
        for (stamp, keys) in self.stamped.iter().flat_map(|index| index.iter()) {
            assert!(!keys.is_empty(), "an empty set of keys is kept");
            indexed += keys.len();
            for (key, ()) in keys.iter() {
                let entry = self.entries.get(key).expect("indexed, but not there");
                assert_eq!(entry.stamp, Some(*stamp), "indexed under another stamp");
            }
        }
        let stamped = self.entries.iter().filter(|(_, entry)| entry.stamp.is_some()).count();
        assert_eq!(indexed, stamped, "stamped, but not indexed");
        assert_eq!(self.stamped.is_some(), indexed > 0, "an empty index is kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stamp_counts() {
        let mut map = StampedMap::default();
        for key in 0..20 {
            map.insert(key, ());
            map.stamp(&key, Stamp(1));
            map.stamp(&key, Stamp(key % 2));
            map.validate();
        }
        // New under its key, so without a stamp.
        map.insert(19, ());
        map.stamp(&20, Stamp(1));
        let lost = map.lose(Stamp(1)).into_iter().map(|(key, ())| key);
        assert!(lost.eq((1..19).step_by(2)));
        map.validate();
        assert_eq!(map.len(), 11);
    }
}
