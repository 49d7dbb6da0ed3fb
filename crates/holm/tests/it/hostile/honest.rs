//! Peers of the victim that mean no harm.

use holm::NodeName;
use holm::prelude::*;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::actors::{Tally, Witness};
use super::victim::{PATIENCE, Victim};

/// A node with a session with the victim.
pub(super) struct Honest {
    pub(super) node: Node,
    pub(super) victim: NodeName,
    pub(super) witness: Ref<Witness>,
}

impl Honest {
    pub(super) async fn join(victim: &Victim, name: &str) -> Self {
        let node = victim.peer(name).start().await.unwrap();
        let victim = node.connect(&victim.at).await.unwrap();
        let witness = node.at::<Witness>(&victim, "witness").me().await.unwrap();
        Self { node, victim, witness }
    }

    /// Returns when the victim has accepted so many connections.
    pub(super) async fn connections(&self, wanted: u64) {
        let reached = async { while self.witness.connections().await.unwrap() < wanted {} };
        timeout(PATIENCE, reached).await.unwrap();
    }

    /// Returns when the victim holds at most so many bytes.
    pub(super) async fn holds_at_most(&self, bytes: u64) {
        let reached = async { while self.witness.memory().await.unwrap().0 > bytes {} };
        timeout(PATIENCE, reached).await.expect("the victim keeps its memory");
    }

    /// Returns when this was seen there, with all that was.
    pub(super) async fn saw(&self, what: &str) -> Vec<String> {
        let reached = async {
            loop {
                let seen = self.witness.seen().await.unwrap();
                if seen.iter().any(|one| one == what) {
                    return seen;
                }
            }
        };
        timeout(PATIENCE, reached).await.expect(what)
    }
}

/// Calls one after another, each with its number. It fails with the first that is not answered
/// with that.
pub(super) struct Calm {
    answered: watch::Receiver<u64>,
    calling: JoinHandle<()>,
    _honest: Honest,
}

impl Calm {
    pub(super) async fn start(victim: &Victim) -> Self {
        let honest = Honest::join(victim, "calm@x").await;
        let tally: Ref<Tally> = honest.witness.tally().await.unwrap();
        let (sender, answered) = watch::channel(0);
        let calling = tokio::spawn(async move {
            let mut number = 0;
            // Until nobody listens.
            while sender.send(number).is_ok() {
                assert_eq!(tally.take(number).await, Ok(number));
                number += 1;
            }
        });
        Self { answered, calling, _honest: honest }
    }

    /// Returns when more of its calls were answered than so far.
    pub(super) async fn goes_on(&mut self) {
        let wanted = *self.answered.borrow() + 3;
        let answered = timeout(PATIENCE, self.answered.wait_for(|answered| *answered >= wanted));
        answered.await.expect("a call is not answered").expect("a call failed");
    }

    /// All of its calls were answered.
    pub(super) async fn end(mut self) {
        self.goes_on().await;
        drop(self.answered);
        self.calling.await.unwrap();
    }
}
