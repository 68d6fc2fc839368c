//! Events: what changed since a client last asked (wire-protocol facts, 11).
//!
//! Nothing is queued. An event is read from the generations of the rows when a client asks, so that nothing is lost
//! and at most one event tells of an object. What many clients wait for is read once ([`batch`]) and shared; a client
//! that waits is a [`Wait`], which costs no thread. event.next, the older way, is told from the same rows
//! ([`register`]). A slave tells from its copy of the rows, and of tasks what its master says ([`distant`]).

mod batch;
mod distant;
mod register;
mod wait;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;
use xapi_model::classes::MODEL;
use xapi_model::event::{From, GetCurrentId, Inject, Next};
use xapi_model::{Call, ClassDesc, Ref, Session, Value, errors};

use crate::Result;
use crate::context::Cx;

pub use register::{register, unregister};
pub use wait::Wait;

/// What those who wait share.
pub(crate) struct Events {
    batches: batch::Batches,
    registered: register::Registered,
    /// Sessions that ended without a commit.
    ended: watch::Sender<u64>,
    /// Tasks of the master, on a slave.
    tide: distant::Tide,
    waiting: watch::Sender<usize>,
    /// Of each user; the superuser has no name.
    users: Mutex<HashMap<String, usize>>,
}

/// Subscriptions of one call or session.
const SUBSCRIPTIONS: usize = 500;
/// Octets of a subscription: a class, a stroke and a reference. What is longer names nothing.
const LONGEST: usize = 256;

impl Default for Events {
    fn default() -> Events {
        Events {
            batches: batch::Batches::default(),
            registered: register::Registered::default(),
            ended: watch::Sender::new(0),
            tide: distant::Tide::default(),
            waiting: watch::Sender::new(0),
            users: Mutex::default(),
        }
    }
}

impl Events {
    /// Has everybody who waits look whether his session is still there.
    pub(crate) fn session_ended(&self) {
        self.ended
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Forgets what sessions that are gone were registered for.
    pub(crate) fn forget(&self, sessions: &[Ref<Session>]) {
        self.registered.forget(sessions);
        self.session_ended();
    }

    /// One more call waits; TOO_MANY_PENDING_TASKS if that is one too many of all, or of its user.
    fn enter(&self, user: &str, most: usize, of_one: usize) -> Result<()> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = users.values().sum();
        let own = users.get(user).copied().unwrap_or_default();
        if all >= most || own >= of_one {
            return Err(errors::too_many_pending_tasks());
        }
        users.insert(user.to_owned(), own + 1);
        self.waiting.send_replace(all + 1);
        Ok(())
    }

    fn leave(&self, user: &str) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = users.get_mut(user) {
            *own -= 1;
            if *own == 0 {
                users.remove(user);
            }
        }
        self.waiting.send_replace(users.values().sum());
    }

    /// How many calls wait for events.
    pub(crate) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }
}

/// What a client wants to hear of.
#[derive(Clone, Debug, Default)]
struct Wants {
    everything: bool,
    classes: BTreeMap<&'static str, Objects>,
}

#[derive(Clone, Debug)]
enum Objects {
    All,
    Only(BTreeSet<String>),
}

impl Wants {
    /// Reads subscriptions: `*`, a class in any case, or `class/ref`. A class that does not exist is never heard of.
    fn read(texts: &[String]) -> Result<Wants> {
        if texts.len() > SUBSCRIPTIONS {
            let why = format!("more than {SUBSCRIPTIONS} subscriptions");
            return Err(errors::invalid_value("classes", why));
        }
        let mut wants = Wants::default();
        for text in texts.iter().filter(|text| text.len() <= LONGEST) {
            let (class, object) = match text.split_once('/') {
                Some((class, object)) => (class, Some(object)),
                None => (text.as_str(), None),
            };
            if class == "*" {
                wants.everything = true;
                continue;
            }
            let Some(class) = told().find(|desc| desc.name.eq_ignore_ascii_case(class)) else {
                continue;
            };
            let objects = wants.classes.entry(class.name);
            match (
                objects.or_insert_with(|| Objects::Only(BTreeSet::new())),
                object,
            ) {
                (all, None) => *all = Objects::All,
                (Objects::Only(objects), Some(object)) => {
                    objects.insert(object.to_owned());
                }
                (Objects::All, Some(_)) => {}
            }
        }
        Ok(wants)
    }

    /// Whether any object of the class may be wanted.
    fn class(&self, class: &ClassDesc) -> bool {
        class.events && (self.everything || self.classes.contains_key(class.name))
    }

    fn object(&self, class: &ClassDesc, reference: &str) -> bool {
        class.events
            && (self.everything
                || match self.classes.get(class.name) {
                    Some(Objects::All) => true,
                    Some(Objects::Only(objects)) => objects.contains(reference),
                    None => false,
                })
    }

    /// The objects of a class, if not all of them are wanted.
    fn only(&self, class: &ClassDesc) -> Option<&BTreeSet<String>> {
        match self.classes.get(class.name) {
            Some(Objects::Only(objects)) if !self.everything => Some(objects),
            _ => None,
        }
    }
}

/// The classes that events tell of.
fn told() -> impl Iterator<Item = &'static ClassDesc> {
    MODEL
        .iter()
        .copied()
        .filter(|class| class.events && class.stored)
}

/// A token: the generation up to which its holder knows everything. XAPI's has a second number for messages, which
/// here are rows like others; a slave has the same in it for what only the master knows.
fn token(generation: u64, of_master: u64) -> String {
    format!("{generation:020},{of_master:020}")
}

/// The numbers of a token. The empty one is the beginning; EVENT_FROM_TOKEN_PARSE_FAILURE [token].
fn read_token(token: &str) -> Result<(u64, u64)> {
    if token.is_empty() {
        return Ok((0, 0));
    }
    let wrong = || errors::event_from_token_parse_failure(token);
    let (generation, of_master) = token.split_once(',').ok_or_else(wrong)?;
    let number = |text: &str| -> Result<u64> {
        // No sign and no blank, which the standard library's own reading would let pass in part.
        match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| wrong()),
            false => Err(wrong()),
        }
    };
    Ok((number(generation)?, number(of_master)?))
}

/// Begins a call that waits for events: `event.from` or `event.next`, its parameters decoded.
pub fn wait(cx: &Cx<'_>, message: &str, params: Vec<Value>) -> Result<Wait> {
    let caller = cx.caller()?;
    if message == Next::DESC.name {
        return Wait::next(cx.core, cx.origin, caller);
    }
    Wait::from(cx.core, cx.origin, caller, &From::from_params(params)?)
}

/// `event.from` for callers that keep their thread; the server goes by [`wait`].
pub fn from(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    wait(cx, From::DESC.name, params)?.block()
}

/// `event.next`, likewise.
pub fn next(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    wait(cx, Next::DESC.name, params)?.block()
}

/// Whether a message waits for events.
pub fn waits(message: &str) -> bool {
    message == From::DESC.name || message == Next::DESC.name
}

/// Whether a slave answers a call itself that is about its own waiting: its parameters with the session.
pub(crate) fn is_about_waiting(message: &str, params: &[Value]) -> bool {
    let of_rows = |class: &&ClassDesc| !class.volatile;
    match message {
        "event.register" | "event.unregister" | "event.get_current_id" => true,
        "event.inject" => {
            let class = params.get(1).and_then(Value::as_str);
            let mut rows = told().filter(of_rows);
            class.is_some_and(|class| rows.any(|desc| desc.name == class))
        }
        _ => false,
    }
}

/// `event.get_current_id`.
pub fn get_current_id(cx: &Cx<'_>, _: GetCurrentId) -> Result<i64> {
    Ok(i64::try_from(cx.core.store.generation()).unwrap_or(i64::MAX))
}

/// `event.inject`: the token lies before the injected event, so that whoever is told a greater one has seen it.
pub fn inject(cx: &Cx<'_>, call: Inject) -> Result<String> {
    let unknown = || errors::handle_invalid(&call.class, &call.reference);
    let class = told().find(|desc| desc.in_db && desc.name == call.class);
    let class = class.ok_or_else(unknown)?;
    let draft = cx.core.store.draft().map_err(crate::context::db_error)?;
    draft.touch_row(class, &call.reference)?;
    let done = cx.core.store.commit(draft)?;
    Ok(token(done.generation.saturating_sub(1), 0))
}

/// An event as clients see it.
fn event(
    id: String,
    timestamp: String,
    class: &str,
    operation: &str,
    reference: &str,
    snapshot: Option<Value>,
) -> Value {
    let text = |text: &str| Value::Str(text.to_owned());
    let mut members = vec![
        ("id".to_owned(), Value::Str(id)),
        ("timestamp".to_owned(), Value::Str(timestamp)),
        ("class".to_owned(), text(class)),
        ("operation".to_owned(), text(operation)),
        ("ref".to_owned(), text(reference)),
    ];
    if let Some(snapshot) = snapshot {
        members.push(("snapshot".to_owned(), snapshot));
    }
    Value::Struct(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_anything_else_is_refused() {
        assert_eq!(token(7, 0), "00000000000000000007,00000000000000000000");
        assert_eq!(read_token(&token(u64::MAX, 1)).unwrap(), (u64::MAX, 1));
        assert_eq!(read_token("").unwrap(), (0, 0));
        assert_eq!(read_token("5,6").unwrap(), (5, 6));
        for wrong in [
            " ",
            ",",
            "5",
            "5,",
            ",5",
            "+5,0",
            "5,-1",
            "5,6,7",
            "5, 6",
            "99999999999999999999,0",
            "\u{665},0",
        ] {
            let refused = read_token(wrong).unwrap_err();
            assert_eq!(
                (refused.code.as_str(), refused.params),
                ("EVENT_FROM_TOKEN_PARSE_FAILURE", vec![wrong.to_owned()])
            );
        }
    }

    #[test]
    fn subscriptions_take_classes_in_any_case_and_references_to_the_letter() {
        use xapi_model::{Class, Pif, Task};
        let wants = Wants::read(&[
            "pif".to_owned(),
            "TASK/a".to_owned(),
            "nonsense".to_owned(),
            "session".to_owned(),
        ])
        .unwrap();
        assert!(wants.object(Pif::DESC, "whatever"));
        assert!(wants.object(Task::DESC, "a") && !wants.object(Task::DESC, "A"));
        assert!(!wants.class(Session::DESC), "sessions make no events");
        let wants =
            Wants::read(&["task/a".to_owned(), "task".to_owned(), "task/b".to_owned()]).unwrap();
        assert!(wants.object(Task::DESC, "c"));
        let wants = Wants::read(&["*".to_owned()]).unwrap();
        assert!(wants.object(Task::DESC, "c") && !wants.class(Session::DESC));
        assert!(!Wants::read(&[]).unwrap().class(Pif::DESC));
    }
}
