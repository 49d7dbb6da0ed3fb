//! Engines: shards come and go, and the division of work shows nowhere.

use std::{
    fs,
    num::{NonZeroU32, NonZeroUsize},
    sync::atomic::{AtomicU64, Ordering},
};

use holm_index::{
    Engine, Hit, Kind, Query, Segment, ShardId, Sources, Summary, index_in_process, merge, split,
};

fn signatures(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.signature.as_str()).collect()
}

/// Sources with many equal and similar names.
fn sources(folder: &tempfile::TempDir) -> Sources {
    for n in 0..60 {
        let package = folder.path().join(format!("p{}", n % 7));
        fs::create_dir_all(&package).unwrap();
        let text = format!(
            "package p{}; class Foo{n} {{ int foo; void fooBar{}(int a) {{ new Bar() {{ int bar{n}; }}; }} Foo{n}() {{}} }}",
            n % 7,
            n % 3
        );
        fs::write(package.join(format!("Foo{n}.java")), text).unwrap();
    }
    fs::write(folder.path().join("Bad.java"), [0xff]).unwrap();
    Sources::open(folder.path()).unwrap()
}

#[test]
fn results_do_not_depend_on_the_number_of_workers() {
    let folder = tempfile::tempdir().unwrap();
    let sources = sources(&folder);
    let done = AtomicU64::new(0);
    let index = |threads: usize| {
        done.store(0, Ordering::Relaxed);
        let indexed = index_in_process(&sources, NonZeroUsize::new(threads).unwrap(), &|report| {
            done.fetch_add(report.files, Ordering::Relaxed);
        });
        assert_eq!(done.load(Ordering::Relaxed), 60, "progress tells of every file");
        indexed
    };
    let (single, summary) = index(1);
    assert_eq!((summary.files, summary.symbols.total()), (60, 60 * 5));
    assert_eq!(summary.symbols.count(Kind::Field), 120);
    let json = serde_json::json!({ "class": 60, "method": 60, "field": 120, "constructor": 60 });
    assert_eq!(serde_json::to_value(&summary.symbols).unwrap(), json);
    assert_eq!(summary.skipped.len(), 1);
    let queries = ["foo", "Foo1", "fb", "bar", "p3.foo", "Foo2.f", "Bar.b", "o", "x"];
    for workers in [2, 3, 16] {
        let (threaded, threaded_summary) = index(workers);
        let own = Summary { workers: summary.workers.clone(), ..threaded_summary };
        assert_eq!(own, summary);
        // The same by hand, as separate workers would do it.
        let mut engines: Vec<Engine> = (0..workers).map(|_| Engine::new()).collect();
        let mut reader = sources.reader();
        for (shard, files) in split(&sources, NonZeroU32::new(5).unwrap()) {
            for batch in files.chunks(4) {
                let mut texts = Vec::new();
                for &id in batch {
                    let mut text = String::new();
                    if reader.read(id, &mut text).is_ok() {
                        texts.push((sources.files()[id.0 as usize].path.as_str(), text));
                    }
                }
                engines[shard.0 as usize % workers].add_batch(shard, texts);
            }
        }
        for query in queries.map(Query::new) {
            for k in [1, 7, 1000] {
                let expected = single.search(&query, k);
                assert_eq!(threaded.search(&query, k), expected, "{query:?}");
                let lists = engines.iter().map(|engine| engine.search(&query, k));
                assert_eq!(merge(lists, k), expected, "{query:?}");
            }
        }
    }
}

#[test]
fn shards_are_added_to_replaced_and_cleared() {
    let mut engine = Engine::new();
    let report = engine.add_batch(
        ShardId(1),
        [("A.java", "class A { int x; }"), ("B.java", "class B { int x; }")],
    );
    assert_eq!((report.files, report.bytes, report.symbols.total()), (2, 36, 4));
    engine.add(ShardId(2), Segment::build([("C.java", "class C { int x; }")]));
    engine.add_batch(ShardId(1), [("D.java", "class D { int x; }")]);
    let containers = |engine: &Engine| -> Vec<String> {
        engine.search(&Query::new("x"), 10).into_iter().map(|hit| hit.container).collect()
    };
    assert_eq!(containers(&engine), ["A", "B", "C", "D"]);
    let stats = engine.stats();
    assert_eq!(
        stats.iter().map(|stats| (stats.shard, stats.report.files)).collect::<Vec<_>>(),
        [(ShardId(1), 3), (ShardId(2), 1)]
    );
    assert!(stats[0].memory_bytes > 0);

    assert!(engine.clear_shard(ShardId(1)));
    assert!(!engine.clear_shard(ShardId(1)));
    assert_eq!(containers(&engine), ["C"]);

    let mut other = Engine::new();
    other.add_batch(ShardId(2), [("E.java", "class E { int x; }")]);
    engine.absorb(other);
    assert_eq!(containers(&engine), ["E"]);
}

#[test]
fn hits_say_where_and_what() {
    let mut engine = Engine::new();
    let text =
        "package p;\n\nclass Map<K> {\n    @A K put (K  key , int...  more) { return key; }\n}\n";
    engine.add_batch(ShardId(0), [("p/Map.java", text)]);
    let hits = engine.search(&Query::new("put"), 5);
    assert_eq!(signatures(&hits), ["put(K key, int... more): K"]);
    let json = serde_json::to_value(&hits[0]).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "name": "put", "kind": "method", "container": "p.Map", "signature": "put(K key, int... more): K",
            "path": "p/Map.java", "line": 3, "column": 9, "score": hits[0].score,
        })
    );
}
