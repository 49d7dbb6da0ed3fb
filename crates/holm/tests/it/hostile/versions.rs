//! Peers of other versions, and of other protocols.

use std::io::Write;
use std::net::{TcpListener, TcpStream};

use holm::Code;
use holm_wire::handshake::{Features, HandshakeReader};
use holm_wire::varint;

use super::actors::Hoard;
use super::attacker::{Attacker, Said, hello, introduction, next_frame, refusal, tls};
use super::frames::{CHUNK, LAST, call, define, frame};
use super::honest::Honest;
use super::victim::{Over, PATIENCE, Room, Victim};

/// Bits that mean nothing yet.
const LATER: Features = Features(1 << 40 | 1 << 63);

/// Ranges that hold version 1, older and newer ones.
const GOOD: [(u16, u16); 3] = [(1, 1), (0, 1), (1, 9)];
/// Ranges that do not.
const BAD: [(u16, u16); 2] = [(0, 0), (2, 9)];

/// An introduction as another version sends it: its range, and a field that nobody knows.
fn by_version(versions: (u16, u16)) -> impl FnOnce(Vec<u8>) -> Vec<u8> {
    move |sent| {
        let (_, width) = varint::decode(&sent).unwrap();
        let (head, payload) = sent[width..].split_at(3);
        let magic = &payload[..4];
        let (oldest, newest) = (versions.0.to_le_bytes(), versions.1.to_le_bytes());
        let field = [0xc8, 0x01, 3, 1, 2, 3];
        let payload = [magic, &oldest, &newest, &payload[8..], &field].concat();
        frame(head[0], head[1], 0, &payload)
    }
}

/// Frames that a later version may send: in every class, with and without id, a chunked one. `message` is
/// that one's number.
fn unknown_kinds(message: u8) -> Vec<u8> {
    let small = (0..=4).flat_map(|class| frame(0x80 + class, class, u64::from(class), &[1, 2, 3]));
    let last = frame(0xff, CHUNK | LAST | 4, 0, &[message, 0, 5, 1, 2, 3, 4, 5]);
    small.chain(last).collect()
}

/// A call comes through behind what is skipped, and its answer back.
fn talk(mut peer: Attacker, id: u64) {
    let before = [unknown_kinds(0), define::<Hoard>(0, "give")].concat();
    peer.write(&[before, call(id, "hoard", 0, Some(3)), unknown_kinds(1)].concat());
    loop {
        match peer.next().expect("the session lives") {
            Said::Answered { id: of, body } => {
                assert_eq!((of, &body[..]), (id, &[3, 7, 7, 7][..]));
                return;
            }
            Said::Else => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_minor_versions_dial() {
    let victim = Victim::start(Over::Tcp, Room::Usual);
    for (n, versions) in GOOD.into_iter().enumerate() {
        let mut hello = hello(&format!("other{n}@x"));
        hello.from.features = LATER.with(Features::STREAMS);
        let peer = Attacker::dial(&victim, hello, by_version(versions));
        talk(peer.unwrap_or_else(|told| panic!("{versions:?}: {told:?}")), 1);
    }
    for versions in BAD {
        let dialled = Attacker::dial(&victim, hello("other@x"), by_version(versions));
        let reject = dialled.err().expect("it was accepted");
        assert_eq!(reject.code, Code::UnsupportedVersion);
        assert!(reject.message.ends_with(", this node 1"), "{reject}");
        victim.logs(&reject.message);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_minor_versions_are_dialled() {
    let victim = Victim::start(Over::Tcp, Room::Usual);
    let honest = Honest::join(&victim, "honest@x").await;
    // Each at a place of its own: where one is known to be, it is not dialled beside its session.
    let dial = || {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = format!("tcp:{}", listener.local_addr().unwrap());
        let witness = honest.witness.clone();
        (listener, tokio::spawn(async move { witness.dial(at).await.unwrap() }))
    };
    // The victim commits, or the peer does.
    for name in ["other", "zother"] {
        for (n, versions) in GOOD.into_iter().enumerate() {
            let name = format!("{name}{n}@x");
            let (listener, dialling) = dial();
            let mut ours = introduction(&name);
            (ours.features, ours.token) = (LATER.with(Features::STREAMS), None);
            let peer = Attacker::accept(&listener, ours, by_version(versions));
            let peer = peer.unwrap_or_else(|told| panic!("{versions:?}: {told:?}"));
            assert_eq!(dialling.await.unwrap(), Ok(name));
            talk(peer, 2);
        }
    }
    for versions in BAD {
        let (listener, dialling) = dial();
        let accepted = Attacker::accept(&listener, introduction("other@x"), by_version(versions));
        let reject = accepted.err().expect("it was accepted");
        assert_eq!(reject.code, Code::UnsupportedVersion);
        let why = dialling.await.unwrap().unwrap_err();
        assert!(why.contains(&*reject.message), "{why}: {reject}");
    }
}

/// Each reads why it is refused in the frame that no version changes, and the victim logs it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_protocols_get_a_readable_refusal() {
    let (plain, secured) =
        (Victim::start(Over::Tcp, Room::Usual), Victim::start(Over::Tls, Room::Usual));
    let (mut ours, mut client_hello) = (Vec::new(), Vec::new());
    let _ = holm_wire::handshake::dial(hello("other@x"), &mut ours);
    tls(&secured).write_tls(&mut client_hello).unwrap();
    let magic = ours.windows(4).position(|bytes| bytes == b"HOLM").unwrap();
    let mut old_magic = ours.clone();
    old_magic[magic..magic + 4].copy_from_slice(b"HLM0");
    let http = b"GET / HTTP/1.1\r\nHost: holm\r\n\r\n".to_vec();
    for (victim, words, told) in [
        (&plain, &http, "the peer speaks HTTP"),
        (&plain, &old_magic, "`magic` is not HOLM"),
        (&plain, &client_hello, "the peer speaks TLS"),
        (&secured, &http, "the peer speaks HTTP"),
        (&secured, &old_magic, "`magic` is not HOLM"),
        (&secured, &ours, "this port speaks TLS"),
    ] {
        let mut stream = TcpStream::connect(victim.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(words).unwrap();
        let reject = refusal(next_frame(&mut stream, &mut HandshakeReader::new()));
        assert_eq!(reject.code, Code::InvalidRequest, "{reject}");
        assert!(reject.message.contains(told), "{told}: {reject}");
        victim.logs(&reject.message);
    }
}
