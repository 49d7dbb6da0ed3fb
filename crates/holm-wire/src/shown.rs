//! Texts of somebody else, as they are shown.

use std::fmt::{self, Write as _};

/// Shows a text that a peer may have written on one line: what would begin another, steer a terminal or
/// turn the direction of writing is escaped, so that nobody can forge a line of a log.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a>(pub &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| {
            if is_harmless(c) { f.write_char(c) } else { write!(f, "{}", c.escape_default()) }
        })
    }
}

fn is_harmless(c: char) -> bool {
    // Beside the control characters: separators of lines, and marks of direction.
    !c.is_control()
        && !matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_forge_a_line_is_escaped() {
        let text = "a \"näme\" \\n\r\n\u{1b}[31m\u{85}\u{2028}\u{202e}日本";
        let shown = "a \"näme\" \\n\\r\\n\\u{1b}[31m\\u{85}\\u{2028}\\u{202e}日本";
        assert_eq!(Shown(text).to_string(), shown);
    }
}
