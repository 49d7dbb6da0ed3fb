//! What is no inherent `impl` block of a concrete type.

use holm::prelude::*;

struct A;

// On the implementation of a trait.
#[actor]
impl Clone for A {
    fn clone(&self) -> Self {
        A
    }
}

// On the type.
#[actor]
struct B {
    count: u8,
}

// On a trait.
#[actor]
trait Add {
    async fn add(&mut self, by: u8);
}

// A generic actor.
struct C<T>(T);

#[actor]
impl<T: Send + 'static> C<T> {
    async fn add(&mut self) {}
}

fn main() {}
