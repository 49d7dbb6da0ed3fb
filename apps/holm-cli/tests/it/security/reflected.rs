//! Proofs of the cookie, sent back to who made them or used again, by one who cannot make any.

use holm_wire::handshake::{
    AwaitChallenge, AwaitHello, Binding, HandshakeFrame, Hello, Nonce, dial_with_cookie,
};

use super::attacker::{Attacker, Frames, hello};
use super::{Keyring, Program, WRONG_PROOF};

const TLS: &str = "tls:127.0.0.1:0";
const COOKIE: &str = "--cookie-file cookie";

/// Goes into proofs alone, and the attacker makes none.
const NONE: Binding = Binding([0; 32]);

/// The attacker says of itself what the dialler said, but for the name, and then the dialler's proof.
#[test]
fn a_proof_sent_back_to_the_dialler_is_refused() {
    let (ring, attacker) = (Keyring::new(), Attacker::new());
    attacker.runs(async {
        let mut door = attacker.open().await;
        let ping = ring.ping(&door.at, COOKIE);
        let mut frames = Frames::new(attacker.accept(&mut door).await);
        let said = frames.hello().await.0;
        let mut ours = said.clone();
        ours.from.node = "node@127.0.0.1".parse().unwrap();
        frames.write(&challenge(&said, &ours)).await;
        let mut answer = frames.proof().await;
        answer.extend(welcome(said, ours));
        frames.write(&answer).await;
        assert_eq!(frames.refusal().await, format!("unauthorized: {WRONG_PROOF}"));
        fails_by_itself(ping);
    });
}

/// Two have the cookie, and each is given the other's words and the proof that it made for them.
#[test]
fn a_proof_of_another_dialler_is_refused() {
    let (ring, attacker) = (Keyring::new(), Attacker::new());
    attacker.runs(async {
        let mut door = attacker.open().await;
        let ping = |name: &str| ring.ping(&door.at, &format!("{COOKIE} --name {name}"));
        let (a, b) = (ping("a@127.0.0.1"), ping("b@127.0.0.1"));
        let mut one = Frames::new(attacker.accept(&mut door).await);
        let mut two = Frames::new(attacker.accept(&mut door).await);
        let (of_one, of_two) = (one.hello().await.0, two.hello().await.0);
        one.write(&challenge(&of_one, &of_two)).await;
        two.write(&challenge(&of_two, &of_one)).await;
        let (by_one, by_two) = (one.proof().await, two.proof().await);
        one.write(&by_two).await;
        two.write(&by_one).await;
        for mut frames in [one, two] {
            assert_eq!(frames.refusal().await, format!("unauthorized: {WRONG_PROOF}"));
        }
        fails_by_itself(a);
        fails_by_itself(b);
    });
}

/// A node proves nothing to who has not, not even if another connection asks for the very proof that
/// it waits for on the first. And what a dialler proves elsewhere it proves there.
#[test]
fn a_node_gives_no_proof_and_takes_none_of_elsewhere() {
    let (ring, attacker) = (Keyring::new(), Attacker::new());
    let mut node = ring.node(TLS, COOKIE);
    let wrong = format!("unauthorized: {WRONG_PROOF}");
    let out_of_order = "the peer sent Challenge where Proof was due";
    attacker.runs(async {
        let dial = async || Frames::new(attacker.dial(node.at()).await);
        let (mut first, mut second) = (dial().await, dial().await);
        first.write(&greet([7; 32]).0).await;
        let asked = first.challenge().await;

        let nonce = asked[asked.len() - 32..].try_into().unwrap();
        let (words, awaiting) = greet(nonce);
        second.write(&words).await;
        let (answer, reflected) = second.next().await;
        let mut guess = Vec::new();
        awaiting.handle_frame(answer, |_| nonce, &mut guess).expect("a challenge");
        second.write(&guess).await;
        assert_eq!(second.refusal().await, wrong);
        first.write(&reflected).await;
        assert_eq!(first.refusal().await, format!("invalid_request: {out_of_order}"));

        let mut door = attacker.open().await;
        let ping = ring.ping(&door.at, COOKIE);
        let mut elsewhere = Frames::new(attacker.accept(&mut door).await);
        let words = elsewhere.hello().await.1;
        elsewhere.write(&asked).await;
        let proof = elsewhere.proof().await;
        let mut third = dial().await;
        third.write(&words).await;
        third.challenge().await;
        third.write(&proof).await;
        assert_eq!(third.refusal().await, wrong);
        drop(elsewhere);
        assert_eq!(ping.end().code, Some(1));
    });
    let mut log = [(); 3].map(|()| node.logs("a connection was refused"));
    log.sort_by_key(|line| !line.ends_with(out_of_order));
    for (line, why) in log.iter().zip([out_of_order, WRONG_PROOF, WRONG_PROOF]) {
        assert!(line.ends_with(&format!("failure={why}")), "{line}");
    }
    ring.ping(node.at(), COOKIE).succeeds();
    assert_eq!(node.ends().matches("session began").count(), 1, "the right one alone");
}

/// A Hello that asks for a proof, and what may come after it.
fn greet(nonce: [u8; 32]) -> (Vec<u8>, AwaitChallenge) {
    let mut words = Vec::new();
    let awaiting = dial_with_cookie(hello(), Nonce(nonce), NONE, &mut words);
    (words, awaiting)
}

/// The Challenge of one who says `ours` of itself, down to the nonce.
fn challenge(said: &Hello, ours: &Hello) -> Vec<u8> {
    let mut words = Vec::new();
    let greeted = AwaitHello.handle_frame(HandshakeFrame::Hello(said.clone())).unwrap();
    let nonce = ours.from.nonce.unwrap();
    greeted.challenge(&ours.from, nonce, NONE, &mut words).unwrap();
    words
}

/// The Welcome of one who says so, as if all were proven.
fn welcome(mut said: Hello, mut ours: Hello) -> Vec<u8> {
    let mut words = Vec::new();
    (said.from.nonce, ours.from.nonce) = (None, None);
    let greeted = AwaitHello.handle_frame(HandshakeFrame::Hello(said)).unwrap();
    greeted.welcome(ours.from, &mut words).unwrap();
    words
}

/// The dialler itself finds the proof wrong, and has no session.
fn fails_by_itself(ping: Program) {
    let ended = ping.end();
    assert_eq!((ended.code, &*ended.out), (Some(1), ""));
    let (_, error) = ended.err.rsplit_once("error: no session with ").unwrap();
    let (_, why) = error.split_once(": ").unwrap();
    assert_eq!(why.trim_end(), WRONG_PROOF);
    assert!(!ended.err.contains("session began"), "{}", ended.err);
}
