//! Files with secrets, configurations that cannot be used, and what is never shown.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use holm_env::Env;
use holm_net::NoiseKey;
use holm_net::Security;
use holm_net::identity::TokenScope;
use holm_net::secret_file::{SECRET_FILE_MAX, SecretFileError, read_secret};
use holm_net::security::{PeerName, SecretSource, SecurityConfig, SecurityError, TlsConfig, Token};
use tempfile::TempDir;

use crate::fixtures::*;

fn set_mode(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_secret_file_is_read_only_if_it_is_private() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("token");
    write_private(&path, b"  the token\n");
    assert_eq!(read_secret(&path).unwrap().expose(), b"the token");
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o666] {
        set_mode(&path, mode);
        let error = read_secret(&path).unwrap_err();
        assert!(matches!(error, SecretFileError::Lax { mode: found, .. } if found == mode));
        assert!(!error.to_string().contains("the token"));
    }
    set_mode(&path, 0o400);
    assert!(read_secret(&path).is_ok());
    write_private(&dir.path().join("empty"), b" \n\t");
    let empty = read_secret(&dir.path().join("empty"));
    assert!(matches!(empty, Err(SecretFileError::Empty { .. })));
    write_private(&dir.path().join("long"), &vec![b'x'; SECRET_FILE_MAX + 1]);
    let long = read_secret(&dir.path().join("long"));
    assert!(matches!(long, Err(SecretFileError::TooLong { .. })));
    assert!(matches!(read_secret(dir.path()), Err(SecretFileError::NoFile { .. })));
    let missing = read_secret(&dir.path().join("missing"));
    assert!(matches!(missing, Err(SecretFileError::Io { .. })));
    // A pipe is not waited for, and what a link leads to is judged.
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
    assert!(matches!(read_secret(&pipe), Err(SecretFileError::NoFile { .. })));
    let link = dir.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    set_mode(&path, 0o644);
    assert!(matches!(read_secret(&link), Err(SecretFileError::Lax { .. })));
}

#[test]
fn another_users_file_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("token");
    write_private(&path, b"the token");
    let other = rustix::fs::Uid::from_raw(rustix::process::geteuid().as_raw() + 1);
    // Only root can give a file away; elsewhere there is nothing to try.
    if rustix::fs::chown(&path, Some(other), None).is_ok() {
        let error = read_secret(&path).unwrap_err();
        assert!(matches!(error, SecretFileError::Foreign { owner, .. } if owner == other.as_raw()));
    }
}

#[test]
fn a_noise_key_is_made_once_and_never_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    let key = NoiseKey::load_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(NoiseKey::load_or_create(&path).unwrap().public(), key.public());
    let taken = NoiseKey::create(&path).unwrap_err();
    assert!(matches!(taken, SecretFileError::Io { .. }));
    assert_eq!(NoiseKey::load(&path).unwrap().public(), key.public());
    let text = fs::read_to_string(&path).unwrap();
    assert!(!format!("{key:?}").contains(text.trim()));

    for (content, reason) in [
        ("", "is empty"),
        (&text[..62], "holds no Noise key"),
        (&format!("{}00", text.trim()), "holds no Noise key"),
        (&text.replace(|c: char| c.is_ascii_hexdigit(), "g"), "holds no Noise key"),
    ] {
        write_private(&path, content.as_bytes());
        let error = NoiseKey::load_or_create(&path).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), content, "the file was changed");
    }
    write_private(&path, text.as_bytes());
    set_mode(&path, 0o644);
    assert!(matches!(NoiseKey::load_or_create(&path), Err(SecretFileError::Lax { .. })));
}

/// Bob's keys of RFC 7748, section 6.1.
#[test]
fn the_public_key_is_that_of_x25519() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("key");
    write_private(&path, b"5DAB087E624A8A4B79E17F8B83800EE66F3BB1292618B6FD1C2F8B27FF88E0EB\n");
    let bob = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f";
    assert_eq!(NoiseKey::load(&path).unwrap().public().to_string(), bob);
}

#[tokio::test]
async fn contradictions_are_refused_at_the_start() {
    let ca = Ca::new("one");
    let own = ca.issue("own", |_| {});
    let refused = |change: &dyn Fn(&mut SecurityConfig)| {
        let mut config = SecurityConfig::default();
        change(&mut config);
        Security::load(config, &Env::tokio().unwrap()).unwrap_err()
    };
    let tls = |own: bool, peers: bool, name: PeerName| TlsConfig::Server {
        own: own.then(|| ca.issue("other", |_| {})),
        peers: peers.then(|| {
            let mut peers = ca.peers();
            peers.name = name;
            peers
        }),
    };
    let error = refused(&|config| config.tls = Some(TlsConfig::Ephemeral));
    assert!(matches!(error, SecurityError::EphemeralWithoutCookie), "{error}");
    let error = refused(&|config| {
        *config = cookie(COOKIE);
        config.token = Some(value("token"));
    });
    assert!(matches!(error, SecurityError::TokenToAnybody), "{error}");
    let error = refused(&|config| config.tls = Some(tls(true, true, PeerName::Host)));
    assert!(matches!(error, SecurityError::ProvesNobody), "{error}");
    let error = refused(&|config| config.tls = Some(tls(false, false, PeerName::Host)));
    assert!(matches!(error, SecurityError::NoTls), "{error}");
    let error = refused(&|config| {
        config.tls = Some(tls(false, true, PeerName::Any));
        config.token = Some(value("token"));
    });
    assert!(matches!(error, SecurityError::TokenToAnybody), "{error}");
    let error = refused(&|config| config.cookie = Some(value("fifteen bytes..")));
    assert!(matches!(error, SecurityError::ShortCookie), "{error}");
    let error = refused(&|config| config.token = Some(value(" \n")));
    assert!(matches!(error, SecurityError::EmptySecret(_)), "{error}");
    let error = refused(&|config| config.token = Some(value(&"x".repeat(8 * 1024 + 1))));
    assert!(matches!(error, SecurityError::LongToken), "{error}");
    let unset = SecretSource::Variable("HOLM_TEST_NO_SUCH_VARIABLE".to_owned());
    let error = refused(&|config| config.token = Some(unset.clone()));
    assert!(matches!(error, SecurityError::Variable(_)), "{error}");
    // A certificate and another one's key; a key that others can read; a file of something else.
    let mut mixed = own.clone();
    mixed.key = ca.issue("third", |_| {}).key;
    let error = refused(&|config| config.tls = Some(TlsConfig::SelfSigned(mixed.clone())));
    assert!(matches!(error, SecurityError::Own(_)), "{error}");
    set_mode(&mixed.key, 0o640);
    let error = refused(&|config| config.tls = Some(TlsConfig::SelfSigned(mixed.clone())));
    assert!(matches!(error, SecurityError::SecretFile(SecretFileError::Lax { .. })), "{error}");
    let mut swapped = own.clone();
    swapped.certificate = own.key.clone();
    let error = refused(&|config| config.tls = Some(TlsConfig::SelfSigned(swapped.clone())));
    assert!(matches!(error, SecurityError::NoCertificate { .. }), "{error}");
    let mut swapped = own.clone();
    write_private(&swapped.key, &fs::read(&own.certificate).unwrap());
    swapped.certificate = own.certificate.clone();
    let error = refused(&|config| config.tls = Some(TlsConfig::SelfSigned(swapped.clone())));
    assert!(matches!(error, SecurityError::NoKey { .. }), "{error}");
}

#[tokio::test]
async fn no_secret_is_shown() {
    let dir = TempDir::new().unwrap();
    let mut config = asking(noise(&dir, "key"), &[("secret-token-one", TokenScope::All)]);
    config.tokens.push(Token {
        source: SecretSource::Variable("NAME".to_owned()),
        scope: TokenScope::Shards(vec![holm_wire::ShardId(1)]),
    });
    config.token = Some(value("secret-token-two"));
    config.cookie = Some(value("secret-cookie-of-many-bytes"));
    let shown = format!("{config:?}");
    assert!(shown.contains("NAME") && !shown.contains("secret-"), "{shown}");
    // 115 is the first letter of the secrets, were they shown as numbers.
    assert!(!shown.contains("115, 101, 99"), "{shown}");
    config.tokens.pop();
    let security = load(&config);
    let shown = format!("{security:?}");
    assert!(!shown.contains("secret-"), "{shown}");

    // Errors that a wrong token and a wrong cookie lead to.
    let wrong = showing(noise(&dir, "other"), "secret-wrong-token");
    config.cookie = None;
    let (near, far) = meet(&wrong, &config, "noise:localhost:1").await;
    for failure in [failure(near), failure(far)] {
        let texts = format!("{failure} {failure:?}");
        assert!(texts.contains("token is wrong") || texts.contains("WrongToken"), "{texts}");
        assert!(!texts.contains("secret-"), "{texts}");
    }
}
