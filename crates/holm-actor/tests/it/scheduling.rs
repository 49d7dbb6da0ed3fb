//! Turns, priorities, idleness.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use holm_actor::{Priority, Ref, Signal, SpawnOptions, Turn};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::size::live_bytes;
use crate::support::*;

/// What ran, in order.
type Trace = Arc<Mutex<Vec<&'static str>>>;

fn trace(trace: &Trace, what: &'static str) -> Step {
    let trace = Arc::clone(trace);
    act(move |_, _| trace.lock().unwrap().push(what))
}

/// A busy actor is sent a hundred messages and another one a single one, both by an actor of the
/// same thread: after how many of the busy one's messages it comes.
async fn others_turn_after(turn: Turn) -> usize {
    let (system, ran) = (system(), Trace::default());
    let options = SpawnOptions::default().turn(turn);
    let busy = system.spawn_with(Puppet::default(), options);
    let [other, sender] = [(), ()].map(|()| system.spawn(Puppet::default()));
    for puppet in [&busy, &other, &sender] {
        assert_eq!(notes(puppet).await, []);
    }
    let (to_busy, to_other, noted) = (busy.clone(), other.clone(), Arc::clone(&ran));
    sender
        .tell(act(move |_, _| {
            for _ in 0..100 {
                to_busy.tell(trace(&noted, "busy")).unwrap();
            }
            to_other.tell(trace(&noted, "other")).unwrap();
        }))
        .unwrap();
    for puppet in [&sender, &other, &busy] {
        assert_eq!(notes(puppet).await, []);
    }
    let ran = ran.lock().unwrap();
    assert_eq!(ran.len(), 101);
    ran.iter().position(|what| *what == "other").unwrap()
}

const AGES: Duration = Duration::from_secs(3_600);

#[tokio::test]
async fn a_busy_actor_lets_others_run_after_its_messages() {
    for messages in [1, 4, 50] {
        assert_eq!(others_turn_after(Turn::new(messages, AGES)).await, usize::from(messages));
    }
    assert_eq!(others_turn_after(Turn::new(1_000, AGES)).await, 100, "it need not");
}

/// With no time at all, a turn ends when the clock is first looked at: it runs from the turn's start.
#[tokio::test]
async fn a_busy_actor_lets_others_run_after_its_time() {
    assert_eq!(others_turn_after(Turn::new(1_000, Duration::ZERO)).await, 16);
}

#[tokio::test]
async fn high_goes_before_normal_and_normal_before_low() {
    let (system, ran) = (system(), Trace::default());
    let actors = [("low", Priority::Low), ("normal", Priority::Normal), ("high", Priority::High)];
    let actors = actors.map(|(name, priority)| {
        let options = SpawnOptions::default().priority(priority);
        (name, system.spawn_with(Puppet::default(), options))
    });
    for (_, actor) in &actors {
        assert_eq!(notes(actor).await, []);
    }
    for (name, actor) in &actors {
        actor.tell(trace(&ran, name)).unwrap();
    }
    for (_, actor) in &actors {
        assert_eq!(notes(actor).await, []);
    }
    assert_eq!(*ran.lock().unwrap(), ["high", "normal", "low"]);
}

/// Sends itself message after message until it is told to stop.
fn spin(stop: Arc<std::sync::atomic::AtomicBool>) -> Step {
    act(move |_, cx| {
        if !stop.load(std::sync::atomic::Ordering::Relaxed) {
            cx.me().tell(spin(stop)).unwrap();
        }
    })
}

#[tokio::test]
async fn neither_normal_nor_low_starve() {
    for busy in [Priority::High, Priority::Normal] {
        let system = system();
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let options = SpawnOptions::default().priority(busy);
        let spinners: Vec<Ref<Puppet>> =
            (0..4).map(|_| system.spawn_with(Puppet::default(), options)).collect();
        for spinner in &spinners {
            spinner.tell(spin(Arc::clone(&stop))).unwrap();
        }
        for priority in [Priority::Normal, Priority::Low] {
            let options = SpawnOptions::default().priority(priority);
            let patient = system.spawn_with(Puppet::default(), options);
            for number in 0..10 {
                patient.tell(note(number)).unwrap();
                assert_eq!(notes(&patient).await.len() as u64, number + 1);
            }
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        for spinner in &spinners {
            assert_eq!(notes(spinner).await, []);
        }
    }
}

const IDLE: Duration = Duration::from_secs(10);

/// A puppet, and what it hears.
fn idler(options: SpawnOptions) -> (Ref<Puppet>, mpsc::Receiver<Signal>) {
    let (signals, heard) = mpsc::channel(8);
    (system().spawn_with(Puppet::default().signals_to(signals), options), heard)
}

/// Whether it hibernates before, just then, or later.
#[tokio::test(start_paused = true)]
async fn an_idle_actor_hears_so_again_and_again() {
    for hibernates in [None, Some(IDLE / 3), Some(IDLE), Some(2 * IDLE)] {
        let mut options = SpawnOptions::default();
        options.hibernate_after = hibernates;
        let (puppet, mut heard) = idler(options);
        puppet.tell(act(|_, cx| cx.idle_after(Some(IDLE)))).unwrap();
        let start = Instant::now();
        for round in 1..=3 {
            assert_eq!(heard.recv().await, Some(Signal::Idle));
            assert_eq!(start.elapsed(), round * IDLE);
        }
        puppet.tell(act(|_, cx| cx.idle_after(None))).unwrap();
        tokio::time::sleep(100 * IDLE).await;
        assert!(heard.try_recv().is_err());
    }
}

/// Bytes that each of many actors gives back once it is idle.
async fn given_back(options: SpawnOptions) -> isize {
    const ACTORS: isize = 256;
    let system = system();
    let puppets: Vec<_> =
        (0..ACTORS).map(|_| system.spawn_with(Puppet::default(), options)).collect();
    for puppet in &puppets {
        puppet.tell(note(1)).unwrap();
        assert_eq!(notes(puppet).await, [1]);
    }
    let awake = live_bytes();
    tokio::time::sleep(IDLE).await;
    let given_back = (awake - live_bytes()) / ACTORS;
    for puppet in &puppets {
        puppet.tell(note(2)).unwrap();
        assert_eq!(notes(puppet).await, [1, 2], "it works on");
    }
    system.shutdown("").await;
    given_back
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_hibernates_gives_up_the_memory_of_its_inbox() {
    let (awake, hibernating) = (
        given_back(SpawnOptions::default()).await,
        given_back(SpawnOptions::default().hibernate_after(IDLE / 2)).await,
    );
    assert_eq!(awake, 0);
    assert!(hibernating >= 100, "{hibernating} bytes");
}

#[tokio::test(start_paused = true)]
async fn idleness_is_counted_from_the_last_message() {
    let (puppet, mut heard) = idler(SpawnOptions::default());
    puppet.tell(act(|_, cx| cx.idle_after(Some(IDLE)))).unwrap();
    let start = Instant::now();
    for _ in 0..5 {
        tokio::time::sleep(IDLE - Duration::from_secs(1)).await;
        puppet.tell(note(1)).unwrap();
    }
    assert_eq!(heard.recv().await, Some(Signal::Idle));
    assert_eq!(start.elapsed(), 5 * (IDLE - Duration::from_secs(1)) + IDLE);
}

#[tokio::test]
async fn a_drained_actor_handles_what_is_there_and_nothing_else() {
    let system = system();
    let (seen, mut all) = mpsc::unbounded_channel();
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    let (released, release) = oneshot::channel::<()>();
    let noting = |number: u64| {
        let seen = seen.clone();
        act(move |_, _| seen.send(number).unwrap())
    };
    let me = puppet.clone();
    let after = noting(3);
    puppet
        .tell(Box::new(move |_, cx| {
            Box::pin(async move {
                release.await.unwrap();
                cx.stop_when_drained(shutdown("drained"));
                me.tell(after).unwrap();
            })
        }))
        .unwrap();
    puppet.tell(noting(1)).unwrap();
    puppet.tell(noting(2)).unwrap();
    released.send(()).unwrap();
    assert_eq!(end.await.reason, shutdown("drained"));
    drop(seen);
    let mut numbers = Vec::new();
    while let Some(number) = all.recv().await {
        numbers.push(number);
    }
    assert_eq!(numbers, [1, 2]);
}
