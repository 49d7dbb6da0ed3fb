//! Integration tests of the library.
#![allow(clippy::unwrap_used, reason = "tests")]

mod broken_java;
mod engine;
mod java;
mod search;
mod sources;

use holm_index::java::extract;

/// The declarations of a text, one a line: `kind container|signature line:column`.
fn declared(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    extract(text, &mut |declaration| {
        found.push(format!(
            "{} {}|{} {}:{}",
            declaration.kind,
            declaration.container,
            declaration.signature,
            declaration.line,
            declaration.column
        ));
    });
    found
}

/// Kind and name of each declaration.
fn names(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    extract(text, &mut |declaration| {
        found.push(format!("{} {}", declaration.kind, declaration.name));
    });
    found
}
