//! Actors on one node: references, inboxes, calls and casts, monitors, names.
//!
//! [`ActorSystem`] spawns actors and finds them; [`Ref`] reaches one, wherever it
//! lives. This crate knows no socket: signals for another node leave through the
//! trait [`Outlet`].
#![forbid(unsafe_code)]

mod actor;
mod actor_set;
mod address;
mod arrival;
mod behaviour;
mod call;
mod cast;
mod cell;
mod context;
mod decode_scope;
mod due;
mod dynamic;
mod extras;
mod gathered;
mod group_table;
mod group_watch;
mod groups;
mod guarded;
mod handle;
mod inbox;
mod info;
mod job;
mod jobs;
mod jump_hash;
mod late;
mod life;
mod monitor;
mod names;
mod outlet;
mod poll_scope;
mod pool;
mod pool_members;
mod pool_options;
mod process;
#[cfg(test)]
mod races;
mod recipient;
mod reference;
mod replies;
mod reply;
#[cfg(feature = "tower")]
mod service;
mod signal;
mod slot;
mod spawn_on;
mod spawnable;
mod supervisor;
mod sync;
mod system;
mod task;
mod task_scope;
mod timer;
mod timer_queue;
mod timers;
mod watchdog;
mod wire_table;

pub use actor::{Actor, Api, PlainApi, Remote};
pub use actor_set::{ActorSet, WaitError};
pub use address::Address;
pub use arrival::{ArrivalError, ArrivedBody};
pub use behaviour::Behaviour;
pub use call::{Call, CallError};
pub use cast::{Delivery, SendError, cast};
pub use cell::AnyCell;
pub use context::Context;
pub use decode_scope::DecodeScope;
pub use dynamic::{AnyMethod, DynActor, DynError, DynMessage, Dynamic};
pub use gathered::Gathering;
pub use group_watch::{GroupEvent, GroupWatch, WATCH_EVENTS_MAX};
pub use groups::{GroupError, Groups};
pub use handle::Handle;
pub use holm_cell::Capacity;
/// What a supervisor and its children are told.
pub use holm_proto::supervision;
pub use holm_sched::Priority;
pub use inbox::{Policy, PolicyCounters};
pub use info::ActorInfo;
pub use job::{Job, JobError};
pub use jobs::{Jobs, MapError};
pub use late::{LateKind, LateMessage};
pub use monitor::{Down, Monitor, MonitorRef, Watcher};
pub use names::{NAME_BYTES_MAX, NameError, Names};
pub use outlet::{CallTicket, NullOutlet, Outgoing, Outlet, Reach, Refusal};
pub use poll_scope::{Flush, flush_later};
pub use pool::{Pool, PoolSendError};
pub use pool_options::{MEMBERS_MAX, PoolError, PoolOptions, PoolStrategy};
pub use process::{Inbox, IntoExit, Process, Received};
pub use recipient::{Accepts, Recipient, Sent};
pub use reference::{Named, Ref};
pub use replies::{Abandoned, REPLIES_DEFAULT, Replies, RepliesSink, Unfinished, replies};
pub use reply::{Reply, ReplyBody, ReplySink, ReturnPath};
#[cfg(feature = "tower")]
pub use service::ActorService;
pub use signal::{Exit, Signal};
pub use spawn_on::{
    Adopted, Inside, Monitored, Outside, RemoteSpawnError, SPAWN_TIMEOUT, SpawnOn, SpawnRequest,
    SpawnSink,
};
pub use spawnable::{
    SHUTDOWN_TIME, SpawnError, SpawnOptions, Spawnable, TURN_MESSAGES, TURN_TIME, Turn,
};
pub use supervisor::{
    Branch, Crash, NewChild, StartError, Supervisor, SupervisorMsg, SupervisorPlan,
};
pub use system::{ActorSystem, Announce, MAILBOX_DEFAULT};
pub use task_scope::{ScopeFull, TASKS_END_TIME, TASKS_MAX, TaskScope};
pub use timer::Timer;
pub use timers::{PERIOD_MIN, TIMERS_FROM_OUTSIDE_MAX};
pub use watchdog::{Finding, Suspect, Watchdog, WatchdogOptions};
pub use wire_table::{Agreement, MethodInfo, WireMethod, WireTable};
