//! The dynamic form: messages made of a method's name and a [`Value`], for callers that do not know
//! the actor's type, and actors that take any message.

use std::future::Future;
use std::sync::Arc;
use std::task::{self, Poll};

use holm_cell::reply::{Promise, slot};
use holm_wire::body::{BodyError, decode_named, encode_named, join_untyped};
use holm_wire::value::Value;
use holm_wire::{BodyCodec, Code, ExitReason, Fingerprint, Pid, Shown};

use crate::system::Place;
use crate::{
    Actor, ActorSystem, Address, Agreement, AnyCell, ArrivalError, CallError, CallTicket, Context,
    MethodInfo, NameError, Outgoing, PlainApi, Reach, Ref, Refusal, Remote, Reply, ReplyBody,
    ReplySink, ReturnPath, Signal,
};

/// Why a dynamic message or call came to nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DynError {
    /// An actor of this node did not take the message. The caller is to blame, or the actor had
    /// ended.
    #[error(transparent)]
    Arrival(#[from] ArrivalError),
    /// Nothing was sent to the actor's node.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The call has no reply. What another node did not take is [`CallError::Refused`] or
    /// [`CallError::Noproc`].
    #[error(transparent)]
    Call(#[from] CallError),
}

impl DynError {
    /// Why the message was not taken, the same of an actor of this node and of another: the method
    /// is unknown, its arguments do not fit (`SchemaMismatch`), and the like.
    pub fn code(&self) -> Option<Code> {
        match self {
            Self::Arrival(error) => Some(error.code()),
            Self::Call(CallError::Refused(error)) => Some(error.code),
            Self::Call(CallError::Noproc) | Self::Refusal(Refusal::Noproc) => Some(Code::Noproc),
            Self::Refusal(_) | Self::Call(_) => None,
        }
    }
}

impl ActorSystem {
    /// Sends `method` with `args` to an actor, whatever its type, on any node: its arguments as a
    /// list, by position, or as a map, by name. It waits for no room: on this node the policy of
    /// the inbox applies as to a cast.
    ///
    /// # Errors
    /// [`DynError`]; nothing was sent.
    pub fn send_dyn(
        &self,
        to: impl Into<Address>,
        method: &str,
        args: Value,
    ) -> Result<(), DynError> {
        let to = to.into();
        match self.place(&to) {
            Place::Elsewhere => Ok(self.outlet().cast(&to, &mut Untyped::new(method, &args)?)?),
            Place::Here(None) => Err(ArrivalError::Noproc.into()),
            Place::Here(Some(cell)) => match cell.arrive_dyn(method, args, &mut None) {
                // As a cast is: taken and dropped.
                Ok(_) | Err(ArrivalError::Dropped) => Ok(()),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Calls `method` with `args`, and awaits the reply as a value. As any call, it waits for room
    /// where the policy of the inbox says so.
    ///
    /// The method `""` is no message: its reply is the name of the actor's type.
    ///
    /// Cancel safe: dropping it cancels the call, and sends nothing if it waits for room.
    ///
    /// # Errors
    /// [`DynError`].
    pub async fn call_dyn(
        &self,
        to: impl Into<Address> + Send,
        method: &str,
        args: Value,
    ) -> Result<Value, DynError> {
        let to = to.into();
        let (promise, reply) = slot();
        let mut call = UnderWay { system: self, to: &to, ticket: None };
        match self.place(&to) {
            Place::Elsewhere => {
                let mut message = Untyped::new(method, &args)?;
                message.sink = Some(Box::new(ValueSink(promise)));
                call.ticket = Some(loop {
                    match self.outlet().call(&to, &mut message) {
                        Ok(ticket) => break ticket,
                        Err(Refusal::Busy) => self.outlet().room(&to).await,
                        Err(refusal) => return Err(refusal.into()),
                    }
                });
            }
            Place::Here(None) => return Err(ArrivalError::Noproc.into()),
            Place::Here(Some(cell)) => {
                let path = DynPath { promise: Some(promise), cell: Arc::clone(&cell) };
                let mut caller = Some(Box::new(path) as Box<dyn ReturnPath>);
                match cell.arrive_dyn(method, args, &mut caller) {
                    Ok(Some(waiting)) => waiting.await,
                    Ok(None) => {}
                    Err(error) if caller.is_some() => return Err(error.into()),
                    // It went with the message, and has told why.
                    Err(_) => {}
                }
            }
        }
        let outcome = reply.await.unwrap_or(Err(CallError::Unanswered));
        call.ticket = None;
        Ok(outcome?)
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

    /// A typed reference to an actor of any node, which is asked what it is.
    /// [`reference`](Self::reference) takes the type on trust.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// [`CallError::WrongType`]; or nobody answered, as of a call.
    pub async fn check<A: Remote>(&self, pid: Pid) -> Result<Ref<A>, CallError> {
        let found = match self.call_dyn(pid, TYPE_OF, Value::Null).await {
            Ok(found) => found,
            Err(DynError::Arrival(_)) => return Err(CallError::Noproc),
            Err(DynError::Refusal(refusal)) => return Err(refusal.into()),
            Err(DynError::Call(error)) => return Err(error),
        };
        let wanted = A::TABLE.type_name;
        match found.as_str() {
            Some(found) if found == wanted => Ok(self.reference(pid)),
            found => Err(CallError::WrongType(format!(
                "the actor is a {}, not a {wanted}",
                Shown(found.unwrap_or_default())
            ))),
        }
    }
}

/// What every actor is asked for the name of its type by: no tag of a method is empty.
pub(crate) const TYPE_OF: &str = "";

/// Answers [`TYPE_OF`].
pub(crate) fn tell_type(name: &str, caller: &mut Option<Box<dyn ReturnPath>>) {
    if let Some(path) = caller.take() {
        path.reply(&mut |out| encode_named(name, out));
    }
}

/// Cancels a call to another node unless it was answered.
struct UnderWay<'a> {
    system: &'a ActorSystem,
    to: &'a Address,
    ticket: Option<CallTicket>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.system.outlet().cancel(self.to, ticket);
        }
    }
}

/// A message to an actor of another node, whatever its type.
struct Untyped {
    body: Vec<u8>,
    sink: Option<Box<dyn ReplySink>>,
}

impl Untyped {
    fn new(method: &str, args: &Value) -> Result<Self, Refusal> {
        let mut body = Vec::new();
        join_untyped(method, args, &mut body)?;
        Ok(Self { body, sink: None })
    }
}

impl Outgoing for Untyped {
    fn method(&self) -> &'static MethodInfo {
        static UNTYPED: MethodInfo = MethodInfo {
            actor_type: "",
            tag: "",
            fingerprint: || Fingerprint::from_u64(0),
            agreement: Agreement::Nothing,
        };
        &UNTYPED
    }

    fn reach(&self) -> Reach {
        Reach::default()
    }

    fn encode(&self, _out: &mut Vec<u8>) -> Result<(), BodyError> {
        unreachable!("it has no types")
    }

    fn encode_named(&self, out: &mut Vec<u8>) -> Result<(), BodyError> {
        out.extend_from_slice(&self.body);
        Ok(())
    }

    fn take_sink(&mut self) -> Option<Box<dyn ReplySink>> {
        self.sink.take()
    }
}

struct ValueSink(Promise<Result<Value, CallError>>);

impl ReplySink for ValueSink {
    fn complete(self: Box<Self>, outcome: Result<(BodyCodec, &[u8]), CallError>) {
        let outcome = outcome.and_then(|(codec, body)| match codec {
            BodyCodec::Named => decode_named(body).map_err(CallError::BadReply),
            BodyCodec::Positional | BodyCodec::Raw | BodyCodec::Both => {
                Err(CallError::BadReply(BodyError::Invalid("codec")))
            }
        });
        let _ = self.0.complete(outcome);
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
