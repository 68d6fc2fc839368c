//! Class `pool_patch`.

use std::collections::BTreeMap;

use super::*;

/// Pool patch.
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
    /// Version.
    #[field(StaticRO, default = String::new())]
    pub version: String,
    /// Size.
    #[field(DynamicRO, default = 0)]
    pub size: i64,
    /// Pool applied.
    #[field(DynamicRO, default = false)]
    pub pool_applied: bool,
    /// Host patches.
    #[field(DynamicRO, view = HostPatch::POOL_PATCH)]
    pub host_patches: Many<HostPatch>,
    /// After apply guidance.
    #[field(DynamicRO, default = Vec::new())]
    pub after_apply_guidance: Vec<AfterApplyGuidance>,
    /// Pool update.
    #[field(StaticRO, default = Ref::null())]
    pub pool_update: Ref<PoolUpdate>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// After apply guidance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "after_apply_guidance")]
pub enum AfterApplyGuidance {
    /// Restarthvm.
    #[wire(name = "restartHVM")]
    RestartHVM,
    /// Restartpv.
    #[wire(name = "restartPV")]
    RestartPV,
    /// Restarthost.
    #[wire(name = "restartHost")]
    RestartHost,
    /// Restartxapi.
    #[wire(name = "restartXAPI")]
    RestartXAPI,
}

/// Clean on host of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.clean_on_host", role = PoolOperator, state = Deprecated)]
pub struct CleanOnHost {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// Host.
    pub host: Ref<Host>,
}

/// Destroy of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Pool clean of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.pool_clean", role = PoolOperator, state = Deprecated)]
pub struct PoolClean {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Clean of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.clean", role = PoolOperator, state = Deprecated)]
pub struct Clean {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Precheck of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.precheck", out = String, role = PoolOperator, state = Deprecated)]
pub struct Precheck {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// Host.
    pub host: Ref<Host>,
}

/// Pool apply of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.pool_apply", role = PoolOperator, state = Deprecated)]
pub struct PoolApply {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
}

/// Apply of pool patch.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_patch.apply", out = String, role = PoolOperator, state = Deprecated)]
pub struct Apply {
    /// The pool_patch.
    #[param(name = "self")]
    pub this: Ref<PoolPatch>,
    /// Host.
    pub host: Ref<Host>,
}
