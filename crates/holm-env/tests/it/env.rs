//! Tasks, randomness and the clock of the real world.

use std::future::{pending, poll_fn};
use std::task::Poll;

use holm_env::{Env, StartError, TaskError, UnixMillis};
use rand::Rng;
use tokio::sync::oneshot;

#[test]
fn there_is_no_environment_outside_of_a_runtime() {
    assert!(matches!(Env::tokio(), Err(StartError::NoRuntime(_))));
}

#[tokio::test]
async fn a_task_says_how_it_ended() {
    let env = Env::tokio().unwrap();
    assert!(env.spawn(async {}).await.is_ok());

    let endless = env.spawn(pending());
    assert!(!endless.is_finished());
    endless.abort();
    assert!(matches!(endless.await, Err(TaskError::Aborted)));

    let panicking = env.spawn(async { std::panic::panic_any(7_u8) });
    match panicking.await {
        Err(TaskError::Panicked(payload)) => assert_eq!(payload.downcast_ref(), Some(&7_u8)),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dropped_handle_detaches_its_task() {
    let (sender, receiver) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    drop(Env::tokio().unwrap().spawn(async move {
        released.await.unwrap();
        sender.send(1).unwrap();
    }));
    release.send(()).unwrap();
    assert_eq!(receiver.await, Ok(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_sees_equivalent_wakers_at_every_poll() {
    let mut kept = None;
    let mut polls = 0;
    let future = poll_fn(move |cx| {
        let waker = cx.waker();
        assert!(waker.will_wake(kept.get_or_insert_with(|| waker.clone())));
        polls += 1;
        if polls == 100 {
            return Poll::Ready(());
        }
        let waker = waker.clone();
        std::thread::spawn(move || waker.wake());
        Poll::Pending
    });
    Env::tokio().unwrap().spawn(future).await.unwrap();
}

#[tokio::test]
async fn real_randomness_differs_and_fills() {
    let (first, second) = (Env::tokio().unwrap(), Env::tokio().unwrap());
    assert_ne!(first.random_u64(), second.random_u64());
    assert_ne!(first.rng().next_u64(), first.rng().next_u64());
    let mut bytes = [0; 64];
    first.fill(&mut bytes);
    assert_ne!(bytes, [0; 64]);
}

#[tokio::test]
async fn the_real_clock_is_after_2025() {
    assert!(Env::tokio().unwrap().wall_clock() > UnixMillis(1_735_689_600_000));
}
