//! No secret is in arguments, in what is said, in the most detailed log, or in what a crash leaves.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};

use super::keyring::secret;
use super::{Keyring, Node, Program};
use crate::session::Session;
use crate::support::Scratch;

/// All that may not be seen, of every node.
fn secrets(ring: &Keyring) -> Vec<String> {
    let mut secrets: Vec<String> = ["cookie", "cookie-2", "token", "token-2"].map(secret).into();
    for key in ["n-node", "n-ping", "node/key.pem", "ping/key.pem"] {
        let text = ring.read(key);
        let lines = text.lines().filter(|line| !line.starts_with('-') && line.len() >= 16);
        secrets.extend(lines.map(str::to_owned));
    }
    assert!(secrets.len() >= 4 + 2 + 2 * 2, "{}", secrets.len());
    secrets
}

#[track_caller]
fn holds_none(text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is in {text}");
    }
}

fn arguments(program: &Program) -> String {
    String::from_utf8_lossy(&fs::read(format!("/proc/{}/cmdline", program.id())).unwrap())
        .into_owned()
}

/// With all it can log.
fn loud(command: &mut Command) -> &mut Command {
    command.env("RUST_LOG", "trace")
}

const NODE: &str = "--cert node/cert.pem --key node/key.pem --ca ca/ca.pem";
const PING: &str = "--cert ping/cert.pem --key ping/key.pem --ca ca/ca.pem";

#[test]
fn no_secret_is_said() {
    let ring = Keyring::new();
    let secrets = secrets(&ring);
    for (listen, node, ping) in [
        ("tls:127.0.0.1:0", NODE, PING),
        (
            "noise:127.0.0.1:0",
            "--noise-key n-node --peer $n-ping",
            "--noise-key n-ping --peer $n-node",
        ),
        ("unix:s/node", "", ""),
        ("tcp:127.0.0.1:0", "--allow-insecure", "--allow-insecure"),
    ] {
        let both = "--cookie-file cookie --token-file token";
        let mut node = Node::start(loud(&mut ring.node_command(listen, &format!("{node} {both}"))));
        let at = node.at().to_owned();
        let connect = |more: &str, count: u64| {
            let args = format!("{ping} {more} --count {count} --interval 600000");
            Program::start(loud(&mut ring.ping_command(&at, &args)))
        };
        let mut said = String::new();
        for (more, why) in [
            ("--cookie-file cookie --token-file token-2", "token is wrong"),
            ("--cookie-file cookie", "asks for a token"),
            ("--cookie-file cookie-2 --token-file token", "another cookie"),
            ("--token-file token", "asks for a cookie"),
        ] {
            // Between processes of one user nobody asks for a cookie.
            if listen.starts_with("unix") && why.contains("cookie") {
                continue;
            }
            let ended = connect(more, 1).fails(why);
            said += &(ended.out + &ended.err);
        }
        let mut right = connect(both, 2);
        right.out.line("bytes from");
        for program in [&right, &node.program] {
            holds_none(&arguments(program), &secrets);
            assert!(arguments(program).contains("--token-file"));
        }
        node.reload("reloaded");
        for output in [&right.out, &right.err, &node.program.out, &node.program.err] {
            said += &output.so_far();
        }
        assert!(said.contains(" INFO ") && said.contains(" WARN "), "{said}");
        holds_none(&said, &secrets);
    }
}

/// The right secrets by the environment, and what is said if they cannot be used.
#[test]
fn secrets_may_come_by_the_environment() {
    let ring = Keyring::new();
    let secrets = secrets(&ring);
    let with = |command: &mut Command, token: &str, cookie: &str| {
        Program::start(loud(command).env("HOLM_TOKEN", token).env("HOLM_COOKIE", cookie))
    };
    let (token, cookie) = (secret("token"), secret("cookie"));
    let mut node = ring.node_command("tls:127.0.0.1:0", NODE);
    let node = Node::start(loud(&mut node).env("HOLM_TOKEN", &token).env("HOLM_COOKIE", &cookie));
    let ping = || ring.ping_command(node.at(), PING);
    let said = with(&mut ping(), &token, &cookie).succeeds();
    holds_none(&(said.out + &said.err), &secrets);
    let said = with(&mut ping(), &secret("token-2"), &cookie).fails("the peer's token is wrong");
    holds_none(&(said.out + &said.err), &secrets);
    with(&mut ping(), "  ", &cookie).fails("a token is empty");
    let said =
        with(&mut ping(), &token, "shortish-cookie").fails("the cookie has fewer than 16 bytes");
    assert!(!said.err.contains("shortish"), "{}", said.err);
    let said = with(&mut ping(), &"long-token".repeat(1_000), &cookie)
        .fails("a token has more than 8192 bytes");
    assert!(!said.err.contains("long-token"), "{}", said.err);
    holds_none(&node.program.err.so_far(), &secrets);
}

/// A secret that others can read is not used.
#[test]
fn the_files_of_secrets_must_be_private() {
    let ring = Keyring::new();
    for (file, args) in [
        ("token", "--token-file token"),
        ("cookie", "--cookie-file cookie"),
        ("n-node", "--noise-key n-node"),
        ("node/key.pem", NODE),
    ] {
        let mut open = fs::metadata(ring.path(file)).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut open, 0o640);
        fs::set_permissions(ring.path(file), open).unwrap();
        let start = || Program::start(&mut ring.node_command("unix:s/node", args));
        let said = start().fails(&format!("{file} is open to others (mode 0640)")).err;
        holds_none(&said, &secrets(&ring));
        ring.write(file, "");
        start().fails(file);
    }
}

/// Neither the worker that crashes nor the router that reports it says the token between them.
#[test]
fn a_crash_says_no_secret() {
    let scratch = Scratch::with_classes();
    let mut command = scratch.index(&scratch.src());
    command.env("HOLM_TEST_CRASH", "1.0:6").env("RUST_LOG", "trace").stderr(Stdio::piped());
    let mut session = Session::start(&mut command, 2);
    let mut log = session.take_stderr();
    let environment = fs::read(format!("/proc/{}/environ", session.workers()[0].pid)).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let token = environment.split('\0').find_map(|it| it.strip_prefix("HOLM_WORKER_TOKEN="));
    session.finish();
    let mut said = String::new();
    log.read_to_string(&mut said).unwrap();
    assert!(said.contains("SIGABRT") || said.contains("signal"), "{said}");
    holds_none(&said, &[token.unwrap().to_owned()]);
}
