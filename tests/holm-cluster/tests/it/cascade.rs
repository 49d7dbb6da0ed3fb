//! Ends that spread along links, and many at once.

use holm::{ExitReason, Pid};
use holm_cluster::{Answer, Bonds, Cluster, Order, Process, Saw, Settings, is_long};

const NODES: usize = 5;

/// Packets that a cascade may take, with the calls that settle it and five seconds of ticks: some dozen for each
/// session. An exit that is told again and again takes thousands.
const PACKETS_MAX: u64 = 2_000;

/// A ring of actors linked with their neighbours, and a watcher on each node that is linked with the one
/// there and monitors all.
struct Ring {
    members: Vec<Pid>,
    watchers: Vec<Pid>,
}

impl Ring {
    fn new(cluster: &Cluster) -> Self {
        let nodes = cluster.nodes();
        let members: Vec<_> = nodes.iter().map(Process::spawn_mortal).collect();
        let watchers: Vec<_> = nodes.iter().map(Process::spawn).collect();
        for (at, node) in nodes.iter().enumerate() {
            node.order(Order::Link(members[at], members[(at + 1) % NODES]));
            node.order(Order::Link(watchers[at], members[at]));
            members.iter().for_each(|member| node.order(Order::Monitor(watchers[at], *member)));
        }
        cluster.settle(&[0, 1, 2, 3, 4]);
        Self { members, watchers }
    }

    /// What each watcher saw once everybody knew: each member's end once, and that of its neighbour, too.
    fn ends(&self, cluster: &Cluster) -> Vec<(Pid, ExitReason)> {
        let mut ends = Vec::new();
        for (at, node) in cluster.nodes().iter().enumerate() {
            let saw = node.wait_saw(self.watchers[at], NODES + 1);
            let mut downs: Vec<_> = saw
                .iter()
                .filter_map(|saw| match saw {
                    Saw::Down { of, reason, .. } => Some((*of, reason.clone())),
                    Saw::Exit { from, reason, .. } => {
                        assert_eq!(*from, Some(self.members[at]));
                        ends.push((self.members[at], reason.clone()));
                        None
                    }
                })
                .collect();
            ends.extend(downs.iter().cloned());
            downs.sort_by_key(|(of, _)| *of);
            let mut members = self.members.clone();
            members.sort();
            assert_eq!(downs.iter().map(|(of, _)| *of).collect::<Vec<_>>(), members);
        }
        ends
    }

    fn check_nothing_more(&self, cluster: &Cluster) {
        cluster.settle(&[0, 1, 2, 3, 4]);
        for (at, node) in cluster.nodes().iter().enumerate() {
            assert_eq!(node.saw(self.watchers[at]).len(), NODES + 1, "{}", node.name());
            for other in cluster.nodes() {
                let bonds = node.ask(Order::Bonds(other.name().to_owned()));
                assert_eq!(bonds, Answer::Bonds(Bonds::default()));
            }
        }
    }
}

fn failed() -> ExitReason {
    ExitReason::Failed("the first one".into())
}

#[test]
fn an_end_goes_round_a_ring_once() {
    let cluster = Cluster::on_loopback(NODES, &Settings::default());
    cluster.connect_all();
    for _ in 0..if is_long() { 100 } else { 5 } {
        let ring = Ring::new(&cluster);
        cluster.node(0).order(Order::Exit(ring.members[0], failed()));
        assert!(ring.ends(&cluster).iter().all(|(_, reason)| *reason == failed()));
        ring.check_nothing_more(&cluster);
    }
}

#[test]
fn a_cut_in_a_cascade_is_heard_of_once() {
    let settings = Settings::silence_ms(if is_long() { 10_000 } else { 600 });
    let Some(cluster) = Cluster::on_network("a_cut_in_a_cascade", NODES, &settings) else { return };
    cluster.connect_all();
    for round in 0..if is_long() { 10 } else { 2 } {
        let ring = Ring::new(&cluster);
        let before = cluster.packets();
        let end = || cluster.node(0).begin(Order::Exit(ring.members[0], failed()));
        let isolate = || cluster.isolate(1 + round % (NODES - 1));
        // Whichever comes first, the other comes into it.
        let ending = if round % 2 == 0 {
            isolate();
            end()
        } else {
            let ending = end();
            isolate();
            ending
        };
        assert_eq!(ending.wait(), Answer::Done);
        let ends = ring.ends(&cluster);
        assert!(
            ends.iter()
                .all(|(_, reason)| { *reason == failed() || *reason == ExitReason::Noconnection })
        );
        let lost = ends.iter().filter(|(_, reason)| *reason != failed()).count();
        cluster.heal();
        ring.check_nothing_more(&cluster);
        let packets = cluster.packets() - before;
        println!("round {round}: {lost} of {} told of the cut, {packets} packets", ends.len());
        assert!(packets <= PACKETS_MAX, "{packets}");
    }
}

#[test]
fn survivors_of_three_kills_are_told_once_of_each() {
    let cluster = Cluster::on_loopback(NODES, &Settings::default());
    cluster.connect_all();
    let actors: Vec<_> = cluster.nodes().iter().map(Process::spawn).collect();
    for (one, node) in cluster.nodes().iter().enumerate() {
        for (other, actor) in actors.iter().enumerate().filter(|(other, _)| *other != one) {
            if one < other {
                node.order(Order::Link(actors[one], *actor));
            }
            node.order(Order::Monitor(actors[one], *actor));
        }
    }
    cluster.settle(&[0, 1, 2, 3, 4]);
    [2, 3, 4].into_iter().for_each(|node| cluster.kill(node));
    for survivor in [0, 1] {
        cluster.node(survivor).wait_saw(actors[survivor], 6);
    }
    cluster.settle(&[0, 1]);
    for survivor in [0, 1] {
        let saw = cluster.node(survivor).saw(actors[survivor]);
        for dead in &actors[2..] {
            let (of, reason) = (*dead, ExitReason::Noconnection);
            let down = Saw::Down { of, reason: reason.clone(), taken: 0 };
            let exit = Saw::Exit { from: Some(of), reason, taken: 0 };
            for one in [down, exit] {
                assert_eq!(saw.iter().filter(|saw| **saw == one).count(), 1, "{one:?}");
            }
        }
        assert_eq!(saw.len(), 6, "{saw:?}");
        for dead in 2..NODES {
            let bonds = Order::Bonds(cluster.node(dead).name().to_owned());
            assert_eq!(cluster.node(survivor).ask(bonds), Answer::Bonds(Bonds::default()));
        }
    }
}
