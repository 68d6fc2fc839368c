//! Class `PUSB`.

use std::collections::BTreeMap;

use super::*;

/// Pusb.
#[derive(Clone, Debug, Class)]
#[class(name = "PUSB", role = PoolAdmin, calls(SetPassthroughEnabled, Scan))]
pub struct Pusb {
    /// Unique identifier of the PUSB. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// USB group.
    #[field(StaticRO, name = "USB_group", default = Ref::null())]
    pub usb_group: Ref<UsbGroup>,
    /// Host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// Path.
    #[field(StaticRO, default = String::new())]
    pub path: String,
    /// Vendor id.
    #[field(StaticRO, default = String::new())]
    pub vendor_id: String,
    /// Vendor desc.
    #[field(StaticRO, default = String::new())]
    pub vendor_desc: String,
    /// Product id.
    #[field(StaticRO, default = String::new())]
    pub product_id: String,
    /// Product desc.
    #[field(StaticRO, default = String::new())]
    pub product_desc: String,
    /// Serial.
    #[field(StaticRO, default = String::new())]
    pub serial: String,
    /// Version.
    #[field(StaticRO, default = String::new())]
    pub version: String,
    /// Description.
    #[field(StaticRO, default = String::new())]
    pub description: String,
    /// Passthrough enabled.
    #[field(DynamicRO, default = false)]
    pub passthrough_enabled: bool,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Speed.
    #[field(StaticRO, default = -1.0)]
    pub speed: f64,
}

/// Set passthrough enabled of PUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "PUSB.set_passthrough_enabled", role = PoolAdmin)]
pub struct SetPassthroughEnabled {
    /// The PUSB.
    #[param(name = "self")]
    pub this: Ref<Pusb>,
    /// Value.
    pub value: bool,
}

/// Scan of PUSB.
#[derive(Clone, Debug, Call)]
#[call(name = "PUSB.scan", role = PoolAdmin)]
pub struct Scan {
    /// Host.
    pub host: Ref<Host>,
}
