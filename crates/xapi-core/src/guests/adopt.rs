//! What start-up makes of guests: those that run are taken over, those that are gone are shown so, and what a call had
//! begun when the daemon died is ended.

use std::collections::BTreeSet;

use xapi_db::{Draft, Read};
use xapi_guest::{Found, State};
use xapi_model::{Host, Ref, Vif, Vm, VmOperations, VmPowerState};

use super::{domain_of, lifecycle, nic_of};
use crate::Result;
use crate::context::Core;
use crate::ops::vif::number_of;
use crate::ops::vm::operations;

/// Rows and guests agree afterwards; the ports follow when the network is brought up.
pub(crate) fn guests(core: &Core) -> Result<()> {
    let host = core.localhost()?;
    let view = core.view()?;
    let machines = view.all::<Vm>()?;
    drop(view);
    // Who cannot see the guests must not judge them: they may run, and be seen again by the next start.
    let Ok(guests) = core.guests() else {
        return nothing_goes_on(core);
    };
    let found = guests.found();
    let suspended: Option<BTreeSet<String>> = match guests.suspended() {
        Ok(suspended) => Some(suspended.into_iter().collect()),
        // Whoever is taken for switched off is started anew, and what he kept is lost.
        Err(why) => {
            tracing::error!("machines that are no guests here are left as they are shown: {why}");
            None
        }
    };
    for (vm, row) in machines {
        if row.is_control_domain {
            continue;
        }
        let guest = found.iter().find(|guest| guest.uuid == row.uuid);
        let outcome = match (guest, &suspended) {
            (Some(guest), _) => take_over(core, &host, &vm, &row, guest),
            (None, Some(kept)) => is_gone(core, &host, &vm, &row, kept.contains(&row.uuid)),
            (None, None) => Ok(()),
        };
        // One bad machine does not keep the others from being taken over.
        if let Err(why) = outcome {
            tracing::error!("{vm}: its guest was not taken over: {why}");
        }
    }
    // The marks of calls that are no more say which machines had not finished to start; until here they are needed.
    nothing_goes_on(core)
}

/// Operations of calls that are no more.
fn nothing_goes_on(core: &Core) -> Result<()> {
    core.store.change(|draft| {
        for (vm, row) in draft.all::<Vm>()? {
            let mut stale = !row.current_operations.is_empty();
            for vif in row.vifs.iter() {
                stale |= !draft.field(vif, Vif::CURRENT_OPERATIONS)?.is_empty();
                draft.set(vif, Vif::CURRENT_OPERATIONS, Default::default())?;
            }
            if stale {
                draft.set(&vm, Vm::CURRENT_OPERATIONS, Default::default())?;
                draft.set(&vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, Ref::null())?;
                operations::refresh(draft, &vm)?;
            }
        }
        Ok(())
    })
}

fn take_over(core: &Core, host: &Ref<Host>, vm: &Ref<Vm>, row: &Vm, guest: &Found) -> Result<()> {
    let here = row.resident_on == *host;
    let starting = |op: &VmOperations| matches!(op, VmOperations::Start | VmOperations::StartOn);
    if row.current_operations.values().any(starting) {
        tracing::warn!("{vm} had not finished to start: it is ended");
        let ended = core.guests()?.destroy(guest.domain);
        ended.map_err(xapi_model::errors::internal_error)?;
        return core
            .store
            .change(|draft| lifecycle::depart(draft, vm, VmPowerState::Halted));
    }
    let paused = guest.state == State::Paused;
    let resuming = |op: &VmOperations| matches!(op, VmOperations::Resume | VmOperations::ResumeOn);
    if paused && row.current_operations.values().any(resuming) {
        // It has not run since, and whether it should have is not known any more.
        tracing::warn!("{vm} had not finished to resume: it is suspended again");
        let within = core.config.shutdown_deadline;
        let again = core.guests()?.suspend(guest.domain, within);
        again.map_err(xapi_model::errors::internal_error)?;
        return core
            .store
            .change(|draft| lifecycle::depart(draft, vm, VmPowerState::Suspended));
    }
    let ours_to_say = matches!(
        row.power_state,
        VmPowerState::Suspended | VmPowerState::Halted
    );
    if !here && !ours_to_say {
        // It runs elsewhere, says the pool; what runs here under its name is not ours to judge.
        tracing::error!(
            "{vm} is a guest here, domain {}, and its rows are of another host",
            guest.domain
        );
        return Ok(());
    }
    let mut plugged = Vec::new();
    let view = core.view()?;
    for vif in row.vifs.iter() {
        let of_guest = view.get(vif)?;
        let Ok(number) = number_of(&of_guest.device) else {
            tracing::error!(
                "{vif} has no device that a guest could have: {}",
                of_guest.device
            );
            continue;
        };
        let has = guest
            .nics
            .iter()
            .any(|offered| offered.nic.device == number);
        match (of_guest.currently_attached, has) {
            (true, true) => plugged.push(vif.clone()),
            (true, false) => {
                let nic = nic_of(&view, host, &of_guest)?;
                match core.guests()?.offer(guest.domain, &nic) {
                    Ok(_) => plugged.push(vif.clone()),
                    Err(why) => tracing::error!("{vif} was not plugged again: {why}"),
                }
            }
            (false, true) => {
                if let Err(why) = core.guests()?.withdraw_force(guest.domain, number) {
                    tracing::error!("{vif} was not unplugged: {why}");
                }
            }
            (false, false) => {}
        }
    }
    drop(view);
    let rebooting =
        |op: &VmOperations| matches!(op, VmOperations::CleanReboot | VmOperations::HardReboot);
    let mut guest = guest.clone();
    // The guest from before, if it was paused, stays so.
    let is_old = row.power_state == VmPowerState::Paused && domain_of(row) == Some(guest.domain);
    if paused && !is_old && row.current_operations.values().any(rebooting) {
        tracing::warn!("{vm} had not finished to reboot: it goes on");
        let runs = core.guests()?.unpause(guest.domain);
        runs.map_err(xapi_model::errors::internal_error)?;
        guest.state = State::Running;
    }
    core.store.change(|draft| {
        draft.set(vm, Vm::DOMID, i64::from(guest.domain))?;
        draft.set(vm, Vm::RESIDENT_ON, host.clone())?;
        for vif in row.vifs.iter() {
            draft.set(vif, Vif::CURRENTLY_ATTACHED, plugged.contains(vif))?;
        }
        lifecycle::observed(core, draft, vm, &guest)
    })
}

/// A machine that is no guest here. One that runs on another host is none of ours.
fn is_gone(core: &Core, host: &Ref<Host>, vm: &Ref<Vm>, row: &Vm, kept: bool) -> Result<()> {
    let was_here = row.resident_on == *host && domain_of(row).is_some();
    let edit = |to| move |draft: &Draft| lifecycle::depart(draft, vm, to);
    match row.power_state {
        VmPowerState::Running | VmPowerState::Paused if was_here || row.resident_on.is_null() => {
            let to = if kept {
                VmPowerState::Suspended
            } else {
                VmPowerState::Halted
            };
            tracing::warn!("{vm} is no longer there: {to}");
            core.store.change(edit(to))
        }
        // A record of a suspended machine may have come from elsewhere, with its memory on a disk.
        VmPowerState::Suspended if !kept && row.suspend_vdi.is_null() => {
            tracing::warn!("{vm} is suspended, and its memory is not here: it is off");
            core.store.change(edit(VmPowerState::Halted))
        }
        _ => Ok(()),
    }
}
