//! Guests that an earlier daemon left, and the rest of what it was interrupted in.

use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::guest::Guest;
use super::{ANSWER_WITHIN, Host, machine, minder, namespace, nics, start, suspend};
use crate::folder::{Folder, NicRecord, Phase, Record};
use crate::process::Process;
use crate::qmp::{Qmp, QmpError, Reader};
use crate::{Body, GuestError, State, check, host_end};

/// Finds all guests. One that can't be understood is left alone, and said.
pub(super) fn all(host: &Arc<Host>) -> Result<(), GuestError> {
    suspend::clear_halves(host)?;
    let doing = || format!("reading {}", host.config.run.display());
    let failed = |error: io::Error| GuestError::failed(doing(), error);
    for entry in fs::read_dir(&host.config.run).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let is_guest = name.to_str().is_some_and(|name| check::uuid(name).is_ok());
        if !is_guest || !entry.file_type().map_err(failed)?.is_dir() {
            continue;
        }
        let folder = Folder::at(&entry.path());
        if let Err(error) = one(host, &folder) {
            tracing::error!("{}: {error}", folder.path().display());
        }
    }
    Ok(())
}

fn one(host: &Arc<Host>, folder: &Folder) -> io::Result<()> {
    // Keeps out a process that was just started and hasn't said yet which it is.
    let _lock = folder.lock()?;
    let record = folder.record()?;
    let process = match folder.process()? {
        Some(identity) => Process::find(&identity)?,
        None => None,
    };
    let (record, process) = match (record, process) {
        (Some(record), Some(process)) => (record, process),
        (record, process) => return clear(host, folder, record, process),
    };
    let is_half = record.phase == Phase::Starting;
    // A machine is written down whole before its process is ended.
    let is_saved = suspend::is_saved(host, &record.spec.uuid);
    if is_half || is_saved {
        return clear(host, folder, Some(record), Some(process));
    }
    adopt(host, folder, record, process)
}

/// Takes away a guest that nobody should have.
fn clear(
    host: &Host,
    folder: &Folder,
    record: Option<Record>,
    process: Option<Process>,
) -> io::Result<()> {
    let is_namespace =
        (record.as_ref()).is_some_and(|it| matches!(it.spec.body, Body::Namespace(_)));
    if let Some(process) = process {
        // A process that ended before it had a namespace of its own is still in the host's.
        let inside = match is_namespace {
            true => namespace::of(&process).and_then(|it| crate::process::others_in(&it, false)),
            false => Ok(Vec::new()),
        };
        start::end(&process).map_err(io::Error::other)?;
        match inside {
            Ok(inside) => inside.iter().try_for_each(Process::kill)?,
            Err(error) => tracing::debug!("nothing runs in its namespace: {error}"),
        }
    }
    // A machine's taps have gone with it.
    if let Some(record) = record.filter(|_| is_namespace) {
        for device in record.nics.keys() {
            host.links()
                .remove(&host_end(record.spec.domain, *device))?;
        }
    }
    folder.remove()
}

/// How long a process may take to end that doesn't speak any more.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

fn adopt(host: &Arc<Host>, folder: &Folder, record: Record, process: Process) -> io::Result<()> {
    let spoken = speak(folder);
    let (state, qmp, mut reader) = match spoken {
        Ok((state, qmp, reader)) => (state, qmp, Some(reader)),
        // The daemon may have been killed while it ended the guest.
        Err(_) if process.ends_within(ENDS_WITHIN, None)? => {
            return clear(host, folder, Some(record), None);
        }
        // It is to be found all the same, so that it can be destroyed.
        Err(error) => {
            tracing::error!("domain {}: {error}", record.spec.domain);
            let state = if record.has_run {
                State::Running
            } else {
                State::Paused
            };
            (state, Qmp::ended()?, None)
        }
    };
    let namespace: Option<File> = match record.spec.body {
        Body::Namespace(_) => Some(namespace::of(&process)?),
        Body::Machine(_) => None,
    };
    let (phase, domain) = (record.phase, record.spec.domain);
    let uuid = record.spec.uuid.clone();
    let guest = Guest::new(folder.clone(), process, namespace, record, state, qmp);
    let guest = Arc::new(guest);
    if phase == Phase::Suspended {
        namespace::keep_again(host, &guest)?;
        host.shelf().suspended.insert(uuid, guest.clone());
    } else {
        if let Some(reader) = &mut reader {
            catch_up(host, &guest, reader)?;
        }
        host.shelf().running.insert(domain, guest.clone());
    }
    minder::mind(host, &guest, reader).map_err(io::Error::other)
}

fn speak(folder: &Folder) -> Result<(State, Arc<Qmp>, Reader), QmpError> {
    let (qmp, mut reader) = Qmp::connect(&folder.socket(), ANSWER_WITHIN)?;
    let status = reader.ask("query-status", json!({}), ANSWER_WITHIN)?;
    Ok((state(&status), qmp, reader))
}

fn state(status: &Value) -> State {
    match status["status"].as_str() {
        Some("running") => State::Running,
        _ => State::Paused,
    }
}

/// Compares the NICs that are there with those that are known: some may have been released while nobody listened, or
/// have come while it could not be noted any more.
pub(super) fn catch_up(
    host: &Arc<Host>,
    guest: &Arc<Guest>,
    reader: &mut Reader,
) -> io::Result<()> {
    let present = if guest.is_namespace() {
        namespace::present(host, guest)?
    } else {
        let path = json!({"path": "/machine/peripheral"});
        let devices = reader.ask("qom-list", path, ANSWER_WITHIN);
        machine::present(&devices.map_err(io::Error::other)?)
    };
    let known: Vec<_> = guest.live().record.nics.values().cloned().collect();
    for NicRecord { nic, severed, .. } in known {
        let device = nic.device;
        let is_present = present.contains(&device);
        if is_present && !severed {
            let noted = guest.note(|record| nics::ready(record, device));
            noted.map_err(io::Error::other)?;
            continue;
        }
        if !guest.is_namespace() {
            // The tap of a NIC that the guest doesn't have, or has for itself alone.
            let freed = reader.ask("netdev_del", machine::back_end(device), ANSWER_WITHIN);
            match freed {
                Err(error) if !error.is_refusal() => return Err(io::Error::other(error)),
                _ => {}
            }
        }
        if !is_present || guest.is_namespace() {
            nics::free(host, guest, device).map_err(io::Error::other)?;
        }
    }
    Ok(())
}
