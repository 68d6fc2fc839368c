//! Class `network_sriov`.

use super::*;

/// Network sriov.
#[derive(Clone, Debug, Class)]
#[class(name = "network_sriov", role = PoolAdmin, calls(GetRemainingCapacity, Destroy, Create))]
pub struct NetworkSriov {
    /// Unique identifier of the network_sriov. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Physical PIF.
    #[field(StaticRO, name = "physical_PIF", default = Ref::null())]
    pub physical_pif: Ref<Pif>,
    /// Logical PIF.
    #[field(StaticRO, name = "logical_PIF", default = Ref::null())]
    pub logical_pif: Ref<Pif>,
    /// Requires reboot.
    #[field(DynamicRO, default = false)]
    pub requires_reboot: bool,
    /// Configuration mode.
    #[field(DynamicRO, default = SriovConfigurationMode::Unknown)]
    pub configuration_mode: SriovConfigurationMode,
}

/// Sriov configuration mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sriov_configuration_mode")]
pub enum SriovConfigurationMode {
    /// Sysfs.
    #[wire(name = "sysfs")]
    Sysfs,
    /// Modprobe.
    #[wire(name = "modprobe")]
    Modprobe,
    /// Manual.
    #[wire(name = "manual")]
    Manual,
    /// Unknown.
    #[wire(name = "unknown")]
    Unknown,
}

/// Get remaining capacity of network sriov.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The network_sriov.
    #[param(name = "self")]
    pub this: Ref<NetworkSriov>,
}

/// Destroy of network sriov.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The network_sriov.
    #[param(name = "self")]
    pub this: Ref<NetworkSriov>,
}

/// Create of network sriov.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.create", out = Ref<NetworkSriov>, role = PoolOperator)]
pub struct Create {
    /// Pif.
    pub pif: Ref<Pif>,
    /// Network.
    pub network: Ref<Network>,
}
