//! A name that every reference has.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn exit(&mut self) {}
}

fn main() {}
