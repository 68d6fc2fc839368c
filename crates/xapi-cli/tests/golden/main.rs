//! The output of `xe`, to the byte, over a server in memory. People's scripts cut these lines with `awk`; what the
//! expected texts show is what XAPI's own `xe` prints.

mod any_words;
mod calls;
mod events;
mod failures;
mod fake;
mod help;
mod host_network;
mod hosts;
mod json;
mod lists;
mod params;
mod progress;
mod records;
mod vms;

use fake::{Fake, world};

/// A command line on the world of [`world`] succeeds and prints this.
fn check(line: &str, expected: &str) {
    prints(&mut world(), line, expected);
}

/// A command line succeeds, prints this, and says nothing on standard error.
fn prints(fake: &mut Fake, line: &str, expected: &str) {
    let got = fake.xe(line);
    assert_eq!(got.out, expected, "{line}\n{}", got.err);
    assert_eq!((got.err.as_str(), got.status), ("", 0), "{line}");
}

/// A command line fails with this on standard error and nothing on standard output.
fn fails(fake: &mut Fake, line: &str, expected: &str) {
    let got = fake.xe(line);
    assert_eq!(got.err, expected, "{line}\n{}", got.out);
    assert_eq!((got.out.as_str(), got.status), ("", 1), "{line}");
}
