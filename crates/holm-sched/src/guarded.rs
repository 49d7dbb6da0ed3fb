//! A future whose panics, in `poll` or in its destructor, end it and go no further.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

pin_project_lite::pin_project! {
    /// Without it a panic in `poll` would end the worker, and one in a destructor the process (`async-task`
    /// aborts). `None` once the future has ended: it must be dropped from here for a panic to be caught.
    pub(crate) struct Guarded<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Guarded<F> {
        fn drop(this: Pin<&mut Self>) {
            contain(|| this.project().future.set(None));
        }
    }
}

impl<F> Guarded<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future<Output = ()>> Future for Guarded<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut slot = self.project().future;
        let Some(future) = slot.as_mut().as_pin_mut() else { return Poll::Ready(()) };
        match contain(|| future.poll(cx)) {
            Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(())) | None => {
                contain(|| slot.set(None));
                Poll::Ready(())
            }
        }
    }
}

/// What `call` returns, or `None` if it panicked.
fn contain<T>(call: impl FnOnce() -> T) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => Some(value),
        Err(payload) => {
            // The payload's own destructor may panic too; the payload of that panic is leaked.
            if let Err(payload) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                std::mem::forget(payload);
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added<F>(future: F) -> usize {
        let bare = size_of_val(&future);
        size_of_val(&Guarded::new(future)) - bare
    }

    #[test]
    fn adds_no_bytes_where_the_future_leaves_a_bit_pattern_unused() {
        assert_eq!(added(std::future::pending::<()>()), 1, "nothing to hold it");
        assert_eq!(added(Box::pin(std::future::pending::<()>())), 0);
        let text = String::from("kept across the await");
        let block = async move {
            std::future::pending::<()>().await;
            drop(text);
        };
        assert_eq!(added(block), size_of::<usize>());
    }
}
