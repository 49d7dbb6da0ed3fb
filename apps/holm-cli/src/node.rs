//! `holm node`: a node run from the command line, and commands that ask one.

mod access;
mod actors;
mod asked;
mod echo;
mod ls;
mod ping;
mod posture;
mod security;
mod start;
mod table;

use crate::exit::Exit;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Node {
    Start(start::Args),
    Ping(ping::Args),
    Ls(ls::Args),
    Actors(actors::Args),
}

impl Node {
    /// Whether who comes and goes is what its log is for.
    pub(crate) fn logs_peers(&self) -> bool {
        matches!(self, Self::Start(_) | Self::Ping(_))
    }
}

pub(crate) async fn run(node: Node) -> Exit {
    let done = match node {
        Node::Start(args) => start::run(args).await,
        Node::Ping(args) => ping::run(args).await,
        Node::Ls(args) => ls::run(args).await,
        Node::Actors(args) => actors::run(args).await,
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::failed(&error.to_string()),
    }
}
