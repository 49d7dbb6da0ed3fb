//! The `#[actor]` attribute and the `Message` derive of Holm.
//!
//! Use them through the crate `holm`; the code they write names its paths.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod actor;
mod message;
mod method;

/// Turns an `impl` block into an actor: each method becomes a message.
///
/// * A method takes `&mut self` (or `&self`), optionally `cx: &mut Context<Self>`, and its
///   arguments; it may be `async`. Its return value is the reply.
/// * `started`, `stopped` and `signal` are the hooks of `holm::Actor`, not messages.
/// * `Ref<Type>` gets a method of the same name for each, which calls; `cast()` and `send()`
///   of it offer the same methods without a reply.
/// * Functions without `self` belong into another `impl` block.
///
/// `#[actor(local)]` makes an actor whose arguments need no serde and which other nodes cannot
/// reach. `#[actor(name = "shop.counter")]` fixes the name of the type on the wire, which
/// is otherwise its module path.
#[proc_macro_attribute]
pub fn actor(options: TokenStream, item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::ItemImpl);
    actor::expand(options.into(), item).unwrap_or_else(|error| error.to_compile_error()).into()
}

/// Describes a type's structure for the wire. Derive it beside serde's `Serialize` and
/// `Deserialize`.
///
/// Names of fields and variants count, the name of the type does not, unless it contains itself.
#[proc_macro_derive(Message)]
pub fn message(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    message::expand(&item).unwrap_or_else(|error| error.to_compile_error()).into()
}
