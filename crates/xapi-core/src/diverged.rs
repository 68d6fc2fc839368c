//! A host whose network is neither as before nor as asked: its record is marked, an alert is raised, and a line on the
//! console tells whoever stands at the machine, since nobody may reach it any other way.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use xapi_db::{Draft, Read};
use xapi_model::{Host, Ref};
use xapi_net::agent::ManagementAlone;

use crate::context::Core;
use crate::{Result, startup};

/// The key of `host.other_config` that is there while the host's network has diverged; its value says why.
pub const MARK: &str = "network-diverged";

/// The longest reason that is kept in the record.
const MOST_TEXT: usize = 1_000;

/// Marks a host, tells the operator, and writes a line on the console if the host was well until now.
pub(crate) fn mark(core: &Core, host: &Ref<Host>, why: &str) -> Result<()> {
    let kept: String = why.chars().take(MOST_TEXT).collect();
    let news = core.store.change(|draft| {
        let mut config = draft.field(host, Host::OTHER_CONFIG)?;
        let before = config.insert(MARK.to_owned(), kept.clone());
        draft.set(host, Host::OTHER_CONFIG, config)?;
        let body =
            format!("the network is neither as before nor as asked: {why}; it is tried again");
        startup::tell(core, draft, host, "NETWORK_DIVERGED", &body)?;
        Ok(before.is_none())
    })?;
    if news {
        let console = core.config.console();
        match write_line(&console, &console_line(why)) {
            Ok(()) => {}
            // The alert and the log have it too.
            Err(why) => tracing::warn!("{}: {why}", console.display()),
        }
    }
    Ok(())
}

/// Takes the mark away: the host is as its rows say, as far as it can be.
pub(crate) fn unmark(draft: &Draft, host: &Ref<Host>) -> Result<()> {
    let mut config = draft.field(host, Host::OTHER_CONFIG)?;
    if config.remove(MARK).is_some() {
        draft.set(host, Host::OTHER_CONFIG, config)?;
    }
    Ok(())
}

/// What is told of management that could not be had as it was.
pub(crate) fn alone_text(alone: &ManagementAlone) -> String {
    format!(
        "management is on {} alone, without bond and VLAN, on the bridge {}: {}",
        alone.nic, alone.bridge, alone.why
    )
}

fn console_line(why: &str) -> String {
    // What the kernel or Open vSwitch said is no reason to move somebody's cursor.
    let plain = why.chars().filter(|c| !c.is_control());
    let why: String = plain.take(MOST_TEXT).collect();
    format!(
        "\r\nxapi: the network of this host is neither as before nor as asked: {why}\r\n\
         xapi: it is tried again. If that does not help, log in here as root: `xe pif-list` shows what there is; \
         `xe bond-destroy`, `xe pif-reconfigure-ip` and `xe host-management-reconfigure` change it\r\n"
    )
}

/// A console that is not there is nobody's; one that takes nothing must not hold us up.
fn write_line(console: &Path, line: &str) -> std::io::Result<()> {
    let mut open = std::fs::OpenOptions::new();
    open.append(true).custom_flags(libc_flags());
    match open.open(console) {
        Ok(mut console) => console.write_all(line.as_bytes()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

fn libc_flags() -> i32 {
    (nix::fcntl::OFlag::O_NOCTTY | nix::fcntl::OFlag::O_NONBLOCK).bits()
}
