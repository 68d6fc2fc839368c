//! Class `crashdump`.

use std::collections::BTreeMap;

use super::*;

/// Crashdump.
#[derive(Clone, Debug, Class)]
#[class(name = "crashdump", role = PoolOperator, state = Deprecated, calls(Destroy))]
pub struct Crashdump {
    /// Unique identifier of the crashdump. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// VM.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// VDI.
    #[field(StaticRO, name = "VDI")]
    pub vdi: Ref<Vdi>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Destroy of crashdump.
#[derive(Clone, Debug, Call)]
#[call(name = "crashdump.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The crashdump.
    #[param(name = "self")]
    pub this: Ref<Crashdump>,
}
