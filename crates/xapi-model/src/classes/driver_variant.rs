//! Class `Driver_variant`.

use super::*;

/// One variant of a driver.
#[derive(Clone, Debug, Class)]
#[class(name = "Driver_variant", role = PoolAdmin, state = Prototyped, calls(Select))]
pub struct DriverVariant {
    /// Unique identifier of the Driver_variant. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Name of the variant.
    #[field(DynamicRO, state = Prototyped)]
    pub name: String,
    /// The driver.
    #[field(DynamicRO, state = Prototyped)]
    pub driver: Ref<HostDriver>,
    /// Its version.
    #[field(DynamicRO, state = Prototyped)]
    pub version: String,
    /// True if the host has hardware for it.
    #[field(DynamicRO, state = Prototyped)]
    pub hardware_present: bool,
    /// How well it suits; the highest is taken when nobody chooses.
    #[field(DynamicRO, state = Prototyped)]
    pub priority: f64,
    /// How far it is tested.
    #[field(DynamicRO, state = Prototyped)]
    pub status: String,
}

/// Chooses it to run after the next reboot. Refused with HOST_DRIVER_NO_HARDWARE.
#[derive(Clone, Debug, Call)]
#[call(name = "Driver_variant.select", role = PoolAdmin, state = Prototyped)]
pub struct Select {
    /// The Driver_variant.
    #[param(name = "self")]
    pub this: Ref<DriverVariant>,
}
