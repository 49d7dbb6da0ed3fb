//! Listing and reading source files, and splitting them into shards.

use std::{
    collections::BTreeSet,
    fs,
    io::{Cursor, Write as _},
    num::NonZeroU32,
    path::Path,
};

use holm_index::{FileId, OpenError, SkipReason, Sources, source::FILE_BYTES_MAX, split};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

fn write(root: &Path, path: &str, text: impl AsRef<[u8]>) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (index, (path, text)) in entries.iter().enumerate() {
        let method =
            if index % 2 == 0 { CompressionMethod::Deflated } else { CompressionMethod::Stored };
        writer.start_file(*path, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(text).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn paths(sources: &Sources) -> Vec<&str> {
    sources.files().iter().map(|file| file.path.as_str()).collect()
}

fn read_all(sources: &Sources) -> Vec<Result<String, SkipReason>> {
    let mut reader = sources.reader();
    let read = |id| {
        // A buffer with something in it, as from the file before.
        let mut text = String::from("left over");
        reader.read(id, &mut text).map(|()| text).map_err(|skip| skip.reason)
    };
    sources.ids().map(read).collect()
}

#[test]
fn a_folder_and_an_archive_of_it_are_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let entries: [(&str, &[u8]); 5] = [
        ("b/B.java", b"class B {}"),
        ("a/z/C.java", "class Ü {}".as_bytes()),
        ("a.java", b""),
        ("a/bad.java", b"class \xff {}"),
        ("README.md", b"no"),
    ];
    for (path, text) in entries {
        write(folder.path(), path, text);
    }
    write(folder.path(), "sources.jar", zip(&entries));
    for path in [folder.path().to_owned(), folder.path().join("sources.jar")] {
        let sources = Sources::open(&path).unwrap();
        assert_eq!(paths(&sources), ["a.java", "a/bad.java", "a/z/C.java", "b/B.java"]);
        assert_eq!(sources.bytes(), 10 + 11 + 10);
        assert_eq!(
            read_all(&sources),
            [
                Ok(String::new()),
                Err(SkipReason::NotUtf8),
                Ok("class Ü {}".to_owned()),
                Ok("class B {}".to_owned())
            ]
        );
        assert!(sources.skipped().is_empty());
    }
}

#[test]
fn hidden_and_ignored_files_count_and_links_do_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), ".git/HEAD", "");
    write(folder.path(), ".gitignore", "target/\n");
    write(folder.path(), "target/Generated.java", "");
    write(folder.path(), ".hidden/H.java", "");
    write(folder.path(), "folder.java/Inside.java", "");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path().join(".hidden"), folder.path().join("link"))
            .unwrap();
        std::os::unix::fs::symlink(
            folder.path().join(".hidden/H.java"),
            folder.path().join("Link.java"),
        )
        .unwrap();
    }
    let expected = [".hidden/H.java", "folder.java/Inside.java", "target/Generated.java"];
    assert_eq!(paths(&Sources::open(folder.path()).unwrap()), expected);
    #[cfg(unix)]
    {
        let outside = tempfile::tempdir().unwrap();
        let root = outside.path().join("root");
        std::os::unix::fs::symlink(folder.path(), &root).unwrap();
        assert_eq!(paths(&Sources::open(root).unwrap()), expected, "the root itself may be a link");
    }
}

#[test]
fn what_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let open = |path: &str| Sources::open(folder.path().join(path)).unwrap_err();
    assert!(matches!(open("missing"), OpenError::Missing(_)));
    assert!(matches!(open(""), OpenError::NoJava(_)));
    write(folder.path(), "empty.zip", zip(&[("a.txt", b"")]));
    assert!(matches!(open("empty.zip"), OpenError::NoJava(_)));
    write(folder.path(), "text.zip", "not a zip");
    let error = open("text.zip");
    assert!(matches!(error, OpenError::BadArchive { .. }));
    assert!(!error.to_string().contains('\n'));
}

#[test]
fn large_files_are_skipped_and_a_lying_archive_is_not_believed() {
    let limit = FILE_BYTES_MAX as usize;
    let folder = tempfile::tempdir().unwrap();
    let (fits, large) = (vec![b' '; limit], vec![b' '; limit + 1]);
    write(folder.path(), "in/Fits.java", &fits);
    write(folder.path(), "in/Large.java", &large);
    let mut archive = zip(&[("Fits.java", &fits), ("Large.java", &large)]);
    write(folder.path(), "honest.zip", &archive);
    // The size stands in the local header and in the directory: make both claim 5 bytes.
    let claimed = u32::try_from(large.len()).unwrap().to_le_bytes();
    let places: Vec<usize> =
        (0..archive.len() - 4).filter(|&at| archive[at..at + 4] == claimed).collect();
    for at in places {
        archive[at..at + 4].copy_from_slice(&5_u32.to_le_bytes());
    }
    write(folder.path(), "lying.zip", &archive);
    for path in ["in", "honest.zip"] {
        let read = read_all(&Sources::open(folder.path().join(path)).unwrap());
        assert_eq!(read[0].as_ref().unwrap().len(), limit);
        assert_eq!(
            read[1],
            Err(SkipReason::TooLarge { bytes: FILE_BYTES_MAX + 1, limit: FILE_BYTES_MAX }),
            "{path}"
        );
    }
    let lying = Sources::open(folder.path().join("lying.zip")).unwrap();
    assert_eq!(lying.files()[1].bytes, 5);
    assert!(read_all(&lying)[1].is_err());
}

#[test]
fn a_broken_entry_spoils_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<u8> =
        (0..1000_u32).flat_map(|n| format!("class C{n} {{}}").into_bytes()).collect();
    let mut archive = zip(&[("A.java", &text), ("B.java", b"class B {}"), ("C.java", &text)]);
    archive[200..260].fill(0);
    write(folder.path(), "broken.zip", archive);
    let read = read_all(&Sources::open(folder.path().join("broken.zip")).unwrap());
    assert!(matches!(read[0], Err(SkipReason::BrokenEntry(_))), "{:?}", read[0]);
    assert_eq!(read[1].as_deref(), Ok("class B {}"));
    assert_eq!(read[2].as_ref().unwrap().len(), text.len());
}

#[test]
fn a_file_that_vanishes_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "A.java", "class A {}");
    let sources = Sources::open(folder.path()).unwrap();
    fs::remove_file(folder.path().join("A.java")).unwrap();
    assert!(matches!(read_all(&sources)[..], [Err(SkipReason::Unreadable(_))]));
}

#[test]
fn shards_are_even_complete_and_stable() {
    let folder = tempfile::tempdir().unwrap();
    for n in 0..100_usize {
        write(folder.path(), &format!("F{n}.java"), vec![b' '; n * n]);
    }
    let sources = Sources::open(folder.path()).unwrap();
    for shards in [1, 2, 7, 200] {
        let shards = NonZeroU32::new(shards).unwrap();
        let parts = split(&sources, shards);
        assert_eq!(parts, split(&Sources::open(folder.path()).unwrap(), shards));
        assert!(parts.iter().map(|(id, _)| id.0).eq(0..shards.get()));
        let all: Vec<FileId> = parts.iter().flat_map(|(_, files)| files.clone()).collect();
        assert_eq!(all.len(), 100);
        assert!(all.iter().copied().collect::<BTreeSet<_>>().into_iter().eq(sources.ids()));
        assert!(parts.iter().all(|(_, files)| files.is_sorted()));
        let size = |files: &Vec<FileId>| {
            files.iter().map(|id| sources.files()[id.0 as usize].bytes).sum::<u64>()
        };
        let sizes: Vec<u64> = parts.iter().map(|(_, files)| size(files)).collect();
        assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 99 * 99, "{sizes:?}");
    }
}
