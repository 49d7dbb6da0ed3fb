//! Somebody between two nodes, or a stranger at the door.

use std::future::poll_fn;
use std::io::IoSlice;
use std::sync::Arc;
use std::task::{Context, Poll};

use holm_env::{Connection, Endpoint, WriteHalf};
use holm_net::handshake::HandshakeFailure;
use holm_net::security::SecurityConfig;
use holm_net::{Security, TlsFailure, secure_accept, secure_dial};
use holm_wire::handshake::{
    AwaitHello, Binding, Foreign, HandshakeError, HandshakeFrame, HandshakeReader, Nonce,
};
use holm_wire::{Code, Kind};
use parking_lot::Mutex;
use tempfile::TempDir;

use crate::fixtures::*;
use crate::support::*;

const TLS: &str = "tls:localhost:4000";
const NOISE: &str = "noise:localhost:4000";

fn endpoint(at: &str) -> Endpoint {
    at.parse().unwrap()
}

/// Copies what one stream brings into the other, until either ends.
async fn pass_on(from: &mut Connection, to: &Connection) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = poll_fn(|cx| from.reader.poll_read(cx, &mut buffer)).await {
        write(to, &buffer[..n]).await;
    }
    to.writer.shutdown();
}

/// The relay ends TLS with a certificate of its own towards each side and passes the handshake on
/// word for word. It learns nothing that it could use.
#[tokio::test]
async fn a_relay_with_its_own_certificates_is_refused() {
    let (dialler, acceptor) = (load(&cookie(COOKIE)), load(&cookie(COOKIE)));
    let relay = load(&cookie("the relay does not know the cookie"));
    let (at, (near, middle_in), (middle_out, far)) =
        (endpoint(TLS), streams().await, streams().await);
    let relaying = async {
        let towards_dialler = secure_accept(middle_in, &relay, &at);
        let hello = hello("a@x");
        let towards_acceptor = secure_dial(middle_out, &relay, &at, &hello);
        let (one, two) = tokio::join!(towards_dialler, towards_acceptor);
        let (one, two) = (raw(one.unwrap()), raw(two.unwrap()));
        let (mut one_in, one_out) = halves(one);
        let (mut two_in, two_out) = halves(two);
        tokio::join!(pass_on(&mut one_in, &two_out), pass_on(&mut two_in, &one_out));
    };
    let meeting = async { tokio::join!(dial(near, &dialler, &at), accept(far, &acceptor, &at)) };
    // The relay lives as long as a session would.
    let (near, far) = tokio::select! {
        outcomes = meeting => outcomes,
        () = async { relaying.await; std::future::pending().await } => unreachable!(),
    };
    assert!(matches!(failure(far), HandshakeFailure::Handshake(HandshakeError::WrongCookie)));
    match failure(near) {
        HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) => {
            assert_eq!(reject.code, Code::Unauthorized);
        }
        other => panic!("{other}"),
    }
}

/// The encrypted connection itself, as an attacker with code of his own has it.
fn raw(secured: holm_net::Secured) -> Connection {
    secured.into_connection()
}

/// Two handles to one connection, the one to read from and the other to write to.
fn halves(connection: Connection) -> (Connection, Connection) {
    let Connection { reader, writer, peer } = connection;
    struct Nothing;
    impl holm_env::ReadHalf for Nothing {
        fn poll_read(&mut self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<std::io::Result<usize>> {
            Poll::Pending
        }
    }
    let out =
        Connection { reader: Box::new(Nothing), writer: Arc::clone(&writer), peer: peer.clone() };
    (Connection { reader, writer, peer }, out)
}

/// Frames over a connection, as an attacker writes them.
struct Frames {
    connection: Connection,
    reader: HandshakeReader,
}

impl Frames {
    async fn next(&mut self) -> HandshakeFrame {
        loop {
            if let Some(frame) = self.reader.poll_frame().unwrap() {
                return frame;
            }
            let Self { connection, reader } = self;
            let n = poll_fn(|cx| connection.reader.poll_read(cx, reader.buffer())).await.unwrap();
            assert_ne!(n, 0, "the end");
            reader.handle_read(n);
        }
    }
}

/// An acceptor without the cookie answers with the dialler's own nonce and proof.
#[tokio::test]
async fn a_reflected_proof_is_refused() {
    let (dialler, attacker) = (load(&cookie(COOKIE)), load(&cookie("not the right cookie at all")));
    let (near, far) = streams().await;
    let at = endpoint(TLS);
    let attack = async {
        let connection = raw(secure_accept(far, &attacker, &at).await.unwrap());
        let mut frames = Frames { connection, reader: HandshakeReader::new() };
        let hello = frames.next().await;
        let HandshakeFrame::Hello(said) = hello.clone() else { panic!("{hello:?}") };
        // As much like the dialler as can be; the same name is refused anyway.
        let mut ours = introduction("b@x");
        (ours.role, ours.incarnation) = (said.from.role, said.from.incarnation);
        let greeted = AwaitHello.handle_frame(hello).unwrap();
        let mut out = Vec::new();
        let nonce: Nonce = said.from.nonce.unwrap();
        let _challenged = greeted.challenge(&ours, nonce, Binding([0; 32]), &mut out).unwrap();
        write(&frames.connection, &out).await;
        let HandshakeFrame::Proof(_) = frames.next().await else { panic!("no proof") };
        let proof = frames.reader.last_frame().to_vec();
        write(&frames.connection, &proof).await;
        match frames.next().await {
            HandshakeFrame::Reject(reject) => reject,
            other => panic!("{other:?}"),
        }
    };
    let (near, told) = tokio::join!(dial(near, &dialler, &at), attack);
    assert!(matches!(failure(near), HandshakeFailure::Handshake(HandshakeError::WrongCookie)));
    assert_eq!(told.code, Code::Unauthorized);
}

/// Writes with one bit changed: bit `at` of all that is written, counted from the start.
struct Flip {
    writer: Arc<dyn WriteHalf>,
    at: usize,
    written: Mutex<usize>,
    limit: usize,
}

impl WriteHalf for Flip {
    fn try_write_vectored(&self, bufs: &[IoSlice<'_>]) -> std::io::Result<usize> {
        let mut bytes: Vec<u8> = bufs.iter().flat_map(|buf| buf.to_vec()).collect();
        let mut written = self.written.lock();
        let (byte, bit) = (self.at / 8, self.at % 8);
        if byte < self.limit && (*written..*written + bytes.len()).contains(&byte) {
            bytes[byte - *written] ^= 1 << bit;
        }
        let n = self.writer.try_write_vectored(&[IoSlice::new(&bytes)])?;
        *written += n;
        Ok(n)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.writer.poll_writable(cx)
    }

    fn shutdown(&self) {
        self.writer.shutdown();
    }
}

/// Time is virtual: some changed lengths make a side wait for its deadline.
#[tokio::test(start_paused = true)]
async fn a_noise_hello_with_any_bit_changed_ends_the_connection() {
    let dir = TempDir::new().unwrap();
    let (dialler, acceptor) = (load(&noise(&dir, "a")), load(&noise(&dir, "b")));
    let at = endpoint(NOISE);
    let mut frame = Vec::new();
    let mut clear = hello("a@x");
    clear.from.features = clear.from.features.with(holm_wire::handshake::Features::NOISE);
    let _ = holm_wire::handshake::dial(clear, &mut frame);
    for bit in 0..8 * frame.len() {
        let (mut near, far) = streams().await;
        near.writer = Arc::new(Flip {
            writer: near.writer,
            at: bit,
            written: Mutex::new(0),
            limit: frame.len(),
        });
        let (near, far) = tokio::join!(dial(near, &dialler, &at), accept(far, &acceptor, &at));
        assert!(near.is_err(), "the dialler went on with bit {bit} changed");
        assert!(far.is_err(), "the acceptor went on with bit {bit} changed");
    }
    // The test itself changes what it says it does.
    let (mut near, far) = streams().await;
    near.writer = Arc::new(Flip { writer: near.writer, at: 0, written: Mutex::new(0), limit: 0 });
    let (near, far) = tokio::join!(dial(near, &dialler, &at), accept(far, &acceptor, &at));
    assert!(near.is_ok() && far.is_ok());
}

/// The refusal that a stranger reads.
async fn refusal(connection: &mut Connection) -> (Code, String) {
    let bytes = read_all(connection).await;
    let mut reader = HandshakeReader::new();
    reader.buffer()[..bytes.len()].copy_from_slice(&bytes);
    reader.handle_read(bytes.len());
    match reader.poll_frame().unwrap().expect("a refusal") {
        HandshakeFrame::Reject(reject) => (reject.code, reject.message.to_string()),
        other => panic!("{other:?}"),
    }
}

async fn knock(security: &Security, at: &str, words: &[u8]) -> (HandshakeFailure, (Code, String)) {
    let (mut near, far) = streams().await;
    write(&near, words).await;
    let failure = failure(accept(far, security, &endpoint(at)).await);
    (failure, refusal(&mut near).await)
}

#[tokio::test]
async fn strangers_get_a_readable_refusal_on_every_port() {
    let dir = TempDir::new().unwrap();
    for (at, security) in [
        (TLS, load(&self_signed(&dir, "a", |_| {}))),
        (NOISE, load(&noise(&dir, "a"))),
        ("mem:x", load(&SecurityConfig::default())),
    ] {
        for (words, foreign) in [
            (&b"GET / HTTP/1.1\r\n\r\n"[..], Foreign::Http),
            (b"SSH-2.0-OpenSSH_9.6\r\n", Foreign::Ssh),
            (&[0xff; 40], Foreign::Unknown),
        ] {
            let (failure, (code, _)) = knock(&security, at, words).await;
            assert!(
                matches!(&failure, HandshakeFailure::Handshake(HandshakeError::Foreign(found)) if *found == foreign),
                "{at}: {failure}"
            );
            assert_eq!(code, Code::InvalidRequest);
        }
    }
}

#[tokio::test]
async fn garbage_that_looks_like_tls_is_refused() {
    let dir = TempDir::new().unwrap();
    let security = load(&self_signed(&dir, "a", |_| {}));
    for words in [
        &[0x16, 3, 1, 0, 4, 9, 9, 9, 9][..],
        &[0x17, 3, 3, 0, 3, 1, 2, 3],
        &[0x16, 3, 3, 0xff, 0xff, 0, 0, 0],
        &[0x15, 3, 3, 0, 2, 2, 40],
    ] {
        let (mut near, far) = streams().await;
        write(&near, words).await;
        let failure = failure(accept(far, &security, &endpoint(TLS)).await);
        assert!(matches!(failure, HandshakeFailure::Tls(_)), "{words:?}: {failure}");
        read_all(&mut near).await;
    }
}

/// Two Holm nodes that secure their connection differently both learn so.
#[tokio::test]
async fn different_channels_do_not_meet() {
    let dir = TempDir::new().unwrap();
    let mut all = self_signed(&dir, "a", |_| {});
    all.noise = Some(dir.path().join("key"));
    let all = load(&all);
    for to in [TLS, NOISE, "mem:x"] {
        for at in [TLS, NOISE, "mem:x"] {
            if to == at {
                continue;
            }
            let (near, far) = streams().await;
            let (to, at) = (endpoint(to), endpoint(at));
            let (near, far) = tokio::join!(dial(near, &all, &to), accept(far, &all, &at));
            let far = failure(far);
            let foreign = HandshakeError::Foreign(Foreign::Tls);
            match &far {
                HandshakeFailure::Channel { .. } => {}
                HandshakeFailure::Handshake(error) => assert_eq!(*error, foreign),
                other => panic!("{to} to {at}: {other}"),
            }
            match failure(near) {
                HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) => {
                    assert_eq!(&*reject.message, far.to_string());
                }
                other => panic!("{to} to {at}: {other}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_says_nothing_is_given_up_at_the_deadline() {
    let dir = TempDir::new().unwrap();
    let mut all = self_signed(&dir, "a", |_| {});
    all.noise = Some(dir.path().join("key"));
    let all = load(&all);
    for at in [TLS, NOISE] {
        let (near, far) = streams().await;
        assert!(matches!(
            failure(accept(far, &all, &endpoint(at)).await),
            HandshakeFailure::Timeout
        ));
        drop(near);
        let (near, _far) = streams().await;
        assert!(matches!(
            failure(dial(near, &all, &endpoint(at)).await),
            HandshakeFailure::Timeout
        ));
    }
}

/// Noise's frames have no place in another handshake.
#[tokio::test]
async fn a_noise_frame_without_noise_is_out_of_order() {
    let security = load(&SecurityConfig::default());
    let (mut near, far) = streams().await;
    let mut out = Vec::new();
    holm_wire::handshake::put_noise(&[1; 32], &mut out);
    write(&near, &out).await;
    let failure = failure(accept(far, &security, &endpoint("mem:x")).await);
    assert!(matches!(
        failure,
        HandshakeFailure::Handshake(HandshakeError::Unexpected { found: Kind::Noise, .. })
    ));
    assert_eq!(refusal(&mut near).await.0, Code::InvalidRequest);
}

/// A peer of another TLS: an older version, or another protocol within it.
#[tokio::test]
async fn tls_for_something_else_is_refused() {
    let dir = TempDir::new().unwrap();
    let security = load(&self_signed(&dir, "a", |_| {}));
    // The head of a ClientHello of TLS 1.2: no supported_versions.
    let mut hello = vec![0x03, 0x03];
    hello.extend_from_slice(&[7; 32]);
    hello.extend_from_slice(&[0, 0, 2, 0xc0, 0x2f, 1, 0]);
    let extensions = [0, 10, 0, 4, 0, 2, 0, 23, 0, 13, 0, 4, 0, 2, 4, 3];
    hello.extend_from_slice(&(extensions.len() as u16).to_be_bytes());
    hello.extend_from_slice(&extensions);
    let mut record = vec![0x16, 3, 1, 0, (hello.len() + 4) as u8, 1, 0, 0, hello.len() as u8];
    record.append(&mut hello);
    let (mut near, far) = streams().await;
    write(&near, &record).await;
    let failure = failure(accept(far, &security, &endpoint(TLS)).await);
    assert!(matches!(failure, HandshakeFailure::Tls(TlsFailure::Incompatible(_))), "{failure}");
    // An alert, which any TLS peer can read.
    assert_eq!(read_all(&mut near).await[0], 0x15);
}

#[tokio::test]
async fn new_material_is_used_after_a_reload() {
    let (one, two) = (Ca::new("one"), Ca::new("two"));
    let own = one.issue("own", |_| {});
    let acceptor = load(&one.mutual(own.clone()));
    let (old, new) = (load(&one.mutual(own.clone())), {
        let mut config = two.mutual(two.issue("a", |_| {}));
        let Some(holm_net::security::TlsConfig::Authority { peers, .. }) = &mut config.tls else {
            panic!()
        };
        peers.certificates = one.dir.path().join("ca.pem");
        load(&config)
    });
    let attempt = async |dialler: &Security| {
        let (near, far) = streams().await;
        let at = endpoint(TLS);
        tokio::join!(dial(near, dialler, &at), accept(far, &acceptor, &at))
    };
    let (near, far) = attempt(&old).await;
    let (near, far) = (near.unwrap().standing, far.unwrap().standing);
    assert!(old.still_admits(&near).is_ok() && acceptor.still_admits(&far).is_ok());
    assert!(attempt(&new).await.1.is_err());
    // A broken file changes nothing.
    let ca = one.dir.path().join("ca.pem");
    std::fs::write(&ca, "nothing").unwrap();
    assert!(acceptor.reload().is_err());
    assert!(attempt(&old).await.1.is_ok());
    std::fs::write(&ca, std::fs::read(two.dir.path().join("ca.pem")).unwrap()).unwrap();
    acceptor.reload().unwrap();
    // Who was let in by what no longer holds is not let in any more; the other side sees no change.
    let failure = acceptor.still_admits(&far).unwrap_err();
    assert!(matches!(failure, HandshakeFailure::Tls(_)), "{failure}");
    assert!(old.still_admits(&near).is_ok());
    let (near, far) = attempt(&new).await;
    // The dialler still trusts the first authority, which signed the acceptor's certificate.
    assert!(near.is_ok() && far.is_ok());
    assert!(attempt(&old).await.1.is_err());
}
