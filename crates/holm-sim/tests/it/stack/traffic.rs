//! Messages and calls between two nodes, undisturbed and over a network that stutters.

use std::sync::Arc;
use std::time::Duration;

use holm::DeadLetters;
use holm::NodeEvent;
use holm::env::Transport;
use holm::prelude::*;
use holm_sim::history::Fault;
use holm_sim::{Delay, Host, World, check_seeds};
use rand::RngExt;

use super::member::{Book, Member, Pusher};
use super::{events_until_now, reach, start, start_over};
use crate::SEEDS;

/// Senders on each node.
const SENDERS: usize = 3;

/// Messages of each sender.
const COUNT: u32 = 60;

/// Senders on both nodes, to a member on the other one.
pub(super) struct Traffic {
    pub(super) nodes: [Node; 2],
    pub(super) book: Book,
    senders: Vec<(Ref<Pusher>, Ref<Member>)>,
}

impl Traffic {
    /// Nodes on `a` and `b`, connected; `calls` says whether they do more than cast.
    pub(super) async fn new(world: &World, nodes: [Node; 2], to: &Host, calls: bool) -> Self {
        let book = Book::new(world);
        nodes.iter().for_each(|node| book.follow(node));
        nodes[0].connect(&to.endpoint()).await.unwrap();
        let members = nodes.each_ref().map(|node| book.member(node));
        let mut senders = Vec::new();
        for (near, far) in [(&nodes[0], &members[1]), (&nodes[1], &members[0])] {
            for _ in 0..SENDERS {
                let pusher = book.pusher(near, world.rng(), calls);
                senders.push((pusher, reach(near, far.pid())));
            }
        }
        Self { nodes, book, senders }
    }

    /// One round: all senders send at once. Ends when they are done, and all has arrived.
    pub(super) async fn run(&self) {
        let runs: Vec<_> = self
            .senders
            .iter()
            .map(|(pusher, to)| {
                let (pusher, to) = (pusher.clone(), to.clone());
                let run = async move { pusher.push(to, COUNT).await.unwrap() };
                self.nodes[0].system().env().spawn(run)
            })
            .collect();
        for run in runs {
            run.await.unwrap();
        }
        // Longer than any delay; nothing is repeated after that.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }

    pub(super) fn check(&self) -> Result<(), Fault> {
        self.book.history.check_quiet()
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
/// between the rounds. Whether the session has lasted.
pub(super) async fn casts_over(
    world: World,
    change: impl Fn(Arc<dyn Transport>) -> Arc<dyn Transport>,
    between: impl Fn(),
) -> Result<bool, Fault> {
    let (a, b) = hosts(&world);
    let nodes = [start_over(&a, change(a.transport())).await, start(&b).await];
    let mut events = nodes[0].events();
    let traffic = Traffic::new(&world, nodes, &b, false).await;
    traffic.run().await;
    traffic.check()?;
    between();
    traffic.run().await;
    traffic.check()?;
    Ok(events_until_now(&mut events).await.len() == 1)
}

#[test]
fn each_pair_is_in_order_and_replies_are_right() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = hosts(&world);
        let nodes = [start(&a).await, start(&b).await];
        let traffic = Traffic::new(&world, nodes, &b, true).await;
        traffic.run().await;
        assert_eq!(traffic.check(), Ok(()));
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
    check_seeds(SEEDS, async |world: World| {
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
        assert_eq!(traffic.check(), Ok(()));
        let up = NodeEvent::Up(traffic.nodes[1].name().clone());
        assert_eq!(events_until_now(&mut events).await, [up], "one session all the time");
    });
}
