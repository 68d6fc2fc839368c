//! Class `pool_update`.

use std::collections::BTreeMap;

use super::*;

/// Pool update.
#[derive(Clone, Debug, Class)]
#[class(name = "pool_update", role = PoolOperator, calls(Destroy, PoolClean, PoolApply, Apply, Precheck, Introduce))]
pub struct PoolUpdate {
    /// Unique identifier of the pool_update. It never changes.
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
    /// Installation size.
    #[field(StaticRO, default = 0)]
    pub installation_size: i64,
    /// Key.
    #[field(StaticRO, default = String::new())]
    pub key: String,
    /// After apply guidance.
    #[field(StaticRO, default = Vec::new())]
    pub after_apply_guidance: Vec<UpdateAfterApplyGuidance>,
    /// Vdi.
    #[field(StaticRO)]
    pub vdi: Ref<Vdi>,
    /// Hosts.
    #[field(DynamicRO)]
    pub hosts: Vec<Ref<Host>>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Enforce homogeneity.
    #[field(StaticRO, default = false)]
    pub enforce_homogeneity: bool,
}

/// Update after apply guidance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_after_apply_guidance")]
pub enum UpdateAfterApplyGuidance {
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

/// Livepatch status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "livepatch_status")]
pub enum LivepatchStatus {
    /// Ok livepatch complete.
    #[wire(name = "ok_livepatch_complete")]
    OkLivepatchComplete,
    /// Ok livepatch incomplete.
    #[wire(name = "ok_livepatch_incomplete")]
    OkLivepatchIncomplete,
    /// Ok.
    #[wire(name = "ok")]
    Ok,
}

/// Destroy of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Pool clean of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.pool_clean", role = PoolOperator)]
pub struct PoolClean {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Pool apply of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.pool_apply", role = PoolOperator)]
pub struct PoolApply {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Apply of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.apply", role = PoolOperator)]
pub struct Apply {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
    /// Host.
    pub host: Ref<Host>,
}

/// Precheck of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.precheck", out = LivepatchStatus, role = PoolOperator)]
pub struct Precheck {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
    /// Host.
    pub host: Ref<Host>,
}

/// Introduce of pool update.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.introduce", out = Ref<PoolUpdate>, role = PoolOperator)]
pub struct Introduce {
    /// Vdi.
    pub vdi: Ref<Vdi>,
}
