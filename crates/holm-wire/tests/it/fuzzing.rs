//! The fuzz targets of `fuzz/` on their corpus, and on inputs made from it.

use std::{collections::hash_map::RandomState, fs, hash::BuildHasher, path::Path};

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is also a library of its own")]
mod targets;

/// Inputs made from each file of the corpus for each seed: some thousand a target, which
/// takes a second.
const MUTATIONS: usize = 150;
/// Always the same, beside one that is new in each run.
const SEEDS: [u64; 2] = [1, 2];

/// splitmix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// Replaces, inserts, removes and repeats some bytes.
    fn mutate(&mut self, input: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            let at = self.below(input.len());
            match self.below(5) {
                0 => input.insert(at, self.next() as u8),
                1 => drop(input.drain(at..(at + self.below(8)).min(input.len()))),
                2 => {
                    let piece = input[at..(at + self.below(64)).min(input.len())].to_vec();
                    let to = self.below(input.len() + 1);
                    input.splice(to..to, piece);
                }
                _ => {
                    if let Some(byte) = input.get_mut(at) {
                        *byte = if self.below(2) == 0 { self.next() as u8 } else { *byte ^ 0x80 };
                    }
                }
            }
        }
    }
}

fn run(name: &str, target: fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut files: Vec<_> =
        fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", corpus.display());
    let new_seed = RandomState::new().hash_one(name);
    println!("seed {new_seed}");
    for file in files {
        let input = fs::read(&file).unwrap();
        target(&input);
        for seed in SEEDS.into_iter().chain([new_seed]) {
            let mut random = Random(seed);
            let mut mutated = input.clone();
            for round in 0..MUTATIONS {
                if round % 10 == 0 {
                    mutated.clone_from(&input);
                }
                random.mutate(&mut mutated);
                target(&mutated);
            }
        }
    }
}

#[test]
fn frame() {
    run("frame", targets::frame);
}

#[test]
fn envelope() {
    run("envelope", targets::envelope);
}

#[test]
fn handshake() {
    run("handshake", targets::handshake);
}

#[test]
fn session() {
    run("session", targets::session);
}

#[test]
fn decompression() {
    run("decompression", targets::decompression);
}
