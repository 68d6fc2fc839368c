//! Guests kept without a domain. A namespace stays, stopped, with the host's ends in it; a machine's memory goes into a
//! file beside what is known of it, and its process ends.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::guest::Guest;
use super::{Host, machine, namespace, start};
use crate::folder::{Folder, NicRecord, Phase, Record};
use crate::{Body, Domain, GuestError, GuestSpec, Offered, State, check, host_end};

/// What the folder of a machine that is not wholly written yet ends in; no uuid does.
const HALF: &str = ".half";
const MEMORY: &str = "memory";

fn image(host: &Host, uuid: &str) -> PathBuf {
    host.config.images.join(uuid)
}

/// Whether a machine's state is wholly written.
pub(super) fn is_saved(host: &Host, uuid: &str) -> bool {
    image(host, uuid).is_dir()
}

pub(super) fn suspended(host: &Host) -> Result<Vec<String>, GuestError> {
    let mut uuids: Vec<String> = host.shelf().suspended.keys().cloned().collect();
    let doing = || {
        format!(
            "looking for suspended guests in {}",
            host.config.images.display()
        )
    };
    uuids.extend(saved(host).map_err(|error| GuestError::failed(doing(), error))?);
    uuids.sort();
    Ok(uuids)
}

fn saved(host: &Host) -> io::Result<Vec<String>> {
    let mut saved = Vec::new();
    for entry in fs::read_dir(&host.config.images)? {
        // Another name is none of ours.
        if let Ok(name) = entry?.file_name().into_string()
            && check::uuid(&name).is_ok()
        {
            saved.push(name);
        }
    }
    Ok(saved)
}

/// Removes what an interrupted suspension has written.
pub(super) fn clear_halves(host: &Host) -> Result<(), GuestError> {
    let clear = || -> io::Result<()> {
        for entry in fs::read_dir(&host.config.images)? {
            let path = entry?.path();
            if path.to_string_lossy().ends_with(HALF) {
                fs::remove_dir_all(path)?;
            }
        }
        Ok(())
    };
    let doing = format!("clearing up in {}", host.config.images.display());
    clear().map_err(|error| GuestError::failed(doing, error))
}

pub(super) fn suspend(host: &Host, guest: &Guest, within: Duration) -> Result<(), GuestError> {
    let until = Instant::now() + within;
    let turn = guest.turn()?;
    let was_running = guest.live().state == State::Running;
    if was_running {
        guest.command("stop", json!({}))?;
        guest.live().state = State::Paused;
    }
    let kept = match guest.is_namespace() {
        true => keep(host, guest),
        false => save(host, guest, until),
    };
    if let Err(why) = kept {
        if was_running {
            guest.command("cont", json!({}))?;
            guest.live().state = State::Running;
        }
        return Err(why);
    }
    let ended = match guest.is_namespace() {
        true => Ok(()),
        // All is on disk: whoever finds the process ends it.
        false => guest.destroy(),
    };
    // Until it has gone nobody lets it run on: it would write to disks that its memory does not know of.
    drop(turn);
    ended
}

fn keep(host: &Host, guest: &Guest) -> Result<(), GuestError> {
    let before = guest.live().offered();
    namespace::keep(host, guest)?;
    let noted = guest.note(|record| record.phase = Phase::Suspended);
    if let Err(error) = noted {
        namespace::give_back(host, guest, &before);
        return Err(error);
    }
    let uuid = guest.live().record.spec.uuid.clone();
    let mut shelf = host.shelf();
    let moved = shelf.running.remove(&guest.domain());
    // It may end at any moment; whoever clears up then takes it off both lists, and holds the shelf for it.
    guest.live().is_alive()?;
    if let Some(guest) = moved {
        shelf.suspended.insert(uuid, guest);
    }
    Ok(())
}

fn save(host: &Host, guest: &Guest, until: Instant) -> Result<(), GuestError> {
    let record = guest.live().record.clone();
    let whole = image(host, &record.spec.uuid);
    let half = half(&whole);
    let failed = |error: io::Error| {
        let doing = format!("suspending domain {}", record.spec.domain);
        GuestError::failed(doing, error)
    };
    let folder = Folder::at(&half);
    let written = folder.make(&record).map_err(failed).and_then(|()| {
        machine::save(guest, &half.join(MEMORY), until)?;
        folder.sync().map_err(failed)?;
        fs::rename(&half, &whole).map_err(failed)?;
        sync(&host.config.images).map_err(failed)
    });
    if written.is_err()
        && let Err(error) = folder.remove()
    {
        tracing::warn!("removing {}: {error}", half.display());
    }
    written
}

/// A name is on the disk once its folder is.
fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

pub(super) fn resume(
    host: &Arc<Host>,
    spec: &GuestSpec,
    within: Duration,
) -> Result<Vec<Offered>, GuestError> {
    let until = Instant::now() + within;
    let _reserved = start::reserve(host, spec.domain)?;
    let kept = host.shelf().suspended.get(&spec.uuid).cloned();
    match kept {
        Some(guest) => bring(host, &guest, spec),
        None if is_saved(host, &spec.uuid) => load(host, spec, until),
        None => Err(GuestError::NotSuspended(spec.uuid.clone())),
    }
}

/// What is known of a guest, under its new number.
fn renamed(record: &Record, spec: &GuestSpec) -> Result<GuestSpec, GuestError> {
    let is_same = matches!(
        (&record.spec.body, &spec.body),
        (Body::Namespace(_), Body::Namespace(_)) | (Body::Machine(_), Body::Machine(_))
    );
    if !is_same {
        let why = "a guest can't resume as one of the other kind";
        return Err(GuestError::Unfit(why.to_owned()));
    }
    // What it is made of can't be different from what it was suspended as.
    Ok(GuestSpec {
        body: record.spec.body.clone(),
        ..spec.clone()
    })
}

/// The names of the NICs under the new number must be free.
fn names_are_free(host: &Host, record: &Record, domain: Domain) -> Result<(), GuestError> {
    for device in record.nics.keys() {
        let name = host_end(domain, *device);
        let doing = || format!("bringing {name} back");
        let is_taken = host.links().is_there(&name);
        if is_taken.map_err(|error| GuestError::failed(doing(), error))? {
            let why = "the host has a device of this name that is no guest's";
            return Err(GuestError::failed(doing(), why));
        }
    }
    Ok(())
}

fn bring(host: &Host, guest: &Guest, spec: &GuestSpec) -> Result<Vec<Offered>, GuestError> {
    let _turn = guest.turn()?;
    let record = guest.live().record.clone();
    let spec = renamed(&record, spec)?;
    names_are_free(host, &record, spec.domain)?;
    let uuid = spec.uuid.clone();
    // Noted first: whoever finds half of this must know the devices' names.
    guest.note(|record| record.spec = spec)?;
    let brought = namespace::bring_all(host, guest).and_then(|ends| {
        guest.note(|record| record.phase = Phase::Up)?;
        Ok(ends)
    });
    match brought {
        Ok(ends) => {
            let mut shelf = host.shelf();
            let moved = shelf.suspended.remove(&uuid);
            guest.live().is_alive()?;
            if let Some(guest) = moved {
                let domain = guest.domain();
                shelf.running.insert(domain, guest);
            }
            Ok(ends)
        }
        Err(why) => {
            if let Err(error) = namespace::keep_again(host, guest) {
                tracing::error!("keeping guest {uuid}: {error}");
            }
            Err(why)
        }
    }
}

fn load(host: &Arc<Host>, spec: &GuestSpec, until: Instant) -> Result<Vec<Offered>, GuestError> {
    let image = image(host, &spec.uuid);
    let doing = || format!("resuming from {}", image.display());
    let read = Folder::at(&image).record();
    let read = read.map_err(|error| GuestError::failed(doing(), error))?;
    let mut record = read.ok_or_else(|| GuestError::failed(doing(), "nothing says what it was"))?;
    record.spec = renamed(&record, spec)?;
    names_are_free(host, &record, spec.domain)?;
    record.phase = Phase::Starting;
    record.nics.values_mut().for_each(asked_no_more);
    let guest = start::begin(host, record, true)?;
    let loaded = machine::load(host, &guest, &image.join(MEMORY), until)
        .and_then(|()| start::finish(host, &guest));
    if let Err(why) = loaded {
        let said = guest
            .folder
            .said()
            .unwrap_or_else(|error| error.to_string());
        guest.destroy()?;
        return Err(GuestError::failed(doing(), format!("{why} {said}")));
    }
    // Last: up to here whoever finds both goes back to the image, from which the guest has not run yet.
    if let Err(error) = remove(host, &spec.uuid) {
        guest.destroy()?;
        return Err(GuestError::failed(doing(), error));
    }
    let offered = guest.live().offered();
    Ok(offered)
}

/// QEMU does not keep what it was asked for; it may be asked again.
fn asked_no_more(nic: &mut NicRecord) {
    nic.asked_back = nic.severed;
}

pub(super) fn discard(host: &Host, uuid: &str) -> Result<(), GuestError> {
    let kept = host.shelf().suspended.get(uuid).cloned();
    if let Some(guest) = kept {
        guest.destroy()?;
    }
    let removed = remove(host, uuid);
    removed.map_err(|error| GuestError::failed(format!("discarding guest {uuid}"), error))
}

/// Removes a machine's state, if there is one. It is whole until it is no state at all.
fn remove(host: &Host, uuid: &str) -> io::Result<()> {
    let whole = image(host, uuid);
    let half = half(&whole);
    match fs::rename(&whole, &half) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => {
            sync(&host.config.images)?;
            fs::remove_dir_all(half)
        }
    }
}

fn half(whole: &Path) -> PathBuf {
    let mut name = whole.as_os_str().to_owned();
    name.push(HALF);
    PathBuf::from(name)
}
