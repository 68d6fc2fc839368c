//! What this host's guests do for a master, each thing once. The line may be lost while it goes on: then the master asks
//! what became of it; and one that has asked in vain leaves the machines alone that something still goes on with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_guest::GuestError;

use super::place::Reply;

/// Deeds that are at their end, and remembered.
const REMEMBERED: usize = 256;

/// What a master has asked for.
#[derive(Default)]
pub(crate) struct Deeds {
    table: Mutex<Table>,
    ended: Condvar,
}

#[derive(Default)]
struct Table {
    deeds: BTreeMap<u64, Deed>,
    /// Those at their end, oldest first.
    over: VecDeque<u64>,
}

enum Deed {
    /// It goes on, with the machines of these UUIDs.
    GoesOn(BTreeSet<String>),
    Over(Result<Reply, GuestError>),
    /// The master was told that it has not begun, and it must not.
    Refused,
}

/// What became of a deed.
#[derive(Debug)]
pub(crate) enum Became {
    /// It is at its end.
    Over(Result<Reply, GuestError>),
    /// It goes on.
    NotYet,
    /// It is not known, and will not begin any more.
    Unknown,
}

impl Deeds {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what has this number, about the machines that are named; once. An error if it was asked for before.
    pub(crate) fn once(
        &self,
        number: u64,
        machines: BTreeSet<String>,
        deed: impl FnOnce() -> Result<Reply, GuestError>,
    ) -> Result<Reply, GuestError> {
        let mut table = self.table();
        if table.deeds.contains_key(&number) {
            return Err(failed("it has given up on that"));
        }
        table.deeds.insert(number, Deed::GoesOn(machines));
        drop(table);
        let mut going = Going(self, number, Err(failed("it panicked")));
        let outcome = deed();
        going.2 = outcome.clone();
        outcome
    }

    fn end(&self, number: u64, how: Deed) {
        let mut table = self.table();
        table.deeds.insert(number, how);
        table.over.push_back(number);
        if table.over.len() > REMEMBERED
            && let Some(oldest) = table.over.pop_front()
        {
            table.deeds.remove(&oldest);
        }
        drop(table);
        self.ended.notify_all();
    }

    /// What became of a deed; waits so long for its end.
    pub(crate) fn became(&self, number: u64, within: Duration) -> Became {
        let until = Instant::now() + within;
        let mut table = self.table();
        loop {
            match table.deeds.get(&number) {
                Some(Deed::Over(outcome)) => return Became::Over(outcome.clone()),
                Some(Deed::Refused) => return Became::Unknown,
                None => {
                    drop(table);
                    self.end(number, Deed::Refused);
                    return Became::Unknown;
                }
                Some(Deed::GoesOn(_)) => {}
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Became::NotYet;
            };
            let waited = self.ended.wait_timeout(table, left);
            table = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// UUIDs of the machines that something goes on with. Waits so long until it is over with one of these.
    pub(crate) fn at_work(&self, with: &BTreeSet<String>, within: Duration) -> BTreeSet<String> {
        let all = |table: &Table| -> BTreeSet<String> {
            let deeds = table.deeds.values();
            let its = deeds.filter_map(|deed| match deed {
                Deed::GoesOn(machines) => Some(machines),
                Deed::Over(_) | Deed::Refused => None,
            });
            its.flatten().cloned().collect()
        };
        let go_on = |table: &mut Table| !with.is_empty() && with.is_subset(&all(table));
        let waited = self.ended.wait_timeout_while(self.table(), within, go_on);
        all(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// A deed that goes on, and what came of it once this is dropped.
struct Going<'a>(&'a Deeds, u64, Result<Reply, GuestError>);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        let outcome = std::mem::replace(&mut self.2, Ok(Reply::Done));
        self.0.end(self.1, Deed::Over(outcome));
    }
}

fn failed(why: &str) -> GuestError {
    GuestError::Failed {
        doing: "doing what the master asks".to_owned(),
        why: why.to_owned(),
    }
}
