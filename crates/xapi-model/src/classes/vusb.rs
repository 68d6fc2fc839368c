//! Class `VUSB`.

use std::collections::BTreeMap;

use super::*;

/// Vusb.
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
    /// VM.
    #[field(DynamicRO, name = "VM")]
    pub vm: Ref<Vm>,
    /// USB group.
    #[field(DynamicRO, name = "USB_group")]
    pub usb_group: Ref<UsbGroup>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Currently attached.
    #[field(DynamicRO, default = false)]
    pub currently_attached: bool,
}

/// Vusb operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "vusb_operations")]
pub enum VusbOperations {
    /// Attach.
    #[wire(name = "attach")]
    Attach,
    /// Plug.
    #[wire(name = "plug")]
    Plug,
    /// Unplug.
    #[wire(name = "unplug")]
    Unplug,
}

/// Destroy of VUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.destroy", role = PoolAdmin)]
pub struct Destroy {
    /// The VUSB.
    #[param(name = "self")]
    pub this: Ref<Vusb>,
}

/// Unplug of VUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.unplug", role = PoolAdmin)]
pub struct Unplug {
    /// The VUSB.
    #[param(name = "self")]
    pub this: Ref<Vusb>,
}

/// Create of VUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "VUSB.create", out = Ref<Vusb>, role = PoolAdmin)]
pub struct Create {
    /// VM.
    #[param(name = "VM")]
    pub vm: Ref<Vm>,
    /// USB group.
    #[param(name = "USB_group")]
    pub usb_group: Ref<UsbGroup>,
    /// Other config.
    #[param(default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}
