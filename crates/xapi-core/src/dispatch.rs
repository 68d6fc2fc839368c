//! From a name and values to a result: method names, the order of checks, roles, `Async.` (wire-protocol facts, 2).

use std::sync::Arc;

use xapi_model::messages::{Implied, Kind, Message, messages};
use xapi_model::{
    ApiError, Call, CallDesc, Class, Role, Session, State, Type, Value, Wire, Written, errors,
    writer,
};

use crate::context::{Caller, Core, Cx, Origin};
use crate::events::{self, Wait};
use crate::pool::socket::{self, Errand, Way};
use crate::{Result, audit, implied, not_yet, proof, roles, session, task};

/// A handler of one message: the parameters after the session, decoded to their types.
pub type Handler = Box<dyn Fn(&Cx<'_>, Vec<Value>) -> Result<Value> + Send + Sync>;

/// Makes the handler of a declared message of a function over its struct.
pub fn handler<C: Call>(run: fn(&Cx<'_>, C) -> Result<C::Out>) -> (&'static str, Handler) {
    let handler = move |cx: &Cx<'_>, params| Ok(run(cx, C::from_params(params)?)?.to_value());
    (C::DESC.name, Box::new(handler))
}

/// The XenAPI of this daemon.
#[derive(Clone)]
pub struct Api {
    core: Arc<Core>,
}

/// What became of a request.
pub enum Begun {
    /// It is answered.
    Done(Value),
    /// Its result is read while it is written; it may still fail.
    Written(Box<dyn Written>),
    /// It waits for events.
    Waits(Wait),
    /// It waits for another host.
    Asks(Errand),
}

/// How a message is to be run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Sync,
    Async,
}

impl Api {
    /// The API over the daemon's parts.
    pub fn new(core: Arc<Core>) -> Api {
        Api { core }
    }

    /// The daemon's parts.
    pub fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Answers one request. Blocks until the answer is there; `Async.` calls return their task at once.
    ///
    /// `system.listMethods` returns its list like any other result; the wire sends it without an envelope.
    pub fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value> {
        match self.begin(origin, name, params)? {
            Begun::Done(value) => Ok(value),
            Begun::Written(written) => writer::built(written.as_ref()),
            Begun::Waits(wait) => wait.block(),
            Begun::Asks(errand) => errand.block(),
        }
    }

    /// The same without keeping the caller's thread while a call waits for events.
    pub fn begin(&self, origin: &Origin, name: &str, mut params: Vec<Value>) -> Result<Begun> {
        if let Some(agent) = &origin.user_agent {
            self.core.user_agents.note(agent);
        }
        if name == "system.listMethods" {
            return Ok(Begun::Done(list_methods()));
        }
        if name.starts_with("system.isAlive:") {
            return Ok(Begun::Done(if params.is_empty() {
                Value::Str(String::new())
            } else {
                params.swap_remove(0)
            }));
        }
        match socket::way(&self.core, origin, name, &params)? {
            Way::Here => {}
            Way::Answered(answer) => return Ok(Begun::Done(answer)),
            Way::Waits(errand) => return Ok(Begun::Asks(errand)),
        }
        let (mode, bare) = split_mode(name);
        let Some(message) = messages().find(bare) else {
            return Err(self.unknown(bare, &params));
        };
        let (session, params) = take_session(message, params)?;
        let mut params = accept(message, params)?;
        let caller = match session {
            Some(session) => Some(session::check(&self.core, &session, origin)?),
            None => None,
        };
        if message.state == State::Removed {
            return Err(errors::message_removed());
        }
        if let Some(caller) = &caller {
            for (param, value) in message.params.iter().zip(&mut params) {
                if matches!(param.ty, Type::Ref(class) if class == Session::NAME) {
                    session::to_row(&self.core, caller, value)?;
                }
            }
        }
        if mode == Mode::Async {
            if !message.is_async {
                let text = format!("No async mode for this operation (rpc: {name})");
                return Err(ApiError::new("Fault", vec![text]));
            }
            return task::start(self, origin, caller, message, name, params).map(Begun::Done);
        }
        if let Some(begun) = self.read(origin, caller.as_ref(), message, &params)? {
            return Ok(begun);
        }
        task::run_now(self, origin, caller, message, name, params).map(Begun::Done)
    }

    /// Begins what only reads, and is written as it is read or waits; `None` for everything else.
    fn read(
        &self,
        origin: &Origin,
        caller: Option<&Caller>,
        message: &Message,
        params: &[Value],
    ) -> Result<Option<Begun>> {
        let waits = events::waits(&message.name);
        let implied = written(&self.core, message);
        if !waits && implied.is_none() {
            return Ok(None);
        }
        let cx = Cx {
            core: &self.core,
            session: caller.cloned(),
            task: None,
            late: None,
            origin,
        };
        roles::permit_call(&cx, message, params)?;
        if waits {
            let wait = events::wait(&cx, &message.name, params.to_vec())?;
            return Ok(Some(Begun::Waits(wait)));
        }
        let written = implied.map(|implied| implied::write(&cx, message, implied, params));
        Ok(written.transpose()?.flatten().map(Begun::Written))
    }

    /// Whether a message waits for events, in any of its spellings.
    pub fn waits(name: &str) -> bool {
        messages()
            .find(name)
            .is_some_and(|m| events::waits(&m.name))
    }

    /// Whether a message only reads one field or one record: it answers within microseconds and waits for nothing. On a
    /// slave each may wait for its copy of the database, or for the master.
    pub fn is_quick(&self, name: &str) -> bool {
        self.core.pool.is_master() && Api::reads_little(name)
    }

    fn reads_little(name: &str) -> bool {
        use xapi_model::messages::Implied::{Get, GetByUuid, GetRecord};
        messages().find(name).is_some_and(|m| match m.kind {
            // The permissions of a session are thousands of names.
            Kind::Implied(GetRecord) => m.class.name != Session::NAME,
            Kind::Implied(Get(field)) => {
                m.class.name != Session::NAME || field.name != Session::RBAC_PERMISSIONS.name()
            }
            Kind::Implied(GetByUuid) => true,
            _ => false,
        })
    }

    /// The error for a message that does not exist: who has no valid session learns only that (wire-protocol facts, 2.1).
    fn unknown(&self, name: &str, params: &[Value]) -> ApiError {
        let unknown = errors::message_method_unknown(name);
        let Some(first) = params.first() else {
            return unknown;
        };
        let session = first.as_str().unwrap_or_default();
        let checked = session::check(&self.core, session, &Origin::default());
        match checked.and_then(|caller| {
            roles::permit(Some(&caller), "host.call_extension", Role::PoolAdmin, false)
        }) {
            Ok(()) => unknown,
            Err(refused) => refused,
        }
    }
}

/// Checks the role and carries the message out.
pub(crate) fn run(cx: &Cx<'_>, message: &Message, params: Vec<Value>) -> Result<Value> {
    let entry = audit::begin(cx, message, &params);
    let permitted = roles::permit_call(cx, message, &params).and_then(|()| careful(cx, message));
    let outcome = permitted.and_then(|()| carry_out(cx, message, params));
    if let Some(entry) = entry {
        entry.end(cx.core, &outcome);
    }
    match &cx.session {
        Some(caller) => outcome.map(|value| session::to_client(caller, message.result, value)),
        None => outcome,
    }
}

/// What a request asks for beside its parameters must make sense before anything is done.
fn careful(cx: &Cx<'_>, message: &Message) -> Result<()> {
    if cx.origin.other_config.is_empty() {
        return Ok(());
    }
    let care = proof::Care::of(cx.origin)?;
    if care.plan_only && !proof::can_be_planned(message) {
        return Err(proof::cannot_be_planned(&message.name));
    }
    Ok(())
}

fn carry_out(cx: &Cx<'_>, message: &Message, params: Vec<Value>) -> Result<Value> {
    let name = message.name.as_str();
    if let Some(handler) = cx.core.handlers.get(name) {
        return guarded(name, || handler(cx, params));
    }
    match message.kind {
        Kind::Implied(implied) if !not_yet::contains(name) => {
            guarded(name, || implied::run(cx, message, implied, params))
        }
        _ => Err(errors::not_implemented(name)),
    }
}

/// What a message without a handler reads, if that is whole records: they are written as they are read.
fn written(core: &Core, message: &Message) -> Option<Implied> {
    let name = message.name.as_str();
    match message.kind {
        Kind::Implied(
            implied @ (Implied::GetRecord | Implied::GetAllRecords | Implied::GetAllRecordsWhere),
        ) if !core.handlers.contains_key(name) && !not_yet::contains(name) => Some(implied),
        _ => None,
    }
}

/// A handler that panics is our fault: the draft is dropped, the caller is told, the daemon goes on.
pub(crate) fn guarded(name: &str, run: impl FnOnce() -> Result<Value>) -> Result<Value> {
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        tracing::error!("{name} panicked: {text}");
        Err(errors::internal_error(format!("{name}: {text}")))
    })
}

pub(crate) fn split_mode(name: &str) -> (Mode, &str) {
    for prefix in ["Async.", "InternalAsync."] {
        if let Some(bare) = name.strip_prefix(prefix) {
            return (Mode::Async, bare);
        }
    }
    (Mode::Sync, name)
}

/// Takes the session off the parameters and checks their number. Both counts in the error exclude the session; where
/// some parameters have defaults, surplus ones are ignored (wire-protocol facts, 2.2).
pub(crate) fn take_session(
    message: &Message,
    mut params: Vec<Value>,
) -> Result<(Option<String>, Vec<Value>)> {
    let required = message
        .params
        .iter()
        .filter(|param| param.default.is_none())
        .count();
    let total = message.params.len();
    let session = usize::from(message.session);
    let given = params.len().saturating_sub(session);
    let enough = params.len() >= session + required;
    let too_many = given > total && required == total;
    if !enough || too_many {
        return Err(errors::message_parameter_count_mismatch(
            &message.name,
            required,
            given,
        ));
    }
    params.truncate(session + total);
    if !message.session {
        return Ok((None, params));
    }
    let rest = params.split_off(1);
    match params.swap_remove(0) {
        Value::Str(session) => Ok((Some(session), rest)),
        other => Err(xapi_model::TypeError::expected("session ref", &other).into()),
    }
}

/// Decodes the parameters to their types and fills in defaults.
pub(crate) fn accept(message: &Message, params: Vec<Value>) -> Result<Vec<Value>> {
    let mut given = params.into_iter();
    let declared = message.params.iter();
    let values = declared.map(|param| match (given.next(), param.default) {
        (Some(value), _) => Ok(param.ty.accept(value)?),
        (None, Some(default)) => Ok(default()),
        (None, None) => Err(errors::internal_error(format!(
            "{}: no {}",
            message.name, param.name
        ))),
    });
    values.collect()
}

fn list_methods() -> Value {
    let mut names: Vec<_> = messages()
        .iter()
        .filter(|message| !message.hidden)
        .map(|m| m.name.clone())
        .collect();
    names.sort_unstable();
    Value::Array(names.into_iter().map(Value::Str).collect())
}

/// The declared messages, for those who check that each has a handler or stands in the list of those that have none.
pub fn declared() -> impl Iterator<Item = &'static CallDesc> {
    xapi_model::classes::MODEL
        .iter()
        .flat_map(|class| class.calls.iter().copied())
}
