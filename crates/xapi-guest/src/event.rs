//! What guests do by themselves, and who is told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::Domain;

/// Something that a guest did and nobody is waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A guest has ended by itself, or after the call that asked it to had given up. Nothing of it is left on the host.
    /// What ends while a call waits for it is that call's answer, and no event.
    Stopped {
        /// The guest that was.
        domain: Domain,
    },
    /// A guest gave back a NIC after [`Guests::withdraw`](crate::Guests::withdraw) had given up. The host's end is gone.
    /// The request could not be taken back: whoever still wants the NIC there offers it again.
    Released {
        /// The guest.
        domain: Domain,
        /// Its NIC.
        device: u32,
    },
    /// The guest's PV drivers have come up: NICs can be plugged and unplugged from now on. Told once for each domain.
    PvDriversSeen {
        /// The guest.
        domain: Domain,
    },
}

/// Whoever wants to know. It is called on a thread that serves a guest: it must be quick, and must not call the guests.
pub type Listener = Box<dyn Fn(Event) + Send>;

/// How many events are kept while nobody listens; the oldest go first.
const KEPT: usize = 4096;

/// The listeners, and what happened before the first one came.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    listeners: Vec<Listener>,
    early: VecDeque<Event>,
}

impl fmt::Debug for Listeners {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Listeners").finish_non_exhaustive()
    }
}

impl Listeners {
    pub fn add(&self, listener: Listener) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for event in inner.early.drain(..) {
            listener(event);
        }
        inner.listeners.push(listener);
    }

    pub fn tell(&self, event: Event) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.listeners.is_empty() {
            if inner.early.len() == KEPT {
                inner.early.pop_front();
            }
            inner.early.push_back(event);
        }
        for listener in &inner.listeners {
            listener(event);
        }
    }
}
