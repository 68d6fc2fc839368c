//! Class `host_crashdump`.

use std::collections::BTreeMap;

use super::*;

/// What was kept when a host crashed.
#[derive(Clone, Debug, Class)]
#[class(name = "host_crashdump", role = PoolOperator, calls(Upload, Destroy))]
pub struct HostCrashdump {
    /// Unique identifier of the host_crashdump. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// When it crashed.
    #[field(DynamicRO)]
    pub timestamp: DateTime,
    /// Size of the dump in bytes.
    #[field(DynamicRO)]
    pub size: i64,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Sends the dump to support.
#[derive(Clone, Debug, Call)]
#[call(name = "host_crashdump.upload", role = PoolOperator)]
pub struct Upload {
    /// The dump.
    #[param(name = "self")]
    pub this: Ref<HostCrashdump>,
    /// Where to send it; empty for the default.
    pub url: String,
    /// Further settings, such as a proxy.
    pub options: BTreeMap<String, String>,
}

/// Removes the dump.
#[derive(Clone, Debug, Call)]
#[call(name = "host_crashdump.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The dump.
    #[param(name = "self")]
    pub this: Ref<HostCrashdump>,
}
