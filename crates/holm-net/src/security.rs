//! How a node proves itself and what it asks of others: configured once, loaded again at will.

mod config;
mod error;
mod material;

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use holm_env::{Endpoint, Env};
use holm_proto::access::Fingerprint;

pub use config::{
    AuthorityFiles, CertificateFiles, PeerName, SecretSource, SecurityConfig, TlsConfig, Token,
};
pub use error::SecurityError;
pub(crate) use material::Material;

use crate::failure::HandshakeFailure;
use crate::posture::{self, PostureError};
use crate::standing::Standing;
use crate::tls::config::now;

/// The security of a node. Handshakes that begin after a [`reload`](Self::reload) use what it
/// loaded; those under way keep what they began with, and live sessions are for
/// [`still_admits`](Self::still_admits).
pub struct Security {
    config: SecurityConfig,
    env: Env,
    material: ArcSwap<Material>,
}

impl Security {
    /// Reads all that the configuration names. `env` gives random bytes, and the time that
    /// certificates are judged by.
    ///
    /// # Errors
    /// [`SecurityError`]: something is missing, unsafe or contradictory; never is a weaker
    /// security taken instead.
    pub fn load(config: SecurityConfig, env: &Env) -> Result<Self, SecurityError> {
        let material = ArcSwap::from_pointee(Material::load(&config, env)?);
        Ok(Self { config, env: env.clone(), material })
    }

    /// Reads everything again.
    ///
    /// # Errors
    /// [`SecurityError`]; what was loaded before stays in use.
    pub fn reload(&self) -> Result<(), SecurityError> {
        self.material.store(Arc::new(Material::load(&self.config, &self.env)?));
        Ok(())
    }

    /// Whether a peer that was let in before would be let in now, by what it has shown: a certificate
    /// may be revoked or out of date, a token or the cookie gone.
    ///
    /// # Errors
    /// Why not.
    pub fn still_admits(&self, standing: &Standing) -> Result<(), HandshakeFailure> {
        standing.check(&self.material(), now(&self.env))
    }

    /// Checks where a listener is about to listen.
    ///
    /// # Errors
    /// [`PostureError`]: nobody could be proven there, or secrets would be in danger.
    pub fn check_listen(&self, at: &Endpoint) -> Result<(), PostureError> {
        let material = self.material();
        match at {
            Endpoint::Tls { .. } => material.tls_server().map(drop),
            Endpoint::Noise { .. } => material.noise_key().map(drop),
            Endpoint::Tcp { .. } | Endpoint::Pipe(_) if material.allow_insecure => Ok(()),
            Endpoint::Tcp { .. } | Endpoint::Unix(_) | Endpoint::Pipe(_) | Endpoint::Memory(_) => {
                posture::check_listen(at, material.has_secret())
            }
        }
    }

    /// Whether peers are to be dialled over TLS where nothing else is said: it has what makes plain
    /// TCP refuse, or a certificate.
    pub fn prefers_tls(&self) -> bool {
        let material = self.material();
        material.has_secret() || material.tls.is_some()
    }

    /// The public key by which this node is known over Noise.
    pub fn noise_public(&self) -> Option<Fingerprint> {
        self.material().noise.as_ref().map(|key| key.public())
    }

    pub(crate) fn material(&self) -> Arc<Material> {
        self.material.load_full()
    }

    pub(crate) fn env(&self) -> &Env {
        &self.env
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Security").field("config", &self.config).finish_non_exhaustive()
    }
}
