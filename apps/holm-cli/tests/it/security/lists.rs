//! Lists of identities: who is let in by which, how entries are written, and whose name is whose.

use std::process::Command;

use super::{Keyring, Program};

/// A way by which a peer has an identity that lists can name.
struct Way {
    listen: &'static str,
    node: &'static str,
    ping: &'static str,
    /// The peer, as an entry.
    who: &'static str,
    /// Whether silence lets in nobody.
    is_strict: bool,
}

const WAYS: [Way; 6] = [
    Way { listen: "unix:s/node", node: "", ping: "", who: "$me", is_strict: false },
    Way {
        listen: "tls:127.0.0.1:0",
        node: "--self-signed --cert own-node/cert.pem --key own-node/key.pem",
        ping: "--self-signed --cert own-ping/cert.pem --key own-ping/key.pem --peer $own-node",
        who: "$own-ping",
        is_strict: true,
    },
    Way {
        listen: "tls:127.0.0.1:0",
        node: "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem",
        ping: "--cert ping/cert.pem --key ping/key.pem --ca ca/ca.pem",
        who: "$ping",
        is_strict: false,
    },
    Way {
        listen: "noise:127.0.0.1:0",
        node: "--noise-key n-node",
        ping: "--noise-key n-ping --peer $n-node",
        who: "$n-ping",
        is_strict: true,
    },
    Way {
        listen: "tls:127.0.0.1:0",
        node: "--cookie-file cookie",
        ping: "--cookie-file cookie",
        who: "cookie",
        is_strict: false,
    },
    Way {
        listen: "tls:127.0.0.1:0",
        node: "--cert node/cert.pem --key node/key.pem --token-file token",
        ping: "--ca ca/ca.pem --token-file token",
        who: "token",
        is_strict: false,
    },
];

const ROLES: [&str; 3] = ["observer", "member", "worker"];

/// The global list and the one of the peer's role: absent, empty, of others, of the peer, too. That of
/// another role changes nothing.
#[test]
fn the_whole_table_of_lists() {
    let ring = Keyring::new();
    std::thread::scope(|scope| {
        for (number, way) in WAYS.iter().enumerate() {
            let ring = &ring;
            let [role, other] = [number, number + 1].map(|at| ROLES[at % ROLES.len()]);
            scope.spawn(move || {
                table(ring, way, [role, other], &format!("table-{number}.toml"));
            });
        }
    });
}

fn table(ring: &Keyring, way: &Way, [role, other]: [&str; 2], file: &str) {
    let others = "'$nobody', '$own-other', 'spiffe://example.org/*'".to_owned();
    let lists =
        [None, Some(String::new()), Some(others.clone()), Some(format!("{others}, '{}'", way.who))];
    ring.write(file, "");
    let mut node = ring.node(way.listen, &format!("{} --access {file}", way.node));
    let at = node.at().to_owned();
    for (g, global) in lists.iter().enumerate() {
        for (r, of_role) in lists.iter().enumerate() {
            let global =
                global.as_ref().map_or(String::new(), |list| format!("global = [{list}]\n"));
            let of_role =
                of_role.as_ref().map_or(String::new(), |list| format!("roles.{role} = [{list}]\n"));
            ring.write(file, &format!("{global}{of_role}roles.{other} = [{others}]"));
            node.reload(" reloaded: ");
            let ping = ring.ping(&at, &format!("{} --role {role}", way.ping));
            // Named by a list; or none says anything, and silence is enough.
            if g == 3 || r == 3 || (g < 2 && r == 0 && !way.is_strict) {
                ping.succeeds();
            } else {
                let why =
                    ring.fill(&format!("forbidden: {} is on no list that lets it in", way.who));
                ping.fails(&why);
                node.logs(&why);
            }
        }
    }
}

/// A certificate or a key that is in order, in hands that also know the cookie or the token.
#[test]
fn a_valid_but_unlisted_identity_is_refused() {
    let ring = Keyring::new();
    let more = "--cookie-file cookie --token-file token";
    for way in &WAYS[1..4] {
        let mut node = ring.node(way.listen, &format!("{} {more} --peer $n-other", way.node));
        let why = ring.fill(&format!("{} is on no list that lets it in", way.who));
        let ping = format!("{} {more}", way.ping);
        ring.ping(node.at(), &ping).fails(&why);
        node.logs(&why);
        let node = ring.node(way.listen, &format!("{} {more} --peer {}", way.node, way.who));
        ring.ping(node.at(), &ping).succeeds();
    }
}

#[test]
fn entries_may_be_written_as_openssl_does() {
    let ring = Keyring::new();
    let way = &WAYS[2];
    let plain = ring.fingerprint("ping");
    let pairs: Vec<&str> = (0..32).map(|at| &plain[2 * at..2 * at + 2]).collect();
    let colons = pairs.join(":");
    let mut entries = vec![
        plain.to_owned(),
        plain.to_uppercase(),
        colons.clone(),
        colons.to_uppercase(),
        format!("SHA256 Fingerprint={}", colons.to_uppercase()),
        format!("sha256 Fingerprint={colons}"),
        format!("SHA256 Fingerprint={plain}"),
    ];
    let mut openssl = Command::new("openssl");
    openssl
        .args(["x509", "-noout", "-sha256", "-fingerprint", "-in"])
        .arg(ring.path("ping/cert.pem"));
    match openssl.output() {
        Ok(said) if said.status.success() => {
            entries.push(String::from_utf8(said.stdout).unwrap().trim().to_owned());
        }
        Ok(_) | Err(_) => println!("SKIP what openssl itself prints: there is none"),
    }
    ring.write("entries.toml", "");
    let mut node = ring.node(way.listen, &format!("{} --access entries.toml", way.node));
    let at = node.at().to_owned();
    for entry in entries {
        ring.write("entries.toml", &format!("global = ['$nobody', '{entry}']"));
        node.reload(" reloaded: ");
        ring.ping(&at, way.ping).succeeds();
        // Each is this fingerprint, and not any.
        let (rest, last) = entry.split_at(entry.len() - 1);
        let other = format!("{rest}{}", if last == "0" { "1" } else { "0" });
        ring.write("entries.toml", &format!("global = ['$nobody', '{other}']"));
        node.reload(" reloaded: ");
        ring.ping(&at, way.ping).fails("is on no list");
    }
}

#[test]
fn a_bad_entry_stops_the_start_with_its_text() {
    let ring = Keyring::new();
    let digits = ring.fingerprint("ping");
    for bad in [
        "AA:BB:CC",
        &digits[1..],
        &format!("{digits}0"),
        &format!("g{}", &digits[1..]),
        &format!("SHA1 Fingerprint={digits}"),
        "uid:-1",
        "uid:me",
        "spki:00",
        "spiffe://*/worker",
        "everybody",
    ] {
        for list in [
            "global = ['$me', '!']",
            "roles.worker = ['!']",
            "[[grants]]\nwho = '!'\nmay.join = true",
        ] {
            ring.write("bad.toml", &list.replace('!', bad));
            let said = start(&ring, "--access bad.toml").fails(bad).err;
            assert!(said.contains("bad.toml"), "{said}");
        }
    }
    for (text, why) in [
        ("globl = []", "unknown field `globl`"),
        ("[[grants]]\nwho = '$me'\nmay.jump = true", "unknown field `jump`"),
        ("[[grants]]\nwho = '$me'\nmay.spawn = ['']", "a pattern must not be empty"),
        ("peers = 'all'", "unknown variant `all`"),
    ] {
        ring.write("bad.toml", text);
        start(&ring, "--access bad.toml").fails(why);
    }
    start(&ring, "--access nowhere.toml").fails("nowhere.toml: ");
    let said = start(&ring, "--peer AA:BB:CC").end();
    assert!(said.code == Some(2) && said.err.contains("`AA:BB:CC`"), "{}", said.err);
}

fn start(ring: &Keyring, args: &str) -> Program {
    Program::start(&mut ring.node_command("unix:s/node", args))
}

#[test]
fn an_allowed_identity_cannot_claim_anothers_name() {
    let ring = Keyring::new();
    // By what its certificate says.
    let way = &WAYS[2];
    let mut node = ring.node(way.listen, &format!("{} --peer $ping", way.node));
    let why = "calls itself boss@127.0.0.1, which its certificate does not say";
    ring.ping(node.at(), &format!("{} --name boss@127.0.0.1", way.ping)).fails(why);
    node.logs(why);
    // By what the node was told.
    ring.write(
        "names.toml",
        "global = ['$n-ping', '$n-other']\n
         [[grants]]\nwho = '$n-ping'\nnodes = ['ping@*']\nmay = { observe = true, send = true }\n
         [[grants]]\nwho = '$n-other'\nnodes = ['boss@*']\nmay = { observe = true, send = true }",
    );
    let way = &WAYS[3];
    let mut node = ring.node(way.listen, &format!("{} --access names.toml", way.node));
    for (name, is_own) in [("ping@x", true), ("boss@x", false), ("other@x", false)] {
        let ping = ring.ping(node.at(), &format!("{} --name {name}", way.ping));
        if is_own {
            ping.succeeds();
        } else {
            let why = ring.fill(&format!("$n-ping may not be called {name}"));
            ping.fails(&why);
            node.logs(&why);
        }
    }
}

#[test]
fn an_allowed_identity_cannot_claim_anothers_shard() {
    let ring = Keyring::new();
    ring.write("shards.toml", "shards.1 = ['$n-ping']\nshards.2 = ['$n-other']\nglobal = []");
    let way = &WAYS[3];
    let mut node = ring.node(way.listen, &format!("{} --access shards.toml", way.node));
    let ping = |shards: &str| {
        ring.ping(node.at(), &format!("{} --role worker --name w@x {shards}", way.ping))
    };
    ping("--shard 1").succeeds();
    let why = ring.fill("$n-ping is on no list that lets it serve shard 2");
    ping("--shard 1 --shard 2").fails(&why);
    node.logs(&why);
}
