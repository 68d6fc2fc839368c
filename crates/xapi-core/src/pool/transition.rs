//! Who is the master: the calls by which a host that has lost its master is told what to do, or by which the pool gets
//! another one.

use std::net::{IpAddr, ToSocketAddrs};

use xapi_conf::pool_conf::PoolRole;
use xapi_db::Read;
use xapi_model::host::IsInEmergencyMode;
use xapi_model::pool::{
    EmergencyResetMaster, EmergencyTransitionToMaster, InitialAuth, IsSlave, SyncDatabase,
};
use xapi_model::{Pool, errors};

use super::role::Role;
use crate::Result;
use crate::context::{Core, Cx, db_error};

/// `pool.is_slave`: whether this host is one; what it is asked about does not matter.
pub fn is_slave(cx: &Cx<'_>, _: IsSlave) -> Result<bool> {
    Ok(matches!(cx.core.pool.standing.role(), Role::Slave(_)))
}

/// `host.is_in_emergency_mode`.
pub fn is_in_emergency_mode(cx: &Cx<'_>, _: IsInEmergencyMode) -> Result<bool> {
    let standing = &cx.core.pool.standing;
    Ok(match standing.role() {
        Role::Master => false,
        Role::Slave(_) => standing.master().is_err(),
        Role::Broken => true,
    })
}

/// `pool.emergency_transition_to_master`: this host decides from now on. Nothing happens on one that does already.
pub fn emergency_transition_to_master(cx: &Cx<'_>, _: EmergencyTransitionToMaster) -> Result<()> {
    refuse_ha(cx.core)?;
    if cx.core.pool.standing.role() == Role::Master {
        return Ok(());
    }
    if cx.core.localhost().is_err() {
        // Its database would be another pool's.
        return Err(errors::host_still_booting());
    }
    become_role(cx.core, &PoolRole::Master)
}

/// `pool.emergency_reset_master`: this host obeys the one with this address. Nothing happens if it does already.
pub fn emergency_reset_master(cx: &Cx<'_>, call: EmergencyResetMaster) -> Result<()> {
    refuse_ha(cx.core)?;
    let address = resolved(&call.master_address)?;
    if cx.core.pool.standing.master_address().as_deref() == Some(address.as_str()) {
        return Ok(());
    }
    if own_addresses(cx.core)?.contains(&address) {
        return Err(errors::host_its_own_slave());
    }
    become_role(cx.core, &PoolRole::Slave(address))
}

/// `pool.sync_database`: every slave that is linked has what is committed now when this returns; CANNOT_CONTACT_HOST
/// [host] names one that has not.
pub fn sync_database(cx: &Cx<'_>, _: SyncDatabase) -> Result<()> {
    let position = cx.core.store.copy().map_err(db_error)?.position();
    for (host, remote) in cx.core.pool.everybody() {
        if remote.is_linked() {
            remote.reach(position).map_err(|why| {
                tracing::warn!("{host} is behind: {why}");
                errors::cannot_contact_host(&host)
            })?;
        }
    }
    Ok(())
}

/// `pool.initial_auth`: the pool's secret, for a host that is about to join.
pub fn initial_auth(cx: &Cx<'_>, _: InitialAuth) -> Result<String> {
    let secret = super::secret::find_or_make(&cx.core.config)?;
    Ok(secret.expose().to_owned())
}

fn refuse_ha(core: &Core) -> Result<()> {
    let pools = core.view()?.all::<Pool>()?;
    match pools.iter().any(|(_, pool)| pool.ha_enabled) {
        true => Err(errors::ha_is_enabled()),
        false => Ok(()),
    }
}

/// Writes what this host is, and has the daemon begin anew as that.
pub(crate) fn become_role(core: &Core, role: &PoolRole) -> Result<()> {
    let path = core.config.pool_conf();
    role.write(&path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    tracing::warn!("from now on: {role}");
    core.restart();
    Ok(())
}

/// An address as pool.conf has it; a name is looked up. INVALID_VALUE [master_address, text] for anything else.
pub(super) fn resolved(given: &str) -> Result<String> {
    let given = given.trim();
    if let Ok(address) = given.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let bad = || errors::invalid_value("master_address", given);
    if given.is_empty() || given.len() > 253 {
        return Err(bad());
    }
    let mut found = (given, 443).to_socket_addrs().map_err(|why| {
        tracing::info!("{given}: {why}");
        bad()
    })?;
    found
        .next()
        .map(|address| address.ip().to_string())
        .ok_or_else(bad)
}

/// The addresses of this host, as far as its network tells.
pub(super) fn own_addresses(core: &Core) -> Result<Vec<String>> {
    let facts = core.agent.facts().map_err(errors::internal_error)?;
    let inets = facts
        .bridges
        .values()
        .flat_map(|bridge| bridge.addresses.iter());
    let mut all: Vec<_> = inets.map(|inet| inet.address().to_string()).collect();
    all.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    Ok(all)
}
