//! Class `VUSB`.

use std::collections::BTreeMap;

use super::*;

/// A USB device that is passed to a machine.
#[derive(Clone, Debug, Class)]
#[class(name = "VUSB", role = PoolAdmin, calls(Destroy, Unplug, Create))]
pub struct Vusb {
    /// Unique identifier of the VUSB. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// What may be asked of the VUSB in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<VusbOperations>,
    /// What is being done to the VUSB right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, VusbOperations>,
    /// The machine.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// The group whose device it is.
    #[field(DynamicRO, name = "USB_group")]
    pub usb_group: Ref<UsbGroup>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True while it is plugged into the running machine.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
}

/// What can be done to a passed device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vusb_operations")]
pub enum VusbOperations {
    /// Prepare it for a machine that starts.
    #[wire(name = "attach")]
    Attach,
    /// Plug it into a running machine.
    #[wire(name = "plug")]
    Plug,
    /// Take it out of a running machine.
    #[wire(name = "unplug")]
    Unplug,
}

/// Removes it. Refused with OPERATION_NOT_ALLOWED while it is plugged in.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.destroy", role = PoolAdmin)]
pub struct Destroy {
    /// The VUSB.
    #[param(name = "self")]
    pub this: Ref<Vusb>,
}

/// Takes it out of the running machine.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.unplug", role = PoolAdmin)]
pub struct Unplug {
    /// The VUSB.
    #[param(name = "self")]
    pub this: Ref<Vusb>,
}

/// Passes a device of a group to a machine. Refused with TOO_MANY_VUSBS and USB_GROUP_CONFLICT.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.create", out = Ref<Vusb>, role = PoolAdmin)]
pub struct Create {
    /// The machine.
    #[param(name = "VM")]
    pub vm: Ref<Vm>,
    /// The group.
    #[param(name = "USB_group")]
    pub usb_group: Ref<UsbGroup>,
    /// Free keys and values.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}
