//! Class `VBD_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Vbd metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "VBD_metrics", role = VmAdmin, state = Removed)]
pub struct VbdMetrics {
    /// Unique identifier of the VBD_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Io read kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Io write kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// Last updated.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new(), state = Removed)]
    pub other_config: BTreeMap<String, String>,
}

