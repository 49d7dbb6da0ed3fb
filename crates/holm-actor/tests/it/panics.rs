//! Panics: they end one actor, and everybody hears the same reason.

use std::panic::{self, PanicHookInfo};
use std::sync::{Arc, Mutex, Once};
use std::task::{Poll, Waker};

use holm_actor::{Actor, CallError, Context, PlainApi, Reply};
use holm_wire::ExitReason;

use crate::support::*;

/// Keeps the panics that tests ask for out of the output.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = panic::take_hook();
        panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            let asked = info.payload_as_str().is_some_and(|text| text.starts_with("asked"));
            if !asked {
                loud(info);
            }
        }));
    });
}

fn reason() -> ExitReason {
    failed("asked to")
}

#[tokio::test]
async fn a_panic_is_the_exit_reason() {
    hush();
    let system = system();
    let puppet = system.spawn(Puppet::default());
    let end = system.monitor(puppet.pid());
    puppet.tell(act(|_, _| panic!("asked to"))).unwrap();
    assert_eq!(end.await.reason, reason());
    assert_eq!(system.actors(), 0);
}

/// Over and over on several threads: the caller of the message that panicked hears the
/// reason, never `Unanswered`; so does every queued caller and every watcher.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_panic_is_told_to_its_caller_and_to_all_queued_callers() {
    hush();
    let system = system();
    let rounds: Vec<_> = (0..8)
        .map(|_| {
            let system = system.clone();
            tokio::spawn(async move {
                for round in 0..300 {
                    panic_once(&system, round).await;
                }
            })
        })
        .collect();
    for round in rounds {
        round.await.unwrap();
    }
    assert_eq!(system.actors(), 0);
}

async fn panic_once(system: &holm_actor::ActorSystem, round: u32) {
    let puppet = system.spawn(Puppet::default());
    let ends = [system.monitor(puppet.pid()), system.monitor(puppet.pid())];
    let later = puppet.clone();
    let culprit = puppet.clone();
    let culprit = tokio::spawn(async move {
        culprit
            .ask(|reply: Reply<()>| {
                Box::new(move |_, _| {
                    Box::pin(async move {
                        if round.is_multiple_of(2) {
                            tokio::task::yield_now().await;
                        }
                        if round < u32::MAX {
                            panic!("asked to");
                        }
                        reply.send(());
                    })
                })
            })
            .await
    });
    let queued =
        tokio::spawn(
            async move { later.ask(|reply: Reply<()>| act(move |_, _| reply.send(()))).await },
        );
    assert_eq!(culprit.await.unwrap(), Err(CallError::Exited(reason())));
    match queued.await.unwrap() {
        // It was handled before the panic, queued at it, or came too late.
        Ok(()) | Err(CallError::Noproc) => {}
        Err(error) => assert_eq!(error, CallError::Exited(reason())),
    }
    for end in ends {
        assert_eq!(end.await.reason, reason());
    }
}

#[tokio::test]
async fn a_panic_in_started_is_the_exit_reason() {
    hush();
    let system = system();
    let puppet = system.spawn(Puppet::default().on_started(|| async { panic!("asked to") }));
    assert_eq!(system.monitor(puppet.pid()).await.reason, reason());
}

#[tokio::test]
async fn stopped_runs_after_a_panic_with_its_reason() {
    hush();
    let system = system();
    let (stopped, stop) = tokio::sync::oneshot::channel();
    let puppet = system
        .spawn(Puppet::default().on_stopped(|reason| async { stopped.send(reason).unwrap() }));
    puppet.tell(act(|_, _| panic!("asked to"))).unwrap();
    assert_eq!(stop.await.unwrap(), reason());
}

#[tokio::test]
async fn a_panic_while_the_state_is_dropped_hurts_nobody() {
    hush();
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("asked to");
        }
    }
    impl Actor for Fragile {
        type Msg = Reply<()>;
        type Api = PlainApi<Self>;
        async fn handle(&mut self, reply: Reply<()>, cx: &mut Context<Self>) {
            cx.stop(shutdown("done"));
            reply.send(());
        }
    }
    let system = system();
    let fragile = system.spawn(Fragile);
    let end = system.monitor(fragile.pid());
    fragile.ask(|reply| reply).await.unwrap();
    assert_eq!(end.await.reason, shutdown("done"));
    assert_eq!(system.actors(), 0);
}

/// A handler that panics before it returns its future.
#[tokio::test]
async fn a_panic_before_the_first_poll_is_a_panic_of_the_handler() {
    hush();
    struct Hasty;
    impl Actor for Hasty {
        type Msg = Reply<()>;
        type Api = PlainApi<Self>;
        #[allow(clippy::manual_async_fn, reason = "what is tested")]
        fn handle(
            &mut self,
            reply: Reply<()>,
            _cx: &mut Context<Self>,
        ) -> impl Future<Output = ()> + Send {
            if !reply.is_abandoned() {
                panic!("asked to");
            }
            async {}
        }
    }
    let system = system();
    let hasty = system.spawn(Hasty);
    let end = system.monitor(hasty.pid());
    assert_eq!(hasty.ask(|reply| reply).await, Err(CallError::Exited(reason())));
    assert_eq!(end.await.reason, reason());
}

type Shared = Arc<Mutex<Option<BoxFuture<'static, Result<(), CallError>>>>>;

/// Looks at the call when the panic has dropped its reply and is still unwinding.
struct Witness {
    call: Shared,
    was_pending: Arc<Mutex<Option<bool>>>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        *self.was_pending.lock().unwrap() = Some(poll_once(&self.call).is_pending());
    }
}

fn poll_once(call: &Shared) -> Poll<Result<(), CallError>> {
    let mut task = std::task::Context::from_waker(Waker::noop());
    call.lock().unwrap().as_mut().unwrap().as_mut().poll(&mut task)
}

/// The instant that the test with many threads would have to hit.
#[tokio::test]
async fn a_reply_dropped_by_a_panic_waits_for_the_reason() {
    hush();
    let system = system();
    // For as long as the program runs, so that the call can be shared.
    let puppet: &'static _ = Box::leak(Box::new(system.spawn(Puppet::default())));
    let end = system.monitor(puppet.pid());
    let (call, was_pending) = (Shared::default(), Arc::default());
    let witness = Witness { call: Arc::clone(&call), was_pending: Arc::clone(&was_pending) };
    let message = move |reply: Reply<()>| {
        act(move |_, _| {
            let _dropped_second = witness;
            let _dropped_first = reply;
            panic!("asked to");
        })
    };
    *call.lock().unwrap() = Some(Box::pin(puppet.ask(message)));
    assert!(poll_once(&call).is_pending());
    assert_eq!(end.await.reason, reason());
    assert_eq!(*was_pending.lock().unwrap(), Some(true), "the caller was told too early");
    assert_eq!(poll_once(&call), Poll::Ready(Err(CallError::Exited(reason()))));
}
