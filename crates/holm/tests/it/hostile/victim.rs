//! The node that is attacked: this program again, in a process of its own.

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use holm::env::Endpoint;
use holm::security::{AuthorityFiles, CertificateFiles, PeerName, SecurityConfig, TlsConfig};
use holm::{AdmissionLimits, AutoConnect, Compression, Limits, Node, NodeBuilder, Rate, Secret};
use rcgen::{CertificateParams, KeyPair};
use tempfile::TempDir;

use super::actors;

/// Where the child is to listen, its folder of keys, and its room; in the child alone.
const AT: &str = "HOLM_TEST_AT";
const KEYS: &str = "HOLM_TEST_KEYS";
const ROOM: &str = "HOLM_TEST_ROOM";

/// What is shown over TLS.
pub(super) const TOKEN: &[u8] = b"a token that protects nothing";

/// Longest wait for anything: what takes longer, on however slow a machine, has failed.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// Handshakes that a victim with [`Room::ForStrangers`] has under way.
const STRANGERS: usize = 512;

/// How much the victim takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// As a node does by default.
    Usual,
    /// More handshakes at once than there are attackers.
    ForStrangers,
    /// Small messages, and few cancels. It compresses.
    Little,
}

/// Messages together, at most, with [`Room::Little`].
pub(super) const LITTLE_BYTES: usize = 16 << 20;
/// The largest of them.
pub(super) const LITTLE_MESSAGE: usize = LITTLE_BYTES / 4;

impl Room {
    fn apply(self, node: NodeBuilder) -> NodeBuilder {
        let admission = AdmissionLimits::default();
        match self {
            Self::Usual => node,
            Self::ForStrangers => node.admission(AdmissionLimits {
                pending_max: STRANGERS,
                pending_share: STRANGERS,
                ..admission
            }),
            Self::Little => node
                .limits(Limits {
                    message_max: LITTLE_MESSAGE,
                    reassembly_max: LITTLE_BYTES,
                    ..Limits::default()
                })
                .admission(AdmissionLimits { cancels: Rate::per_second(1).burst(16), ..admission })
                .compression(&[Compression::Lz4]),
        }
    }
}

/// What it is reached by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    Tcp,
    /// With a token.
    Tls,
}

/// The child's part; nothing when run as a test.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(at) = std::env::var(AT) else { return };
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let rooms = [Room::Usual, Room::ForStrangers, Room::Little];
    let room = std::env::var(ROOM).unwrap();
    let room = rooms.into_iter().find(|one| format!("{one:?}") == room).unwrap();
    let mut node = room.apply(quiet("victim@x").listen(at.parse().unwrap()));
    if let Ok(keys) = std::env::var(KEYS) {
        let keys = Path::new(&keys);
        let own = CertificateFiles { certificate: keys.join("own.pem"), key: keys.join("own.key") };
        node = secured(node, TlsConfig::Server { own: Some(own), peers: None });
    }
    let node = node.start().await.unwrap();
    actors::start(&node);
    println!("ready {}", node.endpoints()[0]);
    // It ends with the test's process at the latest.
    let parent = || std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
    tokio::task::spawn_blocking(parent).await.unwrap().unwrap();
}

fn secured(node: NodeBuilder, tls: TlsConfig) -> NodeBuilder {
    let mut config = SecurityConfig::default();
    config.tls = Some(tls);
    node.security(config).token(Secret::new(TOKEN.to_vec()))
}

/// Its process, ended when dropped.
pub(super) struct Victim {
    process: Child,
    pub(super) at: Endpoint,
    pub(super) over: Over,
    keys: TempDir,
    log: Receiver<String>,
}

impl Drop for Victim {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Victim {
    pub(super) fn start(over: Over, room: Room) -> Self {
        let keys = TempDir::new().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "hostile::victim::child", "--nocapture"]);
        command.env(ROOM, format!("{room:?}"));
        match over {
            Over::Tcp => command.env(AT, "tcp:127.0.0.1:0"),
            Over::Tls => {
                write_keys(keys.path());
                command.env(AT, "tls:127.0.0.1:0").env(KEYS, keys.path())
            }
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (out, err) = (process.stdout.take().unwrap(), process.stderr.take().unwrap());
        let mut lines = BufReader::new(out).lines().map_while(Result::ok);
        let ready = lines.find_map(|line| Some(line.split_once("ready ")?.1.to_owned()));
        let at = ready.expect("the child did not start").parse().unwrap();
        // The child prints more when it runs long, and ends if it cannot.
        std::thread::spawn(move || lines.for_each(drop));
        let (sender, log) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(err).lines().map_while(Result::ok);
            // Nobody may be listening any more.
            lines.for_each(|line| drop(sender.send(line)));
        });
        Self { process, at, over, keys, log }
    }

    /// Where to connect to.
    pub(super) fn address(&self) -> SocketAddr {
        let (Endpoint::Tcp { host, port } | Endpoint::Tls { host, port }) = &self.at else {
            panic!("{}", self.at)
        };
        format!("{host}:{port}").parse().unwrap()
    }

    /// Returns when a line with these words is logged.
    pub(super) fn logs(&self, words: &str) {
        while !self.log.recv_timeout(PATIENCE).expect(words).contains(words) {}
    }

    /// The certificate that it shows, which is its own authority.
    pub(super) fn certificate(&self) -> std::path::PathBuf {
        self.keys.path().join("own.pem")
    }

    /// A node that may have a session with it.
    pub(super) fn peer(&self, name: &str) -> NodeBuilder {
        match self.over {
            Over::Tcp => quiet(name),
            Over::Tls => {
                let certificates = self.certificate();
                let peers = AuthorityFiles { certificates, revoked: None, name: PeerName::Host };
                secured(quiet(name), TlsConfig::Server { own: None, peers: Some(peers) })
            }
        }
    }
}

/// A node that dials nobody by itself.
fn quiet(name: &str) -> NodeBuilder {
    Node::builder(name).auto_connect(AutoConnect::Never)
}

fn write_keys(folder: &Path) {
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    fs::write(folder.join("own.pem"), certificate.pem()).unwrap();
    let path = folder.join("own.key");
    fs::write(&path, key.serialize_pem()).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}
