//! Class `Host_driver`.

use super::*;

/// Host driver.
#[derive(Clone, Debug, Class)]
#[class(name = "Host_driver", role = PoolAdmin, state = Prototyped, calls(Rescan, Deselect, Select))]
pub struct HostDriver {
    /// Unique identifier of the Host_driver. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Host.
    #[field(StaticRO, default = Ref::null(), state = Prototyped)]
    pub host: Ref<Host>,
    /// Name.
    #[field(DynamicRO, state = Prototyped)]
    pub name: String,
    /// Friendly name.
    #[field(DynamicRO, state = Prototyped)]
    pub friendly_name: String,
    /// Variants.
    #[field(DynamicRO, view = DriverVariant::DRIVER, state = Prototyped)]
    pub variants: Many<DriverVariant>,
    /// Active variant.
    #[field(DynamicRO, state = Prototyped)]
    pub active_variant: Ref<DriverVariant>,
    /// Selected variant.
    #[field(DynamicRO, state = Prototyped)]
    pub selected_variant: Ref<DriverVariant>,
    /// Type.
    #[field(DynamicRO, name = "type", state = Prototyped)]
    pub kind: String,
    /// Description.
    #[field(DynamicRO, state = Prototyped)]
    pub description: String,
    /// Info.
    #[field(DynamicRO, state = Prototyped)]
    pub info: String,
}

/// Rescan of Host driver.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.rescan", role = PoolAdmin, state = Prototyped)]
pub struct Rescan {
    /// Host.
    pub host: Ref<Host>,
}

/// Deselect of Host driver.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.deselect", role = PoolAdmin, state = Prototyped)]
pub struct Deselect {
    /// The Host_driver.
    #[param(name = "self")]
    pub this: Ref<HostDriver>,
}

/// Select of Host driver.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.select", role = PoolAdmin, state = Prototyped)]
pub struct Select {
    /// The Host_driver.
    #[param(name = "self")]
    pub this: Ref<HostDriver>,
    /// Variant.
    pub variant: Ref<DriverVariant>,
}
