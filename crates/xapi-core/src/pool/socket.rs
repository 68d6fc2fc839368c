//! What a slave does with a call that comes in at its own socket: what only reads it answers from its copy of the master's
//! database, and everything else it hands on to the master.
//!
//! A session that is opened here is this host's own, so that it can be had without a master; the master hears of it with
//! the first call that is handed on, and checks that as any other. Whoever has made a change sees it in what he reads
//! afterwards: with each answer the master says how far its database is, and a read waits until this host's is there.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;
use xapi_db::{Portable, Read};
use xapi_model::messages::{Implied, Kind, Message, messages};
use xapi_model::session::{LoginWithPassword, Logout, SlaveLogin};
use xapi_model::{Call, Position, Ref, Session, Value, errors};

use super::handed;
use super::role::{Role, is_local};
use super::verbs::{Forwarded, Granted, Opened, Wish, decode, encode};
use crate::context::{Caller, Core, Origin};
use crate::dispatch::{self, Mode};
use crate::events;
use crate::{Result, not_yet, session};

/// A call may wait for a guest, or for a person: it ends when it ends, or with the line.
const CALL: Duration = Duration::from_secs(24 * 3600);

/// How long a read waits for the copy; then the master answers it.
const BEHIND: Duration = Duration::from_secs(2);

/// How often a read that waits looks whether there is still a master.
const LOOK: Duration = Duration::from_millis(250);

/// How long the master may take to say that a task has changed, or that none has.
const TASKS: Duration = Duration::from_secs(40);

/// Calls that wait for events of the master, of sessions that only the master knows. Each takes one of the questions that
/// may be under way on the line.
const ERRANDS: usize = 8;

/// What a declared message answers from rows alone.
const READS: [&str; 11] = [
    "VM.get_allowed_VIF_devices",
    "VM.get_possible_hosts",
    "message.get",
    "message.get_all",
    "message.get_all_records",
    "message.get_all_records_where",
    "message.get_by_uuid",
    "message.get_record",
    "message.get_since",
    "role.get_by_permission_name_label",
    "role.get_permissions_name_label",
];

/// What becomes of a call.
pub(crate) enum Way {
    /// It is carried out here: by a master, or because it needs none.
    Here,
    /// The master has answered it.
    Answered(Value),
    /// It waits for the master.
    Waits(Errand),
}

/// What a slave knows of the sessions that were opened at its socket.
#[derive(Default)]
pub(crate) struct Relays {
    table: Mutex<Table>,
    errands: AtomicUsize,
}

#[derive(Default)]
struct Table {
    sessions: HashMap<Ref<Session>, Relay>,
    /// How far the master was when it answered last.
    newest: Option<Position>,
}

#[derive(Default)]
struct Relay {
    /// Its holder has seen what the master had committed then.
    needs: Option<Position>,
    /// The master knows of it.
    handed_on: bool,
}

impl Relays {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session was opened. While there is a master, its holder may know what the one before him was answered, as one
    /// command of a script knows what the last has printed. Without one it sees what there is.
    pub(crate) fn opened(&self, session: &Ref<Session>, linked: bool) {
        let mut table = self.table();
        let relay = Relay {
            needs: table.newest.filter(|_| linked),
            handed_on: false,
        };
        table.sessions.insert(session.clone(), relay);
    }

    /// Sessions are gone.
    pub(crate) fn ended(&self, sessions: &[Ref<Session>]) {
        if sessions.is_empty() {
            return;
        }
        let mut table = self.table();
        for session in sessions {
            table.sessions.remove(session);
        }
    }

    /// The copy is a master's of this term. What another one of a later term has answered, whose rows have never come, is in
    /// nobody's copy that this host follows: nobody waits for it.
    pub(super) fn follows(&self, term: u64) {
        let is_left = |needs: &mut Position| needs.term > term;
        let mut table = self.table();
        table.newest.take_if(is_left);
        for relay in table.sessions.values_mut() {
            relay.needs.take_if(is_left);
        }
    }

    /// How far the copy must be for what a session reads.
    pub(crate) fn needed(&self, session: &Ref<Session>) -> Option<Position> {
        self.table().sessions.get(session)?.needs
    }

    fn hands_on(&self, session: &Ref<Session>) {
        if let Some(relay) = self.table().sessions.get_mut(session) {
            relay.handed_on = true;
        }
    }

    fn was_handed_on(&self, session: &Ref<Session>) -> bool {
        let table = self.table();
        table
            .sessions
            .get(session)
            .is_some_and(|relay| relay.handed_on)
    }

    fn answered(&self, session: Option<&Ref<Session>>, at: Option<Position>) {
        let mut table = self.table();
        table.newest = table.newest.max(at);
        if let Some(relay) = session.and_then(|session| table.sessions.get_mut(session)) {
            relay.needs = relay.needs.max(at);
        }
    }
}

/// What becomes of a call. HOST_IS_SLAVE [master] to everybody but the local superuser.
pub(crate) fn way(core: &Arc<Core>, origin: &Origin, name: &str, params: &[Value]) -> Result<Way> {
    let role = core.pool.standing.role();
    if role == Role::Master || is_local(name) {
        return Ok(Way::Here);
    }
    let Role::Slave(address) = role else {
        return Err(errors::host_broken());
    };
    if !origin.local_root {
        return Err(errors::host_is_slave(address));
    }
    let (mode, bare) = dispatch::split_mode(name);
    let ends = mode == Mode::Sync && bare == Logout::DESC.name;
    // The copy is of a pool of which this host is none any more.
    if let Some(refusal) = core.pool.standing.refusal().filter(|_| !ends) {
        return Err(refusal);
    }
    // Before the first copy the rows are another pool's.
    let follows = core.store.position().is_some() && core.localhost().is_ok();
    let message = messages().find(bare).filter(|_| follows);
    let Some(message) = message else {
        return elsewhere(core, origin, None, name, params);
    };
    if mode == Mode::Sync && is_login(message) {
        return Ok(Way::Here);
    }
    let Some(caller) = known(core, origin, message, params) else {
        return elsewhere(core, origin, None, name, params);
    };
    if caller.local {
        // As with XAPI such a session is good for the emergency calls, and for its own end.
        return match ends {
            true => Ok(Way::Here),
            false => elsewhere(core, origin, None, name, params),
        };
    }
    if mode == Mode::Sync {
        if events::waits(&message.name)
            || events::is_about_waiting(&message.name, params)
            || (is_read(core, message) && has_seen(core, &caller)?)
        {
            return Ok(Way::Here);
        }
        if ends {
            log_out(core, origin, &caller, params);
            return Ok(Way::Here);
        }
    }
    elsewhere(core, origin, Some(&caller), name, params)
}

fn elsewhere(
    core: &Arc<Core>,
    origin: &Origin,
    caller: Option<&Caller>,
    name: &str,
    params: &[Value],
) -> Result<Way> {
    if events::waits(name) {
        return Errand::new(core, origin, name, params).map(Way::Waits);
    }
    ask(core, origin, caller, name, params, CALL).map(Way::Answered)
}

fn is_login(message: &Message) -> bool {
    [LoginWithPassword::DESC.name, SlaveLogin::DESC.name].contains(&message.name.as_str())
}

/// The holder of the session of a call, if it is one of this host's.
fn known(core: &Arc<Core>, origin: &Origin, message: &Message, params: &[Value]) -> Option<Caller> {
    let given = params.first().filter(|_| message.session)?.as_str()?;
    session::check(core, given, origin).ok()
}

/// Whether a message only reads rows that the copy has.
fn is_read(core: &Core, message: &Message) -> bool {
    let name = message.name.as_str();
    match message.kind {
        Kind::Implied(
            Implied::Get(_)
            | Implied::GetAll
            | Implied::GetAllRecords
            | Implied::GetAllRecordsWhere
            | Implied::GetAllWhere
            | Implied::GetByNameLabel
            | Implied::GetByUuid
            | Implied::GetRecord,
        ) => {
            !message.class.volatile && !core.handlers.contains_key(name) && !not_yet::contains(name)
        }
        _ => READS.contains(&name),
    }
}

/// Whether the copy has what the holder of a session has seen; waits for that a while. An error if it has not, and there is
/// no master who could answer in its place.
fn has_seen(core: &Core, caller: &Caller) -> Result<bool> {
    let Some(needed) = core.pool.relays.needed(&caller.session) else {
        return Ok(true);
    };
    let until = Instant::now() + BEHIND;
    let mut commits = core.store.subscribe();
    loop {
        commits.mark_unchanged();
        if core.store.position() >= Some(needed) {
            return Ok(true);
        }
        core.pool.standing.master()?;
        match until.checked_duration_since(Instant::now()) {
            Some(left) => core.wait_for_commit(&mut commits, left.min(LOOK))?,
            None => return Ok(false),
        }
    }
}

/// Waits a while until the copy has what the holder of a session has seen.
pub(crate) fn catch_up(core: &Core, caller: &Caller) -> Result<()> {
    match has_seen(core, caller)? {
        true => Ok(()),
        false => Err(errors::internal_error("the copy is late")),
    }
}

/// A session of this host ends; where the master knows of it, there too.
fn log_out(core: &Arc<Core>, origin: &Origin, caller: &Caller, params: &[Value]) {
    if !core.pool.relays.was_handed_on(&caller.session) {
        return;
    }
    let name = Logout::DESC.name;
    if let Err(why) = ask(core, origin, Some(caller), name, params, CALL) {
        // Nobody uses it any more, so that it ends there after a day.
        tracing::info!("a session has ended, and the master was not told: {why}");
    }
}

/// Has the master carry out a call. The error that says why there is none; CANNOT_CONTACT_HOST [master] if it is lost in the
/// middle: whether it was carried out is not known then, as with XAPI.
pub(crate) fn ask(
    core: &Core,
    origin: &Origin,
    caller: Option<&Caller>,
    name: &str,
    params: &[Value],
    within: Duration,
) -> Result<Value> {
    let master = core.pool.standing.master()?;
    if let Some(caller) = caller {
        core.pool.relays.hands_on(&caller.session);
    }
    let id = Uuid::new_v4().to_string();
    let wish = Wish::Call(Forwarded {
        id: id.clone(),
        name: name.to_owned(),
        params: params.iter().cloned().map(Portable).collect(),
        peer: origin.peer.to_string(),
        user_agent: origin.user_agent.clone(),
        other_config: origin.other_config.clone(),
        opened: caller.map(|caller| Opened {
            user: caller.user.clone(),
            originator: caller.originator.clone(),
        }),
    });
    let question = encode(&wish).map_err(strange)?;
    let until = Instant::now() + within;
    let answer = match master.ask(question, within) {
        Ok(answer) => answer,
        Err(_) if handed::is_done(core, name, params) => return Ok(Value::Nil),
        Err(lost) => {
            // A change of the way between the two may be what it was lost by.
            drop(master);
            let became = handed::became(core, &id, lost, until);
            became.ok_or_else(|| errors::cannot_contact_host(master_of(core)))?
        }
    };
    match decode(&answer).map_err(strange)? {
        Granted::Called(outcome, at) => {
            let session = caller.map(|caller| &caller.session);
            core.pool.relays.answered(session, at);
            Ok(outcome?.0)
        }
        other => Err(strange(format!("answers {other:?}"))),
    }
}

/// Waits until a task of the master has changed after one of its generations, or for a while; tells the generation that it
/// is at.
pub(crate) fn tasks(core: &Core, since: u64) -> Result<u64> {
    let master = core.pool.standing.master()?;
    let question = encode(&Wish::Tasks(since)).map_err(strange)?;
    let lost = |_| errors::cannot_contact_host(master_of(core));
    let answer = master.ask(question, TASKS).map_err(lost)?;
    match decode(&answer).map_err(strange)? {
        Granted::Tasks(at) => Ok(at),
        other => Err(strange(format!("answers {other:?}"))),
    }
}

fn strange(why: String) -> xapi_model::ApiError {
    errors::internal_error(format!("the master: {why}"))
}

/// The master's record, as far as it is known here.
fn master_of(core: &Core) -> String {
    let found = core.view().and_then(|view| view.all::<xapi_model::Pool>());
    let pools = found.unwrap_or_default();
    pools
        .into_iter()
        .next()
        .map_or_else(String::new, |(_, pool)| pool.master.as_str().to_owned())
}

/// A call that waits for events, of a session that only the master knows: it waits over there.
pub struct Errand {
    core: Arc<Core>,
    origin: Origin,
    name: String,
    params: Vec<Value>,
}

impl Errand {
    /// TOO_MANY_PENDING_TASKS if so many are under way that others might not get a word in.
    fn new(core: &Arc<Core>, origin: &Origin, name: &str, params: &[Value]) -> Result<Errand> {
        let errands = &core.pool.relays.errands;
        let more = |count| (count < ERRANDS).then_some(count + 1);
        errands
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, more)
            .map_err(|_| errors::too_many_pending_tasks())?;
        Ok(Errand {
            core: Arc::clone(core),
            origin: origin.clone(),
            name: name.to_owned(),
            params: params.to_vec(),
        })
    }

    /// The answer, which is waited for with the thread of the caller.
    pub fn block(&self) -> Result<Value> {
        let Errand {
            core,
            origin,
            name,
            params,
        } = self;
        ask(core, origin, None, name, params, CALL)
    }
}

impl Drop for Errand {
    fn drop(&mut self) {
        let errands = &self.core.pool.relays.errands;
        errands.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use xapi_model::{Position, Ref};

    use super::Relays;

    #[test]
    fn nobody_waits_for_rows_of_a_master_that_was_left_for_one_of_an_earlier_term() {
        let at = |term, generation| Some(Position { term, generation });
        let (one, other) = (Ref::new("OpaqueRef:1"), Ref::new("OpaqueRef:2"));
        let relays = Relays::default();
        relays.opened(&one, true);
        relays.answered(Some(&one), at(2, 7));
        relays.follows(2);
        assert_eq!(relays.needed(&one), at(2, 7));
        relays.follows(1);
        assert_eq!(relays.needed(&one), None);
        // Nor does who comes afterwards.
        relays.opened(&other, true);
        assert_eq!(relays.needed(&other), None);
        relays.answered(Some(&other), at(1, 3));
        relays.follows(1);
        assert_eq!(relays.needed(&other), at(1, 3));
    }
}
