//! Links and monitors between three nodes while actors end, sessions break and a host crashes.

mod knot;
mod verdict;

use std::time::Duration;

use holm::prelude::*;
use holm::{SessionBonds, SpawnOptions};
use holm_sim::{Host, World, check_seeds};
use rand::RngExt;
use rand::rngs::StdRng;

use super::start;
use crate::SEEDS;
use knot::{Histories, Knot};
use verdict::judge;

/// What happens, one thing after the other; the host `c` crashes after two thirds of it.
const STEPS: usize = 600;

/// Actors that each node begins with.
const KNOTS: usize = 4;

/// Longer than all delays.
const ALL_IS_OVER: Duration = Duration::from_secs(20);

/// Three hosts, their nodes, and the actors that live there, or did.
struct Net {
    world: World,
    rng: StdRng,
    hosts: Vec<Host>,
    nodes: Vec<Node>,
    knots: Vec<(usize, Ref<Knot>)>,
    histories: Histories,
}

impl Net {
    async fn start(world: World) -> Self {
        let hosts: Vec<Host> = ["a", "b", "c"].into_iter().map(|name| world.host(name)).collect();
        let mut nodes = Vec::new();
        for host in &hosts {
            nodes.push(start(host).await);
        }
        let rng = world.rng();
        let histories = Histories::default();
        let mut net = Self { world, rng, hosts, nodes, knots: Vec::new(), histories };
        for at in 0..net.nodes.len() {
            for _ in 0..KNOTS {
                net.spawn(at);
            }
        }
        for (here, there) in [(0, 1), (1, 2), (2, 0)] {
            net.connect(here, there).await;
        }
        net
    }

    /// Two in three trap exits; the others end with whom they are linked.
    fn spawn(&mut self, at: usize) {
        let mut options = SpawnOptions::default();
        options.trap_exits = self.knots.len() % 3 != 2;
        let knot = Knot::new(self.knots.len(), &self.histories);
        let knot = self.nodes[at].spawn_with(knot, options);
        self.knots.push((at, knot));
    }

    async fn connect(&self, here: usize, there: usize) {
        // It may have crashed.
        let _ = self.nodes[here].connect(&self.hosts[there].endpoint()).await;
    }

    /// Those that live on the first nodes.
    fn living(&self, alive: usize) -> Vec<usize> {
        let lives = |number: &usize| {
            let (at, knot) = &self.knots[*number];
            *at < alive && self.nodes[*at].system().find(knot.pid()).is_some()
        };
        (0..self.knots.len()).filter(lives).collect()
    }

    /// An actor that lives, and another one, which may have ended.
    fn any_two(&mut self, alive: usize) -> [usize; 2] {
        while self.living(alive).len() < KNOTS * alive {
            let at = self.rng.random_range(0..alive);
            self.spawn(at);
        }
        let living = self.living(alive);
        let one = living[self.rng.random_range(0..living.len())];
        let two = match self.rng.random_range(0..5) {
            0 => self.rng.random_range(0..self.knots.len()),
            _ => living[self.rng.random_range(0..living.len())],
        };
        [one, two]
    }

    /// One thing that an actor does, or that happens to it, or to a session.
    async fn step(&mut self, alive: usize) {
        let [one, two] = self.any_two(alive);
        let knot = self.knots[one].1.clone();
        let other = self.knots[two].1.pid();
        let _ = match self.rng.random_range(0..20) {
            0..=6 if one != two && knot::may_link(one, two) => knot.cast().link(other),
            0..=6 => Ok(()),
            7..=9 => knot.cast().unlink(other),
            10..=13 => knot.cast().watch(other),
            14 => knot.cast().unwatch(),
            15 => {
                let on = self.nodes[self.rng.random_range(0..alive)].name().clone();
                knot.cast().spawn(on)
            }
            16 => knot.cast().end(),
            17 if self.rng.random() => {
                knot.kill();
                Ok(())
            }
            _ => {
                if self.rng.random_range(0..4) == 0 {
                    self.break_one(alive).await;
                }
                Ok(())
            }
        };
    }

    async fn break_one(&mut self, alive: usize) {
        let here = self.rng.random_range(0..alive);
        let there = (here + 1) % 3;
        if self.rng.random() {
            self.world.network().reset_streams(&self.hosts[here], &self.hosts[there]);
        } else {
            self.nodes[here].disconnect(self.nodes[there].name());
        }
        self.wait(30).await;
        self.connect(here, there).await;
    }

    async fn wait(&mut self, millis_max: u64) {
        let millis = self.rng.random_range(0..millis_max);
        tokio::time::sleep(Duration::from_millis(millis)).await;
    }
}

async fn scenario(world: World) -> usize {
    let mut net = Net::start(world).await;
    for step in 0..STEPS {
        let alive = if step < STEPS * 2 / 3 { 3 } else { 2 };
        if step == STEPS * 2 / 3 {
            net.hosts[2].crash();
        }
        net.step(alive).await;
        net.wait(12).await;
    }
    tokio::time::sleep(ALL_IS_OVER).await;
    let survivors = &net.nodes[..2];
    let outcomes = judge(survivors, &net.histories.lock());

    // Nothing is left in any table.
    for node in survivors {
        for pid in node.system().pids() {
            node.system().kill(pid);
        }
    }
    tokio::time::sleep(ALL_IS_OVER).await;
    for node in survivors {
        for other in &net.nodes {
            assert_eq!(node.bonds_with(other.name()), SessionBonds::default());
        }
        assert_eq!(node.system().actors(), 0);
    }
    outcomes
}

#[test]
fn each_link_and_monitor_has_one_outcome() {
    check_seeds(SEEDS, async |world: World| {
        let outcomes = scenario(world).await;
        assert!(outcomes > 50, "too little has happened: {outcomes} were told of");
    });
}

/// Actors of both ends of a session that is reset, linked both ways at the same time.
#[test]
fn crossing_links_survive_no_session() {
    check_seeds(SEEDS, async |world: World| {
        let (a, b) = super::traffic::hosts(&world);
        let nodes = [start(&a).await, start(&b).await];
        nodes[0].connect(&b.endpoint()).await.unwrap();
        let histories = Histories::default();
        let mut options = SpawnOptions::default();
        options.trap_exits = true;
        let pairs: Vec<[Ref<Knot>; 2]> = (0..8)
            .map(|n| {
                nodes.each_ref().map(|node| node.spawn_with(Knot::new(n * 3, &histories), options))
            })
            .collect();
        for (n, pair) in pairs.iter().enumerate() {
            for (knot, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
                knot.link(other.pid()).await.unwrap();
                if n % 4 == 3 {
                    knot.unlink(other.pid()).await.unwrap();
                }
            }
        }
        let late = world.rng().random_range(0..60);
        tokio::time::sleep(Duration::from_millis(late)).await;
        world.network().reset_streams(&a, &b);
        tokio::time::sleep(ALL_IS_OVER).await;
        judge(&nodes, &histories.lock());
        for (node, other) in [(&nodes[0], &nodes[1]), (&nodes[1], &nodes[0])] {
            assert_eq!(node.bonds_with(other.name()), SessionBonds::default());
            for pid in node.system().pids() {
                assert_eq!(node.system().inspect(pid).unwrap().links, []);
            }
        }
    });
}
