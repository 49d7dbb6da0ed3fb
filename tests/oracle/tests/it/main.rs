//! Holm's Java extractor against tree-sitter-java.
#![allow(clippy::unwrap_used, reason = "tests")]

mod corpus;
mod snippets;
mod tree_sitter_java;

use holm_index::{Kind, java::extract};

/// A declaration as far as both sides can be compared: kind, name, line from 0.
type Found = (Kind, String, u32);

/// What Holm finds, sorted.
fn ours(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    extract(text, &mut |declaration| {
        found.push((declaration.kind, declaration.name.to_owned(), declaration.line));
    });
    found.sort_unstable();
    found
}
