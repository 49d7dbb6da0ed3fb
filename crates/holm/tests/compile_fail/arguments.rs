//! Arguments and replies that cannot be sent.

use holm::prelude::*;

struct A;

// An argument by reference.
#[actor]
impl A {
    async fn greet(&mut self, _name: &str) {}
}

// An argument that holds a reference.
#[actor]
impl A {
    async fn greet(&mut self, _name: Option<&str>) {}
}

// An argument that may borrow.
#[actor]
impl A {
    async fn greet(&mut self, _name: std::borrow::Cow<'_, str>) {}
}

// A reference that lives for ever, which no other node can make.
#[actor]
impl A {
    async fn greet(&mut self, _name: &'static str) {}
}

// An argument of some type.
#[actor]
impl A {
    async fn add(&mut self, _by: impl Into<String>) {}
}

// An argument that is taken apart at once.
#[actor]
impl A {
    async fn add(&mut self, (_a, _b): (u8, u8)) {}
}

// An argument without a name.
#[actor]
impl A {
    async fn add(&mut self, _: u8) {}
}

// More arguments than a message has.
#[actor]
impl A {
    #[allow(clippy::too_many_arguments, reason = "that is the point")]
    async fn set(&mut self, _a1: u8, _a2: u8, _a3: u8, _a4: u8, _a5: u8, _a6: u8, _a7: u8, _a8: u8, _a9: u8) {
    }
}

// The context by value.
#[actor]
impl A {
    async fn add(&mut self, _cx: Context<Self>) {}
}

// Two contexts.
#[actor]
impl A {
    async fn add(&mut self, _a: &mut Context<Self>, _b: &mut Context<Self>) {}
}

// A reply in both ways.
#[actor]
impl A {
    async fn add(&mut self, _reply: holm::Reply<u8>) -> u8 {
        0
    }
}

// A reply by reference.
#[actor]
impl A {
    async fn name(&mut self) -> &str {
        "a"
    }
}

fn main() {}
