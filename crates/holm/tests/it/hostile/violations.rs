//! Peers that break the protocol: each is told how, and another peer's calls go on.

use holm::{Code, Compression};
use holm_wire::Codec;

use super::actors::Hoard;
use super::attacker::Attacker;
use super::frames::{CHUNK, Chunk, LAST, call, compressed, define, frame};
use super::honest::Calm;
use super::victim::{LITTLE_BYTES, LITTLE_MESSAGE, Over, Room, Victim};

/// The longest chunk.
const CHUNK_BYTES: usize = 65 << 10;

/// The lz4 block of so many zeros.
fn zeros(length: usize) -> Vec<u8> {
    Codec::new(Compression::Lz4).compress(&vec![0; length]).unwrap().to_vec()
}

/// What is sent, and the code and words that the session is closed with.
type Case = (Vec<u8>, Code, &'static str);

fn requests() -> [Case; 3] {
    let asking = |ids: [u64; 2]| {
        let calls = ids.map(|id| call(id, "hoard", 0, Some(1))).concat();
        [define::<Hoard>(0, "ask"), calls].concat()
    };
    [
        (asking([1, 2]), Code::InvalidRequest, "request 2: wrong parity"),
        (asking([1, 0]), Code::InvalidRequest, "id"),
        (asking([1, 1]), Code::InvalidRequest, "request 1: already in flight"),
    ]
}

fn chunks() -> [Case; 7] {
    let data = [0; CHUNK_BYTES];
    let first = Chunk::first(0, 3 * CHUNK_BYTES as u64);
    let two = |then: Vec<u8>| [first.frame(&data), then].concat();
    let open = |count: u64, total: usize| -> Vec<u8> {
        let firsts =
            (0..count).map(|n| Chunk::first(n, total as u64).frame(&data[..CHUNK_BYTES / 4]));
        firsts.flatten().collect()
    };
    let last = Chunk { flags: CHUNK | LAST, ..first.next(1) };
    [
        (two(first.next(2).frame(&data)), Code::InvalidRequest, "out of sequence"),
        (two(first.frame(&data)), Code::InvalidRequest, "out of sequence"),
        (first.next(1).frame(&data), Code::InvalidRequest, "message number out of order"),
        (two(last.frame(&data)), Code::InvalidRequest, "does not end at the announced length"),
        (
            open(33, 2 * CHUNK_BYTES),
            Code::Overloaded,
            "chunk of message 32: too many messages open",
        ),
        (open(1, LITTLE_MESSAGE + 1), Code::TooLarge, "message too large"),
        (open(5, LITTLE_BYTES / 4), Code::Overloaded, "too many bytes in open messages"),
    ]
}

fn bombs() -> [Case; 4] {
    let longest = CHUNK_BYTES as u64;
    let chunk = Chunk::first(0, 2 * longest);
    let (too_long, corrupt) = ("stands for more bytes than a chunk", "does not decompress");
    [
        (compressed(u64::MAX, &zeros(CHUNK_BYTES)), Code::TooLarge, too_long),
        (compressed(2_000, &zeros(CHUNK_BYTES)), Code::InvalidRequest, corrupt),
        (
            chunk.compressed(longest + 1).frame(&zeros(CHUNK_BYTES)),
            Code::TooLarge,
            "chunk too long",
        ),
        (chunk.compressed(longest).frame(&zeros(32 * CHUNK_BYTES)), Code::InvalidRequest, corrupt),
    ]
}

fn frames() -> [Case; 3] {
    [
        (frame(0x7f, 1, 0, &[]), Code::InvalidRequest, "unknown frame kind 0x7f"),
        (frame(0x12, 0, 0, &[]), Code::InvalidRequest, "in class 0"),
        (frame(0x12, 0x41, 0, &[]), Code::InvalidRequest, "class and flags"),
    ]
}

async fn break_the_protocol(over: Over) {
    let victim = Victim::start(over, Room::Little);
    let mut calm = Calm::start(&victim).await;
    let cases = requests().into_iter().chain(chunks()).chain(bombs()).chain(frames());
    for (n, (bytes, code, words)) in cases.enumerate() {
        let mut attacker = Attacker::join(&victim, &format!("evil{n}@x"));
        attacker.write(&bytes);
        let (told, message) = attacker.closed();
        assert_eq!(told, code, "{words}: {message}");
        assert!(message.contains(words), "{words}: {message}");
        calm.goes_on().await;
    }
    calm.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_protocol_is_closed_with_its_code_over_tcp() {
    break_the_protocol(Over::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_breaks_the_protocol_is_closed_with_its_code_over_tls() {
    break_the_protocol(Over::Tls).await;
}
