//! Class `VBD_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Was the record of a drive's traffic. Rates are kept by the machine's data sources now; no drive has such a
/// record.
#[derive(Clone, Debug, Class)]
#[class(name = "VBD_metrics", role = VmAdmin, state = Removed)]
pub struct VbdMetrics {
    /// Unique identifier of the VBD_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Was the rate of reading, in KiB/s.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Was the rate of writing, in KiB/s.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// Was when these values were last read.
    #[field(DynamicRO, default = DateTime::epoch(), state = Removed)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new(), state = Removed)]
    pub other_config: BTreeMap<String, String>,
}

