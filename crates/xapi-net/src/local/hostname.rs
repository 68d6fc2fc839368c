//! The name of this host: the kernel's, and the one in /etc/hostname that the next boot takes.

use std::path::Path;

use nix::unistd::{gethostname, sethostname};

use crate::agent::{Cause, NetError, Part};
use crate::kernel::resolver::write_at_once;

/// The file that the machine's boot takes the name from, under the root.
const FILE: &str = "etc/hostname";

/// The kernel's name of the host.
pub(super) fn now() -> Result<String, NetError> {
    let name = gethostname().map_err(|why| failed("asking for the host's name", why))?;
    Ok(name.to_string_lossy().into_owned())
}

/// Gives the host a name: the file first, since that is what more often fails, then the kernel.
pub(super) fn set(root: &Path, name: &str) -> Result<(), NetError> {
    let path = root.join(FILE);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => None,
        Err(why) => return Err(failed("reading /etc/hostname", why)),
    };
    write_at_once(&path, &format!("{name}\n"))
        .map_err(|why| failed("writing /etc/hostname", why))?;
    let Err(refused) = sethostname(name) else {
        return Ok(());
    };
    let back = match before {
        Some(text) => write_at_once(&path, &text),
        None => std::fs::remove_file(&path),
    };
    if let Err(why) = back {
        tracing::error!("/etc/hostname has the new name, which the kernel refused: {why}");
    }
    Err(failed("setting the host's name", refused))
}

fn failed(what: &str, why: impl std::fmt::Display) -> NetError {
    NetError::before(Part::Host, Cause::Refused, format!("{what}: {why}"))
}
