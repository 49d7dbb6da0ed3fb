//! Many small strings in one piece of memory, optionally each of them once.

use std::{hash::BuildHasher as _, ops::Range};

use hashbrown::{DefaultHashBuilder, HashTable};

/// The position of a string in its [`Strings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StringId(u32);

impl StringId {
    /// The id of the string at a position that exists.
    pub(crate) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("no more strings than ids"))
    }

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Strings one after the other.
#[derive(Debug, Default)]
pub(crate) struct Strings {
    text: String,
    ends: Vec<u32>,
}

impl Strings {
    /// Appends a string. Once 4 GiB are full it is cut to nothing, which takes batches made for that.
    pub(crate) fn push(&mut self, string: &str) -> StringId {
        let id = StringId::at(self.ends.len());
        let end = u32::try_from(self.text.len() + string.len());
        if end.is_ok() {
            self.text.push_str(string);
        }
        self.ends.push(end.unwrap_or(self.text.len() as u32));
        id
    }

    pub(crate) fn get(&self, id: StringId) -> &str {
        &self.text[self.range(id)]
    }

    /// A string's bytes: quicker, since nobody looks where its characters end.
    pub(crate) fn bytes(&self, id: StringId) -> &[u8] {
        &self.text.as_bytes()[self.range(id)]
    }

    fn range(&self, id: StringId) -> Range<usize> {
        let start = if id.0 == 0 { 0 } else { self.ends[id.index() - 1] };
        start as usize..self.ends[id.index()] as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The ids of all strings, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = StringId> + use<> {
        (0..self.ends.len()).map(StringId::at)
    }

    pub(crate) fn shrunk(mut self) -> Self {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>()
    }
}

/// Strings of which each is kept once.
#[derive(Default)]
pub(crate) struct Interner {
    strings: Strings,
    table: HashTable<StringId>,
    hasher: DefaultHashBuilder,
}

impl Interner {
    pub(crate) fn intern(&mut self, string: &str) -> StringId {
        let Self { strings, table, hasher } = self;
        let hash = hasher.hash_one(string);
        if let Some(&id) = table.find(hash, |&id| strings.get(id) == string) {
            return id;
        }
        let id = strings.push(string);
        table.insert_unique(hash, id, |&id| hasher.hash_one(strings.get(id)));
        id
    }

    pub(crate) fn strings(&self) -> &Strings {
        &self.strings
    }

    pub(crate) fn into_strings(self) -> Strings {
        self.strings.shrunk()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.strings.memory_bytes() + self.table.allocation_size()
    }
}

impl std::fmt::Debug for Interner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} strings", self.strings.len())
    }
}
