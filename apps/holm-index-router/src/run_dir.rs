//! The private folder of one router's socket.

use std::env;
use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use holm_net::unix_dir::{PrivateDir, UnixDirError, sweep};

/// What the folders of routers are called, before the process id. In a shared temporary folder it has to say
/// whose they are.
const PREFIX: &str = "holm-index-";

/// A folder that only this user can enter, removed when dropped.
#[derive(Debug)]
pub(crate) struct RunDir(PrivateDir);

impl RunDir {
    /// Makes one in `$XDG_RUNTIME_DIR/holm`, or in the temporary folder where there is no such variable, and
    /// removes what killed routers have left there.
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

fn parent() -> Result<PathBuf, (PathBuf, io::Error)> {
    // The variable's specification has relative paths ignored.
    let Some(runtime) = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()) else {
        return Ok(env::temp_dir());
    };
    let parent = runtime.join("holm");
    match DirBuilder::new().recursive(true).mode(0o700).create(&parent) {
        Ok(()) => Ok(parent),
        Err(error) => Err((parent, error)),
    }
}
