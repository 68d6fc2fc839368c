//! Who somebody is: the superuser and the configured users by their passwords, the pool's hosts by the pool's secret,
//! the local superuser by the kernel.

use std::sync::Arc;
use std::time::Duration;

use subtle::ConstantTimeEq;
use xapi_db::Read;
use xapi_model::session::{
    LoginWithPassword, SlaveLocalLogin, SlaveLocalLoginWithPassword, SlaveLogin,
};
use xapi_model::{ApiError, Call, Class, Host, Ref, Role, Session, errors};

use super::attempts::Attempts;
use super::{Callers, Holder, MOST_LOCAL, Secret, limit};
use crate::Result;
use crate::auth::{Authenticate, Refused};
use crate::context::{Clock, Core, Cx, Origin};
use crate::pool;

/// The user who may do everything.
pub(super) const SUPERUSER: &str = "root";
/// Of what a client calls itself, so many octets are kept.
const ORIGINATOR: usize = 512;
/// Longer names no machine has.
const LONGEST_NAME: usize = 256;
/// How long a login waits for others from its address to be checked.
const TURN: Duration = Duration::from_secs(5);
/// The role that a row stands for.
pub(super) fn role_of(row: &Session) -> Role {
    if row.is_local_superuser || row.pool {
        return Role::LocalRoot;
    }
    let named = Role::ALL.into_iter().find(|role| role.as_str() == row.role);
    named.unwrap_or(Role::ReadOnly)
}

/// What a user may do; `None` for strangers.
fn known(core: &Core, user: &str) -> Option<Role> {
    match user {
        SUPERUSER => Some(Role::LocalRoot),
        other => core.config.users.get(other).copied(),
    }
}

/// `session.login_with_password`. Over the unix socket of the local superuser no password is asked.
pub fn login_with_password(cx: &Cx<'_>, call: LoginWithPassword) -> Result<Ref<Session>> {
    let role = match cx.origin.local_root {
        true => Role::LocalRoot,
        false => authenticate(cx, &call.uname, &call.pwd)?,
    };
    let superuser = role == Role::LocalRoot;
    let row = Session {
        this_host: cx.core.localhost()?,
        is_local_superuser: superuser,
        auth_user_sid: match superuser {
            true => String::new(),
            false => format!("local-user-{}", call.uname),
        },
        auth_user_name: beginning(&call.uname, LONGEST_NAME),
        role: match superuser {
            true => String::new(),
            false => role.as_str().to_owned(),
        },
        originator: beginning(&call.originator, ORIGINATOR),
        ..Session::blank()
    };
    open(cx, row)
}

/// `session.slave_login`: of another host of the pool, by the pool's secret.
pub fn slave_login(cx: &Cx<'_>, call: SlaveLogin) -> Result<Ref<Session>> {
    by_secret(cx, call.host.as_str(), &call.psecret)?;
    let host: Ref<Host> = match cx.core.view()?.exists(&call.host)? {
        true => call.host,
        false => cx.core.localhost()?,
    };
    let row = Session {
        this_host: host,
        pool: true,
        is_local_superuser: true,
        ..Session::blank()
    };
    open(cx, row)
}

/// `session.slave_local_login`: a session of this host alone, by the pool's secret.
pub fn slave_local_login(cx: &Cx<'_>, call: SlaveLocalLogin) -> Result<Ref<Session>> {
    by_secret(cx, "localhost", &call.psecret)?;
    open_local(cx, SlaveLocalLogin::DESC.name, "")
}

/// `session.slave_local_login_with_password`: a session of this host alone, which works without a master.
pub fn slave_local_login_with_password(
    cx: &Cx<'_>,
    call: SlaveLocalLoginWithPassword,
) -> Result<Ref<Session>> {
    if !cx.origin.local_root && authenticate(cx, &call.uname, &call.pwd)? != Role::LocalRoot {
        // Such a session is asked for no role.
        return Err(refused(cx.origin, &call.uname, Refused::plain()));
    }
    open_local(cx, SlaveLocalLoginWithPassword::DESC.name, &call.uname)
}

/// Checks a password and tells the role of its user.
pub(super) fn authenticate(cx: &Cx<'_>, user: &str, password: &str) -> Result<Role> {
    door(cx).authenticate(user, password, known(cx.core, user))
}

/// The role of the superuser; `None` for everybody else.
pub(crate) fn root(user: &str) -> Option<Role> {
    (user == SUPERUSER).then_some(Role::LocalRoot)
}

/// Where passwords are checked. What is not worth a look does not get as far as PAM: users that are not configured, and
/// attempts that come too fast.
pub(crate) struct Door<'a> {
    pub attempts: &'a Attempts,
    pub authenticate: &'a dyn Authenticate,
    pub clock: &'a Clock,
    pub origin: &'a Origin,
}

impl Door<'_> {
    /// Checks the password of a user with a role, which `None` has not who is a stranger.
    pub(crate) fn authenticate(
        &self,
        user: &str,
        password: &str,
        role: Option<Role>,
    ) -> Result<Role> {
        let (attempts, peer) = (self.attempts, &*self.origin.peer);
        let counted = role.map(|_| user);
        if !attempts.take(peer, counted, (self.clock)()) {
            return Err(held_up(self.origin, user));
        }
        let checked = match role {
            Some(role) => match attempts.checking(peer, TURN) {
                Some(_checking) => self.authenticate.check(user, password).map(|()| role),
                None => Err(Refused::unseen("Too many logins at the same time")),
            },
            None => Err(Refused::plain()),
        };
        match checked {
            Ok(role) => {
                attempts.succeeded(peer, counted, (self.clock)());
                Ok(role)
            }
            Err(why) => {
                if !why.looked_at {
                    attempts.give_back(peer, counted, (self.clock)());
                }
                Err(refused(self.origin, user, why))
            }
        }
    }

    /// Checks the pool's secret. Without a secret nobody has it. The superuser of the host is not asked.
    pub(crate) fn by_secret(&self, config: &crate::Config, who: &str, given: &str) -> Result<()> {
        let (attempts, peer) = (self.attempts, &*self.origin.peer);
        if self.origin.local_root {
            return Ok(());
        }
        if !attempts.take(peer, None, (self.clock)()) {
            return Err(held_up(self.origin, who));
        }
        let secrets = pool::secret::all(config)?;
        // Hashes are of one length, and their comparison tells nothing of the secret's.
        let same = |secret: &str| {
            let (a, b) = (Secret::new(secret).digest(), Secret::new(given).digest());
            bool::from(a.as_bytes().ct_eq(b.as_bytes()))
        };
        let secrets = secrets.iter().map(|secret| same(secret.expose()));
        if !secrets.fold(false, |known, same| known | same) {
            return Err(refused(self.origin, who, Refused::plain()));
        }
        attempts.succeeded(peer, None, (self.clock)());
        Ok(())
    }
}

/// See [`Door::by_secret`].
fn by_secret(cx: &Cx<'_>, who: &str, given: &str) -> Result<()> {
    door(cx).by_secret(&cx.core.config, who, given)
}

fn door<'a>(cx: &Cx<'a>) -> Door<'a> {
    Door {
        attempts: &cx.core.attempts,
        authenticate: &*cx.core.authenticate,
        clock: &cx.core.clock,
        origin: cx.origin,
    }
}

fn refused(origin: &Origin, user: &str, why: Refused) -> ApiError {
    tracing::info!(
        user = beginning(user, LONGEST_NAME),
        peer = &*origin.peer,
        "login refused"
    );
    errors::session_authentication_failed(user, why.text)
}

/// Of a flood one line each would be a flood of its own.
fn held_up(origin: &Origin, user: &str) -> ApiError {
    tracing::debug!(peer = &*origin.peer, "login not looked at: too many failed");
    errors::session_authentication_failed(user, "Too many failed logins; try again in a while")
}

/// A session that the superuser has opened at the socket of another host.
pub(crate) struct Elsewhere<'a> {
    pub host: &'a Ref<Host>,
    pub user: &'a str,
    pub originator: &'a str,
}

impl Elsewhere<'_> {
    /// Has a session known by what its client holds, if it is not. It is the superuser's: that host may have him do
    /// whatever it likes.
    pub(crate) fn open(&self, core: &Core, origin: &Origin, given: &str) -> Result<()> {
        let secret = Secret::new(given);
        if core.callers.get(&secret.digest(), core.seconds()).is_some()
            || core.view()?.exists(&secret.digest().row())?
        {
            return Ok(());
        }
        let row = Session {
            this_host: self.host.clone(),
            is_local_superuser: true,
            auth_user_name: beginning(self.user, LONGEST_NAME),
            originator: beginning(self.originator, ORIGINATOR),
            ..Session::blank()
        };
        open_as(core, origin, &secret, row)
    }
}

/// Makes a session of a row.
fn open(cx: &Cx<'_>, row: Session) -> Result<Ref<Session>> {
    let secret = Secret::fresh()?;
    open_as(cx.core, cx.origin, &secret, row)?;
    Ok(Ref::new(secret.expose()))
}

fn open_as(core: &Core, origin: &Origin, secret: &Secret, row: Session) -> Result<()> {
    let reference = secret.digest().row();
    let now = core.now();
    let row = Session {
        last_active: now.clone(),
        validation_time: now,
        ..row
    };
    let made = core.store.change(|draft| {
        // Two calls of one session from another host may come at the same time.
        if draft.exists(&reference)? {
            return Ok(None);
        }
        let dropped = limit::make_room(draft, &row)?;
        draft.insert_as(reference.clone(), row.clone())?;
        Ok(Some(dropped))
    })?;
    let Some(dropped) = made else {
        return Ok(());
    };
    core.sessions_ended(&dropped);
    if core.pool.is_slave() {
        let linked = core.pool.standing.master().is_ok();
        core.pool.relays.opened(&reference, linked);
    }
    let call = match row.pool {
        true => SlaveLogin::DESC.name,
        false => LoginWithPassword::DESC.name,
    };
    let holder = Holder::of(reference, row);
    crate::audit::login(core, origin, call, &holder);
    tracing::info!(
        user = holder.user,
        originator = holder.originator,
        peer = &*origin.peer,
        session = super::track_id(&holder.session),
        "logged in"
    );
    Ok(())
}

/// Makes a session that has no row.
fn open_local(cx: &Cx<'_>, call: &str, user: &str) -> Result<Ref<Session>> {
    let made = Local::new(user)?;
    crate::audit::login(cx.core, cx.origin, call, &made.holder);
    tracing::info!(
        user = made.holder.user,
        peer = &*cx.origin.peer,
        "logged in to this host alone"
    );
    Ok(made.keep(&cx.core.callers))
}

/// A session of this host alone, which has no row and is not known yet.
pub(crate) struct Local {
    secret: Secret,
    pub holder: Holder,
}

impl Local {
    /// One of the superuser's.
    pub(crate) fn new(user: &str) -> Result<Local> {
        let secret = Secret::fresh()?;
        let holder = Holder {
            session: secret.digest().row(),
            role: Role::LocalRoot,
            local: true,
            pool: false,
            user: beginning(user, LONGEST_NAME),
            sid: String::new(),
            originator: String::new(),
        };
        Ok(Local { secret, holder })
    }

    /// Has it known, and gives what its client holds.
    pub(crate) fn keep(self, callers: &Callers) -> Ref<Session> {
        callers.add_local(self.secret.digest(), Arc::new(self.holder), MOST_LOCAL);
        Ref::new(self.secret.expose())
    }
}

/// The beginning of a text, of at most so many octets.
fn beginning(text: &str, octets: usize) -> String {
    text[..text.floor_char_boundary(octets)].to_owned()
}
