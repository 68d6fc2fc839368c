//! Writes what a host found out into its rows: MTU, leased addresses, links, management address. Facts but for links never
//! conflict: only the host's own queue writes them. Links do not wait for it; a change that has written the same field
//! meanwhile reads the rows again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use xapi_db::{Draft, Read};
use xapi_model::{
    Bond, Host, IpConfigurationMode, Ipv6ConfigurationMode, MessageClass, Network, Pif,
    PifIgmpStatus, PifMetrics, Pool, PrimaryAddressType, Ref, Tunnel,
};
use xapi_net::facts::{BridgeFacts, Duplex, Facts, NicFacts};
use xapi_net::topology::{Family, Name};

use crate::Result;
use crate::context::Core;
use crate::{alert, topology};

/// The order in which the facts of hosts are asked for, so that older ones are not written over newer ones.
#[derive(Default)]
pub(crate) struct Order {
    hosts: Mutex<BTreeMap<Ref<Host>, Numbers>>,
}

#[derive(Default)]
struct Numbers {
    asked: u64,
    written: u64,
}

impl Order {
    /// To be called before the facts of a host are asked for; the number of the question.
    pub(crate) fn ask(&self, host: &Ref<Host>) -> u64 {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = hosts.entry(host.clone()).or_default();
        numbers.asked += 1;
        numbers.asked
    }

    /// Has the answer to a question written while nobody else writes. `write` is told whether it is newer than what was
    /// written before.
    pub(crate) fn write(
        &self,
        host: &Ref<Host>,
        asked: u64,
        write: impl FnOnce(bool) -> Result<()>,
    ) -> Result<()> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = hosts.entry(host.clone()).or_default();
        let is_newer = asked > numbers.written;
        write(is_newer)?;
        numbers.written = numbers.written.max(asked);
        Ok(())
    }
}

/// Writes the facts of a host into a draft; equal values make no edit and no event.
pub fn record(core: &Core, draft: &Draft, host: &Ref<Host>, facts: &Facts) -> Result<()> {
    addresses(draft, host, facts)?;
    links(core, draft, host, facts)
}

/// Of the facts those about links: carrier and speed of NICs, and what bonds make of them. They may be written while a change
/// of the host goes on: no topology follows from them.
pub(crate) fn links(core: &Core, draft: &Draft, host: &Ref<Host>, facts: &Facts) -> Result<()> {
    for (_, pif) in topology::pifs_of(draft, host)? {
        let nic = Name::new(&pif.device)
            .ok()
            .and_then(|name| facts.nics.get(&name));
        if let Some(nic) = nic.filter(|_| pif.physical) {
            link(core, draft, &pif.metrics, nic)?;
            if let Some(why) = nic.refused.as_ref().filter(|_| pif.managed) {
                let body = format!("NIC {} goes on with its own settings: {why}", pif.device);
                alert::tell(core, draft, host, "NIC_SETTING_REFUSED", &body)?;
            }
        }
        if let Some(bond) = pif.bond_master_of.first() {
            bonded(core, draft, &pif, bond, facts)?;
        }
    }
    Ok(())
}

/// All the others.
pub(crate) fn addresses(draft: &Draft, host: &Ref<Host>, facts: &Facts) -> Result<()> {
    let snooping = draft
        .all::<Pool>()?
        .first()
        .is_some_and(|(_, pool)| pool.igmp_snooping_enabled);
    // Without a management interface the host has no address by which others reach it.
    let mut management = String::new();
    for (reference, pif) in topology::pifs_of(draft, host)? {
        let bridge = draft.field(&pif.network, Network::BRIDGE)?;
        let bridge = Name::new(&bridge)
            .ok()
            .and_then(|name| facts.bridges.get(&name));
        if let Some(bridge) = bridge.filter(|_| pif.currently_attached) {
            attached(draft, &reference, &pif, bridge, snooping)?;
            configured(draft, &reference, &pif, bridge, facts)?;
        }
        for tunnel in pif.tunnel_access_pif_of.iter() {
            tunnelled(draft, tunnel, pif.currently_attached && bridge.is_some())?;
        }
        if pif.management {
            management = bridge
                .and_then(|bridge| management_address(&pif, bridge))
                .unwrap_or_default();
        }
    }
    draft.set(host, Host::ADDRESS, management)
}

fn attached(
    draft: &Draft,
    reference: &Ref<Pif>,
    pif: &Pif,
    bridge: &BridgeFacts,
    snooping: bool,
) -> Result<()> {
    draft.set(reference, Pif::MTU, i64::from(bridge.mtu))?;
    if pif.vlan < 0 {
        let status = if snooping {
            PifIgmpStatus::Enabled
        } else {
            PifIgmpStatus::Disabled
        };
        draft.set(reference, Pif::IGMP_SNOOPING_STATUS, status)?;
    }
    Ok(())
}

/// Addresses that the host did not choose: from DHCP and from routers.
fn configured(
    draft: &Draft,
    reference: &Ref<Pif>,
    pif: &Pif,
    bridge: &BridgeFacts,
    facts: &Facts,
) -> Result<()> {
    let of = |family| {
        bridge
            .addresses
            .iter()
            .filter(move |inet| inet.family() == family)
    };
    let gateway = |family| {
        let mut gateways = bridge.gateways.iter();
        gateways
            .find(|gateway| xapi_net::names::family(gateway) == family)
            .map(ToString::to_string)
    };
    if pif.ip_configuration_mode == IpConfigurationMode::Dhcp {
        if let Some(inet) = of(Family::V4).next() {
            draft.set(reference, Pif::IP, inet.address().to_string())?;
            draft.set(reference, Pif::NETMASK, topology::netmask_of(inet.prefix()))?;
        }
        draft.set(
            reference,
            Pif::GATEWAY,
            gateway(Family::V4).unwrap_or_default(),
        )?;
        if pif.management {
            let servers: Vec<_> = facts.dns.servers.iter().map(ToString::to_string).collect();
            draft.set(reference, Pif::DNS, servers.join(","))?;
        }
    }
    if matches!(
        pif.ipv6_configuration_mode,
        Ipv6ConfigurationMode::Dhcp | Ipv6ConfigurationMode::Autoconf
    ) {
        let addresses: Vec<_> = of(Family::V6).map(ToString::to_string).collect();
        draft.set(reference, Pif::IPV6, addresses)?;
        draft.set(
            reference,
            Pif::IPV6_GATEWAY,
            gateway(Family::V6).unwrap_or_default(),
        )?;
    }
    Ok(())
}

fn management_address(pif: &Pif, bridge: &BridgeFacts) -> Option<String> {
    let family = match pif.primary_address_type {
        PrimaryAddressType::IPv4 => Family::V4,
        PrimaryAddressType::IPv6 => Family::V6,
    };
    let mut addresses = bridge
        .addresses
        .iter()
        .filter(|inet| inet.family() == family);
    addresses
        .find(|inet| !link_local(inet.address()))
        .map(|inet| inet.address().to_string())
}

fn link_local(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(v4) => v4.is_link_local(),
        std::net::IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Carrier, speed and identity of a NIC. `last_updated` moves only when something else does: a fact is no event.
fn link(core: &Core, draft: &Draft, metrics: &Ref<PifMetrics>, nic: &NicFacts) -> Result<()> {
    if !draft.exists(metrics)? {
        return Ok(());
    }
    let before = draft.get(metrics)?;
    let speed = nic.speed_mbps.filter(|_| nic.carrier).map_or(0, i64::from);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    draft.set(metrics, PifMetrics::CARRIER, nic.carrier)?;
    draft.set(metrics, PifMetrics::SPEED, speed)?;
    draft.set(
        metrics,
        PifMetrics::DUPLEX,
        nic.duplex == Some(Duplex::Full),
    )?;
    draft.set(metrics, PifMetrics::VENDOR_ID, text(&nic.vendor_id))?;
    draft.set(metrics, PifMetrics::DEVICE_ID, text(&nic.device_id))?;
    draft.set(metrics, PifMetrics::PCI_BUS_PATH, text(&nic.pci))?;
    stamp(core, draft, metrics, &before)
}

/// Links of a bond, and what its members make together.
fn bonded(core: &Core, draft: &Draft, pif: &Pif, bond: &Ref<Bond>, facts: &Facts) -> Result<()> {
    let found = Name::new(&pif.device)
        .ok()
        .and_then(|name| facts.bonds.get(&name));
    let members = draft.find(Pif::BOND_SLAVE_OF, bond)?;
    let mut nics = Vec::new();
    let mut devices = Vec::new();
    for member in members {
        let device = draft.field(&member, Pif::DEVICE)?;
        devices.push(device.clone());
        nics.extend(
            Name::new(&device)
                .ok()
                .and_then(|name| facts.nics.get(&name).map(|nic| (name, nic))),
        );
    }
    let up = match found {
        Some(bond) => bond.links_up(),
        // A bond of one member is a plain port.
        None => nics.iter().filter(|(_, nic)| nic.carrier).count(),
    };
    let up = i64::try_from(up).unwrap_or(i64::MAX);
    status(core, draft, pif, bond, (up, &mut devices))?;
    draft.set(bond, Bond::LINKS_UP, up)?;
    if !draft.exists(&pif.metrics)? {
        return Ok(());
    }
    let before = draft.get(&pif.metrics)?;
    let active = found.and_then(|bond| bond.active);
    let counts = |name: &Name| active.is_none_or(|active| active == *name);
    let speed = nics
        .iter()
        .filter(|(name, nic)| nic.carrier && counts(name))
        .filter_map(|(_, nic)| nic.speed_mbps);
    draft.set(&pif.metrics, PifMetrics::SPEED, speed.map(i64::from).sum())?;
    draft.set(
        &pif.metrics,
        PifMetrics::CARRIER,
        nics.iter().any(|(_, nic)| nic.carrier),
    )?;
    let full = nics.iter().all(|(_, nic)| nic.duplex == Some(Duplex::Full));
    draft.set(&pif.metrics, PifMetrics::DUPLEX, full && !nics.is_empty())?;
    stamp(core, draft, &pif.metrics, &before)
}

/// BOND_STATUS_CHANGED, as XAPI words it: when the number of links changes, and at first sight if some are down.
fn status(
    core: &Core,
    draft: &Draft,
    pif: &Pif,
    bond: &Ref<Bond>,
    (up, devices): (i64, &mut Vec<String>),
) -> Result<()> {
    let all = devices.len();
    // A bond of one member is none.
    if all < 2 {
        return Ok(());
    }
    devices.sort();
    let name = devices.join("+");
    let before = draft.field(bond, Bond::LINKS_UP)?;
    let known = core.view()?.exists(bond)?;
    let body = if known && before != up {
        format!("The status of the {name} bond changed: {up}/{all} up (was {before}/{all})")
    } else if !known && i64::try_from(all).is_ok_and(|all| up < all) {
        format!("The status of the {name} bond is: {up}/{all} up")
    } else {
        return Ok(());
    };
    let uuid = draft.field(&pif.host, Host::UUID)?;
    alert::add(
        core,
        draft,
        "BOND_STATUS_CHANGED",
        (MessageClass::Host, &uuid),
        &body,
    )?;
    Ok(())
}

/// A tunnel is active while its bridge is there: no controller has to say so.
fn tunnelled(draft: &Draft, tunnel: &Ref<Tunnel>, active: bool) -> Result<()> {
    let mut status = draft.field(tunnel, Tunnel::STATUS)?;
    status.insert("active".to_owned(), active.to_string());
    draft.set(tunnel, Tunnel::STATUS, status)
}

fn stamp(core: &Core, draft: &Draft, metrics: &Ref<PifMetrics>, before: &PifMetrics) -> Result<()> {
    use xapi_model::Class;
    if draft.get(metrics)?.to_row() != before.to_row() {
        draft.set(metrics, PifMetrics::LAST_UPDATED, core.now())?;
    }
    Ok(())
}
