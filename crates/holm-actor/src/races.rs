//! Two actors' links, monitors, exits and ends: what one does crosses what the other does, in
//! every order for one operation a side, at random for more.
#![allow(clippy::unwrap_used, reason = "tests")]

mod side;
mod verdict;

use std::sync::Arc;

use holm_env::{Env, Gate, Hooks, TaskId, UnixMillis};
use holm_wire::{Incarnation, NodeId, NodeName};
use shuttle::rand::{Rng, thread_rng};
use tokio::runtime::{Builder, Handle, Runtime};

use crate::{ActorSystem, NullOutlet};
use side::{Op, Side};

/// How two actors are bound when the race begins. `[bool; 2]`: the first, the second.
#[derive(Clone, Copy, Debug)]
struct Start {
    /// By the first.
    linked: bool,
    /// Whether it monitors the other.
    monitors: [bool; 2],
    traps: [bool; 2],
}

impl Start {
    /// The one whose description is these five bits.
    fn new(bits: u32) -> Self {
        let bit = |n: u32| bits >> n & 1 == 1;
        Self { linked: bit(0), monitors: [bit(1), bit(2)], traps: [bit(3), bit(4)] }
    }

    fn all() -> impl Iterator<Item = Self> {
        (0..1 << 5).map(Self::new)
    }
}

/// Never asked: no task is polled.
struct NoHooks;

impl Hooks for NoHooks {
    fn before_poll(&self, _task: TaskId, _waker: &std::task::Waker) -> Gate {
        Gate::Drop
    }

    fn handle_end(&self, _task: TaskId) {}

    fn wall_clock(&self) -> UnixMillis {
        UnixMillis(0)
    }
}

fn idle_runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Tells on a failure what failed.
struct Case(Start, [Vec<Op>; 2]);

impl Drop for Case {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:?}: {:?}", self.0, self.1);
        }
    }
}

/// Two actors do what `scripts` say at once; then all is settled and judged.
fn race(runtime: &Handle, start: Start, scripts: [Vec<Op>; 2]) {
    let _case = Case(start, scripts.clone());
    let name: NodeName = "test@local".parse().unwrap();
    let id = NodeId::of(&name, Incarnation(1));
    let env = Env::with_hooks(runtime.clone(), Arc::new(NoHooks), 0);
    let system = ActorSystem::new(env, name, id, Arc::new(NullOutlet));
    let [mut first, mut second] = Side::pair(&system, start.traps);
    if start.linked {
        first.act(Op::Link);
    }
    for (side, monitors) in [&mut first, &mut second].into_iter().zip(start.monitors) {
        if monitors {
            side.act(Op::Monitor);
        }
    }
    let [ours, theirs] = scripts;
    let other = shuttle::thread::spawn(move || {
        second.play(&theirs);
        second
    });
    first.play(&ours);
    let second = other.join().unwrap();
    verdict::judge(&system, start, [first, second]);
}

/// Every order of `ops`, from every start.
fn explore(ops: [Op; 2]) {
    for start in Start::all().filter(|start| (0..2).all(|n| ops[n].makes_sense(start, n))) {
        // One each, for it keeps the tasks that it does not poll.
        let runtime = idle_runtime();
        let handle = runtime.handle().clone();
        shuttle::check_dfs(move || race(&handle, start, ops.map(|op| vec![op])), None);
    }
}

#[test]
fn one_operation_a_side_in_every_order() {
    for first in Op::ALL {
        for second in Op::ALL {
            explore([first, second]);
        }
    }
}

/// Scripts of three a side, from a random start. A failure prints the seed that repeats it, for
/// `SHUTTLE_RANDOM_SEED`.
#[test]
fn three_operations_a_side_in_random_orders() {
    let batches = if std::env::var("HOLM_LONG").as_deref() == Ok("1") { 100 } else { 1 };
    for _ in 0..batches {
        let runtime = idle_runtime();
        let handle = runtime.handle().clone();
        let race_at_random = move || {
            let mut rng = thread_rng();
            let start = Start::new(rng.gen_range(0..1 << 5));
            let mut script =
                || (0..3).map(|_| Op::ALL[rng.gen_range(0..Op::ALL.len())]).collect::<Vec<_>>();
            let scripts = [script(), script()];
            race(&handle, start, scripts);
        };
        shuttle::check_random(race_at_random, 4_000);
    }
}
