//! Class `network`.

use std::collections::BTreeMap;

use super::*;

/// Network.
#[derive(Clone, Debug, Class)]
#[class(name = "network", role = VmAdmin, ctor, calls(RemovePurpose, AddPurpose, SetDefaultLockingMode, CreateNewBlob))]
pub struct Network {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name label.
    #[field(RW, default = String::new(), role = PoolOperator)]
    pub name_label: String,
    /// Name description.
    #[field(RW, default = String::new(), role = PoolOperator)]
    pub name_description: String,
    /// Allowed operations.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<NetworkOperations>,
    /// Current operations.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, NetworkOperations>,
    /// VIFs.
    #[field(DynamicRO, name = "VIFs", view = Vif::NETWORK)]
    pub vifs: Many<Vif>,
    /// PIFs.
    #[field(DynamicRO, name = "PIFs", view = Pif::NETWORK)]
    pub pifs: Many<Pif>,
    /// MTU.
    #[field(RW, name = "MTU", default = 1500)]
    pub mtu: i64,
    /// Other config.
    #[field(RW, role = PoolOperator, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator), ("XenCenterCreateInProgress", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Bridge.
    #[field(StaticRO, default = String::new())]
    pub bridge: String,
    /// Managed.
    #[field(StaticRO, default = true)]
    pub managed: bool,
    /// Blobs.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Tags.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// Default locking mode.
    #[field(DynamicRO, default = NetworkDefaultLockingMode::Unlocked)]
    pub default_locking_mode: NetworkDefaultLockingMode,
    /// Assigned ips.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub assigned_ips: BTreeMap<Ref<Vif>, String>,
    /// Purpose.
    #[field(DynamicRO, default = Vec::new())]
    pub purpose: Vec<NetworkPurpose>,
}

/// Network operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_operations")]
pub enum NetworkOperations {
    /// Attaching.
    #[wire(name = "attaching")]
    Attaching,
}

/// Network default locking mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_default_locking_mode")]
pub enum NetworkDefaultLockingMode {
    /// Unlocked.
    #[wire(name = "unlocked")]
    Unlocked,
    /// Disabled.
    #[wire(name = "disabled")]
    Disabled,
}

/// Network purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_purpose")]
pub enum NetworkPurpose {
    /// Nbd.
    #[wire(name = "nbd")]
    Nbd,
    /// Insecure nbd.
    #[wire(name = "insecure_nbd")]
    InsecureNbd,
}

/// Remove purpose of network.
#[derive(Clone, Debug, Call)]
#[call(name = "network.remove_purpose", role = PoolAdmin)]
pub struct RemovePurpose {
    /// The network.
    #[param(name = "self")]
    pub this: Ref<Network>,
    /// Value.
    pub value: NetworkPurpose,
}

/// Add purpose of network.
#[derive(Clone, Debug, Call)]
#[call(name = "network.add_purpose", role = PoolAdmin)]
pub struct AddPurpose {
    /// The network.
    #[param(name = "self")]
    pub this: Ref<Network>,
    /// Value.
    pub value: NetworkPurpose,
}

/// Set default locking mode of network.
#[derive(Clone, Debug, Call)]
#[call(name = "network.set_default_locking_mode", role = PoolOperator)]
pub struct SetDefaultLockingMode {
    /// Network.
    pub network: Ref<Network>,
    /// Value.
    pub value: NetworkDefaultLockingMode,
}

/// Create new blob of network.
#[derive(Clone, Debug, Call)]
#[call(name = "network.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// Network.
    pub network: Ref<Network>,
    /// Name.
    pub name: String,
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}
