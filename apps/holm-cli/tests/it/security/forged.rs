//! A stranger who writes into the logs of others.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use holm_wire::Code;
use holm_wire::handshake::Reject;

use super::Keyring;

/// Begins a line of its own, and turns it red.
const FORGED: &str = "x\n2026-01-01T00:00:00Z INFO holm_node: session began peer=evil\u{1b}[31m";
const SHOWN: &str = "x\\n2026-01-01T00:00:00Z INFO holm_node: session began peer=evil\\u{1b}[31m";

fn forged() -> Vec<u8> {
    let mut frame = Vec::new();
    Reject::new(Code::Internal, FORGED).send(&mut frame);
    frame
}

#[test]
fn a_refusal_is_one_line_of_the_log() {
    let ring = Keyring::new();
    let mut node = ring.node("tcp:127.0.0.1:0", "");
    let mut stranger = TcpStream::connect(node.at().trim_start_matches("tcp:")).unwrap();
    stranger.write_all(&forged()).unwrap();
    let line = node.logs("a connection was refused");
    assert!(line.ends_with(SHOWN), "{line}");

    let door = TcpListener::bind("127.0.0.1:0").unwrap();
    let ping = ring.ping(&format!("tcp:{}", door.local_addr().unwrap()), "");
    let (mut dialled, _) = door.accept().unwrap();
    dialled.read_exact(&mut [0]).unwrap();
    dialled.write_all(&forged()).unwrap();
    let ended = ping.fails(SHOWN);
    assert!(!ended.err.contains('\u{1b}'), "{}", ended.err);
}
