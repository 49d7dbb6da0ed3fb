//! Spawning on other nodes.

use holm::prelude::*;
use holm::{RemoteSpawnError, SpawnError, Spawnable};

use crate::actors::{Log, STILLBORN};
use crate::support::*;

/// Is made from a number, if it likes it.
struct Picky(u64);

#[actor]
impl Picky {
    async fn number(&mut self) -> u64 {
        self.0
    }
}

impl Spawnable for Picky {
    type Args = u64;

    fn create(number: u64) -> Result<Self, SpawnError> {
        match number {
            0 => Err(SpawnError("not 0".to_owned())),
            1 => std::panic::resume_unwind(Box::new("asked to")),
            number => Ok(Self(number)),
        }
    }
}

#[tokio::test]
async fn an_actor_is_spawned_with_its_arguments() {
    let (a, b) = pair().await;
    let log = a.spawn_on::<Log>(b.name(), Log { entries: vec![1, 2] }).await.unwrap();
    assert_eq!(log.pid().node, b.system().node());
    assert_eq!(log.entries().await.unwrap(), [1, 2]);
    let (log, down) = a.spawn_on::<Log>(b.name(), Log::default()).monitored().await.unwrap();
    log.end(failed("f")).await.unwrap();
    let down = down.await;
    assert_eq!((down.reason, down.from), (failed("f"), log.pid().into()));
}

#[tokio::test]
async fn a_refused_spawn_says_why() {
    use RemoteSpawnError::{Failed, NotSpawnable};
    let net = Net::default();
    let a = net.start("a@x").await;
    let b = net.builder("b@x").spawnable::<Picky>().start().await.unwrap();
    connect(&a, &b).await;
    let spawn = async |number| match a.spawn_on::<Picky>(b.name(), number).await {
        Ok(picky) => Ok(picky.number().await.unwrap()),
        Err(error) => Err(error),
    };
    assert_eq!(spawn(7).await, Ok(7));
    assert!(matches!(spawn(0).await, Err(Failed(text)) if text.contains("not 0")));
    assert!(matches!(spawn(1).await, Err(Failed(text)) if text.contains("panicked")));
    assert_eq!(spawn(8).await, Ok(8));
    let outcome = b.spawn_on::<Picky>(a.name(), 7).await;
    assert!(matches!(outcome, Err(NotSpawnable(text)) if text.contains("Picky")));
    let outcome = a.spawn_on::<Picky>(&name("c@x"), 7).await;
    assert!(matches!(outcome, Err(RemoteSpawnError::Disconnected(node)) if node == name("c@x")));
}

/// The reply precedes the `Down`, however soon the child dies, and the reason is the real one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_end_of_a_monitored_child_is_never_missed() {
    let (a, b) = pair().await;
    for _ in 0..300 {
        let stillborn = Log { entries: vec![STILLBORN] };
        let (_, down) = a.spawn_on::<Log>(b.name(), stillborn).monitored().await.unwrap();
        assert_eq!(down.await.reason, failed("stillborn"));
    }
    assert_eq!(b.system().actors(), 0);
}

/// Given up while the request is under way: the monitor of the child ends with the future.
#[tokio::test]
async fn a_spawn_that_is_given_up_leaves_no_monitor() {
    let (a, b) = pair().await;
    for _ in 0..50 {
        let mut spawn =
            Box::pin(a.spawn_on::<Log>(b.name(), Log::default()).monitored().into_future());
        begin(&mut spawn).await;
    }
    let last = a.spawn_on::<Log>(b.name(), Log::default()).await.unwrap();
    last.count().await.unwrap();
    assert_eq!(b.system().actors(), 51, "spawned all the same");
}

#[tokio::test]
async fn a_lost_session_fails_a_spawn_under_way() {
    let (a, b) = pair().await;
    let mut spawn = a.spawn_on::<Log>(b.name(), Log::default()).into_future();
    begin(&mut spawn).await;
    a.disconnect(b.name());
    assert!(matches!(spawn.await, Err(RemoteSpawnError::Disconnected(_))));
}
