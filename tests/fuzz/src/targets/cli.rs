//! Words of `xe`, between line ends.

#[allow(dead_code, reason = "the tests of the command line use the rest")]
#[path = "../../../../crates/xapi-cli/tests/golden/fake.rs"]
mod fake;

pub(super) fn xe(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let words: Vec<&str> = text.split(['\n', ' ']).collect();
    let got = fake::world().words(&words);
    assert!(got.status == 0 || got.status == 1, "{}", got.status);
}
