//! A block of message slots, allocated with as many slots as suit the message's size.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    mem::{ManuallyDrop, MaybeUninit},
    ptr::{self, NonNull},
};

use crate::sync::{AtomicPtr, AtomicU64, Ordering, UnsafeCell};

/// Slots of a block at most: beyond 32 the change of blocks no longer shows in a message's cost.
const SLOTS_MAX: usize = 32;
/// Slots of a block at least, for large messages.
const SLOTS_MIN: usize = 4;
/// The size aimed at, in bytes: an actor that ever had a message holds on to a block or two.
const BLOCK_BYTES: usize = 1024;

/// One message and the stamp that says that it is there.
pub(crate) struct Slot<T> {
    /// `index + 1` of the message last written here. Indices never come twice, so a stamp left
    /// from an earlier use of the block matches no reader, and a block needs no clearing.
    stamp: AtomicU64,
    value: UnsafeCell<MaybeUninit<T>>,
}

impl<T> Slot<T> {
    /// # Safety
    /// The caller has reserved message `index`, whose slot this is, and writes it once.
    #[inline]
    pub(crate) unsafe fn write(&self, index: u64, message: T) {
        self.value.with_mut(|value| {
            // SAFETY: the reservation makes this thread the only writer, and the consumer reads
            // only after the stamp below.
            unsafe { (*value).write(message) };
        });
        self.stamp.store(index + 1, Ordering::Release);
    }

    #[inline]
    pub(crate) fn holds(&self, index: u64) -> bool {
        self.stamp.load(Ordering::Acquire) == index + 1
    }

    /// # Safety
    /// The caller is the consumer, `holds(index)` was true, and it reads this message once.
    #[inline]
    pub(crate) unsafe fn read(&self) -> T {
        // SAFETY: the stamp says that the message is written; no one else reads it.
        self.value.with(|value| unsafe { (*value).assume_init_read() })
    }

    /// # Safety
    /// The caller is the consumer, `holds(index)` was true, and it reads this message later.
    #[inline]
    pub(crate) unsafe fn peek(&self) -> &T {
        // SAFETY: as for `read`; no one writes before the consumer has left the block.
        self.value.with(|value| unsafe { (*value).assume_init_ref() })
    }
}

/// A link and an array of [`Block::SLOTS`] slots, in one allocation.
#[repr(C)]
pub(crate) struct Block<T> {
    pub(crate) next: AtomicPtr<Self>,
    /// Where the slots begin.
    slots: [Slot<T>; 0],
}

impl<T> Block<T> {
    /// A power of two, so that an index splits into block and slot by a mask.
    pub(crate) const SLOTS: u64 = slots(size_of::<Slot<T>>());

    /// # Safety
    /// `block` is allocated and stays so while the reference lives, up to the stamp of a write.
    #[inline]
    pub(crate) unsafe fn slot<'a>(block: *mut Self, index: u64) -> &'a Slot<T> {
        // SAFETY: the offset is below SLOTS, for which the allocation has room.
        unsafe {
            let first = (&raw const (*block).slots).cast::<Slot<T>>();
            &*first.add((index % Self::SLOTS) as usize)
        }
    }

    fn layout() -> Layout {
        let slots = Layout::array::<Slot<T>>(Self::SLOTS as usize);
        match slots.and_then(|slots| Layout::new::<Self>().extend(slots)) {
            Ok((layout, _)) => layout.pad_to_align(),
            Err(_) => panic!("a message type so large that {} exceed memory", Self::SLOTS),
        }
    }
}

const fn slots(slot_bytes: usize) -> u64 {
    if cfg!(loom) {
        return 2;
    }
    let mut slots = SLOTS_MAX;
    while slots > SLOTS_MIN && slots * slot_bytes > BLOCK_BYTES {
        slots /= 2;
    }
    slots as u64
}

/// A block that belongs to nobody else, freed when dropped. Its slots hold no message.
pub(crate) struct OwnedBlock<T>(NonNull<Block<T>>);

impl<T> OwnedBlock<T> {
    pub(crate) fn new() -> Self {
        let layout = Block::<T>::layout();
        // SAFETY: the layout has the size of a link at least.
        let Some(block) = NonNull::new(unsafe { alloc(layout) }.cast::<Block<T>>()) else {
            handle_alloc_error(layout);
        };
        // SAFETY: the memory is ours, aligned, and has room for the link and SLOTS slots.
        unsafe {
            (&raw mut (*block.as_ptr()).next).write(AtomicPtr::new(ptr::null_mut()));
            let first = (&raw mut (*block.as_ptr()).slots).cast::<Slot<T>>();
            for offset in 0..Block::<T>::SLOTS as usize {
                first.add(offset).write(Slot {
                    stamp: AtomicU64::new(0),
                    value: UnsafeCell::new(MaybeUninit::uninit()),
                });
            }
        }
        Self(block)
    }

    /// # Safety
    /// The block came from [`OwnedBlock::into_raw`], holds no message, and no one else uses it.
    pub(crate) unsafe fn from_raw(block: NonNull<Block<T>>) -> Self {
        Self(block)
    }

    pub(crate) fn as_ptr(&self) -> *mut Block<T> {
        self.0.as_ptr()
    }

    pub(crate) fn into_raw(self) -> *mut Block<T> {
        ManuallyDrop::new(self).as_ptr()
    }
}

impl<T> Drop for OwnedBlock<T> {
    fn drop(&mut self) {
        // SAFETY: allocated by `new` with this layout, and owned.
        unsafe { dealloc(self.0.as_ptr().cast(), Block::<T>::layout()) };
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn large_messages_get_fewer_slots() {
        assert_eq!(Block::<u64>::SLOTS, 32);
        assert_eq!(Block::<[u64; 4]>::SLOTS, 16);
        assert_eq!(Block::<[u64; 1000]>::SLOTS, 4);
    }

    #[test]
    fn slots_are_aligned_and_apart() {
        #[repr(align(128))]
        struct Wide;
        let block = OwnedBlock::<Wide>::new();
        // SAFETY: the block is ours.
        let at = |index| unsafe { ptr::from_ref(Block::slot(block.as_ptr(), index)).addr() };
        assert_eq!(at(0) % 128, 0);
        assert_eq!(at(1) - at(0), size_of::<Slot<Wide>>());
        assert_eq!(at(Block::<Wide>::SLOTS), at(0));
    }
}
