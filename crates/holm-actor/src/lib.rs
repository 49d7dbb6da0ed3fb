//! Actors on one node: references, inboxes, calls and casts, monitors, names.
//!
//! [`ActorSystem`] spawns actors and finds them; [`Ref`] reaches one, wherever it
//! lives. This crate knows no socket: signals for another node leave through the
//! trait [`Outlet`].
#![forbid(unsafe_code)]

mod actor;
mod address;
mod call;
mod cast;
mod cell;
mod context;
mod decode_scope;
mod handle;
mod life;
mod monitor;
mod names;
mod outlet;
mod poll_scope;
mod reference;
mod reply;
mod signal;
mod spawnable;
mod system;
mod task;
mod wire_table;

pub use actor::{Actor, Api, PlainApi, Remote};
pub use address::Address;
pub use call::{Call, CallError};
pub use cast::{Delivery, SendError, cast};
pub use cell::{AnyCell, ArrivalError};
pub use context::Context;
pub use decode_scope::DecodeScope;
pub use handle::Handle;
pub use holm_cell::Capacity;
pub use monitor::{Down, Monitor, MonitorRef, Watcher};
pub use names::{NAME_BYTES_MAX, NameError, Names};
pub use outlet::{CallTicket, NullOutlet, Outgoing, Outlet, Refusal};
pub use poll_scope::{Flush, flush_later};
pub use reference::{Named, Ref};
pub use reply::{Reply, ReplyBody, ReplySink, ReturnPath};
pub use signal::Signal;
pub use spawnable::{SpawnError, SpawnOptions, Spawnable};
pub use system::{ActorSystem, MAILBOX_DEFAULT};
pub use wire_table::{MethodInfo, WireMethod, WireTable};
