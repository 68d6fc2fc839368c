//! Class `crashdump`.

use std::collections::BTreeMap;

use super::*;

/// The memory of a machine as it was when it crashed.
#[derive(Clone, Debug, Class)]
#[class(name = "crashdump", role = PoolOperator, state = Deprecated, calls(Destroy))]
pub struct Crashdump {
    /// Unique identifier of the crashdump. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The machine.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// The disk that holds it.
    #[field(StaticRO, name = "VDI")]
    pub vdi: Ref<Vdi>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Removes the dump with its disk.
#[derive(Clone, Debug, Call)]
#[call(name = "crashdump.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The dump.
    #[param(name = "self")]
    pub this: Ref<Crashdump>,
}
