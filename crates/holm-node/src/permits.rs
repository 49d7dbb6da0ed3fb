//! Whether a signal of the peer is let through: what the peer may do, and how often.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Cache};
use holm_proto::access::{Capabilities, Capability};
use holm_wire::{Code, NodeName, WireError};

use crate::gate::Gate;
use crate::link::Link;
use crate::meter::Meter;

/// The checks of one session. Used by its reader alone.
pub(crate) struct Permits {
    gate: Arc<Gate>,
    meter: Meter,
    capabilities: Cache<Arc<ArcSwap<Capabilities>>, Arc<Capabilities>>,
    peer: NodeName,
    /// What was denied and is in the log; once each, or a peer could fill it.
    logged: Vec<Capability>,
}

impl Permits {
    pub(crate) fn new(gate: Arc<Gate>, meter: Meter, link: &Link) -> Self {
        let capabilities = Cache::new(Arc::clone(&link.capabilities));
        Self { gate, meter, capabilities, peer: link.peer.clone(), logged: Vec::new() }
    }

    /// A signal that needs no capability and has no answer.
    pub(crate) fn signal(&mut self) {
        self.meter.signal();
    }

    /// A message or an exit signal.
    #[inline]
    pub(crate) fn send(&mut self) -> bool {
        self.meter.signal();
        self.capabilities.load().send || self.deny(Capability::Send)
    }

    /// A monitor.
    pub(crate) fn monitor(&mut self) -> bool {
        self.meter.signal();
        let capabilities = self.capabilities.load();
        capabilities.observe || capabilities.send || self.deny(Capability::Observe)
    }

    /// A call.
    pub(crate) fn call(&mut self) -> Result<(), WireError> {
        let may = self.capabilities.load().send || self.deny(Capability::Send);
        self.request(may, Capability::Send)
    }

    /// A spawn.
    pub(crate) fn spawn(&mut self, actor_type: &str) -> Result<(), WireError> {
        let may = self.capabilities.load().may_spawn(actor_type) || self.deny(Capability::Spawn);
        self.request(may, Capability::Spawn)?;
        self.meter.spawn().map_err(overloaded)
    }

    /// The opening of a stream.
    pub(crate) fn open(&mut self) -> Result<(), WireError> {
        self.meter.open().map_err(overloaded)
    }

    /// A cancel; `false` if it is one too many.
    pub(crate) fn cancel(&mut self) -> bool {
        self.meter.cancel().is_ok()
    }

    fn request(&mut self, may: bool, capability: Capability) -> Result<(), WireError> {
        self.meter.request().map_err(overloaded)?;
        if may {
            return Ok(());
        }
        let message = format!("this node does not let the peer {capability}");
        Err(WireError::new(Code::Forbidden, message))
    }

    /// Counts a denial; `false`.
    fn deny(&mut self, capability: Capability) -> bool {
        self.gate.count(|counters| counters.denied += 1);
        if !self.logged.contains(&capability) {
            self.logged.push(capability);
            tracing::warn!(peer = %self.peer, "this node does not let the peer {capability}");
        }
        false
    }
}

fn overloaded(retry_after: Duration) -> WireError {
    WireError::new(Code::Overloaded, "the peer asks for more than its rate")
        .with_retry_after(retry_after)
}
