//! What the rest of a node sees of one actor: a single allocation.

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use holm_cell::Cell;
use holm_wire::body::{self, BodyError};
use holm_wire::value::{Value, encode_value};
use holm_wire::{ExitReason, Fingerprint, Pid};

use holm_proto::ledger::{LinkId, LinkIds, LinkKey, Stamp};

use crate::due::Due;
use crate::dynamic::{TYPE_OF, tell_type};
use crate::gathered::{Gathered, Gathering};
use crate::inbox::{Keeper, LockedInbox, Offer, Verb, offer, wait_for_room};
use crate::info::{ActorInfo, Stats};
use crate::late::{Late, LateMessage};
use crate::life::{Effect, Estate, Life};
use crate::reply::{self, Unhandled};
use crate::signal::Queued;
use crate::spawnable::{ShutdownTime, Turn};
use crate::{
    Actor, ActorSystem, Address, ArrivalError, ArrivedBody, Down, MethodInfo, MonitorRef,
    ReturnPath, Supervisor, Watcher, WireMethod, decode_scope,
};

/// The cell of an `A`: its queue, its waker and this header, in one allocation.
pub(crate) type ActorCell<A> = Cell<Item<A>, Header<A>>;

/// What is queued in an inbox.
pub(crate) enum Item<A: Actor> {
    Msg(A::Msg),
    Signal(Box<Queued>),
    /// Decided about in its turn.
    Due(Arc<dyn Due<A>>),
    /// There is something in the [`LockedInbox`](crate::inbox::LockedInbox).
    Bell,
}

impl<A: Actor> Item<A> {
    /// The message of an item that a sender made.
    pub(crate) fn into_msg(self) -> A::Msg {
        match self {
            Self::Msg(msg) => msg,
            Self::Signal(_) | Self::Due(_) | Self::Bell => unreachable!("senders queue messages"),
        }
    }
}

/// The part of the cell that is no queue. What the actor writes at each message comes last, away from
/// the queue's line that each sender reads.
#[repr(C)]
pub(crate) struct Header<A: Actor> {
    pub(crate) pid: Pid,
    pub(crate) system: ActorSystem,
    pub(crate) life: Life,
    pub(crate) keeper: Keeper<A>,
    pub(crate) turn: Turn,
    pub(crate) shutdown: ShutdownTime,
    /// How many samples of the watchdog met it at work.
    pub(crate) busy: AtomicU32,
    pub(crate) stats: Stats,
    pub(crate) actor: PhantomData<fn(A)>,
}

impl ArrivedBody<'_> {
    /// The message for an `A`; takes `caller` unless the arguments do not decode.
    pub(crate) fn decode<A: Actor>(
        self,
        method: usize,
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<A::Msg, ArrivalError> {
        let not_remote = || ArrivalError::NotRemote(std::any::type_name::<A>());
        let method = &A::WIRE.ok_or_else(not_remote)?.methods[method];
        match self {
            Self::Positional(body) => Ok(decode_scope::catch(|| (method.decode)(body, caller))?),
            Self::Named { body, theirs } => decode_named(method, body, theirs, caller),
        }
    }
}

/// What somebody waits for who sends to an actor of whatever type.
pub(crate) type Wait = Pin<Box<dyn Future<Output = ()> + Send>>;

/// An actor of whatever type, as routers of signals see it.
pub trait AnyCell: Send + Sync + 'static {
    /// The actor's pid.
    fn pid(&self) -> Pid;
    /// The stable name of its type, or the Rust name of a local one.
    fn type_name(&self) -> &'static str;
    /// Identifies the table that [`method`](Self::method) counts in.
    fn table_id(&self) -> usize;
    /// The reason it ends or ended with, once that is fixed.
    fn exit_reason(&self) -> Option<ExitReason>;
    /// An exit signal from `from`, or from outside of an actor: trapped, ignored (`Normal` from
    /// another), or fatal. The first reason wins.
    fn exit(&self, from: Option<Pid>, reason: ExitReason);
    /// Ends it with `reason`, trapping or not.
    fn halt(&self, reason: ExitReason);
    /// Ends it with `reason` when everything that is in its inbox now is handled.
    fn drain(&self, reason: ExitReason);
    /// Ends it at once, without `stopped`; seen by others as [`ExitReason::Killed`].
    fn kill(&self);
    /// One of its monitors fires: the actor gets the [`Down`], unless it gave the monitor up.
    fn down(&self, down: Down);
    /// Notes a monitor of its own. `false` if it has ended.
    fn add_monitor(&self, monitor: MonitorRef, target: Address) -> bool;
    /// Notes a link of its own, of which `peer` is to be told; `None` if it has ended or is linked.
    fn add_link(&self, peer: Pid, mint: LinkId) -> Option<LinkKey>;
    /// An actor that it supervises has started.
    fn child_started(&self, child: Pid);
    /// Whether it is a supervisor.
    fn is_supervisor(&self) -> bool;
    /// Another actor has linked to it. `false` if it has ended.
    fn link(&self, from: Pid, key: LinkKey) -> bool;
    /// Its link with `peer` went, or came, by this session. `false` if it is no longer live.
    fn stamp_link(&self, peer: Pid, key: LinkKey, session: Stamp) -> bool;
    /// Another actor has ended its link with it. The ids that are retired by it.
    fn unlink(&self, from: Pid, ids: &LinkIds) -> LinkIds;
    /// A linked actor has ended. The ids that the link had; none if it is not linked by these.
    fn link_exit(&self, from: Pid, ids: &LinkIds, reason: ExitReason) -> LinkIds;
    /// A session has ended: its links that went by it end with `Noconnection`.
    fn lose(&self, session: Stamp);
    /// Ends its own link with `peer`, who is to be told of the ids.
    fn drop_link(&self, peer: Pid) -> LinkIds;
    /// Ends a monitor of its own, a `Down` in its inbox included; whom to tell, if it had not fired.
    fn drop_monitor(&self, monitor: MonitorRef) -> Option<Address>;
    /// Adds a watcher, or hands it back if the actor has ended.
    ///
    /// # Errors
    /// The watcher, unfired.
    fn watch(&self, watcher: Watcher) -> Result<(), Watcher>;
    /// Removes a watcher that has not fired.
    fn unwatch(&self, monitor: MonitorRef);
    /// The position of a method in the actor's table, and what it says of it.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn method(&self, tag: &str) -> Result<(usize, &'static MethodInfo), ArrivalError>;
    /// Decodes a message and appends it, past the bound if need be; takes `caller` unless the
    /// arguments do not decode. `true` if the inbox
    /// is now over its bound, so that the sender should pause.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn arrive(
        &self,
        method: usize,
        body: ArrivedBody<'_>,
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError>;
    /// To append many at the cost of one, unless its policy looks at each.
    fn gather(self: Arc<Self>) -> Option<Box<dyn Gathering>>;
    /// As [`arrive`](Self::arrive), of a message that the actor decodes itself, if it can wait until
    /// then.
    ///
    /// # Errors
    /// [`ArrivalError`], other than of its body, to be told to a sender that waits for no answer.
    fn arrive_late(&self, message: LateMessage) -> Result<bool, ArrivalError>;
    /// As [`arrive`](Self::arrive) does, for a sender without types: of the method with this name.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn arrive_untyped(
        &self,
        method: &str,
        body: &[u8],
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError>;
    /// Makes a message of a method's name and its arguments, and appends it, as the policy of the
    /// inbox says; takes `caller` unless the arguments do not decode. What a call is to wait for
    /// before it has been sent, if anything.
    ///
    /// # Errors
    /// [`ArrivalError`], to be told to the sender.
    fn arrive_dyn(
        self: Arc<Self>,
        method: &str,
        args: Value,
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<Option<Wait>, ArrivalError>;
    /// Resolves when a sender that waits would be let go, or the actor has ended.
    fn room(self: Arc<Self>) -> Wait;
    /// For a typed reference.
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
    /// Notes a name to release at the end. `false` if the actor has ended.
    fn add_name(&self, name: Arc<str>) -> bool;
    /// Forgets a name.
    fn remove_name(&self, name: &str);
    /// Notes that it is in some group, to be left at the end. `false` if the actor has ended.
    fn note_group(&self) -> bool;
    /// Messages in its inbox.
    fn depth(&self) -> usize;
    /// Its state, as it can be seen from outside.
    fn info(&self) -> ActorInfo;
    /// Wakes its task, whatever it waits for.
    fn wake(&self);
    /// The watchdog met it at work: notes that, and says how far it has come. Two answers differ if
    /// there were two messages.
    fn sample(&self) -> (u64, u32);
    /// The serial of the actor whose reply it waits for, 0 for none, and how much it has handled.
    fn waits_for(&self) -> (u64, u64);
}

impl<A: Actor> AnyCell for ActorCell<A> {
    fn pid(&self) -> Pid {
        self.header().pid
    }

    fn type_name(&self) -> &'static str {
        A::WIRE.map_or_else(std::any::type_name::<A>, |table| table.type_name)
    }

    fn table_id(&self) -> usize {
        A::WIRE.map_or(0, |table| std::ptr::from_ref(table).addr())
    }

    fn exit_reason(&self) -> Option<ExitReason> {
        self.header().life.reason()
    }

    fn exit(&self, from: Option<Pid>, reason: ExitReason) {
        let effect = self.header().life.handle_exit(from, self.header().pid, reason);
        apply(self, effect);
    }

    fn halt(&self, reason: ExitReason) {
        if self.header().life.begin_exit(reason) {
            self.interrupt();
        }
    }

    fn drain(&self, reason: ExitReason) {
        apply(self, Effect::Queue(Queued::Stop(reason)));
    }

    fn kill(&self) {
        self.header().life.kill();
        self.interrupt();
    }

    fn down(&self, down: Down) {
        if self.header().life.fire(down.monitor) {
            apply(self, Effect::Queue(Queued::Down(down)));
        }
    }

    fn child_started(&self, child: Pid) {
        apply(self, Effect::Queue(Queued::Started(child)));
    }

    fn is_supervisor(&self) -> bool {
        TypeId::of::<A>() == TypeId::of::<Supervisor>()
    }

    fn add_monitor(&self, monitor: MonitorRef, target: Address) -> bool {
        self.header().life.monitor(monitor, target)
    }

    fn add_link(&self, peer: Pid, mint: LinkId) -> Option<LinkKey> {
        self.header().life.link(self.header().pid, peer, mint)
    }

    fn link(&self, from: Pid, key: LinkKey) -> bool {
        self.header().life.handle_link(from, key)
    }

    fn stamp_link(&self, peer: Pid, key: LinkKey, session: Stamp) -> bool {
        self.header().life.stamp_link(peer, key, session)
    }

    fn unlink(&self, from: Pid, ids: &LinkIds) -> LinkIds {
        self.header().life.handle_unlink(from, ids)
    }

    fn link_exit(&self, from: Pid, ids: &LinkIds, reason: ExitReason) -> LinkIds {
        let (effect, ended) = self.header().life.handle_link_exit(from, ids, reason);
        apply(self, effect);
        ended
    }

    fn lose(&self, session: Stamp) {
        for effect in self.header().life.lose(session) {
            apply(self, effect);
        }
    }

    fn drop_link(&self, peer: Pid) -> LinkIds {
        self.header().life.unlink(peer)
    }

    fn drop_monitor(&self, monitor: MonitorRef) -> Option<Address> {
        self.header().life.demonitor(monitor, true)
    }

    fn watch(&self, watcher: Watcher) -> Result<(), Watcher> {
        self.header().life.watch(watcher)
    }

    fn unwatch(&self, monitor: MonitorRef) {
        self.header().life.unwatch(monitor);
    }

    fn method(&self, tag: &str) -> Result<(usize, &'static MethodInfo), ArrivalError> {
        method::<A>(tag)
    }

    fn arrive(
        &self,
        method: usize,
        body: ArrivedBody<'_>,
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError> {
        let is_call = caller.is_some();
        let msg = body.decode::<A>(method, caller)?;
        admit(self, msg, is_call)
    }

    fn gather(self: Arc<Self>) -> Option<Box<dyn Gathering>> {
        match &self.header().keeper {
            Keeper::Block => Some(Box::new(Gathered::new(self))),
            Keeper::Other(_) => None,
        }
    }

    fn arrive_late(&self, message: LateMessage) -> Result<bool, ArrivalError> {
        match &self.header().keeper {
            Keeper::Block => {
                let late = Item::Due(Arc::new(Late::new(message)));
                self.push_unbounded(late).map_err(|_| ArrivalError::Noproc)?;
                Ok(is_over(self))
            }
            // These look at messages when they arrive.
            Keeper::Other(_) => {
                let is_call = message.caller.is_some();
                message.decode::<A>().map_or(Ok(false), |msg| admit(self, msg, is_call))
            }
        }
    }

    fn arrive_untyped(
        &self,
        method: &str,
        body: &[u8],
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<bool, ArrivalError> {
        if method == TYPE_OF {
            tell_type(self.type_name(), caller);
            return Ok(false);
        }
        let is_call = caller.is_some();
        let msg = decode_untyped::<A>(method, body, caller)?;
        admit(self, msg, is_call)
    }

    fn arrive_dyn(
        self: Arc<Self>,
        method: &str,
        args: Value,
        caller: &mut Option<Box<dyn ReturnPath>>,
    ) -> Result<Option<Wait>, ArrivalError> {
        if method == TYPE_OF {
            tell_type(self.type_name(), caller);
            return Ok(None);
        }
        let verb = if caller.is_some() { Verb::Call } else { Verb::Tell };
        if let Some(make) = A::ANY_METHOD {
            let msg = make(method, args, caller);
            return arrive_or_wait(self, msg, verb);
        }
        let (method, _) = self.method(method)?;
        let table = A::WIRE.expect("it has methods");
        let mut body = Vec::new();
        encode_value(&args, &mut body)?;
        let msg = decode_named(&table.methods[method], &body, None, caller)?;
        arrive_or_wait(self, msg, verb)
    }

    fn room(self: Arc<Self>) -> Wait {
        if self.header().keeper.locked().is_none() {
            return Box::pin(Self::room(self));
        }
        Box::pin(async move {
            if let Some(inbox) = self.header().keeper.locked() {
                inbox.wait_for_room().await;
            }
        })
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }

    fn add_name(&self, name: Arc<str>) -> bool {
        self.header().life.add_name(name)
    }

    fn remove_name(&self, name: &str) {
        self.header().life.remove_name(name);
    }

    fn note_group(&self) -> bool {
        self.header().life.note_group()
    }

    fn depth(&self) -> usize {
        self.header().keeper.locked().map_or_else(|| self.len(), LockedInbox::len)
    }

    fn info(&self) -> ActorInfo {
        ActorInfo::of(self)
    }

    fn wake(&self) {
        self.interrupt();
    }

    fn sample(&self) -> (u64, u32) {
        self.header().busy.fetch_add(1, Ordering::Relaxed);
        self.header().stats.progress()
    }

    fn waits_for(&self) -> (u64, u64) {
        self.header().stats.waits_for()
    }
}

/// The position of a method in the table of an `A`, and what it says of it.
fn method<A: Actor>(tag: &str) -> Result<(usize, &'static MethodInfo), ArrivalError> {
    let table = A::WIRE.ok_or_else(|| ArrivalError::NotRemote(std::any::type_name::<A>()))?;
    let mut methods = table.methods.iter().map(|method| &method.info).enumerate();
    methods.find(|(_, info)| info.tag == tag).ok_or_else(|| ArrivalError::UnknownMethod {
        actor_type: table.type_name,
        tag: tag.to_owned(),
    })
}

/// The message for an `A` from a sender without types; takes `caller` unless the arguments do not
/// decode.
pub(crate) fn decode_untyped<A: Actor>(
    tag: &str,
    body: &[u8],
    caller: &mut Option<Box<dyn ReturnPath>>,
) -> Result<A::Msg, ArrivalError> {
    if let Some(make) = A::ANY_METHOD {
        return Ok(make(tag, body::decode_named(body)?, caller));
    }
    let (method, _) = method::<A>(tag)?;
    ArrivedBody::Named { body, theirs: None }.decode::<A>(method, caller)
}

/// Decodes the body of a message by its names.
fn decode_named<A: Actor>(
    method: &WireMethod<A>,
    body: &[u8],
    theirs: Option<Fingerprint>,
    caller: &mut Option<Box<dyn ReturnPath>>,
) -> Result<A::Msg, ArrivalError> {
    let decoded = decode_scope::catch(|| Ok((method.decode_named)(body, caller)?));
    decoded.map_err(|error| match error {
        fault @ BodyError::Refused(_) => {
            let MethodInfo { actor_type, tag, fingerprint, agreement: _ } = method.info;
            ArrivalError::SchemaMismatch {
                actor_type,
                tag: tag.to_owned(),
                theirs,
                ours: fingerprint(),
                fault: Some(fault),
            }
        }
        error => error.into(),
    })
}

/// What an exit signal does to an actor.
fn apply<A: Actor>(cell: &ActorCell<A>, effect: Effect) {
    match effect {
        Effect::Nothing => {}
        Effect::Ends => cell.interrupt(),
        Effect::Queue(queued) => append(cell, Item::Signal(Box::new(queued))),
    }
}

/// Appends what is not a message, past the bound. One to an actor that has ended is dropped.
pub(crate) fn append<A: Actor>(cell: &ActorCell<A>, item: Item<A>) {
    match cell.header().keeper.locked() {
        Some(inbox) => drop(inbox.append(cell, item)),
        None => drop(cell.push_unbounded(item)),
    }
}

/// Whether an inbox holds more than its bound.
pub(crate) fn is_over<A: Actor>(cell: &ActorCell<A>) -> bool {
    cell.len() > cell.capacity().messages() as usize
}

/// Appends a message whose sender does not wait for room; `true` if it is to pause.
fn admit<A: Actor>(cell: &ActorCell<A>, msg: A::Msg, is_call: bool) -> Result<bool, ArrivalError> {
    match &cell.header().keeper {
        Keeper::Block => {
            cell.push_unbounded(Item::Msg(msg)).map_err(|_| ArrivalError::Noproc)?;
            Ok(is_over(cell))
        }
        Keeper::Other(_) => {
            arrive_kept(cell, msg, if is_call { Verb::Call } else { Verb::Tell }).map(|()| false)
        }
    }
}

/// A message whose sender waits for room if it is a call; for what, if it is to wait.
fn arrive_or_wait<A: Actor>(
    cell: Arc<ActorCell<A>>,
    msg: A::Msg,
    verb: Verb,
) -> Result<Option<Wait>, ArrivalError> {
    match (offer(&cell, msg, verb), verb) {
        (Offer::Wait(msg), Verb::Call) => Ok(Some(Box::pin(async move {
            if let Err(msg) = wait_for_room(cell, msg, verb).await {
                reply::drop_as(Unhandled::Noproc, || drop(msg));
            }
        }))),
        (offered, _) => arrived(offered).map(|()| None),
    }
}

/// A message whose sender does not wait, under a policy that acts at arrival.
fn arrive_kept<A: Actor>(cell: &ActorCell<A>, msg: A::Msg, verb: Verb) -> Result<(), ArrivalError> {
    arrived(offer(cell, msg, verb))
}

/// What an inbox said, to a sender that does not wait.
fn arrived<M>(offered: Offer<M>) -> Result<(), ArrivalError> {
    let (msg, error) = match offered {
        Offer::Taken => return Ok(()),
        Offer::Closed(_) | Offer::Restarting(_) => return Err(ArrivalError::Noproc),
        Offer::Dropped(msg) => (msg, Unhandled::Dropped),
        Offer::Wait(msg) | Offer::Full(msg) => (msg, Unhandled::Full),
    };
    reply::drop_as(error, || drop(msg));
    Err(error.into())
}

impl<A: Actor> Header<A> {
    /// Closes the life, releases names, groups and timers, tells links and watchers: in that
    /// order, so that a look-up in a handler of the [`Down`](crate::Down) finds nothing.
    pub(crate) fn bury(&self, reason: &ExitReason) {
        let Estate { names, grouped, timed, links, watchers, monitors } =
            self.life.end(reason.clone());
        self.system.forget(self.pid, &names);
        if grouped {
            self.system.extras().groups.release(self.pid);
        }
        if timed {
            self.system.extras().timers.release(self.pid);
        }
        for (peer, ids) in links {
            self.system.route_link_exit(peer, self.pid, &ids, reason.clone());
        }
        for watcher in watchers {
            watcher.fire(reason.clone());
        }
        for (monitor, target) in monitors {
            self.system.unwatch(&target, monitor);
        }
    }
}

impl fmt::Debug for dyn AnyCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.type_name(), self.pid())
    }
}
