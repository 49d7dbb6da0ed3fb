//! Millions of lives, and the memory that they leave.

use holm_actor::{Inbox, Monitor};
use holm_wire::ExitReason;

use crate::size::live_bytes;
use crate::support::*;

const BATCH: u64 = 100;

/// Bytes that may come and go with the tables and caches of the system.
const SLACK: isize = 64 * 1024;

/// On one thread, whose allocations are counted: what a first tenth of them leaves is all that is
/// ever left.
#[tokio::test]
async fn lives_leave_no_memory_behind() {
    let cycles: u64 = if is_long() { 10_000_000 } else { 100_000 };
    let system = system();
    let mut first = 0;
    for batch in 1..=cycles / BATCH {
        let ends: Vec<Monitor> = (0..BATCH)
            .map(|n| {
                let pid = match n % 4 {
                    0 => {
                        let puppet = system.spawn(Puppet::default());
                        puppet.tell(quit(ExitReason::Normal)).unwrap();
                        puppet.pid()
                    }
                    1 => {
                        let puppet = system.spawn(Puppet::default());
                        puppet.kill();
                        puppet.pid()
                    }
                    2 => {
                        let peer = system.spawn(Puppet::default()).pid();
                        let puppet = system.spawn(Puppet::default());
                        puppet.tell(act(move |_, cx| cx.link(peer))).unwrap();
                        puppet.tell(quit(shutdown("s"))).unwrap();
                        peer
                    }
                    _ => system
                        .spawn_fn(|mut inbox: Inbox<()>| async move {
                            inbox.try_recv();
                        })
                        .pid(),
                };
                system.monitor(pid)
            })
            .collect();
        for end in ends {
            end.await;
        }
        if batch == cycles / BATCH / 10 {
            first = live_bytes();
        }
    }
    while system.actors() > 0 {
        tokio::task::yield_now().await;
    }
    let grown = live_bytes() - first;
    println!("{cycles} lives have left {grown} bytes");
    assert!(grown < SLACK, "{grown} bytes");
}
