//! What the thread that owns the network is asked and told, in one queue.
//!
//! While a change waits for a lease, questions are answered and links followed all the same; everything else is put off
//! until the change is through.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::Instant;

use tracing::info;

use crate::agent::{NetError, Outcome, Request};
use crate::engine::Fault;
use crate::facts::Facts;
use crate::kernel;
use crate::names::Name;
use crate::ovs::monitor;

/// What the thread is asked or told.
pub enum Command {
    /// To make the host look like a topology.
    Converge(Request, SyncSender<Result<Outcome, NetError>>),
    /// Which steps that would take.
    Plan(Request, SyncSender<Result<Vec<String>, NetError>>),
    /// What is so.
    Facts(SyncSender<Result<Facts, NetError>>),
    /// To take a NIC and the names of bridges from others.
    Seize(
        Name,
        BTreeSet<Name>,
        SyncSender<Result<Vec<String>, NetError>>,
    ),
    /// To fail, for tests.
    Fault(Fault),
    /// Something happened to links, addresses or routes.
    Kernel(kernel::Event),
    /// Something happened in the database of Open vSwitch.
    Rows(monitor::Event),
    /// A lease of this bridge was got, changed or lost.
    Lease(Name),
    /// To end.
    Stop,
}

/// What comes next.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Next {
    /// This.
    Command(Command),
    /// Nothing until the time that was given.
    Nothing,
    /// Nothing any more.
    Ended,
}

/// The queue.
pub struct Queue {
    received: Receiver<Command>,
    put_off: RefCell<VecDeque<Command>>,
}

impl Queue {
    /// The queue of what is sent.
    pub fn new(received: Receiver<Command>) -> Queue {
        Queue {
            received,
            put_off: RefCell::default(),
        }
    }

    /// What comes next, that which was put off first.
    pub fn next(&self, until: Option<Instant>) -> Next {
        let first = self.put_off.borrow_mut().pop_front();
        match (first, until) {
            (Some(command), _) => Next::Command(command),
            (None, Some(until)) => self.next_new(until),
            (None, None) => self.received.recv().map_or(Next::Ended, Next::Command),
        }
    }

    /// What comes next and was not put off.
    pub fn next_new(&self, until: Instant) -> Next {
        let left = until.saturating_duration_since(Instant::now());
        match self.received.recv_timeout(left) {
            Ok(command) => Next::Command(command),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Ended,
        }
    }

    /// Leaves a command for later.
    pub fn put_off(&self, command: Command) {
        self.put_off.borrow_mut().push_back(command);
    }

    /// Answers everything with an error until a time. False if the thread is to end.
    pub fn refuse_all(&self, until: Instant, error: &NetError) -> bool {
        loop {
            match self.next(Some(until)) {
                Next::Command(Command::Converge(_, reply)) => answer(&reply, Err(error.clone())),
                Next::Command(Command::Plan(_, reply)) => answer(&reply, Err(error.clone())),
                Next::Command(Command::Facts(reply)) => answer(&reply, Err(error.clone())),
                Next::Command(Command::Seize(_, _, reply)) => answer(&reply, Err(error.clone())),
                Next::Command(Command::Stop) | Next::Ended => return false,
                // Whoever takes over looks at everything anyway.
                Next::Command(_) => {}
                Next::Nothing => return true,
            }
        }
    }
}

/// Whoever asked may have gone meanwhile; then nobody misses the answer.
pub fn answer<T>(reply: &SyncSender<T>, answer: T) {
    if reply.send(answer).is_err() {
        info!("an answer that nobody waits for any more");
    }
}
