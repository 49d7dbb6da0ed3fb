//! Spawning on other nodes from within an actor: linked, monitored; and functions.

use std::time::Duration;

use holm::{
    Exit, ExitReason, Inbox, Message, Node, Pid, Received, Ref, RemoteSpawnError, SessionBonds,
    Signal,
};
use holm_wire::Serial;
use holm_wire::signal::{LinkedBy, Parent};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use crate::actors::{Log, Probe, STILLBORN};
use crate::links::Trapper;
use crate::puppets::{Puppet, Step, act, quit};
use crate::raw::{Heard, Raw};
use crate::support::*;

type WireSignal<'a> = holm_wire::signal::Signal<'a>;

/// Has `parent` spawn a log on `on`, linked, while it handles a message.
async fn spawn_linked(parent: &Trapper, on: &Node, log: Log) -> Result<Ref<Log>, RemoteSpawnError> {
    let on = on.name().clone();
    let (done, spawned) = oneshot::channel();
    let step: Step = Box::new(move |_, cx| {
        Box::pin(async move {
            let _ = done.send(cx.spawn_on::<Log>(&on, log).linked().await);
        })
    });
    parent.actor.tell(step).unwrap();
    spawned.await.unwrap()
}

fn log(entries: &[u64]) -> Log {
    Log { entries: entries.to_vec() }
}

/// What `to` has sent has arrived at `from`, and the other way round.
async fn crossed(from: &Node, to: &Node) {
    let logs = [from, to].map(|node| node.spawn(Log::default()));
    reach(from, &logs[1]).count().await.unwrap();
    reach(to, &logs[0]).count().await.unwrap();
    for (node, log) in [from, to].into_iter().zip(logs) {
        let end = node.monitor(log.pid());
        log.kill();
        end.await;
    }
}

#[tokio::test]
async fn a_linked_child_and_its_parent_hear_of_each_other() {
    let (a, b) = pair().await;
    let mut parent = Trapper::new(&a);
    let child = spawn_linked(&parent, &b, log(&[1, 2])).await.unwrap();
    assert_eq!(child.entries().await.unwrap(), [1, 2]);
    assert_eq!(parent.links(&a), [child.pid()]);
    assert_eq!(b.system().inspect(child.pid()).unwrap().links, [parent.pid()]);
    assert_eq!([a.bonds_with(b.name()).links, b.bonds_with(a.name()).links], [1, 1]);
    child.end(failed("f")).await.unwrap();
    assert_eq!(parent.exit().await, (child.pid(), failed("f")));

    let child = spawn_linked(&parent, &b, log(&[])).await.unwrap();
    let down = a.monitor(child.pid());
    child.count().await.unwrap();
    parent.actor.tell(quit(shutdown("s"))).unwrap();
    assert_eq!(down.await.reason, shutdown("s"));
    crossed(&a, &b).await;
    assert_eq!(a.bonds_with(b.name()), SessionBonds::default());
    assert_eq!(b.bonds_with(a.name()), SessionBonds::default());
}

/// The reply precedes the exit, however soon the child ends; none is missed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_linked_child_is_never_missed() {
    let (a, b) = pair().await;
    let mut parent = Trapper::new(&a);
    for _ in 0..300 {
        let child = spawn_linked(&parent, &b, log(&[STILLBORN])).await.unwrap();
        assert_eq!(parent.exit().await, (child.pid(), failed("stillborn")));
    }
    parent.expect_quiet().await;
}

#[tokio::test]
async fn a_child_is_monitored_by_its_parent() {
    for own in [false, true] {
        let (a, b) = pair().await;
        let on = if own { a.name().clone() } else { b.name().clone() };
        let mut parent = Trapper::new(&a);
        let (done, spawned) = oneshot::channel();
        let step: Step = Box::new(move |_, cx| {
            Box::pin(async move {
                let spawn = cx.spawn_on::<Log>(&on, log(&[STILLBORN])).linked().monitored();
                let _ = done.send(spawn.await.unwrap());
            })
        });
        parent.actor.tell(step).unwrap();
        let (child, monitor) = spawned.await.unwrap();
        // Links are told before watchers.
        assert_eq!(parent.exit().await, (child.pid(), failed("stillborn")));
        let Signal::Down(down) = parent.signal().await else { panic!("no Down") };
        assert_eq!((down.monitor, down.from), (monitor, child.pid().into()));
        assert_eq!(down.reason, failed("stillborn"));
        crossed(&a, &b).await;
        assert_eq!(a.bonds_with(b.name()), SessionBonds::default());
    }
}

/// One's own node needs no registration, and nothing is encoded.
#[tokio::test]
async fn ones_own_node_is_a_node_too() {
    let net = Net::default();
    let a = Node::builder("a@x").transport(std::sync::Arc::new(net.transport().clone())).start();
    let a = a.await.unwrap();
    let mut parent = Trapper::new(&a);
    let child = spawn_linked(&parent, &a, log(&[3])).await.unwrap();
    assert_eq!((child.pid().node, parent.links(&a)), (a.system().node(), vec![child.pid()]));
    child.end(failed("f")).await.unwrap();
    assert_eq!(parent.exit().await, (child.pid(), failed("f")));
    let (child, down) = a.spawn_on::<Log>(a.name(), log(&[STILLBORN])).monitored().await.unwrap();
    let down = down.await;
    assert_eq!((down.from, down.reason), (child.pid().into(), failed("stillborn")));
}

/// The parent ends while the request is under way: its child is linked, and exits.
#[tokio::test]
async fn a_child_whose_parent_has_ended_exits() {
    let (a, b) = pair().await;
    for _ in 0..20 {
        let parent = a.spawn(Puppet::default());
        let end = a.monitor(parent.pid());
        let on = b.name().clone();
        // The spawn outlives its actor.
        let (begun, spawn) = oneshot::channel();
        let step = act(move |_, cx| {
            let spawn = cx.spawn_on::<Log>(&on, log(&[])).linked().into_future();
            assert!(begun.send(spawn).is_ok());
        });
        parent.tell(step).unwrap();
        let mut spawn = spawn.await.unwrap();
        begin(&mut spawn).await;
        parent.exit(failed("f"));
        end.await;
        let child = spawn.await.unwrap();
        b.monitor(child.pid()).await;
        crossed(&a, &b).await;
        assert_eq!(b.bonds_with(a.name()), SessionBonds::default());
    }
    assert_eq!(b.system().actors(), 0);
}

#[tokio::test]
async fn a_lost_session_ends_linked_children() {
    let (a, b) = pair().await;
    let mut parent = Trapper::new(&a);
    let child = spawn_linked(&parent, &b, log(&[])).await.unwrap();
    let down = b.monitor(child.pid());
    a.disconnect(b.name());
    assert_eq!(parent.exit().await, (child.pid(), ExitReason::Noconnection));
    assert_eq!(down.await.reason, ExitReason::Noconnection);
}

/// An unlinked child that was given up lives on, and is counted; one that is linked is sent an exit
/// through the link.
#[tokio::test(start_paused = true)]
async fn a_child_that_comes_too_late_is_not_left_alone() {
    let net = Net::default();
    let node = net.start("s@x").await;
    // It answers when the test wants it to.
    let mut raw = Raw::connect(&net, &node).await;
    let evil = name("evil@x");
    while node.nodes().is_empty() {
        tokio::task::yield_now().await;
    }
    let parent = Trapper::new(&node);
    let second = Duration::from_secs(1);

    let spawn = node.spawn_on::<Log>(&evil, log(&[])).timeout(second).await;
    assert_eq!(spawn, Err(RemoteSpawnError::Timeout { on: evil.clone(), after: second }));
    let (on, me) = (evil.clone(), parent.pid());
    let (done, spawned) = oneshot::channel();
    let step: Step = Box::new(move |_, cx| {
        Box::pin(async move {
            let spawn = cx.spawn_on::<Log>(&on, log(&[])).timeout(second);
            done.send(spawn.linked().await).unwrap();
        })
    });
    parent.actor.tell(step).unwrap();
    assert!(matches!(spawned.await.unwrap(), Err(RemoteSpawnError::Timeout { .. })));

    let mut asked = Vec::new();
    raw.read(|heard| {
        if let Heard::Signal(WireSignal::Spawn { id, linked, .. }) = heard {
            asked.push((id, linked));
        }
        asked.len() == 2
    })
    .await;
    let [(plain, None), (linked, Some(Parent { link, serial }))] = asked[..] else {
        panic!("{asked:?}");
    };
    assert_eq!(serial, me.serial);
    assert_eq!(node.system().spawns_unclaimed(), 0);
    for (id, serial) in [(plain, 100), (linked, 200)] {
        raw.push(&WireSignal::SpawnReply { id, serial: Serial::from_u64(serial).unwrap() });
    }
    assert!(raw.write().await);
    raw.read(|heard| match heard {
        Heard::Signal(WireSignal::LinkExit { links, from, to, reason }) => {
            assert_eq!((links, from, to.as_u64()), (LinkedBy::Sender(link), me.serial, 200));
            assert!(matches!(reason, ExitReason::Shutdown(why) if why.contains("given up")));
            true
        }
        _ => false,
    })
    .await;
    assert_eq!(node.system().spawns_unclaimed(), 1);
    assert!(parent.links(&node).is_empty());
    assert_eq!(node.bonds_with(&evil), SessionBonds::default());
}

#[derive(Serialize, Deserialize, Message)]
struct Sum {
    of: Vec<u64>,
    to: Ref<Log>,
}

/// Tells the log the sum, then what it is asked to, until it is told to end.
async fn sum(args: Sum, mut inbox: Inbox<u64>) -> Result<(), String> {
    inbox.cx().trap_exits(true);
    args.to.note(args.of.iter().sum()).await.map_err(|error| error.to_string())?;
    match inbox.recv().await {
        Received::Signal(Signal::Exit(Exit { reason, .. })) => Err(format!("told: {reason}")),
        other => Err(format!("{other:?}")),
    }
}

async fn start_sums(net: &Net) -> (Node, Node) {
    let a = net.builder("a@x").spawnable_fn("sum", sum).start().await.unwrap();
    let b = net
        .builder("b@x")
        .spawnable_fn("sum", sum)
        .spawnable_fn("named", async |number: u64, _inbox: Inbox<()>| assert_ne!(number, 0))
        .start()
        .await
        .unwrap();
    connect(&a, &b).await;
    (a, b)
}

#[tokio::test]
async fn functions_are_spawned_by_name() {
    let (a, b) = start_sums(&Net::default()).await;
    let probe = a.spawn(Log::default());
    for (n, on) in [&a, &b].into_iter().enumerate() {
        let args = Sum { of: vec![1, 2], to: probe.clone() };
        let (pid, down) = a.spawn_fn_on(on.name(), "sum", &args).monitored().await.unwrap();
        assert_eq!(pid.node, on.system().node());
        // It traps exits by then.
        while probe.count().await.unwrap() <= n as u64 {
            tokio::task::yield_now().await;
        }
        a.system().exit(pid, ExitReason::Normal);
        assert_eq!(down.await.reason, failed("told: normal"));
    }
    assert_eq!(probe.entries().await.unwrap(), [3, 3]);
    let (_, down) = a.spawn_fn_on(b.name(), "named", &7_u64).monitored().await.unwrap();
    assert_eq!(down.await.reason, ExitReason::Normal);
    let (_, down) = a.spawn_fn_on(b.name(), "named", &0_u64).monitored().await.unwrap();
    assert!(matches!(down.await.reason, ExitReason::Failed(_)));
}

/// Linked with whoever spawns it, as an actor of a type is.
#[tokio::test]
async fn a_function_is_linked() {
    let (a, b) = start_sums(&Net::default()).await;
    let mut parent = Trapper::new(&a);
    for on in [b.name().clone(), a.name().clone()] {
        let args = Sum { of: vec![], to: a.spawn(Log::default()) };
        let (done, spawned) = oneshot::channel::<Pid>();
        let step: Step = Box::new(move |_, cx| {
            Box::pin(async move {
                let spawn = cx.spawn_fn_on(&on, "sum", &args).linked();
                done.send(spawn.await.unwrap()).unwrap();
            })
        });
        parent.actor.tell(step).unwrap();
        let pid = spawned.await.unwrap();
        assert_eq!(parent.links(&a), [pid]);
        a.system().exit(pid, failed("f"));
        let (from, reason) = parent.exit().await;
        assert!(from == pid && matches!(reason, ExitReason::Failed(_)));
    }
    parent.expect_quiet().await;
}

#[tokio::test]
async fn other_arguments_are_a_schema_mismatch() {
    let (a, b) = start_sums(&Net::default()).await;
    for on in [&a, &b] {
        let spawned = a.spawn_fn_on(on.name(), "sum", &"one".to_owned()).await;
        let Err(RemoteSpawnError::SchemaMismatch(text)) = spawned else { panic!("{spawned:?}") };
        let sides = [holm::wire::Fingerprint::of::<String>(), holm::wire::Fingerprint::of::<Sum>()];
        assert!(sides.iter().all(|side| text.contains(&side.to_string())), "{text}");
        let spawned = a.spawn_fn_on(on.name(), "none", &1_u8).await;
        assert!(matches!(spawned, Err(RemoteSpawnError::NotSpawnable(_))), "{spawned:?}");
    }
    let long = "n".repeat(2000);
    let spawned = a.spawn_fn_on(b.name(), &long, &1_u8).await;
    assert!(matches!(spawned, Err(RemoteSpawnError::NotSpawnable(_))), "{spawned:?}");
    reach(&a, &b.spawn(Probe::default())).echo(vec![1]).await.unwrap();
}
