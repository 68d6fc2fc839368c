//! Plugging PIFs and taking them down, with what they stand on and what stands on them (API facts, 1.2.2).

use xapi_db::{Draft, Read};
use xapi_model::pif::{Plug, Unplug};
use xapi_model::{Network, Pif, Ref, Tunnel, Vif, Vlan, Vm, VmPowerState, errors};

use crate::context::Cx;
use crate::ops::pif::{Kind, change, kind_of, no_fcoe_in_use, refuse_ha};
use crate::repair::follow_primary_mac;
use crate::topology::{has_ip, mtu_of, wished_mtu};
use crate::{Config, Result};

/// Marks a PIF as attached; the change that follows makes it so.
pub fn attach(draft: &Draft, pif: &Ref<Pif>) -> Result<()> {
    draft.set(pif, Pif::LEFT_OUT, false)?;
    draft.set(pif, Pif::CURRENTLY_ATTACHED, true)
}

/// `PIF.plug`.
pub fn plug(cx: &Cx<'_>, call: Plug) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| plug_in(draft, this, &pif))
}

/// Plugs a PIF and what it needs, or says what keeps it from it.
pub fn plug_in(draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if !pif.managed {
        return Err(errors::pif_unmanaged(this));
    }
    match kind_of(pif) {
        Kind::TunnelAccess => {
            for tunnel in pif.tunnel_access_pif_of.iter() {
                let transport = draft.field(tunnel, Tunnel::TRANSPORT_PIF)?;
                let row = draft.get(&transport)?;
                if !has_ip(&row) {
                    return Err(errors::transport_pif_not_configured(transport));
                }
                // A PIF that carries a tunnel is none itself, so this goes one step down.
                if kind_of(&row) != Kind::TunnelAccess {
                    plug_in(draft, &transport, &row)?;
                }
            }
        }
        Kind::SriovLogical => return Err(errors::not_implemented("PIF.plug of SR-IOV")),
        Kind::Vlan => {
            carried(draft, this, pif)?;
            fits(draft, this, pif)?;
        }
        Kind::Physical | Kind::BondMaster => {
            carried(draft, this, pif)?;
            follow_primary_mac(draft, this, pif)?;
        }
    }
    attach(draft, this)
}

/// CANNOT_PLUG_BOND_SLAVE, if a PIF or the one under it is a bond's member: it would take the member from its bond.
pub fn carried(rows: &impl Read, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if !pif.bond_slave_of.is_null() {
        return Err(errors::cannot_plug_bond_slave(this));
    }
    let below = match kind_of(pif) {
        Kind::Vlan => Some(rows.field(&pif.vlan_master_of, Vlan::TAGGED_PIF)?),
        Kind::TunnelAccess => match pif.tunnel_access_pif_of.first() {
            Some(tunnel) => Some(rows.field(tunnel, Tunnel::TRANSPORT_PIF)?),
            None => None,
        },
        _ => None,
    };
    match below {
        Some(below) if !rows.field(&below, Pif::BOND_SLAVE_OF)?.is_null() => {
            Err(errors::cannot_plug_bond_slave(below))
        }
        _ => Ok(()),
    }
}

/// PIF_CONFIGURATION_ERROR [PIF, text], if the MTU asked for a VLAN is larger than that of the PIF below: larger packets
/// would be lost without a word.
pub fn fits(rows: &impl Read, about: &Ref<Pif>, pif: &Pif) -> Result<()> {
    let wished = wished_mtu(pif, &rows.stored(&pif.network)?);
    let room = mtu_of(rows, pif)?;
    if wished <= room {
        return Ok(());
    }
    let bridge = rows.field(&pif.network, Network::BRIDGE)?;
    Err(errors::pif_configuration_error(
        about,
        format!(
            "the MTU of {bridge} is {wished}, and that of {} below is {room}",
            pif.device
        ),
    ))
}

/// `PIF.unplug`.
pub fn unplug(cx: &Cx<'_>, call: Unplug) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| {
        pull_out(&cx.core.config, draft, this, &pif)
    })
}

/// Unplugs a PIF, and the tunnels whose packets it carries; VLANs on it stay, as in XAPI. Or says what forbids it.
pub fn pull_out(config: &Config, draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if !pif.managed {
        return Err(errors::pif_unmanaged(this));
    }
    if pif.currently_attached {
        refuse_ha(draft)?;
    }
    if pif.management {
        return Err(errors::pif_is_management_interface(this));
    }
    unused(draft, pif)?;
    if pif.disallow_unplug {
        return Err(errors::pif_does_not_allow_unplug(this));
    }
    no_fcoe_in_use(config, draft, this, pif)?;
    for tunnel in pif.tunnel_transport_pif_of.iter() {
        let access = draft.field(tunnel, Tunnel::ACCESS_PIF)?;
        if access != *this {
            pull_out(config, draft, &access, &draft.get(&access)?)?;
        }
    }
    draft.set(this, Pif::LEFT_OUT, false)?;
    draft.set(this, Pif::CURRENTLY_ATTACHED, false)
}

/// VIF_IN_USE [network, VIF], if a machine on the PIF's host uses its network.
pub(crate) fn unused(draft: &Draft, pif: &Pif) -> Result<()> {
    for vif in draft.field(&pif.network, Network::VIFS)?.iter() {
        let row = draft.get::<Vif>(vif)?;
        let machine = draft.get::<Vm>(&row.vm)?;
        let here =
            machine.resident_on == pif.host || machine.scheduled_to_be_resident_on == pif.host;
        let attaching = row
            .current_operations
            .values()
            .any(|op| *op == xapi_model::VifOperations::Attach);
        let running = matches!(
            machine.power_state,
            VmPowerState::Running | VmPowerState::Paused
        );
        if here && attaching || row.currently_attached && machine.resident_on == pif.host && running
        {
            return Err(errors::vif_in_use(&pif.network, vif));
        }
    }
    Ok(())
}
