//! By which way packets to an address leave, as Open vSwitch sees it: it keeps the routes of both families in one table,
//! an IPv4 network as a part of ::ffff:0:0/96. So the default route of IPv6 is also the way to every IPv4 address for
//! which there is no other.
//!
//! Start with [`Ways`].

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::names::Inet;

/// Networks, and what leads to each of them.
#[derive(Clone, Debug)]
pub struct Ways<T> {
    by_prefix: BTreeMap<u8, BTreeMap<u128, Vec<T>>>,
}

impl<T> Default for Ways<T> {
    fn default() -> Ways<T> {
        Ways {
            by_prefix: BTreeMap::new(),
        }
    }
}

impl<T> Ways<T> {
    /// Adds a way to a network.
    pub fn add(&mut self, network: &Inet, way: T) {
        let (bits, prefix) = mapped(network);
        let networks = self.by_prefix.entry(prefix).or_default();
        networks.entry(bits).or_default().push(way);
    }

    /// What leads to an address: all ways to the smallest network that it is in, in the order in which they were added.
    pub fn to(&self, address: &IpAddr) -> &[T] {
        let bits = whole(address);
        let mut sizes = self.by_prefix.iter().rev();
        let found = sizes.find_map(|(prefix, networks)| networks.get(&masked(bits, *prefix)));
        found.map_or(&[], Vec::as_slice)
    }
}

fn mapped(network: &Inet) -> (u128, u8) {
    let prefix = match network.address() {
        IpAddr::V4(_) => 96 + network.prefix(),
        IpAddr::V6(_) => network.prefix(),
    };
    (masked(whole(&network.address()), prefix), prefix)
}

fn whole(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

fn masked(bits: u128, prefix: u8) -> u128 {
    match prefix {
        0 => 0,
        prefix => bits & (u128::MAX << (128 - prefix)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_network_leads_and_ipv4_is_a_part_of_ipv6() {
        let mut ways = Ways::default();
        for (network, way) in [
            ("::/0", "v6"),
            ("10.0.0.0/8", "large"),
            ("10.9.0.1/24", "one"),
            ("10.9.0.0/24", "other"),
            ("fd00::/64", "own"),
        ] {
            ways.add(&network.parse().unwrap(), way);
        }
        let check = |address: &str, expected: &[&str]| {
            assert_eq!(ways.to(&address.parse().unwrap()), expected, "{address}");
        };
        check("10.9.0.77", &["one", "other"]);
        check("10.8.0.1", &["large"]);
        check("192.0.2.1", &["v6"]);
        check("fd00::9", &["own"]);
        check("2001:db8::1", &["v6"]);
        ways.add(&"0.0.0.0/0".parse().unwrap(), "v4");
        assert_eq!(ways.to(&"192.0.2.1".parse().unwrap()), ["v4"]);
    }
}
