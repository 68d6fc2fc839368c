//! What PIFs that stand on others have of them: the room that is left in a packet, and a tunnel's ends.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use xapi_db::Read;
use xapi_model::{Network, Pif, PrimaryAddressType, Ref, Tunnel, TunnelProtocol, Vlan, errors};
use xapi_net::topology as net;

use super::mtu_said;
use crate::Result;

/// The most PIFs below one another that are sane: tunnel, VLAN, bond, and one to spare.
const DEEPEST: usize = 4;

/// Keys of tunnels have 24 bits, which is what VXLAN has room for.
const KEYS: u32 = 1 << 24;

/// The MTU that a PIF's bridge has: the one asked for, but never more than what is left of a packet of the PIF that it
/// stands on. A larger one would lose packets without a word.
pub fn mtu<R: Read>(rows: &R, pif: &Pif) -> Result<u32> {
    mtu_from(
        rows,
        Layer {
            network: pif.network.clone(),
            other_config: pif.other_config.clone(),
            tunnel: pif.tunnel_access_pif_of.first().cloned(),
            vlan: pif.vlan_master_of.clone(),
        },
    )
}

/// The same for whoever has not read the PIF.
pub fn mtu_at<R: Read>(rows: &R, pif: &Ref<Pif>) -> Result<u32> {
    mtu_from(rows, Layer::of(rows, pif)?)
}

fn mtu_from<R: Read>(rows: &R, mut at: Layer) -> Result<u32> {
    let mut room = u32::MAX;
    let mut taken = 0;
    for _ in 0..DEEPEST {
        let shared = rows.field(&at.network, Network::MTU)?;
        let wished = mtu_said(&at.other_config, shared);
        room = room.min(wished.saturating_sub(taken));
        let below = if let Some(tunnel) = &at.tunnel {
            let tunnel = rows.get(tunnel)?;
            let family = rows.field(&tunnel.transport_pif, Pif::PRIMARY_ADDRESS_TYPE)?;
            taken += overhead(tunnel.protocol, family);
            tunnel.transport_pif
        } else if let Some(vlan) = at.vlan.some() {
            rows.field(vlan, Vlan::TAGGED_PIF)?
        } else {
            return Ok(room);
        };
        at = Layer::of(rows, &below)?;
    }
    Err(errors::internal_error(format!(
        "{}: more than {DEEPEST} PIFs stand on one another",
        at.network
    )))
}

/// Of a PIF, what its MTU follows from. The whole row of one that carries hundreds of VLANs is long, and is asked for once
/// for each of them.
struct Layer {
    network: Ref<Network>,
    other_config: BTreeMap<String, String>,
    tunnel: Option<Ref<Tunnel>>,
    vlan: Ref<Vlan>,
}

impl Layer {
    fn of<R: Read>(rows: &R, pif: &Ref<Pif>) -> Result<Layer> {
        Ok(Layer {
            network: rows.field(pif, Pif::NETWORK)?,
            other_config: rows.field(pif, Pif::OTHER_CONFIG)?,
            tunnel: rows.field(pif, Pif::TUNNEL_ACCESS_PIF_OF)?.first().cloned(),
            vlan: rows.field(pif, Pif::VLAN_MASTER_OF)?,
        })
    }
}

/// Octets of a packet that a tunnel takes for itself: the outer IP header, VXLAN's own with UDP's or GRE's with its key,
/// and the inner Ethernet header.
fn overhead(protocol: TunnelProtocol, family: PrimaryAddressType) -> u32 {
    let own = match protocol {
        TunnelProtocol::Vxlan => 50,
        TunnelProtocol::Gre => 42,
    };
    match family {
        PrimaryAddressType::IPv4 => own,
        PrimaryAddressType::IPv6 => own + 20,
    }
}

/// The address by which other hosts reach a PIF: of its primary address type.
pub fn address_of(pif: &Pif) -> Option<IpAddr> {
    match pif.primary_address_type {
        PrimaryAddressType::IPv4 => pif.ip.parse().ok().map(IpAddr::V4),
        PrimaryAddressType::IPv6 => {
            let mut addresses = pif.ipv6.iter();
            addresses.find_map(|text| text.split('/').next()?.parse().ok().map(IpAddr::V6))
        }
    }
}

/// The tunnel as the host shall have it: the other ends are those of the network's tunnels on other hosts.
pub(super) fn tunnel<R: Read>(rows: &R, reference: &Ref<Tunnel>) -> Result<net::Tunnel> {
    let row = rows.get(reference)?;
    let transport = rows.get(&row.transport_pif)?;
    let local = address_of(&transport);
    let network = rows.get(&rows.field(&row.access_pif, Pif::NETWORK)?)?;
    let mut remotes = BTreeSet::new();
    for pif in network.pifs.iter() {
        let pif = rows.get(pif)?;
        let Some(other) = pif.tunnel_access_pif_of.first() else {
            continue;
        };
        let other = rows.get(other)?;
        if pif.host == transport.host || other.protocol != row.protocol {
            continue;
        }
        let address = address_of(&rows.get(&other.transport_pif)?);
        remotes.extend(address.filter(|address| {
            local.is_none_or(|local| local.is_ipv4() == address.is_ipv4() && local != *address)
        }));
    }
    Ok(net::Tunnel {
        protocol: match row.protocol {
            TunnelProtocol::Gre => net::TunnelProtocol::Gre,
            TunnelProtocol::Vxlan => net::TunnelProtocol::Vxlan,
        },
        key: key_of(&network),
        local,
        remotes,
    })
}

/// The key that a network has, or would have first.
fn key_of(network: &Network) -> u32 {
    match u32::try_from(network.tunnel_key) {
        Ok(key) if (1..KEYS).contains(&key) => key,
        _ => first_key(&network.uuid),
    }
}

/// A key out of a UUID, the same on whichever host it is made.
fn first_key(uuid: &str) -> u32 {
    // FNV-1a, folded to 24 bits.
    let hash = uuid.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    ((hash >> 24) ^ hash) % (KEYS - 1) + 1
}

/// The key for a network that has none yet: one that no other network of the pool has.
pub fn free_key<R: Read>(rows: &R, network: &Network) -> Result<i64> {
    if network.tunnel_key != 0 {
        return Ok(network.tunnel_key);
    }
    let others = rows.all_stored::<Network>()?.into_iter();
    let taken: BTreeSet<i64> = others.map(|(_, other)| other.tunnel_key).collect();
    let first = first_key(&network.uuid) - 1;
    let mut keys = (0..KEYS - 1).map(|step| i64::from((first + step) % (KEYS - 1) + 1));
    keys.find(|key| !taken.contains(key))
        .ok_or_else(|| errors::internal_error("no free key for a tunnel"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{KEYS, first_key};

    #[test]
    fn keys_of_networks_fit_into_24_bits_and_differ() {
        let keys: BTreeSet<_> = (0..1000)
            .map(|n| first_key(&format!("3b6d8a1e-0000-4000-8000-{n:012x}")))
            .collect();
        assert!(keys.iter().all(|key| (1..KEYS).contains(key)));
        assert!(keys.len() > 990, "{}", keys.len());
    }
}
