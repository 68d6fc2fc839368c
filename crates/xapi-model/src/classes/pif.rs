//! Class `PIF`.

use std::collections::BTreeMap;

use super::*;

/// Pif.
#[derive(Clone, Debug, Class)]
#[class(name = "PIF", role = PoolOperator, calls(SetProperty, DbForget, DbIntroduce, Plug, SetDisallowUnplug, Unplug, Forget, Introduce, Scan, SetPrimaryAddressType, ReconfigureIpv6, ReconfigureIp, Destroy, CreateVlan))]
pub struct Pif {
    /// Uuid.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Device.
    #[field(StaticRO)]
    pub device: String,
    /// Network.
    #[field(StaticRO)]
    pub network: Ref<Network>,
    /// Host.
    #[field(StaticRO)]
    pub host: Ref<Host>,
    /// MAC.
    #[field(StaticRO, name = "MAC")]
    pub mac: String,
    /// MTU.
    #[field(StaticRO, name = "MTU")]
    pub mtu: i64,
    /// VLAN.
    #[field(StaticRO, name = "VLAN")]
    pub vlan: i64,
    /// Metrics.
    #[field(DynamicRO)]
    pub metrics: Ref<PifMetrics>,
    /// Physical.
    #[field(DynamicRO, default = false)]
    pub physical: bool,
    /// Currently attached.
    #[field(DynamicRO, default = true)]
    pub currently_attached: bool,
    /// Ip configuration mode.
    #[field(DynamicRO, default = IpConfigurationMode::None)]
    pub ip_configuration_mode: IpConfigurationMode,
    /// IP.
    #[field(DynamicRO, name = "IP", default = String::new())]
    pub ip: String,
    /// Netmask.
    #[field(DynamicRO, default = String::new())]
    pub netmask: String,
    /// Gateway.
    #[field(DynamicRO, default = String::new())]
    pub gateway: String,
    /// DNS.
    #[field(DynamicRO, name = "DNS", default = String::new())]
    pub dns: String,
    /// Bond slave of.
    #[field(DynamicRO, default = Ref::null())]
    pub bond_slave_of: Ref<Bond>,
    /// Bond master of.
    #[field(DynamicRO, view = Bond::MASTER)]
    pub bond_master_of: Many<Bond>,
    /// VLAN master of.
    #[field(DynamicRO, name = "VLAN_master_of", default = Ref::null())]
    pub vlan_master_of: Ref<Vlan>,
    /// VLAN slave of.
    #[field(DynamicRO, name = "VLAN_slave_of", view = Vlan::TAGGED_PIF)]
    pub vlan_slave_of: Many<Vlan>,
    /// Management.
    #[field(DynamicRO, default = false)]
    pub management: bool,
    /// Other config.
    #[field(RW, default = BTreeMap::new())]
    pub other_config: BTreeMap<String, String>,
    /// Disallow unplug.
    #[field(DynamicRO, default = false)]
    pub disallow_unplug: bool,
    /// Tunnel access PIF of.
    #[field(DynamicRO, name = "tunnel_access_PIF_of", view = Tunnel::ACCESS_PIF)]
    pub tunnel_access_pif_of: Many<Tunnel>,
    /// Tunnel transport PIF of.
    #[field(DynamicRO, name = "tunnel_transport_PIF_of", view = Tunnel::TRANSPORT_PIF)]
    pub tunnel_transport_pif_of: Many<Tunnel>,
    /// Ipv6 configuration mode.
    #[field(DynamicRO, default = Ipv6ConfigurationMode::None)]
    pub ipv6_configuration_mode: Ipv6ConfigurationMode,
    /// IPv6.
    #[field(DynamicRO, name = "IPv6", default = Vec::new())]
    pub ipv6: Vec<String>,
    /// Ipv6 gateway.
    #[field(DynamicRO, default = String::new())]
    pub ipv6_gateway: String,
    /// Primary address type.
    #[field(DynamicRO, default = PrimaryAddressType::IPv4)]
    pub primary_address_type: PrimaryAddressType,
    /// Managed.
    #[field(StaticRO, default = true)]
    pub managed: bool,
    /// Properties.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
    /// Capabilities.
    #[field(DynamicRO, default = Vec::new())]
    pub capabilities: Vec<String>,
    /// Igmp snooping status.
    #[field(DynamicRO, default = PifIgmpStatus::Unknown)]
    pub igmp_snooping_status: PifIgmpStatus,
    /// Sriov physical PIF of.
    #[field(DynamicRO, name = "sriov_physical_PIF_of", view = NetworkSriov::PHYSICAL_PIF)]
    pub sriov_physical_pif_of: Many<NetworkSriov>,
    /// Sriov logical PIF of.
    #[field(DynamicRO, name = "sriov_logical_PIF_of", view = NetworkSriov::LOGICAL_PIF)]
    pub sriov_logical_pif_of: Many<NetworkSriov>,
    /// PCI.
    #[field(DynamicRO, name = "PCI", default = Ref::null())]
    pub pci: Ref<Pci>,
    /// Name of the device as XAPI keeps it beside `device`; the parameter of PIF_VLAN_EXISTS.
    #[field(Internal)]
    pub device_name: String,
}

/// Pif igmp status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "pif_igmp_status")]
pub enum PifIgmpStatus {
    /// Enabled.
    #[wire(name = "enabled")]
    Enabled,
    /// Disabled.
    #[wire(name = "disabled")]
    Disabled,
    /// Unknown.
    #[wire(name = "unknown")]
    Unknown,
}

/// Ip configuration mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "ip_configuration_mode")]
pub enum IpConfigurationMode {
    /// None.
    #[wire(name = "None")]
    None,
    /// Dhcp.
    #[wire(name = "DHCP")]
    Dhcp,
    /// Static.
    #[wire(name = "Static")]
    Static,
}

/// Ipv6 configuration mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "ipv6_configuration_mode")]
pub enum Ipv6ConfigurationMode {
    /// None.
    #[wire(name = "None")]
    None,
    /// Dhcp.
    #[wire(name = "DHCP")]
    Dhcp,
    /// Static.
    #[wire(name = "Static")]
    Static,
    /// Autoconf.
    #[wire(name = "Autoconf")]
    Autoconf,
}

/// Primary address type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "primary_address_type")]
pub enum PrimaryAddressType {
    /// Ipv4.
    #[wire(name = "IPv4")]
    IPv4,
    /// Ipv6.
    #[wire(name = "IPv6")]
    IPv6,
}

/// Set property of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_property", role = PoolOperator)]
pub struct SetProperty {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Name.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Db forget of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.db_forget", role = PoolOperator)]
pub struct DbForget {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Db introduce of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.db_introduce", out = Ref<Pif>, role = PoolOperator)]
pub struct DbIntroduce {
    /// Device.
    pub device: String,
    /// Network.
    pub network: Ref<Network>,
    /// Host.
    pub host: Ref<Host>,
    /// MAC.
    #[param(name = "MAC")]
    pub mac: String,
    /// MTU.
    #[param(name = "MTU")]
    pub mtu: i64,
    /// VLAN.
    #[param(name = "VLAN")]
    pub vlan: i64,
    /// Physical.
    pub physical: bool,
    /// Ip configuration mode.
    pub ip_configuration_mode: IpConfigurationMode,
    /// IP.
    #[param(name = "IP")]
    pub ip: String,
    /// Netmask.
    pub netmask: String,
    /// Gateway.
    pub gateway: String,
    /// DNS.
    #[param(name = "DNS")]
    pub dns: String,
    /// Bond slave of.
    pub bond_slave_of: Ref<Bond>,
    /// VLAN master of.
    #[param(name = "VLAN_master_of")]
    pub vlan_master_of: Ref<Vlan>,
    /// Management.
    pub management: bool,
    /// Other config.
    pub other_config: BTreeMap<String, String>,
    /// Disallow unplug.
    #[param(default = false)]
    pub disallow_unplug: bool,
    /// Ipv6 configuration mode.
    #[param(default = Ipv6ConfigurationMode::None)]
    pub ipv6_configuration_mode: Ipv6ConfigurationMode,
    /// IPv6.
    #[param(name = "IPv6", default = Vec::new())]
    pub ipv6: Vec<String>,
    /// Ipv6 gateway.
    #[param(default = String::new())]
    pub ipv6_gateway: String,
    /// Primary address type.
    #[param(default = PrimaryAddressType::IPv4)]
    pub primary_address_type: PrimaryAddressType,
    /// Managed.
    #[param(default = true)]
    pub managed: bool,
    /// Properties.
    #[param(default = BTreeMap::new())]
    pub properties: BTreeMap<String, String>,
}

/// Plug of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.plug", role = PoolOperator)]
pub struct Plug {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Set disallow unplug of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_disallow_unplug", role = PoolOperator)]
pub struct SetDisallowUnplug {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Value.
    pub value: bool,
}

/// Unplug of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.unplug", role = PoolOperator)]
pub struct Unplug {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Forget of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.forget", role = PoolOperator)]
pub struct Forget {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Introduce of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.introduce", out = Ref<Pif>, role = PoolOperator)]
pub struct Introduce {
    /// Host.
    pub host: Ref<Host>,
    /// MAC.
    #[param(name = "MAC")]
    pub mac: String,
    /// Device.
    pub device: String,
    /// Managed.
    #[param(default = true)]
    pub managed: bool,
}

/// Scan of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.scan", role = PoolOperator)]
pub struct Scan {
    /// Host.
    pub host: Ref<Host>,
}

/// Set primary address type of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.set_primary_address_type", role = PoolOperator)]
pub struct SetPrimaryAddressType {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Primary address type.
    pub primary_address_type: PrimaryAddressType,
}

/// Reconfigure ipv6 of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.reconfigure_ipv6", role = PoolOperator)]
pub struct ReconfigureIpv6 {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Mode.
    pub mode: Ipv6ConfigurationMode,
    /// IPv6.
    #[param(name = "IPv6")]
    pub ipv6: String,
    /// Gateway.
    pub gateway: String,
    /// DNS.
    #[param(name = "DNS")]
    pub dns: String,
}

/// Reconfigure ip of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.reconfigure_ip", role = PoolOperator)]
pub struct ReconfigureIp {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
    /// Mode.
    pub mode: IpConfigurationMode,
    /// IP.
    #[param(name = "IP")]
    pub ip: String,
    /// Netmask.
    pub netmask: String,
    /// Gateway.
    pub gateway: String,
    /// DNS.
    #[param(name = "DNS")]
    pub dns: String,
}

/// Destroy of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.destroy", role = PoolOperator, state = Deprecated)]
pub struct Destroy {
    /// The PIF.
    #[param(name = "self")]
    pub this: Ref<Pif>,
}

/// Create VLAN of PIF.
#[derive(Clone, Debug, Call)]
#[call(name = "PIF.create_VLAN", out = Ref<Pif>, role = PoolOperator, state = Deprecated)]
pub struct CreateVlan {
    /// Device.
    pub device: String,
    /// Network.
    pub network: Ref<Network>,
    /// Host.
    pub host: Ref<Host>,
    /// VLAN.
    #[param(name = "VLAN")]
    pub vlan: i64,
}
