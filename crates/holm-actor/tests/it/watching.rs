//! The watchdog: handlers that do not yield, and actors that wait for each other.

use std::time::Duration;

use holm_actor::{
    ActorSystem, Finding, Ref, Reply, SpawnOptions, Suspect, Turn, Watchdog, WatchdogOptions,
};
use tokio::sync::mpsc;

use crate::support::*;

/// Long beside a look of the watchdog, so that a test does not depend on when it looks.
const AFTER: Duration = Duration::from_millis(30);

fn watch(system: &ActorSystem) -> (Watchdog, mpsc::UnboundedReceiver<Finding>) {
    let (found, findings) = mpsc::unbounded_channel();
    let mut options = WatchdogOptions::default();
    options.stuck_after = AFTER;
    options.cycle_after = AFTER;
    let report = move |finding| found.send(finding).unwrap();
    (Watchdog::start(system, options, report).unwrap(), findings)
}

/// Blocks the thread that it runs on until the test says so.
fn block(released: std::sync::mpsc::Receiver<()>) -> Step {
    act(move |_, _| released.recv().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_is_reported_with_its_message_and_time() {
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    let puppet = system.spawn(Puppet::default());
    system.names().register("mule", &puppet).unwrap();
    let (release, released) = std::sync::mpsc::channel();
    puppet.tell(block(released)).unwrap();
    let Some(Finding::Stuck { actor, time }) = findings.recv().await else { panic!("no report") };
    assert_eq!(actor.pid, puppet.pid());
    assert_eq!(actor.name.as_deref(), Some("mule"));
    assert_eq!(actor.message, Some("step"));
    assert!(actor.type_name.ends_with("Puppet"), "{actor}");
    assert!(time >= AFTER, "{time:?}");
    release.send(()).unwrap();
    assert_eq!(notes(&puppet).await, [], "it goes on");
}

/// The watchdog has looked at the actor this often.
async fn looks(system: &ActorSystem, puppet: &Ref<Puppet>, count: u32) {
    let busy = || system.inspect(puppet.pid()).unwrap().busy;
    let enough = busy() + count * Duration::from_millis(10);
    while busy() < enough {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_turn_that_blocks_is_reported_once() {
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    for _ in 0..2 {
        // A new one: the next handler of the same could run in the same turn.
        let puppet = system.spawn(Puppet::default());
        let (release, released) = std::sync::mpsc::channel();
        puppet.tell(block(released)).unwrap();
        assert!(matches!(findings.recv().await, Some(Finding::Stuck { .. })));
        looks(&system, &puppet, 5).await;
        release.send(()).unwrap();
        assert_eq!(notes(&puppet).await, []);
        assert!(findings.try_recv().is_err());
    }
}

/// A turn of many handlers, each of which blocks for some looks, lasts for longer than a handler may.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_handlers_of_one_turn_are_not_added_up() {
    const LOOKS: u32 = 3;
    let system = system();
    let (found, mut findings) = mpsc::unbounded_channel();
    let mut options = WatchdogOptions::default();
    // Long beside a few looks, on a busy machine too.
    options.stuck_after = Duration::from_millis(500);
    let report = move |finding| found.send(finding).unwrap();
    let _watchdog = Watchdog::start(&system, options, report).unwrap();
    let turn = Turn::new(u16::MAX, Duration::from_secs(3_600));
    let puppet = system.spawn_with(Puppet::default(), SpawnOptions::default().turn(turn));
    let release = occupy(&puppet).await;
    for number in 0..30 {
        let step = act(move |me: &mut Puppet, cx| {
            let looks = || cx.system().inspect(cx.pid()).unwrap().busy.as_millis() / 10;
            let enough = looks() + u128::from(LOOKS);
            while looks() < enough {
                std::thread::yield_now();
            }
            me.notes.push(number);
        });
        puppet.tell(step).unwrap();
    }
    release.send(()).unwrap();
    assert_eq!(notes(&puppet).await.len(), 30);
    assert!(findings.try_recv().is_err());
}

/// What waits behind a handler that blocks is run by another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_holds_up_nobody_else() {
    let system = system();
    let (_watchdog, _findings) = watch(&system);
    let puppet = system.spawn(Puppet::default());
    let others: Vec<_> = (0..10).map(|_| system.spawn(Puppet::default())).collect();
    let (release, released) = std::sync::mpsc::channel();
    let woken = others.clone();
    puppet
        .tell(act(move |_, _| {
            // Queued on this very thread.
            for other in &woken {
                other.tell(note(1)).unwrap();
            }
            released.recv().unwrap();
        }))
        .unwrap();
    for other in &others {
        while notes(other).await != [1] {}
    }
    release.send(()).unwrap();
}

/// Has each of `ring` call the next one and the last the first, all in their handlers.
async fn wait_in_a_circle(ring: &[Ref<Puppet>]) {
    let releases = {
        let mut releases = Vec::new();
        for puppet in ring {
            releases.push(occupy(puppet).await);
        }
        releases
    };
    for (at, puppet) in ring.iter().enumerate() {
        let next = ring[(at + 1) % ring.len()].clone();
        let call = async move {
            let _ = next.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await;
        };
        puppet.tell(wait(call)).unwrap();
    }
    drop(releases);
}

fn circle(finding: Option<Finding>) -> Vec<Suspect> {
    match finding {
        Some(Finding::Cycle(actors)) => actors,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn actors_that_wait_for_each_other_are_reported_once() {
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    // Each report ends a look that has seen the circles before, too.
    for size in [2, 3, 1, 2] {
        let ring: Vec<_> = (0..size).map(|_| system.spawn(Puppet::default())).collect();
        wait_in_a_circle(&ring).await;
        let actors = circle(findings.recv().await);
        let pids: Vec<_> = actors.iter().map(|actor| actor.pid).collect();
        let mut expected: Vec<_> = ring.iter().map(Ref::pid).collect();
        let first = expected.iter().position(|pid| *pid == pids[0]).unwrap();
        expected.rotate_left(first);
        assert_eq!(pids, expected, "each waits for the next");
        assert!(actors.iter().all(|actor| actor.message == Some("step")));
    }
    assert!(findings.try_recv().is_err());
    system.shutdown("").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_wait_long_without_a_circle_are_not_reported() {
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    let chain: Vec<_> = (0..4).map(|_| system.spawn(Puppet::default())).collect();
    let release = occupy(&chain[3]).await;
    let mut links = Vec::new();
    for pair in chain[..].windows(2) {
        let (entered, entry) = tokio::sync::oneshot::channel();
        let next = pair[1].clone();
        pair[0]
            .tell(wait(async move {
                entered.send(()).unwrap();
                next.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await.unwrap();
            }))
            .unwrap();
        entry.await.unwrap();
        links.push(pair[0].clone());
    }
    // A circle that begins later: the look that finds it has seen the chain wait for longer.
    let ring = [system.spawn(Puppet::default()), system.spawn(Puppet::default())];
    wait_in_a_circle(&ring).await;
    let mut pids: Vec<_> = circle(findings.recv().await).iter().map(|actor| actor.pid).collect();
    pids.sort();
    assert_eq!(pids, ring.each_ref().map(Ref::pid));
    drop(release);
    for puppet in links {
        assert_eq!(notes(&puppet).await, []);
    }
    assert!(findings.try_recv().is_err());
    ring[0].kill();
    ring[1].kill();
}

/// Two supervised actors reach each other through their slots.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_through_slots_is_reported() {
    use crate::family::*;
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    let log = Log::new();
    let mut plan = system.supervisor(patient(holm_actor::supervision::Strategy::OneForOne));
    let ring = [add(&mut plan, &log, "a"), add(&mut plan, &log, "b")];
    plan.start().await.unwrap();
    wait_in_a_circle(&ring).await;
    assert_eq!(circle(findings.recv().await).len(), 2);
    system.kill(ring[0].pid());
    system.kill(ring[1].pid());
    system.shutdown("").await;
}

/// They call each other in `stopped`, and would wait for the shutdown time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_circle_of_last_words_is_reported() {
    let system = system();
    let (_watchdog, mut findings) = watch(&system);
    let (tell, other) = tokio::sync::watch::channel(Vec::<Ref<Puppet>>::new());
    let ring: Vec<Ref<Puppet>> = (0..2)
        .map(|at: usize| {
            let mut others = other.clone();
            system.spawn(Puppet::default().on_stopped(move |_| async move {
                let next = others.wait_for(|all| all.len() == 2).await.unwrap()[1 - at].clone();
                let _ = next.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await;
            }))
        })
        .collect();
    for puppet in &ring {
        puppet.exit(shutdown("enough"));
    }
    tell.send(ring.clone()).unwrap();
    let mut pids: Vec<_> = circle(findings.recv().await).iter().map(|actor| actor.pid).collect();
    pids.sort();
    assert_eq!(pids, [ring[0].pid(), ring[1].pid()]);
    ring[0].kill();
    ring[1].kill();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_ends_when_it_is_dropped_and_when_its_system_is() {
    let system = system();
    let (watchdog, mut findings) = watch(&system);
    drop(watchdog);
    assert_eq!(findings.recv().await, None, "its report is dropped with its thread");
    let (_watchdog, mut findings) = watch(&system);
    drop(system);
    assert_eq!(findings.recv().await, None);
}

#[test]
fn findings_can_be_read() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let system = system();
        let (_watchdog, mut findings) = watch(&system);
        let puppet = system.spawn(Puppet::default());
        system.names().register("mule", &puppet).unwrap();
        wait_in_a_circle(std::slice::from_ref(&puppet)).await;
        let pid = puppet.pid();
        let text = findings.recv().await.unwrap().to_string();
        let name = std::any::type_name::<Puppet>();
        let expected =
            format!("actors wait for each other: mule ({name} {pid}) in `step` -> {pid}");
        assert_eq!(text, expected);
        puppet.kill();
    });
}
