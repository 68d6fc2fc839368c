//! Class `PIF_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Pif metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "PIF_metrics", role = PoolOperator)]
pub struct PifMetrics {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Io read kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Io write kbs.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// Carrier.
    #[field(DynamicRO)]
    pub carrier: bool,
    /// Vendor id.
    #[field(DynamicRO)]
    pub vendor_id: String,
    /// Vendor name.
    #[field(DynamicRO)]
    pub vendor_name: String,
    /// Device id.
    #[field(DynamicRO)]
    pub device_id: String,
    /// Device name.
    #[field(DynamicRO)]
    pub device_name: String,
    /// Speed.
    #[field(DynamicRO)]
    pub speed: i64,
    /// Duplex.
    #[field(DynamicRO)]
    pub duplex: bool,
    /// Pci bus path.
    #[field(DynamicRO)]
    pub pci_bus_path: String,
    /// Last updated.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

