//! A session that breaks: everybody who waits is told, once, and nothing is left behind.

use std::time::Duration;

use holm::env::Task;
use holm::prelude::*;
use holm::{CallError, NodeEvent, NodeName, Pid};
use holm_sim::{Host, World, check_seeds};
use rand::RngExt;

use super::traffic::hosts;
use super::{Stuck, Watcher, events_until_now, reach, start};
use crate::SEEDS;

/// Actors on each node, each of them watched and called from the other node.
const ACTORS: usize = 4;

/// When a side gives a stream up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longer than all delays and the patience together.
const ALL_IS_OVER: Duration = Duration::from_secs(20);

/// How a session ends.
#[derive(Clone, Copy, Debug)]
enum Break {
    /// A cut that outlasts the patience of both sides, or of one, and is healed then.
    Cut,
    /// The streams are reset.
    Reset,
    /// One side closes the session.
    Disconnect,
}

/// One node, what it hosts, and what its own tasks have under way.
struct Half {
    node: Node,
    /// Kept busy by calls that are never answered.
    actors: Vec<Ref<Stuck>>,
    spare: Ref<Stuck>,
    watcher: Ref<Watcher>,
}

impl Half {
    fn new(node: Node) -> Self {
        let actors = (0..ACTORS).map(|_| node.spawn(Stuck::default())).collect();
        let spare = node.spawn(Stuck::default());
        let watcher = node.spawn(Watcher::default());
        Self { node, actors, spare, watcher }
    }

    fn pids(&self) -> Vec<Pid> {
        self.actors.iter().map(Ref::pid).collect()
    }

    /// Begins calls that are never answered, and monitors, of the other node's actors.
    /// Each task ends when it was told of the break.
    async fn begin(&self, others: &[Pid]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for pid in others {
            self.watcher.watch(*pid).await.unwrap();
            let stuck = reach::<Stuck>(&self.node, *pid);
            let env = self.node.system().env();
            tasks.push(env.spawn(async move {
                assert_eq!(stuck.never().await, Err(CallError::Disconnected));
            }));
            let monitor = self.node.monitor(*pid);
            tasks.push(env.spawn(async move {
                assert_eq!(monitor.await.reason, ExitReason::Noconnection);
            }));
        }
        tasks
    }

    fn name(&self) -> NodeName {
        self.node.name().clone()
    }

    async fn expect_one_down_each(&self) {
        let downs = self.watcher.downs().await.unwrap();
        assert_eq!(downs.len(), ACTORS);
        for reasons in downs.values() {
            assert_eq!(*reasons, [ExitReason::Noconnection]);
        }
    }
    /// Everything works, and nothing is left of the former session.
    async fn expect_a_fresh_session(&self, other: &Self) {
        let spare: Ref<Stuck> = reach(&self.node, other.spare.pid());
        spare.ping().await.unwrap();
        for pid in other.pids() {
            let down = self.node.monitor(pid);
            let reason = ExitReason::Failed("asked to".into());
            reach::<Stuck>(&self.node, pid).exit(reason.clone());
            assert_eq!(down.await.reason, reason);
        }
        self.expect_one_down_each().await;
        assert_eq!(other.node.system().actors(), 2);
    }
}

#[test]
fn everybody_who_waits_is_told_once() {
    for how in [Break::Cut, Break::Reset, Break::Disconnect] {
        check_seeds(SEEDS, async |world: World| session_breaks(world, how).await);
    }
}

async fn session_breaks(world: World, how: Break) {
    let (a, b) = hosts(&world);
    let halves = [Half::new(start(&a).await), Half::new(start(&b).await)];
    let [ours, theirs] = &halves;
    let sides = [(ours, theirs), (theirs, ours)];
    let mut events = halves.each_ref().map(|half| half.node.events());
    ours.node.connect(&b.endpoint()).await.unwrap();
    for ((_, other), events) in sides.into_iter().zip(&mut events) {
        assert_eq!(events.next().await, Some(NodeEvent::Up(other.name())));
    }
    let mut tasks = ours.begin(&theirs.pids()).await;
    tasks.extend(theirs.begin(&ours.pids()).await);
    tokio::time::sleep(Duration::from_millis(world.rng().random_range(0..100))).await;

    match how {
        Break::Cut => outlast_the_patience(&world, [(&a, ours), (&b, theirs)]).await,
        Break::Reset => world.network().reset_streams(&a, &b),
        Break::Disconnect => ours.node.disconnect(&theirs.name()),
    }
    for ((half, other), events) in sides.into_iter().zip(&mut events) {
        assert_eq!(events.next().await, Some(NodeEvent::Down(other.name())));
        // Rule 16: the actors were told before.
        half.expect_one_down_each().await;
    }
    for task in tasks {
        task.await.unwrap();
    }
    tokio::time::sleep(ALL_IS_OVER).await;
    for ((half, other), events) in sides.into_iter().zip(&mut events) {
        assert_eq!(events_until_now(events).await, []);
        half.expect_one_down_each().await;
        assert_eq!(half.node.nodes(), []);
        assert_eq!(half.node.system().actors(), ACTORS + 2);
        let spare: Ref<Stuck> = reach(&half.node, other.spare.pid());
        assert_eq!(spare.ping().await, Err(CallError::Disconnected));
    }

    theirs.node.connect(&a.endpoint()).await.unwrap();
    for ((half, other), events) in sides.into_iter().zip(&mut events) {
        assert_eq!(events.next().await, Some(NodeEvent::Up(other.name())));
        half.expect_a_fresh_session(other).await;
    }
}

async fn outlast_the_patience(world: &World, [ours, theirs]: [(&Host, &Half); 2]) {
    let network = world.network();
    network.break_after(Some(PATIENCE));
    network.cut(ours.0, theirs.0);
    // Without traffic nobody would miss anything. One side's is enough.
    let (talks, listens) = if world.rng().random() { (ours, theirs) } else { (theirs, ours) };
    let actor: Ref<Stuck> = reach(&talks.1.node, listens.1.spare.pid());
    actor.cast().ping().unwrap();
    tokio::time::sleep(2 * PATIENCE).await;
    network.heal(ours.0, theirs.0);
}
