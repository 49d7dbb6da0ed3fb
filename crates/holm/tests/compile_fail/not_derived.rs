//! A message without the derive.

use holm::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
struct Parcel;

struct A;

#[actor]
impl A {
    async fn plan(&mut self, _parcel: Parcel) {}
}

fn main() {}
