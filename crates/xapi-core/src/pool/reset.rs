//! The emergency network reset of a slave, as far as its master does it: the rows, and the convergence on them. The slave
//! has come up as its trigger says, and keeps that until it hears that the rows are made.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use xapi_conf::trigger;
use xapi_model::{Host, Ref, errors};

use super::remote::RemoteAgent;
use super::verbs::{Arrived, ResetAsked, ToTell, Verb};
use crate::Result;
use crate::context::Core;
use crate::reset::{self, Wish};

/// What a slave may say of its trigger, and how much it may have to tell, in octets.
const MOST_MARK: usize = 128;
const MOST_ALERTS: usize = 32;
const MOST_BODY: usize = 16 << 10;

/// Every alert that a slave may have made is about its reset.
const ABOUT: &str = "NETWORK_RESET";

/// Does what a host asks for that was started with a trigger, and tells its operator what it has to tell. An error says
/// that the host has to come back before anything else is done with it. Whether its rows are as its trigger has them: then
/// what it has of the pool's network is to be made again.
pub(super) fn take_up(
    core: &Arc<Core>,
    host: &Ref<Host>,
    remote: &RemoteAgent,
    arrived: &Arrived,
) -> Result<bool> {
    for alert in arrived.alerts.iter().take(MOST_ALERTS) {
        tell(core, host, alert);
    }
    let done = match &arrived.reset {
        Some(asked) => carry_out(core, host, remote, asked)?,
        None => {
            remote.waits_for_nic(false);
            reset::forget(core, host, None)?;
            None
        }
    };
    let told = arrived.alerts.iter().map(|alert| alert.number).max();
    if told.is_none() && done.is_none() {
        return Ok(false);
    }
    let is_done = done.is_some();
    let heard = Verb::Heard {
        told: told.unwrap_or(0),
        reset: done,
    };
    // A host that does not hear it asks again when it is linked again.
    remote.order(heard).map_err(|why| {
        tracing::warn!("{host}: not told what became of its network reset: {why}");
        errors::cannot_contact_host(host)
    })?;
    Ok(is_done)
}

fn tell(core: &Core, host: &Ref<Host>, alert: &ToTell) {
    let named = alert.name.starts_with(ABOUT)
        && alert.name.len() <= 64
        && alert
            .name
            .bytes()
            .all(|it| it.is_ascii_uppercase() || it == b'_');
    if !named || alert.body.len() > MOST_BODY {
        tracing::warn!("{host}: has something to tell that is no word about a network reset");
        return;
    }
    reset::alert_about(core, host, &alert.name, &alert.body);
}

/// Carries out a host's trigger, unless that was done; its mark, if the rows are as it has them.
fn carry_out(
    core: &Arc<Core>,
    host: &Ref<Host>,
    remote: &RemoteAgent,
    asked: &ResetAsked,
) -> Result<Option<String>> {
    if asked.mark.len() > MOST_MARK || asked.mark.chars().any(char::is_control) {
        return Err(errors::internal_error("the mark of its trigger is none"));
    }
    let _turn = core.turn(host)?;
    if reset::is_done(&core.view()?, host, &asked.mark)? {
        remote.waits_for_nic(false);
        return Ok(Some(asked.mark.clone()));
    }
    // Another arrival of the host may have done it, and all of it be over, while this one waited for its turn. The rows say
    // that it is done as long as the trigger is there.
    let now = remote.arrived().map_err(|why| {
        tracing::warn!("{host}: {why}");
        errors::cannot_contact_host(host)
    })?;
    if now.reset.as_ref().map(|now| &now.mark) != Some(&asked.mark) {
        return Ok(None);
    }
    let wish = wish_of(asked)?;
    let done = remote.while_resetting(|| reset::reset(core, host, &wish));
    match done {
        Ok(true) => {
            remote.waits_for_nic(false);
            Ok(Some(asked.mark.clone()))
        }
        Ok(false) => {
            remote.waits_for_nic(true);
            Ok(None)
        }
        Err(why) => {
            if why.code != "CANNOT_CONTACT_HOST" && why.code != "HOST_OFFLINE" {
                let again =
                    "whenever the host is linked, unless the file network-reset is removed there";
                let body = reset::failed(&wish, again, &why);
                reset::alert_about(core, host, "NETWORK_RESET_FAILED", &body);
            }
            Err(why)
        }
    }
}

fn wish_of(asked: &ResetAsked) -> Result<Wish> {
    let length = u64::try_from(asked.text.len()).unwrap_or(u64::MAX);
    let trigger = match trigger::parse(asked.text.as_bytes()) {
        Ok((trigger, _)) if length <= trigger::LIMIT => trigger,
        Ok(_) => return Err(errors::internal_error("its trigger is too long")),
        Err(complaints) => {
            let complaints: Vec<_> = complaints.iter().map(ToString::to_string).collect();
            return Err(errors::internal_error(format!(
                "its trigger is none: {}",
                complaints.join("; ")
            )));
        }
    };
    let written = UNIX_EPOCH.checked_add(Duration::from_secs(asked.written));
    Ok(Wish {
        trigger,
        mark: asked.mark.clone(),
        written: written.unwrap_or(UNIX_EPOCH),
    })
}

/// A host's NICs came or went: a reset that waits for one may be carried out now.
pub(crate) fn again(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    let remote = core.pool.linked(host)?;
    if !remote.is_waiting_for_nic() {
        return Ok(());
    }
    let arrived = remote.arrived().map_err(|why| {
        tracing::warn!("{host}: {why}");
        errors::cannot_contact_host(host)
    })?;
    if take_up(core, host, &remote, &arrived)? {
        super::arrival::inherit(core, host)?;
    }
    Ok(())
}
