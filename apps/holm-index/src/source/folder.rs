//! A folder as the origin of source files.

use std::{fs, path::Path, sync::Mutex, sync::PoisonError};

use ignore::{WalkBuilder, WalkState};

use super::{EXTENSION, Skip, SkipReason, SourceFile, read_within_limit};

/// Every `.java` file below `root`, and what could not be listed; in no order.
pub(super) fn list(root: &Path) -> (Vec<SourceFile>, Vec<Skip>) {
    let files = Mutex::new(Vec::new());
    let skipped = Mutex::new(Vec::new());
    let walk = WalkBuilder::new(root).standard_filters(false).follow_links(false).build_parallel();
    walk.run(|| {
        Box::new(|entry| {
            match entry
                .map_err(|error| skip(root, &error))
                .and_then(|entry| source_file(root, &entry))
            {
                Ok(None) => {}
                Ok(Some(file)) => files.lock().unwrap_or_else(PoisonError::into_inner).push(file),
                Err(skip) => skipped.lock().unwrap_or_else(PoisonError::into_inner).push(skip),
            }
            WalkState::Continue
        })
    });
    (
        files.into_inner().unwrap_or_else(PoisonError::into_inner),
        skipped.into_inner().unwrap_or_else(PoisonError::into_inner),
    )
}

fn source_file(root: &Path, entry: &ignore::DirEntry) -> Result<Option<SourceFile>, Skip> {
    let is_file = entry.file_type().is_some_and(|kind| kind.is_file());
    if !is_file || !entry.file_name().as_encoded_bytes().ends_with(EXTENSION.as_bytes()) {
        return Ok(None);
    }
    let path = relative(root, entry.path());
    if entry.path().strip_prefix(root).is_ok_and(|below| below.to_str().is_none()) {
        return Err(Skip {
            path,
            reason: SkipReason::Unreadable("its path is not UTF-8".to_owned()),
        });
    }
    match entry.metadata() {
        Ok(metadata) => Ok(Some(SourceFile { path, bytes: metadata.len(), entry: 0 })),
        Err(error) => Err(skip(root, &error)),
    }
}

pub(super) fn read(path: &Path, bytes: &mut Vec<u8>) -> Result<(), SkipReason> {
    let file = fs::File::open(path).map_err(|error| SkipReason::Unreadable(error.to_string()))?;
    read_within_limit(file, bytes, SkipReason::Unreadable)
}

/// The path below the root, with `/` on every platform.
fn relative(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

fn skip(root: &Path, error: &ignore::Error) -> Skip {
    Skip {
        path: failed_path(error).map_or_else(String::new, |path| relative(root, path)),
        reason: SkipReason::Unreadable(
            error.io_error().map_or_else(|| error.to_string(), std::string::ToString::to_string),
        ),
    }
}

fn failed_path(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } => failed_path(err),
        _ => None,
    }
}
