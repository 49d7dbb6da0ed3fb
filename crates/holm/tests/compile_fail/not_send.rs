//! A handler that holds what cannot change threads.

use holm::prelude::*;

struct A;

#[actor]
impl A {
    async fn wait(&mut self) {
        let _here = std::rc::Rc::new(());
        std::future::ready(()).await;
    }
}

fn main() {}
