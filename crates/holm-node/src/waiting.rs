//! What was accepted for a peer before there is a session with it.

use std::collections::VecDeque;
use std::sync::Arc;

use holm_actor::{
    Address, AnyCell, CallError, MethodInfo, MonitorRef, Reach, Refusal, RemoteSpawnError,
    ReplySink, SpawnSink, Watcher,
};
use holm_net::QUEUE_BYTES_MAX;
use holm_proto::ledger::{LinkIds, LinkKey};
use holm_wire::signal::Signal;
use holm_wire::{BodyCodec, ExitReason, Fingerprint, Pid, RequestId, Serial};

use crate::args::Args;
use crate::link::{Link, order_of};
use crate::peer::Introduced;
use crate::sending::{self, Asked, Encoded, Out, Unsent};

/// What a waiting signal is counted for, beside its arguments: about what it takes.
const OVERHEAD: usize = 128;

/// Bytes at which signals are dropped, too: as far as a session lets them exceed its queue.
const SIGNALS_BYTES_MAX: usize = 2 * QUEUE_BYTES_MAX;

/// One accepted signal.
pub(crate) enum Waiting {
    Cast {
        method: &'static MethodInfo,
        codec: BodyCodec,
        args: Args,
        mentioned: Vec<Introduced>,
    },
    Call {
        method: &'static MethodInfo,
        codec: BodyCodec,
        args: Args,
        mentioned: Vec<Introduced>,
        sink: Box<dyn ReplySink>,
    },
    Monitor(Watcher),
    /// Our actor has linked to one of the peer.
    Link {
        cell: Arc<dyn AnyCell>,
        peer: Pid,
        key: LinkKey,
    },
    Spawn {
        name: String,
        fingerprint: Fingerprint,
        codec: BodyCodec,
        args: Vec<u8>,
        mentioned: Vec<Introduced>,
        sink: SpawnSink,
    },
    Exit {
        from: Option<Serial>,
        reason: ExitReason,
    },
    Kill,
}

/// A signal that did not get out, and why.
pub(crate) struct Failed {
    pub(crate) waiting: Waiting,
    pub(crate) refusal: Refusal,
}

/// Accepted signals, in the order of their acceptance.
#[derive(Default)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
}

struct Entry {
    ticket: RequestId,
    to: Address,
    waiting: Waiting,
    reach: Reach,
}

impl Waiting {
    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Cast { args, .. } | Self::Call { args, .. } => args.len(),
                Self::Spawn { args, .. } => args.len(),
                Self::Monitor(_) | Self::Link { .. } | Self::Exit { .. } | Self::Kill => 0,
            }
    }

    fn is_message(&self) -> bool {
        matches!(self, Self::Cast { .. } | Self::Call { .. } | Self::Spawn { .. })
    }

    /// Appends it to a session. The id of a call.
    pub(crate) fn push(
        self,
        out: &mut Out<'_>,
        to: &Address,
        link: &Link,
    ) -> Result<Option<RequestId>, Box<Failed>> {
        let target = match sending::target(to) {
            Ok(target) => target,
            Err(refusal) => return Err(Failed::new(self, refusal)),
        };
        match self {
            Self::Cast { method, codec, mut args, mentioned } => {
                sending::announce(out, link.peer_id, &mentioned);
                let message = Encoded { method, codec, args: &mut args };
                sending::push_cast(out, to, message).map(|()| None).map_err(|unsent| {
                    let args = Args::default();
                    let waiting = Self::Cast { method, codec, args, mentioned };
                    Failed::new(waiting, refusal(unsent))
                })
            }
            Self::Call { method, codec, mut args, mentioned, sink } => {
                sending::announce(out, link.peer_id, &mentioned);
                let mut sink = Some(sink);
                let message = Encoded { method, codec, args: &mut args };
                match (sending::push_call(out, to, message, || sink.take()), sink) {
                    (Ok(id), _) => Ok(Some(id)),
                    (Err(unsent), Some(sink)) => {
                        let args = Args::default();
                        let waiting = Self::Call { method, codec, args, mentioned, sink };
                        Err(Failed::new(waiting, refusal(unsent)))
                    }
                    (Err(_), None) => unreachable!("the sink is taken by an accepted call"),
                }
            }
            Self::Monitor(watcher) => {
                sending::push_monitor(out, target, watcher);
                Ok(None)
            }
            Self::Link { cell, peer, key } => {
                sending::push_link(out, link, &*cell, peer, key);
                Ok(None)
            }
            Self::Spawn { name, fingerprint, codec, args, mentioned, sink } => {
                sending::announce(out, link.peer_id, &mentioned);
                let mut held = Some(sink);
                let asked = Asked { name: &name, fingerprint, codec, args: &args };
                let refusal = match sending::push_spawn(out, asked, &mut held) {
                    Err(RemoteSpawnError::TooLarge(too_large)) => Refusal::TooLarge(too_large),
                    Err(RemoteSpawnError::Unsendable(error)) => Refusal::Unsendable(error),
                    // Dropped with an error of another kind, the sink tells who waits.
                    Ok(()) | Err(_) => return Ok(None),
                };
                let Some(sink) = held else { return Ok(None) };
                let args = Vec::new();
                let waiting = Self::Spawn { name, fingerprint, codec, args, mentioned, sink };
                Err(Failed::new(waiting, refusal))
            }
            Self::Exit { from, reason } => {
                Ok(push_to(out, to, |to| Signal::Exit { from, to, reason }))
            }
            Self::Kill => Ok(push_to(out, to, |to| Signal::Kill { from: None, to })),
        }
    }
}

fn refusal(unsent: Unsent) -> Refusal {
    match unsent {
        Unsent::Refused(refusal) => refusal,
        Unsent::NeedsNames => unreachable!("what waits is encoded in all ways that it may go"),
    }
}

fn push_to<'a>(
    out: &mut Out<'_>,
    to: &Address,
    signal: impl FnOnce(Serial) -> Signal<'a>,
) -> Option<RequestId> {
    if let Address::Pid(pid) = to {
        let order = order_of(holm_wire::signal::Target::Serial(pid.serial));
        // It is small: never refused.
        let _ = sending::push(out, order, &signal(pid.serial));
    }
    None
}

impl Failed {
    pub(crate) fn new(waiting: Waiting, refusal: Refusal) -> Box<Self> {
        Box::new(Self { waiting, refusal })
    }

    /// Tells whoever waits. `true` for a message that is lost.
    pub(crate) fn tell(self) -> bool {
        let Self { waiting, refusal } = self;
        let is_noproc = matches!(refusal, Refusal::Noproc);
        match waiting {
            Waiting::Cast { .. } => return true,
            Waiting::Call { sink, .. } => sink.complete(Err(CallError::from(refusal))),
            Waiting::Monitor(watcher) if is_noproc => watcher.fire(ExitReason::Noproc),
            Waiting::Monitor(watcher) => watcher.fire(ExitReason::Noconnection),
            Waiting::Link { cell, peer, key } => {
                let reason = if is_noproc { ExitReason::Noproc } else { ExitReason::Noconnection };
                cell.link_exit(peer, &LinkIds::from(key), reason);
            }
            Waiting::Spawn { sink, .. } => match refusal {
                Refusal::TooLarge(too_large) => sink.fail(too_large.into()),
                Refusal::Unsendable(error) => sink.fail(error.into()),
                _ => sink.disconnected(),
            },
            Waiting::Exit { .. } | Waiting::Kill => {}
        }
        false
    }
}

impl From<Entry> for Failed {
    fn from(Entry { waiting, .. }: Entry) -> Self {
        Self { waiting, refusal: Refusal::Disconnected }
    }
}

impl Queue {
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Whether there is room for a signal.
    pub(crate) fn has_room(&self, waiting: &Waiting) -> bool {
        let max = if waiting.is_message() { QUEUE_BYTES_MAX } else { SIGNALS_BYTES_MAX };
        self.bytes < max
    }

    /// Whether a message is worth another try after it was refused.
    pub(crate) fn is_drained(&self) -> bool {
        self.bytes < QUEUE_BYTES_MAX / 2
    }

    /// Accepts a signal; by `ticket` it is found again.
    pub(crate) fn push(&mut self, ticket: RequestId, to: Address, waiting: Waiting, reach: Reach) {
        self.bytes += waiting.size();
        self.entries.push_back(Entry { ticket, to, waiting, reach });
    }

    /// Takes a call out. `false` if it is not there any more.
    pub(crate) fn cancel(&mut self, ticket: RequestId) -> bool {
        self.take_ticket(ticket).is_some()
    }

    /// Takes a signal out, as failed.
    pub(crate) fn give_up(&mut self, ticket: RequestId) -> Option<Failed> {
        let waiting = self.take_ticket(ticket)?;
        Some(Failed { waiting, refusal: Refusal::Disconnected })
    }

    /// Takes a monitor out.
    pub(crate) fn demonitor(&mut self, monitor: MonitorRef) -> Option<Waiting> {
        self.take(|waiting| matches!(waiting, Waiting::Monitor(w) if w.monitor() == monitor))
    }

    /// Takes the link of these ids out.
    pub(crate) fn unlink(&mut self, ids: &LinkIds) -> Option<Waiting> {
        self.take(|waiting| matches!(waiting, Waiting::Link { key, .. } if ids.contains(*key)))
    }

    fn take_ticket(&mut self, ticket: RequestId) -> Option<Waiting> {
        // They ascend.
        let at = self.entries.binary_search_by_key(&ticket, |entry| entry.ticket).ok()?;
        self.take_at(at)
    }

    fn take(&mut self, is_it: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let at = self.entries.iter().position(|entry| is_it(&entry.waiting))?;
        self.take_at(at)
    }

    fn take_at(&mut self, at: usize) -> Option<Waiting> {
        let waiting = self.entries.remove(at)?.waiting;
        self.bytes -= waiting.size();
        Some(waiting)
    }

    /// Takes all of them out, as failed.
    pub(crate) fn fail(&mut self) -> Vec<Failed> {
        self.bytes = 0;
        std::mem::take(&mut self.entries).into_iter().map(Failed::from).collect()
    }

    /// Takes those out, as failed, that wait for one dial only.
    pub(crate) fn fail_impatient(&mut self) -> Vec<Failed> {
        let entries = std::mem::take(&mut self.entries);
        let is_patient = |entry: &Entry| matches!(entry.reach, Reach::Within(_));
        let (patient, failed): (VecDeque<_>, VecDeque<_>) =
            entries.into_iter().partition(is_patient);
        self.bytes = patient.iter().map(|entry| entry.waiting.size()).sum();
        self.entries = patient;
        failed.into_iter().map(Failed::from).collect()
    }

    /// Appends all of them to a session that nobody else knows yet. What fails: what is meant for
    /// another life of the peer, or is too large for it, or, if the session has ended already, the
    /// rest.
    pub(crate) fn flush(&mut self, link: &Arc<Link>) -> Vec<Failed> {
        let mut failed = Vec::new();
        self.bytes = 0;
        let mut entries = std::mem::take(&mut self.entries).into_iter();
        let flushed = link.session.append(|out| {
            for Entry { ticket, to, waiting, .. } in entries.by_ref() {
                if matches!(&to, Address::Pid(pid) if pid.node != link.peer_id) {
                    failed.push(Failed { waiting, refusal: Refusal::Noproc });
                    continue;
                }
                match waiting.push(out, &to, link) {
                    Ok(None) => {}
                    Ok(Some(id)) => {
                        out.state.waited.insert(ticket, id);
                    }
                    Err(one) => failed.push(*one),
                }
            }
        });
        if flushed.is_none() {
            failed.extend(entries.map(Failed::from));
        }
        link.session.wake_writer();
        failed
    }
}
