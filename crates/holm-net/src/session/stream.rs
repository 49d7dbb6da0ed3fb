//! Streams of items over a session, and requests made of them.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use holm_wire::session::streams::{Arrival, CreditFrame, Open, Sending, StreamFrame, StreamsFull};
use holm_wire::session::{Order, Payload, ReceiverKey, Taken, TooLarge};
use holm_wire::{Admission, Code, FrameHead, RequestId, Violation, WireError};
use parking_lot::Mutex;

use super::local::{Items, Local};
use super::{Handler, Out, Session};

/// Why a stream cannot go on. Nothing of what was asked for was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The session has ended.
    #[error("the session with the peer has ended")]
    Disconnected,
    /// The peer, or this side, does without streams.
    #[error("the peer takes no streams")]
    Unsupported,
    /// Too many are open from this side.
    #[error(transparent)]
    Full(#[from] StreamsFull),
    /// The item, or the body, is larger than the peer takes.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// This direction of it had been ended.
    #[error("an item behind the end of its stream")]
    Ended,
    /// The peer ended it, or this side did for want of memory.
    #[error("the stream was reset: {0}")]
    Reset(WireError),
    /// There is no credit or no room for the item yet.
    #[error("the peer has not read what was sent before")]
    Busy,
}

/// One stream, from this side. Both directions may be used at once; of several tasks that wait
/// in the same direction, the latest is woken. Dropped before both directions have ended, it is
/// reset with the code `cancelled`.
pub struct Stream<S: Send + 'static> {
    session: Arc<Session<S>>,
    id: RequestId,
    received: Mutex<Received>,
}

/// Items that arrived, taken out of the session as many at once as there were.
#[derive(Debug)]
struct Received {
    items: Items,
    /// Those that the user took.
    taken: Taken,
}

impl<S: Send + 'static> Session<S> {
    /// Opens a stream. Waits while much is queued for the peer's streams. If it has a deadline,
    /// both sides end it then, by themselves, with a reset of the code `deadline_exceeded`.
    ///
    /// # Errors
    /// [`StreamError`], of which all but `Ended`, `Reset` and `Busy`. Cancel safe.
    pub async fn open_stream(self: &Arc<Self>, open: Open<'_>) -> Result<Stream<S>, StreamError> {
        loop {
            let room = self.streams_drained.notified();
            match self.try_open(&open) {
                Err(StreamError::Busy) => room.await,
                opened => return opened,
            }
        }
    }

    /// As [`open_stream`](Self::open_stream), without waiting.
    ///
    /// # Errors
    /// Also [`StreamError::Busy`].
    pub fn try_open(self: &Arc<Self>, open: &Open<'_>) -> Result<Stream<S>, StreamError> {
        if !self.has_streams {
            return Err(StreamError::Unsupported);
        }
        let opened = self.with_out(|out| {
            if out.streams_refuse(open.body.len()) {
                return Err(StreamError::Busy);
            }
            let id = out.streams.open(open.ended, Local::ours())?;
            let frame = StreamFrame::Open(id, *open);
            if let Err(too_large) = out.push_stream(id, &frame) {
                out.streams.remove(id);
                return Err(too_large.into());
            }
            out.awaited += u32::from(open.ended);
            out.at_once = open.ended && out.streams.is_single();
            if out.set_deadline(id, open) {
                self.sooner.notify_one();
            }
            Ok(id)
        });
        let id = opened.unwrap_or(Err(StreamError::Disconnected))?;
        Ok(self.stream(id))
    }

    /// The stream that [`Handler::handle_open`] was told of. `None` if it was handed out before.
    pub fn take_stream(self: &Arc<Self>, id: RequestId) -> Option<Stream<S>> {
        let mut out = self.out.lock();
        let local = out.streams.local(id)?;
        let first = !std::mem::replace(&mut local.taken, true);
        first.then(|| self.stream(id))
    }

    fn stream(self: &Arc<Self>, id: RequestId) -> Stream<S> {
        let taken = Taken::new(&self.terms.limits);
        let received = Mutex::new(Received { items: Items::default(), taken });
        Stream { session: Arc::clone(self), id, received }
    }

    /// Opens a stream without items of this side's, and returns the first item of the answer.
    ///
    /// # Errors
    /// As for [`open_stream`](Self::open_stream), and a reset or `Ended` in place of the answer.
    /// Cancel safe: dropped, it resets the stream.
    pub async fn request(self: &Arc<Self>, open: Open<'_>) -> Result<Bytes, StreamError> {
        let stream = self.open_stream(Open { ended: true, ..open }).await?;
        stream.next().await?.ok_or(StreamError::Ended)
    }

    /// A frame of the streams class arrived.
    pub(super) fn handle_stream(
        &self,
        head: FrameHead,
        payload: Payload<'_>,
        handler: &mut impl Handler,
    ) -> Result<(), Violation> {
        let frame = StreamFrame::decode(head, payload.as_slice())?;
        match frame {
            StreamFrame::Open(id, open) => self.handle_open(id, open, handler)?,
            StreamFrame::Item { id, last } => {
                let mut wake = Vec::new();
                self.out.lock().handle_item(id, last, payload, &mut wake)?;
                wake.into_iter().for_each(Waker::wake);
            }
            StreamFrame::End(id) => {
                let wake = self.out.lock().streams.handle_end(id)?.and_then(|local| {
                    local.ended = true;
                    local.receiver.take()
                });
                wake.into_iter().for_each(Waker::wake);
            }
            StreamFrame::Reset(id, error) => {
                let wake = self.out.lock().streams.handle_reset(id)?.map(|local| {
                    local.reset = Some(error);
                    local.wakers()
                });
                wake.into_iter().flatten().flatten().for_each(Waker::wake);
            }
            StreamFrame::Stop(id) => {
                let wake = self.out.lock().streams.handle_stop(id)?.and_then(|local| {
                    local.stopped = true;
                    local.stopping.take()
                });
                wake.into_iter().for_each(Waker::wake);
            }
        }
        Ok(())
    }

    fn handle_open(
        &self,
        id: RequestId,
        open: Open<'_>,
        handler: &mut impl Handler,
    ) -> Result<(), Violation> {
        let local = Local::theirs(open.ended);
        let admission = {
            let mut out = self.out.lock();
            let admission = out.streams.handle_open(id, open.ended, open.body.len(), local)?;
            if admission == Admission::Admitted && out.set_deadline(id, &open) {
                self.sooner.notify_one();
            }
            admission
        };
        match admission {
            Admission::Admitted => {
                if let Err(error) = handler.handle_open(id, open) {
                    self.reset_stream(id, error);
                }
            }
            Admission::Overloaded => {
                let error = WireError::new(Code::Overloaded, "too many streams are open");
                self.with_out(|out| out.push_small(id, &StreamFrame::Reset(id, error)));
            }
        }
        Ok(())
    }

    /// Credit arrived, for a stream or a class.
    pub(super) fn handle_credit(&self, frame: CreditFrame) -> Result<(), Violation> {
        match frame {
            CreditFrame::Stream(id, credit) => {
                let wake = {
                    let mut out = self.out.lock();
                    out.streams.handle_credit(id, credit)?.and_then(|local| local.sender.take())
                };
                wake.into_iter().for_each(Waker::wake);
            }
            CreditFrame::Class(class, credit) => {
                self.out.lock().credits.handle_credit(class, credit)?;
                self.credited.notify_waiters();
            }
        }
        Ok(())
    }

    /// Ends a stream here, and tells the peer unless both directions had ended.
    fn reset_stream(&self, id: RequestId, error: WireError) {
        let is_open = {
            let mut out = self.out.lock();
            let removed = out.streams.remove(id);
            removed.is_some_and(|removed| {
                out.forget_deadline(id, removed.local.deadline);
                removed.open
            })
        };
        if is_open {
            self.with_out(|out| out.push_small(id, &StreamFrame::Reset(id, error)));
        }
    }
}

impl<S> Out<S> {
    /// Whether senders of the streams class are to wait.
    fn streams_refuse(&mut self, length: usize) -> bool {
        self.streams_crowd.refuses(&self.outbound, length)
    }

    /// An item arrived. `wake` is told whom to wake, once the lock is free.
    #[inline]
    pub(super) fn handle_item(
        &mut self,
        id: RequestId,
        last: bool,
        payload: Payload<'_>,
        wake: &mut Vec<Waker>,
    ) -> Result<(), Violation> {
        let length = payload.as_slice().len();
        match self.streams.handle_item(id, length, last)? {
            Arrival::Unwanted => {}
            Arrival::Wanted(local) => {
                local.items.push(payload);
                local.ended |= last;
                if let Some(receiver) = local.receiver.take() {
                    wake.push(receiver);
                }
            }
            Arrival::Overrun(local) => {
                let error = WireError::new(Code::Overloaded, "too much waits to be read");
                local.reset = Some(error.clone());
                wake.extend(local.wakers().into_iter().flatten());
                self.push_small(id, &StreamFrame::Reset(id, error));
            }
        }
        Ok(())
    }

    /// Appends a frame in order with the others of its stream.
    fn push_stream(&mut self, id: RequestId, frame: &StreamFrame<'_>) -> Result<(), TooLarge> {
        self.outbound.push(frame.head(), order(id), |bytes| frame.encode(bytes))
    }

    /// Appends a frame that is never too large.
    pub(super) fn push_small(&mut self, id: RequestId, frame: &StreamFrame<'_>) {
        let _ = self.push_stream(id, frame);
    }

    fn try_send(&mut self, id: RequestId, item: &Bytes, last: bool) -> Result<(), StreamError> {
        let max = self.outbound.limits().message_max;
        if item.len() > max {
            return Err(TooLarge { length: item.len(), max }.into());
        }
        if self.streams_refuse(item.len()) {
            return Err(StreamError::Busy);
        }
        match self.streams.send(id, item.len(), last) {
            Sending::Now => {
                self.awaited += u32::from(last);
                self.at_once = last && self.streams.is_single();
                let head = StreamFrame::Item { id, last }.head();
                Ok(self.outbound.push_bytes(head, order(id), item)?)
            }
            Sending::NoCredit => Err(StreamError::Busy),
            Sending::Over => Err(self.over(id)),
        }
    }

    /// Grants credit for what was taken, if it is time to.
    fn account(&mut self, id: RequestId, taken: &mut Taken) -> bool {
        let Some(credit) = self.streams.consumed(id, taken).filter(|_| self.open) else {
            return false;
        };
        self.grant(CreditFrame::Stream(id, credit));
        true
    }

    /// Appends a grant of credit.
    pub(super) fn grant(&mut self, frame: CreditFrame) {
        // A control frame is small: it is never refused.
        let _ = self.outbound.push(frame.head(), Order::Free, |bytes| frame.encode(bytes));
    }

    /// Why nothing can be sent any more.
    fn over(&mut self, id: RequestId) -> StreamError {
        match self.streams.local(id).and_then(|local| local.reset.clone()) {
            Some(error) => StreamError::Reset(error),
            None => StreamError::Ended,
        }
    }
}

/// Frames of one stream stay in order.
fn order(id: RequestId) -> Order {
    Order::To(ReceiverKey(id.as_u64()))
}

impl<S: Send + 'static> Stream<S> {
    /// Its id in the session.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Sends an item, once there is credit and room for it.
    ///
    /// # Errors
    /// The stream or the session is over, or the item too large. Cancel safe: dropped, it has
    /// sent nothing.
    pub async fn send(&self, item: Bytes) -> Result<(), StreamError> {
        self.send_item(item, false).await
    }

    /// Sends the last item, and ends this direction with it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub async fn send_last(&self, item: Bytes) -> Result<(), StreamError> {
        self.send_item(item, true).await
    }

    async fn send_item(&self, item: Bytes, last: bool) -> Result<(), StreamError> {
        loop {
            match self.try_send(&item, last) {
                Err(StreamError::Busy) => self.sendable(item.len()).await,
                outcome => return outcome,
            }
        }
    }

    /// Sends an item, the last one or not, if there is credit and room for it.
    ///
    /// # Errors
    /// Also [`StreamError::Busy`].
    pub fn try_send(&self, item: &Bytes, last: bool) -> Result<(), StreamError> {
        let sent = self.session.with_out(|out| out.try_send(self.id, item, last));
        sent.unwrap_or(Err(StreamError::Disconnected))
    }

    /// Resolves when an item of this length is worth another try.
    async fn sendable(&self, length: usize) {
        let room = self.session.streams_drained.notified();
        let crowded = self.session.with_out(|out| out.streams_refuse(length));
        if crowded == Some(true) {
            room.await;
        }
        poll_fn(|cx| self.poll_credit(length, cx)).await;
    }

    fn poll_credit(&self, length: usize, cx: &mut Context<'_>) -> Poll<()> {
        let mut out = self.session.out.lock();
        if out.open
            && out.streams.can_send(self.id, length) == Sending::NoCredit
            && let Some(local) = out.streams.local(self.id)
        {
            local.sender = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    /// Ends this direction. Nothing happens if it has ended.
    pub fn end(&self) {
        self.session.with_out(|out| {
            if out.streams.end(self.id) {
                out.push_small(self.id, &StreamFrame::End(self.id));
            }
        });
    }

    /// The peer's next item; `None` behind its last one.
    ///
    /// # Errors
    /// Behind the items before it: the peer reset the stream, or the session ended. Cancel safe.
    pub async fn next(&self) -> Result<Option<Bytes>, StreamError> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the peer's next item, see [`next`](Self::next).
    pub fn poll_next(&self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, StreamError>> {
        let mut received = self.received.lock();
        let Received { items, taken } = &mut *received;
        if let Some(item) = items.pop() {
            if taken.add(item.len()) {
                let granted = self.session.out.lock().account(self.id, taken);
                if granted {
                    self.session.wake_writer();
                }
            }
            return Poll::Ready(Ok(Some(item)));
        }
        let mut out = self.session.out.lock();
        if out.account(self.id, taken) {
            self.session.wake_writer();
        }
        let open = out.open;
        let Some(local) = out.streams.local(self.id) else {
            return Poll::Ready(Err(StreamError::Disconnected));
        };
        std::mem::swap(items, &mut local.items);
        if let Some(item) = items.pop() {
            taken.add(item.len());
            return Poll::Ready(Ok(Some(item)));
        }
        if let Some(error) = &local.reset {
            return Poll::Ready(Err(StreamError::Reset(error.clone())));
        }
        if local.ended {
            return Poll::Ready(Ok(None));
        }
        if !open {
            return Poll::Ready(Err(StreamError::Disconnected));
        }
        local.receiver = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Tells the peer that no more items are wanted; it may finish tidily.
    pub fn stop(&self) {
        self.session.with_out(|out| out.push_small(self.id, &StreamFrame::Stop(self.id)));
    }

    /// Resolves when the peer wants no more items, or the stream or the session is over. Cancel
    /// safe.
    pub async fn stopped(&self) {
        poll_fn(|cx| {
            let mut out = self.session.out.lock();
            let open = out.open;
            match out.streams.local(self.id) {
                Some(local) if open && !local.stopped && local.reset.is_none() => {
                    local.stopping = Some(cx.waker().clone());
                    Poll::Pending
                }
                Some(_) | None => Poll::Ready(()),
            }
        })
        .await;
    }

    /// Ends both directions at once, for a reason.
    pub fn reset(self, error: WireError) {
        self.session.reset_stream(self.id, error);
    }
}

impl<S: Send + 'static> Drop for Stream<S> {
    fn drop(&mut self) {
        let error = WireError::new(Code::Cancelled, "no longer wanted");
        self.session.reset_stream(self.id, error);
    }
}

impl<S: Send + 'static> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.id)
    }
}
