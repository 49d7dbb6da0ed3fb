//! What a symbol is: its kind, its modifiers, and a declaration as the parser meets it.

mod kind;
mod modifiers;

pub use kind::{Kind, KindSet, UnknownKind};
pub use modifiers::Modifiers;

/// One declared name, borrowed from the text that is being parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declaration<'t> {
    /// What is declared.
    pub kind: Kind,
    /// The simple name; for a module its whole dotted name.
    pub name: &'t str,
    /// Package and enclosing declarations, joined by dots: `java.util` for the class `HashMap`,
    /// `java.util.HashMap` for its methods. A local class lies in its method (`p.C.method`), an anonymous one
    /// adds the type it extends in angle brackets (`p.C.method.<Runnable>`). Empty in the unnamed package.
    pub container: &'t str,
    /// The modifiers written before it; implied ones (a `public` interface method) are not added.
    pub modifiers: Modifiers,
    /// How it is declared, in one line without comments and annotations: `put(K key, V value): V`,
    /// `<T> toArray(T[] a): T[]`, `table: Node<K,V>[]`, `class Node<K,V> implements Map.Entry<K,V>`.
    pub signature: &'t str,
    /// Line of the name, from 0.
    pub line: u32,
    /// Column of the name in UTF-16 units, from 0.
    pub column: u32,
}
