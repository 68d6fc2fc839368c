//! What this host does for a master beside its network, each thing once. The line may be lost while it goes on: then the
//! master asks what became of it; and one that has asked in vain leaves the machines alone that something still goes on with.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::verbs::{Answer, encode};

/// Whoever asks about something that goes on is told so after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Deeds that are at their end, and remembered.
const REMEMBERED: usize = 256;

/// Octets of an answer that is remembered: a plugin's may have millions.
const LONGEST: usize = 32 << 10;

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
    /// The answer; none if it is not known any more, or the master was told that it has not begun, so that it must not.
    Over(Option<Box<Answer>>),
}

impl Deeds {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what has this number, about the machines that are named; once. Nothing if it was asked for before.
    pub(crate) fn once(
        &self,
        number: u64,
        machines: BTreeSet<String>,
        deed: impl FnOnce() -> Answer,
    ) -> Answer {
        let mut table = self.table();
        if table.deeds.contains_key(&number) {
            return Answer::Unknown("the master has given up on that".to_owned());
        }
        table.deeds.insert(number, Deed::GoesOn(machines));
        drop(table);
        let mut going = Going(self, number, None);
        let answer = deed();
        let is_short = encode(&answer).is_ok_and(|bytes| bytes.len() <= LONGEST);
        going.2 = is_short.then(|| Box::new(answer.clone()));
        answer
    }

    fn end(&self, number: u64, answer: Option<Box<Answer>>) {
        let mut table = self.table();
        table.deeds.insert(number, Deed::Over(answer));
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
    pub(crate) fn became(&self, number: u64, within: Duration) -> Answer {
        let until = Instant::now() + within;
        let mut table = self.table();
        loop {
            match table.deeds.get(&number) {
                Some(Deed::Over(Some(answer))) => return Answer::clone(answer),
                Some(Deed::Over(None)) => return Answer::Forgotten,
                None => {
                    drop(table);
                    self.end(number, None);
                    return Answer::Forgotten;
                }
                Some(Deed::GoesOn(_)) => {}
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Answer::NotYet;
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
                Deed::Over(_) => None,
            });
            its.flatten().cloned().collect()
        };
        let go_on = |table: &mut Table| !with.is_empty() && with.is_subset(&all(table));
        let waited = self.ended.wait_timeout_while(self.table(), within, go_on);
        all(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

/// A deed that goes on, and what is remembered of it once this is dropped.
struct Going<'a>(&'a Deeds, u64, Option<Box<Answer>>);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.end(self.1, self.2.take());
    }
}
