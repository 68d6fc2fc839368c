//! Which marks in the `current_operations` of machines are of calls that still go on. Those of others are left by a daemon
//! that has died, or by a call that has lost the host in the middle: the host's next arrival settles what they were about.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The marks of calls that go on.
#[derive(Default)]
pub(crate) struct AtWork(Mutex<BTreeSet<String>>);

/// A call goes on, until this is dropped.
pub(crate) struct Working<'a>(&'a AtWork, String);

impl AtWork {
    fn marks(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call with this mark begins.
    pub(crate) fn begin(&self, mark: &str) -> Working<'_> {
        self.marks().insert(mark.to_owned());
        Working(self, mark.to_owned())
    }

    /// Whether no call goes on, whatever marks there are.
    pub(crate) fn is_idle(&self) -> bool {
        self.marks().is_empty()
    }

    /// Whether one of the marks is of a call that goes on.
    pub(crate) fn any<'a>(&self, mut marks: impl Iterator<Item = &'a String>) -> bool {
        let known = self.marks();
        marks.any(|mark| known.contains(mark))
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.marks().remove(&self.1);
    }
}
