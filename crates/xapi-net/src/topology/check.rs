//! What makes a topology impossible, whatever the host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    Bridge, BridgeKind, Dns, Family, Filter, Inet, Ipv4, Ipv6, Name, Topology, Tunnel,
    TunnelProtocol, Uplink, Vif,
};
use crate::names::{GUARD, family};
use crate::ovs::row::{VIF_DEVICE, is_vif_id};

/// More bridges than this are a mistake, or an attack: VLAN tags end at 4094.
const MAX_BRIDGES: usize = 5_000;
const MAX_ADDRESSES: usize = 64;
const MAX_ROUTES: usize = 256;
/// The most name servers, and the most search domains.
pub const MAX_DNS: usize = 64;
const MAX_MEMBERS: usize = 32;
const MAX_TEXT: usize = 4_096;
/// More guests' NICs than a host has ports for are a mistake as well.
const MAX_VIFS: usize = 10_000;
const MAX_REMOTES: usize = 1_024;
const MAX_ALLOWED: usize = 256;
const MAX_IDS: usize = 32;

/// Why a topology cannot be, whatever the host.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
#[error("{part}: {why}")]
pub struct Invalid {
    /// The bridge, NIC or bond.
    pub part: String,
    /// The reason.
    pub why: String,
}

fn invalid(part: impl ToString, why: impl Into<String>) -> Invalid {
    Invalid {
        part: part.to_string(),
        why: why.into(),
    }
}

impl Topology {
    /// Checks what can be checked without a host. Everything that lowers a topology relies on it.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.bridges.len() > MAX_BRIDGES {
            return Err(invalid(
                "topology",
                format!("more than {MAX_BRIDGES} bridges"),
            ));
        }
        let mut names: BTreeMap<Name, &'static str> = self
            .bridges
            .keys()
            .map(|name| (*name, "a bridge"))
            .collect();
        names.insert(GUARD, "what guests' NICs are locked behind");
        if self.bridges.contains_key(&GUARD) {
            return Err(invalid(GUARD, "no network may have this name"));
        }
        let mut tags = BTreeSet::new();
        let mut ends = BTreeSet::new();
        let mut clients = BTreeSet::new();
        for (name, bridge) in &self.bridges {
            let dhcp = [
                (Family::V4, matches!(bridge.ipv4, Ipv4::Dhcp { .. })),
                (Family::V6, matches!(bridge.ipv6, Ipv6::Dhcp { .. })),
            ];
            for (family, _) in dhcp.into_iter().filter(|(_, is_asked)| *is_asked) {
                if bridge.mac.is_some() && !clients.insert((bridge.mac, bridge.tag(), family)) {
                    return Err(invalid(
                        name,
                        "a DHCP client with its MAC runs on another bridge already",
                    ));
                }
            }
            match &bridge.kind {
                BridgeKind::Real(real) => {
                    claim_uplink(&mut names, real.uplink.as_ref())?;
                    if let Some(Uplink::Tunnel(tunnel)) = &real.uplink {
                        check_tunnel(*name, tunnel, &mut ends)?;
                    }
                }
                BridgeKind::Vlan { parent, tag } => {
                    self.check_vlan(*name, *parent, *tag)?;
                    if !tags.insert((*parent, *tag)) {
                        return Err(invalid(name, format!("{parent} already has a VLAN {tag}")));
                    }
                }
            }
            check_bridge(*name, bridge)?;
        }
        for (role, bridge) in [
            ("gateway", self.gateway),
            ("dns", self.dns),
            ("management", self.management),
        ] {
            if let Some(bridge) = bridge.filter(|bridge| !self.bridges.contains_key(bridge)) {
                return Err(invalid(
                    bridge,
                    format!("is to have the role {role}, but is no bridge here"),
                ));
            }
        }
        for (nic, settings) in &self.nics {
            if let Some(mtu) = settings.mtu {
                check_mtu(*nic, mtu)?;
            }
        }
        if let Some(round) = self.tunnels_through_tunnels().first() {
            return Err(invalid(round.bridge, round.to_string()));
        }
        self.check_vifs(&mut names)
    }

    fn check_vifs(&self, names: &mut BTreeMap<Name, &'static str>) -> Result<(), Invalid> {
        if self.vifs.len() > MAX_VIFS {
            return Err(invalid("topology", format!("more than {MAX_VIFS} VIFs")));
        }
        for (name, vif) in &self.vifs {
            if let Some(held) = names.insert(*name, "the NIC of a guest") {
                return Err(invalid(
                    name,
                    format!("is the NIC of a guest, but also {held}"),
                ));
            }
            if !self.bridges.contains_key(&vif.bridge) {
                return Err(invalid(
                    name,
                    format!("its bridge {} is no bridge here", vif.bridge),
                ));
            }
            check_vif(*name, vif)?;
        }
        Ok(())
    }

    fn check_vlan(&self, name: Name, parent: Name, tag: u16) -> Result<(), Invalid> {
        if tag > 4094 {
            return Err(invalid(name, format!("{tag} is no VLAN tag (0 to 4094)")));
        }
        match self.bridges.get(&parent).map(|bridge| &bridge.kind) {
            Some(BridgeKind::Real(_)) => Ok(()),
            Some(BridgeKind::Vlan { .. }) => Err(invalid(
                name,
                format!("its parent {parent} is a VLAN itself"),
            )),
            None => Err(invalid(
                name,
                format!("its parent {parent} is no bridge here"),
            )),
        }
    }
}

fn claim_uplink(
    names: &mut BTreeMap<Name, &'static str>,
    uplink: Option<&Uplink>,
) -> Result<(), Invalid> {
    let Some(uplink) = uplink else { return Ok(()) };
    let mut claim = |name: Name, what: &'static str| match names.insert(name, what) {
        None => Ok(()),
        Some(held) => Err(invalid(name, format!("is {what}, but also {held}"))),
    };
    if let Uplink::Bond(bond) = uplink {
        if bond.members.is_empty() || bond.members.len() > MAX_MEMBERS {
            return Err(invalid(
                bond.name,
                format!("a bond has 1 to {MAX_MEMBERS} members"),
            ));
        }
        if bond.mac.is_some_and(|mac| !mac.is_unicast()) {
            return Err(invalid(bond.name, "its MAC is a group address or zero"));
        }
        if bond
            .properties
            .iter()
            .any(|(key, value)| key.len() + value.len() > MAX_TEXT || key.is_empty())
        {
            return Err(invalid(bond.name, "an empty or overlong property"));
        }
        claim(bond.name, "a bond")?;
    }
    for nic in uplink.nics() {
        claim(*nic, "a NIC under a bridge")?;
    }
    Ok(())
}

/// `ends` are the ends of the tunnels so far: what arrives is told apart by nothing else.
fn check_tunnel(
    name: Name,
    tunnel: &Tunnel,
    ends: &mut BTreeSet<(TunnelProtocol, u32, IpAddr)>,
) -> Result<(), Invalid> {
    if tunnel.protocol == TunnelProtocol::Vxlan && tunnel.key >= 1 << 24 {
        return Err(invalid(
            name,
            format!("{} is no key for VXLAN (24 bits)", tunnel.key),
        ));
    }
    if tunnel.remotes.len() > MAX_REMOTES {
        return Err(invalid(
            name,
            format!("more than {MAX_REMOTES} other ends of a tunnel"),
        ));
    }
    let mut all = tunnel.local.iter().chain(&tunnel.remotes);
    if let Some(address) = all.clone().find(|address| !is_host_address(**address)) {
        return Err(invalid(name, format!("{address} is no end of a tunnel")));
    }
    let families: BTreeSet<Family> = all.by_ref().map(family).collect();
    if families.len() > 1 {
        return Err(invalid(name, "the ends of a tunnel are of two families"));
    }
    for remote in &tunnel.remotes {
        if tunnel.local == Some(*remote) {
            return Err(invalid(name, format!("{remote} is this host itself")));
        }
        if !ends.insert((tunnel.protocol, tunnel.key, *remote)) {
            return Err(invalid(
                name,
                format!(
                    "another tunnel to {remote} has the key {} already",
                    tunnel.key
                ),
            ));
        }
    }
    Ok(())
}

fn check_vif(name: Name, vif: &Vif) -> Result<(), Invalid> {
    if !vif.mac.is_unicast() {
        return Err(invalid(name, "its MAC is a group address or zero"));
    }
    if !(68..=65_535).contains(&vif.mtu) {
        return Err(invalid(
            name,
            format!("{} is no MTU for a VIF (68 to 65535)", vif.mtu),
        ));
    }
    let too_long = |(key, value): (&String, &String)| key.len() + value.len() > MAX_TEXT;
    if vif.external_ids.len() > MAX_IDS || vif.external_ids.iter().any(too_long) {
        return Err(invalid(name, "too many or too long external ids"));
    }
    // Others belong to programs that we know nothing of.
    let may_be = |key: &str| is_vif_id(key) && key != VIF_DEVICE;
    if let Some(key) = vif.external_ids.keys().find(|key| !may_be(key)) {
        return Err(invalid(
            name,
            format!("{key:?} is no external id of a VIF (xs-…, attached-mac, iface-id)"),
        ));
    }
    if vif.rate.is_some_and(|rate| rate.kbps == 0) {
        return Err(invalid(name, "a rate of nothing"));
    }
    let Filter::Only { addresses } = &vif.filter else {
        return Ok(());
    };
    if addresses.len() > MAX_ALLOWED {
        return Err(invalid(
            name,
            format!("more than {MAX_ALLOWED} allowed addresses"),
        ));
    }
    Ok(())
}

/// Below 1280 the kernel takes IPv6 off a device, its link-local address included, and gives it back fresh above. Nobody
/// runs a bridge like that, so we don't either.
fn check_mtu(name: Name, mtu: u32) -> Result<(), Invalid> {
    match mtu {
        1_280..=65_535 => Ok(()),
        _ => Err(invalid(
            name,
            format!("{mtu} is no MTU for a bridge or its NICs (1280 to 65535)"),
        )),
    }
}

fn check_bridge(name: Name, bridge: &Bridge) -> Result<(), Invalid> {
    check_mtu(name, bridge.mtu)?;
    if bridge.mac.is_some_and(|mac| !mac.is_unicast()) {
        return Err(invalid(name, "its MAC is a group address or zero"));
    }
    if bridge
        .network_uuids
        .as_ref()
        .is_some_and(|text| text.len() > MAX_TEXT)
    {
        return Err(invalid(name, "its network UUIDs are too long"));
    }
    if let Ipv6::Static { addresses, .. } = &bridge.ipv6
        && addresses.len() > MAX_ADDRESSES
    {
        return Err(invalid(
            name,
            format!("more than {MAX_ADDRESSES} addresses"),
        ));
    }
    let mut seen = BTreeSet::new();
    for address in bridge.addresses() {
        check_host_address(name, address)?;
        if !seen.insert(address.address()) {
            return Err(invalid(
                name,
                format!("{} is given twice", address.address()),
            ));
        }
    }
    check_families(name, bridge)?;
    if bridge.routes.len() > MAX_ROUTES {
        return Err(invalid(name, format!("more than {MAX_ROUTES} routes")));
    }
    for route in &bridge.routes {
        if route.destination != route.destination.network() {
            return Err(invalid(
                name,
                format!("{} has host bits set", route.destination),
            ));
        }
        if route.destination.family() != crate::names::family(&route.gateway) {
            return Err(invalid(
                name,
                format!(
                    "{} is behind a router of the other family",
                    route.destination
                ),
            ));
        }
    }
    match &bridge.dns {
        Some(dns) => check_dns(name, dns),
        None => Ok(()),
    }
}

fn check_families(name: Name, bridge: &Bridge) -> Result<(), Invalid> {
    let wrong = || invalid(name, "an address of the other family");
    let lease4 = matches!(&bridge.ipv4, Ipv4::Dhcp { lease: Some(lease) } if lease.address.family() != Family::V4);
    let static4 =
        matches!(&bridge.ipv4, Ipv4::Static { address, .. } if address.family() != Family::V4);
    let v6 = match &bridge.ipv6 {
        Ipv6::Static { addresses, .. } => addresses
            .iter()
            .any(|address| address.family() != Family::V6),
        Ipv6::Dhcp { lease: Some(lease) } => lease.address.family() != Family::V6,
        _ => false,
    };
    if lease4 || static4 || v6 {
        return Err(wrong());
    }
    for lease in [
        match &bridge.ipv4 {
            Ipv4::Dhcp { lease } => lease.as_ref(),
            _ => None,
        },
        match &bridge.ipv6 {
            Ipv6::Dhcp { lease } => lease.as_ref(),
            _ => None,
        },
    ]
    .into_iter()
    .flatten()
    {
        check_dns(name, &lease.dns)?;
    }
    Ok(())
}

fn check_host_address(name: Name, inet: Inet) -> Result<(), Invalid> {
    let address = inet.address();
    match is_host_address(address) {
        true => Ok(()),
        false => Err(invalid(name, format!("{address} is no address for a host"))),
    }
}

/// Whether a bridge may be given the address: one of a host, and not of its link alone as IPv6 has them by itself.
pub fn is_host_address(address: IpAddr) -> bool {
    let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(address.is_unspecified()
        || address.is_multicast()
        || address.is_loopback()
        || link_local
        || broadcast)
}

fn check_dns(name: Name, dns: &Dns) -> Result<(), Invalid> {
    if dns.servers.len() > MAX_DNS || dns.search.len() > MAX_DNS {
        return Err(invalid(name, "too many name servers or search domains"));
    }
    let plain = |domain: &String| {
        (1..=253).contains(&domain.len())
            && domain
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    match dns.search.iter().find(|domain| !plain(domain)) {
        None => Ok(()),
        Some(domain) => Err(invalid(name, format!("{domain:?} is no search domain"))),
    }
}
