//! `Lazy`: a boxed value made when first needed, in the space of a pointer.

use std::ptr;

use crate::sync::{AtomicPtr, Ordering};

/// Null, or a box that lives as long as this.
pub(crate) struct Lazy<T> {
    value: AtomicPtr<T>,
}

impl<T: Default> Lazy<T> {
    pub(crate) fn new() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()) }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        // SAFETY: set once, to a box that is freed with `self`.
        unsafe { self.value.load(Ordering::Acquire).as_ref() }
    }

    pub(crate) fn value_or_default(&self) -> &T {
        if let Some(value) = self.value() {
            return value;
        }
        let new = Box::into_raw(Box::<T>::default());
        let set =
            self.value.compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        match set {
            // SAFETY: it was shared just now and is freed with `self`.
            Ok(_) => unsafe { &*new },
            Err(other) => {
                // SAFETY: `new` was not shared.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: as in `value`.
                unsafe { &*other }
            }
        }
    }
}

impl<T> Drop for Lazy<T> {
    fn drop(&mut self) {
        let value = self.value.load(Ordering::Acquire);
        if !value.is_null() {
            // SAFETY: made by `Box::into_raw`; no borrow of it outlives `self`.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}
