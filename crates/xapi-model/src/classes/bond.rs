//! Class `Bond`.

use std::collections::BTreeMap;

use super::*;

/// Several interfaces of one host used as one, for the sake of a spare or of more bandwidth. The aggregate is
/// a PIF of its own, the master, with a network of its own; the members are its slaves.
#[derive(Clone, Debug, Class)]
#[class(name = "Bond", role = PoolOperator, calls(SetProperty, SetMode, Destroy, Create))]
pub struct Bond {
    /// Unique identifier of the Bond. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// The PIF of the aggregate; it has the bond's network, address and link state.
    #[field(StaticRO, default = Ref::null())]
    pub master: Ref<Pif>,
    /// The PIFs that are bonded.
    #[field(DynamicRO, view = Pif::BOND_SLAVE_OF)]
    pub slaves: Many<Pif>,
    /// Free keys and values for clients and extensions; the server keeps them and does not act on them.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// The member whose address and hardware address the bond took over when it was made, and which gets them
    /// back when it is destroyed.
    #[field(DynamicRO, default = Ref::null())]
    pub primary_slave: Ref<Pif>,
    /// How traffic is spread over the members.
    #[field(DynamicRO, default = BondMode::BalanceSlb)]
    pub mode: BondMode,
    /// Options of the mode. LACP knows `hashing_algorithm` (`tcpudp_ports`, `src_mac`), `lacp-time` (`slow`,
    /// `fast`), `lacp-aggregation-key` (a number) and `lacp-fallback-ab` (`true`, `false`); the other modes
    /// know none.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
    /// How many members have a link.
    #[field(DynamicRO, default = 0)]
    pub links_up: i64,
    /// True if the bond follows the hardware address of its primary slave; false if it was given one when it
    /// was made.
    #[field(DynamicRO, default = true)]
    pub auto_update_mac: bool,
}

/// How a bond spreads traffic over its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "bond_mode", exact)]
pub enum BondMode {
    /// Each virtual machine's traffic, by hardware address and VLAN, uses one member; load is evened out
    /// every thirty minutes and when a link fails. Switches need not know.
    #[wire(name = "balance-slb")]
    BalanceSlb,
    /// One member carries all traffic, the others wait for its link to fail. Switches need not know.
    #[wire(name = "active-backup")]
    ActiveBackup,
    /// The switch takes part by IEEE 802.3ad and each connection may use another member. The ports of the
    /// switch have to be set up for it.
    #[wire(name = "lacp")]
    Lacp,
}

/// Changes one option of the bond and applies it at once. Refused with INVALID_VALUE when the mode does not
/// know the option or the value.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.set_property", role = PoolOperator)]
pub struct SetProperty {
    /// The Bond.
    #[param(name = "self")]
    pub this: Ref<Bond>,
    /// Name of the option.
    pub name: String,
    /// Its new value.
    pub value: String,
}

/// Changes how traffic is spread, and applies it at once. Options that the new mode does not know are
/// dropped, its own get their defaults.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.set_mode", role = PoolOperator)]
pub struct SetMode {
    /// The Bond.
    #[param(name = "self")]
    pub this: Ref<Bond>,
    /// The mode from now on.
    pub value: BondMode,
}

/// Takes the bond apart. The primary slave gets the bond's address, and management, VLANs, tunnels and
/// virtual machines move to it; the other members come up by themselves. Either all of it happens or nothing.
/// Refused with HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE when high availability is on and the bond is the
/// management interface.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.destroy", role = PoolOperator)]
pub struct Destroy {
    /// The bond to take apart.
    #[param(name = "self")]
    pub this: Ref<Bond>,
}

/// Bonds interfaces of one host on a network and brings the bond up. The address of the primary slave (the
/// management interface if it is among the members, else the first member with an address, else the first)
/// moves to the bond, with management, VLANs, tunnels and virtual machines of all members. Either all of it
/// happens or nothing. Refused, in this order, with PIF_BOND_NEEDS_MORE_MEMBERS, NETWORK_UNMANAGED,
/// NETWORK_ALREADY_CONNECTED, NETWORK_INCOMPATIBLE_WITH_BOND, MAC_INVALID, INVALID_VALUE for an option,
/// PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE, PIF_UNMANAGED, PIF_ALREADY_BONDED, PIF_VLAN_EXISTS,
/// IS_TUNNEL_ACCESS_PIF, PIF_IS_SRIOV_LOGICAL, HA_CANNOT_CHANGE_BOND_STATUS_OF_MGMT_IFACE,
/// PIF_HAS_FCOE_SR_IN_USE, PIF_CANNOT_BOND_CROSS_HOST, INCOMPATIBLE_PIF_PROPERTIES and
/// PIF_BOND_MORE_THAN_ONE_IP.
#[derive(Clone, Debug, Call)]
#[call(name = "Bond.create", out = Ref<Bond>, role = PoolOperator)]
pub struct Create {
    /// The network of the bond; the host must have no PIF on it yet.
    pub network: Ref<Network>,
    /// The PIFs to bond. The order matters only for the choice of the primary slave.
    pub members: Vec<Ref<Pif>>,
    /// Hardware address of the bond; empty to follow the primary slave.
    #[param(name = "MAC")]
    pub mac: String,
    /// How traffic is spread.
    #[param(default = BondMode::BalanceSlb)]
    pub mode: BondMode,
    /// Options of the mode; those left out get their defaults.
    #[param(default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
}
