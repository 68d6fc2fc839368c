//! Class `Host_driver`.

use super::*;

/// A driver of a host that comes in several variants.
#[derive(Clone, Debug, Class)]
#[class(name = "Host_driver", role = PoolAdmin, state = Prototyped, calls(Rescan, Deselect, Select))]
pub struct HostDriver {
    /// Unique identifier of the Host_driver. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// The host.
    #[field(StaticRO, default = Ref::null(), state = Prototyped)]
    pub host: Ref<Host>,
    /// Name of the driver.
    #[field(DynamicRO, state = Prototyped)]
    pub name: String,
    /// Name for people.
    #[field(DynamicRO, state = Prototyped)]
    pub friendly_name: String,
    /// The variants that are installed.
    #[field(DynamicRO, view = DriverVariant::DRIVER, state = Prototyped)]
    pub variants: Many<DriverVariant>,
    /// The variant that runs, or null.
    #[field(DynamicRO, state = Prototyped)]
    pub active_variant: Ref<DriverVariant>,
    /// The variant that runs after the next reboot, or null.
    #[field(DynamicRO, state = Prototyped)]
    pub selected_variant: Ref<DriverVariant>,
    /// Kind of hardware.
    #[field(DynamicRO, name = "type", state = Prototyped)]
    pub kind: String,
    /// What it is for.
    #[field(DynamicRO, state = Prototyped)]
    pub description: String,
    /// Where to read more.
    #[field(DynamicRO, state = Prototyped)]
    pub info: String,
}

/// Looks again for drivers of a host.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.rescan", role = PoolAdmin, state = Prototyped)]
pub struct Rescan {
    /// The host.
    pub host: Ref<Host>,
}

/// Leaves the choice of the variant to the product.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.deselect", role = PoolAdmin, state = Prototyped)]
pub struct Deselect {
    /// The Host_driver.
    #[param(name = "self")]
    pub this: Ref<HostDriver>,
}

/// Chooses the variant that runs after the next reboot.
#[derive(Clone, Debug, Call)]
#[call(name = "Host_driver.select", role = PoolAdmin, state = Prototyped)]
pub struct Select {
    /// The Host_driver.
    #[param(name = "self")]
    pub this: Ref<HostDriver>,
    /// The variant.
    pub variant: Ref<DriverVariant>,
}
