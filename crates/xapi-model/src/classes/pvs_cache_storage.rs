//! Class `PVS_cache_storage`.

use super::*;

/// Pvs cache storage.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_cache_storage", role = PoolOperator, ctor)]
pub struct PvsCacheStorage {
    /// Unique identifier of the PVS_cache_storage. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Host.
    #[field(StaticRO, default = Ref::null())]
    pub host: Ref<Host>,
    /// SR.
    #[field(StaticRO, name = "SR", default = Ref::null())]
    pub sr: Ref<Sr>,
    /// Site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
    /// Size.
    #[field(StaticRO, default = 21474836480)]
    pub size: i64,
    /// VDI.
    #[field(DynamicRO, name = "VDI", default = Ref::null())]
    pub vdi: Ref<Vdi>,
}

