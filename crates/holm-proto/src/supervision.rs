//! Which children a supervisor starts, stops and restarts, and when.
//!
//! [`Supervision`] is the supervisor of `docs/semantics.md` (rules 8, 27 and 29) without
//! its actor. Events and the time go in through `handle_*` and the methods that add,
//! restart, stop and remove children; [`Command`]s come out of
//! [`poll_command`](Supervision::poll_command). A driver keeps the start functions and the
//! references, and does no more than this:
//!
//! 1. after every call, carry out commands until there is none, in their order;
//! 2. at [`next_deadline`](Supervision::next_deadline), call
//!    [`handle_timeout`](Supervision::handle_timeout);
//! 3. for each life of a [`Command::Start`], report at most one
//!    [`handle_started`](Supervision::handle_started), and then, whenever and however the
//!    life ends, exactly one [`handle_down`](Supervision::handle_down) or
//!    [`handle_lost`](Supervision::handle_lost). A start that fails is an end without a
//!    start before it.
//!
//! A child that was killed is waited for without a limit: a new life beside one that has
//! not ended would make two of it.
//!
//! Strategies and restart kinds follow Erlang/OTP's `supervisor`; what is beyond it
//! (back-off, circuit breaker, a limit on the time of a start) says so at its type.

mod backoff;
mod breaker;
mod child;
mod command;
mod control;
mod endings;
mod id;
mod machine;
mod moment;
mod roster;
mod spec;
mod tree;
mod validate;
mod view;
mod window;

pub use backoff::{Backoff, Jitter};
pub use breaker::{BreakerPolicy, BreakerState};
pub use command::{Command, Outcome};
pub use control::ChildError;
pub use endings::Verdict;
pub use id::{ChildId, Life};
pub use machine::Supervision;
pub use moment::Moment;
pub use spec::{ChildSpec, Intensity, Policy, Restart, ShutdownTime, Strategy};
pub use tree::TreeNode;
pub use view::{ChildState, ChildView, Outlook};
