//! The two halves of a tokio socket.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, ReadBuf};

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
                self.0.try_write_vectored(bufs)
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
