//! Class `tunnel`.

use std::collections::BTreeMap;

use super::*;

/// A network between hosts that travels inside the packets of another. The access side is a PIF on the inner
/// network; the transport side is the interface whose address the outer packets use. The hosts that have a tunnel of
/// the same network find each other by the addresses of their transport interfaces; no controller is needed.
#[derive(Clone, Debug, Class)]
#[class(name = "tunnel", role = PoolOperator, calls(Destroy, Create))]
pub struct Tunnel {
    /// Unique identifier of the tunnel. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The PIF made for this tunnel; it connects the host to the inner network.
    #[field(StaticRO, name = "access_PIF", default = Ref::null())]
    pub access_pif: Ref<Pif>,
    /// The interface that the encapsulated packets use. It needs an address before the tunnel can be plugged.
    #[field(StaticRO, name = "transport_PIF", default = Ref::null())]
    pub transport_pif: Ref<Pif>,
    /// What is so of the tunnel; `active` is `true` while traffic can flow.
    #[field(RW, default = BTreeMap::from([("active".to_owned(), "false".to_owned())]))]
    pub status: BTreeMap<String, String>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// How packets are wrapped.
    #[field(RW, default = TunnelProtocol::Gre)]
    pub protocol: TunnelProtocol,
}

/// How a tunnel wraps its packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "tunnel_protocol")]
pub enum TunnelProtocol {
    /// Generic routing encapsulation, IP protocol 47.
    #[wire(name = "gre")]
    Gre,
    /// VXLAN, UDP port 4789, which the host's firewall opens while such a tunnel is up.
    #[wire(name = "vxlan")]
    Vxlan,
}

/// Takes the tunnel down and removes it with its access PIF; the network stays. Refused for the reasons of
/// PIF.unplug.
#[derive(Clone, Debug, Call)]
#[call(name = "tunnel.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The tunnel to remove.
    #[param(name = "self")]
    pub this: Ref<Tunnel>,
}

/// Makes the local end of a tunnel and brings it up. Refused, in this order, with NETWORK_UNMANAGED,
/// NETWORK_ALREADY_CONNECTED, PIF_UNMANAGED, CANNOT_ADD_TUNNEL_TO_BOND_SLAVE, IS_TUNNEL_ACCESS_PIF,
/// CANNOT_ADD_TUNNEL_TO_SRIOV_LOGICAL, CANNOT_ADD_TUNNEL_TO_VLAN_ON_SRIOV_LOGICAL,
/// NETWORK_INCOMPATIBLE_WITH_TUNNEL, OPENVSWITCH_NOT_ACTIVE when a host of the pool has another backend, and
/// TRANSPORT_PIF_NOT_CONFIGURED.
#[derive(Clone, Debug, Call)]
#[call(name = "tunnel.create", out = Ref<Tunnel>, role = PoolOperator)]
pub struct Create {
    /// The interface that is to carry the encapsulated packets.
    #[param(name = "transport_PIF")]
    pub transport_pif: Ref<Pif>,
    /// The inner network; the host must have no PIF on it yet.
    pub network: Ref<Network>,
    /// How packets are wrapped.
    #[param(default = TunnelProtocol::Gre)]
    pub protocol: TunnelProtocol,
}
