//! `holm node start`.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::unix::fs::DirBuilderExt;

use anyhow::{Result, anyhow};
use holm::env::Endpoint;
use holm::security::SecurityConfig;
use holm::{Node, NodeName};
use tokio::signal::unix::{SignalKind, signal};

use super::echo::{ECHO, Echo};
use super::posture::Posture;
use super::security::Security;

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
    #[arg(long, value_name = "ENDPOINT", required = true)]
    listen: Vec<Endpoint>,
    #[command(flatten)]
    security: Security,
}

pub(super) async fn run(args: Args) -> Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let tls = args.listen.iter().any(|at| matches!(at, Endpoint::Tls { .. }));
    let config = args.security.of_listener(tls);
    let node = start(&args, config.clone()).await?;
    for at in node.endpoints() {
        println!("listening {at}");
    }
    println!("posture {}", posture(&node, &config));
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
    node.stop().await;
    Ok(())
}

async fn start(args: &Args, config: SecurityConfig) -> Result<Node> {
    let mut builder =
        Node::builder(args.name.as_str()).security(config).access(args.security.access()?);
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
