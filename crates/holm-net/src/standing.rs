//! What a peer was let in by, kept to be looked at again.

use std::fmt;

use holm_wire::Secret;
use holm_wire::handshake::HandshakeError;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use crate::failure::HandshakeFailure;
use crate::posture::PostureError;
use crate::security::Material;
use crate::tls::TlsFailure;

/// What is made of the cookie to see later whether it is still the same one.
const COOKIE_MARK: &[u8] = b"holm standing";

/// What a peer has shown: certificates, token, cookie. For
/// [`Security::still_admits`](crate::Security::still_admits).
#[derive(Default)]
pub struct Standing {
    chain: Vec<CertificateDer<'static>>,
    /// The name that was verified, if this node dialled.
    name: Option<ServerName<'static>>,
    cookie: Option<[u8; 32]>,
    token: Option<Secret>,
}

impl Standing {
    /// The peer's certificates, its own first; `name` is what a dialled one was to be.
    pub(crate) fn tls(
        chain: Vec<CertificateDer<'static>>,
        name: Option<ServerName<'static>>,
    ) -> Self {
        Self { chain, name, ..Self::default() }
    }

    pub(crate) fn note_cookie(&mut self, material: &Material) {
        self.cookie = mark(material);
    }

    pub(crate) fn note_token(&mut self, token: Option<&Secret>) {
        self.token = token.cloned();
    }

    /// Whether a handshake of now would go as the one did that let the peer in.
    pub(crate) fn check(&self, material: &Material, now: UnixTime) -> Result<(), HandshakeFailure> {
        self.check_chain(material, now)?;
        if self.cookie.is_some() && self.cookie != mark(material) {
            return Err(HandshakeError::WrongCookie.into());
        }
        match &self.token {
            Some(token) if !material.tokens.is_empty() && material.scope_of(token).is_none() => {
                Err(HandshakeFailure::WrongToken)
            }
            _ => Ok(()),
        }
    }

    fn check_chain(&self, material: &Material, now: UnixTime) -> Result<(), HandshakeFailure> {
        let [leaf, rest @ ..] = &*self.chain else { return Ok(()) };
        let tls = material.tls.as_ref();
        match &self.name {
            Some(name) => {
                let servers = tls.and_then(|tls| tls.servers.as_ref());
                let servers = servers.ok_or(PostureError::NoTlsAuthorities)?;
                servers.verify_server_cert(leaf, rest, name, &[], now).map(drop)
            }
            None => {
                let clients = tls.and_then(|tls| tls.clients.as_ref());
                let clients = clients.ok_or(PostureError::NoTlsCertificate)?;
                clients.verify_client_cert(leaf, rest, now).map(drop)
            }
        }
        .map_err(|error| TlsFailure::from(error).into())
    }
}

fn mark(material: &Material) -> Option<[u8; 32]> {
    material.cookie.as_ref().map(|cookie| cookie.mac(COOKIE_MARK))
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").finish_non_exhaustive()
    }
}
