//! Random histories of four actors on three nodes, with lost sessions. A failure prints the
//! history that reproduces it.

use super::{
    invariants::{check, check_quiet},
    world::{Op, Reaction, Step, World},
};
use proptest::{prelude::*, sample::Index};

/// Operations of one actor: of four, no more than the ghost has bits for.
const OPS: usize = 15;

/// Which of the steps that are possible, if there is one.
#[derive(Clone, Debug)]
enum Pick {
    Pending(Index),
    Operation(Index),
    Exit(Index),
    Loss(Index),
}

fn pick() -> impl Strategy<Value = Pick> {
    prop_oneof![
        20 => any::<Index>().prop_map(Pick::Pending),
        15 => any::<Index>().prop_map(Pick::Operation),
        1 => any::<Index>().prop_map(Pick::Exit),
        1 => any::<Index>().prop_map(Pick::Loss),
    ]
}

fn reaction() -> impl Strategy<Value = Reaction> {
    prop_oneof![3 => Just(Reaction::Trap), 1 => Just(Reaction::End), 1 => Just(Reaction::Ignore)]
}

fn step(world: &World, pick: &Pick) -> Option<Step> {
    let choices = |wanted: fn(&Step) -> bool| {
        let steps = world.choices().into_iter().filter(wanted);
        steps.collect::<Vec<_>>()
    };
    let (steps, index) = match pick {
        Pick::Pending(index) => (world.pending(), index),
        Pick::Operation(index) => {
            (choices(|step| !matches!(step, Step::Do(_, Op::Exit) | Step::Close(..))), index)
        }
        Pick::Exit(index) => (choices(|step| matches!(step, Step::Do(_, Op::Exit))), index),
        Pick::Loss(index) => (choices(|step| matches!(step, Step::Close(..))), index),
    };
    (!steps.is_empty()).then(|| *index.get(&steps))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..Default::default() })]

    #[test]
    fn four_actors_on_three_nodes(
        reactions in [reaction(), reaction(), reaction(), reaction()],
        history in prop::collection::vec(pick(), 0..200),
        rest in prop::collection::vec(any::<Index>(), 16),
    ) {
        let [a, b, c, d] = reactions;
        let mut world = World::new(&[(0, a), (0, b), (1, c), (2, d)], OPS, 6);
        for pick in &history {
            if let Some(step) = step(&world, pick) {
                world.apply(step);
                check(&world);
            }
        }
        for index in rest.iter().cycle() {
            let steps = world.pending();
            if steps.is_empty() {
                break;
            }
            world.apply(*index.get(&steps));
            check(&world);
        }
        check_quiet(&world);
    }
}
