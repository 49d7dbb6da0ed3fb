//! The network as one host sees it.

use std::fmt;
use std::future::pending;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};

use holm_env::{BoxFuture, Connection, DialError, Endpoint, ListenError, Listener, Transport};
use tokio::sync::mpsc;

use super::SimNetwork;
use super::post::{Side, Way};
use super::stream::connection;

/// Streams that may wait to be accepted, as many as tokio's TCP listeners let wait. Further
/// dials wait for room.
pub const SIM_BACKLOG: usize = 1024;

/// The transport of one host: it listens at `mem:HOST` and `mem:HOST/..`, and dials those of all
/// hosts.
pub(crate) struct SimTransport {
    network: SimNetwork,
    host: String,
    crashed: AtomicBool,
}

impl SimTransport {
    pub(crate) fn new(network: SimNetwork, host: &str) -> Self {
        Self { network, host: host.to_owned(), crashed: AtomicBool::new(false) }
    }

    /// Ends all that this host has on the network, for good.
    pub(crate) fn crash(&self) {
        self.crashed.store(true, Ordering::Relaxed);
        self.network.with(|core, now| core.crash(&self.host, now));
    }

    fn check_alive(&self) -> io::Result<()> {
        if self.crashed.load(Ordering::Relaxed) {
            return Err(io::Error::other("this host has crashed"));
        }
        Ok(())
    }

    async fn open(&self, name: &str) -> Result<Connection, Failure> {
        self.check_alive().map_err(Failure::Io)?;
        let Self { network, host, .. } = self;
        let there = Way::new(host, host_of(name));
        let back = Way::new(host_of(name), host);
        let (stream, arrival) = network.with(|core, now| {
            let stream = core.next_dial();
            (stream, core.send_open(there.clone(), stream, Side::Listener, now))
        });
        let gave_up = |_| Failure::Io(ErrorKind::TimedOut.into());
        arrival.await.map_err(gave_up)?;
        let place = match network.with(|core, _| core.listener(name)) {
            Some(backlog) => backlog.reserve_owned().await.ok(),
            None => None,
        };
        let near = place.map(|place| {
            network.with(|core, _| core.open(stream, &there));
            let dialler = format!("{host}#{}", stream.0);
            place.send(connection(network.clone(), stream, Side::Listener, dialler));
            connection(network.clone(), stream, Side::Dialler, name.to_owned())
        });
        // The answer, whatever it is.
        let arrival = network.with(|core, now| core.send_open(back, stream, Side::Dialler, now));
        arrival.await.map_err(gave_up)?;
        near.ok_or(Failure::Refused)
    }
}

enum Failure {
    Refused,
    Io(io::Error),
}

impl Transport for SimTransport {
    fn dial<'a>(&'a self, to: &'a Endpoint) -> BoxFuture<'a, Result<Connection, DialError>> {
        Box::pin(async move {
            let Endpoint::Memory(name) = to else {
                return Err(DialError::Unsupported { to: to.clone() });
            };
            self.open(name).await.map_err(|failure| match failure {
                Failure::Refused => DialError::Refused { to: to.clone() },
                Failure::Io(source) => DialError::Connect { to: to.clone(), source },
            })
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
            let failed = |source| ListenError::Io { at: at.clone(), source };
            self.check_alive().map_err(failed)?;
            if host_of(name) != self.host {
                return Err(failed(ErrorKind::AddrNotAvailable.into()));
            }
            let (sender, backlog) = mpsc::channel(SIM_BACKLOG);
            let number = self
                .network
                .with(|core, _| core.listen(name, &self.host, sender))
                .ok_or_else(|| ListenError::InUse { at: at.clone() })?;
            let network = self.network.clone();
            let listener = SimListener { network, name: name.clone(), number, backlog };
            Ok(Box::new(listener) as Box<dyn Listener>)
        })
    }
}

struct SimListener {
    network: SimNetwork,
    name: String,
    number: u64,
    backlog: mpsc::Receiver<Connection>,
}

impl Listener for SimListener {
    fn accept(&mut self) -> BoxFuture<'_, io::Result<Connection>> {
        Box::pin(async {
            match self.backlog.recv().await {
                Some(connection) => Ok(connection),
                // The host has crashed.
                None => pending().await,
            }
        })
    }

    fn local(&self) -> Endpoint {
        Endpoint::Memory(self.name.clone())
    }
}

impl Drop for SimListener {
    fn drop(&mut self) {
        self.network.with(|core, _| core.unlisten(&self.name, self.number));
    }
}

/// The host that an address is on.
fn host_of(name: &str) -> &str {
    name.split_once('/').map_or(name, |(host, _)| host)
}

impl fmt::Debug for SimTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimTransport").field("host", &self.host).finish_non_exhaustive()
    }
}
