//! What cannot be delivered, and who hears of it.

use holm::{CallError, Code, ExitReason, SendError, Value};

use crate::actors::Log;
use crate::support::*;

/// Another program's idea of the same actors.
mod stranger {
    use holm::prelude::*;

    pub(super) struct Other;

    #[actor(name = "errors.shop")]
    impl Other {
        /// With another argument than the shop's.
        async fn sell(&mut self, _pieces: String) {}
        /// Which the shop has not.
        async fn insure(&mut self) {}
        async fn price(&mut self) -> u64 {
            0
        }
    }
}

struct Shop;

#[holm::actor(name = "errors.shop")]
impl Shop {
    async fn price(&mut self) -> u64 {
        5
    }
    async fn sell(&mut self, _pieces: u64) {}
}

struct Hermit;

#[holm::actor(local)]
impl Hermit {
    async fn wake(&mut self) {}
}

fn code<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> Code {
    match outcome {
        Err(CallError::Refused(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_that_does_not_fit_says_why() {
    let (a, b) = pair().await;
    let shop = b.spawn(Shop);
    let stranger = a.system().reference::<stranger::Other>(shop.pid());
    assert_eq!(stranger.price().await, Ok(5), "the same name and types will do");
    assert_eq!(code(stranger.insure().await), Code::UnknownMethod);
    let Err(CallError::Refused(error)) = stranger.sell("x".to_owned()).await else {
        panic!("it fitted");
    };
    assert_eq!(error.code, Code::SchemaMismatch);
    assert!(error.message.contains("sell") && error.message.contains("errors.shop"), "{error}");
    let log = a.system().reference::<Log>(shop.pid());
    assert!(matches!(log.count().await, Err(CallError::WrongType(_))));
    assert_eq!(stranger.price().await, Ok(5), "the session lives");
}

#[tokio::test]
async fn a_local_actor_takes_nothing_from_other_nodes() {
    let (a, b) = pair().await;
    let hermit = b.spawn(Hermit);
    hermit.wake().await.unwrap();
    let outcome = a.system().reference::<Log>(hermit.pid()).count().await;
    assert!(matches!(outcome, Err(CallError::WrongType(_))), "{outcome:?}");
    let outcome = a.call_dyn(hermit.pid(), "wake", Value::Null).await;
    assert_eq!(outcome.unwrap_err().code(), Some(Code::Forbidden));
}

#[tokio::test]
async fn messages_that_nobody_takes_are_counted() {
    let (a, b) = pair().await;
    let log = b.spawn(Log::default());
    let there = reach(&a, &log);
    there.note(1).await.unwrap();
    let end = b.monitor(log.pid());
    log.exit(shutdown("s"));
    end.await;
    for _ in 0..3 {
        there.cast().note(2).unwrap();
    }
    let shop = b.spawn(Shop);
    a.system().reference::<Log>(shop.pid()).cast().note(3).unwrap();
    a.at::<Log>(b.name(), "nobody").cast().note(4).unwrap();
    assert_eq!(there.count().await, Err(CallError::Noproc));
    let dead = b.dead_letters();
    assert_eq!((dead.noproc, dead.wrong_type, dead.refused, dead.unreachable), (4, 1, 0, 0));
}

#[tokio::test]
async fn without_a_session_a_message_comes_back() {
    let net = Net::default();
    let (a, b) = (net.start("a@x").await, net.start("b@x").await);
    let there = reach(&a, &b.spawn(Log::default()));
    assert_eq!(there.count().await, Err(CallError::Noproc), "nobody has heard of the node");
    assert!(matches!(there.cast().note(1), Err(SendError::Noproc(_))));
    assert_eq!(a.monitor(there.pid()).await.reason, ExitReason::Noproc);
    connect(&a, &b).await;
    a.disconnect(b.name());
    a.monitor_node(b.name()).await;
    assert_eq!(there.count().await, Err(CallError::Disconnected));
    assert!(matches!(there.cast().note(1), Err(SendError::Disconnected(_))));
    assert!(matches!(there.send().note(1).await, Err(SendError::Disconnected(_))));
}

#[tokio::test]
async fn a_panic_is_told_to_callers_on_other_nodes() {
    let (a, b) = pair().await;
    for _ in 0..50 {
        let log = reach(&a, &b.spawn(Log::default()));
        let down = a.monitor(log.pid());
        assert_eq!(log.panics().await, Err(CallError::Exited(failed("asked to"))));
        assert_eq!(down.await.reason, failed("asked to"));
        assert_eq!(log.count().await, Err(CallError::Noproc));
    }
}

#[tokio::test]
async fn queued_calls_of_other_nodes_get_the_reason() {
    let (a, b) = pair().await;
    let (probe, there) = probe(&a, &b);
    let mut hold = Box::pin(there.hold());
    begin(&mut hold).await;
    probe.entered.notified().await;
    let mut queued: Vec<_> = (0..10).map(|_| Box::pin(there.got())).collect();
    for call in &mut queued {
        begin(call).await;
    }
    there.exit(failed("no more"));
    for call in queued {
        assert_eq!(call.await, Err(CallError::Exited(failed("no more"))));
    }
    assert_eq!(hold.await, Err(CallError::Exited(failed("no more"))));
}
