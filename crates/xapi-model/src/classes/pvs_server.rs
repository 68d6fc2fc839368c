//! Class `PVS_server`.

use super::*;

/// A server of a provisioning site.
#[derive(Clone, Debug, Class)]
#[class(name = "PVS_server", role = PoolAdmin, calls(Forget, Introduce))]
pub struct PvsServer {
    /// Unique identifier of the PVS_server. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Its IPv4 addresses.
    #[field(StaticRO, default = Vec::new())]
    pub addresses: Vec<String>,
    /// First UDP port that it answers on.
    #[field(StaticRO, default = 0)]
    pub first_port: i64,
    /// Last UDP port that it answers on.
    #[field(StaticRO, default = 0)]
    pub last_port: i64,
    /// Its site.
    #[field(StaticRO, default = Ref::null())]
    pub site: Ref<PvsSite>,
}

/// Removes the record.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_server.forget", role = PoolOperator)]
pub struct Forget {
    /// The PVS_server.
    #[param(name = "self")]
    pub this: Ref<PvsServer>,
}

/// Makes a server known. Refused with PVS_SERVER_ADDRESS_IN_USE, INVALID_IP_ADDRESS_SPECIFIED and
/// VALUE_NOT_SUPPORTED for a port.
#[derive(Clone, Debug, Call)]
#[call(name = "PVS_server.introduce", out = Ref<PvsServer>, role = PoolOperator)]
pub struct Introduce {
    /// Its IPv4 addresses.
    pub addresses: Vec<String>,
    /// First UDP port that it answers on.
    pub first_port: i64,
    /// Last UDP port that it answers on.
    pub last_port: i64,
    /// Its site.
    pub site: Ref<PvsSite>,
}
