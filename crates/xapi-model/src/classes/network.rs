//! Class `network`.

use std::collections::BTreeMap;

use super::*;

/// A virtual switch that spans the pool. PIFs connect hosts to it, VIFs connect virtual machines. On each
/// host it is a bridge; a network without PIFs connects the machines of one host with each other.
#[derive(Clone, Debug, Class)]
#[class(name = "network", role = VmAdmin, ctor, calls(RemovePurpose, AddPurpose, SetDefaultLockingMode, CreateNewBlob))]
pub struct Network {
    /// Unique identifier of the network. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people, such as `Pool-wide network associated with eth0`. It need not be unique.
    #[field(RW, default = String::new(), role = PoolOperator)]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new(), role = PoolOperator)]
    pub name_description: String,
    /// What may be asked of the network in its present state. A hint for clients: the call itself decides.
    #[field(DynamicRO, default = Vec::new())]
    pub allowed_operations: Vec<NetworkOperations>,
    /// What is being done to the network right now: from the reference of the task to the operation.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub current_operations: BTreeMap<String, NetworkOperations>,
    /// The virtual interfaces of machines on this network.
    #[field(DynamicRO, name = "VIFs", view = Vif::NETWORK)]
    pub vifs: Many<Vif>,
    /// The interfaces of hosts on this network, at most one a host.
    #[field(DynamicRO, name = "PIFs", view = Pif::NETWORK)]
    pub pifs: Many<Pif>,
    /// Largest packet in octets that the network is meant to carry, from 1280 on. It takes effect when an interface is
    /// brought up; the members of a bond take the value of the bond's network.
    #[field(RW, name = "MTU", default = 1500)]
    pub mtu: i64,
    /// Settings of the bridge and marks of clients. `static-routes` (`subnet/length/gateway`, by commas) adds
    /// routes on the bridge; `assume_network_is_shared` = `true` lets
    /// machines use a network without PIFs on every host; `is_guest_installer_network` marks the internal
    /// management network.
    #[field(RW, role = PoolOperator, keys = [("folder", VmOperator), ("XenCenter.CustomFields.*", VmOperator), ("XenCenterCreateInProgress", VmOperator)])]
    pub other_config: BTreeMap<String, String>,
    /// Name of the bridge on the hosts: `xenbrN` for the network of a NIC, `xapiN` for one made by hand,
    /// `xenapi` for the internal management network, empty for one that is not managed.
    #[field(StaticRO, default = String::new())]
    pub bridge: String,
    /// False if the bridge is made and kept by the operator, and only used here.
    #[field(StaticRO, default = true)]
    pub managed: bool,
    /// Binary attachments of the network, by name.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub blobs: BTreeMap<String, Ref<Blob>>,
    /// Words that users attach to the network to find it again.
    #[field(RW, default = Vec::new(), role = VmOperator)]
    pub tags: Vec<String>,
    /// What filtering applies to VIFs that leave it to the network.
    #[field(DynamicRO, default = NetworkDefaultLockingMode::Unlocked)]
    pub default_locking_mode: NetworkDefaultLockingMode,
    /// Addresses that machines were given on the internal management network.
    #[field(DynamicRO, default = BTreeMap::new())]
    pub assigned_ips: BTreeMap<Ref<Vif>, String>,
    /// What the pool itself uses the network for, besides carrying traffic.
    #[field(DynamicRO, default = Vec::new())]
    pub purpose: Vec<NetworkPurpose>,
    /// What tells this network's packets from others in tunnels, 1 to 16777215 on every host; 0 before its first tunnel.
    #[field(Internal, default = 0)]
    pub tunnel_key: i64,
}

/// What can be done to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_operations")]
pub enum NetworkOperations {
    /// The network is being set up on a host for a virtual machine. Kept for older clients; it does not
    /// occur.
    #[wire(name = "attaching")]
    Attaching,
}

/// What filtering applies to VIFs whose own mode is `network_default`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_default_locking_mode")]
pub enum NetworkDefaultLockingMode {
    /// All their traffic passes.
    #[wire(name = "unlocked")]
    Unlocked,
    /// None of their traffic passes.
    #[wire(name = "disabled")]
    Disabled,
}

/// A use that the pool makes of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "network_purpose")]
pub enum NetworkPurpose {
    /// Disks are offered over it by NBD, encrypted.
    #[wire(name = "nbd")]
    Nbd,
    /// Disks are offered over it by NBD, in the clear.
    #[wire(name = "insecure_nbd")]
    InsecureNbd,
}

/// Withdraws a use of the network. Withdrawing what was not given is no error.
#[derive(Clone, Debug, Call)]
#[call(name = "network.remove_purpose", role = PoolAdmin)]
pub struct RemovePurpose {
    /// The network.
    #[param(name = "self")]
    pub this: Ref<Network>,
    /// The use to withdraw.
    pub value: NetworkPurpose,
}

/// Lets the pool use the network for something. The two kinds of NBD exclude each other in a pool:
/// NETWORK_INCOMPATIBLE_PURPOSES names both. Refused with NETWORK_UNMANAGED.
#[derive(Clone, Debug, Call)]
#[call(name = "network.add_purpose", role = PoolAdmin)]
pub struct AddPurpose {
    /// The network.
    #[param(name = "self")]
    pub this: Ref<Network>,
    /// The use to allow.
    pub value: NetworkPurpose,
}

/// Sets the filtering of VIFs that leave it to the network. Refused with VIF_IN_USE while such a VIF is
/// attached.
#[derive(Clone, Debug, Call)]
#[call(name = "network.set_default_locking_mode", role = PoolOperator)]
pub struct SetDefaultLockingMode {
    /// The network.
    pub network: Ref<Network>,
    /// The mode from now on.
    pub value: NetworkDefaultLockingMode,
}

/// Makes an empty binary attachment of the network, to be filled over HTTP.
#[derive(Clone, Debug, Call)]
#[call(name = "network.create_new_blob", out = Ref<Blob>, role = PoolOperator)]
pub struct CreateNewBlob {
    /// The network.
    pub network: Ref<Network>,
    /// Its name among the attachments of the network.
    pub name: String,
    /// The MIME type of its content; empty for `application/octet-stream`.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}
