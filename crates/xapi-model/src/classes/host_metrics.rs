//! Class `host_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Host metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "host_metrics", role = PoolOperator)]
pub struct HostMetrics {
    /// Unique identifier of the host_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Memory total.
    #[field(DynamicRO, db = "memory__total")]
    pub memory_total: i64,
    /// Memory free.
    #[field(DynamicRO, default = 0, state = Removed, db = "memory__free")]
    pub memory_free: i64,
    /// Live.
    #[field(DynamicRO)]
    pub live: bool,
    /// Last updated.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

