//! Lengths that are only announced cost the victim nothing.

use std::io::Write;

use holm::Code;
use holm_wire::Kind;
use holm_wire::handshake::HandshakeReader;

use super::actors::Hoard;
use super::attacker::{Attacker, Said, connect, next_frame, refusal};
use super::frames::{ACTORS, CHUNK, FOUR_GIB, call, define};
use super::honest::Honest;
use super::victim::{Over, Room, Victim};

const MIB: u64 = 1 << 20;

/// The head of a chunk of 64 KiB, the first of a message of 60 MiB, without its data: length
/// 65,545, kind, flags, id 0, message 0, sequence 0, total.
const SIXTY_MIB: [u8; 12] =
    [0x89, 0x80, 0x04, Kind::Send as u8, ACTORS | CHUNK, 0, 0, 0, 0x80, 0x80, 0x80, 0x1e];

async fn announce(over: Over) {
    let victim = Victim::start(over, Room::Usual);
    let honest = Honest::join(&victim, "honest@x").await;
    let ended = honest.node.monitor_node(&honest.victim);
    let before = honest.witness.allocated().await.unwrap();

    let (mut stranger, mut reader) = (connect(&victim), HandshakeReader::new());
    stranger.write_all(&FOUR_GIB).unwrap();
    let reject = refusal(next_frame(&mut stranger, &mut reader));
    assert_eq!(reject.code, Code::InvalidRequest);

    let mut evil = Attacker::join(&victim, "evil@x");
    evil.write(&FOUR_GIB);
    let (code, message) = evil.closed();
    assert_eq!(code, Code::TooLarge);
    assert!(message.contains("frame of 4294967295 bytes"), "{message}");

    // In one segment with a call, whose answer says that it was read.
    let mut waits = Attacker::join(&victim, "waits@x");
    let call = [define::<Hoard>(0, "give"), call(1, "hoard", 0, Some(1))].concat();
    waits.write(&[&call[..], &SIXTY_MIB].concat());
    assert!(matches!(waits.next(), Some(Said::Answered { id: 1, .. })));

    let allocated = honest.witness.allocated().await.unwrap() - before;
    assert!(allocated < MIB, "{allocated} bytes");
    tokio::select! {
        biased;
        () = ended => panic!("the honest peer lost its session"),
        () = std::future::ready(()) => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_of_4_gib_allocates_nothing_over_tcp() {
    announce(Over::Tcp).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_of_4_gib_allocates_nothing_over_tls() {
    announce(Over::Tls).await;
}
