//! The Java files under a folder or in an archive: listed first, then read by as many threads as wanted.

mod archive;
mod folder;

use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use archive::Archive;

/// The largest file that is read; a larger one is skipped and reported. Ten times the largest in the JDK:
/// what lies beyond is generated or no source.
pub const FILE_BYTES_MAX: u64 = 8 << 20;

/// The ending of what is listed, in just this case, as the Java compiler wants it.
const EXTENSION: &str = ".java";

/// A file's position in the sorted listing of its [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A listed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Path below the root, with `/` between the parts.
    pub path: String,
    /// Size as listed, in bytes. The file may have changed since, and an archive may lie.
    pub bytes: u64,
    /// Where an archive keeps it; 0 in a folder.
    entry: usize,
}

/// A file that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skip {
    /// Path below the root, or of the root's part that could not be listed.
    pub path: String,
    /// Why.
    pub reason: SkipReason,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// Why a file is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// Larger than [`FILE_BYTES_MAX`].
    #[error("{bytes} bytes or more, the limit is {limit}")]
    TooLarge {
        /// Its size, as far as it was looked at.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Not UTF-8.
    #[error("not UTF-8")]
    NotUtf8,
    /// The operating system would not give it; with its words.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The archive's entry cannot be unpacked; with the reason.
    #[error("broken archive entry: {0}")]
    BrokenEntry(String),
}

/// Why [`Sources::open`] failed. Nothing was changed anywhere; the path or what lies there is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing is there.
    #[error("{}: no such file or folder", .0.display())]
    Missing(PathBuf),
    /// It holds no `.java` file.
    #[error("{}: no .java files in it", .0.display())]
    NoJava(PathBuf),
    /// It may not be read.
    #[error("{}: cannot be read: {error}", path.display())]
    NotReadable {
        /// The path.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// It is a file, and no archive that can be used.
    #[error("{}: not a folder, and not a usable zip or jar archive: {reason}", path.display())]
    BadArchive {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The `.java` files of one root.
#[derive(Debug)]
pub struct Sources {
    files: Vec<SourceFile>,
    skipped: Vec<Skip>,
    origin: Origin,
}

/// Where the texts come from.
#[derive(Debug)]
enum Origin {
    Folder(PathBuf),
    Archive(Archive),
}

impl Sources {
    /// Lists the `.java` files under a folder, or in a zip or jar archive, sorted by path.
    ///
    /// In a folder hidden and git-ignored files count too, since generated sources often are either; symbolic
    /// links below the root are not followed, so that no file counts twice. Reads directories and sizes, or
    /// the whole archive, but no file.
    ///
    /// # Errors
    /// [`OpenError`]. A part of a folder that cannot be listed is no error: see [`Sources::skipped`].
    ///
    /// # Panics
    /// With more than 2^32 files.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let not_readable = |error| OpenError::NotReadable { path: path.to_owned(), error };
        let kind = match fs::metadata(path) {
            Ok(metadata) => metadata.file_type(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenError::Missing(path.to_owned()));
            }
            Err(error) => return Err(not_readable(error)),
        };
        let (mut files, mut skipped, origin) = if kind.is_dir() {
            // The walk would report this as one more part that cannot be listed.
            fs::read_dir(path).map_err(not_readable)?;
            let (files, skipped) = folder::list(path);
            (files, skipped, Origin::Folder(path.to_owned()))
        } else {
            let archive = Archive::open(path)?;
            (archive.list(), Vec::new(), Origin::Archive(archive))
        };
        if files.is_empty() {
            return Err(OpenError::NoJava(path.to_owned()));
        }
        assert!(u32::try_from(files.len()).is_ok(), "file ids have 32 bits");
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        skipped.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files, skipped, origin })
    }

    /// The files, sorted by path; [`FileId`] is the position here.
    #[must_use]
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// Ids of all files, in order.
    pub fn ids(&self) -> impl ExactSizeIterator<Item = FileId> + use<> {
        // `open` has checked the number.
        (0..self.files.len() as u32).map(FileId)
    }

    /// What could not be listed, sorted by path.
    #[must_use]
    pub fn skipped(&self) -> &[Skip] {
        &self.skipped
    }

    /// Size of all files as listed, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// A reader, one for each thread.
    #[must_use]
    pub fn reader(&self) -> Reader<'_> {
        let origin = match &self.origin {
            Origin::Folder(root) => ReaderOrigin::Folder(root),
            Origin::Archive(archive) => ReaderOrigin::Archive(archive.clone()),
        };
        Reader { sources: self, origin }
    }
}

/// Reads the files of [`Sources`].
#[derive(Debug)]
pub struct Reader<'s> {
    sources: &'s Sources,
    origin: ReaderOrigin<'s>,
}

#[derive(Debug)]
enum ReaderOrigin<'s> {
    Folder(&'s Path),
    Archive(Archive),
}

impl Reader<'_> {
    /// Reads a file into `text`, whose allocation is used again.
    ///
    /// # Errors
    /// [`Skip`], with `text` left empty.
    ///
    /// # Panics
    /// With an id of other sources.
    pub fn read(&mut self, id: FileId, text: &mut String) -> Result<(), Skip> {
        let file = &self.sources.files[id.0 as usize];
        let mut bytes = std::mem::take(text).into_bytes();
        bytes.clear();
        let read = if file.bytes > FILE_BYTES_MAX {
            Err(too_large(file.bytes))
        } else {
            match &mut self.origin {
                ReaderOrigin::Folder(root) => folder::read(&root.join(&file.path), &mut bytes),
                ReaderOrigin::Archive(archive) => archive.read(file.entry, &mut bytes),
            }
        };
        read.and_then(|()| String::from_utf8(bytes).map_err(|_| SkipReason::NotUtf8))
            .map(|read| *text = read)
            .map_err(|reason| Skip { path: file.path.clone(), reason })
    }
}

fn too_large(bytes: u64) -> SkipReason {
    SkipReason::TooLarge { bytes, limit: FILE_BYTES_MAX }
}

/// Reads to the end, but not much beyond the limit, whatever size was announced.
fn read_within_limit(
    source: impl io::Read,
    bytes: &mut Vec<u8>,
    broken: fn(String) -> SkipReason,
) -> Result<(), SkipReason> {
    let mut limited = io::Read::take(source, FILE_BYTES_MAX + 1);
    io::Read::read_to_end(&mut limited, bytes).map_err(|error| broken(error.to_string()))?;
    let size = bytes.len() as u64;
    if size > FILE_BYTES_MAX { Err(too_large(size)) } else { Ok(()) }
}
