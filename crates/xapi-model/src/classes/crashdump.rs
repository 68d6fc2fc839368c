//! Class `crashdump`.

use std::collections::BTreeMap;

use super::*;

/// Crashdump.
#[derive(Clone, Debug, Class)]
#[class(name = "crashdump", role = PoolOperator, state = Deprecated, calls(Destroy))]
pub struct Crashdump {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// VM.
    #[field(StaticRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// VDI.
    #[field(StaticRO, name = "VDI")]
    pub vdi: Ref<Vdi>,
    /// Other config.
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
