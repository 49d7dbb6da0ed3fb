//! Stands before a node, and does not let everybody through at once.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Longest time for which what a connection brings is held back, in milliseconds.
const HELD_MAX_MS: u64 = 30;

/// Passes connections on to `to`; closes some of them at once, and holds others back before their first byte.
/// Where it listens. It ends with the process of the test.
pub(crate) fn start(to: &str, seed: u64) -> String {
    let to = to.strip_prefix("tcp:").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("tcp:{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut rng = StdRng::seed_from_u64(seed);
        for near in listener.incoming() {
            let (near, way) = (near.unwrap(), rng.random_range(0..4));
            let held = Duration::from_millis(rng.random_range(1..=HELD_MAX_MS));
            if way == 0 {
                continue;
            }
            let to = to.clone();
            thread::spawn(move || {
                if way == 1 {
                    thread::park_timeout(held);
                }
                let Ok(far) = TcpStream::connect(to) else { return };
                let (near_too, far_too) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                thread::spawn(move || pump(near_too, far_too));
                pump(far, near);
            });
        }
    });
    at
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = to.set_nodelay(true);
    let mut buffer = [0; 16 * 1024];
    while let Ok(n @ 1..) = from.read(&mut buffer) {
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
