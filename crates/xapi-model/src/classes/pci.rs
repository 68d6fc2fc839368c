//! Class `PCI`.

use std::collections::BTreeMap;

use super::*;

/// A PCI device in a host.
#[derive(Clone, Debug, Class)]
#[class(name = "PCI", role = PoolOperator, calls(GetDom0AccessStatus, EnableDom0Access, DisableDom0Access))]
pub struct Pci {
    /// Unique identifier of the PCI. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Number of its class, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub class_id: String,
    /// Name of its class.
    #[field(StaticRO, default = String::new())]
    pub class_name: String,
    /// Number of its maker, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub vendor_id: String,
    /// Name of its maker.
    #[field(StaticRO, default = String::new())]
    pub vendor_name: String,
    /// Number of its model, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub device_id: String,
    /// Name of its model.
    #[field(StaticRO, default = String::new())]
    pub device_name: String,
    /// The host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Place on the bus, such as `0000:03:00.0`.
    #[field(StaticRO, default = String::new())]
    pub pci_id: String,
    /// Devices that have to be passed to a machine together with it.
    #[field(DynamicRO)]
    pub dependencies: Vec<Ref<Pci>>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Number of the card's maker, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub subsystem_vendor_id: String,
    /// Name of the card's maker.
    #[field(StaticRO, default = String::new())]
    pub subsystem_vendor_name: String,
    /// Number of the card, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub subsystem_device_id: String,
    /// Name of the card.
    #[field(StaticRO, default = String::new())]
    pub subsystem_device_name: String,
    /// Driver that it is used by on the host.
    #[field(StaticRO, default = String::new())]
    pub driver_name: String,
}

/// Whether the host itself uses a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pci_dom0_access")]
pub enum PciDom0Access {
    /// It does, also after a reboot.
    #[wire(name = "enabled")]
    Enabled,
    /// It does until it is rebooted.
    #[wire(name = "disable_on_reboot")]
    DisableOnReboot,
    /// It does not; the device may go to a machine.
    #[wire(name = "disabled")]
    Disabled,
    /// It does not until it is rebooted.
    #[wire(name = "enable_on_reboot")]
    EnableOnReboot,
}

/// Whether the host itself uses the device.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.get_dom0_access_status", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct GetDom0AccessStatus {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}

/// Lets the host use the device from the next reboot on.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.enable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct EnableDom0Access {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}

/// Keeps the host from using the device from the next reboot on.
#[derive(Clone, Debug, Call)]
#[call(name = "PCI.disable_dom0_access", out = PciDom0Access, role = PoolOperator, state = Prototyped)]
pub struct DisableDom0Access {
    /// The PCI.
    #[param(name = "self")]
    pub this: Ref<Pci>,
}
