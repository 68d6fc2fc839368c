//! The network of another host: its agent, asked over the line that the host has opened.
//!
//! A change of the path between the two cuts the line. The host goes on by itself, comes back by its new address, and is
//! then asked what became of the change; nobody starts it a second time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_model::{ApiError, Host, Position, Ref, errors};
use xapi_net::agent::{
    Agent, Cause, Counters, Listener, Mode, NetError, NetEvent, Outcome, Part, Probe, Request, Undo,
};
use xapi_net::facts::Facts;
use xapi_net::firmware::Card;
use xapi_net::names::Name;
use xapi_net::planned::PlannedStep;

use super::bounds;
use super::peer::{Lost, Peer};
use super::secret::Held;
use super::verbs::{Answer, Arrived, Verb, decode, encode};
use crate::particulars::Particulars;

/// How long the host may take for what it does at once.
const AT_ONCE: Duration = Duration::from_secs(15);

/// How long it may take to hear what a change waits for that does not need it.
const SHORTLY: Duration = Duration::from_secs(2);

/// How much longer than its own deadline a change may take: the way back, and the messages.
const GRACE: Duration = Duration::from_secs(30);

/// Jobs that a host may be at, beside what changes its network.
const JOBS: usize = 48;

/// Octets of an answer; a plugin's text may have four million letters, of which each may take six here.
pub(super) const MOST_ANSWER: usize = 32 << 20;

/// The agent of another host.
pub(super) struct RemoteAgent {
    host: Ref<Host>,
    away: Duration,
    state: Mutex<State>,
    linked: Condvar,
    listeners: Mutex<Vec<Listener>>,
    /// The numbers of what it is asked for are above the first, up to the last.
    first: u64,
    last: AtomicU64,
    /// Jobs that it is at.
    jobs: Mutex<usize>,
    job_ended: Condvar,
}

#[derive(Default)]
struct State {
    peer: Option<Arc<dyn Peer>>,
    particulars: Particulars,
    /// Convergence whose rows are not committed yet.
    kept: Option<u64>,
    /// Whether what is asked for is of a reset.
    resetting: bool,
    /// Whether the host has a trigger of a reset whose NIC is not there.
    waits_for_nic: bool,
    /// Which secret of the pool the host has.
    secret: Option<Held>,
    /// When it has not answered to a question about that.
    silent: Option<Instant>,
}

impl RemoteAgent {
    /// Nobody is linked yet. A host may be away so long in the middle of a change.
    pub(super) fn new(host: Ref<Host>, away: Duration) -> RemoteAgent {
        // Of no other daemon's: the host may still know one of a master before.
        let first = uuid::Uuid::new_v4().as_u64_pair().0 >> 1;
        RemoteAgent {
            host,
            away,
            state: Mutex::default(),
            linked: Condvar::new(),
            listeners: Mutex::default(),
            first,
            last: AtomicU64::new(first),
            jobs: Mutex::default(),
            job_ended: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The host is there, by this line.
    pub(super) fn link(&self, peer: Arc<dyn Peer>, particulars: Particulars, secret: Option<Held>) {
        let mut state = self.state();
        let before = state.peer.replace(peer);
        (state.particulars, state.secret) = (particulars, secret);
        (state.waits_for_nic, state.silent) = (false, None);
        self.linked.notify_all();
        // Whoever hears of the end asks whether it was the line in use.
        drop(state);
        if let Some(before) = before {
            before.close("the host has opened another connection");
        }
    }

    /// The line is gone. False if the host has opened another one meanwhile.
    pub(super) fn unlink(&self, peer: &Arc<dyn Peer>) -> bool {
        let mut state = self.state();
        let its = state
            .peer
            .as_ref()
            .is_some_and(|known| Arc::ptr_eq(known, peer));
        if its {
            state.peer = None;
        }
        its
    }

    pub(super) fn is_linked(&self) -> bool {
        self.state()
            .peer
            .as_ref()
            .is_some_and(|peer| peer.is_open())
    }

    pub(super) fn particulars(&self) -> Particulars {
        self.state().particulars.clone()
    }

    /// Whether the host has the secret with this mark.
    pub(super) fn has(&self, mark: &str) -> bool {
        let state = self.state();
        state.secret.as_ref().is_some_and(|held| held.mark == mark)
    }

    /// Whether it has that one, and no other is good there.
    pub(super) fn has_only(&self, mark: &str) -> bool {
        let state = self.state();
        let held = state.secret.as_ref();
        held.is_some_and(|held| held.mark == mark && !held.others)
    }

    /// Whether it tells which one it has; an older program does not.
    pub(super) fn tells_secret(&self) -> bool {
        self.state().secret.is_some()
    }

    /// Which one it has is not known any more.
    pub(super) fn doubts_secret(&self) {
        self.holds("", true);
    }

    /// Has the host do something about the pool's secret. Whether it answers is noted for as long as the line is the same.
    pub(super) fn order_of_secret(&self, verb: Verb) -> Result<(), NetError> {
        let by = self.peer(None);
        let done = self.order(verb);
        // One whose line is lost arrives anew, or has already.
        let is_same = |state: &State| match (&by, &state.peer) {
            (Some(by), Some(now)) => Arc::ptr_eq(by, now) && by.is_open(),
            _ => false,
        };
        let mut state = self.state();
        let is_silent = matches!(&done, Err(why) if why.cause == Cause::Unreachable);
        if is_silent && is_same(&state) {
            state.silent = Some(Instant::now());
        }
        done
    }

    /// Whether it has not answered within this time.
    pub(super) fn was_silent(&self, within: Duration) -> bool {
        let silent = self.state().silent;
        silent.is_some_and(|at| at.elapsed() < within)
    }

    /// It has taken that one, and knows others or not.
    pub(super) fn holds(&self, mark: &str, others: bool) {
        self.state().secret = Some(Held {
            mark: mark.to_owned(),
            others,
        });
    }

    /// Whether this daemon has asked the host for what has this number.
    pub(super) fn has_asked_for(&self, number: u64) -> bool {
        self.first < number && number <= self.last.load(Ordering::Relaxed)
    }

    /// Something happened to the host's network.
    pub(super) fn tell(&self, event: &NetEvent) {
        let listeners = self.listeners.lock();
        for listener in listeners.unwrap_or_else(PoisonError::into_inner).iter() {
            listener(event.clone());
        }
    }

    /// The line, now or within the time.
    fn peer(&self, until: Option<Instant>) -> Option<Arc<dyn Peer>> {
        let mut state = self.state();
        loop {
            if let Some(peer) = state.peer.as_ref().filter(|peer| peer.is_open()) {
                return Some(Arc::clone(peer));
            }
            let left = until?.checked_duration_since(Instant::now())?;
            let (next, waited) = self
                .linked
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
            if waited.timed_out() {
                return None;
            }
            state = next;
        }
    }

    fn ask_by(&self, peer: &Arc<dyn Peer>, verb: &Verb, within: Duration) -> Asked {
        let question = match encode(verb) {
            Ok(question) => question,
            Err(why) => return Asked::Nonsense(why),
        };
        match peer.ask(question, within) {
            Ok(answer) if answer.len() > MOST_ANSWER => {
                let why = format!("its answer has {} octets", answer.len());
                peer.close(&why);
                Asked::Nonsense(why)
            }
            Ok(answer) => match decode(&answer) {
                Ok(mut answer) => match bounds::check(&mut answer) {
                    Ok(()) => match answer {
                        Answer::Unknown(why) => Asked::Nonsense(why),
                        answer => Asked::Said(Box::new(answer)),
                    },
                    Err(why) => {
                        let why = format!("it tells too much of itself: {why}");
                        tracing::warn!("{}: {why}", self.host);
                        peer.close(&why);
                        Asked::Nonsense(why)
                    }
                },
                Err(why) => {
                    peer.close(&format!("its answer {why}"));
                    Asked::Nonsense(why)
                }
            },
            Err(lost) => Asked::Lost(lost),
        }
    }

    /// Asks once, for what changes nothing.
    fn ask(&self, verb: &Verb, within: Duration) -> Result<Answer, NetError> {
        let Some(peer) = self.peer(None) else {
            return Err(self.unreachable("it is not linked"));
        };
        match self.ask_by(&peer, verb, within) {
            Asked::Said(answer) => Ok(*answer),
            Asked::Nonsense(why) => Err(self.unreachable(&why)),
            Asked::Lost(lost) => Err(self.unreachable(&lost.to_string())),
        }
    }

    fn unreachable(&self, why: &str) -> NetError {
        NetError::before(
            Part::Host,
            Cause::Unreachable,
            format!("{} cannot be reached: {why}", self.host),
        )
    }

    fn strange(&self) -> NetError {
        self.unreachable("it answers another question")
    }

    /// What became of a convergence after the line was lost. The host settles by itself what nobody keeps, and once it is
    /// back it is asked for what is committed: so a change whose end cannot be learned has not happened.
    fn outcome(&self, number: u64, ends: Instant) -> Result<Outcome, NetError> {
        let away = || ends.min(Instant::now() + self.away);
        let lost = |why: &str| {
            // Its next arrival brings it to what is committed.
            if let Some(peer) = self.peer(None) {
                peer.close("what became of a change is not known");
            }
            let mut lost = self.unreachable(why);
            lost.undo = Undo::Done;
            lost
        };
        let mut until = away();
        loop {
            let Some(peer) = self.peer(Some(until)) else {
                return Err(lost(
                    "it was lost in the middle of the change; it goes back by itself, or when it is linked again",
                ));
            };
            let left = until.saturating_duration_since(Instant::now());
            match self.ask_by(&peer, &Verb::Outcome(number), left.min(AT_ONCE)) {
                Asked::Said(answer) => match *answer {
                    Answer::Converged(outcome) => return outcome,
                    // The answer is waited for over there, and a large host takes its time.
                    Answer::NotYet => until = away(),
                    Answer::Forgotten => {
                        return Err(lost(
                            "it was started anew in the middle of the change, and goes back to what was before",
                        ));
                    }
                    _ => return Err(self.strange()),
                },
                Asked::Nonsense(why) => return Err(lost(&why)),
                Asked::Lost(Lost::TooLong) => return Err(lost("the question is too long")),
                Asked::Lost(Lost::Closed | Lost::TimedOut) => {}
            }
            if Instant::now() >= until {
                return Err(lost("it does not say what became of the change"));
            }
        }
    }

    /// Has the host do something about itself.
    pub(super) fn order(&self, verb: Verb) -> Result<(), NetError> {
        match self.ask(&verb, AT_ONCE)? {
            Answer::Done(done) => done,
            _ => Err(self.strange()),
        }
    }

    /// Tells it where its master will be found.
    pub(super) fn moves(&self, addresses: &[String]) -> Result<(), NetError> {
        match self.ask(&Verb::Moves(addresses.to_vec()), SHORTLY)? {
            Answer::Done(done) => done,
            _ => Err(self.strange()),
        }
    }

    /// Has the host do something that only it can, once. If it is lost in the middle it is asked what became of that as soon as
    /// it is back, if that is waited for; so the answer is the host's, however often the line is lost. CANNOT_CONTACT_HOST [host]
    /// if it has not told. TOO_MANY_PENDING_TASKS if it stays at as many jobs as it may be at, so that what changes its network
    /// finds a place.
    pub(super) fn has_done(
        &self,
        verb: impl FnOnce(u64) -> Verb,
        within: Duration,
        waits: bool,
    ) -> crate::Result<Answer> {
        let _place = self.place()?;
        let Some(peer) = self.peer(None) else {
            return Err(errors::host_offline(&self.host));
        };
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let until = Instant::now() + within + self.away;
        match self.ask_by(&peer, &verb(number), within) {
            Asked::Said(answer) => Ok(*answer),
            Asked::Nonsense(why) => Err(errors::internal_error(format!("{}: {why}", self.host))),
            Asked::Lost(Lost::TooLong) => Err(errors::internal_error("it is too long for a line")),
            Asked::Lost(lost) => {
                tracing::warn!("{}: {lost}", self.host);
                match waits {
                    true => self.became(number, until),
                    false => Err(errors::cannot_contact_host(&self.host)),
                }
            }
        }
    }

    /// What became of a deed after the line was lost.
    fn became(&self, number: u64, until: Instant) -> crate::Result<Answer> {
        let lost = || errors::cannot_contact_host(&self.host);
        loop {
            let back = until.min(Instant::now() + self.away);
            let peer = self.peer(Some(back)).ok_or_else(lost)?;
            match self.ask_by(&peer, &Verb::Became(number), AT_ONCE) {
                Asked::Said(answer) => match *answer {
                    // The answer is waited for over there.
                    Answer::NotYet => {}
                    // It has not begun, was cut short by a new start of the host's daemon, or its answer is too long to be
                    // kept.
                    Answer::Forgotten => return Err(lost()),
                    answer => return Ok(answer),
                },
                Asked::Nonsense(why) => {
                    tracing::warn!("{}: {why}", self.host);
                    return Err(lost());
                }
                Asked::Lost(why) => tracing::warn!("{}: {why}", self.host),
            }
            if Instant::now() >= until {
                return Err(lost());
            }
        }
    }

    /// One of the places for jobs, as soon as one is free.
    fn place(&self) -> crate::Result<Place<'_>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |jobs: &mut usize| *jobs >= JOBS;
        let waited = self.job_ended.wait_timeout_while(jobs, AT_ONCE, full);
        let (mut jobs, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(errors::too_many_pending_tasks());
        }
        *jobs += 1;
        Ok(Place(self))
    }

    /// Ends the line, if there is one.
    pub(super) fn drop_line(&self, why: &str) {
        let peer = self.state().peer.take();
        if let Some(peer) = peer {
            peer.close(why);
        }
    }

    /// What the host tells of itself now.
    pub(super) fn arrived(&self) -> Result<Arrived, NetError> {
        match self.ask(&Verb::Particulars, AT_ONCE)? {
            Answer::Particulars(Ok(arrived)) => Ok(arrived),
            Answer::Particulars(Err(why)) => {
                let why = ApiError::from(why);
                Err(self.unreachable(&format!("it does not tell who it is: {why}")))
            }
            _ => Err(self.strange()),
        }
    }

    /// What is asked of the host's network meanwhile is of a reset. Whoever does that has the host's turn.
    pub(super) fn while_resetting<T>(&self, reset: impl FnOnce() -> T) -> T {
        self.state().resetting = true;
        let out = reset();
        self.state().resetting = false;
        out
    }

    /// Notes whether the host has a trigger whose NIC is not there.
    pub(super) fn waits_for_nic(&self, waits: bool) {
        self.state().waits_for_nic = waits;
    }

    /// Whether it was so.
    pub(super) fn is_waiting_for_nic(&self) -> bool {
        self.state().waits_for_nic
    }

    /// Waits until the host's database is so far.
    pub(super) fn reach(&self, position: Position) -> Result<(), NetError> {
        match self.ask(&Verb::Reach(position), AT_ONCE)? {
            Answer::Done(done) => done,
            _ => Err(self.strange()),
        }
    }

    /// What its arrival asks for is done.
    pub(super) fn settled(&self, at: Position) {
        // A host that does not hear it has it done again.
        if let Err(why) = self.ask(&Verb::Settled(at), AT_ONCE) {
            tracing::warn!("{}: not told that it is settled: {why}", self.host);
        }
    }

    /// The rows of the last convergence are committed.
    pub(super) fn keep(&self) {
        let Some(number) = self.state().kept.take() else {
            return;
        };
        // If the host does not hear it, it goes back, and is asked for what is committed when it is linked again.
        if let Err(why) = self.order(Verb::Keep(number)) {
            tracing::warn!("{}: does not keep its change: {why}", self.host);
            self.drop_line("it does not keep its change");
        }
    }
}

/// A job that a host is at.
struct Place<'a>(&'a RemoteAgent);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut jobs = self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        *jobs -= 1;
        self.0.job_ended.notify_one();
    }
}

enum Asked {
    Said(Box<Answer>),
    Nonsense(String),
    Lost(Lost),
}

impl Agent for RemoteAgent {
    fn converge(&self, request: Request) -> Result<Outcome, NetError> {
        let number = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let within = request.in_all() + GRACE;
        let ends = Instant::now() + within + self.away;
        let Some(peer) = self.peer(None) else {
            return Err(self.unreachable("it is not linked"));
        };
        let verb = {
            let mut state = self.state();
            // What is asked for as far as it goes is as its rows say already.
            state.kept = (request.mode == Mode::Whole).then_some(number);
            match state.resetting {
                true => Verb::Reset(number, request),
                false => Verb::Converge(number, request),
            }
        };
        match self.ask_by(&peer, &verb, within) {
            Asked::Said(answer) => match *answer {
                Answer::Converged(outcome) => outcome,
                _ => Err(self.strange()),
            },
            Asked::Nonsense(why) => Err(self.unreachable(&why)),
            Asked::Lost(Lost::TooLong) => Err(self.unreachable("the topology is too large")),
            Asked::Lost(Lost::Closed | Lost::TimedOut) => self.outcome(number, ends),
        }
    }

    fn plan(&self, request: Request) -> Result<Vec<PlannedStep>, NetError> {
        match self.ask(&Verb::Plan(request), AT_ONCE)? {
            Answer::Plan(plan) => plan,
            _ => Err(self.strange()),
        }
    }

    fn facts(&self) -> Result<Facts, NetError> {
        match self.ask(&Verb::Facts, AT_ONCE)? {
            Answer::Facts(facts) => *facts,
            _ => Err(self.strange()),
        }
    }

    fn firmware(&self) -> Result<Vec<Card>, NetError> {
        match self.ask(&Verb::Firmware, AT_ONCE)? {
            Answer::Firmware(cards) => cards,
            _ => Err(self.strange()),
        }
    }

    fn seize(&self, nic: &Name, bridges: &BTreeSet<Name>) -> Result<Vec<String>, NetError> {
        match self.ask(&Verb::Seize(*nic, bridges.clone()), AT_ONCE)? {
            Answer::Seized(taken) => taken,
            _ => Err(self.strange()),
        }
    }

    fn counters(&self, device: &Name) -> Option<Counters> {
        match self.ask(&Verb::Counters(*device), AT_ONCE) {
            Ok(Answer::Counters(counters)) => counters,
            _ => None,
        }
    }

    fn answered(
        &self,
        probes: &BTreeSet<Probe>,
        within: Duration,
    ) -> Result<BTreeSet<Probe>, NetError> {
        let verb = Verb::Answered(probes.clone(), within);
        match self.ask(&verb, within + AT_ONCE)? {
            Answer::Answered(answered) => answered,
            _ => Err(self.strange()),
        }
    }

    fn hostname(&self) -> Result<String, NetError> {
        match self.ask(&Verb::Hostname, AT_ONCE)? {
            Answer::Hostname(name) => name,
            _ => Err(self.strange()),
        }
    }

    fn set_hostname(&self, name: &str) -> Result<(), NetError> {
        match self.ask(&Verb::SetHostname(name.to_owned()), AT_ONCE)? {
            Answer::Done(done) => done,
            _ => Err(self.strange()),
        }
    }

    fn subscribe(&self, listener: Listener) {
        let listeners = self.listeners.lock();
        listeners
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }
}
