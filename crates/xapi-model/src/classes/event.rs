//! Class `event`.

use super::*;

/// Event.
#[derive(Clone, Debug, Class)]
#[class(name = "event", role = PoolAdmin, no_db, no_get_all, no_events, calls(Inject, GetCurrentId, From, Next, Unregister, Register))]
pub struct Event {
    /// Snapshot.
    #[field(DynamicRO)]
    pub snapshot: AnyRecord,
    /// Id.
    #[field(StaticRO)]
    pub id: i64,
    /// Timestamp.
    #[field(StaticRO, state = Deprecated)]
    pub timestamp: DateTime,
    /// Class.
    #[field(StaticRO)]
    pub class: String,
    /// Operation.
    #[field(StaticRO)]
    pub operation: EventOperation,
    /// Ref.
    #[field(StaticRO, name = "ref")]
    pub reference: String,
    /// Obj uuid.
    #[field(StaticRO, state = Deprecated)]
    pub obj_uuid: String,
}

/// Event operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "event_operation", exact)]
pub enum EventOperation {
    /// Add.
    #[wire(name = "add")]
    Add,
    /// Del.
    #[wire(name = "del")]
    Del,
    /// Mod.
    #[wire(name = "mod")]
    Mod,
}

/// Inject of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.inject", out = String, role = ReadOnly)]
pub struct Inject {
    /// Class.
    pub class: String,
    /// Ref.
    #[param(name = "ref")]
    pub reference: String,
}

/// Get current id of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.get_current_id", out = i64, role = ReadOnly, sync)]
pub struct GetCurrentId {}

/// From of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.from", out = EventBatch, role = ReadOnly)]
pub struct From {
    /// Classes.
    pub classes: Vec<String>,
    /// Token.
    pub token: String,
    /// Timeout.
    pub timeout: f64,
}

/// Next of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.next", out = Vec<Event>, role = ReadOnly, state = Deprecated)]
pub struct Next {}

/// Unregister of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.unregister", role = ReadOnly, state = Deprecated)]
pub struct Unregister {
    /// Classes.
    pub classes: Vec<String>,
}

/// Register of event.
#[derive(Clone, Debug, Call)]
#[call(name = "event.register", role = ReadOnly, state = Deprecated)]
pub struct Register {
    /// Classes.
    pub classes: Vec<String>,
}
