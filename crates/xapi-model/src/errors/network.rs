//! Errors about networks: PIFs, bonds, VLANs, tunnels, VIFs, addresses, and the PVS proxies that stand on VIFs.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Address violates locking constraint.
    ADDRESS_VIOLATES_LOCKING_CONSTRAINT => address_violates_locking_constraint(address: "address");
    /// Bridge name exists.
    BRIDGE_NAME_EXISTS => bridge_name_exists(bridge: "bridge");
    /// Bridge not available.
    BRIDGE_NOT_AVAILABLE => bridge_not_available(bridge: "bridge");
    /// Cannot add tunnel to bond slave.
    CANNOT_ADD_TUNNEL_TO_BOND_SLAVE => cannot_add_tunnel_to_bond_slave(pif: "PIF");
    /// Cannot add tunnel to sriov logical.
    CANNOT_ADD_TUNNEL_TO_SRIOV_LOGICAL => cannot_add_tunnel_to_sriov_logical(pif: "PIF");
    /// Cannot add tunnel to vlan on sriov logical.
    CANNOT_ADD_TUNNEL_TO_VLAN_ON_SRIOV_LOGICAL => cannot_add_tunnel_to_vlan_on_sriov_logical(pif: "PIF");
    /// Cannot add vlan to bond slave.
    CANNOT_ADD_VLAN_TO_BOND_SLAVE => cannot_add_vlan_to_bond_slave(pif: "PIF");
    /// Cannot change pif properties.
    CANNOT_CHANGE_PIF_PROPERTIES => cannot_change_pif_properties(pif: "PIF");
    /// Cannot destroy system network.
    CANNOT_DESTROY_SYSTEM_NETWORK => cannot_destroy_system_network(network: "network");
    /// Cannot forget sriov logical.
    CANNOT_FORGET_SRIOV_LOGICAL => cannot_forget_sriov_logical(pif: "PIF");
    /// Cannot plug bond slave.
    CANNOT_PLUG_BOND_SLAVE => cannot_plug_bond_slave(pif: "PIF");
    /// Cannot plug vif.
    CANNOT_PLUG_VIF => cannot_plug_vif(vif: "VIF");
    /// Could not find network interface with specified device name and mac address.
    COULD_NOT_FIND_NETWORK_INTERFACE_WITH_SPECIFIED_DEVICE_NAME_AND_MAC_ADDRESS => could_not_find_network_interface_with_specified_device_name_and_mac_address(device: "device", mac: "MAC");
    /// Could not update igmp snooping everywhere.
    COULD_NOT_UPDATE_IGMP_SNOOPING_EVERYWHERE => could_not_update_igmp_snooping_everywhere();
    /// Duplicate pif device name.
    DUPLICATE_PIF_DEVICE_NAME => duplicate_pif_device_name(device: "device");
    /// Incompatible pif properties.
    INCOMPATIBLE_PIF_PROPERTIES => incompatible_pif_properties();
    /// Interface has no ip.
    INTERFACE_HAS_NO_IP => interface_has_no_ip(interface: "interface");
    /// Invalid cidr address specified.
    INVALID_CIDR_ADDRESS_SPECIFIED => invalid_cidr_address_specified(parameter: "parameter");
    /// Invalid ip address specified.
    INVALID_IP_ADDRESS_SPECIFIED => invalid_ip_address_specified(parameter: "parameter");
    /// Is tunnel access pif.
    IS_TUNNEL_ACCESS_PIF => is_tunnel_access_pif(pif: "PIF");
    /// Mac does not exist.
    MAC_DOES_NOT_EXIST => mac_does_not_exist(mac: "MAC");
    /// Mac invalid.
    MAC_INVALID => mac_invalid(mac: "MAC");
    /// Mac still exists.
    MAC_STILL_EXISTS => mac_still_exists(mac: "MAC");
    /// Network already connected.
    NETWORK_ALREADY_CONNECTED => network_already_connected(host: "host", connected_pif: "connected PIF");
    /// Network contains pif.
    NETWORK_CONTAINS_PIF => network_contains_pif(; many pifs: "pifs");
    /// Network contains vif.
    NETWORK_CONTAINS_VIF => network_contains_vif(; many vifs: "vifs");
    /// Network has incompatible sriov pifs.
    NETWORK_HAS_INCOMPATIBLE_SRIOV_PIFS => network_has_incompatible_sriov_pifs(pif: "PIF", network: "network");
    /// Network has incompatible vlan on sriov pifs.
    NETWORK_HAS_INCOMPATIBLE_VLAN_ON_SRIOV_PIFS => network_has_incompatible_vlan_on_sriov_pifs(pif: "PIF", network: "network");
    /// Network incompatible purposes.
    NETWORK_INCOMPATIBLE_PURPOSES => network_incompatible_purposes(new_purpose: "new_purpose", conflicting_purpose: "conflicting_purpose");
    /// Network incompatible with bond.
    NETWORK_INCOMPATIBLE_WITH_BOND => network_incompatible_with_bond(network: "network");
    /// Network incompatible with sriov.
    NETWORK_INCOMPATIBLE_WITH_SRIOV => network_incompatible_with_sriov(network: "network");
    /// Network incompatible with trunks.
    NETWORK_INCOMPATIBLE_WITH_TRUNKS => network_incompatible_with_trunks(network: "network");
    /// Network incompatible with tunnel.
    NETWORK_INCOMPATIBLE_WITH_TUNNEL => network_incompatible_with_tunnel(network: "network");
    /// Network incompatible with vlan on bridge.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_BRIDGE => network_incompatible_with_vlan_on_bridge(network: "network");
    /// Network incompatible with vlan on sriov.
    NETWORK_INCOMPATIBLE_WITH_VLAN_ON_SRIOV => network_incompatible_with_vlan_on_sriov(network: "network");
    /// Network sriov already enabled.
    NETWORK_SRIOV_ALREADY_ENABLED => network_sriov_already_enabled(pif: "PIF");
    /// Network sriov disable failed.
    NETWORK_SRIOV_DISABLE_FAILED => network_sriov_disable_failed(pif: "PIF", msg: "msg");
    /// Network sriov enable failed.
    NETWORK_SRIOV_ENABLE_FAILED => network_sriov_enable_failed(pif: "PIF", msg: "msg");
    /// Network sriov insufficient capacity.
    NETWORK_SRIOV_INSUFFICIENT_CAPACITY => network_sriov_insufficient_capacity(network: "network");
    /// Network unmanaged.
    NETWORK_UNMANAGED => network_unmanaged(network: "network");
    /// Openvswitch not active.
    OPENVSWITCH_NOT_ACTIVE => openvswitch_not_active();
    /// Pif allows unplug.
    PIF_ALLOWS_UNPLUG => pif_allows_unplug(pif: "PIF");
    /// Pif already bonded.
    PIF_ALREADY_BONDED => pif_already_bonded(pif: "PIF");
    /// Pif bond more than one ip.
    PIF_BOND_MORE_THAN_ONE_IP => pif_bond_more_than_one_ip();
    /// Pif bond needs more members.
    PIF_BOND_NEEDS_MORE_MEMBERS => pif_bond_needs_more_members();
    /// Pif cannot bond cross host.
    PIF_CANNOT_BOND_CROSS_HOST => pif_cannot_bond_cross_host();
    /// Pif configuration error.
    PIF_CONFIGURATION_ERROR => pif_configuration_error(pif: "PIF", msg: "msg");
    /// Pif device not found.
    PIF_DEVICE_NOT_FOUND => pif_device_not_found();
    /// Pif does not allow unplug.
    PIF_DOES_NOT_ALLOW_UNPLUG => pif_does_not_allow_unplug(pif: "PIF");
    /// Pif has fcoe sr in use.
    PIF_HAS_FCOE_SR_IN_USE => pif_has_fcoe_sr_in_use(pif: "PIF", sr: "SR");
    /// Pif has no network configuration.
    PIF_HAS_NO_NETWORK_CONFIGURATION => pif_has_no_network_configuration(pif: "PIF");
    /// Pif has no v6 network configuration.
    PIF_HAS_NO_V6_NETWORK_CONFIGURATION => pif_has_no_v6_network_configuration(pif: "PIF");
    /// Pif incompatible primary address type.
    PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE => pif_incompatible_primary_address_type(pif: "PIF");
    /// Pif is management interface.
    PIF_IS_MANAGEMENT_INTERFACE => pif_is_management_interface(pif: "PIF");
    /// Pif is not physical.
    PIF_IS_NOT_PHYSICAL => pif_is_not_physical(pif: "PIF");
    /// Pif is not sriov capable.
    PIF_IS_NOT_SRIOV_CAPABLE => pif_is_not_sriov_capable(pif: "PIF");
    /// Pif is physical.
    PIF_IS_PHYSICAL => pif_is_physical();
    /// Pif is sriov logical.
    PIF_IS_SRIOV_LOGICAL => pif_is_sriov_logical(pif: "PIF");
    /// Pif is vlan.
    PIF_IS_VLAN => pif_is_vlan(pif: "PIF");
    /// Pif not attached to host.
    PIF_NOT_ATTACHED_TO_HOST => pif_not_attached_to_host(pif: "pif", host: "host");
    /// Pif not present.
    PIF_NOT_PRESENT => pif_not_present(host: "host", network: "network");
    /// Pif sriov still exists.
    PIF_SRIOV_STILL_EXISTS => pif_sriov_still_exists(pif: "PIF");
    /// Pif tunnel still exists.
    PIF_TUNNEL_STILL_EXISTS => pif_tunnel_still_exists(pif: "PIF");
    /// Pif unmanaged.
    PIF_UNMANAGED => pif_unmanaged(pif: "PIF");
    /// Pif vlan exists.
    PIF_VLAN_EXISTS => pif_vlan_exists(device: "device");
    /// Pif vlan still exists.
    PIF_VLAN_STILL_EXISTS => pif_vlan_still_exists(pif: "PIF");
    /// Pvs cache storage already present.
    PVS_CACHE_STORAGE_ALREADY_PRESENT => pvs_cache_storage_already_present(site: "site", host: "host");
    /// Pvs cache storage is in use.
    PVS_CACHE_STORAGE_IS_IN_USE => pvs_cache_storage_is_in_use(pvs_cache_storage: "PVS_cache_storage");
    /// Pvs proxy already present.
    PVS_PROXY_ALREADY_PRESENT => pvs_proxy_already_present(proxies: "proxies");
    /// Pvs proxy present on higher vif device.
    PVS_PROXY_PRESENT_ON_HIGHER_VIF_DEVICE => pvs_proxy_present_on_higher_vif_device(device: "device");
    /// Pvs server address in use.
    PVS_SERVER_ADDRESS_IN_USE => pvs_server_address_in_use(address: "address");
    /// Pvs site contains running proxies.
    PVS_SITE_CONTAINS_RUNNING_PROXIES => pvs_site_contains_running_proxies(proxies: "proxies");
    /// Pvs site contains servers.
    PVS_SITE_CONTAINS_SERVERS => pvs_site_contains_servers(servers: "servers");
    /// Pvs vif must be first device.
    PVS_VIF_MUST_BE_FIRST_DEVICE => pvs_vif_must_be_first_device();
    /// Required pif is unplugged.
    REQUIRED_PIF_IS_UNPLUGGED => required_pif_is_unplugged(; many pif: "PIF");
    /// Slave requires management interface.
    SLAVE_REQUIRES_MANAGEMENT_INTERFACE => slave_requires_management_interface();
    /// Transport pif not configured.
    TRANSPORT_PIF_NOT_CONFIGURED => transport_pif_not_configured(pif: "PIF");
    /// Vif in use.
    VIF_IN_USE => vif_in_use(network: "network", vif: "VIF");
    /// Vif not in map.
    VIF_NOT_IN_MAP => vif_not_in_map(vif: "vif");
    /// Vlan in use.
    VLAN_IN_USE => vlan_in_use(device: "device", vlan: "vlan");
    /// Vlan tag invalid.
    VLAN_TAG_INVALID => vlan_tag_invalid(vlan: "VLAN");
}
