//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

use crate::secret_file::SecretFileError;

/// Why a configuration cannot be used. Whoever wrote it, or the files, is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecurityError {
    /// A file with a secret.
    #[error(transparent)]
    SecretFile(#[from] SecretFileError),
    /// Another file.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A variable is not set, or not UTF-8.
    #[error("the variable {0} holds no text")]
    Variable(String),
    /// A secret is empty, or white space alone.
    #[error("{0} is empty")]
    EmptySecret(&'static str),
    /// A token is longer than 8 KiB.
    #[error("a token has more than {max} bytes", max = super::material::TOKEN_BYTES_MAX)]
    LongToken,
    /// The cookie can be guessed: who dials a node sees a proof to try guesses on.
    #[error("the cookie has fewer than {min} bytes", min = super::material::COOKIE_BYTES_MIN)]
    ShortCookie,
    /// A file holds no certificate, or a damaged one.
    #[error("{path} holds no certificate in PEM")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key, or a damaged one.
    #[error("{path} holds no private key in PEM")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no revocation list, or a damaged one.
    #[error("{path} holds no certificate revocation list in PEM")]
    NoRevocationList {
        /// The file.
        path: PathBuf,
    },
    /// The certificate of an authority cannot be used.
    #[error("{path}: {source}")]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// The authorities and their revocation lists cannot be used.
    #[error("{path}: {fault}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: String,
    },
    /// This node's certificate and key cannot be used, or are not of each other.
    #[error("this node's certificate and key: {0}")]
    Own(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Ephemeral(String),
    /// The name to verify is none.
    #[error("`{0}` is neither a DNS name nor an address")]
    Name(String),
    /// TLS with a certificate of the server alone lets anybody in.
    #[error("TLS with a server's certificate alone proves no dialler: set tokens, or a cookie")]
    ProvesNobody,
    /// TLS with neither a certificate nor authorities.
    #[error("TLS with neither a certificate to show nor authorities to accept is of no use")]
    NoTls,
    /// Ephemeral certificates prove nothing by themselves.
    #[error("ephemeral certificates prove nobody: set a cookie")]
    EphemeralWithoutCookie,
    /// The token would be shown to whoever answers.
    #[error(
        "the token would be shown before the acceptor is proven: verify its certificate's name"
    )]
    TokenToAnybody,
}
