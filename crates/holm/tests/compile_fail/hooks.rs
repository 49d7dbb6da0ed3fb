//! Hooks of another form.

use holm::prelude::*;

struct A;

// A hook of another form.
#[actor]
impl A {
    async fn started(&mut self, _by: u8) {}
}

// A hook without what it is about.
#[actor]
impl A {
    async fn signal(&mut self) {}
}

// A hook that returns something.
#[actor]
impl A {
    async fn stopped(&mut self) -> u8 {
        0
    }
}

// A hook with a name on the wire.
#[actor]
impl A {
    #[tag("begin")]
    async fn started(&mut self) {}
}

fn main() {}
