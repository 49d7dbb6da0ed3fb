//! A folder of Java sources to index, and the program run on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A scratch folder: sources in `src`, the program's run folders in `run`.
pub(crate) struct Scratch(TempDir);

impl Scratch {
    /// With no sources yet.
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        for name in ["src", "run"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self(dir)
    }

    /// With [`CLASSES`] classes of a few members.
    pub(crate) fn with_classes() -> Self {
        let scratch = Self::new();
        for class in 0..CLASSES {
            scratch
                .write(&format!("p{}/Thing{class}.java", class % 7), class_text(class).as_bytes());
        }
        scratch
    }

    pub(crate) fn src(&self) -> PathBuf {
        self.0.path().join("src")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file below `src`.
    pub(crate) fn write(&self, path: &str, text: &[u8]) {
        let path = self.src().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `holm index PATH`, with its run folder in this scratch folder.
    pub(crate) fn index(&self, path: &Path) -> Command {
        let mut command = holm();
        command.env("XDG_RUNTIME_DIR", self.path("run")).arg("index").arg(path);
        command
    }

    /// The run folders that are there.
    pub(crate) fn run_dirs(&self) -> Vec<PathBuf> {
        match fs::read_dir(self.path("run/holm")) {
            Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// How many classes [`Scratch::with_classes`] writes: several for each shard of a small tree.
pub(crate) const CLASSES: usize = 60;

fn class_text(class: usize) -> String {
    let methods: String = (0..class % 5)
        .map(|method| {
            format!(
                "    int work{method}(int times, String... words) {{ return times * {class}; }}\n"
            )
        })
        .collect();
    format!(
        "package p{};\n\npublic class Thing{class} extends Object {{\n    Thing{class}() {{ }}\n    /* \u{1f600} */ long total{class};\n{methods}}}\n",
        class % 7
    )
}

/// The program, with nothing of the caller's that changes what it does.
pub(crate) fn holm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
    for variable in
        ["HOLM_LOG", "RUST_LOG", "HOLM_TEST_CRASH", "HOLM_WORKER_TOKEN", "XDG_RUNTIME_DIR"]
    {
        command.env_remove(variable);
    }
    command
}

/// Runs it to its end, and wants this exit code.
#[track_caller]
pub(crate) fn run(command: &mut Command, code: i32) -> Output {
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{command:?} said: {stderr}");
    output
}

/// Runs it with `--json`, and gives the document and the very bytes of its results.
#[track_caller]
pub(crate) fn json(command: &mut Command) -> (Value, String) {
    let output = run(command.arg("--json"), 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text.lines().count(), 1, "one document: {text}");
    let (_, rest) = text.split_once("\"results\":").unwrap();
    let (results, _) = rest.rsplit_once(",\"missing_shards\":").unwrap();
    (document, results.to_owned())
}

/// What it said on standard error.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
