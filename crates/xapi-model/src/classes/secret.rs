//! Class `secret`.

use std::collections::BTreeMap;

use super::*;

/// Secret.
#[derive(Clone, Debug, Class)]
#[class(name = "secret", role = PoolOperator, get_role = PoolOperator, no_events, ctor)]
pub struct Secret {
    /// Uuid.
    #[field(DynamicRO, get_role = PoolOperator)]
    pub uuid: String,
    /// Value.
    #[field(RW, get_role = PoolOperator)]
    pub value: String,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

