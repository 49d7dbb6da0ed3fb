//! One peer, while there is a session with it.

use std::fmt;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use holm_actor::{ActorSystem, Address, AnyCell, Flush, Watcher, flush_later};
use holm_net::{Appender, Session, Standing};
use holm_proto::access::{Capabilities, Identity};
use holm_proto::ledger::{LinkIds, LinkKey, Stamp};
use holm_proto::supervision::Moment;
use holm_wire::control::Control;
use holm_wire::handshake::{Introduction, Role};
use holm_wire::session::{Order, ReceiverKey};
use holm_wire::signal::{LinkedBy, Signal, Target, Watch};
use holm_wire::{
    Admission, AttemptNo, Code, ExitReason, Fingerprint, Incarnation, Kind, LinkId, MethodId,
    NodeId, NodeName, Pid, RequestId, Serial, Side, Violation, WireError,
};
use tokio::sync::{Notify, watch};

use crate::inner::Inner;
use crate::overshoot::{Ask, Overshoot};
use crate::router::Router;
use crate::tables::{Tables, WATCHED_MAX, Watched};

/// A session and whom it leads to.
pub(crate) struct Link {
    pub(crate) session: Arc<Session<Tables>>,
    /// The node's way to others, for what is told of them.
    pub(crate) router: Arc<Router>,
    /// Tells this session from earlier ones with the same peer.
    pub(crate) stamp: Stamp,
    pub(crate) peer: NodeName,
    pub(crate) peer_id: NodeId,
    pub(crate) incarnation: Incarnation,
    /// Who the peer has proven to be.
    pub(crate) identity: Identity,
    /// What the peer was let in by.
    pub(crate) standing: Standing,
    /// What it said of itself.
    pub(crate) introduction: Introduction,
    /// The scheme of the endpoint that was dialled.
    pub(crate) scheme: &'static str,
    /// Since when it lives.
    pub(crate) began: Moment,
    /// What it may do now.
    pub(crate) capabilities: Arc<ArcSwap<Capabilities>>,
    /// Why the peer is no longer let in, if it is not.
    pub(crate) revoked: OnceLock<String>,
    /// Whether this node dialled.
    pub(crate) side: Side,
    /// The number of the dial.
    pub(crate) attempt: AttemptNo,
    /// An actor of the peer takes messages again.
    pub(crate) resumed: Notify,
    /// Becomes true when the session was torn down.
    pub(crate) ended: watch::Sender<bool>,
}

impl Link {
    /// Whether signals can be sent: the session has not begun to end.
    pub(crate) fn is_live(&self) -> bool {
        self.session.append(|_| ()).is_some()
    }

    /// Whether the peer counts as one of the nodes that are here; an observer does not.
    pub(crate) fn is_visible(&self) -> bool {
        self.introduction.role != Role::Observer
    }

    /// Appends one signal in order with the others to `to`. `false` if the session has ended,
    /// or the signal is larger than the peer takes.
    pub(crate) fn send(self: &Arc<Self>, order: Order, signal: &Signal<'_>) -> bool {
        let sent = self
            .session
            .append(|out| out.push(signal.head(), order, |bytes| signal.encode(bytes)).is_ok())
            .unwrap_or(false);
        flush_later(self);
        sent
    }

    /// Appends a signal to `to` that ends a link, whose ids are in no ledger of this node, `us`,
    /// any more.
    pub(crate) fn end_link(
        self: &Arc<Self>,
        us: NodeId,
        ids: &LinkIds,
        to: Serial,
        signal: &Signal<'_>,
    ) {
        let order = order_of(Target::Serial(to));
        self.session.append(|out| {
            out.state.actor_links.remove(us, ids);
            // It is small: it is never refused.
            let _ = out.push(signal.head(), order, |bytes| signal.encode(bytes));
        });
        flush_later(self);
    }

    /// Answers a Link of the peer that made no link.
    pub(crate) fn refuse_link(self: &Arc<Self>, link: LinkId, refused: Pair, reason: ExitReason) {
        let Pair { from, to } = refused;
        let links = LinkedBy::Receiver(link);
        let signal = Signal::LinkExit { links, from: to, to: from, reason };
        self.send(order_of(Target::Serial(from)), &signal);
    }

    /// Tells the peer which fingerprint this node holds of one of its methods.
    pub(crate) fn tell_known(self: &Arc<Self>, method: MethodId, fingerprint: Fingerprint) {
        let signal = Signal::Known { method, fingerprint };
        self.session.append(|out| {
            if out.state.takes_names() {
                // It is small: it is never refused.
                let _ = out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes));
            }
        });
        flush_later(self);
    }

    /// Tells a watcher of the peer of an end, behind whatever was sent to it before.
    pub(crate) fn send_down(self: &Arc<Self>, watch: Watch, reason: ExitReason) {
        let order = watch.watcher.map_or(Order::Free, |serial| order_of(Target::Serial(serial)));
        self.send(order, &Signal::Down { watch, reason });
    }

    /// Takes a request of the peer in. `false` if it was refused for want of room.
    pub(crate) fn admit(self: &Arc<Self>, id: RequestId) -> Result<bool, Violation> {
        match self.session.append(|out| out.state.open.open(id)) {
            Some(Ok(Admission::Admitted)) => Ok(true),
            Some(Ok(Admission::Overloaded)) => {
                let error = WireError::new(Code::Overloaded, "too many requests under way");
                self.send(Order::Free, &Signal::ReplyError { id, error, reason: None });
                Ok(false)
            }
            Some(Err(violation)) => Err(violation),
            None => Ok(false),
        }
    }

    /// Has the peer hear of the end of one of our actors. `false` if it watches too many already:
    /// it is told that the connection to this one is lost, for it will not hear of its end.
    ///
    /// # Errors
    /// It has a monitor of this number.
    pub(crate) fn watch(
        self: &Arc<Self>,
        system: &ActorSystem,
        watch: Watch,
        cell: Arc<dyn AnyCell>,
    ) -> Result<bool, Violation> {
        let monitor = system.next_monitor();
        let watched = Watched { cell: Arc::clone(&cell), monitor };
        let added = self.session.append(|out| {
            let table = &mut out.state.watched;
            if table.contains_key(&watch.monitor) {
                return Err(Violation::Unexpected(Kind::Monitor));
            }
            let is_room = table.len() < WATCHED_MAX;
            if is_room {
                table.insert(watch.monitor, watched);
            }
            Ok(is_room)
        });
        match added {
            Some(Ok(true)) => {}
            Some(Ok(false)) => {
                self.send_down(watch, ExitReason::Noconnection);
                return Ok(false);
            }
            Some(Err(violation)) => return Err(violation),
            None => return Ok(true),
        }
        let link = Arc::clone(self);
        let watcher = Watcher::remote(monitor, Address::Pid(cell.pid()), move |reason| {
            link.session.append(|out| out.state.watched.remove(&watch.monitor));
            link.send_down(watch, reason);
        });
        if let Err(watcher) = cell.watch(watcher) {
            // It has ended meanwhile.
            watcher.fire(cell.exit_reason().unwrap_or(ExitReason::Noproc));
        }
        Ok(true)
    }

    /// An actor of the peer has linked to one of ours. Why not, if it could not.
    ///
    /// # Errors
    /// It has a link of this id.
    pub(crate) fn add_link(
        &self,
        from: Pid,
        key: LinkKey,
        cell: &dyn AnyCell,
    ) -> Result<Option<LinkRefusal>, Violation> {
        let added = self.session.append(|out| {
            let links = &mut out.state.actor_links;
            if links.has_theirs(key.id) {
                return Err(Violation::Unexpected(Kind::Link));
            }
            if !links.is_room() {
                return Ok(Some(LinkRefusal::Full));
            }
            if !cell.link(from, key) {
                return Ok(Some(LinkRefusal::Noproc));
            }
            if cell.stamp_link(from, key, self.stamp) {
                links.add_theirs(key.id, cell.pid().serial);
            }
            Ok(None)
        });
        // A session that has ended is all that there is to tell.
        added.unwrap_or(Ok(None))
    }

    /// Answers a spawn with the new actor, and links it as was asked for, before it runs.
    pub(crate) fn announce(
        self: &Arc<Self>,
        id: RequestId,
        child: &dyn AnyCell,
        parent: Option<(Pid, LinkKey)>,
    ) {
        let serial = child.pid().serial;
        if let Some((from, key)) = parent {
            child.link(from, key);
        }
        let answered = self.session.append(|out| {
            if let Some((from, key)) = parent
                && child.stamp_link(from, key, self.stamp)
            {
                out.state.actor_links.add_theirs(key.id, serial);
            }
            if out.state.open.close(id) {
                let signal = Signal::SpawnReply { id, serial };
                // It is small: it is never refused.
                let _ = out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes));
                out.hurry();
            }
        });
        if answered.is_none()
            && let Some((from, key)) = parent
        {
            child.link_exit(from, &key.into(), ExitReason::Noconnection);
        }
        flush_later(self);
    }

    /// A message of this weight came to an actor whose inbox was full: asks the peer to accept no more
    /// for it until half of it is free, and none for any actor while much has come so.
    pub(crate) fn pause(self: &Arc<Self>, node: &Inner, cell: &Arc<dyn AnyCell>, weight: usize) {
        let serial = cell.pid().serial;
        if !self.go_beyond(node, serial, |overshoot| overshoot.add(serial, weight)) {
            return;
        }
        flush_later(self);
        let (link, cell) = (Arc::clone(self), Arc::clone(cell));
        drop(node.env.spawn(async move {
            // With the session the pause ends too.
            let mut ended = link.ended.subscribe();
            tokio::select! {
                biased;
                () = cell.room() => {}
                _ = ended.wait_for(|ended| *ended) => return,
            }
            link.session.append(|out| {
                let Ask { all, .. } = out.state.overshoot.remove(serial);
                push_control(out, &Control::Resume(Some(serial)));
                if all && out.state.takes_pause_all {
                    push_control(out, &Control::Resume(None));
                }
            });
            flush_later(&link);
        }));
    }

    /// More came to this actor, for which the peer was asked to send nothing, if that still holds.
    pub(crate) fn note_beyond(&self, node: &Inner, serial: Serial, weight: usize) {
        self.go_beyond(node, serial, |overshoot| overshoot.add_more(serial, weight));
    }

    /// Counts what came to the full inbox of an actor. Whether the peer is now asked to send it nothing.
    fn go_beyond(
        &self,
        node: &Inner,
        serial: Serial,
        count: impl FnOnce(&mut Overshoot) -> Ask,
    ) -> bool {
        let asked = self.session.append(|out| {
            let Ask { one, all } = count(&mut out.state.overshoot);
            if one {
                push_control(out, &Control::Pause(Some(serial)));
            }
            if all && out.state.takes_pause_all {
                push_control(out, &Control::Pause(None));
            }
            (one, out.state.overshoot.is_flood(self.introduction.limits.message_max))
        });
        let Some((asked, is_flood)) = asked else { return false };
        if is_flood {
            node.gate.count(|counters| counters.floods += 1);
            self.session.close(Code::Overloaded, "messages for full inboxes, though paused");
        }
        asked
    }

    /// Resolves when an actor of the peer takes messages again, or the session has ended.
    pub(crate) async fn unpaused(&self, to: &Address) {
        loop {
            let resumed = self.resumed.notified();
            match self.session.append(|out| out.state.is_paused(to)) {
                Some(true) => resumed.await,
                Some(false) | None => return,
            }
        }
    }
}

/// An actor of the peer and one of ours, which it names in a signal.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) from: Serial,
    pub(crate) to: Serial,
}

/// Why an actor of the peer was not linked with one of ours.
#[derive(Clone, Copy)]
pub(crate) enum LinkRefusal {
    /// Ours has ended.
    Noproc,
    /// The peer has too many links.
    Full,
}

/// A control frame is small: it is never refused.
fn push_control(out: &mut Appender<'_, Tables>, control: &Control<'_>) {
    let _ = out.push(control.head(), Order::Free, |bytes| control.encode(bytes));
}

/// What a signal to `target` must stay in order with.
pub(crate) fn order_of(target: Target<'_>) -> Order {
    match target {
        Target::Serial(serial) => Order::To(ReceiverKey(serial.as_u64())),
        Target::Name(_) => Order::Every,
    }
}

impl Flush for Link {
    fn flush(&self) {
        self.session.flush();
    }

    fn wake_writer(&self) {
        self.session.wake_writer();
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("peer", &self.peer)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}
