//! Everything at once: three nodes whose actors send, call, watch, link and end, while the network
//! and the hosts have all their troubles. The plan is drawn from the seed, and made short if it
//! fails.

use std::sync::Arc;
use std::time::Duration;

use holm::env::Transport;
use holm::prelude::*;
use holm_sim::history::{Event, Fault};
use holm_sim::{Host, Skew, World, check_plans};
use rand::RngExt;
use rand::rngs::StdRng;

use super::member::{Book, Member, Pusher};
use super::{reach, start_over};

const HOSTS: [&str; 3] = ["a", "b", "c"];

/// Seeds of every run, and of one with `HOLM_LONG=1`: a few seconds, and a minute or two.
const SEEDS: u64 = 40;
const SEEDS_LONG: u64 = 2_000;

/// Members on each host.
const MEMBERS: usize = 2;

/// Operations of one plan: beyond some dozen everything has met everything.
const OPS: usize = 60;

/// When a side gives a stream up.
const PATIENCE: Duration = Duration::from_secs(5);

/// Longer than all delays, the patience and the time that a handshake may take together.
const ALL_IS_OVER: Duration = Duration::from_secs(60);

/// A host's number, and that of a member there.
type Place = (usize, usize);

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Wait {
        ms: u64,
    },
    Push {
        from: usize,
        to: Place,
        count: u32,
    },
    Watch {
        by: Place,
        target: Place,
    },
    Unwatch {
        by: Place,
    },
    Link {
        by: Place,
        peer: Place,
    },
    Unlink {
        by: Place,
        peer: Place,
    },
    /// The member ends, and another takes its place.
    End {
        place: Place,
        kill: bool,
    },
    Connect {
        from: usize,
        to: usize,
    },
    Disconnect {
        from: usize,
        to: usize,
    },
    Cut {
        from: usize,
        to: usize,
    },
    HealAll,
    Reset {
        one: usize,
        other: usize,
    },
    Pause {
        host: usize,
    },
    ResumeAll,
    /// The host's clock is set wrong.
    Skew {
        host: usize,
        ahead_ms: i64,
    },
    /// The host crashes, and starts again with another node.
    Crash {
        host: usize,
    },
}

/// Mostly talk; some trouble, much of which is soon over.
pub(super) fn draw(rng: &mut StdRng) -> Vec<Op> {
    (0..OPS).map(|_| draw_op(rng)).collect()
}

fn draw_op(rng: &mut StdRng) -> Op {
    let mut host = || rng.random_range(0..HOSTS.len());
    let (from, to) = (host(), host());
    let mut member = |host| (host, rng.random_range(0..MEMBERS));
    let (by, other) = (member(from), member(to));
    match rng.random_range(0..100) {
        0..18 => Op::Wait { ms: rng.random_range(0..30) },
        18..22 => Op::Wait { ms: rng.random_range(0..10_000) },
        22..48 => Op::Push { from, to: other, count: rng.random_range(1..10) },
        48..58 => Op::Watch { by, target: other },
        58..61 => Op::Unwatch { by },
        61..67 => Op::Link { by, peer: other },
        67..70 => Op::Unlink { by, peer: other },
        70..76 => Op::End { place: by, kill: rng.random() },
        76..82 => Op::Connect { from, to },
        82..84 => Op::Disconnect { from, to },
        84..87 => Op::Cut { from, to },
        87..90 => Op::HealAll,
        90..92 => Op::Reset { one: from, other: to },
        92..94 => Op::Pause { host: from },
        94..96 => Op::ResumeAll,
        96..98 => Op::Skew { host: from, ahead_ms: rng.random_range(-3_600_000..3_600_000) },
        _ => Op::Crash { host: from },
    }
}

/// One host, its node, and who lives there.
struct Station {
    host: Host,
    node: Node,
    members: Vec<Ref<Member>>,
    pusher: Ref<Pusher>,
}

/// All of it.
struct Storm<'a, F> {
    world: &'a World,
    book: Book,
    stations: Vec<Station>,
    /// Changes the transport of a host.
    change: F,
}

/// Runs a plan to its end. `change` changes the transports of all hosts.
pub(super) async fn run(
    world: &World,
    plan: &[Op],
    change: impl Fn(&Host) -> Arc<dyn Transport>,
) -> Result<(), Fault> {
    world.network().break_after(Some(PATIENCE));
    let mut storm = Storm { world, book: Book::new(world), stations: Vec::new(), change };
    for host in 0..HOSTS.len() {
        let station = storm.start(host).await;
        storm.stations.push(station);
    }
    storm.connect_all().await;
    for op in plan {
        storm.apply(*op).await;
    }
    storm.calm().await;
    storm.book.history.check_quiet()?;

    // What has survived works.
    storm.connect_all().await;
    for from in 0..HOSTS.len() {
        for to in 0..HOSTS.len() {
            storm.apply(Op::Push { from, to: (to, 0), count: 3 }).await;
        }
    }
    storm.calm().await;
    for Station { node, .. } in &storm.stations {
        assert_eq!(node.system().actors(), MEMBERS + 1, "nobody else is left on {}", node.name());
    }
    storm.book.history.check_quiet()
}

impl<F: Fn(&Host) -> Arc<dyn Transport>> Storm<'_, F> {
    async fn start(&self, host: usize) -> Station {
        let host = self.world.host(HOSTS[host]);
        let node = start_over(&host, (self.change)(&host)).await;
        self.book.follow(&node);
        let members = (0..MEMBERS).map(|_| self.book.member(&node)).collect();
        let pusher = self.book.pusher(&node, self.world.rng(), true);
        Station { host, node, members, pusher }
    }

    /// Each with each.
    async fn connect_all(&self) {
        for (at, station) in self.stations.iter().enumerate() {
            for other in &self.stations[..at] {
                station.node.connect(&other.host.endpoint()).await.unwrap();
            }
        }
    }

    /// Ends all troubles, and lets everything settle.
    async fn calm(&mut self) {
        self.apply(Op::HealAll).await;
        self.apply(Op::ResumeAll).await;
        tokio::time::sleep(ALL_IS_OVER).await;
    }

    fn member(&self, (host, member): Place) -> &Ref<Member> {
        &self.stations[host].members[member]
    }

    async fn apply(&mut self, op: Op) {
        let network = self.world.network();
        let host = |host: usize| &self.stations[host].host;
        match op {
            Op::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Op::Push { from, to, count } => {
                let Station { node, pusher, .. } = &self.stations[from];
                let to = reach(node, self.member(to).pid());
                // A pusher that waits has a full inbox sooner or later.
                let _ = pusher.cast().push(to, count);
            }
            Op::Watch { by, target } => {
                let _ = self.member(by).cast().watch(self.member(target).pid());
            }
            Op::Unwatch { by } => drop(self.member(by).cast().unwatch()),
            Op::Link { by, peer } => {
                let _ = self.member(by).cast().link(self.member(peer).pid());
            }
            Op::Unlink { by, peer } => {
                let _ = self.member(by).cast().unlink(self.member(peer).pid());
            }
            Op::End { place: (host, member), kill } => {
                let station = &mut self.stations[host];
                let new = self.book.member(&station.node);
                let old = std::mem::replace(&mut station.members[member], new);
                if kill { old.kill() } else { old.exit(ExitReason::Failed("asked to".into())) }
            }
            Op::Connect { from, to } => {
                let (node, to) = (self.stations[from].node.clone(), host(to).endpoint());
                // To fail is its good right.
                drop(host(from).env().spawn(async move { drop(node.connect(&to).await) }));
            }
            Op::Disconnect { from, to } => {
                self.stations[from].node.disconnect(self.stations[to].node.name());
            }
            Op::Cut { from, to } if from != to => network.cut_one_way(host(from), host(to)),
            Op::HealAll => {
                for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                    network.heal(host(one), host(other));
                }
            }
            Op::Reset { one, other } => network.reset_streams(host(one), host(other)),
            Op::Pause { host: at } => host(at).pause(),
            Op::ResumeAll => self.stations.iter().for_each(|station| station.host.resume()),
            Op::Skew { host: at, ahead_ms } => host(at).set_clock(Skew { ahead_ms, drift_ppm: 50 }),
            Op::Crash { host: at } => {
                let node = self.stations[at].node.name().clone();
                self.book.history.note(Event::Crashed { node });
                host(at).crash();
                self.stations[at] = self.start(at).await;
            }
            Op::Cut { .. } => {}
        }
    }
}

#[test]
fn all_promises_hold() {
    let long = std::env::var("HOLM_LONG").as_deref() == Ok("1");
    let seeds = if long { SEEDS_LONG } else { SEEDS };
    check_plans(0..seeds, draw, async |world, plan: &[Op]| {
        let fault = run(&world, plan, Host::transport).await;
        fault.unwrap_or_else(|fault| panic!("{fault}"));
    });
}
