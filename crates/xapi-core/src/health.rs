//! Whether the daemon can still do its work: what systemd's watchdog and `GET /health` ask.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_model::{Host, Ref};

use crate::context::Core;

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
    let longest = core.config.change_deadline * STUCK + Duration::from_secs(60);
    if let Some(since) = core.busy.since()
        && since.elapsed() > longest
    {
        return Err(format!(
            "a change of the network goes on for {} s",
            since.elapsed().as_secs()
        ));
    }
    let kept = core.busy.kept().map(|kept| kept.elapsed());
    if let Some(kept) = kept.filter(|kept| *kept > longest) {
        return Err(format!(
            "nobody has followed the network for {} s",
            kept.as_secs()
        ));
    }
    Ok(())
}
