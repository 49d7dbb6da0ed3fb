//! One stream, as both of its ends see it.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::task::Waker;

use crate::network::post::Side;

pub(super) struct Stream {
    pub(super) dialler: End,
    pub(super) listener: End,
}

/// One end of a stream.
pub(super) struct End {
    pub(super) host: String,
    /// Arrived and not yet read.
    pub(super) arrived: VecDeque<u8>,
    /// What comes after `arrived`, once that is known.
    pub(super) ending: Option<Ending>,
    pub(super) reader: Option<Waker>,
    /// Written, and not yet known to be read.
    pub(super) unread: usize,
    pub(super) writable: bool,
    pub(super) writer: Option<Waker>,
    /// There is nothing left to tell the peer.
    pub(super) closed: bool,
    /// Both halves were dropped.
    pub(super) gone: bool,
}

#[derive(Clone, Copy)]
pub(super) enum Ending {
    End,
    /// Told once, and followed by the end.
    Broken(ErrorKind),
}

impl Stream {
    pub(super) fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Dialler => &mut self.dialler,
            Side::Listener => &mut self.listener,
        }
    }
}

impl End {
    pub(super) fn new(host: &str) -> Self {
        Self {
            host: host.to_owned(),
            arrived: VecDeque::new(),
            ending: None,
            reader: None,
            unread: 0,
            writable: true,
            writer: None,
            closed: false,
            gone: false,
        }
    }

    pub(super) fn take_wakers(&mut self) -> impl Iterator<Item = Waker> + use<> {
        self.reader.take().into_iter().chain(self.writer.take())
    }
}
