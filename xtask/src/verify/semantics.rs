//! Rule: each sentence of docs/semantics.md names tests, and they exist.

use super::finding::Finding;
use super::repo::Repo;

const PAGE: &str = "docs/semantics.md";

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(page) = repo.file(PAGE) else {
        return vec![Finding::error(PAGE, 1, "there is no such page; write what holds".to_owned())];
    };
    let mut found = Vec::new();
    for (number, line) in page.text.lines().enumerate() {
        let mut names = tests_named(line).peekable();
        if line.starts_with("- ") && names.peek().is_none() {
            let text = "a sentence without a test; name one as `CRATE MODULE::TEST`".to_owned();
            found.push(Finding::error(PAGE, number + 1, text));
        }
        for (crate_name, module, test) in names {
            if !exists(repo, crate_name, module, test) {
                let text = format!(
                    "there is no test {module}::{test} in {crate_name}; name the one there is"
                );
                found.push(Finding::error(PAGE, number + 1, text));
            }
        }
    }
    found
}

/// The tests that a line names, as crate, module and function.
fn tests_named(line: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    line.split('`').skip(1).step_by(2).filter_map(|quoted| {
        let (crate_name, path) = quoted.split_once(' ')?;
        let (module, test) = path.rsplit_once("::")?;
        crate_name.starts_with("holm").then_some((crate_name, module, test))
    })
}

fn exists(repo: &Repo, crate_name: &str, module: &str, test: &str) -> bool {
    let file = format!("/{}.rs", module.replace("::", "/"));
    let function = format!("fn {test}(");
    ["crates", "apps", "tests"].iter().any(|folder| {
        let package = format!("{folder}/{crate_name}/");
        repo.files.iter().any(|found| {
            found.path.starts_with(&package)
                && found.path.ends_with(&file)
                && found.text.contains(&function)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::repo::{TextFile, testing};

    #[test]
    fn a_test_that_is_not_there_and_a_sentence_without_one_are_found() {
        let mut repo = testing::packages(&[]);
        let file =
            |path: &str, text: &str| TextFile { path: path.to_owned(), text: text.to_owned() };
        repo.files.push(file("crates/holm-x/tests/it/a.rs", "fn there() {}"));
        repo.files.push(file(
            PAGE,
            "- One. `holm-x a::there`\n- Two. `holm-x a::gone`\n- Three.\nNot a sentence.",
        ));
        let found: Vec<String> = check(&repo).iter().map(ToString::to_string).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains(":2: ") && found[0].contains("a::gone"), "{found:?}");
        assert!(found[1].contains(":3: "), "{found:?}");
    }
}
