//! Actors of several types by one kind of message.

use holm_actor::{Accepts, Actor, Context, PlainApi, Recipient, Reply, SendError};

use crate::support::*;

/// A number to be noted.
#[derive(Debug, PartialEq)]
struct Number(u64);

impl Accepts<Number> for Puppet {
    fn accept(Number(number): Number) -> Step {
        note(number)
    }

    fn give_back(_: Step) -> Number {
        unreachable!("a puppet of this test refuses nothing")
    }
}

/// Adds up what it is told.
struct Sum(u64);

enum Sums {
    Add(Number),
    Total(Reply<u64>),
    Wait(tokio::sync::oneshot::Receiver<()>, Reply<()>),
}

impl Actor for Sum {
    type Msg = Sums;
    type Api = PlainApi<Self>;

    async fn handle(&mut self, msg: Sums, _cx: &mut Context<Self>) {
        match msg {
            Sums::Add(Number(number)) => self.0 += number,
            Sums::Total(reply) => reply.send(self.0),
            Sums::Wait(released, entered) => {
                entered.send(());
                let _ = released.await;
            }
        }
    }
}

impl Accepts<Number> for Sum {
    fn accept(number: Number) -> Sums {
        Sums::Add(number)
    }

    fn give_back(msg: Sums) -> Number {
        match msg {
            Sums::Add(number) => number,
            Sums::Total(_) | Sums::Wait(..) => unreachable!("made by `accept`"),
        }
    }
}

#[tokio::test]
async fn actors_of_several_types_take_one_message() {
    let system = system();
    let (puppet, sum) = (system.spawn(Puppet::default()), system.spawn(Sum(0)));
    let all: [Recipient<Number>; 2] = [puppet.recipient(), sum.recipient()];
    for recipient in &all {
        recipient.tell(Number(3)).unwrap();
        recipient.send(Number(4)).await.unwrap();
    }
    assert_eq!(notes(&puppet).await, [3, 4]);
    assert_eq!(sum.ask(Sums::Total).await, Ok(7));
    assert_eq!(all[0], puppet.recipient());
    assert_ne!(all[0], all[1]);
}

#[tokio::test]
async fn what_is_refused_comes_back_as_it_was() {
    let system = system();
    let sum = system.spawn_with(Sum(0), room_for(1));
    let recipient: Recipient<Number> = sum.recipient();
    let (release, released) = tokio::sync::oneshot::channel();
    sum.ask(|reply| Sums::Wait(released, reply)).await.unwrap();
    recipient.tell(Number(1)).unwrap();
    let Err(SendError::Full(number)) = recipient.tell(Number(2)) else { panic!("there was room") };
    assert_eq!(number, Number(2));
    let mut dropped = recipient.send(Number(4));
    is_waiting(&mut dropped).await;
    drop(dropped);
    let mut waiting = recipient.send(number);
    is_waiting(&mut waiting).await;
    release.send(()).unwrap();
    waiting.await.unwrap();
    assert_eq!(sum.ask(Sums::Total).await, Ok(3));
    let end = system.monitor(recipient.pid());
    sum.kill();
    end.await;
    let Err(SendError::Noproc(number)) = recipient.tell(Number(5)) else { panic!("it lives") };
    assert_eq!(number, Number(5));
}
