//! A table of bounded size that forgets what was not used for longest.

use std::collections::BTreeMap;

/// Entries by key, at most so many; `V::default()` for a key that is not there.
#[derive(Clone, Debug)]
pub struct Recent<K, V> {
    max: usize,
    entries: BTreeMap<K, (u64, V)>,
    /// Keys by the number of their last use.
    order: BTreeMap<u64, K>,
    uses: u64,
}

impl<K: Ord + Clone, V: Default> Recent<K, V> {
    /// An empty table for `max` entries, or one if that is none.
    pub fn new(max: usize) -> Self {
        Self { max: max.max(1), entries: BTreeMap::new(), order: BTreeMap::new(), uses: 0 }
    }

    /// The entry of `key`, which counts as used now. For a new one in a full table the entry
    /// that was not used for longest is forgotten.
    pub fn entry(&mut self, key: &K) -> &mut V {
        self.uses += 1;
        if let Some((used, _)) = self.entries.get(key) {
            self.order.remove(used);
        } else if self.entries.len() == self.max
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.entries.remove(&oldest);
        }
        self.order.insert(self.uses, key.clone());
        let (used, value) = self.entries.entry(key.clone()).or_default();
        *used = self.uses;
        value
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
