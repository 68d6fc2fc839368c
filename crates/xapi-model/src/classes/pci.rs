//! Class `PCI`.

use std::collections::BTreeMap;

use super::*;

/// Pci.
#[derive(Clone, Debug, Class)]
#[class(name = "PCI", role = PoolOperator, calls(GetDom0AccessStatus, EnableDom0Access, DisableDom0Access))]
pub struct Pci {
    /// Unique identifier of the PCI. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Class id.
    #[field(StaticRO, default = String::new())]
    pub class_id: String,
    /// Class name.
    #[field(StaticRO, default = String::new())]
    pub class_name: String,
    /// Vendor id.
    #[field(StaticRO, default = String::new())]
    pub vendor_id: String,
    /// Vendor name.
    #[field(StaticRO, default = String::new())]
    pub vendor_name: String,
    /// Device id.
    #[field(StaticRO, default = String::new())]
    pub device_id: String,
    /// Device name.
    #[field(StaticRO, default = String::new())]
    pub device_name: String,
    /// Host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Pci id.
    #[field(StaticRO, default = String::new())]
    pub pci_id: String,
    /// Dependencies.
    #[field(DynamicRO)]
    pub dependencies: Vec<Ref<Pci>>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Subsystem vendor id.
    #[field(StaticRO, default = String::new())]
    pub subsystem_vendor_id: String,
    /// Subsystem vendor name.
    #[field(StaticRO, default = String::new())]
    pub subsystem_vendor_name: String,
    /// Subsystem device id.
    #[field(StaticRO, default = String::new())]
    pub subsystem_device_id: String,
    /// Subsystem device name.
    #[field(StaticRO, default = String::new())]
    pub subsystem_device_name: String,
    /// Driver name.
    #[field(StaticRO, default = String::new())]
    pub driver_name: String,
}

/// Pci dom0 access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pci_dom0_access")]
pub enum PciDom0Access {
    /// Enabled.
    #[wire(name = "enabled")]
    Enabled,
    /// Disable on reboot.
    #[wire(name = "disable_on_reboot")]
    DisableOnReboot,
    /// Disabled.
    #[wire(name = "disabled")]
    Disabled,
    /// Enable on reboot.
    #[wire(name = "enable_on_reboot")]
    EnableOnReboot,
}

/// Get dom0 access status of PCI.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.get_dom0_access_status", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct GetDom0AccessStatus {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}

/// Enable dom0 access of PCI.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.enable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct EnableDom0Access {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}

/// Disable dom0 access of PCI.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.disable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct DisableDom0Access {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}
