//! Names, positions and keys of messages; replies that come later; conditions.

use holm::prelude::*;
use holm::{Remote, Reply};

#[derive(Default)]
struct Shelf {
    owed: Vec<Reply<String>>,
}

#[actor(name = "shelf")]
impl Shelf {
    /// Answers when `answer` is called.
    async fn later(&mut self, name: String, reply: Reply<String>) {
        assert_eq!(name, "x");
        self.owed.push(reply);
    }

    #[cfg(any())]
    async fn never(&mut self, nothing: NoSuchType) {}

    fn answer(&mut self, cx: &mut Context<Self>, reply: Reply<u32>, text: String) {
        let count = self.owed.len();
        self.owed.drain(..).for_each(|reply| reply.send(text.clone()));
        assert_eq!(cx.pid(), cx.me().pid());
        reply.send(u32::try_from(count).unwrap());
    }

    #[tag("set")]
    #[coalesce(key, part)]
    async fn put(&mut self, key: u8, part: String, value: f64) -> f64 {
        f64::from(key) + part.len() as f64 + value
    }

    #[coalesce]
    async fn refresh(&mut self, value: f64) {
        let _ = value;
    }

    #[coalesce]
    async fn redraw(&mut self) {}

    #[cfg(not(any()))]
    fn which(&self) -> u8 {
        1
    }

    #[cfg(any())]
    fn which(&self) -> u8 {
        2
    }
}

#[tokio::test]
async fn replies_may_come_later() {
    let node = Node::builder("n@x").start().await.unwrap();
    let shelf = node.spawn(Shelf::default());
    let (first, second) = (shelf.later("x".to_owned()), shelf.later("x".to_owned()));
    shelf.cast().later("x".to_owned()).unwrap();
    // Calls are sent in the order in which they are first polled.
    let (first, second, count) = tokio::join!(first, second, shelf.answer("y".to_owned()));
    assert_eq!((first.unwrap().as_str(), second.unwrap().as_str()), ("y", "y"));
    assert_eq!(count.unwrap(), 3);
    assert_eq!(shelf.which().await.unwrap(), 1);
    node.stop().await;
}

fn put(key: u8, part: &str, value: f64) -> ShelfMsg {
    ShelfMsg::Put { key, part: part.to_owned(), value, __reply: Reply::nobody() }
}

fn refresh(value: f64) -> ShelfMsg {
    ShelfMsg::Refresh { value, __reply: Reply::nobody() }
}

#[test]
fn messages_have_names_and_positions() {
    assert_eq!(Shelf::MESSAGES, ["later", "answer", "put", "refresh", "redraw", "which"]);
    let tags: Vec<_> = Shelf::TABLE.methods.iter().map(|method| method.info.tag).collect();
    assert_eq!(tags, ["later", "answer", "set", "refresh", "redraw", "which"]);
    let which = ShelfMsg::Which { __reply: Reply::nobody() };
    for (position, msg) in [(2, put(1, "a", 0.0)), (3, refresh(0.0)), (5, which)] {
        assert_eq!(Shelf::message_index(&msg), position);
        assert_eq!((Shelf::TABLE.method)(&msg), position);
    }
}

#[test]
fn keys_are_of_the_method_and_the_named_arguments() {
    let key = |msg: ShelfMsg| Shelf::coalesce_key(&msg);
    assert!(key(put(1, "a", 0.0)).is_some());
    assert_eq!(key(put(1, "a", 0.0)), key(put(1, "a", 5.0)));
    assert_ne!(key(put(1, "a", 0.0)), key(put(2, "a", 0.0)));
    assert_ne!(key(put(1, "a", 0.0)), key(put(1, "b", 0.0)));
    assert_eq!(key(refresh(1.0)), key(refresh(2.0)));
    assert_ne!(key(refresh(1.0)), key(ShelfMsg::Redraw { __reply: Reply::nobody() }));
    assert_eq!(key(ShelfMsg::Which { __reply: Reply::nobody() }), None);
}
