//! Class `host_metrics`.

use std::collections::BTreeMap;

use super::*;

/// What is measured of a host. The record lives as long as the host's.
#[derive(Clone, Debug, Class)]
#[class(name = "host_metrics", role = PoolOperator)]
pub struct HostMetrics {
    /// Unique identifier of the host_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Memory of the host in bytes.
    #[field(DynamicRO, db = "memory__total")]
    pub memory_total: i64,
    /// Was the free memory in bytes; host.compute_free_memory tells it.
    #[field(DynamicRO, default = 0, state = Removed, db = "memory__free")]
    pub memory_free: i64,
    /// True while the pool's master hears from the host. Calls that need a host which is not live answer
    /// HOST_OFFLINE.
    #[field(DynamicRO)]
    pub live: bool,
    /// When these values were last read.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

