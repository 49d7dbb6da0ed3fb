//! Workers that end before their time.

use serde_json::{Value, json};

use crate::session::Session;
use crate::support::{Scratch, json, run, stderr};

#[test]
fn one_that_dies_while_indexing_is_replaced() {
    let scratch = Scratch::with_classes();
    let ask = |crash: Option<&str>| {
        let mut command = scratch.index(&scratch.src());
        command.args(["--workers", "2", "--query", "thing", "--limit", "30"]);
        json(command.envs(crash.map(|crash| ("HOLM_TEST_CRASH", crash))))
    };
    let (whole, expected) = ask(None);
    let (document, results) = ask(Some("1.0:6"));
    assert_eq!(results, expected);
    assert_eq!(document["missing_shards"], json!([]));
    let starts: Vec<&Value> =
        (0..2).map(|worker| &document["summary"]["workers"][worker]["starts"]).collect();
    assert_eq!(starts, [1, 2]);
    for sum in ["files", "bytes", "symbols"] {
        assert_eq!(document["summary"][sum], whole["summary"][sum], "{sum} is not counted twice");
    }
}

#[test]
fn one_that_keeps_dying_is_replaced_by_the_router() {
    let scratch = Scratch::with_classes();
    let (_, expected) =
        json(scratch.index(&scratch.src()).args(["--in-process", "--query", "thing"]));
    let mut command = scratch.index(&scratch.src());
    command.args(["--workers", "2", "--query", "thing"]).env("HOLM_TEST_CRASH", "0:1");
    let (document, results) = json(&mut command);
    assert_eq!(results, expected);
    let workers = &document["summary"]["workers"];
    assert_eq!((&workers[0]["pid"], &workers[1]["starts"]), (&Value::Null, &json!(1)));
    let said = stderr(&run(&mut command, 0));
    assert!(said.contains("going on in this one"), "{said}");
}

#[test]
fn without_fallback_the_index_fails() {
    let scratch = Scratch::with_classes();
    let mut command = scratch.index(&scratch.src());
    command
        .args(["--workers", "2", "--no-fallback", "--query", "thing"])
        .env("HOLM_TEST_CRASH", "0:1");
    let said = stderr(&run(&mut command, 1));
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("error: worker 0 failed 5 times; at last its"), "{said}");
    assert!(scratch.run_dirs().is_empty());
}

#[test]
fn a_command_that_cannot_be_started_is_named() {
    let scratch = Scratch::with_classes();
    let mut command = scratch.index(&scratch.src());
    command
        .args(["--workers", "1", "--no-fallback", "--worker-command"])
        .arg(scratch.path("no-such-program"));
    let said = stderr(&run(&mut command, 1));
    assert!(said.contains("no-such-program` cannot be started"), "{said}");
}

#[test]
fn those_that_die_between_queries_are_replaced() {
    let scratch = Scratch::with_classes();
    let mut session = Session::start(scratch.index(&scratch.src()).args(["--limit", "1"]), 2);
    let first = session.ask("Thing7");
    assert!(first.contains("class Thing7 "), "{first}");
    let before = session.workers();
    assert_eq!(before.len(), 2);
    for worker in &before {
        worker.kill();
        worker.wait();
    }
    assert_eq!(session.ask("Thing7"), first);
    for class in 0..10 {
        let answer = session.ask(&format!("Thing{class}"));
        assert!(
            answer.contains(&format!("class Thing{class} ")),
            "both hold their shards again: {answer}"
        );
    }
    assert_eq!(session.workers().len(), 2);
    session.finish();
}
