//! The lock of a life. Unit tests that use one run under shuttle.

#[cfg(test)]
pub(crate) use explored::Mutex;
#[cfg(not(test))]
pub(crate) use parking_lot::Mutex;

#[cfg(test)]
mod explored {
    use std::ops::{Deref, DerefMut};

    use shuttle::thread;

    /// Lets others run after it unlocks, so that what is done between two locks is a step of its
    /// own, together with the second: who is not found and who is found dead answer alike. Nobody
    /// runs while it is locked, unless its holder has locked and unlocked another one.
    #[derive(Debug, Default)]
    pub(crate) struct Mutex<T>(parking_lot::Mutex<T>);

    pub(crate) struct Guard<'a, T>(Option<parking_lot::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(parking_lot::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            Guard(Some(self.0.try_lock().expect("a thread locks one life at a time")))
        }
    }

    impl<T> Deref for Guard<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            self.0.as_ref().expect("locked until dropped")
        }
    }

    impl<T> DerefMut for Guard<'_, T> {
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("locked until dropped")
        }
    }

    impl<T> Drop for Guard<'_, T> {
        fn drop(&mut self) {
            self.0 = None;
            thread::yield_now();
        }
    }
}
