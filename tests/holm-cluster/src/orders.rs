//! What a test and its nodes say to each other: a line of JSON each.

use holm::{ExitReason, Pid, SessionBonds};
use serde::{Deserialize, Serialize};

/// How a node is to be. The first line that its process is given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The cluster that it says it belongs to.
    pub cluster: String,
    /// Where it listens, if not where its name says.
    pub listen: Option<String>,
    /// Time between two looks at a session, in milliseconds.
    pub tick_ms: u64,
    /// Silence after which a peer is given up, in milliseconds.
    pub silence_ms: u64,
    /// Threads that run actors.
    pub workers: usize,
    /// It dials without being asked to.
    pub auto_connect: bool,
    /// It can be asked to spawn puppets.
    pub spawnable: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cluster: "holm".to_owned(),
            listen: None,
            tick_ms: 1_000,
            silence_ms: 10_000,
            workers: 2,
            auto_connect: true,
            spawnable: true,
        }
    }
}

impl Settings {
    /// A node that gives a silent peer up after this time.
    #[must_use]
    pub fn silence_ms(silence_ms: u64) -> Self {
        Self { tick_ms: (silence_ms / 10).clamp(10, 1_000), silence_ms, ..Self::default() }
    }
}

/// What a node, or an actor of it, is to do. Each order is answered; several may be under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// To dial an endpoint: [`Answer::Done`].
    Connect(String),
    /// To let a node go: [`Answer::Done`].
    Disconnect(String),
    /// To spawn a puppet here, which traps exits or not, with room for so many messages:
    /// [`Answer::Pid`].
    Spawn {
        /// It hears of exits and survives them.
        traps: bool,
        /// Messages that its inbox holds.
        room: u32,
    },
    /// To spawn a puppet on another node: [`Answer::Pid`].
    SpawnOn {
        /// Where.
        node: String,
        /// What.
        what: Spawned,
    },
    /// To have an actor of this node link with another: [`Answer::Done`].
    Link(Pid, Pid),
    /// To have an actor of this node monitor another: [`Answer::Done`].
    Monitor(Pid, Pid),
    /// To have an actor of this node, which serves nobody else meanwhile, send another one numbered
    /// messages: [`Answer::Sent`].
    Send(Pid, Pid, Load),
    /// To have an actor of this node cast numbered messages to another, without an end:
    /// [`Answer::Done`] at once.
    Chat {
        /// Who sends.
        from: Pid,
        /// To whom.
        to: Pid,
        /// How often.
        every_ms: u64,
    },
    /// To have so many new actors of this node cast to another: [`Answer::Crowd`].
    Crowd {
        /// To whom.
        to: Pid,
        /// How many actors.
        senders: u64,
        /// Messages of each.
        each: u64,
        /// Bytes of each message.
        bytes: usize,
    },
    /// To measure so many calls from here, one after the other: [`Answer::Micros`], each one's time.
    Measure(Pid, u64),
    /// To call an actor anywhere: [`Answer::Done`], in order with what was sent from here before.
    Call(Pid),
    /// To wait until an actor has more than so many messages of another: [`Answer::Done`].
    Past {
        /// Who receives.
        by: Pid,
        /// Who sends.
        from: Pid,
        /// The message waited for.
        number: u64,
    },
    /// To have an actor of this node give another one a reference to a third, which the other one is
    /// to call: [`Answer::Done`].
    Introduce {
        /// Who tells.
        by: Pid,
        /// Who is told.
        to: Pid,
        /// Of whom.
        of: Pid,
    },
    /// To end an actor anywhere: [`Answer::Done`].
    Exit(Pid, ExitReason),
    /// To have an actor of this node take nothing more, until it is released: [`Answer::Done`].
    Hold(Pid),
    /// To release all who hold: [`Answer::Done`].
    Release,
    /// To block all threads that run actors for a time, which uses all of them up, and then to answer
    /// [`Answer::Done`].
    Block {
        /// For so long.
        ms: u64,
    },
    /// What an actor of this node has received, by sender: [`Answer::Received`].
    Report(Pid),
    /// What is under way with a peer: [`Answer::Bonds`].
    Bonds(String),
    /// Whom there is a session with: [`Answer::Nodes`].
    Nodes,
}

/// What to spawn on another node.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Spawned {
    /// A puppet.
    Puppet,
    /// Something of a puppet's name, whose arguments differ.
    Impostor,
}

/// Messages to send.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Load {
    /// How many.
    pub count: u64,
    /// Bytes of each.
    pub bytes: usize,
    /// Of each so many messages, one is large; 0 for none.
    pub large_every: u64,
    /// Bytes of a large one.
    pub large_bytes: usize,
    /// Before each so many messages, the actor links with the receiver, or unlinks; 0 for never.
    pub link_every: u64,
}

/// An order, and the number of its answer.
#[derive(Debug, Serialize, Deserialize)]
pub struct Numbered {
    /// Unique for the process.
    pub id: u64,
    /// What to do.
    pub order: Order,
}

/// What an order came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the orders say what they mean")]
pub enum Answer {
    Done,
    Pid(Pid),
    Sent {
        accepted: u64,
    },
    Crowd {
        accepted: u64,
        busy: u64,
    },
    Micros(Vec<u64>),
    Received(Vec<(Pid, Received)>),
    Bonds(Bonds),
    Nodes(Vec<String>),
    /// It failed: the name of the error, and its text.
    Failed {
        kind: String,
        text: String,
    },
}

/// [`SessionBonds`], for a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as the original")]
pub struct Bonds {
    pub requests: usize,
    pub links: usize,
    pub monitors: usize,
    pub watched: usize,
}

impl From<SessionBonds> for Bonds {
    fn from(bonds: SessionBonds) -> Self {
        let SessionBonds { requests, links, monitors, watched, .. } = bonds;
        Self { requests, links, monitors, watched }
    }
}

/// What came from one sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Received {
    /// Messages.
    pub count: u64,
    /// The number of the last one.
    pub last: u64,
    /// Those that did not follow the one before by 1.
    pub gaps: u64,
    /// Those that came twice, too late, or changed.
    pub faults: u64,
}

/// What a puppet is told of, as it happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Saw {
    /// A monitor of it fired.
    Down {
        /// Whom it watched.
        of: Pid,
        /// Why.
        reason: ExitReason,
        /// Messages it had from there.
        taken: u64,
    },
    /// An exit that it trapped.
    Exit {
        /// Whose.
        from: Option<Pid>,
        /// Why.
        reason: ExitReason,
        /// Messages it had from there.
        taken: u64,
    },
}

/// The coming and going of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "as `NodeEvent`")]
pub enum Peer {
    Up(String),
    Down(String),
    Other(String),
}

/// A line that a node's process writes.
#[derive(Debug, Serialize, Deserialize)]
pub enum Line {
    /// It has started.
    Ready,
    /// To the order of this number.
    Answer(u64, Answer),
    /// A puppet was told of something.
    Saw(Pid, Saw),
    /// A peer came or went.
    Peer(Peer),
}
