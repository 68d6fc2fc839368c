//! Class `event`.

use super::*;

/// News of an object that came, changed or went. Clients wait for them with event.from and follow the whole
/// pool in that way. Events have no rows of their own.
#[derive(Clone, Debug, Class)]
#[class(name = "event", role = PoolAdmin, no_db, no_get_all, no_events, calls(Inject, GetCurrentId, From, Next, Unregister, Register))]
pub struct Event {
    /// The whole object, as it was when the answer was made. Absent when it is gone.
    #[field(DynamicRO)]
    pub snapshot: AnyRecord,
    /// Number of the event, growing with the changes of the database.
    #[field(StaticRO)]
    pub id: i64,
    /// Not used.
    #[field(StaticRO, state = Deprecated)]
    pub timestamp: DateTime,
    /// Class of the object, in lower case.
    #[field(StaticRO)]
    pub class: String,
    /// What happened.
    #[field(StaticRO)]
    pub operation: EventOperation,
    /// The object.
    #[field(StaticRO, name = "ref")]
    pub reference: String,
    /// Not sent.
    #[field(StaticRO, state = Deprecated)]
    pub obj_uuid: String,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "event_operation", exact)]
pub enum EventOperation {
    /// It came, or the client hears of it for the first time.
    #[wire(name = "add")]
    Add,
    /// It is gone.
    #[wire(name = "del")]
    Del,
    /// It changed.
    #[wire(name = "mod")]
    Mod,
}

/// Makes a `mod` event of an object though nothing changed, and returns a token: once event.from answers a
/// greater one, all earlier changes have been seen. Refused with HANDLE_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "event.inject", out = String, role = ReadOnly, sync)]
pub struct Inject {
    /// The object's class, spelled as in the model.
    pub class: String,
    /// The object.
    #[param(name = "ref")]
    pub reference: String,
}

/// Number of the latest event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.get_current_id", out = i64, role = ReadOnly, sync)]
pub struct GetCurrentId {}

/// Waits for changes and returns them with a token for the next call. An empty token asks for every object
/// first, so a client needs no other way to fill its cache. At most one event is told for each object; what
/// came and went in between is not told. Refused with EVENT_FROM_TOKEN_PARSE_FAILURE.
#[derive(Clone, Debug, Call)]
#[call(name = "event.from", out = EventBatch, role = ReadOnly, sync)]
pub struct From {
    /// What to hear of: `*` for everything, a class, or `class/ref` for one object. Case does not count for
    /// classes.
    pub classes: Vec<String>,
    /// The token of the answer before, or empty for the first call.
    pub token: String,
    /// Seconds to wait when nothing has changed; the answer is then empty.
    pub timeout: f64,
}

/// Waits for changes to classes that event.register named. Refused with SESSION_NOT_REGISTERED, and with
/// EVENTS_LOST when the client fell too far behind. event.from replaces it.
#[derive(Clone, Debug, Call)]
#[call(name = "event.next", out = Vec<Event>, role = ReadOnly, state = Deprecated, sync)]
pub struct Next {}

/// Stops telling the session of changes to some classes.
#[derive(Clone, Debug, Call)]
#[call(name = "event.unregister", role = ReadOnly, state = Deprecated)]
pub struct Unregister {
    /// The classes, or `*` for all.
    pub classes: Vec<String>,
}

/// Lets event.next tell the session of changes to some classes. event.from needs no registration and replaces
/// it.
#[derive(Clone, Debug, Call)]
#[call(name = "event.register", role = ReadOnly, state = Deprecated)]
pub struct Register {
    /// The classes, or `*` for all.
    pub classes: Vec<String>,
}
