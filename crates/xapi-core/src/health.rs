//! Whether the daemon can still do its work: what systemd's watchdog and `GET /health` ask.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::{Read, View};
use xapi_model::{Class, Host, Ref};
use xapi_net::agent::in_all;

use crate::context::Core;
use crate::topology;

/// A change of the network may take its deadline, and then the way back the same again; whoever takes longer is stuck.
const STUCK: u32 = 4;

/// A write of the database that takes longer waits for a disk that does not answer.
const DISK: Duration = Duration::from_secs(60);

/// When the change under way of each host began, and when the thread that follows the network last kept house.
#[derive(Default)]
pub(crate) struct Busy(Mutex<BTreeMap<Ref<Host>, Instant>>, Mutex<Option<Instant>>);

impl Busy {
    fn changes(&self) -> MutexGuard<'_, BTreeMap<Ref<Host>, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of a host's network begins, or goes on after it has waited for somebody.
    pub(crate) fn begins(&self, host: &Ref<Host>) {
        self.changes().insert(host.clone(), Instant::now());
    }

    /// It is at its end, or waits for somebody who may take as long as he likes.
    pub(crate) fn ends(&self, host: &Ref<Host>) {
        self.changes().remove(host);
    }

    pub(crate) fn keeps_house(&self) {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn kept(&self) -> Option<Instant> {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the oldest change under way began.
    fn since(&self) -> Option<Instant> {
        self.changes().values().min().copied()
    }
}

/// Why the daemon cannot do its work; nothing if it can. Waits for nothing but one short read of the database.
pub fn check(core: &Core) -> Result<(), String> {
    let view = core
        .store
        .view()
        .map_err(|why| format!("the database cannot be read: {why}"))?;
    if view.generation() > core.store.generation() + 1 {
        return Err("the database is ahead of the daemon".to_owned());
    }
    if let Some(writing) = core.store.writing()
        && writing > DISK
    {
        return Err(format!(
            "a write of the database goes on for {} s",
            writing.as_secs()
        ));
    }
    let changes = core.busy.since().map(|since| since.elapsed());
    if let Some(taken) = changes.filter(|taken| is_stuck(core, &view, *taken)) {
        let taken = taken.as_secs();
        return Err(format!("a change of the network goes on for {taken} s"));
    }
    let kept = core.busy.kept().map(|kept| kept.elapsed());
    if let Some(kept) = kept.filter(|kept| is_stuck(core, &view, *kept)) {
        let kept = kept.as_secs();
        return Err(format!("nobody has followed the network for {kept} s"));
    }
    Ok(())
}

/// Whether no host's change may take so long. The hosts are looked at once it is long for a small one; one whose rows cannot
/// be read has no more time than that.
fn is_stuck(core: &Core, view: &View, taken: Duration) -> bool {
    let longest = |within: Duration| within * STUCK + Duration::from_secs(60);
    if taken <= longest(core.config.change_deadline) {
        return false;
    }
    let hosts = view.refs(Host::DESC).unwrap_or_default().into_iter();
    let within = hosts.filter_map(|host| topology::wished(view, &Ref::new(host)).ok());
    let within = within.map(|(topology, _)| in_all(core.config.change_deadline, &topology));
    within.max().is_none_or(|within| taken > longest(within))
}
