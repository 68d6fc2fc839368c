//! Class `tunnel`.

use std::collections::BTreeMap;

use super::*;

/// Tunnel.
#[derive(Clone, Debug, Class)]
#[class(name = "tunnel", role = PoolOperator, calls(Destroy, Create))]
pub struct Tunnel {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Access PIF.
    #[field(StaticRO, name = "access_PIF", default = Ref::null())]
    pub access_pif: Ref<Pif>,
    /// Transport PIF.
    #[field(StaticRO, name = "transport_PIF", default = Ref::null())]
    pub transport_pif: Ref<Pif>,
    /// Status.
    #[field(RW, default = BTreeMap::from([("active".to_owned(), "false".to_owned())]))]
    pub status: BTreeMap<String, String>,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Protocol.
    #[field(RW, default = TunnelProtocol::Gre)]
    pub protocol: TunnelProtocol,
}

/// Tunnel protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "tunnel_protocol")]
pub enum TunnelProtocol {
    /// Gre.
    #[wire(name = "gre")]
    Gre,
    /// Vxlan.
    #[wire(name = "vxlan")]
    Vxlan,
}

/// Destroy of tunnel.
#[derive(Clone, Debug, Call)]
#[call(name = "tunnel.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The tunnel.
    #[param(name = "self")]
    pub this: Ref<Tunnel>,
}

/// Create of tunnel.
#[derive(Clone, Debug, Call)]
#[call(name = "tunnel.create", out = Ref<Tunnel>, role = PoolOperator)]
pub struct Create {
    /// Transport PIF.
    #[param(name = "transport_PIF")]
    pub transport_pif: Ref<Pif>,
    /// Network.
    pub network: Ref<Network>,
    /// Protocol.
    #[param(default = TunnelProtocol::Gre)]
    pub protocol: TunnelProtocol,
}
