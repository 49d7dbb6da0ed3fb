//! Rules on files: `//!` on line 1, a length people still read; and the count of functions that are
//! too long.

use super::finding::Finding;
use super::repo::{Repo, TextFile};

/// A file this long probably holds two subjects.
const WARN_LINES: usize = 600;
/// No file is longer, except those of [`LONG_FILES`].
const MAX_LINES: usize = 1000;

/// Files above [`MAX_LINES`], each with the reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// How many functions may carry an exception from clippy's 70 lines. It only goes down.
const LONG_FUNCTIONS: usize = 0;

/// In two parts, or this line would count.
const LONG_FUNCTION_LINT: &str = concat!("clippy::", "too_many_lines");

pub(crate) fn check(repo: &Repo) -> Vec<Finding> {
    let rust = || repo.files.iter().filter(|file| file.is_rust());
    let mut found: Vec<Finding> = rust().flat_map(|file| check_file(file, &LONG_FILES)).collect();
    found.extend(check_functions(rust(), LONG_FUNCTIONS));
    found
}

fn check_file(file: &TextFile, listed: &[(&str, &str)]) -> Vec<Finding> {
    let mut found = Vec::new();
    if !file.text.starts_with("//! ") {
        found.push(Finding::error(&file.path, 1, "line 1 must say with `//!` what is in the file"));
    }
    let lines = file.text.lines().count();
    let listed = listed.iter().any(|(path, _reason)| *path == file.path);
    if lines > MAX_LINES && !listed {
        let text = format!("{lines} lines; divide it by subject, {MAX_LINES} is the limit");
        found.push(Finding::error(&file.path, lines, text));
    } else if lines > WARN_LINES && !listed {
        let text = format!("{lines} lines; look for a second subject to move out");
        found.push(Finding::warning(&file.path, lines, text));
    } else if lines <= MAX_LINES && listed {
        found.push(Finding::error(&file.path, 1, "no longer too long; take it off LONG_FILES"));
    }
    found
}

fn check_functions<'a>(files: impl Iterator<Item = &'a TextFile>, allowed: usize) -> Vec<Finding> {
    let sites: Vec<(&TextFile, usize)> = files
        .flat_map(|file| file.lines().map(move |(number, line)| (file, number, line)))
        .filter(|(_, _, line)| line.contains(LONG_FUNCTION_LINT))
        .map(|(file, number, _)| (file, number))
        .collect();
    if sites.len() < allowed {
        let text = format!("{} long functions are left; lower LONG_FUNCTIONS to that", sites.len());
        return vec![Finding::error("xtask/src/verify/size.rs", 1, text)];
    }
    let above = if sites.len() > allowed { sites } else { Vec::new() };
    above
        .into_iter()
        .map(|(file, number)| {
            let text =
                format!("more than {allowed} functions are too long; divide this or another");
            Finding::error(&file.path, number, text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::finding::Level;

    fn file(text: String) -> TextFile {
        TextFile { path: "a.rs".to_owned(), text }
    }

    fn of_lines(lines: usize) -> TextFile {
        file("//! x\n".repeat(lines))
    }

    #[test]
    fn line_1_is_a_module_comment() {
        assert_eq!(check_file(&of_lines(1), &[]), []);
        assert_eq!(check_file(&file("use x;\n".to_owned()), &[]).len(), 1);
        assert_eq!(check_file(&file(String::new()), &[]).len(), 1);
    }

    #[test]
    fn long_files_warn_then_fail_unless_listed() {
        let listed = [("a.rs", "generated")];
        assert_eq!(check_file(&of_lines(WARN_LINES), &[]), []);
        let levels = |lines: usize| -> Vec<Level> {
            let found = check_file(&of_lines(lines), &[]);
            found.iter().map(|finding| finding.level).collect()
        };
        assert_eq!(levels(WARN_LINES + 1), [Level::Warning]);
        assert_eq!(levels(MAX_LINES + 1), [Level::Error]);
        assert_eq!(check_file(&of_lines(MAX_LINES + 1), &listed), []);
        assert_eq!(check_file(&of_lines(MAX_LINES), &listed).len(), 1);
    }

    #[test]
    fn long_functions_only_get_fewer() {
        let file = file(format!("//! x\n#[expect({LONG_FUNCTION_LINT})]\n"));
        assert_eq!(check_functions([&file].into_iter(), 1), []);
        assert!(check_functions([&file].into_iter(), 0)[0].to_string().starts_with("a.rs:2: "));
        assert_eq!(check_functions([&file].into_iter(), 2).len(), 1);
    }
}
