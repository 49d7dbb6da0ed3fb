//! An actor written by hand, wire table included: what the macro has no words for.

use std::sync::Arc;

use holm::env::{Endpoint, MemoryTransport};
use holm::prelude::*;
use holm::wire::{
    Agreement, Arguments, ArgumentsWriter, Fingerprint, decode_positional, encode_positional,
};
use holm::{CallError, MethodInfo, PlainApi, Remote, Reply, ReplySink, WireMethod, WireTable};
use tokio::sync::mpsc;

/// Hands the replies that it owes to the test.
struct Desk(mpsc::Sender<Reply<u64>>);

struct Ask {
    number: u64,
    reply: Reply<u64>,
}

impl Actor for Desk {
    type Msg = Ask;
    type Api = PlainApi<Self>;
    const WIRE: Option<&'static WireTable<Self>> = Some(Self::TABLE);

    async fn handle(&mut self, ask: Ask, _cx: &mut Context<Self>) {
        if ask.number > 0 {
            self.0.send(ask.reply).await.unwrap();
        }
    }
}

impl Remote for Desk {
    const TABLE: &'static WireTable<Self> = {
        static TABLE: WireTable<Desk> = WireTable {
            type_name: "desk",
            agreement: Agreement::Names,
            methods: &[WireMethod {
                info: MethodInfo {
                    actor_type: "desk",
                    tag: "ask",
                    fingerprint: Fingerprint::of::<(u64, u64)>,
                    agreement: Agreement::Names,
                },
                decode: |body, caller| {
                    let number = decode_positional(body)?;
                    assert_ne!(number, 13, "asked to");
                    Ok(Ask { number, reply: Reply::remote(caller) })
                },
                decode_named: |args, caller| {
                    let mut args = Arguments::new(args)?;
                    let number = args.take("number")?;
                    args.finish()?;
                    Ok(Ask { number, reply: Reply::remote(caller) })
                },
            }],
            method: |_| 0,
            encode: |ask, out| encode_positional(&ask.number, out),
            encode_named: |ask, out| ArgumentsWriter::new(1, out).put("number", &ask.number),
            take_sink: |ask| -> Option<Box<dyn ReplySink>> { ask.reply.take_sink() },
        };
        &TABLE
    };
}

async fn desk() -> (Node, Node, Ref<Desk>, mpsc::Receiver<Reply<u64>>) {
    let net = Arc::new(MemoryTransport::new());
    let at = Endpoint::Memory("there".to_owned());
    let there = Node::builder("there@x").transport(net.clone()).listen(at.clone());
    let there = there.start().await.unwrap();
    let here = Node::builder("here@x").transport(net).start().await.unwrap();
    here.connect(&at).await.unwrap();
    let (replies, owed) = mpsc::channel(8);
    let desk = here.system().reference(there.spawn(Desk(replies)).pid());
    (here, there, desk, owed)
}

#[tokio::test]
async fn replies_come_in_any_order_from_anywhere() {
    let (_here, _there, desk, mut owed) = desk().await;
    let calls: Vec<_> = [1, 2, 3]
        .map(|number| {
            let desk = desk.clone();
            tokio::spawn(async move { desk.ask(|reply| Ask { number, reply }).await })
        })
        .into();
    let mut replies = Vec::new();
    for _ in 0..3 {
        replies.push(owed.recv().await.unwrap());
    }
    for (number, reply) in replies.into_iter().enumerate().rev() {
        assert!(!reply.is_abandoned());
        reply.send(number as u64);
    }
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(number as u64));
    }
}

#[tokio::test]
async fn a_dropped_call_is_seen_on_the_other_node() {
    let (_here, _there, desk, mut owed) = desk().await;
    let mut call = Box::pin(desk.ask(|reply| Ask { number: 1, reply }));
    let reply = tokio::select! {
        _ = &mut call => panic!("nobody replied"),
        reply = owed.recv() => reply.unwrap(),
    };
    assert!(!reply.is_abandoned());
    drop(call);
    // What is sent later arrives later.
    let mut next = Box::pin(desk.ask(|reply| Ask { number: 2, reply }));
    let second = tokio::select! {
        _ = &mut next => panic!("nobody replied"),
        reply = owed.recv() => reply.unwrap(),
    };
    assert!(reply.is_abandoned());
    reply.send(1);
    second.send(2);
    assert_eq!(next.await, Ok(2));
}

#[tokio::test]
async fn a_handler_hears_of_a_call_dropped_or_lost_on_the_other_node() {
    let (here, _there, desk, mut owed) = desk().await;
    for lost in [false, true] {
        let mut call = Box::pin(desk.ask(|reply| Ask { number: 1, reply }));
        let mut reply = tokio::select! {
            _ = &mut call => panic!("nobody replied"),
            reply = owed.recv() => reply.unwrap(),
        };
        let mut abandoned = Box::pin(reply.abandoned());
        tokio::select! {
            biased;
            () = &mut abandoned => panic!("somebody waits"),
            () = std::future::ready(()) => {}
        }
        if lost {
            here.stop().await;
        } else {
            drop(call);
        }
        abandoned.await;
    }
}

#[tokio::test]
async fn an_unanswered_call_is_told_on_the_other_node() {
    let (_here, _there, desk, mut owed) = desk().await;
    assert_eq!(desk.ask(|reply| Ask { number: 0, reply }).await, Err(CallError::Unanswered));
    let call = tokio::spawn({
        let desk = desk.clone();
        async move { desk.ask(|reply| Ask { number: 1, reply }).await }
    });
    drop(owed.recv().await.unwrap());
    assert_eq!(call.await.unwrap(), Err(CallError::Unanswered));
}

/// Decoding is the user's code; its panic is that message's alone.
#[tokio::test]
async fn a_decoder_that_panics_fails_its_message_alone() {
    let (here, there, desk, mut owed) = desk().await;
    let outcome = desk.ask(|reply| Ask { number: 13, reply }).await;
    assert!(matches!(outcome, Err(CallError::Refused(_))), "{outcome:?}");
    desk.tell(Ask { number: 13, reply: Reply::nobody() }).unwrap();
    let call = tokio::spawn(async move { desk.ask(|reply| Ask { number: 1, reply }).await });
    owed.recv().await.unwrap().send(4);
    assert_eq!(call.await.unwrap(), Ok(4));
    assert_eq!((here.nodes().len(), there.dead_letters().refused), (1, 1));
}
