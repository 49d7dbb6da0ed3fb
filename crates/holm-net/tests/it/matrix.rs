//! Every way to prove a peer, right, wrong, missing and expired: the reason on both sides.

use holm_env::PeerAddr;
use holm_net::handshake::HandshakeFailure;
use holm_net::identity::{Method, TokenScope};
use holm_net::posture::PostureError;
use holm_net::security::{CertificateFiles, PeerName, SecurityConfig, TlsConfig};
use holm_net::{CertificateFault, TlsFailure};
use holm_wire::handshake::HandshakeError;
use holm_wire::{Code, ShardId};
use rcgen::SerialNumber;
use tempfile::TempDir;

use crate::fixtures::*;
use crate::support::*;

const TLS: &str = "tls:localhost:4000";

fn refused_certificate(outcome: Outcome) -> CertificateFault {
    match failure(outcome) {
        HandshakeFailure::Tls(TlsFailure::Certificate(fault)) => fault,
        other => panic!("{other}"),
    }
}

fn own_certificate(outcome: Outcome) -> CertificateFault {
    match failure(outcome) {
        HandshakeFailure::Tls(TlsFailure::OwnCertificate(fault)) => fault,
        other => panic!("{other}"),
    }
}

/// What this side was told by the other.
fn told(outcome: Outcome) -> (Code, String) {
    match failure(outcome) {
        HandshakeFailure::Handshake(HandshakeError::Rejected(reject)) => {
            (reject.code, reject.message.to_string())
        }
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn mutual_tls_proves_both() {
    let ca = Ca::new("one");
    let dialler = ca.mutual(ca.issue("a", |params| {
        uri(params, "holm:a@x");
        uri(params, "spiffe://example.org/worker/7");
    }));
    let acceptor = ca.mutual(ca.issue("b", |_| {}));
    let (near, far) = session(meet(&dialler, &acceptor, TLS).await).await;
    assert_eq!((near.identity.method, far.identity.method), (Method::Authority, Method::Authority));
    assert_eq!(near.identity.names, ["localhost"]);
    assert_eq!(far.identity.nodes, ["a@x"]);
    assert_eq!(far.identity.spiffe.as_deref(), Some("spiffe://example.org/worker/7"));
    assert!(near.identity.key.is_some() && near.identity.key != far.identity.key);
    assert!(near.identity.spki.is_some() && near.identity.spki != near.identity.key);
}

#[tokio::test]
async fn another_authority_is_refused_on_either_side() {
    let (one, two) = (Ca::new("one"), Ca::new("two"));
    let right = one.mutual(one.issue("a", |_| {}));
    let mut wrong = one.mutual(two.issue("b", |_| {}));
    let (near, far) = meet(&wrong, &right, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::UnknownAuthority);
    assert_eq!(own_certificate(near), CertificateFault::UnknownAuthority);
    let (near, far) = meet(&right, &wrong, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::UnknownAuthority);
    assert_eq!(own_certificate(far), CertificateFault::UnknownAuthority);
    // Nor does it help not to look at the name.
    let mut any = right.clone();
    let mut peers = one.peers();
    peers.name = PeerName::Any;
    let Some(TlsConfig::Authority { own, .. }) = any.tls.take() else { panic!() };
    any.tls = Some(TlsConfig::Authority { own, peers });
    let (near, _) = meet(&any, &wrong, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::UnknownAuthority);
    // With the same name, a wrong signature.
    let namesake = Ca::new("one");
    wrong = one.mutual(namesake.issue("b", |_| {}));
    let (near, far) = meet(&wrong, &right, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::Unacceptable);
    assert_eq!(own_certificate(near), CertificateFault::Unacceptable);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_on_either_side() {
    let ca = Ca::new("one");
    let right = ca.mutual(ca.issue("a", |_| {}));
    let expired = ca.mutual(ca.issue("b", expire));
    let (near, far) = meet(&expired, &right, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::Expired);
    assert_eq!(own_certificate(near), CertificateFault::Expired);
    let (near, far) = meet(&right, &expired, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::Expired);
    assert_eq!(own_certificate(far), CertificateFault::Expired);
}

#[tokio::test]
async fn a_revoked_certificate_is_refused_on_either_side() {
    let ca = Ca::new("one");
    let serial = |params: &mut rcgen::CertificateParams| {
        params.serial_number = Some(SerialNumber::from(7));
    };
    let revoked = ca.mutual(ca.issue("b", serial));
    let mut right = ca.mutual(ca.issue("a", |_| {}));
    session(meet(&revoked, &right, TLS).await).await;
    let Some(TlsConfig::Authority { peers, .. }) = &mut right.tls else { panic!() };
    peers.revoked = Some(ca.revoke(7));
    let (near, far) = meet(&revoked, &right, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::Revoked);
    assert_eq!(own_certificate(near), CertificateFault::Revoked);
    let (near, far) = meet(&right, &revoked, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::Revoked);
    assert_eq!(own_certificate(far), CertificateFault::Revoked);
    session(meet(&right, &right, TLS).await).await;
}

#[tokio::test]
async fn a_missing_certificate_is_refused() {
    let ca = Ca::new("one");
    let acceptor = ca.mutual(ca.issue("b", |_| {}));
    let mut dialler = SecurityConfig::default();
    dialler.tls = Some(TlsConfig::Server { own: None, peers: Some(ca.peers()) });
    let (near, far) = meet(&dialler, &acceptor, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::Missing);
    assert_eq!(own_certificate(near), CertificateFault::Missing);
}

#[tokio::test]
async fn the_host_that_was_dialled_must_be_in_the_certificate() {
    let ca = Ca::new("one");
    let acceptor = ca.mutual(ca.issue("b", |_| {}));
    let mut dialler = ca.mutual(ca.issue("a", |_| {}));
    let (near, far) = meet(&dialler, &acceptor, "tls:example.org:4000").await;
    assert_eq!(refused_certificate(near), CertificateFault::OtherName);
    assert_eq!(own_certificate(far), CertificateFault::Unacceptable);
    for name in [PeerName::Is("localhost".to_owned()), PeerName::Any] {
        let Some(TlsConfig::Authority { peers, .. }) = &mut dialler.tls else { panic!() };
        peers.name = name;
        session(meet(&dialler, &acceptor, "tls:example.org:4000").await).await;
    }
}

#[tokio::test]
async fn a_certificate_that_names_nodes_is_good_for_those_alone() {
    let ca = Ca::new("one");
    let unnamed = ca.mutual(ca.issue("a", |_| {}));
    let named = ca.mutual(ca.issue("b", |params| uri(params, "holm:c@x")));
    let (near, far) = meet(&named, &unnamed, TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::NodeName(name) if name.as_str() == "a@x"));
    assert_eq!(told(near).0, Code::Forbidden);
    // The acceptor, the greater name, has committed by then; it hears of it in the session.
    let (near, _) = meet(&unnamed, &named, TLS).await;
    assert!(matches!(failure(near), HandshakeFailure::NodeName(name) if name.as_str() == "b@x"));
}

#[tokio::test]
async fn self_signed_certificates_are_known_by_their_fingerprints() {
    let dir = TempDir::new().unwrap();
    let (dialler, acceptor) = (self_signed(&dir, "a", |_| {}), self_signed(&dir, "b", |_| {}));
    let (near, far) = session(meet(&dialler, &acceptor, "tls:192.0.2.1:4000").await).await;
    assert_eq!(
        (near.identity.method, far.identity.method),
        (Method::SelfSigned, Method::SelfSigned)
    );
    assert!(near.identity.method.is_strict());
    let again = session(meet(&dialler, &acceptor, TLS).await).await;
    assert_eq!((again.0.identity, again.1.identity), (near.identity, far.identity));

    let expired = self_signed(&dir, "c", expire);
    let (near, far) = meet(&expired, &acceptor, TLS).await;
    assert_eq!(refused_certificate(far), CertificateFault::Expired);
    assert_eq!(own_certificate(near), CertificateFault::Expired);
    let (near, _) = meet(&acceptor, &expired, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::Expired);
    // One that somebody else signed is not.
    let ca = Ca::new("one");
    let signed = ca.mutual(ca.issue("d", |_| {}));
    let (near, far) = meet(&signed, &acceptor, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::UnknownAuthority);
    assert_eq!(own_certificate(far), CertificateFault::UnknownAuthority);
}

/// Whoever keeps a list refuses before a token is sent, and both sides know why.
#[tokio::test]
async fn an_unknown_key_is_refused_by_either_side() {
    let dir = TempDir::new().unwrap();
    for (at, dialler, acceptor) in [
        (TLS, self_signed(&dir, "a", |_| {}), self_signed(&dir, "b", |_| {})),
        ("noise:localhost:1", noise(&dir, "na"), noise(&dir, "nb")),
    ] {
        let dialler = load(&showing(dialler, "the token"));
        let (acceptor, at) = (load(&acceptor), at.parse().unwrap());
        let unknown = |it: &holm_net::Secured| HandshakeFailure::UnknownKey {
            method: it.identity.method,
            key: it.identity.key.unwrap(),
        };
        for by_dialler in [true, false] {
            let (near, far) = streams().await;
            let near = async {
                let secured = holm_net::secure_dial(near, &dialler, &at, &hello("a@x")).await?;
                if by_dialler {
                    let failure = unknown(&secured);
                    return Err(secured.refuse(failure));
                }
                secured.dial(hello("a@x"), |_, _| Ok(())).await
            };
            let far = async {
                let secured = holm_net::secure_accept(far, &acceptor, &at).await?;
                if !by_dialler {
                    let failure = unknown(&secured);
                    return Err(secured.refuse(failure));
                }
                let admit = |_: &_, hello: &holm_wire::handshake::Hello| panic!("{hello:?}");
                secured.accept(introduction("b@x"), admit, |_, _| Ok(())).await
            };
            let (near, far) = tokio::join!(near, far);
            let (refusing, refused) = if by_dialler { (near, far) } else { (far, near) };
            let key = match failure(refusing) {
                HandshakeFailure::UnknownKey { key, .. } => key.to_string(),
                other => panic!("{other}"),
            };
            let (code, message) = told(refused);
            assert_eq!(code, Code::Unauthorized);
            assert!(message.contains(&key), "{message}");
        }
    }
}

#[tokio::test]
async fn noise_proves_both_keys() {
    let dir = TempDir::new().unwrap();
    let (dialler, acceptor) = (noise(&dir, "a"), noise(&dir, "b"));
    let (near, far) = session(meet(&dialler, &acceptor, "noise:192.0.2.1:1").await).await;
    assert_eq!(near.identity.key, load(&acceptor).noise_public());
    assert_eq!(far.identity.key, load(&dialler).noise_public());
    assert_eq!((near.identity.method, far.identity.method), (Method::Noise, Method::Noise));
}

#[tokio::test]
async fn a_cookie_proves_both() {
    let (near, far) = session(meet(&cookie(COOKIE), &cookie(COOKIE), TLS).await).await;
    assert_eq!((near.identity.method, far.identity.method), (Method::Cookie, Method::Cookie));
    assert_eq!((near.identity.key, far.identity.key), (None, None));

    let other = cookie("another cookie of enough bytes");
    let (near, far) = meet(&other, &cookie(COOKIE), TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::Handshake(HandshakeError::WrongCookie)));
    assert_eq!(told(near).0, Code::Unauthorized);
}

#[tokio::test]
async fn a_missing_cookie_is_told_on_both_sides() {
    let dir = TempDir::new().unwrap();
    let without = self_signed(&dir, "a", |_| {});
    let mut with = self_signed(&dir, "b", |_| {});
    with.cookie = Some(value(COOKIE));
    let (near, far) = meet(&without, &with, TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::Handshake(HandshakeError::NoCookie)));
    assert_eq!(told(near).0, Code::Unauthorized);
    let (near, far) = meet(&with, &without, TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::Handshake(HandshakeError::CookieAsked)));
    assert_eq!(told(near).0, Code::Unauthorized);
    // With the certificates both have, the cookie is the second proof.
    let (near, _) = session(meet(&with, &with, TLS).await).await;
    assert_eq!(near.identity.method, Method::SelfSigned);
}

/// TLS with a server's certificate, and tokens.
fn with_tokens(ca: &Ca) -> (SecurityConfig, SecurityConfig) {
    let mut acceptor = SecurityConfig::default();
    let own: CertificateFiles = ca.issue("server", |_| {});
    acceptor.tls = Some(TlsConfig::Server { own: Some(own), peers: None });
    let tokens = [
        ("old token", TokenScope::All),
        ("new token", TokenScope::Shards(vec![ShardId(3), ShardId(4)])),
    ];
    let mut dialler = SecurityConfig::default();
    dialler.tls = Some(TlsConfig::Server { own: None, peers: Some(ca.peers()) });
    (dialler, asking(acceptor, &tokens))
}

#[tokio::test]
async fn a_token_proves_who_dials_a_verified_server() {
    let ca = Ca::new("one");
    let (dialler, acceptor) = with_tokens(&ca);
    for (token, scope) in [
        ("old token", TokenScope::All),
        (" new token\n", TokenScope::Shards(vec![ShardId(3), ShardId(4)])),
    ] {
        let (near, far) =
            session(meet(&showing(dialler.clone(), token), &acceptor, TLS).await).await;
        assert_eq!(far.identity.token, Some(scope));
        assert_eq!((near.identity.method, far.identity.method), (Method::Authority, Method::Token));
    }
    let (near, far) = meet(&showing(dialler.clone(), "guess"), &acceptor, TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::WrongToken));
    assert_eq!(told(near), (Code::Unauthorized, "the peer's token is wrong".to_owned()));
    let (near, far) = meet(&dialler, &acceptor, TLS).await;
    assert!(matches!(failure(far), HandshakeFailure::NoToken));
    assert_eq!(told(near).0, Code::Unauthorized);
}

#[tokio::test]
async fn a_token_is_not_sent_to_an_unverified_server() {
    let (ca, other) = (Ca::new("one"), Ca::new("two"));
    let (dialler, _) = with_tokens(&ca);
    let dialler = showing(dialler, "old token");
    let (_, impostor) = with_tokens(&other);
    let (near, far) = meet(&dialler, &impostor, TLS).await;
    assert_eq!(refused_certificate(near), CertificateFault::UnknownAuthority);
    assert_eq!(own_certificate(far), CertificateFault::UnknownAuthority);
    let (_, acceptor) = with_tokens(&ca);
    let (near, _) = meet(&dialler, &acceptor, "tls:elsewhere.example:1").await;
    assert_eq!(refused_certificate(near), CertificateFault::OtherName);
}

/// A token beside a key: both must pass.
#[tokio::test]
async fn a_token_may_be_asked_for_beside_a_key() {
    let dir = TempDir::new().unwrap();
    let at = "noise:localhost:1";
    let acceptor = asking(noise(&dir, "b"), &[("token", TokenScope::All)]);
    let (near, far) = meet(&noise(&dir, "a"), &acceptor, at).await;
    assert!(matches!(failure(far), HandshakeFailure::NoToken));
    assert_eq!(told(near).0, Code::Unauthorized);
    let (_, far) = session(meet(&showing(noise(&dir, "a"), "token"), &acceptor, at).await).await;
    assert_eq!(far.identity.method, Method::Noise);
    assert_eq!(far.identity.token, Some(TokenScope::All));
}

#[tokio::test]
async fn over_unix_sockets_the_kernel_and_a_token_count() {
    let uid = rustix::process::geteuid().as_raw();
    let own = PeerAddr::Unix { uid: Some(uid), pid: None };
    let plain = SecurityConfig::default();
    let asks = asking(plain.clone(), &[("token", TokenScope::All)]);
    let at = "unix:/run/b";
    let (_, far) = session(meet_as(&own, &plain, &plain, at).await).await;
    assert_eq!(far.identity.method, Method::Local);
    let (_, far) = session(meet_as(&own, &showing(plain.clone(), "token"), &asks, at).await).await;
    assert_eq!(far.identity.token, Some(TokenScope::All));
    let (_, far) = meet_as(&own, &plain, &asks, at).await;
    assert!(matches!(failure(far), HandshakeFailure::NoToken));
    let other = PeerAddr::Unix { uid: Some(uid + 1), pid: None };
    let (near, far) = meet_as(&other, &plain, &plain, at).await;
    for outcome in [near, far] {
        let failure = failure(outcome);
        assert!(matches!(failure, HandshakeFailure::Posture(PostureError::OtherUser(_))));
    }
}

#[tokio::test]
async fn plain_tcp_needs_the_consent_of_both() {
    let plain = SecurityConfig::default();
    let (here, away) = (tcp("127.0.0.1:1"), tcp("192.0.2.1:1"));
    let at = "tcp:h:1";
    session(meet_as(&here, &plain, &plain, at).await).await;
    let (near, far) = meet_as(&away, &plain, &plain, at).await;
    for outcome in [near, far] {
        let failure = failure(outcome);
        assert!(matches!(failure, HandshakeFailure::Posture(PostureError::PlainTcp(_))));
    }
    let allows = insecure(plain.clone());
    let (_, far) = session(meet_as(&away, &allows, &allows, at).await).await;
    assert_eq!(far.identity.method, Method::Nothing);
    // One of them is not enough, whichever.
    let (near, _) = meet_as(&away, &allows, &plain, at).await;
    assert_eq!(told(near).0, Code::Forbidden);
    let (_, far) = meet_as(&away, &plain, &allows, at).await;
    assert_eq!(told(far).0, Code::Forbidden);

    // Any secret, even on loopback.
    let (shows, asks) =
        (showing(plain.clone(), "token"), asking(plain.clone(), &[("token", TokenScope::All)]));
    let (near, _) = meet_as(&here, &shows, &plain, at).await;
    let near = failure(near);
    assert!(matches!(near, HandshakeFailure::Posture(PostureError::TokenOverTcp)), "{near}");
    let (_, far) = meet_as(&here, &plain, &asks, at).await;
    let far = failure(far);
    assert!(matches!(far, HandshakeFailure::Posture(PostureError::TokenOverTcp)), "{far}");
    let (shows, asks) = (insecure(shows), insecure(asks));
    let (_, far) = session(meet_as(&here, &shows, &asks, at).await).await;
    assert_eq!(far.identity.token, Some(TokenScope::All));
    // The acceptor has no secret and has not agreed: the dialler finds out by its Welcome.
    let (near, _) = meet_as(&here, &shows, &plain, at).await;
    assert!(matches!(failure(near), HandshakeFailure::PeerForbidsInsecure));
    // The other way round.
    let (near, far) = meet_as(&here, &plain, &asks, at).await;
    assert!(matches!(failure(far), HandshakeFailure::PeerForbidsInsecure));
    assert_eq!(told(near).0, Code::Forbidden);
}

/// Of its other end nothing is known but that it is of this machine.
#[tokio::test]
async fn a_named_pipe_proves_nothing_and_carries_no_secret() {
    let plain = SecurityConfig::default();
    let (there, at) = (PeerAddr::Unix { uid: None, pid: None }, "pipe:p");
    let (_, far) = session(meet_as(&there, &plain, &plain, at).await).await;
    assert_eq!(far.identity.method, Method::Nothing);
    let (shows, asks) =
        (showing(plain.clone(), "token"), asking(plain.clone(), &[("token", TokenScope::All)]));
    let (near, _) = meet_as(&there, &shows, &plain, at).await;
    let near = failure(near);
    assert!(matches!(near, HandshakeFailure::Posture(PostureError::TokenOverPipe)), "{near}");
    let (_, far) = meet_as(&there, &plain, &asks, at).await;
    let far = failure(far);
    assert!(matches!(far, HandshakeFailure::Posture(PostureError::TokenOverPipe)), "{far}");
    let (_, far) = session(meet_as(&there, &insecure(shows), &insecure(asks), at).await).await;
    assert_eq!(far.identity.token, Some(TokenScope::All));
}

#[tokio::test]
async fn what_is_not_configured_can_neither_listen_nor_dial() {
    let plain = load(&SecurityConfig::default());
    let ca = Ca::new("one");
    let (dials, _) = with_tokens(&ca);
    let dials = load(&dials);
    let tls = "tls:localhost:1".parse().unwrap();
    let noise = "noise:localhost:1".parse().unwrap();
    assert_eq!(plain.check_listen(&tls), Err(PostureError::NoTlsCertificate));
    assert_eq!(dials.check_listen(&tls), Err(PostureError::NoTlsCertificate));
    assert_eq!(plain.check_listen(&noise), Err(PostureError::NoNoiseKey));
    let open = "tcp:0.0.0.0:1".parse().unwrap();
    assert!(matches!(plain.check_listen(&open), Err(PostureError::PlainTcp(_))));
    assert_eq!(load(&insecure(SecurityConfig::default())).check_listen(&open), Ok(()));
    let loopback = "tcp:localhost:1".parse().unwrap();
    assert_eq!(load(&cookie(COOKIE)).check_listen(&loopback), Err(PostureError::TokenOverTcp));
    for (to, fault) in [(tls, PostureError::NoTlsAuthorities), (noise, PostureError::NoNoiseKey)] {
        let (near, mut far) = streams().await;
        let failure = failure(dial(near, &plain, &to).await);
        assert!(matches!(&failure, HandshakeFailure::Posture(found) if *found == fault));
        assert_eq!(read_all(&mut far).await, []);
    }
}
