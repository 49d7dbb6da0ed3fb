//! Files with secrets, by their modes.

use std::fs::{Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::SecretFileError;
use crate::unix_dir::is_own_user;

/// Opening a pipe would otherwise wait for its writer.
pub(super) fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    let nonblock = i32::try_from(OFlags::NONBLOCK.bits()).expect("a flag of the system");
    options.custom_flags(nonblock)
}

/// Creates files of mode 0600.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Whether the file is ours alone.
pub(super) fn check_private(file: &Metadata, path: &Path) -> Result<(), SecretFileError> {
    if !is_own_user(file.uid()) {
        return Err(SecretFileError::Foreign { path: path.to_owned(), owner: file.uid() });
    }
    let mode = file.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::Lax { path: path.to_owned(), mode });
    }
    Ok(())
}
