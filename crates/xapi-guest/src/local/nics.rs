//! NICs: offered, taken away, released. How they are asked back is in [`super::withdraw`].

use serde_json::json;
use std::sync::Arc;

use super::guest::Guest;
use super::{Host, machine, namespace};
use crate::folder::{NicRecord, Record};
use crate::qmp::QmpError;
use crate::{Event, GuestError, Nic, check, host_end};

/// What the guest's process calls a NIC.
pub(super) fn id(device: u32) -> String {
    format!("nic{device}")
}

/// Which NIC that is.
pub(super) fn number(id: &str) -> Option<u32> {
    id.strip_prefix("nic")?.parse().ok()
}

pub(super) fn offer(host: &Host, guest: &Guest, nic: &Nic) -> Result<String, GuestError> {
    let _turn = guest.turn()?;
    let name = host_end(guest.domain(), nic.device);
    let is_taken = host.links().is_there(&name);
    let is_taken =
        is_taken.map_err(|error| GuestError::failed(format!("looking for {name}"), error))?;
    {
        let mut live = guest.live();
        let record = &live.record;
        check::nic(nic, &record.spec.body)?;
        match record.nics.get(&nic.device) {
            Some(there) if there.nic == *nic && !there.severed => return Ok(name),
            Some(_) => return Err(GuestError::StillHeld { nic: name }),
            None if record.has_run && !record.pv_drivers => return Err(GuestError::NoHotplug),
            None => {}
        }
        if is_taken {
            let why = "the host has a device of this name that is no guest's";
            return Err(GuestError::failed(format!("making {name}"), why));
        }
        // Noted first: whoever clears up after a kill must know the device.
        guest.note_in(&mut live, |record| {
            record.nics.insert(nic.device, NicRecord::new(*nic));
        })?;
    }
    let made = match guest.is_namespace() {
        true => namespace::offer(host, guest, &name, nic),
        false => machine::offer(host, guest, &name, nic),
    };
    match made {
        Ok(()) => guest.note(|record| ready(record, nic.device))?,
        Err(why) => {
            take_back(host, guest, nic.device);
            return Err(why);
        }
    }
    Ok(name)
}

pub(super) fn ready(record: &mut Record, device: u32) {
    if let Some(nic) = record.nics.get_mut(&device) {
        nic.is_ready = true;
    }
}

/// Undoes half an offer.
fn take_back(host: &Host, guest: &Guest, device: u32) {
    clear_back_end(guest, device);
    if let Err(error) = remove_end(host, guest, device) {
        tracing::warn!("undoing an offer: {error}");
    }
    if let Err(error) = guest.note(|record| record.nics.remove(&device)) {
        tracing::warn!("undoing an offer: {error}");
    }
}

/// Removes what a machine may still have behind a NIC that the guest doesn't have.
pub(super) fn clear_back_end(guest: &Guest, device: u32) {
    if !guest.is_namespace()
        && let Err(error) = machine::free(guest, device)
    {
        tracing::debug!("domain {}: {error}", guest.domain());
    }
}

/// Notes that a NIC is asked for; whether it was before.
pub(super) fn ask(record: &mut Record, device: u32) -> bool {
    let nic = record.nics.get_mut(&device);
    nic.is_some_and(|nic| std::mem::replace(&mut nic.asked_back, true))
}

/// Asks for a NIC; false if the guest does not have it any more.
pub(super) fn send(guest: &Guest, device: u32, was_asked: bool) -> Result<bool, GuestError> {
    match guest.execute("device_del", json!({"id": id(device)})) {
        Ok(_) => Ok(true),
        Err(error) if error.is_missing() => Ok(false),
        // It says that it has been asked already: by us, maybe before a restart.
        Err(error) if error.is_refusal() && was_asked => Ok(true),
        // It may be carried out yet.
        Err(QmpError::TimedOut(_)) => Ok(true),
        Err(error) => {
            if !was_asked {
                guest.note(|record| {
                    if let Some(nic) = record.nics.get_mut(&device) {
                        nic.asked_back = false;
                    }
                })?;
            }
            Err(guest.unanswered("telling device_del", error))
        }
    }
}

pub(super) fn withdraw_force(host: &Host, guest: &Guest, device: u32) -> Result<(), GuestError> {
    let was_asked = {
        let mut live = guest.live();
        match live.record.nics.get(&device) {
            None => return Ok(()),
            Some(nic) if nic.severed && guest.is_namespace() => return Ok(()),
            // An attempt before may have stopped in the middle.
            Some(nic) if nic.severed => {
                drop(live);
                clear_back_end(guest, device);
                return remove_end(host, guest, device);
            }
            Some(_) => {}
        }
        // Noted first: what the guest releases from now on was not asked for politely, and is no event.
        guest.note_in(&mut live, |record| {
            if let Some(nic) = record.nics.get_mut(&device) {
                nic.severed = true;
            }
            ask(record, device)
        })?
    };
    // A pair has no end without the other.
    if guest.is_namespace() {
        return free(host, guest, device);
    }
    let is_there = send(guest, device, was_asked)?;
    clear_back_end(guest, device);
    match is_there {
        true => remove_end(host, guest, device),
        false => free(host, guest, device),
    }
}

/// The guest has let go of a NIC. On the thread that reads: nothing may be waited for here.
pub(super) fn let_go(host: &Arc<Host>, guest: &Arc<Guest>, device: u32) -> Result<(), GuestError> {
    let has_an_end = {
        let live = guest.live();
        let nic = live.record.nics.get(&device);
        nic.is_some_and(|nic| !nic.severed)
    };
    if guest.is_namespace() || !has_an_end {
        return free(host, guest, device);
    }
    let (host, freeing) = (host.clone(), guest.clone());
    let freed = move |answer: Result<_, QmpError>| {
        if let Err(error) = answer {
            tracing::warn!("domain {}: netdev_del: {error}", freeing.domain());
        }
        if let Err(error) = free(&host, &freeing, device) {
            tracing::warn!("domain {}: {error}", freeing.domain());
        }
    };
    let qmp = guest.live().qmp.clone();
    let sent = qmp.send("netdev_del", machine::back_end(device), Box::new(freed));
    sent.map_err(|error| guest.failed("telling netdev_del", error))
}

/// The guest's end of a NIC is gone, or shall go with the host's: forgets it, and tells who waits or listens.
pub(super) fn free(host: &Host, guest: &Guest, device: u32) -> Result<(), GuestError> {
    remove_end(host, guest, device)?;
    let event = {
        let mut live = guest.live();
        let gone = guest.note_in(&mut live, |record| record.nics.remove(&device))?;
        let is_awaited = live.awaited.contains(&device);
        let had_it = gone.is_some_and(|nic| nic.is_ready && !nic.severed);
        let domain = live.domain();
        (had_it && !is_awaited).then_some(Event::Released { domain, device })
    };
    guest.tell_waiting();
    if let Some(event) = event {
        host.listeners.tell(event);
    }
    Ok(())
}

fn remove_end(host: &Host, guest: &Guest, device: u32) -> Result<(), GuestError> {
    let name = host_end(guest.domain(), device);
    let removed = host.links().remove(&name);
    let removed = removed.map_err(|error| GuestError::failed(format!("removing {name}"), error));
    removed.map(|_| ())
}
