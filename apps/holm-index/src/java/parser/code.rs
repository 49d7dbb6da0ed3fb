//! Code between declarations: skimmed for local and anonymous types, and for its end.

use super::{NESTING_MAX, Parser, member::Body};
use crate::java::{
    keyword::{Landmark, Word},
    lexer::{Stop, Token, TokenKind},
};

/// What is open in the code being skimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delimiter {
    Brace,
    Parenthesis,
    /// The arguments of `new T(..)`, with the name of `T`: a brace after them opens an anonymous class.
    New(Token),
}

/// What ends a piece of code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Its closing brace, which is taken.
    Brace,
    /// Its closing parenthesis, which is taken.
    Parenthesis,
    /// A comma or semicolon, which is left.
    Declarator,
}

impl Parser<'_, '_> {
    /// A block, from its `{` on.
    pub(super) fn block(&mut self) {
        self.code(Ending::Brace);
    }

    /// What is left of a body, up to and with its closing brace.
    pub(super) fn code_until_closed(&mut self) {
        self.lexer.seek(self.token.start);
        self.code(Ending::Brace);
    }

    /// The arguments of an enum constant, from their `(` on.
    pub(super) fn arguments(&mut self) {
        self.code(Ending::Parenthesis);
    }

    /// The value of a field or annotation element, after the current token.
    pub(super) fn expression(&mut self) {
        self.code(Ending::Declarator);
    }

    /// Skims the code after the current token; afterwards the current token is the first one behind it.
    ///
    /// Where a delimiter is missing the code ends before a word that only members begin with.
    fn code(&mut self, ending: Ending) {
        let base = self.delimiters.len();
        let mut braces = 0_usize;
        loop {
            let (stop, start) = self.lexer.skim();
            let ends_before = match stop {
                Stop::End => true,
                Stop::Punct(b'{') => {
                    self.delimiters.push(Delimiter::Brace);
                    braces += 1;
                    false
                }
                Stop::Punct(b'(') => {
                    self.delimiters.push(Delimiter::Parenthesis);
                    false
                }
                Stop::Punct(b')') if self.delimiters.len() == base => match ending {
                    Ending::Brace => false,
                    Ending::Parenthesis => break,
                    Ending::Declarator => true,
                },
                Stop::Punct(b')') => {
                    self.close_parenthesis();
                    false
                }
                Stop::Punct(b'}') if braces == 0 => {
                    if ending == Ending::Brace {
                        break;
                    }
                    true
                }
                Stop::Punct(b'}') => {
                    // Takes unclosed parentheses with it.
                    while self.delimiters.pop() != Some(Delimiter::Brace) {}
                    braces -= 1;
                    false
                }
                Stop::Punct(b';') => braces == 0 && ending != Ending::Brace,
                Stop::Punct(punct)
                    if ending == Ending::Declarator && self.delimiters.len() == base =>
                {
                    if punct == b'<' {
                        self.skip_type_arguments(start);
                    }
                    punct == b','
                }
                Stop::Punct(_) => false,
                Stop::Word(landmark) => {
                    self.nesting < NESTING_MAX && self.landmark(landmark, start)
                }
            };
            if ends_before {
                self.lexer.seek(start);
                break;
            }
        }
        self.delimiters.truncate(base);
        self.bump();
    }

    /// Looks closer at a word; true if the code must have ended before it.
    fn landmark(&mut self, landmark: Landmark, start: usize) -> bool {
        match landmark {
            Landmark::MemberModifier => return true,
            Landmark::Void => {
                self.bump();
                if self.token.kind == TokenKind::Word(Word::Name)
                    && self.peek().kind == TokenKind::Punct(b'(')
                {
                    return true;
                }
            }
            Landmark::New => self.creation(),
            Landmark::Type | Landmark::LocalModifier => {
                self.lexer.seek(start);
                self.bump();
                let modifiers = self.modifiers();
                if !self.type_declaration(modifiers) && self.token.start == start {
                    self.bump();
                }
            }
        }
        self.lexer.seek(self.token.start);
        false
    }

    /// What follows `new`, up to and with the parenthesis of its arguments.
    fn creation(&mut self) {
        self.bump();
        let base = self.written.len();
        self.annotations();
        if self.is_punct(b'<') {
            self.type_arguments();
        }
        let mut name = None;
        while self.token.kind == TokenKind::Word(Word::Name) {
            name = Some(self.token);
            self.bump();
            if self.is_punct(b'<') {
                self.type_arguments();
            }
            if !self.is_punct(b'.') {
                break;
            }
            self.bump();
            self.annotations();
        }
        self.written.truncate(base);
        if let Some(name) = name
            && self.is_punct(b'(')
        {
            self.delimiters.push(Delimiter::New(name));
            self.bump();
        }
    }

    /// Closes the innermost parenthesis; a stray `)` inside braces closes nothing.
    fn close_parenthesis(&mut self) {
        match self.delimiters.last() {
            Some(Delimiter::Parenthesis) => {
                self.delimiters.pop();
            }
            Some(&Delimiter::New(name)) => {
                self.delimiters.pop();
                self.bump();
                if self.is_punct(b'{') {
                    self.bump();
                    let container = format!("<{}>", self.name(name));
                    self.within(&container, |parser| parser.members(Body::Type(None)));
                }
                self.lexer.seek(self.token.start);
            }
            Some(Delimiter::Brace) | None => {}
        }
    }

    /// Skips type arguments at `start`, if that is what the `<` there opens: their commas separate no
    /// declarators. A failed attempt is not repeated for what it has seen, so that all attempts together
    /// take linear time.
    fn skip_type_arguments(&mut self, start: usize) {
        if start < self.not_generic_before {
            return;
        }
        let base = self.written.len();
        self.lexer.seek(start);
        self.bump();
        if self.type_arguments() {
            self.lexer.seek(self.token.start);
        } else {
            self.not_generic_before = self.token.start;
            self.lexer.seek(start + 1);
        }
        self.written.truncate(base);
    }
}
