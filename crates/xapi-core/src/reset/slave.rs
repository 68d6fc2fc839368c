//! The reset of a slave, as far as the slave does it itself. Its rows are its master's, which may be reached only once
//! management is as the trigger says. So the host comes up like that, tells its master of the trigger when the two are
//! linked, and removes it when the rows are here and management has its address. What an operator is to be told waits for
//! the master as well.
//!
//! Until the master has made the rows nothing that goes by the old ones may reach the host's network: what others ask for
//! is refused, and neither the inventory nor the topology that is kept follows the old rows.

use std::sync::{MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use xapi_conf::trigger::{self, Found, Pending};
use xapi_model::errors;
use xapi_net::topology::Mac;

use super::holder::{self, Holders};
use super::{For, Wish, announce, end, failed, is_done, nic, settle, sweep, was_done};
use crate::context::Core;
use crate::pool::moved;
use crate::pool::verbs::{News, ResetAsked, ToTell, encode};
use crate::{Result, console, last_topology};

/// Of what is to be told the oldest go first.
const MOST_ALERTS: usize = 16;

/// What a slave has to know of a reset beside what it waits for.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// The mark of the trigger by which the network is already, while the rows are not.
    ahead: Option<String>,
    /// What is to be put aside once everything up to this number is told.
    found: Option<(u64, Found)>,
    /// What is to be told.
    alerts: Vec<ToTell>,
    /// The number of the last one.
    last: u64,
}

fn behind(core: &Core) -> MutexGuard<'_, Behind> {
    let behind = core.reset.slave.lock();
    behind.unwrap_or_else(PoisonError::into_inner)
}

/// The step of start-up: the network comes up as a trigger says, if there is one.
pub(crate) fn at_start(core: &Core) -> Result<()> {
    sweep(core);
    let mut found = trigger::find(&core.config.root);
    let chosen = found.chosen.take();
    let refusals = end::refusals(&found);
    for body in &refusals {
        end::alert(core, end::REFUSED, body);
    }
    match refusals.is_empty() {
        true => end::put_aside(&found),
        false => {
            let mut behind = behind(core);
            behind.found = Some((behind.last, found));
        }
    }
    let Some(pending) = chosen else {
        return Ok(());
    };
    moved::overtaken(core);
    if !was_done(core, &pending) {
        return begin(core, pending);
    }
    // What was kept may be of before the rows came.
    core.keep_topology(&core.localhost()?);
    let again = holder::take_again(core, Holders::of(&Wish::from(&pending)));
    *core.reset.state() = Some(For::Master(pending));
    again
}

/// Brings the network up as a trigger says, unless its NIC is not there: then the host comes up as before.
fn begin(core: &Core, pending: Pending) -> Result<()> {
    let wish = Wish::from(&pending);
    let found = core.agent.facts().map_err(errors::internal_error)?;
    match nic(&found, wish.device()) {
        Some(nic) => bring_up(core, pending, nic.mac),
        None => {
            let body = end::missing(&wish, &found);
            console::tell(&core.config, &console::plain(&body));
            tracing::error!("{body}");
            *core.reset.state() = Some(For::Nic(None));
            // What was kept is as the tool has left it, which may be for that NIC alone.
            if let Ok(host) = core.localhost() {
                core.keep_topology(&host);
            }
            Ok(())
        }
    }
}

fn bring_up(core: &Core, pending: Pending, mac: Option<Mac>) -> Result<()> {
    let wish = Wish::from(&pending);
    announce(&pending);
    let topology = match xapi_reset::topology(&wish.trigger.management, mac) {
        Ok(topology) => topology,
        Err(why) => {
            let why = errors::internal_error(why);
            let body = failed(&wish, "at the next start", &why);
            console::tell(&core.config, &console::plain(&body));
            end::alert(core, "NETWORK_RESET_FAILED", &body);
            return Err(why);
        }
    };
    let mut holders = Holders::of(&wish);
    holders.take_nic(&*core.agent, &topology);
    holders.tell_later(core);
    behind(core).ahead = Some(wish.mark);
    *core.reset.state() = Some(For::Master(pending));
    let path = core.config.last_topology();
    if let Err(why) = last_topology::write(&path, &topology) {
        // The next start brings the same up by the trigger.
        tracing::error!("{}: {why}", path.display());
    }
    let outcome = last_topology::make(&core.config, &*core.agent, topology)?;
    tracing::warn!(
        steps = outcome.steps,
        "the network is as the reset has it; the master does the rest"
    );
    Ok(())
}

/// Whether the host's network is as a reset has it, and its rows are not yet.
pub(crate) fn is_ahead(core: &Core) -> bool {
    let mut behind = behind(core);
    let Some(mark) = &behind.ahead else {
        return false;
    };
    let done = core
        .localhost()
        .and_then(|host| is_done(&core.view()?, &host, mark));
    if matches!(done, Ok(true)) {
        behind.ahead = None;
    }
    behind.ahead.is_some()
}

/// Whether what the master asks of the network is refused, for it may be of the old rows: it is to make those of the
/// reset first.
pub(crate) fn is_due(core: &Core) -> bool {
    matches!(*core.reset.state(), Some(For::Master(_)))
}

/// What the master is told when it asks: the trigger that it is to carry out, and what it is to tell the operator.
pub(crate) fn asked(core: &Core) -> (Option<ResetAsked>, Vec<ToTell>) {
    let _taken_up = taking_up(core);
    let alerts = behind(core).alerts.clone();
    let mark = match &*core.reset.state() {
        None => return (None, alerts),
        Some(For::Nic(_)) => None,
        Some(For::Master(pending) | For::Address(pending)) => Some(pending.mark()),
    };
    let found = trigger::find(&core.config.root).chosen;
    let found = found.filter(|found| mark.as_ref().is_none_or(|mark| *mark == found.mark()));
    if found.is_none() {
        gone(core);
    }
    (found.as_ref().map(told), alerts)
}

fn told(pending: &Pending) -> ResetAsked {
    let written = pending.written().duration_since(UNIX_EPOCH);
    ResetAsked {
        text: pending.trigger.text(),
        mark: pending.mark(),
        written: written.map_or(0, |since| since.as_secs()),
    }
}

/// Whoever removed the trigger has called the reset off: the rows count again.
fn gone(core: &Core) {
    tracing::warn!("the trigger of the network reset is gone, and the reset with it");
    *core.reset.state() = None;
    behind(core).ahead = None;
    if let Ok(host) = core.localhost() {
        core.keep_topology(&host);
        core.publish(&host);
    }
}

/// The master has told what has a number up to this one, and has carried out the trigger with this mark, if any.
pub(crate) fn heard(core: &Core, up_to: u64, done: Option<&str>) {
    let aside = {
        let mut behind = behind(core);
        behind.alerts.retain(|alert| alert.number > up_to);
        behind.found.take_if(|(last, _)| *last <= up_to)
    };
    if let Some((_, found)) = aside {
        end::put_aside(&found);
    }
    let Some(mark) = done else {
        return;
    };
    {
        let mut state = core.reset.state();
        *state = match state.take() {
            Some(For::Master(pending)) if pending.mark() == mark => Some(For::Address(pending)),
            Some(waiting @ For::Nic(_)) => {
                let found = trigger::find(&core.config.root).chosen;
                let found = found.filter(|found| found.mark() == mark);
                Some(found.map_or(waiting, For::Address))
            }
            other => other,
        };
    }
    // The rows may not be here yet.
    if let Err(why) = settle(core) {
        tracing::error!("the network reset is not at its end: {why}");
    }
}

/// Something happened to the network, or the master was looked for in vain: a NIC that a reset waits for may be there. If
/// the master is, it does the whole.
pub(crate) fn look_again(core: &Core) -> Result<()> {
    let _taken_up = taking_up(core);
    let waits = matches!(*core.reset.state(), Some(For::Nic(_)));
    if !waits || core.pool.standing.master().is_ok() {
        return Ok(());
    }
    let Some(pending) = trigger::find(&core.config.root).chosen else {
        gone(core);
        return Ok(());
    };
    let found = core.agent.facts().map_err(errors::internal_error)?;
    match nic(&found, &pending.trigger.management.device) {
        Some(nic) => bring_up(core, pending, nic.mac),
        None => Ok(()),
    }
}

/// Held by whoever brings the network up, and by whoever has the master do it.
fn taking_up(core: &Core) -> MutexGuard<'_, ()> {
    let taking_up = core.reset.taking_up.lock();
    taking_up.unwrap_or_else(PoisonError::into_inner)
}

/// Has the master tell the operator something.
pub(super) fn to_tell(core: &Core, name: &str, body: &str) {
    let mut behind = behind(core);
    if behind.alerts.iter().any(|alert| alert.body == body) {
        return;
    }
    if behind.alerts.len() >= MOST_ALERTS {
        behind.alerts.remove(0);
    }
    behind.last += 1;
    let number = behind.last;
    behind.alerts.push(ToTell {
        number,
        name: name.to_owned(),
        body: body.to_owned(),
    });
}

/// The trigger is gone, and the word about it may go. A master that does not hear it finds that out when the host is
/// linked again.
pub(super) fn is_over(core: &Core, mark: String) {
    let told = core.pool.standing.master().and_then(|master| {
        let news = encode(&News::ResetOver(mark)).map_err(errors::internal_error)?;
        master.tell(news).map_err(errors::internal_error)
    });
    if let Err(why) = told {
        tracing::info!("the master was not told that the network reset is over: {why}");
    }
}
