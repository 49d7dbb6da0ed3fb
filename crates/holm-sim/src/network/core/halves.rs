//! What the halves of a stream ask of the network.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::task::{Poll, Waker};

use rand::RngExt;
use tokio::time::Instant;

use super::end::{End, Ending};
use super::{Core, SIM_STREAM_CAPACITY, SPLITS};
use crate::network::post::{Side, StreamId, What};

impl Core {
    fn end(&mut self, stream: StreamId, side: Side) -> &mut End {
        self.streams.get_mut(&stream).expect("a stream is kept while it has a half").end(side)
    }

    pub(crate) fn poll_read(
        &mut self,
        stream: StreamId,
        side: Side,
        waker: &Waker,
        buf: &mut [u8],
        now: Instant,
    ) -> Poll<io::Result<usize>> {
        let end = self.end(stream, side);
        if buf.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if end.arrived.is_empty() {
            return match end.ending {
                Some(Ending::End) => Poll::Ready(Ok(0)),
                Some(Ending::Broken(kind)) => {
                    end.ending = Some(Ending::End);
                    Poll::Ready(Err(kind.into()))
                }
                None => {
                    end.reader = Some(waker.clone());
                    Poll::Pending
                }
            };
        }
        // The ring's two parts, one read each.
        let first = end.arrived.read(buf)?;
        let read = first + end.arrived.read(&mut buf[first..])?;
        self.send(stream, side, What::Ack(read), now);
        Poll::Ready(Ok(read))
    }

    pub(crate) fn write(
        &mut self,
        stream: StreamId,
        side: Side,
        bufs: &[IoSlice<'_>],
        now: Instant,
    ) -> io::Result<usize> {
        let end = self.end(stream, side);
        if !end.writable {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let mut bytes = Vec::new();
        for buf in bufs {
            let room = SIM_STREAM_CAPACITY - end.unread - bytes.len();
            bytes.extend_from_slice(&buf[..buf.len().min(room)]);
        }
        let written = bytes.len();
        if written == 0 {
            let asked = bufs.iter().any(|buf| !buf.is_empty());
            return if asked { Err(ErrorKind::WouldBlock.into()) } else { Ok(0) };
        }
        end.unread += written;
        let rng = self.post.rng();
        if written > 1 && rng.random_range(0..SPLITS) == 0 {
            let rest = bytes.split_off(rng.random_range(1..written));
            self.send(stream, side, What::bytes(bytes), now);
            bytes = rest;
        }
        self.send(stream, side, What::bytes(bytes), now);
        Ok(written)
    }

    pub(crate) fn poll_writable(
        &mut self,
        stream: StreamId,
        side: Side,
        waker: &Waker,
    ) -> Poll<io::Result<()>> {
        let end = self.end(stream, side);
        if !end.writable || end.unread < SIM_STREAM_CAPACITY {
            return Poll::Ready(Ok(()));
        }
        end.writer = Some(waker.clone());
        Poll::Pending
    }

    /// Closes both directions from one side.
    pub(crate) fn shutdown(&mut self, stream: StreamId, side: Side, now: Instant) {
        let end = self.end(stream, side);
        end.ending.get_or_insert(Ending::End);
        end.writable = false;
        let wakers = end.take_wakers();
        self.wakers.extend(wakers);
        self.close(stream, side, now);
    }

    /// Ends the outgoing direction.
    pub(crate) fn drop_writer(&mut self, stream: StreamId, side: Side, now: Instant) {
        if std::mem::replace(&mut self.end(stream, side).writable, false) {
            self.send(stream, side, What::Fin, now);
        }
    }

    /// Both halves of a side are gone.
    pub(crate) fn drop_end(&mut self, stream: StreamId, side: Side, now: Instant) {
        let end = self.end(stream, side);
        end.gone = true;
        end.arrived = VecDeque::new();
        self.close(stream, side, now);
        if self.end(stream, side.other()).gone {
            self.streams.remove(&stream);
            self.post.forget(stream);
        }
    }

    /// Tells the peer, once, that this side is done; not if the stream has broken.
    fn close(&mut self, stream: StreamId, side: Side, now: Instant) {
        if !std::mem::replace(&mut self.end(stream, side).closed, true) {
            self.send(stream, side, What::Close, now);
        }
    }
}
