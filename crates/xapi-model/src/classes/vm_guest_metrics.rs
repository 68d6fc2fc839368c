//! Class `VM_guest_metrics`.

use std::collections::BTreeMap;

use super::*;

/// Vm guest metrics.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_guest_metrics", role = VmAdmin)]
pub struct VmGuestMetrics {
    /// Unique identifier of the VM_guest_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Os version.
    #[field(DynamicRO)]
    pub os_version: BTreeMap<String, String>,
    /// Netbios name.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub netbios_name: BTreeMap<String, String>,
    /// PV drivers version.
    #[field(DynamicRO, name = "PV_drivers_version")]
    pub pv_drivers_version: BTreeMap<String, String>,
    /// PV drivers up to date.
    #[field(DynamicRO, name = "PV_drivers_up_to_date", state = Deprecated)]
    pub pv_drivers_up_to_date: bool,
    /// Memory.
    #[field(DynamicRO, default = BTreeMap::new(), state = Removed)]
    pub memory: BTreeMap<String, String>,
    /// Disks.
    #[field(DynamicRO, default = BTreeMap::new(), state = Removed)]
    pub disks: BTreeMap<String, String>,
    /// Networks.
    #[field(DynamicRO)]
    pub networks: BTreeMap<String, String>,
    /// Other.
    #[field(DynamicRO)]
    pub other: BTreeMap<String, String>,
    /// Last updated.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Live.
    #[field(DynamicRO, default = false)]
    pub live: bool,
    /// Can use hotplug vbd.
    #[field(DynamicRO, default = TristateType::Unspecified)]
    pub can_use_hotplug_vbd: TristateType,
    /// Can use hotplug vif.
    #[field(DynamicRO, default = TristateType::Unspecified)]
    pub can_use_hotplug_vif: TristateType,
    /// PV drivers detected.
    #[field(DynamicRO, name = "PV_drivers_detected", default = false)]
    pub pv_drivers_detected: bool,
    /// Services.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub services: BTreeMap<String, String>,
}

/// Tristate type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "tristate_type")]
pub enum TristateType {
    /// Yes.
    #[wire(name = "yes")]
    Yes,
    /// No.
    #[wire(name = "no")]
    No,
    /// Unspecified.
    #[wire(name = "unspecified")]
    Unspecified,
}
