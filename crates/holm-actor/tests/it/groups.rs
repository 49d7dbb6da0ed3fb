//! Process groups: joins are counted, and end with their actor before anybody hears of it.

use holm_actor::{Actor, Context, GroupError, GroupEvent, GroupWatch, PlainApi, WATCH_EVENTS_MAX};
use holm_wire::{GroupName, GroupScope, Pid};
use tokio::sync::mpsc;

use crate::support::*;

struct Other;

impl Actor for Other {
    type Msg = ();
    type Api = PlainApi<Self>;
    async fn handle(&mut self, (): (), _cx: &mut Context<Self>) {}
}

fn scope() -> GroupScope {
    "scope".parse().unwrap()
}

fn group() -> GroupName {
    "group".parse().unwrap()
}

/// The next events, which must be there already.
fn ready(watch: &mut GroupWatch, count: usize) -> Vec<GroupEvent> {
    let next = |watch: &mut GroupWatch| {
        let mut next = std::pin::pin!(watch.next());
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        next.as_mut().poll(&mut cx)
    };
    let events = (0..count)
        .map(|_| match next(watch) {
            std::task::Poll::Ready(Some(event)) => event,
            other => panic!("an event was expected, not {other:?}"),
        })
        .collect();
    assert!(next(watch).is_pending(), "one event more");
    events
}

fn sorted<const N: usize>(mut pids: [Pid; N]) -> [Pid; N] {
    pids.sort();
    pids
}

#[tokio::test]
async fn an_actor_is_a_member_as_often_as_it_joined() {
    let system = system();
    let groups = system.groups();
    let (one, two) = (system.spawn(Puppet::default()), system.spawn(Puppet::default()));
    let members = || groups.members(&scope(), &group());
    for puppet in [&one, &two, &one] {
        groups.join(&scope(), &group(), puppet).unwrap();
    }
    assert_eq!(members(), sorted([one.pid(), one.pid(), two.pid()]));
    assert_eq!(groups.local_members(&scope(), &group()), members());
    groups.leave(&scope(), &group(), &one).unwrap();
    assert_eq!(members(), sorted([one.pid(), two.pid()]));
    groups.leave(&scope(), &group(), &one).unwrap();
    assert_eq!(members(), [two.pid()]);
    let pid = one.pid();
    assert_eq!(
        groups.leave(&scope(), &group(), &one),
        Err(GroupError::NotMember { scope: scope(), group: group(), pid })
    );
    groups.leave(&scope(), &group(), &two).unwrap();
    assert_eq!(members(), []);
}

#[tokio::test]
async fn scopes_and_groups_are_apart() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    system.groups().join(&scope(), &group(), &puppet).unwrap();
    let (elsewhere, other) = ("elsewhere".parse().unwrap(), "other".parse().unwrap());
    assert_eq!(system.groups().members(&elsewhere, &group()), []);
    assert_eq!(system.groups().members(&scope(), &other), []);
    assert!(system.groups().leave(&elsewhere, &group(), &puppet).is_err());
    assert_eq!(system.groups().members(&scope(), &group()), [puppet.pid()]);
}

#[tokio::test]
async fn typed_members_are_those_of_that_type() {
    let system = system();
    let (puppet, other) = (system.spawn(Puppet::default()), system.spawn(Other));
    system.groups().join(&scope(), &group(), &puppet).unwrap();
    system.groups().join(&scope(), &group(), &other).unwrap();
    assert_eq!(system.groups().members_of::<Puppet>(&scope(), &group()), [puppet]);
    assert_eq!(system.groups().members_of::<Other>(&scope(), &group()), [other]);
}

#[tokio::test]
async fn a_watcher_sees_every_change_after_its_snapshot() {
    let system = system();
    let groups = system.groups();
    let puppet = system.spawn(Puppet::default());
    let pid = puppet.pid();
    groups.join(&scope(), &group(), &puppet).unwrap();
    let (members, mut watch) = groups.watch(&scope(), &group());
    let (_, mut other) = groups.watch(&scope(), &"other".parse().unwrap());
    assert_eq!(members, [pid]);
    assert_eq!(ready(&mut watch, 0), []);
    groups.join(&scope(), &group(), &puppet).unwrap();
    groups.leave(&scope(), &group(), &puppet).unwrap();
    assert_eq!(ready(&mut watch, 2), [GroupEvent::Joined(pid), GroupEvent::Left(pid)]);
    groups.join(&scope(), &group(), &puppet).unwrap();
    ready(&mut watch, 1);
    let end = system.monitor(pid);
    puppet.exit(shutdown("s"));
    end.await;
    assert_eq!(ready(&mut watch, 2), [GroupEvent::Left(pid); 2], "one for each join");
    assert_eq!(ready(&mut other, 0), []);
}

#[tokio::test]
async fn a_slow_watcher_is_told_how_many_it_missed_and_delays_nobody() {
    let system = system();
    let groups = system.groups();
    let puppet = system.spawn(Puppet::default());
    let pid = puppet.pid();
    let (_, mut watch) = groups.watch(&scope(), &group());
    for _ in 0..WATCH_EVENTS_MAX + 7 {
        groups.join(&scope(), &group(), &puppet).unwrap();
    }
    let end = system.monitor(pid);
    puppet.exit(shutdown("s"));
    end.await;
    let missed = 7 + WATCH_EVENTS_MAX as u64 + 7;
    let mut events = ready(&mut watch, WATCH_EVENTS_MAX + 1);
    assert_eq!(events.pop(), Some(GroupEvent::Missed(missed)));
    assert_eq!(events, [GroupEvent::Joined(pid); WATCH_EVENTS_MAX]);
    let heir = system.spawn(Puppet::default());
    groups.join(&scope(), &group(), &heir).unwrap();
    assert_eq!(ready(&mut watch, 1), [GroupEvent::Joined(heir.pid())], "it goes on after that");
}

#[tokio::test]
async fn a_waiting_watcher_is_woken_and_hears_when_the_system_goes() {
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let (_, mut watch) = system.groups().watch(&scope(), &group());
    let (events, mut event) = mpsc::channel(1);
    let task = tokio::spawn(async move {
        while let Some(next) = watch.next().await {
            events.send(next).await.unwrap();
        }
    });
    system.groups().join(&scope(), &group(), &puppet).unwrap();
    assert_eq!(event.recv().await, Some(GroupEvent::Joined(puppet.pid())));
    let pid = puppet.pid();
    system.shutdown("bye").await;
    assert_eq!(event.recv().await, Some(GroupEvent::Left(pid)));
    drop((puppet, system));
    task.await.unwrap();
}

#[tokio::test]
async fn memberships_are_gone_before_a_down_is_handled() {
    let system = system();
    for _ in 0..200 {
        let puppet = system.spawn(Puppet::default());
        system.groups().join(&scope(), &group(), &puppet).unwrap();
        system.groups().join(&scope(), &"other".parse().unwrap(), &puppet).unwrap();
        let end = system.monitor(puppet.pid());
        puppet.exit(shutdown("s"));
        end.await;
        assert_eq!(system.groups().members(&scope(), &group()), []);
        assert_eq!(system.groups().join(&scope(), &group(), &puppet), Err(GroupError::Noproc));
        assert!(system.groups().leave(&scope(), &group(), &puppet).is_err());
    }
}

/// A join at the time of the end is either refused or released: no order of the two leaves a
/// dead member.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_membership_outlives_its_actor() {
    const ROUNDS: usize = 4_000;
    let system = system();
    let mut ends = Vec::new();
    for _ in 0..ROUNDS {
        let puppet = system.spawn(Puppet::default());
        ends.push(system.monitor(puppet.pid()));
        puppet.kill();
        while system.groups().join(&scope(), &group(), &puppet).is_ok() {}
    }
    for end in ends {
        end.await;
    }
    assert_eq!(system.groups().members(&scope(), &group()), []);
}
