//! A client that waits for events.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;
use xapi_db::Read;
use xapi_model::event::From;
use xapi_model::{Class, ClassDesc, Pool, Role, Value, errors};

use super::batch::{self, Batch};
use super::distant::{self, Distant};
use super::{Wants, event, read_token, token};
use crate::Result;
use crate::context::{Caller, Core, Origin};
use crate::session;

/// The longest wait, whatever is asked for: a client that is told nothing asks again, and one that is gone without a
/// word is noticed.
const LONGEST: Duration = Duration::from_secs(600);
/// XAPI's pool record seems to change this often, for those who use event.next.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// From so many generations on the next look may take longer.
const FAR: u64 = 256;

/// A call that waits for events: it looks when something may have happened, and holds no thread in between.
pub struct Wait {
    core: Arc<Core>,
    caller: Caller,
    wants: Wants,
    since: u64,
    /// The second number of his token, on a slave.
    of_master: u64,
    /// What he wants that only the master knows.
    distant: Option<Box<Distant>>,
    until: Instant,
    kind: Kind,
    commits: watch::Receiver<u64>,
    ended: watch::Receiver<u64>,
    waited: bool,
    /// When event.next answers with nothing, which is no answer that it waits for.
    given_up: Instant,
    _turn: Turn,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    From,
    Next,
}

impl Wait {
    /// `event.from`. EVENT_FROM_TOKEN_PARSE_FAILURE [token]; TOO_MANY_PENDING_TASKS when too many wait already.
    pub fn from(core: &Arc<Core>, origin: &Origin, caller: &Caller, call: &From) -> Result<Wait> {
        let since = read_token(&call.token)?;
        let wants = Wants::read(&call.classes)?;
        let within = seconds(call.timeout);
        Wait::new(core, origin, caller, Kind::From, wants, since, within)
    }

    /// `event.next`. SESSION_NOT_REGISTERED.
    pub fn next(core: &Arc<Core>, origin: &Origin, caller: &Caller) -> Result<Wait> {
        let (wants, since) = core.events.registered.of(caller)?;
        Wait::new(core, origin, caller, Kind::Next, wants, since, HEARTBEAT)
    }

    fn new(
        core: &Arc<Core>,
        origin: &Origin,
        caller: &Caller,
        kind: Kind,
        wants: Wants,
        (since, of_master): (u64, u64),
        within: Duration,
    ) -> Result<Wait> {
        let turn = Turn::take(core, caller)?;
        Ok(Wait {
            distant: Distant::new(core, origin, caller, &wants, of_master)?.map(Box::new),
            core: Arc::clone(core),
            caller: caller.clone(),
            wants,
            since,
            of_master,
            until: Instant::now() + within,
            kind,
            commits: core.store.subscribe(),
            ended: core.events.ended.subscribe(),
            waited: false,
            given_up: Instant::now() + LONGEST,
            _turn: turn,
        })
    }

    /// Whether the next look may take long: much happened since, or everything is asked for.
    pub fn is_long(&self) -> bool {
        let behind = self.core.store.generation().saturating_sub(self.since);
        let asks = self.distant.as_deref().is_some_and(Distant::is_due);
        self.since == 0 || behind > FAR || asks
    }

    /// Looks whether there is something to tell. With `last` there is an answer in any case.
    pub fn look(&mut self, last: bool) -> Option<Result<Value>> {
        self.find(last).transpose()
    }

    fn find(&mut self, last: bool) -> Result<Option<Value>> {
        // Before the rows are read, so that whatever comes after is another change.
        self.commits.borrow_and_update();
        self.ended.borrow_and_update();
        session::alive(&self.core, &self.caller)?;
        // The generation that views show may be one ahead for a moment.
        let generation = self.core.store.generation();
        if self.since > generation + 1 {
            // A token of another database, or of one that was put back to an older state.
            return Err(errors::events_lost());
        }
        let over = last || Instant::now() >= self.until;
        if let Some(distant) = &mut self.distant {
            let looked = distant.look();
            if self.kind == Kind::Next && !distant.has_events() {
                let known = match &looked {
                    // Whoever has lost events goes on from here.
                    Err(why) if why.code == errors::events_lost().code => distant::UNKNOWN,
                    _ => distant.known(),
                };
                let registered = &self.core.events.registered;
                registered.seen_of_master(&self.caller, known);
            }
            looked?;
            self.of_master = distant.known();
        }
        if !over && self.is_behind() {
            // The next commit may be what is missing.
            return Ok(None);
        }
        let mut found = None;
        if !batch::touched(&self.core.store, &self.wants, self.since) {
            // Nothing that is wanted happened up to there. The next look has less to read, and the same as others.
            self.since = self.since.max(generation);
        } else {
            found = self.changes()?;
        }
        let has_distant = self.distant.as_deref().is_some_and(Distant::has_events);
        match (found, self.kind) {
            (Some((batch, events)), _) => self.told(&batch, events).map(Some),
            (None, Kind::From) if over || has_distant => self.nothing().map(Some),
            (None, Kind::Next) if has_distant => self.numbered(Vec::new()).map(Some),
            (None, Kind::Next) if over => self.heartbeat(last),
            (None, _) => Ok(None),
        }
    }

    /// Whether a slave's rows are not yet those that the caller has seen.
    fn is_behind(&self) -> bool {
        let needed = self.core.pool.relays.needed(&self.caller.session);
        needed.is_some_and(|needed| self.core.store.position() < Some(needed))
    }

    /// The empty answer: its counts and its token are of one moment, and what came just before that is told after all.
    fn nothing(&mut self) -> Result<Value> {
        let view = self.core.view()?;
        let answer = if batch::touched(&self.core.store, &self.wants, self.since) {
            let batch = Batch::read(&view, self.since, Some(&self.wants))?;
            let events = batch.events(&self.wants)?;
            batch.answer(events)
        } else {
            batch::nothing(&view)?
        };
        self.with_distant(answer)
    }

    /// An answer of event.from with what only the master knows.
    fn with_distant(&mut self, mut answer: Value) -> Result<Value> {
        if !self.core.pool.is_slave() {
            return Ok(answer);
        }
        let Value::Struct(members) = &mut answer else {
            return Ok(answer);
        };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("events", Value::Array(events)) => {
                    let distant = self.distant.as_deref_mut().map(Distant::take);
                    events.extend(distant.unwrap_or_default());
                }
                ("token", Value::Str(text)) => *text = token(read_token(text)?.0, self.of_master),
                ("valid_ref_counts", Value::Struct(counts)) => {
                    let of_rows = |class: &str| {
                        let mut all = xapi_model::classes::MODEL.iter();
                        let is = |desc: &&&ClassDesc| desc.name.eq_ignore_ascii_case(class);
                        all.find(is).is_some_and(|desc| !desc.volatile)
                    };
                    counts.retain(|(class, _)| of_rows(class));
                    counts.extend(self.distant.as_deref().and_then(Distant::count));
                }
                _ => {}
            }
        }
        Ok(answer)
    }

    /// What there is to tell; otherwise everything up to here is known.
    fn changes(&mut self) -> Result<Option<(Arc<Batch>, Vec<Value>)>> {
        let view = self.core.view()?;
        // What is long ago nobody else asks for.
        let batch = if self.since == 0 || view.generation().saturating_sub(self.since) > FAR {
            Arc::new(Batch::read(&view, self.since, Some(&self.wants))?)
        } else {
            self.core.events.batches.since(self.since, &view)?
        };
        drop(view);
        self.since = batch.to;
        if self.kind == Kind::Next {
            // Before anything fails: who has lost events goes on from here.
            self.core.events.registered.seen(&self.caller, batch.to);
        }
        let events = batch.events(&self.wants)?;
        if events.is_empty() {
            return Ok(None);
        }
        // Who had to wait was woken by the last commit, or by one just before it.
        if self.waited {
            self.core.metrics.told(self.core.store.since_commit());
        }
        Ok(Some((batch, events)))
    }

    fn told(&mut self, batch: &Batch, events: Vec<Value>) -> Result<Value> {
        match self.kind {
            Kind::From => self.with_distant(batch.answer(events)),
            Kind::Next => self.numbered(events),
        }
    }

    /// The answer of event.next.
    fn numbered(&mut self, mut events: Vec<Value>) -> Result<Value> {
        let registered = &self.core.events.registered;
        if let Some(distant) = &mut self.distant {
            registered.seen_of_master(&self.caller, distant.known());
            events.extend(distant.take());
        }
        Ok(registered.number(&self.caller, events, self.core.seconds()))
    }

    /// What event.next tells when nothing happens for long: the pool, if it is wanted; else it waits on.
    fn heartbeat(&mut self, last: bool) -> Result<Option<Value>> {
        self.until = Instant::now() + HEARTBEAT;
        let view = self.core.view()?;
        let pools = view.records(Pool::DESC)?.into_iter();
        let pools = pools.filter(|(reference, _)| self.wants.object(Pool::DESC, reference));
        let events: Vec<_> = pools
            .map(|(reference, record)| {
                event(
                    String::new(),
                    String::new(),
                    "pool",
                    "mod",
                    &reference,
                    Some(record),
                )
            })
            .collect();
        if events.is_empty() && !last && Instant::now() < self.given_up {
            return Ok(None);
        }
        Ok(Some(self.core.events.registered.number(
            &self.caller,
            events,
            self.core.seconds(),
        )))
    }

    /// Waits until another look may find something.
    pub async fn changed(&mut self) {
        self.waited = true;
        tokio::select! {
            told = self.commits.changed() => {
                // The store lives as long as the core that this holds.
                if told.is_err() {
                    tokio::time::sleep_until(self.until).await;
                }
            }
            () = async {
                match &mut self.distant {
                    Some(distant) => distant.changed().await,
                    None => std::future::pending().await,
                }
            } => {}
            told = self.ended.changed() => {
                if told.is_err() {
                    tokio::time::sleep_until(self.until).await;
                }
            }
            () = tokio::time::sleep_until(self.until) => {}
        }
    }

    /// Waits with the thread of the caller.
    pub fn block(mut self) -> Result<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .map_err(|why| errors::internal_error(format!("waiting for events: {why}")))?;
        loop {
            // Not on the runtime: a slave's look may ask the master.
            if let Some(answer) = self.look(false) {
                return answer;
            }
            runtime.block_on(self.changed());
        }
    }
}

/// The right to wait: of so many there are, and of so many that one user may have.
struct Turn {
    core: Arc<Core>,
    user: String,
}

impl Turn {
    fn take(core: &Arc<Core>, caller: &Caller) -> Result<Turn> {
        let superuser = caller.local || caller.role == Role::LocalRoot;
        let user = match superuser {
            true => String::new(),
            false => caller.sid.clone(),
        };
        let most = core.config.waiting;
        core.events
            .enter(&user, most, if superuser { most } else { most / 4 })?;
        Ok(Turn {
            core: Arc::clone(core),
            user,
        })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.core.events.leave(&self.user);
    }
}

/// A client's time to wait; less than nothing is nothing.
fn seconds(timeout: f64) -> Duration {
    if timeout <= 0.0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f64(timeout).map_or(LONGEST, |time| time.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_is_too_long_or_that_no_clock_can_count_is_the_longest() {
        assert_eq!(seconds(60.1), Duration::from_millis(60_100));
        assert_eq!(seconds(0.0), Duration::ZERO);
        assert_eq!(seconds(-1.0), Duration::ZERO);
        for long in [f64::NAN, f64::INFINITY, 1e300, 9e6, 601.0] {
            assert_eq!(seconds(long), LONGEST, "{long}");
        }
    }
}
