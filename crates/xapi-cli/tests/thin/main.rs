//! The server's side of the thin-CLI protocol: its bytes, an independent client, and clients that do not behave.

mod bytes;
#[path = "../golden/fake.rs"]
#[expect(
    dead_code,
    reason = "the tests of the commands use all of it, these only the world"
)]
mod fake;
mod independent;
mod misbehaving;
mod stand;
