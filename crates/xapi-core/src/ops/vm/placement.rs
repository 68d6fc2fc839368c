//! Where a machine could run, as far as it is known here: the host, and its networks (API facts, 1.10).

use xapi_db::Read;
use xapi_model::vm::{AssertCanBootHere, GetPossibleHosts};
use xapi_model::{Host, HostMetrics, Network, Pif, Ref, Vif, Vm, VmPowerState, errors};

use super::settings;
use crate::Result;
use crate::context::Cx;
use crate::ops::network;

/// `VM.assert_can_boot_here`.
pub fn assert_can_boot_here(cx: &Cx<'_>, call: AssertCanBootHere) -> Result<()> {
    can_boot(&cx.core.view()?, &call.this, &call.host)
}

/// `VM.get_possible_hosts`.
pub fn get_possible_hosts(cx: &Cx<'_>, call: GetPossibleHosts) -> Result<Vec<Ref<Host>>> {
    possible_hosts(&cx.core.view()?, &call.vm)
}

/// The hosts that a machine could start on; the one that it is about to start on, if that is settled.
pub fn possible_hosts(rows: &impl Read, vm: &Ref<Vm>) -> Result<Vec<Ref<Host>>> {
    let settled = rows.field(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON)?;
    if rows.exists(&settled)? {
        return Ok(vec![settled]);
    }
    let mut possible = Vec::new();
    for (host, _) in rows.all::<Host>()? {
        if can_boot(rows, vm, &host).is_ok() {
            possible.push(host);
        }
    }
    Ok(possible)
}

/// Whether a machine could start on a host; the first reason why not.
pub fn can_boot(rows: &impl Read, vm: &Ref<Vm>, host: &Ref<Host>) -> Result<()> {
    let row = rows.get(vm)?;
    let there = rows.get(host)?;
    settings::check_sizes(&row)?;
    let live = rows.exists(&there.metrics)? && rows.field(&there.metrics, HostMetrics::LIVE)?;
    if !live {
        return Err(errors::host_not_live());
    }
    if !there.enabled {
        return Err(errors::host_disabled(host));
    }
    sees_networks(rows, vm, &row, host)
}

/// Whether a host has all the networks of a machine, and none of them through a bond's member.
fn sees_networks(rows: &impl Read, vm: &Ref<Vm>, row: &Vm, host: &Ref<Host>) -> Result<()> {
    let mut networks = Vec::new();
    for vif in row.vifs.iter() {
        networks.push(rows.field(vif, Vif::NETWORK)?);
    }
    for network in &networks {
        if !is_visible(rows, network, host)? {
            return Err(errors::vm_requires_network(vm, network));
        }
    }
    for network in &networks {
        if let Some(pif) = network::pif_on(rows, network, host)?
            && !rows.field(&pif, Pif::BOND_SLAVE_OF)?.is_null()
        {
            return Err(errors::host_cannot_attach_network(host, network));
        }
    }
    Ok(())
}

/// Whether a host has a network: through a PIF; if it has none anywhere, unless a machine on another host is on it.
pub fn is_visible(rows: &impl Read, this: &Ref<Network>, host: &Ref<Host>) -> Result<bool> {
    let network = rows.get(this)?;
    if !network.pifs.is_empty() {
        return Ok(network::pif_on(rows, this, host)?.is_some());
    }
    let shared = network.other_config.get("assume_network_is_shared");
    if shared.is_some_and(|value| value == "true") || !network.managed {
        return Ok(true);
    }
    let mut elsewhere = false;
    for vif in network.vifs.iter() {
        // Fields alone: a network may have a thousand of them.
        if !rows.field(vif, Vif::CURRENTLY_ATTACHED)? {
            continue;
        }
        let machine = rows.field(vif, Vif::VM)?;
        if rows.field(&machine, Vm::POWER_STATE)? != VmPowerState::Running {
            continue;
        }
        if rows.field(&machine, Vm::RESIDENT_ON)? == *host {
            return Ok(true);
        }
        elsewhere = true;
    }
    Ok(!elsewhere)
}
