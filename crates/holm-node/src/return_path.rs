//! The way back to a caller on another node.

use std::sync::Arc;
use std::task::{Context, Poll};

use holm_actor::{AnyCell, ArrivalError, ReplyBody, ReturnPath};
use holm_wire::session::Order;
use holm_wire::signal::Signal;
use holm_wire::{BodyCodec, Code, ExitReason, RequestId, WireError};

use crate::args::{Args, Lent};
use crate::cancels::Cancels;
use crate::link::Link;
use crate::sending::{Out, announce, push};

/// One call of the peer, until it is answered.
pub(crate) struct CallPath {
    pub(crate) link: Arc<Link>,
    pub(crate) id: RequestId,
    /// The callee, for its exit reason.
    pub(crate) cell: Arc<dyn AnyCell>,
    pub(crate) answered: bool,
    /// How the reply is to be coded.
    pub(crate) codec: BodyCodec,
    /// Where its handler hears of a cancel.
    pub(crate) cancels: Arc<Cancels>,
    /// Its handler does wait for one.
    pub(crate) listens: bool,
}

impl ReturnPath for CallPath {
    fn codec(&self) -> BodyCodec {
        self.codec
    }

    fn reply(mut self: Box<Self>, body: ReplyBody<'_>) {
        self.answered = true;
        let mut args = Args::scratch();
        let (encoded, mentioned) = args.encode(body);
        match encoded {
            Ok(()) => {
                let nodes = self.link.router.peers.introduce(&mentioned);
                if !nodes.is_empty() {
                    self.link.session.append(|out| announce(out, self.link.peer_id, &nodes));
                }
                let push = |out: &mut Out<'_>| push_reply(out, self.id, self.codec, &mut args);
                answer(&self.link, self.id, push);
            }
            Err(error) => {
                let error = WireError::new(Code::Internal, format!("the reply: {error}"));
                fail(&self.link, self.id, error, None);
            }
        }
        args.keep();
    }

    fn refuse(mut self: Box<Self>, error: &ArrivalError) {
        self.answered = true;
        let error = WireError::new(error.code(), error.to_string());
        fail(&self.link, self.id, error, None);
    }

    fn is_cancelled(&self) -> bool {
        self.link.session.append(|out| !out.state.open.contains(self.id)).unwrap_or(true)
    }

    fn poll_cancelled(&mut self, task: &mut Context<'_>) -> Poll<()> {
        self.listens = true;
        self.cancels.listen(self.id, task.waker());
        // After that: one that comes later wakes the task.
        if self.is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for CallPath {
    fn drop(&mut self) {
        if self.listens {
            self.cancels.forget(self.id);
        }
        if self.answered {
            return;
        }
        match self.cell.exit_reason() {
            Some(reason) => exited(&self.link, self.id, reason),
            None => {
                let error = WireError::new(Code::Unanswered, "the handler gave no answer");
                fail(&self.link, self.id, error, None);
            }
        }
    }
}

/// Answers a request, unless it was cancelled.
fn answer(link: &Arc<Link>, id: RequestId, push: impl FnOnce(&mut Out<'_>)) {
    link.session.append(|out| {
        if out.state.open.close(id) {
            push(out);
            out.hurry();
        }
    });
    holm_actor::flush_later(link);
}

/// Appends a reply. One that is larger than the peer takes, or finds its queue full, is replaced by
/// that error.
fn push_reply(out: &mut Out<'_>, id: RequestId, codec: BodyCodec, args: &mut Args) {
    let error = if out.is_crowded(args.len()) {
        WireError::new(Code::Overloaded, "too many replies wait to be read")
    } else {
        let reply = |body| Signal::Reply { id, codec, body };
        let pushed = match args.lend(|head| reply(&[]).encode(head)) {
            Some(Lent { start, rest }) => {
                out.push_parts(reply(&[]).head(), Order::Free, &start, &rest)
            }
            None => {
                out.push(reply(&[]).head(), Order::Free, |bytes| reply(args.body()).encode(bytes))
            }
        };
        match pushed {
            Ok(()) => return,
            Err(refused) => WireError::new(Code::TooLarge, refused.to_string()),
        }
    };
    push_error(out, &Signal::ReplyError { id, error, reason: None });
}

/// An error is small: it is never refused.
fn push_error(out: &mut Out<'_>, error: &Signal<'_>) {
    let _ = push(out, Order::Free, error);
}

/// Answers a request with an error.
pub(crate) fn fail(link: &Arc<Link>, id: RequestId, error: WireError, reason: Option<ExitReason>) {
    answer(link, id, |out| push_error(out, &Signal::ReplyError { id, error, reason }));
}

/// Answers a call to an actor that has ended.
pub(crate) fn exited(link: &Arc<Link>, id: RequestId, reason: ExitReason) {
    let error = WireError::new(Code::Exited, "the actor ended before it replied");
    fail(link, id, error, Some(reason));
}
