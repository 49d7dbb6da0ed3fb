//! `holm worker`: a worker of an index.

use holm::env::Endpoint;
use holm::{NodeName, Secret};
use holm_index_router::{TOKEN_VARIABLE, WorkerOptions, run_worker};

use crate::exit::Exit;

/// Work for an index until its router ends; `holm index` starts these itself.
///
/// The token that the router asks for is taken from HOLM_WORKER_TOKEN.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the router listens: unix:PATH or tcp:HOST:PORT.
    #[arg(long, value_name = "ENDPOINT")]
    connect: Endpoint,
    /// The name of this worker's node [default: worker-PID@local].
    #[arg(long, value_name = "NAME@AUTHORITY")]
    name: Option<NodeName>,
}

pub(crate) async fn run(args: Args) -> Exit {
    let name = args.name.map_or_else(|| format!("worker-{}@local", std::process::id()).parse(), Ok);
    let name = match name {
        Ok(name) => name,
        Err(fault) => return Exit::usage(&format!("the node's name: {fault}")),
    };
    let token = std::env::var(TOKEN_VARIABLE).ok().map(|token| Secret::new(token.into_bytes()));
    match run_worker(WorkerOptions { router: args.connect, name, token }).await {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::failed(&error.to_string()),
    }
}
