//! Children that are added, restarted, stopped and removed at run time.

use std::time::Duration;

use holm_actor::supervision::{Backoff, ChildError, ChildSpec, ChildState, Jitter, Strategy};
use holm_actor::{ActorSystem, Ref, SendError, SpawnError, SpawnOptions, StartError, Supervisor};
use holm_wire::ExitReason;

use crate::family::*;
use crate::support::*;

async fn supervisor(strategy: Strategy) -> (ActorSystem, Log, Ref<Supervisor>) {
    let (system, log) = (system(), Log::new());
    let supervisor = system.supervisor(patient(strategy)).start().await.unwrap();
    (system, log, supervisor)
}

async fn add_child(
    system: &ActorSystem,
    supervisor: &Ref<Supervisor>,
    log: &Log,
    name: &'static str,
) -> Result<Ref<Puppet>, StartError> {
    let make = children(log, name);
    supervisor.add_child(system, ChildSpec::new(name), SpawnOptions::default(), make).await
}

async fn states(supervisor: &Ref<Supervisor>) -> Vec<(String, ChildState)> {
    let tree = supervisor.tree("root").await.unwrap();
    tree.children.into_iter().map(|child| (child.id.to_string(), child.state)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_added_child_is_started_restarted_and_stopped_with_the_others() {
    for strategy in [Strategy::OneForOne, Strategy::Dynamic] {
        let (system, log, supervisor) = supervisor(strategy).await;
        let a = add_child(&system, &supervisor, &log, "a").await.unwrap();
        let b = add_child(&system, &supervisor, &log, "b").await.unwrap();
        log.expect("+a +b").await;
        crash(&a);
        log.expect("-a +a").await;
        assert_eq!(notes(&a).await, []);
        assert_eq!(notes(&b).await, []);
        stop(&system, &supervisor).await;
        assert_eq!(log.take(2).await.len(), 2);
        assert_eq!(system.actors(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_in_use_is_refused() {
    let (system, log, supervisor) = supervisor(Strategy::Dynamic).await;
    let a = add_child(&system, &supervisor, &log, "a").await.unwrap();
    log.expect("+a").await;
    let outcome = add_child(&system, &supervisor, &log, "a").await;
    assert_eq!(outcome.unwrap_err(), StartError::Child(ChildError::Duplicate("a".into())));
    log.stays_empty(LONG).await;
    assert_eq!(notes(&a).await, [], "the one that was there lives on");
}

#[tokio::test(start_paused = true)]
async fn a_stopped_child_stays_and_can_be_restarted() {
    let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
    let a = add_child(&system, &supervisor, &log, "a").await.unwrap();
    log.expect("+a").await;
    supervisor.stop_child("a").await.unwrap();
    log.expect("-a").await;
    log.stays_empty(LONG).await;
    assert_eq!(states(&supervisor).await, [("a".to_owned(), ChildState::Ended)]);
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
    supervisor.restart_child("a").await.unwrap();
    log.expect("+a").await;
    assert_eq!(notes(&a).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_living_child_can_be_restarted() {
    let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
    let a = add_child(&system, &supervisor, &log, "a").await.unwrap();
    log.expect("+a").await;
    let first = a.pid();
    supervisor.restart_child("a").await.unwrap();
    log.expect("-a +a").await;
    assert_ne!(a.pid(), first);
}

/// It has no life to be stopped: what waits for its restart must hear of it all the same.
#[tokio::test(start_paused = true)]
async fn a_child_stopped_while_it_waits_for_its_restart_is_gone() {
    let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
    let wait = Duration::from_secs(60);
    let backoff =
        Backoff { at_once: 0, base: wait, cap: wait, jitter: Jitter::None, reset_after: wait };
    let spec = ChildSpec { backoff: Some(backoff), ..ChildSpec::new("a") };
    let make = children(&log, "a");
    let a = supervisor.add_child(&system, spec, SpawnOptions::default(), make).await.unwrap();
    log.expect("+a").await;
    crash(&a);
    log.expect("-a").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(matches!(a.tell(note(1)), Err(SendError::Restarting(_))));
    supervisor.stop_child("a").await.unwrap();
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
    log.stays_empty(LONG).await;
    supervisor.restart_child("a").await.unwrap();
    log.expect("+a").await;
    assert_eq!(notes(&a).await, []);
}

/// The answer comes when it has ended, so that its name is free.
#[tokio::test(start_paused = true)]
async fn a_removed_child_is_gone_when_that_is_answered() {
    let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
    let noted = log.clone();
    let make = move || {
        let stopped = |_| tokio::time::sleep(Duration::from_secs(1));
        Ok(child(&noted, "a").on_stopped(stopped))
    };
    let spec = ChildSpec::new("a");
    let a = supervisor.add_child(&system, spec, SpawnOptions::default(), make).await.unwrap();
    log.expect("+a").await;
    let pid = a.pid();
    let other = supervisor.clone();
    let removal = tokio::spawn(async move { other.remove_child("a").await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let removing = StartError::Child(ChildError::Removing("a".into()));
    assert_eq!(supervisor.remove_child("a").await, Err(removing));
    removal.await.unwrap().unwrap();
    log.expect("-a").await;
    assert!(system.inspect(pid).is_none());
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
    assert_eq!(states(&supervisor).await, []);
    let new = add_child(&system, &supervisor, &log, "a").await.unwrap();
    log.expect("+a").await;
    assert_ne!(new, a, "another child of the same name");
    assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_child_is_refused() {
    let (_system, _log, supervisor) = supervisor(Strategy::OneForOne).await;
    let unknown = Err(StartError::Child(ChildError::Unknown("x".into())));
    assert_eq!(supervisor.restart_child("x").await, unknown);
    assert_eq!(supervisor.stop_child("x").await, unknown);
    assert_eq!(supervisor.remove_child("x").await, unknown);
}

#[tokio::test(start_paused = true)]
async fn an_added_child_that_cannot_start_is_forgotten() {
    type Make = fn() -> Result<Puppet, SpawnError>;
    let makes: [Make; 4] = [
        || Err(SpawnError("no disk".to_owned())),
        || std::panic::resume_unwind(Box::new("no luck")),
        || Ok(Puppet::default().on_started(|| async { Err(ExitReason::Normal) })),
        || Ok(Puppet::default().on_started(std::future::pending)),
    ];
    for make in makes {
        let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
        let spec = ChildSpec::new("a");
        let a = supervisor.add_child(&system, spec, SpawnOptions::default(), make).await.unwrap();
        tokio::time::sleep(LONG).await;
        assert_eq!(states(&supervisor).await, []);
        assert!(matches!(a.tell(note(1)), Err(SendError::Noproc(_))));
        add_child(&system, &supervisor, &log, "a").await.unwrap();
        log.expect("+a").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopping_supervisor_takes_no_child() {
    let (system, log, supervisor) = supervisor(Strategy::OneForOne).await;
    let noted = log.clone();
    let make = move || {
        let stopped = |_| tokio::time::sleep(Duration::from_secs(1));
        Ok(child(&noted, "a").on_stopped(stopped))
    };
    let spec = ChildSpec::new("a");
    supervisor.add_child(&system, spec, SpawnOptions::default(), make).await.unwrap();
    log.expect("+a").await;
    supervisor.exit(shutdown("enough"));
    let outcome = add_child(&system, &supervisor, &log, "b").await;
    assert_eq!(outcome.unwrap_err(), StartError::Child(ChildError::Stopping));
    log.expect("-a").await;
    log.stays_empty(LONG).await;
}
