//! Rule: no paths of somebody's machine, no notes for later.

use super::finding::Finding;
use super::repo::{Repo, TextFile};

/// Each word in two parts, or this file would break its own rule.
const WORDS: [(&str, &str); 6] = [
    (concat!("/wo", "rk/"), PATH),
    (concat!("/ho", "me/"), PATH),
    (concat!("/ro", "ot/"), PATH),
    (concat!("/tmp/", "target"), PATH),
    (concat!("TO", "DO"), NOTE),
    (concat!("FIX", "ME"), NOTE),
];

const PATH: &str = "a path of one machine; derive it, or make it a parameter";
const NOTE: &str = "a note for later; do it, or open an issue";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    repo.files.iter().filter(|file| is_ours(&file.path)).flat_map(check_file).collect()
}

/// Source trees kept as test input are as their authors wrote them.
fn is_ours(path: &str) -> bool {
    !path.split('/').any(|folder| folder == "fixtures")
}

fn check_file(file: &TextFile) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        for (word, text) in WORDS {
            if contains_word(line, word) {
                found.push(Finding::error(&file.path, number, format!("`{word}` is {text}")));
            }
        }
    }
    found
}

/// Whether `word` starts and, if it ends in a letter, ends as one: a folder within the project is no
/// path of a machine, and `autodoc` holds no note.
fn contains_word(line: &str, word: &str) -> bool {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '~' | '}');
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        let open_end =
            word.starts_with('/') || !after.is_some_and(|c| c.is_alphanumeric() || c == '_');
        !before.is_some_and(joins) && open_end
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::testing;

    #[test]
    fn planted_words_are_found_where_they_stand() {
        for (word, _) in WORDS {
            let text = format!("//! x\nlet a = \"{word}\";\n");
            let found = check(&testing::files(&[("a.rs", text.as_str())]));
            assert_eq!(found.len(), 1, "{word}");
            assert!(found[0].to_string().starts_with("a.rs:2: "), "{}", found[0]);
        }
    }

    #[test]
    fn parts_of_other_words_and_test_input_are_not() {
        let path = WORDS[0].0;
        let note = WORDS[4].0;
        let clean = format!("src{path}a.rs ${{HOME}}{path} {note}S");
        assert_eq!(check(&testing::files(&[("a.md", clean.as_str())])), []);
        assert_eq!(check(&testing::files(&[("x/fixtures/A.java", note)])), []);
    }
}
