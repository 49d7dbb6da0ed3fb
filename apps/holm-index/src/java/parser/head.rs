//! Parameter lists, record heads and the heads of types.

use super::Parser;
use crate::{
    java::{keyword::Word, lexer::TokenKind},
    symbol::{Kind, Modifiers},
};

impl Parser<'_, '_> {
    /// Writes a parameter list, from its `(` on, leaving out annotations, `final` and a receiver (`Foo this`).
    /// Where the closing parenthesis is missing it ends before whatever cannot be in it.
    pub(super) fn parameters(&mut self) {
        self.written.push('(');
        self.bump();
        let mut parameter_start = self.written.len();
        let mut depth = 0_usize;
        loop {
            match self.token.kind {
                TokenKind::Punct(b'@') => {
                    self.annotation();
                    continue;
                }
                TokenKind::Word(Word::Modifier(Modifiers::FINAL)) => {}
                TokenKind::Word(Word::This) => {
                    self.written.truncate(parameter_start);
                    if self.peek().kind == TokenKind::Punct(b',') {
                        self.bump();
                    }
                }
                TokenKind::Punct(b',') if depth == 0 => {
                    self.written.push_str(", ");
                    parameter_start = self.written.len();
                }
                TokenKind::Word(Word::Name | Word::Primitive | Word::Bound)
                | TokenKind::Ellipsis
                | TokenKind::Punct(b'<' | b'>' | b',' | b'.' | b'?' | b'&' | b'[' | b']') => {
                    match self.token.kind {
                        TokenKind::Punct(b'<') => depth += 1,
                        TokenKind::Punct(b'>') => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    self.write(self.token);
                    if self.token.kind == TokenKind::Ellipsis {
                        self.written.push(' ');
                    }
                }
                TokenKind::Punct(b')') => {
                    self.bump();
                    break;
                }
                _ => break,
            }
            self.bump();
        }
        self.written.push(')');
    }

    /// Reports the components of a record, from the `(` of its head on.
    pub(super) fn components(&mut self) {
        let base = self.written.len();
        loop {
            self.bump();
            self.modifiers();
            if !self.type_name() {
                break;
            }
            self.annotations();
            if self.token.kind == TokenKind::Ellipsis {
                self.written.push_str("...");
                self.bump();
            }
            let name = self.token;
            if name.kind != TokenKind::Word(Word::Name) {
                break;
            }
            let place = self.lines.locate(name.start);
            self.bump();
            self.dimensions();
            let signature = self.typed_signature(base, &self.name(name));
            self.emit(Kind::RecordComponent, name, place, Modifiers::NONE, signature);
            self.written.truncate(base);
            if !self.is_punct(b',') {
                break;
            }
        }
        self.written.truncate(base);
    }

    /// Writes `name: type`, the type being what was written from `type_start` on; returns where it begins.
    pub(super) fn typed_signature(&mut self, type_start: usize, name: &str) -> usize {
        let start = self.written.len();
        self.written.push_str(name);
        self.written.push_str(": ");
        self.written.extend_from_within(type_start..start);
        start
    }

    /// Writes what follows the name in the head of a type (type parameters, `extends`, `implements`,
    /// `permits`) up to its body, or to what cannot be in a head.
    pub(super) fn supertypes(&mut self) {
        loop {
            match self.token.kind {
                TokenKind::Punct(b'@') if self.peek().kind != TokenKind::Word(Word::Interface) => {
                    self.annotation();
                }
                TokenKind::Punct(b'<') => {
                    self.type_arguments();
                }
                TokenKind::Punct(b',') => {
                    self.written.push_str(", ");
                    self.bump();
                }
                TokenKind::Word(Word::Name | Word::Bound | Word::Implements)
                | TokenKind::Punct(b'.') => {
                    self.write(self.token);
                    self.bump();
                }
                _ => return,
            }
        }
    }
}
