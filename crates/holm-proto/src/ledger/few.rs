//! A sorted map, usually of none or one: a vector while it is small, a tree beyond.

use std::collections::BTreeMap;

/// Most entries kept in a vector; one more moves all to a tree, which stays. A tree's first node
/// has room for 11 entries, which most actors would leave empty; a vector of 8 is as quick.
const FEW_MAX: usize = 8;

/// Iterated in the order of its keys, in either form.
#[derive(Clone, Debug, Hash)]
pub(super) enum FewMap<K, V> {
    /// Sorted by key.
    Few(Vec<(K, V)>),
    #[expect(clippy::box_collection, reason = "without, every map were a word longer")]
    Many(Box<BTreeMap<K, V>>),
}

impl<K, V> Default for FewMap<K, V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl<K: Ord, V> FewMap<K, V> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(entries) => entries.len(),
            Self::Many(tree) => tree.len(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Few(entries) => position(entries, key).ok().map(|at| &entries[at].1),
            Self::Many(tree) => tree.get(key),
        }
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self {
            Self::Few(entries) => position(entries, key).ok().map(|at| &mut entries[at].1),
            Self::Many(tree) => tree.get_mut(key),
        }
    }

    /// What was there under this key.
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let entries = match self {
            Self::Few(entries) => entries,
            Self::Many(tree) => return tree.insert(key, value),
        };
        match position(entries, &key) {
            Ok(at) => return Some(std::mem::replace(&mut entries[at].1, value)),
            Err(at) if entries.len() < FEW_MAX => {
                if entries.is_empty() {
                    // One is usual, and a vector would make room for four.
                    entries.reserve_exact(1);
                }
                entries.insert(at, (key, value));
            }
            Err(_) => {
                let mut tree: BTreeMap<_, _> = std::mem::take(entries).into_iter().collect();
                tree.insert(key, value);
                *self = Self::Many(Box::new(tree));
            }
        }
        None
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        match self {
            Self::Few(entries) => position(entries, key).ok().map(|at| entries.remove(at).1),
            Self::Many(tree) => tree.remove(key),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match self {
            Self::Few(entries) => (entries.as_slice(), None),
            Self::Many(tree) => (&[][..], Some(tree)),
        };
        few.iter().map(|(key, value)| (key, value)).chain(many.into_iter().flat_map(|m| m.iter()))
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = (K, V)> {
        let (few, many) = match self {
            Self::Few(entries) => (entries, None),
            Self::Many(tree) => (Vec::new(), Some(*tree)),
        };
        few.into_iter().chain(many.into_iter().flatten())
    }
}

fn position<K: Ord, V>(entries: &[(K, V)], key: &K) -> Result<usize, usize> {
    entries.binary_search_by(|(at, _)| at.cmp(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_and_large_are_one_map() {
        let mut map = FewMap::default();
        let mut model = BTreeMap::new();
        // 7 is a generator modulo 71: every key comes, in no order, and goes in another.
        let mut key = 1_u32;
        for _ in 0..70 {
            key = key * 7 % 71;
            assert_eq!(map.insert(key, key), model.insert(key, key));
            assert_eq!(map.insert(key, key + 1), model.insert(key, key + 1));
            assert!(map.iter().eq(model.iter()));
            assert_eq!((map.get(&key), map.len()), (model.get(&key), model.len()));
        }
        assert!(matches!(map, FewMap::Many(_)));
        for key in 0..72 {
            assert_eq!(map.get_mut(&key), model.get_mut(&key));
            assert_eq!(map.remove(&key), model.remove(&key));
            assert!(map.clone().into_iter().eq(model.clone()));
        }
        assert!(map.is_empty());
    }

    #[test]
    fn removed_while_small() {
        let mut map = FewMap::default();
        for key in [3, 1, 2] {
            map.insert(key, ());
        }
        assert_eq!(map.remove(&1), Some(()));
        assert_eq!(map.remove(&1), None);
        assert!(map.into_iter().map(|(key, ())| key).eq([2, 3]));
    }

    #[test]
    fn three_words() {
        assert_eq!(size_of::<FewMap<u64, [u64; 9]>>(), 24);
    }
}
