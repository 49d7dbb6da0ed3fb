//! Buffers for long payloads, used again when nobody looks at the payload any more.

use bytes::Bytes;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Buffers kept for reuse: one that is read into, and those of which a receiver that keeps up has
/// not let go. Further ones are freed. Without them every long payload would cost the faults of
/// fresh pages, as much time as reading it.
const SPARE_MAX: usize = 16;

/// Buffers of one session.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    spare: Arc<Spare>,
}

#[derive(Debug, Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
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
    /// A buffer of `length` bytes.
    pub(crate) fn take(&self, length: usize) -> Buffer {
        let spare = self.spare.lock().pop().filter(|spare| spare.len() >= length);
        let bytes = spare.unwrap_or_else(|| vec![0; length.next_power_of_two()]);
        Buffer { bytes, length, home: Arc::clone(&self.spare) }
    }

    /// Frees one that is not used.
    pub(crate) fn shrink(&self) {
        drop(self.spare.lock().pop());
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
        let mut spare = self.home.lock();
        if spare.len() < SPARE_MAX {
            spare.push(std::mem::take(&mut self.bytes));
        }
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
        assert_eq!(buffers.spare.lock().len(), SPARE_MAX);
    }
}
