//! Class `Driver_variant`.

use super::*;

/// Driver variant.
#[derive(Clone, Debug, Class)]
#[class(name = "Driver_variant", role = PoolAdmin, state = Prototyped, calls(Select))]
pub struct DriverVariant {
    /// Unique identifier of the Driver_variant. It never changes.
    #[field(DynamicRO, state = Prototyped)]
    pub uuid: String,
    /// Name.
    #[field(DynamicRO, state = Prototyped)]
    pub name: String,
    /// Driver.
    #[field(DynamicRO, state = Prototyped)]
    pub driver: Ref<HostDriver>,
    /// Version.
    #[field(DynamicRO, state = Prototyped)]
    pub version: String,
    /// Hardware present.
    #[field(DynamicRO, state = Prototyped)]
    pub hardware_present: bool,
    /// Priority.
    #[field(DynamicRO, state = Prototyped)]
    pub priority: f64,
    /// Status.
    #[field(DynamicRO, state = Prototyped)]
    pub status: String,
}

/// Select of Driver variant.
#[derive(Clone, Debug, Call)]
#[call(name = "Driver_variant.select", role = PoolAdmin, state = Prototyped)]
pub struct Select {
    /// The Driver_variant.
    #[param(name = "self")]
    pub this: Ref<DriverVariant>,
}
