//! Management that an operator has moved to another bridge on a slave that has lost its master
//! (`host.local_management_reconfigure`; API facts, 1.8): the NIC by which it was reached is dead, and the rows, by which
//! it could be moved, are its master's. The host is made so, and its next start without its master goes by it; the master
//! hears of it when the host is linked again, and makes the rows so before it looks at anything else. XAPI takes it from the
//! inventory then.

use std::io::ErrorKind;

use xapi_db::{Draft, Read};
use xapi_model::{Host, Pif, Ref, errors};
use xapi_net::topology::Name;

use super::role::Role;
use crate::alert::tell;
use crate::context::Core;
use crate::ops::host::make_management;
use crate::{Result, last_topology, topology};

/// The alert's name.
const ALERT: &str = "NETWORK_MANAGEMENT_MOVED";

/// Moves management of this host to a bridge, or to that over a NIC or bond of this name. BRIDGE_NOT_AVAILABLE [name],
/// INTERFACE_HAS_NO_IP [name].
pub(crate) fn locally(core: &Core, interface: &str) -> Result<()> {
    // A copy that was never taken has no row of this host.
    let _turn = core.turn(&core.localhost().unwrap_or_default())?;
    let old = last_topology::read(&core.config.last_topology()).map_err(errors::internal_error)?;
    let old = old.ok_or_else(|| errors::bridge_not_available(interface))?;
    let moved = last_topology::moved(&old, interface)?;
    let before = noted(core);
    // Before anything else: what was made and not noted would go back at the next arrival.
    note(core, moved.bridge.as_str())?;
    let made = last_topology::move_management(&core.config, &*core.agent, (&old, &moved));
    if let Err(why) = made {
        let undone = match &before {
            Some(before) => note(core, before),
            None => forget(core),
        };
        if let Err(also) = undone {
            tracing::error!("the master may be told that management was moved: {also}");
        }
        return Err(why);
    }
    tracing::warn!(
        "management was moved to {} on this host, which has no master",
        moved.bridge
    );
    core.set_management_enabled(true);
    // A line that was opened meanwhile may have told nothing of it.
    if let Ok(master) = core.pool.standing.master() {
        master.close("management has moved");
    }
    Ok(())
}

fn note(core: &Core, bridge: &str) -> Result<()> {
    let path = core.config.moved_management();
    xapi_conf::file::write(&path, bridge.as_bytes(), 0o644)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

/// The bridge that the master is to be told of.
pub(super) fn noted(core: &Core) -> Option<String> {
    let path = core.config.moved_management();
    match std::fs::read_to_string(&path) {
        Ok(bridge) => Some(bridge),
        Err(why) if why.kind() == ErrorKind::NotFound => None,
        Err(why) => {
            tracing::error!("{}: {why}", path.display());
            None
        }
    }
}

/// Whether the rows do not know yet where management is.
pub(crate) fn is_ahead(core: &Core) -> bool {
    core.pool.standing.role() != Role::Master && noted(core).is_some()
}

/// The rows of this host have changed: if they know where management is there is nothing to tell any more.
pub(super) fn followed(core: &Core, host: &Ref<Host>) {
    let Some(bridge) = noted(core) else {
        return;
    };
    let known = || -> Result<()> {
        let view = core.view()?;
        match topology::pif_of_bridge(&view, host, &bridge)? {
            Some(pif) if view.field(&pif, Pif::MANAGEMENT)? => forget(core),
            _ => Ok(()),
        }
    };
    if let Err(why) = known() {
        // It is told once more, and is so already.
        tracing::error!("that management was moved is not forgotten: {why}");
    }
}

/// The step of start-up of a host that decides now: its rows are its own to make.
pub(crate) fn at_start(core: &Core) -> Result<()> {
    let Some(bridge) = noted(core) else {
        return Ok(());
    };
    let host = core.localhost()?;
    core.store
        .change(|draft| take_over(core, draft, &host, &bridge))?;
    forget(core)
}

/// The network is about to be reset to something else.
pub(crate) fn overtaken(core: &Core) {
    if let Err(why) = forget(core) {
        tracing::error!("a management interface that was moved before is not forgotten: {why}");
    }
}

/// The master has heard of it.
pub(super) fn forget(core: &Core) -> Result<()> {
    let path = core.config.moved_management();
    xapi_conf::file::remove(&path)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

/// Makes the rows of a host so, at its master, and tells the operator. What the rows do not allow is told, too: the host is
/// then made as they say.
pub(super) fn take_over(core: &Core, draft: &Draft, host: &Ref<Host>, bridge: &str) -> Result<()> {
    let Ok(bridge) = Name::new(bridge) else {
        tracing::warn!("{host}: says that its management is on what is no bridge");
        return Ok(());
    };
    let Some(pif) = topology::pif_of_bridge(draft, host, bridge.as_str())? else {
        let body = format!(
            "management was moved to {bridge} on the host itself, which has no such bridge any more"
        );
        return tell(core, draft, host, ALERT, &body);
    };
    if draft.field(&pif, Pif::MANAGEMENT)? {
        return Ok(());
    }
    let body = match draft.attempt(|draft| make_management(draft, host, &pif)) {
        Ok(()) => {
            format!("management was moved to {bridge} on the host itself, without its master")
        }
        Err(why) => format!(
            "management was moved to {bridge} on the host itself, without its master, and goes back: {why}"
        ),
    };
    tell(core, draft, host, ALERT, &body)
}
