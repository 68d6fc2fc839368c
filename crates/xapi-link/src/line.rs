//! A line: what is under way in both directions, and who waits for what.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::{error, warn};

use crate::limits::Limits;
use crate::peer::Peer;
use crate::workers;

/// Why nothing came of a question, or why something was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The line was closed. Whether the other end has heard it is not known.
    #[error("the connection was closed")]
    Closed,
    /// No answer came in time. Whether the other end has heard it is not known.
    #[error("no answer came in time")]
    TimedOut,
    /// It, or its answer, is larger than a line carries.
    #[error("it is too large")]
    TooLarge,
    /// The other end failed while it made an answer.
    #[error("the other end failed while it answered")]
    Failed,
}

/// Whoever is asked and told by the other end.
///
/// Questions are answered beside each other, and beside what is told; what is told comes in order, one after the other,
/// and `closed` after all of it, once.
pub trait Handler: Send + Sync {
    /// The line of a slave that was let in is open: what it says is heard after this. Called at the master's end.
    fn opened(&self, _line: &Line) {}

    /// The other end asks. Called on a thread of its own, which may wait.
    fn asked(&self, line: &Line, body: Vec<u8>) -> Vec<u8>;

    /// The other end tells. While this waits, the other end can tell a bounded amount more.
    fn told(&self, line: &Line, body: Vec<u8>);

    /// The line was closed, by either end.
    fn closed(&self, line: &Line, why: &str);
}

/// An open line. Cheap to clone; it stays open until an end closes it or the connection breaks.
#[derive(Clone)]
pub struct Line(pub(crate) Arc<Inner>);

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({} at {})", self.0.peer.host, self.0.peer.address)
    }
}

pub(crate) struct Inner {
    peer: Peer,
    pub(crate) limits: Limits,
    state: Mutex<State>,
    /// Somebody's place, or the line itself, has become free or is no more.
    changed: Condvar,
    /// None before the line begins and after it ended.
    carrier: Mutex<Option<Arc<dyn Carrier>>>,
}

/// What takes messages to the other end.
pub(crate) trait Carrier: Send + Sync {
    /// Takes a message, without waiting. Dropped when the line is closed.
    fn send(&self, message: Message);

    /// Lets the other end know that the line is closed, and takes nothing more.
    fn close(&self, why: &str);
}

/// What one end sends to the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Ask {
        id: u64,
        body: Vec<u8>,
    },
    Answer {
        id: u64,
        body: Vec<u8>,
    },
    Unanswered {
        id: u64,
        why: Lost,
    },
    Tell {
        body: Vec<u8>,
    },
    /// So many things told, of so many octets together, were taken.
    Took {
        tells: u32,
        octets: u64,
    },
    Bye {
        why: String,
    },
}

/// A question of ours.
struct Waiting {
    octets: usize,
    /// Where the answer is waited for.
    answer: Option<SyncSender<Result<Vec<u8>, Lost>>>,
}

struct State {
    /// None after it was told that the line is closed.
    handler: Option<Arc<dyn Handler>>,
    /// Why the line is closed.
    over: Option<String>,
    next_id: u64,
    /// Our questions; without a sender when nobody waits any more. They keep their places until they are answered, for
    /// the other end is still at it.
    waiting: HashMap<u64, Waiting>,
    /// Their octets.
    asking: usize,
    /// Questions of the other end under way, and their octets.
    asked: (usize, usize),
    /// Questions that the other end may still ask, if they are counted; then it tells nothing either.
    asks_left: Option<usize>,
    /// What was told to the other end and not taken, and its octets.
    telling: (usize, usize),
    /// What the other end told and was not taken, and its octets.
    told: (usize, usize),
    /// Of these, what the handler has not seen.
    queue: VecDeque<Vec<u8>>,
    /// A thread tells the handler.
    busy: bool,
}

impl Line {
    /// Two ends in one process, for tests and simulations: what is at the other end of the first line is `a`, and `ha`
    /// is the handler of this end; likewise the second. No sockets, no handshake, nothing that goes silent.
    pub fn pair(a: Peer, ha: Arc<dyn Handler>, b: Peer, hb: Arc<dyn Handler>) -> (Line, Line) {
        let one = Line::new(a, ha, Limits::default(), None);
        let other = Line::new(b, hb, Limits::default(), None);
        one.begin(Arc::new(Beside(other.clone())));
        other.begin(Arc::new(Beside(one.clone())));
        (one, other)
    }

    /// A line that carries nothing yet. `asks` bounds what the other end may do to so many questions.
    pub(crate) fn new(
        peer: Peer,
        handler: Arc<dyn Handler>,
        limits: Limits,
        asks: Option<usize>,
    ) -> Line {
        let state = State {
            handler: Some(handler),
            over: None,
            next_id: 0,
            waiting: HashMap::new(),
            asking: 0,
            asked: (0, 0),
            asks_left: asks,
            telling: (0, 0),
            told: (0, 0),
            queue: VecDeque::new(),
            busy: false,
        };
        Line(Arc::new(Inner {
            peer,
            limits,
            state: Mutex::new(state),
            changed: Condvar::new(),
            carrier: Mutex::new(None),
        }))
    }

    pub(crate) fn begin(&self, carrier: Arc<dyn Carrier>) {
        *self.carrier() = Some(carrier);
    }

    /// Asks the other end, and waits for the answer. When so many questions are under way that the limit is reached,
    /// it waits for its turn too. Not to be called on a thread of an asynchronous runtime.
    pub fn ask(&self, body: Vec<u8>, within: Duration) -> Result<Vec<u8>, Lost> {
        if body.len() > self.0.limits.body {
            return Err(Lost::TooLarge);
        }
        let deadline = Instant::now() + within;
        let (answer, answered) = sync_channel(1);
        let mut state = self.lock();
        let id = loop {
            if state.over.is_some() {
                return Err(Lost::Closed);
            }
            let octets = body.len();
            if self.may_ask((state.waiting.len(), state.asking), octets) {
                let id = state.next_id;
                state.next_id += 1;
                state.asking += octets;
                let answer = Some(answer);
                state.waiting.insert(id, Waiting { octets, answer });
                break id;
            }
            state = self.wait(state, deadline).ok_or(Lost::TimedOut)?;
        };
        drop(state);
        self.send(Message::Ask { id, body });
        let left = deadline.saturating_duration_since(Instant::now());
        match answered.recv_timeout(left) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Disconnected) => Err(Lost::Closed),
            Err(RecvTimeoutError::Timeout) => {
                let mut state = self.lock();
                // It may have come just now.
                if let Ok(answer) = answered.try_recv() {
                    return answer;
                }
                if let Some(waiting) = state.waiting.get_mut(&id) {
                    waiting.answer = None;
                }
                Err(Lost::TimedOut)
            }
        }
    }

    /// Tells the other end; returns before it has heard it. Waits while it has not taken what it was told before. Not
    /// to be called on a thread of an asynchronous runtime.
    ///
    /// Whoever tells from several threads has no order between them.
    pub fn tell(&self, body: Vec<u8>) -> Result<(), Lost> {
        let limits = &self.0.limits;
        if body.len() > limits.body {
            return Err(Lost::TooLarge);
        }
        let deadline = Instant::now() + limits.stall;
        let mut state = self.lock();
        loop {
            if state.over.is_some() {
                return Err(Lost::Closed);
            }
            if fits(state.telling, body.len(), limits) {
                break;
            }
            let Some(again) = self.wait(state, deadline) else {
                self.close("the other end does not take what it is told");
                return Err(Lost::TimedOut);
            };
            state = again;
        }
        state.telling.0 += 1;
        state.telling.1 += body.len();
        drop(state);
        self.send(Message::Tell { body });
        Ok(())
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.0.peer
    }

    /// Whether anything can still be said.
    pub fn is_open(&self) -> bool {
        self.lock().over.is_none()
    }

    /// Closes the line; why is told to the other end, and to both handlers. What was told and not sent yet is lost.
    pub fn close(&self, why: &str) {
        if let Some(Some(carrier)) = self.over(why) {
            carrier.close(why);
        }
    }

    /// Waits until the line is closed, and says why; None if it is still open after this time.
    pub fn wait_closed(&self, within: Duration) -> Option<String> {
        let deadline = Instant::now() + within;
        let mut state = self.lock();
        loop {
            if let Some(why) = &state.over {
                return Some(why.clone());
            }
            state = self.wait(state, deadline)?;
        }
    }

    /// Whether one question more, of so many octets, may be under way.
    fn may_ask(&self, (asks, octets): (usize, usize), size: usize) -> bool {
        asks < self.0.limits.asks && (octets == 0 || octets + size <= self.0.limits.body)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a change; None after the deadline.
    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> Option<MutexGuard<'a, State>> {
        let left = deadline.checked_duration_since(Instant::now())?;
        let waited = self.0.changed.wait_timeout(state, left);
        Some(waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn send(&self, message: Message) {
        // Not under the lock: the other end may be in this process.
        let carrier = self.carrier().clone();
        if let Some(carrier) = carrier {
            carrier.send(message);
        }
    }

    fn carrier(&self) -> MutexGuard<'_, Option<Arc<dyn Carrier>>> {
        let carrier = self.0.carrier.lock();
        carrier.unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the line at this end alone; false if it had ended before.
    pub(crate) fn end(&self, why: &str) -> bool {
        self.over(why).is_some()
    }

    /// The same. Gives what carries the line, if it did, to the one who ends it, and so to nobody else.
    fn over(&self, why: &str) -> Option<Option<Arc<dyn Carrier>>> {
        let mut state = self.lock();
        if state.over.is_some() {
            return None;
        }
        state.over = Some(why.to_owned());
        let carrier = self.carrier().take();
        // Whoever waits finds its sender gone.
        state.waiting.clear();
        state.asking = 0;
        self.0.changed.notify_all();
        self.attend(state);
        Some(carrier)
    }

    /// A message came from the other end. One that breaks the rules closes the line.
    pub(crate) fn received(&self, message: Message) {
        if let Err(why) = self.take(message) {
            self.cut_off(why);
        }
    }

    /// Closes the line because the other end breaks its rules.
    pub(crate) fn cut_off(&self, why: &str) {
        let Peer { host, address, .. } = &self.0.peer;
        warn!("{host} at {address} is cut off: {why}");
        self.close(why);
    }

    fn take(&self, message: Message) -> Result<(), &'static str> {
        let mut state = self.lock();
        if state.over.is_some() {
            return Ok(());
        }
        match message {
            Message::Ask { id, body } => {
                if !self.may_ask(state.asked, body.len()) {
                    return Err("it asks too many questions at once");
                }
                if let Some(left) = &mut state.asks_left {
                    *left = left
                        .checked_sub(1)
                        .ok_or("it asks more than it may before it is admitted")?;
                }
                state.asked.0 += 1;
                state.asked.1 += body.len();
                let handler = state.handler.clone();
                drop(state);
                let line = self.clone();
                self.on_a_thread(move || line.answer(id, body, handler));
            }
            Message::Answer { id, body } => return self.answered(state, id, Ok(body)),
            Message::Unanswered { id, why } => return self.answered(state, id, Err(why)),
            Message::Tell { body } => {
                if state.asks_left.is_some() {
                    return Err("it tells something before it is admitted");
                }
                if !fits(state.told, body.len(), &self.0.limits) {
                    return Err("it tells more than it may at once");
                }
                state.told.0 += 1;
                state.told.1 += body.len();
                state.queue.push_back(body);
                self.attend(state);
            }
            Message::Took { tells, octets } => {
                let (count, size) = state.telling;
                let count = count.checked_sub(tells as usize);
                let octets = usize::try_from(octets).ok();
                let size = octets.and_then(|octets| size.checked_sub(octets));
                state.telling = count.zip(size).ok_or("it took more than it was told")?;
                self.0.changed.notify_all();
            }
            Message::Bye { why } => {
                drop(state);
                self.close(&why);
            }
        }
        Ok(())
    }

    fn answered(
        &self,
        mut state: MutexGuard<'_, State>,
        id: u64,
        answer: Result<Vec<u8>, Lost>,
    ) -> Result<(), &'static str> {
        let waiting = state.waiting.remove(&id);
        let waiting = waiting.ok_or("it answers what it was not asked")?;
        state.asking -= waiting.octets;
        self.0.changed.notify_all();
        // There is room for one; nobody takes it whose time was up.
        if let Some(waits) = waiting.answer
            && waits.try_send(answer).is_err()
        {
            return Err("it answers twice");
        }
        Ok(())
    }

    fn answer(&self, id: u64, body: Vec<u8>, handler: Option<Arc<dyn Handler>>) {
        let octets = body.len();
        let answer = match handler {
            Some(handler) => catch_unwind(AssertUnwindSafe(|| handler.asked(self, body))),
            None => return,
        };
        // Before the answer: who has it may ask again at once.
        let mut state = self.lock();
        state.asked.0 -= 1;
        state.asked.1 -= octets;
        drop(state);
        self.send(match answer {
            Ok(body) if body.len() <= self.0.limits.body => Message::Answer { id, body },
            Ok(body) => {
                error!("an answer of {} octets cannot be sent", body.len());
                Message::Unanswered {
                    id,
                    why: Lost::TooLarge,
                }
            }
            Err(_) => Message::Unanswered {
                id,
                why: Lost::Failed,
            },
        });
    }

    /// Has a thread tell the handler what there is, if none does.
    fn attend(&self, mut state: MutexGuard<'_, State>) {
        if state.busy {
            return;
        }
        state.busy = true;
        drop(state);
        let line = self.clone();
        self.on_a_thread(move || line.tell_handler());
    }

    fn tell_handler(&self) {
        loop {
            let mut state = self.lock();
            let handler = state.handler.clone();
            let (Some(body), Some(handler)) = (state.queue.pop_front(), handler) else {
                let over = state.over.clone();
                let last = over.and_then(|why| Some((why, state.handler.take()?)));
                state.busy = false;
                drop(state);
                if let Some((why, handler)) = last {
                    // The last thing that it hears; a panic concerns nobody else.
                    if catch_unwind(AssertUnwindSafe(|| handler.closed(self, &why))).is_err() {
                        error!("a handler failed when its line was closed");
                    }
                }
                return;
            };
            drop(state);
            let size = body.len();
            if catch_unwind(AssertUnwindSafe(|| handler.told(self, body))).is_err() {
                // What comes after it may rest on it.
                self.close("what was told could not be taken");
            }
            let mut state = self.lock();
            state.told.0 -= 1;
            state.told.1 -= size;
            drop(state);
            self.send(Message::Took {
                tells: 1,
                octets: size as u64,
            });
        }
    }

    fn on_a_thread(&self, job: impl FnOnce() + Send + 'static) {
        if let Err(why) = workers::run(job) {
            error!(
                "there is no thread for what {} says: {why}",
                self.0.peer.host
            );
            self.close("the host has no threads left");
        }
    }
}

/// Whether so many octets more may be told.
fn fits((tells, octets): (usize, usize), size: usize, limits: &Limits) -> bool {
    tells < limits.tells && (octets == 0 || octets + size <= limits.tells_octets)
}

/// The other end in the same process.
struct Beside(Line);

impl Carrier for Beside {
    fn send(&self, message: Message) {
        self.0.received(message);
    }

    fn close(&self, why: &str) {
        self.0.end(why);
    }
}
