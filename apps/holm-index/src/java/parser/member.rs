//! Members: types, methods, constructors, fields and enum constants.

use super::{NESTING_MAX, Parser, cut};
use crate::{
    java::{keyword::Word, lexer::TokenKind},
    symbol::{Kind, Modifiers},
};

/// What the members being read belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Body<'n> {
    /// A compilation unit. Newer Java allows methods there, and broken code puts anything there.
    Unit,
    /// A type that gives no meaning of its own to its members; with its name, none for an anonymous one.
    Type(Option<&'n str>),
    /// A record: its name, and its parameters for compact constructors.
    Record { name: &'n str, parameters: &'n str },
    /// An annotation type, whose methods are elements.
    Annotation,
}

impl<'n> Body<'n> {
    fn name(self) -> Option<&'n str> {
        match self {
            Self::Unit | Self::Annotation => None,
            Self::Type(name) => name,
            Self::Record { name, .. } => Some(name),
        }
    }
}

impl Parser<'_, '_> {
    /// One member, or a stray token. Always moves on.
    pub(super) fn member(&mut self, body: Body<'_>) {
        let start = self.token.start;
        let base = self.written.len();
        let modifiers = self.modifiers();
        match self.token.kind {
            TokenKind::Punct(b'{') => self.block(),
            TokenKind::Word(Word::Package) => self.package(),
            TokenKind::Word(Word::Import) => self.import(),
            TokenKind::Word(Word::Name | Word::Primitive) | TokenKind::Punct(b'<') => {
                let module = body == Body::Unit && self.module();
                if !module && !self.type_declaration(modifiers) {
                    self.method_or_field(body, modifiers);
                }
            }
            TokenKind::Word(Word::Class | Word::Interface | Word::Enum)
            | TokenKind::Punct(b'@') => {
                self.type_declaration(modifiers);
            }
            // The caller's to close.
            TokenKind::Punct(b'}') => {}
            _ => self.bump(),
        }
        self.written.truncate(base);
        if self.token.start == start && !self.is_punct(b'}') {
            self.bump();
        }
    }

    /// A type declaration, if one begins here; false with nothing taken otherwise.
    pub(super) fn type_declaration(&mut self, modifiers: Modifiers) -> bool {
        let start = self.token;
        let kind = match start.kind {
            TokenKind::Word(Word::Class) => Kind::Class,
            TokenKind::Word(Word::Interface) => Kind::Interface,
            TokenKind::Word(Word::Enum) => Kind::Enum,
            TokenKind::Word(Word::Name) if self.raw(start) == "record" => Kind::Record,
            TokenKind::Punct(b'@') if self.peek().kind == TokenKind::Word(Word::Interface) => {
                self.bump();
                Kind::Annotation
            }
            _ => return false,
        };
        self.bump();
        let name = self.token;
        let follows = self.peek().kind;
        let named = name.kind == TokenKind::Word(Word::Name);
        let headed = kind != Kind::Record || matches!(follows, TokenKind::Punct(b'(' | b'<'));
        if named && headed {
            self.named_type(kind, modifiers);
            return true;
        }
        self.reset(start);
        false
    }

    /// A type from its name on.
    fn named_type(&mut self, kind: Kind, modifiers: Modifiers) {
        let token = self.token;
        let place = self.lines.locate(token.start);
        let name = self.name(token);
        let base = self.written.len();
        self.written.push_str(if kind == Kind::Annotation { "@interface" } else { kind.name() });
        self.written.push(' ');
        self.written.push_str(&name);
        self.bump();
        let mut components = None;
        let mut parameters = String::new();
        if kind == Kind::Record {
            if self.is_punct(b'<') {
                self.type_arguments();
            }
            if self.is_punct(b'(') {
                components = Some(self.token);
                let from = self.written.len();
                self.parameters();
                cut(&self.written[from..]).clone_into(&mut parameters);
            }
        }
        self.supertypes();
        self.emit(kind, token, place, modifiers, base);
        self.written.truncate(base);
        let body = match kind {
            Kind::Record => Body::Record { name: &name, parameters: &parameters },
            Kind::Annotation => Body::Annotation,
            _ => Body::Type(Some(&name)),
        };
        self.within(&name, |parser| {
            if let Some(open) = components {
                let after_head = parser.token;
                parser.reset(open);
                parser.components();
                parser.reset(after_head);
            }
            match parser.token.kind {
                TokenKind::Punct(b'{') => parser.bump(),
                // The brace is missing, not the body.
                TokenKind::Word(Word::Modifier(_)) => {}
                _ => return,
            }
            if kind == Kind::Enum {
                parser.enum_constants(&name);
            }
            parser.members(body);
        });
    }

    /// Members up to and with the closing brace.
    pub(super) fn members(&mut self, body: Body<'_>) {
        if self.nesting == NESTING_MAX {
            return self.code_until_closed();
        }
        self.nesting += 1;
        while !self.is_punct(b'}') && self.token.kind != TokenKind::End {
            self.member(body);
        }
        self.nesting -= 1;
        if self.is_punct(b'}') {
            self.bump();
        }
    }

    /// The constants at the start of an enum's body, with the semicolon after them.
    fn enum_constants(&mut self, enum_name: &str) {
        loop {
            let start = self.token;
            self.annotations();
            let token = self.token;
            if token.kind != TokenKind::Word(Word::Name)
                || !matches!(
                    self.peek().kind,
                    TokenKind::Punct(b',' | b';' | b'(' | b'{' | b'}' | b'@') | TokenKind::End
                )
            {
                // Not a constant, so a member of an enum whose semicolon is missing.
                self.reset(start);
                return self.end_of_statement();
            }
            let place = self.lines.locate(token.start);
            let name = self.name(token);
            let base = self.written.len();
            self.written.push_str(&name);
            self.written.push_str(": ");
            self.written.push_str(cut(enum_name));
            self.emit(Kind::EnumConstant, token, place, Modifiers::NONE, base);
            self.written.truncate(base);
            self.bump();
            self.within(&name, |parser| {
                if parser.is_punct(b'(') {
                    parser.arguments();
                }
                if parser.is_punct(b'{') {
                    parser.bump();
                    parser.members(Body::Type(None));
                }
            });
            if !self.is_punct(b',') {
                return self.end_of_statement();
            }
            self.bump();
        }
    }

    /// A method, constructor or field, from its type parameters or type on.
    fn method_or_field(&mut self, body: Body<'_>, modifiers: Modifiers) {
        let base = self.written.len();
        if self.is_punct(b'<') {
            self.type_arguments();
            self.written.push(' ');
            self.annotations();
        }
        let type_start = self.written.len();
        let first = self.token;
        if first.kind == TokenKind::Word(Word::Name) {
            match self.peek().kind {
                TokenKind::Punct(b'(') => return self.constructor(body, modifiers, base),
                TokenKind::Punct(b'{') if matches!(body, Body::Record { .. }) => {
                    return self.constructor(body, modifiers, base);
                }
                _ => {}
            }
        }
        if !self.type_name() {
            return;
        }
        if self.token.kind != TokenKind::Word(Word::Name) {
            return self.recover();
        }
        if self.peek().kind == TokenKind::Punct(b'(') {
            self.method(body, modifiers, base, type_start);
        } else {
            self.fields(modifiers, type_start);
        }
    }

    /// From the name on. A method whose type is missing looks the same; one without a body is a stray call.
    fn constructor(&mut self, body: Body<'_>, modifiers: Modifiers, base: usize) {
        let token = self.token;
        let name = self.name(token);
        let place = self.lines.locate(token.start);
        self.written.push_str(&name);
        self.bump();
        match body {
            Body::Record { parameters, .. } if self.is_punct(b'{') => {
                self.written.push_str(parameters);
            }
            _ => self.parameters(),
        }
        self.throws();
        let own = body.name() == Some(&*name);
        if own || self.is_punct(b'{') {
            let kind = if own { Kind::Constructor } else { Kind::Method };
            self.emit(kind, token, place, modifiers, base);
        }
        self.written.truncate(base);
        self.method_body(&name);
    }

    /// From the name on; type parameters and type are written already.
    fn method(&mut self, body: Body<'_>, modifiers: Modifiers, base: usize, type_start: usize) {
        let token = self.token;
        let name = self.name(token);
        let place = self.lines.locate(token.start);
        self.bump();
        let type_end = self.written.len();
        self.written.extend_from_within(base..type_start);
        self.written.push_str(&name);
        self.parameters();
        self.written.push_str(": ");
        self.written.extend_from_within(type_start..type_end);
        self.dimensions();
        let kind = if body == Body::Annotation { Kind::AnnotationElement } else { Kind::Method };
        self.emit(kind, token, place, modifiers, type_end);
        self.written.truncate(base);
        self.throws();
        if self.token.kind == TokenKind::Word(Word::Modifier(Modifiers::DEFAULT)) {
            self.within(&name, |parser| parser.expression());
        }
        self.method_body(&name);
    }

    fn throws(&mut self) {
        if self.token.kind == TokenKind::Word(Word::Throws) {
            let base = self.written.len();
            self.bump();
            while self.type_name() && self.is_punct(b',') {
                self.bump();
            }
            self.written.truncate(base);
        }
    }

    fn method_body(&mut self, name: &str) {
        if self.is_punct(b'{') {
            self.within(name, Self::block);
        } else {
            self.end_of_statement();
        }
    }

    /// Declarators, from the first name on; the type is written already.
    fn fields(&mut self, modifiers: Modifiers, type_start: usize) {
        let type_end = type_start + cut(&self.written[type_start..]).len();
        self.written.truncate(type_end);
        loop {
            let token = self.token;
            if token.kind != TokenKind::Word(Word::Name) {
                break;
            }
            let name = self.name(token);
            let place = self.lines.locate(token.start);
            self.bump();
            self.written.push_str(&name);
            self.written.push_str(": ");
            self.written.extend_from_within(type_start..type_end);
            self.dimensions();
            self.emit(Kind::Field, token, place, modifiers, type_end);
            self.written.truncate(type_end);
            if self.is_punct(b'=') {
                self.within(&name, |parser| parser.expression());
            }
            if !self.is_punct(b',') {
                break;
            }
            self.bump();
        }
        self.end_of_statement();
    }

    /// After something that is no declaration: goes to where the next may begin.
    fn recover(&mut self) {
        loop {
            match self.token.kind {
                TokenKind::Punct(b';') => return self.bump(),
                TokenKind::End
                | TokenKind::Punct(b'{' | b'}' | b'@')
                | TokenKind::Word(
                    Word::Modifier(_)
                    | Word::Class
                    | Word::Interface
                    | Word::Enum
                    | Word::Primitive,
                ) => return,
                _ => self.bump(),
            }
        }
    }
}
