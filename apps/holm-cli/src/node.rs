//! `holm node`: a node run from the command line, and a probe that talks to one.

mod access;
mod echo;
mod ping;
mod posture;
mod security;
mod start;

use crate::exit::Exit;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Node {
    Start(start::Args),
    Ping(ping::Args),
}

pub(crate) async fn run(node: Node) -> Exit {
    let done = match node {
        Node::Start(args) => start::run(args).await,
        Node::Ping(args) => ping::run(args).await,
    };
    match done {
        Ok(()) => Exit::Ok,
        Err(error) => Exit::failed(&error.to_string()),
    }
}
