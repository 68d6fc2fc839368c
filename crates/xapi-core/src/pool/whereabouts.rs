//! Where this host has heard that the master of its pool is, or will be: a place to look, and no more. A master hears it of
//! a later one.

use std::net::IpAddr;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::context::Core;

/// Addresses that a master may have.
const MOST: usize = 8;

/// How long a word holds: a change that was announced may have been undone.
const HOLDS: Duration = Duration::from_secs(120);

/// What was heard last.
#[derive(Default)]
pub(crate) struct Whereabouts {
    state: Mutex<State>,
    told: Condvar,
    /// The same for a task.
    notify: Notify,
}

#[derive(Default)]
struct State {
    heard: Option<(Vec<String>, Instant)>,
    /// Whether nobody has looked since.
    fresh: bool,
}

/// Where a slave has found its master, and where that was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Where it was.
    pub was: String,
    /// Where it is.
    pub is: String,
}

impl Found {
    /// Nothing, if both are one.
    pub(super) fn elsewhere(was: &str, is: &str) -> Option<Found> {
        let found = || Found {
            was: was.to_owned(),
            is: is.to_owned(),
        };
        (was != is).then(found)
    }
}

impl Whereabouts {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The master says where it is found. What is no address is passed over.
    pub(super) fn hear(&self, addresses: &[String]) {
        let addresses = addresses.iter().take(MOST);
        let addresses = addresses.filter_map(|text| text.parse::<IpAddr>().ok());
        let addresses: Vec<_> = addresses.map(|address| address.to_string()).collect();
        if addresses.is_empty() {
            return;
        }
        tracing::info!(
            "the master says that it is found at {}",
            addresses.join(" and ")
        );
        let mut state = self.state();
        state.heard = Some((addresses, Instant::now()));
        state.fresh = true;
        self.told.notify_all();
        self.notify.notify_one();
    }

    /// Where it is by what was heard lately.
    pub(super) fn known(&self) -> Vec<String> {
        let mut state = self.state();
        state.fresh = false;
        state.heard.take_if(|(_, since)| since.elapsed() > HOLDS);
        let heard = state.heard.as_ref().map(|(addresses, _)| addresses.clone());
        heard.unwrap_or_default()
    }

    /// Waits until there is something to hear, or the daemon ends, or so long.
    pub(super) fn wait(&self, core: &Core, within: Duration) {
        let goes_on = |state: &mut State| !state.fresh && !core.is_ending();
        let waited = self.told.wait_timeout_while(self.state(), within, goes_on);
        drop(waited);
    }

    /// Whether the master has said lately that it is, or will be, elsewhere.
    pub(super) fn has_heard(&self) -> bool {
        let state = self.state();
        let since = state.heard.as_ref().map(|(_, since)| since.elapsed());
        since.is_some_and(|since| since <= HOLDS)
    }

    /// Whether something was heard since somebody has looked.
    pub(super) fn is_fresh(&self) -> bool {
        self.state().fresh
    }

    /// Is there when something was heard, or the daemon ends. For one task.
    pub(super) async fn heard(&self) {
        self.notify.notified().await;
    }

    /// Whoever waits looks whether the daemon ends.
    pub(crate) fn wake(&self) {
        let _state = self.state();
        self.told.notify_all();
        self.notify.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::{Found, MOST, Whereabouts};

    fn heard(texts: &[&str]) -> Whereabouts {
        let whereabouts = Whereabouts::default();
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        whereabouts.hear(&texts);
        whereabouts
    }

    #[test]
    fn the_last_word_counts_and_what_is_no_address_is_passed_over() {
        let whereabouts = heard(&["10.0.0.1", "a name", "", "fd00::1", "10.0.0.1:443"]);
        assert!(whereabouts.is_fresh());
        assert_eq!(whereabouts.known(), ["10.0.0.1", "fd00::1"]);
        // It is known as long as it holds, and news once.
        assert!(!whereabouts.is_fresh());
        assert_eq!(whereabouts.known(), ["10.0.0.1", "fd00::1"]);
        whereabouts.hear(&["nonsense".to_owned()]);
        assert!(!whereabouts.is_fresh());
        whereabouts.hear(&["10.0.0.2".to_owned()]);
        assert_eq!(whereabouts.known(), ["10.0.0.2"]);
    }

    #[test]
    fn nobody_has_a_slave_look_everywhere() {
        let many: Vec<_> = (0..200).map(|n| format!("10.0.0.{n}")).collect();
        let many: Vec<_> = many.iter().map(String::as_str).collect();
        assert_eq!(heard(&many).known().len(), MOST);
    }

    #[test]
    fn a_master_that_is_where_it_was_was_not_found_elsewhere() {
        assert_eq!(Found::elsewhere("10.0.0.1", "10.0.0.1"), None);
        let found = Found::elsewhere("10.0.0.1", "10.0.0.2").unwrap();
        assert_eq!(
            (found.was.as_str(), found.is.as_str()),
            ("10.0.0.1", "10.0.0.2")
        );
    }
}
