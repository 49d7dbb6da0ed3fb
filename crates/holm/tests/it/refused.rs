//! What does not compile, and what it says.

#[test]
fn wrong_actors_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
