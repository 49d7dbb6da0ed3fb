//! Authorities, certificates and nodes with every kind of security.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use holm_env::{Connection, Endpoint, Env, PeerAddr};
use holm_net::handshake::{HandshakeFailure, Peering};
use holm_net::identity::TokenScope;
use holm_net::security::{
    AuthorityFiles, CertificateFiles, PeerName, SecretSource, SecurityConfig, TlsConfig, Token,
};
use holm_net::{Security, secure_accept, secure_dial};
use holm_wire::Secret;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose, RevocationReason,
    RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use tempfile::TempDir;

use crate::support::*;

/// An authority with a folder of its own.
pub(crate) struct Ca {
    pub(crate) dir: TempDir,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().unwrap();
        let cert = params.self_signed(&key).unwrap();
        fs::write(dir.path().join("ca.pem"), cert.pem()).unwrap();
        Self { dir, issuer: Issuer::new(params, key) }
    }

    /// A certificate for localhost, and what `change` makes of it.
    pub(crate) fn issue(
        &self,
        file: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> CertificateFiles {
        let mut params = leaf(&["localhost"]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        write_pair(self.dir.path(), file, &cert.pem(), &key)
    }

    pub(crate) fn peers(&self) -> AuthorityFiles {
        let certificates = self.dir.path().join("ca.pem");
        AuthorityFiles { certificates, revoked: None, name: PeerName::Host }
    }

    /// Says that the certificate of this serial number is revoked.
    pub(crate) fn revoke(&self, serial: u64) -> PathBuf {
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2024, 1, 1),
            next_update: date_time_ymd(2999, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: SerialNumber::from(serial),
                revocation_time: date_time_ymd(2024, 1, 1),
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let path = self.dir.path().join("revoked.pem");
        fs::write(&path, list.signed_by(&self.issuer).unwrap().pem().unwrap()).unwrap();
        path
    }

    /// Mutual TLS by this authority.
    pub(crate) fn mutual(&self, own: CertificateFiles) -> SecurityConfig {
        let mut config = SecurityConfig::default();
        config.tls = Some(TlsConfig::Authority { own, peers: self.peers() });
        config
    }
}

fn leaf(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params
}

pub(crate) fn expire(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2001, 1, 1);
    params.not_after = date_time_ymd(2002, 1, 1);
}

pub(crate) fn uri(params: &mut CertificateParams, uri: &str) {
    params.subject_alt_names.push(SanType::URI(uri.try_into().unwrap()));
}

fn write_pair(dir: &Path, file: &str, cert: &str, key: &KeyPair) -> CertificateFiles {
    let files = CertificateFiles {
        certificate: dir.join(format!("{file}.pem")),
        key: dir.join(format!("{file}.key")),
    };
    fs::write(&files.certificate, cert).unwrap();
    write_private(&files.key, key.serialize_pem().as_bytes());
    files
}

/// Writes a file of mode 0600.
pub(crate) fn write_private(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// A self-signed certificate, and what `change` makes of it.
pub(crate) fn self_signed(
    dir: &TempDir,
    file: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> SecurityConfig {
    let mut params = leaf(&[]);
    params.distinguished_name.push(DnType::CommonName, file);
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    let mut config = SecurityConfig::default();
    config.tls = Some(TlsConfig::SelfSigned(write_pair(dir.path(), file, &cert.pem(), &key)));
    config
}

pub(crate) fn noise(dir: &TempDir, file: &str) -> SecurityConfig {
    let mut config = SecurityConfig::default();
    config.noise = Some(dir.path().join(file));
    config
}

pub(crate) fn value(text: &str) -> SecretSource {
    SecretSource::Value(Secret::new(text.as_bytes().to_vec()))
}

pub(crate) const COOKIE: &str = "a cookie of sixteen bytes and more";

/// Certificates of the moment, and this cookie.
pub(crate) fn cookie(cookie: &str) -> SecurityConfig {
    let mut config = SecurityConfig::default();
    config.tls = Some(TlsConfig::Ephemeral);
    config.cookie = Some(value(cookie));
    config
}

/// Asks for these tokens.
pub(crate) fn asking(mut config: SecurityConfig, tokens: &[(&str, TokenScope)]) -> SecurityConfig {
    for (token, scope) in tokens {
        config.tokens.push(Token { source: value(token), scope: scope.clone() });
    }
    config
}

/// Shows this token.
pub(crate) fn showing(mut config: SecurityConfig, token: &str) -> SecurityConfig {
    config.token = Some(value(token));
    config
}

pub(crate) fn insecure(mut config: SecurityConfig) -> SecurityConfig {
    config.allow_insecure = true;
    config
}

pub(crate) fn load(config: &SecurityConfig) -> Security {
    Security::load(config.clone(), &Env::tokio().unwrap()).unwrap()
}

pub(crate) type Outcome = Result<Peering, HandshakeFailure>;

pub(crate) async fn dial(near: Connection, security: &Security, to: &Endpoint) -> Outcome {
    let hello = hello("a@x");
    secure_dial(near, security, to, &hello).await?.dial(hello, |_, _| Ok(())).await
}

pub(crate) async fn accept(far: Connection, security: &Security, at: &Endpoint) -> Outcome {
    let secured = secure_accept(far, security, at).await?;
    secured.accept(introduction("b@x"), |_, _| Ok(()), |_, _| Ok(())).await
}

/// Two nodes meet over a stream within the process, which passes for one of `peer`.
pub(crate) async fn meet_as(
    peer: &PeerAddr,
    dialler: &SecurityConfig,
    acceptor: &SecurityConfig,
    at: &str,
) -> (Outcome, Outcome) {
    let (mut near, mut far) = streams().await;
    (near.peer, far.peer) = (peer.clone(), peer.clone());
    let (dialler, acceptor, at) = (load(dialler), load(acceptor), at.parse().unwrap());
    tokio::join!(dial(near, &dialler, &at), accept(far, &acceptor, &at))
}

pub(crate) fn tcp(addr: &str) -> PeerAddr {
    PeerAddr::Tcp(addr.parse().unwrap())
}

/// Two nodes meet over TCP between machines.
pub(crate) async fn meet(
    dialler: &SecurityConfig,
    acceptor: &SecurityConfig,
    at: &str,
) -> (Outcome, Outcome) {
    meet_as(&tcp("192.0.2.1:4000"), dialler, acceptor, at).await
}

pub(crate) fn failure(outcome: Outcome) -> HandshakeFailure {
    match outcome {
        Ok(_) => panic!("a session"),
        Err(failure) => failure,
    }
}

/// The session of both, which works.
pub(crate) async fn session((near, far): (Outcome, Outcome)) -> (Peering, Peering) {
    let (mut near, mut far) =
        (near.unwrap_or_else(|f| panic!("{f}")), far.unwrap_or_else(|f| panic!("{f}")));
    write(&near.connection, b"over").await;
    assert_eq!(read_some(&mut far.connection).await, b"over");
    write(&far.connection, b"and back").await;
    assert_eq!(read_some(&mut near.connection).await, b"and back");
    (near, far)
}

/// What the next read gives.
pub(crate) async fn read_some(connection: &mut Connection) -> Vec<u8> {
    let mut buffer = vec![0; 4096];
    let n = std::future::poll_fn(|cx| connection.reader.poll_read(cx, &mut buffer)).await.unwrap();
    buffer.truncate(n);
    buffer
}
