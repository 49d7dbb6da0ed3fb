//! SIGHUP: what is read again, what a broken file changes, and whose session ends.

use rustix::process::Signal;

use super::Keyring;

const NODE: &str = "--cert live.pem --key node/key.pem --ca ca/ca.pem --crl live-crl.pem \
                    --token-file live-token --token-file token-2 --access live.toml";
const PING: &str = "--cert ping/cert.pem --key ping/key.pem --ca ca/ca.pem --token-file token-2";
const DOOMED: &str = "--cert doomed/cert.pem --key doomed/key.pem --ca ca/ca.pem \
                      --token-file token --name doomed@x";

fn ring() -> Keyring {
    let ring = Keyring::new();
    ring.copy("node/cert.pem", "live.pem");
    ring.copy("none.pem", "live-crl.pem");
    ring.copy("token", "live-token");
    ring.write("live.toml", "global = ['$ping', '$doomed']");
    ring
}

#[test]
fn a_broken_file_keeps_the_old_material() {
    let ring = ring();
    let mut node = ring.node("tls:127.0.0.1:0", NODE);
    let at = node.at().to_owned();
    let mut stays = ring.stay(&at, PING);
    for (file, text, why) in [
        ("live.pem", "no certificate", "live.pem holds no certificate in PEM"),
        ("node/key.pem", "no key", "node/key.pem holds no private key"),
        ("live-crl.pem", "no list", "live-crl.pem holds no certificate revocation list"),
        ("live-token", " \n", "live-token is empty"),
        ("live.toml", "global = ['nobody']", "live.toml: "),
    ] {
        let good = ring.read(file);
        // What else has changed does not come in by half.
        for (file, text) in [("live-token", "another token"), ("live.toml", ""), (file, text)] {
            ring.write(file, text);
        }
        node.reload(&format!("not reloaded, all stays as it was: {why}"));
        ring.ping(&at, DOOMED).succeeds();
        ring.copy("token", "live-token");
        ring.write("live.toml", "global = ['$ping', '$doomed']");
        ring.write(file, &good);
    }
    node.reload(" reloaded: ");
    ring.ping(&at, DOOMED).succeeds();
    node.program.signal(Signal::TERM);
    assert_eq!(node.program.end().code, Some(0));
    stays.err.line("the node stops");
    stays.fails("the session with node@127.0.0.1 ended");
}

#[test]
fn one_session_ends_and_another_goes_on() {
    let ring = ring();
    let mut node = ring.node("tls:127.0.0.1:0", NODE);
    let at = node.at().to_owned();
    let mut goes_on = ring.ping(&at, &format!("{PING} --count 1000000 --interval 10"));
    goes_on.out.line("bytes from");
    for (file, text, why) in [
        ("live-crl.pem", ring.read("doomed.pem"), "the peer's certificate was revoked".to_owned()),
        ("live-token", "another token".to_owned(), "the peer's token is wrong".to_owned()),
        (
            "live.toml",
            "global = ['$ping']".to_owned(),
            ring.fill("$doomed is on no list that lets it in"),
        ),
    ] {
        let good = ring.read(file);
        let ends = ring.stay(&at, DOOMED);
        ring.write(file, &text);
        node.reload(&format!("revoked: {why}"));
        ends.fails(&format!("revoked: {why}"));
        // One answer may have been on its way.
        goes_on.out.skip();
        goes_on.out.line("bytes from");
        goes_on.out.line("bytes from");
        ring.write(file, &good);
        node.reload(" reloaded: ");
        ring.ping(&at, DOOMED).succeeds();
    }
}
