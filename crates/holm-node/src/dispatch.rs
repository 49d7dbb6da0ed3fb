//! Delivers what one peer sends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use holm_actor::{
    AnyCell, ArrivalError, ArrivedBody, CallError, DecodeScope, LateKind, LateMessage, MonitorRef,
    ReturnPath,
};
use holm_net::{End, Handler};
use holm_proto::ledger::{LinkId, LinkIds, LinkKey};
use holm_wire::body::decode_keeping;
use holm_wire::control::Control;
use holm_wire::session::Payload;
use holm_wire::session::streams::Open;
use holm_wire::signal::{LinkedBy, Parent, PlainSend, Signal, Target, Watch};
use holm_wire::{
    BodyCodec, Code, ExitReason, Fingerprint, FrameHead, Kind, MethodId, Pid, RequestId, Serial,
    Shown, Violation, WireError,
};

use crate::cancels::Cancels;
use crate::defined::{Arriving, Defined};
use crate::inner::{Admitted, Inner};
use crate::link::{Link, LinkRefusal, Pair};
use crate::overshoot::weight_of;
use crate::permits::Permits;
use crate::return_path::{CallPath, fail};
use crate::run::Run;
use crate::sending::{Asked, Out};
use crate::tables::{PAUSED_MAX, Pending, Watched};

/// Methods that a peer may define in one session: more than any program has, and 1.5 MB. One more
/// is a violation.
const METHODS_MAX: usize = 16_384;

/// Bytes in the names of those: 128 for each. More is a violation.
const METHOD_BYTES_MAX: usize = METHODS_MAX * 128;

/// Messages larger than this are decoded by their receivers: a chunk, which takes some 10 us.
const DECODED_MAX: usize = 65 * 1024;

/// The receiving side of one session.
pub(crate) struct Dispatch {
    node: Arc<Inner>,
    link: Arc<Link>,
    /// What the peer calls its methods, by its short ids.
    methods: Vec<Defined>,
    /// Bytes in their names.
    method_bytes: usize,
    permits: Permits,
    run: Run,
    /// While what a read brought is delivered.
    scope: Option<DecodeScope>,
    /// Who waits for the peer to cancel.
    cancels: Arc<Cancels>,
    /// The peer's seat and place, held until the session is torn down.
    admitted: Admitted,
}

/// The body of a message, as it came.
#[derive(Clone, Copy)]
struct Body<'a> {
    codec: BodyCodec,
    bytes: &'a [u8],
    /// The whole message, if it is large.
    whole: Option<&'a Bytes>,
}

impl Dispatch {
    pub(crate) fn new(
        node: Arc<Inner>,
        link: Arc<Link>,
        permits: Permits,
        admitted: Admitted,
    ) -> Self {
        Self {
            node,
            link,
            methods: Vec::new(),
            method_bytes: 0,
            permits,
            run: Run::default(),
            scope: None,
            cancels: Arc::default(),
            admitted,
        }
    }

    /// A message of the most frequent sort. `false` if it is to be handled as any other.
    fn handle_plain(&mut self, PlainSend { to, method, body }: PlainSend<'_>) -> bool {
        let Some(defined) = self.methods.get(method.0 as usize) else { return false };
        let Some(table) = self.run.turn_to(to, &self.node, &self.link) else { return false };
        let Some(position) = defined.position_in(table) else { return false };
        if self.permits.send()
            && let Err(error) = self.run.take(position, body, &self.node, &self.link)
        {
            self.node.count_refused(&self.link, &error);
        }
        true
    }

    /// Handles a signal; if it is large, `whole` is its payload.
    fn handle_signal(
        &mut self,
        signal: Signal<'_>,
        whole: Option<&Bytes>,
    ) -> Result<(), Violation> {
        match signal {
            Signal::Define { method, actor_type, tag, fingerprint } => {
                self.permits.signal();
                return self.handle_define(method, actor_type, tag, fingerprint);
            }
            Signal::Known { method, fingerprint } => self.handle_known(method, fingerprint)?,
            Signal::Send { to, method, codec, body } => {
                if self.permits.send() {
                    self.handle_message(to, method, Body { codec, bytes: body, whole }, None)?;
                }
            }
            Signal::Call { id, to, method, codec, deadline_ms: _, body } => {
                match self.permits.call() {
                    Ok(()) => {
                        let body = Body { codec, bytes: body, whole };
                        self.handle_message(to, method, body, Some(id))?;
                    }
                    Err(error) => self.refuse(id, error)?,
                }
            }
            Signal::Reply { id, codec, body } => self.handle_reply(id, Ok((codec, body))),
            Signal::ReplyError { id, error, reason } => {
                self.handle_reply(id, Err((error, reason)));
            }
            Signal::Cancel { id } => {
                if self.permits.cancel() {
                    self.link.session.append(|out| out.state.open.close(id));
                    self.cancels.wake(id);
                } else {
                    self.flood("too many cancels");
                }
            }
            Signal::Monitor { watch, to } => self.handle_monitor(watch, to)?,
            Signal::Demonitor { watch, to: _ } => self.handle_demonitor(watch),
            Signal::Down { watch, reason } => self.handle_down(watch, reason),
            Signal::Exit { from, to, reason } => {
                if let Some(cell) = self.may_end(to) {
                    cell.exit(from.map(|serial| self.theirs(serial)), reason);
                }
            }
            Signal::Kill { from: _, to } => {
                if let Some(cell) = self.may_end(to) {
                    cell.kill();
                }
            }
            Signal::Spawn { id, actor_type, fingerprint, codec, monitored, linked, args } => {
                let asked = Asked { name: actor_type, fingerprint, codec, args };
                self.handle_spawn(id, asked, monitored, linked)?;
            }
            Signal::SpawnReply { id, serial } => self.handle_spawn_reply(id, serial),
            Signal::Node { name, incarnation, endpoints } => {
                self.permits.signal();
                let router = &self.node.router;
                // Who is here speaks for himself.
                if name != *self.node.name() && !router.is_live(&name) {
                    router.peers.hear(&name, incarnation, &endpoints);
                }
            }
            Signal::Link { link, from, to } => self.handle_link(link, Pair { from, to })?,
            Signal::Unlink { links, from, to } => {
                self.end_link(links, Pair { from, to }, |cell, from, ids| cell.unlink(from, ids));
            }
            Signal::LinkExit { links, from, to, reason } => {
                let pair = Pair { from, to };
                self.end_link(links, pair, |cell, from, ids| cell.link_exit(from, ids, reason));
            }
        }
        Ok(())
    }

    fn handle_define(
        &mut self,
        method: MethodId,
        actor_type: &str,
        tag: &str,
        fingerprint: Fingerprint,
    ) -> Result<(), Violation> {
        self.method_bytes += actor_type.len() + tag.len();
        if method.0 as usize != self.methods.len()
            || self.methods.len() == METHODS_MAX
            || self.method_bytes > METHOD_BYTES_MAX
        {
            return Err(Violation::Method(method));
        }
        self.methods.push(Defined::new(actor_type, tag, fingerprint));
        Ok(())
    }

    /// The peer says which fingerprint it holds of one of our methods.
    fn handle_known(&mut self, method: MethodId, theirs: Fingerprint) -> Result<(), Violation> {
        self.permits.signal();
        let known = |out: &mut Out<'_>| out.state.handle_known(method, theirs);
        self.link.session.append(known).unwrap_or(Ok(()))
    }

    /// A message, or a call with this id.
    fn handle_message(
        &mut self,
        to: Target<'_>,
        method: MethodId,
        body: Body<'_>,
        call: Option<RequestId>,
    ) -> Result<(), Violation> {
        let defined = self.methods.get_mut(method.0 as usize).ok_or(Violation::Method(method))?;
        let cell = self.node.find(to);
        if let Some(id) = call
            && !self.link.admit(id)?
        {
            return Ok(());
        }
        let Some(cell) = cell else {
            match call {
                Some(id) => {
                    fail(&self.link, id, WireError::new(Code::Noproc, "no such process"), None);
                }
                None => self.node.dead_letters.noproc.add(),
            }
            return Ok(());
        };
        let arriving = defined.resolve(&*cell, body.codec, body.bytes);
        if let Some(fingerprint) = defined.take_answer() {
            self.link.tell_known(method, fingerprint);
        }
        let mut caller = call.map(|id| {
            let path = CallPath {
                link: Arc::clone(&self.link),
                id,
                cell: Arc::clone(&cell),
                answered: false,
                codec: arriving.as_ref().map_or(BodyCodec::Named, Arriving::codec),
                cancels: Arc::clone(&self.cancels),
                listens: false,
            };
            Box::new(path) as Box<dyn ReturnPath>
        });
        let arrived = arriving.and_then(|arriving| match (arriving, body.whole) {
            (arriving, Some(whole)) => cell.arrive_late(self.late(arriving, whole, caller.take())),
            (Arriving::Typed(position, body), None) => cell.arrive(position, body, &mut caller),
            (Arriving::Untyped { method, args }, None) => {
                cell.arrive_untyped(method, args, &mut caller)
            }
        });
        match arrived {
            Ok(false) => {}
            Ok(true) => self.link.pause(&self.node, &cell, weight_of(body.bytes.len())),
            Err(error) => match caller {
                Some(path) => path.refuse(&error),
                None if call.is_none() => self.node.count_refused(&self.link, &error),
                // It was dropped with the message, and has told the caller.
                None => {}
            },
        }
        Ok(())
    }

    /// A message that its receiver decodes.
    fn late(
        &self,
        arriving: Arriving<'_>,
        whole: &Bytes,
        caller: Option<Box<dyn ReturnPath>>,
    ) -> LateMessage {
        let (kind, body) = match arriving {
            Arriving::Typed(method, ArrivedBody::Positional(body)) => {
                (LateKind::Positional(method), body)
            }
            Arriving::Typed(method, ArrivedBody::Named { body, theirs }) => {
                (LateKind::Named(method, theirs), body)
            }
            Arriving::Untyped { method, args } => (LateKind::Untyped(method.to_owned()), args),
        };
        let (node, link) = (Arc::clone(&self.node), Arc::clone(&self.link));
        let refused = Box::new(move |error: &ArrivalError| node.count_refused(&link, error));
        LateMessage { kind, body: whole.slice_ref(body), caller, refused }
    }

    fn handle_reply(&self, id: RequestId, outcome: Result<(BodyCodec, &[u8]), Refused>) {
        // Replies to cancelled calls come to nothing.
        let Some(Some(pending)) = self.link.session.append(|out| out.state.pending.remove(&id))
        else {
            return;
        };
        match (pending, outcome) {
            (Pending::Call(sink), outcome) => sink.complete(outcome.map_err(call_error)),
            (Pending::Spawn(sink), Err((error, _))) => sink.refused(error),
            (Pending::Spawn(sink), Ok(_)) => sink.refused(WireError::new(
                Code::InvalidRequest,
                "the node answered a spawn as if it were a call",
            )),
        }
    }

    fn handle_monitor(&mut self, watch: Watch, to: Target<'_>) -> Result<(), Violation> {
        if !self.permits.monitor() {
            self.link.send_down(watch, ExitReason::Noconnection);
            return Ok(());
        }
        match self.node.find(to) {
            Some(cell) => self.watch(watch, cell),
            None => {
                self.link.send_down(watch, ExitReason::Noproc);
                Ok(())
            }
        }
    }

    fn watch(&self, watch: Watch, cell: Arc<dyn AnyCell>) -> Result<(), Violation> {
        if !self.link.watch(&self.node.system, watch, cell)? {
            self.node.gate.count(|counters| counters.overloaded += 1);
        }
        Ok(())
    }

    fn handle_demonitor(&mut self, watch: Watch) {
        self.permits.signal();
        let watched =
            self.link.session.append(|out| out.state.watched.remove(&watch.monitor)).flatten();
        if let Some(Watched { cell, monitor }) = watched {
            cell.unwatch(monitor);
        }
    }

    fn handle_down(&self, watch: Watch, reason: ExitReason) {
        let monitor = MonitorRef::from_u64(watch.monitor.0);
        let watcher = self.link.session.append(|out| out.state.monitors.remove(&monitor));
        if let Some(watcher) = watcher.flatten() {
            watcher.fire(reason);
        }
    }

    fn handle_spawn(
        &mut self,
        id: RequestId,
        asked: Asked<'_>,
        monitored: Option<Watch>,
        linked: Option<Parent>,
    ) -> Result<(), Violation> {
        if let Err(error) = self.permits.spawn(asked.name) {
            return self.refuse(id, error);
        }
        if !self.link.admit(id)? {
            return Ok(());
        }
        let parent = linked.map(|Parent { link, serial }| (self.theirs(serial), self.key(link)));
        if let Some((_, key)) = parent
            && !self.is_room_for(key)?
        {
            let error = WireError::new(Code::Overloaded, "the peer has too many links");
            fail(&self.link, id, error, None);
            return Ok(());
        }
        let link = Arc::clone(&self.link);
        let announce = Box::new(move |child: &dyn AnyCell| link.announce(id, child, parent));
        let system = &self.node.system;
        match self.node.spawnables.spawn(system, asked, announce) {
            Ok(cell) => {
                // After the reply, so that it precedes any down.
                if let Some(watch) = monitored {
                    self.watch(watch, cell)?;
                }
            }
            Err(failure) => fail(&self.link, id, failure.to_wire(), None),
        }
        Ok(())
    }

    /// Whether the peer may make one more link.
    ///
    /// # Errors
    /// It has a link of this id.
    fn is_room_for(&self, key: LinkKey) -> Result<bool, Violation> {
        let is_room = self.link.session.append(|out| {
            let links = &out.state.actor_links;
            if links.has_theirs(key.id) {
                return Err(Violation::Unexpected(Kind::Spawn));
            }
            Ok(links.is_room())
        });
        let is_room = is_room.unwrap_or(Ok(true))?;
        if !is_room {
            self.node.gate.count(|counters| counters.overloaded += 1);
        }
        Ok(is_room)
    }

    fn handle_link(&mut self, link: LinkId, pair: Pair) -> Result<(), Violation> {
        let refused = if !self.permits.send() {
            Some(ExitReason::Noconnection)
        } else if let Some(cell) = self.node.find(Target::Serial(pair.to)) {
            match self.link.add_link(self.theirs(pair.from), self.key(link), &*cell)? {
                None => None,
                Some(LinkRefusal::Noproc) => Some(ExitReason::Noproc),
                Some(LinkRefusal::Full) => {
                    self.node.gate.count(|counters| counters.overloaded += 1);
                    Some(ExitReason::Noconnection)
                }
            }
        } else {
            Some(ExitReason::Noproc)
        };
        if let Some(reason) = refused {
            self.link.refuse_link(link, pair, reason);
        }
        Ok(())
    }

    /// A link ends on the peer's side; `end` ends it on ours, and gives the ids that are retired.
    /// It needs no capability: what is not linked is not touched.
    fn end_link(
        &mut self,
        links: LinkedBy,
        pair: Pair,
        end: impl FnOnce(&dyn AnyCell, Pid, &LinkIds) -> LinkIds,
    ) {
        self.permits.signal();
        let Some(cell) = self.node.find(Target::Serial(pair.to)) else { return };
        let us = self.node.system.node();
        let ours = |id| Some(LinkKey { node: us, id });
        let ids = match links {
            LinkedBy::Sender(id) => LinkIds::from(self.key(id)),
            LinkedBy::Receiver(id) => LinkIds::new(ours(id), None),
            LinkedBy::Both { sender, receiver } => {
                LinkIds::new(ours(receiver), Some(self.key(sender)))
            }
        };
        let retired = end(&*cell, self.theirs(pair.from), &ids);
        self.link.session.append(|out| out.state.actor_links.remove(us, &retired));
    }

    /// An actor that the peer wants to end.
    fn may_end(&mut self, serial: Serial) -> Option<Arc<dyn AnyCell>> {
        if self.permits.send() { self.node.find(Target::Serial(serial)) } else { None }
    }

    /// An actor of the peer: it speaks for no others.
    fn theirs(&self, serial: Serial) -> Pid {
        Pid { node: self.link.peer_id, serial }
    }

    /// An id that the peer minted.
    fn key(&self, id: LinkId) -> LinkKey {
        LinkKey { node: self.link.peer_id, id }
    }

    /// Answers a request that was not looked at.
    fn refuse(&self, id: RequestId, error: WireError) -> Result<(), Violation> {
        if self.link.admit(id)? {
            fail(&self.link, id, error, None);
        }
        Ok(())
    }

    /// Ends the session of a peer that asks for too much of what has no answer.
    fn flood(&self, what: &str) {
        if self.link.is_live() {
            self.node.gate.count(|counters| counters.floods += 1);
            self.link.session.close(Code::Overloaded, what);
        }
    }

    fn handle_spawn_reply(&self, id: RequestId, serial: Serial) {
        let child = self.theirs(serial);
        let answered = self.link.session.append(|out| match out.state.pending.remove(&id)? {
            Pending::Spawn(sink) => {
                let mut adopted = sink.adopt(child, self.link.stamp);
                if let Some((link, parent)) = adopted.link {
                    out.state.actor_links.add_ours(link, parent);
                }
                if let Some(watcher) = adopted.watcher.take() {
                    out.state.monitors.insert(watcher.monitor(), watcher);
                }
                Some(Ok(adopted))
            }
            Pending::Call(sink) => Some(Err(sink)),
        });
        match answered.flatten() {
            Some(Ok(adopted)) => adopted.tell(),
            Some(Err(sink)) => {
                let error = "the node answered a call as if it were a spawn";
                let error = WireError::new(Code::InvalidRequest, error);
                sink.complete(Err(CallError::Refused(error)));
            }
            None => {}
        }
    }
}

/// An answer that is none, and the callee's exit reason if that is why.
type Refused = (WireError, Option<ExitReason>);

/// What a peer's answer means to the caller.
fn call_error((error, reason): Refused) -> CallError {
    match (error.code, reason) {
        (_, Some(reason)) => CallError::Exited(reason),
        (Code::Noproc, None) => CallError::Noproc,
        (Code::Unanswered, None) => CallError::Unanswered,
        (Code::Full, None) => CallError::Full,
        (Code::Dropped, None) => CallError::Dropped,
        (Code::WrongType, None) => CallError::WrongType(Shown(&error.message).to_string()),
        (_, None) => CallError::Refused(error),
    }
}

impl Handler for Dispatch {
    fn begin_read(&mut self) {
        self.scope = Some(DecodeScope::enter(&self.node.system));
    }

    fn end_read(&mut self) {
        self.scope = None;
        self.run.end(&self.node, &self.link);
    }

    fn handle_frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        if let Payload::Small(payload) = payload
            && let Some(send) = PlainSend::decode(head, payload)
            && self.handle_plain(send)
        {
            return Ok(());
        }
        self.run.release(&self.node, &self.link);
        let signal = Signal::decode(head, payload.as_slice())?;
        match &payload {
            Payload::Small(_) => self.handle_signal(signal, None),
            Payload::Large(whole) => {
                let late = (whole.len() > DECODED_MAX).then_some(whole);
                decode_keeping(whole, || self.handle_signal(signal, late))
            }
        }
    }

    fn handle_open(&mut self, _id: RequestId, _open: Open<'_>) -> Result<(), WireError> {
        self.permits.open()?;
        Err(WireError::new(Code::NotFound, "nothing here serves streams"))
    }

    fn handle_control(&mut self, control: Control<'_>) {
        match control {
            Control::Pause(None) => {
                self.link.session.append(|out| out.state.all_paused = true);
            }
            Control::Pause(Some(serial)) => {
                let is_room = self.link.session.append(|out| {
                    out.state.paused.insert(serial);
                    out.state.paused.len() <= PAUSED_MAX
                });
                if is_room == Some(false) {
                    self.flood("too many actors are paused");
                }
            }
            Control::Resume(serial) => {
                self.link.session.append(|out| match serial {
                    Some(serial) => {
                        out.state.paused.remove(&serial);
                    }
                    None => out.state.all_paused = false,
                });
                self.link.resumed.notify_waiters();
            }
            Control::Tick | Control::Close { .. } => {}
        }
    }

    fn handle_end(self, end: End) {
        let Self { node, link, cancels, admitted, .. } = self;
        match (link.revoked.get(), &end) {
            (Some(message), _) | (None, End::ClosedByPeer { code: Code::Forbidden, message }) => {
                node.publish_revoked(&link, message.clone());
            }
            (None, _) => {}
        }
        let ended = link.session.with_state(|tables| tables.take_ended());
        ended.tell(&node.system, link.stamp);
        link.resumed.notify_waiters();
        cancels.wake_all();
        // Before anybody hears of the end, so that who redials then is not a duplicate.
        drop(admitted);
        // Before the last word, after which a program may exit; a subscriber that panics cannot
        // prevent that word.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            tracing::info!(peer = %link.peer, ?end, "session ended");
        }));
        node.publish_down(&link);
    }
}
