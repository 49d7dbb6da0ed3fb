//! The `holm` program.
#![forbid(unsafe_code)]

mod bench;
mod exit;
mod index;
mod keys;
mod logging;
mod node;
mod worker;

use clap::{Parser, Subcommand};

use crate::exit::Exit;

/// Threads of a worker's runtime: one for the session with the router, one for the worker actor. Extraction
/// has a thread of its own.
const WORKER_THREADS: usize = 2;

/// A distributed runtime, and an index of Java symbols built on it.
#[derive(Debug, Parser)]
#[command(name = "holm", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Index(index::Args),
    /// Measures the runtime on this machine.
    #[command(subcommand)]
    Bench(bench::Bench),
    Worker(worker::Args),
    /// Runs a node, or asks one.
    #[command(subcommand)]
    Node(Box<node::Node>),
    /// Makes keys and certificates, and shows what lists of identities name them by.
    #[command(subcommand)]
    Keys(keys::Keys),
}

fn main() {
    let command = Cli::parse().command;
    let is_told = matches!(&command, Command::Node(node) if node.logs_peers());
    logging::init(if is_told { "info" } else { "warn" });
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Command::Worker(_) = command {
        runtime.worker_threads(WORKER_THREADS);
    }
    let exit = match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(async {
            match command {
                Command::Index(args) => index::run(args).await,
                Command::Worker(args) => worker::run(args).await,
                Command::Keys(keys) => keys::run(keys),
                Command::Node(node) => node::run(*node).await,
                Command::Bench(bench) => match bench::run(bench).await {
                    Ok(()) => Exit::Ok,
                    Err(error) => Exit::failed(&error.to_string()),
                },
            }
        }),
        Err(error) => Exit::failed(&format!("no runtime: {error}")),
    };
    // Without waiting for threads: one may be in the middle of a batch, or of reading standard input.
    std::process::exit(exit.code());
}
