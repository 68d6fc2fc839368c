//! What is particular about a guest that is a network namespace: its NICs are veth pairs, and when it is suspended the
//! host's ends are kept in it, so that its own ends keep their addresses and routes.

use std::fs::File;
use std::io;
use std::sync::PoisonError;

use super::Host;
use super::guest::Guest;
use crate::link::{Links, guest_end, kept_end};
use crate::process::Process;
use crate::{GuestError, GuestSpec, Namespace, Nic, Offered, host_end};

/// What the guest's process is told to be.
pub(super) fn arguments(spec: &GuestSpec, body: &Namespace) -> Vec<std::ffi::OsString> {
    let mut arguments = vec!["namespace".into(), spec.name.clone().into()];
    if body.clings {
        arguments.push("clings".into());
    }
    arguments
}

/// The namespace of a process, which has made it.
pub(super) fn of(process: &Process) -> io::Result<File> {
    let namespace = File::open(format!("/proc/{}/ns/net", process.identity.pid))?;
    match process.has_ended()? {
        false => Ok(namespace),
        true => Err(io::Error::other("the process has ended")),
    }
}

pub(super) fn offer(host: &Host, guest: &Guest, name: &str, nic: &Nic) -> Result<(), GuestError> {
    let made = with(guest, |namespace| {
        host.links().add_pair(name, nic, namespace)?;
        // As a guest does with a NIC that it finds. Without the host's end it has no carrier.
        Links::open_in(namespace)?.bring_up(&guest_end(nic.device))
    });
    made.map_err(|error| GuestError::failed(format!("making {name}"), error))
}

/// Keeps the host's ends in the guest.
pub(super) fn keep(host: &Host, guest: &Guest) -> Result<(), GuestError> {
    let mut kept = Vec::new();
    for it in ends(guest) {
        let end = kept_end(it.nic.device);
        let given = with(guest, |namespace| {
            host.links().give(&it.host_end, namespace, &end)
        });
        if let Err(error) = given {
            give_back(host, guest, &kept);
            let doing = format!("keeping {} in the guest", it.host_end);
            return Err(GuestError::failed(doing, error));
        }
        kept.push(it);
    }
    Ok(())
}

/// Undoes that for some.
pub(super) fn give_back(host: &Host, guest: &Guest, kept: &[Offered]) {
    for it in kept {
        if let Err(error) = bring(host, guest, it) {
            tracing::error!("giving {} back: {error}", it.host_end);
        }
    }
}

/// Brings the ends that are kept in the guest to the host, with the names of the guest's domain.
pub(super) fn bring_all(host: &Host, guest: &Guest) -> Result<Vec<Offered>, GuestError> {
    let ends = ends(guest);
    for it in &ends {
        if let Err(error) = bring(host, guest, it) {
            let doing = format!("bringing {} to the host", it.host_end);
            return Err(GuestError::failed(doing, error));
        }
    }
    Ok(ends)
}

fn bring(host: &Host, guest: &Guest, it: &Offered) -> io::Result<()> {
    with(guest, |namespace| {
        let mut inside = Links::open_in(namespace)?;
        inside.give(&kept_end(it.nic.device), &host.namespace, &it.host_end)
    })
}

/// Keeps again what an interrupted resume has brought to the host, so that all are in one place.
pub(super) fn keep_again(host: &Host, guest: &Guest) -> io::Result<()> {
    for it in ends(guest) {
        if host.links().is_there(&it.host_end)? {
            let end = kept_end(it.nic.device);
            with(guest, |namespace| {
                host.links().give(&it.host_end, namespace, &end)
            })?;
        }
    }
    Ok(())
}

/// Which NICs are there; those that an interrupted suspension has kept are brought back.
pub(super) fn present(host: &Host, guest: &Guest) -> io::Result<Vec<u32>> {
    let devices: Vec<u32> = guest.live().record.nics.keys().copied().collect();
    let domain = guest.domain();
    let mut inside = with(guest, Links::open_in)?;
    let mut present = Vec::new();
    for device in devices {
        let (name, kept) = (host_end(domain, device), kept_end(device));
        if inside.is_there(&kept)? {
            inside.give(&kept, &host.namespace, &name)?;
        }
        if host.links().is_there(&name)? {
            present.push(device);
        }
    }
    Ok(present)
}

fn ends(guest: &Guest) -> Vec<Offered> {
    guest.live().offered()
}

fn with<T>(guest: &Guest, work: impl FnOnce(&File) -> io::Result<T>) -> io::Result<T> {
    let namespace = guest
        .namespace
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    match &*namespace {
        Some(namespace) => work(namespace),
        None => Err(io::Error::other("the guest has ended")),
    }
}
