//! A peer that speaks the protocol by hand.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice};

use holm::{Node, Pid, Remote};
use holm_env::Transport as _;
use holm_net::Secured;
use holm_net::handshake::{HandshakeFailure, Peering};
use holm_wire::control::Control;
use holm_wire::handshake::{Dial, Features, Hello, Introduction};
use holm_wire::session::{Inbound, Order, Outbound, Payload, Sink};
use holm_wire::signal::{Signal, Target};
use holm_wire::{
    AttemptNo, BodyCodec, Class, FrameHead, Incarnation, Limits, MethodId, RequestIds, Side,
    Violation,
};

use crate::support::*;

/// The raw end of a session with `node`.
pub(crate) struct Raw {
    pub(crate) peering: Peering,
    out: Outbound,
    ids: RequestIds,
}

impl Raw {
    pub(crate) async fn connect(net: &Net, node: &Node) -> Self {
        Self::dial(net, node, 1, None).await.unwrap()
    }

    /// A peer with these features.
    pub(crate) async fn with_features(net: &Net, node: &Node, features: Features) -> Self {
        Self::begin(net, node, numbered(1, None), features).await.unwrap()
    }

    /// Its dial of this number.
    pub(crate) async fn dial(
        net: &Net,
        node: &Node,
        attempt: u64,
        gone: Option<u64>,
    ) -> Result<Self, HandshakeFailure> {
        Self::dial_as(net, node, numbered(attempt, gone)).await
    }

    /// Its dial, as it says.
    pub(crate) async fn dial_as(
        net: &Net,
        node: &Node,
        dial: Dial,
    ) -> Result<Self, HandshakeFailure> {
        Self::begin(net, node, dial, Features::default()).await
    }

    async fn begin(
        net: &Net,
        node: &Node,
        dial: Dial,
        features: Features,
    ) -> Result<Self, HandshakeFailure> {
        let to = &node.endpoints()[0];
        let connection = net.transport().dial(to).await.unwrap();
        let mut from =
            Introduction::new("holm".parse().unwrap(), "evil@x".parse().unwrap(), Incarnation(1));
        from.features = features;
        let hello = Hello { dial, from };
        let peering = Secured::unchecked(connection).dial(hello, |_, _| Ok(())).await?;
        let (out, ids) = (Outbound::new(Limits::default()), RequestIds::new(Side::Dialled));
        Ok(Self { peering, out, ids })
    }

    pub(crate) fn push(&mut self, signal: &Signal<'_>) {
        self.out.push(signal.head(), Order::Free, |bytes| signal.encode(bytes)).unwrap();
    }

    /// Defines the next method.
    pub(crate) fn define<A: Remote>(&mut self, id: u32, tag: &str) -> MethodId {
        let info = &A::TABLE.methods.iter().find(|method| method.info.tag == tag).unwrap().info;
        let (actor_type, fingerprint) = (info.actor_type, (info.fingerprint)());
        self.push(&Signal::Define { method: MethodId(id), actor_type, tag, fingerprint });
        MethodId(id)
    }

    /// Calls a method without arguments.
    pub(crate) fn call(&mut self, pid: Pid, method: MethodId) {
        self.call_with(pid, method, &[]);
    }

    /// Calls a method with these arguments, whatever they are.
    pub(crate) fn call_with(&mut self, pid: Pid, method: MethodId, body: &[u8]) {
        let (id, to) = (self.ids.allocate(), Target::Serial(pid.serial));
        let codec = BodyCodec::Positional;
        self.push(&Signal::Call { id, to, method, codec, deadline_ms: None, body });
    }

    pub(crate) fn push_control(&mut self, control: &Control<'_>) {
        self.out.push(control.head(), Order::Free, |bytes| control.encode(bytes)).unwrap();
    }

    /// Writes what was pushed. `false` if the session has ended.
    pub(crate) async fn write(&mut self) -> bool {
        let writer = &self.peering.connection.writer;
        while !self.out.is_empty() {
            let mut segments = [IoSlice::new(&[]); 8];
            let used = self.out.segments(&mut segments);
            match writer.try_write_vectored(&segments[..used]) {
                Ok(n) => self.out.consumed(n),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll_fn(|cx| writer.poll_writable(cx)).await.unwrap();
                }
                Err(_) => return false,
            }
        }
        true
    }

    pub(crate) async fn write_bytes(&mut self, bytes: &[u8]) {
        self.peering.connection.writer.try_write_vectored(&[IoSlice::new(bytes)]).unwrap();
    }

    /// Reads until `heard` says that it is enough.
    pub(crate) async fn read(&mut self, heard: impl FnMut(Heard<'_>) -> bool) {
        let mut inbound = Inbound::new(Limits::default(), &self.peering.already_read);
        let mut ear = Ear { heard, is_enough: false };
        inbound.handle_read(0, &mut ear).unwrap();
        while !ear.is_enough {
            let reader = &mut self.peering.connection.reader;
            let n = poll_fn(|cx| reader.poll_read(cx, inbound.buffer())).await.unwrap();
            assert_ne!(n, 0, "the session ended without a word");
            inbound.handle_read(n, &mut ear).unwrap();
        }
    }

    /// Reads until the node closes the session; the code and words.
    pub(crate) async fn closed(&mut self) -> (holm::Code, String) {
        let mut closed = None;
        self.read(|heard| {
            if let Heard::Control(Control::Close { code, message }) = heard {
                closed = Some((code, message.to_owned()));
            }
            closed.is_some()
        })
        .await;
        closed.unwrap()
    }
}

/// What the node said.
pub(crate) enum Heard<'a> {
    Signal(Signal<'a>),
    Control(Control<'a>),
}

struct Ear<F> {
    heard: F,
    is_enough: bool,
}

impl<F: FnMut(Heard<'_>) -> bool> Sink for Ear<F> {
    fn frame(&mut self, head: FrameHead, payload: Payload<'_>) -> Result<(), Violation> {
        let heard = if head.kind.class() == Class::Control {
            Heard::Control(Control::decode(head, payload.as_slice())?)
        } else {
            Heard::Signal(Signal::decode(head, payload.as_slice())?)
        };
        self.is_enough |= (self.heard)(heard);
        Ok(())
    }
}

fn numbered(attempt: u64, gone: Option<u64>) -> Dial {
    let attempt_no = |attempt: u64| AttemptNo(attempt.try_into().unwrap());
    Dial { attempt: attempt_no(attempt), gone: gone.map(attempt_no), is_blind: false }
}
