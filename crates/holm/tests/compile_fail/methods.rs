//! Methods that cannot be messages.

use holm::prelude::*;

struct A;

// A function without self.
#[actor]
impl A {
    fn new() -> Self {
        A
    }
}

// A method that takes the actor away.
#[actor]
impl A {
    async fn finish(self) {}
}

// A method of a boxed actor.
#[actor]
impl A {
    async fn finish(self: Box<Self>) {}
}

// A generic method.
#[actor]
impl A {
    async fn add<T>(&mut self, _by: T) {}
}

// A method with conditions.
#[actor]
impl A {
    async fn add(&mut self, _by: u8)
    where
        Self: Clone,
    {
    }
}

// An unsafe method.
#[actor]
impl A {
    unsafe fn poke(&mut self) {}
}

// A method for C.
#[actor]
impl A {
    extern "C" fn poke(&mut self) {}
}

// A constant method.
#[actor]
impl A {
    const fn poke(&mut self) {}
}

// A name that every reference has.
#[actor]
impl A {
    async fn exit(&mut self) {}
}

fn main() {}
