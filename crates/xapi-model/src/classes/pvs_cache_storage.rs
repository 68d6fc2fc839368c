//! Class `PVS_cache_storage`.

use super::*;

/// Where a host keeps what it caches of a provisioning site.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_cache_storage", role = PoolOperator, ctor)]
pub struct PvsCacheStorage {
    /// Unique identifier of the PVS_cache_storage. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// The repository.
    #[field(StaticRO, name = "SR", default = Ref::null())]
    pub sr: Ref<Sr>,
    /// The site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
    /// Size in bytes.
    #[field(StaticRO, default = 21474836480)]
    pub size: i64,
    /// The disk.
    #[field(DynamicRO, name = "VDI", default = Ref::null())]
    pub vdi: Ref<Vdi>,
}

