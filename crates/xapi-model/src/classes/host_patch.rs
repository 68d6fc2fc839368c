//! Class `host_patch`.

use std::collections::BTreeMap;

use super::*;

/// Host patch.
#[derive(Clone, Debug, Class)]
#[class(name = "host_patch", role = PoolOperator, state = Deprecated, calls(Apply, Destroy))]
pub struct HostPatch {
    /// Unique identifier of the host_patch. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// Version.
    #[field(StaticRO)]
    pub version: String,
    /// Host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// Applied.
    #[field(DynamicRO)]
    pub applied: bool,
    /// Timestamp applied.
    #[field(DynamicRO)]
    pub timestamp_applied: DateTime,
    /// Size.
    #[field(DynamicRO)]
    pub size: i64,
    /// Pool patch.
    #[field(StaticRO, default = Ref::null())]
    pub pool_patch: Ref<PoolPatch>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Apply of host patch.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.apply", out = String, role = PoolOperator, state = Deprecated)]
pub struct Apply {
    /// The host_patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}

/// Destroy of host patch.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The host_patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}
