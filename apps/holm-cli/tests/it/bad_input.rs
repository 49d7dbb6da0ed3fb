//! Arguments and paths that are of no use.

use std::fs;

use crate::support::{Scratch, holm, run, stderr};

#[test]
fn a_path_that_is_not_there() {
    let scratch = Scratch::new();
    let said = stderr(&run(&mut scratch.index(&scratch.path("nowhere")), 2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("nowhere: no such file or folder"), "{said}");
}

#[test]
fn a_folder_without_java() {
    let scratch = Scratch::new();
    scratch.write("readme.md", b"nothing");
    let said = stderr(&run(&mut scratch.index(&scratch.src()), 2));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("no .java files"), "{said}");
}

#[test]
fn a_file_that_is_no_archive() {
    let scratch = Scratch::new();
    let path = scratch.path("text.zip");
    fs::write(&path, "no archive").unwrap();
    let said = stderr(&run(&mut scratch.index(&path), 2));
    assert!(said.contains("text.zip: not a folder, and not a usable zip"), "{said}");
}

#[test]
fn numbers_of_workers_have_a_range() {
    let scratch = Scratch::with_classes();
    for workers in ["0", "65", "many"] {
        let said = stderr(&run(scratch.index(&scratch.src()).args(["--workers", workers]), 2));
        assert!(said.contains("1 to 64") && said.contains("--in-process"), "{said}");
    }
    run(scratch.index(&scratch.src()).args(["--limit", "0"]), 2);
}

#[test]
fn help_names_the_exit_codes() {
    let help = String::from_utf8(run(holm().args(["index", "--help"]), 0).stdout).unwrap();
    for line in ["Exit codes:", "\n  2    wrong arguments", "\n  130  ended by Ctrl-C"] {
        assert!(help.contains(line), "{help}");
    }
}

#[test]
fn a_worker_without_a_router_fails() {
    let scratch = Scratch::new();
    let nowhere = format!("unix:{}", scratch.path("none.sock").display());
    let said = stderr(&run(holm().args(["worker", "--connect", &nowhere]), 1));
    assert!(said.contains("the router cannot be reached"), "{said}");
}
