//! Errors about networks: PIFs, bonds, VLANs, tunnels, VIFs, addresses, and the PVS proxies that stand on VIFs.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The VIF is locked, and this address is not among those that it may use.
    ADDRESS_VIOLATES_LOCKING_CONSTRAINT => address_violates_locking_constraint(address: "address");
    /// Another network of the pool has a bridge of this name.
    BRIDGE_NAME_EXISTS => bridge_name_exists(bridge: "bridge");
    /// The host has no bridge of this name; the network is not managed here, so somebody else has to make it.
    BRIDGE_NOT_AVAILABLE => bridge_not_available(bridge: "bridge");
    /// The PIF is a member of a bond; a tunnel has to use the bond.
    CANNOT_ADD_TUNNEL_TO_BOND_SLAVE => cannot_add_tunnel_to_bond_slave(pif: "PIF");
    /// The PIF is the logical side of an SR-IOV network and cannot carry a tunnel.
    CANNOT_ADD_TUNNEL_TO_SRIOV_LOGICAL => cannot_add_tunnel_to_sriov_logical(pif: "PIF");
    /// The PIF is a VLAN on an SR-IOV network and cannot carry a tunnel.
    CANNOT_ADD_TUNNEL_TO_VLAN_ON_SRIOV_LOGICAL => cannot_add_tunnel_to_vlan_on_sriov_logical(pif: "PIF");
    /// The PIF is a member of a bond; a VLAN has to use the bond.
    CANNOT_ADD_VLAN_TO_BOND_SLAVE => cannot_add_vlan_to_bond_slave(pif: "PIF");
    /// Properties can be changed on NICs and bonds only, and the PIF is neither, or is a member of a bond.
    CANNOT_CHANGE_PIF_PROPERTIES => cannot_change_pif_properties(pif: "PIF");
    /// The network belongs to the system: the server keeps it for itself.
    CANNOT_DESTROY_SYSTEM_NETWORK => cannot_destroy_system_network(network: "network");
    /// The PIF is the logical side of an SR-IOV network; it goes when that is destroyed.
    CANNOT_FORGET_SRIOV_LOGICAL => cannot_forget_sriov_logical(pif: "PIF");
    /// The PIF is a member of a bond and cannot be used by itself; use the bond.
    CANNOT_PLUG_BOND_SLAVE => cannot_plug_bond_slave(pif: "PIF");
    /// The VIF could not be plugged.
    CANNOT_PLUG_VIF => cannot_plug_vif(vif: "VIF");
    /// The host has no NIC with this name and this hardware address.
    COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS => could_not_find_network_interface_with_specified_device_name_and_mac_address(device: "device", mac: "MAC");
    /// IGMP snooping could not be changed on every host; the log of the others tells why.
    COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE => could_not_update_igmp_snooping_everywhere();
    /// The host already has a PIF for a NIC of this name.
    DUPLICATE_PIF_DEVICE_NAME => duplicate_pif_device_name(device: "device");
    /// The PIFs have different properties; members of a bond must have the same.
    INCOMPATIBLE_PIF_PROPERTIES => incompatible_pif_properties();
    /// The interface has no IP address.
    INTERFACE_HAS_NO_IP => interface_has_no_ip(interface: "interface");
    /// The parameter needs an address with a prefix length, such as 192.0.2.1/24 or 2001:db8::1/64.
    INVALID_CIDR_ADDRESS_SPECIFIED => invalid_cidr_address_specified(parameter: "parameter");
    /// The parameter holds no valid IP address.
    INVALID_IP_ADDRESS_SPECIFIED => invalid_ip_address_specified(parameter: "parameter");
    /// The PIF is the access side of a tunnel, and nothing can be built on that.
    IS_TUNNEL_ACCESS_PIF => is_tunnel_access_pif(pif: "PIF");
    /// The host has no interface with this hardware address.
    MAC_DOES_NOT_EXIST => mac_does_not_exist(mac: "MAC");
    /// This is no hardware address; it takes six pairs of hexadecimal digits with colons between them.
    MAC_INVALID => mac_invalid(mac: "MAC");
    /// The host still has an interface with this hardware address.
    MAC_STILL_EXISTS => mac_still_exists(mac: "MAC");
    /// The host already has a PIF on this network, and may have only one.
    NETWORK_ALREADY_CONNECTED => network_already_connected(host: "host", connected_pif: "connected PIF");
    /// The network still has PIFs; remove these first.
    NETWORK_CONTAINS_PIF => network_contains_pif(; many pifs: "pifs");
    /// The network still has VIFs of virtual machines; remove or move these first.
    NETWORK_CONTAINS_VIF => network_contains_vif(; many vifs: "vifs");
    /// The network already has SR-IOV NICs of another model than this PIF.
    NETWORK_HAS_INCOMPATIBLE_SRIOV_PIFS => network_has_incompatible_sriov_pifs(pif: "PIF", network: "network");
    /// The network already has VLANs on SR-IOV NICs of another model than this PIF.
    NETWORK_HAS_INCOMPATIBLE_VLAN_ON_SRIOV_PIFS => network_has_incompatible_vlan_on_sriov_pifs(pif: "PIF", network: "network");
    /// The new purpose cannot stand beside one that a network of the pool already has.
    NETWORK_INCOMPATIBLE_PURPOSES => network_incompatible_purposes(new_purpose: "new_purpose", conflicting_purpose: "conflicting_purpose");
    /// The network belongs to SR-IOV interfaces and cannot take a bond.
    NETWORK_INCOMPATIBLE_WITH_BOND => network_incompatible_with_bond(network: "network");
    /// The network has other interfaces and cannot take an SR-IOV one.
    NETWORK_INCOMPATIBLE_WITH_SRIOV => network_incompatible_with_sriov(network: "network");
    /// Trunks and VLANs cannot meet: the network has a VLAN, or a VIF on it has trunks.
    NETWORK_INCOMPATIBLE_WITH_TRUNKS => network_incompatible_with_trunks(network: "network");
    /// The network belongs to SR-IOV interfaces and cannot take a tunnel.
    NETWORK_INCOMPATIBLE_WITH_TUNNEL => network_incompatible_with_tunnel(network: "network");
    /// The network belongs to SR-IOV interfaces and cannot take a VLAN of an ordinary one.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_BRIDGE => network_incompatible_with_vlan_on_bridge(network: "network");
    /// The network has ordinary interfaces and cannot take a VLAN of an SR-IOV one.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_SRIOV => network_incompatible_with_vlan_on_sriov(network: "network");
    /// SR-IOV is already enabled on the PIF.
    NETWORK_SRIOV_ALREADY_ENABLED => network_sriov_already_enabled(pif: "PIF");
    /// SR-IOV could not be disabled on the PIF.
    NETWORK_SRIOV_DISABLE_FAILED => network_sriov_disable_failed(pif: "PIF", msg: "msg");
    /// SR-IOV could not be enabled on the PIF.
    NETWORK_SRIOV_ENABLE_FAILED => network_sriov_enable_failed(pif: "PIF", msg: "msg");
    /// No host has enough free virtual functions on this network for the machine.
    NETWORK_SRIOV_INSUFFICIENT_CAPACITY => network_sriov_insufficient_capacity(network: "network");
    /// The network is not managed by this server; whoever made its bridge has to change it.
    NETWORK_UNMANAGED => network_unmanaged(network: "network");
    /// This needs Open vSwitch as the network backend of every host in the pool.
    OPENVSWITCH_NOT_ACTIVE => openvswitch_not_active();
    /// The PIF may be unplugged; protect it first (disallow-unplug), since clustering depends on it.
    PIF_ALLOWS_UNPLUG => pif_allows_unplug(pif: "PIF");
    /// The PIF is part of a bond.
    PIF_ALREADY_BONDED => pif_already_bonded(pif: "PIF");
    /// More than one of the members has an IP configuration; only one address can move to the bond.
    PIF_BOND_MORE_THAN_ONE_IP => pif_bond_more_than_one_ip();
    /// The bond was given no members.
    PIF_BOND_NEEDS_MORE_MEMBERS => pif_bond_needs_more_members();
    /// The members are in different hosts; a bond is made of interfaces of one host.
    PIF_CANNOT_BOND_CROSS_HOST => pif_cannot_bond_cross_host();
    /// The host could not configure the PIF; everything was put back as it was.
    PIF_CONFIGURATION_ERROR => pif_configuration_error(pif: "PIF", msg: "msg");
    /// The host has no such device.
    PIF_DEVICE_NOT_FOUND => pif_device_not_found();
    /// The PIF is protected from being unplugged (disallow-unplug).
    PIF_DOES_NOT_ALLOW_UNPLUG => pif_does_not_allow_unplug(pif: "PIF");
    /// A storage repository in use is reached by FCoE through the PIF.
    PIF_HAS_FCOE_SR_IN_USE => pif_has_fcoe_sr_in_use(pif: "PIF", sr: "SR");
    /// The PIF has no IPv4 configuration.
    PIF_HAS_NO_NETWORK_CONFIGURATION => pif_has_no_network_configuration(pif: "PIF");
    /// The PIF has no IPv6 configuration.
    PIF_HAS_NO_V6_NETWORK_CONFIGURATION => pif_has_no_v6_network_configuration(pif: "PIF");
    /// The PIF has another primary address family than the others.
    PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE => pif_incompatible_primary_address_type(pif: "PIF");
    /// The host is managed through the PIF, and this would cut it off; move management first.
    PIF_IS_MANAGEMENT_INTERFACE => pif_is_management_interface(pif: "PIF");
    /// The PIF is not a NIC.
    PIF_IS_NOT_PHYSICAL => pif_is_not_physical(pif: "PIF");
    /// The NIC cannot do SR-IOV.
    PIF_IS_NOT_SRIOV_CAPABLE => pif_is_not_sriov_capable(pif: "PIF");
    /// The PIF is a NIC, not a VLAN.
    PIF_IS_PHYSICAL => pif_is_physical();
    /// The PIF is the logical side of an SR-IOV network.
    PIF_IS_SRIOV_LOGICAL => pif_is_sriov_logical(pif: "PIF");
    /// The PIF is a VLAN, and a VLAN cannot carry another.
    PIF_IS_VLAN => pif_is_vlan(pif: "PIF");
    /// The PIF belongs to another host.
    PIF_NOT_ATTACHED_TO_HOST => pif_not_attached_to_host(pif: "pif", host: "host");
    /// The host has no PIF on this network.
    PIF_NOT_PRESENT => pif_not_present(host: "host", network: "network");
    /// SR-IOV is still enabled on the PIF; destroy its SR-IOV network first.
    PIF_SRIOV_STILL_EXISTS => pif_sriov_still_exists(pif: "PIF");
    /// A tunnel still uses the PIF; destroy it first.
    PIF_TUNNEL_STILL_EXISTS => pif_tunnel_still_exists(pif: "PIF");
    /// The PIF is not managed by this server; its operator has to configure it.
    PIF_UNMANAGED => pif_unmanaged(pif: "PIF");
    /// The interface already has a VLAN with this tag, or is a VLAN itself.
    PIF_VLAN_EXISTS => pif_vlan_exists(device: "device");
    /// A VLAN still uses the PIF; destroy it first.
    PIF_VLAN_STILL_EXISTS => pif_vlan_still_exists(pif: "PIF");
    /// The host already has cache storage for this PVS site.
    PVS_CACHE_STORAGE_ALREADY_PRESENT => pvs_cache_storage_already_present(site: "site", host: "host");
    /// A running proxy still uses this cache storage.
    PVS_CACHE_STORAGE_IS_IN_USE => pvs_cache_storage_is_in_use(pvs_cache_storage: "PVS_cache_storage");
    /// The machine already has a PVS proxy.
    PVS_PROXY_ALREADY_PRESENT => pvs_proxy_already_present(proxies: "proxies");
    /// The machine has a PVS proxy on its first VIF, and a VIF in a lower position would take its place.
    PVS_PROXY_PRESENT_ON_HIGHER_VIF_DEVICE => pvs_proxy_present_on_higher_vif_device(device: "device");
    /// Another PVS server has this address.
    PVS_SERVER_ADDRESS_IN_USE => pvs_server_address_in_use(address: "address");
    /// The PVS site still has running proxies.
    PVS_SITE_CONTAINS_RUNNING_PROXIES => pvs_site_contains_running_proxies(proxies: "proxies");
    /// The PVS site still has servers.
    PVS_SITE_CONTAINS_SERVERS => pvs_site_contains_servers(servers: "servers");
    /// A PVS proxy has to stand on the first VIF of its machine.
    PVS_VIF_MUST_BE_FIRST_DEVICE => pvs_vif_must_be_first_device();
    /// The PIF must be up for this, and is unplugged.
    REQUIRED_PIF_IS_UNPLUGGED => required_pif_is_unplugged(; many pif: "PIF");
    /// A pool member needs its management interface to reach the master; only a master can do without.
    SLAVE_REQUIRES_MANAGEMENT_INTERFACE => slave_requires_management_interface();
    /// The transport PIF of the tunnel has no IP configuration.
    TRANSPORT_PIF_NOT_CONFIGURED => transport_pif_not_configured(pif: "PIF");
    /// A VIF on the network is in use by a running machine.
    VIF_IN_USE => vif_in_use(network: "network", vif: "VIF");
    /// It was not said which network this VIF is to use at the destination.
    VIF_NOT_IN_MAP => vif_not_in_map(vif: "vif");
    /// The host already uses this VLAN tag on the device.
    VLAN_IN_USE => vlan_in_use(device: "device", vlan: "vlan");
    /// This is no VLAN tag; tags go from 0 to 4094.
    VLAN_TAG_INVALID => vlan_tag_invalid(vlan: "VLAN");
}
