//! Class `VM_guest_metrics`.

use std::collections::BTreeMap;

use super::*;

/// What the tools inside a virtual machine tell about it. There is no record before they have first spoken.
#[derive(Clone, Debug, Class)]
#[class(name = "VM_guest_metrics", role = VmAdmin)]
pub struct VmGuestMetrics {
    /// Unique identifier of the VM_guest_metrics. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Operating system: its name, version and distribution.
    #[field(DynamicRO)]
    pub os_version: BTreeMap<String, String>,
    /// The name that a Windows guest has on its network.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub netbios_name: BTreeMap<String, String>,
    /// Version of the tools and drivers in the guest.
    #[field(DynamicRO, name = "PV_drivers_version")]
    pub pv_drivers_version: BTreeMap<String, String>,
    /// True if the drivers are there. Their version is no longer compared.
    #[field(DynamicRO, name = "PV_drivers_up_to_date", state = Deprecated)]
    pub pv_drivers_up_to_date: bool,
    /// Was what the guest told of its memory.
    #[field(DynamicRO, default = BTreeMap::new(), state = Removed)]
    pub memory: BTreeMap<String, String>,
    /// Was what the guest told of its disks.
    #[field(DynamicRO, default = BTreeMap::new(), state = Removed)]
    pub disks: BTreeMap<String, String>,
    /// Addresses that the guest has, by device: `0/ip`, `0/ipv4/0`, `0/ipv6/0` and so on.
    #[field(DynamicRO)]
    pub networks: BTreeMap<String, String>,
    /// What else the tools announce, such as `feature-static-ip-setting` = `1`.
    #[field(DynamicRO)]
    pub other: BTreeMap<String, String>,
    /// When the guest last told something new.
    #[field(DynamicRO)]
    pub last_updated: DateTime,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True while the tools answer.
    #[field(DynamicRO, default = false)]
    pub live: bool,
    /// Whether disks can be plugged while the guest runs.
    #[field(DynamicRO, default = TristateType::Unspecified)]
    pub can_use_hotplug_vbd: TristateType,
    /// Whether NICs can be plugged while the guest runs.
    #[field(DynamicRO, default = TristateType::Unspecified)]
    pub can_use_hotplug_vif: TristateType,
    /// True if at least one device uses its fast driver.
    #[field(DynamicRO, name = "PV_drivers_detected", default = false)]
    pub pv_drivers_detected: bool,
    /// Services that the guest announces.
    #[field(DynamicRO, default = BTreeMap::new(), state = Prototyped)]
    pub services: BTreeMap<String, String>,
}

/// Yes, no, or nobody has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "tristate_type")]
pub enum TristateType {
    /// Yes.
    #[wire(name = "yes")]
    Yes,
    /// No.
    #[wire(name = "no")]
    No,
    /// Nobody has said.
    #[wire(name = "unspecified")]
    Unspecified,
}
