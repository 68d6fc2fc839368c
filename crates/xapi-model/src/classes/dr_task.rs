//! Class `DR_task`.

use std::collections::BTreeMap;

use super::*;

/// Access to another pool's storage for disaster recovery.
#[derive(Clone, Debug, Class)]
#[class(name = "DR_task", role = PoolAdmin, calls(Destroy, Create))]
pub struct DrTask {
    /// Unique identifier of the DR_task. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The repositories that it made known.
    #[field(DynamicRO, name = "introduced_SRs", view = Sr::INTRODUCED_BY)]
    pub introduced_srs: Many<Sr>,
}

/// Ends the access and forgets its repositories. Refused with CANNOT_DESTROY_DISASTER_RECOVERY_TASK.
#[derive(Clone, Debug, Call)]
#[call(name = "DR_task.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The DR_task.
    #[param(name = "self")]
    pub this: Ref<DrTask>,
}

/// Makes repositories known that hold a copy of another pool's database.
#[derive(Clone, Debug, Call)]
#[call(name = "DR_task.create", out = Ref<DrTask>, role = PoolOperator)]
pub struct Create {
    /// Kind of storage.
    #[param(name = "type")]
    pub kind: String,
    /// How to reach the storage.
    pub device_config: BTreeMap<String, String>,
    /// UUIDs of the repositories; empty for all that are found.
    pub whitelist: Vec<String>,
}
