//! Class `LVHD`.

use super::*;

/// Lvhd.
#[derive(Clone, Debug, Class)]
#[class(name = "LVHD", role = PoolAdmin, no_get_all, calls(EnableThinProvisioning))]
pub struct Lvhd {
    /// Unique identifier of the LVHD. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
}

/// Enable thin provisioning of LVHD.
#[derive(Clone, Debug, Call)]
#[call(name = "LVHD.enable_thin_provisioning", out = String, role = PoolAdmin)]
pub struct EnableThinProvisioning {
    /// Host.
    pub host: Ref<Host>,
    /// SR.
    #[param(name = "SR")]
    pub sr: Ref<Sr>,
    /// Initial allocation.
    pub initial_allocation: i64,
    /// Allocation quantum.
    pub allocation_quantum: i64,
}
