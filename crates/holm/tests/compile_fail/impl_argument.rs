//! An argument of some type.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn add(&mut self, _by: impl Into<String>) {}
}

fn main() {}
