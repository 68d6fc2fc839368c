//! Class `PIF_metrics`.

use std::collections::BTreeMap;

use super::*;

/// What is measured and known of an interface: its link, and the hardware behind it. VLANs and tunnels share
/// the record of the interface that they stand on.
#[derive(Clone, Debug, Class)]
#[class(name = "PIF_metrics", role = PoolOperator)]
pub struct PifMetrics {
    /// Unique identifier of the PIF_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Was the rate of incoming data. Rates are kept by the host's data sources now.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__read_kbs")]
    pub io_read_kbs: f64,
    /// Was the rate of outgoing data. Rates are kept by the host's data sources now.
    #[field(DynamicRO, default = 0., state = Removed, db = "io__write_kbs")]
    pub io_write_kbs: f64,
    /// True while there is a link. The aggregate of a bond has one while any member has.
    #[field(DynamicRO)]
    pub carrier: bool,
    /// PCI number of the maker, in hexadecimal.
    #[field(DynamicRO)]
    pub vendor_id: String,
    /// Name of the maker.
    #[field(DynamicRO)]
    pub vendor_name: String,
    /// PCI number of the model, in hexadecimal.
    #[field(DynamicRO)]
    pub device_id: String,
    /// Name of the model.
    #[field(DynamicRO)]
    pub device_name: String,
    /// Speed of the link in Mbit/s; 0 while it is down or not known.
    #[field(DynamicRO)]
    pub speed: i64,
    /// True if the link carries traffic both ways at once; false also when it is not known.
    #[field(DynamicRO)]
    pub duplex: bool,
    /// Place of the NIC on the PCI bus, such as `0000:03:00.0`.
    #[field(DynamicRO)]
    pub pci_bus_path: String,
    /// When these values were last read.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

