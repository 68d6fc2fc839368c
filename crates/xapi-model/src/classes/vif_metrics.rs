//! Class `VIF_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Was the record of a VIF's traffic. Rates are kept by the machine's data sources now; no VIF has such a
/// record.
#[derive(Clone, Debug, Class)]
#[class(name = "VIF_metrics", role = VmAdmin, state = Removed)]
pub struct VifMetrics {
    /// Unique identifier of the VIF_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Was the rate of data to the machine, in KiB/s.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Was the rate of data from the machine, in KiB/s.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// When these values were last read.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

