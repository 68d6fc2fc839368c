//! Class `PIF`.

use std::collections::BTreeMap;

use super::*;

/// A network interface of a host. A PIF stands for a NIC, or for something built upon NICs: the aggregate of
/// a bond, one VLAN of an interface, the local end of a tunnel. It connects its host to one network, and
/// holds the IP configuration that the host itself uses there.
#[derive(Clone, Debug, Class)]
#[class(name = "PIF", role = PoolOperator, calls(SetProperty, DbForget, DbIntroduce, Plug, SetDisallowUnplug, Unplug, Forget, Introduce, Scan, ScanBios, SetPrimaryAddressType, ReconfigureIpv6, ReconfigureIp, Destroy, CreateVlan))]
pub struct Pif {
    /// Unique identifier of the PIF. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name of the interface on the host, such as `eth0`. A bond has `bond0` and so on; a VLAN has the name
    /// of the interface that carries it; the access side of a tunnel has `tunnel0` and so on. It follows when
    /// the host renames the NIC.
    #[field(StaticRO)]
    pub device: String,
    /// The network that this PIF connects its host to. A host has at most one PIF on a network.
    #[field(StaticRO)]
    pub network: Ref<Network>,
    /// The host that has the interface.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// Hardware address, six pairs of hexadecimal digits. A bond takes the address of its primary slave
    /// unless it was given one; VLANs show `fe:ff:ff:ff:ff:ff`, since they use the address of the interface
    /// below.
    #[field(StaticRO, name = "MAC")]
    pub mac: String,
    /// Largest packet, in octets, as the host really has it. It is read from the device or its bridge; what
    /// should be is said by the network's MTU. -1 for a bond or tunnel that was never plugged.
    #[field(StaticRO, name = "MTU")]
    pub mtu: i64,
    /// The VLAN tag of this PIF's traffic on the interface below, or -1 when it is no VLAN.
    #[field(StaticRO, name = "VLAN")]
    pub vlan: i64,
    /// Link state and hardware identity. A VLAN or tunnel shares them with the interface that it stands on.
    #[field(DynamicRO)]
    pub metrics: Ref<PifMetrics>,
    /// True for a NIC, false for what is built upon others.
    #[field(DynamicRO, default = false)]
    pub physical: bool,
    /// True while the interface is up: its bridge exists and its traffic flows. A slave of a bond is never
    /// attached itself; its bond is.
    #[field(DynamicRO, default = true)]
    pub currently_attached: bool,
    /// How the host gets its IPv4 address here. `None` carries traffic of virtual machines without giving the
    /// host an address.
    #[field(DynamicRO, default = IpConfigurationMode::None)]
    pub ip_configuration_mode: IpConfigurationMode,
    /// IPv4 address of the host on this interface; empty when it has none. With DHCP it is the leased
    /// address.
    #[field(DynamicRO, name = "IP", default = String::new())]
    pub ip: String,
    /// IPv4 netmask in dotted form, such as `255.255.255.0`; empty without an address.
    #[field(DynamicRO, default = String::new())]
    pub netmask: String,
    /// IPv4 router. The host takes its default route from one interface only: one with
    /// `other_config:defaultroute` = `true`, else the management interface, else the first that has an
    /// address.
    #[field(DynamicRO, default = String::new())]
    pub gateway: String,
    /// Name servers, separated by commas; both families stand in this one list. The host uses those of one
    /// interface: one with `other_config:peerdns` = `true`, else the management interface.
    #[field(DynamicRO, name = "DNS", default = String::new())]
    pub dns: String,
    /// The bond that this PIF is a slave of, or null. A slave carries no network of its own: nothing may be
    /// plugged into it.
    #[field(DynamicRO, default = Ref::null())]
    pub bond_slave_of: Ref<Bond>,
    /// The bond whose aggregate this PIF is: none or one.
    #[field(DynamicRO, view = Bond::MASTER)]
    pub bond_master_of: Many<Bond>,
    /// The VLAN whose untagged side this PIF is, or null.
    #[field(DynamicRO, name = "VLAN_master_of", default = Ref::null())]
    pub vlan_master_of: Ref<Vlan>,
    /// The VLANs that use this PIF as their trunk.
    #[field(DynamicRO, name = "VLAN_slave_of", view = Vlan::TAGGED_PIF)]
    pub vlan_slave_of: Many<Vlan>,
    /// True on the one interface through which the host is managed and talks to its pool.
    #[field(DynamicRO, default = false)]
    pub management: bool,
    /// Settings that take effect when the interface is next brought up: `mtu`, `defaultroute`, `peerdns`,
    /// `domain` (search domains, by commas), `ethtool-…` for NIC settings and, on a bond, `bond-…` for
    /// options of the bond. Other keys are kept for clients.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// True protects the interface from being unplugged, for example since storage or a cluster depends on
    /// it.
    #[field(DynamicRO, default = false)]
    pub disallow_unplug: bool,
    /// The tunnel whose access side this PIF is: none or one.
    #[field(DynamicRO, name = "tunnel_access_PIF_of", view = Tunnel::ACCESS_PIF)]
    pub tunnel_access_pif_of: Many<Tunnel>,
    /// The tunnels whose packets travel through this PIF.
    #[field(DynamicRO, name = "tunnel_transport_PIF_of", view = Tunnel::TRANSPORT_PIF)]
    pub tunnel_transport_pif_of: Many<Tunnel>,
    /// How the host gets its IPv6 addresses here.
    #[field(DynamicRO, default = Ipv6ConfigurationMode::None)]
    pub ipv6_configuration_mode: Ipv6ConfigurationMode,
    /// IPv6 addresses with prefix lengths, such as `2001:db8::10/64`. With DHCP or autoconfiguration they are
    /// read from the host.
    #[field(DynamicRO, name = "IPv6", default = Vec::new())]
    pub ipv6: Vec<String>,
    /// IPv6 router; empty when there is none or when it is learnt from router advertisements.
    #[field(DynamicRO, default = String::new())]
    pub ipv6_gateway: String,
    /// The family by which the pool reaches this interface. All management interfaces of a pool have the
    /// same.
    #[field(DynamicRO, default = PrimaryAddressType::IPv4)]
    pub primary_address_type: PrimaryAddressType,
    /// False hands the interface over to the operator: it cannot be plugged, configured, bonded or made a
    /// trunk here.
    #[field(StaticRO, default = true)]
    pub managed: bool,
    /// Offload settings of the NIC. `gro` is `on` or `off`; the members of a bond have the same value as the
    /// bond.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
    /// What the interface can do beyond carrying packets, such as `fcoe` or `sriov`.
    #[field(DynamicRO, default = Vec::new())]
    pub capabilities: Vec<String>,
    /// Whether multicast is forwarded only to the ports that asked for it. Known once the interface was
    /// brought up; unknown for VLANs.
    #[field(DynamicRO, default = PifIgmpStatus::Unknown)]
    pub igmp_snooping_status: PifIgmpStatus,
    /// The SR-IOV network that splits this NIC into virtual functions: none or one.
    #[field(DynamicRO, name = "sriov_physical_PIF_of", view = NetworkSriov::PHYSICAL_PIF)]
    pub sriov_physical_pif_of: Many<NetworkSriov>,
    /// The SR-IOV network whose logical side this PIF is: none or one.
    #[field(DynamicRO, name = "sriov_logical_PIF_of", view = NetworkSriov::LOGICAL_PIF)]
    pub sriov_logical_pif_of: Many<NetworkSriov>,
    /// The PCI device of the NIC, or null.
    #[field(DynamicRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
    /// Name of the device as XAPI keeps it beside `device`; the parameter of PIF_VLAN_EXISTS.
    #[field(Internal)]
    pub device_name: String,
    /// It shall be attached and could not be, for want of its NIC or because something refused: it is tried again.
    #[field(Internal, default = false)]
    pub left_out: bool,
    /// The bond, VLAN or tunnel is there because the pool's master has one on its network: it goes when that goes.
    #[field(Internal, default = false)]
    pub inherited: bool,
}

/// Whether a bridge forwards multicast by what its ports asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pif_igmp_status")]
pub enum PifIgmpStatus {
    /// Multicast goes to the ports that joined its group.
    #[wire(name = "enabled")]
    Enabled,
    /// Multicast goes to every port.
    #[wire(name = "disabled")]
    Disabled,
    /// Not known yet, or not applicable, as on a VLAN.
    #[wire(name = "unknown")]
    Unknown,
}

/// How a host gets its IPv4 address on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "ip_configuration_mode")]
pub enum IpConfigurationMode {
    /// It has none here.
    #[wire(name = "None")]
    None,
    /// A server on the network leases one.
    #[wire(name = "DHCP")]
    Dhcp,
    /// It is given in the PIF.
    #[wire(name = "Static")]
    Static,
}

/// How a host gets its IPv6 addresses on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "ipv6_configuration_mode")]
pub enum Ipv6ConfigurationMode {
    /// It has only the link-local address.
    #[wire(name = "None")]
    None,
    /// A server on the network leases one.
    #[wire(name = "DHCP")]
    Dhcp,
    /// They are given in the PIF.
    #[wire(name = "Static")]
    Static,
    /// The host makes one from the prefix that a router advertises.
    #[wire(name = "Autoconf")]
    Autoconf,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "primary_address_type")]
pub enum PrimaryAddressType {
    /// Internet Protocol version 4.
    #[wire(name = "IPv4")]
    IPv4,
    /// Internet Protocol version 6.
    #[wire(name = "IPv6")]
    IPv6,
}

/// Changes an offload setting of a NIC, and at once on the host if it is up. On the aggregate of a bond it
/// changes all members alike. Refused with INVALID_VALUE for an unknown name or value, and with
/// CANNOT_CHANGE_PIF_PROPERTIES for a slave, a VLAN or a tunnel.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_property", role = PoolOperator)]
pub struct SetProperty {
    /// The NIC or the aggregate of a bond.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Name of the property; only `gro` is known.
    pub name: String,
    /// `on` or `off`.
    pub value: String,
}

/// Removes the record of an interface and nothing else: the host is left as it is and nothing is checked. For
/// repair only; PIF.forget is the right call.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.db_forget", role = PoolOperator)]
pub struct DbForget {
    /// The record to remove.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Writes the record of an interface as given, without looking at the host. For restoring a pool's database;
/// PIF.introduce is the right call. Refused with NETWORK_INCOMPATIBLE_WITH_TRUNKS for a VLAN on a network
/// whose VIFs have trunks.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.db_introduce", out = Ref<Pif>, role = PoolOperator)]
pub struct DbIntroduce {
    /// Name of the interface on the host.
    pub device: String,
    /// The network that it connects to.
    pub network: Ref<Network>,
    /// The host that has it.
    pub host: Ref<Host>,
    /// Its hardware address.
    #[param(name = "MAC")]
    pub mac: String,
    /// Its MTU in octets.
    #[param(name = "MTU")]
    pub mtu: i64,
    /// Its VLAN tag, or -1.
    #[param(name = "VLAN")]
    pub vlan: i64,
    /// Whether it is a NIC.
    pub physical: bool,
    /// How it gets its IPv4 address.
    pub ip_configuration_mode: IpConfigurationMode,
    /// Its IPv4 address, or empty.
    #[param(name = "IP")]
    pub ip: String,
    /// Its IPv4 netmask, or empty.
    pub netmask: String,
    /// Its IPv4 router, or empty.
    pub gateway: String,
    /// Its name servers, separated by commas.
    #[param(name = "DNS")]
    pub dns: String,
    /// Not used: bonds are made by Bond.create.
    pub bond_slave_of: Ref<Bond>,
    /// The VLAN whose untagged side it is, or null.
    #[param(name = "VLAN_master_of")]
    pub vlan_master_of: Ref<Vlan>,
    /// Whether the host is managed through it.
    pub management: bool,
    /// Its further settings.
    pub other_config: BTreeMap<String, String>,
    /// Whether it is protected from being unplugged.
    #[param(default = false)]
    pub disallow_unplug: bool,
    /// How it gets its IPv6 addresses.
    #[param(default = Ipv6ConfigurationMode::None)]
    pub ipv6_configuration_mode: Ipv6ConfigurationMode,
    /// Its IPv6 addresses with prefix lengths.
    #[param(name = "IPv6", default = Vec::new())]
    pub ipv6: Vec<String>,
    /// Its IPv6 router, or empty.
    #[param(default = String::new())]
    pub ipv6_gateway: String,
    /// The family that counts for the pool.
    #[param(default = PrimaryAddressType::IPv4)]
    pub primary_address_type: PrimaryAddressType,
    /// Whether this server manages it.
    #[param(default = true)]
    pub managed: bool,
    /// Its offload settings.
    #[param(default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
}

/// Brings the interface up on its host with its bridge and its addresses, and what it stands on with it.
/// Doing it again does no harm. Refused with PIF_UNMANAGED, with CANNOT_PLUG_BOND_SLAVE for a member of a
/// bond, and with TRANSPORT_PIF_NOT_CONFIGURED for a tunnel whose transport has no address. When the host
/// cannot carry it out, PIF_CONFIGURATION_ERROR says why, and all is as before.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.plug", role = PoolOperator)]
pub struct Plug {
    /// The interface to bring up.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Protects the interface from being unplugged, or lifts the protection. Lifting it is refused with
/// CLUSTERING_ENABLED while a cluster uses the interface, and with OTHER_OPERATION_IN_PROGRESS while one is
/// being built.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_disallow_unplug", role = PoolOperator)]
pub struct SetDisallowUnplug {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// True to protect it.
    pub value: bool,
}

/// Takes the interface down, and the tunnels that travel through it with it. VLANs on it stay up. Refused
/// with PIF_UNMANAGED, HA_IS_ENABLED or REDO_LOG_IS_ENABLED, PIF_IS_MANAGEMENT_INTERFACE, VIF_IN_USE while a
/// running machine uses its network, PIF_DOES_NOT_ALLOW_UNPLUG, and PIF_HAS_FCOE_SR_IN_USE.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.unplug", role = PoolOperator)]
pub struct Unplug {
    /// The interface to take down.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Takes the interface down and removes its record; the network stays. A NIC that is still in the host comes
/// back with the next PIF.scan. Refused with PIF_IS_MANAGEMENT_INTERFACE, PIF_ALREADY_BONDED for a bond or
/// its member, PIF_VLAN_STILL_EXISTS, PIF_TUNNEL_STILL_EXISTS, HA_IS_ENABLED or REDO_LOG_IS_ENABLED while it
/// is up, CANNOT_FORGET_SRIOV_LOGICAL, PIF_SRIOV_STILL_EXISTS, and CLUSTERING_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.forget", role = PoolOperator)]
pub struct Forget {
    /// The interface to forget.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Makes a PIF for a NIC of a host that has none yet. It is put on the network of its bridge, which is made
/// when there is none. Refused with MAC_INVALID, DUPLICATE_PIF_DEVICE_NAME, or
/// COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS when the host has no such NIC.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.introduce", out = Ref<Pif>, role = PoolOperator)]
pub struct Introduce {
    /// The host that has the NIC.
    pub host: Ref<Host>,
    /// Its hardware address; empty to take what the device has.
    #[param(name = "MAC")]
    pub mac: String,
    /// Its name on the host, such as `eth2`.
    pub device: String,
    /// False to leave its configuration to the operator.
    #[param(default = true)]
    pub managed: bool,
}

/// Looks for NICs of a host that have no PIF and makes one for each, as PIF.introduce would; refreshes names
/// and hardware addresses of those that have. PIFs of NICs that are gone are kept.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.scan", role = PoolOperator)]
pub struct Scan {
    /// The host to look at.
    pub host: Ref<Host>,
}

/// Looks for NICs of a host as PIF.scan does, and puts the PIFs of NICs on the networks of the places that the
/// firmware gives these NICs: onboard ports first, then cards by slot. NICs that have a PIF keep it. Returns the
/// PIFs that were made.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.scan_bios", out = Vec<Ref<Pif>>, role = PoolOperator, hidden)]
pub struct ScanBios {
    /// The host to look at.
    pub host: Ref<Host>,
}

/// Says by which family the pool reaches this interface. Refused with PIF_IS_MANAGEMENT_INTERFACE on the
/// management interface, with HA_IS_ENABLED or REDO_LOG_IS_ENABLED while it is up, and with
/// CLUSTERING_ENABLED.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_primary_address_type", role = PoolOperator)]
pub struct SetPrimaryAddressType {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// The family that counts from now on.
    pub primary_address_type: PrimaryAddressType,
}

/// Changes how the host gets its IPv6 addresses here. If the interface is up the change takes effect at once;
/// should it fail, the old configuration is put back. Refused with PIF_UNMANAGED, HA_IS_ENABLED or
/// REDO_LOG_IS_ENABLED, CLUSTERING_ENABLED, INVALID_IP_ADDRESS_SPECIFIED or INVALID_CIDR_ADDRESS_SPECIFIED
/// with the name of the parameter, and PIF_IS_MANAGEMENT_INTERFACE for `None` on an IPv6 management
/// interface.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.reconfigure_ipv6", role = PoolOperator)]
pub struct ReconfigureIpv6 {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// How addresses are got from now on.
    pub mode: Ipv6ConfigurationMode,
    /// Address with prefix length, such as `2001:db8::10/64`, for `Static`; otherwise empty.
    #[param(name = "IPv6")]
    pub ipv6: String,
    /// Router for `Static`; may be empty.
    pub gateway: String,
    /// Name servers, separated by commas. Those of the other family are kept.
    #[param(name = "DNS")]
    pub dns: String,
}

/// Changes how the host gets its IPv4 address here. If the interface is up the change takes effect at once;
/// should it fail, the old configuration is put back. Changing only the name servers of a static interface is
/// always allowed. Refused with PIF_UNMANAGED, HA_IS_ENABLED or REDO_LOG_IS_ENABLED, CLUSTERING_ENABLED,
/// INVALID_IP_ADDRESS_SPECIFIED with the name of the parameter, and PIF_IS_MANAGEMENT_INTERFACE for `None` on
/// an IPv4 management interface.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.reconfigure_ip", role = PoolOperator)]
pub struct ReconfigureIp {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// How the address is got from now on.
    pub mode: IpConfigurationMode,
    /// Address for `Static`; otherwise empty.
    #[param(name = "IP")]
    pub ip: String,
    /// Netmask in dotted form for `Static`; otherwise empty.
    pub netmask: String,
    /// Router for `Static`; may be empty.
    pub gateway: String,
    /// Name servers, separated by commas. Those of the other family are kept.
    #[param(name = "DNS")]
    pub dns: String,
}

/// Removes a VLAN by its untagged side; VLAN.destroy replaces it. Refused with PIF_IS_PHYSICAL for anything
/// but a VLAN, and for the reasons of VLAN.destroy.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The untagged side of the VLAN.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Makes a VLAN on the interface of a host that has the given name, and returns its untagged side;
/// VLAN.create replaces it. Refused with INVALID_VALUE when the host has no such interface, and for the
/// reasons of VLAN.create.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.create_VLAN", out = Ref<Pif>, role = PoolOperator, state = Deprecated)]
pub struct CreateVlan {
    /// Name of the interface that is to carry the VLAN.
    pub device: String,
    /// The network of the VLAN's traffic.
    pub network: Ref<Network>,
    /// The host that has the interface.
    pub host: Ref<Host>,
    /// The tag, 0 to 4094.
    #[param(name = "VLAN")]
    pub vlan: i64,
}
