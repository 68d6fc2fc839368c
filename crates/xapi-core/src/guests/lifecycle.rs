//! What the rows say of a machine that comes and goes: its domain, its host, its ports, what its guest tells. Each is an
//! edit of a draft, so that a topology follows from it.

use xapi_db::{Draft, Read};
use xapi_guest::{Domain, Found, State};
use xapi_model::Class as _;
use xapi_model::{
    DateTime, DomainType, Host, Network, Pif, Ref, TristateType, Vif, VifOperations, Vlan, Vm,
    VmGuestMetrics, VmMetrics, VmOperations, VmPowerState, errors,
};

use super::{about, domain_of, nic_of, unwanted};
use crate::Result;
use crate::context::Core;
use crate::ops::network;
use crate::ops::pif::{Kind, kind_of};
use crate::ops::plug::plug_in;
use crate::ops::vm::operations;

/// Notes that an operation goes on, so that no other begins. `of_vifs` is what happens to the NICs meanwhile.
pub(crate) fn mark(
    draft: &Draft,
    vm: &Ref<Vm>,
    key: &str,
    operation: VmOperations,
    of_vifs: Option<VifOperations>,
) -> Result<()> {
    operations::assert(draft, vm, operation)?;
    // Two that begin at once would not meet in the map: each has a key of its own.
    draft.rely(vm)?;
    let row = draft.get(vm)?;
    for vif in row.vifs.iter() {
        let Some(operation) = of_vifs else { break };
        let mut running = draft.field(vif, Vif::CURRENT_OPERATIONS)?;
        if !running.is_empty() {
            return Err(errors::operation_not_allowed("Failed to lock all VIFs"));
        }
        running.insert(key.to_owned(), operation);
        draft.set(vif, Vif::CURRENT_OPERATIONS, running)?;
    }
    let mut running = row.current_operations;
    running.insert(key.to_owned(), operation);
    draft.set(vm, Vm::CURRENT_OPERATIONS, running)?;
    operations::refresh(draft, vm)
}

/// Notes that an operation has ended, and what may be asked now.
pub(crate) fn unmark(draft: &Draft, vm: &Ref<Vm>, key: &str) -> Result<()> {
    if !draft.exists(vm)? {
        return Ok(());
    }
    let row = draft.get(vm)?;
    for vif in row.vifs.iter() {
        unmark_vif(draft, vif, key)?;
    }
    let mut running = row.current_operations;
    if running.remove(key).is_some() {
        draft.set(vm, Vm::CURRENT_OPERATIONS, running)?;
    }
    operations::refresh(draft, vm)
}

/// The same for one NIC alone; what may be asked is for the caller to write.
pub(crate) fn unmark_vif(draft: &Draft, vif: &Ref<Vif>, key: &str) -> Result<()> {
    let mut running = draft.field(vif, Vif::CURRENT_OPERATIONS)?;
    if running.remove(key).is_some() {
        draft.set(vif, Vif::CURRENT_OPERATIONS, running)?;
    }
    Ok(())
}

/// Has a host's network there for a guest: its PIF is plugged. BRIDGE_NOT_AVAILABLE [bridge] where the network is not ours
/// to bring up, CANNOT_PLUG_BOND_SLAVE [PIF] where a bond has taken its place.
pub(crate) fn attach_network(draft: &Draft, host: &Ref<Host>, this: &Ref<Network>) -> Result<()> {
    // Its default locking mode decides what passes.
    draft.rely(this)?;
    let bond_slave = bond_slave_under(draft, host, this)?;
    if let Some(slave) = bond_slave {
        return Err(errors::cannot_plug_bond_slave(slave));
    }
    let pif = network::pif_on(draft, this, host)?;
    let managed = match &pif {
        Some(pif) => draft.field(pif, Pif::MANAGED)?,
        None => true,
    };
    if !managed || !draft.field(this, Network::MANAGED)? {
        return Err(errors::bridge_not_available(
            draft.field(this, Network::BRIDGE)?,
        ));
    }
    match pif {
        Some(pif) if !draft.field(&pif, Pif::CURRENTLY_ATTACHED)? => {
            plug_in(draft, &pif, &draft.get(&pif)?)
        }
        _ => Ok(()),
    }
}

/// The bond's member that a network would be brought up through on a host.
pub(crate) fn bond_slave_under(
    rows: &impl Read,
    host: &Ref<Host>,
    network: &Ref<Network>,
) -> Result<Option<Ref<Pif>>> {
    let Some(pif) = network::pif_on(rows, network, host)? else {
        return Ok(None);
    };
    let row = rows.get(&pif)?;
    if !row.bond_slave_of.is_null() {
        return Ok(Some(pif));
    }
    if kind_of(&row) != Kind::Vlan {
        return Ok(None);
    }
    let tagged = rows.field(&row.vlan_master_of, Vlan::TAGGED_PIF)?;
    let member = !rows.field(&tagged, Pif::BOND_SLAVE_OF)?.is_null();
    Ok(member.then_some(tagged))
}

/// A machine is there: on a host, with a domain and these NICs plugged.
pub(crate) fn appear(
    core: &Core,
    draft: &Draft,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    domain: Domain,
    state: VmPowerState,
    plugged: &[Ref<Vif>],
) -> Result<()> {
    draft.rely(vm)?;
    for vif in plugged {
        let row = draft.get(vif)?;
        draft.rely(vif)?;
        attach_network(draft, host, &row.network)?;
        draft.set(vif, Vif::CURRENTLY_ATTACHED, true)?;
        let mtu = nic_of(draft, host, &row)?.mtu;
        draft.set(vif, Vif::MTU, i64::from(mtu))?;
    }
    draft.set(vm, Vm::DOMID, i64::from(domain))?;
    draft.set(vm, Vm::RESIDENT_ON, host.clone())?;
    draft.set(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, Ref::null())?;
    draft.set(vm, Vm::MEMORY_ON, Ref::null())?;
    draft.set(vm, Vm::POWER_STATE, state)?;
    measured(core, draft, vm)?;
    operations::refresh(draft, vm)
}

/// What is measured of a machine when it comes to be there.
fn measured(core: &Core, draft: &Draft, vm: &Ref<Vm>) -> Result<()> {
    let row = draft.get(vm)?;
    let metrics = if draft.exists(&row.metrics)? {
        row.metrics.clone()
    } else {
        let made = draft.insert(VmMetrics::blank())?;
        draft.set(vm, Vm::METRICS, made.clone())?;
        made
    };
    let domain_type = operations::domain_type_of(&row);
    let now = core.now();
    let installed = draft.field(&metrics, VmMetrics::INSTALL_TIME)?;
    if installed.unix() <= DateTime::epoch().unix() {
        draft.set(&metrics, VmMetrics::INSTALL_TIME, now.clone())?;
    }
    draft.set(&metrics, VmMetrics::START_TIME, now.clone())?;
    draft.set(&metrics, VmMetrics::LAST_UPDATED, now)?;
    draft.set(&metrics, VmMetrics::CURRENT_DOMAIN_TYPE, domain_type)?;
    draft.set(&metrics, VmMetrics::HVM, domain_type == DomainType::Hvm)?;
    draft.set(&metrics, VmMetrics::VCPUS_NUMBER, row.vcpus_at_startup)?;
    draft.set(&metrics, VmMetrics::MEMORY_ACTUAL, row.memory_static_max)
}

/// What is so of a guest that is there: whether it runs, and whether its drivers were seen.
pub(crate) fn observed(core: &Core, draft: &Draft, vm: &Ref<Vm>, found: &Found) -> Result<()> {
    let state = match found.state {
        State::Running => VmPowerState::Running,
        State::Paused => VmPowerState::Paused,
    };
    draft.set(vm, Vm::POWER_STATE, state)?;
    if found.pv_drivers {
        drivers_seen(core, draft, vm)?;
    }
    operations::refresh(draft, vm)
}

/// A guest's drivers are up: NICs can come and go.
pub(crate) fn drivers_seen(core: &Core, draft: &Draft, vm: &Ref<Vm>) -> Result<()> {
    let known = draft.field(vm, Vm::GUEST_METRICS)?;
    let known = if draft.exists(&known)? {
        known
    } else {
        let made = draft.insert(VmGuestMetrics {
            last_updated: core.now(),
            ..VmGuestMetrics::blank()
        })?;
        draft.set(vm, Vm::GUEST_METRICS, made.clone())?;
        made
    };
    draft.set(&known, VmGuestMetrics::PV_DRIVERS_DETECTED, true)?;
    draft.set(&known, VmGuestMetrics::PV_DRIVERS_UP_TO_DATE, true)?;
    draft.set(&known, VmGuestMetrics::LIVE, true)?;
    draft.set(
        &known,
        VmGuestMetrics::CAN_USE_HOTPLUG_VIF,
        TristateType::Yes,
    )
}

/// A machine is gone from its host: off, or its memory kept.
pub(crate) fn depart(
    draft: &Draft,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    to: VmPowerState,
) -> Result<()> {
    let row = draft.get(vm)?;
    draft.rely(vm)?;
    draft.set(vm, Vm::POWER_STATE, to)?;
    draft.set(vm, Vm::DOMID, -1)?;
    draft.set(vm, Vm::RESIDENT_ON, Ref::null())?;
    draft.set(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, Ref::null())?;
    let memory = match to {
        VmPowerState::Suspended => host.clone(),
        _ => Ref::null(),
    };
    match to {
        VmPowerState::Suspended => unwanted::settled(draft, host, &row.uuid)?,
        _ if row.power_state == VmPowerState::Suspended => {
            unwanted::note(draft, row.memory_on.some().unwrap_or(host), &row.uuid)?;
        }
        _ => {}
    }
    draft.set(vm, Vm::MEMORY_ON, memory)?;
    if to == VmPowerState::Halted {
        for vif in row.vifs.iter() {
            draft.set(vif, Vif::CURRENTLY_ATTACHED, false)?;
            draft.set(vif, Vif::RESERVED, false)?;
        }
        another_guest(draft, vm)?;
    }
    operations::refresh(draft, vm)
}

/// What was seen of a machine's guest says nothing of the next one.
pub(crate) fn another_guest(draft: &Draft, vm: &Ref<Vm>) -> Result<()> {
    let seen = draft.field(vm, Vm::GUEST_METRICS)?;
    draft.set(vm, Vm::GUEST_METRICS, Ref::null())?;
    if draft.exists(&seen)? {
        draft.destroy(&seen)?;
    }
    Ok(())
}

/// Whether a call was answered so because it has lost the host in the middle.
pub(crate) fn is_lost(why: &xapi_model::ApiError) -> bool {
    matches!(why.code.as_str(), "CANNOT_CONTACT_HOST" | "HOST_OFFLINE")
}

/// What a client is told who has lost a host in the middle of an operation: CANNOT_CONTACT_HOST [host].
pub(crate) fn lost(
    core: &Core,
    host: &Ref<Host>,
    why: xapi_model::ApiError,
) -> xapi_model::ApiError {
    match is_lost(&why) && !core.is_here(host) {
        true => errors::cannot_contact_host(host),
        false => why,
    }
}

impl Core {
    /// A domain of a host has ended: its machine's rows and the host's ports follow. If the host's network does not, the rows follow
    /// alone, since the guest is gone in any case. Nothing happens if the machine has another domain by now.
    pub(crate) fn departed(
        &self,
        host: &Ref<Host>,
        vm: &Ref<Vm>,
        domain: Option<Domain>,
        to: VmPowerState,
        key: &str,
    ) -> Result<()> {
        let view = self.view()?;
        if !view.exists(vm)? {
            return Ok(());
        }
        let about = about(&view, host, vm)?;
        drop(view);
        let edit = |draft: &Draft| {
            if draft.exists(vm)? && domain_of(&draft.get(vm)?) == domain {
                depart(draft, vm, host, to)?;
            }
            unmark(draft, vm, key)
        };
        let Err(why) = self.change(host, &about, edit) else {
            return Ok(());
        };
        tracing::error!("{vm} is gone, and its ports are not: {why}");
        self.store.change(edit)
    }
}
