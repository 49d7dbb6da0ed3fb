//! More than a receiver takes.

use holm_cluster::{Answer, Cluster, Order, Process, Settings, is_long};

/// Memory that a node may take beyond what it had, in KiB: its queue for the peer (16 MiB), what may have been
/// under way past a full inbox (16 MiB), and as much again for senders and allocator.
const GROWTH_MAX_KIB: u64 = 64 * 1024;

/// What keeps the receiver from taking more.
#[derive(Clone, Copy, Debug)]
enum Hindrance {
    /// It is busy.
    Busy,
    /// Its process is stopped.
    Stopped,
}

struct Grown(u64);

impl Grown {
    fn of(node: &Process) -> Self {
        Self(node.memory().rss)
    }

    fn check(&self, node: &Process) {
        let now = node.memory();
        let grown = now.peak.saturating_sub(self.0);
        println!("{}: {} KiB at first, {now:?}", node.name(), self.0);
        assert!(grown <= GROWTH_MAX_KIB, "{} grew by {grown} KiB", node.name());
    }
}

/// Prints how long most calls took.
fn measure(what: &str, node: &Process, to: holm::Pid) {
    let Answer::Micros(mut micros) = node.ask(Order::Measure(to, 1_000)) else {
        panic!("{} is disturbed", node.name())
    };
    micros.sort_unstable();
    println!("{what}: half of the calls took {} us, 99 of 100 {} us", micros[500], micros[990]);
}

fn overload(hindrance: Hindrance) {
    let senders = if is_long() { 10_000 } else { 500 };
    let (each, bytes) = if is_long() { (100, 1_100) } else { (100, 2_000) };
    // A process that is stopped for longer than this would be given up.
    let cluster = Cluster::on_loopback(3, &Settings::silence_ms(600_000));
    let [a, b, c] = [0, 1, 2].map(|index| cluster.node(index));
    cluster.connect_all();
    let Answer::Pid(receiver) = b.ask(Order::Spawn { traps: true, room: 100 }) else {
        panic!("no receiver")
    };
    let (bystander, third) = (b.spawn(), c.spawn());
    a.order(Order::Call(receiver));
    measure("before", a, third);
    let grown = [a, b].map(|node| (node, Grown::of(node)));
    match hindrance {
        Hindrance::Busy => b.order(Order::Hold(receiver)),
        Hindrance::Stopped => cluster.pause(1),
    }
    let crowd = a.begin(Order::Crowd { to: receiver, senders, each, bytes });
    measure("to another node", a, third);
    if let Hindrance::Busy = hindrance {
        measure("to another actor of the node", a, bystander);
    }
    let Answer::Crowd { accepted, busy } = crowd.wait() else { panic!("a sender ended") };
    println!("{hindrance:?}: {accepted} of {} accepted", senders * each);
    assert_eq!(accepted + busy, senders * each);
    assert!(busy > 0, "everything was accepted");
    grown.iter().for_each(|(node, grown)| grown.check(node));
    match hindrance {
        Hindrance::Busy => b.order(Order::Release),
        Hindrance::Stopped => cluster.resume(1),
    }
    // Behind all that this node's actors have sent.
    a.order(Order::Call(receiver));
    assert_eq!([a.ups_and_downs(b), a.ups_and_downs(c)], [[true], [true]]);
    let Answer::Received(rows) = b.ask(Order::Report(receiver)) else { panic!("no report") };
    assert_eq!(rows.iter().map(|(_, received)| received.count).sum::<u64>(), accepted);
    assert!(rows.iter().all(|(_, received)| received.faults == 0));
    grown.iter().for_each(|(node, grown)| grown.check(node));
}

#[test]
fn a_receiver_that_is_busy_costs_bounded_memory_and_loses_nothing_accepted() {
    overload(Hindrance::Busy);
}

#[test]
fn a_receiver_that_is_stopped_costs_bounded_memory_and_loses_nothing_accepted() {
    overload(Hindrance::Stopped);
}
