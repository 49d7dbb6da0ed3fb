//! An argument by reference.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn greet(&mut self, _name: &str) {}
}

fn main() {}
