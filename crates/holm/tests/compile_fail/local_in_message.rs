//! A local actor in a message.

use holm::prelude::*;

struct A;

#[actor(local)]
impl A {
    async fn add(&mut self, _by: i64) {}
}

struct B;

#[actor]
impl B {
    async fn meet(&mut self, _a: Ref<A>) {}
}

fn main() {}
