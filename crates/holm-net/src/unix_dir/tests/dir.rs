//! Private directories and the sweep.

use std::os::unix::fs::symlink;

use super::*;
use crate::unix_dir::private_dir::NAME_TRIES_MAX;
use crate::unix_dir::{PrivateDir, UnixDirError, sweep};

#[test]
fn a_private_directory_is_ours_alone_and_goes_with_its_content() {
    let parent = tempfile::tempdir().unwrap();
    let first = PrivateDir::create(parent.path(), "holm-").unwrap();
    let second = PrivateDir::create(parent.path(), "holm-").unwrap();
    assert_ne!(first.path(), second.path());
    assert_eq!(mode(first.path()), 0o700);
    fs::create_dir(first.path().join("sub")).unwrap();
    fs::write(first.path().join("sub/file"), "x").unwrap();
    let path = first.path().to_owned();
    drop(first);
    assert!(!path.exists());
    assert!(second.path().exists());
}

#[test]
fn a_parent_where_others_rename_files_is_refused() {
    let parent = tempfile::tempdir().unwrap();
    for lax in [0o777, 0o770, 0o702] {
        set_mode(parent.path(), lax);
        let refused = PrivateDir::create(parent.path(), "holm-").unwrap_err();
        assert!(matches!(refused, UnixDirError::Lax { mode, .. } if mode == lax), "{refused}");
        assert!(matches!(sweep(parent.path(), "holm-"), Err(UnixDirError::Lax { .. })));
        assert_eq!(mode(parent.path()), lax, "never changed");
    }
    for good in [0o1777, 0o755] {
        set_mode(parent.path(), good);
        PrivateDir::create(parent.path(), "holm-").unwrap();
    }
    if give_away(parent.path()) {
        let refused = PrivateDir::create(parent.path(), "holm-").unwrap_err();
        assert!(matches!(refused, UnixDirError::Foreign { owner: STRANGER, .. }), "{refused}");
    }
}

#[test]
fn a_taken_name_is_never_reused() {
    let parent = tempfile::tempdir().unwrap();
    let name = |number| parent.path().join(format!("holm-{}-{number}", std::process::id()));
    // A link and a lax directory, as others could plant them in `/tmp`.
    symlink("/", name(0)).unwrap();
    fs::create_dir(name(1)).unwrap();
    assert_eq!(PrivateDir::create(parent.path(), "holm-").unwrap().path(), name(2));
    for number in 2..NAME_TRIES_MAX {
        fs::write(name(number), "").unwrap();
    }
    let refused = PrivateDir::create(parent.path(), "holm-").unwrap_err();
    assert!(matches!(refused, UnixDirError::NamesTaken { .. }), "{refused}");
}

#[test]
fn a_sweep_takes_dead_directories_of_ours_and_nothing_else() {
    let parent = tempfile::tempdir().unwrap();
    let make = |name: &str, mode| {
        let path = parent.path().join(name);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("content"), "x").unwrap();
        set_mode(&path, mode);
        path
    };
    let dead = [make("holm-1-0", 0o700), make("holm-4194304-17", 0o700)];
    let mut kept = vec![
        make("holm-1-1", 0o755),
        make("holm-1-", 0o700),
        make("holm-notes-2", 0o700),
        make("holm-1-2-old", 0o700),
        make("other-1-0", 0o700),
    ];
    let foreign = make("holm-2-0", 0o700);
    if give_away(&foreign) {
        kept.push(foreign);
    }
    let target = make("target", 0o700);
    symlink(&target, parent.path().join("holm-3-0")).unwrap();
    kept.extend([target, parent.path().join("holm-3-0")]);
    let live = PrivateDir::create(parent.path(), "holm-").unwrap();
    kept.push(live.path().to_owned());

    sweep(parent.path(), "holm-").unwrap();
    for path in dead {
        assert!(!path.exists(), "{path:?} is left");
    }
    for path in kept {
        assert!(path.symlink_metadata().is_ok(), "{path:?} is gone");
    }
    assert_eq!(sweep(parent.path(), "holm-").unwrap(), 0);
}

/// A directory that `create` has returned is never swept, however the two race.
#[test]
fn creating_and_sweeping_at_once_lose_nothing() {
    const ROUNDS: usize = 200;
    let dir = tempfile::tempdir().unwrap();
    let parent = dir.path();
    std::thread::scope(|scope| {
        let creators = [0, 1].map(|_| {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let dir = PrivateDir::create(parent, "holm-").unwrap();
                    fs::write(dir.path().join("file"), "x").unwrap();
                    std::thread::yield_now();
                    assert!(dir.path().join("file").exists());
                }
            })
        });
        scope.spawn(move || {
            while !creators.iter().all(|creator| creator.is_finished()) {
                sweep(parent, "holm-").unwrap();
            }
        });
    });
    sweep(parent, "holm-").unwrap();
    assert_eq!(parent.read_dir().unwrap().count(), 0);
}
