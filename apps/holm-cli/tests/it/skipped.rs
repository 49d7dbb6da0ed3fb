//! Files that cannot be indexed are counted, named, and no reason to stop.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::support::{Scratch, json, run};

/// One more than the most that is read.
const TOO_LARGE: u64 = 8 * 1024 * 1024 + 1;

fn with_bad_files() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("Good.java", b"class Good { }");
    scratch.write("Latin.java", b"class Caf\xe9 { }");
    scratch.write("Large.java", b"class Large { }");
    let large = fs::OpenOptions::new().write(true).open(scratch.src().join("Large.java")).unwrap();
    large.set_len(TOO_LARGE).unwrap();
    scratch
}

#[test]
fn json_lists_them_with_reasons() {
    let scratch = with_bad_files();
    for arrangement in ["--workers=2", "--in-process"] {
        let (document, _) =
            json(scratch.index(&scratch.src()).args([arrangement, "--query", "Good"]));
        assert_eq!(document["summary"]["files"], 1);
        assert_eq!(document["results"].as_array().map(Vec::len), Some(1));
        let expected = json!([
            { "path": "Large.java", "reason": "8388609 bytes or more, the limit is 8388608" },
            { "path": "Latin.java", "reason": "not UTF-8" },
        ]);
        assert_eq!(document["summary"]["skipped"], expected);
    }
}

#[test]
fn people_are_told_how_many_and_may_ask_which() {
    let scratch = with_bad_files();
    let say = |more: &[&str]| {
        let output =
            run(scratch.index(&scratch.src()).args(["--in-process", "--query", "x"]).args(more), 0);
        String::from_utf8(output.stdout).unwrap()
    };
    let brief = say(&[]);
    assert!(brief.contains("2 files skipped (--verbose lists them)"), "{brief}");
    assert!(!brief.contains("Latin.java"), "{brief}");
    let verbose = say(&["--verbose"]);
    assert!(verbose.contains("  Latin.java: not UTF-8\n"), "{verbose}");
}

#[test]
fn a_file_that_may_not_be_read() {
    let scratch = Scratch::new();
    scratch.write("Good.java", b"class Good { }");
    scratch.write("Secret.java", b"class Secret { }");
    let secret = scratch.src().join("Secret.java");
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&secret).is_ok() {
        println!("SKIP a_file_that_may_not_be_read: this user may read everything");
        return;
    }
    let (document, _) = json(scratch.index(&scratch.src()).arg("--in-process"));
    let reason = &document["summary"]["skipped"][0]["reason"];
    assert!(
        reason.as_str().is_some_and(|reason| reason.starts_with("cannot be read")),
        "{document}"
    );
}

#[test]
fn nothing_but_bad_files_is_an_empty_index() {
    let scratch = Scratch::new();
    scratch.write("Latin.java", b"\xff");
    let (document, results) =
        json(scratch.index(&scratch.src()).args(["--workers", "2", "--query", "x"]));
    assert_eq!(results, "[]");
    assert_eq!(document["summary"]["files"], Value::from(0));
}
