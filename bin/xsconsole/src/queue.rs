//! What the main thread is told, by the terminal and by the threads that work, in one queue. While the terminal takes
//! nothing the main thread waits for it, for hours if need be, and the host goes on: so of what replaces what was told
//! before only the newest is kept, and keys wait in the terminal once there are many.

use std::collections::VecDeque;
use std::mem::discriminant;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::app::Event;
use crate::terminal::Input;

/// Keys that are kept. A held key gives some thirty a second.
pub const MOST_KEYS: usize = 256;

/// What the main thread is told.
#[derive(Debug)]
pub enum Next {
    /// By the terminal.
    Input(Input),
    /// By who works.
    Event(Event),
}

/// The main thread's end. Once it is gone nobody is told anything any more.
pub struct Queue(Arc<Shared>);

/// Where whoever has something to tell leaves it.
#[derive(Clone)]
pub struct Tell(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something has come.
    came: Condvar,
    /// A key was taken, or nobody listens any more.
    room: Condvar,
}

#[derive(Default)]
struct State {
    next: VecDeque<Next>,
    keys: usize,
    is_closed: bool,
}

/// What became of something that was told without waiting.
#[derive(Debug)]
pub enum Offered {
    /// It is taken, or was no news.
    Taken,
    /// There are too many keys already; this is it again.
    Full(Next),
    /// Nobody listens any more.
    Closed,
}

/// Both ends of a queue.
pub fn queue() -> (Tell, Queue) {
    let shared = Arc::<Shared>::default();
    (Tell(Arc::clone(&shared)), Queue(shared))
}

impl Tell {
    /// Tells an event. False if nobody listens any more: the console ends.
    pub fn event(&self, event: Event) -> bool {
        self.put(Next::Event(event))
    }

    /// Tells what came from the terminal, and waits while there are too many keys. False as above.
    pub fn input(&self, input: Input) -> bool {
        self.put(Next::Input(input))
    }

    fn put(&self, next: Next) -> bool {
        let mut state = self.0.state();
        let mut next = next;
        loop {
            next = match state.offer(next) {
                Offered::Taken => break,
                Offered::Closed => return false,
                Offered::Full(next) => next,
            };
            state = self
                .0
                .room
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        drop(state);
        self.0.came.notify_one();
        true
    }

    /// The same without waiting.
    pub fn offer(&self, next: Next) -> Offered {
        let offered = self.0.state().offer(next);
        self.0.came.notify_one();
        offered
    }
}

impl Queue {
    /// What comes next, if it comes within this time.
    pub fn next(&self, within: Duration) -> Option<Next> {
        let end = Instant::now() + within;
        let mut state = self.0.state();
        loop {
            if let Some(next) = self.take(&mut state) {
                return Some(next);
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.0.came.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// What is there already.
    pub fn next_now(&self) -> Option<Next> {
        self.take(&mut self.0.state())
    }

    fn take(&self, state: &mut State) -> Option<Next> {
        let next = state.next.pop_front()?;
        if is_key(&next) {
            state.keys -= 1;
            self.0.room.notify_all();
        }
        Some(next)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.is_closed = true;
        state.next.clear();
        drop(state);
        self.0.room.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn offer(&mut self, next: Next) -> Offered {
        if self.is_closed {
            return Offered::Closed;
        }
        if is_key(&next) {
            if self.keys >= MOST_KEYS {
                return Offered::Full(next);
            }
            self.keys += 1;
        } else if let Some(at) = self.outdated(&next) {
            self.next.remove(at);
        } else if is_end(&next) && self.next.iter().any(is_end) {
            // The first reason counts.
            return Offered::Taken;
        }
        self.next.push_back(next);
        Offered::Taken
    }

    /// Where something is that nobody needs any more once this is told. Everything else comes as often as somebody asks
    /// for it by a key, and ends by itself.
    fn outdated(&self, next: &Next) -> Option<usize> {
        let is_replaced = |old: &Next| match (old, next) {
            (Next::Input(Input::Size(..)), Next::Input(Input::Size(..))) => true,
            (
                Next::Event(old),
                Next::Event(new @ (Event::Kernel(_) | Event::Line(_) | Event::Told(_))),
            ) => discriminant(old) == discriminant(new),
            _ => false,
        };
        let newest_first = self.next.iter().enumerate().rev();
        // What the daemon says before and after a login is said to somebody else.
        let since_login = newest_first.take_while(|(_, old)| !is_login(old));
        { since_login }.find_map(|(at, old)| is_replaced(old).then_some(at))
    }
}

fn is_key(next: &Next) -> bool {
    matches!(next, Next::Input(Input::Key(_)))
}

fn is_end(next: &Next) -> bool {
    matches!(
        next,
        Next::Input(Input::End(_) | Input::Lost(_) | Input::Panic(_))
    )
}

fn is_login(next: &Next) -> bool {
    matches!(next, Next::Event(Event::LoggedIn(_) | Event::LoggedOut))
}
