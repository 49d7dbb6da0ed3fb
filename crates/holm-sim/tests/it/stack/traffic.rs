//! Messages and calls between two nodes, undisturbed and over a network that stutters.

use std::sync::Arc;
use std::time::Duration;

use holm::DeadLetters;
use holm::NodeEvent;
use holm::env::Transport;
use holm::prelude::*;
use holm_sim::{Delay, Host, World, check_seeds};
use rand::RngExt;

use super::history::{self, Fault};
use super::{Log, Sender, events_until_now, reach, start, start_over};
use crate::SEEDS;

/// Senders on each node.
const SENDERS: u32 = 3;

/// Messages of each sender.
const COUNT: u32 = 60;

/// Senders on both nodes, to a log on the other one.
pub(super) struct Traffic {
    pub(super) nodes: [Node; 2],
    logs: [Ref<Log>; 2],
    senders: Vec<(u32, Ref<Sender>, Ref<Log>)>,
}

impl Traffic {
    /// Nodes on `a` and `b`, connected; `calls` says whether they do more than cast.
    pub(super) async fn new(world: &World, nodes: [Node; 2], to: &Host, calls: bool) -> Self {
        nodes[0].connect(&to.endpoint()).await.unwrap();
        let logs = [0, 1].map(|at: usize| nodes[at].spawn(Log::default()));
        let mut senders = Vec::new();
        for here in [0, 1] {
            for number in 0..SENDERS {
                let id = number + here as u32 * SENDERS;
                let sender = nodes[here].spawn(Sender { id, next: 0, rng: world.rng(), calls });
                let log = reach(&nodes[here], logs[1 - here].pid());
                senders.push((id, sender, log));
            }
        }
        Self { nodes, logs, senders }
    }

    /// One round: all senders send at once. Ends when they are done.
    pub(super) async fn run(&self) {
        let runs: Vec<_> = self
            .senders
            .iter()
            .map(|(_, sender, log)| {
                let (sender, log) = (sender.clone(), log.clone());
                self.nodes[0].system().env().spawn(async move {
                    sender.run(log, COUNT).await.unwrap();
                })
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
    }

    /// Once all has arrived: whether each log has what it is to have after so many rounds.
    pub(super) async fn check(&self, rounds: u32) -> Result<(), Fault> {
        // Longer than any delay; nothing is repeated after that.
        tokio::time::sleep(Duration::from_secs(5)).await;
        for (here, log) in self.logs.iter().enumerate() {
            let there = 1 - here as u32;
            let ids: Vec<_> = (there * SENDERS..(there + 1) * SENDERS).collect();
            history::check(&log.entries().await.unwrap(), &ids, rounds * COUNT)?;
        }
        Ok(())
    }
}

/// Two hosts with delays drawn from the world's seed.
pub(super) fn hosts(world: &World) -> (Host, Host) {
    let (a, b) = (world.host("a"), world.host("b"));
    let mut rng = world.rng();
    for (from, to) in [(&a, &b), (&b, &a)] {
        let min = Duration::from_micros(rng.random_range(1..20_000));
        let max = min * rng.random_range(1..3);
        world.network().set_delay(from, to, Delay::between(min, max));
    }
    (a, b)
}

/// Two rounds without calls. `change` changes the transport of `a`, and `between` is called
/// between the rounds.
pub(super) async fn casts_over(
    world: World,
    change: impl Fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
    between: impl Fn(),
) -> Result<(), Fault> {
    let (a, b) = hosts(&world);
    let nodes = [start_over(&a, change(a.transport())).await, start(&b).await];
    let traffic = Traffic::new(&world, nodes, &b, false).await;
    traffic.run().await;
    traffic.check(1).await?;
    between();
    traffic.run().await;
    traffic.check(2).await
}

#[test]
fn each_pair_is_in_order_and_replies_are_right() {
    check_seeds(&SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let nodes = [start(&a).await, start(&b).await];
        let traffic = Traffic::new(&world, nodes, &b, true).await;
        traffic.run().await;
        assert_eq!(traffic.check(1).await, Ok(()));
        assert_eq!(traffic.nodes.each_ref().map(Node::dead_letters), [DeadLetters::default(); 2]);
    });
}

/// What goes wrong for a while.
#[derive(Clone, Copy)]
enum Stutter {
    BothWays,
    OneWay,
    Pause,
}

#[test]
fn a_network_that_stutters_loses_nothing() {
    check_seeds(&SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let nodes = [start(&a).await, start(&b).await];
        let mut events = nodes[0].events();
        let traffic = Traffic::new(&world, nodes, &b, true).await;
        let network = world.network();
        let mut rng = world.rng();
        let stutters = async {
            for _ in 0..5 {
                tokio::time::sleep(Duration::from_millis(rng.random_range(0..50))).await;
                let stutter =
                    [Stutter::BothWays, Stutter::OneWay, Stutter::Pause][rng.random_range(0..3)];
                match stutter {
                    Stutter::BothWays => network.cut(&a, &b),
                    Stutter::OneWay => network.cut_one_way(&b, &a),
                    Stutter::Pause => b.pause(),
                }
                tokio::time::sleep(Duration::from_millis(rng.random_range(0..2_000))).await;
                network.heal(&a, &b);
                b.resume();
            }
        };
        tokio::join!(traffic.run(), stutters);
        assert_eq!(traffic.check(1).await, Ok(()));
        let up = NodeEvent::Up(traffic.nodes[1].name().clone());
        assert_eq!(events_until_now(&mut events).await, [up], "one session all the time");
    });
}
