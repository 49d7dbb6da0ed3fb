//! Running a scenario for many seeds, and telling of the first that fails.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::hush::hushed;
use crate::repeat::{first_difference, tell_how_to_repeat};
use crate::seeds::{Choice, new_seed};
use crate::trace::{Keeps, derive};
use crate::{Sim, World, shrink};

/// Seeds that a check adds to those it is given: a few, so that a test stays quick while every run
/// of a test suite looks at something new.
pub const NEW_SEEDS: usize = 3;

/// As many for [`check_pure_plans`], of which each takes less than a millisecond.
pub const NEW_SEEDS_PURE: usize = 100;

/// Last lines of the trace that a failing run prints if it was asked for by
/// [`SEED_VARIABLE`](crate::SEED_VARIABLE).
const LINES_PRINTED: usize = 200;

/// Runs `scenario` for each of `seeds` and for [`NEW_SEEDS`] new ones, twice each, and the two runs
/// must go alike.
///
/// The environment may ask for other seeds instead: with `HOLM_SIM_SEED=..` for one, whose trace
/// is printed if it fails; with `HOLM_SIM_SEEDS=0..1000` for many, once each.
///
/// # Panics
/// With the panic of the scenario, or if two runs of a seed differ. One line on standard error
/// says how to repeat it.
pub fn check_seeds(seeds: impl IntoIterator<Item = u64>, scenario: impl AsyncFn(World)) {
    check_plans(seeds, |_| Vec::new(), async |world, _: &[()]| scenario(world).await);
}

/// Runs `scenario` as [`check_seeds`] does, with the plan that `draw` draws from each seed.
///
/// The plan of a run that fails is [made shorter](shrink) as long as it still fails. The
/// operations that are left are printed, with the line that repeats just them, before the
/// panic goes on. So a scenario should make do with any part of a plan.
///
/// # Panics
/// As [`check_seeds`].
pub fn check_plans<Op: Clone + Debug>(
    seeds: impl IntoIterator<Item = u64>,
    draw: impl Fn(&mut StdRng) -> Vec<Op>,
    scenario: impl AsyncFn(World, &[Op]),
) {
    let run = |seed: u64, plan: &[Op], keeps| {
        let mut sim = Sim::keeping(seed, keeps);
        let run = || sim.run(async |world| scenario(world, plan).await);
        let outcome = catch_unwind(AssertUnwindSafe(run));
        Run { outcome, sim: Some(sim) }
    };
    Check { draw, run }.all(seeds, NEW_SEEDS);
}

/// The same without a world, for state machines that need none; each seed is run once.
/// `scenario` is given the seed.
///
/// # Panics
/// With the panic of the scenario.
pub fn check_pure_plans<Op: Clone + Debug>(
    seeds: impl IntoIterator<Item = u64>,
    draw: impl Fn(&mut StdRng) -> Vec<Op>,
    scenario: impl Fn(u64, &[Op]),
) {
    let run = |seed: u64, plan: &[Op], _: Keeps| {
        let outcome = catch_unwind(AssertUnwindSafe(|| scenario(seed, plan)));
        Run { outcome, sim: None }
    };
    Check { draw, run }.all(seeds, NEW_SEEDS_PURE);
}

/// Runs `scenario` twice in two worlds of the same seed, which must go alike.
///
/// # Panics
/// As [`check_seeds`].
pub fn check_deterministic(seed: u64, scenario: impl AsyncFn(World)) {
    let run = |seed: u64, _: &[()], keeps| {
        let mut sim = Sim::keeping(seed, keeps);
        let outcome = catch_unwind(AssertUnwindSafe(|| sim.run(&scenario)));
        Run { outcome, sim: Some(sim) }
    };
    Check { draw: |_: &mut StdRng| Vec::new(), run }.all([seed], 0);
}

/// A run that is over.
struct Run {
    outcome: Result<(), Box<dyn Any + Send>>,
    /// The world it was in, if there was one.
    sim: Option<Sim>,
}

struct Check<D, R> {
    draw: D,
    run: R,
}

impl<Op, D, R> Check<D, R>
where
    Op: Clone + Debug,
    D: Fn(&mut StdRng) -> Vec<Op>,
    R: Fn(u64, &[Op], Keeps) -> Run,
{
    fn all(&self, seeds: impl IntoIterator<Item = u64>, new_seeds: usize) {
        match Choice::from_environment() {
            Choice::One { seed, keep } => self.asked_for(seed, keep),
            Choice::Range(range) => {
                let count = range.end.saturating_sub(range.start);
                for seed in range {
                    self.once(seed);
                }
                // Read by whoever asked for them.
                println!("holm-sim: {count} seeds");
            }
            Choice::Given => {
                for seed in seeds {
                    self.twice(seed);
                }
                for _ in 0..new_seeds {
                    self.twice(new_seed());
                }
            }
        }
    }

    fn plan(&self, seed: u64) -> Vec<Op> {
        (self.draw)(&mut StdRng::seed_from_u64(derive(seed, "plan")))
    }

    fn once(&self, seed: u64) {
        let plan = self.plan(seed);
        if let Err(panic) = (self.run)(seed, &plan, Keeps::Nothing).outcome {
            self.tell_shortest(seed, &plan, panic, Keeps::Nothing);
        }
    }

    fn twice(&self, seed: u64) {
        let plan = self.plan(seed);
        let Run { outcome, sim } = (self.run)(seed, &plan, Keeps::All);
        match outcome {
            Ok(()) => self.compare(seed, &plan, None, sim),
            Err(panic) => self.tell_shortest(seed, &plan, panic, Keeps::Nothing),
        }
    }

    /// Runs what has passed once more: it must go as it did in `sim`.
    fn compare(&self, seed: u64, plan: &[Op], keep: Option<&[usize]>, sim: Option<Sim>) {
        let Some(sim) = sim else { return };
        let Run { outcome, sim: again } = (self.run)(seed, plan, Keeps::All);
        let again = again.expect("it has a world each time");
        if sim.trace_hash() != again.trace_hash() {
            tell_how_to_repeat(seed, keep);
            let difference = first_difference(&sim.trace_text(), &again.trace_text());
            panic!("two runs of one seed differ:\n{difference}");
        }
        if let Err(panic) = outcome {
            tell_how_to_repeat(seed, keep);
            resume_unwind(panic);
        }
    }

    /// What somebody wants to look at.
    fn asked_for(&self, seed: u64, keep: Option<Vec<usize>>) {
        let plan = self.plan(seed);
        let kept = keep.clone().unwrap_or_else(|| (0..plan.len()).collect());
        let part = pick(&plan, &kept);
        let Run { outcome, sim } = (self.run)(seed, &part, Keeps::All);
        let Err(panic) = outcome else {
            return self.compare(seed, &part, keep.as_deref(), sim);
        };
        if keep.is_none() && !plan.is_empty() {
            self.tell_shortest(seed, &plan, panic, Keeps::All);
        }
        print_trace(sim.as_ref());
        tell_how_to_repeat(seed, keep.as_deref());
        resume_unwind(panic);
    }

    /// Goes on with the panic of the shortest plan that fails, behind its trace if that is kept.
    fn tell_shortest(&self, seed: u64, plan: &[Op], panic: Box<dyn Any + Send>, keeps: Keeps) -> ! {
        if plan.is_empty() {
            tell_how_to_repeat(seed, None);
            resume_unwind(panic);
        }
        let positions: Vec<usize> = (0..plan.len()).collect();
        let shortest = hushed(|| {
            shrink(&positions, |kept| {
                (self.run)(seed, &pick(plan, kept), Keeps::Nothing).outcome.is_err()
            })
        });
        eprintln!("it fails with {} of {} operations:", shortest.len(), plan.len());
        for at in &shortest {
            eprintln!("{at:>5}  {:?}", plan[*at]);
        }
        let Run { outcome, sim } = (self.run)(seed, &pick(plan, &shortest), keeps);
        print_trace(sim.as_ref());
        tell_how_to_repeat(seed, Some(&shortest));
        resume_unwind(outcome.err().unwrap_or(panic));
    }
}

/// Prints the last of it; nothing if none was kept.
fn print_trace(sim: Option<&Sim>) {
    let text = sim.map(Sim::trace_text).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    for line in &lines[lines.len().saturating_sub(LINES_PRINTED)..] {
        eprintln!("{line}");
    }
}

/// These of the plan; what is beyond its end is left out.
fn pick<Op: Clone>(plan: &[Op], positions: &[usize]) -> Vec<Op> {
    positions.iter().filter_map(|at| plan.get(*at)).cloned().collect()
}
