//! Values from text: JSON, and what [`Value`] shows beyond it.

use super::Value;
use crate::body::DEPTH_MAX;
use std::str::FromStr;

/// The text is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: expected {expected}")]
pub struct ParseValueError {
    /// Where, in bytes from the start.
    pub at: usize,
    /// What belongs there.
    pub expected: &'static str,
}

impl FromStr for Value {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, ParseValueError> {
        let mut parser = Parser { text, at: 0, depth_left: DEPTH_MAX };
        let value = parser.value()?;
        if parser.peek().is_some() { parser.expected("the end") } else { Ok(value) }
    }
}

type Result<T, E = ParseValueError> = std::result::Result<T, E>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth_left: u32,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T> {
        Err(ParseValueError { at: self.at, expected })
    }

    /// The next character that is no space.
    fn peek(&mut self) -> Option<char> {
        let trimmed = self.rest().trim_start_matches([' ', '\t', '\r', '\n']);
        self.at = self.text.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn eat(&mut self, char: char) -> bool {
        let eaten = self.peek() == Some(char);
        self.at += if eaten { char.len_utf8() } else { 0 };
        eaten
    }

    fn value(&mut self) -> Result<Value> {
        match self.peek() {
            Some('"') => self.string().map(Value::Str),
            Some('[') => self.nested(Self::list),
            Some('{') => self.nested(Self::map),
            Some('-' | '0'..='9') => self.number(),
            Some(_) => self.word(),
            None => self.expected("a value"),
        }
    }

    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<Value>) -> Result<Value> {
        let Some(left) = self.depth_left.checked_sub(1) else {
            return self.expected("a value that is not nested so deeply");
        };
        self.depth_left = left;
        let value = read(self);
        self.depth_left += 1;
        value
    }

    fn list(&mut self) -> Result<Value> {
        let mut elements = Vec::new();
        self.separated('[', ']', "`,` or `]`", |parser| {
            elements.push(parser.value()?);
            Ok(())
        })?;
        Ok(Value::List(elements))
    }

    fn map(&mut self) -> Result<Value> {
        let mut entries = Vec::new();
        self.separated('{', '}', "`,` or `}`", |parser| {
            let key = parser.value()?;
            if !parser.eat(':') {
                return parser.expected("`:`");
            }
            entries.push((key, parser.value()?));
            Ok(())
        })?;
        Ok(Value::Map(entries))
    }

    fn separated(
        &mut self,
        open: char,
        close: char,
        expected: &'static str,
        mut part: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.eat(open);
        if self.eat(close) {
            return Ok(());
        }
        loop {
            part(self)?;
            if self.eat(close) {
                return Ok(());
            }
            if !self.eat(',') {
                return self.expected(expected);
            }
        }
    }

    /// The longest run of such characters.
    fn run(&self, is_part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        &rest[..rest.find(|char| !is_part(char)).unwrap_or(rest.len())]
    }

    fn word(&mut self) -> Result<Value> {
        let word = self.run(char::is_alphabetic);
        let value = match word {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "NaN" => Value::Float(f64::NAN),
            "inf" => Value::Float(f64::INFINITY),
            _ => return self.expected("a value; text stands in `\"`"),
        };
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<Value> {
        let token = self.run(|char| char.is_ascii_alphanumeric() || "+-.".contains(char));
        let value = if let Some(digits) = token.strip_prefix("0x") {
            hexadecimal(digits).map(Value::Bytes)
        } else if token == "-inf" {
            Some(Value::Float(f64::NEG_INFINITY))
        } else if token.contains(['.', 'e', 'E']) {
            token.parse().ok().filter(|value: &f64| value.is_finite()).map(Value::Float)
        } else {
            token.parse().ok().map(Value::Int)
        };
        let Some(value) = value else { return self.expected("a number, or bytes as `0x00ff`") };
        self.at += token.len();
        Ok(value)
    }

    fn string(&mut self) -> Result<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.run(|char| char != '"' && char != '\\');
            text.push_str(plain);
            self.at += plain.len();
            let mut rest = self.rest().chars();
            match (rest.next(), rest.next()) {
                (Some('"'), _) => {
                    self.at += 1;
                    return Ok(text);
                }
                (Some('\\'), Some(letter)) => text.push(self.escape(letter)?),
                _ => return self.expected("`\"`"),
            }
        }
    }

    fn escape(&mut self, letter: char) -> Result<char> {
        let char = match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.code_point(),
            _ => return self.expected("an escape"),
        };
        self.at += 2;
        Ok(char)
    }

    /// One `\u0041`, or a surrogate pair of them.
    fn code_point(&mut self) -> Result<char> {
        let high = self.code_unit()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            let low = self.code_unit()?;
            if !(0xdc00..0xe000).contains(&low) {
                return self.expected("the other half of a surrogate pair before this");
            }
            0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        match char::from_u32(code) {
            Some(char) => Ok(char),
            None => self.expected("a character before this, not half of one"),
        }
    }

    fn code_unit(&mut self) -> Result<u32> {
        let digits = self.rest().strip_prefix("\\u").and_then(|rest| rest.get(..4));
        let unit = digits
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(unit) = unit else { return self.expected("`\\u` and four hexadecimal digits") };
        self.at += 6;
        Ok(unit)
    }
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let (pairs, odd) = digits.as_bytes().as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    if !odd.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some(value(high)? << 4 | value(low)?)).collect()
}
