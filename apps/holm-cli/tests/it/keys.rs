//! `holm keys`: what it writes, what it refuses, and that nodes can use it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use holm::access::Fingerprint;
use holm::env::{Endpoint, Env, MemoryTransport, Transport};
use holm_net::security::{
    AuthorityFiles, CertificateFiles, PeerName, Security, SecurityConfig, TlsConfig,
};
use holm_net::{NoiseKey, read_certificate, secure_accept, secure_dial};
use holm_wire::handshake::{Dial, Hello, Introduction};
use holm_wire::{AttemptNo, Incarnation};
use tempfile::TempDir;

use crate::support::{holm, run, stderr};

fn keys(dir: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = run(holm().current_dir(dir).arg("keys").args(args), code);
    (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_authority_issues_certificates() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    keys(dir.path(), &["ca", "ca"], 0);
    let args = ["cert", "--ca", "ca", "--name", "a@node.example:4000", "--out", "a"];
    keys(dir.path(), &[&args[..], &["--spiffe", "spiffe://example.org/a"]].concat(), 0);
    assert_eq!((mode(&at("ca/ca.key")), mode(&at("a/key.pem"))), (0o600, 0o600));
    let identity = read_certificate(&at("a/cert.pem")).unwrap();
    assert_eq!(identity.nodes, ["a@node.example:4000"]);
    assert_eq!(identity.names, ["node.example"]);
    assert_eq!(identity.spiffe.as_deref(), Some("spiffe://example.org/a"));
    let (printed, _) = keys(dir.path(), &["fingerprint", "a/cert.pem"], 0);
    assert_eq!(printed.trim(), identity.key.unwrap().to_string());
    let (printed, _) = keys(dir.path(), &["fingerprint", "--spki", "a/cert.pem"], 0);
    assert_eq!(printed.trim(), identity.spki.unwrap().to_string());

    // Nothing is ever overwritten.
    let before = fs::read(at("a/key.pem")).unwrap();
    let (_, said) = keys(dir.path(), &args, 1);
    assert!(said.contains("a/key.pem"), "{said}");
    assert_eq!(fs::read(at("a/key.pem")).unwrap(), before);
    keys(dir.path(), &["ca", "ca"], 1);
    // Nor is another authority's certificate taken for this one's.
    keys(dir.path(), &["ca", "other"], 0);
    fs::copy(at("other/ca.pem"), at("ca/ca.pem")).unwrap();
    let (_, said) = keys(dir.path(), &["cert", "--ca", "ca", "--name", "b@h", "--out", "b"], 1);
    assert!(said.contains("ca/ca.pem is not of"), "{said}");
    assert!(!at("b").exists());
}

/// Two nodes with certificates of one authority, or of none, find each other over TLS.
#[tokio::test]
async fn nodes_use_what_it_makes() {
    let dir = TempDir::new().unwrap();
    let at = |path: &str| dir.path().join(path);
    keys(dir.path(), &["ca", "ca"], 0);
    for ca in [Some("ca"), None] {
        for name in ["a@localhost:1", "b@localhost:2"] {
            let out = format!("{name}-{}", ca.unwrap_or("alone"));
            let mut args = vec!["cert", "--name", name, "--out", &out];
            args.extend(ca.iter().flat_map(|ca| ["--ca", ca]));
            keys(dir.path(), &args, 0);
        }
        let node = |name: &str| {
            let folder = at(&format!("{name}-{}", ca.unwrap_or("alone")));
            let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
            let own = CertificateFiles { certificate, key };
            let certificates = at("ca/ca.pem");
            let peers = AuthorityFiles { certificates, revoked: None, name: PeerName::Host };
            let mut config = SecurityConfig::default();
            config.tls = Some(match ca {
                Some(_) => TlsConfig::Authority { own, peers },
                None => TlsConfig::SelfSigned(own),
            });
            Security::load(config, &Env::tokio().unwrap()).unwrap()
        };
        let (dialler, acceptor) = (node("a@localhost:1"), node("b@localhost:2"));
        let transport = MemoryTransport::new();
        let door = Endpoint::Memory("door".to_owned());
        let mut listener = transport.listen(&door).await.unwrap();
        let near = transport.dial(&door).await.unwrap();
        let far = listener.accept().await.unwrap();
        let cluster = "test".parse().unwrap();
        let from = Introduction::new(cluster, "a@localhost:1".parse().unwrap(), Incarnation(1));
        let attempt = AttemptNo(1.try_into().unwrap());
        let hello = Hello { dial: Dial { attempt, gone: None, is_blind: false }, from };
        let tls = "tls:localhost:2".parse().unwrap();
        let (near, far) = tokio::join!(
            secure_dial(near, &dialler, &tls, &hello),
            secure_accept(far, &acceptor, &tls)
        );
        assert_eq!(near.unwrap().identity.nodes, ["b@localhost:2"]);
        assert_eq!(far.unwrap().identity.nodes, ["a@localhost:1"]);
    }
}

#[test]
fn a_noise_key_is_known_by_its_public_key() {
    let dir = TempDir::new().unwrap();
    let (public, _) = keys(dir.path(), &["generate", "key"], 0);
    let path = dir.path().join("key");
    let key = NoiseKey::load(&path).unwrap();
    assert_eq!(public.trim(), key.public().to_string());
    let (printed, _) = keys(dir.path(), &["fingerprint", "key"], 0);
    assert_eq!(printed, public);
    let (_, said) = keys(dir.path(), &["generate", "key"], 1);
    assert!(said.contains("exists") && !said.contains(&fs::read_to_string(&path).unwrap()[..64]));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, said) = keys(dir.path(), &["fingerprint", "key"], 1);
    assert!(said.contains("open to others"), "{said}");
    keys(dir.path(), &["fingerprint", "nowhere"], 1);
}

#[test]
fn without_an_authority_a_certificate_is_its_own() {
    let dir = TempDir::new().unwrap();
    keys(dir.path(), &["cert", "--name", "a@[::1]:4000", "--host", "b.example", "--out", "a"], 0);
    let path = dir.path().join("a/cert.pem");
    let identity = read_certificate(&path).unwrap();
    assert_eq!(
        (identity.names, identity.nodes),
        (vec!["b.example".into()], vec!["a@[::1]:4000".into()])
    );
    assert_ne!(identity.key, Some(Fingerprint::from_bytes([0; 32])));
    keys(dir.path(), &["cert", "--name", "no-authority", "--out", "b"], 2);
    keys(dir.path(), &["cert", "--name", "a@h", "--days", "99999999999", "--out", "b"], 1);
    keys(dir.path(), &["cert", "--name", "a@h", "--host", "not ascii: ü", "--out", "b"], 1);
    assert!(!dir.path().join("b").exists());
}
