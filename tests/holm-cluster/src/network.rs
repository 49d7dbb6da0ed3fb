//! Where nodes live: on loopback, or each in a network namespace of its own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// The port of every node on a network.
const PORT: u16 = 4000;

/// What a shell does to make hosts, to do as its input says, and to remove them when that ends, however its
/// starter ended. Its arguments: what the names of its namespaces begin with, and the number of hosts.
///
/// Who is where on the network is fixed, so that only what nodes say crosses it.
const SCRIPT: &str = r#"
trap '' INT TERM
prefix=$1 hosts=$(seq 1 "$2")
clean() { for i in hub $hosts; do ip netns del "$prefix$i"; done 2>/dev/null; }
make() {
  set -e
  ip netns add "${prefix}hub"
  ip -n "${prefix}hub" link add br0 type bridge
  ip -n "${prefix}hub" link set br0 up
  for i in $hosts; do
    ip netns add "$prefix$i"
    ip link add eth0 netns "$prefix$i" address "02:00:00:00:00:0$i" type veth \
      peer name "b$i" netns "${prefix}hub"
    ip -n "$prefix$i" addr add "10.77.0.$i/24" dev eth0
    ip -n "$prefix$i" link set lo up
    ip -n "$prefix$i" link set eth0 up
    for j in $hosts; do
      ip -n "$prefix$i" neigh add "10.77.0.$j" lladdr "02:00:00:00:00:0$j" dev eth0 nud permanent
    done
    ip -n "${prefix}hub" link set "b$i" master br0
    ip -n "${prefix}hub" link set "b$i" up
  done
}
if ! why=$( (make) 2>&1 ); then echo "no: $why" | tr '\n' ' '; echo; clean; exit 1; fi
echo made
while read -r line; do $line 2>&1 | tr '\n' ' '; echo; done
clean
"#;

/// A hardware address that nobody has.
const NOWHERE: &str = "02:00:00:00:0f:ff";

/// The place of the nodes of one cluster.
pub(crate) enum Network {
    /// An address of this machine, which no other cluster has.
    Loopback(String),
    /// Namespaces.
    Hosts(Hosts),
}

/// Namespaces, numbered from 0, and the shell that owns them.
pub(crate) struct Hosts {
    prefix: String,
    count: usize,
    shell: Mutex<Shell>,
}

struct Shell {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

/// Tells the clusters of one process apart.
static CLUSTERS: AtomicU32 = AtomicU32::new(0);

impl Network {
    pub(crate) fn loopback() -> Self {
        let (pid, cluster) = (std::process::id(), CLUSTERS.fetch_add(1, Ordering::Relaxed));
        let number = (pid << 4 | (cluster & 15)) & 0x3f_ffff;
        let [_, high, middle, low] = number.to_be_bytes();
        Self::Loopback(format!("127.{}.{middle}.{low}", 64 + high))
    }

    /// Why there are no namespaces, if there are none.
    pub(crate) fn hosts(count: usize) -> Result<Self, String> {
        assert!((1..=9).contains(&count), "a digit each");
        let cluster = CLUSTERS.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("holm-{}-{cluster}-", std::process::id());
        let shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh", &prefix, &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What ends a test's whole group must not keep it from cleaning up.
            .process_group(0)
            .spawn();
        let mut child = shell.map_err(|error| error.to_string())?;
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut shell = Shell { child, answers };
        match shell.answer().as_str() {
            "made" => Ok(Self::Hosts(Hosts { prefix, count, shell: Mutex::new(shell) })),
            why => {
                let _ = shell.child.wait();
                Err(why.to_owned())
            }
        }
    }

    /// Where node `index` listens.
    pub(crate) fn address(&self, index: usize) -> String {
        match self {
            Self::Loopback(host) => format!("{host}:{}", usize::from(PORT) + index),
            Self::Hosts(_) => format!("10.77.0.{}:{PORT}", index + 1),
        }
    }

    /// Runs `program` as node `index`, in the process that it names.
    pub(crate) fn command(&self, index: usize, program: &str) -> Command {
        match self {
            Self::Loopback(_) => Command::new(program),
            Self::Hosts(hosts) => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", &hosts.host(index), program]);
                command
            }
        }
    }

    pub(crate) fn namespaces(&self) -> &Hosts {
        match self {
            Self::Hosts(hosts) => hosts,
            Self::Loopback(_) => panic!("a cluster on loopback has no ways to cut"),
        }
    }
}

impl Hosts {
    fn host(&self, index: usize) -> String {
        format!("{}{}", self.prefix, index + 1)
    }

    /// Whether packets from one host to another arrive.
    pub(crate) fn set_way(&self, from: usize, to: usize, works: bool) {
        let to = to + 1;
        let address = if works { format!("02:00:00:00:00:0{to}") } else { NOWHERE.to_owned() };
        let from = self.host(from);
        self.run(&format!(
            "ip -n {from} neigh replace 10.77.0.{to} lladdr {address} dev eth0 nud permanent"
        ));
    }

    /// Whether a host's cable is in.
    pub(crate) fn set_cable(&self, of: usize, works: bool) {
        let state = if works { "up" } else { "down" };
        self.run(&format!("ip -n {}hub link set b{} {state}", self.prefix, of + 1));
    }

    pub(crate) fn heal(&self) {
        for host in 0..self.count {
            self.set_cable(host, true);
            (0..self.count).filter(|to| *to != host).for_each(|to| self.set_way(host, to, true));
        }
    }

    /// Packets that hosts have sent so far.
    pub(crate) fn packets(&self) -> u64 {
        let count = |host: usize| {
            let counter = format!("/sys/class/net/b{}/statistics/rx_packets", host + 1);
            let printed = self.ask(&format!("ip netns exec {}hub cat {counter}", self.prefix));
            printed.trim().parse::<u64>().expect("a number of packets")
        };
        (0..self.count).map(count).sum()
    }

    fn run(&self, command: &str) {
        let said = self.ask(command);
        assert!(said.trim().is_empty(), "`{command}` says {said}");
    }

    fn ask(&self, command: &str) -> String {
        let mut shell = self.shell.lock();
        let input = shell.child.stdin.as_mut().expect("it is piped");
        writeln!(input, "{command}").expect("the shell lives");
        shell.answer()
    }
}

impl Shell {
    fn answer(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        let shell = self.shell.get_mut();
        // The end of its input is its sign.
        drop(shell.child.stdin.take());
        let _ = shell.child.wait();
    }
}
