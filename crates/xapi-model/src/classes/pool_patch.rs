//! Class `pool_patch`.

use std::collections::BTreeMap;

use super::*;

/// An update of the old kind, uploaded to the pool. pool_update replaces it.
#[derive(Clone, Debug, Class)]
#[class(name = "pool_patch", role = PoolOperator, state = Deprecated, calls(CleanOnHost, Destroy, PoolClean, Clean, Precheck, PoolApply, Apply))]
pub struct PoolPatch {
    /// Unique identifier of the pool_patch. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(StaticRO, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(StaticRO, default = String::new())]
    pub name_description: String,
    /// Version of the patch.
    #[field(StaticRO, default = String::new())]
    pub version: String,
    /// Size of the file in bytes.
    #[field(DynamicRO, default = 0)]
    pub size: i64,
    /// True once it is applied to every host.
    #[field(DynamicRO, default = false)]
    pub pool_applied: bool,
    /// The hosts that it is applied to.
    #[field(DynamicRO, view = HostPatch::POOL_PATCH)]
    pub host_patches: Many<HostPatch>,
    /// What puts it in force.
    #[field(DynamicRO, default = Vec::new())]
    pub after_apply_guidance: Vec<AfterApplyGuidance>,
    /// The update that stands for it now.
    #[field(StaticRO, default = Ref::null())]
    pub pool_update: Ref<PoolUpdate>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// What puts a patch in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "after_apply_guidance")]
pub enum AfterApplyGuidance {
    /// Restart fully virtualised machines.
    #[wire(name = "restartHVM")]
    RestartHVM,
    /// Restart paravirtual machines.
    #[wire(name = "restartPV")]
    RestartPV,
    /// Restart the host.
    #[wire(name = "restartHost")]
    RestartHost,
    /// Restart the server.
    #[wire(name = "restartXAPI")]
    RestartXAPI,
}

/// Removes the file from one host.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.clean_on_host", role = PoolOperator, state = Deprecated)]
pub struct CleanOnHost {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// The host.
    pub host: Ref<Host>,
}

/// Removes the record and all files. Refused with PATCH_IS_APPLIED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Removes the files from all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.pool_clean", role = PoolOperator, state = Deprecated)]
pub struct PoolClean {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Removes the file from the pool's master.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.clean", role = PoolOperator, state = Deprecated)]
pub struct Clean {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Checks whether it could be applied to a host, and returns the output of the check.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.precheck", out = String, role = PoolOperator, state = Deprecated)]
pub struct Precheck {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// The host.
    pub host: Ref<Host>,
}

/// Applies it to all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.pool_apply", role = PoolOperator, state = Deprecated)]
pub struct PoolApply {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Applies it to a host, and returns its output.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.apply", out = String, role = PoolOperator, state = Deprecated)]
pub struct Apply {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// The host.
    pub host: Ref<Host>,
}
