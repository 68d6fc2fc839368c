//! Class `user`.

use std::collections::BTreeMap;

use super::*;

/// User.
#[derive(Clone, Debug, Class)]
#[class(name = "user", role = PoolAdmin, no_get_all, no_events, ctor, state = Deprecated)]
pub struct User {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Short name.
    #[field(StaticRO)]
    pub short_name: String,
    /// Fullname.
    #[field(RW)]
    pub fullname: String,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

