//! What a type looks like on the wire, as a number two nodes can compare.
//!
//! A [`Fingerprint`] covers structure: names and order of fields and variants, and the
//! types below. Names of types do not count, but for one that contains itself. Two types
//! of one fingerprint have the same positional encoding.
//!
//! # What a derive writes
//! For each type parameter `P`, the bound `P: Schema`. Names are those that serde uses,
//! so after `#[serde(rename)]`; a field that serde skips is left out.
//! ```
//! use holm_wire::schema::{Schema, SchemaHasher};
//! # struct Point { x: i32, y: i32 }
//! # struct Pair(u8, String);
//! # struct Marker;
//! # enum Shape { Empty, Circle(f64), Rectangle { corner: Point, size: Point } }
//!
//! impl Schema for Point {
//!     fn describe(hasher: &mut SchemaHasher) {
//!         hasher.record::<Self>("Point", |fields| {
//!             fields.field::<i32>("x");
//!             fields.field::<i32>("y");
//!         });
//!     }
//! }
//!
//! impl Schema for Pair {
//!     fn describe(hasher: &mut SchemaHasher) {
//!         hasher.tuple::<Self>("Pair", |elements| {
//!             elements.element::<u8>();
//!             elements.element::<String>();
//!         });
//!     }
//! }
//!
//! impl Schema for Marker {
//!     fn describe(hasher: &mut SchemaHasher) {
//!         hasher.unit();
//!     }
//! }
//!
//! impl Schema for Shape {
//!     fn describe(hasher: &mut SchemaHasher) {
//!         hasher.choice::<Self>("Shape", |variants| {
//!             variants.unit("Empty");
//!             variants.tuple("Circle", |elements| {
//!                 elements.element::<f64>();
//!             });
//!             variants.record("Rectangle", |fields| {
//!                 fields.field::<Point>("corner");
//!                 fields.field::<Point>("size");
//!             });
//!         });
//!     }
//! }
//! ```

mod fingerprint;
mod hasher;
mod impls;
#[cfg(test)]
mod tests;

pub use fingerprint::Fingerprint;
pub(crate) use hasher::Mark;
pub use hasher::{Elements, Fields, SchemaHasher, Variants};
use serde::{Serialize, de::DeserializeOwned};

/// A type whose structure can be described.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `Message`: it cannot be an argument or a reply",
    label = "cannot be sent",
    note = "derive it: `#[derive(Serialize, Deserialize, Message)]`",
    note = "an actor that stays on its node needs none of it: `#[actor(local)]`"
)]
pub trait Schema {
    /// Feeds the structure to the hasher, in declaration order.
    fn describe(hasher: &mut SchemaHasher);
}

/// What can be an argument or a result of a remote method.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `Message`: it cannot be an argument or a reply",
    label = "cannot be sent",
    note = "derive it: `#[derive(Serialize, Deserialize, Message)]`"
)]
pub trait Message: Serialize + DeserializeOwned + Schema + Send + 'static {}

impl<T: Serialize + DeserializeOwned + Schema + Send + 'static> Message for T {}
