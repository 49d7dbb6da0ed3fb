//! Attributes that say nothing, and names that clash.

use holm::prelude::*;

struct A;

// Two methods of one name on the wire.
#[actor]
impl A {
    async fn add(&mut self) {}

    #[tag("add")]
    async fn plus(&mut self) {}
}

// Two methods that make one message.
#[actor]
impl A {
    async fn a1(&mut self) {}

    async fn a_1(&mut self) {}
}

// A tag without a name.
#[actor]
impl A {
    #[tag = "add"]
    async fn plus(&mut self) {}
}

// A key that is no argument.
#[actor]
impl A {
    #[coalesce(id)]
    async fn set(&mut self, _key: u8) {}
}

// An unknown option.
#[actor(remote)]
impl A {}

// A name on the wire for an actor that stays on its node.
#[actor(local, name = "a")]
impl A {
    async fn plus(&mut self) {}
}

fn main() {}
