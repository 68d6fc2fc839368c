//! Class `host_cpu`.

use std::collections::BTreeMap;

use super::*;

/// Host cpu.
#[derive(Clone, Debug, Class)]
#[class(name = "host_cpu", role = PoolOperator, state = Deprecated)]
pub struct HostCpu {
    /// Unique identifier of the host_cpu. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Host.
    #[field(DynamicRO)]
    pub host: Ref<Host>,
    /// Number.
    #[field(DynamicRO)]
    pub number: i64,
    /// Vendor.
    #[field(DynamicRO)]
    pub vendor: String,
    /// Speed.
    #[field(DynamicRO)]
    pub speed: i64,
    /// Modelname.
    #[field(DynamicRO)]
    pub modelname: String,
    /// Family.
    #[field(DynamicRO)]
    pub family: i64,
    /// Model.
    #[field(DynamicRO)]
    pub model: i64,
    /// Stepping.
    #[field(DynamicRO)]
    pub stepping: String,
    /// Flags.
    #[field(DynamicRO)]
    pub flags: String,
    /// Features.
    #[field(DynamicRO)]
    pub features: String,
    /// Utilisation.
    #[field(DynamicRO)]
    pub utilisation: f64,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

