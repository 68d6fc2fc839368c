//! Class `PBD`.

use std::collections::BTreeMap;

use super::*;

/// The connection of a host to a storage repository. A shared repository has one for each host.
#[derive(Clone, Debug, Class)]
#[class(name = "PBD", role = PoolOperator, ctor, calls(SetDeviceConfig, Unplug, Plug))]
pub struct Pbd {
    /// Unique identifier of the PBD. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The host that connects.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// The repository that it connects to.
    #[field(StaticRO, name = "SR")]
    pub sr: Ref<Sr>,
    /// How the host reaches the storage: server, path, device; the keys depend on the repository's type.
    #[field(StaticRO)]
    pub device_config: BTreeMap<String, String>,
    /// True while the repository is attached on the host.
    #[field(DynamicRO)]
    pub currently_attached: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Changes how the host reaches the storage. It takes effect when the PBD is next plugged.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.set_device_config", role = PoolOperator)]
pub struct SetDeviceConfig {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
    /// The new keys and values.
    pub value: BTreeMap<String, String>,
}

/// Detaches the repository from the host. Refused while a disk of it is in use on the host (VDI_IN_USE), and
/// with SR_BACKEND_FAILURE when the storage refuses.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.unplug", role = PoolOperator)]
pub struct Unplug {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
}

/// Attaches the repository on the host. Refused with SR_BACKEND_FAILURE or SR_UNKNOWN_DRIVER when the storage
/// cannot be reached or is not known.
#[derive(Clone, Debug, Call)]
#[call(name = "PBD.plug", role = PoolOperator)]
pub struct Plug {
    /// The PBD.
    #[param(name = "self")]
    pub this: Ref<Pbd>,
}
