//! Class `SDN_controller`.

use super::*;

/// A controller that tells the pool's virtual switches what to do.
#[derive(Clone, Debug, Class)]
#[class(name = "SDN_controller", role = PoolAdmin, calls(Forget, Introduce))]
pub struct SdnController {
    /// Unique identifier of the SDN_controller. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// How switches and controller connect.
    #[field(StaticRO, default = SdnControllerProtocol::Ssl)]
    pub protocol: SdnControllerProtocol,
    /// Its IPv4 address.
    #[field(StaticRO, default = String::new())]
    pub address: String,
    /// Its TCP port.
    #[field(StaticRO, default = 0)]
    pub port: i64,
}

/// How switches and controller connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sdn_controller_protocol")]
pub enum SdnControllerProtocol {
    /// The switches call the controller.
    #[wire(name = "ssl")]
    Ssl,
    /// The controller calls the switches.
    #[wire(name = "pssl")]
    Pssl,
}

/// Stops using the controller.
#[derive(Clone, Debug, Call)]
#[call(name = "SDN_controller.forget", role = PoolOperator)]
pub struct Forget {
    /// The SDN_controller.
    #[param(name = "self")]
    pub this: Ref<SdnController>,
}

/// Uses a controller. Refused with OPERATION_NOT_ALLOWED when there is one already, INVALID_VALUE,
/// INVALID_IP_ADDRESS_SPECIFIED and VALUE_NOT_SUPPORTED for a port.
#[derive(Clone, Debug, Call)]
#[call(name = "SDN_controller.introduce", out = Ref<SdnController>, role = PoolOperator)]
pub struct Introduce {
    /// How switches and controller connect.
    #[param(default = SdnControllerProtocol::Ssl)]
    pub protocol: SdnControllerProtocol,
    /// Its IPv4 address; empty for `pssl`.
    #[param(default = String::new())]
    pub address: String,
    /// Its TCP port; 0 for 6632 with `ssl`, and for `pssl`.
    #[param(default = 0)]
    pub port: i64,
}
