//! A local actor on another node.

use holm::prelude::*;

struct A;

#[actor(local)]
impl A {
    async fn add(&mut self, _by: i64) {}
}

fn far(node: &Node) {
    let _ = node.at::<A>(node.name(), "a");
}

fn main() {
    let _ = far;
}
