//! `holm node ls` and `holm node actors`: what a running node tells of itself, and `--connect`.

use rustix::process::Signal;
use serde_json::Value;

use crate::security::{Keyring, Node, Program};

/// Runs `holm node COMMAND`, as an observer of the usual name.
fn ask(ring: &Keyring, command: &str) -> Program {
    Program::start(&mut ring.command(&format!("node {command}")))
}

fn json(ring: &Keyring, command: &str) -> Value {
    serde_json::from_str(&ask(ring, &format!("{command} --json")).succeeds().out).unwrap()
}

fn other(ring: &Keyring, args: &str) -> Node {
    Node::start(&mut ring.command(&format!("node start other@x --listen unix:s/other {args}")))
}

#[test]
fn a_node_is_listed_with_those_it_has_sessions_with() {
    let ring = Keyring::new();
    let mut node = ring.node("unix:s/node", "");
    let _other = other(&ring, "--connect unix:s/node");
    node.logs("session began peer=other@x");
    let _stays = ring.stay(node.at(), "");
    let said = ask(&ring, "ls unix:s/node").succeeds();
    assert_eq!(said.err, "");
    let cells = |line: &str| -> Vec<String> {
        let cells = line.split("  ").map(|cell| cell.trim().to_owned());
        cells.filter(|cell| !cell.is_empty()).collect()
    };
    let rows: Vec<_> = said.out.lines().map(cells).collect();
    let me = ring.fingerprint("me");
    assert_eq!(rows.len(), 4, "{}", said.out);
    assert_eq!(rows[0][..4], ["NODE", "ROLE", "SINCE", "SECURITY"]);
    assert_eq!(rows[1][..2], ["node@127.0.0.1", "member"]);
    assert_eq!(rows[2][..2], ["other@x", "member"]);
    assert_eq!(rows[2][3], format!("unix {me}"));
    assert_eq!(rows[3][..2], ["ping@127.0.0.1", "observer"]);
    for row in &rows[1..] {
        assert!(row.last().unwrap().ends_with(" ms"), "{}", said.out);
    }
    let document = json(&ring, "ls unix:s/node");
    assert_eq!(
        (&document["name"], &document["role"]),
        (&"node@127.0.0.1".into(), &"member".into())
    );
    assert!(document["round_trip_seconds"].as_f64().unwrap() > 0.0, "{document}");
    assert_eq!(document["actors"], 2, "the echo and the inspector");
    assert_eq!(document["admission"]["connections"], 4);
    let sessions = document["sessions"].as_array().unwrap();
    let names: Vec<_> = sessions.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["other@x", "ping@127.0.0.1"]);
    for session in sessions {
        assert_eq!((&session["scheme"], &session["identity"]), (&"unix".into(), &me.into()));
        assert!(session["received"].as_u64().unwrap() > 0, "{session}");
        assert!(session["round_trip_seconds"].as_f64().unwrap() > 0.0, "{session}");
        assert_eq!(session["bonds"]["watched"], 0);
    }
}

#[test]
fn actors_are_listed_filtered_and_sorted() {
    let ring = Keyring::new();
    let node = ring.node("unix:s/node", "");
    let said = ask(&ring, &format!("actors {}", node.at())).succeeds().out;
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines[0].starts_with("PID ") && lines[1].contains(" holm.echo "), "{said}");
    assert!(lines[1].contains(" 0/1024 ") && lines[1].ends_with(" idle"), "{said}");
    assert!(lines[2].ends_with(" handling actors"), "{said}");
    for (filter, names) in [
        ("--name echo", &["holm.echo"][..]),
        ("--type inspector", &["holm.inspector"]),
        ("--type holm --name none", &[]),
    ] {
        let document = json(&ring, &format!("actors unix:s/node {filter}"));
        let named = |actor: &Value| actor["names"][0].as_str().unwrap().to_owned();
        let found: Vec<_> = document.as_array().unwrap().iter().map(named).collect();
        assert_eq!(found, names, "{filter}");
    }
    let sorted = json(&ring, "actors unix:s/node --sort inbox");
    let inbox = |actor: &Value| actor["inbox"].as_u64().unwrap();
    assert!(inbox(&sorted[0]) >= inbox(&sorted[1]), "{sorted}");
    let echo = &json(&ring, "actors unix:s/node --name echo")[0];
    assert_eq!((&echo["inbox"], &echo["inbox_max"]), (&0.into(), &1_024.into()));
    assert_eq!(echo["state"], "idle");
    assert!(lines[1].starts_with(echo["pid"].as_str().unwrap()), "{said}");
}

#[test]
fn who_cannot_ask_is_told_why() {
    let ring = Keyring::new();
    ring.write("may.toml", "[[grants]]\nwho = '$me'\nmay = { observe = true }");
    let _node = ring.node("unix:s/node", "--access may.toml");
    for command in ["ls", "actors"] {
        ask(&ring, &format!("{command} unix:s/nobody")).fails("unix:s/nobody");
        let why = "this node does not let the peer send";
        ask(&ring, &format!("{command} unix:s/node --as eye@x")).fails(why);
        assert_eq!(ask(&ring, &format!("{command} nowhere")).end().code, Some(2));
    }
}

/// Also with a node that starts later, or again.
#[test]
fn a_node_connects_at_start_and_keeps_it_up() {
    let ring = Keyring::new();
    let mut other = other(&ring, "--connect unix:s/node");
    other.logs("no session yet");
    for _ in 0..2 {
        let mut node = ring.node("unix:s/node", "");
        node.logs("session began peer=other@x");
        node.program.signal(Signal::KILL);
        assert_eq!(node.program.end().code, None);
        // Its socket is left behind.
        std::fs::remove_file(ring.path("s/node")).unwrap();
    }
    other.ends();
    // One without a listener, which dials when it is told to, only.
    let mut node = ring.node("unix:s/node", "");
    let args = "node start other@x --connect unix:s/node --auto-connect never";
    let other = Node::start(&mut ring.command(args));
    node.logs("session began peer=other@x");
    assert_eq!(other.endpoints, [] as [&str; 0]);
    other.ends();
}
