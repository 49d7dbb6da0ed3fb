//! What each kind of exit does to an actor that traps exits and to one that does not: within a node,
//! and, for the tests of nodes, between two.

use std::fmt::Write as _;

use holm_actor::{ActorSystem, Exit, Ref, Reply, Signal, SpawnOptions};
use holm_wire::{ExitReason, Pid};
use tokio::sync::mpsc;

use super::puppets::*;

/// Rows: what is sent; columns: how, to whom. `signal` is an exit signal to the handler.
pub(crate) const TABLE: &str = "\
exit      link             link+trap        explicit         explicit+trap    self             self+trap
normal    lives            signal normal    lives            signal normal    ends normal      signal normal
shutdown  ends shutdown    signal shutdown  ends shutdown    signal shutdown  ends shutdown    signal shutdown
kill      ends killed      signal killed    ends killed      ends killed      ends killed      ends killed
killed    ends killed      signal killed    ends killed      signal killed    ends killed      signal killed
failed    ends failed      signal failed    ends failed      signal failed    ends failed      signal failed
";

#[derive(Clone, Copy)]
enum What {
    Reason(fn() -> ExitReason),
    Kill,
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    /// A linked actor ends so.
    Link,
    /// Another actor sends it.
    Explicit,
    /// The actor sends it to itself.
    Itself,
}

fn text(reason: &ExitReason) -> &'static str {
    match reason {
        ExitReason::Normal => "normal",
        ExitReason::Shutdown(_) => "shutdown",
        ExitReason::Killed => "killed",
        ExitReason::Failed(_) => "failed",
        ExitReason::Noproc => "noproc",
        ExitReason::Noconnection => "noconnection",
    }
}

/// Has `actor` send the exit to `target`.
async fn send(actor: &Ref<Puppet>, target: Pid, what: What) {
    let step = act(move |_, cx| match what {
        What::Reason(reason) => cx.exit(target, reason()),
        What::Kill => cx.system().kill(target),
    });
    actor.tell(step).unwrap();
}

/// Where the actors live: whom something is done to, and who does it.
pub(crate) struct Places<'a, F> {
    pub(crate) subjects: &'a ActorSystem,
    pub(crate) others: &'a ActorSystem,
    /// Resolves when what was sent from either to the other has arrived.
    pub(crate) crossed: F,
}

/// What came of one exit.
async fn outcome(places: &Places<'_, impl AsyncFn()>, what: What, how: How, trap: bool) -> String {
    let Places { subjects, others, crossed } = places;
    let (signals, mut signal) = mpsc::channel(4);
    let mut options = SpawnOptions::default();
    options.trap_exits = trap;
    let subject = subjects.spawn_with(Puppet::default().signals_to(signals), options);
    let other = others.spawn(Puppet::default());
    let me = subject.pid();
    let down = subjects.monitor(me);
    match how {
        How::Link => {
            let peer = other.pid();
            let link = |reply: Reply<()>| {
                act(move |_, cx| {
                    cx.link(peer);
                    reply.send(());
                })
            };
            subject.ask(link).await.unwrap();
            crossed().await;
            let peer_down = others.monitor(peer);
            match what {
                What::Reason(reason) => {
                    other.tell(act(move |_, cx| cx.stop(reason()))).unwrap();
                }
                What::Kill => other.kill(),
            }
            // Links are told before watchers.
            peer_down.await;
        }
        How::Explicit => {
            send(&other, me, what).await;
            notes(&other).await;
        }
        How::Itself => send(&subject, me, what).await,
    }
    crossed().await;
    tokio::select! {
        biased;
        Some(signal) = signal.recv() => {
            let Signal::Exit(Exit { from, reason, linked, .. }) = signal else {
                panic!("{signal:?}");
            };
            let sender = if how == How::Itself { me } else { other.pid() };
            assert_eq!((from, linked), (Some(sender), how == How::Link));
            assert_eq!(notes(&subject).await, []);
            format!("signal {}", text(&reason))
        }
        down = down => format!("ends {}", text(&down.reason)),
        // Handled after all that was there before.
        () = settled(&subject) => "lives".to_owned(),
    }
}

/// Resolves when the actor, alive, has handled all that was in its inbox.
async fn settled(subject: &Ref<Puppet>) {
    for _ in 0..3 {
        let alive = subject.ask(|reply| act(move |_, _| reply.send(()))).await;
        if alive.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The table as it is.
pub(crate) async fn table(places: &Places<'_, impl AsyncFn()>) -> String {
    let whats: [(&str, What); 5] = [
        ("normal", What::Reason(|| ExitReason::Normal)),
        ("shutdown", What::Reason(|| shutdown("s"))),
        ("kill", What::Kill),
        ("killed", What::Reason(|| ExitReason::Killed)),
        ("failed", What::Reason(|| failed("f"))),
    ];
    let hows = [("link", How::Link), ("explicit", How::Explicit), ("self", How::Itself)];
    let mut table = format!("{:<10}", "exit");
    for (name, _) in hows {
        write!(table, "{name:<17}{:<17}", format!("{name}+trap")).unwrap();
    }
    for (name, what) in whats {
        table = format!("{}\n{name:<10}", table.trim_end());
        for (_, how) in hows {
            for trap in [false, true] {
                let outcome = outcome(places, what, how, trap).await;
                write!(table, "{outcome:<17}").unwrap();
            }
        }
    }
    format!("{}\n", table.trim_end())
}
