//! Broken Java: what can be seen is found, and nothing takes the parser down.

use holm_index::{Kind, java::extract};
use proptest::{collection::vec, prelude::*, sample::select};

use crate::names;

#[test]
fn a_missing_brace_costs_nothing_after_it() {
    assert_eq!(
        names(
            "class A { void a() { if (x) { } \n public void b() { } private int c; void d() { foo( } static int e; }"
        ),
        ["class A", "method a", "method b", "field c", "method d", "field e"]
    );
    assert_eq!(
        names("class A { void a() { foo(1, 2; } int b; } class C {}"),
        ["class A", "method a", "field b", "class C"]
    );
    assert_eq!(
        names("class A { void a() { void b() { } int c; }"),
        ["class A", "method a", "method b", "field c"]
    );
}

#[test]
fn missing_semicolons_and_heads() {
    assert_eq!(
        names(
            "class A { int a = 1 \n public int b; int c \n void d() {} enum E { X, Y int z; } int f( \n int g; }"
        ),
        [
            "class A",
            "field a",
            "field b",
            "field c",
            "method d",
            "enum E",
            "enum_constant X",
            "field z",
            "method f"
        ]
    );
    assert_eq!(names("import a.b \n class A \n public int x; }"), ["class A", "field x"]);
    assert_eq!(
        names("class A { @B( int x; private int y; int z() { return 1 "),
        ["class A", "field y", "method z"]
    );
}

#[test]
fn unclosed_literals_end_with_their_line() {
    assert_eq!(
        names("class A { String a = \"open ;\n char b = 'x;\n int c; }"),
        ["class A", "field a"],
        "the value goes on to the next semicolon"
    );
    assert_eq!(
        names("class A { void f() { g(\"open); }\n } int c; }"),
        ["class A", "method f", "field c"]
    );
    assert_eq!(names("class A { int a; /* open"), ["class A", "field a"]);
    assert_eq!(names("class A { int a = \"\"\"\n open"), ["class A", "field a"]);
}

#[test]
fn more_closing_than_opening() {
    assert_eq!(
        names("class A { void f() { } } } int g() { } } class B { }"),
        ["class A", "method f", "method g", "class B"]
    );
}

/// Nothing here is asserted but an end: of the stack, or of the time if it were not linear.
#[test]
fn deep_and_long_texts() {
    const DEPTH: usize = 200_000;
    for opening in [
        "class A { ",
        "(",
        "{",
        "[",
        "<",
        "new A() {",
        "class A { void f() { new A(",
        "@A(",
        "int a = b < ",
        "a.",
        "enum E { A { ",
        "x -> {",
        "/*",
        "\"\"\"\n",
        "((((;",
        "class A { int a = (((({(;",
        "@interface A { ",
        "\\u",
        "record R(int a) { ",
        "int a, ",
        "new A<",
        "a = new B<C>(",
        "public ",
        "int x = a < b, ",
        "non-",
        "é",
        "module ",
        "module a.",
        "open module a ",
        "sealed ",
        "record ",
        "class ",
        "final ",
        "new ",
        "package a ",
        "@A ",
        "enum ",
    ] {
        extract(&opening.repeat(DEPTH), &mut |_| {});
        extract(&format!("class A {{ int a = {}", opening.repeat(DEPTH)), &mut |_| {});
    }
}

/// What one long name, type or parameter list would add to each of many symbols is bounded.
#[test]
fn long_heads_before_many_symbols() {
    let long = format!("{}X", "X.".repeat(200_000));
    let name = "X".repeat(400_000);
    let (many, bodies) = ("a, ".repeat(200_000), "X { } ".repeat(200_000));
    for text in [
        format!("class A {{ {long} {many}"),
        format!("package {long}; class A {{ int {many}"),
        format!("enum {name} {{ {many}"),
        format!("record X({long} x) {{ {bodies}"),
        format!("class {name} {{ int {many}"),
    ] {
        let mut symbols = 0;
        extract(&text, &mut |declaration| {
            symbols += 1;
            let repeated = declaration.container.len() + declaration.signature.len();
            assert!(symbols <= 2 || repeated < 3000, "{repeated} bytes");
        });
        assert!(symbols > 200_000);
    }
}

#[test]
fn nesting_beyond_the_limit_is_passed_over() {
    let text = format!("{}{} int after; }}", "class A { ".repeat(1000), "} ".repeat(999));
    let found = names(&text);
    assert_eq!(found.last().unwrap(), "field after");
    assert_eq!(found.iter().filter(|name| *name == "class A").count(), 129);
}

const TOKENS: &[&str] = &[
    "class",
    "interface",
    "enum",
    "record",
    "@",
    "@interface",
    "new",
    "public",
    "static",
    "final",
    "void",
    "int",
    "A",
    "b",
    "record R(int a)",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "<",
    ">",
    ">>",
    ",",
    ";",
    ".",
    "=",
    "->",
    "::",
    "...",
    "?",
    "&",
    "extends",
    "implements",
    "throws",
    "this",
    "super",
    "default",
    "import",
    "package",
    "module",
    "sealed",
    "non-sealed",
    "permits",
    "\"s\"",
    "\"",
    "'c'",
    "'",
    "\"\"\"\n",
    "/*",
    "*/",
    "//",
    "\n",
    "\r",
    "\\",
    "\\u0041",
    "\\u007b",
    "\\u005c",
    "é",
    "𝄞",
    "0x1F",
    "1.5e3",
    "-",
    "/",
    "\u{feff}",
    " ",
];

const SNIPPETS: &[&str] = &[
    "package p; class A<T> extends B<T> { int a, b = f(x -> { int y; }); A() {} <U> void m(U u) throws E { new C() { int d; }; } }",
    "enum E { X(1) { void f() {} }, Y; E(int i) {} } record R(int a, String... b) { R { } static int c; }",
    "@interface F { String value() default \"x\"; } interface G { int H = 1; default void i() { class J { } } }",
    "class K { String s = \"\"\"\n text \\\"\"\" block\n \"\"\"; char c = '\\''; /* } */ Map<A, B> m = new HashMap<A, B>(); }",
];

/// What holds for any text: places lie in it and grow, and nothing is empty.
fn check(text: &str) {
    let lines: Vec<Vec<u16>> = text
        .replace("\r\n", "\n")
        .split(['\n', '\r'])
        .map(|line| line.encode_utf16().collect())
        .collect();
    extract(text, &mut |declaration| {
        let line = &lines[declaration.line as usize];
        let rest = String::from_utf16(&line[declaration.column as usize..]).unwrap();
        // Escapes, and blanks around the dots in a module's name, are not in the name.
        let normalised = rest.contains("\\u") || declaration.kind == Kind::Module;
        let written = rest.starts_with(declaration.name) || normalised;
        assert!(written, "{declaration:?} is not at its place in {text:?}");
        assert!(!declaration.name.is_empty(), "{declaration:?}");
        assert!(!declaration.signature.contains(['\n', '\r', '\t']), "{declaration:?}");
    });
}

proptest! {
    #[test]
    fn any_tokens(tokens in vec(select(TOKENS), 0..200), glue in select(&["", " "])) {
        check(&tokens.join(glue));
    }

    #[test]
    fn mutated_snippets(
        snippet in select(SNIPPETS),
        edits in vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), prop::option::of(select(TOKENS))), 1..6),
    ) {
        let mut text: Vec<char> = snippet.chars().collect();
        for (at, to, token) in edits {
            if text.is_empty() { break; }
            let (at, to) = (at.index(text.len()), to.index(text.len()));
            match token {
                Some(token) => { text.splice(at..at, token.chars()); }
                None => { text.drain(at.min(to)..(at.min(to) + 3).min(at.max(to))); }
            }
        }
        check(&text.into_iter().collect::<String>());
    }

    #[test]
    fn any_text(text in "\\PC*") {
        check(&text);
    }
}
