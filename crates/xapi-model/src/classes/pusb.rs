//! Class `PUSB`.

use std::collections::BTreeMap;

use super::*;

/// A physical USB device in a host.
#[derive(Clone, Debug, Class)]
#[class(name = "PUSB", role = PoolAdmin, calls(SetPassthroughEnabled, Scan))]
pub struct Pusb {
    /// Unique identifier of the PUSB. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Its group.
    #[field(StaticRO, name = "USB_group", default = Ref::null())]
    pub usb_group: Ref<UsbGroup>,
    /// The host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Place on the bus.
    #[field(StaticRO, default = String::new())]
    pub path: String,
    /// Number of its maker, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub vendor_id: String,
    /// Name of its maker.
    #[field(StaticRO, default = String::new())]
    pub vendor_desc: String,
    /// Number of its model, in hexadecimal.
    #[field(StaticRO, default = String::new())]
    pub product_id: String,
    /// Name of its model.
    #[field(StaticRO, default = String::new())]
    pub product_desc: String,
    /// Serial number.
    #[field(StaticRO, default = String::new())]
    pub serial: String,
    /// Version of USB that it speaks.
    #[field(StaticRO, default = String::new())]
    pub version: String,
    /// What it is.
    #[field(StaticRO, default = String::new())]
    pub description: String,
    /// True if it may be passed to a machine.
    #[field(DynamicRO, default = false)]
    pub passthrough_enabled: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Speed in Mbit/s; -1 when it is not known.
    #[field(StaticRO, default = -1.0)]
    pub speed: f64,
}

/// Says whether it may be passed to a machine. Refused with PUSB_VDI_CONFLICT and USB_ALREADY_ATTACHED.
#[derive(Clone, Debug, Call)]
#[call(name = "PUSB.set_passthrough_enabled", role = PoolAdmin)]
pub struct SetPassthroughEnabled {
    /// The PUSB.
    #[param(name = "self")]
    pub this: Ref<Pusb>,
    /// True if it may.
    pub value: bool,
}

/// Looks for USB devices in a host again.
#[derive(Clone, Debug, Call)]
#[call(name = "PUSB.scan", role = PoolAdmin)]
pub struct Scan {
    /// The host.
    pub host: Ref<Host>,
}
