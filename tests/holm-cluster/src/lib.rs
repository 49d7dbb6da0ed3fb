//! Nodes as processes on hosts of their own, and what becomes of them.
//!
//! A test starts a [`Cluster`], tells its nodes what to do by [`Order`]s, meddles with processes and
//! network, waits for what has to be seen, and asks for what was received:
//!
//! ```no_run
//! use holm::ExitReason;
//! use holm_cluster::{Cluster, Order, Peer, Saw, Settings};
//!
//! let Some(cluster) = Cluster::on_network("a_cut", 2, &Settings::silence_ms(500)) else { return };
//! let (a, b) = (cluster.node(0), cluster.node(1));
//! a.connect(b);
//! let (near, far) = (a.spawn(), b.spawn());
//! a.order(Order::Monitor(near, far));
//! cluster.cut(0, 1);
//! a.wait_peer(&Peer::Down(b.name().to_owned()));
//! a.wait_saw(near, 1);
//! cluster.heal();
//! a.reach(far);                           // dials by itself
//! assert!(matches!(&a.saw(near)[..], [Saw::Down { reason: ExitReason::Noconnection, .. }]));
//! ```
//!
//! * [`Cluster::on_loopback`] needs nothing, and can [pause](Cluster::pause), [resume](Cluster::resume),
//!   [kill](Cluster::kill) and [restart](Cluster::restart) nodes. [`Cluster::on_network`] gives each a network namespace,
//!   all of them behind a bridge in one more, so that ways can be [cut](Cluster::cut), also
//!   [in one direction](Cluster::cut_one_way), hosts [isolated](Cluster::isolate), and all of it [healed](Cluster::heal).
//!   Where there are no namespaces (they take root and `ip`) it says `SKIP`, the name and the reason, and is `None`; with
//!   `HOLM_NAMESPACES=1` it panics instead.
//! * Nodes are called `n0@HOST:PORT`, `n1@..`, so that they dial each other by name.
//! * A [`Process`] keeps every line that its node wrote, with the time: its actors' exits and `Down`s, its peers'
//!   coming and going. Waiting ends when the line is there; after [`patience`] it panics with all that was seen.
//! * A new kind of thing to do is a variant of [`Order`], an arm in `program.rs`, and perhaps a method of `Puppet`.
//!
//! Processes and namespaces go with the cluster, also when a test panics. A node ends by itself when the test's
//! process does, since its standard input ends, and so does the shell that removes the namespaces.
#![forbid(unsafe_code)]
#![cfg(target_os = "linux")]

mod cluster;
mod network;
mod orders;
mod process;
pub mod program;
mod puppet;

pub use cluster::Cluster;
pub use orders::{
    Answer, Bonds, Line, Load, Numbered, Order, Peer, Received, Saw, Settings, Spawned,
};
pub use process::{Memory, Pending, Process, patience};

/// Whether tests are to take their full size, by `HOLM_LONG=1`.
#[must_use]
pub fn is_long() -> bool {
    std::env::var("HOLM_LONG").as_deref() == Ok("1")
}
