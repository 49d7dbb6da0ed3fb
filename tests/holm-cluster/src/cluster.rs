//! Some nodes, and what befalls them.

use std::env;
use std::time::Duration;

use rustix::process::Signal;

use crate::network::Network;
use crate::orders::Settings;
use crate::process::Process;

/// The program of a node, which is built with the tests.
const PROGRAM: &str = "holm-cluster";

/// Nodes in processes of their own. Dropped, it ends them.
pub struct Cluster {
    // Before the network they are in.
    nodes: Vec<Process>,
    network: Network,
    settings: Settings,
}

impl Cluster {
    /// Nodes that reach each other over loopback.
    #[must_use]
    pub fn on_loopback(nodes: usize, settings: &Settings) -> Self {
        Self::on(Network::loopback(), nodes, settings)
    }

    /// Nodes each in a network namespace. Without namespaces, says that `test` is skipped, and why.
    ///
    /// # Panics
    /// Without namespaces, if `HOLM_NAMESPACES=1` says that they are there.
    #[must_use]
    pub fn on_network(test: &str, nodes: usize, settings: &Settings) -> Option<Self> {
        match Network::hosts(nodes) {
            Ok(network) => Some(Self::on(network, nodes, settings)),
            Err(reason) => {
                let expected = env::var("HOLM_NAMESPACES").as_deref() == Ok("1");
                assert!(!expected, "{test}: {reason}");
                println!("SKIP {test}: {reason}");
                None
            }
        }
    }

    fn on(network: Network, nodes: usize, settings: &Settings) -> Self {
        let mut cluster = Self { nodes: Vec::new(), network, settings: settings.clone() };
        cluster.nodes = (0..nodes).map(|index| cluster.process(index, settings)).collect();
        cluster.nodes.iter().for_each(Process::wait_ready);
        cluster
    }

    fn process(&self, index: usize, settings: &Settings) -> Process {
        let name = format!("n{index}@{}", self.network.address(index));
        Process::start(self.network.command(index, &program()), name, settings)
    }

    /// Starts one more node, on loopback: `settings` may say otherwise of where it listens than its name does.
    #[must_use]
    pub fn start(&self, index: usize, settings: &Settings) -> Process {
        let process = self.process(index, settings);
        process.wait_ready();
        process
    }

    /// Where node `index` of this cluster is or would be.
    #[must_use]
    pub fn endpoint(&self, index: usize) -> String {
        format!("tcp:{}", self.network.address(index))
    }

    /// A node.
    ///
    /// # Panics
    /// If there is none of this number.
    #[must_use]
    pub fn node(&self, index: usize) -> &Process {
        &self.nodes[index]
    }

    /// All nodes.
    #[must_use]
    pub fn nodes(&self) -> &[Process] {
        &self.nodes
    }

    /// Connects each node with each other.
    pub fn connect_all(&self) {
        for (at, node) in self.nodes.iter().enumerate() {
            self.nodes[..at].iter().for_each(|other| node.connect(other));
        }
    }

    /// Returns when each of these nodes has heard whatever the others had told it, but for large
    /// messages. A session that is lost meanwhile has told all that it will.
    pub fn settle(&self, nodes: &[usize]) {
        for to in nodes {
            let listener = self.nodes[*to].spawn();
            for from in nodes {
                self.nodes[*from].reach(listener);
            }
        }
    }

    /// Lets time pass, as a test must that looks for what does not happen.
    pub fn pass(&self, time: Duration) {
        std::thread::park_timeout(time);
    }

    /// Cuts what two nodes say to each other.
    pub fn cut(&self, one: usize, other: usize) {
        self.cut_one_way(one, other);
        self.cut_one_way(other, one);
    }

    /// Cuts what one node says to another.
    pub fn cut_one_way(&self, from: usize, to: usize) {
        self.network.namespaces().set_way(from, to, false);
    }

    /// Pulls the cable of a node.
    pub fn isolate(&self, node: usize) {
        self.network.namespaces().set_cable(node, false);
    }

    /// Mends all ways.
    pub fn heal(&self) {
        self.network.namespaces().heal();
    }

    /// Packets that its nodes have sent so far.
    #[must_use]
    pub fn packets(&self) -> u64 {
        self.network.namespaces().packets()
    }

    /// Stops a process (`SIGSTOP`).
    pub fn pause(&self, node: usize) {
        self.nodes[node].signal(Signal::STOP);
        self.nodes[node].wait_stopped();
    }

    /// Lets a stopped process go on.
    pub fn resume(&self, node: usize) {
        self.nodes[node].signal(Signal::CONT);
    }

    /// Kills a process (`SIGKILL`).
    pub fn kill(&self, node: usize) {
        self.nodes[node].kill();
    }

    /// Starts a killed node again, at the same address.
    pub fn restart(&mut self, node: usize) {
        self.nodes[node].kill();
        self.nodes[node] = self.process(node, &self.settings);
        self.nodes[node].wait_ready();
    }
}

/// Beside the tests' own program.
fn program() -> String {
    let test = env::current_exe().expect("a test is a program");
    let folder = test.ancestors().nth(2).expect("tests lie in `deps`");
    folder.join(PROGRAM).to_str().expect("a path as text").to_owned()
}
