//! event.register, event.unregister and what event.next needs to know of a session.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use xapi_model::event::{Register, Unregister};
use xapi_model::{Class, Ref, Session, Task, Value, errors};

use super::{LONGEST, Wants, distant};
use crate::Result;
use crate::context::{Caller, Cx};
use crate::pool::socket;

/// Sessions that may be registered at a time; the one registered for longest makes room.
const MOST: usize = 1000;
/// Subscriptions of one session: the old way has them kept, so that there are fewer than of event.from.
const SUBSCRIPTIONS: usize = 100;

/// The sessions that are registered.
#[derive(Default)]
pub(super) struct Registered(Mutex<HashMap<String, Registration>>);

struct Registration {
    /// Subscriptions, their classes in small letters.
    texts: BTreeSet<String>,
    /// Everything up to here was told.
    since: u64,
    /// The same of what only the master knows.
    of_master: u64,
    /// The number of the next event.
    next: u64,
    /// When it was made, in the order of all.
    made: u64,
}

impl Registered {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Registration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a session wants, and up to where it knows everything.
    pub(super) fn of(&self, caller: &Caller) -> Result<(Wants, (u64, u64))> {
        let all = self.lock();
        let Some(found) = all.get(caller.session.as_str()) else {
            return Err(not_registered(caller));
        };
        let texts: Vec<_> = found.texts.iter().cloned().collect();
        Ok((Wants::read(&texts)?, (found.since, found.of_master)))
    }

    /// Forgets sessions that are gone.
    pub(super) fn forget(&self, sessions: &[Ref<Session>]) {
        let mut all = self.lock();
        for session in sessions {
            all.remove(session.as_str());
        }
    }

    /// Notes that a session knows everything up to a generation.
    pub(super) fn seen(&self, caller: &Caller, to: u64) {
        if let Some(found) = self.lock().get_mut(caller.session.as_str()) {
            found.since = found.since.max(to);
        }
    }

    /// The same of what only the master knows.
    pub(super) fn seen_of_master(&self, caller: &Caller, to: u64) {
        if let Some(found) = self.lock().get_mut(caller.session.as_str()) {
            found.of_master = to;
        }
    }

    /// Gives events the numbers and the time that event.next tells.
    pub(super) fn number(&self, caller: &Caller, mut events: Vec<Value>, now: i64) -> Value {
        let mut all = self.lock();
        let mut next = all
            .get(caller.session.as_str())
            .map_or(0, |found| found.next);
        for event in &mut events {
            if let Value::Struct(members) = event {
                for (name, value) in members {
                    match name.as_str() {
                        "id" => *value = Value::Str(next.to_string()),
                        "timestamp" => *value = Value::Str(format!("{now}.")),
                        _ => {}
                    }
                }
            }
            next += 1;
        }
        if let Some(found) = all.get_mut(caller.session.as_str()) {
            found.next = next;
        }
        Value::Array(events)
    }
}

/// A subscription as it is kept: case does not count for classes.
fn plain(text: &str) -> String {
    match text.split_once('/') {
        Some((class, object)) => format!("{}/{object}", class.to_ascii_lowercase()),
        None => text.to_ascii_lowercase(),
    }
}

fn not_registered(caller: &Caller) -> xapi_model::ApiError {
    errors::session_not_registered(caller.track_id())
}

/// `event.register`.
pub fn register(cx: &Cx<'_>, call: Register) -> Result<()> {
    let caller = cx.caller()?;
    let of_master = of_master(cx, caller, &call)?;
    let generation = cx.core.store.generation();
    let mut all = cx.core.events.registered.lock();
    if !all.contains_key(caller.session.as_str()) {
        if all.len() >= MOST
            && let Some(oldest) = all.iter().min_by_key(|(_, known)| known.made)
        {
            let oldest = oldest.0.clone();
            all.remove(&oldest);
        }
        let made = all.values().map(|known| known.made + 1).max().unwrap_or(0);
        let fresh = Registration {
            texts: BTreeSet::new(),
            since: generation,
            of_master,
            next: 0,
            made,
        };
        all.insert(caller.session.as_str().to_owned(), fresh);
    }
    if let Some(found) = all.get_mut(caller.session.as_str()) {
        let mut texts = found.texts.clone();
        let named = call.classes.iter().filter(|text| text.len() <= LONGEST);
        texts.extend(named.map(|text| plain(text)));
        if texts.len() > SUBSCRIPTIONS {
            let why = format!("more than {SUBSCRIPTIONS} subscriptions");
            return Err(errors::invalid_value("classes", why));
        }
        found.texts = texts;
        if found.of_master == 0 {
            found.of_master = of_master;
        }
    }
    Ok(())
}

/// From where on a session is told of what only the master knows. On a slave whose copy is behind what the session has seen
/// it waits for that a moment: what was so before is no event. 0 for one who wants nothing of that.
fn of_master(cx: &Cx<'_>, caller: &Caller, call: &Register) -> Result<u64> {
    if !cx.core.pool.is_slave() {
        return Ok(0);
    }
    if let Err(why) = socket::catch_up(cx.core, caller) {
        tracing::debug!("the copy stays behind: {why}");
    }
    let texts = call.classes.iter().filter(|text| text.len() <= LONGEST);
    let texts: Vec<_> = texts.take(SUBSCRIPTIONS).map(|text| plain(text)).collect();
    if !Wants::read(&texts)?.class(Task::DESC) {
        return Ok(0);
    }
    match distant::now(cx.core, cx.origin, caller) {
        Ok(mark) => Ok(mark),
        // The first look that finds a master finds it out.
        Err(why) => {
            tracing::debug!("no tasks: {why}");
            Ok(distant::UNKNOWN)
        }
    }
}

/// `event.unregister`: what was not registered is no mistake.
pub fn unregister(cx: &Cx<'_>, call: Unregister) -> Result<()> {
    let caller = cx.caller()?;
    let mut all = cx.core.events.registered.lock();
    if let Some(found) = all.get_mut(caller.session.as_str()) {
        for class in &call.classes {
            found.texts.remove(&plain(class));
        }
        if found.texts.is_empty() {
            all.remove(caller.session.as_str());
        }
    }
    Ok(())
}
