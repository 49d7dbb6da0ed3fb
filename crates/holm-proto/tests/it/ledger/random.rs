//! Random histories of four actors on three nodes, over sessions whose bytes are real and which get
//! lost.

use super::{
    invariants::{check, check_quiet},
    wire::{Bug, Wire},
    world::{Op, Reaction, Step, World},
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
const PICKS: usize = 250;

/// Longest message: some chunks.
const MESSAGE_MAX: usize = 60_000;

/// Which of the steps that are possible, if there is one.
#[derive(Clone, Copy, Debug)]
enum Pick {
    Pending(u32),
    Operation(u32),
    Exit(u32),
    Loss(u32),
    Message { from: u32, to: u32, length: usize },
    Write { pipe: u32, max: usize },
    Read { pipe: u32, max: usize },
}

fn draw(rng: &mut StdRng) -> Vec<Pick> {
    let count = rng.random_range(0..PICKS);
    (0..count).map(|_| draw_pick(rng)).collect()
}

fn draw_pick(rng: &mut StdRng) -> Pick {
    // Often a few bytes, sometimes many.
    let max = 1 << rng.random_range(0..17);
    let which = rng.random();
    match rng.random_range(0..100) {
        0..35 => Pick::Pending(which),
        35..60 => Pick::Operation(which),
        60..62 => Pick::Exit(which),
        62..64 => Pick::Loss(which),
        64..68 => {
            let length = rng.random_range(0..MESSAGE_MAX);
            Pick::Message { from: which, to: rng.random(), length }
        }
        68..84 => Pick::Write { pipe: which, max },
        _ => Pick::Read { pipe: which, max },
    }
}

fn choose<T: Copy>(all: &[T], which: u32) -> Option<T> {
    (!all.is_empty()).then(|| all[which as usize % all.len()])
}

/// What happens between the bytes of two nodes happens there.
fn pending(world: &World) -> Vec<Step> {
    let mut steps = world.pending();
    steps.retain(|step| !matches!(step, Step::Deliver(line) if line.is_remote()));
    steps
}

fn step(world: &mut World, wire: &mut Wire, pick: Pick) {
    let choices = |wanted: fn(&Step) -> bool| {
        let steps = world.choices().into_iter().filter(wanted);
        steps.collect::<Vec<_>>()
    };
    let step = match pick {
        Pick::Pending(which) => choose(&pending(world), which),
        Pick::Operation(which) => {
            let wanted = |step: &Step| !matches!(step, Step::Do(_, Op::Exit) | Step::Close(..));
            choose(&choices(wanted), which)
        }
        Pick::Exit(which) => choose(&choices(|step| matches!(step, Step::Do(_, Op::Exit))), which),
        Pick::Loss(which) => choose(&choices(|step| matches!(step, Step::Close(..))), which),
        Pick::Message { from, to, length } => {
            let able = world.idle();
            let everybody: Vec<_> = (0..world.actors.len()).collect();
            let to = choose(&everybody, to);
            choose(&able, from).zip(to).map(|(from, to)| Step::Send(from, to, length))
        }
        Pick::Write { pipe, max } => {
            if let Some(pipe) = choose(&wire.writable(), pipe) {
                wire.write(pipe, max);
            }
            None
        }
        Pick::Read { pipe, max } => {
            if let Some(pipe) = choose(&wire.readable(world), pipe) {
                wire.read(world, pipe, max);
                check(world);
            }
            None
        }
    };
    if let Some(step) = step {
        wire.apply(world, step);
        check(world);
    }
}

/// Runs a plan, and then whatever is pending until nothing is.
fn run(seed: u64, plan: &[Pick], bug: Bug) {
    let mut rng = StdRng::seed_from_u64(seed);
    let reactions =
        [Reaction::Trap, Reaction::Trap, Reaction::Trap, Reaction::End, Reaction::Ignore];
    let places = [0, 0, 1, 2].map(|node| (node, reactions[rng.random_range(0..reactions.len())]));
    let mut world = World::new(&places, OPS, LOSSES);
    let mut wire = Wire::new(bug);
    for pick in plan {
        step(&mut world, &mut wire, *pick);
    }
    loop {
        let (which, max) = (rng.random(), MESSAGE_MAX);
        let (steps, writable, readable) = (pending(&world), wire.writable(), wire.readable(&world));
        let ready = [!steps.is_empty(), !writable.is_empty(), !readable.is_empty()];
        match ready {
            [false, false, false] => break,
            [true, ..] if rng.random() || ready == [true, false, false] => {
                step(&mut world, &mut wire, Pick::Pending(which));
            }
            [_, true, _] if rng.random() || !ready[2] => {
                step(&mut world, &mut wire, Pick::Write { pipe: which, max });
            }
            _ => step(&mut world, &mut wire, Pick::Read { pipe: which, max }),
        }
    }
    check_quiet(&world);
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
    assert!(plan.iter().any(|pick| matches!(pick, Pick::Loss(_))), "{plan:?}");
    assert!(plan.len() <= 10, "{plan:?}");
}
