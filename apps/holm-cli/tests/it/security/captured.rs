//! What can be read between two nodes: a relay records every byte of both directions.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;

use super::Keyring;
use super::keyring::secret;

/// Not in anything but the payload.
const MARKER: &str = "a marker that occurs nowhere else: 4f1c-93aa-77d0-18be-c25e";

/// A way to connect, and what can be read on it.
struct Case {
    listen: &'static str,
    node: &'static str,
    ping: &'static str,
    readable: &'static [&'static str],
}

const PAYLOAD: &str = "payload";
const TOKEN: &str = "token";
const DIALLER: &str = "the dialler's name";
const ACCEPTOR: &str = "the acceptor's name";

const CASES: [Case; 8] = [
    Case {
        listen: "unix:s/node",
        node: "--token-file token",
        ping: "--token-file token",
        readable: &[PAYLOAD, TOKEN, DIALLER, ACCEPTOR],
    },
    // Consent to be read is consent to that, too.
    Case {
        listen: "tcp:127.0.0.1:0",
        node: "--allow-insecure --token-file token",
        ping: "--allow-insecure --token-file token",
        readable: &[PAYLOAD, TOKEN, DIALLER, ACCEPTOR],
    },
    // A cookie is never sent.
    Case {
        listen: "tcp:127.0.0.1:0",
        node: "--allow-insecure --cookie-file cookie",
        ping: "--allow-insecure --cookie-file cookie",
        readable: &[PAYLOAD, DIALLER, ACCEPTOR],
    },
    Case {
        listen: "tls:127.0.0.1:0",
        node: "--self-signed --cert own-node/cert.pem --key own-node/key.pem --peer $own-ping",
        ping: "--self-signed --cert own-ping/cert.pem --key own-ping/key.pem --peer $own-node",
        readable: &[],
    },
    Case {
        listen: "tls:127.0.0.1:0",
        node: "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem --token-file token",
        ping: "--cert ping/cert.pem --key ping/key.pem --ca ca/ca.pem --token-file token",
        readable: &[],
    },
    Case {
        listen: "tls:127.0.0.1:0",
        node: "--cookie-file cookie",
        ping: "--cookie-file cookie",
        readable: &[],
    },
    Case {
        listen: "tls:127.0.0.1:0",
        node: "--cert node/cert.pem --key node/key.pem --token-file token",
        ping: "--ca ca/ca.pem --token-file token",
        readable: &[],
    },
    // Its first Hello is in clear: the dialler's name.
    Case {
        listen: "noise:127.0.0.1:0",
        node: "--noise-key n-node --peer $n-ping --token-file token --cookie-file cookie",
        ping: "--noise-key n-ping --peer $n-node --token-file token --cookie-file cookie",
        readable: &[DIALLER],
    },
];

#[test]
fn a_relay_reads_only_what_is_in_clear() {
    let ring = Keyring::new();
    ring.write("payload", &MARKER.repeat(100));
    ring.write("relay", "");
    for case in &CASES {
        let node = ring.node(case.listen, case.node);
        let (at, relay) = relay(&ring, node.at());
        let said = ring
            .ping(&at, &format!("{} --count 2 --interval 0 --payload-file payload", case.ping))
            .succeeds();
        assert_eq!(said.out.matches("5900 bytes from node@127.0.0.1").count(), 2);
        let [there, back] = relay.join().unwrap();
        assert!(there.len() > 500 && back.len() > 500, "recorded {} {}", there.len(), back.len());
        for (what, text) in [
            (PAYLOAD, MARKER),
            (TOKEN, &secret("token")),
            ("cookie", &secret("cookie")),
            (DIALLER, "ping@127.0.0.1"),
            (ACCEPTOR, "node@127.0.0.1"),
        ] {
            let is_found = contains(&there, text) || contains(&back, text);
            assert_eq!(is_found, case.readable.contains(&what), "{what} on {at} {}", case.node);
        }
    }
}

fn contains(heard: &[u8], text: &str) -> bool {
    heard.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Where to connect instead, and what was said there: by the one who connected, and to it.
fn relay(ring: &Keyring, to: &str) -> (String, JoinHandle<[Vec<u8>; 2]>) {
    let (scheme, to) = to.split_once(':').unwrap();
    if scheme == "unix" {
        let (listener, to) = (UnixListener::bind(ring.path("s/relay")).unwrap(), ring.path(to));
        let relay = move || {
            let near = listener.accept().unwrap().0;
            let far = UnixStream::connect(to).unwrap();
            let ends = (near.try_clone().unwrap(), far.try_clone().unwrap());
            let close = |stream: &UnixStream| stream.shutdown(Shutdown::Write);
            between((near, ends.1), (far, ends.0), close)
        };
        return ("unix:s/relay".to_owned(), std::thread::spawn(relay));
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("{scheme}:{}", listener.local_addr().unwrap());
    let to = to.to_owned();
    let relay = move || {
        let near = listener.accept().unwrap().0;
        let far = TcpStream::connect(to).unwrap();
        let ends = (near.try_clone().unwrap(), far.try_clone().unwrap());
        let close = |stream: &TcpStream| stream.shutdown(Shutdown::Write);
        between((near, ends.1), (far, ends.0), close)
    };
    (at, std::thread::spawn(relay))
}

/// Copies both ways until both have ended.
fn between<S: Read + Write + Send>(
    there: (S, S),
    back: (S, S),
    close: impl Fn(&S) -> std::io::Result<()> + Sync,
) -> [Vec<u8>; 2] {
    let copy = |(mut from, mut to): (S, S)| {
        let (mut heard, mut buffer) = (Vec::new(), [0; 4096]);
        // An end may come as an error.
        while let Ok(n @ 1..) = from.read(&mut buffer) {
            heard.extend_from_slice(&buffer[..n]);
            if to.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = close(&to);
        heard
    };
    std::thread::scope(|scope| {
        let there = scope.spawn(|| copy(there));
        [copy(back), there.join().unwrap()]
    })
}
