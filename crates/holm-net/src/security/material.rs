//! What one load of the configuration gave.

use std::sync::Arc;

use holm_env::Env;
use holm_wire::Secret;
use ring::hmac;
use rustls::{ClientConfig, ServerConfig};

use super::{
    AuthorityFiles, PeerName, SecretSource, SecurityConfig, SecurityError, TlsConfig, Token,
};
use crate::identity::TokenScope;
use crate::noise::NoiseKey;
use crate::posture::PostureError;
use crate::secret_file::read_secret;
use crate::tls::config::{self as tls, TlsMaterial};

/// Shortest cookie, in bytes: 128 bits, if they are random.
pub(crate) const COOKIE_BYTES_MIN: usize = 16;

/// Longest token, in bytes: what fits into a Hello.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// All that handshakes need.
#[derive(Default)]
pub(crate) struct Material {
    pub(crate) tls: Option<TlsMaterial>,
    pub(crate) noise: Option<NoiseKey>,
    pub(crate) cookie: Option<Cookie>,
    /// Those that peers may show.
    pub(crate) tokens: Vec<(Secret, TokenScope)>,
    /// The one to show.
    pub(crate) token: Option<Secret>,
    pub(crate) allow_insecure: bool,
}

impl Material {
    pub(super) fn load(config: &SecurityConfig, env: &Env) -> Result<Self, SecurityError> {
        check(config)?;
        let token = |source: &SecretSource| match load_secret(source, "a token")? {
            token if token.expose().len() > TOKEN_BYTES_MAX => Err(SecurityError::LongToken),
            token => Ok(token),
        };
        let accepted = |it: &Token| Ok((token(&it.source)?, it.scope.clone()));
        Ok(Self {
            tls: config.tls.as_ref().map(|tls| tls::load(tls, env)).transpose()?,
            noise: config.noise.as_deref().map(NoiseKey::load_or_create).transpose()?,
            cookie: config.cookie.as_ref().map(Cookie::load).transpose()?,
            tokens: config.tokens.iter().map(accepted).collect::<Result<_, SecurityError>>()?,
            token: config.token.as_ref().map(token).transpose()?,
            allow_insecure: config.allow_insecure,
        })
    }

    /// Whether plain TCP would put a secret in danger.
    pub(crate) fn has_secret(&self) -> bool {
        self.token.is_some() || !self.tokens.is_empty() || self.cookie.is_some()
    }

    pub(crate) fn tls_server(&self) -> Result<(&TlsMaterial, Arc<ServerConfig>), PostureError> {
        let found = self.tls.as_ref().and_then(|tls| Some((tls, tls.server.clone()?)));
        found.ok_or(PostureError::NoTlsCertificate)
    }

    pub(crate) fn tls_client(&self) -> Result<(&TlsMaterial, Arc<ClientConfig>), PostureError> {
        let found = self.tls.as_ref().and_then(|tls| Some((tls, tls.client.clone()?)));
        found.ok_or(PostureError::NoTlsAuthorities)
    }

    pub(crate) fn noise_key(&self) -> Result<&NoiseKey, PostureError> {
        self.noise.as_ref().ok_or(PostureError::NoNoiseKey)
    }

    /// What this token is good for, if it is valid. Takes the same time whichever it is.
    pub(crate) fn scope_of(&self, shown: &Secret) -> Option<&TokenScope> {
        self.tokens.iter().fold(
            None,
            |found, (token, scope)| {
                if token == shown { Some(scope) } else { found }
            },
        )
    }
}

/// Refuses what contradicts itself.
fn check(config: &SecurityConfig) -> Result<(), SecurityError> {
    let (cookie, token) = (config.cookie.is_some(), config.token.is_some());
    let any_name = |peers: &AuthorityFiles| peers.name == PeerName::Any;
    match &config.tls {
        Some(TlsConfig::Ephemeral) if !cookie => Err(SecurityError::EphemeralWithoutCookie),
        Some(TlsConfig::Ephemeral) if token => Err(SecurityError::TokenToAnybody),
        Some(TlsConfig::Server { own: None, peers: None }) => Err(SecurityError::NoTls),
        Some(TlsConfig::Server { own: Some(_), .. }) if !cookie && config.tokens.is_empty() => {
            Err(SecurityError::ProvesNobody)
        }
        Some(TlsConfig::Server { peers: Some(peers), .. } | TlsConfig::Authority { peers, .. })
            if token && any_name(peers) =>
        {
            Err(SecurityError::TokenToAnybody)
        }
        Some(
            TlsConfig::Server { .. }
            | TlsConfig::Authority { .. }
            | TlsConfig::SelfSigned(_)
            | TlsConfig::Ephemeral,
        )
        | None => Ok(()),
    }
}

fn load_secret(source: &SecretSource, what: &'static str) -> Result<Secret, SecurityError> {
    let secret = match source {
        SecretSource::File(path) => return Ok(read_secret(path)?),
        SecretSource::Value(secret) => secret.clone(),
        SecretSource::Variable(name) => std::env::var(name)
            .map(|text| Secret::new(text.into_bytes()))
            .map_err(|_| SecurityError::Variable(name.clone()))?,
    };
    match secret.expose().trim_ascii() {
        [] => Err(SecurityError::EmptySecret(what)),
        trimmed => Ok(Secret::new(trimmed.to_vec())),
    }
}

/// The secret of all nodes.
pub(crate) struct Cookie(Secret);

impl Cookie {
    fn load(source: &SecretSource) -> Result<Self, SecurityError> {
        match load_secret(source, "the cookie")? {
            cookie if cookie.expose().len() < COOKIE_BYTES_MIN => Err(SecurityError::ShortCookie),
            cookie => Ok(Self(cookie)),
        }
    }

    /// HMAC-SHA256 under the cookie.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.expose());
        hmac::sign(&key, message).as_ref().try_into().expect("32 bytes")
    }
}
