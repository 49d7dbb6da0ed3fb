//! A relay that ends TLS on both sides with certificates of its own, and passes on every word.

use super::attacker::Attacker;
use super::program::Ended;
use super::{Keyring, WRONG_PROOF};

const TLS: &str = "tls:127.0.0.1:0";
const COOKIE: &str = "--cookie-file cookie";

/// Both have the right cookie. It is the channel that their proofs are for another one of.
#[test]
fn a_relay_with_certificates_of_its_own_is_refused() {
    let (ring, attacker) = (Keyring::new(), Attacker::new());
    let mut node = ring.node(TLS, COOKIE);
    ring.ping(node.at(), COOKIE).succeeds();
    node.logs("session ended");

    let (ended, [there, back]) = relayed(&ring, &attacker, node.at(), COOKIE);
    assert_eq!((ended.code, &*ended.out), (Some(1), ""));
    let refused = format!("the peer refused: unauthorized: {WRONG_PROOF}\n");
    assert!(ended.err.ends_with(&refused), "{}", ended.err);
    assert!(!ended.err.contains("session began"), "{}", ended.err);
    // The attacker reads all, but for the cookie.
    assert!(contains(&there, "ping@127.0.0.1") && contains(&back, "node@127.0.0.1"));

    let line = node.logs("a connection was refused");
    assert!(line.ends_with(&format!("failure={WRONG_PROOF}")), "{line}");
    ring.ping(node.at(), COOKIE).succeeds();
    assert_eq!(node.ends().matches("session began").count(), 2, "one before and one after");
}

/// The same relay, where anybody is let in: what refuses it above is the proof alone.
#[test]
fn whoever_lets_in_anybody_is_relayed() {
    let (ring, attacker) = (Keyring::new(), Attacker::new());
    ring.write("open.toml", "peers = 'open'");
    let open =
        |own| format!("--self-signed --cert {own}/cert.pem --key {own}/key.pem --access open.toml");
    let node = ring.node(TLS, &open("own-node"));
    let (ended, [there, back]) = relayed(&ring, &attacker, node.at(), &open("own-ping"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(contains(&there, "ping@127.0.0.1") && contains(&back, "node@127.0.0.1"));
}

/// How a ping ends that goes through the relay, and what either side said there.
fn relayed(ring: &Keyring, attacker: &Attacker, to: &str, args: &str) -> (Ended, [Vec<u8>; 2]) {
    attacker.runs(async {
        let mut door = attacker.open().await;
        let ping = ring.ping(&door.at, args);
        let said = attacker.relay(&mut door, to).await;
        (ping.end(), said)
    })
}

fn contains(heard: &[u8], text: &str) -> bool {
    heard.windows(text.len()).any(|window| window == text.as_bytes())
}
