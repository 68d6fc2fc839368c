//! What start-up makes of the guests of this host, and the arrival of another one of its guests: those that run are taken
//! over, those that are gone are shown so, and what a call had begun when the daemon died is ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use xapi_db::{Draft, Read, View};
use xapi_guest::{Found, State};
use xapi_model::{Class, Host, Ref, Vif, Vm, VmOperations, VmPowerState, errors};

use super::place::{GuestsOf, Patience};
use super::{domain_of, lifecycle, nic_of, unfinished, unwanted};
use crate::Result;
use crate::context::Core;
use crate::ops::vif::number_of;
use crate::ops::vm::operations;

/// Rows and guests of this host agree afterwards; the ports follow when the network is brought up.
pub(crate) fn guests(core: &Core) -> Result<()> {
    let host = core.localhost()?;
    let ours = concerned(core, &host)?;
    // Who cannot see the guests must not judge them: they may run, and be seen again by the next start.
    if core.guests().is_ok() {
        unwanted::try_to_discard(core, &host);
        settle(core, &host)?;
    }
    // The marks of calls that are no more say which machines had not finished to start; until here they are needed, and for
    // the machines of other hosts until these are linked.
    nothing_goes_on(core, &ours)
}

/// Whoever looks at all guests of a host does not wait for one that is lost meanwhile: its next arrival looks again.
pub(super) fn guests_now<'a>(core: &'a Core, host: &Ref<Host>) -> Result<GuestsOf<'a>> {
    core.guests_by(host, Patience::GivesUp)
}

/// The same for a host that is linked. What it is still at, for calls that have given up, is looked at again as soon as it
/// is over.
pub(crate) fn of_host(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    let left = look_at(core, host)?;
    unfinished::follow(core, host, left)
}

/// The same once. Tells which machines were left alone, by UUID, because the host is still at something with them.
pub(super) fn look_at(core: &Core, host: &Ref<Host>) -> Result<BTreeSet<String>> {
    match guests_now(core, host) {
        Ok(_) => {}
        // It runs none.
        Err(why) if why.code == "OPERATION_NOT_ALLOWED" => return Ok(BTreeSet::new()),
        Err(why) => return Err(why),
    }
    let mut its = concerned(core, host)?;
    unwanted::try_to_discard(core, host);
    let mut left = settle(core, host)?;
    let view = core.view()?;
    // It may tell what it likes, and machines of the pool are waited for.
    let unwanted = view.field(host, Host::MEMORY_UNWANTED)?;
    let mut known = BTreeSet::new();
    for uuid in left {
        if unwanted.contains(&uuid) || by_uuid(&view, &uuid)?.is_some() {
            known.insert(uuid);
        }
    }
    left = known;
    its.retain(|vm| {
        let uuid = view.field(vm, Vm::UUID);
        !uuid.is_ok_and(|uuid| left.contains(&uuid))
    });
    drop(view);
    nothing_goes_on(core, &its)?;
    Ok(left)
}

fn concerned(core: &Core, host: &Ref<Host>) -> Result<Vec<Ref<Vm>>> {
    let its = its_machines(core, &core.view()?, host)?;
    Ok(its.into_iter().map(|(vm, _)| vm).collect())
}

/// The machines that concern a host. Of one of many hosts these are few of the pool's.
fn its_machines(core: &Core, rows: &View, host: &Ref<Host>) -> Result<Vec<(Ref<Vm>, Vm)>> {
    if core.is_here(host) {
        let mut all = rows.all::<Vm>()?;
        all.retain(|(_, row)| concerns(core, row, host));
        return Ok(all);
    }
    let mut its = BTreeSet::new();
    for place in [
        Vm::RESIDENT_ON,
        Vm::SCHEDULED_TO_BE_RESIDENT_ON,
        Vm::MEMORY_ON,
    ] {
        its.extend(rows.find(place, host)?);
    }
    its.into_iter()
        .map(|vm| Ok((vm.clone(), rows.get(&vm)?)))
        .collect()
}

/// The machine with a UUID, if there is one.
fn by_uuid(rows: &View, uuid: &str) -> Result<Option<Ref<Vm>>> {
    match rows.by_uuid(Vm::DESC, uuid) {
        Ok(vm) => Ok(Some(Ref::new(vm))),
        Err(why) if why.code == "UUID_INVALID" => Ok(None),
        Err(why) => Err(why),
    }
}

/// The same after an operation has lost a host that is back by now: its arrival has left alone what that was about.
pub(crate) fn settle_if_linked(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    match core.agent_of(&core.view()?, host) {
        Ok(_) => of_host(core, host),
        Err(_) => Ok(()),
    }
}

/// Whether a machine is on a host, about to be, or kept there. Those that are nowhere are for the master to judge.
fn concerns(core: &Core, row: &Vm, host: &Ref<Host>) -> bool {
    let places = [
        &row.resident_on,
        &row.scheduled_to_be_resident_on,
        &row.memory_on,
    ];
    places.contains(&host) || (core.is_here(host) && places.iter().all(|place| place.is_null()))
}

/// The machines that concern a host, and others, without those that a call is about.
fn machines_to_judge(
    core: &Core,
    host: &Ref<Host>,
    others: &BTreeSet<Ref<Vm>>,
) -> Result<Vec<(Ref<Vm>, Vm)>> {
    let view = core.view()?;
    let mut its = its_machines(core, &view, host)?;
    let known: BTreeSet<Ref<Vm>> = its.iter().map(|(vm, _)| vm.clone()).collect();
    for vm in others.difference(&known) {
        if view.exists(vm)? {
            its.push((vm.clone(), view.get(vm)?));
        }
    }
    let mut judged = Vec::new();
    for (vm, row) in its {
        if !row.is_control_domain && !is_at_work(core, &row)? {
            judged.push((vm, row));
        }
    }
    Ok(judged)
}

fn settle(core: &Core, host: &Ref<Host>) -> Result<BTreeSet<String>> {
    let guests = guests_now(core, host)?;
    let mut named: BTreeSet<_> = concerned(core, host)?.into_iter().collect();
    let (mut judged, left, found) = loop {
        // What a call changes from here on it settles itself.
        let judged = machines_to_judge(core, host, &named)?;
        // Asked before what is there: what is over by then is seen.
        let left = guests.at_work(BTreeSet::new());
        let left = left.map_err(errors::internal_error)?;
        let found = guests.found().map_err(errors::internal_error)?;
        // A guest of whom the rows say that he is elsewhere, or nowhere: they have to be read before this, too.
        let before = named.len();
        let view = core.view()?;
        for guest in &found {
            named.extend(by_uuid(&view, &guest.uuid)?);
        }
        if named.len() == before {
            break (judged, left, found);
        }
    };
    judged.retain(|(_, row)| !left.contains(&row.uuid));
    let suspended: Option<BTreeSet<String>> = match guests.suspended() {
        Ok(suspended) => Some(suspended.into_iter().collect()),
        // Whoever is taken for switched off is started anew, and what he kept is lost.
        Err(why) => {
            tracing::error!("machines that are no guests here are left as they are shown: {why}");
            None
        }
    };
    for (vm, row) in judged {
        let guest = found.iter().find(|guest| guest.uuid == row.uuid);
        let is_elsewhere = guest.is_none() && !concerns(core, &row, host);
        if is_elsewhere || has_changed(core, &vm, &row)? {
            continue;
        }
        let outcome = match (guest, &suspended) {
            (Some(guest), _) => take_over(core, host, &vm, &row, guest),
            (None, Some(kept)) => is_gone(core, host, &vm, &row, kept.contains(&row.uuid)),
            (None, None) => Ok(()),
        };
        // One bad machine does not keep the others from being taken over.
        if let Err(why) = outcome {
            tracing::error!("{vm}: its guest was not taken over: {why}");
        }
    }
    Ok(left)
}

/// Whether somebody has done something with a machine since its row was read, or is about to.
fn has_changed(core: &Core, vm: &Ref<Vm>, row: &Vm) -> Result<bool> {
    let view = core.view()?;
    Ok(!is_as_before(core, &view, vm, row)? || is_at_work(core, &view.get(vm)?)?)
}

/// Whether a call about a machine or its NICs goes on, and will settle it.
fn is_at_work(core: &Core, row: &Vm) -> Result<bool> {
    // The master's start asks this of all machines of the pool.
    if core.at_work.is_idle() {
        return Ok(false);
    }
    if core.at_work.any(row.current_operations.keys()) {
        return Ok(true);
    }
    let view = core.view()?;
    for vif in row.vifs.iter() {
        if view.exists(vif)? {
            let marks = view.field(vif, Vif::CURRENT_OPERATIONS)?;
            if core.at_work.any(marks.keys()) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Operations of calls that are no more, on some machines.
pub(crate) fn nothing_goes_on(core: &Core, machines: &[Ref<Vm>]) -> Result<()> {
    core.store.change(|draft| {
        for vm in machines {
            if !draft.exists(vm)? {
                continue;
            }
            let row = draft.get(vm)?;
            if is_at_work(core, &row)? {
                continue;
            }
            let mut stale = !row.current_operations.is_empty();
            for vif in row.vifs.iter() {
                if !draft.field(vif, Vif::CURRENT_OPERATIONS)?.is_empty() {
                    stale = true;
                    draft.set(vif, Vif::CURRENT_OPERATIONS, Default::default())?;
                    crate::ops::vif::operations::refresh(draft, vif)?;
                }
            }
            if stale {
                draft.set(vm, Vm::CURRENT_OPERATIONS, Default::default())?;
                draft.set(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, Ref::null())?;
                operations::refresh(draft, vm)?;
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
        let ended = guests_now(core, host)?.destroy(guest.domain);
        ended.map_err(errors::internal_error)?;
        return core
            .store
            .change(|draft| departs(core, draft, vm, row, host, VmPowerState::Halted));
    }
    let paused = guest.state == State::Paused;
    let resuming = |op: &VmOperations| matches!(op, VmOperations::Resume | VmOperations::ResumeOn);
    if paused && row.current_operations.values().any(resuming) {
        // It has not run since, and whether it should have is not known any more.
        tracing::warn!("{vm} had not finished to resume: it is suspended again");
        let within = core.config.shutdown_deadline;
        let again = guests_now(core, host)?.suspend(guest.domain, within);
        again.map_err(errors::internal_error)?;
        return core
            .store
            .change(|draft| departs(core, draft, vm, row, host, VmPowerState::Suspended));
    }
    let ours_to_say = match row.power_state {
        VmPowerState::Halted => true,
        VmPowerState::Suspended => row.memory_on.is_null() || row.memory_on == *host,
        VmPowerState::Running | VmPowerState::Paused => false,
    };
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
                match guests_now(core, host)?.offer(guest.domain, &nic) {
                    Ok(_) => plugged.push(vif.clone()),
                    Err(why) => tracing::error!("{vif} was not plugged again: {why}"),
                }
            }
            (false, true) => {
                if let Err(why) = guests_now(core, host)?.withdraw_force(guest.domain, number) {
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
        let guests = guests_now(core, host)?;
        let runs = guests.unpause(guest.domain);
        // It is seen as it is now.
        let seen = runs.and_then(|()| guests.find(guest.domain));
        guest = seen.map_err(errors::internal_error)?;
    }
    core.store.change(|draft| {
        if !is_still_as_before(core, draft, vm, row)? {
            return Ok(());
        }
        draft.set(vm, Vm::DOMID, i64::from(guest.domain))?;
        draft.set(vm, Vm::RESIDENT_ON, host.clone())?;
        draft.set(vm, Vm::MEMORY_ON, Ref::null())?;
        for vif in row.vifs.iter() {
            draft.set(vif, Vif::CURRENTLY_ATTACHED, plugged.contains(vif))?;
        }
        lifecycle::observed(core, draft, vm, &guest)
    })
}

/// Whether nobody has begun anything with a machine since its row was read: whoever has will write it.
fn is_as_before(core: &Core, rows: &impl Read, vm: &Ref<Vm>, row: &Vm) -> Result<bool> {
    if !rows.exists(vm)? {
        return Ok(false);
    }
    let now = rows.get(vm)?;
    fn places(row: &Vm) -> [&Ref<Host>; 3] {
        [
            &row.resident_on,
            &row.scheduled_to_be_resident_on,
            &row.memory_on,
        ]
    }
    let same = (now.power_state, now.domid, places(&now))
        == (row.power_state, row.domid, places(row))
        && now
            .current_operations
            .keys()
            .eq(row.current_operations.keys());
    Ok(same && !core.at_work.any(now.current_operations.keys()))
}

/// The same up to the commit of a draft.
fn is_still_as_before(core: &Core, draft: &Draft, vm: &Ref<Vm>, row: &Vm) -> Result<bool> {
    if draft.exists(vm)? {
        draft.rely(vm)?;
    }
    is_as_before(core, draft, vm, row)
}

fn departs(
    core: &Core,
    draft: &Draft,
    vm: &Ref<Vm>,
    row: &Vm,
    host: &Ref<Host>,
    to: VmPowerState,
) -> Result<()> {
    match is_still_as_before(core, draft, vm, row)? {
        true => lifecycle::depart(draft, vm, host, to),
        false => Ok(()),
    }
}

/// A machine that is no guest here. One that runs on another host is none of ours.
fn is_gone(core: &Core, host: &Ref<Host>, vm: &Ref<Vm>, row: &Vm, kept: bool) -> Result<()> {
    let was_here = row.resident_on == *host && domain_of(row).is_some();
    let edit = |to| move |draft: &Draft| departs(core, draft, vm, row, host, to);
    match row.power_state {
        VmPowerState::Running | VmPowerState::Paused
            if was_here || (row.resident_on.is_null() && core.is_here(host)) =>
        {
            let to = if kept {
                VmPowerState::Suspended
            } else {
                VmPowerState::Halted
            };
            tracing::warn!("{vm} is no longer there: {to}");
            core.store.change(edit(to))
        }
        // A record of a suspended machine may have come from elsewhere, with its memory on a disk.
        VmPowerState::Suspended
            if !kept
                && row.suspend_vdi.is_null()
                && (row.memory_on == *host || (row.memory_on.is_null() && core.is_here(host))) =>
        {
            tracing::warn!("{vm} is suspended, and its memory is not here: it is off");
            core.store.change(|draft| {
                edit(VmPowerState::Halted)(draft)?;
                unwanted::settled(draft, host, &row.uuid)
            })
        }
        _ => Ok(()),
    }
}
