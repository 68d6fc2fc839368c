//! The NICs of guests that run here, from their rows: names, bridges, limits and filters (host-networking facts, 4).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use xapi_db::Read;
use xapi_model::{
    Host, Network, NetworkDefaultLockingMode, Pif, Pool, Ref, Vif, VifLockingMode, Vm, errors,
};
use xapi_net::topology::{
    Bridge, BridgeKind, DEFAULT_MTU, FailMode, Filter, Inet, Ipv4, Mac, Name, Rate, Real, Topology,
};

use crate::Result;
use crate::ops::network;
use crate::ops::vif::number_of;

/// The most addresses that a locked VIF may have, each of a range counted.
pub const MOST_ALLOWED: usize = 256;

/// Adds the NICs of the guests on a host, and a bridge for each network of theirs that has no PIF there. What the bridge
/// of a network that has one cannot be, its guests go without.
pub fn add<R: Read>(rows: &R, host: &Ref<Host>, topology: &mut Topology) -> Result<()> {
    let mut networks = BTreeMap::new();
    for vm in rows.find(Vm::RESIDENT_ON, host)? {
        let machine = match rows.get(&vm) {
            Ok(machine) => machine,
            // One bad row must not keep the rest of the host off the network; so with the two below.
            Err(why) => {
                tracing::error!("{vm} has no network, for its row cannot be read: {why}");
                continue;
            }
        };
        let Ok(domain) = u32::try_from(machine.domid) else {
            continue;
        };
        if domain == 0 {
            continue;
        }
        for reference in machine.vifs.iter() {
            let vif = match rows.get(reference) {
                Ok(vif) => vif,
                Err(why) => {
                    tracing::error!("{reference} is left out, for its row cannot be read: {why}");
                    continue;
                }
            };
            if !vif.currently_attached {
                continue;
            }
            if !networks.contains_key(&vif.network) {
                let known = match Attached::new(rows, host, &vif.network) {
                    Ok(known) => known,
                    Err(why) => {
                        tracing::error!("{reference} has no network to be on: {why}");
                        continue;
                    }
                };
                networks.insert(vif.network.clone(), known);
            }
            let network = &networks[&vif.network];
            if let Some((name, port)) = lower(topology, domain, &machine, &vif, network) {
                topology.vifs.insert(name, port);
            }
        }
    }
    Ok(())
}

/// A network that a guest here is on.
struct Attached {
    row: Network,
    bridge: Option<Name>,
    /// The bridge that it has here for its guests alone; none if a PIF brings it.
    internal: Option<Bridge>,
}

impl Attached {
    fn new<R: Read>(rows: &R, host: &Ref<Host>, reference: &Ref<Network>) -> Result<Attached> {
        let row = rows.stored(reference)?;
        let outside = match network::pif_on(rows, reference, host)? {
            Some(pif) => !is_beside(&rows.get(&pif)?),
            None => false,
        };
        let internal = match outside || !row.managed {
            true => None,
            false => Some(internal_bridge(rows, &row)?),
        };
        Ok(Attached {
            bridge: Name::new(&row.bridge).ok(),
            internal,
            row,
        })
    }
}

/// Whether a PIF leaves its network's guests to themselves: one that came to a network in use, by `PIF.scan` or
/// `PIF.introduce`, and was not plugged yet.
fn is_beside(pif: &Pif) -> bool {
    let wanted = pif.currently_attached || pif.left_out;
    pif.physical && !wanted && pif.bond_slave_of.is_null()
}

/// A switch that leads nowhere but to the guests on it, and for the system network to the control domain.
fn internal_bridge<R: Read>(rows: &R, network: &Network) -> Result<Bridge> {
    let pool = rows.all::<Pool>()?.into_iter().next().map(|(_, pool)| pool);
    let option = |key: &str| {
        let of_pool = pool.as_ref().and_then(|pool| pool.other_config.get(key));
        network.other_config.get(key).or(of_pool).cloned()
    };
    let mut bridge = Bridge::of_kind(BridgeKind::Real(Real {
        uplink: None,
        fail_mode: match option("vswitch-controller-fail-mode").as_deref() {
            Some("secure") => FailMode::Secure,
            _ => FailMode::Standalone,
        },
        disable_in_band: option("vswitch-disable-in-band").and_then(|text| text.parse().ok()),
        igmp_snooping: pool.as_ref().map(|pool| pool.igmp_snooping_enabled),
    }));
    bridge.mtu = usable(network.mtu).unwrap_or(DEFAULT_MTU);
    bridge.network_uuids = Some(network.uuid.clone());
    let of_system = network.other_config.get("is_guest_installer_network");
    if of_system.is_some_and(|value| value == "true") {
        let key = |key: &str| network.other_config.get(key).map_or("", String::as_str);
        let prefix = super::prefix_of(key("netmask"));
        let address = key("ip_begin").parse().ok().zip(prefix);
        let address = address.and_then(|(ip, prefix)| Inet::new(IpAddr::V4(ip), prefix).ok());
        if let Some(address) = address {
            bridge.ipv4 = Ipv4::Static {
                address,
                gateway: None,
            };
        }
    }
    Ok(bridge)
}

fn usable(mtu: i64) -> Option<u32> {
    let mtu = u32::try_from(mtu).ok();
    mtu.filter(|mtu| (1280..=65535).contains(mtu))
}

fn lower(
    topology: &mut Topology,
    domain: u32,
    machine: &Vm,
    vif: &Vif,
    network: &Attached,
) -> Option<(Name, xapi_net::topology::Vif)> {
    let name = name_of(domain, vif).ok()?;
    let bridge = network.bridge?;
    let mac: Mac = vif.mac.parse().ok()?;
    if let Some(internal) = &network.internal {
        let make = || internal.clone();
        topology.bridges.entry(bridge).or_insert_with(make);
    }
    let most = topology.bridges.get(&bridge)?.mtu;
    let ids = [
        ("xs-vm-uuid", machine.uuid.clone()),
        ("xs-vif-uuid", vif.uuid.clone()),
        ("xs-network-uuid", network.row.uuid.clone()),
        ("attached-mac", mac.to_string()),
    ];
    let mtu = wanted_mtu(vif, network.row.mtu).min(most);
    let port = xapi_net::topology::Vif {
        bridge,
        mac,
        mtu,
        external_ids: ids.map(|(key, value)| (key.to_owned(), value)).into(),
        rate: rate(vif, mtu),
        filter: filter(vif, &network.row),
    };
    Some((name, port))
}

/// The host's end of a VIF of the machine with this domain. INTERNAL_ERROR if no device can be called so.
pub fn name_of(domain: u32, vif: &Vif) -> Result<Name> {
    let number = number_of(&vif.device)?;
    Name::new(&format!("vif{domain}.{number}")).map_err(errors::internal_error)
}

/// The MTU that is asked for a VIF: its own, or its network's. Its bridge may have less.
pub fn wanted_mtu(vif: &Vif, of_network: i64) -> u32 {
    let own = vif.other_config.get("mtu");
    let own = own.and_then(|text| text.trim().parse().ok());
    let own = own.filter(|mtu| (68..=65535).contains(mtu));
    let of_network = || usable(of_network).unwrap_or(DEFAULT_MTU);
    own.unwrap_or_else(of_network)
}

/// What a guest may send: `kbps` are kilobytes of 1,024 octets in a second, as XAPI has it. What is no number limits
/// nothing. At once pass a tenth of a second's worth, or that of `timeslice_us`, and two packets in any case.
fn rate(vif: &Vif, mtu: u32) -> Option<Rate> {
    if vif.qos_algorithm_type != "ratelimit" {
        return None;
    }
    let key = |key: &str| {
        vif.qos_algorithm_params
            .get(key)?
            .trim()
            .parse::<u64>()
            .ok()
    };
    let kilobytes = key("kbps").filter(|kbps| *kbps > 0)?;
    let kbps = kilobytes.saturating_mul(8 * 1024).div_ceil(1000);
    let slice = key("timeslice_us").filter(|slice| *slice > 0);
    let burst = match slice {
        Some(slice) => kbps.saturating_mul(slice.min(10_000_000)) / 1_000_000,
        None => kbps / 10,
    };
    let two_packets = u64::from(mtu + 18) * 2 * 8 / 1000 + 1;
    let bounded = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Rate {
        kbps: bounded(kbps),
        burst: bounded(burst.max(two_packets)),
    })
}

fn filter(vif: &Vif, network: &Network) -> Filter {
    match vif.locking_mode {
        VifLockingMode::Unlocked => Filter::Open,
        VifLockingMode::Disabled => Filter::Closed,
        VifLockingMode::NetworkDefault => match network.default_locking_mode {
            NetworkDefaultLockingMode::Unlocked => Filter::Open,
            NetworkDefaultLockingMode::Disabled => Filter::Closed,
        },
        // More than was let in at the door is none at all, rather than some of it.
        VifLockingMode::Locked => Filter::Only {
            addresses: addresses(vif.ipv4_allowed.iter().chain(&vif.ipv6_allowed))
                .unwrap_or_default(),
        },
    }
}

/// The single addresses of a list of addresses and ranges; `None` if they are too many to be looked for one by one.
pub fn addresses<'a>(texts: impl Iterator<Item = &'a String>) -> Option<BTreeSet<IpAddr>> {
    let mut all = BTreeSet::new();
    for text in texts {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text.as_str(), None),
        };
        let (Ok(address), Ok(prefix)) = (
            address.parse::<IpAddr>(),
            prefix.map(str::parse::<u32>).transpose(),
        ) else {
            continue;
        };
        let (bits, width) = match address {
            IpAddr::V4(v4) => (u128::from(u32::from(v4)), 32),
            IpAddr::V6(v6) => (u128::from(v6), 128),
        };
        let free = width - prefix.unwrap_or(width).min(width);
        if free > MOST_ALLOWED.ilog2() {
            return None;
        }
        let first = bits >> free << free;
        for n in 0..1_u128 << free {
            all.insert(match address {
                IpAddr::V4(_) => IpAddr::from(u32::try_from(first + n).ok()?.to_be_bytes()),
                IpAddr::V6(_) => IpAddr::from((first + n).to_be_bytes()),
            });
        }
        if all.len() > MOST_ALLOWED {
            return None;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::{addresses, rate};
    use xapi_model::{Class, Vif};

    fn expanded(texts: &[&str]) -> Option<Vec<String>> {
        let texts: Vec<_> = texts.iter().map(|text| (*text).to_owned()).collect();
        let all = addresses(texts.iter())?;
        Some(all.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_range_is_each_of_its_addresses_and_too_wide_a_one_is_none() {
        let few = expanded(&["10.0.0.7", "10.0.0.6/31", "fd00::9"]);
        assert_eq!(few.unwrap(), ["10.0.0.6", "10.0.0.7", "fd00::9"]);
        assert_eq!(expanded(&["10.0.0.9/24"]).unwrap().len(), 256);
        assert_eq!(expanded(&["10.0.0.9/24", "10.0.1.1"]), None);
        assert_eq!(expanded(&["10.0.0.9/23"]), None);
        assert_eq!(expanded(&["fd00::/64"]), None);
        assert_eq!(expanded(&["fd00::/0"]), None);
        let all_ones = expanded(&["255.255.255.254/31"]).unwrap();
        assert_eq!(all_ones, ["255.255.255.254", "255.255.255.255"]);
    }

    #[test]
    fn a_limit_is_in_kilobytes_and_lets_two_packets_through() {
        let vif = |kind: &str, kbps: &str| Vif {
            qos_algorithm_type: kind.to_owned(),
            qos_algorithm_params: [("kbps".to_owned(), kbps.to_owned())].into(),
            ..Vif::blank()
        };
        let limit = |kind: &str, kbps: &str| {
            rate(&vif(kind, kbps), 1500).map(|rate| (rate.kbps, rate.burst))
        };
        assert_eq!(limit("ratelimit", "1000"), Some((8192, 819)));
        assert_eq!(limit("ratelimit", "1"), Some((9, 25)));
        assert_eq!(limit("ratelimit", "0"), None);
        assert_eq!(limit("ratelimit", "fast"), None);
        assert_eq!(limit("", "1000"), None);
        let most = limit("ratelimit", "99999999999999999").unwrap();
        assert_eq!(most.0, u32::MAX);
    }
}
