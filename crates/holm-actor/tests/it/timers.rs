//! Timers: in order, once, cancelled exactly, gone with their actor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use holm_actor::{Ref, SendError, TIMERS_FROM_OUTSIDE_MAX, Timer};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::support::*;

const SECOND: Duration = Duration::from_secs(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Has the puppet do something with its context, and returns what came of it.
async fn with<T: Send + 'static>(
    puppet: &Ref<Puppet>,
    f: impl FnOnce(&mut holm_actor::Context<Puppet>) -> T + Send + 'static,
) -> T {
    puppet.ask(|reply| act(move |_, cx| reply.send(f(cx)))).await.unwrap()
}

/// A message that keeps a token, and a receiver that fails once the message is gone.
fn token() -> (Step, oneshot::Receiver<()>) {
    let (token, gone) = oneshot::channel::<()>();
    (act(move |_, _| drop(token)), gone)
}

#[tokio::test(start_paused = true)]
async fn a_message_comes_after_its_delay_and_not_before() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    for delay in [Duration::ZERO, ms(1), ms(250), 400 * 24 * 3_600 * SECOND] {
        let start = Instant::now();
        let (from_itself, itself) = oneshot::channel();
        let (from_outside, outside) = oneshot::channel();
        let timer = with(&puppet, move |cx| {
            cx.send_after(delay, act(|_, _| from_itself.send(Instant::now()).unwrap()))
        })
        .await;
        let message = act(|_, _| from_outside.send(Instant::now()).unwrap());
        drop(system.send_after(delay, &puppet, message).unwrap());
        for fired in [itself, outside] {
            let late = fired.await.unwrap() - start - delay;
            assert!(late <= ms(2), "{late:?} after {delay:?}");
        }
        assert!(!timer.cancel(), "it was handled");
    }
}

/// Many timers of one actor, some with equal deadlines, set in any order: handled by deadline,
/// equal ones as they were set.
#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_come_in_order() {
    const TIMERS: u64 = 100_000;
    for seed in [1_u64, 0xBAD_5EED] {
        println!("seed {seed}");
        let system = system();
        let puppet = system.spawn(Puppet::default());
        let mut random = seed;
        let mut delays: Vec<(u64, u64)> = (0..TIMERS)
            .map(|n| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n | 1);
                ((random >> 33) % 20_000, n)
            })
            .collect();
        let set = delays.clone();
        with(&puppet, move |cx| {
            // The clock stands still, so that equal delays are equal deadlines.
            for (delay, n) in set {
                cx.send_after(ms(delay), note(n));
            }
        })
        .await;
        delays.sort();
        sleep(ms(20_001)).await;
        let expected: Vec<u64> = delays.into_iter().map(|(_, n)| n).collect();
        assert!(notes(&puppet).await == expected, "out of order");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_one_is_not_handled_not_even_from_the_inbox() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let set = |delay| system.send_after(delay, &puppet, note(1)).unwrap();
    let (early, late) = (set(ms(1)), set(SECOND));
    let release = occupy(&puppet).await;
    sleep(ms(10)).await;
    assert!(early.cancel(), "it waits in the inbox");
    assert!(!early.cancel());
    assert!(late.cancel(), "it was not due");
    let kept = set(ms(1));
    sleep(ms(10)).await;
    release.send(()).unwrap();
    sleep(2 * SECOND).await;
    assert_eq!(notes(&puppet).await, [1], "only the one that was kept");
    assert!(!kept.cancel());
}

#[tokio::test(start_paused = true)]
async fn they_end_with_their_actor() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (message, own) = token();
    let (other, foreign) = token();
    let timer = with(&puppet, |cx| cx.send_after(SECOND, message)).await;
    let foreign_timer = system.send_after(SECOND, &puppet, other).unwrap();
    let ticks = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&ticks);
    with(&puppet, move |cx| {
        cx.interval(ms(10), move || {
            counter.fetch_add(1, Ordering::Relaxed);
            note(0)
        })
    })
    .await;
    let end = system.monitor(puppet.pid());
    let start = Instant::now();
    puppet.exit(shutdown("s"));
    end.await;
    assert!(own.await.is_err() && foreign.await.is_err());
    assert_eq!(start.elapsed(), Duration::ZERO, "their messages are dropped at once");
    assert!(!timer.cancel() && !foreign_timer.cancel());
    sleep(SECOND).await;
    assert_eq!(ticks.load(Ordering::Relaxed), 0);
    assert_eq!(Arc::strong_count(&ticks), 1);
}

#[tokio::test(start_paused = true)]
async fn a_full_inbox_does_not_lose_them() {
    let system = system();
    let puppet = system.spawn_with(Puppet::default(), room_for(1));
    let release = occupy(&puppet).await;
    puppet.tell(note(1)).unwrap();
    assert!(matches!(puppet.tell(note(0)), Err(SendError::Full(_))));
    for n in 2..100 {
        system.send_after(ms(1), &puppet, note(n)).unwrap();
    }
    sleep(ms(10)).await;
    release.send(()).unwrap();
    assert_eq!(notes(&puppet).await, (1..100).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_others_set_is_bounded_and_handed_back() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let release = occupy(&puppet).await;
    let mut timers: Vec<Timer> = (0..TIMERS_FROM_OUTSIDE_MAX)
        .map(|n| system.send_after(ms(n as u64 % 2 * 1_000), &puppet, act(|_, _| ())).unwrap())
        .collect();
    sleep(ms(10)).await;
    let refused = system.send_after(ms(1), &puppet, note(7));
    let Err(SendError::Full(message)) = refused else { panic!("{refused:?}") };
    let late = timers.pop().unwrap();
    assert!(timers.swap_remove(0).cancel());
    assert!(system.send_after(ms(1), &puppet, note(8)).is_err(), "its place in the inbox remains");
    assert!(late.cancel());
    system.send_after(ms(1), &puppet, message).unwrap();
    release.send(()).unwrap();
    sleep(SECOND).await;
    assert_eq!(notes(&puppet).await, [7]);
    let end = system.monitor(puppet.pid());
    puppet.exit(shutdown("s"));
    end.await;
    let refused = system.send_after(ms(1), &puppet, note(9));
    assert!(matches!(refused, Err(SendError::Noproc(_))), "{refused:?}");
}

/// When the ticks of an interval were handled.
async fn ticking(puppet: &Ref<Puppet>, period: Duration) -> (Timer, Arc<AtomicU64>, Instant) {
    let made = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&made);
    let (timer, start) = with(puppet, move |cx| {
        let start = Instant::now();
        let timer = cx.interval(period, move || {
            counter.fetch_add(1, Ordering::Relaxed);
            act(move |me, _| me.notes.push(start.elapsed().as_millis() as u64))
        });
        (timer, start)
    })
    .await;
    (timer, made, start)
}

#[tokio::test(start_paused = true)]
async fn an_interval_that_lags_skips() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (timer, made, start) = ticking(&puppet, ms(10)).await;
    sleep(ms(25)).await;
    let release = occupy(&puppet).await;
    tokio::time::sleep_until(start + ms(105)).await;
    assert_eq!(made.load(Ordering::Relaxed), 2, "a message is made when its turn has come");
    release.send(()).unwrap();
    tokio::time::sleep_until(start + ms(125)).await;
    let handled = notes(&puppet).await;
    let rounded: Vec<u64> = handled.iter().map(|at| at / 5 * 5).collect();
    assert_eq!(rounded, [10, 20, 105, 110, 120], "{handled:?}");
    assert!(timer.cancel());
    sleep(SECOND).await;
    assert_eq!(notes(&puppet).await, handled);
    assert!(!timer.cancel());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_interval_drops_the_tick_in_the_inbox() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (timer, made, _) = ticking(&puppet, ms(10)).await;
    let release = occupy(&puppet).await;
    sleep(ms(15)).await;
    assert!(timer.cancel());
    release.send(()).unwrap();
    assert_eq!(notes(&puppet).await, []);
    assert_eq!(made.load(Ordering::Relaxed), 0);
    assert_eq!(Arc::strong_count(&made), 1, "what makes its messages is dropped");
}

#[tokio::test(start_paused = true)]
async fn a_period_of_nothing_is_a_millisecond_and_one_of_everything_fits() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (timer, ..) = ticking(&puppet, Duration::ZERO).await;
    let (endless, ..) = ticking(&puppet, Duration::MAX).await;
    sleep(ms(20)).await;
    assert!(timer.cancel() && endless.cancel());
    assert!((19..=20).contains(&notes(&puppet).await.len()));
    assert!(system.send_after(Duration::MAX, &puppet, note(0)).unwrap().cancel());
}

#[tokio::test(start_paused = true)]
async fn a_panic_while_a_tick_is_made_ends_that_actor_alone() {
    let system = system();
    let (bad, good) = (system.spawn(Puppet::default()), system.spawn(Puppet::default()));
    let end = system.monitor(bad.pid());
    with(&bad, |cx| cx.interval(ms(1), || std::panic::resume_unwind(Box::new("quiet")))).await;
    system.send_after(ms(5), &good, note(1)).unwrap();
    assert_eq!(end.await.reason, failed("quiet"));
    sleep(ms(10)).await;
    assert_eq!(notes(&good).await, [1]);
}

#[tokio::test(start_paused = true)]
async fn an_interval_can_cancel_itself() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let slot = Arc::new(std::sync::Mutex::new(None::<Timer>));
    let mine = Arc::clone(&slot);
    let timer = with(&puppet, move |cx| {
        cx.interval(ms(1), move || {
            assert!(mine.lock().unwrap().as_ref().unwrap().cancel());
            note(1)
        })
    })
    .await;
    *slot.lock().unwrap() = Some(timer);
    sleep(SECOND).await;
    assert_eq!(notes(&puppet).await, [1]);
    slot.lock().unwrap().take();
    assert_eq!(Arc::strong_count(&slot), 1);
}

#[tokio::test(start_paused = true)]
async fn one_task_serves_all_and_goes_with_the_system() {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let system = system();
    let puppet = system.spawn(Puppet::default());
    for n in 0..1_000 {
        system.send_after(ms(n), &puppet, note(n)).unwrap();
    }
    assert_eq!(tasks(), before + 2, "the actor and the task of all timers");
    system.shutdown("bye").await;
    drop((system, puppet));
    while tasks() > before {
        tokio::task::yield_now().await;
    }
}
