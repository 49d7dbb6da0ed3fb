//! A peer in a process of its own, which is killed.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use holm::env::Endpoint;
use holm::{CallError, ExitReason, Node, NodeEvent, SessionBonds};
use holm_net::unix_dir::PrivateDir;

use crate::actors::{Log, Probe};
use crate::links::Trapper;
use crate::puppets::{Puppet, act, notes};
use crate::support::*;

/// Where the child is to listen; in the child alone.
const LISTEN: &str = "HOLM_TEST_LISTEN";

/// Killed whatever becomes of the test.
pub(crate) struct Killed(pub(crate) Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_child(at: &Endpoint) -> Killed {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child", "--nocapture"])
        .env(LISTEN, at.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let child = Killed(child);
    let ready = out.lines().any(|line| line.unwrap().ends_with("ready"));
    assert!(ready, "the child did not start");
    child
}

/// The child's part; nothing when run as a test.
#[tokio::test]
async fn child() {
    let Ok(at) = std::env::var(LISTEN) else { return };
    let node = Node::builder("child@x")
        .listen(at.parse().unwrap())
        .spawnable::<Log>()
        .start()
        .await
        .unwrap();
    node.names().register("probe", &node.spawn(Probe::default())).unwrap();
    node.names().register("log", &node.spawn(Log::default())).unwrap();
    println!("ready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_peer_fails_calls_and_fires_monitors_and_links() {
    let dir = PrivateDir::create(&std::env::temp_dir(), "killed-").unwrap();
    for (n, at) in [Endpoint::Unix(dir.path().join("s")), "tcp:127.0.0.1:0".parse().unwrap()]
        .into_iter()
        .enumerate()
    {
        // The kernel chooses a port for this test, which the child then takes.
        let at = match at {
            Endpoint::Tcp { .. } => {
                let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
                format!("tcp:{}", free.local_addr().unwrap()).parse().unwrap()
            }
            at => at,
        };
        for _ in 0..=n {
            kill_one(&at).await;
        }
    }
}

async fn kill_one(at: &Endpoint) {
    let child = start_child(at);
    let node = Node::builder("parent@x").start().await.unwrap();
    let mut events = node.events();
    let name = node.connect(at).await.unwrap();
    let log = node.spawn_on::<Log>(&name, Log::default()).await.unwrap();
    let probe = node.at::<Probe>(&name, "probe");
    assert_eq!(probe.echo(vec![1]).await.unwrap(), [1]);
    let downs = [node.monitor(log.pid()), node.monitor(probe.address())];
    let watcher = Probe::default();
    let watching = node.spawn(watcher.clone());
    watching.watch(log.pid()).await.unwrap();
    // Linked with actors there: one that traps exits, one that does not.
    let mut trapper = Trapper::new(&node);
    trapper.link(log.pid()).await;
    let linked = node.spawn(Puppet::default());
    let linked_down = node.monitor(linked.pid());
    let peer = log.pid();
    linked.tell(act(move |_, cx| cx.link(peer))).unwrap();
    notes(&linked).await;
    let mut call = Box::pin(probe.hold());
    begin(&mut call).await;
    log.note(1).await.unwrap();
    drop(child);
    assert_eq!(call.await, Err(CallError::Disconnected));
    for down in downs {
        assert_eq!(down.await.reason, ExitReason::Noconnection);
    }
    assert_eq!(watcher.down().await.reason, ExitReason::Noconnection);
    assert_eq!(trapper.exit().await, (log.pid(), ExitReason::Noconnection));
    assert_eq!(linked_down.await.reason, ExitReason::Noconnection);
    assert_eq!(node.bonds_with(&name), SessionBonds::default());
    assert_eq!(events.next().await, Some(NodeEvent::Up(name.clone())));
    assert_eq!(events.next().await, Some(NodeEvent::Down(name)));
    assert!(node.connect(at).await.is_err());

    // The next life listens at the same place, and the old pids are dead in it.
    let _child = start_child(at);
    let name = node.connect(at).await.unwrap();
    assert_eq!(node.at::<Log>(&name, "log").count().await, Ok(0));
    assert_eq!(log.count().await, Err(CallError::Noproc));
    node.stop().await;
}
