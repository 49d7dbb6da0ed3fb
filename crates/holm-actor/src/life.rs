//! The one state transition of an actor's life: alive, exiting, dead.

use std::sync::Arc;

use holm_wire::ExitReason;
use parking_lot::Mutex;

use crate::{MonitorRef, Watcher};

/// Alive until a reason is fixed, exiting while `stopped` runs, then dead for good.
///
/// Whoever is to be told of the end is registered under the same lock that ends the
/// life, so that each hears exactly once: a late one is handed back its watcher.
#[derive(Debug, Default)]
pub(crate) struct Life(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Fixed once; the first reason wins.
    reason: Option<ExitReason>,
    /// By a kill, which spares nothing but `Drop`.
    killed: bool,
    dead: bool,
    /// Boxed when first needed, so that an idle actor pays eight bytes.
    ledger: Option<Box<Ledger>>,
}

/// How an interrupted handler is to end.
#[derive(Debug)]
pub(crate) enum Urgency {
    /// It was not interrupted.
    None,
    /// It may run on for the shutdown time.
    Grace(ExitReason),
    /// It is dropped.
    Now(ExitReason),
}

/// What others keep about this actor.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) watchers: Vec<Watcher>,
    pub(crate) names: Vec<Arc<str>>,
}

impl Life {
    /// Fixes the reason to end with. `false` if one was fixed before.
    pub(crate) fn begin_exit(&self, reason: ExitReason) -> bool {
        let mut state = self.0.lock();
        let first = state.reason.is_none();
        if first {
            state.reason = Some(reason);
        }
        first
    }

    /// Fixes `Killed` as the reason, unless another is fixed, and ends the actor at once.
    pub(crate) fn kill(&self) {
        let mut state = self.0.lock();
        state.killed = true;
        state.reason.get_or_insert(ExitReason::Killed);
    }

    pub(crate) fn is_killed(&self) -> bool {
        self.0.lock().killed
    }

    /// What an interrupted handler is to do.
    pub(crate) fn urgency(&self) -> Urgency {
        let state = self.0.lock();
        match &state.reason {
            None => Urgency::None,
            Some(reason @ ExitReason::Shutdown(_)) if !state.killed => {
                Urgency::Grace(reason.clone())
            }
            Some(reason) => Urgency::Now(reason.clone()),
        }
    }

    /// Ends the life and takes what is to be released and told.
    pub(crate) fn end(&self, reason: ExitReason) -> Ledger {
        let mut state = self.0.lock();
        state.reason = Some(reason);
        state.dead = true;
        state.ledger.take().map(|ledger| *ledger).unwrap_or_default()
    }

    /// The reason, once it is fixed.
    pub(crate) fn reason(&self) -> Option<ExitReason> {
        self.0.lock().reason.clone()
    }

    /// Adds a watcher, or hands it back if the life has ended.
    pub(crate) fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        let mut state = self.0.lock();
        if state.dead {
            return Err(watcher);
        }
        state.ledger.get_or_insert_default().watchers.push(watcher);
        Ok(())
    }

    /// Removes a watcher that has not fired.
    pub(crate) fn unwatch(&self, monitor: MonitorRef) {
        let removed = self.0.lock().ledger.as_mut().and_then(|ledger| {
            let at = ledger.watchers.iter().position(|watcher| watcher.monitor() == monitor)?;
            Some(ledger.watchers.swap_remove(at))
        });
        // Outside of the lock: its drop may wake a task.
        drop(removed);
    }

    /// Notes a name to release at the end. `false` if the life has ended.
    pub(crate) fn add_name(&self, name: Arc<str>) -> bool {
        let mut state = self.0.lock();
        if !state.dead {
            state.ledger.get_or_insert_default().names.push(name);
        }
        !state.dead
    }

    /// Forgets a name that was given up.
    pub(crate) fn remove_name(&self, name: &str) {
        if let Some(ledger) = &mut self.0.lock().ledger {
            ledger.names.retain(|held| &**held != name);
        }
    }
}
