//! The options that say how a node proves itself, and whom it lets in.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};
use holm::access::{Access, Entry};
use holm::security::{
    AuthorityFiles, CertificateFiles, PeerName, SecretSource, SecurityConfig, TlsConfig, Token,
};
use holm_net::identity::TokenScope;

/// Holds the cookie, if no file does.
const COOKIE_VARIABLE: &str = "HOLM_COOKIE";

/// Holds a token, if no file does.
const TOKEN_VARIABLE: &str = "HOLM_TOKEN";

/// No secret is an argument: other users see those.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Security")]
pub(super) struct Security {
    /// TLS: this node's certificate, in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// TLS: its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// TLS: the authorities whose certificates are accepted, in PEM. With --cert, both sides show
    /// one.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// TLS: the authorities' lists of revoked certificates, in PEM.
    #[arg(long, value_name = "FILE", requires = "ca")]
    crl: Option<PathBuf>,
    /// TLS: both sides show self-signed certificates, which --peer or --access names.
    #[arg(long, requires = "cert", conflicts_with = "ca")]
    self_signed: bool,
    /// Noise: this node's key pair; created if it is not there.
    #[arg(long, value_name = "FILE")]
    noise_key: Option<PathBuf>,
    /// A secret that both sides prove they know, instead of the variable HOLM_COOKIE. Without a
    /// certificate, TLS makes one for the life of the process.
    #[arg(long, value_name = "FILE")]
    cookie_file: Option<PathBuf>,
    /// A token, instead of the variable HOLM_TOKEN: who dials shows it, who listens asks for it, or for
    /// one of several. Who does both shows the first.
    #[arg(long, value_name = "FILE")]
    token_file: Vec<PathBuf>,
    /// Uses plain TCP off loopback, and with secrets, if the peer allows that, too.
    #[arg(long)]
    allow_insecure: bool,
    /// Adds to the list of those that are let in: what `holm keys fingerprint` prints, uid:NUMBER,
    /// spki:DIGITS, spiffe://DOMAIN/PATH, token or cookie.
    #[arg(long, value_name = "ENTRY")]
    peer: Vec<Entry>,
    /// Who is let in, and what they may do, in TOML.
    #[arg(long, value_name = "FILE")]
    access: Option<PathBuf>,
}

impl Security {
    /// For a node that listens; `tls` says that it does so by TLS.
    pub(super) fn of_listener(&self, tls: bool) -> SecurityConfig {
        let mut config = self.config(tls);
        let token = |source| Token { source, scope: TokenScope::All };
        config.tokens = self.tokens().into_iter().map(token).collect();
        config
    }

    /// For a node that dials; `tls` says that it does so by TLS.
    pub(super) fn of_dialler(&self, tls: bool) -> Result<SecurityConfig> {
        let mut config = self.config(tls);
        let mut tokens = self.tokens();
        config.token = tokens.pop();
        if !tokens.is_empty() {
            bail!("who dials shows one token, not several");
        }
        Ok(config)
    }

    /// Who is let in, read anew.
    pub(super) fn access(&self) -> Result<Access> {
        let mut access =
            self.access.as_deref().map(super::access::read).transpose()?.unwrap_or_default();
        self.peer.iter().for_each(|entry| access.lists.global.insert(entry.clone()));
        Ok(access)
    }

    fn config(&self, tls: bool) -> SecurityConfig {
        let mut config = SecurityConfig::default();
        config.noise.clone_from(&self.noise_key);
        config.allow_insecure = self.allow_insecure;
        config.cookie =
            self.cookie_file.clone().map(SecretSource::File).or_else(|| variable(COOKIE_VARIABLE));
        config.tls = self.tls(tls && config.cookie.is_some());
        config
    }

    fn tls(&self, cookie: bool) -> Option<TlsConfig> {
        let (certificate, key) = (self.cert.clone(), self.key.clone());
        let own =
            certificate.zip(key).map(|(certificate, key)| CertificateFiles { certificate, key });
        let peers = self.ca.clone().map(|certificates| AuthorityFiles {
            certificates,
            revoked: self.crl.clone(),
            name: PeerName::Host,
        });
        match (own, peers) {
            (Some(own), None) if self.self_signed => Some(TlsConfig::SelfSigned(own)),
            (Some(own), Some(peers)) => Some(TlsConfig::Authority { own, peers }),
            (None, None) => cookie.then_some(TlsConfig::Ephemeral),
            (own, peers) => Some(TlsConfig::Server { own, peers }),
        }
    }

    fn tokens(&self) -> Vec<SecretSource> {
        if self.token_file.is_empty() {
            return variable(TOKEN_VARIABLE).into_iter().collect();
        }
        self.token_file.iter().cloned().map(SecretSource::File).collect()
    }
}

fn variable(name: &str) -> Option<SecretSource> {
    env::var_os(name).map(|_| SecretSource::Variable(name.to_owned()))
}
