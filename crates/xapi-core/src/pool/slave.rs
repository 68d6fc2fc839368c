//! This host as a slave: it does what its master asks of its network, and follows the master's database. What becomes of
//! calls is in [`super::socket`].

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_conf::pool_conf::PoolRole;
use xapi_db::Portable;
use xapi_model::{ApiError, Position, errors};
use xapi_net::agent::{Cause, Mode, NetError, Outcome, Part, Request, Undo};
use xapi_net::facts::Facts;

use super::aside::Aside;
use super::charter;
use super::handed::Told;
use super::peer::Peer;
use super::verbs::{Answer, Arrived, News, Verb, decode, encode};
use super::whereabouts::Found;
use super::{deeds, leaving, moved, secret, transition};
use crate::context::Core;
use crate::particulars::Particulars;
use crate::reset::slave as reset;
use crate::{Config, Result, last_topology};

/// Somebody who asks for the outcome of what is still going on is told so after this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// A slave, as it sees itself.
pub struct Slave {
    core: Arc<Core>,
    /// Until a master is done with what this start asks for.
    starts: AtomicBool,
    changes: Mutex<Changes>,
    done: Condvar,
}

#[derive(Default)]
struct Changes {
    /// The last convergence that was asked for, and what came of it.
    last: Option<(u64, Option<std::result::Result<Outcome, NetError>>)>,
    /// One that is made and may still not count.
    unkept: Option<u64>,
    /// One that was taken back, for there was no master over what it had made.
    gone_back: Option<u64>,
    /// Whether the master is done with what the line's opening asks for.
    settled: bool,
    /// Whether the master was looked for in vain.
    missed: bool,
    /// Lines that are gone.
    ended: u64,
    /// Where the master was found that is not told of it yet.
    found: Option<Found>,
    /// Where management was moved without a master, as the master was last told.
    moved: Option<String>,
}

impl Slave {
    /// The slave's side of a line that is about to be opened.
    pub fn new(core: &Arc<Core>) -> Slave {
        Slave {
            core: Arc::clone(core),
            starts: AtomicBool::new(true),
            changes: Mutex::default(),
            done: Condvar::new(),
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the master of what happens to the network and to guests by themselves.
    pub fn tell_events(self: &Arc<Self>) {
        let (tell, told) = std::sync::mpsc::channel::<News>();
        let of_guests = tell.clone();
        // The listeners must not wait; whoever tells the master may.
        self.core.agent.subscribe(Box::new(move |event| {
            if tell.send(News::Event(event)).is_err() {
                tracing::debug!("nobody tells the master any more");
            }
        }));
        if let Ok(guests) = self.core.guests() {
            guests.subscribe(Box::new(move |event| {
                if of_guests.send(News::Guest(event)).is_err() {
                    tracing::debug!("nobody tells the master of guests any more");
                }
            }));
        }
        // Those who listen live as long as the core, and must not be what it lives by.
        let core = Arc::downgrade(&self.core);
        let telling = std::thread::Builder::new().name("events".to_owned());
        let telling = telling.spawn(move || {
            for news in told {
                let Some(core) = core.upgrade() else {
                    return;
                };
                // Without a master nobody has to know: it looks at everything when it is back.
                let Ok(master) = core.pool.standing.master() else {
                    continue;
                };
                drop(core);
                match encode(&news) {
                    Ok(news) => {
                        if let Err(why) = master.tell(news) {
                            tracing::debug!("an event was not told: {why}");
                        }
                    }
                    Err(why) => tracing::error!("an event {why}"),
                }
            }
        });
        if let Err(why) = telling {
            tracing::error!("the master is not told of events: {why}");
        }
    }

    /// A line to the master is about to be opened.
    pub fn dials(&self) {
        self.changes().settled = false;
    }

    /// A line is tried to a master that is elsewhere, or to none; what was so before.
    pub(super) fn tries(&self, elsewhere: Option<Found>) -> Option<Found> {
        let mut changes = self.changes();
        let before = changes.found.clone();
        if elsewhere.is_some() {
            changes.found = elsewhere;
        }
        before
    }

    /// Nobody is there who was tried: what was so before is so again.
    pub(super) fn found_at(&self, before: Option<Found>) {
        self.changes().found = before;
    }

    /// The line to the master is open.
    pub fn opened(&self, master: Arc<dyn Peer>) {
        self.core.pool.standing.link(master);
        tracing::info!("linked to the master");
    }

    /// A question of the master.
    pub fn asked(self: &Arc<Self>, question: &[u8]) -> std::result::Result<Vec<u8>, String> {
        let verb = match decode(question) {
            Ok(verb) => verb,
            // It may be newer than this host.
            Err(why) => return encode(&Answer::Unknown(why)),
        };
        encode(&self.answer(verb))
    }

    fn answer(self: &Arc<Self>, verb: Verb) -> Answer {
        let agent = &self.core.agent;
        match verb {
            // The rows that it is made of are about to go.
            Verb::Converge(..) if reset::is_due(&self.core) => {
                Answer::Converged(Err(NetError::before(
                    Part::Host,
                    Cause::Refused,
                    "its network is about to be reset",
                )))
            }
            Verb::Converge(number, request) | Verb::Reset(number, request) => {
                Answer::Converged(self.converge(number, request))
            }
            Verb::Outcome(number) => self.outcome(number),
            Verb::Keep(number) => {
                let mut changes = self.changes();
                let kept = changes.unkept.take_if(|unkept| *unkept == number);
                self.note(&changes);
                match kept {
                    Some(_) => Answer::Done(Ok(())),
                    None => Answer::Done(Err(NetError::before(
                        Part::Host,
                        Cause::Refused,
                        "there is nothing to be kept any more",
                    ))),
                }
            }
            Verb::Plan(request) => Answer::Plan(agent.plan(request)),
            Verb::Facts => Answer::Facts(Box::new(agent.facts())),
            Verb::Firmware => Answer::Firmware(agent.firmware()),
            Verb::Counters(device) => Answer::Counters(agent.counters(&device)),
            Verb::Answered(probes, within) => Answer::Answered(agent.answered(&probes, within)),
            Verb::Hostname => Answer::Hostname(agent.hostname()),
            Verb::SetHostname(name) => Answer::Done(agent.set_hostname(&name)),
            Verb::Particulars => Answer::Particulars(self.arrived().map_err(Into::into)),
            Verb::Settled(at) => Answer::Done(self.settled(at)),
            Verb::Seize(nic, bridges) => Answer::Seized(agent.seize(&nic, &bridges)),
            Verb::Heard { told, reset } => {
                reset::heard(&self.core, told, reset.as_deref());
                Answer::Done(Ok(()))
            }
            Verb::Leave(trigger) => {
                let left = leaving::decide(&self.core, &trigger);
                Answer::Done(done(self.begin_as(left, Told::Leaves)))
            }
            Verb::Secret(secret) => {
                Answer::Done(done(self.of_pool(|config| secret::take(config, &secret))))
            }
            Verb::SecretSettled(mark) => {
                Answer::Done(done(self.of_pool(|config| secret::settle(config, &mark))))
            }
            Verb::Decide => {
                let told = transition::told(&self.core, &PoolRole::Master);
                Answer::Done(done(self.begin_as(told, Told::Decides)))
            }
            Verb::Obey(address) => {
                let told = transition::told(&self.core, &PoolRole::Slave(address.clone()));
                Answer::Done(done(self.begin_as(told, Told::Obeys(address))))
            }
            Verb::Moves(addresses) => {
                self.core.pool.whereabouts.hear(&addresses);
                Answer::Done(Ok(()))
            }
            Verb::Guest(number, ask) => self.core.guests_asked(number, ask),
            Verb::Became(number) => self.core.deeds.became(number, deeds::PATIENCE),
            Verb::Run(number, job) => {
                let counts = job.counts_once();
                let run = || {
                    Answer::Ran(match job.done_here(&self.core) {
                        Ok(value) => Ok(Portable(value)),
                        Err(why) => Err(why.into()),
                    })
                };
                match counts {
                    true => self.core.deeds.once(number, BTreeSet::new(), run),
                    false => run(),
                }
            }
            Verb::Reach(position) => Answer::Done(match self.reaches(position, PATIENCE) {
                true => Ok(()),
                false => Err(NetError::before(
                    Part::Host,
                    Cause::TimedOut,
                    format!("its database is at {:?}", self.core.store.position()),
                )),
            }),
        }
    }

    fn arrived(&self) -> Result<Arrived> {
        let hostname = self.core.agent.hostname();
        let hostname = hostname.map_err(errors::internal_error)?;
        let (reset, alerts) = reset::asked(&self.core);
        let moved = moved::noted(&self.core);
        let (found, gone_back) = {
            let mut changes = self.changes();
            changes.moved.clone_from(&moved);
            (changes.found.clone(), changes.gone_back)
        };
        Ok(Arrived {
            particulars: Particulars::here(
                &self.core.config,
                hostname,
                self.core.kind_of_guests(),
            )?,
            starts: self.starts.load(Ordering::Relaxed),
            booted: !self.core.config.boot_marker().exists(),
            reset,
            alerts,
            found,
            secret: secret::Held::here(&self.core.config)?,
            aside: Aside::noted(&self.core),
            moved,
            gone_back,
        })
    }

    fn settled(&self, at: Position) -> std::result::Result<(), NetError> {
        // Whoever has waited for this reads what came of it.
        let is_here = self.reaches(at, PATIENCE);
        if !is_here {
            tracing::warn!(
                "the database is behind: {:?} and not {at}",
                self.core.store.position()
            );
        }
        self.starts.store(false, Ordering::Relaxed);
        let mut changes = self.changes();
        (changes.settled, changes.found) = (true, None);
        changes.gone_back = None;
        let moved = changes.moved.take();
        self.note(&changes);
        drop(changes);
        // The rows are here, and do not know of it: it has gone back. Another may be noted since.
        if is_here && moved.is_some() && moved == moved::noted(&self.core) {
            let forgotten = moved::forget(&self.core);
            let again = || self.core.pool.follower.again(&self.core);
            if let Err(why) = forgotten.and_then(|()| again()) {
                tracing::error!("that management was moved is told once more: {why}");
            }
        }
        self.done.notify_all();
        // The master that is told of it makes the alert before it is done with the arrival. As long as the rows are those
        // that are kept the note says that they may be given up for an earlier master's.
        let rows = self.core.store.term();
        if (is_here || Aside::noted(&self.core).is_some_and(|aside| aside.term != rows))
            && let Err(why) = Aside::forget(&self.core)
        {
            tracing::error!("that this host has stepped down is told once more: {why}");
        }
        let marker = self.core.config.boot_marker();
        xapi_conf::file::write(&marker, b"", 0o644).map_err(|why| {
            let why = format!("{}: {why}", marker.display());
            NetError::before(Part::Host, Cause::Refused, why)
        })
    }

    /// Does something about the pool's secret, one thing at a time. Not on a host that is about to be something else: who has
    /// left the pool must not learn its next one.
    fn of_pool(&self, run: impl FnOnce(&Config) -> Result<()>) -> Result<()> {
        let charter = charter::open(&self.core);
        transition::undecided(&charter)?;
        run(&self.core.config)
    }

    /// Begins anew as something else, if that is decided. An error says that this host stays what it is.
    fn begin_as(self: &Arc<Self>, decided: Result<()>, told: Told) -> Result<()> {
        decided?;
        self.core.pool.told.get_or_init(|| told);
        if let Err(why) = self.begin_anew() {
            // It is decided all the same.
            tracing::warn!("the master may not hear that this host begins anew: {why}");
            self.core.restart();
        }
        Ok(())
    }

    /// Begins anew once the master has heard the answer, and so closes the line; or after a while.
    fn begin_anew(self: &Arc<Self>) -> Result<()> {
        let this = Arc::clone(self);
        let ended = self.changes().ended;
        let wait = move || {
            // Another line may be open by then, and is of no use.
            let open = |changes: &mut Changes| changes.ended == ended;
            let waited = this.done.wait_timeout_while(this.changes(), PATIENCE, open);
            drop(waited);
            this.core.restart();
        };
        std::thread::Builder::new()
            .name("begin anew".to_owned())
            .spawn(wait)
            .map(drop)
            .map_err(|why| errors::internal_error(format!("no thread: {why}")))
    }

    fn converge(&self, number: u64, request: Request) -> std::result::Result<Outcome, NetError> {
        let whole = request.mode == Mode::Whole;
        {
            let mut changes = self.changes();
            changes.last = Some((number, None));
            self.note(&changes);
        }
        let outcome = self.core.agent.converge(request);
        let mut changes = self.changes();
        match (whole, &outcome) {
            (true, Ok(_)) => changes.unkept = Some(number),
            // What was made before it stays, and is still to be kept.
            (true, Err(_)) => {}
            (false, _) => changes.unkept = None,
        }
        changes.last = Some((number, Some(outcome.clone())));
        self.note(&changes);
        self.done.notify_all();
        drop(changes);
        if let Ok(outcome) = &outcome {
            self.leave_behind(&outcome.facts);
        }
        outcome
    }

    /// Notes whether a line that is lost may be so by a change of this host's network, whose outcome can be learned. One
    /// that was taken back counts until there is a line again.
    fn note(&self, changes: &Changes) {
        let goes_on = matches!(changes.last, Some((_, None)));
        let changes_itself = goes_on || changes.unkept.is_some();
        let noted = &self.core.pool.changes_itself;
        noted.store(changes_itself, Ordering::Release);
    }

    /// A line from an address that the host has no more leads nowhere, and would be believed for seconds. The master asks
    /// what became of its change over the next one.
    fn leave_behind(&self, facts: &Facts) {
        let Ok(master) = self.core.pool.standing.master() else {
            return;
        };
        let Some(here) = master.here().filter(|here| !here.is_loopback()) else {
            return;
        };
        let on_bridges = facts.bridges.values().flat_map(|bridge| &bridge.addresses);
        let on_nics = facts.nics.values().flat_map(|nic| &nic.addresses);
        let inets = on_bridges.chain(on_nics);
        if !inets.into_iter().any(|inet| inet.address() == here) {
            master.close(&format!("this host is not at {here} any more"));
        }
    }

    fn outcome(&self, number: u64) -> Answer {
        let until = Instant::now() + PATIENCE;
        let mut changes = self.changes();
        loop {
            match &changes.last {
                Some((known, Some(outcome))) if *known == number => {
                    return Answer::Converged(outcome.clone());
                }
                Some((known, None)) if *known == number => {}
                _ => return Answer::Forgotten,
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else {
                return Answer::NotYet;
            };
            let waited = self.done.wait_timeout(changes, left);
            changes = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until the master is done with what the line's opening asks for; false if it is not within the time.
    pub fn settles(&self, within: Duration) -> bool {
        let waited = self
            .done
            .wait_timeout_while(self.changes(), within, |changes| !changes.settled);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// The master was found, and has said by this that the host is not of its pool: what the copy shows is none of its any
    /// more.
    pub fn refused(&self, why: ApiError) {
        self.core.pool.standing.refused(why);
    }

    /// The master was looked for in vain.
    pub(super) fn misses(&self) {
        self.changes().missed = true;
        self.done.notify_all();
        if let Err(why) = reset::look_again(&self.core) {
            tracing::error!("the network reset: {why}");
        }
    }

    /// Waits until it is known how this start ends: the master is done with it, or there is no master. False if that is
    /// not known within the time.
    pub fn begins(&self, within: Duration) -> bool {
        let open = |changes: &mut Changes| !changes.settled && !changes.missed;
        let waited = self.done.wait_timeout_while(self.changes(), within, open);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Waits until the database has followed so far; false if it has not within the time.
    pub fn reaches(&self, position: Position, within: Duration) -> bool {
        self.core
            .pool
            .follower
            .reaches(&self.core, position, within)
    }

    /// Whether a change waits to be kept: the line must be back soon, or the host goes back.
    pub fn is_unkept(&self) -> bool {
        self.changes().unkept.is_some()
    }

    /// Nobody has kept the last change, and the master cannot be reached over what it made: the host goes back to what was
    /// committed.
    pub fn go_back(&self) {
        let Some(number) = self.changes().unkept.take() else {
            return;
        };
        tracing::warn!(
            "the master is out of reach after a change that it has not kept; going back"
        );
        let back = last_topology::bring_up(&self.core.config, &*self.core.agent);
        let undo = match &back {
            Ok(_) => Undo::Done,
            Err(why) => Undo::Failed(why.to_string()),
        };
        if let Err(why) = &back {
            tracing::error!("the network could not be put back: {why}");
        }
        let why = "the master could not be reached over the changed network";
        let gone = NetError {
            undo,
            ..NetError::before(Part::Host, Cause::TimedOut, why)
        };
        let mut changes = self.changes();
        changes.last = Some((number, Some(Err(gone))));
        changes.gone_back = Some(number);
    }

    /// What the master tells.
    pub fn told(&self, news: &[u8]) -> std::result::Result<(), String> {
        let stream = decode(news)?;
        let told = self.core.pool.follower.told(&self.core, stream);
        told.map_err(|why| format!("cannot be followed: {why}"))
    }

    /// The line is gone.
    pub fn closed(&self, why: &str) {
        tracing::warn!("the link to the master is lost: {why}");
        self.changes().ended += 1;
        self.done.notify_all();
        self.core.pool.follower.forget();
        self.core
            .pool
            .standing
            .emergency(errors::host_in_emergency_mode());
    }
}

fn done(outcome: Result<()>) -> std::result::Result<(), NetError> {
    outcome.map_err(|why| NetError::before(Part::Host, Cause::Refused, why.to_string()))
}
