//! Starting and stopping machines (API facts, 1.10). Each call notes itself in the machine's `current_operations` first,
//! so that no other begins; then asks the guest; then has the host's network and the rows follow in one change.

use std::time::Duration;

use xapi_db::{Draft, Read};
use xapi_guest::{Domain, GuestError, State};
use xapi_model::vm::{
    CleanReboot, CleanShutdown, HardReboot, HardShutdown, Pause, PowerStateReset, Resume, ResumeOn,
    Shutdown, Start, StartOn, Suspend, Unpause,
};
use xapi_model::{Host, Network, Ref, Vif, VifOperations, Vm, VmOperations, VmPowerState, errors};

use super::{operations, placement};
use crate::Result;
use crate::context::Cx;
use crate::guests::{
    about, adopt, domain_of, has_slot, lifecycle, nic_of, refusal, release, spec_of, unwanted,
};

/// Runs an operation under its mark. `run` takes the mark off with its last commit; a failure does here.
fn marked<T>(
    cx: &Cx<'_>,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    operation: VmOperations,
    of_vifs: Option<VifOperations>,
    also: impl Fn(&Draft) -> Result<()>,
    run: impl FnOnce(&str) -> Result<T>,
) -> Result<T> {
    operations::assert(&cx.core.view()?, vm, operation)?;
    cx.core.guests_of(host)?;
    cx.stop_if_cancelled()?;
    cx.begin()?;
    let key = key_of(cx);
    let working = cx.core.at_work.begin(&key);
    cx.core.store.change(|draft| {
        lifecycle::mark(draft, vm, &key, operation, of_vifs)?;
        also(draft)
    })?;
    let outcome = run(&key);
    drop(working);
    let why = match outcome {
        Ok(out) => return Ok(out),
        Err(why) => lifecycle::lost(cx.core, host, why),
    };
    if lifecycle::is_lost(&why) {
        // The mark stays until the host tells what has become of its guest.
        adopt::settle_if_linked(cx.core, host)?;
        return Err(why);
    }
    cx.core
        .store
        .change(|draft| lifecycle::unmark(draft, vm, &key))?;
    Err(why)
}

/// The host that a machine runs on, or that has its memory; this one for one that is off.
fn place(cx: &Cx<'_>, vm: &Ref<Vm>) -> Result<Ref<Host>> {
    let row = cx.core.view()?.get(vm)?;
    let of = |host: &Ref<Host>| host.some().cloned();
    match of(&row.resident_on).or_else(|| of(&row.memory_on)) {
        Some(host) => Ok(host),
        None => cx.core.localhost(),
    }
}

/// Switches a suspended machine off: its memory is thrown away, by a host that is not there when it is back.
fn switch_off(cx: &Cx<'_>, vm: &Ref<Vm>, operation: VmOperations) -> Result<()> {
    operations::assert(&cx.core.view()?, vm, operation)?;
    cx.stop_if_cancelled()?;
    cx.begin()?;
    let host = place(cx, vm)?;
    cx.core.store.change(|draft| {
        operations::assert(draft, vm, operation)?;
        draft.rely(vm)?;
        let row = draft.get(vm)?;
        if row.power_state != VmPowerState::Suspended {
            let actual = row.power_state.as_str().to_lowercase();
            return Err(errors::vm_bad_power_state(vm, "suspended", actual));
        }
        lifecycle::depart(draft, vm, &host, VmPowerState::Halted)
    })?;
    unwanted::try_to_discard(cx.core, &host);
    Ok(())
}

fn is_suspended(cx: &Cx<'_>, vm: &Ref<Vm>) -> Result<bool> {
    let state = cx.core.view()?.field(vm, Vm::POWER_STATE)?;
    Ok(state == VmPowerState::Suspended)
}

/// What names a call in `current_operations`: its task.
pub(crate) fn key_of(cx: &Cx<'_>) -> String {
    match cx.task() {
        Some(task) => task.as_str().to_owned(),
        None => format!("OpaqueRef:{}", uuid::Uuid::new_v4()),
    }
}

/// How a guest comes to be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// With all NICs of the machine.
    Started,
    /// With those that were plugged, in the place of another guest.
    Rebooted,
    /// From its kept memory.
    Resumed,
}

/// `VM.start`.
pub fn start(cx: &Cx<'_>, call: Start) -> Result<()> {
    let operation = VmOperations::Start;
    let host = choose_host(cx, &call.vm, operation)?;
    begin(
        cx,
        &call.vm,
        &host,
        operation,
        How::Started,
        call.start_paused,
    )
}

/// `VM.start_on`.
pub fn start_on(cx: &Cx<'_>, call: StartOn) -> Result<()> {
    let operation = VmOperations::StartOn;
    named_host(cx, &call.vm, &call.host, operation)?;
    begin(
        cx,
        &call.vm,
        &call.host,
        operation,
        How::Started,
        call.start_paused,
    )
}

/// `VM.resume`.
pub fn resume(cx: &Cx<'_>, call: Resume) -> Result<()> {
    let operation = VmOperations::Resume;
    let host = choose_host(cx, &call.vm, operation)?;
    begin(
        cx,
        &call.vm,
        &host,
        operation,
        How::Resumed,
        call.start_paused,
    )
}

/// `VM.resume_on`.
pub fn resume_on(cx: &Cx<'_>, call: ResumeOn) -> Result<()> {
    let operation = VmOperations::ResumeOn;
    named_host(cx, &call.vm, &call.host, operation)?;
    let memory = cx.core.view()?.field(&call.vm, Vm::MEMORY_ON)?;
    if memory.some().is_some_and(|host| *host != call.host) {
        let text = "the machine's memory is kept on another host";
        return Err(errors::operation_not_allowed(text));
    }
    begin(
        cx,
        &call.vm,
        &call.host,
        operation,
        How::Resumed,
        call.start_paused,
    )
}

/// A host for a machine: where it would rather be, or any that it can be on. CANNOT_PLUG_BOND_SLAVE [PIF] if nothing but
/// a bond is in the way of the only one there is.
fn choose_host(cx: &Cx<'_>, vm: &Ref<Vm>, operation: VmOperations) -> Result<Ref<Host>> {
    let view = cx.core.view()?;
    operations::assert(&view, vm, operation)?;
    if operation == VmOperations::Resume {
        let memory = view.field(vm, Vm::MEMORY_ON)?;
        if let Some(host) = memory.some() {
            // Its memory is nowhere else.
            cx.core.guests_of(host)?;
            no_bond_slave(&view, vm, host)?;
            placement::can_boot(&view, vm, host)?;
            return Ok(memory);
        }
    }
    let possible = placement::possible_hosts(&view, vm)?;
    let affinity = view.field(vm, Vm::AFFINITY)?;
    let local = cx.core.localhost()?;
    let runs = |host: &&Ref<Host>| cx.core.guests_of(host).is_ok();
    let wished = [&affinity, &local].into_iter();
    let mut wished = wished.filter(|host| possible.contains(host));
    if let Some(host) = wished.find(runs).or_else(|| possible.iter().find(runs)) {
        return Ok(host.clone());
    }
    // Nobody runs machines: the first says why.
    if let Some(host) = possible.into_iter().next() {
        return Ok(host);
    }
    no_bond_slave(&view, vm, &local)?;
    if let Err(why) = placement::can_boot(&view, vm, &local) {
        tracing::info!("{vm} cannot be on this host: {why}");
    }
    Err(errors::no_hosts_available())
}

fn named_host(cx: &Cx<'_>, vm: &Ref<Vm>, host: &Ref<Host>, operation: VmOperations) -> Result<()> {
    let view = cx.core.view()?;
    operations::assert(&view, vm, operation)?;
    view.get(host)?;
    no_bond_slave(&view, vm, host)?;
    placement::can_boot(&view, vm, host)
}

fn no_bond_slave(rows: &impl Read, vm: &Ref<Vm>, host: &Ref<Host>) -> Result<()> {
    for vif in rows.find(Vif::VM, vm)? {
        let network: Ref<Network> = rows.field(&vif, Vif::NETWORK)?;
        if let Some(slave) = lifecycle::bond_slave_under(rows, host, &network)? {
            return Err(errors::cannot_plug_bond_slave(slave));
        }
    }
    Ok(())
}

fn begin(
    cx: &Cx<'_>,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    operation: VmOperations,
    how: How,
    paused: bool,
) -> Result<()> {
    let scheduled = |draft: &Draft| draft.set(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, host.clone());
    let outcome = marked(
        cx,
        vm,
        host,
        operation,
        Some(VifOperations::Attach),
        scheduled,
        |key| bring_up(cx, vm, host, how, paused, key),
    );
    if outcome.is_err() {
        // Only what this call has set: a call that was refused for another one has not.
        cx.core.store.change(|draft| {
            let idle = draft.exists(vm)? && draft.field(vm, Vm::CURRENT_OPERATIONS)?.is_empty();
            match idle {
                true => draft.set(vm, Vm::SCHEDULED_TO_BE_RESIDENT_ON, Ref::null()),
                false => Ok(()),
            }
        })?;
    }
    outcome
}

/// The NICs that a guest gets: all, or those that it had.
fn nics_for(rows: &impl Read, vm: &Ref<Vm>, how: How) -> Result<Vec<Ref<Vif>>> {
    let mut nics = Vec::new();
    for vif in rows.find(Vif::VM, vm)? {
        if how == How::Started || rows.field(&vif, Vif::CURRENTLY_ATTACHED)? {
            nics.push(vif);
        }
    }
    Ok(nics)
}

/// A guest, its NICs, its ports, its rows. If any of it fails nothing of it is left.
fn bring_up(
    cx: &Cx<'_>,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    how: How,
    paused: bool,
    key: &str,
) -> Result<()> {
    let core = cx.core;
    let view = core.view()?;
    // After the mark: a host that is to leave its pool is disabled first, and then looked at for machines like this one.
    if how != How::Rebooted && !view.field(host, Host::ENABLED)? {
        return Err(errors::host_disabled(host));
    }
    let row = view.get(vm)?;
    let nics = nics_for(&view, vm, how)?;
    let guests = core.guests_of(host)?;
    for vif in &nics {
        has_slot(guests.kind(), &view.field(vif, Vif::DEVICE)?)?;
    }
    let about = about(&view, host, vm)?;
    // A bond that was made meanwhile is told before anything is.
    no_bond_slave(&view, vm, host)?;
    drop(view);
    if how == How::Started {
        unwanted::discard_of(core, host, &row.uuid)?;
    }
    let within = core.config.shutdown_deadline;
    let failed = |why| refusal(vm, None, within, why);
    let domain = guests.number().map_err(failed)?;
    let spec = spec_of(core, guests.kind(), &row, domain)?;
    let had = match how {
        How::Started | How::Rebooted => {
            guests.start(&spec).map_err(failed)?;
            Vec::new()
        }
        How::Resumed => guests.resume(&spec, within).map_err(failed)?,
    };
    cx.progress(0.3);
    // A machine that reboots never stops running, as far as clients can see.
    let shown = match how {
        How::Rebooted => VmPowerState::Running,
        How::Started | How::Resumed => VmPowerState::Paused,
    };
    let outcome = offer_all(cx, vm, host, domain, &nics)
        .and_then(|devices| {
            // What was unplugged from the rows while the guest slept.
            for stale in had.iter().filter(|it| !devices.contains(&it.nic.device)) {
                let gone = guests.withdraw_force(domain, stale.nic.device);
                gone.map_err(failed)?;
            }
            cx.core.change(host, &about, |draft| {
                if how != How::Resumed {
                    lifecycle::another_guest(draft, vm)?;
                }
                lifecycle::appear(core, draft, vm, host, domain, shown, &nics)
            })
        })
        .and_then(|()| {
            cx.progress(0.8);
            match paused {
                true => Ok(()),
                false => guests.unpause(domain).map_err(failed),
            }
        })
        .and_then(|()| settle(cx, vm, host, domain, key));
    if let Err(why) = outcome {
        take_down(cx, vm, host, domain, how, key);
        return Err(why);
    }
    Ok(())
}

fn offer_all(
    cx: &Cx<'_>,
    vm: &Ref<Vm>,
    host: &Ref<Host>,
    domain: Domain,
    nics: &[Ref<Vif>],
) -> Result<Vec<u32>> {
    let view = cx.core.view()?;
    let guests = cx.core.guests_of(host)?;
    let mut devices = Vec::new();
    for vif in nics {
        let nic = nic_of(&view, host, &view.get(vif)?)?;
        // A guest that resumes has kept its NICs, whatever has become of their networks meanwhile.
        let offered = release::offer_unless_held(&guests, domain, &nic);
        offered.map_err(|why| refusal(vm, Some(vif), Duration::ZERO, why))?;
        devices.push(nic.device);
    }
    Ok(devices)
}

/// The last commit of a start: what the guest is by now.
fn settle(cx: &Cx<'_>, vm: &Ref<Vm>, host: &Ref<Host>, domain: Domain, key: &str) -> Result<()> {
    let guests = cx.core.guests_of(host)?;
    let found = guests.find(domain);
    let found = found.map_err(|why| refusal(vm, None, Duration::ZERO, why))?;
    cx.core.store.change(|draft| {
        draft.rely(vm)?;
        if domain_of(&draft.get(vm)?) != Some(domain) {
            return Err(errors::vm_halted(vm));
        }
        lifecycle::observed(cx.core, draft, vm, &found)?;
        lifecycle::unmark(draft, vm, key)
    })
}

/// Undoes a start that failed. What cannot be undone is told, and start-up looks again.
fn take_down(cx: &Cx<'_>, vm: &Ref<Vm>, host: &Ref<Host>, domain: Domain, how: How, key: &str) {
    let undone = cx.core.guests_of(host).and_then(|guests| {
        let within = cx.core.config.shutdown_deadline;
        let ended = match how {
            How::Started | How::Rebooted => guests.destroy(domain),
            How::Resumed => guests.suspend(domain, within),
        };
        // While it is there, nobody is told that it is not.
        ended.map_err(|why| refusal(vm, None, within, why))?;
        let to = match how {
            How::Started | How::Rebooted => VmPowerState::Halted,
            How::Resumed => VmPowerState::Suspended,
        };
        match domain_of(&cx.core.view()?.get(vm)?) {
            // The rows had not got so far, or those of the guest before a reboot are left.
            shown if shown == Some(domain) || how == How::Rebooted => {
                cx.core.departed(host, vm, shown, to, key)
            }
            _ => Ok(()),
        }
    });
    if let Err(why) = undone {
        tracing::error!("{vm}: what is left of a start that failed, domain {domain}: {why}");
    }
}

/// The domain of a machine that a call is about.
fn domain(cx: &Cx<'_>, vm: &Ref<Vm>) -> Result<Domain> {
    let row = cx.core.view()?.get(vm)?;
    domain_of(&row).ok_or_else(|| errors::vm_halted(vm))
}

/// Asks a guest to shut down. What is not there any more has.
fn shut_down(cx: &Cx<'_>, vm: &Ref<Vm>, host: &Ref<Host>, domain: Domain) -> Result<()> {
    let within = cx.core.config.shutdown_deadline;
    match cx.core.guests_of(host)?.shutdown(domain, within) {
        Ok(()) | Err(GuestError::NoDomain(_)) => Ok(()),
        Err(why) => Err(refusal(vm, None, within, why)),
    }
}

fn destroy(cx: &Cx<'_>, vm: &Ref<Vm>, host: &Ref<Host>, domain: Domain) -> Result<()> {
    let ended = cx.core.guests_of(host)?.destroy(domain);
    ended.map_err(|why| refusal(vm, None, Duration::ZERO, why))
}

fn nothing_else(_: &Draft) -> Result<()> {
    Ok(())
}

/// `VM.clean_shutdown`.
pub fn clean_shutdown(cx: &Cx<'_>, call: CleanShutdown) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::CleanShutdown);
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let domain = domain(cx, vm)?;
        shut_down(cx, vm, host, domain)?;
        cx.core
            .departed(host, vm, Some(domain), VmPowerState::Halted, key)
    })
}

/// `VM.hard_shutdown`: also of a suspended machine, whose memory is thrown away.
pub fn hard_shutdown(cx: &Cx<'_>, call: HardShutdown) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::HardShutdown);
    if is_suspended(cx, vm)? {
        return switch_off(cx, vm, operation);
    }
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let domain = domain(cx, vm)?;
        destroy(cx, vm, host, domain)?;
        cx.core
            .departed(host, vm, Some(domain), VmPowerState::Halted, key)
    })
}

/// `VM.shutdown`: as the guest likes it, or else at once.
pub fn shutdown(cx: &Cx<'_>, call: Shutdown) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::Shutdown);
    if is_suspended(cx, vm)? {
        return switch_off(cx, vm, operation);
    }
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let row = cx.core.view()?.get(vm)?;
        let domain = domain(cx, vm)?;
        let cleanly = match row.power_state {
            VmPowerState::Running => shut_down(cx, vm, host, domain),
            _ => Err(errors::vm_failed_shutdown_acknowledgment(vm)),
        };
        if let Err(why) = cleanly {
            tracing::info!("{vm} is switched off: {why}");
            destroy(cx, vm, host, domain)?;
        }
        cx.core
            .departed(host, vm, Some(domain), VmPowerState::Halted, key)
    })
}

/// `VM.clean_reboot`.
pub fn clean_reboot(cx: &Cx<'_>, call: CleanReboot) -> Result<()> {
    reboot(cx, &call.vm, VmOperations::CleanReboot, shut_down)
}

/// `VM.hard_reboot`.
pub fn hard_reboot(cx: &Cx<'_>, call: HardReboot) -> Result<()> {
    reboot(cx, &call.vm, VmOperations::HardReboot, destroy)
}

/// Another guest in the place of the one that ends; the rows go from one to the other.
fn reboot(
    cx: &Cx<'_>,
    vm: &Ref<Vm>,
    operation: VmOperations,
    end: fn(&Cx<'_>, &Ref<Vm>, &Ref<Host>, Domain) -> Result<()>,
) -> Result<()> {
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let before = domain(cx, vm)?;
        end(cx, vm, host, before)?;
        let outcome = bring_up(cx, vm, host, How::Rebooted, false, key);
        if outcome.as_ref().is_err_and(|why| !lifecycle::is_lost(why)) {
            // Whatever became of the new one: the old one is gone. A host that is lost tells when it is back.
            cx.core
                .departed(host, vm, Some(before), VmPowerState::Halted, key)?;
        }
        outcome
    })
}

/// `VM.pause`.
pub fn pause(cx: &Cx<'_>, call: Pause) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::Pause);
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let domain = domain(cx, vm)?;
        match cx.core.guests_of(host)?.pause(domain) {
            Ok(()) => {}
            Err(GuestError::WrongState {
                state: State::Paused,
                ..
            }) => {}
            Err(why) => return Err(refusal(vm, None, Duration::ZERO, why)),
        }
        settle(cx, vm, host, domain, key)
    })
}

/// `VM.unpause`.
pub fn unpause(cx: &Cx<'_>, call: Unpause) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::Unpause);
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let domain = domain(cx, vm)?;
        match cx.core.guests_of(host)?.unpause(domain) {
            Ok(()) => {}
            Err(GuestError::WrongState {
                state: State::Running,
                ..
            }) => {}
            Err(why) => return Err(refusal(vm, None, Duration::ZERO, why)),
        }
        settle(cx, vm, host, domain, key)
    })
}

/// `VM.suspend`.
pub fn suspend(cx: &Cx<'_>, call: Suspend) -> Result<()> {
    let (vm, operation) = (&call.vm, VmOperations::Suspend);
    let host = &place(cx, vm)?;
    marked(cx, vm, host, operation, None, nothing_else, |key| {
        let domain = domain(cx, vm)?;
        let within = cx.core.config.shutdown_deadline;
        let kept = cx.core.guests_of(host)?.suspend(domain, within);
        kept.map_err(|why| refusal(vm, None, within, why))?;
        cx.core
            .departed(host, vm, Some(domain), VmPowerState::Suspended, key)
    })
}

/// `VM.power_state_reset`: the rows alone. DOMAIN_EXISTS [VM, domain] for a guest that is there, which must not be lost
/// sight of.
pub fn power_state_reset(cx: &Cx<'_>, call: PowerStateReset) -> Result<()> {
    let vm = &call.vm;
    let row = cx.core.view()?.get(vm)?;
    if row.is_control_domain {
        return Err(errors::cannot_reset_control_domain(vm));
    }
    let host = &place(cx, vm)?;
    // Whoever resets a machine of a host that is gone knows that it does not run any more.
    if let Ok(guests) = cx.core.guests_of(host) {
        let failed = |why| refusal(vm, None, Duration::ZERO, why);
        let found = guests.found().map_err(failed)?;
        if let Some(guest) = found.iter().find(|guest| guest.uuid == row.uuid) {
            return Err(errors::domain_exists(vm, guest.domain));
        }
    }
    cx.begin()?;
    cx.core
        .departed(host, vm, domain_of(&row), VmPowerState::Halted, "")?;
    // A host that is not there may have kept it, or come to by what it is still at.
    cx.core
        .store
        .change(|draft| unwanted::note(draft, host, &row.uuid))?;
    unwanted::try_to_discard(cx.core, host);
    adopt::nothing_goes_on(cx.core, std::slice::from_ref(vm))
}
