//! Class `PVS_site`.

use super::*;

/// Pvs site.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_site", role = PoolOperator, calls(SetPvsUuid, Forget, Introduce))]
pub struct PvsSite {
    /// Unique identifier of the PVS_site. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// PVS uuid.
    #[field(StaticRO, name = "PVS_uuid", default = String::new())]
    pub pvs_uuid: String,
    /// Cache storage.
    #[field(DynamicRO, view = PvsCacheStorage::SITE)]
    pub cache_storage: Many<PvsCacheStorage>,
    /// Servers.
    #[field(DynamicRO, view = PvsServer::SITE)]
    pub servers: Many<PvsServer>,
    /// Proxies.
    #[field(DynamicRO, view = PvsProxy::SITE)]
    pub proxies: Many<PvsProxy>,
}

/// Set PVS uuid of PVS site.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.set_PVS_uuid", role = PoolOperator)]
pub struct SetPvsUuid {
    /// The PVS_site.
    #[param(name = "self")]
    pub this: Ref<PvsSite>,
    /// Value.
    pub value: String,
}

/// Forget of PVS site.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.forget", role = PoolOperator)]
pub struct Forget {
    /// The PVS_site.
    #[param(name = "self")]
    pub this: Ref<PvsSite>,
}

/// Introduce of PVS site.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.introduce", out = Ref<PvsSite>, role = PoolOperator)]
pub struct Introduce {
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// PVS uuid.
    #[param(name = "PVS_uuid")]
    pub pvs_uuid: String,
}
