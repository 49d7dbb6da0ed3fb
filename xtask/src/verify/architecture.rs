//! Rule: docs/architecture.md mentions every crate.

use super::finding::Finding;
use super::repo::Repo;

const PAGE: &str = "docs/architecture.md";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let page = repo.file(PAGE).map_or("", |file| &file.text);
    repo.graph
        .members()
        .filter(|package| !mentions(page, &package.name))
        .map(|package| {
            let text =
                format!("{PAGE} does not mention {}; say there what lives in it", package.name);
            Finding::error(&Repo::manifest(package), 1, text)
        })
        .collect()
}

/// Whether `name` stands in `text` as a whole crate name: `holm` is not mentioned by `holm-wire`.
fn mentions(text: &str, name: &str) -> bool {
    let of_a_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    text.split(|c| !of_a_name(c)).any(|word| word == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::{TextFile, testing};

    #[test]
    fn a_crate_that_is_only_part_of_another_name_is_missing() {
        let mut repo =
            testing::packages(&[("member:holm", "MIT", &[]), ("member:holm-wire", "MIT", &[])]);
        repo.files
            .push(TextFile { path: PAGE.to_owned(), text: "- `holm-wire`: frames".to_owned() });
        let found = check(&repo);
        assert_eq!(found.len(), 1);
        assert!(found[0].to_string().starts_with("crates/holm/Cargo.toml:1: "), "{}", found[0]);
    }
}
