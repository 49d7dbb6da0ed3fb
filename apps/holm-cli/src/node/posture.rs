//! What a node asks of those who connect, in one line.

use std::fmt;

use holm::access::{Access, Identity, Proof, Role};
use holm::env::Endpoint;
use holm::security::{SecurityConfig, TlsConfig};

/// What a node asks of those who connect.
///
/// For each endpoint: what a peer shows, and whether the lists are `open`, so that this is enough
/// of a member, or `strict`, so that they must name it, too.
pub(super) struct Posture<'a> {
    pub(super) endpoints: &'a [Endpoint],
    pub(super) config: &'a SecurityConfig,
    pub(super) access: &'a Access,
}

impl Posture<'_> {
    /// What a peer shows.
    fn proofs(&self, at: &Endpoint) -> Vec<&'static str> {
        let (channel, is_local) = match at {
            Endpoint::Unix(_) | Endpoint::Memory(_) => (Some("user"), true),
            Endpoint::Tcp { .. } | Endpoint::Pipe(_) => (None, false),
            Endpoint::Noise { .. } => (Some("key"), false),
            Endpoint::Tls { .. } => (self.certificate(), false),
        };
        let cookie = (self.config.cookie.is_some() && !is_local).then_some("cookie");
        let token = (!self.config.tokens.is_empty()).then_some("token");
        [channel, cookie, token].into_iter().flatten().collect()
    }

    fn certificate(&self) -> Option<&'static str> {
        match &self.config.tls {
            Some(TlsConfig::Authority { .. }) => Some("certificate"),
            Some(TlsConfig::SelfSigned(_)) => Some("self-signed certificate"),
            // Who dials shows none, or one that proves nothing.
            Some(_) | None => None,
        }
    }

    /// Whether a member is let in that no list names.
    fn is_open(&self, at: &Endpoint) -> bool {
        let proof = match (at, &self.config.tls) {
            (Endpoint::Noise { .. }, _) => Proof::Noise,
            (Endpoint::Tls { .. }, Some(TlsConfig::SelfSigned(_))) => Proof::SelfSigned,
            _ => Proof::Nothing,
        };
        self.access.lists.admits(&Identity::new(proof), Role::Member, None)
    }
}

impl fmt::Display for Posture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for at in self.endpoints {
            let proofs = match self.proofs(at) {
                proofs if proofs.is_empty() => "nothing".to_owned(),
                proofs => proofs.join(" and "),
            };
            let lists = if self.is_open(at) { "open" } else { "strict" };
            write!(f, "{at} asks for {proofs}, lists {lists}; ")?;
        }
        f.write_str(match self.config.allow_insecure {
            true => "insecure connections allowed",
            false => "insecure connections refused",
        })
    }
}
