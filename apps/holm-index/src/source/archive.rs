//! A zip or jar archive as the origin of source files.

use std::{fs, io::Cursor, path::Path, sync::Arc};

use zip::{ZipArchive, result::ZipError};

use super::{EXTENSION, OpenError, SkipReason, SourceFile, read_within_limit};

/// The largest archive that is read. It is held in memory while it is indexed; the JDK's has 50 MB.
const ARCHIVE_BYTES_MAX: u64 = 1 << 30;

/// An archive in memory. Clones share its bytes and its directory.
#[derive(Clone, Debug)]
pub(super) struct Archive(ZipArchive<Cursor<Bytes>>);

#[derive(Clone)]
struct Bytes(Arc<Vec<u8>>);

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl Archive {
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let not_readable = |error| OpenError::NotReadable { path: path.to_owned(), error };
        let bad = |reason| OpenError::BadArchive { path: path.to_owned(), reason };
        let size = fs::metadata(path).map_err(not_readable)?.len();
        if size > ARCHIVE_BYTES_MAX {
            return Err(bad(format!("{size} bytes, the limit is {ARCHIVE_BYTES_MAX}")));
        }
        let bytes = fs::read(path).map_err(not_readable)?;
        let archive = ZipArchive::new(Cursor::new(Bytes(Arc::new(bytes))))
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self(archive))
    }

    /// Every `.java` file, in no order.
    pub(super) fn list(&self) -> Vec<SourceFile> {
        (0..self.0.len())
            .filter_map(|entry| {
                let data = self.0.by_index_data(entry).ok()?;
                // A name that cannot be decoded is no name of a source file.
                let path = data.name().ok()?;
                path.ends_with(EXTENSION).then(|| SourceFile {
                    path: path.into_owned(),
                    bytes: data.size(),
                    entry,
                })
            })
            .collect()
    }

    pub(super) fn read(&mut self, entry: usize, bytes: &mut Vec<u8>) -> Result<(), SkipReason> {
        let file = self
            .0
            .by_index(entry)
            .map_err(|error: ZipError| SkipReason::BrokenEntry(error.to_string()))?;
        // The caller has checked the size; one that lies only costs an allocation.
        bytes.reserve(usize::try_from(file.size()).unwrap_or(0));
        read_within_limit(file, bytes, SkipReason::BrokenEntry)
    }
}
