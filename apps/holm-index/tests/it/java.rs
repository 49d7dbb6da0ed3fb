//! Declarations of well-formed Java.

use holm_index::{Modifiers, java::extract};

use crate::{declared, names};

#[test]
fn members_of_a_class() {
    let text = "\
package java.util;
import static java.lang.Math.*;
/** A map { of } things. */
public class HashMap<K,V> extends AbstractMap<K,V>
    implements Map<K,V>, Cloneable {
    transient Node<K , V>[] table;
    static final int A = 1, B[] = { 2, 3 }, C = f(x -> { int y; });
    public HashMap(int initialCapacity) { }
    @Override public <T extends Comparable<? super T> & Foo> T[] put(final @Nonnull K key, V... values)
        throws IOException, Bad { return null; }
    int old()[] { return null; }
    static class Node<K,V> { final K key; }
}
";
    assert_eq!(
        declared(text),
        [
            "class java.util|class HashMap<K,V> extends AbstractMap<K,V> implements Map<K,V>, Cloneable 3:13",
            "field java.util.HashMap|table: Node<K,V>[] 5:28",
            "field java.util.HashMap|A: int 6:21",
            "field java.util.HashMap|B: int[] 6:28",
            "field java.util.HashMap|C: int 6:44",
            "constructor java.util.HashMap|HashMap(int initialCapacity) 7:11",
            "method java.util.HashMap|<T extends Comparable<? super T> & Foo> put(K key, V... values): T[] 8:65",
            "method java.util.HashMap|old(): int[] 10:8",
            "class java.util.HashMap|class Node<K,V> 11:17",
            "field java.util.HashMap.Node|key: K 11:37",
        ]
    );
}

#[test]
fn other_types() {
    let text = "\
package p;
sealed interface Shape permits Circle, Square { int SIDES = 0; double area(); default void f() {} }
record Point<T>(@A int x, T... rest) implements Shape, Q {
    Point { if (x < 0) throw new Error(); }
    Point(int x) { this(x, null); }
    static int zero;
}
enum Color implements Q { @Deprecated RED(1, \"}\") { int g() { return 1; } }, GREEN, ; Color(int... v) {} int field; }
@interface Ann { String value() default \"x;\"; int[] many() default {}; Class<?>[] c() default {A.class}; int K = 3; }
non-sealed class Square {}
";
    assert_eq!(
        declared(text),
        [
            "interface p|interface Shape permits Circle, Square 1:17",
            "field p.Shape|SIDES: int 1:52",
            "method p.Shape|area(): double 1:70",
            "method p.Shape|f(): void 1:91",
            "record p|record Point<T>(int x, T... rest) implements Shape, Q 2:7",
            "record_component p.Point|x: int 2:23",
            "record_component p.Point|rest: T... 2:31",
            "constructor p.Point|Point(int x, T... rest) 3:4",
            "constructor p.Point|Point(int x) 4:4",
            "field p.Point|zero: int 5:15",
            "enum p|enum Color implements Q 7:5",
            "enum_constant p.Color|RED: Color 7:38",
            "method p.Color.RED|g(): int 7:56",
            "enum_constant p.Color|GREEN: Color 7:77",
            "constructor p.Color|Color(int... v) 7:86",
            "field p.Color|field: int 7:109",
            "annotation p|@interface Ann 8:11",
            "annotation_element p.Ann|value(): String 8:24",
            "annotation_element p.Ann|many(): int[] 8:52",
            "annotation_element p.Ann|c(): Class<?>[] 8:82",
            "field p.Ann|K: int 8:109",
            "class p|class Square 9:17",
        ]
    );
}

#[test]
fn local_and_anonymous_types_count() {
    let text = "\
class A {
    Runnable r = new Runnable() { public void run() { class L { int l; } } }, s;
    { new Thread(() -> { new B<X, Y>(1) { int inInitialiser; }; }) { }; }
    void m() {
        final class Local { void f() {} }
        record R(int a) { }
        enum E { P }
        interface I { }
        Object o = outer.new Inner(new Object() { int deep; }) { int shallow; };
        int[] array = new int[] { 1 };
        if (new Foo() == null) { int notAField; }
        Class<?> c = String.class;
        switch (record) { case 1 -> { } default -> record(2); }
    }
}
";
    let kinds_and_containers: Vec<String> =
        declared(text).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    assert_eq!(
        kinds_and_containers,
        [
            "class |class A",
            "field A|r: Runnable",
            "method A.r.<Runnable>|run(): void",
            "class A.r.<Runnable>.run|class L",
            "field A.r.<Runnable>.run.L|l: int",
            "field A|s: Runnable",
            "field A.<B>|inInitialiser: int",
            "method A|m(): void",
            "class A.m|class Local",
            "method A.m.Local|f(): void",
            "record A.m|record R(int a)",
            "record_component A.m.R|a: int",
            "enum A.m|enum E",
            "enum_constant A.m.E|P: E",
            "interface A.m|interface I",
            "field A.m.<Object>|deep: int",
            "field A.m.<Inner>|shallow: int",
        ]
    );
}

#[test]
fn commas_of_type_arguments_separate_no_declarators() {
    let text = "class A { Map<A, B> a = new HashMap<C, D>(), b = Foo.<E, F>bar(), c = x < y ? 1 : 2, \
                d = (G<H, I>) z, e = J<K, L>::new, f = o instanceof M<N, O>[] , g = p < q | r > s, h; }";
    assert_eq!(
        names(text),
        [
            "class A", "field a", "field b", "field c", "field d", "field e", "field f", "field g",
            "field h"
        ]
    );
}

#[test]
fn literals_and_comments_hide_what_is_in_them() {
    let text = r#"class A {
    char a = '{', b = '\'', c = '"', d = '\u007b', q = '\\';
    String e = "} \" {", f = "\\", g = "\u005c" {", h = """
        } class No { " \""" \
        """;
    /* } */ int /* , x */ i // ; }
        = 1 /**/ ;
    int j = 4 / 2; /**/ int k;
    /***/ void m(/* ) */ int a) { /* } */ char c = '}'; String s = "}"; // }
    }
    int last;
}"#;
    assert_eq!(
        names(text),
        [
            "class A",
            "field a",
            "field b",
            "field c",
            "field d",
            "field q",
            "field e",
            "field f",
            "field g",
            "field h",
            "field i",
            "field j",
            "field k",
            "method m",
            "field last"
        ]
    );
}

#[test]
fn unicode_escapes_stand_for_characters() {
    let text = r"class \u0041b\uuu0063 \u007b int x\u003b void \u00fc() {} }";
    assert_eq!(names(text), ["class Abc", "field x", "method ü"]);
}

#[test]
fn contextual_keywords_are_names_elsewhere() {
    let text = "class A { int record, module, sealed, permits, open, with; void yield() { yield(); } \
                record record() {} sealed sealed; non non; module open() { var record = 1; record = 2; } }";
    assert_eq!(
        names(text),
        [
            "class A",
            "field record",
            "field module",
            "field sealed",
            "field permits",
            "field open",
            "field with",
            "method yield",
            "record record",
            "field sealed",
            "field non",
            "method open"
        ]
    );
}

#[test]
fn annotations_of_all_shapes() {
    let text = "@A(x = {@B(\"(\"), @B(C.class)}, y = 1 + (2)) @interface D {}\n\
                class E<@F T extends @G(1) H> { @I(')') int @J [] @K [] a @L []; @M void n(@O(p = {}) int... q) {}\n\
                void receiver(@R E<T> this, int s) {} E(E E.this) {} java.util.@S List<@U ?> v; @W <X> @Y X z() {} }";
    let found: Vec<String> =
        declared(text).iter().map(|line| line.rsplit_once(' ').unwrap().0.to_owned()).collect();
    assert_eq!(
        found,
        [
            "annotation |@interface D",
            "class |class E<T extends H>",
            "field E|a: int[][][]",
            "method E|n(int... q): void",
            "method E|receiver(int s): void",
            "constructor E|E()",
            "field E|v: java.util.List<?>",
            "method E|<X> z(): X",
        ]
    );
}

#[test]
fn modules_and_bare_members() {
    assert_eq!(
        declared(
            "/** Doc. */ @Deprecated open module a.b.c { requires transitive d; exports e to f, g; uses class_; }"
        ),
        ["module |open module a.b.c 0:36"]
    );
    assert_eq!(
        declared("package p; void main() { } int x;"),
        ["method p|main(): void 0:16", "field p|x: int 0:31"]
    );
}

#[test]
fn columns_count_utf16_units_and_lines_end_three_ways() {
    let text = "\u{feff}class A {\r\n /* 𝄞é */ int a;\r int b;\n\n int ü, c; }";
    assert_eq!(
        declared(text),
        [
            "class |class A 0:7",
            "field A|a: int 1:15",
            "field A|b: int 2:5",
            "field A|ü: int 4:5",
            "field A|c: int 4:8"
        ]
    );
}

#[test]
fn modifiers_are_those_written() {
    let mut found = Vec::new();
    extract(
        "public sealed abstract class A permits B { protected static final int x = 1; int y; }",
        &mut |d| {
            found.push(d.modifiers);
        },
    );
    assert_eq!(
        found,
        [
            Modifiers::PUBLIC | Modifiers::SEALED | Modifiers::ABSTRACT,
            Modifiers::PROTECTED | Modifiers::STATIC | Modifiers::FINAL,
            Modifiers::NONE
        ]
    );
    assert_eq!(found[1].names().collect::<Vec<_>>(), ["protected", "static", "final"]);
}
