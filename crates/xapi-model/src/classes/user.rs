//! Class `user`.

use std::collections::BTreeMap;

use super::*;

/// A local user, from the time before directory services. Users are told by sessions and subjects now.
#[derive(Clone, Debug, Class)]
#[class(name = "user", role = PoolAdmin, no_get_all, no_events, ctor, state = Deprecated)]
pub struct User {
    /// Unique identifier of the user. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name used at login.
    #[field(StaticRO)]
    pub short_name: String,
    /// Name for people.
    #[field(RW)]
    pub fullname: String,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

