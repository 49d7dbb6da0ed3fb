//! What happens to messages that find an inbox full.

mod contention;
mod handlers;
mod order;
mod table;

use holm_actor::{
    Actor, ActorSystem, Context, PlainApi, Policy, PolicyCounters, Ref, Reply, Signal,
};
use holm_wire::ExitReason;
use tokio::sync::{mpsc, oneshot};

use crate::support::*;

const ALL: [Policy; 5] =
    [Policy::Block, Policy::DropNew, Policy::DropOld, Policy::Fail, Policy::Coalesce];

/// Passes on what it handles, in order.
struct Desk(mpsc::UnboundedSender<Handled>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Handled {
    Item(u64),
    Signal(Signal),
}

enum Paper {
    Item {
        key: Option<u64>,
        value: u64,
        reply: Reply<()>,
    },
    /// Occupies the desk until this is used or dropped.
    Hold(oneshot::Receiver<()>, Reply<()>),
}

impl Actor for Desk {
    type Msg = Paper;
    type Api = PlainApi<Self>;

    fn coalesce_key(paper: &Paper) -> Option<u64> {
        match paper {
            Paper::Item { key, .. } => *key,
            Paper::Hold(..) => None,
        }
    }

    async fn handle(&mut self, paper: Paper, _cx: &mut Context<Self>) {
        match paper {
            Paper::Item { value, reply, .. } => {
                self.0.send(Handled::Item(value)).unwrap();
                reply.send(());
            }
            Paper::Hold(released, reply) => {
                reply.send(());
                let _ = released.await;
            }
        }
    }

    async fn signal(&mut self, signal: Signal, _cx: &mut Context<Self>) {
        self.0.send(Handled::Signal(signal)).unwrap();
    }
}

fn item(value: u64) -> Paper {
    Paper::Item { key: None, value, reply: Reply::nobody() }
}

fn keyed(key: u64, value: u64) -> Paper {
    Paper::Item { key: Some(key), value, reply: Reply::nobody() }
}

/// A call, as [`item`].
fn asked(value: u64) -> impl FnOnce(Reply<()>) -> Paper {
    move |reply| Paper::Item { key: None, value, reply }
}

/// A desk that is held, with an empty inbox.
struct Held {
    system: ActorSystem,
    desk: Ref<Desk>,
    handled: mpsc::UnboundedReceiver<Handled>,
    release: oneshot::Sender<()>,
}

impl Held {
    async fn new(policy: Policy, room: u32) -> Self {
        let system = system();
        let (sink, handled) = mpsc::unbounded_channel();
        let options = room_for(room).policy(policy).trap_exits();
        let desk = system.spawn_with(Desk(sink), options);
        let (release, released) = oneshot::channel();
        desk.ask(|reply| Paper::Hold(released, reply)).await.unwrap();
        Self { system, desk, handled, release }
    }

    fn counters(&self) -> PolicyCounters {
        self.system.inspect(self.desk.pid()).unwrap().policy
    }

    fn depth(&self) -> usize {
        self.system.inspect(self.desk.pid()).unwrap().depth
    }

    /// Lets it go on: all that it handles until nothing is left.
    async fn release(mut self) -> Vec<Handled> {
        drop(self.release);
        self.system.find(self.desk.pid()).unwrap().drain(ExitReason::Normal);
        let mut all = Vec::new();
        while let Some(handled) = self.handled.recv().await {
            all.push(handled);
        }
        all
    }
}

fn items(values: impl IntoIterator<Item = u64>) -> Vec<Handled> {
    values.into_iter().map(Handled::Item).collect()
}

fn none() -> PolicyCounters {
    PolicyCounters::default()
}
