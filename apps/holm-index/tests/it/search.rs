//! Search against a plain reading of its rules, and its order of answers.

use std::collections::BTreeSet;

use holm_index::{Declaration, Engine, Hit, Kind, KindSet, Mode, Query, ShardId, java::extract};
use proptest::{collection::vec, prelude::*, sample::select};

/// Names that share letters, beginnings and humps, some beyond ASCII, one longer than 64 characters.
const NAMES: &[&str] = &[
    "HashMap",
    "hashMap",
    "HASH_MAP",
    "hashmap",
    "WeakHashMap",
    "LinkedHashMap",
    "HashMapEntry",
    "mapHash",
    "Map",
    "map",
    "put",
    "putAll",
    "PutMapping",
    "get",
    "getURLConnection",
    "URLConnection",
    "utf8",
    "toUTF8String",
    "e",
    "E",
    "ee",
    "rrr",
    "refreshResolvedRules",
    "méthode",
    "MÉTHODE",
    "Übung",
    "übung",
    "straße",
    "İstanbul",
    "变量",
    "变量表",
    "_x",
    "$y1",
    "aVeryLongNameThatGoesOnAndOnUntilItHasMoreThanSixtyFourCharactersAndThenEndsInHashMap",
];

/// An engine with each name as class, method, field and module part, over several shards; and all declarations.
fn engine() -> (Engine, Vec<Hit>) {
    let mut engine = Engine::new();
    let mut all = Vec::new();
    for (index, name) in NAMES.iter().enumerate() {
        let text = format!(
            "package java.{name}; class {name} {{ int {name}; void {name}(int a) {{ class Local {{ int {name}, put; }} }} {name}() {{}} }}"
        );
        let module = format!("module java.{name} {{}}");
        for (path, text) in
            [(format!("{name}.java"), text), (format!("{name}/module-info.java"), module)]
        {
            engine.add_batch(ShardId(index as u32 % 3), [(&path, &text)]);
            extract(&text, &mut |declaration| all.push(hit(declaration, &path)));
        }
    }
    (engine, all)
}

fn hit(declaration: Declaration<'_>, path: &str) -> Hit {
    Hit {
        name: declaration.name.to_owned(),
        kind: declaration.kind,
        container: declaration.container.to_owned(),
        signature: declaration.signature.to_owned(),
        path: path.to_owned(),
        line: declaration.line,
        column: declaration.column,
        score: 0,
    }
}

fn fold(text: &str) -> Vec<char> {
    let simple = |character: char| {
        let lower: Vec<char> = character.to_lowercase().collect();
        if lower.len() == 1 { lower[0] } else { character }
    };
    text.chars().map(simple).collect()
}

/// The rule for one part of a query, written down as plainly as possible.
fn part_matches(pattern: &str, text: &str, mode: Mode) -> bool {
    let (pattern, text) = (fold(pattern), fold(text));
    match mode {
        Mode::Fuzzy => {
            let mut rest = text.iter();
            pattern.iter().all(|wanted| rest.any(|character| character == wanted))
        }
        Mode::Prefix => text.starts_with(&pattern),
        Mode::Exact => text == pattern,
    }
}

/// The rule for a whole query.
fn matches(query: &Query, hit: &Hit) -> bool {
    let parts: Vec<&str> =
        query.text.split(['.', '#', ':', ' ']).filter(|part| !part.is_empty()).collect();
    let Some((name, containers)) = parts.split_last() else {
        return false;
    };
    let filtered = query.kinds.contains(hit.kind) && hit.path.contains(&query.path);
    if hit.kind == Kind::Module {
        return filtered && part_matches(&parts.join("."), &hit.name, query.mode);
    }
    let mut outer = hit.container.split('.');
    filtered
        && part_matches(name, &hit.name, query.mode)
        && containers.iter().all(|wanted| outer.any(|part| part_matches(wanted, part, query.mode)))
}

fn key(hit: &Hit) -> (Kind, String, String, String, u32, u32) {
    (hit.kind, hit.name.clone(), hit.container.clone(), hit.path.clone(), hit.line, hit.column)
}

/// Everything that the rules accept is found, nothing else; the best `k` are the first `k` of all.
fn check((engine, all): &(Engine, Vec<Hit>), query: &Query) {
    let found = engine.search(query, usize::MAX);
    let expected: BTreeSet<_> = all.iter().filter(|hit| matches(query, hit)).map(key).collect();
    assert_eq!(found.iter().map(key).collect::<BTreeSet<_>>(), expected, "{query:?}");
    assert_eq!(found.len(), expected.len(), "{query:?} finds something twice");
    assert!(
        found.is_sorted_by_key(|hit| (std::cmp::Reverse(hit.score), key(hit))),
        "{query:?} is out of order"
    );
    for k in [0, 1, 2, 5, 20, found.len()] {
        assert_eq!(engine.search(query, k), found[..k.min(found.len())], "{query:?} {k}");
    }
}

#[test]
fn nothing_is_missed_for_beginnings_capitals_and_containers() {
    let engine = engine();
    for name in NAMES {
        let characters: Vec<char> = name.chars().collect();
        let capitals: String = name.chars().filter(|character| character.is_uppercase()).collect();
        let every_other: String = name.chars().step_by(2).collect();
        let mut texts = vec![
            capitals,
            every_other,
            name.to_uppercase(),
            format!("java.{name}"),
            format!("{name}#put"),
        ];
        texts.extend((1..=characters.len()).map(|end| characters[..end].iter().collect()));
        for text in texts {
            for mode in [Mode::Fuzzy, Mode::Prefix, Mode::Exact] {
                check(&engine, &Query { mode, ..Query::new(text.clone()) });
            }
        }
    }
    for text in [
        "",
        ".",
        " . ",
        "java",
        "java.",
        "java::base",
        "j.h.put",
        "Local.put",
        "put.Local.put",
        "zzz",
        "(",
        "a b c",
    ] {
        check(&engine, &Query::new(text));
    }
}

#[test]
fn kinds_and_paths_narrow_a_search() {
    let engine = engine();
    for kind in Kind::ALL {
        check(&engine, &Query { kinds: KindSet::from_iter([kind]), ..Query::new("map") });
    }
    check(&engine, &Query { path: "Weak".to_owned(), ..Query::new("h") });
    let classes = Query {
        kinds: KindSet::from_iter([Kind::Class]),
        path: "Map.java".to_owned(),
        ..Query::new("hm")
    };
    check(&engine, &classes);
    assert!(!engine.0.search(&classes, 1).is_empty());
}

proptest! {
    #[test]
    fn nothing_is_missed(
        letters in vec(select(&['a', 'h', 'm', 'p', 'e', 'r', 'H', 'M', 'E', 'u', 't', '8', '_', 'é', 'Ü', 'ß', '变', '.', ' ']), 0..6),
        mode in select(&[Mode::Fuzzy, Mode::Fuzzy, Mode::Prefix, Mode::Exact]),
    ) {
        thread_local!(static ENGINE: (Engine, Vec<Hit>) = engine());
        let query = Query { mode, ..Query::new(letters.into_iter().collect::<String>()) };
        ENGINE.with(|engine| check(engine, &query));
    }
}

/// The names of the hits, with consecutive equal ones once.
fn ranked(names: &[&str], query: &str) -> Vec<String> {
    let fields: Vec<String> = names.iter().map(|name| format!("int {name};")).collect();
    let mut engine = Engine::new();
    engine.add_batch(ShardId(0), [("A.java", format!("class Zz {{ {} }}", fields.join(" ")))]);
    engine.search(&Query::new(query), usize::MAX).into_iter().map(|hit| hit.name).collect()
}

#[test]
fn better_matches_come_first() {
    let best_first = ["map", "mapper", "myAndPut", "matchAllPaths", "hugeMap", "himap", "mxaxp"];
    let mut shuffled = best_first;
    shuffled.reverse();
    assert_eq!(ranked(&shuffled, "map"), best_first);
    assert_eq!(
        ranked(&["hashMap", "HashMap", "HASHMAP"], "HM"),
        ["HashMap", "hashMap", "HASHMAP"],
        "capitals"
    );
    assert_eq!(
        ranked(&["HashMap", "hashmap", "HASHMAP"], "hashmap"),
        ["HASHMAP", "HashMap", "hashmap"],
        "any case"
    );
    assert_eq!(
        ranked(&["npeX", "newPeer", "NullPointerException"], "npe")[..2],
        ["npeX", "NullPointerException"]
    );
    assert_eq!(
        ranked(&["softOs", "xSoftOs", "aOsso"], "sos"),
        ["softOs", "xSoftOs"],
        "the first way is not the only one"
    );
}

#[test]
fn a_class_comes_before_its_constructors_and_namesakes() {
    let mut engine = Engine::new();
    engine.add_batch(
        ShardId(0),
        [
            ("a/X.java", "package a; class X { int HashMap; void HashMap() {} HashMap hashMap; }"),
            (
                "java/util/HashMap.java",
                "package java.util; class HashMap<K> { HashMap() {} void put() {} class Node {} }",
            ),
            (
                "java/util/WeakHashMap.java",
                "package java.util; class WeakHashMap<K> { WeakHashMap() {} void put() {} }",
            ),
            ("java.base/module-info.java", "module java.util {}"),
        ],
    );
    let first = |query: &str| {
        let hit = engine.search(&Query::new(query), 1).remove(0);
        format!("{} {}.{}", hit.kind, hit.container, hit.name)
    };
    assert_eq!(first("HashMap"), "class java.util.HashMap");
    assert_eq!(first("java.util.HashMap"), "class java.util.HashMap");
    assert_eq!(first("util HashMap"), "class java.util.HashMap");
    assert_eq!(first("HashMap.put"), "method java.util.HashMap.put");
    assert_eq!(first("HashMap::put"), "method java.util.HashMap.put");
    assert_eq!(first("whm.put"), "method java.util.WeakHashMap.put");
    assert_eq!(first("HashMap.HashMap"), "constructor java.util.HashMap.HashMap");
    assert_eq!(first("java.util"), "module .java.util");
}
