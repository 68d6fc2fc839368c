//! Class `secret`.

use std::collections::BTreeMap;

use super::*;

/// A text that other objects refer to instead of holding it, such as a password.
#[derive(Clone, Debug, Class)]
#[class(name = "secret", role = PoolOperator, get_role = PoolOperator, no_events, ctor)]
pub struct Secret {
    /// Unique identifier of the secret. It never changes.
    #[field(DynamicRO, get_role = PoolOperator)]
    pub uuid: String,
    /// The text.
    #[field(RW, get_role = PoolOperator)]
    pub value: String,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

