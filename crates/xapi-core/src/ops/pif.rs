//! PIFs: a host's connections to networks: NICs, bonds, VLANs (API facts, 1.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use xapi_db::{Draft, Read};
use xapi_model::pif::{
    Forget, Introduce, ReconfigureIp, ReconfigureIpv6, Scan, SetDisallowUnplug,
    SetPrimaryAddressType, SetProperty,
};
use xapi_model::{
    Class, Cluster, ClusterHost, ClusterOperation, Host, HostMetrics, IpConfigurationMode,
    Ipv6ConfigurationMode, Network, Pbd, Pif, PifMetrics, Pool, PrimaryAddressType, Ref, Sr, Vlan,
    errors,
};
use xapi_net::facts::{Facts, NicFacts};
use xapi_net::topology::{Mac, Name};

use crate::context::{Core, Cx};
use crate::ops::network;
use crate::ops::plug::attach;
use crate::ops::position::{Naming, Place};
use crate::particulars::Particulars;
use crate::topology::{cidr, pifs_of, prefix_of};
use crate::{Config, Result};

/// What a PIF is; the first that fits (API facts, 1.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The guests' end of a tunnel.
    TunnelAccess,
    /// The untagged side of a VLAN.
    Vlan,
    /// The logical side of SR-IOV.
    SriovLogical,
    /// Several NICs that work as one.
    BondMaster,
    /// A NIC.
    Physical,
}

/// What a PIF is.
pub fn kind_of(pif: &Pif) -> Kind {
    if !pif.tunnel_access_pif_of.is_empty() {
        Kind::TunnelAccess
    } else if !pif.vlan_master_of.is_null() {
        Kind::Vlan
    } else if !pif.sriov_logical_pif_of.is_empty() {
        Kind::SriovLogical
    } else if !pif.bond_master_of.is_empty() {
        Kind::BondMaster
    } else {
        Kind::Physical
    }
}

/// Whether a PIF is the logical side of SR-IOV, or a VLAN on one.
pub fn on_sriov(rows: &impl Read, pif: &Pif) -> Result<bool> {
    match kind_of(pif) {
        Kind::SriovLogical => Ok(true),
        Kind::Vlan => {
            let tagged = rows.field(&pif.vlan_master_of, Vlan::TAGGED_PIF)?;
            Ok(kind_of(&rows.get(&tagged)?) == Kind::SriovLogical)
        }
        _ => Ok(false),
    }
}

/// HOST_OFFLINE for a host that does not report itself alive.
pub fn host_live(rows: &impl Read, host: &Ref<Host>) -> Result<()> {
    let metrics = rows.field(host, Host::METRICS)?;
    let live = rows.exists(&metrics)? && rows.field(&metrics, HostMetrics::LIVE)?;
    if live {
        Ok(())
    } else {
        Err(errors::host_offline(host))
    }
}

/// HA_IS_ENABLED, while HA is.
pub fn refuse_ha_enabled(rows: &impl Read) -> Result<()> {
    let ha = rows
        .all::<Pool>()?
        .first()
        .is_some_and(|(_, pool)| pool.ha_enabled);
    if ha {
        Err(errors::ha_is_enabled())
    } else {
        Ok(())
    }
}

/// HA and the redo log need their networks as they are.
pub fn refuse_ha(rows: &impl Read) -> Result<()> {
    refuse_ha_enabled(rows)?;
    let redo = rows
        .all::<Pool>()?
        .first()
        .is_some_and(|(_, pool)| pool.redo_log_enabled);
    if redo {
        Err(errors::redo_log_is_enabled())
    } else {
        Ok(())
    }
}

/// CLUSTERING_ENABLED [cluster host], if an enabled cluster host speaks through this PIF.
pub fn refuse_clustering(rows: &impl Read, pif: &Ref<Pif>) -> Result<()> {
    for cluster_host in rows.find(ClusterHost::PIF, pif)? {
        if rows.field(&cluster_host, ClusterHost::ENABLED)? {
            return Err(errors::clustering_enabled(cluster_host));
        }
    }
    Ok(())
}

/// OTHER_OPERATION_IN_PROGRESS [Cluster, cluster, operation, its task], while a host enters a cluster.
fn no_cluster_grows(rows: &impl Read) -> Result<()> {
    for (cluster, row) in rows.all::<Cluster>()? {
        let mut running = row.current_operations.iter();
        let grows =
            |op: &ClusterOperation| matches!(op, ClusterOperation::Add | ClusterOperation::Enable);
        if let Some((task, operation)) = running.find(|(_, operation)| grows(operation)) {
            return Err(errors::other_operation_in_progress(
                Cluster::NAME,
                cluster,
                operation,
                task,
            ));
        }
    }
    Ok(())
}

/// Runs a change on the host of a PIF.
pub fn change(cx: &Cx<'_>, pif: &Ref<Pif>, edit: impl Fn(&Draft, Pif) -> Result<()>) -> Result<()> {
    let view = cx.core.view()?;
    let host = view.field(pif, Pif::HOST)?;
    host_live(&view, &host)?;
    cx.change(&host, pif, |draft| {
        draft.rely(pif)?;
        edit(draft, draft.get(pif)?)
    })
}

/// `PIF.scan`: every NIC has a PIF afterwards. PIFs of NICs that are gone stay.
pub fn scan(cx: &Cx<'_>, call: Scan) -> Result<()> {
    host_live(&cx.core.view()?, &call.host)?;
    scan_host(cx.core, &call.host, Scanning::All)
}

/// How far a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scanning<'a> {
    /// Every NIC gets its PIF.
    All,
    /// The same, and this one is to carry management: it is managed, whatever the configuration says of it.
    Management(&'a str),
    /// NICs that have a PIF are looked at again: what was forgotten stays forgotten. While no PIF carries management, since
    /// the first start did not find its NIC, it goes as far as [`Scanning::All`].
    Known,
}

/// Gives NICs their PIFs, and refreshes those that have one. A NIC is known by its Ethernet address first, so that one
/// with another name keeps its PIF.
pub fn scan_host(core: &Core, host: &Ref<Host>, scanning: Scanning<'_>) -> Result<()> {
    let _turn = core.turn(host)?;
    let facts = core
        .agent_of(&core.view()?, host)?
        .facts()
        .map_err(|why| core.unanswered(host, why))?;
    let of = core.particulars(host)?;
    core.store
        .change(|draft| scan_into(core, draft, host, &facts, &of, &Naming::Kernel, scanning))
}

/// [`scan_host`] in a draft, of NICs that were found on a host that tells this of itself.
pub(crate) fn scan_into(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    facts: &Facts,
    of: &Particulars,
    naming: &Naming,
    scanning: Scanning<'_>,
) -> Result<()> {
    let mut known = pifs_of(draft, host)?;
    // It may be on a bond or a VLAN.
    let managed = known.iter().any(|(_, pif)| pif.management);
    known.retain(|(_, pif)| pif.physical);
    for (pif, row) in &known {
        set_capabilities(of, draft, pif, &row.device)?;
    }
    let all = scanning != Scanning::Known || !managed;
    let mut nics: Vec<_> = facts.nics.iter().collect();
    // Who has kept both name and address is not to be confused with anybody.
    let same = |device: &Name, nic: &NicFacts, pif: &Pif| {
        pif.device == device.as_str() && nic.mac.is_some_and(|mac| mac.to_string() == pif.mac)
    };
    nics.retain(|(device, nic)| {
        let Some(at) = known.iter().position(|(_, pif)| same(device, nic, pif)) else {
            return true;
        };
        known.remove(at);
        false
    });
    for by_mac in [true, false] {
        let mut rest = Vec::new();
        for (device, nic) in nics {
            let found = known.iter().position(|(_, pif)| match by_mac {
                true => nic.mac.is_some_and(|mac| mac.to_string() == pif.mac),
                false => pif.device == device.as_str(),
            });
            match found {
                Some(at) => refresh(of, draft, &known.remove(at).0, device, nic)?,
                None => rest.push((device, nic)),
            }
        }
        nics = rest;
    }
    if all {
        for (device, nic) in nics {
            let named = |list: &[String]| list.iter().any(|nic| *nic == device.as_str());
            let managed =
                !named(&of.unmanaged_nics) || scanning == Scanning::Management(device.as_str());
            let place = naming.place(device.as_str());
            let pif = introduce_nic(core, draft, host, &place, nic, managed, of)?;
            if named(&of.boot_nics) {
                draft.set(&pif, Pif::DISALLOW_UNPLUG, true)?;
            }
        }
    }
    Ok(())
}

fn refresh(
    of: &Particulars,
    draft: &Draft,
    pif: &Ref<Pif>,
    device: &Name,
    nic: &NicFacts,
) -> Result<()> {
    set_capabilities(of, draft, pif, device.as_str())?;
    set_device(draft, pif, device.as_str())?;
    if let Some(mac) = nic.mac {
        draft.set(pif, Pif::MAC, mac.to_string())?;
    }
    if draft.field(pif, Pif::CURRENTLY_ATTACHED)? {
        Ok(())
    } else {
        draft.set(pif, Pif::MTU, i64::from(nic.mtu))
    }
}

/// Has a PIF and the VLANs on it show a device (API facts, 1.2.1).
pub(crate) fn set_device(draft: &Draft, pif: &Ref<Pif>, device: &str) -> Result<()> {
    let mut called = vec![pif.clone()];
    for vlan in draft.field(pif, Pif::VLAN_SLAVE_OF)?.iter() {
        called.push(draft.field(vlan, Vlan::UNTAGGED_PIF)?);
    }
    for pif in called {
        draft.set(&pif, Pif::DEVICE, device.to_owned())?;
        draft.set(&pif, Pif::DEVICE_NAME, device.to_owned())?;
    }
    Ok(())
}

/// The bridge of a NIC: `xenbrN` for `ethN`, `br` and the name for any other.
pub fn bridge_of(device: &str) -> String {
    xapi_conf::management::bridge_of(device)
}

/// The capability of a NIC through which storage is reached.
const FCOE: &str = "fcoe";

/// What a NIC can do beyond carrying packets, as far as the configuration knows it.
fn capabilities_of(of: &Particulars, device: &str) -> impl Iterator<Item = String> {
    let fcoe = of.fcoe.contains_key(device);
    fcoe.then(|| FCOE.to_owned()).into_iter()
}

/// Has a PIF show what the configuration says of its NIC.
fn set_capabilities(of: &Particulars, draft: &Draft, pif: &Ref<Pif>, device: &str) -> Result<()> {
    let mut capabilities = draft.field(pif, Pif::CAPABILITIES)?;
    capabilities.retain(|capability| capability != FCOE);
    capabilities.extend(capabilities_of(of, device));
    draft.set(pif, Pif::CAPABILITIES, capabilities)
}

/// PIF_HAS_FCOE_SR_IN_USE [PIF, SR], if a repository of the PIF's host is reached through its NIC.
pub fn no_fcoe_in_use(config: &Config, draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if !pif.capabilities.iter().any(|capability| capability == FCOE) {
        return Ok(());
    }
    let behind = config.fcoe.get(&pif.device);
    let is_behind = |id: Option<&String>| {
        behind.is_none_or(|ids| ids.is_empty() || id.is_some_and(|id| ids.contains(id)))
    };
    for pbd in draft.find(Pbd::HOST, &pif.host)? {
        let row = draft.get(&pbd)?;
        let fcoe = draft.exists(&row.sr)? && draft.field(&row.sr, Sr::KIND)? == "lvmofcoe";
        if fcoe && is_behind(row.device_config.get("SCSIid")) {
            return Err(errors::pif_has_fcoe_sr_in_use(this, &row.sr));
        }
    }
    Ok(())
}

/// Makes the PIF of a NIC, and its network if there is none yet.
fn introduce_nic(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    place: &Place,
    nic: &NicFacts,
    managed: bool,
    of: &Particulars,
) -> Result<Ref<Pif>> {
    let device = place.device.as_str();
    let mut bridge = if managed {
        place.bridge.clone()
    } else {
        String::new()
    };
    let known = match managed {
        true => network::fitting(draft, host, &bridge)?,
        false => network::left_by_unmanaged(draft, &place.label)?,
    };
    let network = match known {
        Some(network) => network,
        None => {
            let taken = network::bridges(draft)?;
            if managed && taken.contains(&bridge) {
                // The network that was its own has become a VLAN's or a bond's.
                bridge = network::free_bridge(|name| taken.iter().any(|it| it == name))?;
            }
            draft.insert(Network {
                name_label: place.label.clone(),
                mtu: 1500,
                bridge: bridge.clone(),
                managed,
                ..Network::blank()
            })?
        }
    };
    let is_management = managed && !bridge.is_empty() && bridge == of.management;
    let metrics = draft.insert(PifMetrics {
        last_updated: core.now(),
        ..PifMetrics::blank()
    })?;
    let family = if of.family.eq_ignore_ascii_case("ipv6") {
        PrimaryAddressType::IPv6
    } else {
        PrimaryAddressType::IPv4
    };
    draft.insert(Pif {
        device: device.to_owned(),
        device_name: device.to_owned(),
        network,
        host: host.clone(),
        mac: nic.mac.map(|mac| mac.to_string()).unwrap_or_default(),
        mtu: i64::from(nic.mtu),
        vlan: -1,
        metrics,
        physical: true,
        currently_attached: is_management,
        management: is_management,
        managed,
        capabilities: capabilities_of(of, device).collect(),
        other_config: place.other_config.clone(),
        primary_address_type: family,
        properties: [("gro".to_owned(), "on".to_owned())].into(),
        ..Pif::blank()
    })
}

/// `PIF.introduce`.
pub fn introduce(cx: &Cx<'_>, call: Introduce) -> Result<Ref<Pif>> {
    let view = cx.core.view()?;
    host_live(&view, &call.host)?;
    let _turn = cx.core.turn(&call.host)?;
    let facts = cx
        .core
        .agent_of(&view, &call.host)?
        .facts()
        .map_err(|why| cx.core.unanswered(&call.host, why))?;
    let of = cx.core.particulars(&call.host)?;
    let wanted = call.mac.to_ascii_lowercase();
    let found = nic_of(&facts, &call.device);
    let mac = if wanted.is_empty() {
        found
            .and_then(|nic| nic.mac)
            .map(|mac| mac.to_string())
            .unwrap_or_default()
    } else {
        wanted
    };
    cx.core.store.change(|draft| {
        // Who gave no MAC and names a device that is not there has not given a wrong MAC.
        if !call.mac.is_empty() && mac.parse::<Mac>().is_err() {
            return Err(errors::mac_invalid(&mac));
        }
        let pifs = pifs_of(draft, &call.host)?;
        if pifs
            .iter()
            .any(|(_, pif)| pif.physical && pif.device == call.device)
        {
            return Err(errors::duplicate_pif_device_name(&call.device));
        }
        let nic = found.filter(|nic| nic.mac.is_some_and(|found| found.to_string() == mac));
        let nic = nic.ok_or_else(|| {
            errors::could_not_find_network_interface_with_specified_device_name_and_mac_address(
                &call.device,
                &mac,
            )
        })?;
        introduce_nic(
            cx.core,
            draft,
            &call.host,
            &Naming::Kernel.place(&call.device),
            nic,
            call.managed,
            &of,
        )
    })
}

fn nic_of<'a>(facts: &'a Facts, device: &str) -> Option<&'a NicFacts> {
    let name = Name::new(device).ok()?;
    facts.nics.get(&name)
}

/// `PIF.forget`: the network stays.
pub fn forget(cx: &Cx<'_>, call: Forget) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| {
        if pif.management {
            return Err(errors::pif_is_management_interface(this));
        }
        if !pif.bond_slave_of.is_null() || !pif.bond_master_of.is_empty() {
            return Err(errors::pif_already_bonded(this));
        }
        if !pif.vlan_slave_of.is_empty() || pif.vlan >= 0 {
            return Err(errors::pif_vlan_still_exists(this));
        }
        if !pif.tunnel_transport_pif_of.is_empty() || !pif.tunnel_access_pif_of.is_empty() {
            return Err(errors::pif_tunnel_still_exists(this));
        }
        if pif.currently_attached {
            refuse_ha(draft)?;
        }
        if !pif.sriov_logical_pif_of.is_empty() {
            return Err(errors::cannot_forget_sriov_logical(this));
        }
        if !pif.sriov_physical_pif_of.is_empty() {
            return Err(errors::pif_sriov_still_exists(this));
        }
        refuse_clustering(draft, this)?;
        draft.destroy(this)?;
        if draft.exists(&pif.metrics)? {
            draft.destroy(&pif.metrics)
        } else {
            Ok(())
        }
    })
}

/// Entries of a comma list of addresses that have the family.
fn servers(text: &str, v6: bool) -> Vec<String> {
    let entries = text.split(',').map(str::trim);
    let of_family = |entry: &&str| {
        entry
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6() == v6)
    };
    entries.filter(of_family).map(str::to_owned).collect()
}

/// What protects an attached PIF from a change of its address.
fn reconfigurable(draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if pif.currently_attached {
        refuse_ha(draft)?;
    }
    refuse_clustering(draft, this)
}

/// A bond's members have no address of their own; XAPI would take one and never use it.
fn no_address_on_a_slave(this: &Ref<Pif>, pif: &Pif, none: bool) -> Result<()> {
    if none || pif.bond_slave_of.is_null() {
        Ok(())
    } else {
        Err(errors::cannot_plug_bond_slave(this))
    }
}

/// Whoever gives the management interface an address wants it, whatever kept it out before.
fn management_is_asked_for(draft: &Draft, this: &Ref<Pif>, pif: &Pif) -> Result<()> {
    if pif.management {
        attach(draft, this)
    } else {
        Ok(())
    }
}

/// `PIF.reconfigure_ip`.
pub fn reconfigure_ip(cx: &Cx<'_>, call: ReconfigureIp) -> Result<()> {
    let this = &call.this;
    let fixed = call.mode == IpConfigurationMode::Static;
    change(cx, this, |draft, pif| {
        if !pif.managed {
            return Err(errors::pif_unmanaged(this));
        }
        let same = pif.ip_configuration_mode == call.mode
            && (&pif.ip, &pif.netmask, &pif.gateway) == (&call.ip, &call.netmask, &call.gateway);
        if !(fixed && same) {
            reconfigurable(draft, this, &pif)?;
        }
        for (name, text) in [
            ("IP", &call.ip),
            ("netmask", &call.netmask),
            ("gateway", &call.gateway),
        ] {
            let needed = fixed && name != "gateway";
            if (needed || !text.is_empty()) && text.parse::<Ipv4Addr>().is_err() {
                return Err(errors::invalid_ip_address_specified(name));
            }
        }
        // A network of all addresses would take the default route from every other interface.
        if fixed && prefix_of(&call.netmask).is_none_or(|prefix| prefix == 0) {
            let why = format!("{} is the netmask of no network", call.netmask);
            return Err(errors::pif_configuration_error(this, why));
        }
        no_address_on_a_slave(this, &pif, call.mode == IpConfigurationMode::None)?;
        let none = call.mode == IpConfigurationMode::None;
        if pif.management && none && pif.primary_address_type == PrimaryAddressType::IPv4 {
            return Err(errors::pif_is_management_interface(this));
        }
        let mut dns = servers(&call.dns, false);
        dns.extend(servers(&pif.dns, true));
        draft.set(this, Pif::IP_CONFIGURATION_MODE, call.mode)?;
        draft.set(this, Pif::IP, call.ip.clone())?;
        draft.set(this, Pif::NETMASK, call.netmask.clone())?;
        draft.set(this, Pif::GATEWAY, call.gateway.clone())?;
        draft.set(this, Pif::DNS, dns.join(","))?;
        management_is_asked_for(draft, this, &pif)?;
        crate::topology::check_alone(draft, &pif.host, this)
    })
}

/// `PIF.reconfigure_ipv6`.
pub fn reconfigure_ipv6(cx: &Cx<'_>, call: ReconfigureIpv6) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| {
        if !pif.managed {
            return Err(errors::pif_unmanaged(this));
        }
        let fixed = call.mode == Ipv6ConfigurationMode::Static;
        let same = pif.ipv6_configuration_mode == call.mode
            && pif.ipv6 == [call.ipv6.clone()]
            && pif.ipv6_gateway == call.gateway;
        if !(fixed && same) {
            reconfigurable(draft, this, &pif)?;
        }
        if !call.gateway.is_empty() && call.gateway.parse::<Ipv6Addr>().is_err() {
            return Err(errors::invalid_ip_address_specified("gateway"));
        }
        let address = cidr(&call.ipv6).filter(|inet| inet.prefix() > 0);
        if !call.ipv6.is_empty() && address.is_none() {
            return Err(errors::invalid_cidr_address_specified("IPv6"));
        }
        let none = call.mode == Ipv6ConfigurationMode::None;
        no_address_on_a_slave(this, &pif, none)?;
        if pif.management && none && pif.primary_address_type == PrimaryAddressType::IPv6 {
            return Err(errors::pif_is_management_interface(this));
        }
        let mut dns = servers(&call.dns, true);
        dns.extend(servers(&pif.dns, false));
        draft.set(this, Pif::IPV6_CONFIGURATION_MODE, call.mode)?;
        draft.set(this, Pif::IPV6_GATEWAY, call.gateway.clone())?;
        draft.set(this, Pif::IPV6, vec![call.ipv6.clone()])?;
        draft.set(this, Pif::DNS, dns.join(","))?;
        management_is_asked_for(draft, this, &pif)?;
        crate::topology::check_alone(draft, &pif.host, this)
    })
}

/// `PIF.set_primary_address_type`.
pub fn set_primary_address_type(cx: &Cx<'_>, call: SetPrimaryAddressType) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| {
        reconfigurable(draft, this, &pif)?;
        if pif.management {
            return Err(errors::pif_is_management_interface(this));
        }
        draft.set(this, Pif::PRIMARY_ADDRESS_TYPE, call.primary_address_type)
    })
}

/// `PIF.set_disallow_unplug`.
pub fn set_disallow_unplug(cx: &Cx<'_>, call: SetDisallowUnplug) -> Result<()> {
    let this = &call.this;
    cx.core.store.change(|draft| {
        if draft.field(this, Pif::DISALLOW_UNPLUG)? && !call.value {
            refuse_clustering(draft, this)?;
            no_cluster_grows(draft)?;
        }
        draft.set(this, Pif::DISALLOW_UNPLUG, call.value)
    })
}

/// `PIF.set_property`: so far only `gro`.
pub fn set_property(cx: &Cx<'_>, call: SetProperty) -> Result<()> {
    let this = &call.this;
    change(cx, this, |draft, pif| {
        if call.name != "gro" || !matches!(call.value.as_str(), "on" | "off") {
            return Err(errors::invalid_value(
                "properties",
                format!("{} = {}", call.name, call.value),
            ));
        }
        let changeable = matches!(kind_of(&pif), Kind::Physical | Kind::BondMaster)
            && pif.bond_slave_of.is_null();
        if !changeable {
            return Err(errors::cannot_change_pif_properties(this));
        }
        let mut properties = pif.properties.clone();
        properties.insert(call.name.clone(), call.value.clone());
        draft.set(this, Pif::PROPERTIES, properties.clone())?;
        for bond in pif.bond_master_of.iter() {
            for slave in draft.field(bond, xapi_model::Bond::SLAVES)?.iter() {
                draft.set(slave, Pif::PROPERTIES, properties.clone())?;
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::{bridge_of, servers};

    #[test]
    fn a_nics_bridge_is_named_after_its_position_or_its_device() {
        assert_eq!(bridge_of("eth0"), "xenbr0");
        assert_eq!(bridge_of("eth12"), "xenbr12");
        assert_eq!(bridge_of("enp5s0"), "brenp5s0");
        assert_eq!(bridge_of("eth"), "breth");
        assert_eq!(bridge_of("enx0123456789ab"), "brx0123456789ab");
        assert!(bridge_of("averyveryverylongname").len() <= 15);
    }

    #[test]
    fn name_servers_are_kept_apart_by_family() {
        assert_eq!(servers("8.8.8.8, ::1,x", false), ["8.8.8.8"]);
        assert_eq!(servers("8.8.8.8,::1", true), ["::1"]);
    }
}
