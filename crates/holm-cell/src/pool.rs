//! Memory for small things that live for a moment: free lists of the current thread, by size.
//!
//! A block may be given back on another thread than it was taken on; it then stays there.

use std::{
    alloc::{Layout, alloc, dealloc, handle_alloc_error},
    cell::Cell,
    mem::{ManuallyDrop, MaybeUninit},
    ptr::NonNull,
};

/// Blocks come in multiples of so many bytes, two cache lines ...
const STEP: usize = 128;
/// ... up to 1 KiB, which most handlers stay below. What is larger costs more to fill than to allocate.
const CLASSES: usize = 8;
/// What allocators align to anyway. What wants more comes from the allocator.
const ALIGN: usize = 16;
/// Bytes that a thread keeps of each size: enough for some hundred handlers that wait at once on
/// one worker, little enough to stay in a core's own cache. Beyond it the allocator serves.
const KEPT_BYTES: usize = 32 << 10;

/// A free block.
struct Link {
    next: Option<NonNull<Self>>,
}

/// The free blocks of one size.
struct List {
    first: Cell<Option<NonNull<Link>>>,
    /// How many more may be kept.
    room: Cell<usize>,
}

/// Without a destructor, so that its use costs no check; [`Owner`] has it.
struct Pool {
    lists: [List; CLASSES],
    /// Whether this thread's [`Owner`] will free what is kept.
    open: Cell<bool>,
}

/// Frees what is kept when the thread ends. What is given back later goes to the allocator.
struct Owner;

thread_local! {
    static POOL: Pool = const {
        Pool {
            lists: [const { List { first: Cell::new(None), room: Cell::new(0) } }; CLASSES],
            open: Cell::new(false),
        }
    };
    static OWNER: Owner = const { Owner };
}

const fn class_layout(class: usize) -> Layout {
    match Layout::from_size_align((class + 1) * STEP, ALIGN) {
        Ok(layout) => layout,
        Err(_) => panic!("a small size is a layout"),
    }
}

fn allocate(layout: Layout) -> NonNull<u8> {
    // SAFETY: no layout of size 0 comes here.
    NonNull::new(unsafe { alloc(layout) }).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Pool {
    #[inline]
    fn take(&self, class: usize) -> NonNull<u8> {
        let list = &self.lists[class];
        let Some(block) = list.first.get() else {
            return allocate(class_layout(class));
        };
        // SAFETY: what is in the list is a block of this thread's with a link in it.
        list.first.set(unsafe { block.as_ref() }.next);
        list.room.set(list.room.get() + 1);
        block.cast()
    }

    /// # Safety
    /// `block` is of this class and no one uses it any more.
    #[inline]
    unsafe fn give(&self, class: usize, block: NonNull<u8>) {
        let list = &self.lists[class];
        if list.room.get() == 0 && !self.opens() {
            // SAFETY: allocated with this layout, by `take`.
            unsafe { dealloc(block.as_ptr(), class_layout(class)) };
            return;
        }
        let block = block.cast();
        // SAFETY: the block is large enough for a link, and ours.
        unsafe { block.write(Link { next: list.first.get() }) };
        list.first.set(Some(block));
        list.room.set(list.room.get() - 1);
    }

    /// Makes room the first time; false if all of it is used, or the thread is ending.
    #[cold]
    fn opens(&self) -> bool {
        if self.open.get() || OWNER.try_with(|_| ()).is_err() {
            return false;
        }
        self.open.set(true);
        for (class, list) in self.lists.iter().enumerate() {
            list.room.set(KEPT_BYTES / class_layout(class).size());
        }
        true
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        POOL.with(|pool| {
            for (class, list) in pool.lists.iter().enumerate() {
                list.room.set(0);
                let mut next = list.first.take();
                while let Some(block) = next {
                    // SAFETY: as in `take`.
                    next = unsafe { block.as_ref() }.next;
                    // SAFETY: allocated with this layout, and in no list any more.
                    unsafe { dealloc(block.as_ptr().cast(), class_layout(class)) };
                }
            }
            pool.open.set(false);
        });
    }
}

/// Room for a `T`, given back when dropped. It drops no `T`.
pub(crate) struct Memory<T>(NonNull<T>);

impl<T> Memory<T> {
    const LAYOUT: Layout = Layout::new::<T>();
    const POOLED: bool = Self::LAYOUT.size() <= STEP * CLASSES && Self::LAYOUT.align() <= ALIGN;

    const fn class() -> usize {
        (Self::LAYOUT.size() - 1) / STEP
    }

    #[inline]
    pub(crate) fn new() -> Self {
        let room = match Self::LAYOUT.size() {
            0 => return Self(NonNull::dangling()),
            _ if Self::POOLED => POOL.with(|pool| pool.take(Self::class())),
            _ => allocate(Self::LAYOUT),
        };
        Self(room.cast())
    }

    /// # Safety
    /// The pointer came from [`Memory::into_raw`], and there is no `T` in it that is still used.
    #[inline]
    pub(crate) unsafe fn from_raw(room: NonNull<T>) -> Self {
        Self(room)
    }

    pub(crate) fn as_uninit(&mut self) -> &mut MaybeUninit<T> {
        // SAFETY: sized and aligned for a `T`, and ours.
        unsafe { self.0.cast().as_mut() }
    }

    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }
}

impl<T> Drop for Memory<T> {
    #[inline]
    fn drop(&mut self) {
        let room = self.0.cast();
        match Self::LAYOUT.size() {
            0 => {}
            // SAFETY: taken from this class, and not used any more.
            _ if Self::POOLED => POOL.with(|pool| unsafe { pool.give(Self::class(), room) }),
            // SAFETY: allocated with this layout.
            _ => unsafe { dealloc(room.as_ptr(), Self::LAYOUT) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(class: usize) -> usize {
        POOL.with(|pool| {
            let mut next = pool.lists[class].first.get();
            let mut count = 0;
            while let Some(block) = next {
                // SAFETY: blocks in the list are links.
                next = unsafe { block.as_ref() }.next;
                count += 1;
            }
            count
        })
    }

    #[test]
    fn a_thread_keeps_so_much_of_each_size_and_no_more() {
        type Odd = [u8; STEP + 1];
        assert_eq!(Memory::<Odd>::class(), 1);
        let most = KEPT_BYTES / (2 * STEP);
        for _ in 0..3 {
            let all: Vec<_> = (0..most + 5).map(|_| Memory::<Odd>::new()).collect();
            assert_eq!(kept(1), 0);
            drop(all);
            assert_eq!(kept(1), most);
        }
        drop(Memory::<[u8; 2 * STEP + 1]>::new());
        assert_eq!((kept(0), kept(1), kept(2)), (0, most, 1));
    }

    #[test]
    fn a_thread_that_ends_keeps_nothing() {
        /// Uses the pool when it is dropped, after the pool's own end.
        struct Late;
        impl Drop for Late {
            fn drop(&mut self) {
                assert!(OWNER.try_with(|_| ()).is_err(), "too early to prove anything");
                drop(Memory::<u64>::new());
                assert_eq!(kept(0), 0);
            }
        }
        thread_local!(static LATE: Late = const { Late });
        let thread = std::thread::spawn(|| {
            // The first one used is the last one destroyed.
            LATE.with(|_| ());
            drop(Memory::<u64>::new());
            assert_eq!(kept(0), 1);
        });
        assert!(thread.join().is_ok());
    }
}
