//! Decoding what another node sent: for which system, and that a panic stays where it is.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use holm_wire::body::BodyError;

use crate::ActorSystem;

thread_local! {
    static SYSTEM: RefCell<Option<ActorSystem>> = const { RefCell::new(None) };
}

/// While it lives, references decoded on this thread belong to one system.
#[derive(Debug)]
pub struct DecodeScope {
    outer: Option<ActorSystem>,
}

impl DecodeScope {
    /// Enters the scope of `system`.
    #[must_use = "the scope ends when this is dropped"]
    pub fn enter(system: &ActorSystem) -> Self {
        Self { outer: SYSTEM.replace(Some(system.clone())) }
    }

    pub(crate) fn system() -> Option<ActorSystem> {
        SYSTEM.with_borrow(Clone::clone)
    }
}

impl Drop for DecodeScope {
    fn drop(&mut self) {
        SYSTEM.set(self.outer.take());
    }
}

/// Decodes by a user's code. A panic there must not end the session's reader.
pub(crate) fn catch<T>(decode: impl FnOnce() -> Result<T, BodyError>) -> Result<T, BodyError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(BodyError::Refused("decoding it panicked".to_owned())))
}
