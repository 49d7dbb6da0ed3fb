//! Pools: interchangeable actors behind one handle, replaced when they die.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use holm_wire::{ExitReason, Pid};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::cell::AnyCell as _;
use crate::guarded::panic_text;
use crate::handle::Route;
use crate::pool_members::Members;
use crate::{
    Actor, ActorSystem, MEMBERS_MAX, Monitor, PoolError, PoolOptions, Ref, SendError, cast,
};

/// Why a message was not sent through a pool. It is handed back, and nothing has happened.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PoolSendError<M> {
    /// The pool had no member for it.
    #[error("{0}")]
    Pool(#[source] PoolError, M),
    /// The member did not take it.
    #[error(transparent)]
    Member(SendError<M>),
}

/// Actors of one type that do the same work. Cheap to clone.
///
/// A member that dies, for whatever reason, is replaced in its slot. Once more members died
/// than [`PoolOptions`] allow, the pool gives up: it stops the others with `Shutdown`, and every
/// pick says [`PoolError::GaveUp`]. Like actors, a pool lives until it is stopped, whether anybody
/// holds it or not.
pub struct Pool<A: Actor>(Arc<Shared<A>>);

struct Shared<A: Actor> {
    system: ActorSystem,
    options: PoolOptions,
    members: Mutex<Members<A>>,
    /// Held while members are made, so that one change of the size comes after the other.
    factory: Mutex<Factory<A>>,
}

type Factory<A> = Box<dyn FnMut() -> A + Send>;

impl<A: Actor> Pool<A> {
    /// A pool of `size` actors that `factory` makes; it may be empty.
    ///
    /// The factory must not use the pool's [`resize`](Self::resize).
    ///
    /// # Errors
    /// [`PoolError::TooMany`], [`PoolError::Factory`]; nothing was spawned.
    pub fn start(
        system: &ActorSystem,
        size: usize,
        options: PoolOptions,
        factory: impl FnMut() -> A + Send + 'static,
    ) -> Result<Self, PoolError> {
        let pool = Self(Arc::new(Shared {
            system: system.clone(),
            options,
            members: Mutex::new(Members::new(Vec::new())),
            factory: Mutex::new(Box::new(factory)),
        }));
        pool.resize(size)?;
        Ok(pool)
    }

    /// A member, by the pool's strategy: `pool.pick()?.method(..)`. Members that are ending are
    /// passed over.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn pick(&self) -> Result<Ref<A>, PoolError> {
        let random = || self.0.system.env().random_u64();
        self.0.members.lock().pick(self.0.options.strategy, random)
    }

    /// The member for a key: always the same slot while the size is the same, and when it changes
    /// only the keys move that must (jump consistent hash). A slot whose member just died is not
    /// passed over: a call then fails as one to any ended actor.
    ///
    /// # Errors
    /// [`PoolError`].
    pub fn pick_for<K: Hash + ?Sized>(&self, key: &K) -> Result<Ref<A>, PoolError> {
        // The same in every process of one build, unlike those of `RandomState`.
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        self.0.members.lock().pick_slot(hasher.finish())
    }

    /// Casts `msg` to a member, by the pool's strategy.
    ///
    /// # Errors
    /// [`PoolSendError`], which hands the message back.
    pub fn cast(&self, msg: A::Msg) -> Result<(), PoolSendError<A::Msg>> {
        give(self.pick(), msg)
    }

    /// Casts `msg` to the member for a key.
    ///
    /// # Errors
    /// [`PoolSendError`], which hands the message back.
    pub fn cast_for<K>(&self, key: &K, msg: A::Msg) -> Result<(), PoolSendError<A::Msg>>
    where
        K: Hash + ?Sized,
    {
        give(self.pick_for(key), msg)
    }

    /// Calls `f` with every member, in the order of their slots, and returns what it returned.
    ///
    /// # Errors
    /// [`PoolError`]; `f` was not called.
    pub fn broadcast<R>(&self, f: impl FnMut(&Ref<A>) -> R) -> Result<Vec<R>, PoolError> {
        let members = self.0.members.lock().open()?.to_vec();
        if members.is_empty() {
            return Err(PoolError::NoMembers);
        }
        Ok(members.iter().map(f).collect())
    }

    /// The members, in the order of their slots; of a closed pool, those it had.
    pub fn members(&self) -> Vec<Ref<A>> {
        self.0.members.lock().all().to_vec()
    }

    /// Changes the number of members. Surplus ones, from the end, get no more picks and end with
    /// `Shutdown` once they have handled what they had accepted.
    ///
    /// # Errors
    /// [`PoolError`]; the size is what it was.
    pub fn resize(&self, size: usize) -> Result<(), PoolError> {
        if size > MEMBERS_MAX {
            return Err(PoolError::TooMany(size));
        }
        let mut factory = self.0.factory.lock();
        let missing = size.saturating_sub(self.0.members.lock().open()?.len());
        let actors = (0..missing).map(|_| make(&mut factory)).collect::<Result<Vec<A>, String>>();
        let actors = actors.map_err(PoolError::Factory)?;
        let surplus = {
            let mut members = self.0.members.lock();
            // It may have closed meanwhile.
            members.open()?;
            let new: Vec<Ref<A>> = actors.into_iter().map(|actor| self.spawn(actor)).collect();
            members.extend(new);
            members.shrink(size)
        };
        for member in &surplus {
            stop_when_drained(member, "its pool shrank");
        }
        Ok(())
    }

    /// Takes no more picks and waits until the members have handled all they had accepted, and
    /// ended with `Shutdown`. What they accept from references picked before, after this was
    /// called, is dropped.
    ///
    /// Cancel safe: the members end all the same, and another call waits for them too. A member
    /// that hangs is waited for; [`stop`](Self::stop) ends it.
    pub async fn drain(&self) {
        self.close(|member| stop_when_drained(member, "its pool was drained")).await;
    }

    /// Takes no more picks, asks all members to end with `Shutdown`, and waits until they have,
    /// each within its shutdown time.
    ///
    /// Cancel safe: the members end all the same, and another call waits for them too.
    pub async fn stop(&self, why: &str) {
        let reason = ExitReason::Shutdown(why.into());
        self.close(|member| member.exit(reason.clone())).await;
    }

    /// Ends all members by `end`, and waits for them.
    async fn close(&self, end: impl Fn(&Ref<A>)) {
        let members = {
            let mut members = self.0.members.lock();
            members.close();
            members.all().to_vec()
        };
        let ends: Vec<Monitor> = members.iter().map(|m| self.0.system.monitor(m.pid())).collect();
        members.iter().for_each(end);
        for end in ends {
            end.await;
        }
    }

    /// Spawns a member and the task that replaces it.
    fn spawn(&self, actor: A) -> Ref<A> {
        let Shared { system, options, .. } = &*self.0;
        let member = system.spawn_with(actor, options.spawn);
        drop(system.env().spawn(Arc::clone(&self.0).keep(member.clone())));
        member
    }
}

impl<A: Actor> Shared<A> {
    /// Watches over one slot, from its first member on.
    async fn keep(self: Arc<Self>, mut member: Ref<A>) {
        loop {
            let down = self.system.monitor(member.pid()).await;
            // It may have ended before the monitor was there.
            let reason = ended_with(&member).unwrap_or(down.reason);
            match self.replace(member.pid(), reason) {
                Some(new) => member = new,
                None => return,
            }
        }
    }

    /// Makes and spawns a new member for the slot of a dead one, if the pool still wants one.
    fn replace(&self, dead: Pid, reason: ExitReason) -> Option<Ref<A>> {
        // A member of a system that shuts down would end at once, again and again.
        if self.system.is_closing() {
            return None;
        }
        let allowed = {
            let mut members = self.members.lock();
            if !members.wants(dead) {
                return None;
            }
            members.allow_restart(Instant::now(), &self.options, &reason)
        };
        let made = if allowed { Some(make(&mut self.factory.lock())) } else { None };
        match made {
            Some(Ok(actor)) => {
                let member = self.system.spawn_with(actor, self.options.spawn);
                if self.members.lock().replace(dead, &member) {
                    return Some(member);
                }
                member.exit(ExitReason::Shutdown("its pool has ended".into()));
                return None;
            }
            Some(Err(text)) => {
                self.members.lock().give_up(ExitReason::Failed(text.into()));
            }
            None => {}
        }
        let others = self.members.lock().all().to_vec();
        for member in others {
            member.exit(ExitReason::Shutdown("its pool gave up".into()));
        }
        None
    }
}

/// The reason that a member ended with.
fn ended_with<A: Actor>(member: &Ref<A>) -> Option<ExitReason> {
    match &member.handle().0 {
        Route::Local(cell) => cell.header().life.reason(),
        Route::Slot(_) | Route::Remote(_) => None,
    }
}

/// A new actor, or the text of the factory's panic.
fn make<A: Actor>(factory: &mut Factory<A>) -> Result<A, String> {
    catch_unwind(AssertUnwindSafe(factory)).map_err(|payload| panic_text(&*payload).to_owned())
}

/// Has a member end once it has handled what it has accepted.
fn stop_when_drained<A: Actor>(member: &Ref<A>, why: &str) {
    if let Route::Local(cell) = &member.handle().0 {
        cell.drain(ExitReason::Shutdown(why.into()));
    }
}

fn give<A: Actor>(
    picked: Result<Ref<A>, PoolError>,
    msg: A::Msg,
) -> Result<(), PoolSendError<A::Msg>> {
    match picked {
        Ok(member) => cast(member.handle(), msg).map_err(PoolSendError::Member),
        Err(error) => Err(PoolSendError::Pool(error, msg)),
    }
}

impl<M> PoolSendError<M> {
    /// The message that was not sent.
    pub fn into_message(self) -> M {
        match self {
            Self::Pool(_, msg) => msg,
            Self::Member(error) => error.into_message(),
        }
    }
}

impl<M> fmt::Debug for PoolSendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PoolSendError({self})")
    }
}

impl<A: Actor> Clone for Pool<A> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<A: Actor> fmt::Debug for Pool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members: Vec<Pid> = self.members().iter().map(Ref::pid).collect();
        f.debug_struct("Pool").field("members", &members).finish_non_exhaustive()
    }
}
