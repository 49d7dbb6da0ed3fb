//! A generic method.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn add<T>(&mut self, _by: T) {}
}

fn main() {}
