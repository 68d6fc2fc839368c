//! A host whose network is neither as before nor as asked: its record is marked, an alert is raised, and a line on the
//! console tells whoever stands at the machine, since nobody may reach it any other way.

use xapi_db::{Draft, Read};
use xapi_model::{Host, Ref};
use xapi_net::agent::ManagementAlone;

use crate::context::Core;
use crate::{Result, alert, console};

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
        alert::tell(core, draft, host, "NETWORK_DIVERGED", &body)?;
        Ok(before.is_none())
    })?;
    if news {
        console::tell(&core.config, &console_line(why));
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
    let why = console::plain(why);
    format!(
        "the network of this host is neither as before nor as asked: {why}\r\n\
         xapi: it is tried again. If that does not help, log in here as root: `xe pif-list` shows what there is; \
         `xe bond-destroy`, `xe pif-reconfigure-ip` and `xe host-management-reconfigure` change it"
    )
}
