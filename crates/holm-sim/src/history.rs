//! What the clients of a world did and saw, and whether the promises of `docs/semantics.md` allow it.

mod calls;
mod event;
mod fault;
mod links;
mod losses;
mod monitors;
mod order;
mod sessions;
#[cfg(test)]
mod testing;
mod told;
mod view;

use std::fmt;
use std::sync::Arc;

use holm_wire::NodeName;
use parking_lot::Mutex;

pub use event::{ClientId, Event};
pub use fault::{Fault, Promise};

use self::view::{Client, Entry, View};
use crate::World;

/// What clients did and saw, in the order they wrote it down. Cheap to clone, so that each of
/// them may have one.
///
/// A client is whoever sends, receives, calls, watches or links: an actor, a task, or the scenario
/// itself. Its messages to another client have increasing numbers, which the receiver finds in
/// them; calls are messages that somebody waits for. Clients write down what they do before they
/// do it, what they see as soon as they see it, and keep nobody waiting: then
/// [`check`](Self::check) and [`check_quiet`](Self::check_quiet) raise no false alarm. Between nodes
/// whose sessions nobody writes down, anything may be lost.
///
/// ```
/// use holm_sim::Sim;
/// use holm_sim::history::{Event, History, Promise};
///
/// Sim::new(1).run(async |world| {
///     let history = History::new(&world);
///     let here = "a@sim".parse().expect("a name");
///     let (from, to) = (history.client(&here), history.client(&here));
///     for number in [1, 2] {
///         history.note(Event::Sending { from, to, number });
///     }
///     for number in [2, 1] {
///         history.note(Event::Received { by: to, from, number });
///     }
///     assert_eq!(history.check().unwrap_err().promise, Promise::Order);
/// });
/// ```
#[derive(Clone)]
pub struct History(Arc<Shared>);

struct Shared {
    world: World,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    clients: Vec<Client>,
    entries: Vec<Entry>,
}

impl History {
    /// An empty one, by the clock of `world`.
    pub fn new(world: &World) -> Self {
        Self(Arc::new(Shared { world: world.clone(), log: Mutex::default() }))
    }

    /// A new client on this node, of the node's present life.
    pub fn client(&self, node: &NodeName) -> ClientId {
        let mut log = self.0.log.lock();
        let since = log.entries.len();
        log.clients.push(Client { node: node.clone(), since });
        ClientId(log.clients.len() as u64 - 1)
    }

    /// Writes down what a client does or sees; in the trace of the world, too.
    pub fn note(&self, event: Event) {
        self.0.world.note(format_args!("{event:?}"));
        let at = self.0.world.elapsed();
        self.0.log.lock().entries.push(Entry { at, event });
    }

    /// Checks what holds at any time: order, and that each is told at most once.
    ///
    /// # Errors
    /// The first promise found broken.
    pub fn check(&self) -> Result<(), Fault> {
        self.view(|view| {
            order::check(view)?;
            told::check(view)?;
            calls::check(view)?;
            monitors::check(view)?;
            links::check(view)?;
            sessions::check(view)
        })
    }

    /// Checks the same, and what holds once nothing is under way any more, so after a time longer
    /// than any delay with no network cut: nothing is lost without cause, and each has been told.
    ///
    /// # Errors
    /// The first promise found broken.
    pub fn check_quiet(&self) -> Result<(), Fault> {
        self.check()?;
        self.view(|view| {
            losses::check(view)?;
            calls::check_quiet(view)?;
            monitors::check_quiet(view)?;
            links::check_quiet(view)?;
            sessions::check_quiet(view)
        })
    }

    fn view<R>(&self, check: impl FnOnce(&View<'_>) -> R) -> R {
        let log = self.0.log.lock();
        check(&View::new(&log.clients, &log.entries))
    }
}

impl fmt::Debug for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("History")
            .field("entries", &self.0.log.lock().entries.len())
            .finish_non_exhaustive()
    }
}
