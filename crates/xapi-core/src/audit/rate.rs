//! How many lines a user may have for what anybody may do: calls that are refused, calls of the weakest role, logins.
//! The files that are kept are few, and nobody shall be able to wash out of them what others did.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Lines of one user and kind within [`WINDOW`]; of what comes beyond only the number is told.
const MOST_LINES: usize = 60;
/// In seconds.
const WINDOW: i64 = 60;

/// What anybody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// A call that was refused.
    Refused,
    /// A call that the weakest role may make.
    Weak,
    /// A login.
    Login,
}

/// Whose line it is: what it begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) track_id: String,
    pub(super) sid: String,
    pub(super) user: String,
    pub(super) from: String,
}

/// Lines that were not written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct More {
    pub(super) kind: Kind,
    pub(super) count: usize,
    /// Of the first of them.
    pub(super) who: Who,
}

/// The lines of a while. There are no more users than the configuration names.
#[derive(Default)]
pub(super) struct Rate(Mutex<HashMap<(String, Kind), Window>>);

struct Window {
    since: i64,
    lines: usize,
    more: Option<More>,
}

impl Window {
    /// A clock that was set back ends it, too.
    fn ended(&self, now: i64) -> bool {
        !(0..WINDOW).contains(&(now - self.since))
    }
}

impl Rate {
    /// Whether a line is to be written at a time in seconds; if not it is counted.
    pub(super) fn admits(&self, kind: Kind, who: &Who, now: i64) -> bool {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.entry((who.sid.clone(), kind)).or_insert(Window {
            since: now,
            lines: 0,
            more: None,
        });
        if window.lines < MOST_LINES {
            window.lines += 1;
            return true;
        }
        let more = window.more.get_or_insert_with(|| More {
            kind,
            count: 0,
            who: who.clone(),
        });
        more.count += 1;
        false
    }

    /// What was not written in the windows that have ended. It is told once.
    pub(super) fn ended(&self, now: i64) -> Vec<More> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = windows.extract_if(|_, window| window.ended(now));
        ended.filter_map(|(_, window)| window.more).collect()
    }
}
