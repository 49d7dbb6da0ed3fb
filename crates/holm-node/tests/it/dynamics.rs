//! Messages without types, and references whose types are in doubt, between nodes.

use holm::prelude::*;
use holm::{Code, DynActor, DynError, Dynamic, Pid, RemoteSpawnError, Value};
use serde::{Deserialize, Serialize};

use crate::actors::Log;
use crate::support::*;

#[derive(Serialize, Deserialize, Message)]
struct Item {
    name: String,
    price: u16,
}

#[derive(Default, Serialize, Deserialize, Message)]
struct Shop {
    items: Vec<Item>,
}

#[actor(name = "dynamics.shop")]
impl Shop {
    async fn add(&mut self, item: Item, times: u8) -> u64 {
        let Item { name, price } = item;
        self.items.extend((0..times).map(|_| Item { name: name.clone(), price }));
        self.items.len() as u64
    }

    async fn names(&mut self) -> Vec<String> {
        self.items.iter().map(|item| format!("{} {}", item.name, item.price)).collect()
    }

    async fn silent(&mut self, _reply: Reply<u8>) {}

    async fn fall(&mut self) {
        std::panic::resume_unwind(Box::new("asked to"));
    }
}

/// Says what it was told.
struct Parrot;

impl DynActor for Parrot {
    async fn handle(
        &mut self,
        method: &str,
        args: Value,
        reply: Reply<Value>,
        _cx: &mut Context<Dynamic<Self>>,
    ) {
        reply.send([Value::from(method), args].into_iter().collect());
    }
}

fn value(text: &str) -> Value {
    text.parse().unwrap()
}

fn code(outcome: Result<Value, DynError>) -> Option<Code> {
    outcome.unwrap_err().code()
}

#[tokio::test]
async fn a_typed_actor_of_another_node_is_reached_by_pid_and_by_name() {
    let (a, b) = pair().await;
    let shop = b.spawn(Shop::default());
    b.names().register("shop", &shop).unwrap();
    let by_name = r#"{"times": 2, "item": {"price": 300, "name": "x"}, "more": [1]}"#;
    assert_eq!(a.call_dyn(shop.pid(), "add", value(by_name)).await.unwrap(), 2.into());
    let by_position = r#"[{"name": "y", "price": 1}, 1]"#;
    a.send_dyn((b.name(), "shop"), "add", value(by_position)).unwrap();
    let names = a.call_dyn((b.name(), "shop"), "names", Value::Null).await.unwrap();
    assert_eq!(names, value(r#"["x 300", "x 300", "y 1"]"#));
    // And on one's own node by the same words.
    assert_eq!(b.call_dyn((b.name(), "shop"), "names", Value::Null).await.unwrap(), names);
}

#[tokio::test]
async fn a_dynamic_actor_of_another_node_takes_any_method() {
    let (a, b) = pair().await;
    let parrot = b.spawn(Dynamic(Parrot)).pid();
    let args = value(r#"{"a": [1, -2, 2.5, null, true, 0x00ff, {"b": "c"}]}"#);
    let said = a.call_dyn(parrot, "say", args.clone()).await.unwrap();
    assert_eq!(said, [Value::from("say"), args].into_iter().collect());
}

#[tokio::test]
async fn what_does_not_fit_has_the_same_code_on_every_node() {
    let (a, b) = pair().await;
    let shop = b.spawn(Shop::default()).pid();
    for node in [&a, &b] {
        let call = async |method, args: &str| node.call_dyn(shop, method, value(args)).await;
        assert_eq!(code(call("sell", "[]").await), Some(Code::UnknownMethod));
        for (args, part) in [
            (r#"{"item": {"name": "x", "price": 70000}, "times": 1}"#, "args.item.price"),
            (r#"[{"name": "x"}, 1]"#, "price"),
            (r#"{"item": {"name": "x", "price": 1}}"#, "`times` is missing"),
            ("5", "expected a list or map"),
        ] {
            let error = call("add", args).await.unwrap_err();
            assert_eq!(error.code(), Some(Code::SchemaMismatch));
            assert!(error.to_string().contains(part), "{error}: {part}");
        }
        assert_eq!(
            node.call_dyn((b.name(), "nobody"), "add", Value::Null).await.unwrap_err().code(),
            Some(Code::Noproc)
        );
    }
    assert!(matches!(
        a.call_dyn(shop, "silent", Value::Null).await,
        Err(DynError::Call(CallError::Unanswered))
    ));
    assert_eq!(a.call_dyn(shop, "names", Value::Null).await.unwrap(), value("[]"));
    for method in ["sell", "add"] {
        a.send_dyn(shop, method, Value::Null).unwrap();
    }
    assert!(matches!(
        a.call_dyn(shop, "fall", Value::Null).await,
        Err(DynError::Call(CallError::Exited(reason))) if reason == failed("asked to")
    ));
    a.send_dyn(shop, "names", Value::Null).unwrap();
    assert_eq!(code(a.call_dyn(shop, "names", Value::Null).await), Some(Code::Noproc));
    let dead = b.dead_letters();
    assert_eq!((dead.mismatched, dead.noproc, dead.refused), (2, 1, 0));
}

#[tokio::test]
async fn what_no_node_takes_is_not_sent() {
    let (a, b) = pair().await;
    let parrot = b.spawn(Dynamic(Parrot)).pid();
    let deep = (0..300).fold(Value::Null, |value, _| [value].into_iter().collect());
    let large = Value::Bytes(vec![0; 65 * 1024 * 1024]);
    let long = "m".repeat(2000);
    for (method, args, part) in
        [("a", deep, "256 levels"), ("a", large, "67108864"), (&long, Value::Null, "1024 bytes")]
    {
        let errors = [
            a.send_dyn(parrot, method, args.clone()).unwrap_err(),
            a.call_dyn(parrot, method, args.clone()).await.unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, DynError::Refusal(_)), "{error:?}");
            assert!(error.to_string().contains(part), "{error}: {part}");
        }
    }
    let stranger = Pid { node: holm::NodeId::from_u64(7).unwrap(), ..parrot };
    assert_eq!(a.send_dyn(stranger, "a", Value::Null).unwrap_err().code(), Some(Code::Noproc));
    let nowhere = a.call_dyn((&name("c@x"), "a"), "a", Value::Null).await.unwrap_err();
    assert!(matches!(nowhere, DynError::Refusal(holm::Refusal::Disconnected)), "{nowhere:?}");
    assert!(a.call_dyn(parrot, "a", Value::Null).await.is_ok(), "the session lives");
    assert_eq!(a.bonds_with(b.name()).requests, 0);
}

#[tokio::test]
async fn a_registered_type_or_function_is_spawned_from_values() {
    let net = Net::default();
    let b = net.builder("b@x").spawnable::<Shop>().spawnable_fn(
        "adder",
        |(log, n): (Ref<Log>, u64), _: holm::Inbox<()>| async move {
            log.note(n).await.unwrap();
            ExitReason::Normal
        },
    );
    let (a, b) = (net.start("a@x").await, b.start().await.unwrap());
    connect(&a, &b).await;
    let args = value(r#"{"items": [{"name": "x", "price": 5}]}"#);
    for node in [&a, &b] {
        let shop = node.spawn_dyn(b.name(), "dynamics.shop", &args).await.unwrap();
        assert_eq!(node.call_dyn(shop, "names", Value::Null).await.unwrap(), value(r#"["x 5"]"#));
        assert_eq!(
            node.system().check::<Shop>(shop).await.unwrap().names().await.unwrap(),
            ["x 5"]
        );
        let bad = value(r#"{"items": [{"name": "x", "price": -5}]}"#);
        let error = node.spawn_dyn(b.name(), "dynamics.shop", &bad).await.unwrap_err();
        let RemoteSpawnError::SchemaMismatch(text) = error else { panic!("{error:?}") };
        assert!(text.contains("items[0].price"), "{text}");
        let error = node.spawn_dyn(b.name(), "dynamics.none", &args).await.unwrap_err();
        assert!(matches!(error, RemoteSpawnError::NotSpawnable(_)), "{error:?}");
        let deep = (0..300).fold(Value::Null, |value, _| [value].into_iter().collect());
        let error = node.spawn_dyn(b.name(), "dynamics.shop", &deep).await.unwrap_err();
        assert!(matches!(error, RemoteSpawnError::Unsendable(_)), "{error:?}");
    }
    let log = a.spawn(Log::default());
    let args = [holm::wire::to_value(&log.pid()).unwrap(), 7.into()].into_iter().collect();
    a.spawn_dyn(b.name(), "adder", &args).monitored().await.unwrap().1.await;
    assert_eq!(log.entries().await.unwrap(), [7]);
}

#[tokio::test]
async fn a_dropped_dynamic_call_is_cancelled() {
    let (a, b) = pair().await;
    let (probe, _) = probe(&a, &b);
    let there = b.spawn(probe.clone()).pid();
    let mut call = Box::pin(a.call_dyn(there, "hold", Value::Null));
    begin(&mut call).await;
    probe.entered.notified().await;
    assert_eq!(a.bonds_with(b.name()).requests, 1);
    drop(call);
    assert_eq!(a.bonds_with(b.name()).requests, 0);
}

#[tokio::test]
async fn a_reference_of_the_wrong_type_reaches_nobody() {
    let (a, b) = pair().await;
    let shop = b.spawn(Shop::default()).pid();
    let wanted = CallError::WrongType(format!(
        "the actor is a dynamics.shop, not a {}",
        <Log as holm::Remote>::TABLE.type_name
    ));
    for node in [&a, &b] {
        let forged = node.system().reference::<Log>(shop);
        assert_eq!(forged.count().await, Err(wanted.clone()));
        assert_eq!(node.system().check::<Log>(shop).await.unwrap_err(), wanted);
        let checked = node.system().check::<Shop>(shop).await.unwrap();
        assert!(checked.names().await.unwrap().is_empty());
    }
    a.system().reference::<Log>(shop).cast().note(1).unwrap();
    a.call_dyn(shop, "names", Value::Null).await.unwrap();
    let dead = b.dead_letters();
    assert_eq!((dead.wrong_type, dead.mismatched, dead.refused, dead.noproc), (1, 0, 0, 0));
    b.system().kill(shop);
    b.monitor(shop).await;
    for node in [&a, &b] {
        assert_eq!(node.system().check::<Shop>(shop).await.unwrap_err(), CallError::Noproc);
    }
}
