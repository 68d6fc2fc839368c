//! Class `LVHD`.

use super::*;

/// Calls for repositories that keep disks in logical volumes.
#[derive(Clone, Debug, Class)]
#[class(name = "LVHD", role = PoolAdmin, no_get_all, calls(EnableThinProvisioning))]
pub struct Lvhd {
    /// Unique identifier of the LVHD. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
}

/// Lets a repository give disks only the space that they use.
#[derive(Clone, Debug, Call)]
#[call(name = "LVHD.enable_thin_provisioning", out = String, role = PoolAdmin)]
pub struct EnableThinProvisioning {
    /// The host that does it.
    pub host: Ref<Host>,
    /// The repository.
    #[param(name = "SR")]
    pub sr: Ref<Sr>,
    /// Bytes that a disk gets at first.
    pub initial_allocation: i64,
    /// Bytes that it gets at a time.
    pub allocation_quantum: i64,
}
