//! The pool's secret is exchanged for another one, host by host, without anybody's line being lost.
//!
//! A host that has taken another secret knows those before as well, until its master has seen that every host of the pool
//! has the one that counts. Wherever that is cut any two hosts know a common one, for none is forgotten before all have the
//! next. Whoever is the master then brings it to its end: all get the secret that counts at the master, be it the new one or
//! the one before.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use xapi_db::Read;
use xapi_model::pool::RotateSecret;
use xapi_model::{ApiError, Class, Host, Pool, Ref, errors};

use super::remote::RemoteAgent;
use super::role::Role;
use super::secret::{self, PoolSecret};
use super::transition::refuse_ha;
use super::verbs::Verb;
use crate::Result;
use crate::context::{Core, Cx};

/// Who exchanges the secret takes turns at this.
#[derive(Default)]
pub(crate) struct Rotation(Mutex<()>);

impl Rotation {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `pool.rotate_secret`: all hosts get another secret. Until each has it, those before are good. HOST_OFFLINE [host] names a
/// host that is not there; nothing has changed then. CANNOT_CONTACT_HOST [host] names one that was lost in the middle: it is
/// brought to its end as soon as all are there again.
pub fn rotate_secret(cx: &Cx<'_>, _: RotateSecret) -> Result<()> {
    let core = cx.core;
    refuse_ha(core)?;
    // Nobody else becomes the master while some hosts have the new one and others have not.
    let _undivided = core.pool.divides();
    let turn = core.pool.rotation.turn();
    for host in others(core)? {
        core.pool.linked(&host)?;
    }
    secret::find_or_make(&core.config)?;
    // What was begun before comes to its end first, so that no host has to know more and more of them.
    ended(finish(core, &turn)?)?;
    secret::take(&core.config, &PoolSecret::fresh()?)?;
    ended(finish(core, &turn)?)
}

fn ended(waits_for: Option<Ref<Host>>) -> Result<()> {
    match waits_for {
        None => Ok(()),
        Some(host) => {
            tracing::warn!(
                "{host} has not got the secret of the pool yet: those before are good until it has"
            );
            Err(errors::cannot_contact_host(&host))
        }
    }
}

/// While this is held the secret is not exchanged. OTHER_OPERATION_IN_PROGRESS [pool] if it is, or if that has not come to
/// its end: a host that came now would know one secret alone, and might meet hosts that do not know it.
pub(super) fn is_settled(core: &Core) -> Result<MutexGuard<'_, ()>> {
    let busy = || {
        let code = "OTHER_OPERATION_IN_PROGRESS";
        ApiError::new(code, vec![Pool::NAME.to_owned()])
    };
    let turn = match core.pool.rotation.0.try_lock() {
        Ok(turn) => turn,
        Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
        Err(TryLockError::WouldBlock) => return Err(busy()),
    };
    match is_any_unsettled(core)? {
        true => Err(busy()),
        false => Ok(turn),
    }
}

/// Brings an exchange to its end that was cut, if every host of the pool is there. For a master, whenever something has
/// changed.
pub(super) fn go_on(core: &Core) -> Result<()> {
    if core.pool.standing.role() != Role::Master || !is_any_unsettled(core)? {
        return Ok(());
    }
    let turn = core.pool.rotation.turn();
    match finish(core, &turn)? {
        None => tracing::warn!(
            "every host has the same secret of the pool again, and no other one is good"
        ),
        Some(host) => {
            tracing::debug!("those before the secret of the pool are good until {host} has it")
        }
    }
    Ok(())
}

/// Whether a host that is known to this one, or this one itself, has another secret than this one or knows more than that.
fn is_any_unsettled(core: &Core) -> Result<bool> {
    let all = secret::all(&core.config)?;
    let Some(counts) = all.first() else {
        return Ok(false);
    };
    let mark = counts.mark();
    let mut remotes = core.pool.everybody().into_iter();
    Ok(all.len() > 1 || remotes.any(|(_, remote)| remote.is_linked() && !remote.has_only(&mark)))
}

/// Gives every host the secret that counts here, and then has all forget the others. The host that is waited for, if that
/// is not the end.
fn finish(core: &Core, _turn: &MutexGuard<'_, ()>) -> Result<Option<Ref<Host>>> {
    let Some(counts) = secret::find(&core.config)? else {
        return Ok(None);
    };
    let mark = counts.mark();
    let mut waits_for = None;
    let mut all = Vec::new();
    for host in others(core)? {
        let Ok(remote) = core.pool.linked(&host) else {
            waits_for.get_or_insert(host);
            continue;
        };
        match remote.has(&mark) || orders(&host, &remote, Verb::Secret(counts.clone())) {
            true => {
                if !remote.has(&mark) {
                    remote.holds(&mark, true);
                }
                all.push((host, remote));
            }
            false => {
                waits_for.get_or_insert(host);
            }
        }
    }
    if waits_for.is_some() {
        return Ok(waits_for);
    }
    for (host, remote) in all {
        if remote.has_only(&mark) {
            continue;
        }
        match orders(&host, &remote, Verb::SecretSettled(mark.clone())) {
            true => remote.holds(&mark, false),
            false => {
                waits_for.get_or_insert(host);
            }
        }
    }
    // Last, so that a new start of this daemon knows that it was not at its end.
    if waits_for.is_none() {
        secret::forget_previous(&core.config)?;
    }
    Ok(waits_for)
}

fn orders(host: &Ref<Host>, remote: &RemoteAgent, verb: Verb) -> bool {
    match remote.order(verb) {
        Ok(()) => true,
        Err(why) => {
            tracing::warn!("{host}: does not take the secret of the pool: {why}");
            false
        }
    }
}

/// Every other host of the pool.
fn others(core: &Core) -> Result<Vec<Ref<Host>>> {
    let here = core.localhost()?;
    let hosts = core.view()?.refs(Host::DESC)?.into_iter();
    let others = hosts.map(Ref::<Host>::new).filter(|host| *host != here);
    Ok(others.collect())
}
