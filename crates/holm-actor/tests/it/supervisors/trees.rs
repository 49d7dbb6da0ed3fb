//! Trees: supervisors of supervisors end from their leaves up, and can be seen.

use std::time::Duration;

use holm_actor::supervision::{ChildSpec, ChildState, Restart, Strategy};
use holm_actor::{ActorSystem, Ref, SendError, Supervisor};
use holm_wire::ExitReason;

use crate::family::*;
use crate::support::*;

/// The root with a, inner with b, innermost with c, and d.
async fn tree(system: &ActorSystem, log: &Log) -> (Ref<Supervisor>, [Ref<Puppet>; 4]) {
    let mut innermost = system.supervisor(patient(Strategy::OneForAll));
    let c = add(&mut innermost, log, "c");
    let mut inner = system.supervisor(patient(Strategy::RestForOne));
    let b = add(&mut inner, log, "b");
    inner.nested(ChildSpec::supervisor("innermost"), innermost);
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let a = add(&mut plan, log, "a");
    plan.nested(ChildSpec::supervisor("inner"), inner);
    let d = add_as(&mut plan, log, "d", Restart::Transient);
    let root = plan.start().await.unwrap();
    log.expect("+a +b +c +d").await;
    assert_eq!(system.actors(), 7);
    (root, [a, b, c, d])
}

#[tokio::test(start_paused = true)]
async fn a_tree_stops_from_its_leaves_up() {
    let (system, log) = (system(), Log::new());
    let (root, children) = tree(&system, &log).await;
    assert_eq!(stop(&system, &root).await, shutdown("enough"));
    log.expect("-d -c -b -a").await;
    assert_eq!(system.actors(), 0);
    for child in children {
        assert!(matches!(child.tell(note(1)), Err(SendError::Noproc(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn the_shutdown_of_a_system_stops_its_trees_in_order() {
    let (system, log) = (system(), Log::new());
    tree(&system, &log).await;
    system.spawn(Puppet::default().on_stopped({
        let log = log.clone();
        move |_| async move { log.add("alone") }
    }));
    system.shutdown("bye").await;
    log.expect("-d -c -b -a alone").await;
    assert_eq!(system.actors(), 0);
}

/// By whatever reason, and however many levels below.
#[tokio::test(start_paused = true)]
async fn nobody_outlives_a_supervisor() {
    type End = fn(&Ref<Supervisor>);
    let ends: [End; 4] = [
        Ref::kill,
        |root| root.exit(ExitReason::Killed),
        |root| root.exit(failed("f")),
        |root| root.exit(ExitReason::Normal),
    ];
    for end in ends {
        let (system, log) = (system(), Log::new());
        let (root, children) = tree(&system, &log).await;
        let pids = system.pids();
        let downs: Vec<_> = pids.iter().map(|pid| system.monitor(*pid)).collect();
        end(&root);
        for down in downs {
            down.await;
        }
        assert_eq!(system.actors(), 0);
        for child in children {
            assert!(matches!(child.tell(note(1)), Err(SendError::Noproc(_))));
        }
        assert_eq!(log.take(4).await.len(), 4);
        log.stays_empty(LONG).await;
    }
}

/// A child that traps exits cannot outlive its supervisor either.
#[tokio::test(start_paused = true)]
async fn a_trapping_child_does_not_outlive_a_killed_supervisor() {
    let (system, log) = (system(), Log::new());
    let mut plan = system.supervisor(patient(Strategy::OneForOne));
    let options = holm_actor::SpawnOptions::default().trap_exits();
    let a = plan.child(ChildSpec::new("a"), options, children(&log, "a"));
    let root = plan.start().await.unwrap();
    let end = system.monitor(a.pid());
    root.kill();
    assert_eq!(end.await.reason, ExitReason::Killed);
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_killed_inner_supervisor_is_restarted_with_its_children() {
    let (system, log) = (system(), Log::new());
    let (root, [_, b, c, _]) = tree(&system, &log).await;
    let inner = system.inspect(b.pid()).unwrap().supervisor.unwrap();
    system.kill(inner);
    let mut ends: Vec<_> = log.take(4).await.into_iter().map(|(text, _)| text).collect();
    ends.sort();
    assert_eq!(ends, ["+b", "+c", "-b", "-c"]);
    assert_eq!(notes(&b).await, []);
    assert_eq!(notes(&c).await, []);
    stop(&system, &root).await;
    log.expect("-d -c -b -a").await;
    assert_eq!(system.actors(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_tree_can_be_printed() {
    let (system, log) = (system(), Log::new());
    let (root, [_, _, c, d]) = tree(&system, &log).await;
    crash(&c);
    log.expect("-c +c").await;
    d.tell(quit(ExitReason::Normal)).unwrap();
    log.expect("-d").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let tree = root.tree("root").await.unwrap();
    assert_eq!(tree.children[1].children[1].children[0].state, ChildState::Running);
    let text = "\
root: one-for-one, running
├── a: permanent, running
├── inner: rest-for-one, permanent, running
│   ├── b: permanent, running
│   └── innermost: one-for-all, permanent, running
│       └── c: permanent, running, 1 restart
└── d: transient, ended";
    assert_eq!(tree.to_string(), text);
}
