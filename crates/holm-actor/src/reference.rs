//! Typed references to actors.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use holm_wire::schema::{Schema, SchemaHasher};
use holm_wire::{ExitReason, Pid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::cell::ActorCell;
use crate::handle::Route;
use crate::{Actor, Address, AnyCell, Api, DecodeScope, Handle, Reach, Remote};

/// A typed reference to an actor, wherever it lives.
///
/// It can be cloned, compared, put into messages and sent to other nodes. Dropping every
/// reference does not stop the actor. The actor's methods are those of
/// `A::Api`, which this dereferences to.
pub struct Ref<A: Actor> {
    api: A::Api,
    /// What it is compared by: the pid, or the slot of a supervised actor.
    id: Pid,
}

impl<A: Actor> Ref<A> {
    pub(crate) fn new(handle: Handle<A>, id: Pid) -> Self {
        Self { api: A::Api::new(handle), id }
    }

    /// A reference to a living actor, if it is an `A`.
    pub(crate) fn from_cell(cell: Arc<dyn AnyCell>) -> Option<Self> {
        let pid = cell.pid();
        let cell = cell.into_any().downcast::<ActorCell<A>>().ok()?;
        Some(Self::new(Handle::local(cell), pid))
    }

    /// The untyped reference. For a supervised actor, of its present life: the child known
    /// last.
    pub fn pid(&self) -> Pid {
        match &self.handle().0 {
            Route::Slot(slot) => slot.pid(),
            Route::Local(_) | Route::Remote(_) => self.id,
        }
    }

    /// The handle under the methods.
    pub fn handle(&self) -> &Handle<A> {
        self.api.handle()
    }

    /// The same reference, by which messages and calls fail at once if there is no session with the
    /// actor's node, and nobody dials. To an actor of this node it is as any other.
    ///
    /// `counter.fail_fast().add(5).await` is one such call; it can be kept, too. In a message it is a
    /// plain reference.
    #[must_use]
    pub fn fail_fast(&self) -> Self {
        Self::new(self.handle().reaching(Reach::FailFast), self.id)
    }

    /// The same reference, by which messages and calls wait so long at most for a session with the
    /// actor's node, though dials fail meanwhile. Then calls fail with
    /// [`CallError::Disconnected`](crate::CallError::Disconnected), and messages without a reply,
    /// which were accepted, are dropped and counted by their node. Otherwise as
    /// [`fail_fast`](Self::fail_fast).
    #[must_use]
    pub fn wait_connect(&self, within: Duration) -> Self {
        Self::new(self.handle().reaching(Reach::Within(within)), self.id)
    }

    /// Sends the actor an exit signal, from nobody in particular: one that traps exits has it
    /// reach its handler; else `Normal` is ignored, and any other reason ends it: what is in
    /// its inbox then will not be handled.
    pub fn exit(&self, reason: ExitReason) {
        match &self.handle().0 {
            Route::Local(cell) => cell.exit(None, reason),
            Route::Slot(slot) => {
                if let Some(cell) = slot.child() {
                    cell.exit(None, reason);
                }
            }
            Route::Remote(route) => route.outlet().exit(None, self.id, reason),
        }
    }

    /// Ends the actor at once, without its `stopped`; others see [`ExitReason::Killed`].
    pub fn kill(&self) {
        match &self.handle().0 {
            Route::Local(cell) => cell.kill(),
            Route::Slot(slot) => {
                if let Some(cell) = slot.child() {
                    cell.kill();
                }
            }
            Route::Remote(route) => route.outlet().kill(self.id),
        }
    }
}

impl<A: Actor> Deref for Ref<A> {
    type Target = A::Api;

    fn deref(&self) -> &A::Api {
        &self.api
    }
}

impl<A: Actor> Clone for Ref<A> {
    fn clone(&self) -> Self {
        Self { api: self.api.clone(), id: self.id }
    }
}

impl<A: Actor> PartialEq for Ref<A> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<A: Actor> Eq for Ref<A> {}

impl<A: Actor> Hash for Ref<A> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

impl<A: Actor> fmt::Debug for Ref<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.pid())
    }
}

impl<A: Remote> Serialize for Ref<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.pid().serialize(serializer)
    }
}

/// Works only while a node decodes a message, since a reference needs to know the node
/// that it is used on.
impl<'de, A: Remote> Deserialize<'de> for Ref<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pid = Pid::deserialize(deserializer)?;
        DecodeScope::system()
            .ok_or_else(|| serde::de::Error::custom("a Ref decodes only on a node"))
            .map(|system| system.reference(pid))
    }
}

impl<A: Remote> Schema for Ref<A> {
    fn describe(hasher: &mut SchemaHasher) {
        Pid::describe(hasher);
    }
}

/// The holder of a local name on some node, looked up anew by each signal.
pub struct Named<A: Remote> {
    api: A::Api,
}

impl<A: Remote> Named<A> {
    pub(crate) fn new(handle: Handle<A>) -> Self {
        Self { api: A::Api::new(handle) }
    }

    /// As [`Ref::fail_fast`].
    #[must_use]
    pub fn fail_fast(&self) -> Self {
        Self::new(self.api.handle().reaching(Reach::FailFast))
    }

    /// As [`Ref::wait_connect`].
    #[must_use]
    pub fn wait_connect(&self, within: Duration) -> Self {
        Self::new(self.api.handle().reaching(Reach::Within(within)))
    }

    /// Whom it reaches.
    pub fn address(&self) -> Address {
        self.api.handle().address()
    }
}

impl<A: Remote> Deref for Named<A> {
    type Target = A::Api;

    fn deref(&self) -> &A::Api {
        &self.api
    }
}

impl<A: Remote> fmt::Debug for Named<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Named({})", self.address())
    }
}

impl<A: Remote> Clone for Named<A> {
    fn clone(&self) -> Self {
        Self { api: self.api.clone() }
    }
}
