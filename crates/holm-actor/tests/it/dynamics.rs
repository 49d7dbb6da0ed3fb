//! Messages by name: to an actor with a wire table, and to one that takes any.

use holm_actor::{
    Actor, Agreement, ArrivalError, CallError, Context, DynActor, DynError, Dynamic, MethodInfo,
    NameError, PlainApi, Policy, Refusal, Remote, Reply, ReplySink, SpawnOptions, WireMethod,
    WireTable,
};
use holm_wire::body::{decode_positional, encode_positional};
use holm_wire::value::{Arguments, Value};
use holm_wire::{ExitReason, Fingerprint, Incarnation, NodeId, Pid};

use crate::support::*;

/// Adds numbers up.
struct Counter(i64);

enum Change {
    Add { by: i64, times: u32, reply: Reply<i64> },
    Stop,
}

impl Actor for Counter {
    type Msg = Change;
    type Api = PlainApi<Self>;
    const WIRE: Option<&'static WireTable<Self>> = Some(Self::TABLE);

    async fn handle(&mut self, change: Change, cx: &mut Context<Self>) {
        match change {
            Change::Add { by, times, reply } => {
                self.0 += by * i64::from(times);
                if self.0 >= 0 {
                    reply.send(self.0);
                }
            }
            Change::Stop => cx.stop(shutdown("asked to")),
        }
    }
}

impl Remote for Counter {
    const TABLE: &'static WireTable<Self> = {
        static TABLE: WireTable<Counter> = WireTable {
            type_name: "counter",
            agreement: Agreement::Names,
            methods: &[
                WireMethod {
                    info: MethodInfo {
                        actor_type: "counter",
                        tag: "add",
                        fingerprint: Fingerprint::of::<(i64, u32, i64)>,
                        agreement: Agreement::Names,
                    },
                    decode: |body, caller| {
                        let (by, times) = decode_positional(body)?;
                        Ok(Change::Add { by, times, reply: Reply::remote(caller) })
                    },
                    decode_named: |args, caller| {
                        let mut args = Arguments::new(args)?;
                        let (by, times) = (args.take("by")?, args.take("times")?);
                        args.finish()?;
                        Ok(Change::Add { by, times, reply: Reply::remote(caller) })
                    },
                },
                WireMethod {
                    info: MethodInfo {
                        actor_type: "counter",
                        tag: "stop",
                        fingerprint: Fingerprint::of::<()>,
                        agreement: Agreement::Names,
                    },
                    decode: |_, _| Ok(Change::Stop),
                    decode_named: |args, _| {
                        Arguments::new(args)?.finish()?;
                        Ok(Change::Stop)
                    },
                },
            ],
            method: |change| match change {
                Change::Add { .. } => 0,
                Change::Stop => 1,
            },
            encode: |change, out| match change {
                Change::Add { by, times, .. } => encode_positional(&(by, times), out),
                Change::Stop => Ok(()),
            },
            encode_named: |_, _| unreachable!("it is on one node"),
            take_sink: |change| -> Option<Box<dyn ReplySink>> {
                match change {
                    Change::Add { reply, .. } => reply.take_sink(),
                    Change::Stop => None,
                }
            },
        };
        &TABLE
    };
}

fn named(entries: [(&str, Value); 2]) -> Value {
    entries.into_iter().collect()
}

fn list<const N: usize>(elements: [Value; N]) -> Value {
    elements.into_iter().collect()
}

#[tokio::test]
async fn arguments_go_by_name_or_by_position() {
    let system = system();
    let pid = system.spawn(Counter(0)).pid();
    let by_name = named([("times", 3.into()), ("by", 2.into())]);
    assert_eq!(system.call_dyn(pid, "add", by_name).await.unwrap(), Value::from(6));
    let by_position = list([4.into(), 1.into()]);
    assert_eq!(system.call_dyn(pid, "add", by_position.clone()).await.unwrap(), Value::from(10));
    system.send_dyn(pid, "add", by_position.clone()).unwrap();
    assert_eq!(system.call_dyn(pid, "add", by_position).await.unwrap(), Value::from(18));
}

#[tokio::test]
async fn an_unknown_method_is_named() {
    let system = system();
    let pid = system.spawn(Counter(0)).pid();
    let errors = [
        system.send_dyn(pid, "substract", list([])).unwrap_err(),
        system.call_dyn(pid, "substract", list([])).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, DynError::Arrival(ArrivalError::UnknownMethod { .. })));
        assert_eq!(error.to_string(), "counter has no method `substract`");
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named() {
    let system = system();
    let pid = system.spawn(Counter(0)).pid();
    let wrong = [
        (named([("by", "two".into()), ("times", 1.into())]), "by"),
        (named([("by", 2.into()), ("times", (-1).into())]), "times"),
        (named([("by", 2.into()), ("Times", 1.into())]), "times"),
        (list([2.into()]), "times"),
    ];
    for (args, field) in wrong {
        let errors = [
            system.send_dyn(pid, "add", args.clone()).unwrap_err(),
            system.call_dyn(pid, "add", args).await.unwrap_err(),
        ];
        for error in errors {
            assert!(
                matches!(error, DynError::Arrival(ArrivalError::SchemaMismatch { .. })),
                "{error:?}"
            );
            assert!(error.to_string().contains(field), "{error}: {field}");
        }
    }
    let sum = system.call_dyn(pid, "add", list([1.into(), 1.into()])).await.unwrap();
    assert_eq!(sum, Value::from(1), "nothing of that was handled");
}

#[tokio::test]
async fn a_dead_pid_is_noproc() {
    let system = system();
    let counter = system.spawn(Counter(0));
    let (pid, end) = (counter.pid(), system.monitor(counter.pid()));
    system.send_dyn(pid, "stop", list([])).unwrap();
    assert_eq!(end.await.reason, shutdown("asked to"));
    let errors = [
        system.send_dyn(pid, "add", list([])).unwrap_err(),
        system.call_dyn(pid, "add", list([])).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, DynError::Arrival(ArrivalError::Noproc)), "{error:?}");
    }
    assert_eq!(system.typed::<Counter>(pid).unwrap_err(), NameError::Noproc);
}

#[tokio::test]
async fn an_actor_of_another_node_is_out_of_reach_of_a_lone_system() {
    let system = system();
    let node = NodeId::of(&"other@x".parse().unwrap(), Incarnation(1));
    let pid = Pid { node, ..system.spawn(Counter(0)).pid() };
    let error = system.send_dyn(pid, "add", list([])).unwrap_err();
    assert!(matches!(error, DynError::Refusal(Refusal::Disconnected)), "{error:?}");
}

#[tokio::test]
async fn a_local_actor_takes_no_messages_by_name() {
    let system = system();
    let pid = system.spawn(Puppet::default()).pid();
    let errors = [
        system.send_dyn(pid, "step", list([])).unwrap_err(),
        system.call_dyn(pid, "step", list([])).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, DynError::Arrival(ArrivalError::NotRemote(_))), "{error:?}");
    }
    assert!(matches!(system.typed::<Counter>(pid), Err(NameError::WrongType { .. })));
}

#[tokio::test]
async fn an_unanswered_call_says_why() {
    let system = system();
    let pid = system.spawn(Counter(0)).pid();
    let args = list([(-1).into(), 1.into()]);
    let error = system.call_dyn(pid, "add", args).await.unwrap_err();
    assert!(matches!(error, DynError::Call(CallError::Unanswered)), "{error:?}");
    let pid = system.spawn(Dynamic(Echo)).pid();
    let error = system.call_dyn(pid, "die", list([])).await.unwrap_err();
    assert!(
        matches!(&error, DynError::Call(CallError::Exited(reason)) if *reason == failed("boom")),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_pid_gets_its_type_back() {
    let system = system();
    let pid = system.spawn(Counter(5)).pid();
    let counter = system.typed::<Counter>(pid).unwrap();
    let sum = counter.ask(|reply| Change::Add { by: 1, times: 1, reply }).await;
    assert_eq!(sum, Ok(6));
}

/// Answers with what it was asked.
struct Echo;

impl DynActor for Echo {
    async fn handle(
        &mut self,
        method: &str,
        args: Value,
        reply: Reply<Value>,
        cx: &mut Context<Dynamic<Self>>,
    ) {
        match method {
            "die" => cx.stop(failed("boom")),
            "silent" => drop(reply),
            _ => reply.send(list([method.into(), args])),
        }
        // Kept until the reason is fixed.
    }
}

#[tokio::test]
async fn a_dynamic_actor_takes_any_method() {
    let system = system();
    let echo = system.spawn(Dynamic(Echo));
    let args = named([("a", 1.into()), ("b", Value::Null)]);
    let answer = system.call_dyn(echo.pid(), "anything", args.clone()).await.unwrap();
    assert_eq!(answer, list(["anything".into(), args]));
    let error = system.call_dyn(echo.pid(), "silent", Value::Null).await.unwrap_err();
    assert!(matches!(error, DynError::Call(CallError::Unanswered)), "{error:?}");
    let typed = echo
        .ask(|reply| holm_actor::DynMessage {
            method: "typed".to_owned(),
            args: Value::Null,
            reply,
        })
        .await;
    assert_eq!(typed, Ok(list(["typed".into(), Value::Null])));
}

/// Waits for the first message until it is killed.
struct Sink;

impl DynActor for Sink {
    async fn handle(
        &mut self,
        _method: &str,
        _args: Value,
        _reply: Reply<Value>,
        _cx: &mut Context<Dynamic<Self>>,
    ) {
        std::future::pending::<()>().await;
    }
}

/// A message by name is held to the bound and the policy of the inbox as any other is.
#[tokio::test]
async fn messages_by_name_respect_the_policy() {
    for policy in [Policy::Block, Policy::Fail, Policy::DropNew, Policy::DropOld, Policy::Coalesce]
    {
        let system = system();
        let options: SpawnOptions = room_for(2).policy(policy);
        let pid = system.spawn_with(Dynamic(Sink), options).pid();
        system.send_dyn(pid, "x", Value::Null).unwrap();
        tokio::task::yield_now().await;
        system.send_dyn(pid, "x", Value::Null).unwrap();
        system.send_dyn(pid, "x", Value::Null).unwrap();
        let outcome = system.send_dyn(pid, "x", Value::Null);
        match policy {
            Policy::DropOld | Policy::DropNew => outcome.unwrap(),
            _ => {
                let error = outcome.unwrap_err();
                assert!(matches!(error, DynError::Arrival(ArrivalError::Full)), "{error:?}");
            }
        }
        if policy == Policy::Fail {
            let error = system.call_dyn(pid, "x", Value::Null).await.unwrap_err();
            assert!(matches!(error, DynError::Call(CallError::Full)), "{error:?}");
        }
        assert_eq!(system.inspect(pid).unwrap().depth, 2, "{policy:?}");
        let end = system.monitor(pid);
        system.kill(pid);
        assert_eq!(end.await.reason, ExitReason::Killed);
    }
}

/// As a typed call does; dropped while it waits, it sends nothing.
#[tokio::test]
async fn a_call_by_name_waits_for_room() {
    for policy in [Policy::Block, Policy::Coalesce] {
        let system = system();
        let pid = system.spawn_with(Dynamic(Echo), room_for(1).policy(policy)).pid();
        let call = |name| Box::pin(system.call_dyn(pid, name, Value::Null));
        let mut first = call("first");
        is_waiting(&mut first).await;
        let (mut dropped, mut second) = (call("dropped"), call("second"));
        is_waiting(&mut dropped).await;
        is_waiting(&mut second).await;
        assert_eq!(system.inspect(pid).unwrap().depth, 1, "{policy:?}");
        drop(dropped);
        assert_eq!(first.await.unwrap(), list(["first".into(), Value::Null]));
        assert_eq!(second.await.unwrap(), list(["second".into(), Value::Null]));
        assert_eq!(system.inspect(pid).unwrap().handled, 2, "{policy:?}");
    }
}

#[tokio::test]
async fn a_call_by_name_that_waits_when_its_actor_ends_is_noproc() {
    for policy in [Policy::Block, Policy::Coalesce] {
        let system = system();
        let pid = system.spawn_with(Dynamic(Sink), room_for(1).policy(policy)).pid();
        system.send_dyn(pid, "x", Value::Null).unwrap();
        let mut call = Box::pin(system.call_dyn(pid, "x", Value::Null));
        is_waiting(&mut call).await;
        system.kill(pid);
        let error = call.await.unwrap_err();
        assert!(matches!(error, DynError::Call(CallError::Noproc)), "{policy:?}: {error:?}");
    }
}
