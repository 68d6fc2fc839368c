//! A slave's database follows its master's: a full copy first, then every commit, in order.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use xapi_db::{Edit, Read, Replacement, View};
use xapi_model::{Bond, Host, Network, Pif, Pool, Tunnel, Vif, Vlan, Vm};
use xapi_model::{Class, Position, Ref, errors};

use super::aside::Aside;
use super::verbs::Stream;
use super::{charter, moved, transition};
use crate::context::{Core, db_error};
use crate::{Result, reset};

/// Fields of a PIF that tunnels of other hosts lead to.
const ADDRESSES: [&str; 3] = ["IP", "IPv6", "primary_address_type"];

/// Fields of a machine that say which ports its host has.
const PLACES: [&str; 3] = ["resident_on", "domid", "power_state"];

/// Fields that say nothing of the network, whatever object has them.
const WORDS: [&str; 3] = ["name_label", "name_description", "tags"];

/// How far this host has followed; and whoever waits for it to be so far.
#[derive(Default)]
pub(crate) struct Follower {
    state: Mutex<State>,
    applied: Condvar,
    /// The term of the master that has told something last; 0 before.
    hears: AtomicU64,
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
        let mut concerned = true;
        match stream {
            Stream::CopyBegins(position) => {
                self.hears.store(position.term, Ordering::Release);
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
                core.pool.relays.follows(core.store.term());
                tracing::info!(at = ?core.store.position(), "the database is the master's");
            }
            Stream::Commits(from, commits) => {
                self.hears.store(from.term, Ordering::Release);
                core.store.replay_all(from, &commits).map_err(db_error)?;
                let edits = commits.iter().flat_map(|commit| &commit.edits);
                concerned = concerns_this_host(core, edits)?;
            }
        }
        find_self(core)?;
        if concerned {
            followed(core)?;
        }
        state.at = core.store.position();
        self.applied.notify_all();
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The term of the master that this host hears, whose rows it may not have yet.
    pub(super) fn hears(&self, core: &Core) -> u64 {
        match self.hears.load(Ordering::Acquire) {
            0 => core.store.term(),
            term => term,
        }
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

    /// Has what stands beside the database follow it once more.
    pub(super) fn again(&self, core: &Core) -> Result<()> {
        let _state = self.state();
        followed(core)
    }

    /// The line is gone: what has come of a copy is worth nothing.
    pub(super) fn forget(&self) {
        self.state().copying = None;
    }
}

/// Begins to take over a copy of this position. Whoever is about to be something else takes none: somebody has decided by the
/// rows that are here, and another master, which may be found until the next start, need not have them.
fn begun(core: &Core, position: Position) -> Result<Replacement> {
    transition::undecided(&charter::open(core))?;
    let copying = core.store.replacement(position).map_err(db_error)?;
    if core.store.position().is_none() && !super::link::is_of_own_pool(core)? {
        return Ok(copying.of_another_pool());
    }
    // What a later master has answered must not be lost to one that has not heard of it, unless it is in a file of which an
    // operator is told. One that was only heard of has nothing here that could be lost.
    let of_rows = core.store.term();
    let is_kept = || Aside::noted(core).is_some_and(|aside| aside.term == of_rows);
    if position.term < of_rows && !is_kept() {
        return Err(errors::internal_error(format!(
            "it is a master of term {}, and the rows here are of term {of_rows}: let this host decide, or another one with \
             those rows",
            position.term
        )));
    }
    // Whoever is told to decide before the copy is here decides later than this one.
    core.store.hear_of(position.term).map_err(db_error)?;
    Ok(copying)
}

/// What stands beside the database follows it: the inventory, the firewall, the last topology.
fn followed(core: &Core) -> Result<()> {
    let Ok(host) = core.localhost() else {
        return Ok(());
    };
    moved::followed(core, &host);
    // Until they are of the reset the rows say nothing of what the host is, and little until they know of a management
    // interface that was moved.
    let is_ahead = reset::slave::is_ahead(core) || moved::is_ahead(core);
    if is_ahead || core.view()?.find(Pif::HOST, &host)?.is_empty() {
        return Ok(());
    }
    core.keep_topology(&host);
    if let Err(why) = reset::note_management(core) {
        tracing::error!("the management interface cannot be read: {why}");
    }
    core.publish(&host);
    Ok(())
}

/// Whether edits that were made may be about this host's network. In a pool of many most are about another's, and what
/// stands beside the database need not be looked at.
fn concerns_this_host<'a>(core: &Core, edits: impl Iterator<Item = &'a Edit>) -> Result<bool> {
    let Ok(host) = core.localhost() else {
        return Ok(true);
    };
    let view = core.view()?;
    let mut edits = edits.filter(|edit| {
        !edit.act.field().is_some_and(|field| WORDS.contains(&field))
            && [
                Pif::DESC,
                Network::DESC,
                Bond::DESC,
                Vlan::DESC,
                Tunnel::DESC,
                Host::DESC,
                Pool::DESC,
                Vm::DESC,
                Vif::DESC,
            ]
            .iter()
            .any(|class| class.name == edit.class)
    });
    edits.try_fold(false, |found, edit| Ok(found || is_of(&view, &host, edit)?))
}

/// Whether an edit of a network's rows may be about a host.
fn is_of(view: &View, host: &Ref<Host>, edit: &Edit) -> Result<bool> {
    let reference = edit.reference.as_str();
    let owner = |pif: Option<Ref<Pif>>| -> Result<bool> {
        Ok(match pif {
            Some(pif) if view.exists(&pif)? => view.field(&pif, Pif::HOST)? == *host,
            // What is gone may have been this host's.
            _ => true,
        })
    };
    let class = edit.class.as_str();
    if class == Host::DESC.name {
        Ok(reference == host.as_str())
    } else if class == Pif::DESC.name {
        // A tunnel leads to the addresses of other hosts.
        let is_address = edit.act.field().is_some_and(|it| ADDRESSES.contains(&it));
        Ok(is_address || owner(Some(Ref::new(reference)))?)
    } else if class == Bond::DESC.name {
        owner(carrier(view, &Ref::new(reference), Bond::MASTER)?)
    } else if class == Vlan::DESC.name {
        owner(carrier(view, &Ref::new(reference), Vlan::TAGGED_PIF)?)
    } else if class == Vm::DESC.name {
        // Where it runs, and as which domain, says which ports there are. Whether it ran here is not known any more.
        Ok(edit.act.field().is_none_or(|it| PLACES.contains(&it)))
    } else if class == Vif::DESC.name {
        let vif = Ref::<Vif>::new(reference);
        if !view.exists(&vif)? {
            return Ok(true);
        }
        let vm = view.field(&vif, Vif::VM)?;
        Ok(!view.exists(&vm)? || view.field(&vm, Vm::RESIDENT_ON)? == *host)
    } else {
        // A tunnel has ends on all hosts of its network.
        // What is written of a network and of the pool counts for all; that a network has a PIF more is not written.
        Ok(true)
    }
}

/// The PIF that a row is about, if the row is there.
fn carrier<C: Class>(
    view: &View,
    of: &Ref<C>,
    field: xapi_model::Field<C, Ref<Pif>>,
) -> Result<Option<Ref<Pif>>> {
    if !view.exists(of)? {
        return Ok(None);
    }
    view.field(of, field).map(Some)
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
