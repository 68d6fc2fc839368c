//! The program, as it was built, against a server with a fixed world: where it finds its options and its server, how it
//! ends, and what bash completes.

mod completion;
#[path = "../../../../crates/xapi-cli/tests/golden/fake.rs"]
#[expect(
    dead_code,
    reason = "the tests of the commands use all of it, these only the world"
)]
mod fake;
mod options;
mod stand;
mod terminal;
mod tls;
mod user;
