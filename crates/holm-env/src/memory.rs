//! Byte streams inside the process: no threads, no clock, no chance.

mod pipe;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::mpsc;

use crate::endpoint::Endpoint;
use crate::transport::{
    BoxFuture, Connection, DialError, ListenError, Listener, PeerAddr, Transport,
};

pub use pipe::MEMORY_PIPE_CAPACITY;

/// Streams that may wait to be accepted, as many as tokio's TCP listeners let
/// wait. Further dials wait for room.
pub const MEMORY_BACKLOG: usize = 1024;

/// A transport of `mem:` endpoints. Clones share their names; two transports
/// made by [`MemoryTransport::new`] know nothing of each other.
#[derive(Clone, Default)]
pub struct MemoryTransport {
    names: Arc<Mutex<Names>>,
}

#[derive(Default)]
struct Names {
    listeners: BTreeMap<String, mpsc::Sender<Connection>>,
    /// Dials so far; their number names the dialling end.
    dials: u64,
}

impl MemoryTransport {
    /// A transport without names.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Transport for MemoryTransport {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            let Endpoint::Memory(name) = to else {
                return Err(DialError::Unsupported { to: to.clone() });
            };
            let refused = || DialError::Refused { to: to.clone() };
            let (backlog, dial) = {
                let mut names = self.names.lock();
                names.dials += 1;
                (names.listeners.get(name).cloned().ok_or_else(refused)?, names.dials)
            };
            let place = backlog.reserve().await.map_err(|_| refused())?;
            let dialler = PeerAddr::Memory(format!("{name}#{dial}"));
            let (near, far) = pipe::connect(PeerAddr::Memory(name.clone()), dialler);
            place.send(far);
            Ok(near)
        })
    }

    fn listen<'a>(
        &'a self,
        at: &'a Endpoint,
    ) -> BoxFuture<'a, Result<Box<dyn Listener>, ListenError>> {
        Box::pin(async move {
            let Endpoint::Memory(name) = at else {
                return Err(ListenError::Unsupported { at: at.clone() });
            };
            let mut names = self.names.lock();
            if names.listeners.contains_key(name) {
                return Err(ListenError::InUse { at: at.clone() });
            }
            let (sender, backlog) = mpsc::channel(MEMORY_BACKLOG);
            names.listeners.insert(name.clone(), sender);
            let listener =
                MemoryListener { name: name.clone(), backlog, names: Arc::clone(&self.names) };
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }
}

struct MemoryListener {
    name: String,
    backlog: mpsc::Receiver<Connection>,
    names: Arc<Mutex<Names>>,
}

impl Listener for MemoryListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            let next = self.backlog.recv().await;
            Ok(next.expect("the name table holds a sender while the listener lives"))
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Memory(self.name.clone())
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.names.lock().listeners.remove(&self.name);
    }
}
