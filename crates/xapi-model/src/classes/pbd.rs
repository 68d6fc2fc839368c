//! Class `PBD`.

use std::collections::BTreeMap;

use super::*;

/// Pbd.
#[derive(Clone, Debug, Class)]
#[class(name = "PBD", role = PoolOperator, ctor, calls(SetDeviceConfig, Unplug, Plug))]
pub struct Pbd {
    /// Unique identifier of the PBD. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// SR.
    #[field(StaticRO, name = "SR")]
    pub sr: Ref<Sr>,
    /// Device config.
    #[field(StaticRO)]
    pub device_config: BTreeMap<String, String>,
    /// Currently attached.
    #[field(DynamicRO)]
    pub currently_attached: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Set device config of PBD.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.set_device_config", role = PoolOperator)]
pub struct SetDeviceConfig {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
    /// Value.
    pub value: BTreeMap<String, String>,
}

/// Unplug of PBD.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.unplug", role = PoolOperator)]
pub struct Unplug {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
}

/// Plug of PBD.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.plug", role = PoolOperator)]
pub struct Plug {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
}
