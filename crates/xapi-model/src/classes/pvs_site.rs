//! Class `PVS_site`.

use super::*;

/// A site of Citrix Provisioning Services whose traffic hosts may cache.
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
    /// UUID that the site has there.
    #[field(StaticRO, name = "PVS_uuid", default = String::new())]
    pub pvs_uuid: String,
    /// Where hosts keep what they cache.
    #[field(DynamicRO, view = PvsCacheStorage::SITE)]
    pub cache_storage: Many<PvsCacheStorage>,
    /// Its servers.
    #[field(DynamicRO, view = PvsServer::SITE)]
    pub servers: Many<PvsServer>,
    /// Its proxies.
    #[field(DynamicRO, view = PvsProxy::SITE)]
    pub proxies: Many<PvsProxy>,
}

/// Sets the UUID that the site has there.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.set_PVS_uuid", role = PoolOperator)]
pub struct SetPvsUuid {
    /// The PVS_site.
    #[param(name = "self")]
    pub this: Ref<PvsSite>,
    /// The UUID.
    pub value: String,
}

/// Removes the record. Refused with PVS_SITE_CONTAINS_RUNNING_PROXIES and PVS_SITE_CONTAINS_SERVERS.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.forget", role = PoolOperator)]
pub struct Forget {
    /// The PVS_site.
    #[param(name = "self")]
    pub this: Ref<PvsSite>,
}

/// Makes a site known.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_site.introduce", out = Ref<PvsSite>, role = PoolOperator)]
pub struct Introduce {
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// UUID that the site has there.
    #[param(name = "PVS_uuid")]
    pub pvs_uuid: String,
}
