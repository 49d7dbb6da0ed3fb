//! What is configured: files and choices, nothing read yet.

use std::path::PathBuf;

use holm_wire::Secret;

use crate::identity::TokenScope;

/// The security of a node. Empty, it has Unix sockets and, on loopback, plain TCP.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct SecurityConfig {
    /// For `tls:` endpoints.
    pub tls: Option<TlsConfig>,
    /// For `noise:` endpoints: the file of the key pair, created if there is none.
    pub noise: Option<PathBuf>,
    /// A secret of all nodes, at least 16 bytes: both sides prove that they know it, except
    /// where the kernel proves the peer.
    pub cookie: Option<SecretSource>,
    /// The tokens of which every peer that dials must show one, if there are any.
    pub tokens: Vec<Token>,
    /// The token that this node shows to those it dials.
    pub token: Option<SecretSource>,
    /// Uses plain TCP off loopback, and with secrets, if the peer allows it, too. Whoever can read
    /// the network reads all of it then, and can pose as any node.
    pub allow_insecure: bool,
}

/// TLS, and how peers are proven by it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TlsConfig {
    /// Both sides show a certificate that an accepted authority signed.
    Authority {
        /// This node's.
        own: CertificateFiles,
        /// Whose certificates are accepted.
        peers: AuthorityFiles,
    },
    /// Both sides show a self-signed certificate. Who holds it is for lists of identities to say.
    SelfSigned(CertificateFiles),
    /// Only who accepts shows a certificate; who dials is proven by a token or the cookie.
    Server {
        /// What this node shows; without it, it only dials.
        own: Option<CertificateFiles>,
        /// Whose certificates are accepted; without it, it only listens.
        peers: Option<AuthorityFiles>,
    },
    /// Both sides make a certificate for the life of the process, and are proven by the cookie.
    Ephemeral,
}

/// A certificate and its key.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// PEM: the certificate, behind it those that lead to the authority's.
    pub certificate: PathBuf,
    /// PEM, readable by this user alone.
    pub key: PathBuf,
}

/// Accepted authorities.
#[derive(Clone, Debug)]
pub struct AuthorityFiles {
    /// PEM: their certificates. A SPIFFE trust bundle is one.
    pub certificates: PathBuf,
    /// PEM: lists of certificates that they revoked. Each authority needs one if any is given; one
    /// that is out of date still counts.
    pub revoked: Option<PathBuf>,
    /// Which name a dialled node's certificate must have.
    pub name: PeerName,
}

/// Which name a dialled node's certificate must have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PeerName {
    /// The host that was dialled.
    #[default]
    Host,
    /// This DNS name or address.
    Is(String),
    /// Any: node names, SPIFFE ids or lists tell who it is. Not with a token, which would go
    /// to any node that the authority knows.
    Any,
}

/// A token that peers may show.
#[derive(Clone, Debug)]
pub struct Token {
    /// Where it is.
    pub source: SecretSource,
    /// What it is good for.
    pub scope: TokenScope,
}

/// Where a secret is. White space around it is no part of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SecretSource {
    /// In a file that only this user can read.
    File(PathBuf),
    /// In a variable of the environment.
    Variable(String),
    /// Here.
    Value(Secret),
}
