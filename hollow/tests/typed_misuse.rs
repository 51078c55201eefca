//! What does not compile says why, where, and what to do.

#[test]
fn misuse_of_the_derive_is_told() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
