//! The parser: its state, compilation units, and what all its parts share.

mod code;
mod head;
mod member;
mod types;

use std::borrow::Cow;

use super::{
    keyword::Word,
    lexer::{Lexer, Token, TokenKind, decode_escape},
    lines::{Lines, Place},
};
use crate::symbol::{Declaration, Kind, Modifiers};
use code::Delimiter;
use member::Body;

/// Type bodies inside each other that are looked into; the body of a deeper one is passed over. Each level
/// takes a few stack frames, and people stay below ten.
const NESTING_MAX: usize = 128;

/// Bytes of what one place in the text adds to many symbols: a container, a type before several declarators. A
/// longer container leaves out further enclosing names, anything else is cut: otherwise a hostile text would be
/// multiplied in memory. The longest container in the JDK has 150.
const REPEATED_BYTES_MAX: usize = 1024;

/// Reports every declaration of a Java text, in the order of their names in it.
///
/// Any text will do; broken code yields what can be seen.
pub fn extract(text: &str, each: &mut dyn FnMut(Declaration<'_>)) {
    let mut lexer = Lexer::new(text);
    let token = lexer.next_token();
    let mut parser = Parser {
        text,
        lexer,
        token,
        lines: Lines::new(text),
        container: String::new(),
        written: String::new(),
        delimiters: Vec::new(),
        nesting: 0,
        not_generic_before: 0,
        each,
    };
    parser.compilation_unit();
}

struct Parser<'t, 's> {
    text: &'t str,
    lexer: Lexer<'t>,
    /// The token to be looked at next; the lexer stands behind it.
    token: Token,
    lines: Lines<'t>,
    /// Package and names around the current position, joined by dots.
    container: String,
    /// Signatures under construction; used as a stack, each user truncates it to where it began.
    written: String,
    /// What is open in the code being skimmed; used as a stack too.
    delimiters: Vec<Delimiter>,
    nesting: usize,
    /// No `<` before this offset opens type arguments, as an earlier attempt proved.
    not_generic_before: usize,
    each: &'s mut dyn FnMut(Declaration<'_>),
}

impl<'t> Parser<'t, '_> {
    fn compilation_unit(&mut self) {
        while self.token.kind != TokenKind::End {
            if self.is_punct(b'}') {
                self.bump();
            } else {
                self.member(Body::Unit);
            }
        }
    }

    /// `package a.b;`, from the word on. It gives the container of all that follows.
    fn package(&mut self) {
        self.bump();
        let base = self.written.len();
        self.qualified_name();
        self.container.clear();
        self.container.push_str(cut(&self.written[base..]));
        self.written.truncate(base);
        self.end_of_statement();
    }

    /// `import a.b.*;`, from the word on. Stops where the semicolon is missing.
    fn import(&mut self) {
        self.bump();
        loop {
            match self.token.kind {
                TokenKind::Word(Word::Name | Word::Modifier(Modifiers::STATIC))
                | TokenKind::Punct(b'.' | b'*') => {
                    self.bump();
                }
                _ => return self.end_of_statement(),
            }
        }
    }

    /// A module declaration, if one begins here. `module` and `open` are names everywhere else.
    fn module(&mut self) -> bool {
        if !self.is_name("module") && !self.is_name("open") {
            return false;
        }
        let start = self.token;
        let base = self.written.len();
        if self.is_name("open") {
            self.written.push_str("open ");
            self.bump();
        }
        if self.is_name("module") {
            self.written.push_str("module ");
            self.bump();
            let name = self.token;
            let name_start = self.written.len();
            self.qualified_name();
            if self.written.len() > name_start && self.is_punct(b'{') {
                let place = self.lines.locate(name.start);
                (self.each)(Declaration {
                    kind: Kind::Module,
                    name: &self.written[name_start..],
                    container: "",
                    modifiers: Modifiers::NONE,
                    signature: &self.written[base..],
                    line: place.line,
                    column: place.column,
                });
                self.written.truncate(base);
                self.directives();
                return true;
            }
        }
        self.written.truncate(base);
        self.reset(start);
        false
    }

    /// The body of a module, from its `{` on; it declares nothing.
    fn directives(&mut self) {
        loop {
            self.bump();
            match self.token.kind {
                TokenKind::Punct(b'}') => return self.bump(),
                TokenKind::End | TokenKind::Word(Word::Class | Word::Interface | Word::Enum) => {
                    return;
                }
                _ => {}
            }
        }
    }

    /// Writes a name with all that follows it after dots.
    fn qualified_name(&mut self) {
        while self.token.kind == TokenKind::Word(Word::Name) {
            let name = self.name(self.token);
            self.written.push_str(&name);
            self.bump();
            if !self.is_punct(b'.') {
                return;
            }
            self.bump();
            if self.token.kind == TokenKind::Word(Word::Name) {
                self.written.push('.');
            }
        }
    }

    fn end_of_statement(&mut self) {
        if self.is_punct(b';') {
            self.bump();
        }
    }

    fn emit(
        &mut self,
        kind: Kind,
        name: Token,
        place: Place,
        modifiers: Modifiers,
        signature_start: usize,
    ) {
        let name = self.name(name);
        (self.each)(Declaration {
            kind,
            name: &name,
            container: &self.container,
            modifiers,
            signature: &self.written[signature_start..],
            line: place.line,
            column: place.column,
        });
    }

    /// Runs `inside` with `name` added to the container.
    fn within(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        let length = self.container.len();
        if length + 1 + name.len() <= REPEATED_BYTES_MAX {
            if length > 0 {
                self.container.push('.');
            }
            self.container.push_str(name);
        }
        inside(self);
        self.container.truncate(length);
    }

    fn bump(&mut self) {
        self.token = self.lexer.next_token();
    }

    /// The token after the current one.
    fn peek(&self) -> Token {
        let mut lexer = self.lexer;
        lexer.next_token()
    }

    /// Goes back to a token seen before.
    fn reset(&mut self, token: Token) {
        self.token = token;
        self.lexer.seek(token.end);
    }

    fn raw(&self, token: Token) -> &'t str {
        &self.text[token.start..token.end]
    }

    /// A token's text with unicode escapes decoded.
    fn name(&self, token: Token) -> Cow<'t, str> {
        let raw = self.raw(token);
        if !raw.contains('\\') {
            return Cow::Borrowed(raw);
        }
        let mut name = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(next) = rest.chars().next() {
            let (character, length) =
                decode_escape(rest.as_bytes()).unwrap_or_else(|| (next, next.len_utf8()));
            name.push(character);
            rest = &rest[length..];
        }
        Cow::Owned(name)
    }

    fn is_name(&self, name: &str) -> bool {
        self.token.kind == TokenKind::Word(Word::Name) && self.raw(self.token) == name
    }

    fn is_punct(&self, punct: u8) -> bool {
        self.token.kind == TokenKind::Punct(punct)
    }
}

/// What may be repeated of a text.
fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(REPEATED_BYTES_MAX)]
}
