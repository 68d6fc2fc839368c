//! A slave's database follows its master's: a full copy first, then every commit, in order.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use xapi_db::{Read, Replacement};
use xapi_model::{Bond, Host, Network, Pif, Pool, Tunnel, Vlan};
use xapi_model::{Class, Position, Ref, errors};

use super::verbs::Stream;
use crate::context::{Core, db_error};
use crate::{Result, reset};

/// How far this host has followed; and whoever waits for it to be so far.
#[derive(Default)]
pub(crate) struct Follower {
    state: Mutex<State>,
    applied: Condvar,
}

#[derive(Default)]
struct State {
    /// A copy that has begun and is not complete.
    copying: Option<Replacement>,
    /// How far the database and what stands beside it are, once this daemon has followed.
    at: Option<Position>,
}

impl Follower {
    /// What the master tells, in its order. An error ends the line: the next one begins with a copy if it must.
    pub(super) fn told(&self, core: &Core, stream: Stream) -> Result<()> {
        let mut state = self.state();
        let before = core.store.generation();
        match stream {
            Stream::CopyBegins(position) => {
                state.copying = Some(begun(core, position)?);
                return Ok(());
            }
            Stream::CopyRows(rows) => {
                let Some(copying) = state.copying.as_mut() else {
                    return Err(errors::internal_error("rows of a copy that has not begun"));
                };
                return copying.add(rows).map_err(db_error);
            }
            Stream::CopyEnds => {
                let Some(copied) = state.copying.take() else {
                    return Err(errors::internal_error(
                        "the end of a copy that has not begun",
                    ));
                };
                copied.commit().map_err(db_error)?;
                tracing::info!(at = ?core.store.position(), "the database is the master's");
            }
            Stream::Commits(from, commits) => {
                core.store.replay_all(from, &commits).map_err(db_error)?;
            }
        }
        followed(core, before)?;
        state.at = core.store.position();
        self.applied.notify_all();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until this host has followed so far; false if it has not within the time.
    pub(super) fn reaches(&self, core: &Core, position: Position, within: Duration) -> bool {
        let behind = |state: &mut State| {
            let at = state.at.or_else(|| core.store.position());
            at < Some(position)
        };
        let waited = self
            .applied
            .wait_timeout_while(self.state(), within, behind);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The line is gone: what has come of a copy is worth nothing.
    pub(super) fn forget(&self) {
        self.state().copying = None;
    }
}

/// Begins to take over a copy of this position.
fn begun(core: &Core, position: Position) -> Result<Replacement> {
    let copying = core.store.replacement(position).map_err(db_error)?;
    if core.store.position().is_none() && !super::link::is_of_own_pool(core)? {
        return Ok(copying.of_another_pool());
    }
    // What a later master has answered must not be lost to one that has not heard of it.
    let known = core.store.term();
    if position.term < known {
        return Err(errors::internal_error(format!(
            "it is a master of term {}, and there was one of term {known}",
            position.term
        )));
    }
    // Whoever is told to decide before the copy is here decides later than this one.
    core.store.hear_of(position.term).map_err(db_error)?;
    Ok(copying)
}

/// What stands beside the database follows it: who this host is, the inventory, the firewall, the last topology.
fn followed(core: &Core, before: u64) -> Result<()> {
    find_self(core)?;
    let Ok(host) = core.localhost() else {
        return Ok(());
    };
    let of_network = [
        Pif::DESC,
        Network::DESC,
        Bond::DESC,
        Vlan::DESC,
        Tunnel::DESC,
        Host::DESC,
        Pool::DESC,
    ];
    if of_network
        .iter()
        .any(|class| core.store.touched(class, before))
        && !core.view()?.find(Pif::HOST, &host)?.is_empty()
    {
        // Until they are of the reset the rows say nothing of what the host is.
        if reset::slave::is_ahead(core) {
            return Ok(());
        }
        core.keep_topology(&host);
        if let Err(why) = reset::note_management(core) {
            tracing::error!("the management interface cannot be read: {why}");
        }
        core.publish(&host);
    }
    Ok(())
}

/// This host's record, by the UUID of the inventory, if the database has it.
pub(crate) fn find_self(core: &Core) -> Result<()> {
    // What is there before the first copy is another pool's.
    if core.localhost().is_ok() {
        return Ok(());
    }
    if core.store.position().is_none() && !super::link::is_of_own_pool(core)? {
        return Ok(());
    }
    let uuid = core.own_uuid()?;
    match core.view()?.by_uuid(Host::DESC, &uuid) {
        Ok(host) => core.set_localhost(Ref::new(host)),
        Err(why) if why.code == "UUID_INVALID" => {}
        Err(why) => return Err(why),
    }
    Ok(())
}
