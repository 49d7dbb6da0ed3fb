//! From a fresh connection to a session: Hello, Welcome, Commit, or Reject.
//!
//! ```text
//! dialler                                   acceptor
//! dial                           Hello ->   AwaitHello::handle_frame
//! AwaitWelcome::handle_frame   <- Welcome   Greeted::welcome
//! then, on the arbiter's side,     Commit   Committing::commit
//! and on the other                          AwaitCommit::handle_frame
//! ```
//! Between Hello and Welcome both may have to prove that they know a secret: [`Challenged`].
//! Either side may answer with Reject instead and close. Nothing but these frames is
//! sent before Commit. Each state consumes itself; the driver reads frames with a
//! [`HandshakeReader`], decides who is welcome, and keeps the time.

mod acceptor;
mod cookie;
mod dialler;
mod error;
mod established;
mod hello;
mod introduction;
mod noise;
mod reader;
mod reject;
#[cfg(test)]
mod tests;
mod tlv;
mod version;

pub use acceptor::{AwaitHello, Greeted};
pub use cookie::{
    AwaitAnswer, AwaitChallenge, Binding, Challenged, Nonce, Proof, Prover, dial_with_cookie,
};
pub use dialler::{AwaitWelcome, dial};
pub use error::{Foreign, HandshakeError};
pub use established::{AwaitCommit, Committing, Established, Introduced, is_arbiter};
pub use hello::{Dial, Hello};
pub use introduction::{Features, Introduction, Role};
pub use noise::put_noise;
pub use reader::{HandshakeFrame, HandshakeReader};
pub use reject::Reject;
pub use version::{VERSIONS, VersionRange};
