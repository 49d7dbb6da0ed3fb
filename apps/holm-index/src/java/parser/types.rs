//! Types, annotations and modifiers, written out in one normal form.

use super::Parser;
use crate::{
    java::{
        keyword::Word,
        lexer::{Token, TokenKind},
    },
    symbol::Modifiers,
};

impl Parser<'_, '_> {
    /// Modifiers and annotations as they come. `@interface` is left for the caller.
    pub(super) fn modifiers(&mut self) -> Modifiers {
        let mut modifiers = Modifiers::NONE;
        loop {
            match self.token.kind {
                TokenKind::Word(Word::Modifier(modifier)) => {
                    modifiers = modifiers | modifier;
                    self.bump();
                }
                TokenKind::Punct(b'@') if self.peek().kind != TokenKind::Word(Word::Interface) => {
                    self.annotation();
                }
                TokenKind::Word(Word::Name) => match self.sealing() {
                    Some(sealing) => modifiers = modifiers | sealing,
                    None => return modifiers,
                },
                _ => return modifiers,
            }
        }
    }

    /// `sealed` and `non-sealed`, which are names unless a modifier or a type declaration follows.
    fn sealing(&mut self) -> Option<Modifiers> {
        let start = self.token;
        let modifier = match self.raw(start) {
            "sealed" => Modifiers::SEALED,
            "non" => {
                self.bump();
                if self.is_punct(b'-') {
                    self.bump();
                }
                Modifiers::NON_SEALED
            }
            _ => return None,
        };
        if self.is_name("sealed") {
            self.bump();
            if let TokenKind::Word(Word::Class | Word::Interface | Word::Modifier(_))
            | TokenKind::Punct(b'@') = self.token.kind
            {
                return Some(modifier);
            }
        }
        self.reset(start);
        None
    }

    /// Passes over an annotation, from its `@` on.
    pub(super) fn annotation(&mut self) {
        self.bump();
        while let TokenKind::Word(Word::Name) = self.token.kind {
            self.bump();
            if !self.is_punct(b'.') {
                break;
            }
            self.bump();
        }
        if self.is_punct(b'(') {
            self.annotation_arguments();
        }
    }

    /// Passes over balanced parentheses; what cannot be in an annotation ends them where the closing one is
    /// missing.
    fn annotation_arguments(&mut self) {
        let mut depth = 0_usize;
        let mut after_dot = false;
        loop {
            match self.token.kind {
                TokenKind::Punct(b'(') => depth += 1,
                TokenKind::Punct(b')') => depth -= 1,
                TokenKind::End | TokenKind::Punct(b';') | TokenKind::Word(Word::Modifier(_)) => {
                    return;
                }
                TokenKind::Word(Word::Class) if !after_dot => return,
                _ => {}
            }
            after_dot = self.is_punct(b'.');
            self.bump();
            if depth == 0 {
                return;
            }
        }
    }

    /// Writes a type without its annotations; false, with nothing taken but annotations, if none is here.
    pub(super) fn type_name(&mut self) -> bool {
        self.annotations();
        let TokenKind::Word(Word::Name | Word::Primitive) = self.token.kind else {
            return false;
        };
        // What was written before is not the type's: no space after it.
        self.written.push_str(self.raw(self.token));
        self.bump();
        loop {
            match self.token.kind {
                TokenKind::Punct(b'<') => {
                    self.type_arguments();
                }
                TokenKind::Punct(b'.') => {
                    let dot = self.token;
                    self.bump();
                    self.annotations();
                    if self.token.kind != TokenKind::Word(Word::Name) {
                        self.reset(dot);
                        return true;
                    }
                    self.written.push('.');
                    self.write(self.token);
                    self.bump();
                }
                TokenKind::Punct(b'@') => self.annotation(),
                _ => break,
            }
        }
        self.dimensions();
        true
    }

    /// Writes `[]` for each pair of brackets.
    pub(super) fn dimensions(&mut self) {
        loop {
            self.annotations();
            if !self.is_punct(b'[') {
                return;
            }
            let bracket = self.token;
            self.bump();
            if !self.is_punct(b']') {
                return self.reset(bracket);
            }
            self.bump();
            self.written.push_str("[]");
        }
    }

    pub(super) fn annotations(&mut self) {
        while self.is_punct(b'@') && self.peek().kind != TokenKind::Word(Word::Interface) {
            self.annotation();
        }
    }

    /// Writes type arguments or parameters, from their `<` on; false, standing at what does not belong, if
    /// they do not close.
    pub(super) fn type_arguments(&mut self) -> bool {
        let mut depth = 0_usize;
        loop {
            match self.token.kind {
                TokenKind::Punct(b'<') => depth += 1,
                TokenKind::Punct(b'>') => depth -= 1,
                TokenKind::Punct(b'@') => {
                    self.annotation();
                    continue;
                }
                TokenKind::Word(Word::Name | Word::Primitive | Word::Bound)
                | TokenKind::Punct(b'.' | b',' | b'?' | b'&' | b'[' | b']') => {}
                _ => return false,
            }
            self.write(self.token);
            self.bump();
            if depth == 0 {
                return true;
            }
        }
    }

    /// Writes a token, with a space before it where words would run together or custom asks for one. Type
    /// arguments stay close: `Map<K,V>`.
    pub(super) fn write(&mut self, token: Token) {
        let raw = self.raw(token);
        let word = matches!(token.kind, TokenKind::Word(_));
        let spaced = match self.written.as_bytes().last() {
            None => false,
            Some(b'&') => true,
            Some(b',' | b'<' | b'(' | b'.' | b' ' | b'@') => false,
            Some(_) => word || raw == "&",
        };
        if spaced {
            self.written.push(' ');
        }
        self.written.push_str(raw);
    }
}
