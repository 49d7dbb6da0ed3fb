//! SPDX licence expressions, as far as Cargo.toml files use them: names, `AND`, `OR`, `WITH`,
//! parentheses, and the old `/` for `OR`.

use std::iter::Peekable;
use std::vec::IntoIter;

/// Whether the expression can be satisfied with allowed licences alone. `allowed` is asked for a
/// name, together with its exception where it has one (`Apache-2.0 WITH LLVM-exception`).
pub(crate) fn holds(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { words: words.into_iter().peekable(), allowed };
    let holds = parser.either()?;
    match parser.words.next() {
        None => Ok(holds),
        Some(word) => Err(format!("unexpected {word:?}")),
    }
}

struct Parser<'a> {
    words: Peekable<IntoIter<&'a str>>,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Parser<'_> {
    /// `a OR b OR ..`, which binds least.
    fn either(&mut self) -> Result<bool, String> {
        let mut holds = self.all()?;
        while self.words.next_if_eq(&"OR").is_some() {
            holds |= self.all()?;
        }
        Ok(holds)
    }

    fn all(&mut self) -> Result<bool, String> {
        let mut holds = self.one()?;
        while self.words.next_if_eq(&"AND").is_some() {
            holds &= self.one()?;
        }
        Ok(holds)
    }

    fn one(&mut self) -> Result<bool, String> {
        match self.words.next() {
            Some("(") => {
                let holds = self.either()?;
                self.words.next_if_eq(&")").ok_or("no closing parenthesis")?;
                Ok(holds)
            }
            None | Some(")" | "AND" | "OR" | "WITH") => Err("a licence is missing".to_owned()),
            Some(name) if self.words.next_if_eq(&"WITH").is_some() => {
                let exception = self.words.next().ok_or("an exception is missing")?;
                Ok((self.allowed)(&format!("{name} WITH {exception}")))
            }
            Some(name) => Ok((self.allowed)(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(expression: &str) -> Result<bool, String> {
        holds(expression, &|name| ["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"].contains(&name))
    }

    #[test]
    fn operators() {
        for expression in [
            "MIT",
            "GPL-3.0 OR MIT",
            "Unlicense/MIT",
            "(MIT OR GPL-2.0) AND ISC",
            "MIT AND ISC OR GPL-2.0",
            "Apache-2.0 WITH LLVM-exception",
        ] {
            assert_eq!(ok(expression), Ok(true), "{expression}");
        }
        for expression in [
            "GPL-3.0",
            "MIT AND GPL-3.0",
            "GPL-2.0 OR MIT AND GPL-3.0",
            "(GPL-2.0 OR MIT) AND BSL-1.0",
            "Apache-2.0",
        ] {
            assert_eq!(ok(expression), Ok(false), "{expression}");
        }
    }

    #[test]
    fn nonsense_is_an_error() {
        for expression in ["", "MIT OR", "AND MIT", "(MIT", "MIT)", "MIT ISC", "MIT WITH"] {
            assert!(ok(expression).is_err(), "{expression}");
        }
    }
}
