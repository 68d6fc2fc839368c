//! How guests begin.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use super::guest::Guest;
use super::{ANSWER_WITHIN, Host, machine, minder, namespace, suspend};
use crate::folder::{Folder, Phase, Record};
use crate::process::Process;
use crate::qmp::{Qmp, Reader};
use crate::{Body, Domain, GuestError, GuestSpec, State, holder, link};

/// How long a killed process may take to end.
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// A domain's number, kept from others while its guest is being made.
pub(super) struct Reservation<'a>(&'a Host, Domain);

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.0.shelf().reserved.remove(&self.1);
    }
}

pub(super) fn reserve(host: &Host, domain: Domain) -> Result<Reservation<'_>, GuestError> {
    let mut shelf = host.shelf();
    if shelf.running.contains_key(&domain) || !shelf.reserved.insert(domain) {
        return Err(GuestError::AlreadyThere(format!("domain {domain}")));
    }
    Ok(Reservation(host, domain))
}

pub(super) fn start(host: &Arc<Host>, spec: &GuestSpec) -> Result<(), GuestError> {
    let _reserved = reserve(host, spec.domain)?;
    if suspend::suspended(host)?.contains(&spec.uuid) {
        return Err(GuestError::AlreadyThere(format!("guest {}", spec.uuid)));
    }
    let record = Record {
        spec: spec.clone(),
        phase: Phase::Starting,
        has_run: false,
        pv_drivers: false,
        nics: Default::default(),
    };
    let guest = begin(host, record, false)?;
    finish(host, &guest)
}

/// Starts the process of a guest, with a thread that minds it. It is paused, and on no list yet.
pub(super) fn begin(
    host: &Arc<Host>,
    record: Record,
    resumes: bool,
) -> Result<Arc<Guest>, GuestError> {
    let folder = Folder::of(&host.config.run, &record.spec.uuid);
    let doing = format!("starting domain {}", record.spec.domain);
    if let Err(error) = folder.make(&record) {
        return Err(match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                GuestError::AlreadyThere(format!("guest {}", record.spec.uuid))
            }
            _ => GuestError::failed(doing, error),
        });
    }
    let arguments = match &record.spec.body {
        Body::Namespace(body) => namespace::arguments(&record.spec, body),
        Body::Machine(body) => machine::arguments(&host.config, &record.spec, body, resumes),
    };
    let launched = launch(host, &folder, &arguments);
    let begun = launched.and_then(|process| greet(host, &folder, record, process));
    if begun.is_err()
        && let Err(error) = folder.remove()
    {
        tracing::warn!("removing {}: {error}", folder.path().display());
    }
    begun.map_err(|why| GuestError::failed(doing, why))
}

/// Starts the process in the host's namespace, with a socket that listens already as standard input.
fn launch(host: &Host, folder: &Folder, arguments: &[OsString]) -> Result<Process, String> {
    let spawned = || {
        let listener = UnixListener::bind(folder.socket())?;
        let log = folder.log()?;
        let mut command = Command::new(&host.config.holder);
        command.arg(holder::WORD).arg(folder.path()).args(arguments);
        command.stdin(OwnedFd::from(listener));
        command.stdout(log.try_clone()?).stderr(log);
        let child = link::within(&host.namespace, || command.spawn())??;
        Process::started(child.id())
    };
    spawned().map_err(|error: std::io::Error| error.to_string())
}

/// Waits for the process's first word.
fn greet(
    host: &Arc<Host>,
    folder: &Folder,
    record: Record,
    process: Process,
) -> Result<Arc<Guest>, String> {
    match connect(folder, &record, &process) {
        Ok((qmp, reader, namespace)) => {
            let folder = folder.clone();
            let guest = Guest::new(folder, process, namespace, record, State::Paused, qmp);
            let guest = Arc::new(guest);
            match minder::mind(host, &guest, Some(reader)) {
                Ok(()) => Ok(guest),
                Err(error) => {
                    end(&guest.process)?;
                    Err(error.to_string())
                }
            }
        }
        Err(why) => {
            end(&process)?;
            let said = folder.said().map_err(|error| error.to_string())?;
            Err(if said.is_empty() { why } else { said })
        }
    }
}

type Connected = (Arc<Qmp>, Reader, Option<std::fs::File>);

fn connect(folder: &Folder, record: &Record, process: &Process) -> Result<Connected, String> {
    let connected = Qmp::connect(&folder.socket(), ANSWER_WITHIN);
    let (qmp, reader) = connected.map_err(|error| error.to_string())?;
    let namespace = match record.spec.body {
        Body::Namespace(_) => Some(namespace::of(process).map_err(|error| error.to_string())?),
        Body::Machine(_) => None,
    };
    Ok((qmp, reader, namespace))
}

/// Ends the process of a guest that did not come to be.
pub(super) fn end(process: &Process) -> Result<(), String> {
    let ended = || {
        process.kill()?;
        process.ends_within(KILLED_WITHIN, None)
    };
    match ended().map_err(|error: std::io::Error| error.to_string())? {
        true => Ok(()),
        false => Err("the process does not end".to_owned()),
    }
}

/// The guest is as wanted: puts it on the list, or ends it if that can't be noted.
pub(super) fn finish(host: &Host, guest: &Arc<Guest>) -> Result<(), GuestError> {
    let domain = guest.domain();
    // On the list first: if it ends right now, whoever clears up takes it off again.
    host.shelf().running.insert(domain, guest.clone());
    if let Err(error) = guest.note(|record| record.phase = Phase::Up) {
        host.shelf().running.remove(&domain);
        guest.destroy()?;
        return Err(error);
    }
    Ok(())
}
