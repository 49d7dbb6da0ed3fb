//! Starting a node.

use std::sync::Arc;
use std::time::Duration;

use holm_actor::{ActorSystem, Inbox, IntoExit, Spawnable, Watchdog, WatchdogOptions};
use holm_env::{Endpoint, Env, ListenError, TokioTransport, Transport};
use holm_net::identity::TokenScope;
use holm_net::posture::PostureError;
use holm_net::security::{SecretSource, SecurityConfig, SecurityError, Token};
use holm_net::unix_dir::UnixDirError;
use holm_net::{Pulse, Security};
use holm_proto::access::{Access, Role};
use holm_proto::admission::{AdmissionLimits, AdmissionLimitsError};
use holm_wire::handshake::{Features, Introduction};
use holm_wire::session::Patience;
use holm_wire::{
    ClusterName, Compression, Incarnation, Limits, LimitsError, Message, NameFault, NodeId,
    NodeName, Secret, ShardId,
};

use crate::gate::Gate;
use crate::inner::Inner;
use crate::listen;
use crate::router::Router;
use crate::spawnables::Spawnables;
use crate::{AutoConnect, Node};

/// The cluster of nodes that were not told of one.
const CLUSTER_DEFAULT: &str = "holm";

/// A node begins its life no sooner after the clock was read for its incarnation: the unit of that, or the next
/// life of its name, right after this one, could have the same.
const INCARNATION_STEP: Duration = Duration::from_millis(1);

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
    /// The name of the cluster is none.
    #[error("`{name}` is no cluster name: {fault}")]
    Cluster {
        /// The name.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A limit is out of its range.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// An admission limit lets nobody in.
    #[error(transparent)]
    Admission(#[from] AdmissionLimitsError),
    /// There is no tokio runtime, or no entropy.
    #[error(transparent)]
    Env(#[from] holm_env::StartError),
    /// What it is to prove itself with, or to judge others by, cannot be used.
    #[error(transparent)]
    Security(#[from] SecurityError),
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
    /// A compression that is no part of this build.
    #[error("{0:?} is not built in: it needs the feature `zstd`")]
    Compression(Compression),
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
    /// The transport cannot listen there.
    #[error(transparent)]
    Listen(#[from] ListenError),
}

/// How a node is to be.
#[must_use = "a builder starts nothing by itself"]
pub struct NodeBuilder {
    name: String,
    cluster: String,
    role: Role,
    shards: Vec<ShardId>,
    listen: Vec<Endpoint>,
    security: SecurityConfig,
    limits: Limits,
    patience: Patience,
    compression: Vec<Compression>,
    access: Access,
    admission: AdmissionLimits,
    spawnables: Spawnables,
    env: Option<Env>,
    transport: Arc<dyn Transport>,
    watchdog: Option<WatchdogOptions>,
    auto_connect: AutoConnect,
    has_inspector: bool,
}

impl NodeBuilder {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            cluster: CLUSTER_DEFAULT.to_owned(),
            role: Role::Member,
            shards: Vec::new(),
            listen: Vec::new(),
            security: SecurityConfig::default(),
            limits: Limits::default(),
            patience: Patience::default(),
            compression: Vec::new(),
            access: Access::default(),
            admission: AdmissionLimits::default(),
            spawnables: Spawnables::default(),
            env: None,
            transport: Arc::new(TokioTransport),
            watchdog: Some(WatchdogOptions::default()),
            auto_connect: AutoConnect::default(),
            has_inspector: true,
        }
    }

    /// The cluster that it belongs to, `holm` by default: it has sessions with nodes of the same
    /// cluster only.
    pub fn cluster(mut self, name: &str) -> Self {
        self.cluster = name.to_owned();
        self
    }

    /// Accepts sessions at `at`, too. A Unix socket must be in a directory that only this user
    /// may enter; plain TCP is for loopback only.
    pub fn listen(mut self, at: Endpoint) -> Self {
        self.listen.push(at);
        self
    }

    /// What it is to its peers: a member, unless this says otherwise. Lists and capabilities may
    /// depend on it. An observer is in nobody's [`Node::nodes`] and [`NodeEvents`](crate::NodeEvents),
    /// is not told of to third nodes, and is dialled by nobody without being asked to.
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// What it wants to serve, at most 4,096 shards. A peer that lists others for one of them, or
    /// has another node serving it, refuses this one.
    pub fn shards(mut self, shards: &[ShardId]) -> Self {
        self.shards = shards.to_vec();
        self
    }

    /// How it proves itself and what it asks of others. Without it there are Unix sockets and, on
    /// loopback, plain TCP.
    pub fn security(mut self, config: SecurityConfig) -> Self {
        self.security = config;
        self
    }

    /// Asks every peer for this token, too, and shows it to those it dials. Not over plain TCP.
    pub fn token(mut self, token: Secret) -> Self {
        let source = SecretSource::Value(token);
        self.security.token = Some(source.clone());
        self.security.tokens.push(Token { source, scope: TokenScope::All });
        self
    }

    /// Lets other nodes spawn actors of this type here.
    pub fn spawnable<A: Spawnable>(mut self) -> Self {
        self.spawnables.add::<A>();
        self
    }

    /// Lets nodes, this one included, spawn this function here under `name`: it becomes an actor in
    /// process form, with its own inbox, and ends when it returns. `M` is what actors of this
    /// node can send it. Names of types and functions are one namespace, in which the last
    /// registration counts.
    ///
    /// ```ignore
    /// async fn count(up_to: u64, mut inbox: Inbox<u64>) -> Result<(), Overflow> { .. }
    /// let node = Node::builder("a@host").spawnable_fn("count", count).start().await?;
    /// let pid = other.spawn_fn_on(node.name(), "count", &10_u64).await?;
    /// ```
    pub fn spawnable_fn<T, M, F, B>(mut self, name: &str, body: B) -> Self
    where
        T: Message,
        M: Send + 'static,
        F: Future<Output: IntoExit> + Send + 'static,
        B: Fn(T, Inbox<M>) -> F + Clone + Send + Sync + 'static,
    {
        self.spawnables.add_fn(name, body);
        self
    }

    /// Sets the limits of its sessions; with each peer the smaller of both hold.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long it waits for a peer that is silent until it takes it for dead.
    pub fn patience(mut self, patience: Patience) -> Self {
        self.patience = patience;
        self
    }

    /// Compresses what is large enough to gain by it, with the first of these that the dialled peer
    /// names, too. None by default: it costs more time than a fast network does.
    pub fn compression(mut self, preferred: &[Compression]) -> Self {
        self.compression = preferred.to_vec();
        self
    }

    /// Who may have a session with it, under which names, and what they may do. Can be changed
    /// while it runs ([`Node::set_access`]).
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// How often strangers may connect, and how much its peers may ask for.
    pub fn admission(mut self, limits: AdmissionLimits) -> Self {
        self.admission = limits;
        self
    }

    /// How its watchdog judges, which logs handlers that do not yield and actors that wait for
    /// each other in a circle; `None` for no watchdog. In a test world there is none.
    pub fn watchdog(mut self, options: Option<WatchdogOptions>) -> Self {
        self.watchdog = options;
        self
    }

    /// When it dials without being asked to.
    pub fn auto_connect(mut self, when: AutoConnect) -> Self {
        self.auto_connect = when;
        self
    }

    /// Whether peers that may send to its actors can ask it for its sessions and actors, too. They can,
    /// unless this says otherwise; the actor that answers starts with the first question.
    pub fn inspector(mut self, has_inspector: bool) -> Self {
        self.has_inspector = has_inspector;
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
        self.admission.validate()?;
        let built_in = |one: &&Compression| Compression::SUPPORTED.contains(one);
        if let Some(&missing) = self.compression.iter().find(|one| !built_in(one)) {
            return Err(StartError::Compression(missing));
        }
        let env = match self.env {
            Some(env) => env,
            None => Env::tokio()?,
        };
        let cluster: ClusterName = self
            .cluster
            .parse()
            .map_err(|fault| StartError::Cluster { name: self.cluster.clone(), fault })?;
        let incarnation = Incarnation(env.wall_clock().0);
        let mut introduction = Introduction::new(cluster, name.clone(), incarnation);
        introduction.role = self.role;
        introduction.shards = self.shards;
        introduction.features = Features::USUAL.with(Features::NAMED).with(Features::PAUSE_ALL);
        introduction.compression = self.compression.iter().map(|&one| one as u8).collect();
        introduction.limits = self.limits;
        introduction.build = format!("holm {}", env!("CARGO_PKG_VERSION"));
        let security = Security::load(self.security, &env)?;
        let spawnables = Arc::new(self.spawnables);
        let router = Router::new(name.clone(), Arc::clone(&spawnables), self.auto_connect);
        let router = Arc::new(router);
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
            security,
            system,
            router,
            spawnables,
            Gate::new(self.admission, self.access),
            self.has_inspector,
            self.patience,
        ));
        inner.router.set_node(&inner);
        if inner.env.wall_clock().0 == incarnation.0 {
            tokio::time::sleep(INCARNATION_STEP).await;
        }
        // All of them before any accepts, so that a failure leaves nothing behind.
        let mut listening = Vec::new();
        for at in &self.listen {
            listening.push((at, listen::bind(&inner, at).await?));
        }
        // In a test world there are no threads.
        if inner.env.parallelism().is_some() {
            *inner.pulse.lock() = Some(Pulse::start().map_err(StartError::Thread)?);
            if let Some(options) = self.watchdog {
                let watchdog = Watchdog::start(&inner.system, options, |_| {});
                *inner.watchdog.lock() = Some(watchdog.map_err(StartError::Thread)?);
            }
        }
        *inner.endpoints.lock() =
            listening.iter().map(|(at, listener)| at.over(listener.local())).collect();
        for (at, listener) in listening {
            listen::accept(&inner, at.clone(), listener);
        }
        Ok(Node::new(inner))
    }
}

/// The name of the node. `name@127.0.0.1:4000`, a name whose authority has a port, also stands for a
/// TCP listener there, unless it is said where to listen: who asks for TLS does not mean plain TCP, too.
fn node_name(text: &str, listen: &mut Vec<Endpoint>) -> Result<NodeName, StartError> {
    let name: NodeName =
        text.parse().map_err(|fault| StartError::Name { name: text.to_owned(), fault })?;
    if listen.is_empty()
        && let Some((_, authority)) = text.split_once('@')
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
