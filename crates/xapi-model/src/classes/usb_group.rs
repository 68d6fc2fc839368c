//! Class `USB_group`.

use std::collections::BTreeMap;

use super::*;

/// USB devices of the pool that stand for each other.
#[derive(Clone, Debug, Class)]
#[class(name = "USB_group", role = PoolAdmin, calls(Destroy, Create))]
pub struct UsbGroup {
    /// Unique identifier of the USB_group. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// Its devices.
    #[field(DynamicRO, name = "PUSBs", view = Pusb::USB_GROUP)]
    pub pusbs: Many<Pusb>,
    /// Where it is passed to a machine.
    #[field(DynamicRO, name = "VUSBs", view = Vusb::USB_GROUP)]
    pub vusbs: Many<Vusb>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Removes the group. Refused with USB_GROUP_CONTAINS_PUSB and USB_GROUP_CONTAINS_VUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "USB_group.destroy", role = PoolAdmin)]
pub struct Destroy {
    /// The USB_group.
    #[param(name = "self")]
    pub this: Ref<UsbGroup>,
}

/// Makes a group.
#[derive(Clone, Debug, Call)]
#[call(name = "USB_group.create", out = Ref<UsbGroup>, role = PoolAdmin)]
pub struct Create {
    /// Name for people.
    #[param(default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[param(default = String::new())]
    pub name_description: String,
    /// Free keys and values.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}
