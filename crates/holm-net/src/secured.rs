//! From a connection of the transport to one whose other end is known.

use std::fmt;
use std::sync::Arc;

use holm_env::{Connection, Endpoint, PeerAddr};
use holm_wire::handshake::{Binding, Features, Hello, Nonce};
use rustls::pki_types::ServerName;

use crate::failure::HandshakeFailure;
use crate::identity::{Method, PeerIdentity, TokenScope};
use crate::posture::{PostureError, check_connection, check_pipe};
use crate::security::{Material, Security};
use crate::standing::Standing;
use crate::talk::{Talk, within_deadline};
use crate::{noise, tls};

/// A connection ready for the handshake. Whoever keeps lists of identities looks at
/// [`identity`](Self::identity) before going on, and [refuses](Self::refuse) whom they do not name:
/// a dialler's token is not sent before.
pub struct Secured {
    /// Who the peer was proven to be so far. A token or a cookie is still to come.
    pub identity: PeerIdentity,
    /// What ties a proof to this channel; none without encryption.
    pub binding: Option<Binding>,
    pub(crate) connection: Connection,
    pub(crate) rules: Rules,
    pub(crate) standing: Standing,
}

/// What the handshake has to see to.
pub(crate) struct Rules {
    pub(crate) material: Arc<Material>,
    /// Both sides are to prove that they know the cookie.
    pub(crate) cookie: bool,
    pub(crate) nonce: Nonce,
    /// The peer must allow insecure connections, too.
    pub(crate) insecure: bool,
    /// Frames are to carry checksums.
    pub(crate) checksum: bool,
    /// What this port speaks, for people.
    pub(crate) channel: &'static str,
}

/// Secures a connection that this node dialled. `hello` is what it will introduce itself with.
///
/// # Errors
/// [`HandshakeFailure`]; the connection is closed. Cancel safe: dropped, it is closed, too.
pub async fn secure_dial(
    connection: Connection,
    security: &Security,
    to: &Endpoint,
    hello: &Hello,
) -> Result<Secured, HandshakeFailure> {
    let material = security.material();
    match to {
        Endpoint::Tls { host, .. } => {
            let (tls, config) = closing(&connection, material.tls_client())?;
            let name = match &tls.name {
                Some(name) => Ok(name.clone()),
                None => ServerName::try_from(host.clone())
                    .map_err(|_| PostureError::HostName(host.clone())),
            };
            let name = closing(&connection, name)?;
            let opened = within_deadline(tls::dial(connection, config, name, tls.acceptor)).await?;
            Ok(Secured::tls(opened, security, material))
        }
        Endpoint::Noise { .. } => {
            let key = closing(&connection, material.noise_key())?;
            let mut talk = Talk::new(connection);
            match within_deadline(noise::dial(&mut talk, key, hello)).await {
                Ok(opened) => Ok(Secured::noise(opened, talk, security, material)),
                Err(failure) => Err(talk.fail(failure)),
            }
        }
        Endpoint::Tcp { .. } | Endpoint::Unix(_) | Endpoint::Pipe(_) | Endpoint::Memory(_) => {
            let secret = material.token.is_some() || material.cookie.is_some();
            Secured::plain(connection, to, secret, security, material)
        }
    }
}

/// Secures a connection that was accepted at `at`.
///
/// # Errors
/// [`HandshakeFailure`]; the connection is closed. Cancel safe: dropped, it is closed, too.
pub async fn secure_accept(
    connection: Connection,
    security: &Security,
    at: &Endpoint,
) -> Result<Secured, HandshakeFailure> {
    let material = security.material();
    match at {
        Endpoint::Tls { .. } => {
            let (tls, config) = closing(&connection, material.tls_server())?;
            let opened = within_deadline(tls::accept(connection, config, tls.dialler)).await?;
            Ok(Secured::tls(opened, security, material))
        }
        Endpoint::Noise { .. } => {
            let key = closing(&connection, material.noise_key())?;
            let mut talk = Talk::new(connection);
            match within_deadline(noise::accept(&mut talk, key)).await {
                Ok(opened) => Ok(Secured::noise(opened, talk, security, material)),
                Err(failure) => Err(talk.fail(failure)),
            }
        }
        Endpoint::Tcp { .. } | Endpoint::Unix(_) | Endpoint::Pipe(_) | Endpoint::Memory(_) => {
            let secret = material.has_secret();
            Secured::plain(connection, at, secret, security, material)
        }
    }
}

/// Closes the connection if there is no going on.
fn closing<T>(
    connection: &Connection,
    outcome: Result<T, PostureError>,
) -> Result<T, HandshakeFailure> {
    outcome.map_err(|error| {
        connection.writer.shutdown();
        error.into()
    })
}

impl Secured {
    /// A connection about which nothing is asked, in a test world or a program's own test.
    pub fn unchecked(connection: Connection) -> Self {
        Self {
            identity: PeerIdentity::new(Method::Nothing),
            binding: None,
            connection,
            rules: Rules {
                material: Arc::default(),
                cookie: false,
                nonce: Nonce([0; 32]),
                insecure: false,
                checksum: false,
                channel: "no encryption",
            },
            standing: Standing::default(),
        }
    }

    /// Tells the peer why there will be no session, and closes. Gives the failure back.
    pub fn refuse(self, failure: HandshakeFailure) -> HandshakeFailure {
        Talk::new(self.connection).fail(failure)
    }

    /// The connection alone, for bytes of the caller's own.
    pub fn into_connection(self) -> Connection {
        self.connection
    }

    fn new(
        connection: Connection,
        identity: PeerIdentity,
        binding: Option<Binding>,
        channel: &'static str,
        security: &Security,
        material: Arc<Material>,
    ) -> Self {
        let mut nonce = Nonce([0; 32]);
        security.env().fill(&mut nonce.0);
        let cookie = material.cookie.is_some() && identity.method != Method::Local;
        let rules = Rules { material, cookie, nonce, insecure: false, checksum: false, channel };
        Self { identity, binding, connection, rules, standing: Standing::default() }
    }

    fn tls(opened: tls::Opened, security: &Security, material: Arc<Material>) -> Self {
        let tls::Opened { connection, identity, binding, standing } = opened;
        let new = Self::new(connection, identity, Some(binding), "TLS", security, material);
        Self { standing, ..new }
    }

    fn noise(
        opened: noise::Opened,
        talk: Talk,
        security: &Security,
        material: Arc<Material>,
    ) -> Self {
        let (identity, binding) = (opened.identity.clone(), opened.binding);
        let connection = opened.connection(talk);
        Self::new(connection, identity, Some(binding), "Noise", security, material)
    }

    /// Without encryption; `secret` says that one would be in danger.
    fn plain(
        connection: Connection,
        at: &Endpoint,
        secret: bool,
        security: &Security,
        material: Arc<Material>,
    ) -> Result<Self, HandshakeFailure> {
        let is_pipe = matches!(at, Endpoint::Pipe(_));
        let checked =
            if is_pipe { check_pipe(secret) } else { check_connection(&connection, secret) };
        let insecure = match checked {
            Ok(()) => false,
            Err(
                PostureError::PlainTcp(_)
                | PostureError::TokenOverTcp
                | PostureError::TokenOverPipe,
            ) if material.allow_insecure => {
                tracing::warn!(peer = %connection.peer, "an insecure connection, as configured");
                true
            }
            Err(error) => return Err(Talk::new(connection).fail(error.into())),
        };
        let method = match connection.peer {
            PeerAddr::Tcp(_) => Method::Nothing,
            PeerAddr::Unix { .. } if is_pipe => Method::Nothing,
            PeerAddr::Unix { .. } | PeerAddr::Memory(_) => Method::Local,
        };
        // Between hosts TCP's own checksum misses too much, and nothing else looks.
        let checksum = matches!(connection.peer, PeerAddr::Tcp(addr) if !addr.ip().is_loopback());
        let identity = PeerIdentity::new(method);
        let channel = "no encryption";
        let mut secured = Self::new(connection, identity, None, channel, security, material);
        secured.rules.insecure = insecure;
        secured.rules.checksum = checksum;
        Ok(secured)
    }
}

impl Rules {
    /// Checks what a peer says against what its connection needs.
    pub(crate) fn check_features(&self, theirs: Features) -> Result<(), HandshakeFailure> {
        if theirs.contains(Features::NOISE) {
            return Err(HandshakeFailure::Channel { spoken: "Noise", due: self.channel });
        }
        if self.insecure && !theirs.contains(Features::INSECURE) {
            return Err(HandshakeFailure::PeerForbidsInsecure);
        }
        Ok(())
    }

    /// The proof of the cookie.
    pub(crate) fn mac(&self, message: &[u8]) -> [u8; 32] {
        let cookie = self.material.cookie.as_ref();
        cookie.expect("asked for only where there is one").mac(message)
    }

    /// What the token of a dialler is good for, if one is asked for.
    pub(crate) fn check_token(
        &self,
        hello: &Hello,
    ) -> Result<Option<TokenScope>, HandshakeFailure> {
        if self.material.tokens.is_empty() {
            return Ok(None);
        }
        let shown = hello.from.token.as_ref().ok_or(HandshakeFailure::NoToken)?;
        let scope = self.material.scope_of(shown).ok_or(HandshakeFailure::WrongToken)?;
        Ok(Some(scope.clone()))
    }

    /// What this node says of itself on this connection.
    pub(crate) fn features(&self, ours: Features) -> Features {
        let insecure = self.material.allow_insecure.then_some(Features::INSECURE);
        let checksum = self.checksum.then_some(Features::CHECKSUM);
        [insecure, checksum].into_iter().flatten().fold(ours, Features::with)
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secured")
            .field("peer", &self.connection.peer)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
