//! Class `pool_update`.

use std::collections::BTreeMap;

use super::*;

/// An update that was uploaded to the pool.
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
    /// Version of the update.
    #[field(StaticRO, default = String::new())]
    pub version: String,
    /// Bytes that it needs on a host.
    #[field(StaticRO, default = 0)]
    pub installation_size: i64,
    /// The key that it is signed with.
    #[field(StaticRO, default = String::new())]
    pub key: String,
    /// What puts it in force.
    #[field(StaticRO, default = Vec::new())]
    pub after_apply_guidance: Vec<UpdateAfterApplyGuidance>,
    /// The disk that holds it.
    #[field(StaticRO)]
    pub vdi: Ref<Vdi>,
    /// The hosts that it is applied to.
    #[field(DynamicRO)]
    pub hosts: Vec<Ref<Host>>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True if all hosts of a pool must have it.
    #[field(StaticRO, default = false)]
    pub enforce_homogeneity: bool,
}

/// What puts an update in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "update_after_apply_guidance")]
pub enum UpdateAfterApplyGuidance {
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

/// Whether the running system can be patched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "livepatch_status")]
pub enum LivepatchStatus {
    /// It can, and needs no restart.
    #[wire(name = "ok_livepatch_complete")]
    OkLivepatchComplete,
    /// It can in part, and needs a restart for the rest.
    #[wire(name = "ok_livepatch_incomplete")]
    OkLivepatchIncomplete,
    /// It cannot.
    #[wire(name = "ok")]
    Ok,
}

/// Removes the record and the file. Refused with UPDATE_IS_APPLIED.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Removes the files from all hosts.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.pool_clean", role = PoolOperator)]
pub struct PoolClean {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Applies it to all hosts. Refused with UPDATE_POOL_APPLY_FAILED, which names those that failed.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.pool_apply", role = PoolOperator)]
pub struct PoolApply {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
}

/// Applies it to a host. Refused with UPDATE_ALREADY_APPLIED, UPDATE_APPLY_FAILED and the reasons of
/// pool_update.precheck.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.apply", role = PoolOperator)]
pub struct Apply {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
    /// The host.
    pub host: Ref<Host>,
}

/// Checks whether it could be applied to a host. Refused with an UPDATE_PRECHECK_FAILED_… code.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.precheck", out = LivepatchStatus, role = PoolOperator)]
pub struct Precheck {
    /// The pool_update.
    #[param(name = "self")]
    pub this: Ref<PoolUpdate>,
    /// The host.
    pub host: Ref<Host>,
}

/// Makes an update known that was uploaded to a disk. Refused with INVALID_UPDATE and UPDATE_ALREADY_EXISTS.
#[derive(Clone, Debug, Call)]
#[call(name = "pool_update.introduce", out = Ref<PoolUpdate>, role = PoolOperator)]
pub struct Introduce {
    /// The disk.
    pub vdi: Ref<Vdi>,
}
