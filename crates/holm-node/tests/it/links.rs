//! Links between nodes.

use holm::{Exit, ExitReason, Node, NodeEvent, Pid, Ref, SessionBonds, Signal, SpawnOptions};
use tokio::sync::{mpsc, oneshot};

use crate::actors::{Log, Probe};
use crate::puppets::{Puppet, Step, act, notes, quit};
use crate::support::*;

/// A puppet that traps exits, and what it hears.
pub(crate) struct Trapper {
    pub(crate) actor: Ref<Puppet>,
    heard: mpsc::Receiver<Signal>,
}

impl Trapper {
    pub(crate) fn new(node: &Node) -> Self {
        let (signals, heard) = mpsc::channel(100);
        let options = SpawnOptions::default().trap_exits();
        let actor = node.spawn_with(Puppet::default().signals_to(signals), options);
        Self { actor, heard }
    }

    pub(crate) fn pid(&self) -> Pid {
        self.actor.pid()
    }

    pub(crate) async fn link(&self, peer: Pid) {
        self.act(move |cx| cx.link(peer)).await;
    }

    pub(crate) async fn unlink(&self, peer: Pid) {
        self.act(move |cx| cx.unlink(peer)).await;
    }

    /// Returns when it is done.
    pub(crate) async fn act(
        &self,
        act_with: impl FnOnce(&mut holm::Context<Puppet>) + Send + 'static,
    ) {
        self.actor.tell(act(|_, cx| act_with(cx))).unwrap();
        notes(&self.actor).await;
    }

    pub(crate) async fn signal(&mut self) -> Signal {
        self.heard.recv().await.unwrap()
    }

    /// The next exit through a link.
    pub(crate) async fn exit(&mut self) -> (Pid, ExitReason) {
        match self.signal().await {
            Signal::Exit(Exit { from: Some(from), reason, linked: true, .. }) => (from, reason),
            other => panic!("{other:?}"),
        }
    }

    /// Nothing has come that was not taken, up to now.
    pub(crate) async fn expect_quiet(&mut self) {
        notes(&self.actor).await;
        assert!(self.heard.try_recv().is_err());
    }

    pub(crate) fn links(&self, node: &Node) -> Vec<Pid> {
        node.system().inspect(self.pid()).unwrap().links
    }
}

/// What comes of a link of `node`'s with `peer`: the exit that ends it.
pub(crate) async fn linked_exit(node: &Node, peer: Pid) -> (Pid, ExitReason) {
    let mut trapper = Trapper::new(node);
    trapper.link(peer).await;
    let exit = trapper.exit().await;
    trapper.expect_quiet().await;
    assert!(trapper.links(node).is_empty());
    exit
}

/// Two nodes, each with an actor to pass a call through, which is behind what was sent before.
struct Two {
    nodes: [Node; 2],
    logs: [Ref<Log>; 2],
}

impl Two {
    async fn new() -> Self {
        let (a, b) = pair().await;
        let logs = [&a, &b].map(|node| node.spawn(Log::default()));
        Self { nodes: [a, b], logs }
    }

    fn trappers(&self) -> [Trapper; 2] {
        self.nodes.each_ref().map(Trapper::new)
    }

    /// What either has sent before has arrived at the other.
    async fn crossed(&self) {
        for (here, there) in [(0, 1), (1, 0)] {
            reach(&self.nodes[here], &self.logs[there]).count().await.unwrap();
        }
    }

    fn bonds(&self) -> [SessionBonds; 2] {
        [(0, 1), (1, 0)].map(|(here, there)| self.nodes[here].bonds_with(self.nodes[there].name()))
    }

    fn links(&self) -> [usize; 2] {
        self.bonds().map(|bonds| bonds.links)
    }
}

#[tokio::test]
async fn the_end_of_either_side_is_heard_once() {
    let two = Two::new().await;
    for linker in [0, 1] {
        for ends in [0, 1] {
            let mut sides = two.trappers();
            let peer = sides[1 - linker].pid();
            // The second call does nothing.
            sides[linker].link(peer).await;
            sides[linker].link(peer).await;
            two.crossed().await;
            assert_eq!(two.links(), [1, 1]);
            for side in [0, 1] {
                assert_eq!(sides[side].links(&two.nodes[side]), [sides[1 - side].pid()]);
            }
            let dead = sides[ends].pid();
            sides[ends].actor.tell(quit(failed("f"))).unwrap();
            assert_eq!(sides[1 - ends].exit().await, (dead, failed("f")));
            two.crossed().await;
            sides[1 - ends].expect_quiet().await;
            assert_eq!(two.bonds(), [SessionBonds::default(); 2]);
        }
    }
}

#[tokio::test]
async fn a_link_with_nobody_or_nowhere_is_told() {
    let two = Two::new().await;
    let [a, b] = &two.nodes;
    let log = b.spawn(Log::default());
    let end = b.monitor(log.pid());
    log.exit(shutdown("s"));
    end.await;
    assert_eq!(linked_exit(a, log.pid()).await, (log.pid(), ExitReason::Noproc));
    two.crossed().await;
    assert_eq!(two.links(), [0, 0]);
    // A node that never was, and one that has gone.
    let nowhere = Pid { node: holm::NodeId::from_u64(7).unwrap(), serial: log.pid().serial };
    assert_eq!(linked_exit(a, nowhere).await, (nowhere, ExitReason::Noconnection));
    b.disconnect(a.name());
    a.monitor_node(b.name()).await;
    let alive = two.logs[1].pid();
    assert_eq!(linked_exit(a, alive).await, (alive, ExitReason::Noconnection));
}

#[tokio::test]
async fn after_unlink_no_exit_comes() {
    let two = Two::new().await;
    for unlinker in [0, 1] {
        for ends in [0, 1] {
            let mut sides = two.trappers();
            let peers = [1, 0].map(|peer: usize| sides[peer].pid());
            sides[0].link(peers[0]).await;
            two.crossed().await;
            sides[unlinker].unlink(peers[unlinker]).await;
            two.crossed().await;
            assert_eq!(two.links(), [0, 0]);
            sides[ends].actor.tell(quit(failed("f"))).unwrap();
            two.nodes[ends].monitor(peers[1 - ends]).await;
            two.crossed().await;
            sides[1 - ends].expect_quiet().await;
        }
    }
}

/// An exit that waits in the inbox is flushed.
#[tokio::test]
async fn unlink_flushes_an_exit_that_has_arrived() {
    let two = Two::new().await;
    let [mut here, there] = two.trappers();
    let peer = there.pid();
    here.link(peer).await;
    let (entered, entry) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let step: Step = Box::new(move |_, cx| {
        Box::pin(async move {
            entered.send(()).unwrap();
            released.await.unwrap();
            cx.unlink(peer);
        })
    });
    here.actor.tell(step).unwrap();
    entry.await.unwrap();
    two.crossed().await;
    there.actor.tell(quit(failed("f"))).unwrap();
    two.nodes[1].monitor(peer).await;
    two.crossed().await;
    assert_eq!(two.links(), [0, 0]);
    release.send(()).unwrap();
    here.expect_quiet().await;
}

/// Both link at once, however the two links cross: one link, and each end is heard once.
#[tokio::test]
async fn links_that_cross_are_one() {
    let two = Two::new().await;
    for unlinks in [None, Some(0), Some(1)] {
        let mut sides = two.trappers();
        let peers = [1, 0].map(|peer: usize| sides[peer].pid());
        for side in [0, 1] {
            sides[side].link(peers[side]).await;
        }
        two.crossed().await;
        assert!(two.links() == [2, 2] || two.links() == [1, 1], "{:?}", two.links());
        if let Some(side) = unlinks {
            sides[side].unlink(peers[side]).await;
            two.crossed().await;
            assert_eq!(two.links(), [0, 0]);
        }
        sides[0].actor.tell(quit(failed("f"))).unwrap();
        if unlinks.is_none() {
            assert_eq!(sides[1].exit().await, (peers[1], failed("f")));
        }
        two.nodes[0].monitor(peers[1]).await;
        two.crossed().await;
        sides[1].expect_quiet().await;
        assert_eq!(two.bonds(), [SessionBonds::default(); 2]);
    }
}

#[tokio::test]
async fn a_lost_session_ends_its_links_alone() {
    let net = Net::default();
    let nodes = [net.start("a@x").await, net.start("b@x").await, net.start("c@x").await];
    let [a, b, c] = &nodes;
    connect(a, b).await;
    connect(a, c).await;
    let [mut here, mut lost, mut kept] = nodes.each_ref().map(Trapper::new);
    here.link(lost.pid()).await;
    kept.link(here.pid()).await;
    let local = a.spawn(Log::default());
    here.link(local.pid()).await;
    // The link of `c` has arrived when its call has.
    reach(c, &local).count().await.unwrap();
    reach(a, &b.spawn(Log::default())).count().await.unwrap();
    let mut events = [a, b].map(Node::events);
    b.disconnect(a.name());
    for (events, other) in events.iter_mut().zip([b, a]) {
        assert_eq!(events.next().await, Some(NodeEvent::Down(other.name().clone())));
    }
    // They were told before: nothing is waited for.
    assert_eq!(here.exit().await, (lost.pid(), ExitReason::Noconnection));
    assert_eq!(lost.exit().await, (here.pid(), ExitReason::Noconnection));
    for trapper in [&mut here, &mut lost, &mut kept] {
        trapper.expect_quiet().await;
    }
    let mut links = here.links(a);
    links.sort_unstable();
    let mut expected = vec![kept.pid(), local.pid()];
    expected.sort_unstable();
    assert_eq!(links, expected);
    assert_eq!(a.bonds_with(c.name()).links, 1);
    assert_eq!(a.bonds_with(b.name()), SessionBonds::default());

    // Another session, another link.
    connect(a, b).await;
    here.link(lost.pid()).await;
    lost.actor.tell(quit(failed("f"))).unwrap();
    assert_eq!(here.exit().await, (lost.pid(), failed("f")));
    kept.actor.tell(quit(failed("g"))).unwrap();
    assert_eq!(here.exit().await, (kept.pid(), failed("g")));
}

/// An actor that does not trap exits goes with the session.
#[tokio::test]
async fn a_lost_session_ends_who_does_not_trap() {
    let two = Two::new().await;
    let [a, b] = &two.nodes;
    let linked = a.spawn(Puppet::default());
    let peer = two.logs[1].pid();
    linked.tell(act(move |_, cx| cx.link(peer))).unwrap();
    notes(&linked).await;
    let down = a.monitor(linked.pid());
    a.disconnect(b.name());
    assert_eq!(down.await.reason, ExitReason::Noconnection);
}

#[tokio::test]
async fn an_exit_signal_says_who_sent_it() {
    let two = Two::new().await;
    let [mut here, there] = two.trappers();
    let target = here.pid();
    there.act(move |cx| cx.exit(target, shutdown("s"))).await;
    let Signal::Exit(exit) = here.signal().await else { panic!("no exit") };
    assert_eq!((exit.from, exit.linked), (Some(there.pid()), false));
    // From outside of an actor, from nobody.
    two.nodes[1].system().exit(target, shutdown("s"));
    let Signal::Exit(exit) = here.signal().await else { panic!("no exit") };
    assert_eq!((exit.from, exit.linked), (None, false));
}

/// What an actor sent before it ended precedes the exit, large or small.
#[tokio::test]
async fn what_an_actor_sent_precedes_its_exit() {
    for bytes in [10, 3 << 20] {
        let two = Two::new().await;
        let [a, b] = &two.nodes;
        let probe = Probe::default();
        let watcher = a.spawn(probe.clone());
        let speaker = reach(a, &b.spawn(Probe::default()));
        watcher.bind(speaker.pid()).await.unwrap();
        speaker.last_words(watcher.clone(), vec![1, 2, 3], bytes).await.unwrap();
        probe.entered.notified().await;
        let got = watcher.got().await.unwrap();
        let numbers: Vec<u64> = got.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 2, 3, u64::MAX]);
    }
}
