//! Java tokens over bytes: whole tokens for the heads of declarations, and a quick skim over code between them.

use memchr::{memchr, memchr2};

use super::keyword::{Landmark, Word, classify, landmark};

/// What a token is. Operators come as single characters, so `>>` closes two type argument lists by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The end of the text.
    End,
    /// An identifier or a reserved word.
    Word(Word),
    /// One punctuation character.
    Punct(u8),
    /// `...`
    Ellipsis,
    /// A number, string, text block or character.
    Literal,
}

/// A token and where it stands in the text, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// What stopped a skim over code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    End,
    /// One of `{ } ( ) ; , <`.
    Punct(u8),
    Word(Landmark),
}

/// What a byte can begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// White space, and operators that no skim stops at.
    Other,
    Word,
    /// A word that may be a landmark, judging by its first letter.
    LandmarkWord,
    Digit,
    Slash,
    Quote,
    Stop,
    Backslash,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'a' | b'c' | b'e' | b'f' | b'i' | b'n' | b'p' | b'r' | b's' | b'v' => {
                Class::LandmarkWord
            }
            // All beyond ASCII counts as a letter: good enough to find names, and no decoding.
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | 0x80..=0xff => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b'/' => Class::Slash,
            b'"' | b'\'' => Class::Quote,
            b'{' | b'}' | b'(' | b')' | b';' | b',' | b'<' => Class::Stop,
            b'\\' => Class::Backslash,
            _ => Class::Other,
        };
        byte += 1;
    }
    table
};

fn class(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

fn continues_word(byte: u8) -> bool {
    matches!(class(byte), Class::Word | Class::LandmarkWord | Class::Digit)
}

/// Reads tokens from a text, from left to right. Cheap to copy, which is how the parser looks ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        Self { bytes, at: if bytes.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 } }
    }

    /// Goes on from a position that an earlier token gave.
    pub(crate) fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The next token; [`TokenKind::End`] for ever after the last.
    pub(crate) fn next_token(&mut self) -> Token {
        self.skip_blank();
        let start = self.at;
        let Some(&byte) = self.bytes.get(start) else {
            return Token { kind: TokenKind::End, start, end: start };
        };
        let kind = match class(byte) {
            Class::Word | Class::LandmarkWord => self.word(),
            Class::Digit => {
                self.at = self.bytes[start..]
                    .iter()
                    .position(|&b| !continues_word(b) && b != b'.')
                    .map_or(self.bytes.len(), |length| start + length);
                TokenKind::Literal
            }
            Class::Quote => {
                self.skip_literal(byte);
                TokenKind::Literal
            }
            Class::Backslash => self.escaped(),
            Class::Other | Class::Slash | Class::Stop
                if self.bytes[start..].starts_with(b"...") =>
            {
                self.at += 3;
                TokenKind::Ellipsis
            }
            Class::Other | Class::Slash | Class::Stop => {
                self.at += 1;
                TokenKind::Punct(byte)
            }
        };
        Token { kind, start, end: self.at }
    }

    /// Runs over code to the next brace, parenthesis, semicolon, comma, `<` or landmark word; says where that
    /// begins.
    pub(crate) fn skim(&mut self) -> (Stop, usize) {
        while let Some(&byte) = self.bytes.get(self.at) {
            let start = self.at;
            match class(byte) {
                Class::Other => self.at += 1,
                Class::Word | Class::Digit => self.skip_word(),
                Class::LandmarkWord => {
                    self.skip_word();
                    if let Some(landmark) = landmark(&self.bytes[start..self.at]) {
                        return (Stop::Word(landmark), start);
                    }
                }
                Class::Slash => {
                    if !self.skip_comment() {
                        self.at += 1;
                    }
                }
                Class::Quote => self.skip_literal(byte),
                Class::Stop => {
                    self.at += 1;
                    return (Stop::Punct(byte), start);
                }
                Class::Backslash => {
                    if let TokenKind::Punct(byte) = self.escaped()
                        && class(byte) == Class::Stop
                    {
                        return (Stop::Punct(byte), start);
                    }
                }
            }
        }
        (Stop::End, self.at)
    }

    fn skip_blank(&mut self) {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0c | 0x1a => self.at += 1,
                b'/' if self.skip_comment() => {}
                _ => return,
            }
        }
    }

    /// Skips a comment if one begins here; an unclosed one runs to the end of the text.
    fn skip_comment(&mut self) -> bool {
        let body = self.at + 2;
        match self.bytes.get(self.at + 1) {
            Some(b'/') => {
                self.at = memchr2(b'\n', b'\r', &self.bytes[body..])
                    .map_or(self.bytes.len(), |n| body + n);
                true
            }
            Some(b'*') => {
                // A slash is rarer in comments than a star.
                let mut from = body;
                loop {
                    let Some(found) = memchr(b'/', &self.bytes[from..]) else {
                        self.at = self.bytes.len();
                        return true;
                    };
                    from += found + 1;
                    if from >= body + 2 && self.bytes[from - 2] == b'*' {
                        self.at = from;
                        return true;
                    }
                }
            }
            _ => false,
        }
    }

    fn skip_word(&mut self) {
        self.at += 1;
        while self.bytes.get(self.at).is_some_and(|&byte| continues_word(byte)) {
            self.at += 1;
        }
    }

    /// A word, which may go on with unicode escapes.
    fn word(&mut self) -> TokenKind {
        let start = self.at;
        self.skip_word();
        let mut plain = true;
        while let Some((character, length)) = self.escape(self.at)
            && is_word_char(character)
        {
            plain = false;
            // One less, since skipping a word takes its first byte for granted.
            self.at += length - 1;
            self.skip_word();
        }
        TokenKind::Word(if plain { classify(&self.bytes[start..self.at]) } else { Word::Name })
    }

    /// A token that begins with a backslash: a unicode escape, or a stray character.
    fn escaped(&mut self) -> TokenKind {
        match self.escape(self.at) {
            Some((character, length)) if is_word_char(character) => {
                self.at += length - 1;
                self.word();
                TokenKind::Word(Word::Name)
            }
            Some((character, length)) => {
                self.at += length;
                TokenKind::Punct(u8::try_from(character).unwrap_or(b'\\'))
            }
            None => {
                self.at += 1;
                TokenKind::Punct(b'\\')
            }
        }
    }

    /// The character that a unicode escape at `at` stands for, and the escape's length in bytes.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        // Asked after every word: nearly always the answer is no.
        if self.bytes.get(at) != Some(&b'\\') {
            return None;
        }
        decode_escape(&self.bytes[at..])
    }

    /// Skips a literal whose opening quote is here. One that is not closed ends with its line.
    fn skip_literal(&mut self, quote: u8) {
        if quote == b'"' && self.opens_text_block() {
            return self.skip_text_block();
        }
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\n' | b'\r' => return,
                b'\\' => {
                    if self.skip_escape(quote) {
                        return;
                    }
                }
                _ => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
    }

    /// Skips an escape inside a literal; true if it was a unicode escape for the closing quote.
    fn skip_escape(&mut self, quote: u8) -> bool {
        match self.escape(self.at) {
            // A backslash written as a unicode escape still escapes what follows.
            Some(('\\', length)) => {
                self.at += length;
                self.at += self.escape(self.at).map_or(1, |(_, length)| length);
                self.at = self.at.min(self.bytes.len());
                false
            }
            Some((character, length)) => {
                self.at += length;
                character == char::from(quote)
            }
            None => {
                self.at += 1;
                if !matches!(self.bytes.get(self.at), Some(b'\n' | b'\r') | None) {
                    self.at += 1;
                }
                false
            }
        }
    }

    /// `"""` opens a text block only when nothing but blanks follows on its line.
    fn opens_text_block(&self) -> bool {
        let Some(rest) = self.bytes[self.at..].strip_prefix(b"\"\"\"") else {
            return false;
        };
        rest.iter()
            .find(|byte| !matches!(byte, b' ' | b'\t' | 0x0c))
            .is_none_or(|byte| matches!(byte, b'\n' | b'\r'))
    }

    fn skip_text_block(&mut self) {
        self.at += 3;
        while let Some(found) = memchr2(b'"', b'\\', &self.bytes[self.at..]) {
            self.at += found;
            if self.bytes[self.at..].starts_with(b"\"\"\"") {
                self.at += 3;
                return;
            }
            self.at =
                (self.at + if self.bytes[self.at] == b'\\' { 2 } else { 1 }).min(self.bytes.len());
        }
        self.at = self.bytes.len();
    }
}

fn is_word_char(character: char) -> bool {
    u8::try_from(character).map_or(true, continues_word)
}

/// Decodes `\uXXXX`, with any number of `u`, at the start of `bytes`.
pub(crate) fn decode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let us = bytes.strip_prefix(b"\\")?.iter().take_while(|&&byte| byte == b'u').count();
    if us == 0 {
        return None;
    }
    let end = us + 5;
    let digits = std::str::from_utf8(bytes.get(us + 1..end)?).ok()?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let unit = u32::from_str_radix(digits, 16).ok()?;
    // Half of a surrogate pair stands for a letter beyond the basic plane.
    Some((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), end))
}
