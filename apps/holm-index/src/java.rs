//! Declarations of Java source: a hand-written parser that reads heads and skims over code.
//!
//! It knows the language up to records, sealed types and modules, and gets by with broken text: what can be
//! recognised is reported, the rest is passed over. Time is linear in the text, the stack is bounded.

mod keyword;
mod lexer;
mod lines;
mod parser;

pub use parser::extract;
