//! The key pair by which a node is known over Noise.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;

use holm_proto::access::Fingerprint;
use snow::params::DHChoice;
use snow::resolvers::{CryptoResolver, DefaultResolver};
use snow::types::Dh;
use zeroize::Zeroizing;

use super::PARAMS;
use crate::secret_file::{self, SecretFileError};

/// A static key pair on Curve25519. In a file: the private key as 64 hexadecimal digits.
#[derive(Clone)]
pub struct NoiseKey {
    private: Zeroizing<[u8; 32]>,
    public: Fingerprint,
}

impl NoiseKey {
    /// A fresh one.
    ///
    /// # Errors
    /// The operating system gave no random bytes.
    pub fn generate() -> io::Result<Self> {
        let params = PARAMS.parse().expect("well-formed");
        let pair = snow::Builder::new(params).generate_keypair().map_err(io::Error::other)?;
        let private = Zeroizing::new(pair.private);
        Ok(Self::of(Zeroizing::new(private[..].try_into().expect("32 bytes"))))
    }

    /// Reads a key from a file that nobody else can read.
    ///
    /// # Errors
    /// [`SecretFileError`].
    pub fn load(path: &Path) -> Result<Self, SecretFileError> {
        let bytes = secret_file::read(path)?;
        let digits = bytes.trim_ascii();
        if digits.is_empty() {
            return Err(SecretFileError::Empty { path: path.to_owned() });
        }
        let private = parse(digits).ok_or_else(|| SecretFileError::Content {
            path: path.to_owned(),
            expected: "Noise key of 64 hexadecimal digits",
        })?;
        Ok(Self::of(private))
    }

    /// Reads the key, or makes one and writes it where there is no file yet. Nodes that start
    /// together with one file all get the key of one of them, or an error.
    ///
    /// # Errors
    /// [`SecretFileError`]; a file that is there is never replaced.
    pub fn load_or_create(path: &Path) -> Result<Self, SecretFileError> {
        let missing = |error: &SecretFileError| matches!(error, SecretFileError::Io { source, .. } if source.kind() == ErrorKind::NotFound);
        match Self::load(path) {
            Err(error) if missing(&error) => {}
            loaded => return loaded,
        }
        match Self::create(path) {
            Err(SecretFileError::Io { source, .. })
                if source.kind() == ErrorKind::AlreadyExists =>
            {
                Self::load(path)
            }
            created => created,
        }
    }

    /// Makes a key and writes it to a new file of mode 0600.
    ///
    /// # Errors
    /// [`SecretFileError::Io`], also where there is a file already.
    pub fn create(path: &Path) -> Result<Self, SecretFileError> {
        let io = |source| SecretFileError::Io { path: path.to_owned(), source };
        let key = Self::generate().map_err(io)?;
        let mut text = Zeroizing::new(String::with_capacity(65));
        for byte in key.private.iter() {
            for digit in [byte >> 4, byte & 15] {
                text.push(char::from_digit(digit.into(), 16).expect("a digit"));
            }
        }
        text.push('\n');
        secret_file::create(path, text.as_bytes())?;
        Ok(key)
    }

    /// The public key: the identity of whoever holds this pair.
    pub fn public(&self) -> Fingerprint {
        self.public
    }

    pub(crate) fn private(&self) -> &[u8] {
        &self.private[..]
    }

    fn of(private: Zeroizing<[u8; 32]>) -> Self {
        let mut dh: Box<dyn Dh> =
            DefaultResolver.resolve_dh(&DHChoice::Curve25519).expect("built in");
        dh.set(&private[..]);
        Self { public: Fingerprint::from_bytes(dh.pubkey().try_into().expect("32 bytes")), private }
    }
}

fn parse(digits: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut key = Zeroizing::new([0; 32]);
    if digits.len() != 2 * key.len() {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16);
        *byte = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
    }
    Some(key)
}

impl fmt::Debug for NoiseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoiseKey").field("public", &self.public).finish_non_exhaustive()
    }
}
