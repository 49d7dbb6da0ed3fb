//! The test world: whole nodes on one thread, under virtual time, with a seeded network and a
//! seeded scheduler.
//!
//! A [`World`] has hosts. Each [`Host`] gives a node its environment and its transport, and can be
//! paused or crashed; the [`SimNetwork`] between them delays, cuts and heals. All that happens
//! follows from one seed: [`check_seeds`] runs a scenario for many of them, each twice, and a failing one
//! prints the line that repeats it. Nothing waits for real: an hour of the scenario's time
//! passes as soon as all tasks wait for it.
//!
//! ```
//! use std::time::Duration;
//!
//! use holm::prelude::*;
//! use holm_sim::{Host, World, check_seeds};
//!
//! struct Counter { total: i64 }
//!
//! #[actor]
//! impl Counter {
//!     async fn add(&mut self, by: i64) -> i64 { self.total += by; self.total }
//! }
//!
//! async fn start(host: &Host) -> Node {
//!     Node::builder(&format!("{}@sim", host.name()))
//!         .env(host.env())
//!         .transport(host.transport())
//!         .listen(host.endpoint())
//!         .start()
//!         .await
//!         .expect("a node starts")
//! }
//!
//! # fn main() { // In a test: #[test] fn a_call_survives_a_cut() {
//! check_seeds([1, 2, 3], async |world: World| {
//!     let (a, b) = (world.host("a"), world.host("b"));
//!     let (near, far) = (start(&a).await, start(&b).await);
//!     near.connect(&b.endpoint()).await.expect("b answers");
//!     far.names().register("counter", &far.spawn(Counter { total: 0 })).expect("a free name");
//!
//!     let counter = near.at::<Counter>(far.name(), "counter");
//!     let heal = async {
//!         tokio::time::sleep(Duration::from_secs(2)).await;
//!         world.network().heal(&a, &b);
//!     };
//!     world.network().cut(&a, &b);
//!     let (total, ()) = tokio::join!(counter.add(5), heal);
//!     assert_eq!(total, Ok(5));
//! });
//! # }
//! ```
//!
//! The scenario itself is the user's side of the world: it is on no host, and acts on all of
//! them. What is to be scheduled, paused and crashed with a host is spawned by its
//! [`env`](Host::env).
//!
//! # Plans
//! What a scenario does can be drawn from the seed as a list of operations: its plan. Of a plan
//! that fails, [`check_plans`] prints the shortest part that still does, and the line that runs just
//! that. What the actors did and saw goes into a [`History`](history::History), which knows what Holm
//! promises and says what was broken.
//!
//! ```
//! use std::time::Duration;
//!
//! use holm::prelude::*;
//! use holm_sim::history::{ClientId, Event, History};
//! use holm_sim::{World, check_plans};
//! use rand::RngExt;
//!
//! # async fn start(host: &holm_sim::Host) -> Node {
//! #     Node::builder(&format!("{}@sim", host.name()))
//! #         .env(host.env())
//! #         .transport(host.transport())
//! #         .listen(host.endpoint())
//! #         .start()
//! #         .await
//! #         .expect("a node starts")
//! # }
//! struct Inbox { me: ClientId, history: History }
//!
//! #[actor]
//! impl Inbox {
//!     async fn take(&mut self, from: u64, number: u64) {
//!         self.history.note(Event::Received { by: self.me, from: ClientId(from), number });
//!     }
//! }
//!
//! #[derive(Clone, Copy, Debug)]
//! enum Op { Send, Cut, Heal, Wait(u64) }
//!
//! # fn main() { // In a test: #[test] fn messages_arrive_in_order() {
//! let draw = |rng: &mut rand::rngs::StdRng| {
//!     let all = [Op::Send, Op::Send, Op::Cut, Op::Heal, Op::Wait(rng.random_range(0..100))];
//!     (0..20).map(|_| all[rng.random_range(0..all.len())]).collect()
//! };
//! check_plans(0..10, draw, async |world: World, plan: &[Op]| {
//!     let (a, b) = (world.host("a"), world.host("b"));
//!     let (near, far) = (start(&a).await, start(&b).await);
//!     near.connect(&b.endpoint()).await.expect("b answers");
//!     let history = History::new(&world);
//!     let (from, to) = (history.client(near.name()), history.client(far.name()));
//!     let inbox = far.spawn(Inbox { me: to, history: history.clone() });
//!     far.names().register("inbox", &inbox).expect("a free name");
//!     let inbox = near.at::<Inbox>(far.name(), "inbox");
//!     for (number, op) in (0..).zip(plan) {
//!         match op {
//!             Op::Send => {
//!                 history.note(Event::Sending { from, to, number });
//!                 if inbox.cast().take(from.0, number).is_err() {
//!                     history.note(Event::Refused { from, to, number });
//!                 }
//!             }
//!             Op::Cut => world.network().cut(&a, &b),
//!             Op::Heal => world.network().heal(&a, &b),
//!             Op::Wait(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
//!         }
//!     }
//!     world.network().heal(&a, &b);
//!     tokio::time::sleep(Duration::from_secs(60)).await;
//!     history.check_quiet().unwrap_or_else(|fault| panic!("{fault}"));
//! });
//! # }
//! ```
//!
//! State machines that need no world have plans, too: [`check_pure_plans`]. [`shrink`] does the
//! shortening alone.
//!
//! # Faults of actors
//! [`Faulty`] wraps an actor that panics at one of its messages, drops one, or is slow to handle
//! one. It works on nodes of the real world, too.
//!
//! # Seeds
//! A check runs the seeds it is given and a few new ones, each twice. The environment may ask for
//! others: `HOLM_SIM_SEEDS=0..10000` for many, once each; `HOLM_SIM_SEED=..` for one, of which the
//! trace is printed if it fails; beside that, `HOLM_SIM_KEEP=3,17` for a part of its plan.
//!
//! # What keeps a run repeatable
//! * Tasks are started by a host's `Env`, and nothing starts threads.
//! * Randomness comes from a host's `Env` or from [`World::rng`], the time of day from `Env`, other time
//!   from `tokio::time`.
//! * `tokio::select!` is `biased`: its other form draws from a generator that no seed reaches.
//! * Nothing that matters depends on the order of a `HashMap` of the standard library.
//! * No sockets, files or processes: their answers take real time, in which virtual time may jump.
//!
//! A run that breaks one of these differs from its repetition, which [`check_deterministic`] finds.
//!
//! Not simulated: bytes lost or altered inside a stream, which TCP hides from its users; datagrams;
//! and measured time that passes faster on one host than on another. Wall clocks may be wrong.
#![forbid(unsafe_code)]

mod check;
mod clock;
mod faulty;
pub mod history;
mod host;
mod hush;
mod network;
mod repeat;
mod scheduler;
mod seeds;
mod shrink;
mod sim;
mod trace;
mod world;

pub use check::{
    NEW_SEEDS, NEW_SEEDS_PURE, check_deterministic, check_plans, check_pure_plans, check_seeds,
};
pub use clock::{Skew, WALL_CLOCK_START};
pub use faulty::Faulty;
pub use host::Host;
pub use network::{Delay, SIM_BACKLOG, SIM_STREAM_CAPACITY, SimNetwork};
pub use seeds::{KEEP_VARIABLE, SEED_VARIABLE, SEEDS_VARIABLE};
pub use shrink::{SHRINK_TRIES_MAX, shrink};
pub use sim::{SCENARIO_LIMIT, Sim};
pub use trace::TRACE_TEXT_MAX;
pub use world::World;
