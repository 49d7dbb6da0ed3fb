//! The way out of the node, as a trait: this crate knows no network.

use std::pin::Pin;
use std::time::Duration;

use holm_proto::ledger::{LinkIds, LinkKey};
use holm_wire::body::BodyError;
use holm_wire::session::TooLarge;
use holm_wire::{ExitReason, NodeName, Pid, RequestId};

use crate::{
    Address, AnyCell, MethodInfo, MonitorRef, RemoteSpawnError, ReplySink, SpawnRequest, SpawnSink,
    Watcher,
};

/// What becomes of a message to a node that there is no session with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// It waits while the node is dialled, and fails if that does.
    #[default]
    Dial,
    /// It is refused, and nobody dials for it.
    FailFast,
    /// It waits for so long at most, whatever becomes of single dials.
    Within(Duration),
}

/// A message on its way out, not yet encoded.
pub trait Outgoing {
    /// Which method of which actor type.
    fn method(&self) -> &'static MethodInfo;
    /// What becomes of it if there is no session.
    fn reach(&self) -> Reach;
    /// Appends the encoded arguments, by position. Not asked of a method whose sender has no types.
    ///
    /// # Errors
    /// What the message holds cannot be encoded.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), BodyError>;
    /// Appends the arguments with their names.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_named(&self, out: &mut Vec<u8>) -> Result<(), BodyError>;
    /// Takes out what will take the reply to the accepted message; `None` for a message that
    /// wants none.
    fn take_sink(&mut self) -> Option<Box<dyn ReplySink>>;
}

/// Why an outlet did not accept a signal. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The receiver or the way to it has no room; [`Outlet::room`] waits for it.
    #[error("the receiver or the connection to its node has no room")]
    Busy,
    /// There is no session with the receiver's node, and none is to be had.
    #[error("no connection to the receiver's node")]
    Disconnected,
    /// Nobody knows of such a node, or only of a later life of it.
    #[error("no such process")]
    Noproc,
    /// The message could not be encoded.
    #[error("the message cannot be sent: {0}")]
    Unsendable(#[from] BodyError),
    /// The message is larger than the peer takes.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
}

/// A call under way on another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallTicket {
    /// The session it went out on.
    pub session: u64,
    /// Its id there.
    pub request: RequestId,
}

/// Carries signals to other nodes.
///
/// A signal is accepted once the method returned `Ok`: it will arrive in the order accepted,
/// or the session is lost and whoever waits is told.
pub trait Outlet: Send + Sync + 'static {
    /// Sends a message without a reply.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was sent.
    fn cast(&self, to: &Address, message: &mut dyn Outgoing) -> Result<(), Refusal>;

    /// Sends a message and keeps the sink for its reply, which is taken only when the
    /// message is accepted.
    ///
    /// # Errors
    /// [`Refusal`]; nothing was sent.
    fn call(&self, to: &Address, message: &mut dyn Outgoing) -> Result<CallTicket, Refusal>;

    /// Tells the callee that nobody waits any more.
    fn cancel(&self, to: &Address, ticket: CallTicket);

    /// Resolves when a refused `Busy` is worth another try.
    fn room(&self, to: &Address) -> Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Watches an actor on another node; `watcher` is fired exactly once,
    /// unless [`demonitor`](Self::demonitor) comes first.
    fn monitor(&self, to: &Address, watcher: Watcher);

    /// Ends a watch.
    fn demonitor(&self, to: &Address, monitor: MonitorRef);

    /// Tells `peer`, on another node, that the actor `mine` has linked to it by `key`, which is in
    /// its ledger. `false` if the node cannot be reached; else `mine` hears of the end of `peer` or
    /// of the connection, unless it ends the link before.
    fn link(&self, mine: &dyn AnyCell, peer: Pid, key: LinkKey) -> bool;

    /// Tells `peer` that the actor `mine` has ended their link.
    fn unlink(&self, mine: Pid, peer: Pid, ids: &LinkIds);

    /// Tells `peer` that the actor `mine`, linked with it by these ids, has ended.
    fn link_exit(&self, mine: Pid, peer: Pid, ids: &LinkIds, reason: ExitReason);

    /// Asks the node `on`, which may be this one, to spawn an actor. The sink is told of the
    /// answer, or that the connection was lost before.
    ///
    /// # Errors
    /// [`RemoteSpawnError`]; nothing was sent, and nothing spawned.
    fn spawn(
        &self,
        on: &NodeName,
        request: &SpawnRequest<'_>,
        sink: SpawnSink,
    ) -> Result<(), RemoteSpawnError>;

    /// Sends an actor on another node an exit signal, of the actor `from` if it is one's.
    fn exit(&self, from: Option<Pid>, to: Pid, reason: ExitReason);

    /// Ends an actor on another node at once.
    fn kill(&self, to: Pid);
}

/// The outlet of a system that is alone: every other node is unreachable.
#[derive(Debug, Default)]
pub struct NullOutlet;

impl Outlet for NullOutlet {
    fn cast(&self, _: &Address, _: &mut dyn Outgoing) -> Result<(), Refusal> {
        Err(Refusal::Disconnected)
    }

    fn call(&self, _: &Address, _: &mut dyn Outgoing) -> Result<CallTicket, Refusal> {
        Err(Refusal::Disconnected)
    }

    fn cancel(&self, _: &Address, _: CallTicket) {}

    fn room(&self, _: &Address) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(std::future::ready(()))
    }

    fn monitor(&self, _: &Address, watcher: Watcher) {
        watcher.fire(ExitReason::Noconnection);
    }

    fn demonitor(&self, _: &Address, _: MonitorRef) {}

    fn link(&self, _: &dyn AnyCell, _: Pid, _: LinkKey) -> bool {
        false
    }

    fn unlink(&self, _: Pid, _: Pid, _: &LinkIds) {}

    fn link_exit(&self, _: Pid, _: Pid, _: &LinkIds, _: ExitReason) {}

    fn spawn(
        &self,
        on: &NodeName,
        _: &SpawnRequest<'_>,
        _: SpawnSink,
    ) -> Result<(), RemoteSpawnError> {
        Err(RemoteSpawnError::Disconnected(on.clone()))
    }

    fn exit(&self, _: Option<Pid>, _: Pid, _: ExitReason) {}

    fn kill(&self, _: Pid) {}
}
