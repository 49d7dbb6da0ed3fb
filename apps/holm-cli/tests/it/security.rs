//! Who may connect, with real processes: `holm node start` and `holm node ping`.

mod captured;
mod keyring;
mod lists;
mod matrix;
mod program;
mod reload;
mod secrets;
mod unix;

pub(crate) use keyring::Keyring;
pub(crate) use program::{Node, Program};
