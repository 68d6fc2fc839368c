//! Lines on the machine's console, for whoever stands at it when nobody reaches the host any other way.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::Config;

/// The longest text that is written.
const MOST_TEXT: usize = 1_000;

/// Writes lines on the console, of texts that are [`plain`]. The log has them too, so a console that takes nothing is no
/// failure.
pub(crate) fn tell(config: &Config, text: &str) {
    let console = config.console();
    if let Err(why) = write(&console, &format!("\r\nxapi: {text}\r\n")) {
        tracing::warn!("{}: {why}", console.display());
    }
}

/// A text as it may be shown: what the kernel, Open vSwitch or a file said is no reason to move somebody's cursor.
pub(crate) fn plain(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(MOST_TEXT).collect()
}

/// A console that is not there is nobody's; one that takes nothing must not hold us up.
fn write(console: &Path, line: &str) -> std::io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    open.append(true)
        .custom_flags((nix::fcntl::OFlag::O_NOCTTY | nix::fcntl::OFlag::O_NONBLOCK).bits());
    match open.open(console) {
        Ok(mut console) => console.write_all(line.as_bytes()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}
