//! `holm bench`: measures the runtime on this machine.
//!
//! Each figure is printed as `FIGURE name=median unit` with a `DETAIL` line of its spread.
#![expect(clippy::disallowed_methods, reason = "what is measured runs in the real world")]

mod curve;
mod flood;
mod latency;
mod local;
mod meter;
mod remote;
mod served;
mod session;
mod spawn;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use tempfile::TempDir;

/// What to measure.
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Actors of one process.
    Local(Local),
    /// Actors of two processes.
    Remote(Remote),
    /// One idle-spawn repetition, in a process of its own.
    #[command(hide = true)]
    SpawnChild(Measure),
    /// One repetition of a step of the cost curve, in a process of its own.
    #[command(hide = true)]
    CurveChild(Measure),
    /// One session of two processes, without actors.
    Session(Session),
    /// A node under attack, and what its other peers notice.
    Flood(flood::Flood),
    /// The other process of `remote`.
    #[command(hide = true)]
    Serve {
        /// Where to listen.
        at: String,
    },
    /// The other process of `session`.
    #[command(hide = true)]
    ServeSession {
        /// Where to listen.
        at: String,
    },
}

/// How to measure.
#[derive(Clone, Debug, Args)]
pub(crate) struct Measure {
    /// Least length of a timed section, in seconds.
    #[arg(long, default_value_t = 2.0)]
    secs: f64,
    /// Repetitions; the median is reported.
    #[arg(long, default_value_t = 3)]
    reps: usize,
    /// Only figures whose name contains one of these, separated by commas.
    #[arg(long)]
    only: Option<String>,
    /// Idle actors to spawn.
    #[arg(long, default_value_t = 1_000_000)]
    spawn: u64,
}

/// How to measure within a process.
#[derive(Debug, Args)]
pub(crate) struct Local {
    #[command(flatten)]
    measure: Measure,
    /// Sessions with other nodes meanwhile, which are idle.
    #[arg(long, default_value_t = 0)]
    sessions: usize,
}

/// How to measure between processes.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    #[command(flatten)]
    measure: Measure,
    /// What the two processes are joined by.
    #[arg(long, value_enum, default_value_t = Joint::Tcp)]
    transport: Joint,
}

/// How to measure a session.
#[derive(Debug, Args)]
pub(crate) struct Session {
    #[command(flatten)]
    measure: Measure,
    /// What the two processes are joined by; all of them unless given.
    #[arg(long, value_enum)]
    channel: Vec<session::Channel>,
}

/// A transport between two processes of one machine.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Joint {
    /// Loopback TCP.
    Tcp,
    /// A Unix socket in a private directory.
    Unix,
}

/// Runs one of them to its end.
pub(crate) async fn run(bench: Bench) -> Result<()> {
    // The measured code runs on the runtime's workers, as a program's would, not on the thread
    // that waits here.
    let task = tokio::spawn(async move {
        match bench {
            Bench::Local(local) => local::run(local.sessions, &local.measure.into()).await,
            Bench::Remote(remote) => remote::run(remote.transport, &remote.measure.into()).await,
            Bench::Session(session) => {
                session::run(&session.channel, &session.measure.into()).await
            }
            Bench::Flood(flood) => flood::run(flood).await,
            Bench::ServeSession { at } => session::serve(&at).await,
            Bench::SpawnChild(measure) => spawn::child(measure.spawn).await,
            Bench::CurveChild(measure) => curve::child(measure.spawn).await,
            Bench::Serve { at } => remote::serve(&at).await,
        }
    });
    task.await?
}

/// A directory as a node asks for that of its socket.
fn private_dir() -> Result<TempDir> {
    let owner_only = Permissions::from_mode(0o700);
    Ok(tempfile::Builder::new().prefix("holm-bench").permissions(owner_only).tempdir()?)
}
