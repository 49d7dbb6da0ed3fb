//! Tests of private directories and sockets.
#![allow(clippy::unwrap_used, reason = "tests")]

mod bind;
mod children;
mod dir;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

/// A user that is not ours, where the tests run as root.
const STRANGER: u32 = 12_345;

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Gives `path` to a stranger; `false`, with the reason printed, where we are not
/// root.
fn give_away(path: &Path) -> bool {
    let given = chown(path, Some(STRANGER), None);
    if let Err(error) = &given {
        println!("skipped: changing the owner needs root: {error}");
    }
    given.is_ok()
}
