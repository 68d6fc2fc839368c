//! Class `PVS_server`.

use super::*;

/// Pvs server.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_server", role = PoolAdmin, calls(Forget, Introduce))]
pub struct PvsServer {
    /// Unique identifier of the PVS_server. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Addresses.
    #[field(StaticRO, default = Vec::new())]
    pub addresses: Vec<String>,
    /// First port.
    #[field(StaticRO, default = 0)]
    pub first_port: i64,
    /// Last port.
    #[field(StaticRO, default = 0)]
    pub last_port: i64,
    /// Site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
}

/// Forget of PVS server.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_server.forget", role = PoolOperator)]
pub struct Forget {
    /// The PVS_server.
    #[param(name = "self")]
    pub this: Ref<PvsServer>,
}

/// Introduce of PVS server.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_server.introduce", out = Ref<PvsServer>, role = PoolOperator)]
pub struct Introduce {
    /// Addresses.
    pub addresses: Vec<String>,
    /// First port.
    pub first_port: i64,
    /// Last port.
    pub last_port: i64,
    /// Site.
    pub site: Ref<PvsSite>,
}
