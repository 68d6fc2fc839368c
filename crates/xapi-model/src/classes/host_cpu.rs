//! Class `host_cpu`.

use std::collections::BTreeMap;

use super::*;

/// A physical CPU of a host. The host's `cpu_info` tells more.
#[derive(Clone, Debug, Class)]
#[class(name = "host_cpu", role = PoolOperator, state = Deprecated)]
pub struct HostCpu {
    /// Unique identifier of the host_cpu. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The host.
    #[field(DynamicRO)]
    pub host: Ref<Host>,
    /// Number of the CPU on its host.
    #[field(DynamicRO)]
    pub number: i64,
    /// Maker.
    #[field(DynamicRO)]
    pub vendor: String,
    /// Frequency in MHz.
    #[field(DynamicRO)]
    pub speed: i64,
    /// Name of the model.
    #[field(DynamicRO)]
    pub modelname: String,
    /// Number of the family.
    #[field(DynamicRO)]
    pub family: i64,
    /// Number of the model.
    #[field(DynamicRO)]
    pub model: i64,
    /// Number of the revision.
    #[field(DynamicRO)]
    pub stepping: String,
    /// Features, as Linux tells them.
    #[field(DynamicRO)]
    pub flags: String,
    /// Features, as the CPU tells them.
    #[field(DynamicRO)]
    pub features: String,
    /// Load, 0 to 1. The host's data sources tell it now.
    #[field(DynamicRO)]
    pub utilisation: f64,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

