//! An unknown option.

use holm::prelude::*;

struct A;

#[actor(remote)]
impl A {}

fn main() {}
