//! What is written in configurations: fingerprints, entries, lists, patterns.

use holm_proto::access::{AllowList, Entry, Fingerprint, Identity, Pattern, Proof};
use proptest::{prop_assert_eq, proptest};

use super::{keyed, print};

#[test]
fn a_fingerprint_is_read_in_every_form() {
    let plain: String = (0..32).map(|n| format!("{n:02x}")).collect();
    let colons = (0..32).map(|n| format!("{n:02X}")).collect::<Vec<_>>().join(":");
    for text in [
        plain.clone(),
        plain.to_uppercase(),
        colons.clone(),
        format!("SHA256 Fingerprint={colons}"),
        format!("sha256 Fingerprint={colons}"),
        format!("  sha256 fingerprint={plain}\n"),
    ] {
        let parsed: Fingerprint = text.parse().unwrap();
        assert_eq!(parsed.as_bytes()[31], 31, "{text}");
        assert_eq!(parsed.to_string(), plain);
    }
}

#[test]
fn a_bad_fingerprint_is_shown() {
    let good = "ab".repeat(32);
    for bad in [
        String::new(),
        good[1..].to_owned(),
        format!("{good}0"),
        good.replace('a', "g"),
        format!("SHA1 Fingerprint={good}"),
        format!("a:{}", "ab:".repeat(31)),
        "ab".repeat(31) + "+1",
        "é".repeat(32),
        vec!["ab"; 32].join("-"),
        format!("{}:", vec!["ab"; 31].join(":")) + "a",
    ] {
        let error = bad.parse::<Fingerprint>().unwrap_err();
        assert!(error.to_string().contains(&format!("`{bad}`")), "{error}");
    }
}

/// Every entry against every identity.
#[test]
fn an_entry_names_its_own_alone() {
    let spiffe = |proof, id: &str| Identity { spiffe: Some(id.to_owned()), ..Identity::new(proof) };
    let identities = [
        keyed(Proof::Authority, 1),
        keyed(Proof::Noise, 2),
        Identity { spki: Some(print(1)), ..keyed(Proof::SelfSigned, 3) },
        spiffe(Proof::Authority, "spiffe://d/worker/7"),
        // Anybody can write that into a certificate of one's own.
        spiffe(Proof::SelfSigned, "spiffe://d/worker/7"),
        spiffe(Proof::Authority, "spiffe://d.evil/worker/7"),
        Identity::new(Proof::User(1)),
        Identity::new(Proof::User(0)),
        Identity::new(Proof::Token),
        Identity::new(Proof::Cookie),
        Identity::new(Proof::Nothing),
        Identity::new(Proof::Process),
        // With a token besides, it is still named by its key alone.
        keyed(Proof::Noise, 9),
    ];
    let table: &[(String, &[usize])] = &[
        (print(1).to_string(), &[0]),
        (print(2).to_string(), &[1]),
        (print(3).to_string(), &[2]),
        (format!("spki:{}", print(1)), &[2]),
        ("spiffe://d/worker/*".to_owned(), &[3]),
        ("spiffe://d/worker/7".to_owned(), &[3]),
        ("spiffe://d/worker".to_owned(), &[]),
        ("spiffe://d.evil/*".to_owned(), &[5]),
        ("uid:1".to_owned(), &[6]),
        ("uid:0".to_owned(), &[7]),
        ("token".to_owned(), &[8]),
        ("cookie".to_owned(), &[9]),
    ];
    for (text, named) in table {
        let entry: Entry = text.parse().unwrap();
        assert_eq!(&entry.to_string(), text);
        let list = AllowList::from_iter([entry.clone()]);
        for (at, identity) in identities.iter().enumerate() {
            assert_eq!(entry.names(identity), named.contains(&at), "{entry} and {identity}");
            assert_eq!(list.names(identity), named.contains(&at), "list of {entry}, {identity}");
        }
    }
}

#[test]
fn a_bad_entry_is_shown_with_its_line() {
    for bad in [
        "uid:",
        "uid:x",
        "uid:+1",
        "uid:-1",
        "uid:4294967296",
        "spiffe://",
        "spiffe://domain",
        "spiffe:///path",
        "spiffe://dom*/path",
        "spiffe://d/a b",
        "spki:12",
        "tokens",
        "*",
    ] {
        let error = bad.parse::<Entry>().unwrap_err();
        let shown = bad.trim_start_matches("spki:");
        assert!(error.to_string().contains(shown), "{bad}: {error}");
        let error = format!("# first\n\nuid:1 # me\n{bad}\n").parse::<AllowList>().unwrap_err();
        assert!(error.to_string().starts_with("line 4: "), "{error}");
        assert!(error.to_string().contains(shown), "{error}");
    }
    let list: AllowList = " uid:1 # me\r\n\n#uid:2\n\ttoken".parse().unwrap();
    assert!(list.names(&Identity::new(Proof::User(1))));
    assert!(list.names(&Identity::new(Proof::Token)));
    assert!(!list.names(&Identity::new(Proof::User(2))));
    assert!(" \n# nobody".parse::<AllowList>().unwrap().is_empty());
}

/// By the definition, piece by piece.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'*', pattern)), _) => (0..=name.len()).any(|at| matches(pattern, &name[at..])),
        (Some((a, pattern)), Some((b, name))) => a == b && matches(pattern, name),
        (Some(_), None) => false,
    }
}

proptest! {
    #[test]
    fn a_pattern_matches_as_defined(pattern in "[ab*]{1,8}", name in "[ab]{0,8}") {
        let parsed: Pattern = pattern.parse().unwrap();
        prop_assert_eq!(parsed.matches(&name), matches(pattern.as_bytes(), name.as_bytes()));
    }
}

#[test]
fn a_pattern_has_a_length_and_no_white_space() {
    assert!("x".repeat(1024).parse::<Pattern>().is_ok());
    for bad in [String::new(), "x".repeat(1025), "a b".to_owned(), "a\n".to_owned()] {
        assert!(bad.parse::<Pattern>().is_err(), "{bad:?}");
    }
}
