//! What is found does not depend on who looks.

use serde_json::{Value, json};

use crate::support::{CLASSES, Scratch, json, run};

const ARRANGEMENTS: [&[&str]; 6] = [
    &["--in-process"],
    &["--in-process", "--workers", "3"],
    &["--workers", "1"],
    &["--workers", "2"],
    &["--workers", "3"],
    &["--workers", "64"],
];

#[test]
fn results_and_sums_are_the_same_for_all() {
    let scratch = Scratch::with_classes();
    let ask = |arrangement: &[&str], query: &str| {
        json(
            scratch
                .index(&scratch.src())
                .args(arrangement)
                .args(["--query", query, "--limit", "7"]),
        )
    };
    for query in ["thing", "work1", "Thing3.total", "p1.th"] {
        let (first, expected) = ask(ARRANGEMENTS[0], query);
        assert!(
            first["results"].as_array().is_some_and(|results| results.len() == 7),
            "{query}: {expected}"
        );
        for arrangement in &ARRANGEMENTS[1..] {
            let (document, results) = ask(arrangement, query);
            assert_eq!(results, expected, "{query} by {arrangement:?}");
            assert_eq!(document["missing_shards"], json!([]));
            for sum in ["files", "skipped", "bytes", "symbols"] {
                assert_eq!(
                    document["summary"][sum], first["summary"][sum],
                    "{sum} by {arrangement:?}"
                );
            }
        }
    }
}

#[test]
fn a_result_says_what_and_where() {
    let scratch = Scratch::with_classes();
    let (document, _) =
        json(scratch.index(&scratch.src()).args(["--workers", "2", "--query", "total13"]));
    let expected = json!({
        "name": "total13",
        "kind": "field",
        "container": "p6.Thing13",
        "signature": "total13: long",
        "path": "p6/Thing13.java",
        "line": 4,
        "column": 18, // The comment before it has a character of two UTF-16 units.
    });
    let mut result = document["results"][0].clone();
    assert!(result.as_object_mut().unwrap().remove("score").is_some_and(|score| score.is_u64()));
    assert_eq!(result, expected);
    let summary = &document["summary"];
    assert_eq!(summary["files"], CLASSES);
    assert_eq!(summary["symbols"]["class"], CLASSES);
    let workers = summary["workers"].as_array().unwrap();
    assert_eq!(
        workers.iter().map(|worker| worker["files"].as_u64().unwrap()).sum::<u64>(),
        CLASSES as u64
    );
    assert!(
        workers.iter().all(|worker| worker["pid"].is_u64() && worker["starts"] == 1),
        "{workers:?}"
    );
}

#[test]
fn json_without_a_query_is_the_summary() {
    let scratch = Scratch::with_classes();
    let (document, results) = json(scratch.index(&scratch.src()).arg("--in-process"));
    assert_eq!(results, "[]");
    assert_eq!(document["summary"]["workers"][0]["pid"], Value::Null);
}

#[test]
fn the_log_stays_out_of_the_answer() {
    let scratch = Scratch::with_classes();
    let mut command = scratch.index(&scratch.src());
    command.args(["--workers", "1", "--query", "Thing1"]).env("HOLM_LOG", "trace");
    let (document, _) = json(&mut command); // Which would not parse otherwise.
    assert_eq!(document["results"][0]["name"], "Thing1");
}

#[test]
fn people_get_lines_and_columns_from_1() {
    let scratch = Scratch::with_classes();
    let output = run(
        scratch.index(&scratch.src()).args([
            "--workers",
            "1",
            "--query",
            "Thing13",
            "--limit",
            "1",
        ]),
        0,
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        text.lines().last(),
        Some("p6/Thing13.java:3:14: class Thing13 extends Object in p6"),
        "{text}"
    );
}
