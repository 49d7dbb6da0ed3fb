//! What an idle actor costs.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use holm_actor::{Actor, Context, PlainApi};

use crate::support::system;

thread_local! {
    /// Bytes allocated and not freed by this thread; other tests run on others.
    static LIVE: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LIVE.try_with(|live| live.set(live.get() + layout.size() as isize));
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        let _ = LIVE.try_with(|live| live.set(live.get() - layout.size() as isize));
        // SAFETY: the caller keeps to the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes allocated and not freed by this thread.
pub(crate) fn live_bytes() -> isize {
    LIVE.get()
}

const ACTORS: isize = 4_096;

/// Most bytes that an idle actor with a small state takes, its task and its share of the
/// table included.
const IDLE_BYTES_MAX: isize = 1_024;

struct Small(u64);

impl Actor for Small {
    type Msg = u64;
    type Api = PlainApi<Self>;
    async fn handle(&mut self, by: u64, _cx: &mut Context<Self>) {
        self.0 += by;
    }
}

#[tokio::test]
async fn an_idle_actor_is_small() {
    let system = system();
    let mut actors = Vec::with_capacity(ACTORS as usize);
    let before = LIVE.get();
    for n in 0..ACTORS {
        actors.push(system.spawn(Small(n as u64)));
    }
    tokio::task::yield_now().await;
    let fresh = (LIVE.get() - before) / ACTORS;
    for actor in &actors {
        actor.tell(1).unwrap();
    }
    tokio::task::yield_now().await;
    let used = (LIVE.get() - before) / ACTORS;
    println!("an idle actor takes {fresh} bytes, {used} after its first message");
    assert!((64..=IDLE_BYTES_MAX).contains(&fresh), "{fresh} bytes");
    assert!(used <= 3 * IDLE_BYTES_MAX, "{used} bytes");
    system.shutdown("").await;
    drop(actors);
    let left = (LIVE.get() - before) / ACTORS;
    assert!(left < 100, "{left} bytes left of each actor");
}

/// Most bytes that a timer with a small message takes while it waits.
const TIMER_BYTES_MAX: isize = 384;

#[tokio::test]
async fn a_timer_is_small() {
    let system = system();
    let actor = system.spawn(Small(0));
    drop(system.send_after(Duration::ZERO, &actor, 1).unwrap());
    let before = LIVE.get();
    for n in 0..ACTORS {
        drop(system.send_after(Duration::from_secs(n as u64 % 100 + 3_600), &actor, 1).unwrap());
    }
    let each = (LIVE.get() - before) / ACTORS;
    println!("a timer takes {each} bytes");
    assert!((64..=TIMER_BYTES_MAX).contains(&each), "{each} bytes");
    system.shutdown("").await;
    let left = (LIVE.get() - before) / ACTORS;
    assert!(left < 8, "{left} bytes left of each timer");
}
