//! On a trait.

use holm::prelude::*;

struct A;

#[actor]
impl Clone for A {
    fn clone(&self) -> Self {
        A
    }
}

fn main() {}
