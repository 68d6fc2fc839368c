//! Who is connected and how long each may go on doing what he does.
//!
//! A timer for each request would cost more than the request, so that each connection only notes until when it may go
//! on, and one task looks at all of them in turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::Config;

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing came yet.
    Fresh,
    /// Between requests.
    Idle,
    /// A request has begun, its headers are not complete.
    Head,
    /// A request is being answered; who carries it out has his own limits.
    Busy,
    /// An answer is written to a client that does not take it.
    Writing,
}

const PHASES: [Phase; 5] = [
    Phase::Fresh,
    Phase::Idle,
    Phase::Head,
    Phase::Busy,
    Phase::Writing,
];

/// A phase and the microsecond at which it is over, in one word, so that both change at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word(u64);

/// Microseconds that nobody waits for.
const FOREVER: u64 = u64::MAX >> 3;

impl Word {
    fn new(phase: Phase, until: u64) -> Word {
        Word(until.min(FOREVER) << 3 | phase as u64)
    }

    fn phase(self) -> Phase {
        PHASES[(self.0 & 7) as usize]
    }

    fn until(self) -> u64 {
        self.0 >> 3
    }
}

/// The clock and the limits that all connections share.
#[derive(Debug)]
pub(crate) struct Pace {
    begin: Instant,
    head: u64,
    idle: u64,
    write: u64,
}

impl Pace {
    pub(crate) fn new(config: &Config) -> Pace {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(FOREVER);
        Pace {
            begin: Instant::now(),
            head: micros(config.head_timeout),
            idle: micros(config.idle_timeout),
            write: micros(config.write_timeout),
        }
    }

    /// How often the deadlines are looked at: no deadline is missed by more than a tenth of itself or a second.
    pub(crate) fn interval(&self) -> Duration {
        let shortest = self.head.min(self.idle).min(self.write);
        Duration::from_micros((shortest / 10).clamp(1_000, 1_000_000))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_micros()).unwrap_or(FOREVER)
    }
}

/// One connection, as seen from outside of its task.
#[derive(Debug)]
pub(crate) struct Watch {
    pace: Arc<Pace>,
    word: AtomicU64,
    /// Told when the connection has had its time.
    pub(crate) expired: Notify,
}

impl Watch {
    fn new(pace: Arc<Pace>) -> Watch {
        let watch = Watch {
            pace,
            word: AtomicU64::new(Word::new(Phase::Fresh, FOREVER).0),
            expired: Notify::new(),
        };
        watch.enter(Phase::Fresh);
        watch
    }

    fn word(&self) -> Word {
        Word(self.word.load(Ordering::Relaxed))
    }

    pub(crate) fn phase(&self) -> Phase {
        self.word().phase()
    }

    /// Whether the phase has taken all its time.
    pub(crate) fn is_over(&self) -> bool {
        self.word().until() <= self.pace.now()
    }

    /// Begins a phase with the time that it may take.
    pub(crate) fn enter(&self, phase: Phase) {
        let time = match phase {
            Phase::Fresh | Phase::Head => self.pace.head,
            Phase::Idle => self.pace.idle,
            Phase::Busy => FOREVER,
            Phase::Writing => self.pace.write,
        };
        // What has no end need not know the time, which is asked for several times in each request.
        let until = match time {
            FOREVER => FOREVER,
            time => self.pace.now().saturating_add(time),
        };
        let word = Word::new(phase, until);
        self.word.store(word.0, Ordering::Relaxed);
    }

    /// Ends the connection if it is still as idle as it was.
    fn evict(&self, idle: Word) {
        let over = Word::new(Phase::Idle, 0);
        let evicted =
            self.word
                .compare_exchange(idle.0, over.0, Ordering::Relaxed, Ordering::Relaxed);
        if evicted.is_ok() {
            self.expired.notify_one();
        }
    }

    /// Bytes came.
    pub(crate) fn has_read(&self) {
        if matches!(self.phase(), Phase::Fresh | Phase::Idle) {
            self.enter(Phase::Head);
        }
    }

    /// The client took bytes, or all there were.
    pub(crate) fn has_written(&self) {
        if self.phase() == Phase::Writing {
            self.enter(Phase::Idle);
        }
    }

    /// The client takes nothing.
    pub(crate) fn is_stuck(&self) {
        if matches!(self.phase(), Phase::Idle) {
            self.enter(Phase::Writing);
        }
    }
}

/// All connections of a kind, at most so many.
#[derive(Debug)]
pub(crate) struct Registry {
    pace: Arc<Pace>,
    state: Mutex<State>,
    limit: usize,
    /// Told when a connection ends.
    left: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    all: HashMap<u64, Arc<Watch>>,
}

/// A connection's place in the registry; leaves it when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    registry: Arc<Registry>,
    number: u64,
    pub(crate) watch: Arc<Watch>,
}

impl Registry {
    pub(crate) fn new(pace: Arc<Pace>, limit: usize) -> Arc<Registry> {
        Arc::new(Registry {
            pace,
            state: Mutex::default(),
            limit: limit.max(1),
            left: Notify::new(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, as soon as there is one: when all are taken, whoever has been idle longest has to go.
    pub(crate) async fn seat(self: &Arc<Registry>) -> Seat {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            // From here on no departure is missed.
            left.as_mut().enable();
            if let Some(seat) = self.try_seat() {
                return seat;
            }
            left.await;
        }
    }

    fn try_seat(self: &Arc<Registry>) -> Option<Seat> {
        let mut state = self.lock();
        if state.all.len() >= self.limit {
            let words = state.all.values().map(|watch| (watch.word(), watch));
            let idle = words.filter(|(word, _)| word.phase() == Phase::Idle);
            if let Some((word, oldest)) = idle.min_by_key(|(word, _)| word.until()) {
                oldest.evict(word);
            }
            return None;
        }
        let number = state.next;
        state.next += 1;
        let watch = Arc::new(Watch::new(Arc::clone(&self.pace)));
        state.all.insert(number, Arc::clone(&watch));
        Some(Seat {
            registry: Arc::clone(self),
            number,
            watch,
        })
    }

    /// Tells every connection whose time is over.
    pub(crate) fn expire(&self) {
        for watch in self.lock().all.values() {
            if watch.is_over() {
                watch.expired.notify_one();
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().all.len()
    }

    /// Waits until all are gone.
    pub(crate) async fn empty(&self) {
        loop {
            let mut left = std::pin::pin!(self.left.notified());
            left.as_mut().enable();
            if self.lock().all.is_empty() {
                return;
            }
            left.await;
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.registry.lock().all.remove(&self.number);
        self.registry.left.notify_waiters();
    }
}
