//! A relay that changes one bit of what a Noise dialler says before it is answered.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::time::timeout;

use super::flight::{Piece, pieces};
use super::program::{Ended, PATIENCE};
use super::{Keyring, Node};

/// Attempts at once: enough to use what a small machine has.
const AT_ONCE: usize = 4;
/// Beside one bit of each piece, one in so many of all is changed; with `HOLM_LONG=1`, every one.
const STRIDE: usize = 97;

const ALTERED: &str = "the Noise handshake does not verify: it was altered on its way";
const BAD_HELLO: &str = "the peer's Hello is wrong: field `";
const FOREIGN: &str = "the peer speaks an unknown protocol; this port speaks the Holm protocol";
const BROKEN: &str = "the peer broke the protocol: ";
const SLOW: &str = "the peer did not complete the handshake within 5s";
const CUT: &str = "the connection broke during the handshake: unexpected end of file";
/// A Hello that has become a Reject.
const REFUSED: &str = "the peer refused: invalid_request: ";

/// With what the reason may begin, by what was changed.
fn reasons(piece: &str) -> &'static [&'static str] {
    match piece {
        "the Hello's length" => &[BAD_HELLO, FOREIGN, BROKEN],
        "the Hello's kind" => &[FOREIGN, BROKEN, REFUSED],
        "the Hello's class" => &[FOREIGN],
        "the Hello's id" => &["the peer's Hello is wrong: field `id` is not 0"],
        "magic" => &["the peer's Hello is wrong: field `magic` is not HOLM"],
        "the key's length" => &[ALTERED, BROKEN, SLOW],
        "the key's kind" => &[BROKEN, "the peer sent Proof where Noise was due"],
        "the key's class" => &[BROKEN],
        "the key's id" => &["the peer's Noise is wrong: field `id` is not 0"],
        "the key" | "the envelope" => &[ALTERED],
        // The versions, and the other fields with their heads: one may become a field of a later version.
        _ => &[ALTERED, BAD_HELLO],
    }
}

#[test]
fn any_bit_changed_of_what_a_dialler_says_first_ends_the_connection() {
    let mut world = World::new();
    let flight = world.right();
    let end = flight.last().unwrap().bytes.end;
    let is_long = env::var("HOLM_LONG").as_deref() == Ok("1");
    let one_of_each = flight.iter().map(|piece| piece.bytes.start.midpoint(piece.bytes.end) * 8);
    let mut bits: Vec<_> = match is_long {
        true => (0..8 * end).collect(),
        false => one_of_each.chain((0..8 * end).step_by(STRIDE)).collect(),
    };
    bits.sort_unstable();
    bits.dedup();
    for some in bits.chunks(AT_ONCE) {
        let refused = world.refused(some);
        let log: Vec<_> =
            some.iter().map(|_| world.node.logs("a connection was refused")).collect();
        refused.iter().for_each(|attempt| attempt.check(&log));
        world.right();
    }
    println!("{} of {} bits", bits.len(), 8 * end);
    let rights = 1 + bits.len().div_ceil(AT_ONCE);
    let began = world.node.ends().matches("session began").count();
    assert_eq!(began, rights, "the right ones alone");
}

/// A node, and all that it takes to be relayed to it.
struct World {
    ring: Keyring,
    node: Node,
    runtime: Runtime,
}

/// What came of a ping through the relay.
struct Attempt {
    bit: Option<usize>,
    from: Ipv4Addr,
    flight: Vec<Piece>,
    ended: Ended,
}

impl World {
    fn new() -> Self {
        let ring = Keyring::new();
        let node = ring.node("noise:127.0.0.1:0", "--noise-key n-node --peer $n-ping");
        Self { ring, node, runtime: Runtime::new().unwrap() }
    }

    /// A ping through the relay, which changes this bit.
    fn attempt(&self, bit: Option<usize>) -> Attempt {
        // Each from an address of its own: the node lets no address fail often.
        let number = bit.map_or(1, |bit| bit + 2);
        let from = Ipv4Addr::from_bits(0x7f01_0000 + u32::try_from(number).unwrap());
        let to = self.node.at().strip_prefix("noise:").unwrap().parse().unwrap();
        let door = self.runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let at = format!("noise:{}", door.local_addr().unwrap());
        let ping = self.ring.ping(&at, "--noise-key n-ping --peer $n-node");
        let relaying = async { timeout(PATIENCE, relay(door, from, to, bit)).await };
        let flight = self.runtime.block_on(relaying).unwrap();
        let ended = ping.end();
        Attempt { bit, from, flight, ended }
    }

    /// Attempts at the same time, each with one of these bits changed.
    fn refused(&self, bits: &[usize]) -> Vec<Attempt> {
        std::thread::scope(|scope| {
            let attempts = bits.iter().map(|bit| scope.spawn(|| self.attempt(Some(*bit))));
            let attempts: Vec<_> = attempts.collect();
            attempts.into_iter().map(|attempt| attempt.join().unwrap().refused()).collect()
        })
    }

    /// One that goes well; gives what was said first.
    fn right(&self) -> Vec<Piece> {
        let Attempt { ended, flight, .. } = self.attempt(None);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        flight
    }
}

impl Attempt {
    /// What was changed.
    fn changed(&self) -> &'static str {
        let byte = self.bit.unwrap() / 8;
        self.flight.iter().find(|piece| piece.bytes.contains(&byte)).unwrap().what
    }

    fn refused(self) -> Self {
        let Ended { code, out, err } = &self.ended;
        assert_eq!((*code, &**out), (Some(1), ""), "{}, bit {:?}: {err}", self.changed(), self.bit);
        self
    }

    /// Looks what the ping and the line of the node's log about it say.
    fn check(&self, log: &[String]) {
        let from = format!("from=tcp:{}:", self.from);
        let line = log.iter().find(|line| line.contains(&from)).unwrap();
        let (_, node) = line.split_once("failure=").unwrap();
        let (_, dialler) = self.ended.err.split_once("error: no session with noise:").unwrap();
        let (_, dialler) = dialler.split_once(": ").unwrap();
        let (why, changed) = (reason(dialler.trim_end_matches('\n'), node), self.changed());
        let is_due = reasons(changed).iter().any(|due| why.starts_with(due));
        assert!(is_due, "{changed}, bit {:?}: {why}", self.bit);
    }
}

/// Why there is no session, as the side says that found it. The other one says that it was told.
fn reason<'a>(dialler: &'a str, node: &'a str) -> &'a str {
    let told = |says: &'a str| says.strip_prefix("the peer refused: ")?.split_once(": ");
    match (told(dialler), told(node)) {
        (Some(("invalid_request" | "unauthorized", why)), None) if why == node => node,
        (None, Some(("unauthorized", why))) if why == dialler => dialler,
        // Both wait, and one gives up first, or both do at once.
        (None, None) if [(SLOW, CUT), (CUT, SLOW), (SLOW, SLOW)].contains(&(dialler, node)) => SLOW,
        (None, Some(_)) if dialler == CUT && node.starts_with(REFUSED) => node,
        _ => panic!("{dialler} | {node}"),
    }
}

/// Relays the next connection to `to`, from the address `from`, until it has ended. Gives what the bit
/// was changed in, in pieces.
async fn relay(
    door: TcpListener,
    from: Ipv4Addr,
    to: SocketAddr,
    bit: Option<usize>,
) -> Vec<Piece> {
    let mut near = door.accept().await.unwrap().0;
    let (mut flight, pieces) = first_flight(&mut near).await;
    if let Some(bit) = bit {
        flight[bit / 8] ^= 1 << (bit % 8);
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((from, 0).into()).unwrap();
    let mut far = socket.connect(to).await.unwrap();
    far.write_all(&flight).await.unwrap();
    // An end may come as an error.
    let _ = copy_bidirectional(&mut near, &mut far).await;
    pieces
}

/// All that the dialler says before it is answered.
async fn first_flight(dialler: &mut TcpStream) -> (Vec<u8>, Vec<Piece>) {
    let mut flight = Vec::new();
    loop {
        assert_ne!(dialler.read_buf(&mut flight).await.unwrap(), 0, "all of it, then the end");
        if let Some(pieces) = pieces(&flight) {
            return (flight, pieces);
        }
    }
}
