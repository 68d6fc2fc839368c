//! Sessions: login, logout, and the check that every call begins with (wire-protocol facts, 5).

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use xapi_db::{Draft, Read};
use xapi_model::session::{LocalLogout, LoginWithPassword, Logout, SlaveLocalLoginWithPassword};
use xapi_model::{Class, DateTime, Ref, Role, Session, Task, errors};

use crate::Result;
use crate::context::{Caller, Core, Cx, Origin};

/// A session is idle no longer than this, in seconds.
const IDLE_LIMIT: i64 = 24 * 3600;
/// `last_active` is written when it is older than this, in seconds: not at every call.
const ACTIVE_GRAIN: i64 = 600;
/// Sessions that are kept; the one idle for longest goes first.
const MOST_SESSIONS: usize = 500;

/// Holders of sessions, kept for as long as `last_active` need not be written again, so that a read does not look up
/// its session too. The rows decide: whatever removes one forgets its holder here.
#[derive(Default)]
pub(crate) struct Callers(RwLock<HashMap<String, (Caller, i64)>>);

impl Callers {
    fn get(&self, session: &str, now: i64) -> Option<Caller> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let (caller, active) = known.get(session)?;
        (now - active <= ACTIVE_GRAIN).then(|| caller.clone())
    }

    fn keep(&self, caller: &Caller, active: i64) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_SESSIONS {
            known.clear();
        }
        known.insert(caller.session.as_str().to_owned(), (caller.clone(), active));
    }

    fn forget(&self, session: &Ref<Session>) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.remove(session.as_str());
    }

    fn forget_all(&self) {
        self.0
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }
}

/// Finds the holder of a session; SESSION_INVALID [ref] otherwise.
pub fn check(core: &Arc<Core>, session: &str, _origin: &Origin) -> Result<Caller> {
    let now = core.seconds();
    if let Some(caller) = core.callers.get(session, now) {
        return Ok(caller);
    }
    let reference = Ref::<Session>::new(session);
    if core.with_local_sessions(|local| local.contains(&reference)) {
        return Ok(Caller {
            session: reference,
            role: Role::LocalRoot,
            local: true,
            pool: false,
        });
    }
    let Ok(row) = core.view()?.get(&reference) else {
        return Err(errors::session_invalid(session));
    };
    let mut active = row.last_active.unix();
    if now - active > IDLE_LIMIT {
        forget(core, &reference)?;
        return Err(errors::session_invalid(session));
    }
    if now - active > ACTIVE_GRAIN {
        active = now;
        core.store
            .change(|draft| draft.set(&reference, Session::LAST_ACTIVE, core.now()))?;
    }
    let role = if row.is_local_superuser {
        Role::LocalRoot
    } else {
        Role::ReadOnly
    };
    let caller = Caller {
        session: reference,
        role,
        local: false,
        pool: row.pool,
    };
    core.callers.keep(&caller, active);
    // Whoever ended the session meanwhile may have forgotten its holder before it was kept.
    if !core.view()?.exists(&caller.session)? {
        core.callers.forget(&caller.session);
        return Err(errors::session_invalid(session));
    }
    Ok(caller)
}

/// Whether a session that was checked before is still there; SESSION_INVALID [ref] otherwise.
pub(crate) fn alive(core: &Core, caller: &Caller) -> Result<()> {
    let session = &caller.session;
    let there = if caller.local {
        core.with_local_sessions(|local| local.contains(session))
    } else {
        core.callers.get(session.as_str(), core.seconds()).is_some()
            || core.view()?.exists(session)?
    };
    if there {
        Ok(())
    } else {
        Err(errors::session_invalid(session.as_str()))
    }
}

/// A fresh reference from the operating system's generator: whoever holds it is the session.
fn fresh() -> Result<Ref<Session>> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)
        .map_err(|why| errors::internal_error(format!("no random numbers: {why}")))?;
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    Ok(Ref::new(format!("OpaqueRef:{id}")))
}

/// `session.login_with_password`. Over the unix socket of the local superuser no password is asked.
pub fn login_with_password(cx: &Cx<'_>, call: LoginWithPassword) -> Result<Ref<Session>> {
    if !cx.origin.local_root {
        authenticate(cx, &call.uname, &call.pwd)?;
    }
    let reference = fresh()?;
    let host = cx.core.localhost()?;
    let now = cx.core.now();
    let row = Session {
        this_host: host,
        last_active: now.clone(),
        validation_time: now,
        is_local_superuser: true,
        auth_user_name: call.uname.clone(),
        originator: call.originator.clone(),
        ..Session::blank()
    };
    let dropped = cx.core.store.change(|draft| {
        let mut old: Vec<(Ref<Session>, Session)> = draft.all()?;
        if old.len() >= MOST_SESSIONS {
            old.sort_by_key(|(_, session)| session.last_active.unix());
            for (reference, _) in old.iter().take(old.len() + 1 - MOST_SESSIONS) {
                end(draft, reference)?;
            }
        }
        draft.insert_as(reference.clone(), row.clone())?;
        Ok(old.len() >= MOST_SESSIONS)
    })?;
    if dropped {
        cx.core.callers.forget_all();
    }
    tracing::info!(
        user = call.uname,
        originator = call.originator,
        peer = cx.origin.peer,
        "logged in"
    );
    Ok(reference)
}

fn authenticate(cx: &Cx<'_>, user: &str, password: &str) -> Result<()> {
    // Only the local superuser is known so far; other users come with roles.
    let known = if user == "root" {
        cx.core.authenticate.check(user, password)
    } else {
        Err(crate::auth::Refused("Authentication failure".to_owned()))
    };
    known.map_err(|why| {
        tracing::info!(user, peer = cx.origin.peer, "login refused");
        errors::session_authentication_failed(user, why.0)
    })
}

/// `session.slave_local_login_with_password`: a session of this host alone, which works without a master.
pub fn local_login(cx: &Cx<'_>, call: SlaveLocalLoginWithPassword) -> Result<Ref<Session>> {
    if !cx.origin.local_root {
        authenticate(cx, &call.uname, &call.pwd)?;
    }
    let reference = fresh()?;
    cx.core.with_local_sessions(|local| {
        if local.len() >= MOST_SESSIONS {
            local.remove(0);
        }
        local.push(reference.clone());
    });
    Ok(reference)
}

/// `session.logout`.
pub fn logout(cx: &Cx<'_>, _: Logout) -> Result<()> {
    let caller = cx.caller()?;
    if caller.local {
        cx.core
            .with_local_sessions(|local| local.retain(|session| *session != caller.session));
        cx.core.events.session_ended();
        return Ok(());
    }
    forget(cx.core, &caller.session)
}

/// `session.local_logout`.
pub fn local_logout(cx: &Cx<'_>, _: LocalLogout) -> Result<()> {
    logout(cx, Logout {})
}

/// Removes a session; its tasks go on without one.
fn end(draft: &Draft, session: &Ref<Session>) -> Result<()> {
    for task in draft.find(Task::SESSION, session)? {
        draft.set(&task, Task::SESSION, Ref::null())?;
    }
    draft.destroy(session)
}

fn forget(core: &Core, session: &Ref<Session>) -> Result<()> {
    core.store.change(|draft| {
        if draft.exists(session)? {
            end(draft, session)
        } else {
            Ok(())
        }
    })?;
    core.callers.forget(session);
    core.events.session_ended();
    Ok(())
}

/// Ends the sessions that nobody used for a day. Called by the housekeeping thread.
pub fn expire(core: &Core, now: &DateTime) -> Result<()> {
    core.store.change(|draft| {
        for (reference, session) in draft.all::<Session>()? {
            if now.unix() - session.last_active.unix() > IDLE_LIMIT {
                end(draft, &reference)?;
            }
        }
        Ok(())
    })?;
    core.callers.forget_all();
    core.events.session_ended();
    Ok(())
}
