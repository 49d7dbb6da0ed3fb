//! Encoded arguments on their way out.

use std::cell::Cell;

use bytes::Bytes;

/// Room for the envelope, ahead of the arguments: a receiver's name of 255 bytes, and numbers.
const ROOM: usize = 320;
/// Arguments from this length on go out without being copied again.
const LEND_MIN: usize = 16 * 1024;
/// Memory that is kept for the next ones; more is given back.
const KEPT: usize = 256 * 1024;

/// Encoded arguments, with room ahead of them, so that their envelope is put there and they need not be moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Args(Vec<u8>);

thread_local! {
    static SCRATCH: Cell<Args> = const { Cell::new(Args(Vec::new())) };
}

impl Args {
    /// Those of this thread: arguments are encoded before a lock is taken, as that runs code of users.
    pub(crate) fn scratch() -> Self {
        SCRATCH.take()
    }

    /// Keeps its memory for the next [`scratch`](Self::scratch), if it is not too much.
    pub(crate) fn keep(self) {
        if self.0.capacity() <= KEPT {
            SCRATCH.set(self);
        }
    }

    /// Where to append arguments, of which there are none yet. It keeps its memory.
    pub(crate) fn begin(&mut self) -> &mut Vec<u8> {
        self.0.resize(ROOM, 0);
        &mut self.0
    }

    pub(crate) fn body(&self) -> &[u8] {
        self.0.get(ROOM..).unwrap_or_default()
    }

    /// The whole message, with this envelope; the arguments are gone then. `None` if copying them costs less.
    pub(crate) fn lend(&mut self, envelope: impl FnOnce(&mut Vec<u8>)) -> Option<Bytes> {
        if self.body().len() < LEND_MIN {
            return None;
        }
        let mut head = Vec::with_capacity(ROOM);
        envelope(&mut head);
        let start = ROOM.checked_sub(head.len())?;
        self.0[start..ROOM].copy_from_slice(&head);
        let length = self.0.len();
        let whole = std::mem::replace(&mut self.0, Vec::with_capacity(length.min(KEPT)));
        Some(Bytes::from(whole).slice(start..))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn args(length: usize) -> Args {
        let mut args = Args::default();
        args.begin().resize(ROOM + length, 7);
        args
    }

    #[test]
    fn few_are_copied_and_many_are_lent_behind_their_envelope() {
        assert_eq!(args(LEND_MIN - 1).lend(|_| unreachable!()), None);
        let mut many = args(LEND_MIN);
        let lent = many.lend(|head| head.extend([1, 2, 3])).unwrap();
        assert_eq!((&lent[..3], lent.len()), (&[1, 2, 3][..], LEND_MIN + 3));
        assert!(lent[3..].iter().all(|&byte| byte == 7));
        assert_eq!(many.body(), [0_u8; 0]);
    }

    #[test]
    fn an_envelope_without_room_has_them_copied() {
        let mut many = args(LEND_MIN);
        assert_eq!(many.lend(|head| head.resize(ROOM + 1, 0)), None);
        assert_eq!(many.body().len(), LEND_MIN);
    }
}
