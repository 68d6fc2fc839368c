//! Class `SDN_controller`.

use super::*;

/// Sdn controller.
#[derive(Clone, Debug, Class)]
#[class(name = "SDN_controller", role = PoolAdmin, calls(Forget, Introduce))]
pub struct SdnController {
    /// Unique identifier of the SDN_controller. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Protocol.
    #[field(StaticRO, default = SdnControllerProtocol::Ssl)]
    pub protocol: SdnControllerProtocol,
    /// Address.
    #[field(StaticRO, default = String::new())]
    pub address: String,
    /// Port.
    #[field(StaticRO, default = 0)]
    pub port: i64,
}

/// Sdn controller protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "sdn_controller_protocol")]
pub enum SdnControllerProtocol {
    /// Ssl.
    #[wire(name = "ssl")]
    Ssl,
    /// Pssl.
    #[wire(name = "pssl")]
    Pssl,
}

/// Forget of SDN controller.
#[derive(Clone, Debug, Call)]
#[call(name = "SDN_controller.forget", role = PoolOperator)]
pub struct Forget {
    /// The SDN_controller.
    #[param(name = "self")]
    pub this: Ref<SdnController>,
}

/// Introduce of SDN controller.
#[derive(Clone, Debug, Call)]
#[call(name = "SDN_controller.introduce", out = Ref<SdnController>, role = PoolOperator)]
pub struct Introduce {
    /// Protocol.
    #[param(default = SdnControllerProtocol::Ssl)]
    pub protocol: SdnControllerProtocol,
    /// Address.
    #[param(default = String::new())]
    pub address: String,
    /// Port.
    #[param(default = 0)]
    pub port: i64,
}
