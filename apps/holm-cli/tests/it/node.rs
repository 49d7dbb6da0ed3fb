//! `holm node`: what it prints, what peers may do, and what it refuses to start with.

use std::fs;

use rustix::process::Signal;

use crate::security::{Keyring, Node, Program};

#[test]
fn a_ping_is_answered() {
    let ring = Keyring::new();
    let node = ring.node("unix:s/node", "--listen tcp:127.0.0.1:0");
    assert_eq!(node.at(), "unix:s/node");
    assert!(node.endpoints[1].starts_with("tcp:127.0.0.1:") && !node.endpoints[1].ends_with(":0"));
    let large = "x".repeat(1_000_000);
    ring.write("large", &large);
    for at in &node.endpoints {
        let said = ring.ping(at, "--count 3 --interval 0 --payload hello").succeeds().out;
        assert_eq!(said.matches("5 bytes from node@127.0.0.1: time=").count(), 3, "{said}");
        assert!(said.contains("3 answers: min/mean/max = "), "{said}");
        let said = ring.ping(at, "--payload-file large").succeeds().out;
        assert!(said.starts_with("1000000 bytes from "), "{said}");
    }
    for signal in [Signal::TERM, Signal::INT] {
        let node = ring.node("unix:ended/node", "");
        let mut ping = ring.stay(node.at(), "");
        node.program.signal(signal);
        let ended = node.program.end();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains("session began peer=ping@127.0.0.1"), "{}", ended.err);
        ping.err.line("the node stops");
        ping.fails("the session with node@127.0.0.1 ended");
        assert!(!ring.path("ended/node").exists());
    }
    ring.ping("unix:ended/node", "").fails("unix:ended/node");
}

/// Who reads its log may go; it goes on, and knows of its peers' coming and going.
#[test]
fn a_log_that_nobody_reads_changes_nothing() {
    let ring = Keyring::new();
    let node = Node::of(Program::start_unheard(&mut ring.node_command("unix:s/node", "")));
    let stays = ring.stay(node.at(), "--name other@x");
    for _ in 0..2 {
        ring.ping(node.at(), "").succeeds();
    }
    node.program.signal(Signal::TERM);
    assert_eq!(node.program.end().code, Some(0));
    stays.fails("the session with node@127.0.0.1 ended");
}

#[test]
fn the_posture_says_what_is_asked() {
    let ring = Keyring::new();
    let certificate = "--cert node/cert.pem --key node/key.pem";
    ring.write("open.toml", "peers = 'open'");
    for (listen, args, posture) in [
        ("unix:s/n", "", "unix:s/n asks for user, lists open; insecure connections refused"),
        ("unix:s/n", "--peer $me", "asks for user, lists strict;"),
        (
            "unix:s/n",
            "--cookie-file cookie --token-file token",
            "asks for user and token, lists open;",
        ),
        (
            "tcp:127.0.0.1:0",
            "--allow-insecure",
            "asks for nothing, lists open; insecure connections allowed",
        ),
        ("tls:127.0.0.1:0", "--ca ca/ca.pem", "asks for certificate, lists open;"),
        ("tls:127.0.0.1:0", "--token-file token", "asks for token, lists open;"),
        ("tls:127.0.0.1:0", "--cookie-file cookie", "asks for cookie, lists open;"),
        ("tls:127.0.0.1:0", "--self-signed", "asks for self-signed certificate, lists strict;"),
        (
            "noise:127.0.0.1:0",
            "--noise-key n-node --token-file token",
            "asks for key and token, lists strict;",
        ),
        ("noise:127.0.0.1:0", "--noise-key n-node --access open.toml", "asks for key, lists open;"),
    ] {
        let own = if listen.starts_with("tls") { certificate } else { "" };
        let node = ring.node(listen, &format!("{own} {args}"));
        assert!(node.posture.contains(posture), "{}", node.posture);
    }
}

#[test]
fn a_peer_does_what_it_may_and_no_more() {
    let ring = Keyring::new();
    ring.write("may.toml", "");
    let mut node = ring.node("unix:s/node", "--access may.toml");
    let at = node.at().to_owned();
    let no_send = "this node does not let the peer send";
    let (no_join, no_observe) = ("$me may not join", "$me may not observe");
    for (role, may, why) in [
        ("observer", "{ observe = true, send = true }", None),
        ("observer", "{ join = true, observe = true, spawn = ['*'] }", Some(no_send)),
        ("observer", "{ join = true, send = true }", Some(no_observe)),
        ("member", "{ join = true, send = true }", None),
        ("member", "{ join = true, spawn = ['*'] }", Some(no_send)),
        ("member", "{ observe = true, send = true }", Some(no_join)),
        ("worker", "{ join = true, send = true }", None),
        ("worker", "{ observe = true, send = true }", Some(no_join)),
    ] {
        ring.write("may.toml", &format!("[[grants]]\nwho = '$me'\nmay = {may}"));
        node.reload(" reloaded: ");
        let ping = ring.ping(&at, &format!("--role {role}"));
        if let Some(why) = why {
            let why = ring.fill(why);
            ping.fails(&format!("forbidden: {why}"));
            node.logs(&why);
        } else {
            ping.succeeds();
        }
    }
    // Whom no grant names has what is left for others.
    ring.write("may.toml", "[[grants]]\nwho = '$nobody'\nmay.send = true");
    node.reload(" reloaded: ");
    ring.ping(&at, "").fails("may not observe");
    ring.write(
        "may.toml",
        "others = { observe = true, send = true }\n[[grants]]\nwho = '$nobody'\nmay.join = true",
    );
    node.reload(" reloaded: ");
    ring.ping(&at, "").succeeds();
}

/// A port in its name is no second door.
#[test]
fn it_listens_only_where_it_is_told() {
    let ring = Keyring::new();
    let certificate = "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem";
    let listen = format!("node start node@127.0.0.1:0 --listen tls:127.0.0.1:0 {certificate}");
    let node = Node::start(&mut ring.command(&listen));
    assert!(node.endpoints.len() == 1 && node.at().starts_with("tls:"), "{:?}", node.endpoints);
}

/// What would be unsafe, or makes no sense, is refused before anything listens.
#[test]
fn what_it_does_not_start_with() {
    let ring = Keyring::new();
    let certificate = "--cert node/cert.pem --key node/key.pem";
    for (listen, args, why) in [
        ("tcp:0.0.0.0:0", "", "plain TCP is for loopback only"),
        ("tcp:127.0.0.1:0", "--token-file token", "no secret is used over plain TCP"),
        ("tls:127.0.0.1:0", "", "no TLS certificate to listen with"),
        ("tls:127.0.0.1:0", "--ca ca/ca.pem", "no TLS certificate to listen with"),
        ("tls:127.0.0.1:0", certificate, "proves no dialler"),
        (
            "tls:127.0.0.1:0",
            "--cert node/cert.pem --key ping/key.pem --ca ca/ca.pem",
            "certificate and key",
        ),
        ("noise:127.0.0.1:0", "", "this node has no Noise key"),
        ("noise:127.0.0.1:0", "--noise-key token", "token holds no "),
        ("unix:s/node", "--token-file nowhere", "nowhere: "),
        ("unix:deep/er/node", "", "deep/er: "),
    ] {
        let said = Program::start(&mut ring.node_command(listen, args)).fails(why);
        assert_eq!(said.out, "");
    }
    for args in ["--cert node/cert.pem", "--crl none.pem", "--self-signed", "--listen nowhere"] {
        let ended = Program::start(&mut ring.node_command("unix:s/node", args)).end();
        assert_eq!(ended.code, Some(2), "{args}: {}", ended.err);
    }
    ring.ping("unix:s/node", "--token-file token --token-file token-2").fails("one token");
    assert!(fs::metadata(ring.path("s/node")).is_err());
}
