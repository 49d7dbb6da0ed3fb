//! Peers that link, unlink and spawn as no node does.

use holm::{Code, ExitReason, Node, Pid, Ref};
use holm_wire::signal::{LinkedBy, Parent, Signal};
use holm_wire::{BodyCodec, Fingerprint, LinkId, RequestId, Serial};

use crate::actors::Log;
use crate::raw::{Heard, Raw};
use crate::support::*;

fn serial(serial: u64) -> Serial {
    Serial::from_u64(serial).unwrap()
}

/// An actor of the peer.
fn theirs() -> Serial {
    serial(5)
}

fn link(id: u64, to: Pid) -> Signal<'static> {
    Signal::Link { link: LinkId(id), from: theirs(), to: to.serial }
}

fn exit(links: LinkedBy, from: Serial, to: Pid) -> Signal<'static> {
    Signal::LinkExit { links, from, to: to.serial, reason: failed("forged") }
}

async fn start() -> (Node, Raw, [Ref<Log>; 2]) {
    let net = Net::default();
    let server = net.start("s@x").await;
    let raw = Raw::connect(&net, &server).await;
    let logs = [0; 2].map(|_| server.spawn(Log::default()));
    (server, raw, logs)
}

/// Returns when all that was pushed has been handled.
async fn settle(raw: &mut Raw) {
    raw.push(&link(u64::MAX, Pid { node: holm::NodeId::from_u64(1).unwrap(), serial: serial(9) }));
    raw.write().await;
    raw.read(|heard| match heard {
        Heard::Signal(Signal::LinkExit { links, reason, .. }) => {
            assert_eq!(reason, ExitReason::Noproc);
            links == LinkedBy::Receiver(LinkId(u64::MAX))
        }
        _ => false,
    })
    .await;
}

fn links(server: &Node, log: &Ref<Log>) -> usize {
    server.system().inspect(log.pid()).unwrap().links.len()
}

#[tokio::test]
async fn only_what_is_linked_is_touched() {
    let (server, mut raw, [one, two]) = start().await;
    raw.push(&link(1, one.pid()));
    raw.push(&link(2, two.pid()));
    let (mine, other, never) = (LinkId(1), LinkId(2), LinkId(3));
    let both = LinkedBy::Both { sender: never, receiver: mine };
    for links in [
        LinkedBy::Sender(other),
        LinkedBy::Sender(never),
        LinkedBy::Receiver(mine),
        LinkedBy::Receiver(other),
        both,
    ] {
        raw.push(&exit(links, theirs(), one.pid()));
        raw.push(&Signal::Unlink { links, from: theirs(), to: one.pid().serial });
    }
    // Another actor of the peer, and one that is not here.
    raw.push(&exit(LinkedBy::Sender(mine), serial(6), one.pid()));
    raw.push(&Signal::Unlink {
        links: LinkedBy::Sender(mine),
        from: serial(6),
        to: one.pid().serial,
    });
    raw.push(&exit(LinkedBy::Sender(mine), theirs(), Pid { serial: serial(77), ..one.pid() }));
    settle(&mut raw).await;
    assert_eq!([links(&server, &one), links(&server, &two)], [1, 1]);
    assert_eq!(server.bonds_with(&name("evil@x")).links, 2);

    let down = server.monitor(one.pid());
    raw.push(&exit(LinkedBy::Sender(mine), theirs(), one.pid()));
    raw.push(&Signal::Unlink {
        links: LinkedBy::Sender(other),
        from: theirs(),
        to: two.pid().serial,
    });
    raw.write().await;
    assert_eq!(down.await.reason, failed("forged"));
    settle(&mut raw).await;
    assert_eq!((links(&server, &two), server.bonds_with(&name("evil@x")).links), (0, 0));
}

#[tokio::test]
async fn the_id_of_a_link_is_used_once() {
    for spawns in [false, true] {
        let (_server, mut raw, [one, two]) = start().await;
        raw.push(&link(1, one.pid()));
        raw.push(&if spawns {
            spawn(Fingerprint::of::<Log>(), &[0], Some(1))
        } else {
            link(1, two.pid())
        });
        raw.write().await;
        let (code, message) = raw.closed().await;
        assert_eq!(code, Code::InvalidRequest, "{message}");
    }
}

/// What is one too many is told so, and the session lives.
#[tokio::test]
async fn links_of_one_peer_are_bounded() {
    const MAX: u64 = 65_536;
    let (server, mut raw, [log, _]) = start().await;
    for id in 0..=MAX {
        raw.push(&Signal::Link { link: LinkId(id), from: serial(id + 1), to: log.pid().serial });
    }
    raw.push(&spawn(Fingerprint::of::<Log>(), &[0], Some(MAX)));
    raw.write().await;
    let mut refused = (false, false);
    raw.read(|heard| {
        match heard {
            Heard::Signal(Signal::LinkExit { links, from, to, reason }) => {
                assert_eq!(
                    (links, reason),
                    (LinkedBy::Receiver(LinkId(MAX)), ExitReason::Noconnection)
                );
                assert_eq!((from, to), (log.pid().serial, serial(MAX + 1)));
                refused.0 = true;
            }
            Heard::Signal(Signal::ReplyError { error, .. }) => {
                assert_eq!(error.code, Code::Overloaded);
                refused.1 = true;
            }
            Heard::Signal(_) | Heard::Control(_) => {}
        }
        refused == (true, true)
    })
    .await;
    // One is given back, and there is room for one.
    let links = LinkedBy::Sender(LinkId(0));
    raw.push(&Signal::Unlink { links, from: serial(1), to: log.pid().serial });
    raw.push(&link(MAX, log.pid()));
    raw.write().await;
    while links_of(&server) != MAX as usize || log.count().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.admission_counters().overloaded, 2);
    assert_eq!(server.nodes().len(), 1);
}

fn links_of(server: &Node) -> usize {
    server.bonds_with(&name("evil@x")).links
}

fn spawn(fingerprint: Fingerprint, args: &[u8], linked: Option<u64>) -> Signal<'_> {
    Signal::Spawn {
        id: RequestId::from_u64(1).unwrap(),
        actor_type: <Log as holm::Remote>::TABLE.type_name,
        fingerprint,
        codec: BodyCodec::Positional,
        monitored: None,
        linked: linked.map(|link| Parent { link: LinkId(link), serial: theirs() }),
        args,
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_refused() {
    for (fingerprint, args, code) in [
        (Fingerprint::of::<Log>(), &[0xff; 3][..], Code::InvalidRequest),
        (Fingerprint::of::<String>(), &[0], Code::SchemaMismatch),
    ] {
        let (server, mut raw, logs) = start().await;
        raw.push(&spawn(fingerprint, args, Some(1)));
        raw.write().await;
        raw.read(|heard| match heard {
            Heard::Signal(Signal::ReplyError { error, .. }) => {
                assert_eq!(error.code, code, "{error}");
                true
            }
            _ => false,
        })
        .await;
        assert_eq!((server.system().actors(), links_of(&server)), (logs.len(), 0));
    }
}

/// A parent that is no actor: the child is linked with nobody, until the session ends.
#[tokio::test]
async fn a_parent_that_is_not_there_is_lost_with_the_session() {
    let (server, mut raw, _logs) = start().await;
    raw.push(&spawn(Fingerprint::of::<Log>(), &[0], Some(1)));
    raw.write().await;
    let mut child = None;
    raw.read(|heard| {
        if let Heard::Signal(Signal::SpawnReply { serial, .. }) = heard {
            child = Some(Pid { node: server.system().node(), serial });
        }
        child.is_some()
    })
    .await;
    let child = child.unwrap();
    assert_eq!(links_of(&server), 1);
    let down = server.monitor(child);
    server.disconnect(&name("evil@x"));
    assert_eq!(down.await.reason, ExitReason::Noconnection);
}
