//! Panics that are expected by the hundred, and not to be printed.

use std::cell::Cell;
use std::panic::{set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static HUSHED: Cell<bool> = const { Cell::new(false) };
}

/// Runs `run`, of whose panics on this thread nothing is printed.
pub(crate) fn hushed<T>(run: impl FnOnce() -> T) -> T {
    /// Ends the silence, also after a panic.
    struct Guard;
    impl Drop for Guard {
        fn drop(&mut self) {
            HUSHED.set(false);
        }
    }
    // There is one hook in a process: for other threads it stays what it was.
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let print = take_hook();
        set_hook(Box::new(move |panic| {
            if !HUSHED.get() {
                print(panic);
            }
        }));
    });
    HUSHED.set(true);
    let _guard = Guard;
    run()
}
