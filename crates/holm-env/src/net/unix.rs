//! Unix sockets.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use socket2::SockRef;
use tokio::net::{UnixListener, UnixStream};

use super::halves::{Reader, Writer};
use crate::endpoint::Endpoint;
use crate::sys;
use crate::transport::{BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr};

pub(super) async fn dial(to: &Endpoint, path: &Path) -> Result<Connection, DialError> {
    let stream = UnixStream::connect(path).await;
    let stream = stream.map_err(|error| DialError::from_connect(to, error))?;
    Ok(connection(stream))
}

fn connection(stream: UnixStream) -> Connection {
    // Without the option only the latency of urgent frames suffers.
    let _ = sys::limit_unsent_unix(&SockRef::from(&stream));
    let cred = stream.peer_cred().ok();
    let peer = PeerAddr::Unix {
        uid: cred.map(|cred| cred.uid()),
        pid: cred.and_then(|cred| cred.pid()).and_then(|pid| u32::try_from(pid).ok()),
    };
    let (reader, writer) = stream.into_split();
    Connection { reader: Box::new(Reader(reader)), writer: Arc::new(Writer(writer)), peer }
}

pub(super) fn listen(at: &Endpoint, path: &Path) -> Result<Box<dyn Listener>, ListenError> {
    let failed = |error| ListenError::from_bind(at, error);
    let listener = UnixListener::bind(path).map_err(failed)?;
    let file = FileId::of(path).map_err(failed)?;
    let inner = UnixListening { listener, path: path.to_owned() };
    Ok(Box::new(OwnedListening { inner, file }))
}

pub(super) fn adopt(
    listener: std::os::unix::net::UnixListener,
    path: PathBuf,
) -> io::Result<Box<dyn Listener>> {
    listener.set_nonblocking(true)?;
    Ok(Box::new(UnixListening { listener: UnixListener::from_std(listener)?, path }))
}

struct UnixListening {
    listener: UnixListener,
    path: PathBuf,
}

impl Listener for UnixListening {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            let (stream, _unnamed) = self.listener.accept().await?;
            Ok(connection(stream))
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Unix(self.path.clone())
    }
}

/// A listener that removes its socket's file.
struct OwnedListening {
    inner: UnixListening,
    file: FileId,
}

impl Listener for OwnedListening {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        self.inner.accept()
    }

    fn local(&self) -> Endpoint {
        self.inner.local()
    }
}

impl Drop for OwnedListening {
    fn drop(&mut self) {
        // Another process may have replaced the file by its own.
        if FileId::of(&self.inner.path).is_ok_and(|file| file == self.file) {
            let _ = fs::remove_file(&self.inner.path);
        }
    }
}

/// Tells one file from another that took its name.
#[derive(PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}
