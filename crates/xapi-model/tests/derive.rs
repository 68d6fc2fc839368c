//! Declarations that must not compile, and what the derives say about them.

#[test]
fn a_wrong_declaration_is_refused_with_a_sentence() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
