//! Starting a node.

use std::sync::Arc;

use holm_actor::{ActorSystem, Spawnable, Watchdog, WatchdogOptions};
use holm_env::{Endpoint, Env, ListenError, TokioTransport, Transport};
use holm_net::posture::PostureError;
use holm_net::unix_dir::UnixDirError;
use holm_wire::handshake::Introduction;
use holm_wire::{
    ClusterName, Incarnation, Limits, LimitsError, NameFault, NodeId, NodeName, Secret,
};

use crate::Node;
use crate::events::EVENTS_KEPT;
use crate::inner::Inner;
use crate::listen;
use crate::router::Router;
use crate::spawnables::Spawnables;

/// The cluster of nodes that were not told of one.
const CLUSTER_DEFAULT: &str = "holm";

/// Why a node did not start. It left nothing behind.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The name is no node name.
    #[error("`{name}` is no node name: {fault}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A limit is out of its range.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// There is no tokio runtime, or no entropy.
    #[error(transparent)]
    Env(#[from] holm_env::StartError),
    /// Listening there would not be safe.
    #[error("cannot listen at {at}: {source}")]
    Posture {
        /// Where.
        at: Endpoint,
        /// Why not.
        source: PostureError,
    },
    /// A Unix socket could not be made private.
    #[error("cannot listen at {at}: {source}")]
    UnixDir {
        /// Where.
        at: Endpoint,
        /// Why not.
        source: UnixDirError,
    },
    /// The system has no thread for the watchdog.
    #[error("cannot start the watchdog's thread: {0}")]
    Watchdog(#[source] std::io::Error),
    /// The transport cannot listen there.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// How a node is to be.
#[must_use = "a builder starts nothing by itself"]
pub struct NodeBuilder {
    name: String,
    listen: Vec<Endpoint>,
    token: Option<Secret>,
    limits: Limits,
    spawnables: Spawnables,
    env: Option<Env>,
    transport: Arc<dyn Transport>,
    watchdog: Option<WatchdogOptions>,
}

impl NodeBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            listen: Vec::new(),
            token: None,
            limits: Limits::default(),
            spawnables: Spawnables::default(),
            env: None,
            transport: Arc::new(TokioTransport),
            watchdog: Some(WatchdogOptions::default()),
        }
    }

    /// Accepts sessions at `at`, too. A Unix socket must be in a directory that only this user
    /// may enter; TCP is for loopback only.
    pub fn listen(mut self, at: Endpoint) -> Self {
        self.listen.push(at);
        self
    }

    /// Asks every peer for this token, and shows it to those it dials. Not over TCP.
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Lets other nodes spawn actors of this type here.
    pub fn spawnable<A: Spawnable>(mut self) -> Self {
        self.spawnables.add::<A>();
        self
    }

    /// Sets the limits of its sessions; with each peer the smaller of both hold.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How its watchdog judges, which logs handlers that do not yield and actors that wait for
    /// each other in a circle; `None` for no watchdog. In a test world there is none.
    pub fn watchdog(mut self, options: Option<WatchdogOptions>) -> Self {
        self.watchdog = options;
        self
    }

    /// Lives in this environment instead of the current tokio runtime.
    pub fn env(mut self, env: Env) -> Self {
        self.env = Some(env);
        self
    }

    /// Uses this transport instead of the operating system's.
    pub fn transport(mut self, transport: Arc<dyn Transport>) -> Self {
        self.transport = transport;
        self
    }

    /// Starts the node.
    ///
    /// # Errors
    /// [`StartError`]; nothing was left behind.
    pub async fn start(mut self) -> Result<Node, StartError> {
        let name = node_name(&self.name, &mut self.listen)?;
        self.limits.validate()?;
        let env = match self.env {
            Some(env) => env,
            None => Env::tokio()?,
        };
        let cluster: ClusterName = CLUSTER_DEFAULT.parse().expect("a good name");
        let incarnation = Incarnation(env.wall_clock().0);
        let mut introduction = Introduction::new(cluster, name.clone(), incarnation);
        introduction.limits = self.limits;
        introduction.build = format!("holm {}", env!("CARGO_PKG_VERSION"));
        let router = Arc::new(Router::default());
        let system = ActorSystem::new(
            env.clone(),
            name.clone(),
            NodeId::of(&name, incarnation),
            Arc::clone(&router) as Arc<dyn holm_actor::Outlet>,
        );
        let inner = Arc::new(Inner::new(
            env,
            self.transport,
            introduction,
            self.token,
            system,
            router,
            self.spawnables,
            EVENTS_KEPT,
        ));
        // All of them before any accepts, so that a failure leaves nothing behind.
        let mut listening = Vec::new();
        for at in &self.listen {
            listening.push(listen::bind(&inner, at).await?);
        }
        if let Some(options) = self.watchdog
            && inner.env.parallelism().is_some()
        {
            let watchdog = Watchdog::start(&inner.system, options, |_| {});
            *inner.watchdog.lock() = Some(watchdog.map_err(StartError::Watchdog)?);
        }
        *inner.endpoints.lock() = listening.iter().map(|listener| listener.local()).collect();
        for listener in listening {
            listen::accept(&inner, listener);
        }
        Ok(Node::new(inner))
    }
}

/// The name of the node. `name@127.0.0.1:4000`, a name whose authority has a port, also stands for a
/// TCP listener there.
fn node_name(text: &str, listen: &mut Vec<Endpoint>) -> Result<NodeName, StartError> {
    let name: NodeName =
        text.parse().map_err(|fault| StartError::Name { name: text.to_owned(), fault })?;
    if let Some((_, authority)) = text.split_once('@')
        && let Ok(endpoint) = format!("tcp:{authority}").parse()
    {
        listen.push(endpoint);
    }
    Ok(name)
}

impl std::fmt::Debug for NodeBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeBuilder")
            .field("name", &self.name)
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}
