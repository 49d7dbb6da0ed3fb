//! Systems without Unix sockets.

use std::convert::Infallible;
use std::io;
use std::path::Path;

use holm_env::{BoxFuture, Connection, Endpoint, Listener};

use super::UnixDirError;

/// There is none here.
pub struct PrivateListener(Infallible);

/// Listens nowhere.
///
/// # Errors
/// Always [`UnixDirError::Unsupported`].
pub fn bind_private(path: &Path) -> Result<PrivateListener, UnixDirError> {
    Err(UnixDirError::Unsupported { path: path.to_owned() })
}

/// Users have no numbers here: nobody is our own.
pub fn is_own_user(_uid: u32) -> bool {
    false
}

impl Listener for PrivateListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        match self.0 {}
    }

    fn local(&self) -> Endpoint {
        match self.0 {}
    }
}
