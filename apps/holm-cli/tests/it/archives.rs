//! Zip and jar archives.

use std::fs;
use std::io::{Cursor, Write};

use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::support::{Scratch, json};

const BROKEN: &[u8] = b"class Broken { } // some text to be damaged";

/// An archive of two classes, the text of the second of which is damaged.
fn archive() -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(
        "p/Good.java",
        SimpleFileOptions::default().compression_method(CompressionMethod::Deflated),
    )
    .unwrap();
    zip.write_all(b"package p; class Good { }").unwrap();
    zip.start_file(
        "p/Broken.java",
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored),
    )
    .unwrap();
    zip.write_all(BROKEN).unwrap();
    let mut bytes = zip.finish().unwrap().into_inner();
    let at = bytes.windows(BROKEN.len()).position(|window| window == BROKEN).unwrap();
    bytes[at] = b'k';
    bytes
}

#[test]
fn a_broken_entry_is_skipped() {
    let scratch = Scratch::new();
    for name in ["some.zip", "some.jar"] {
        let path = scratch.path(name);
        fs::write(&path, archive()).unwrap();
        let (document, _) = json(scratch.index(&path).args(["--workers", "2", "--query", "Good"]));
        assert_eq!(document["summary"]["files"], 1);
        let skipped = &document["summary"]["skipped"];
        assert_eq!(skipped[0]["path"], "p/Broken.java");
        let reason = skipped[0]["reason"].as_str().unwrap();
        assert!(reason.starts_with("broken archive entry"), "{reason}");
        assert_eq!(document["results"][0]["container"], "p");
    }
}
