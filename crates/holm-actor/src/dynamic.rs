//! The dynamic form: messages made of a method's name and a [`Value`], for callers that do not know
//! the actor's type, and actors that take any message.

use std::future::Future;
use std::sync::Arc;
use std::task::{self, Poll};

use holm_cell::reply::{Promise, slot};
use holm_wire::body::decode_named;
use holm_wire::value::Value;
use holm_wire::{BodyCodec, ExitReason, Pid};

use crate::system::Place;
use crate::{
    Actor, ActorSystem, Address, AnyCell, ArrivalError, CallError, Context, NameError, PlainApi,
    Ref, Reply, ReplyBody, ReturnPath, Signal,
};

/// Why a dynamic message or call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynError {
    /// The message was not taken. The caller is to blame, or the actor had ended.
    #[error(transparent)]
    Arrival(#[from] ArrivalError),
    /// It was taken, and the call has no reply.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The actor lives on another node, where dynamic messages do not lead yet.
    #[error("dynamic messages reach actors of this node only, and {0} is of another")]
    Elsewhere(Pid),
}

impl ActorSystem {
    /// Sends `method` with `args` to an actor of this node, whatever its type: its arguments as a
    /// list, by position, or as a map, by name. It waits for no room: the policy of the inbox
    /// applies as to a cast.
    ///
    /// # Errors
    /// [`DynError`]; nothing was sent.
    pub fn send_dyn(&self, to: Pid, method: &str, args: Value) -> Result<(), DynError> {
        match self.dyn_cell(to)?.arrive_dyn(method, args, &mut None) {
            // As a cast is: taken and dropped.
            Ok(_) | Err(ArrivalError::Dropped) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Calls `method` with `args`, and awaits the reply as a value. As any call, it waits for room
    /// where the policy of the inbox says so.
    ///
    /// Cancel safe: dropping it cancels the call, and sends nothing if it waits for room.
    ///
    /// # Errors
    /// [`DynError`].
    pub async fn call_dyn(&self, to: Pid, method: &str, args: Value) -> Result<Value, DynError> {
        let cell = self.dyn_cell(to)?;
        let (promise, reply) = slot();
        let path = DynPath { promise: Some(promise), cell: Arc::clone(&cell) };
        let mut caller = Some(Box::new(path) as Box<dyn ReturnPath>);
        match cell.arrive_dyn(method, args, &mut caller) {
            Ok(Some(waiting)) => waiting.await,
            Ok(None) => {}
            Err(error) if caller.is_some() => return Err(error.into()),
            // It went with the message, and has told why.
            Err(_) => {}
        }
        drop(caller);
        Ok(reply.await.unwrap_or(Err(CallError::Unanswered))?)
    }

    /// A typed view of a pid of this node.
    ///
    /// # Errors
    /// [`NameError::Noproc`] or [`NameError::WrongType`].
    pub fn typed<A: Actor>(&self, pid: Pid) -> Result<Ref<A>, NameError> {
        let cell = self.find(pid).ok_or(NameError::Noproc)?;
        let found = cell.type_name();
        Ref::from_cell(cell).ok_or_else(|| NameError::WrongType {
            name: pid.to_string(),
            wanted: A::WIRE.map_or_else(std::any::type_name::<A>, |table| table.type_name),
            found,
        })
    }

    fn dyn_cell(&self, to: Pid) -> Result<Arc<dyn AnyCell>, DynError> {
        match self.place(&Address::Pid(to)) {
            Place::Here(Some(cell)) => Ok(cell),
            Place::Here(None) => Err(ArrivalError::Noproc.into()),
            Place::Elsewhere => Err(DynError::Elsewhere(to)),
        }
    }
}

/// The way back of a dynamic call.
struct DynPath {
    promise: Option<Promise<Result<Value, CallError>>>,
    /// The callee, for its exit reason.
    cell: Arc<dyn AnyCell>,
}

impl DynPath {
    fn complete(&mut self, outcome: Result<Value, CallError>) {
        if let Some(promise) = self.promise.take() {
            // A caller that has gone away is no error.
            let _ = promise.complete(outcome);
        }
    }
}

impl ReturnPath for DynPath {
    fn codec(&self) -> BodyCodec {
        BodyCodec::Named
    }

    fn reply(mut self: Box<Self>, body: ReplyBody<'_>) {
        let mut bytes = Vec::new();
        let value = body(&mut bytes).and_then(|()| decode_named(&bytes));
        self.complete(value.map_err(CallError::BadReply));
    }

    fn refuse(mut self: Box<Self>, error: &ArrivalError) {
        self.complete(Err(match error {
            ArrivalError::Full => CallError::Full,
            ArrivalError::Dropped => CallError::Dropped,
            _ => CallError::Noproc,
        }));
    }

    fn is_cancelled(&self) -> bool {
        self.promise.as_ref().is_none_or(Promise::is_abandoned)
    }

    fn poll_cancelled(&mut self, task: &mut task::Context<'_>) -> Poll<()> {
        self.promise.as_mut().map_or(Poll::Ready(()), |promise| promise.poll_abandoned(task))
    }
}

impl Drop for DynPath {
    fn drop(&mut self) {
        let why = self.cell.exit_reason().map_or(CallError::Unanswered, CallError::Exited);
        self.complete(Err(why));
    }
}

/// An actor that takes any message, by name.
pub trait DynActor: Sized + Send + 'static {
    /// Handles one message. A cast's reply goes nowhere.
    fn handle(
        &mut self,
        method: &str,
        args: Value,
        reply: Reply<Value>,
        cx: &mut Context<Dynamic<Self>>,
    ) -> impl Future<Output = ()> + Send;

    /// Runs before the first message. An error ends the actor with that reason.
    fn started(
        &mut self,
        _cx: &mut Context<Dynamic<Self>>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        std::future::ready(Ok(()))
    }

    /// Handles a signal, in its place among the messages.
    fn signal(
        &mut self,
        _signal: Signal,
        _cx: &mut Context<Dynamic<Self>>,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }

    /// Runs after the last message, on every exit but a kill.
    fn stopped(
        &mut self,
        _reason: &ExitReason,
        _cx: &mut Context<Dynamic<Self>>,
    ) -> impl Future<Output = ()> + Send {
        std::future::ready(())
    }
}

/// A [`DynActor`] as an actor: `system.spawn(Dynamic(actor))`.
#[derive(Debug)]
pub struct Dynamic<D>(pub D);

/// A message by name.
#[derive(Debug)]
pub struct DynMessage {
    /// The name of the method.
    pub method: String,
    /// A list of arguments by position, or a map of them by name.
    pub args: Value,
    /// Where the answer goes.
    pub reply: Reply<Value>,
}

impl<D: DynActor> Actor for Dynamic<D> {
    type Msg = DynMessage;
    type Api = PlainApi<Self>;

    const ANY_METHOD: Option<AnyMethod<DynMessage>> = Some(|method, args, caller| DynMessage {
        method: method.to_owned(),
        args,
        reply: Reply::remote(caller),
    });

    async fn handle(&mut self, msg: DynMessage, cx: &mut Context<Self>) {
        self.0.handle(&msg.method, msg.args, msg.reply, cx).await;
    }

    async fn started(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        self.0.started(cx).await
    }

    async fn signal(&mut self, signal: Signal, cx: &mut Context<Self>) {
        self.0.signal(signal, cx).await;
    }

    async fn stopped(&mut self, reason: &ExitReason, cx: &mut Context<Self>) {
        self.0.stopped(reason, cx).await;
    }
}

/// Makes a message of any method; takes the way back to the caller.
pub type AnyMethod<M> = fn(&str, Value, &mut Option<Box<dyn ReturnPath>>) -> M;
