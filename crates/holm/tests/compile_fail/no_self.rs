//! A function without self.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    fn new() -> Self {
        A
    }
}

fn main() {}
