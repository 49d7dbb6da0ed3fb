//! Exact agreement on small texts that are hard to read.

use crate::{ours, tree_sitter_java::TreeSitter};

/// The texts, each after a line of `//// name`.
const SNIPPETS: &str = include_str!("snippets.java.txt");

#[test]
fn tree_sitter_agrees_on_every_snippet() {
    let mut oracle = TreeSitter::new();
    let mut compared = 0;
    for snippet in SNIPPETS.split("//// ").skip(1) {
        let (name, text) = snippet.split_once('\n').unwrap();
        let theirs = oracle
            .declarations(text)
            .unwrap_or_else(|| panic!("{name}: broken in the oracle's eyes"));
        assert!(!theirs.is_empty(), "{name} declares nothing");
        assert_eq!(ours(text), theirs, "{name}");
        compared += 1;
    }
    assert!(compared >= 20, "the snippets got lost: {compared}");
}
