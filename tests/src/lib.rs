//! What the tests of the whole share: a daemon in this process on a simulated host, and where the programs are.

use std::io;
use std::path::PathBuf;

pub mod server;
pub mod sim_host;

pub use sim_host::SimHost;

/// The directory of the programs that were built with this test.
pub fn programs() -> io::Result<PathBuf> {
    let test = std::env::current_exe()?;
    let deps = test.parent().unwrap_or(&test);
    let profile = deps.parent().unwrap_or(deps);
    let lab = profile.join("xapi-lab");
    if lab.exists() {
        return Ok(profile.to_owned());
    }
    Err(io::Error::new(
        io::ErrorKind::NotFound,
        format!("{} is missing: build the programs first", lab.display()),
    ))
}
