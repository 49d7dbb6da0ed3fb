//! Fields as `tag | length | bytes`, tags ascending, unknown ones skipped.

use crate::{
    cursor::{Cursor, Malformed, malformed, put_slice},
    varint,
};

/// Appends one field.
pub(crate) fn put_field(tag: u64, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    varint::encode(tag, out);
    let mut value = Vec::new();
    write(&mut value);
    put_slice(&value, out);
}

/// The fields of a payload, in their order.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    cursor: Cursor<'a>,
    last: Option<u64>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(cursor: Cursor<'a>) -> Self {
        Self { cursor, last: None }
    }

    /// The next field: its tag and its bytes.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Cursor<'a>)>, Malformed> {
        if self.cursor.rest().is_empty() {
            return Ok(None);
        }
        let tag = self.cursor.varint("tag")?;
        if self.last.is_some_and(|last| last >= tag) {
            return Err(malformed("tag", "is repeated or out of order"));
        }
        self.last = Some(tag);
        let value = self.cursor.slice("field", usize::MAX)?;
        Ok(Some((tag, Cursor::new(value))))
    }
}
