//! What another host is still at, with machines whose calls have given up on it: nobody judges these before it is over, and
//! then at once, also if nothing else happens to the line.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use xapi_model::{Host, Ref, errors};

use super::adopt;
use crate::Result;
use crate::context::Core;
use crate::startup;

/// The machines that are waited for, by host; there is a thread for each host that has any.
#[derive(Default)]
pub(crate) struct Unfinished(Mutex<BTreeMap<Ref<Host>, BTreeSet<String>>>);

impl Unfinished {
    fn hosts(&self) -> MutexGuard<'_, BTreeMap<Ref<Host>, BTreeSet<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to what is waited for; false if nobody waits yet.
    fn add(&self, host: &Ref<Host>, machines: BTreeSet<String>) -> bool {
        let mut hosts = self.hosts();
        let is_new = !hosts.contains_key(host);
        hosts.entry(host.clone()).or_default().extend(machines);
        !is_new
    }

    /// What is still waited for. Nothing is, and nobody waits any more, if that is the end.
    fn left(&self, host: &Ref<Host>, is_the_end: impl Fn() -> bool) -> BTreeSet<String> {
        let mut hosts = self.hosts();
        let left = hosts.get(host).cloned().unwrap_or_default();
        if left.is_empty() || is_the_end() {
            hosts.remove(host);
            return BTreeSet::new();
        }
        left
    }

    /// Only those of the machines are still waited for, beside others that were added meanwhile.
    fn over(&self, host: &Ref<Host>, over: &BTreeSet<String>) {
        if let Some(machines) = self.hosts().get_mut(host) {
            machines.retain(|uuid| !over.contains(uuid));
        }
    }
}

/// After a failure it is looked at again so much later.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(2);

/// Waits for the end of what a host is at with these machines, and looks at them again then. Returns at once.
pub(super) fn follow(core: &Arc<Core>, host: &Ref<Host>, machines: BTreeSet<String>) -> Result<()> {
    if machines.is_empty() || core.unfinished.add(host, machines) {
        return Ok(());
    }
    let (waiting, its) = (Arc::clone(core), host.clone());
    let thread = std::thread::Builder::new().name("unfinished".to_owned());
    let spawned = thread.spawn(move || wait(&waiting, &its));
    spawned.map(drop).map_err(|why| {
        core.unfinished.left(host, || true);
        errors::internal_error(format!("no thread: {why}"))
    })
}

fn wait(core: &Arc<Core>, host: &Ref<Host>) {
    // A host that has gone is looked at when it is back.
    let is_over = || {
        let is_here = core.pool.is_master() && core.pool.particulars(host).is_ok();
        core.is_ending() || !is_here
    };
    loop {
        let left = core.unfinished.left(host, is_over);
        if left.is_empty() {
            return;
        }
        if let Err(why) = wait_once(core, host, left) {
            tracing::warn!("{host}: its guests: {why}");
            // Whatever it is may pass: nobody else looks at them before the host's next arrival.
            core.wait_for_end(AGAIN);
        }
    }
}

fn wait_once(core: &Arc<Core>, host: &Ref<Host>, left: BTreeSet<String>) -> Result<()> {
    let guests = adopt::guests_now(core, host)?;
    let still = guests.at_work(left.clone()).map_err(|why| match why {
        xapi_guest::GuestError::Elsewhere { code, params } => {
            xapi_model::ApiError::new(code, params)
        }
        why => errors::internal_error(why),
    })?;
    let over: BTreeSet<String> = left.difference(&still).cloned().collect();
    if over.is_empty() {
        return Ok(());
    }
    core.unfinished.over(host, &over);
    let looked = adopt::look_at(core, host);
    let more = looked.inspect_err(|_| {
        // They are looked at again.
        core.unfinished.add(host, over);
    })?;
    core.unfinished.add(host, more);
    // The ports follow the rows.
    if startup::may_converge(core, &core.view()?, host)? {
        startup::reconverge(core, host)?;
    }
    Ok(())
}
