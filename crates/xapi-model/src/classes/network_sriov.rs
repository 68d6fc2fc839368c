//! Class `network_sriov`.

use super::*;

/// A NIC that is split into virtual functions, which machines use without the host in between. The physical
/// side is the NIC; the logical side is a PIF on the network of the virtual functions.
#[derive(Clone, Debug, Class)]
#[class(name = "network_sriov", role = PoolAdmin, calls(GetRemainingCapacity, Destroy, Create))]
pub struct NetworkSriov {
    /// Unique identifier of the network_sriov. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The NIC.
    #[field(StaticRO, name = "physical_PIF", default = Ref::null())]
    pub physical_pif: Ref<Pif>,
    /// The PIF made for it.
    #[field(StaticRO, name = "logical_PIF", default = Ref::null())]
    pub logical_pif: Ref<Pif>,
    /// True if the host has to be rebooted before it works.
    #[field(DynamicRO, default = false)]
    pub requires_reboot: bool,
    /// How virtual functions are made on this NIC.
    #[field(DynamicRO, default = SriovConfigurationMode::Unknown)]
    pub configuration_mode: SriovConfigurationMode,
}

/// How virtual functions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sriov_configuration_mode")]
pub enum SriovConfigurationMode {
    /// By writing their number to the device.
    #[wire(name = "sysfs")]
    Sysfs,
    /// By a setting of the driver, in force after a reboot.
    #[wire(name = "modprobe")]
    Modprobe,
    /// By hand.
    #[wire(name = "manual")]
    Manual,
    /// It is not known yet.
    #[wire(name = "unknown")]
    Unknown,
}

/// How many virtual functions are free.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.get_remaining_capacity", out = i64, role = ReadOnly)]
pub struct GetRemainingCapacity {
    /// The network_sriov.
    #[param(name = "self")]
    pub this: Ref<NetworkSriov>,
}

/// Joins the NIC again and removes the logical PIF. Refused with PIF_VLAN_STILL_EXISTS and the reasons of
/// PIF.unplug.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The network_sriov.
    #[param(name = "self")]
    pub this: Ref<NetworkSriov>,
}

/// Splits a NIC into virtual functions for a network. Refused with NETWORK_ALREADY_CONNECTED, PIF_UNMANAGED,
/// PIF_IS_NOT_PHYSICAL, NETWORK_SRIOV_ALREADY_ENABLED, PIF_IS_NOT_SRIOV_CAPABLE,
/// NETWORK_INCOMPATIBLE_WITH_SRIOV and NETWORK_HAS_INCOMPATIBLE_SRIOV_PIFS.
#[derive(Clone, Debug, Call)]
#[call(name = "network_sriov.create", out = Ref<NetworkSriov>, role = PoolOperator)]
pub struct Create {
    /// The NIC.
    pub pif: Ref<Pif>,
    /// The network of the virtual functions.
    pub network: Ref<Network>,
}
