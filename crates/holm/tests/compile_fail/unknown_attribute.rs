//! An attribute that nobody knows.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    #[tagged("add")]
    async fn plus(&mut self) {}
}

fn main() {}
