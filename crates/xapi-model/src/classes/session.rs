//! Class `session`.

use std::collections::BTreeMap;

use super::*;

/// A login. Its reference is the first parameter of nearly every call and says who is calling; whoever knows
/// it can act as that user, so treat it like a password.
#[derive(Clone, Debug, Class)]
#[class(name = "session", role = PoolAdmin, no_get_all, no_events, volatile, calls(LogoutSubjectIdentifier, GetAllSubjectIdentifiers, LocalLogout, CreateFromDbFile, SlaveLocalLoginWithPassword, SlaveLocalLogin, SlaveLogin, ChangePassword, Logout, LoginWithPassword))]
pub struct Session {
    /// Unique identifier of the session. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The host that the session was made on.
    #[field(DynamicRO)]
    pub this_host: Ref<Host>,
    /// Kept for older clients; null.
    #[field(DynamicRO)]
    pub this_user: Ref<User>,
    /// When the session was last used. It is brought up to date every ten minutes of use; a session idle for
    /// a day is ended.
    #[field(DynamicRO)]
    pub last_active: DateTime,
    /// True for a session between hosts of the pool, made with the pool's secret.
    #[field(DynamicRO)]
    pub pool: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True for the local root: no role is checked.
    #[field(DynamicRO, default = false)]
    pub is_local_superuser: bool,
    /// The user or group of a directory service that logged in, or null for a local user.
    #[field(DynamicRO, default = Ref::null())]
    pub subject: Ref<Subject>,
    /// When a directory user was last confirmed with the directory service.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub validation_time: DateTime,
    /// Identifier of the user; empty for the local superuser. Sessions with the same one may act on each
    /// other's tasks.
    #[field(DynamicRO, default = String::new())]
    pub auth_user_sid: String,
    /// Name that was given at login.
    #[field(DynamicRO, default = String::new())]
    pub auth_user_name: String,
    /// What the session may call, by permission name. Not used for the local superuser.
    #[field(StaticRO, default = Vec::new())]
    pub rbac_permissions: Vec<String>,
    /// The tasks that were made by calls of this session.
    #[field(DynamicRO, view = Task::SESSION)]
    pub tasks: Many<Task>,
    /// The session that made this one, or null. It ends when its parent ends.
    #[field(StaticRO, default = Ref::null())]
    pub parent: Ref<Session>,
    /// What the client called itself at login. Old sessions are ended per originator, so that a client which
    /// forgets to log out does not push out others.
    #[field(DynamicRO, default = String::new())]
    pub originator: String,
    /// True for a session that a client certificate opened.
    #[field(DynamicRO, default = false)]
    pub client_certificate: bool,
    /// Name of the role; empty for the local superuser.
    #[field(Internal)]
    pub role: String,
}

/// Ends all sessions of a user of the directory service, but not the caller's own.
#[derive(Clone, Debug, Call)]
#[call(name = "session.logout_subject_identifier", role = PoolOperator)]
pub struct LogoutSubjectIdentifier {
    /// Identifier of the user in the directory service.
    pub subject_identifier: String,
}

/// Identifiers of all directory users who are logged in.
#[derive(Clone, Debug, Call)]
#[call(name = "session.get_all_subject_identifiers", out = Vec<String>, role = ReadOnly)]
pub struct GetAllSubjectIdentifiers {}

/// Ends a local session, made by session.slave_local_login_with_password.
#[derive(Clone, Debug, Call)]
#[call(name = "session.local_logout", role = PoolAdmin, sync)]
pub struct LocalLogout {}

/// Opens a copy of a pool's database in a file for reading, for disaster recovery, and returns a session that
/// sees that database instead of this pool's.
#[derive(Clone, Debug, Call)]
#[call(name = "session.create_from_db_file", out = Ref<Session>, role = LocalRoot)]
pub struct CreateFromDbFile {
    /// Path of the database file on the host.
    pub filename: String,
}

/// Logs in to this one host, also when it is cut off from its pool's master. Such a session may make the
/// emergency calls only. Refused with SESSION_AUTHENTICATION_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "session.slave_local_login_with_password", out = Ref<Session>, role = PoolAdmin, no_session)]
pub struct SlaveLocalLoginWithPassword {
    /// Name of the local superuser.
    pub uname: String,
    /// The password.
    pub pwd: String,
}

/// Logs in to this one host with the secret of the pool. Refused with SESSION_AUTHENTICATION_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "session.slave_local_login", out = Ref<Session>, role = ReadOnly, no_session, hidden)]
pub struct SlaveLocalLogin {
    /// The secret that the hosts of the pool share.
    pub psecret: String,
}

/// Logs another host of the pool in, with the secret of the pool. Refused with SESSION_AUTHENTICATION_FAILED.
#[derive(Clone, Debug, Call)]
#[call(name = "session.slave_login", out = Ref<Session>, role = ReadOnly, no_session, hidden)]
pub struct SlaveLogin {
    /// The host that logs in.
    pub host: Ref<Host>,
    /// The secret that the hosts of the pool share.
    pub psecret: String,
}

/// Changes the password of the local superuser on every host of the pool. Refused with
/// USER_IS_NOT_LOCAL_SUPERUSER, SESSION_AUTHENTICATION_FAILED for a wrong old password, and
/// CHANGE_PASSWORD_REJECTED.
#[derive(Clone, Debug, Call)]
#[call(name = "session.change_password", role = LocalRoot, sync)]
pub struct ChangePassword {
    /// The password so far. It is not asked of a caller on the local socket.
    pub old_pwd: String,
    /// The password from now on.
    pub new_pwd: String,
}

/// Ends the calling session. Its waiting event calls return with SESSION_INVALID.
#[derive(Clone, Debug, Call)]
#[call(name = "session.logout", role = ReadOnly, sync)]
pub struct Logout {}

/// Opens a session. On a host that is not the pool's master it answers HOST_IS_SLAVE with the master's
/// address. Refused with SESSION_AUTHENTICATION_FAILED for a wrong name or password,
/// SESSION_AUTHORIZATION_FAILED or RBAC_PERMISSION_DENIED for a directory user without a role here. Over the
/// local socket the password is not looked at.
#[derive(Clone, Debug, Call)]
#[call(name = "session.login_with_password", out = Ref<Session>, role = ReadOnly, no_session)]
pub struct LoginWithPassword {
    /// The user's name.
    pub uname: String,
    /// The password.
    pub pwd: String,
    /// The API version that the client knows. It is not used.
    #[param(default = "1.1".to_owned())]
    pub version: String,
    /// What the client calls itself; empty for anonymous.
    #[param(default = String::new())]
    pub originator: String,
}
