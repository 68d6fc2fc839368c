//! Class `DR_task`.

use std::collections::BTreeMap;

use super::*;

/// Dr task.
#[derive(Clone, Debug, Class)]
#[class(name = "DR_task", role = PoolAdmin, calls(Destroy, Create))]
pub struct DrTask {
    /// Unique identifier of the DR_task. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Introduced SRs.
    #[field(DynamicRO, name = "introduced_SRs", view = Sr::INTRODUCED_BY)]
    pub introduced_srs: Many<Sr>,
}

/// Destroy of DR task.
#[derive(Clone, Debug, Call)]
#[call(name = "DR_task.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The DR_task.
    #[param(name = "self")]
    pub this: Ref<DrTask>,
}

/// Create of DR task.
#[derive(Clone, Debug, Call)]
#[call(name = "DR_task.create", out = Ref<DrTask>, role = PoolOperator)]
pub struct Create {
    /// Type.
    #[param(name = "type")]
    pub kind: String,
    /// Device config.
    pub device_config: BTreeMap<String, String>,
    /// Whitelist.
    pub whitelist: Vec<String>,
}
