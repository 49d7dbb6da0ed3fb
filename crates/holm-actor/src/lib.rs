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
mod dynamic;
mod guarded;
mod handle;
mod inbox;
mod info;
mod life;
mod monitor;
mod names;
mod outlet;
mod poll_scope;
mod process;
mod reference;
mod reply;
mod signal;
mod slot;
mod spawnable;
mod supervisor;
mod system;
mod task;
mod watchdog;
mod wire_table;

pub use actor::{Actor, Api, PlainApi, Remote};
pub use address::Address;
pub use call::{Call, CallError};
pub use cast::{Delivery, SendError, cast};
pub use cell::{AnyCell, ArrivalError};
pub use context::Context;
pub use decode_scope::DecodeScope;
pub use dynamic::{AnyMethod, DynActor, DynError, DynMessage, Dynamic};
pub use handle::Handle;
pub use holm_cell::Capacity;
/// What a supervisor and its children are told.
pub use holm_proto::supervision;
pub use holm_sched::Priority;
pub use inbox::{Policy, PolicyCounters};
pub use info::ActorInfo;
pub use monitor::{Down, Monitor, MonitorRef, Watcher};
pub use names::{NAME_BYTES_MAX, NameError, Names};
pub use outlet::{CallTicket, NullOutlet, Outgoing, Outlet, Refusal};
pub use poll_scope::{Flush, flush_later};
pub use process::{Inbox, IntoExit, Process, Received};
pub use reference::{Named, Ref};
pub use reply::{Reply, ReplyBody, ReplySink, ReturnPath};
pub use signal::{Exit, Signal};
pub use spawnable::{
    SHUTDOWN_TIME, SpawnError, SpawnOptions, Spawnable, TURN_MESSAGES, TURN_TIME, Turn,
};
pub use supervisor::{
    Branch, Crash, NewChild, StartError, Supervisor, SupervisorMsg, SupervisorPlan,
};
pub use system::{ActorSystem, MAILBOX_DEFAULT};
pub use watchdog::{Finding, Suspect, Watchdog, WatchdogOptions};
pub use wire_table::{MethodInfo, WireMethod, WireTable};
