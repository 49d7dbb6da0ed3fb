//! A puppet: an actor whose handlers are written in the test that sends them.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use holm_actor::{
    Actor, ActorSystem, Context, Down, NullOutlet, PlainApi, Ref, Reply, Signal, SpawnOptions,
};
use holm_cell::Capacity;
use holm_env::Env;
use holm_wire::{ExitReason, Incarnation, NodeId, NodeName};
use tokio::sync::{mpsc, oneshot};

pub(crate) type BoxFuture<'a, T = ()> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A message: what to do when it is handled.
pub(crate) type Step =
    Box<dyn for<'a> FnOnce(&'a mut Puppet, &'a mut Context<Puppet>) -> BoxFuture<'a> + Send>;

type Started = Box<dyn FnOnce() -> BoxFuture<'static, Result<(), ExitReason>> + Send>;
type Stopped = Box<dyn FnOnce(ExitReason) -> BoxFuture<'static> + Send>;

#[derive(Default)]
pub(crate) struct Puppet {
    /// What it noted, in order.
    pub(crate) notes: Vec<u64>,
    started: Option<Started>,
    stopped: Option<Stopped>,
    downs: Option<mpsc::Sender<Down>>,
    signals: Option<mpsc::Sender<Signal>>,
    /// Dropped with the actor's state.
    token: Option<Box<dyn Any + Send>>,
}

impl Puppet {
    pub(crate) fn on_started<F>(mut self, started: impl FnOnce() -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), ExitReason>> + Send + 'static,
    {
        self.started = Some(Box::new(|| Box::pin(started())));
        self
    }

    pub(crate) fn on_stopped<F>(
        mut self,
        stopped: impl FnOnce(ExitReason) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.stopped = Some(Box::new(|reason| Box::pin(stopped(reason))));
        self
    }

    /// Keeps `token` for as long as its state lives.
    pub(crate) fn holding(mut self, token: impl Send + 'static) -> Self {
        self.token = Some(Box::new(token));
        self
    }

    /// Passes the signals that it gets on.
    pub(crate) fn signals_to(mut self, signals: mpsc::Sender<Signal>) -> Self {
        self.signals = Some(signals);
        self
    }

    /// Passes the `Down`s that it gets on.
    pub(crate) fn downs_to(mut self, downs: mpsc::Sender<Down>) -> Self {
        self.downs = Some(downs);
        self
    }
}

impl Actor for Puppet {
    type Msg = Step;
    type Api = PlainApi<Self>;

    const MESSAGES: &'static [&'static str] = &["step"];

    async fn handle(&mut self, step: Step, cx: &mut Context<Self>) {
        step(self, cx).await;
    }

    async fn started(&mut self, _cx: &mut Context<Self>) -> Result<(), ExitReason> {
        match self.started.take() {
            Some(started) => started().await,
            None => Ok(()),
        }
    }

    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        if let Some(signals) = &self.signals {
            signals.send(signal.clone()).await.unwrap();
        }
        let Signal::Down(down) = signal else { return };
        if let Some(downs) = &self.downs {
            downs.send(down).await.unwrap();
        }
    }

    async fn stopped(&mut self, reason: &ExitReason, _cx: &mut Context<Self>) {
        if let Some(stopped) = self.stopped.take() {
            stopped(reason.clone()).await;
        }
    }
}

/// A message of one synchronous step.
pub(crate) fn act(f: impl FnOnce(&mut Puppet, &mut Context<Puppet>) + Send + 'static) -> Step {
    Box::new(|me, cx| {
        f(me, cx);
        Box::pin(std::future::ready(()))
    })
}

/// A message whose handler awaits `future`.
pub(crate) fn wait(future: impl Future<Output = ()> + Send + 'static) -> Step {
    Box::new(|_, _| Box::pin(future))
}

pub(crate) fn note(number: u64) -> Step {
    act(move |me, _| me.notes.push(number))
}

/// What the puppet has noted so far.
pub(crate) async fn notes(puppet: &Ref<Puppet>) -> Vec<u64> {
    puppet
        .ask(|reply: Reply<Vec<u64>>| act(move |me, _| reply.send(me.notes.clone())))
        .await
        .unwrap()
}

/// Occupies the puppet until the sender is used or dropped; returns once it is occupied.
pub(crate) async fn occupy(puppet: &Ref<Puppet>) -> oneshot::Sender<()> {
    let (release, released) = oneshot::channel();
    let (entered, entry) = oneshot::channel();
    puppet
        .tell(wait(async {
            entered.send(()).unwrap();
            let _ = released.await;
        }))
        .unwrap();
    entry.await.unwrap();
    release
}

pub(crate) fn system() -> ActorSystem {
    let name: NodeName = "test@local".parse().unwrap();
    let id = NodeId::of(&name, Incarnation(1));
    ActorSystem::new(Env::tokio().unwrap(), name, id, Arc::new(NullOutlet))
}

pub(crate) fn room_for(messages: u32) -> SpawnOptions {
    SpawnOptions::default().mailbox(Capacity::new(messages).unwrap())
}

pub(crate) fn failed(text: &str) -> ExitReason {
    ExitReason::Failed(text.into())
}

pub(crate) fn shutdown(why: &str) -> ExitReason {
    ExitReason::Shutdown(why.into())
}

/// Ends the puppet with `reason` from within.
pub(crate) fn quit(reason: ExitReason) -> Step {
    act(move |_, cx| cx.stop(reason))
}

/// Whether the long forms of tests are to run.
pub(crate) fn is_long() -> bool {
    std::env::var("HOLM_LONG").as_deref() == Ok("1")
}

/// Polls `future` once, which must not be ready; then it waits for whatever it waits for.
pub(crate) async fn is_waiting(future: &mut (impl Future + Unpin)) {
    tokio::select! {
        biased;
        _ = future => panic!("it did not wait"),
        () = std::future::ready(()) => {}
    }
}
