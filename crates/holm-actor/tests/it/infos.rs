//! What can be seen of an actor from outside.

use std::time::Duration;

use holm_actor::{ActorInfo, Policy, PolicyCounters, Ref, SpawnOptions};
use holm_wire::ExitReason;
use tokio::sync::oneshot;

use crate::support::*;

fn info(system: &holm_actor::ActorSystem, puppet: &Ref<Puppet>) -> ActorInfo {
    system.inspect(puppet.pid()).unwrap()
}

#[tokio::test]
async fn a_fresh_actor_has_nothing_to_show() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let ActorInfo { pid, type_name, names, depth, high_water, handled, busy, handling, .. } =
        info(&system, &puppet);
    assert_eq!((pid, type_name), (puppet.pid(), std::any::type_name::<Puppet>()));
    assert!(names.is_empty());
    assert_eq!((depth, high_water, handled), (0, 0, 0));
    assert_eq!((busy, handling), (Duration::ZERO, None));
    let ActorInfo { policy, links, monitors, watchers, traps, supervisor, exiting, .. } =
        info(&system, &puppet);
    assert_eq!(policy, PolicyCounters::default());
    assert_eq!((links, monitors, watchers), (Vec::new(), 0, 0));
    assert_eq!((traps, supervisor, exiting), (false, None, None));
}

#[tokio::test]
async fn messages_are_counted_under_every_policy() {
    let all = [Policy::Block, Policy::DropNew, Policy::DropOld, Policy::Fail, Policy::Coalesce];
    for policy in all {
        let system = system();
        let puppet = system.spawn_with(Puppet::default(), room_for(64).policy(policy));
        let release = occupy(&puppet).await;
        assert_eq!(info(&system, &puppet).handling, Some("step"));
        for number in 0..10 {
            puppet.tell(note(number)).unwrap();
        }
        let ActorInfo { depth, capacity, .. } = info(&system, &puppet);
        assert_eq!((depth, capacity), (10, 64), "{policy:?}");
        drop(release);
        assert_eq!(notes(&puppet).await.len(), 10);
        tokio::task::yield_now().await;
        let ActorInfo { depth, high_water, handled, handling, .. } = info(&system, &puppet);
        assert_eq!((depth, handled, handling), (0, 12, None), "{policy:?}");
        assert!((1..=12).contains(&high_water), "{policy:?}: {high_water}");
    }
}

#[tokio::test]
async fn the_high_water_mark_is_what_a_turn_finds() {
    for policy in [Policy::Block, Policy::DropOld] {
        let system = system();
        let puppet = system.spawn_with(Puppet::default(), room_for(64).policy(policy));
        for number in 0..20 {
            puppet.tell(note(number)).unwrap();
        }
        assert_eq!(notes(&puppet).await.len(), 20);
        assert_eq!(notes(&puppet).await.len(), 20);
        assert_eq!(info(&system, &puppet).high_water, 21, "{policy:?}");
    }
}

#[tokio::test]
async fn its_bonds_can_be_seen() {
    let system = system();
    let puppet = system.spawn_with(Puppet::default(), SpawnOptions::default().trap_exits());
    let peer = system.spawn(Puppet::default());
    system.names().register("one", &puppet).unwrap();
    system.names().register("two", &puppet).unwrap();
    let _watch = system.monitor(puppet.pid());
    let pid = peer.pid();
    puppet
        .tell(act(move |_, cx| {
            cx.link(pid);
            cx.monitor(pid);
            cx.monitor(pid);
        }))
        .unwrap();
    assert_eq!(notes(&puppet).await, []);
    let seen = info(&system, &puppet);
    let names: Vec<&str> = seen.names.iter().map(|name| &**name).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!((seen.links, seen.monitors, seen.watchers), (vec![pid], 2, 1));
    assert!(seen.traps);
    let seen = info(&system, &peer);
    assert_eq!((seen.links, seen.monitors, seen.watchers), (vec![puppet.pid()], 0, 2));
    assert!(!seen.traps);
}

#[tokio::test]
async fn the_reason_of_an_actor_that_is_ending_can_be_seen() {
    let system = system();
    let (entered, entry) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    let puppet = system.spawn(Puppet::default().on_stopped(|_| async {
        entered.send(()).unwrap();
        gone.await.unwrap();
    }));
    puppet.exit(failed("f"));
    entry.await.unwrap();
    assert_eq!(info(&system, &puppet).exiting, Some(failed("f")));
    let end = system.monitor(puppet.pid());
    go.send(()).unwrap();
    assert_ne!(end.await.reason, ExitReason::Noproc);
    assert_eq!(system.inspect(puppet.pid()), None);
}

#[tokio::test]
async fn all_actors_of_a_system_can_be_listed() {
    let system = system();
    let mut pids: Vec<_> = (0..100).map(|_| system.spawn(Puppet::default()).pid()).collect();
    let mut listed = system.pids();
    pids.sort();
    listed.sort();
    assert_eq!(listed, pids);
    system.shutdown("").await;
    assert_eq!(system.pids(), []);
}
