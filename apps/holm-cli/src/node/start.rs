//! `holm node start`.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;
use std::time::Duration;

use anyhow::{Result, anyhow};
use holm::env::Endpoint;
use holm::security::SecurityConfig;
use holm::{AutoConnect, Node, NodeName};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::echo::{ECHO, Echo};
use super::posture::Posture;
use super::security::Security;

/// Pause after the first failure to reach a node of `--connect`: two that start together soon meet.
const CONNECT_PAUSE_MIN: Duration = Duration::from_millis(200);

/// Longest pause, after many: as that between dials of a lost node.
const CONNECT_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Runs a node until SIGTERM or SIGINT; `holm node ping` can talk to it.
///
/// Prints where it listens, and what it asks of those who connect. The log on standard error has a line
/// for each peer that is refused, comes or goes. SIGHUP has it read its certificates, keys, secrets and
/// lists again; sessions with peers that these do not let in any more end. If anything is wrong with
/// them, all stays as it was.
#[derive(Debug, clap::Args)]
#[command(after_long_help = super::access::HELP)]
pub(crate) struct Args {
    /// Its name.
    #[arg(value_name = "NAME@AUTHORITY")]
    name: NodeName,
    /// Where it listens: tcp:HOST:PORT, tls:HOST:PORT, noise:HOST:PORT or unix:PATH. Port 0 is a free
    /// one. The folder of a Unix socket is created for this user alone if it is not there.
    #[arg(long, value_name = "ENDPOINT", required_unless_present = "connect")]
    listen: Vec<Endpoint>,
    /// Has a session with the node there, from when that can be reached on; may be given several times.
    #[arg(long, value_name = "ENDPOINT")]
    connect: Vec<Endpoint>,
    /// When it dials by itself: always, what is lost and was asked for included; until a session with the
    /// node was lost; or never.
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Always)]
    auto_connect: When,
    #[command(flatten)]
    security: Security,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum When {
    Always,
    Once,
    Never,
}

impl From<When> for AutoConnect {
    fn from(when: When) -> Self {
        match when {
            When::Always => Self::Always,
            When::Once => Self::Once,
            When::Never => Self::Never,
        }
    }
}

pub(super) async fn run(args: Args) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let tls = args.listen.iter().chain(&args.connect).any(|at| matches!(at, Endpoint::Tls { .. }));
    let mut config = args.security.of_listener(tls);
    if !args.connect.is_empty() {
        config.token = config.tokens.first().map(|token| token.source.clone());
    }
    let node = start(&args, config.clone()).await?;
    for at in node.endpoints() {
        println!("listening {at}");
    }
    println!("posture {}", posture(&node, &config));
    let mut connecting = JoinSet::new();
    for to in args.connect {
        connecting.spawn(connect(node.clone(), to));
    }
    loop {
        tokio::select! {
            _ = hangup.recv() => match reload(&node, &args.security) {
                Ok(()) => tracing::info!("reloaded: {}", posture(&node, &config)),
                Err(error) => tracing::error!("not reloaded, all stays as it was: {error}"),
            },
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
        }
    }
    drop(connecting);
    node.stop().await;
    Ok(())
}

/// Returns once there is a session with the node at `to`. From then on `node` sees to it.
async fn connect(node: Node, to: Endpoint) {
    let mut pause = CONNECT_PAUSE_MIN;
    while let Err(error) = node.connect(&to).await {
        tracing::warn!(%to, %error, "no session yet");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(CONNECT_PAUSE_MAX);
    }
}

async fn start(args: &Args, config: SecurityConfig) -> Result<Node> {
    let mut builder =
        Node::builder(args.name.as_str()).security(config).access(args.security.access()?);
    builder = builder.auto_connect(args.auto_connect.into());
    for at in &args.listen {
        create_folder(at)?;
        builder = builder.listen(at.clone());
    }
    let node = builder.start().await?;
    let echo = node.spawn(Echo);
    node.names().register(ECHO, &echo)?;
    Ok(node)
}

/// Creates the folder of a Unix socket. One that is there is left as it is, and checked later.
fn create_folder(at: &Endpoint) -> Result<()> {
    let Endpoint::Unix(path) = at else { return Ok(()) };
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(anyhow!("{}: {error}", folder.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// All of it, or nothing.
fn reload(node: &Node, security: &Security) -> Result<()> {
    let access = security.access()?;
    node.reload_security()?;
    node.set_access(access);
    Ok(())
}

fn posture(node: &Node, config: &SecurityConfig) -> String {
    Posture { endpoints: &node.endpoints(), config, access: &node.access() }.to_string()
}
