//! From the rows of a host to the topology that they mean (host-networking facts, 2): what [`crate::change`] hands to
//! the agent. Pure: reads rows, decides, and knows no backend.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::str::FromStr;

use xapi_db::Read;
use xapi_model::{
    ApiError, Bond, BondMode, Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Pool,
    PrimaryAddressType, Ref, Vlan, errors,
};
use xapi_net::agent::{LeftOut, Part};
use xapi_net::topology as net;
use xapi_net::topology::{
    Bridge, BridgeKind, Dns, FailMode, Inet, Ipv4, Ipv6, LinkModes, Mac, Name, Offload, Real,
    StaticRoute, Topology, Uplink,
};

use crate::Result;

mod overlay;
pub mod vifs;

pub use overlay::{address_of, free_key, mtu as mtu_of, mtu_at};

/// All PIFs of a host, by reference.
pub fn pifs_of<R: Read>(rows: &R, host: &Ref<Host>) -> Result<Vec<(Ref<Pif>, Pif)>> {
    let refs = rows.find(Pif::HOST, host)?;
    refs.into_iter()
        .map(|pif| Ok((pif.clone(), rows.get(&pif)?)))
        .collect()
}

/// The NIC of that name.
pub fn pif_of_device<R: Read>(
    rows: &R,
    host: &Ref<Host>,
    device: &str,
) -> Result<Option<Ref<Pif>>> {
    let pifs = pifs_of(rows, host)?;
    Ok(pifs
        .into_iter()
        .find(|(_, pif)| pif.physical && pif.device == device)
        .map(|(reference, _)| reference))
}

/// The PIF whose network has that bridge.
pub fn pif_of_bridge<R: Read>(
    rows: &R,
    host: &Ref<Host>,
    bridge: &str,
) -> Result<Option<Ref<Pif>>> {
    for (reference, pif) in pifs_of(rows, host)? {
        if rows.field(&pif.network, Network::BRIDGE)? == bridge {
            return Ok(Some(reference));
        }
    }
    Ok(None)
}

/// What a call asks for: every attached, managed PIF and what that stands on, whole. What could not be brought up before
/// the call is no part of it, so that one dead NIC does not forbid every change. Management is always part of it: what
/// is not asked for is taken away.
pub fn of_host<R: Read>(rows: &R, host: &Ref<Host>) -> Result<Topology> {
    let pifs: BTreeMap<_, _> = pifs_of(rows, host)?.into_iter().collect();
    let mut lowering = Lowering::new(rows, &pifs, false)?;
    for (reference, pif) in &pifs {
        let there = pif.management || !pif.left_out;
        if pif.currently_attached && there && stands_alone(pif) {
            lowering.attach(reference, pif)?;
        }
    }
    lowering.roles()?;
    let mut topology = lowering.topology;
    vifs::add(rows, host, &mut topology)?;
    // What the rows say was checked at the door, so a contradiction here is about rows that do not fit together.
    topology.check().map_err(|why| {
        let pif = pif_of_bridge(rows, host, &why.part).ok().flatten();
        errors::pif_configuration_error(pif.unwrap_or_default(), why.to_string())
    })?;
    Ok(topology)
}

/// What start-up and events ask for: also what was left out before; a PIF whose rows contradict themselves is left out
/// here, for one bad row must not keep the rest of the host off the network.
pub fn wished<R: Read>(rows: &R, host: &Ref<Host>) -> Result<(Topology, Vec<LeftOut>)> {
    let pifs: BTreeMap<_, _> = pifs_of(rows, host)?.into_iter().collect();
    let mut lowering = Lowering::new(rows, &pifs, true)?;
    let mut left_out = Vec::new();
    for (reference, pif) in &pifs {
        if !(pif.currently_attached || pif.left_out) || !stands_alone(pif) {
            continue;
        }
        if let Err(why) = lowering.attach(reference, pif) {
            let bridge = rows.field(&pif.network, Network::BRIDGE)?;
            left_out.extend(
                Name::new(&bridge)
                    .ok()
                    .map(|bridge| bad_rows(bridge, why.to_string())),
            );
        }
    }
    lowering.roles()?;
    let mut topology = lowering.topology;
    vifs::add(rows, host, &mut topology)?;
    while let Err(invalid) = topology.check() {
        let vif = Name::new(&invalid.part).ok();
        if let Some(vif) = vif.filter(|vif| topology.vifs.remove(vif).is_some()) {
            left_out.push(LeftOut {
                part: Part::Nic(vif),
                bridges: Vec::new(),
                why: invalid.to_string(),
            });
            continue;
        }
        let Some(bridge) = bridge_in(&topology, &invalid.part) else {
            return Err(errors::internal_error(invalid));
        };
        topology.leave_out_bridge(bridge);
        left_out.push(bad_rows(bridge, invalid.to_string()));
    }
    Ok((topology, left_out))
}

/// Checks a PIF's configuration as if it were attached, alone: what cannot be must not wait in the rows for the next boot.
pub fn check_alone<R: Read>(rows: &R, host: &Ref<Host>, pif: &Ref<Pif>) -> Result<()> {
    let pifs: BTreeMap<_, _> = pifs_of(rows, host)?.into_iter().collect();
    let mut lowering = Lowering::new(rows, &pifs, true)?;
    if let Some(row) = pifs.get(pif).filter(|row| stands_alone(row)) {
        lowering.attach(pif, row)?;
    }
    lowering.topology.check().map_err(|why| bad(pif, why))
}

/// Members of bonds are part of their bond; what is not managed is left alone.
fn stands_alone(pif: &Pif) -> bool {
    pif.managed && pif.bond_slave_of.is_null()
}

fn bad_rows(bridge: Name, why: String) -> LeftOut {
    LeftOut {
        part: Part::Bridge(bridge),
        bridges: vec![bridge],
        why,
    }
}

/// The bridge that an error about a part of the topology concerns: the bridge itself, or the one over the bond or NIC.
fn bridge_in(topology: &Topology, part: &str) -> Option<Name> {
    let over = |(name, bridge): &(&Name, &Bridge)| {
        let bond = match &bridge.kind {
            BridgeKind::Real(Real {
                uplink: Some(Uplink::Bond(bond)),
                ..
            }) => bond.name.as_str() == part,
            _ => false,
        };
        name.as_str() == part || bond || bridge.nics().iter().any(|nic| nic.as_str() == part)
    };
    topology.bridges.iter().find(over).map(|(name, _)| *name)
}

fn pool<R: Read>(rows: &R) -> Result<Option<Pool>> {
    Ok(rows.all::<Pool>()?.into_iter().next().map(|(_, pool)| pool))
}

struct Lowering<'a, R> {
    rows: &'a R,
    pifs: &'a BTreeMap<Ref<Pif>, Pif>,
    pool: Option<Pool>,
    /// NICs that were left out before are tried again.
    again: bool,
    topology: Topology,
    /// What the PIF whose turn it is adds to it.
    part: Topology,
}

impl<'a, R: Read> Lowering<'a, R> {
    fn new(rows: &'a R, pifs: &'a BTreeMap<Ref<Pif>, Pif>, again: bool) -> Result<Lowering<'a, R>> {
        Ok(Lowering {
            rows,
            pifs,
            pool: pool(rows)?,
            again,
            topology: Topology::default(),
            part: Topology::default(),
        })
    }

    /// Adds the bridge of a PIF with its IP configuration, and what it stands on: all of it, or nothing.
    fn attach(&mut self, reference: &Ref<Pif>, pif: &Pif) -> Result<()> {
        self.part = Topology::default();
        self.lower(reference, pif)?;
        let part = std::mem::take(&mut self.part);
        let whole = &mut self.topology;
        whole.bridges.extend(part.bridges);
        whole.nics.extend(part.nics);
        whole.management = part.management.or(whole.management);
        Ok(())
    }

    fn lower(&mut self, reference: &Ref<Pif>, pif: &Pif) -> Result<()> {
        let network = self.rows.stored(&pif.network)?;
        let name = name(reference, &network.bridge)?;
        let mut bridge = self.bare(reference, pif, &network)?;
        bridge.ipv4 = ipv4(reference, pif)?;
        bridge.ipv6 = ipv6(reference, pif)?;
        bridge.routes = static_routes(&network);
        bridge.dns = dns(pif);
        if pif.management {
            self.part.management = Some(name);
        }
        self.part.bridges.insert(name, bridge);
        Ok(())
    }

    /// The bridge of a PIF without addresses; parents of VLANs are added on the way.
    fn bare(&mut self, reference: &Ref<Pif>, pif: &Pif, network: &Network) -> Result<Bridge> {
        let mut ids = self.rows.field(&pif.network, Network::UUID)?;
        let mut mac_of = Cow::Borrowed(pif);
        let kind = match pif.vlan_master_of.some() {
            Some(vlan) => {
                let vlan = self.rows.get(vlan)?;
                let (tagged, parent) = self.tagged(&vlan)?;
                ids = format!("{ids};{}", self.rows.field(&tagged.network, Network::UUID)?);
                mac_of = tagged;
                let tag =
                    u16::try_from(vlan.tag).map_err(|_| errors::vlan_tag_invalid(vlan.tag))?;
                BridgeKind::Vlan { parent, tag }
            }
            None => BridgeKind::Real(self.real(reference, pif, network)?),
        };
        let mut bridge = Bridge::of_kind(kind);
        bridge.mac = Some(mac(reference, &mac_of.mac)?);
        bridge.mtu = overlay::mtu(self.rows, pif)?;
        bridge.network_uuids = Some(ids);
        Ok(bridge)
    }

    /// The PIF under a VLAN and its bridge, which is added if it is not there by itself.
    fn tagged(&mut self, vlan: &Vlan) -> Result<(Cow<'a, Pif>, Name)> {
        // With hundreds of VLANs it would be long to read it for each of them.
        let pifs = self.pifs;
        let pif = match pifs.get(&vlan.tagged_pif) {
            Some(known) => Cow::Borrowed(known),
            None => Cow::Owned(self.rows.get(&vlan.tagged_pif)?),
        };
        let network = self.rows.stored(&pif.network)?;
        let parent = name(&vlan.tagged_pif, &network.bridge)?;
        // If the PIF is attached itself, its own turn puts the bridge with its addresses in this one's place.
        if !self.topology.bridges.contains_key(&parent) {
            let bridge = self.bare(&vlan.tagged_pif, &pif, &network)?;
            self.part.bridges.insert(parent, bridge);
        }
        Ok((pif, parent))
    }

    fn real(&mut self, reference: &Ref<Pif>, pif: &Pif, network: &Network) -> Result<Real> {
        let tunnel = pif.tunnel_access_pif_of.first();
        let bond = pif.bond_master_of.first();
        let uplink = match (bond, tunnel) {
            (Some(bond), _) => Some(Uplink::Bond(self.bond(reference, pif, bond)?)),
            (None, Some(tunnel)) => Some(Uplink::Tunnel(overlay::tunnel(self.rows, tunnel)?)),
            (None, None) if pif.physical => {
                let nic = name(reference, &pif.device)?;
                self.settings(nic, pif, pif);
                Some(Uplink::Nic(nic))
            }
            (None, None) => None,
        };
        Ok(Real {
            uplink,
            fail_mode: match self
                .option(network, pif, "vswitch-controller-fail-mode")
                .as_deref()
            {
                Some("secure") => FailMode::Secure,
                _ => FailMode::Standalone,
            },
            disable_in_band: self
                .option(network, pif, "vswitch-disable-in-band")
                .and_then(|text| text.parse().ok()),
            igmp_snooping: self.pool.as_ref().map(|pool| pool.igmp_snooping_enabled),
        })
    }

    /// A key of the pool's, the network's or the PIF's other_config; the nearest wins.
    fn option(&self, network: &Network, pif: &Pif, key: &str) -> Option<String> {
        let pool = self.pool.as_ref().map(|pool| &pool.other_config);
        let maps = [Some(&pif.other_config), Some(&network.other_config), pool];
        maps.into_iter()
            .flatten()
            .find_map(|map| map.get(key).cloned())
    }

    /// What is wanted of a NIC. A bond's properties are those of its members, too.
    fn settings(&mut self, nic: Name, pif: &Pif, properties_of: &Pif) {
        let settings = net::Nic {
            mtu: None,
            offload: offload(pif, properties_of),
            modes: link_modes(pif),
        };
        if settings != net::Nic::default() {
            self.part.nics.insert(nic, settings);
        }
    }

    fn bond(&mut self, reference: &Ref<Pif>, master: &Pif, bond: &Ref<Bond>) -> Result<net::Bond> {
        let row = self.rows.get(bond)?;
        let (pifs, again) = (self.pifs, self.again);
        let all = || pifs.iter().filter(|(_, pif)| pif.bond_slave_of == *bond);
        let mut members: Vec<_> = all().filter(|(_, pif)| again || !pif.left_out).collect();
        if members.is_empty() {
            members = all().collect();
        }
        members.sort_by_key(|(pif, row_of)| (**pif != row.primary_slave, row_of.device.clone()));
        let members: Result<Vec<_>> = members
            .into_iter()
            .map(|(at, pif)| {
                let nic = name(at, &pif.device)?;
                self.settings(nic, pif, master);
                Ok(nic)
            })
            .collect();
        let mut properties: BTreeMap<_, _> = row.properties.iter().map(backend_property).collect();
        let overrides = master.other_config.iter();
        let overrides =
            overrides.filter_map(|(key, value)| Some((key.strip_prefix("bond-")?, value)));
        properties.extend(overrides.map(|(key, value)| (key.to_owned(), value.clone())));
        Ok(net::Bond {
            name: name(reference, &master.device)?,
            members: members?,
            mac: Some(mac(reference, &master.mac)?),
            mode: match row.mode {
                BondMode::BalanceSlb => net::BondMode::BalanceSlb,
                BondMode::ActiveBackup => net::BondMode::ActiveBackup,
                BondMode::Lacp => net::BondMode::Lacp,
            },
            properties,
        })
    }

    /// Which bridges own the default route and the name servers (API facts, 1.3.3).
    fn roles(&mut self) -> Result<()> {
        let mut configured: Vec<_> = self
            .pifs
            .values()
            .filter(|pif| pif.currently_attached && has_ip(pif))
            .collect();
        // Without a management interface the route stays where a router is named; the order of rows means nothing.
        configured.sort_by_key(|pif| {
            (
                pif.gateway.is_empty() && pif.ipv6_gateway.is_empty(),
                pif.device.clone(),
            )
        });
        let choose = |key: &str| {
            let asked = configured.iter().find(|pif| {
                pif.other_config
                    .get(key)
                    .is_some_and(|value| value == "true")
            });
            let management = || configured.iter().find(|pif| pif.management);
            asked
                .or_else(management)
                .or_else(|| configured.first())
                .copied()
        };
        let bridge = |pif: Option<&Pif>| -> Result<Option<Name>> {
            let Some(pif) = pif else { return Ok(None) };
            let bridge = self.rows.field(&pif.network, Network::BRIDGE)?;
            Ok(Name::new(&bridge)
                .ok()
                .filter(|name| self.topology.bridges.contains_key(name)))
        };
        let (gateway, dns) = (bridge(choose("defaultroute"))?, bridge(choose("peerdns"))?);
        self.topology.gateway = gateway;
        self.topology.dns = dns;
        Ok(())
    }
}

/// A bond's property as the backend wants it: one has another name, and numbers are decimal, which Open vSwitch takes
/// alone (XAPI's properties may be hexadecimal).
fn backend_property((key, value): (&String, &String)) -> (String, String) {
    match key.as_str() {
        "hashing_algorithm" => ("hashing-algorithm".to_owned(), value.clone()),
        "lacp-aggregation-key" => {
            let number = xapi_model::Type::Int.parse(value).ok();
            let number = number.and_then(|number| number.as_int());
            let decimal = number.map_or_else(|| value.clone(), |number| number.to_string());
            (key.clone(), decimal)
        }
        _ => (key.clone(), value.clone()),
    }
}

/// Whether a PIF has an IP configuration of its primary address type.
pub fn has_ip(pif: &Pif) -> bool {
    match pif.primary_address_type {
        PrimaryAddressType::IPv4 => pif.ip_configuration_mode != IpConfigurationMode::None,
        PrimaryAddressType::IPv6 => pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None,
    }
}

/// The offload settings of a PIF: the keys `ethtool-…` of its other_config, and its properties for what has no key.
fn offload(pif: &Pif, properties_of: &Pif) -> BTreeMap<Offload, bool> {
    let asked = |setting: &Offload| {
        let switch = |text: &String| match text.as_str() {
            "true" | "on" => Some(true),
            "false" | "off" => Some(false),
            _ => None,
        };
        let key = format!("ethtool-{setting}");
        // A key that isn't understood is ignored, and hides the property all the same.
        let text = pif.other_config.get(&key);
        text.or_else(|| properties_of.properties.get(setting.as_str()))
            .and_then(switch)
    };
    let settings = Offload::ALL.iter();
    settings
        .filter_map(|setting| Some((*setting, asked(setting)?)))
        .collect()
}

/// Speed, duplex and autonegotiation as the keys `ethtool-…` of a PIF's other_config have them; a value that isn't
/// understood is ignored (host-networking facts, 2.2).
fn link_modes(pif: &Pif) -> LinkModes {
    let key = |key: &str| pif.other_config.get(key).map(String::as_str);
    let hexadecimal = |text: &str| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok();
    LinkModes {
        speed: key("ethtool-speed")
            .and_then(|text| text.parse().ok())
            .filter(|speed| *speed > 0),
        full_duplex: match key("ethtool-duplex") {
            Some("full") => Some(true),
            Some("half") => Some(false),
            _ => None,
        },
        autoneg: match key("ethtool-autoneg") {
            Some("true" | "on") => Some(true),
            Some("false" | "off") => Some(false),
            _ => None,
        },
        advertise: key("ethtool-advertise").and_then(hexadecimal),
    }
}

/// The MTU that is asked for a PIF's bridge. Both sources are free for clients to write: one that no device takes does not
/// count. See [`mtu_of`] for what it gets.
pub fn wished_mtu(pif: &Pif, network: &Network) -> u32 {
    mtu_said(&pif.other_config, network.mtu)
}

/// The same by the two fields that say it.
fn mtu_said(of_pif: &BTreeMap<String, String>, of_network: i64) -> u32 {
    let usable = |mtu: &u32| (1280..=65535).contains(mtu);
    let own = of_pif
        .get("mtu")
        .and_then(|text| text.trim().parse().ok())
        .filter(usable);
    let shared = || u32::try_from(of_network).ok().filter(usable);
    own.or_else(shared).unwrap_or(net::DEFAULT_MTU)
}

fn bad(pif: &Ref<Pif>, why: impl ToString) -> ApiError {
    errors::pif_configuration_error(pif, why.to_string())
}

fn name(pif: &Ref<Pif>, text: &str) -> Result<Name> {
    Name::new(text).map_err(|why| bad(pif, why))
}

fn mac(pif: &Ref<Pif>, text: &str) -> Result<Mac> {
    Mac::from_str(text).map_err(|why| bad(pif, why))
}

/// The prefix length of a dotted netmask; one with holes is none.
pub fn prefix_of(netmask: &str) -> Option<u8> {
    let mask = u32::from(netmask.parse::<std::net::Ipv4Addr>().ok()?);
    let prefix = mask.leading_ones();
    if mask == u32::MAX.checked_shl(32 - prefix).unwrap_or(0) {
        u8::try_from(prefix).ok()
    } else {
        None
    }
}

/// The dotted netmask of a prefix length.
pub fn netmask_of(prefix: u8) -> String {
    let mask = u32::MAX
        .checked_shl(32u32.saturating_sub(u32::from(prefix)))
        .unwrap_or(0);
    std::net::Ipv4Addr::from(mask).to_string()
}

fn ipv4(reference: &Ref<Pif>, pif: &Pif) -> Result<Ipv4> {
    Ok(match pif.ip_configuration_mode {
        IpConfigurationMode::None => Ipv4::None,
        IpConfigurationMode::Dhcp => Ipv4::Dhcp { lease: None },
        IpConfigurationMode::Static => {
            let prefix = prefix_of(&pif.netmask)
                .ok_or_else(|| bad(reference, format!("{} is no netmask", pif.netmask)))?;
            let address = pif
                .ip
                .parse()
                .map_err(|_| bad(reference, format!("{} is no address", pif.ip)))?;
            let address =
                Inet::new(IpAddr::V4(address), prefix).map_err(|why| bad(reference, why))?;
            Ipv4::Static {
                address,
                gateway: pif.gateway.parse().ok(),
            }
        }
    })
}

fn ipv6(reference: &Ref<Pif>, pif: &Pif) -> Result<Ipv6> {
    Ok(match pif.ipv6_configuration_mode {
        Ipv6ConfigurationMode::None => Ipv6::None,
        Ipv6ConfigurationMode::Dhcp => Ipv6::Dhcp { lease: None },
        Ipv6ConfigurationMode::Autoconf => Ipv6::Autoconf,
        Ipv6ConfigurationMode::Static => {
            let given = pif.ipv6.iter().filter(|text| !text.is_empty());
            let addresses: Result<Vec<_>> = given
                .map(|text| cidr(text).ok_or_else(|| bad(reference, text)))
                .collect();
            Ipv6::Static {
                addresses: addresses?,
                gateway: pif.ipv6_gateway.parse().ok(),
            }
        }
    })
}

/// An IPv6 address with its prefix length.
pub fn cidr(text: &str) -> Option<Inet> {
    let (address, prefix) = text.split_once('/')?;
    let address: std::net::Ipv6Addr = address.parse().ok()?;
    let digits = !prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit());
    Inet::new(
        IpAddr::V6(address),
        if digits {
            prefix.parse().ok()?
        } else {
            return None;
        },
    )
    .ok()
}

/// `static-routes` of the network: `subnet/prefix/gateway`, separated by commas; one bad entry and none counts.
fn static_routes(network: &Network) -> Vec<StaticRoute> {
    let Some(text) = network.other_config.get("static-routes") else {
        return Vec::new();
    };
    let entry = |text: &str| {
        let mut parts = text.trim().split('/');
        let (subnet, prefix, gateway) = (parts.next()?, parts.next()?, parts.next()?);
        let destination = Inet::new(subnet.parse().ok()?, prefix.parse().ok()?)
            .ok()?
            .network();
        let gateway: IpAddr = gateway.parse().ok()?;
        let same = destination.address().is_ipv4() == gateway.is_ipv4();
        same.then_some(StaticRoute {
            destination,
            gateway,
        })
    };
    let routes: Option<Vec<_>> = text
        .split(',')
        .filter(|entry| !entry.trim().is_empty())
        .map(entry)
        .collect();
    routes.unwrap_or_else(|| {
        tracing::warn!(
            "network {}: static-routes {text:?} is not understood",
            network.uuid
        );
        Vec::new()
    })
}

/// Name servers belong to static configurations: with DHCP the server names them (host-networking facts, 2.6).
fn dns(pif: &Pif) -> Option<Dns> {
    let fixed = match pif.primary_address_type {
        PrimaryAddressType::IPv4 => pif.ip_configuration_mode == IpConfigurationMode::Static,
        PrimaryAddressType::IPv6 => matches!(
            pif.ipv6_configuration_mode,
            Ipv6ConfigurationMode::Static | Ipv6ConfigurationMode::Autoconf
        ),
    };
    if !fixed {
        return None;
    }
    let words = |text: &str| {
        text.split(',')
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let servers: Vec<IpAddr> = words(&pif.dns)
        .iter()
        .filter_map(|server| server.parse().ok())
        .take(net::MAX_DNS)
        .collect();
    let search = match pif.other_config.get("domain") {
        Some(domain) if !servers.is_empty() => words(domain),
        _ => Vec::new(),
    };
    let formed = |domain: &String| {
        domain.len() <= 253
            && domain
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
    };
    let search = search
        .into_iter()
        .filter(formed)
        .take(net::MAX_DNS)
        .collect();
    Some(Dns { servers, search })
}

#[cfg(test)]
mod tests {
    use super::{netmask_of, prefix_of};

    #[test]
    fn a_netmask_has_no_holes() {
        assert_eq!(prefix_of("255.255.255.224"), Some(27));
        assert_eq!(prefix_of("0.0.0.0"), Some(0));
        assert_eq!(prefix_of("255.255.255.255"), Some(32));
        assert_eq!(prefix_of("255.0.255.0"), None);
        assert_eq!(prefix_of("0.0.0.255"), None);
        assert_eq!(prefix_of("mask"), None);
        for prefix in 0..=32 {
            assert_eq!(prefix_of(&netmask_of(prefix)), Some(prefix));
        }
    }
}
