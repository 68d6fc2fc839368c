//! Class `session`.

use std::collections::BTreeMap;

use super::*;

/// Session.
#[derive(Clone, Debug, Class)]
#[class(name = "session", role = PoolAdmin, no_get_all, no_events, volatile, calls(LogoutSubjectIdentifier, GetAllSubjectIdentifiers, LocalLogout, CreateFromDbFile, SlaveLocalLoginWithPassword, ChangePassword, Logout, LoginWithPassword))]
pub struct Session {
    /// Unique identifier of the session. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// This host.
    #[field(DynamicRO)]
    pub this_host: Ref<Host>,
    /// This user.
    #[field(DynamicRO)]
    pub this_user: Ref<User>,
    /// Last active.
    #[field(DynamicRO)]
    pub last_active: DateTime,
    /// Pool.
    #[field(DynamicRO)]
    pub pool: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Is local superuser.
    #[field(DynamicRO, default = false)]
    pub is_local_superuser: bool,
    /// Subject.
    #[field(DynamicRO, default = Ref::null())]
    pub subject: Ref<Subject>,
    /// Validation time.
    #[field(DynamicRO, default = DateTime::epoch())]
    pub validation_time: DateTime,
    /// Auth user sid.
    #[field(DynamicRO, default = String::new())]
    pub auth_user_sid: String,
    /// Auth user name.
    #[field(DynamicRO, default = String::new())]
    pub auth_user_name: String,
    /// Rbac permissions.
    #[field(StaticRO, default = Vec::new())]
    pub rbac_permissions: Vec<String>,
    /// Tasks.
    #[field(DynamicRO, view = Task::SESSION)]
    pub tasks: Many<Task>,
    /// Parent.
    #[field(StaticRO, default = Ref::null())]
    pub parent: Ref<Session>,
    /// Originator.
    #[field(DynamicRO, default = String::new())]
    pub originator: String,
    /// Client certificate.
    #[field(DynamicRO, default = false)]
    pub client_certificate: bool,
}

/// Logout subject identifier of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.logout_subject_identifier", role = PoolOperator)]
pub struct LogoutSubjectIdentifier {
    /// Subject identifier.
    pub subject_identifier: String,
}

/// Get all subject identifiers of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.get_all_subject_identifiers", out = Vec<String>, role = ReadOnly)]
pub struct GetAllSubjectIdentifiers {}

/// Local logout of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.local_logout", role = PoolAdmin, sync)]
pub struct LocalLogout {}

/// Create from db file of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.create_from_db_file", out = Ref<Session>, role = LocalRoot)]
pub struct CreateFromDbFile {
    /// Filename.
    pub filename: String,
}

/// Slave local login with password of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.slave_local_login_with_password", out = Ref<Session>, role = PoolAdmin, no_session)]
pub struct SlaveLocalLoginWithPassword {
    /// Uname.
    pub uname: String,
    /// Pwd.
    pub pwd: String,
}

/// Change password of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.change_password", role = LocalRoot, sync)]
pub struct ChangePassword {
    /// Old pwd.
    pub old_pwd: String,
    /// New pwd.
    pub new_pwd: String,
}

/// Logout of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.logout", role = ReadOnly, sync)]
pub struct Logout {}

/// Login with password of session.
#[derive(Clone, Debug, Call)]
#[call(name = "session.login_with_password", out = Ref<Session>, role = ReadOnly, no_session)]
pub struct LoginWithPassword {
    /// Uname.
    pub uname: String,
    /// Pwd.
    pub pwd: String,
    /// Version.
    #[param(default = "1.1".to_owned())]
    pub version: String,
    /// Originator.
    #[param(default = String::new())]
    pub originator: String,
}
