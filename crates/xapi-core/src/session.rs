//! Sessions: login, logout, and the check that every call begins with (wire-protocol facts, 5).
//!
//! A client holds a secret, `OpaqueRef:` and a UUID. The database holds a row under a reference that is made of the
//! secret's hash ([`secret`]): what can be read of it opens nothing. On the wire the two are one: where a call takes a
//! session, [`to_row`] finds the row of what the client gave, and [`to_client`] gives a client its own reference back.

pub(crate) mod attempts;
mod limit;
pub(crate) mod login;
mod secret;

use std::sync::Arc;

use xapi_db::{Draft, Read};
use xapi_model::session::{
    ChangePassword, GetAllSubjectIdentifiers, LocalLogout, Logout, LogoutSubjectIdentifier,
};
use xapi_model::{Class, DateTime, Host, Ref, Role, Session, Task, Type, Value, errors};

use crate::Result;
use crate::context::{Core, Cx, Origin};

pub(crate) use secret::Callers;
use secret::Digest;
pub use secret::Secret;

/// A session is idle no longer than this, in seconds.
const IDLE_LIMIT: i64 = 24 * 3600;
/// `last_active` is written when it is older than this, in seconds: not at every call.
const ACTIVE_GRAIN: i64 = 600;
/// Sessions that there may be, of whatever kind.
const MOST_SESSIONS: usize = 5000;
/// Sessions of this host alone; the first goes first.
const MOST_LOCAL: usize = 500;

/// Who calls: the holder of a session, and the session as it was given.
#[derive(Clone, Debug)]
pub struct Caller {
    given: Secret,
    holder: Arc<Holder>,
}

/// The holder of a session.
#[derive(Debug)]
pub struct Holder {
    /// The session's row; of a local session, which has none, what names it in logs.
    pub session: Ref<Session>,
    /// What it may do.
    pub role: Role,
    /// Lives on this host alone.
    pub local: bool,
    /// One of the pool's own programs.
    pub pool: bool,
    /// Name that was given at login.
    pub user: String,
    /// Identifier of the user; the superuser has none.
    pub sid: String,
    /// What the client called itself at login.
    pub originator: String,
}

impl Holder {
    fn of(session: Ref<Session>, row: Session) -> Holder {
        Holder {
            session,
            role: login::role_of(&row),
            local: false,
            pool: row.pool,
            user: row.auth_user_name,
            sid: row.auth_user_sid,
            originator: row.originator,
        }
    }
}

impl Caller {
    /// The session as the client gave it: what SESSION_INVALID carries. It must not be logged.
    pub fn given(&self) -> &Secret {
        &self.given
    }

    /// What names the session where many can read it: `trackid=` and a hash.
    pub fn track_id(&self) -> String {
        track_id(&self.holder.session)
    }
}

impl std::ops::Deref for Caller {
    type Target = Holder;
    fn deref(&self) -> &Holder {
        &self.holder
    }
}

/// What names a session in logs: a hash of its row's reference, so that who reads them cannot ask for the row.
pub(crate) fn track_id(session: &Ref<Session>) -> String {
    let row = Digest::of(session.as_str()).row();
    let id = row.as_str().trim_start_matches("OpaqueRef:");
    format!("trackid={}", id.replace('-', ""))
}

/// Finds the holder of a session; SESSION_INVALID [ref] otherwise.
pub fn check(core: &Arc<Core>, given: &str, _origin: &Origin) -> Result<Caller> {
    let now = core.seconds();
    let digest = Digest::of(given);
    let caller = |holder| Caller {
        given: Secret::new(given),
        holder,
    };
    if let Some(holder) = core.callers.get(&digest, now) {
        return Ok(caller(holder));
    }
    if let Some(holder) = core.callers.local(&digest) {
        return Ok(caller(holder));
    }
    let invalid = || errors::session_invalid(given);
    let reference = digest.row();
    let view = core.view()?;
    if !view.exists(&reference)? {
        return Err(invalid());
    }
    let row = view.get(&reference)?;
    let mut active = row.last_active.unix();
    if now - active > ACTIVE_GRAIN {
        if now - active > IDLE_LIMIT {
            if !touch(core, &reference, true, &core.now())? {
                return Err(invalid());
            }
        } else {
            touch_later(core, &reference);
        }
        active = now;
    }
    let holder = Arc::new(Holder::of(reference, row));
    core.callers.keep(digest, &holder, active);
    // Whoever ended the session meanwhile may have forgotten its holder before it was kept.
    if !core.view()?.exists(&holder.session)? {
        core.callers.forget(std::slice::from_ref(&holder.session));
        return Err(invalid());
    }
    Ok(caller(holder))
}

/// Whether a session that was checked before is still there; SESSION_INVALID [ref] otherwise.
pub(crate) fn alive(core: &Core, caller: &Caller) -> Result<()> {
    let digest = caller.given.digest();
    let there = if caller.local {
        core.callers.local(&digest).is_some()
    } else {
        core.callers.get(&digest, core.seconds()).is_some()
            || core.view()?.exists(&caller.session)?
    };
    if there {
        Ok(())
    } else {
        Err(errors::session_invalid(caller.given.expose()))
    }
}

/// Notes that a session is used without keeping its call: that may run where many wait, and a commit for the disk.
fn touch_later(core: &Arc<Core>, session: &Ref<Session>) {
    let (later, used, now) = (Arc::clone(core), session.clone(), core.now());
    let noted = core.async_slots.submit(None, move || {
        if let Err(why) = touch(&later, &used, false, &now) {
            tracing::warn!("a session's use was not noted: {why}");
        }
    });
    if let Err(why) = noted {
        tracing::warn!("a session's use was not noted: {why}");
    }
}

/// Notes that a session is used; one that was idle for too long ends instead, unless it has work under way. False if
/// it is gone.
fn touch(core: &Core, session: &Ref<Session>, idle: bool, now: &DateTime) -> Result<bool> {
    let (there, ended) = core.store.change(|draft| {
        if !draft.exists(session)? {
            return Ok((false, Vec::new()));
        }
        if idle && !limit::busy(draft)?.contains(session) {
            return Ok((false, end(draft, session)?));
        }
        draft.set(session, Session::LAST_ACTIVE, now.clone())?;
        Ok((true, Vec::new()))
    })?;
    core.sessions_ended(&ended);
    Ok(there)
}

/// Puts the row's reference into parameters where a client has given a session. What stands for no session stays as it
/// is, and so in the error that follows.
pub(crate) fn to_row(core: &Core, caller: &Caller, value: &mut Value) -> Result<()> {
    let Value::Str(given) = value else {
        return Ok(());
    };
    if given.as_str() == caller.given.expose() {
        *given = caller.session.as_str().to_owned();
        return Ok(());
    }
    let row = Digest::of(given).row();
    if core.view()?.exists(&row)? {
        *given = row.as_str().to_owned();
    }
    Ok(())
}

/// A result that names the caller's own session names it as the client does.
pub(crate) fn to_client(caller: &Caller, ty: Type, value: Value) -> Value {
    match (ty, value) {
        (Type::Ref(class), Value::Str(text))
            if class == Session::NAME && text == caller.session.as_str() =>
        {
            Value::Str(caller.given.expose().to_owned())
        }
        (_, value) => value,
    }
}

/// `session.logout`.
pub fn logout(cx: &Cx<'_>, _: Logout) -> Result<()> {
    let caller = cx.caller()?;
    if caller.local {
        cx.core.callers.end_local(&caller.given.digest());
        cx.core.events.forget(std::slice::from_ref(&caller.session));
        return Ok(());
    }
    let ended = cx
        .core
        .store
        .change(|draft| match draft.exists(&caller.session)? {
            true => end(draft, &caller.session),
            false => Ok(Vec::new()),
        })?;
    cx.core.sessions_ended(&ended);
    Ok(())
}

/// `session.local_logout`.
pub fn local_logout(cx: &Cx<'_>, _: LocalLogout) -> Result<()> {
    logout(cx, Logout {})
}

/// Ends what was opened by a host that is gone: it knows these sessions.
pub(crate) fn end_of_host(core: &Core, host: &Ref<Host>) -> Result<()> {
    let ended = core.store.change(|draft| {
        let mut ended = Vec::new();
        for (session, row) in draft.all::<Session>()? {
            if row.this_host == *host && draft.exists(&session)? {
                ended.extend(end(draft, &session)?);
            }
        }
        Ok(ended)
    })?;
    core.sessions_ended(&ended);
    Ok(())
}

/// `session.logout_subject_identifier`: ends the sessions of a user, but not the caller's own.
pub fn logout_subject_identifier(cx: &Cx<'_>, call: LogoutSubjectIdentifier) -> Result<()> {
    let own = &cx.caller()?.session;
    if call.subject_identifier.is_empty() {
        // That is the superuser and the pool, whom nobody sends away.
        return Ok(());
    }
    let ended = cx.core.store.change(|draft| {
        let mut ended = Vec::new();
        for session in draft.find(Session::AUTH_USER_SID, &call.subject_identifier)? {
            if session != *own && draft.exists(&session)? {
                ended.extend(end(draft, &session)?);
            }
        }
        Ok(ended)
    })?;
    cx.core.sessions_ended(&ended);
    Ok(())
}

/// `session.get_all_subject_identifiers`: everybody who is logged in, but for the superuser and the pool.
pub fn get_all_subject_identifiers(
    cx: &Cx<'_>,
    _: GetAllSubjectIdentifiers,
) -> Result<Vec<String>> {
    let sessions = cx.core.view()?.all::<Session>()?;
    let mut found: Vec<_> = sessions
        .into_iter()
        .map(|(_, session)| session.auth_user_sid)
        .filter(|sid| !sid.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

/// `session.change_password`: of the local superuser. Who is root at the machine need not know the old one.
pub fn change_password(cx: &Cx<'_>, call: ChangePassword) -> Result<()> {
    if !cx.origin.local_root {
        login::authenticate(cx, login::SUPERUSER, &call.old_pwd)?;
    }
    let changed = cx.core.authenticate.change(login::SUPERUSER, &call.new_pwd);
    changed.map_err(|why| errors::change_password_rejected(why.text))?;
    tracing::info!(
        peer = &*cx.origin.peer,
        "the password of the superuser was changed"
    );
    Ok(())
}

/// `session.get_rbac_permissions`. They follow from the role; no row holds thousands of names.
pub fn get_rbac_permissions(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let this = reference(params)?;
    let row = cx.core.view()?.get(&this)?;
    Ok(crate::roles::permissions(login::role_of(&row)))
}

/// `session.get_record`, with the permissions.
pub fn get_record(cx: &Cx<'_>, params: Vec<Value>) -> Result<Value> {
    let this = reference(params)?;
    let row = cx.core.view()?.get(&this)?;
    let role = login::role_of(&row);
    let mut record = Session::DESC.record(row.to_row());
    if let Value::Struct(members) = &mut record {
        let held = members
            .iter_mut()
            .find(|(name, _)| name == "rbac_permissions");
        if let Some((_, value)) = held {
            *value = crate::roles::permissions(role);
        }
    }
    Ok(record)
}

fn reference(params: Vec<Value>) -> Result<Ref<Session>> {
    match params.into_iter().next() {
        Some(Value::Str(this)) => Ok(Ref::new(this)),
        _ => Err(errors::internal_error("a parameter is no text")),
    }
}

/// Removes a session and those that came from it, and tells which; their tasks go on without one.
fn end(draft: &Draft, session: &Ref<Session>) -> Result<Vec<Ref<Session>>> {
    let mut ended = Vec::new();
    let mut left = vec![session.clone()];
    while let Some(session) = left.pop() {
        // A row that is its own child is gone already.
        if !draft.exists(&session)? {
            continue;
        }
        for child in draft.find(Session::PARENT, &session)? {
            draft.set(&child, Session::PARENT, Ref::null())?;
            left.push(child);
        }
        for task in draft.find(Task::SESSION, &session)? {
            draft.set(&task, Task::SESSION, Ref::null())?;
        }
        draft.destroy(&session)?;
        ended.push(session);
    }
    Ok(ended)
}

/// Ends the sessions that nobody used for a day. Called by the housekeeping thread.
pub fn expire(core: &Core, now: &DateTime) -> Result<()> {
    let ended = core.store.change(|draft| limit::expire(draft, now))?;
    core.sessions_ended(&ended);
    Ok(())
}
