//! Whether what the survivors did and heard is what rules 9 to 12 of `docs/semantics.md` promise.

use std::collections::{BTreeMap, BTreeSet};

use holm::prelude::*;
use holm::{MonitorRef, Pid};

use super::knot::{Event, History, both_link};

/// Judges all actors, once all is quiet: what they heard until they ended, and, of those that are
/// alive, that nothing was kept from them. How many outcomes they were told of.
pub(super) fn judge(survivors: &[Node], histories: &BTreeMap<Pid, History>) -> usize {
    let mut outcomes = 0;
    for (&pid, history) in histories {
        let home = survivors.iter().find(|node| node.system().node() == pid.node);
        let info = home.and_then(|node| node.system().inspect(pid));
        let (links, monitors) = info.map(|info| (info.links, info.monitors)).unzip();
        let links: Option<BTreeSet<Pid>> = links.map(|links| links.into_iter().collect());
        outcomes += judge_links(pid, history, links.as_ref(), histories);
        outcomes += judge_monitors(pid, history, monitors, survivors);
        for peer in links.into_iter().flatten() {
            let other = survivors.iter().find(|node| node.system().node() == peer.node);
            let theirs = other.and_then(|node| node.system().inspect(peer));
            let mutual = theirs.is_some_and(|theirs| theirs.links.contains(&pid));
            assert!(mutual, "{pid} is linked with {peer}, who is not with it");
        }
    }
    outcomes
}

/// Each link that it made ended by `unlink` of either, by one exit, or is there.
fn judge_links(
    me: Pid,
    history: &History,
    linked: Option<&BTreeSet<Pid>>,
    histories: &BTreeMap<Pid, History>,
) -> usize {
    /// Links made and not ended, and exits.
    #[derive(Default)]
    struct Peer {
        open: usize,
        exits: usize,
    }
    let mut peers: BTreeMap<Pid, Peer> = BTreeMap::new();
    let is_mine = |peer: &Pid| {
        let theirs = histories.get(peer);
        // Whom it spawned does not link.
        theirs.is_none_or(|theirs| {
            history.number < theirs.number && !both_link(history.number, theirs.number)
        })
    };
    for event in &history.events {
        match event {
            Event::Linked(peer) => peers.entry(*peer).or_default().open += 1,
            Event::Unlinked(peer) => peers.entry(*peer).or_default().open = 0,
            Event::Exit(peer, reason) => {
                expect_reason(*peer, reason, histories);
                let ends = peers.entry(*peer).or_default();
                ends.exits += 1;
                if is_mine(peer) {
                    assert!(
                        ends.open > 0,
                        "{me} hears of {peer}, not linked any more: {history:#?}"
                    );
                    ends.open -= 1;
                }
            }
            Event::Watched(..) | Event::Unwatched(_) | Event::Down(..) => {}
        }
    }
    for (peer, ends) in &peers {
        if is_mine(peer) {
            let Some(linked) = linked else { continue };
            let is_linked = usize::from(linked.contains(peer));
            assert!(is_linked <= ends.open, "{me} is linked with {peer} again: {history:#?}");
            // The peer may have unlinked, of which nobody is told.
            let unlinked = count(histories.get(peer), &Event::Unlinked(me));
            assert!(
                ends.open - is_linked <= unlinked,
                "{me} was never told of {peer}: {history:#?}"
            );
        } else {
            let mine = count(Some(history), &Event::Linked(*peer));
            let both = mine + count(histories.get(peer), &Event::Linked(me));
            assert!(ends.exits <= both, "{me} hears too often of {peer}: {history:#?}");
        }
    }
    peers.values().map(|peer| peer.exits).sum()
}

fn count(history: Option<&History>, wanted: &Event) -> usize {
    let events = history.into_iter().flat_map(|history| &history.events);
    events.filter(|event| *event == wanted).count()
}

/// Each monitor was given up, told of once, or is there; who ended was told of.
fn judge_monitors(me: Pid, history: &History, live: Option<usize>, survivors: &[Node]) -> usize {
    let mut open: BTreeMap<MonitorRef, Pid> = BTreeMap::new();
    let mut downs = 0;
    for event in &history.events {
        match event {
            Event::Watched(monitor, peer) => {
                open.insert(*monitor, *peer);
            }
            Event::Unwatched(monitor) => {
                open.remove(monitor);
            }
            Event::Down(monitor, _) => {
                downs += 1;
                assert!(open.remove(monitor).is_some(), "{me}: {monitor:?} twice: {history:#?}");
            }
            Event::Linked(_) | Event::Unlinked(_) | Event::Exit(..) => {}
        }
    }
    let Some(live) = live else { return downs };
    assert_eq!(open.len(), live, "{me}: {history:#?}");
    for peer in open.values() {
        let alive = survivors.iter().any(|node| node.system().find(*peer).is_some());
        assert!(alive, "{me} was never told that {peer} has ended");
    }
    downs
}

/// The real reason, unless the peer was gone, out of reach or killed.
fn expect_reason(peer: Pid, reason: &ExitReason, histories: &BTreeMap<Pid, History>) {
    if let ExitReason::Failed(_) = reason {
        let ended = histories.get(&peer).and_then(|history| history.ended.as_ref());
        assert_eq!(ended, Some(reason), "of {peer}");
    }
}
