//! The thread that minds a guest: reads what it says, notices its end, and clears up.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use super::guest::Guest;
use super::{ANSWER_WITHIN, Host, find, nics};
use crate::qmp::{Qmp, QmpEvent, Reader};
use crate::{GuestError, State};

/// A process closes its sockets before it has ended.
const ENDS_WITHIN: Duration = Duration::from_secs(5);

/// Begins to mind a guest, also one whose connection is to be made yet.
pub(super) fn mind(
    host: &Arc<Host>,
    guest: &Arc<Guest>,
    reader: Option<Reader>,
) -> Result<(), GuestError> {
    let minding = (host.clone(), guest.clone());
    let thread = std::thread::Builder::new().name("guest".to_owned());
    let spawned = thread.spawn(move || run(&minding.0, &minding.1, reader));
    let handle = spawned.map_err(|error| GuestError::failed("starting a guest's thread", error))?;
    let mut minders = host.minders();
    minders.retain(|minder| !minder.is_finished());
    minders.push(handle);
    Ok(())
}

fn run(host: &Arc<Host>, guest: &Arc<Guest>, mut reader: Option<Reader>) {
    loop {
        if let Some(reader) = reader.take() {
            let why = reader.run(|event| see(host, guest, &event));
            tracing::debug!("domain {}: {why}", guest.domain());
        }
        match guest
            .process
            .ends_within(ENDS_WITHIN, Some(host.closing.as_fd()))
        {
            Ok(true) => return guest.clear(host),
            Ok(false) if host.is_closing() => return,
            Ok(false) => {}
            // Nothing can be known about it any more; the next daemon looks again.
            Err(error) => return tracing::error!("waiting for a guest's end: {error}"),
        }
        reader = connect(host, guest);
    }
}

/// The guest runs, and nobody reads what it says.
fn connect(host: &Arc<Host>, guest: &Arc<Guest>) -> Option<Reader> {
    tracing::warn!(
        "domain {}: the connection is lost; connecting again",
        guest.domain()
    );
    match Qmp::connect(&guest.folder.socket(), ANSWER_WITHIN) {
        Ok((qmp, mut reader)) => {
            // What it said meanwhile is lost.
            if let Err(error) = find::catch_up(host, guest, &mut reader) {
                tracing::warn!("domain {}: {error}", guest.domain());
            }
            guest.live().qmp = qmp;
            Some(reader)
        }
        Err(error) => {
            tracing::warn!("domain {}: {error}", guest.domain());
            None
        }
    }
}

fn see(host: &Arc<Host>, guest: &Arc<Guest>, event: &QmpEvent) {
    let done = match event.name.as_str() {
        "DEVICE_DELETED" => match event.text("device").and_then(nics::number) {
            Some(device) => nics::let_go(host, guest, device),
            // A part of a device, which has no name.
            None => Ok(()),
        },
        // An agent opens its port once the drivers are up; a NIC's driver sets its filter.
        "VSERPORT_CHANGE" if event.data["open"] == true => guest.drivers_seen(host),
        "NIC_RX_FILTER_CHANGED" => guest.drivers_seen(host),
        "STOP" => set(guest, State::Paused),
        "RESUME" => set(guest, State::Running),
        "MIGRATION" => {
            guest.live().migration = event.text("status").map(str::to_owned);
            guest.tell_waiting();
            Ok(())
        }
        _ => Ok(()),
    };
    if let Err(error) = done {
        tracing::warn!("domain {}: {}: {error}", guest.domain(), event.name);
    }
}

fn set(guest: &Guest, state: State) -> Result<(), GuestError> {
    guest.live().state = state;
    Ok(())
}
