//! Agreement on a large tree of real code, file by file.

use std::collections::BTreeMap;

use holm_index::{Kind, Sources};
use holm_oracle::{corpus, long_tier};

use crate::{Found, ours, tree_sitter_java::TreeSitter};

/// Of so many files the short tier takes one: the oracle reads 20 MB a second.
const SHORT_TIER_STEP: usize = 20;

/// Files that may differ at most, of a thousand: each is to be explained, none to be expected.
const DIFFERING_PER_MILLE_MAX: usize = 1;

/// How far the counts of a group may differ, in percent.
const COUNT_DIFFERENCE_PERCENT_MAX: f64 = 1.0;

/// Differing files that are printed.
const PRINTED_MAX: usize = 20;

/// The groups whose counts are compared.
fn group(kind: Kind) -> &'static str {
    match kind {
        Kind::Class | Kind::Interface | Kind::Enum | Kind::Record | Kind::Annotation => "types",
        Kind::Method => "methods",
        Kind::Constructor => "constructors",
        Kind::Field | Kind::EnumConstant => "fields and enum constants",
        Kind::RecordComponent => "record components",
        Kind::AnnotationElement => "annotation elements",
        Kind::Module => "modules",
    }
}

type Counts = BTreeMap<&'static str, usize>;

fn count(found: &[Found], counts: &mut Counts) {
    for (kind, ..) in found {
        *counts.entry(group(*kind)).or_default() += 1;
    }
}

#[test]
fn tree_sitter_agrees_on_the_corpus() {
    let Some(path) = corpus("tree_sitter_agrees_on_the_corpus") else {
        return;
    };
    let sources = Sources::open(path).unwrap();
    let step = if long_tier() { 1 } else { SHORT_TIER_STEP };
    let mut oracle = TreeSitter::new();
    let mut reader = sources.reader();
    let mut text = String::new();
    let (mut compared, mut broken, mut differing) = (0, 0, Vec::new());
    let (mut our_counts, mut their_counts) = (Counts::new(), Counts::new());
    for id in sources.ids().step_by(step) {
        if reader.read(id, &mut text).is_err() {
            continue;
        }
        let Some(theirs) = oracle.declarations(&text) else {
            broken += 1;
            continue;
        };
        let ours = ours(&text);
        compared += 1;
        count(&ours, &mut our_counts);
        count(&theirs, &mut their_counts);
        if ours != theirs {
            differing.push(describe(&sources.files()[id.0 as usize].path, &ours, &theirs));
        }
    }
    println!(
        "{compared} files compared, {broken} broken in the oracle's eyes, {} differ",
        differing.len()
    );
    println!("ours   {our_counts:?}\ntheirs {their_counts:?}");
    for difference in differing.iter().take(PRINTED_MAX) {
        println!("{difference}");
    }
    assert!(compared > 0, "nothing was compared");
    assert!(
        differing.len() * 1000 <= compared * DIFFERING_PER_MILLE_MAX,
        "{} files differ",
        differing.len()
    );
    for (group, theirs) in their_counts {
        let (ours, theirs) = (our_counts[group] as f64, theirs as f64);
        let percent = (ours - theirs).abs() / theirs * 100.0;
        assert!(percent <= COUNT_DIFFERENCE_PERCENT_MAX, "{group}: {ours} and {theirs}");
    }
}

fn describe(path: &str, ours: &[Found], theirs: &[Found]) -> String {
    let only = |these: &[Found], those: &[Found]| {
        these.iter().filter(|found| !those.contains(found)).take(3).cloned().collect::<Vec<_>>()
    };
    format!("{path}: only ours {:?}, only theirs {:?}", only(ours, theirs), only(theirs, ours))
}
