//! Who has a session, under which name, and what it may then do.

use holm::env::Endpoint;
use holm::{
    CallError, Code, ConnectError, Node, NodeEvent, Pid, Remote, RemoteSpawnError, Secret, Value,
};
use holm_net::identity::TokenScope;
use holm_net::security::{SecretSource, SecurityConfig, Token};
use holm_net::unix_dir::PrivateDir;
use holm_node::access::{Access, AllowList, Capabilities, Grant, Peers, Role};

use crate::actors::{Log, Probe};
use crate::links::linked_exit;
use crate::support::*;

/// A place for Unix sockets.
struct Sockets(PrivateDir);

impl Sockets {
    fn new() -> Self {
        Self(PrivateDir::create(&std::env::temp_dir(), "access-").unwrap())
    }

    fn at(&self, name: &str) -> Endpoint {
        Endpoint::Unix(self.0.path().join(name))
    }

    /// A node that listens at its name.
    async fn start(&self, name: &str, access: Access) -> Node {
        let node = Node::builder(name).listen(self.at(name)).spawnable::<Log>().access(access);
        node.start().await.unwrap()
    }
}

/// The user who runs the tests, and another.
fn me() -> String {
    format!("uid:{}", rustix::process::getuid().as_raw())
}

fn another() -> String {
    format!("uid:{}", rustix::process::getuid().as_raw() ^ 1)
}

fn grant(who: &str, nodes: &[&str], capabilities: Capabilities) -> Grant {
    let nodes = nodes.iter().map(|node| node.parse().unwrap()).collect();
    Grant { who: who.parse().unwrap(), nodes, capabilities }
}

fn granting(grants: Vec<Grant>) -> Access {
    Access { grants, ..Access::default() }
}

fn listing(list: &str) -> Access {
    let mut access = Access::default();
    access.lists.global = list.parse().unwrap();
    access
}

/// Why `from` has no session with `to`.
async fn refusal(from: &Node, to: &Node) -> String {
    let unproven = to.admission_counters().unproven;
    let error = from.connect(&to.endpoints()[0]).await.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake { .. }), "{error}");
    assert!(to.nodes().is_empty() && from.nodes().is_empty());
    // The connection ends before the server has counted it.
    while to.admission_counters().unproven == unproven {
        tokio::task::yield_now().await;
    }
    error.to_string()
}

#[tokio::test]
async fn every_combination_of_lists_over_a_unix_socket() {
    let sockets = Sockets::new();
    let lists: [Option<AllowList>; 4] = [
        None,
        Some(AllowList::new()),
        Some(another().parse().unwrap()),
        Some(me().parse().unwrap()),
    ];
    let client = sockets.start("c@x", Access::default()).await;
    for (g, global) in lists.iter().enumerate() {
        for (r, of_role) in lists.iter().enumerate() {
            let mut access = Access::default();
            access.lists.peers = Peers::Listed;
            access.lists.global = global.clone().unwrap_or_default();
            if let Some(list) = of_role {
                access.lists.set_role(Role::Member, list.clone());
            }
            let server = sockets.start(&format!("s{g}{r}@x"), access).await;
            // Named by the global list, or by the own one, or by none that could.
            let admitted = g == 3 || r == 3 || (g < 2 && r == 0);
            if admitted {
                connect(&client, &server).await;
            } else {
                let why = refusal(&client, &server).await;
                assert!(
                    why.contains(&format!("forbidden: {} is on no list", me())),
                    "{g}{r} {why}"
                );
            }
            server.stop().await;
        }
    }
}

/// The list is also for those whom a node dials.
#[tokio::test]
async fn a_node_that_dials_goes_by_its_own_list() {
    let sockets = Sockets::new();
    for (one, other) in [("a@x", "b@x"), ("b@x", "a@x")] {
        let server = sockets.start(one, Access::default()).await;
        let client = sockets.start(other, listing(&another())).await;
        let error = client.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
        assert!(error.contains("no list that lets it in"), "{error}");
        assert!(server.nodes().is_empty() && client.nodes().is_empty());
        server.stop().await;
        client.stop().await;
    }
}

#[tokio::test]
async fn an_allowed_identity_cannot_claim_anothers_name() {
    let sockets = Sockets::new();
    let member = Capabilities::member;
    let access = granting(vec![
        grant(&me(), &["worker-*@x"], member()),
        grant(&another(), &["boss@x"], member()),
    ]);
    let server = sockets.start("s@x", access.clone()).await;
    for (name, is_own) in
        [("worker-1@x", true), ("boss@x", false), ("worker@x", false), ("worker-1@xx", false)]
    {
        let client = sockets.start(name, Access::default()).await;
        if is_own {
            connect(&client, &server).await;
            client.disconnect(server.name());
            server.monitor_node(client.name()).await;
        } else {
            let why = refusal(&client, &server).await;
            assert!(why.contains(&format!("{} may not be called {name}", me())), "{why}");
        }
        client.stop().await;
    }
    // Nor if the others' names are free for all.
    let access = Access { others: Some(member()), ..granting(vec![access.grants[1].clone()]) };
    server.set_access(access);
    for (name, is_free) in [("boss@x", false), ("anybody@x", true)] {
        let client = sockets.start(name, Access::default()).await;
        assert_eq!(client.connect(&server.endpoints()[0]).await.is_ok(), is_free, "{name}");
        client.stop().await;
    }
}

/// Messages and spawns without types are under the same rules.
async fn untyped(client: &Node, server: &Node, log: Pid, (may_send, may_spawn): (bool, bool)) {
    match client.call_dyn(log, "count", Value::Null).await {
        Ok(_) => assert!(may_send),
        Err(error) => assert_eq!((error.code(), may_send), (Some(Code::Forbidden), false)),
    }
    let args: Value = r#"{"entries": []}"#.parse().unwrap();
    match client.spawn_dyn(server.name(), Log::TABLE.type_name, &args).await {
        Ok(_) => assert!(may_spawn),
        Err(RemoteSpawnError::Denied(_)) => assert!(!may_spawn),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_peer_does_what_it_may_and_no_more() {
    let sockets = Sockets::new();
    let join = Capabilities { join: true, ..Capabilities::default() };
    let send = Capabilities { send: true, ..join.clone() };
    let observe = Capabilities { observe: true, ..join.clone() };
    let spawn = Capabilities {
        spawn: vec![format!("{}*", &Log::TABLE.type_name[..3]).parse().unwrap()],
        ..join.clone()
    };
    let other = Capabilities { spawn: vec!["x.*".parse().unwrap()], ..join.clone() };
    let access =
        |capabilities: &Capabilities| granting(vec![grant(&me(), &[], capabilities.clone())]);
    let server = sockets.start("s@x", access(&join)).await;
    let client = sockets.start("c@x", Access::default()).await;
    connect(&client, &server).await;
    let local = server.spawn(Log::default());
    let log = reach(&client, &local);
    for (capabilities, may_send, may_spawn, may_watch) in [
        (&join, false, false, false),
        (&send, true, false, true),
        (&observe, false, false, true),
        (&spawn, false, true, false),
        (&other, false, false, false),
        (&Capabilities::member(), true, true, true),
    ] {
        // The session stays; what it may do changes at once.
        server.set_access(access(capabilities));
        let denied = server.admission_counters().denied;
        let sent = match log.note(1).await {
            Ok(()) => true,
            Err(CallError::Refused(error)) => {
                assert_eq!(error.code, Code::Forbidden);
                assert!(error.message.contains("does not let the peer send"), "{error}");
                false
            }
            Err(other) => panic!("{other}"),
        };
        assert_eq!(sent, may_send, "{capabilities:?}");
        untyped(&client, &server, local.pid(), (may_send, may_spawn)).await;
        let spawned = match client.spawn_on::<Log>(server.name(), Log::default()).await {
            Ok(_) => true,
            Err(RemoteSpawnError::Denied(text)) => {
                assert!(text.contains("does not let the peer spawn"), "{text}");
                false
            }
            Err(other) => panic!("{other}"),
        };
        assert_eq!(spawned, may_spawn, "{capabilities:?}");
        let doomed = server.spawn(Log::default());
        let monitor = client.monitor(doomed.pid());
        if may_watch {
            // A spawn is answered behind the monitor.
            let _ = client.spawn_on::<Log>(server.name(), Log::default()).await;
            doomed.end(failed("f")).await.unwrap();
            assert_eq!(monitor.await.reason, failed("f"));
        } else {
            assert_eq!(monitor.await.reason, holm::ExitReason::Noconnection);
        }
        let all = may_send && may_spawn && may_watch;
        assert_eq!(server.admission_counters().denied == denied, all, "{capabilities:?}");
    }
    // A message without an answer is dropped, and so is a kill; a link is answered.
    server.set_access(access(&join));
    assert_eq!(linked_exit(&client, log.pid()).await.1, holm::ExitReason::Noconnection);
    let (entries, denied) = (local.count().await, server.admission_counters().denied);
    log.cast().note(2).unwrap();
    client.system().kill(log.pid());
    assert!(log.count().await.is_err());
    assert_eq!(local.count().await, entries);
    assert_eq!(server.admission_counters().denied, denied + 3);
}

#[tokio::test]
async fn what_is_not_registered_is_not_spawned_whatever_a_peer_may() {
    let sockets = Sockets::new();
    let access = granting(vec![grant(&me(), &[], Capabilities::member())]);
    let server = Node::builder("s@x").listen(sockets.at("s")).access(access).start().await.unwrap();
    let client = sockets.start("c@x", Access::default()).await;
    connect(&client, &server).await;
    let spawned = client.spawn_on::<Log>(server.name(), Log::default()).await;
    assert!(
        matches!(&spawned, Err(RemoteSpawnError::NotSpawnable(text)) if text.contains("Log")),
        "{spawned:?}",
    );
}

/// The sessions of those who are no longer let in end, with the reason on both sides; others do
/// not notice.
#[tokio::test]
async fn revocation_closes_a_live_session() {
    let sockets = Sockets::new();
    let names = |names: &[&str]| granting(vec![grant(&me(), names, Capabilities::member())]);
    for (server, client) in [("a@x", "m@x"), ("z@x", "m@x")] {
        let server = sockets.start(server, names(&["m@x", "stays@x"])).await;
        let client = sockets.start(client, Access::default()).await;
        let stays = sockets.start("stays@x", Access::default()).await;
        for node in [&client, &stays] {
            connect(node, &server).await;
        }
        let log = server.spawn(Log::default());
        let kept = reach(&stays, &log);
        let (probe, there) = crate::support::probe(&client, &server);
        let mut call = Box::pin(there.hold());
        begin(&mut call).await;
        probe.entered.notified().await;
        let (mut here, mut other_side) = (server.events(), client.events());
        server.set_access(names(&["stays@x"]));
        assert_eq!(call.await, Err(CallError::Disconnected));
        for (events, peer) in [(&mut here, &client), (&mut other_side, &server)] {
            let Some(NodeEvent::Revoked { node, message }) = events.next().await else {
                panic!("no reason was given");
            };
            assert_eq!(&node, peer.name());
            assert_eq!(message, format!("revoked: {} may not be called m@x", me()));
            assert_eq!(events.next().await, Some(NodeEvent::Down(node)));
        }
        kept.note(1).await.unwrap();
        assert_eq!(server.admission_counters().revoked, 1);
        let why = client.connect(&server.endpoints()[0]).await.unwrap_err().to_string();
        assert!(why.contains("may not be called m@x"), "{why}");
        server.set_access(names(&["m@x"]));
        connect(&client, &server).await;
        for node in [server, client, stays] {
            node.stop().await;
        }
    }
}

/// A token that is no longer in the file lets nobody stay; one that still is does.
#[tokio::test]
async fn a_token_that_is_gone_after_a_reload_closes_its_session() {
    let sockets = Sockets::new();
    let file = sockets.0.path().join("token");
    holm_net::secret_file::create(&file, b"the old one").unwrap();
    let from = |source| Token { source, scope: TokenScope::All };
    let mut config = SecurityConfig::default();
    config.tokens.push(from(SecretSource::File(file.clone())));
    config.tokens.push(from(SecretSource::Value(Secret::new(b"another".to_vec()))));
    let server = Node::builder("s@x").listen(sockets.at("s")).security(config);
    let server = server.start().await.unwrap();
    let with =
        |name: &str, token: &[u8]| Node::builder(name).token(Secret::new(token.to_vec())).start();
    let client = with("c@x", b"the old one").await.unwrap();
    let stays = with("stays@x", b"another").await.unwrap();
    for node in [&client, &stays] {
        connect(node, &server).await;
    }
    let mut events = client.events();
    server.reload_security().unwrap();
    assert_eq!(server.nodes().len(), 2, "nothing has changed");
    std::fs::remove_file(&file).unwrap();
    holm_net::secret_file::create(&file, b"the new one").unwrap();
    server.reload_security().unwrap();
    let Some(NodeEvent::Revoked { message, .. }) = events.next().await else {
        panic!("no reason was given");
    };
    assert!(message.starts_with("revoked: ") && message.contains("token"), "{message}");
    assert!(matches!(events.next().await, Some(NodeEvent::Down(_))));
    assert_eq!(server.admission_counters().revoked, 1);
    let log = server.spawn(Log::default());
    reach(&stays, &log).note(1).await.unwrap();
    for node in [server, client, stays] {
        node.stop().await;
    }
}

/// A peer that goes on sending after its revocation, in what had arrived already.
#[tokio::test]
async fn a_revoked_peer_is_heard_no_more() {
    let net = Net::default();
    let server = net.start("s@x").await;
    let probe = Probe::default();
    let actor = server.spawn(probe.clone());
    let mut raw = crate::raw::Raw::connect(&net, &server).await;
    let end = server.monitor_node(&name("evil@x"));
    let hold = raw.define::<Probe>(0, "hold");
    server.set_access(listing(&another()));
    raw.call(actor.pid(), hold);
    raw.write().await;
    end.await;
    assert_eq!(actor.got().await.unwrap(), [], "the actor is not held up");
    assert!(server.nodes().is_empty());
}
