//! The pool's secret is exchanged for another one, host by host, without anybody's line being lost.
//!
//! A host that has taken another secret knows those before as well, until its master has seen that every host of the pool
//! has the one that counts. Wherever that is cut any two hosts know a common one, for none is forgotten before all have the
//! next. Whoever is the master then brings it to its end: all get the secret that counts at the master, be it the new one or
//! the one before.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

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

/// How long a host that has not answered is left alone, if it does not arrive anew before. Whoever asks for an exchange has it
/// asked all the same.
const ALONE: Duration = Duration::from_secs(60);

/// Who exchanges the secret takes turns at this.
#[derive(Default)]
pub(crate) struct Rotation {
    turn: Mutex<()>,
    goes_on: Mutex<GoesOn>,
    over: Condvar,
}

/// Whether what was cut is being brought to its end.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum GoesOn {
    #[default]
    No,
    Yes,
    /// Something has changed since the thread looked.
    Again,
}

impl Rotation {
    fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, GoesOn> {
        self.goes_on.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nothing is brought to its end any more; false if something is after so long.
    pub(super) fn rests(&self, within: Duration) -> bool {
        let busy = |state: &mut GoesOn| *state != GoesOn::No;
        let waited = self.over.wait_timeout_while(self.state(), within, busy);
        *waited.unwrap_or_else(PoisonError::into_inner).0 == GoesOn::No
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
    ended(finish(core, &turn, Asking::InTurn)?)?;
    secret::take(&core.config, &PoolSecret::fresh()?)?;
    ended(finish(core, &turn, Asking::InTurn)?)
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
/// its end: a host that came now would know one secret alone, and might meet hosts that do not know it. The same if it knows
/// another one, by the mark that it has told, than the one that counts.
pub(super) fn is_settled<'a>(core: &'a Core, known: Option<&str>) -> Result<MutexGuard<'a, ()>> {
    let busy = || {
        let code = "OTHER_OPERATION_IN_PROGRESS";
        ApiError::new(code, vec![Pool::NAME.to_owned()])
    };
    let turn = match core.pool.rotation.turn.try_lock() {
        Ok(turn) => turn,
        Err(TryLockError::Poisoned(turn)) => turn.into_inner(),
        Err(TryLockError::WouldBlock) => return Err(busy()),
    };
    let counts = secret::find(&core.config)?.map(|secret| secret.mark());
    match is_any_unsettled(core)? || known.is_some_and(|known| Some(known) != counts.as_deref()) {
        true => Err(busy()),
        false => Ok(turn),
    }
}

/// Brings an exchange to its end that was cut, if every host of the pool is there. For a master, whenever something has
/// changed. Returns at once: a host may not answer.
pub(super) fn go_on(core: &Arc<Core>) -> Result<()> {
    if core.pool.standing.role() != Role::Master || !is_any_unsettled(core)? {
        return Ok(());
    }
    let mut state = core.pool.rotation.state();
    if *state != GoesOn::No {
        *state = GoesOn::Again;
        return Ok(());
    }
    let own = Arc::clone(core);
    std::thread::Builder::new()
        .name("secret".to_owned())
        .spawn(move || GoingOn(own).run())
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))?;
    *state = GoesOn::Yes;
    Ok(())
}

/// The one who brings it to its end.
struct GoingOn(Arc<Core>);

impl GoingOn {
    fn run(&self) {
        let core = &self.0;
        loop {
            let turn = core.pool.rotation.turn();
            *core.pool.rotation.state() = GoesOn::Yes;
            self.look(&turn);
            drop(turn);
            let mut state = core.pool.rotation.state();
            if *state == GoesOn::Yes || core.is_ending() {
                *state = GoesOn::No;
                core.pool.rotation.over.notify_all();
                return;
            }
        }
    }

    fn look(&self, turn: &MutexGuard<'_, ()>) {
        let core = &self.0;
        let unsettled = || Ok(core.pool.is_master() && is_any_unsettled(core)?);
        match unsettled().and_then(|is| match is {
            true => finish(core, turn, Asking::AtOnce).map(Some),
            false => Ok(None),
        }) {
            Ok(Some(None)) => tracing::warn!(
                "every host has the same secret of the pool again, and no other one is good"
            ),
            Ok(Some(Some(host))) => {
                tracing::debug!("those before the secret of the pool are good until {host} has it");
            }
            // Somebody was quicker.
            Ok(None) => {}
            // The next look for another master tries again.
            Err(why) => {
                tracing::error!("the secret of the pool is not the same everywhere: {why}");
            }
        }
    }
}

impl Drop for GoingOn {
    fn drop(&mut self) {
        // The next one may begin all the same.
        if std::thread::panicking() {
            *self.0.pool.rotation.state() = GoesOn::No;
            self.0.pool.rotation.over.notify_all();
        }
    }
}

/// Whether a host that is known to this one, or this one itself, has another secret than this one or knows more than that.
fn is_any_unsettled(core: &Core) -> Result<bool> {
    let all = secret::all(&core.config)?;
    let Some(counts) = all.first() else {
        return Ok(false);
    };
    let mark = counts.mark();
    let is = |remote: &RemoteAgent| {
        remote.is_linked() && !remote.has_only(&mark) && !is_taken_for_settled(&all, remote)
    };
    let mut remotes = core.pool.everybody().into_iter();
    Ok(all.len() > 1 || remotes.any(|(_, remote)| is(&remote)))
}

/// A host with an older program does not tell which secret it has. As long as there is one alone it has that, or could not have
/// opened its line.
fn is_taken_for_settled(all: &[PoolSecret], remote: &RemoteAgent) -> bool {
    all.len() == 1 && !remote.tells_secret()
}

/// How the hosts are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asking {
    /// One after the other, for somebody who waits for it.
    InTurn,
    /// All at once, but for those that have not answered a short while ago.
    AtOnce,
}

/// Gives every host the secret that counts here, and then has all forget the others. The host that is waited for, if that
/// is not the end.
fn finish(core: &Core, _turn: &MutexGuard<'_, ()>, asking: Asking) -> Result<Option<Ref<Host>>> {
    let known = secret::all(&core.config)?;
    let Some(counts) = known.first() else {
        return Ok(None);
    };
    let mark = counts.mark();
    let mut waits_for = None;
    let mut all = Vec::new();
    for host in others(core)? {
        match core.pool.linked(&host) {
            Ok(remote) if is_taken_for_settled(&known, &remote) => {}
            Ok(remote) => all.push((host, remote)),
            Err(_) => {
                waits_for.get_or_insert(host);
            }
        }
    }
    let refused = ask(asking, &all, |host, remote| {
        if remote.has(&mark) {
            return true;
        }
        let has = orders(host, remote, Verb::Secret(counts.clone()));
        if has {
            remote.holds(&mark, true);
        }
        has
    });
    let waits_for = waits_for.or(refused);
    if waits_for.is_some() {
        return Ok(waits_for);
    }
    let waits_for = ask(asking, &all, |host, remote| {
        if remote.has_only(&mark) {
            return true;
        }
        let has = orders(host, remote, Verb::SecretSettled(mark.clone()));
        match has {
            true => remote.holds(&mark, false),
            // Another one may count there by now.
            false => remote.doubts_secret(),
        }
        has
    });
    // Last, so that a new start of this daemon knows that it was not at its end.
    if waits_for.is_none() {
        secret::forget_previous(&core.config)?;
    }
    Ok(waits_for)
}

/// Asks something of hosts. The first of which it was asked in vain, if there is one.
fn ask(
    asking: Asking,
    hosts: &[(Ref<Host>, Arc<RemoteAgent>)],
    what: impl Fn(&Ref<Host>, &RemoteAgent) -> bool + Sync,
) -> Option<Ref<Host>> {
    let done: Vec<bool> = match asking {
        Asking::InTurn => hosts
            .iter()
            .map(|(host, remote)| what(host, remote))
            .collect(),
        Asking::AtOnce => std::thread::scope(|scope| {
            let what = &what;
            let asked: Vec<_> = hosts
                .iter()
                .map(|(host, remote)| {
                    scope.spawn(move || !remote.was_silent(ALONE) && what(host, remote))
                })
                .collect();
            // Whoever has panicked has not asked.
            let all = asked.into_iter().map(|asked| asked.join().unwrap_or(false));
            all.collect()
        }),
    };
    let mut vain = hosts.iter().zip(done).filter(|(_, done)| !done);
    vain.next().map(|((host, _), _)| host.clone())
}

fn orders(host: &Ref<Host>, remote: &RemoteAgent, verb: Verb) -> bool {
    match remote.order_of_secret(verb) {
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
