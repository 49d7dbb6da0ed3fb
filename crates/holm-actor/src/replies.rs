//! Streams as replies: an answer of many items.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use tokio::sync::mpsc;

/// Items on their way at most, unless told otherwise: some turns' worth of a consumer.
pub const REPLIES_DEFAULT: usize = 64;

/// Makes the two ends of an answer of many items: the handler keeps the sink, or gives it to a
/// task, and returns the stream as its reply. `capacity` is at least 1.
pub fn replies<T: Send>(capacity: usize) -> (RepliesSink<T>, Replies<T>) {
    let (sink, stream) = mpsc::channel(capacity.max(1));
    (RepliesSink { sink }, Replies { stream, ended: false })
}

/// Why a stream of replies ended early: its sink was dropped unfinished, as by an actor that
/// crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the actor gave up before the last item")]
pub struct Unfinished;

/// The caller is gone; the item is handed back.
#[derive(Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nobody takes the items any more")]
pub struct Abandoned<T>(pub T);

impl<T> fmt::Debug for Abandoned<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Abandoned(..)")
    }
}

/// The callee's end. Dropped before [`finish`](Self::finish), it tells the caller [`Unfinished`].
pub struct RepliesSink<T> {
    sink: mpsc::Sender<Option<T>>,
}

impl<T: Send> RepliesSink<T> {
    /// Waits until the caller has room, then sends an item. Cancel safe: dropped before it is
    /// ready, nothing was sent.
    ///
    /// # Errors
    /// [`Abandoned`], with the item.
    pub async fn send(&self, item: T) -> Result<(), Abandoned<T>> {
        match self.sink.reserve().await {
            Ok(permit) => {
                permit.send(Some(item));
                Ok(())
            }
            Err(_) => Err(Abandoned(item)),
        }
    }

    /// Ends the stream as it should: after the items sent, the caller sees its end.
    pub async fn finish(self) {
        // A caller that has gone needs no end.
        let _ = self.sink.send(None).await;
    }

    /// Resolves when the caller has gone. Cancel safe.
    pub async fn abandoned(&self) {
        self.sink.closed().await;
    }
}

/// The caller's end: a stream of items. Dropping it cancels the rest, which the callee can see.
#[must_use = "dropped, it cancels the rest"]
pub struct Replies<T> {
    stream: mpsc::Receiver<Option<T>>,
    ended: bool,
}

impl<T> Replies<T> {
    /// The next item; `None` after the last. Cancel safe.
    ///
    /// # Errors
    /// [`Unfinished`], once: the callee gave up.
    pub async fn next(&mut self) -> Option<Result<T, Unfinished>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }
}

impl<T> Stream for Replies<T> {
    type Item = Result<T, Unfinished>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let item = match ready!(self.stream.poll_recv(cx)) {
            Some(Some(item)) => return Poll::Ready(Some(Ok(item))),
            Some(None) => None,
            None => Some(Err(Unfinished)),
        };
        self.ended = true;
        Poll::Ready(item)
    }
}

impl<T> fmt::Debug for RepliesSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RepliesSink").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Replies<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("ended", &self.ended).finish_non_exhaustive()
    }
}
