//! Class `host_patch`.

use std::collections::BTreeMap;

use super::*;

/// Host patch.
#[derive(Clone, Debug, Class)]
#[class(name = "host_patch", role = PoolOperator, state = Deprecated, calls(Apply, Destroy))]
pub struct HostPatch {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name label.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Name description.
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
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Apply of host patch.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.apply", out = String, role = PoolOperator, state = Deprecated)]
pub struct Apply {
    /// The host patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}

/// Destroy of host patch.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The host patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}
