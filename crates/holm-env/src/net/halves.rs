//! The two halves of a tokio socket.

use std::io::{self, ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, Interest, ReadBuf};

use crate::transport::{ReadHalf, WriteHalf};

/// The reading half. It goes through tokio's `AsyncRead` because that one takes
/// a short read for a drained socket: no second system call to learn so.
pub(super) struct Reader<R>(pub(super) R);

impl<R: AsyncRead + Unpin + Send + 'static> ReadHalf for Reader<R> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buf = ReadBuf::new(buf);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut buf))?;
        Poll::Ready(Ok(buf.filled().len()))
    }
}

/// The writing half; dropping it ends the outgoing direction.
pub(super) struct Writer<W>(pub(super) W);

// Tokio's writing halves have the same methods but no trait in common.
macro_rules! impl_write_half {
    ($half:ty) => {
        impl WriteHalf for Writer<$half> {
            fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                let stream = self.0.as_ref();
                let mut was_asked = false;
                let write = || {
                    was_asked = true;
                    SockRef::from(stream).send_vectored(bufs)
                };
                match stream.try_io(Interest::WRITABLE, write) {
                    // Tokio knows of no room, but it hears of none while its threads are blocked.
                    Err(error) if error.kind() == ErrorKind::WouldBlock && !was_asked => {
                        SockRef::from(stream).send_vectored(bufs)
                    }
                    written => written,
                }
            }

            fn has_unread(&self) -> bool {
                let mut byte = [MaybeUninit::uninit()];
                matches!(SockRef::from(self.0.as_ref()).peek(&mut byte), Ok(1..))
            }

            fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.as_ref().poll_write_ready(cx)
            }

            fn shutdown(&self) {
                // Fails only where the stream is closed already.
                let _ = SockRef::from(self.0.as_ref()).shutdown(Shutdown::Both);
            }
        }
    };
}

impl_write_half!(tokio::net::tcp::OwnedWriteHalf);
#[cfg(unix)]
impl_write_half!(tokio::net::unix::OwnedWriteHalf);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::{Read, Write};

    use tokio::net::TcpStream;

    use super::*;

    /// What the kernel may take a moment for, without a task that runs meanwhile.
    fn soon(mut is_so: impl FnMut() -> bool) -> bool {
        let start = tokio::time::Instant::now();
        while !is_so() {
            if start.elapsed().as_secs() > 20 {
                return false;
            }
            std::thread::yield_now();
        }
        true
    }

    /// On one thread, which the test does not give away: tokio learns nothing of the socket.
    #[tokio::test]
    async fn room_and_what_is_unread_are_seen_while_the_runtime_is_blocked() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let (_reader, writer) = stream.into_split();
        let writer = Writer(writer);
        let mut sent = 0;
        let full = loop {
            match writer.try_write_vectored(&[IoSlice::new(&[7; 10_000])]) {
                Ok(n) => sent += n,
                Err(error) => break error,
            }
        };
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        peer.read_exact(&mut vec![0; sent]).unwrap();
        assert!(soon(|| writer.try_write_vectored(&[IoSlice::new(&[7])]).is_ok()));
        assert!(!writer.has_unread());
        peer.write_all(&[1]).unwrap();
        assert!(soon(|| writer.has_unread()));
    }
}
