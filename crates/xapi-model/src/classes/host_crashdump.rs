//! Class `host_crashdump`.

use std::collections::BTreeMap;

use super::*;

/// Host crashdump.
#[derive(Clone, Debug, Class)]
#[class(name = "host_crashdump", role = PoolOperator, calls(Upload, Destroy))]
pub struct HostCrashdump {
    /// Unique identifier of the host_crashdump. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// Timestamp.
    #[field(DynamicRO)]
    pub timestamp: DateTime,
    /// Size.
    #[field(DynamicRO)]
    pub size: i64,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Upload of host crashdump.
#[derive(Clone, Debug, Call)]
#[call(name = "host_crashdump.upload", role = PoolOperator)]
pub struct Upload {
    /// The host_crashdump.
    #[param(name = "self")]
    pub this: Ref<HostCrashdump>,
    /// Url.
    pub url: String,
    /// Options.
    pub options: BTreeMap<String, String>,
}

/// Destroy of host crashdump.
#[derive(Clone, Debug, Call)]
#[call(name = "host_crashdump.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The host_crashdump.
    #[param(name = "self")]
    pub this: Ref<HostCrashdump>,
}
