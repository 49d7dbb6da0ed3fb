//! Random histories of four actors on three nodes, over sessions whose bytes are real and which get
//! lost.

use super::{
    ghost::Watch,
    invariants::{check, check_quiet},
    wire::{Bug, PipeId, Wire},
    world::{Line, Op, Reaction, Step, World},
};
use holm_sim::{check_pure_plans, shrink};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Operations of one actor: of four, no more than the ghost has bits for.
const OPS: usize = 15;

/// Seeds of every run, and of one with `HOLM_LONG=1`: less than a second, and a minute.
const SEEDS: u64 = 500;
const SEEDS_LONG: u64 = 50_000;

/// Sessions that may be lost.
const LOSSES: usize = 6;

/// Longest plan.
const PICKS: usize = 400;

/// Longest message: some chunks.
const MESSAGE_MAX: usize = 60_000;

/// The node of each actor.
const NODES: [usize; 4] = [0, 0, 1, 2];

/// What is to happen, if it can. Actors and nodes are named, so that a part of a plan means what it
/// meant in the whole.
#[derive(Clone, Copy, Debug)]
enum Pick {
    Link {
        by: usize,
        peer: usize,
    },
    Unlink {
        by: usize,
        peer: usize,
    },
    Monitor {
        by: usize,
        target: usize,
    },
    /// The oldest monitor.
    Demonitor {
        by: usize,
        flush: bool,
    },
    Exit {
        by: usize,
    },
    Message {
        from: usize,
        to: usize,
        length: usize,
    },
    /// What an actor has done reaches its line.
    Append {
        by: usize,
    },
    Handle {
        by: usize,
    },
    /// The actor ends, if that is fixed.
    End {
        of: usize,
    },
    /// To another actor of the node.
    Arrive {
        from: usize,
        to: usize,
    },
    Write {
        near: usize,
        far: usize,
        max: usize,
    },
    Read {
        near: usize,
        far: usize,
        max: usize,
    },
    /// The session is lost to one node.
    Break {
        near: usize,
        far: usize,
    },
    /// The node sees it, or goes on to tear it down.
    TearDown {
        near: usize,
        far: usize,
    },
}

fn draw(rng: &mut StdRng) -> Vec<Pick> {
    let count = rng.random_range(0..PICKS);
    (0..count).map(|_| draw_pick(rng)).collect()
}

fn draw_pick(rng: &mut StdRng) -> Pick {
    let mut actor = || rng.random_range(0..NODES.len());
    let (by, peer) = (actor(), actor());
    let (near, far) = (NODES[by], NODES[peer]);
    // Often a few bytes, sometimes many.
    let max = 1 << rng.random_range(0..17);
    match rng.random_range(0..100) {
        0..8 => Pick::Link { by, peer },
        8..13 => Pick::Unlink { by, peer },
        13..20 => Pick::Monitor { by, target: peer },
        20..24 => Pick::Demonitor { by, flush: rng.random() },
        24 => Pick::Exit { by },
        25..29 => {
            let length = rng.random_range(0..MESSAGE_MAX);
            Pick::Message { from: by, to: peer, length }
        }
        29..42 => Pick::Append { by },
        42..50 => Pick::Handle { by },
        50..52 => Pick::End { of: by },
        52..58 => Pick::Arrive { from: by, to: peer },
        58..73 => Pick::Write { near, far, max },
        73..90 => Pick::Read { near, far, max },
        90..92 => Pick::Break { near, far },
        _ => Pick::TearDown { near, far },
    }
}

/// What is pending in the world; between the bytes of two nodes it happens there.
fn pending(world: &World) -> Vec<Step> {
    let mut steps = world.pending();
    steps.retain(|step| !matches!(step, Step::Deliver(line) if line.is_remote()));
    steps
}

/// The step that is meant, if it is possible now.
fn step(world: &World, pick: Pick) -> Option<Step> {
    let chosen = |step| world.choices().contains(&step).then_some(step);
    let due = |step| pending(world).contains(&step).then_some(step);
    match pick {
        Pick::Link { by, peer } => chosen(Step::Do(by, Op::Link(peer))),
        Pick::Unlink { by, peer } => chosen(Step::Do(by, Op::Unlink(peer))),
        Pick::Monitor { by, target } => chosen(Step::Do(by, Op::Monitor(target))),
        Pick::Demonitor { by, flush } => {
            let held = |watch: &Watch| watch.watcher == by && !watch.given_up;
            let watch = world.ghost.watches.iter().position(held)?;
            chosen(Step::Do(by, Op::Demonitor { watch, flush }))
        }
        Pick::Exit { by } => chosen(Step::Do(by, Op::Exit)),
        Pick::Message { from, to, length } => {
            world.idle().contains(&from).then_some(Step::Send(from, to, length))
        }
        Pick::Append { by } => due(Step::Append(by)),
        Pick::Handle { by } => due(Step::Handle(by)),
        Pick::End { of } => due(Step::End(of)),
        Pick::Arrive { from, to } => due(Step::Deliver(Line::Local(from, to))),
        Pick::Break { near, far } => chosen(Step::Close(near, far)),
        Pick::TearDown { near, far } => {
            due(Step::Lose(near, far)).or_else(|| due(Step::Close(near, far)))
        }
        // Not of the world.
        Pick::Write { .. } | Pick::Read { .. } => None,
    }
}

/// Runs a plan, and then whatever is pending until nothing is.
fn run(seed: u64, plan: &[Pick], bug: Bug) {
    let mut rng = StdRng::seed_from_u64(seed);
    let reactions =
        [Reaction::Trap, Reaction::Trap, Reaction::Trap, Reaction::End, Reaction::Ignore];
    let places = NODES.map(|node| (node, reactions[rng.random_range(0..reactions.len())]));
    let mut world = World::new(&places, OPS, LOSSES);
    let mut wire = Wire::new(bug);
    let first =
        |pipes: Vec<PipeId>, way| pipes.into_iter().find(|(near, far, _)| (*near, *far) == way);
    for pick in plan {
        match *pick {
            Pick::Write { near, far, max } => {
                if let Some(pipe) = first(wire.writable(), (near, far)) {
                    wire.write(pipe, max);
                }
            }
            Pick::Read { near, far, max } => {
                if let Some(pipe) = first(wire.readable(&world), (near, far)) {
                    wire.read(&mut world, pipe, max);
                    check(&world);
                }
            }
            pick => {
                if let Some(step) = step(&world, pick) {
                    wire.apply(&mut world, step);
                    check(&world);
                }
            }
        }
    }
    drain(&mut rng, &mut world, &mut wire);
    check_quiet(&world);
}

/// Has everything happen that is pending, in any order.
fn drain(rng: &mut StdRng, world: &mut World, wire: &mut Wire) {
    loop {
        let (steps, writable, readable) = (pending(world), wire.writable(), wire.readable(world));
        let count = steps.len() + writable.len() + readable.len();
        if count == 0 {
            return;
        }
        let which = rng.random_range(0..count);
        if let Some(step) = steps.get(which) {
            wire.apply(world, *step);
        } else if let Some(pipe) = writable.get(which - steps.len()) {
            wire.write(*pipe, MESSAGE_MAX);
        } else {
            wire.read(world, readable[which - steps.len() - writable.len()], MESSAGE_MAX);
        }
        check(world);
    }
}

#[test]
fn four_actors_on_three_nodes() {
    let long = std::env::var("HOLM_LONG").as_deref() == Ok("1");
    let seeds = if long { SEEDS_LONG } else { SEEDS };
    check_pure_plans(0..seeds, draw, |seed, plan| run(seed, plan, Bug::None));
}

/// The first plan that finds the bug, made short.
fn shortest(bug: Bug) -> Vec<Pick> {
    let fails =
        |seed, plan: &[Pick]| catch_unwind(AssertUnwindSafe(|| run(seed, plan, bug))).is_err();
    let mut plans = (0..).map(|seed| (seed, draw(&mut StdRng::seed_from_u64(seed))));
    let (seed, plan) = plans.find(|(seed, plan)| fails(*seed, plan)).unwrap();
    shrink(&plan, |part| fails(seed, part))
}

#[test]
fn signals_that_overtake_a_message_are_caught() {
    let plan = shortest(Bug::Overtakes);
    assert!(plan.iter().any(|pick| matches!(pick, Pick::Message { .. })), "{plan:?}");
    assert!(plan.len() <= 10, "{plan:?}");
}

#[test]
fn signals_of_a_lost_session_are_caught() {
    let plan = shortest(Bug::DeliversStale);
    assert!(plan.iter().any(|pick| matches!(pick, Pick::Break { .. })), "{plan:?}");
    assert!(plan.len() <= 10, "{plan:?}");
}
