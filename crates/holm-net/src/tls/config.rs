//! From files to rustls's configurations.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use holm_env::Env;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, PrivateKeyDer, ServerName, UnixTime,
};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use super::certificate;
use super::verifier::{AnyName, SelfSigned};
use crate::identity::{Method, PeerIdentity};
use crate::secret_file;
use crate::security::{AuthorityFiles, CertificateFiles, PeerName, SecurityError, TlsConfig};

/// What a Holm node calls its protocol within TLS, so that strangers part at once.
const ALPN: &[u8] = b"holm";

/// TLS as one load of the configuration has it.
pub(crate) struct TlsMaterial {
    pub(crate) server: Option<Arc<ServerConfig>>,
    pub(crate) client: Option<Arc<ClientConfig>>,
    /// What these two verify certificates by.
    pub(crate) clients: Option<Arc<dyn ClientCertVerifier>>,
    pub(crate) servers: Option<Arc<dyn ServerCertVerifier>>,
    /// What the certificate of a dialler proves, and of an acceptor.
    pub(crate) dialler: Method,
    pub(crate) acceptor: Method,
    /// The name to verify instead of the host's.
    pub(crate) name: Option<ServerName<'static>>,
}

type Own = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

struct Builder {
    provider: Arc<CryptoProvider>,
    time: Arc<dyn TimeProvider>,
}

pub(crate) fn load(config: &TlsConfig, env: &Env) -> Result<TlsMaterial, SecurityError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = Builder { provider, time: Arc::new(Clock(env.clone())) };
    match config {
        TlsConfig::Authority { own, peers } => {
            let (own, peers) = (load_own(own)?, builder.authorities(peers)?);
            Ok(TlsMaterial {
                server: Some(builder.server(Some(Arc::clone(&peers.clients)), own_copy(&own))?),
                client: Some(builder.client(Arc::clone(&peers.servers), Some(own))?),
                clients: Some(peers.clients),
                servers: Some(peers.servers),
                dialler: Method::Authority,
                acceptor: Method::Authority,
                name: peers.name,
            })
        }
        TlsConfig::SelfSigned(own) => builder.self_signed(load_own(own)?, Method::SelfSigned),
        TlsConfig::Ephemeral => builder.self_signed(ephemeral()?, Method::Nothing),
        TlsConfig::Server { own, peers } => {
            let own = own.as_ref().map(load_own).transpose()?;
            let peers = peers.as_ref().map(|peers| builder.authorities(peers)).transpose()?;
            let (servers, name) = peers.map_or((None, None), |it| (Some(it.servers), it.name));
            Ok(TlsMaterial {
                server: own.map(|own| builder.server(None, own)).transpose()?,
                client: servers.clone().map(|it| builder.client(it, None)).transpose()?,
                clients: None,
                servers,
                dialler: Method::Nothing,
                acceptor: Method::Authority,
                name,
            })
        }
    }
}

/// Reads who the first certificate of a PEM file is of, as a peer that accepts it sees them.
///
/// # Errors
/// [`SecurityError`]: there is none, or it is damaged.
pub fn read_certificate(path: &Path) -> Result<PeerIdentity, SecurityError> {
    let certificates = load_certificates(path)?;
    certificate::identity(&certificates[0], Method::Authority)
        .map_err(|source| SecurityError::Certificate { path: path.to_owned(), source })
}

/// How certificates of accepted authorities are verified.
struct Authorities {
    clients: Arc<dyn ClientCertVerifier>,
    servers: Arc<dyn ServerCertVerifier>,
    name: Option<ServerName<'static>>,
}

impl Builder {
    fn server(
        &self,
        clients: Option<Arc<dyn ClientCertVerifier>>,
        (chain, key): Own,
    ) -> Result<Arc<ServerConfig>, SecurityError> {
        let builder =
            ServerConfig::builder_with_details(Arc::clone(&self.provider), Arc::clone(&self.time))
                .with_protocol_versions(&[&TLS13])?;
        let builder = match clients {
            Some(clients) => builder.with_client_cert_verifier(clients),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        // A resumed session would not look at the certificates again.
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    fn client(
        &self,
        servers: Arc<dyn ServerCertVerifier>,
        own: Option<Own>,
    ) -> Result<Arc<ClientConfig>, SecurityError> {
        let builder =
            ClientConfig::builder_with_details(Arc::clone(&self.provider), Arc::clone(&self.time))
                .with_protocol_versions(&[&TLS13])?
                .dangerous()
                .with_custom_certificate_verifier(servers);
        let mut config = match own {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn self_signed(&self, own: Own, proves: Method) -> Result<TlsMaterial, SecurityError> {
        let verifier = Arc::new(SelfSigned::new(Arc::clone(&self.provider)));
        Ok(TlsMaterial {
            server: Some(self.server(Some(Arc::clone(&verifier) as _), own_copy(&own))?),
            client: Some(self.client(Arc::clone(&verifier) as _, Some(own))?),
            clients: Some(Arc::clone(&verifier) as _),
            servers: Some(verifier),
            dialler: proves,
            acceptor: proves,
            name: Some(any_name()),
        })
    }

    fn authorities(&self, files: &AuthorityFiles) -> Result<Authorities, SecurityError> {
        let mut roots = RootCertStore::empty();
        for authority in load_certificates(&files.certificates)? {
            roots.add(authority).map_err(|source| SecurityError::Certificate {
                path: files.certificates.clone(),
                source,
            })?;
        }
        let roots = Arc::new(roots);
        let revoked = match &files.revoked {
            Some(path) => load_revoked(path)?,
            None => Vec::new(),
        };
        let provider = || Arc::clone(&self.provider);
        let bad = |error: rustls::server::VerifierBuilderError| SecurityError::Authorities {
            path: files.revoked.as_ref().unwrap_or(&files.certificates).clone(),
            fault: error.to_string(),
        };
        // Only what was issued to nodes: whoever revokes an authority takes it out of the file.
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), provider())
            .with_crls(revoked.clone())
            .only_check_end_entity_revocation()
            .build()
            .map_err(bad)?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, provider())
            .with_crls(revoked)
            .only_check_end_entity_revocation()
            .build()
            .map_err(bad)?;
        let (servers, name): (Arc<dyn ServerCertVerifier>, _) = match &files.name {
            PeerName::Host => (servers, None),
            PeerName::Is(name) => {
                let parsed = ServerName::try_from(name.clone());
                (servers, Some(parsed.map_err(|_| SecurityError::Name(name.clone()))?))
            }
            PeerName::Any => (Arc::new(AnyName::new(servers, provider())), Some(any_name())),
        };
        Ok(Authorities { clients, servers, name })
    }
}

/// What is asked for where the name does not matter.
fn any_name() -> ServerName<'static> {
    ServerName::try_from("holm.invalid").expect("a DNS name")
}

fn own_copy((chain, key): &Own) -> Own {
    (chain.clone(), key.clone_key())
}

fn load_own(files: &CertificateFiles) -> Result<Own, SecurityError> {
    let chain = load_certificates(&files.certificate)?;
    let pem = secret_file::read(&files.key)?;
    let key = PrivateKeyDer::from_pem_slice(&pem)
        .map_err(|_| SecurityError::NoKey { path: files.key.clone() })?;
    Ok((chain, key))
}

fn load_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SecurityError> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) | Err(_) => Err(SecurityError::NoCertificate { path: path.to_owned() }),
    }
}

fn load_revoked(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, SecurityError> {
    let lists: Result<Vec<_>, _> =
        CertificateRevocationListDer::pem_slice_iter(&read(path)?).collect();
    match lists {
        Ok(lists) if !lists.is_empty() => Ok(lists),
        Ok(_) | Err(_) => Err(SecurityError::NoRevocationList { path: path.to_owned() }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, SecurityError> {
    fs::read(path).map_err(|source| SecurityError::Io { path: path.to_owned(), source })
}

/// A certificate of this process alone.
fn ephemeral() -> Result<Own, SecurityError> {
    let made = rcgen::generate_simple_self_signed(["holm.invalid".to_owned()])
        .map_err(|error| SecurityError::Ephemeral(error.to_string()))?;
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())
        .map_err(|error| SecurityError::Ephemeral(error.to_owned()))?;
    Ok((vec![made.cert.der().clone()], key))
}

/// The environment's wall clock, for the validity of certificates.
struct Clock(Env);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(now(&self.0))
    }
}

/// The time that certificates are judged by.
pub(crate) fn now(env: &Env) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_millis(env.wall_clock().0))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
