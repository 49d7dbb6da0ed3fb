//! Every interleaving of two actors: a depth-first search over states, each seen once.

use super::{
    invariants::{check, check_quiet},
    world::{Reaction, Step, World},
};
use std::{
    collections::HashSet,
    hash::{BuildHasherDefault, Hash, Hasher},
};

/// The steps from the start to here, told if a check fails.
#[derive(Default)]
struct Path(Vec<Step>);

impl Drop for Path {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("after these steps: {:#?}", self.0);
        }
    }
}

/// Mixes word by word, as splitmix64 does (Steele, Lea, Flood 2014): the search spends most of its
/// time here, and the standard hasher takes three times as long.
#[derive(Default)]
struct Words(u64);

impl Hasher for Words {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u8(*byte);
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.write_u64(word.into());
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.write_u64(word as u64);
    }

    fn write_u64(&mut self, word: u64) {
        let mut mixed = (self.0 ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        self.0 = mixed ^ (mixed >> 31);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

struct Explorer {
    /// Hashes: two of a million states share one with a chance below 1 in 10^7, and then one
    /// state goes unseen.
    seen: HashSet<u64, BuildHasherDefault<Words>>,
    /// Whether an operation is in the ledger for some time before it is sent.
    sends_late: bool,
    quiet: usize,
}

impl Explorer {
    fn new(sends_late: bool) -> Self {
        Self { seen: HashSet::default(), sends_late, quiet: 0 }
    }

    fn is_new(&mut self, world: &World) -> bool {
        let mut hasher = Words::default();
        world.hash(&mut hasher);
        self.seen.insert(hasher.finish())
    }

    fn explore(&mut self, world: &World, path: &mut Path) {
        if !self.is_new(world) {
            return;
        }
        check(world);
        let mut steps = world.pending();
        if steps.is_empty() {
            self.quiet += 1;
            check_quiet(world);
        }
        steps.extend(world.choices());
        for step in steps {
            path.0.push(step);
            let mut next = world.clone();
            next.apply(step);
            if !self.sends_late {
                next.append_all();
            }
            self.explore(&next, path);
            path.0.pop();
        }
    }
}

fn explore(places: [(usize, Reaction); 2], ops: usize, losses: usize) {
    let mut explorer = Explorer::new(losses > 0);
    explorer.explore(&World::new(&places, ops, losses), &mut Path::default());
    println!("{places:?}: {} states, {} quiet", explorer.seen.len(), explorer.quiet);
}

#[test]
fn three_operations_each() {
    use Reaction::{End, Ignore, Trap};
    for (one, other) in [(Trap, Trap), (Trap, End), (End, Ignore)] {
        explore([(0, one), (1, other)], 3, 0);
    }
}

#[test]
fn two_operations_each_on_one_node() {
    explore([(0, Reaction::Trap), (0, Reaction::Trap)], 2, 0);
}

#[test]
fn two_operations_each_and_a_lost_session() {
    explore([(0, Reaction::Trap), (1, Reaction::Trap)], 2, 1);
}
