//! What makes a run repeatable, and that the harness notices what does not.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holm_sim::{SCENARIO_LIMIT, Sim, World, check_deterministic, check_plans, check_pure_plans};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use tokio::time::sleep;

/// Some tasks, randomness and time.
async fn scenario(world: World) {
    let env = world.host("a").env();
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let random = env.random_u64();
            env.spawn(async move { sleep(Duration::from_millis(random % 100)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn trace_hash(seed: u64) -> u64 {
    let mut sim = Sim::new(seed);
    sim.run(scenario);
    sim.trace_hash()
}

#[test]
fn one_seed_gives_one_trace_and_another_seed_another() {
    check_deterministic(1, scenario);
    assert_eq!(trace_hash(1), trace_hash(1));
    assert_ne!(trace_hash(1), trace_hash(2));
}

#[test]
fn the_trace_tells_what_happened_and_when() {
    let mut sim = Sim::new(1);
    sim.run(async |world| {
        world.host("a");
        sleep(Duration::from_millis(5)).await;
        world.note(format_args!("a note"));
    });
    assert_eq!(sim.trace_text(), "0.000 a starts life 1\n5.000 a note\n");
}

#[test]
fn a_world_can_be_gone_on_with() {
    let mut sim = Sim::new(1);
    let env = sim.run(async |world| {
        sleep(Duration::from_secs(1)).await;
        world.host("a").env()
    });
    sim.run(async |_| {
        let task = env.spawn(sleep(Duration::from_secs(1)));
        task.await.unwrap();
    });
    assert_eq!(sim.world().elapsed(), Duration::from_secs(2));
}

#[test]
#[should_panic(expected = "two runs of one seed differ")]
fn what_does_not_follow_from_the_seed_is_noticed() {
    let runs = AtomicU64::new(0);
    check_deterministic(1, async |world: World| {
        let run = runs.fetch_add(1, Ordering::Relaxed);
        world.host("a").env().spawn(sleep(Duration::from_millis(run))).await.unwrap();
    });
}

/// Numbers below 20, each once.
fn shuffled(rng: &mut StdRng) -> Vec<u32> {
    let mut plan: Vec<_> = (0..20).collect();
    plan.shuffle(rng);
    plan
}

fn assert_harmless(plan: &[u32]) {
    assert!(!plan.contains(&3) || !plan.contains(&7), "{} of {plan:?}", plan.len());
}

#[test]
#[should_panic(expected = "2 of [")]
fn a_failing_plan_is_made_as_short_as_it_can_be() {
    check_plans([1], shuffled, async |world: World, plan: &[u32]| {
        for number in plan {
            world.note(format_args!("{number}"));
            sleep(Duration::from_millis(1)).await;
        }
        assert_harmless(plan);
    });
}

#[test]
#[should_panic(expected = "2 of [")]
fn so_is_one_without_a_world() {
    check_pure_plans([1], shuffled, |_, plan| assert_harmless(plan));
}

#[test]
fn a_seed_has_one_plan() {
    let plans = RefCell::new(Vec::new());
    check_plans([5, 5, 6], shuffled, async |_, plan: &[u32]| {
        plans.borrow_mut().push(plan.to_vec());
    });
    // Each is run twice.
    let plans = plans.into_inner();
    assert!(plans[..4].iter().all(|plan| *plan == plans[0]), "{plans:?}");
    assert_ne!(plans[0], plans[4]);
}

#[test]
#[should_panic(expected = "task 1 of host `a` panicked")]
fn a_panic_in_a_task_fails_the_run() {
    Sim::new(1).run(async |world| {
        let env = world.host("a").env();
        drop(env.spawn(async {}));
        drop(env.spawn(async { panic!("expected by the test") }));
        sleep(Duration::from_secs(1)).await;
    });
}

#[test]
#[should_panic(expected = "did not end within")]
fn a_scenario_that_waits_for_nothing_fails() {
    Sim::new(1).run(async |_| std::future::pending::<()>().await);
}

#[test]
fn the_limit_of_a_scenario_is_virtual() {
    Sim::new(1).run(async |_| sleep(SCENARIO_LIMIT - Duration::from_secs(1)).await);
}

#[test]
fn generators_of_the_scenario_differ_and_repeat() {
    use rand::Rng;
    let draw = || Sim::new(1).run(async |world| (world.rng().next_u64(), world.rng().next_u64()));
    assert_eq!(draw(), draw());
    assert_ne!(draw().0, draw().1);
}
