//! The task that reads a session: it alone delivers, and as its last act tears down.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::task::Waker;

use holm_env::ReadHalf;
use holm_wire::control::Control;
use holm_wire::session::streams::CreditFrame;
use holm_wire::session::{Inbound, Payload, Sink};
use holm_wire::{Class, Code, FrameHead, Kind, Shown, Violation};
use parking_lot::MutexGuard;

use super::{End, Handler, Out, Session, TURN_BYTES, give_way};

/// Items delivered while the lock is held: enough that taking it costs little, and few
/// enough that others get it within some microseconds.
const ITEMS_MAX: usize = 128;

impl<S: Send + 'static> Session<S> {
    /// The reader task.
    pub(super) async fn read(
        &self,
        mut reader: Box<dyn ReadHalf>,
        mut inbound: Inbound,
        handler: impl Handler,
    ) {
        let mut sink = Delivery { session: self, handler, closed: None, wakers: Vec::new() };
        // What came behind the handshake is handled first, by a read of nothing.
        let mut got = 0;
        let mut turn = 0;
        let end = loop {
            // A panic must not leave behind a session without a reader.
            self.delivering.store(true, Ordering::Relaxed);
            let handled = catch_unwind(AssertUnwindSafe(|| {
                sink.handler.begin_read();
                let mut frames = Frames::new(&mut sink);
                let handled = inbound.handle_read(got, &mut frames);
                frames.release();
                handled
            }));
            let ended = catch_unwind(AssertUnwindSafe(|| sink.handler.end_read()));
            self.delivering.store(false, Ordering::Relaxed);
            self.flush();
            match ended.and(handled) {
                Ok(Ok(())) => {}
                Ok(Err(violation)) => break End::Violation(violation),
                Err(_) => break End::Panicked,
            }
            if let Some(closed) = sink.closed.take() {
                break closed;
            }
            turn += got;
            if turn >= TURN_BYTES {
                turn = 0;
                // Those woken by what was delivered may wait for this very thread.
                give_way().await;
            }
            got = match poll_fn(|cx| reader.poll_read(cx, inbound.buffer())).await {
                Ok(0) => break End::Lost(None),
                Ok(n) => n,
                Err(error) => break End::Lost(Some(error)),
            };
            self.received.fetch_add(got as u64, Ordering::Relaxed);
        };
        match &end {
            End::Violation(violation) => self.close(violation.code(), &violation.to_string()),
            End::Panicked => self.close(Code::Internal, "a fault of this node"),
            End::Lost(_) | End::ClosedByPeer { .. } | End::Silent(_) | End::Stalled(_) => {}
        }
        self.writer.shutdown();
        let gave_up = {
            let mut out = self.out.lock();
            out.open = false;
            out.gave_up.take()
        };
        self.wake_all();
        sink.handler.handle_end(gave_up.unwrap_or(end));
    }
}

/// Takes what is the driver's own business and passes on the rest.
struct Delivery<'a, S, H> {
    session: &'a Session<S>,
    handler: H,
    closed: Option<End>,
    /// Wait for items that were delivered.
    wakers: Vec<Waker>,
}

/// The frames of one read. Of those that are items many are delivered under one lock.
struct Frames<'d, 's, S, H> {
    delivery: &'d mut Delivery<'s, S, H>,
    out: Option<MutexGuard<'s, Out<S>>>,
    items: usize,
}

impl<'d, 's, S: Send + 'static, H: Handler> Frames<'d, 's, S, H> {
    fn new(delivery: &'d mut Delivery<'s, S, H>) -> Self {
        Self { delivery, out: None, items: 0 }
    }

    /// Frees the lock, and wakes whom items were delivered to.
    #[inline]
    fn release(&mut self) {
        if self.out.take().is_some() {
            self.items = 0;
            self.delivery.wakers.drain(..).for_each(Waker::wake);
        }
    }
}

impl<S: Send + 'static, H: Handler> Sink for Frames<'_, '_, S, H> {
    #[inline]
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        let session = self.delivery.session;
        let (FrameHead { kind: Kind::Item, id: Some(id) }, true) = (head, session.has_streams)
        else {
            self.release();
            return self.delivery.frame(head, payload);
        };
        let out = self.out.get_or_insert_with(|| session.out.lock());
        out.handle_item(id, false, payload, &mut self.delivery.wakers)?;
        self.items += 1;
        if self.items == ITEMS_MAX {
            self.release();
        }
        Ok(())
    }
}

impl<S: Send + 'static, H: Handler> Delivery<'_, S, H> {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        match head.kind.class() {
            Class::Actors => self.handler.handle_frame(head, payload),
            Class::Control => self.control(head, payload.as_slice()),
            Class::Streams | Class::Membership | Class::Bulk if !self.session.has_streams => {
                Err(Violation::Unexpected(head.kind))
            }
            Class::Streams => self.session.handle_stream(head, payload, &mut self.handler),
            class @ (Class::Membership | Class::Bulk) => {
                let length = payload.as_slice().len();
                self.session.out.lock().credits.handle_message(class, length)?;
                self.handler.handle_frame(head, payload)
            }
        }
    }

    fn control(&mut self, head: FrameHead, payload: &[u8]) -> Result<(), Violation> {
        if self.session.has_streams && matches!(head.kind, Kind::Credit | Kind::ClassCredit) {
            return self.session.handle_credit(CreditFrame::decode(head, payload)?);
        }
        match Control::decode(head, payload)? {
            Control::Tick => {}
            Control::Close { code, message } => {
                self.closed = Some(End::ClosedByPeer { code, message: Shown(message).to_string() });
            }
            other @ (Control::Pause(_) | Control::Resume(_)) => self.handler.handle_control(other),
        }
        Ok(())
    }
}
