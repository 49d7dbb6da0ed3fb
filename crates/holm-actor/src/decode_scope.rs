//! The system that a message is being decoded for.

use std::cell::RefCell;

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
