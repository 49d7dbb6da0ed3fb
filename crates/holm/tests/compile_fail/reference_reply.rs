//! A reply by reference.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn name(&mut self) -> &str {
        "a"
    }
}

fn main() {}
