//! An argument of another type at the call.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn add(&mut self, _by: u8) {}
}

async fn call(a: Ref<A>) {
    let _ = a.add("one").await;
    let _ = a.ad(1).await;
}

fn main() {
    let _ = call;
}
