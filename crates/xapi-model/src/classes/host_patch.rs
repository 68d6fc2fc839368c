//! Class `host_patch`.

use std::collections::BTreeMap;

use super::*;

/// A patch of the old kind on one host.
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
    /// Version of the patch.
    #[field(StaticRO)]
    pub version: String,
    /// The host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// True once it is applied.
    #[field(DynamicRO)]
    pub applied: bool,
    /// When it was applied.
    #[field(DynamicRO)]
    pub timestamp_applied: DateTime,
    /// Size of the file in bytes.
    #[field(DynamicRO)]
    pub size: i64,
    /// The patch.
    #[field(StaticRO, default = Ref::null())]
    pub pool_patch: Ref<PoolPatch>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Applies it, and returns its output.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.apply", out = String, role = PoolOperator, state = Deprecated)]
pub struct Apply {
    /// The host_patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}

/// Removes the record. Refused with PATCH_IS_APPLIED.
#[derive(Clone, Debug, Call)]
#[call(name = "host_patch.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The host_patch.
    #[param(name = "self")]
    pub this: Ref<HostPatch>,
}
