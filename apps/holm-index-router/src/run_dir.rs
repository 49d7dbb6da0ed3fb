//! The private folder of one router's socket.

use std::env;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use holm_net::unix_dir::{PrivateDir, UnixDirError, sweep};

/// What the folders of routers are called, before the process id. In the temporary folder others lie beside
/// them.
const PREFIX: &str = "holm-index-";

/// A folder that only this user can enter, removed when dropped.
#[derive(Debug)]
pub(crate) struct RunDir(PrivateDir);

impl RunDir {
    /// Makes one, and removes those that killed routers have left beside it.
    pub(crate) fn create() -> Result<Self, UnixDirError> {
        let parent = parent().map_err(|(path, source)| UnixDirError::Io { path, source })?;
        match sweep(&parent, PREFIX) {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "removed what killed routers had left"),
            // It is no reason not to start.
            Err(error) => tracing::warn!(%error, "cannot remove what killed routers have left"),
        }
        PrivateDir::create(&parent, PREFIX).map(Self)
    }

    /// Where the router listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.0.path().join("router.sock")
    }
}

/// `$XDG_RUNTIME_DIR/holm`, if there is such a variable and folder; else the temporary folder.
fn parent() -> Result<PathBuf, (PathBuf, io::Error)> {
    // The variable's specification has relative paths ignored.
    let runtime =
        env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let Some(parent) = runtime.map(|runtime| runtime.join("holm")) else {
        return Ok(env::temp_dir());
    };
    match DirBuilder::new().mode(0o700).create(&parent) {
        Ok(()) => Ok(parent),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(parent),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(env::temp_dir()),
        Err(error) => Err((parent, error)),
    }
}
