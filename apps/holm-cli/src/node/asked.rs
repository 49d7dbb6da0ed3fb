//! The node that a command asks.

use anyhow::{Result, anyhow};
use holm::access::{Role, ShardId};
use holm::env::Endpoint;
use holm::{CallError, Node, NodeName};

use super::security::Security;

/// Whom a command asks, and as who.
#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// Where the node listens: tcp:HOST:PORT, tls:HOST:PORT, noise:HOST:PORT or unix:PATH.
    #[arg(value_name = "ENDPOINT")]
    to: Endpoint,
    /// The name of this node, an observer [default: ask-PID@local].
    #[arg(long = "as", value_name = "NAME@AUTHORITY")]
    me: Option<NodeName>,
    #[command(flatten)]
    security: Security,
}

/// What this node is to the other.
pub(super) struct Part<'a> {
    pub(super) name: Option<NodeName>,
    pub(super) role: Role,
    pub(super) shards: &'a [ShardId],
}

impl Asked {
    /// Asks the node as an observer, and stops this one.
    pub(super) async fn ask<T>(
        self,
        question: impl AsyncFnOnce(&Node, &NodeName) -> Result<T, CallError>,
    ) -> Result<T> {
        let part = Part { name: self.me, role: Role::Observer, shards: &[] };
        let node = start(&self.to, &self.security, part).await?;
        let peer = node.connect(&self.to).await?;
        let answer = question(&node, &peer).await;
        node.stop().await;
        answer.map_err(|error| match error {
            CallError::Noproc => anyhow!("{peer} tells nobody of itself"),
            error => anyhow!("{peer}: {error}"),
        })
    }
}

/// Starts a node that is to dial `to`.
pub(super) async fn start(to: &Endpoint, security: &Security, part: Part<'_>) -> Result<Node> {
    let name = match part.name {
        Some(name) => name,
        None => format!("ask-{}@local", std::process::id()).parse()?,
    };
    let config = security.of_dialler(matches!(to, Endpoint::Tls { .. }))?;
    let builder = Node::builder(name.as_str()).role(part.role).shards(part.shards);
    Ok(builder.security(config).access(security.access()?).start().await?)
}
