//! Two versions of an actor type talk to each other.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use holm::env::Endpoint;
use holm::{CallError, Code, DeadLetters, Node, Ref, RemoteSpawnError};
use holm_net::unix_dir::PrivateDir;

use crate::killed::Killed;
use crate::support::*;

/// What the shops were told, in order.
type Told = Arc<Mutex<Vec<u64>>>;

mod old {
    use holm::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::Told;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Message)]
    pub(super) struct Order {
        pub(super) id: u64,
        pub(super) note: String,
        pub(super) pieces: u8,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Message)]
    pub(super) enum Colour {
        Red,
        Blue,
        Grey(u8),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, Message)]
    pub(super) struct Stock {
        pub(super) pieces: u8,
    }

    #[derive(Default)]
    pub(super) struct Shop(pub(super) Told);

    #[actor(name = "versions.shop")]
    impl Shop {
        async fn order(&mut self, order: Order) -> u64 {
            self.0.lock().unwrap().push(order.id);
            u64::from(order.pieces)
        }

        async fn paint(&mut self, colour: Colour) -> Colour {
            colour
        }

        async fn stock(&mut self) -> Stock {
            Stock { pieces: 7 }
        }

        async fn sell(&mut self, pieces: u8) -> u8 {
            pieces
        }

        async fn note(&mut self, number: u64, padding: Vec<u8>) {
            let _ = padding;
            self.0.lock().unwrap().push(number);
        }

        /// The same in both versions, and of a type that names alone cannot carry.
        async fn same(&mut self, number: u64, hint: Option<Option<u8>>) -> Option<Option<u8>> {
            self.0.lock().unwrap().push(number);
            hint
        }

        async fn retired(&mut self) {}
    }

    #[derive(Serialize, Deserialize, Message)]
    pub(super) struct Safe {
        pub(super) code: u8,
    }

    #[actor(name = "versions.safe", strict)]
    impl Safe {
        async fn open(&mut self, code: u8) -> bool {
            code == self.code
        }

        async fn same(&mut self) {}
    }
}

mod new {
    use holm::prelude::*;
    use serde::{Deserialize, Serialize};

    use super::Told;

    /// Reordered, one field gone, one new, one wider.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, Message)]
    pub(super) struct Order {
        pub(super) pieces: u32,
        #[serde(default = "standard")]
        pub(super) speed: u8,
        pub(super) id: u64,
        #[serde(default)]
        pub(super) note: String,
    }

    fn standard() -> u8 {
        3
    }

    /// Reordered, one renamed, one new.
    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Message)]
    pub(super) enum Colour {
        Grey(u8),
        Blue,
        Crimson,
        Green,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize, Message)]
    pub(super) struct Stock {
        #[serde(default)]
        pub(super) reserved: u8,
        pub(super) pieces: u32,
    }

    pub(super) struct Shop(pub(super) Told);

    #[actor(name = "versions.shop")]
    impl Shop {
        async fn order(&mut self, order: Order) -> u64 {
            self.0.lock().unwrap().push(order.id);
            u64::from(order.pieces) + 1000 * u64::from(order.speed)
        }

        async fn paint(&mut self, colour: Colour) -> Colour {
            colour
        }

        async fn stock(&mut self) -> Stock {
            Stock { reserved: 1, pieces: 7 }
        }

        async fn sell(&mut self, gift: Option<bool>, pieces: u32) -> u32 {
            pieces + u32::from(gift.unwrap_or_default())
        }

        async fn note(&mut self, padding: Vec<u8>, number: u64) {
            let _ = padding;
            self.0.lock().unwrap().push(number);
        }

        async fn same(&mut self, number: u64, hint: Option<Option<u8>>) -> Option<Option<u8>> {
            self.0.lock().unwrap().push(number);
            hint
        }

        async fn novel(&mut self) {}
    }

    #[derive(Serialize, Deserialize, Message)]
    pub(super) struct Safe {
        pub(super) code: u32,
    }

    #[actor(name = "versions.safe", strict)]
    impl Safe {
        async fn open(&mut self, code: u32) -> bool {
            code == self.code
        }

        async fn same(&mut self) {}
    }

    /// The same without being strict.
    pub(super) struct Lax;

    #[actor(name = "versions.safe")]
    impl Lax {
        async fn open(&mut self, code: u32) -> bool {
            code == 1
        }
    }
}

/// The code and the text of a refused call.
fn refused<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> (Code, String) {
    match outcome {
        Err(CallError::Refused(error)) => (error.code, error.message.to_string()),
        other => panic!("{other:?}"),
    }
}

/// Why a reply was not taken.
fn bad_reply<T: std::fmt::Debug>(outcome: Result<T, CallError>) -> String {
    match outcome {
        Err(CallError::BadReply(error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

/// More than once: before and after it is known what the other side holds.
const TIMES: usize = 3;

/// What a caller of the new version hears from an actor of the old one.
async fn new_calls_old(shop: &Ref<new::Shop>) {
    for n in 0..TIMES {
        let order = new::Order { id: n as u64, pieces: 200, speed: 9, note: "n".to_owned() };
        assert_eq!(shop.order(order.clone()).await, Ok(200));
        let (code, text) = refused(shop.order(new::Order { pieces: 300, ..order }).await);
        assert_eq!(code, Code::SchemaMismatch);
        for part in ["`order` of versions.shop", "args.order.pieces", "300", "fingerprint"] {
            assert!(text.contains(part), "{text}");
        }
        for colour in [new::Colour::Blue, new::Colour::Grey(200)] {
            assert_eq!(shop.paint(colour).await, Ok(colour));
        }
        for colour in [new::Colour::Crimson, new::Colour::Green] {
            let (code, text) = refused(shop.paint(colour).await);
            assert_eq!(code, Code::SchemaMismatch);
            assert!(text.contains("args.colour: expected one of Red, Blue, Grey"), "{text}");
        }
        assert_eq!(shop.stock().await, Ok(new::Stock { reserved: 0, pieces: 7 }));
        assert_eq!(shop.sell(Some(true), 200).await, Ok(200), "the gift is not known there");
        assert_eq!(refused(shop.sell(None, 256).await).0, Code::SchemaMismatch);
        assert_eq!(refused(shop.novel().await).0, Code::UnknownMethod);
        for hint in [None, Some(None), Some(Some(5))] {
            assert_eq!(shop.same(0, hint).await, Ok(hint));
        }
    }
}

/// And the other way round.
async fn old_calls_new(shop: &Ref<old::Shop>) {
    for n in 0..TIMES {
        let order = old::Order { id: n as u64, note: "n".to_owned(), pieces: 200 };
        assert_eq!(shop.order(order).await, Ok(3200), "with the default of what is missing");
        for colour in [old::Colour::Blue, old::Colour::Grey(200)] {
            assert_eq!(shop.paint(colour).await, Ok(colour));
        }
        assert_eq!(refused(shop.paint(old::Colour::Red).await).0, Code::SchemaMismatch);
        assert_eq!(shop.stock().await, Ok(old::Stock { pieces: 7 }));
        assert_eq!(shop.sell(200).await, Ok(200), "an optional argument may be missing");
        assert_eq!(refused(shop.retired().await).0, Code::UnknownMethod);
        for hint in [None, Some(None), Some(Some(5))] {
            assert_eq!(shop.same(0, hint).await, Ok(hint));
        }
    }
}

#[tokio::test]
async fn two_versions_talk_as_far_as_they_fit() {
    let (a, b) = pair().await;
    new_calls_old(&a.system().reference(b.spawn(old::Shop::default()).pid())).await;
    old_calls_new(&a.system().reference(b.spawn(new::Shop(Told::default())).pid())).await;
    assert_eq!((a.nodes().len(), b.dead_letters()), (1, DeadLetters::default()));
}

/// Replies are as far from each other as arguments.
#[tokio::test]
async fn a_reply_that_does_not_fit_says_where() {
    mod wide {
        pub(super) struct Shop;

        #[holm::actor(name = "versions.shop")]
        impl Shop {
            async fn sell(&mut self, pieces: u8) -> u32 {
                u32::from(pieces) + 1000
            }

            async fn stock(&mut self) -> u8 {
                7
            }
        }
    }
    let (a, b) = pair().await;
    let shop = a.system().reference::<old::Shop>(b.spawn(wide::Shop).pid());
    for _ in 0..TIMES {
        let text = bad_reply(shop.sell(3).await);
        assert!(text.contains("expected u8, found 1003"), "{text}");
        let text = bad_reply(shop.stock().await);
        assert!(text.contains("Stock"), "{text}");
    }
}

#[tokio::test]
async fn strict_actors_take_and_send_the_same_only() {
    let (a, b) = pair().await;
    let safe = b.spawn(old::Safe { code: 1 }).pid();
    let (strict, lax) =
        (a.system().reference::<new::Safe>(safe), a.system().reference::<new::Lax>(safe));
    for _ in 0..TIMES {
        assert_eq!(strict.same().await, Ok(()));
        for outcome in [strict.open(1).await, lax.open(1).await] {
            assert_eq!(refused(outcome).0, Code::SchemaMismatch);
        }
    }
    // Who is strict sends nothing else either.
    let strict = a.system().reference::<new::Safe>(b.spawn(new::Lax).pid());
    assert_eq!(strict.open(1).await, Ok(true));
    let strict = a.system().reference::<old::Safe>(b.spawn(new::Lax).pid());
    for _ in 0..TIMES {
        assert_eq!(refused(strict.open(1).await).0, Code::SchemaMismatch);
    }
}

#[tokio::test]
async fn arguments_of_a_spawn_fit_as_far_as_they_go() {
    mod lax {
        use holm::prelude::*;
        use serde::{Deserialize, Serialize};

        macro_rules! version {
            ($version:ident: $field:ident $pieces:ty, $speed:ty) => {
                pub(super) mod $version {
                    use super::*;

                    #[derive(Serialize, Deserialize, Message)]
                    pub(in super::super) struct Stall {
                        pub(in super::super) $field: $pieces,
                        #[serde(default)]
                        pub(in super::super) speed: $speed,
                    }

                    #[actor(name = "versions.stall")]
                    impl Stall {
                        async fn pieces(&mut self) -> u64 {
                            u64::from(self.$field) + 1000 * u64::from(self.speed)
                        }
                    }
                }
            };
        }
        version!(first: pieces u8, u8);
        version!(second: pieces u32, u8);
        version!(other: items u32, u8);
    }
    let net = Net::default();
    let b = net.builder("b@x").spawnable::<lax::first::Stall>().spawnable::<old::Safe>();
    let (a, b) = (net.start("a@x").await, b.start().await.unwrap());
    connect(&a, &b).await;
    let spawn = |pieces| {
        a.spawn_on::<lax::second::Stall>(b.name(), lax::second::Stall { pieces, speed: 2 })
    };
    assert_eq!(spawn(7).await.unwrap().pieces().await, Ok(2007));
    let Err(RemoteSpawnError::SchemaMismatch(text)) = spawn(300).await else {
        panic!("300 is no u8");
    };
    assert!(text.contains("versions.stall") && text.contains("pieces"), "{text}");
    let stall = lax::other::Stall { items: 1, speed: 1 };
    let error = a.spawn_on::<lax::other::Stall>(b.name(), stall).await.unwrap_err();
    assert!(matches!(error, RemoteSpawnError::SchemaMismatch(text) if text.contains("pieces")));
    let error = a.spawn_on::<new::Safe>(b.name(), new::Safe { code: 1 }).await.unwrap_err();
    assert!(matches!(error, RemoteSpawnError::SchemaMismatch(_)), "it is strict");
    assert!(a.spawn_on::<old::Safe>(b.name(), old::Safe { code: 1 }).await.is_ok());
}

/// A generator of which the seed is printed by who uses it.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Casts and calls of methods that are alike and of ones that differ, small and large, while it
/// becomes known which are: in the order sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_two_versions_keep_their_order() {
    const MESSAGES: u64 = 120;
    for seed in 0..12 {
        let mut random = Random(seed);
        let (a, b) = pair().await;
        let told = Told::default();
        let shop = a.system().reference::<new::Shop>(b.spawn(old::Shop(Arc::clone(&told))).pid());
        let mut calls = Vec::new();
        for number in 0..MESSAGES {
            let size = if random.below(10) == 0 { 100_000 } else { random.below(50) as usize };
            let order = new::Order { id: number, ..new::Order::default() };
            match random.below(6) {
                0 => shop.send().note(vec![1; size], number).await.unwrap(),
                1 => shop.send().order(order).await.unwrap(),
                2 | 3 => shop.send().same(number, Some(None)).await.unwrap(),
                verb => {
                    let shop = shop.clone();
                    let mut call = Box::pin(async move {
                        match verb {
                            4 => shop.order(order).await.map(drop),
                            _ => shop.same(number, None).await.map(drop),
                        }
                    });
                    tokio::select! {
                        biased;
                        outcome = &mut call => outcome.unwrap(),
                        () = std::future::ready(()) => calls.push(call),
                    }
                }
            }
            if random.below(4) == 0 {
                tokio::task::yield_now().await;
            }
        }
        for call in calls {
            call.await.unwrap();
        }
        shop.same(MESSAGES, None).await.unwrap();
        let told = told.lock().unwrap().clone();
        assert_eq!(told, (0..=MESSAGES).collect::<Vec<_>>(), "seed {seed}");
        assert_eq!(b.dead_letters(), DeadLetters::default(), "seed {seed}");
    }
}

/// Where the child is to listen; in the child alone.
const LISTEN: &str = "HOLM_TEST_LISTEN_OLD";

/// The child's part, a program of the old version; nothing when run as a test.
#[tokio::test]
async fn child() {
    let Ok(at) = std::env::var(LISTEN) else { return };
    let node = Node::builder("child@x").listen(at.parse().unwrap()).start().await.unwrap();
    node.names().register("shop", &node.spawn(old::Shop::default())).unwrap();
    println!("ready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn two_versions_talk_between_processes() {
    let dir = PrivateDir::create(&std::env::temp_dir(), "versions-").unwrap();
    let at = Endpoint::Unix(dir.path().join("s"));
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "versions::child", "--nocapture"])
        .env(LISTEN, at.to_string())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = Killed(child.unwrap());
    let out = BufReader::new(child.0.stdout.take().unwrap());
    assert!(out.lines().any(|line| line.unwrap().ends_with("ready")), "the child did not start");
    let node = Node::builder("parent@x").start().await.unwrap();
    let name = node.connect(&at).await.unwrap();
    let by_name = node.at::<new::Shop>(&name, "shop");
    assert_eq!(by_name.stock().await, Ok(new::Stock { reserved: 0, pieces: 7 }));
    // By pid, too: a `Value` of it is the only way that a program without its types has.
    assert_eq!(
        node.call_dyn((&name, "shop"), "", holm::Value::Null).await.unwrap(),
        "versions.shop".into()
    );
    assert_eq!(by_name.order(new::Order { pieces: 3, ..new::Order::default() }).await, Ok(3));
    node.stop().await;
}
