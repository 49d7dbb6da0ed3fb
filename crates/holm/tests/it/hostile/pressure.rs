//! Peers that go by the protocol and ask for too much.

use std::collections::BTreeSet;

use holm::{Code, Compression};
use holm_wire::Codec;

use super::actors::Hoard;
use super::attacker::{Attacker, Said};
use super::frames::{Chunk, call, cancel, define};
use super::honest::{Calm, Honest};
use super::victim::{LITTLE_BYTES, LITTLE_MESSAGE, Over, Room, Victim};

const MIB: u64 = 1 << 20;

/// Messages of zeros, as many and as large as the victim takes, each all but complete: 300 bytes
/// for each 64 KiB. The next one is too much, and then all is given back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_compression_bomb_holds_is_bounded() {
    const CHUNK: usize = 64 << 10;
    let victim = Victim::start(Over::Tcp, Room::Little);
    let mut calm = Calm::start(&victim).await;
    let honest = Honest::join(&victim, "honest@x").await;
    let mut attacker = Attacker::join(&victim, "evil@x");
    let zeros = Codec::new(Compression::Lz4).compress(&vec![0; CHUNK]).unwrap().to_vec();
    let (before, _) = honest.witness.memory().await.unwrap();
    let mut sent = 0;
    for message in 0..=(LITTLE_BYTES / LITTLE_MESSAGE) as u64 {
        let first = Chunk::first(message, LITTLE_MESSAGE as u64).compressed(CHUNK as u64);
        for sequence in 0..(LITTLE_MESSAGE / CHUNK) as u64 - 1 {
            let frame = first.next(sequence).frame(&zeros);
            sent += frame.len();
            attacker.write(&frame);
        }
    }
    let (code, message) = attacker.closed();
    assert_eq!(code, Code::Overloaded, "{message}");
    let (_, peak) = honest.witness.memory().await.unwrap();
    let (held, max) = (peak - before, LITTLE_BYTES as u64);
    // A message that grows is there twice for a moment.
    assert!(held < max + LITTLE_MESSAGE as u64, "{held} bytes");
    assert!(held > max / 2 && held > 50 * sent as u64, "no bomb: {held} bytes for {sent}");
    honest.holds_at_most(before + MIB).await;
    calm.goes_on().await;
    calm.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_cancels_ends_its_own_session() {
    let victim = Victim::start(Over::Tcp, Room::Little);
    let calm = Calm::start(&victim).await;
    let honest = Honest::join(&victim, "honest@x").await;
    let mut attacker = Attacker::join(&victim, "evil@x");
    attacker.write(&(0..10_000).flat_map(|n| cancel(2 * n + 1)).collect::<Vec<_>>());
    assert_eq!(attacker.closed(), (Code::Overloaded, "too many cancels".to_owned()));
    assert_eq!(honest.witness.floods().await, Ok(1));
    calm.end().await;
}

/// Calls for large replies, and reads nothing: most are refused in place of being queued. When it
/// does read, every call was answered one way or the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_reader_that_never_reads_holds_is_bounded() {
    const REPLY: u64 = 60_000;
    /// 16 MiB are queued for the actors of one peer; what grows is there twice for a moment.
    const HELD_MAX: u64 = 56 * MIB;
    let calls = if std::env::var_os("HOLM_LONG").is_some() { 40_000 } else { 4_000 };
    assert!(calls * REPLY > 4 * HELD_MAX);
    let victim = Victim::start(Over::Tcp, Room::Usual);
    let mut calm = Calm::start(&victim).await;
    let honest = Honest::join(&victim, "honest@x").await;
    let mut attacker = Attacker::join(&victim, "evil@x");
    let (before, _) = honest.witness.memory().await.unwrap();
    attacker.write(&[define::<Hoard>(0, "give"), define::<Hoard>(1, "mark")].concat());
    for n in 0..calls {
        attacker.write(&call(2 * n + 1, "hoard", 0, Some(REPLY)));
    }
    attacker.write(&call(2 * calls + 1, "hoard", 1, None));
    honest.saw("marked").await;
    calm.goes_on().await;
    let (_, peak) = honest.witness.memory().await.unwrap();
    assert!(peak - before < HELD_MAX, "{} bytes", peak - before);

    let mut open: BTreeSet<u64> = (0..=calls).map(|n| 2 * n + 1).collect();
    let (mut answered, mut refused) = (0, 0);
    while !open.is_empty() {
        match attacker.next().expect("the session lives") {
            Said::Answered { id, .. } => {
                answered += u64::from(open.remove(&id));
            }
            Said::Refused { id, error } => {
                assert_eq!(error.code, Code::Overloaded);
                refused += u64::from(open.remove(&id));
            }
            Said::Closed { code, message } => panic!("closed: {code}, {message}"),
            Said::Else => {}
        }
    }
    assert!(
        answered * REPLY > MIB && refused > calls / 2,
        "{answered} answered, {refused} refused"
    );
    calm.end().await;
}
