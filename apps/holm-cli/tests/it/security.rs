//! Who may connect, with real processes: `holm node start` and `holm node ping`.

mod attacker;
mod captured;
mod flight;
mod flipped;
mod forged;
mod keyring;
mod lists;
mod matrix;
mod program;
mod reflected;
mod relayed;
mod reload;
mod secrets;
mod unix;

pub(crate) use keyring::Keyring;
pub(crate) use program::{Node, Program};

/// Why a proof of the cookie is refused, in full.
const WRONG_PROOF: &str =
    "the peer's proof is wrong: it has another cookie, or the connection is relayed";
