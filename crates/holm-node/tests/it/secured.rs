//! Lists over TCP with a token, and over Noise, where each node has an identity of its own.

use std::fs::Permissions;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use holm::env::{Endpoint, Env};
use holm::{AutoConnect, Node, NodeEvent, Secret};
use holm_net::Security;
use holm_net::identity::TokenScope;
use holm_node::access::{Access, AllowList, Peers};
use holm_node::security::{SecretSource, SecurityConfig, Token};
use holm_wire::ShardId;
use holm_wire::handshake::Role;
use tempfile::TempDir;

use crate::actors::Log;
use crate::support::*;

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec())
}

/// Plain TCP with secrets.
pub(crate) fn insecure() -> SecurityConfig {
    let mut config = SecurityConfig::default();
    config.allow_insecure = true;
    config
}

/// Noise with the key of this file.
fn noise(dir: &Path, name: &str) -> SecurityConfig {
    let mut config = SecurityConfig::default();
    config.noise = Some(dir.join(name));
    config
}

/// The public key of that file.
fn key(dir: &Path, name: &str) -> String {
    let security = Security::load(noise(dir, name), &Env::tokio().unwrap()).unwrap();
    security.noise_public().unwrap().to_string()
}

async fn start(name: &str, at: &str, security: SecurityConfig, access: Access) -> Node {
    let at: Endpoint = at.parse().unwrap();
    Node::builder(name).listen(at).security(security).access(access).start().await.unwrap()
}

fn listing(list: &str) -> Access {
    let mut access = Access::default();
    access.lists.global = list.parse().unwrap();
    access
}

/// What a node logs.
#[derive(Clone, Default)]
struct Words(Arc<Mutex<Vec<u8>>>);

impl Write for Words {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Words {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// The reason as the dialler sees it; the server logs it, too.
async fn refusal(client: &Node, server: &Node) -> String {
    let words = Words::default();
    let writer = words.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let error = client.connect(&server.endpoints()[0]).await.unwrap_err();
    let why = error.to_string();
    let reason = why.rsplit("refused: ").next().unwrap().to_owned();
    while !words.text().contains(&reason) {
        tokio::task::yield_now().await;
    }
    assert!(server.nodes().is_empty() && client.nodes().is_empty());
    reason
}

#[tokio::test]
async fn every_combination_of_lists_over_tcp_with_a_token() {
    let with_token = || {
        let mut config = insecure();
        let source = SecretSource::Value(secret("right"));
        config.token = Some(source.clone());
        config.tokens.push(Token { source, scope: TokenScope::All });
        config
    };
    let lists: [Option<AllowList>; 4] = [
        None,
        Some(AllowList::new()),
        Some("uid:0\ncookie".parse().unwrap()),
        Some("token".parse().unwrap()),
    ];
    let client = Node::builder("c@x").security(with_token()).start().await.unwrap();
    for (g, global) in lists.iter().enumerate() {
        for (r, of_role) in lists.iter().enumerate() {
            let mut access = Access::default();
            access.lists.global = global.clone().unwrap_or_default();
            if let Some(list) = of_role {
                access.lists.set_role(Role::Member, list.clone());
            }
            let name = format!("s{g}{r}@x");
            let server = start(&name, "tcp:127.0.0.1:0", with_token(), access).await;
            if g == 3 || r == 3 || (g < 2 && r == 0) {
                connect(&client, &server).await;
            } else {
                let why = refusal(&client, &server).await;
                assert_eq!(why, "forbidden: token is on no list that lets it in", "{g}{r}");
            }
            server.stop().await;
        }
    }
}

/// Anybody can make a Noise key: who is on no list is not let in, unless the node is open.
#[tokio::test]
async fn a_key_on_no_list_is_refused() {
    let dir = TempDir::new().unwrap();
    let [a, b] = ["a", "b"].map(|name| key(dir.path(), name));
    let open = || {
        let mut access = Access::default();
        access.lists.peers = Peers::Open;
        access
    };
    let at = "noise:127.0.0.1:0";
    let client = start("c@x", at, noise(dir.path(), "a"), open()).await;
    for (access, is_admitted) in [
        (listing(""), false),
        (listing(&b), false),
        (listing(&format!("{b}\nsha256 Fingerprint={a}")), true),
        (open(), true),
    ] {
        let server = start("s@x", at, noise(dir.path(), "s"), access).await;
        if is_admitted {
            connect(&client, &server).await;
        } else {
            let why = refusal(&client, &server).await;
            assert_eq!(why, format!("forbidden: {a} is on no list that lets it in"));
        }
        server.stop().await;
    }
    // The node that dials goes by its own list before it says anything of itself.
    client.set_access(listing(&b));
    let server = start("s@x", at, noise(dir.path(), "s"), open()).await;
    let why = client.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
    assert!(why.contains(&format!("{} is on no list", key(dir.path(), "s"))), "{why}");
    assert!(server.nodes().is_empty());
}

/// A key is taken off the list while its node has a session; another node's stays.
#[tokio::test]
async fn a_key_that_is_revoked_loses_its_session_alone() {
    let dir = TempDir::new().unwrap();
    let [a, b] = ["a", "b"].map(|name| key(dir.path(), name));
    let at = "noise:127.0.0.1:0";
    let server = start("s@x", at, noise(dir.path(), "s"), listing(&format!("{a}\n{b}"))).await;
    let s = key(dir.path(), "s");
    let one = start("one@x", at, noise(dir.path(), "a"), listing(&s)).await;
    let two = start("two@x", at, noise(dir.path(), "b"), listing(&s)).await;
    for client in [&one, &two] {
        connect(client, &server).await;
    }
    let kept = reach(&two, &server.spawn(Log::default()));
    let mut events = one.events();
    server.set_access(listing(&b));
    let message = format!("revoked: {a} is on no list that lets it in");
    let node = server.name().clone();
    assert_eq!(events.next().await, Some(NodeEvent::Revoked { node: node.clone(), message }));
    assert_eq!(events.next().await, Some(NodeEvent::Down(node)));
    kept.note(1).await.unwrap();
    assert_eq!(server.nodes(), [two.name().clone()]);
    assert_eq!(refusal_of(&one, &server).await, format!("{a} is on no list that lets it in"));
}

async fn refusal_of(client: &Node, server: &Node) -> String {
    let why = client.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
    why.rsplit("forbidden: ").next().unwrap().to_owned()
}

/// A token for shards makes nobody a member.
#[tokio::test]
async fn a_token_for_shards_is_for_workers() {
    let mut config = insecure();
    let source = SecretSource::Value(secret("scoped"));
    config
        .tokens
        .push(Token { source: source.clone(), scope: TokenScope::Shards(vec![ShardId(1)]) });
    let server = start("s@x", "tcp:127.0.0.1:0", config, Access::default()).await;
    let mut config = insecure();
    config.token = Some(source);
    let client = Node::builder("c@x").security(config).start().await.unwrap();
    let why = refusal(&client, &server).await;
    assert_eq!(why, "forbidden: the token is for workers alone");
}

/// A worker serves the shards that its token is for, and that no other one serves.
#[tokio::test]
async fn a_shard_is_served_by_one_worker_that_may() {
    let mut config = insecure();
    let source = SecretSource::Value(secret("scoped"));
    let scope = TokenScope::Shards(vec![ShardId(1), ShardId(2)]);
    config.tokens.push(Token { source: source.clone(), scope });
    let server = start("s@x", "tcp:127.0.0.1:0", config, Access::default()).await;
    let worker = async |name: &str, shards: &[ShardId]| {
        let mut config = insecure();
        config.token = Some(source.clone());
        let builder = Node::builder(name).security(config).role(Role::Worker).shards(shards);
        let builder = builder.auto_connect(AutoConnect::Never);
        builder.start().await.unwrap()
    };
    let stranger = worker("w3@x", &[ShardId(2), ShardId(3)]).await;
    assert_eq!(refusal(&stranger, &server).await, "forbidden: the token is not for shard 3");
    let first = worker("w1@x", &[ShardId(1), ShardId(2)]).await;
    first.connect(&server.endpoints()[0]).await.unwrap();
    let second = worker("w2@x", &[ShardId(2)]).await;
    let why = second.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
    assert!(why.ends_with("duplicate: shard 2 is served by w1@x"), "{why}");
    // Its next life takes its own place; when it is gone, others may serve.
    let again = worker("w1@x", &[ShardId(2)]).await;
    again.connect(&server.endpoints()[0]).await.unwrap();
    let mut events = server.events();
    again.stop().await;
    while !matches!(events.next().await.unwrap(), NodeEvent::Down(node) if node.as_str() == "w1@x")
    {
    }
    second.connect(&server.endpoints()[0]).await.unwrap();
}

/// A list of a shard is for those who want to serve it.
#[tokio::test]
async fn an_allowed_identity_cannot_claim_anothers_shard() {
    let me = format!("uid:{}", rustix::process::getuid().as_raw());
    let mut access = Access::default();
    access.lists.set_shard(ShardId(1), me.parse().unwrap());
    access.lists.set_shard(ShardId(2), "uid:4000000000".parse().unwrap());
    let dir =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o700)).tempdir().unwrap();
    let at = format!("unix:{}", dir.path().join("s").display());
    let server = start("s@x", &at, SecurityConfig::default(), access).await;
    for (shards, refused) in [(vec![1], None), (vec![1, 2], Some(2)), (vec![3], None)] {
        let shards: Vec<_> = shards.into_iter().map(ShardId).collect();
        let builder = Node::builder("w@x").role(Role::Worker).shards(&shards);
        let worker = builder.start().await.unwrap();
        match refused {
            None => drop(worker.connect(&server.endpoints()[0]).await.unwrap()),
            Some(shard) => {
                let why = format!("forbidden: {me} is on no list that lets it serve shard {shard}");
                assert_eq!(refusal(&worker, &server).await, why);
            }
        }
        worker.stop().await;
    }
}
