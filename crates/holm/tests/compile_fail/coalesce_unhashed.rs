//! A key that cannot be hashed.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    #[coalesce(by)]
    async fn set(&mut self, by: f64) {
        let _ = by;
    }
}

fn main() {}
