//! Class `user`.

use std::collections::BTreeMap;

use super::*;

/// User.
#[derive(Clone, Debug, Class)]
#[class(name = "user", role = PoolAdmin, no_get_all, no_events, ctor, state = Deprecated)]
pub struct User {
    /// Unique identifier of the user. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Short name.
    #[field(StaticRO)]
    pub short_name: String,
    /// Fullname.
    #[field(RW)]
    pub fullname: String,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

