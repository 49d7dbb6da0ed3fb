//! Tasks behind a gate.

use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use holm_env::{Env, Gate, Hooks, TaskId, UnixMillis};
use rand::Rng;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Answers one gate for all tasks, keeps their wakers and writes down what
/// happens.
#[derive(Default)]
struct TestHooks(Mutex<State>);

#[derive(Default)]
struct State {
    gate: Option<Gate>,
    wakers: BTreeMap<TaskId, Waker>,
    log: Vec<String>,
}

impl TestHooks {
    fn log(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().log.push(entry.into());
    }

    fn taken_log(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap().log)
    }

    /// Changes the gate and wakes all tasks.
    fn set(&self, gate: Gate) {
        let wakers = {
            let mut state = self.0.lock().unwrap();
            state.gate = Some(gate);
            std::mem::take(&mut state.wakers)
        };
        wakers.into_values().for_each(Waker::wake);
    }
}

impl Hooks for TestHooks {
    fn before_poll(&self, task: TaskId, waker: &Waker) -> Gate {
        let mut state = self.0.lock().unwrap();
        let kept = state.wakers.entry(task).or_insert_with(|| waker.clone());
        assert!(kept.will_wake(waker));
        state.gate.unwrap_or(Gate::Poll)
    }

    fn handle_end(&self, task: TaskId) {
        self.log(format!("{task} ended"));
    }

    fn wall_clock(&self) -> UnixMillis {
        UnixMillis(1234)
    }
}

struct LogOnDrop(Arc<TestHooks>, &'static str);

impl Drop for LogOnDrop {
    fn drop(&mut self) {
        self.0.log(self.1);
    }
}

fn world(seed: u64) -> (Arc<TestHooks>, Env) {
    let hooks = Arc::new(TestHooks::default());
    let env = Env::with_hooks(Handle::current(), Arc::clone(&hooks) as Arc<dyn Hooks>, seed);
    (hooks, env)
}

/// Lets every task that is ready run, and those that they wake.
async fn settle() {
    for _ in 0..10 {
        yield_now().await;
    }
}

#[tokio::test]
async fn a_seed_gives_the_same_world() {
    let draw = |seed| {
        let (_, env) = world(seed);
        let mut bytes = [0; 5];
        env.fill(&mut bytes);
        (env.random_u64(), env.rng().next_u64(), bytes, env.random_u64())
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    assert_eq!(world(1).1.wall_clock(), UnixMillis(1234));
}

#[tokio::test]
async fn an_open_gate_lets_tasks_run_and_numbers_them() {
    let (hooks, env) = world(1);
    env.spawn(async {}).await.unwrap();
    let panicking = env.spawn(async { panic!("expected by the test") });
    assert!(panicking.await.is_err());
    let endless = env.spawn(pending());
    settle().await;
    endless.abort();
    settle().await;
    assert_eq!(hooks.taken_log(), ["task 0 ended", "task 1 ended", "task 2 ended"]);
}

#[tokio::test]
async fn a_yield_puts_a_task_behind_the_others_and_back_again() {
    let (hooks, env) = world(1);
    hooks.set(Gate::Yield);
    let ran = Arc::clone(&hooks);
    let task = env.spawn(async move { ran.log("ran") });
    settle().await;
    assert!(hooks.taken_log().is_empty());
    // Not `set`: a task that yields comes back by itself.
    hooks.0.lock().unwrap().gate = Some(Gate::Poll);
    task.await.unwrap();
    assert_eq!(hooks.taken_log(), ["ran", "task 0 ended"]);
}

#[tokio::test]
async fn a_parked_task_runs_only_once_its_hooks_wake_it() {
    let (hooks, env) = world(1);
    hooks.set(Gate::Park);
    let (send, received) = oneshot::channel::<()>();
    let ran = Arc::clone(&hooks);
    let task = env.spawn(async move {
        received.await.unwrap();
        ran.log("ran");
    });
    settle().await;
    send.send(()).unwrap();
    settle().await;
    assert!(hooks.taken_log().is_empty());
    hooks.set(Gate::Poll);
    task.await.unwrap();
    assert_eq!(hooks.taken_log(), ["ran", "task 0 ended"]);
}

#[tokio::test]
async fn a_crash_drops_the_future_at_once_and_for_good() {
    let (hooks, env) = world(1);
    let guard = LogOnDrop(Arc::clone(&hooks), "dropped");
    let ran = Arc::clone(&hooks);
    let task = env.spawn(async move {
        let _guard = guard;
        poll_fn(|_| -> Poll<()> {
            ran.log("polled");
            Poll::Pending
        })
        .await;
    });
    settle().await;
    hooks.set(Gate::Drop);
    settle().await;
    assert!(task.is_finished());
    assert_eq!(hooks.taken_log(), ["polled", "task 0 ended", "dropped"]);
}
