//! Tasks of the master, for whoever waits for events on a slave: the copy of the database has none.
//!
//! One question to the master, for all who wait, ends when a task has changed; then each asks what has become of those
//! that it wants, which is answered at once. So whoever waits keeps nobody from the line.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use xapi_db::mark_of_term;
use xapi_model::{ApiError, Class, Task, Value, errors};

use super::{Wants, read_token, token};
use crate::Result;
use crate::context::{Caller, Core, Origin};
use crate::pool::socket;

/// The only class that events tell of and a copy does not have.
const NAME: &str = Task::NAME;

/// How long the master may take to tell what has become of tasks.
const AT_ONCE: Duration = Duration::from_secs(15);

/// How long to wait before a master that is not there is looked for again.
const AWAY: Duration = Duration::from_millis(500);

/// Tells those who wait that tasks of the master have changed, as long as somebody does.
pub(super) struct Tide {
    turns: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: usize,
    /// A thread asks the master.
    asks: bool,
}

impl Default for Tide {
    fn default() -> Tide {
        Tide {
            turns: watch::Sender::new(0),
            state: Mutex::default(),
        }
    }
}

impl Tide {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the master until nobody waits any more.
    fn follow(&self, core: &Core) {
        let mut since = 0;
        loop {
            let mut state = self.state();
            if state.waiting == 0 || core.is_ending() || !core.pool.is_slave() {
                state.asks = false;
                return;
            }
            drop(state);
            match socket::tasks(core, since) {
                Ok(at) => {
                    since = at;
                    self.turns
                        .send_modify(|turns| *turns = turns.wrapping_add(1));
                }
                // The next master may count otherwise.
                Err(why) => {
                    tracing::debug!("no tasks: {why}");
                    since = 0;
                    core.wait_for_end(AWAY);
                }
            }
        }
    }
}

/// Somebody who waits.
struct Waiting(Arc<Core>);

impl Waiting {
    fn begin(core: &Arc<Core>) -> Result<Waiting> {
        let tide = &core.events.tide;
        let mut state = tide.state();
        if !state.asks {
            let core = Arc::clone(core);
            std::thread::Builder::new()
                .name("tasks".to_owned())
                .spawn(move || core.events.tide.follow(&core))
                .map_err(|why| errors::internal_error(format!("no thread: {why}")))?;
            state.asks = true;
        }
        state.waiting += 1;
        Ok(Waiting(Arc::clone(core)))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.events.tide.state().waiting -= 1;
    }
}

/// What somebody wants to hear of the master's tasks.
pub(super) struct Distant {
    core: Arc<Core>,
    origin: Origin,
    caller: Caller,
    /// The subscriptions, as event.from takes them.
    texts: Vec<Value>,
    turns: watch::Receiver<u64>,
    /// The master is to be asked.
    due: bool,
    /// Up to where he knows everything: a [`mark`].
    known: u64,
    events: Vec<Value>,
    /// How many tasks there are.
    count: Option<Value>,
    _waiting: Waiting,
}

impl Distant {
    /// For one who knows everything up to a mark. Nothing for one who wants no tasks, or waits on a master.
    pub(super) fn new(
        core: &Arc<Core>,
        origin: &Origin,
        caller: &Caller,
        wants: &Wants,
        known: u64,
    ) -> Result<Option<Distant>> {
        if !core.pool.is_slave() || !wants.class(Task::DESC) {
            return Ok(None);
        }
        let texts = match wants.only(Task::DESC) {
            Some(only) => only
                .iter()
                .map(|one| Value::Str(format!("{NAME}/{one}")))
                .collect(),
            None => vec![Value::from(NAME)],
        };
        Ok(Some(Distant {
            turns: core.events.tide.turns.subscribe(),
            _waiting: Waiting::begin(core)?,
            core: Arc::clone(core),
            origin: origin.clone(),
            caller: caller.clone(),
            texts,
            due: true,
            known,
            events: Vec::new(),
            count: None,
        }))
    }

    /// Whether the master is to be asked.
    pub(super) fn is_due(&self) -> bool {
        self.due || self.turns.has_changed().unwrap_or(false)
    }

    /// Asks the master if that is due. Without a master there is nothing to be told of tasks. EVENTS_LOST if it is another
    /// one than before.
    pub(super) fn look(&mut self) -> Result<()> {
        if !self.is_due() {
            return Ok(());
        }
        self.turns.borrow_and_update();
        self.due = false;
        let core = &*self.core;
        if core.pool.standing.master().is_err() {
            return Ok(());
        }
        let term = core.pool.hears(core);
        let since = match self.known {
            0 => String::new(),
            UNKNOWN => match now(core, &self.origin, &self.caller) {
                Ok(known) => {
                    self.known = known;
                    return Ok(());
                }
                Err(why) => return self.unless_away(why),
            },
            known if known == mark(term, known) => token(known & GENERATION, 0),
            _ => return Err(errors::events_lost()),
        };
        let params = [
            Value::from(self.caller.given().expose()),
            Value::Array(self.texts.clone()),
            Value::Str(since),
            Value::Float(0.0),
        ];
        let caller = Some(&self.caller);
        let answer = socket::ask(core, &self.origin, caller, "event.from", &params, AT_ONCE);
        let answer = match answer {
            Ok(answer) => answer,
            Err(why) => return self.unless_away(why),
        };
        let Value::Struct(members) = answer else {
            return Err(errors::internal_error("the master's events are no record"));
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("events", Value::Array(events)) => self.events.extend(events),
                ("token", Value::Str(token)) => self.known = mark(term, read_token(&token)?.0),
                ("valid_ref_counts", Value::Struct(counts)) => {
                    let count = counts.into_iter().find(|(class, _)| class == NAME);
                    self.count = count.map(|(_, count)| count);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Without a master there is nothing to be told of tasks.
    fn unless_away(&self, why: ApiError) -> Result<()> {
        match self.core.pool.standing.master() {
            Err(_) => {
                tracing::debug!("no tasks: {why}");
                Ok(())
            }
            Ok(_) => Err(why),
        }
    }

    /// Whether there is something to tell.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// What there is to tell, once.
    pub(super) fn take(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// Up to where the holder of the next token knows everything.
    pub(super) fn known(&self) -> u64 {
        self.known
    }

    /// How many tasks the master has, as far as is known.
    pub(super) fn count(&self) -> Option<(String, Value)> {
        let count = self.count.clone()?;
        Some((NAME.to_owned(), count))
    }

    /// Waits until another look may find something.
    pub(super) async fn changed(&mut self) {
        // The tide lives as long as the core that this holds.
        if self.turns.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        // That it has turned is forgotten with this.
        self.due = true;
    }
}

/// The mark of one who is to be told what happens from now on, and for whom nobody could say where that is.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// A task that nobody has.
const NONE: &str = "task/OpaqueRef:NULL";

/// The mark of one who is to be told what happens from now on.
pub(super) fn now(core: &Core, origin: &Origin, caller: &Caller) -> Result<u64> {
    let term = core.pool.hears(core);
    let params = [
        Value::from(caller.given().expose()),
        Value::Array(vec![Value::from(NONE)]),
        Value::from(""),
        Value::Float(0.0),
    ];
    let answer = socket::ask(core, origin, Some(caller), "event.from", &params, AT_ONCE)?;
    let members = answer.as_struct().unwrap_or_default();
    let mut members = members.iter();
    let found = members.find(|(name, _)| name == "token");
    let token = found.and_then(|(_, token)| token.as_str());
    let token = token.ok_or_else(|| errors::internal_error("the master's events have no token"))?;
    Ok(mark(term, read_token(token)?.0))
}

/// The bits of a mark that are a generation.
const GENERATION: u64 = (1 << 56) - 1;

/// A generation of the master of a term, so that those of two masters are told apart.
fn mark(term: u64, generation: u64) -> u64 {
    (u64::from(mark_of_term(term)) << 56) | (generation & GENERATION)
}

#[cfg(test)]
mod tests {
    use super::{GENERATION, mark};

    #[test]
    fn a_mark_tells_masters_apart_and_keeps_the_generation() {
        assert_eq!(mark(3, 77) & GENERATION, 77);
        let next = xapi_db::next_term(3, &uuid::Uuid::from_u128(3));
        assert_ne!(mark(3, 77), mark(next, 77));
        assert_eq!(mark(3, mark(3, 77)), mark(3, 77));
    }
}
