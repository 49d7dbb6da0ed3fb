//! The reserved words of Java, as far as declarations need to tell them apart.

use crate::symbol::Modifiers;

/// What a word means to the declarations parser. Contextual keywords (`record`, `sealed`, `module`, ...) are
/// plain identifiers here: the parser decides by what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// An identifier.
    Name,
    /// `class`
    Class,
    /// `interface`
    Interface,
    /// `enum`
    Enum,
    /// `public`, `static`, `default`, ...
    Modifier(Modifiers),
    /// `int`, `void`, ...: a type of its own.
    Primitive,
    /// `extends` and `super`, which also occur inside type arguments.
    Bound,
    /// `implements`
    Implements,
    /// `throws`
    Throws,
    /// `this`
    This,
    /// `import`
    Import,
    /// `package`
    Package,
    /// A word of statements and expressions: never part of a declaration's head.
    Other,
}

/// The longest and shortest reserved words: `synchronized`, and `do`.
const LENGTHS: std::ops::RangeInclusive<usize> = 2..=12;

/// Classifies a whole word.
pub(crate) fn classify(word: &[u8]) -> Word {
    if !LENGTHS.contains(&word.len()) || !word[0].is_ascii_lowercase() {
        return Word::Name;
    }
    match word {
        b"class" => Word::Class,
        b"interface" => Word::Interface,
        b"enum" => Word::Enum,
        b"public" => Word::Modifier(Modifiers::PUBLIC),
        b"protected" => Word::Modifier(Modifiers::PROTECTED),
        b"private" => Word::Modifier(Modifiers::PRIVATE),
        b"static" => Word::Modifier(Modifiers::STATIC),
        b"final" => Word::Modifier(Modifiers::FINAL),
        b"abstract" => Word::Modifier(Modifiers::ABSTRACT),
        b"native" => Word::Modifier(Modifiers::NATIVE),
        b"synchronized" => Word::Modifier(Modifiers::SYNCHRONIZED),
        b"transient" => Word::Modifier(Modifiers::TRANSIENT),
        b"volatile" => Word::Modifier(Modifiers::VOLATILE),
        b"strictfp" => Word::Modifier(Modifiers::STRICTFP),
        b"default" => Word::Modifier(Modifiers::DEFAULT),
        b"void" | b"int" | b"boolean" | b"long" | b"byte" | b"char" | b"short" | b"float"
        | b"double" => Word::Primitive,
        b"extends" | b"super" => Word::Bound,
        b"implements" => Word::Implements,
        b"throws" => Word::Throws,
        b"this" => Word::This,
        b"import" => Word::Import,
        b"package" => Word::Package,
        b"new" | b"if" | b"else" | b"for" | b"while" | b"do" | b"switch" | b"case" | b"break"
        | b"continue" | b"return" | b"throw" | b"try" | b"catch" | b"finally" | b"assert"
        | b"instanceof" | b"goto" | b"const" | b"true" | b"false" | b"null" => Word::Other,
        _ => Word::Name,
    }
}

/// A word that can begin, or prove, a declaration inside code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Landmark {
    /// `class`, `interface`, `enum`, or the contextual `record`: perhaps a local type.
    Type,
    /// `final` or `abstract`: perhaps before a local type.
    LocalModifier,
    /// `new`: perhaps an anonymous class.
    New,
    /// `public`, `protected`, `private`, `static`: never inside code, so a brace is missing before it.
    MemberModifier,
    /// `void`: before a name and `(` the same holds.
    Void,
}

/// Recognises a landmark. Called for most words of a program, hence the switch on the length first.
pub(crate) fn landmark(word: &[u8]) -> Option<Landmark> {
    let is = |wanted: &[u8], landmark| (word == wanted).then_some(landmark);
    match word.len() {
        3 => is(b"new", Landmark::New),
        4 => is(b"void", Landmark::Void).or_else(|| is(b"enum", Landmark::Type)),
        5 => is(b"final", Landmark::LocalModifier).or_else(|| is(b"class", Landmark::Type)),
        6 => match word {
            b"record" => Some(Landmark::Type),
            b"public" | b"static" => Some(Landmark::MemberModifier),
            _ => None,
        },
        7 => is(b"private", Landmark::MemberModifier),
        8 => is(b"abstract", Landmark::LocalModifier),
        9 => {
            is(b"interface", Landmark::Type).or_else(|| is(b"protected", Landmark::MemberModifier))
        }
        _ => None,
    }
}
