//! The `#[actor]` attribute and the `Message` derive of Holm.
//!
//! Use them through the crate `holm`; the code they write names its paths.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;

mod actor;
mod api;
mod hook;
mod message;
mod method;
mod options;
mod signature;
mod wire;

/// Turns an `impl` block into an actor: each method becomes a message.
///
/// * A method takes `&mut self` (or `&self`) and its arguments; it may be `async`. Its return value
///   is the reply. `Ref<Type>` gets a method of the same name, which calls; `cast()` and `send()` of
///   it offer the same methods without a reply.
/// * Among the arguments may stand `cx: &mut Context<Self>`, and `reply: Reply<T>` in place of a
///   return value, for an answer that is sent later: a call then gives a `T`.
/// * Methods with these names are hooks, not messages; what follows may be left out in parts:
///   `started(&mut self, cx) -> Result<(), ExitReason>` before the first message, an error ends the
///   actor; `signal(&mut self, signal: Signal, cx)` for what is told in its place among the messages;
///   `stopped(&mut self, reason: &ExitReason, cx)` after the last one.
/// * Functions without `self` belong into another `impl` block.
///
/// On a method:
///
/// * `#[tag("name")]` fixes its name on the wire, so that it can be renamed here.
/// * `#[coalesce]` lets a newer message replace an older one in an inbox with
///   `Policy::Coalesce`; `#[coalesce(key)]`, with one or more arguments, one of equal arguments.
/// * `#[accepts]`, on one with one argument and no reply, lets a `Recipient` of that argument's type
///   reach it.
/// * `#[cfg(..)]` removes the message with the method.
///
/// On the block: `#[actor(local)]` makes an actor whose arguments need no serde and which other
/// nodes cannot reach. `#[actor(name = "shop.counter")]` fixes the name of the type on the wire,
/// which is otherwise its module path. `#[actor(strict)]` takes no message of, and sends none to,
/// another version of the type in which a method's arguments or reply differ, not even as far as
/// they fit.
#[proc_macro_attribute]
pub fn actor(options: TokenStream, item: TokenStream) -> TokenStream {
    actor::expand(options.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
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
