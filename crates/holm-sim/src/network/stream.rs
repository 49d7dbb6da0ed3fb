//! The two halves of one end of a stream.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll};

use holm_env::{Connection, PeerAddr, ReadHalf, WriteHalf};

use super::SimNetwork;
use super::post::{Side, StreamId};

/// One end, kept by its halves.
struct Held {
    network: SimNetwork,
    stream: StreamId,
    side: Side,
}

struct Reader(Arc<Held>);

struct Writer(Arc<Held>);

/// The halves of one end.
pub(crate) fn connection(
    network: SimNetwork,
    stream: StreamId,
    side: Side,
    peer: String,
) -> Connection {
    let held = Arc::new(Held { network, stream, side });
    Connection {
        reader: Box::new(Reader(Arc::clone(&held))),
        writer: Arc::new(Writer(held)),
        peer: PeerAddr::Memory(peer),
    }
}

impl ReadHalf for Reader {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        let Held { network, stream, side } = &*self.0;
        network.with(|core, now| core.poll_read(*stream, *side, cx.waker(), buf, now))
    }
}

impl WriteHalf for Writer {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        let Held { network, stream, side } = &*self.0;
        network.with(|core, now| core.write(*stream, *side, bufs, now))
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Held { network, stream, side } = &*self.0;
        network.with(|core, _| core.poll_writable(*stream, *side, cx.waker()))
    }

    fn shutdown(&self) {
        let Held { network, stream, side } = &*self.0;
        network.with(|core, now| core.shutdown(*stream, *side, now));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let Held { network, stream, side } = &*self.0;
        network.with(|core, now| core.drop_writer(*stream, *side, now));
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.network.with(|core, now| core.drop_end(self.stream, self.side, now));
    }
}
