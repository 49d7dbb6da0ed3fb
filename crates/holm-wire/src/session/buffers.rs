//! Buffers for long payloads, used again when nobody looks at the payload any more.

use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Buffers of single frames kept for reuse: one that is read into, and those of which a receiver that
/// keeps up has not let go. Further ones are freed. Without them every long payload would cost the
/// faults of fresh pages, as much time as reading it.
const SPARE_MAX: usize = 16;

/// Messages from this length on are large: their pages take longer to make and to free than others
/// like to wait.
const LARGE_MIN: usize = 1024 * 1024;
/// Buffers of large messages kept: one that is filled while another is looked at.
const LARGE_SPARE_MAX: usize = 2;
/// So much of one is freed at once: half a millisecond.
const SHRINK: usize = 4 * LARGE_MIN;

/// Buffers of one session.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: Arc<Spare>,
}

#[derive(Debug, Default)]
struct Spare(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    frames: Vec<Vec<u8>>,
    large: Vec<Vec<u8>>,
}

impl Spare {
    fn lock(&self) -> MutexGuard<'_, Lists> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A buffer in use. Its content is arbitrary.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    home: Arc<Spare>,
}

impl Buffers {
    /// A buffer of `length` bytes, for one frame.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        let spare = self.spare.lock().frames.pop().filter(|spare| spare.len() >= length);
        let bytes = spare.unwrap_or_else(|| vec![0; length.next_power_of_two()]);
        Buffer { bytes, length, home: Arc::clone(&self.spare) }
    }

    /// Where to begin a message that will have `length` bytes: as much as is there of an earlier one.
    pub(crate) fn take_large(&self, length: usize) -> Vec<u8> {
        if length < LARGE_MIN { None } else { self.spare.lock().large.pop() }.unwrap_or_default()
    }

    /// The first `length` bytes, a whole message.
    pub(crate) fn freeze(&self, mut bytes: Vec<u8>, length: usize) -> Bytes {
        if length < LARGE_MIN {
            bytes.truncate(length);
            return bytes.into();
        }
        Bytes::from_owner(Buffer { bytes, length, home: Arc::clone(&self.spare) })
    }

    /// Frees some of what is not used.
    pub(crate) fn shrink(&self) {
        let mut lists = self.spare.lock();
        let frame = lists.frames.pop();
        let large = lists.large.pop();
        drop(lists);
        drop(frame);
        if let Some(mut large) = large {
            large.truncate(large.len().saturating_sub(SHRINK));
            large.shrink_to_fit();
            self.spare.give_back(large);
        }
    }
}

impl Spare {
    fn give_back(&self, bytes: Vec<u8>) {
        let is_large = bytes.len() >= LARGE_MIN;
        let mut lists = self.lock();
        let (list, max) = if is_large {
            (&mut lists.large, LARGE_SPARE_MAX)
        } else {
            (&mut lists.frames, SPARE_MAX)
        };
        if list.len() < max && !bytes.is_empty() {
            list.push(bytes);
        }
    }
}

impl Buffer {
    pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    pub(crate) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.home.give_back(std::mem::take(&mut self.bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_once_its_payload_is_gone() {
        let buffers = Buffers::default();
        let payload = buffers.take(40_000).freeze();
        let other = buffers.take(40_000).freeze();
        let at = payload.as_ptr();
        assert_ne!(at, other.as_ptr());
        let part = payload.slice(10..20);
        drop(payload);
        assert_ne!(buffers.take(40_000).as_ref().as_ptr(), at, "a part of it is looked at");
        buffers.shrink();
        drop(part);
        assert_eq!(buffers.take(30_000).as_ref().as_ptr(), at);
        assert_eq!(buffers.take(30_000).as_ref().len(), 30_000);
    }

    #[test]
    fn not_all_are_kept() {
        let buffers = Buffers::default();
        let taken: Vec<_> = (0..=SPARE_MAX).map(|_| buffers.take(1)).collect();
        drop(taken);
        assert_eq!(buffers.spare.lock().frames.len(), SPARE_MAX);
    }

    #[test]
    fn a_large_one_is_used_again_or_freed_little_by_little() {
        let buffers = Buffers::default();
        let message = vec![1; 40 * LARGE_MIN];
        let at = message.as_ptr();
        drop(buffers.freeze(message, 30 * LARGE_MIN));
        assert!(buffers.take_large(LARGE_MIN - 1).is_empty());
        let again = buffers.take_large(LARGE_MIN);
        assert_eq!((again.as_ptr(), again.len()), (at, 40 * LARGE_MIN));
        drop(buffers.freeze(again, LARGE_MIN));
        buffers.shrink();
        assert_eq!(buffers.spare.lock().large[0].len(), 36 * LARGE_MIN);
        for _ in 0..20 {
            buffers.shrink();
        }
        assert!(buffers.spare.lock().large.is_empty());
        assert!(buffers.spare.lock().frames.is_empty());
    }
}
