//! Class `VIF_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Vif metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "VIF_metrics", role = VmAdmin, state = Removed)]
pub struct VifMetrics {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Io read kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Io write kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// Last updated.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

