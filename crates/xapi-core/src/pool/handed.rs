//! Calls that a slave hands on, and what became of them when the line was lost in the middle: a change of the slave's own
//! address, or of its master's, ends the line that its call came by. The slave asks when it has another one.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_model::pool::{DesignateNewMaster, Eject};
use xapi_model::{Call as _, Host, Ref, Value};

use super::peer::Lost;
use super::verbs::{Forwarded, Granted, Wish, decode, encode};
use crate::context::Core;

/// Calls that are known at once, of all hosts; the oldest answers go first.
const MOST: usize = 512;

/// Octets of an answer that is kept. What changes a network answers a few.
const MOST_ANSWER: usize = 4 << 10;

/// Octets of the name of a call.
const MOST_NAME: usize = 64;

/// How long an answer is kept for whoever may not have heard it.
const KEPT: Duration = Duration::from_secs(180);

/// Calls whose answers are nobody's but the caller's.
const SECRET: [&str; 2] = ["session.", "pool.initial_auth"];

/// How long a slave that asks is kept waiting; then it asks again.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the master may take to say that.
const AT_ONCE: Duration = Duration::from_secs(15);

/// What a master knows of the calls that slaves have handed on, by the host and the name that this gave.
#[derive(Default)]
pub(crate) struct Handed {
    calls: Mutex<HashMap<Key, State>>,
    ended: Condvar,
}

type Key = (Ref<Host>, String);

enum State {
    Going,
    /// The answer, and since when.
    Ended(Vec<u8>, Instant),
}

/// A call that is being carried out.
pub(super) struct Call<'a> {
    handed: &'a Handed,
    key: Option<Key>,
}

impl Handed {
    fn calls(&self) -> MutexGuard<'_, HashMap<Key, State>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call of a host begins.
    pub(super) fn begins(&self, host: &Ref<Host>, call: &Forwarded) -> Call<'_> {
        let mut calls = self.calls();
        let since = |state: &State| match state {
            State::Going => None,
            State::Ended(_, since) => Some(*since),
        };
        calls.retain(|_, state| since(state).is_none_or(|since| since.elapsed() < KEPT));
        if calls.len() >= MOST {
            let ended = calls
                .iter()
                .filter_map(|(key, state)| Some((since(state)?, key)));
            let oldest = ended.min_by_key(|(since, _)| *since);
            if let Some(oldest) = oldest.map(|(_, key)| key.clone()) {
                calls.remove(&oldest);
            }
        }
        let key = (host.clone(), call.id.clone());
        let counts = !call.id.is_empty()
            && call.id.len() <= MOST_NAME
            && calls.len() < MOST
            && !calls.contains_key(&key)
            && !SECRET.iter().any(|secret| call.name.starts_with(secret));
        if counts {
            calls.insert(key.clone(), State::Going);
        }
        Call {
            handed: self,
            key: counts.then_some(key),
        }
    }

    /// What became of a call of a host; the answer is told as long as it is kept.
    pub(super) fn became(&self, host: &Ref<Host>, name: &str) -> Result<Vec<u8>, String> {
        let key = (host.clone(), name.to_owned());
        let going = |calls: &mut HashMap<Key, State>| matches!(calls.get(&key), Some(State::Going));
        let waited = self.ended.wait_timeout_while(self.calls(), PATIENCE, going);
        let calls = waited.unwrap_or_else(PoisonError::into_inner).0;
        match calls.get(&key) {
            Some(State::Going) => encode(&Granted::Pending),
            None => encode(&Granted::Forgotten),
            // It stays for a while: the line that it goes over may be lost as well.
            Some(State::Ended(answer, _)) => Ok(answer.clone()),
        }
    }
}

impl Call<'_> {
    /// It has ended with this answer.
    pub(super) fn ends(mut self, answer: &[u8]) {
        if let Some(key) = self.key.take_if(|_| answer.len() <= MOST_ANSWER) {
            let ended = State::Ended(answer.to_vec(), Instant::now());
            self.handed.calls().insert(key, ended);
            self.handed.ended.notify_all();
        }
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.key {
            self.handed.calls().remove(key);
            self.handed.ended.notify_all();
        }
    }
}

/// What the master has told this host to become.
pub(crate) enum Told {
    /// The master of a pool of its own.
    Leaves,
    /// The master of its pool.
    Decides,
    /// The slave of a host with this address.
    Obeys(String),
}

const EJECT: &str = Eject::DESC.name;

const DESIGNATE: &str = DesignateNewMaster::DESC.name;

/// Whether the line of a call was lost by what the call was to come to: the master ends it when it has told this host what
/// to become.
pub(super) fn is_done(core: &Core, name: &str, params: &[Value]) -> bool {
    let host = params.get(1).and_then(Value::as_str);
    let (Some(told), Some(host)) = (core.pool.told.get(), host.map(Ref::<Host>::new)) else {
        return false;
    };
    match (name, told) {
        (EJECT, Told::Leaves) | (DESIGNATE, Told::Decides) => core.is_here(&host),
        (DESIGNATE, Told::Obeys(address)) => {
            let its = core
                .view()
                .and_then(|view| view.field(&host, Host::ADDRESS));
            its.is_ok_and(|its| its == *address)
        }
        _ => false,
    }
}

/// The master's answer to a call whose line was lost because this host's network was being changed, or the master's: it is
/// asked for when there is another line. Nothing if there is none within the time that such a change may take, or the master
/// does not know; or if it was lost for something else, of which nobody knows whether it ends.
pub(super) fn became(core: &Core, name: &str, lost: Lost, until: Instant) -> Option<Vec<u8>> {
    let expected = core.pool.changes_itself() || core.pool.whereabouts.has_heard();
    if lost != Lost::Closed || !expected {
        return None;
    }
    let question = match encode(&Wish::Became(name.to_owned())) {
        Ok(question) => question,
        Err(why) => {
            tracing::error!("what became of a call {why}");
            return None;
        }
    };
    let away = core.config.change_deadline + core.config.away_within;
    tracing::info!("the line was lost in the middle of a call; what became of it is asked for");
    while Instant::now() < until {
        let master = core.pool.standing.wait_for_master(core, away)?;
        match master.ask(question.clone(), AT_ONCE) {
            Ok(answer) => match decode(&answer) {
                Ok(Granted::Pending) => {}
                Ok(Granted::Called(..)) => return Some(answer),
                Ok(other) => {
                    tracing::warn!("what became of a call is not known: {other:?}");
                    return None;
                }
                Err(why) => {
                    tracing::warn!("what became of a call {why}");
                    return None;
                }
            },
            Err(Lost::Closed | Lost::TimedOut) => {}
            Err(Lost::TooLong) => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use xapi_model::{Host, Ref};

    use super::{Forwarded, Handed, MOST, MOST_ANSWER};
    use crate::pool::verbs::{Granted, decode};

    fn call(name: &str, id: usize) -> Forwarded {
        Forwarded {
            id: id.to_string(),
            name: name.to_owned(),
            params: Vec::new(),
            peer: String::new(),
            user_agent: None,
            other_config: Vec::new(),
            opened: None,
        }
    }

    fn told(handed: &Handed, host: &Ref<Host>, id: usize) -> Vec<u8> {
        handed.became(host, &id.to_string()).expect("an answer")
    }

    fn is_forgotten(handed: &Handed, host: &Ref<Host>, id: usize) -> bool {
        let answer = told(handed, host, id);
        matches!(decode::<Granted>(&answer), Ok(Granted::Forgotten))
    }

    #[test]
    fn an_answer_is_told_as_often_as_it_is_asked_for_and_to_the_host_that_has_called() {
        let handed = Handed::default();
        let (host, other) = (Ref::new("a".to_owned()), Ref::new("b".to_owned()));
        handed.begins(&host, &call("PIF.plug", 1)).ends(b"done");
        assert!(is_forgotten(&handed, &other, 1));
        assert_eq!(told(&handed, &host, 1), b"done");
        assert_eq!(told(&handed, &host, 1), b"done");
        // One that ended in no way is not waited for.
        drop(handed.begins(&host, &call("PIF.plug", 2)));
        assert!(is_forgotten(&handed, &host, 2));
    }

    #[test]
    fn neither_secrets_nor_long_answers_are_kept_and_the_oldest_go_first() {
        let handed = Handed::default();
        let host = Ref::new("a".to_owned());
        let secret = call("session.login_with_password", 1);
        handed.begins(&host, &secret).ends(b"secret");
        let long = vec![b' '; MOST_ANSWER + 1];
        handed.begins(&host, &call("PIF.plug", 2)).ends(&long);
        assert!(is_forgotten(&handed, &host, 1) && is_forgotten(&handed, &host, 2));
        for id in 10..=10 + MOST {
            handed.begins(&host, &call("PIF.plug", id)).ends(b"done");
        }
        assert!(is_forgotten(&handed, &host, 10));
        assert_eq!(told(&handed, &host, 10 + MOST), b"done");
    }
}
