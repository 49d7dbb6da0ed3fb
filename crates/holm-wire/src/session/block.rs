//! Some frames that go out one behind the other.

use super::lanes::HELD_BYTES_MAX;
use crate::{
    FrameHead,
    frame::{own_frame_length, write_head},
};
use bytes::Bytes;

/// Frames are gathered in blocks of about this size, in bytes: as much as a chunk, so
/// that blocks and chunks taking turns share the connection evenly.
pub(crate) const BLOCK_BYTES: usize = HELD_BYTES_MAX;

/// Whole frames; the payload of the last one may be lent by whoever sends it.
#[derive(Debug)]
pub(crate) struct Block {
    frames: Vec<u8>,
    tail: Bytes,
}

impl Block {
    pub(crate) fn new(frames: Vec<u8>) -> Self {
        Self { frames, tail: Bytes::new() }
    }

    /// Where to append a frame, unless it is full.
    #[inline]
    pub(crate) fn frames(&mut self) -> &mut Vec<u8> {
        &mut self.frames
    }

    /// Appends a frame whose payload begins with `start`, and is full.
    pub(crate) fn share(&mut self, head: FrameHead, start: &[u8], rest: Bytes) {
        debug_assert!(self.tail.is_empty(), "nothing goes behind a payload that is lent");
        write_head(&mut self.frames, head, start.len() + rest.len());
        self.frames.extend_from_slice(start);
        self.tail = rest;
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.frames.len() + self.tail.len()
    }

    /// Whether the next frame belongs in another one.
    #[inline]
    pub(crate) fn is_full(&self) -> bool {
        !self.tail.is_empty() || self.frames.len() >= BLOCK_BYTES
    }

    /// The length of the frame that starts at `start`.
    pub(crate) fn frame_length(&self, start: usize) -> usize {
        own_frame_length(&self.frames[start..])
    }

    /// The bytes from `start` to `end`.
    pub(crate) fn parts(&self, start: usize, end: usize) -> [&[u8]; 2] {
        let own = self.frames.len();
        [
            &self.frames[start.min(own)..end.min(own)],
            &self.tail[start.saturating_sub(own)..end.saturating_sub(own)],
        ]
    }

    /// Room for other frames.
    pub(crate) fn into_spare(mut self) -> Vec<u8> {
        self.frames.clear();
        self.frames
    }
}
