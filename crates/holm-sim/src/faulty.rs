//! Actors to which things happen at messages named by the test.

use std::collections::BTreeMap;
use std::time::Duration;

use holm_actor::{Actor, ActorSystem, Behaviour, Context, Ref, Signal, SpawnOptions};
use holm_wire::ExitReason;

/// An actor with faults, behind the same [`Ref`] as without. Works on any node, in the test world
/// or not. Messages are counted from 1, calls included, signals not.
///
/// ```
/// use holm::SpawnOptions;
/// use holm::prelude::*;
/// use holm_sim::Faulty;
///
/// struct Counter { total: i64 }
///
/// #[actor]
/// impl Counter {
///     async fn add(&mut self, by: i64) -> i64 { self.total += by; self.total }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = Node::builder("a@here").start().await?;
/// let faulty = Faulty::new(Counter { total: 0 }).drop_at(2).panic_at(3);
/// let counter: Ref<Counter> = faulty.spawn(node.system(), SpawnOptions::default());
/// assert_eq!(counter.add(1).await, Ok(1));
/// assert_eq!(counter.add(1).await, Err(CallError::Unanswered));
/// assert!(matches!(counter.add(1).await, Err(CallError::Exited(_))));
/// # node.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Faulty<A> {
    actor: A,
    /// By the number of the message.
    faults: BTreeMap<u64, Mishap>,
    handled: u64,
}

/// What happens at a message.
#[derive(Clone, Copy, Debug)]
enum Mishap {
    Panic,
    Drop,
    Delay(Duration),
}

impl<A: Actor> Faulty<A> {
    /// Without a fault yet.
    pub fn new(actor: A) -> Self {
        Self { actor, faults: BTreeMap::new(), handled: 0 }
    }

    /// It panics instead of handling message `number`.
    #[must_use]
    pub fn panic_at(self, number: u64) -> Self {
        self.at(number, Mishap::Panic)
    }

    /// Message `number` is dropped unseen; if it is a call, the caller is told that nobody answers.
    #[must_use]
    pub fn drop_at(self, number: u64) -> Self {
        self.at(number, Mishap::Drop)
    }

    /// It waits this long before it handles message `number`, and all behind it wait, too.
    #[must_use]
    pub fn delay_at(self, number: u64, time: Duration) -> Self {
        self.at(number, Mishap::Delay(time))
    }

    fn at(mut self, number: u64, mishap: Mishap) -> Self {
        self.faults.insert(number, mishap);
        self
    }

    /// Spawns it.
    ///
    /// # Panics
    /// If the system's table of actors is full.
    pub fn spawn(self, system: &ActorSystem, options: SpawnOptions) -> Ref<A> {
        system.spawn_stand_in(self, options)
    }
}

impl<A: Actor> Behaviour<A> for Faulty<A> {
    async fn handle(&mut self, msg: A::Msg, cx: &mut Context<A>) {
        self.handled += 1;
        match self.faults.get(&self.handled) {
            Some(Mishap::Panic) => panic!("a fault at message {}", self.handled),
            Some(Mishap::Drop) => return,
            Some(Mishap::Delay(time)) => tokio::time::sleep(*time).await,
            None => {}
        }
        self.actor.handle(msg, cx).await;
    }

    async fn started(&mut self, cx: &mut Context<A>) -> Result<(), ExitReason> {
        self.actor.started(cx).await
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<A>) {
        self.actor.signal(signal, cx).await;
    }

    async fn stopped(&mut self, reason: &ExitReason, cx: &mut Context<A>) {
        self.actor.stopped(reason, cx).await;
    }
}
