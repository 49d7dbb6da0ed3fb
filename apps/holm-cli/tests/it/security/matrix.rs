//! Every way to prove a peer, with what is right, wrong, missing, revoked while it is used, and expired.

use super::Keyring;

/// A way to prove a peer.
struct Way {
    name: &'static str,
    listen: &'static str,
    cells: [Cell; 5],
}

/// One case: the options of the two programs, and what comes of it.
struct Cell {
    node: &'static str,
    ping: &'static str,
    then: Then,
}

enum Then {
    Connects,
    /// What the node logs, and what the ping fails with.
    Refused(&'static str, &'static str),
    /// The file then has the content of the other, and both say why the session ends.
    Ends(&'static str, &'static str, &'static str),
    /// There is no such case, and why.
    Void(&'static str),
}

use Then::{Connects, Ends, Refused, Void};

const CASES: [&str; 5] = ["right", "wrong", "missing", "revoked", "expired"];

const fn cell(node: &'static str, ping: &'static str, then: Then) -> Cell {
    Cell { node, ping, then }
}

const fn void(why: &'static str) -> Cell {
    cell("", "", Void(why))
}

const WRONG_COOKIE: &str = "the peer's proof is wrong: it has another cookie";
const NO_END: &str = "has no end of its own: whoever takes it back reloads";

const OWN_NODE: &str =
    "--self-signed --cert own-node/cert.pem --key own-node/key.pem --peer $own-ping";
const OWN_PING: &str =
    "--self-signed --cert own-ping/cert.pem --key own-ping/key.pem --peer $own-node";
const CA_NODE: &str = "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem";
const CA_PING: &str = "--cert ping/cert.pem --key ping/key.pem --ca ca/ca.pem";
const TOKEN_NODE: &str = "--cert node/cert.pem --key node/key.pem --token-file token";
const TOKEN_PING: &str = "--ca ca/ca.pem --token-file token";

const WAYS: [Way; 7] = [
    Way {
        name: "unix",
        listen: "unix:$case/socket",
        cells: [
            cell("", "", Connects),
            cell("--peer $nobody", "", Refused("$me is on no list", "$me is on no list")),
            void("the kernel always says whose process it is"),
            cell("--access me.toml", "", Ends("me.toml", "nobody.toml", "$me is on no list")),
            void("a user has no end"),
        ],
    },
    Way {
        name: "tcp",
        listen: "tcp:127.0.0.1:0",
        cells: [
            cell(
                "--allow-insecure --token-file token",
                "--allow-insecure --token-file token",
                Connects,
            ),
            cell(
                "--allow-insecure --token-file token",
                "--allow-insecure --token-file token-2",
                Refused(
                    "the peer's token is wrong",
                    "refused: unauthorized: the peer's token is wrong",
                ),
            ),
            // The consent of one is missing.
            cell(
                "--allow-insecure --token-file token",
                "--token-file token",
                Refused(
                    "the peer refused: forbidden: no secret is used",
                    "no secret is used over plain TCP",
                ),
            ),
            cell(
                "--allow-insecure --token-file tcp-token",
                "--allow-insecure --token-file token",
                Ends("tcp-token", "token-2", "the peer's token is wrong"),
            ),
            void(NO_END),
        ],
    },
    Way {
        name: "tls",
        listen: "tls:127.0.0.1:0",
        cells: [
            cell(OWN_NODE, OWN_PING, Connects),
            cell(
                OWN_NODE,
                "--self-signed --cert own-other/cert.pem --key own-other/key.pem --peer $own-node",
                Refused("$own-other is on no list", "$own-other is on no list"),
            ),
            cell(
                OWN_NODE,
                "--ca own-node/cert.pem",
                Refused("the peer's certificate is missing", "this node's certificate is missing"),
            ),
            cell(
                "--self-signed --cert own-node/cert.pem --key own-node/key.pem --access own.toml",
                OWN_PING,
                Ends("own.toml", "nobody.toml", "$own-ping is on no list"),
            ),
            cell(
                OWN_NODE,
                "--self-signed --cert own-expired/cert.pem --key own-expired/key.pem --peer $own-node",
                Refused(
                    "the peer's certificate is not valid at this time",
                    "this node's certificate is not valid at this time",
                ),
            ),
        ],
    },
    Way {
        name: "mtls",
        listen: "tls:127.0.0.1:0",
        cells: [
            cell(CA_NODE, CA_PING, Connects),
            cell(
                CA_NODE,
                "--cert wrong/cert.pem --key wrong/key.pem --ca ca/ca.pem",
                Refused(
                    "the peer's certificate is not signed by an accepted authority",
                    "this node's certificate is not signed by an accepted authority",
                ),
            ),
            cell(
                CA_NODE,
                "--ca ca/ca.pem",
                Refused("the peer's certificate is missing", "this node's certificate is missing"),
            ),
            cell(
                "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem --crl crl.pem",
                "--cert doomed/cert.pem --key doomed/key.pem --ca ca/ca.pem",
                Ends("crl.pem", "doomed.pem", "certificate was revoked"),
            ),
            cell(
                CA_NODE,
                "--cert expired/cert.pem --key expired/key.pem --ca ca/ca.pem",
                Refused(
                    "the peer's certificate is not valid at this time",
                    "this node's certificate is not valid at this time",
                ),
            ),
        ],
    },
    Way {
        name: "noise",
        listen: "noise:127.0.0.1:0",
        cells: [
            cell(
                "--noise-key n-node --peer $n-ping",
                "--noise-key n-ping --peer $n-node",
                Connects,
            ),
            cell(
                "--noise-key n-node --peer $n-ping",
                "--noise-key n-other --peer $n-node",
                Refused("$n-other is on no list", "$n-other is on no list"),
            ),
            cell(
                "--noise-key n-node --peer $n-ping",
                "",
                Refused("the connection broke during the handshake", "this node has no Noise key"),
            ),
            cell(
                "--noise-key n-node --access noise.toml",
                "--noise-key n-ping --peer $n-node",
                Ends("noise.toml", "nobody.toml", "$n-ping is on no list"),
            ),
            void(NO_END),
        ],
    },
    Way {
        name: "cookie",
        listen: "tls:127.0.0.1:0",
        cells: [
            cell("--cookie-file cookie", "--cookie-file cookie", Connects),
            cell(
                "--cookie-file cookie",
                "--cookie-file cookie-2",
                Refused(WRONG_COOKIE, WRONG_COOKIE),
            ),
            cell(
                "--cookie-file cookie",
                "--self-signed --cert own-ping/cert.pem --key own-ping/key.pem --access open.toml",
                Refused(
                    "this node asks for a cookie",
                    "refused: unauthorized: this node asks for a cookie",
                ),
            ),
            cell(
                "--cookie-file live-cookie",
                "--cookie-file cookie",
                Ends("live-cookie", "cookie-2", WRONG_COOKIE),
            ),
            void(NO_END),
        ],
    },
    Way {
        name: "token",
        listen: "tls:127.0.0.1:0",
        cells: [
            cell(TOKEN_NODE, TOKEN_PING, Connects),
            cell(
                TOKEN_NODE,
                "--ca ca/ca.pem --token-file token-2",
                Refused(
                    "the peer's token is wrong",
                    "refused: unauthorized: the peer's token is wrong",
                ),
            ),
            cell(
                TOKEN_NODE,
                "--ca ca/ca.pem",
                Refused(
                    "this node asks for a token; the peer shows none",
                    "refused: unauthorized: this node asks for a token",
                ),
            ),
            cell(
                "--cert node/cert.pem --key node/key.pem --token-file live-token",
                TOKEN_PING,
                Ends("live-token", "token-2", "the peer's token is wrong"),
            ),
            // A token has no end, but the certificate has of the node that it is shown to.
            cell(
                "--cert expired/cert.pem --key expired/key.pem --token-file token",
                TOKEN_PING,
                Refused(
                    "this node's certificate is not valid at this time",
                    "the peer's certificate is not valid at this time",
                ),
            ),
        ],
    },
];

#[test]
fn every_way_to_prove_a_peer() {
    let ring = Keyring::new();
    for (live, from) in [
        ("tcp-token", "token"),
        ("live-token", "token"),
        ("live-cookie", "cookie"),
        ("crl.pem", "none.pem"),
    ] {
        ring.copy(from, live);
    }
    ring.write("me.toml", "global = ['$me']");
    ring.write("own.toml", "global = ['$own-ping']");
    ring.write("noise.toml", "global = ['$n-ping']");
    ring.write("nobody.toml", "global = ['$nobody']");
    ring.write("open.toml", "peers = 'open'");
    let lines = std::thread::scope(|scope| {
        let ways = WAYS.iter().map(|way| scope.spawn(|| way.run(&ring)));
        let ways: Vec<_> = ways.collect();
        ways.into_iter().flat_map(|way| way.join().unwrap()).collect::<Vec<_>>()
    });
    println!("{}", lines.join("\n"));
    assert_eq!(lines.len(), WAYS.len() * CASES.len());
}

/// Who dials is as careful: what it tells the node that is not the right one, and fails with.
#[test]
fn a_node_that_is_not_the_right_one_is_refused() {
    let ring = Keyring::new();
    let refusals = [
        (
            "tls:127.0.0.1:0",
            "--cert wrong/cert.pem --key wrong/key.pem --ca ca/ca.pem",
            CA_PING,
            "certificate is not signed by an accepted authority",
        ),
        // It is for 127.0.0.1 alone.
        ("tls:localhost:0", CA_NODE, CA_PING, "certificate is for another host"),
        // The token is not shown to it.
        (
            "tls:127.0.0.1:0",
            "--cert wrong/cert.pem --key wrong/key.pem --token-file token",
            TOKEN_PING,
            "certificate is not signed by an accepted authority",
        ),
        (
            "tls:127.0.0.1:0",
            OWN_NODE,
            "--self-signed --cert own-ping/cert.pem --key own-ping/key.pem --peer $own-other",
            "$own-node is on no list",
        ),
        (
            "noise:127.0.0.1:0",
            "--noise-key n-node --peer $n-ping",
            "--noise-key n-ping",
            "$n-node is on no list",
        ),
        ("unix:s/node", "", "--peer $nobody", "$me is on no list"),
    ];
    for (listen, node, ping, why) in refusals {
        let why = ring.fill(why);
        let mut node = ring.node(listen, node);
        let at = node.at().replace("127.0.0.1", listen.split(':').nth(1).unwrap());
        ring.ping(&at, ping).fails(&why);
        let logged = node.logs("a connection was refused");
        // TLS has no word for that.
        assert!(logged.contains(&why) || why.contains("another host"), "{logged}");
    }
}

impl Way {
    /// Goes through the cases; gives the lines of the table.
    fn run(&self, ring: &Keyring) -> Vec<String> {
        let cases = CASES.iter().zip(&self.cells);
        cases
            .map(|(case, cell)| {
                let listen = self.listen.replace("$case", &format!("{}-{case}", self.name));
                format!("{:6} {case:7} {}", self.name, cell.run(ring, &listen))
            })
            .collect()
    }
}

impl Cell {
    fn run(&self, ring: &Keyring, listen: &str) -> String {
        if let Void(why) = self.then {
            return format!("void      {why}");
        }
        let mut node = ring.node(listen, self.node);
        let at = node.at().to_owned();
        match self.then {
            Connects => {
                let said = ring.ping(&at, self.ping).succeeds().out;
                assert!(said.contains("4 bytes from node@127.0.0.1"), "{said}");
                "connects".to_owned()
            }
            Refused(log, error) => {
                let (log, error) = (ring.fill(log), ring.fill(error));
                let said = ring.ping(&at, self.ping).fails(&error).out;
                assert_eq!(said, "");
                node.logs(&log);
                format!("refused   {log} | {error}")
            }
            Ends(file, with, why) => {
                let why = ring.fill(why);
                let ping = ring.stay(&at, self.ping);
                ring.copy(with, file);
                let logged = node.reload("revoked: ");
                let said = ping.fails("revoked: ").err;
                assert!(logged.contains(&why) && said.contains(&why), "{logged} {said}");
                // And it is not let in again.
                ring.ping(&at, self.ping).fails(&why);
                format!("ends      {why}")
            }
            Void(_) => unreachable!("it returned"),
        }
    }
}
