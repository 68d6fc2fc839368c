//! Class `VLAN`.

use std::collections::BTreeMap;

use super::*;

/// Joins two PIFs of a host: the tagged side, an interface whose traffic carries VLAN tags, and the untagged
/// side, which connects the traffic of one tag to a network.
#[derive(Clone, Debug, Class)]
#[class(name = "VLAN", role = PoolOperator, calls(Destroy, Create))]
pub struct Vlan {
    /// Unique identifier of the VLAN. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The interface that carries the tagged packets: a NIC, a bond, or the logical side of an SR-IOV
    /// network.
    #[field(StaticRO, name = "tagged_PIF", default = Ref::null())]
    pub tagged_pif: Ref<Pif>,
    /// The PIF made for this VLAN; its network sees the packets without tags.
    #[field(DynamicRO, name = "untagged_PIF", default = Ref::null())]
    pub untagged_pif: Ref<Pif>,
    /// The number that marks the packets, 0 to 4094.
    #[field(StaticRO, default = -1)]
    pub tag: i64,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
}

/// Takes the VLAN down and removes it with its untagged PIF; the network stays. Refused for the reasons of
/// PIF.unplug, with PIF_ALREADY_BONDED when the untagged side is a member of a bond, and with
/// PIF_IS_MANAGEMENT_INTERFACE.
#[derive(Clone, Debug, Call)]
#[call(name = "VLAN.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The VLAN to remove.
    #[param(name = "self")]
    pub this: Ref<Vlan>,
}

/// Makes a VLAN on an interface and brings it up. Either all of it happens or nothing. Refused, in this
/// order, with NETWORK_UNMANAGED, NETWORK_ALREADY_CONNECTED, PIF_UNMANAGED, CANNOT_ADD_VLAN_TO_BOND_SLAVE,
/// PIF_IS_VLAN, IS_TUNNEL_ACCESS_PIF, the three NETWORK_…_SRIOV refusals,
/// NETWORK_INCOMPATIBLE_WITH_VLAN_ON_BRIDGE, VLAN_TAG_INVALID, PIF_VLAN_EXISTS, VLAN_IN_USE and
/// NETWORK_INCOMPATIBLE_WITH_TRUNKS.
#[derive(Clone, Debug, Call)]
#[call(name = "VLAN.create", out = Ref<Vlan>, role = PoolOperator)]
pub struct Create {
    /// The interface that is to carry the VLAN.
    #[param(name = "tagged_PIF")]
    pub tagged_pif: Ref<Pif>,
    /// The tag, 0 to 4094.
    pub tag: i64,
    /// The network of the VLAN's traffic; the host must have no PIF on it yet.
    pub network: Ref<Network>,
}
