//! Routes of the main table.
//!
//! A route that moves from one device to another is replaced in one step, so that no packet finds
//! the table without it. The kernel's two families do this differently: see `replace_route`.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteHeader, RouteMessage, RouteProtocol, RouteScope, RouteType,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::address::family_of;
use super::{Cause, Kernel, KernelError, OUR_PROTOCOL};

/// What the kernel makes of metric 0 for IPv6.
pub const IPV6_DEFAULT_METRIC: u32 = 1024;

/// A network that packets go to. The bits beyond the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    address: IpAddr,
    prefix: u8,
}

impl Destination {
    /// The network that `address` is in; none for a prefix longer than the address.
    pub fn new(address: IpAddr, prefix: u8) -> Option<Destination> {
        let address = match address {
            IpAddr::V4(address) if prefix <= 32 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((address.to_bits() & mask).to_be_bytes())
            }
            IpAddr::V6(address) if prefix <= 128 => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((address.to_bits() & mask).to_be_bytes())
            }
            _ => return None,
        };
        Some(Destination { address, prefix })
    }

    /// Everywhere, in the family of `like`.
    pub fn default_like(like: IpAddr) -> Destination {
        let address = match like {
            IpAddr::V4(_) => IpAddr::from([0; 4]),
            IpAddr::V6(_) => IpAddr::from([0; 16]),
        };
        Destination { address, prefix: 0 }
    }

    /// The network's first address.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits name the network.
    pub fn prefix(&self) -> u8 {
        self.prefix
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// A unicast route of the main table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where to.
    pub destination: Destination,
    /// Through which router; none for a network that the device is connected to.
    pub gateway: Option<IpAddr>,
    /// Through which device.
    pub device: String,
    /// The lowest wins. IPv6 knows no 0: the kernel takes it for [`IPV6_DEFAULT_METRIC`].
    pub metric: u32,
    /// The address that our packets carry if nobody chose one.
    pub source: Option<IpAddr>,
    /// Who put it: [`OUR_PROTOCOL`], 2 the kernel, 9 a router advertisement, …
    pub protocol: u8,
}

impl Route {
    /// Whether it carries our mark.
    pub fn is_ours(&self) -> bool {
        self.protocol == OUR_PROTOCOL
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.destination)?;
        if let Some(gateway) = self.gateway {
            write!(f, " via {gateway}")?;
        }
        write!(f, " dev {} metric {}", self.device, self.metric)
    }
}

/// A route as a message gives it, with the device's number.
pub(crate) struct RouteAt {
    pub(crate) index: u32,
    pub(crate) route: Route,
}

impl RouteAt {
    /// A unicast route of the main table through one device; none for any other. The device's name
    /// is left empty.
    pub(crate) fn from_message(message: &RouteMessage) -> Option<RouteAt> {
        let header = &message.header;
        let unspecified = match header.address_family {
            AddressFamily::Inet => IpAddr::from([0; 4]),
            AddressFamily::Inet6 => IpAddr::from([0; 16]),
            _ => return None,
        };
        let mut table = u32::from(header.table);
        let mut index = None;
        let mut route = Route {
            destination: Destination::default_like(unspecified),
            gateway: None,
            device: String::new(),
            metric: 0,
            source: None,
            protocol: u8::from(header.protocol),
        };
        let mut network = unspecified;
        for attribute in &message.attributes {
            match attribute {
                RouteAttribute::Table(number) => table = *number,
                RouteAttribute::Oif(number) => index = Some(*number),
                RouteAttribute::Priority(metric) => route.metric = *metric,
                RouteAttribute::Destination(address) => network = ip_of(address)?,
                RouteAttribute::Gateway(address) => route.gateway = Some(ip_of(address)?),
                RouteAttribute::PrefSource(address) => route.source = Some(ip_of(address)?),
                _ => {}
            }
        }
        route.destination = Destination::new(network, header.destination_prefix_length)?;
        let wanted = header.kind == RouteType::Unicast
            && table == u32::from(RouteHeader::RT_TABLE_MAIN)
            && !header
                .flags
                .contains(netlink_packet_route::route::RouteFlags::Cloned);
        wanted.then_some(RouteAt {
            index: index?,
            route,
        })
    }
}

fn ip_of(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}

impl Kernel {
    /// The unicast routes of the main table through one device each, IPv4 first.
    pub fn routes(&mut self) -> Result<Vec<Route>, KernelError> {
        let names: HashMap<u32, String> = self
            .links()?
            .into_iter()
            .map(|link| (link.index, link.name))
            .collect();
        let mut routes = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut message = RouteMessage::default();
            message.header.address_family = family;
            let answers = match self.dump(RouteNetlinkMessage::GetRoute(message)) {
                Ok(answers) => answers,
                Err(cause) if cause.errno() == Some(libc::EOPNOTSUPP) => Vec::new(),
                Err(cause) => return Err(cause.doing("listing the routes")),
            };
            for answer in &answers {
                let RouteNetlinkMessage::NewRoute(message) = answer else {
                    continue;
                };
                if message.header.address_family != family {
                    continue;
                }
                let Some(RouteAt { index, mut route }) = RouteAt::from_message(message) else {
                    continue;
                };
                // A device that went in between took its routes along.
                let Some(name) = names.get(&index) else {
                    continue;
                };
                route.device.clone_from(name);
                routes.push(route);
            }
        }
        Ok(routes)
    }

    /// The routes that carry our mark.
    pub fn our_routes(&mut self) -> Result<Vec<Route>, KernelError> {
        let mut routes = self.routes()?;
        routes.retain(Route::is_ours);
        Ok(routes)
    }

    /// The routes through one device.
    pub fn routes_of(&mut self, device: &str) -> Result<Vec<Route>, KernelError> {
        let mut routes = self.routes()?;
        routes.retain(|route| route.device == device);
        Ok(routes)
    }

    /// Adds a route. One to the same destination with the same metric is an error, for both
    /// families (IPv6 would otherwise spread packets over the two).
    pub fn add_route(&mut self, route: &Route) -> Result<(), KernelError> {
        self.put_route(route, NLM_F_CREATE | NLM_F_EXCL, "adding the route")
    }

    /// Puts a route in the place of the one to the same destination with the same metric, whatever
    /// device or router that one goes through, in one step; adds it if there is none.
    ///
    /// IPv4 replaces the first of several such routes. IPv6 replaces one of the same sort (with or
    /// without a router) before one of the other sort, and all of a set that packets are spread
    /// over.
    pub fn replace_route(&mut self, route: &Route) -> Result<(), KernelError> {
        self.put_route(route, NLM_F_CREATE | NLM_F_REPLACE, "replacing the route")
    }

    /// Deletes a route. Destination, metric, device, router and mark must be as given.
    pub fn delete_route(&mut self, route: &Route) -> Result<(), KernelError> {
        let doing = || format!("deleting the route {route}");
        let message = self
            .route_message(route)
            .map_err(|cause| cause.doing(doing()))?;
        self.request(RouteNetlinkMessage::DelRoute(message), 0)
            .map_err(|cause| cause.doing(doing()))
    }

    fn put_route(&mut self, route: &Route, flags: u16, doing: &str) -> Result<(), KernelError> {
        let doing = || format!("{doing} {route}");
        let message = self
            .route_message(route)
            .map_err(|cause| cause.doing(doing()))?;
        self.request(RouteNetlinkMessage::NewRoute(message), flags)
            .map_err(|cause| cause.doing(doing()))
    }

    fn route_message(&mut self, route: &Route) -> Result<RouteMessage, Cause> {
        let family = family_of(route.destination.address);
        for address in [route.gateway, route.source].into_iter().flatten() {
            if family_of(address) != family {
                return Err(Cause::Nonsense(format!("{address} is of another family")));
            }
        }
        let mut message = RouteMessage::default();
        message.header.address_family = family;
        message.header.destination_prefix_length = route.destination.prefix;
        message.header.table = RouteHeader::RT_TABLE_MAIN;
        message.header.protocol = RouteProtocol::from(route.protocol);
        message.header.kind = RouteType::Unicast;
        message.header.scope = match (family, route.gateway) {
            (AddressFamily::Inet, None) => RouteScope::Link,
            _ => RouteScope::Universe,
        };
        let attributes = &mut message.attributes;
        if route.destination.prefix > 0 {
            attributes.push(RouteAttribute::Destination(
                route.destination.address.into(),
            ));
        }
        if let Some(gateway) = route.gateway {
            attributes.push(RouteAttribute::Gateway(gateway.into()));
        }
        if let Some(source) = route.source {
            attributes.push(RouteAttribute::PrefSource(source.into()));
        }
        if route.metric != 0 {
            attributes.push(RouteAttribute::Priority(route.metric));
        }
        attributes.push(RouteAttribute::Oif(self.index_of(&route.device)?));
        Ok(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_has_no_bits_beyond_its_prefix() {
        let check = |address: &str, prefix, network: &str| {
            let destination = Destination::new(address.parse().unwrap(), prefix).unwrap();
            assert_eq!(destination.to_string(), network);
        };
        check("172.16.0.10", 27, "172.16.0.0/27");
        check("172.16.0.42", 27, "172.16.0.32/27");
        check("255.255.255.255", 0, "0.0.0.0/0");
        check("10.0.0.1", 32, "10.0.0.1/32");
        check("fd00::1:2:3", 64, "fd00::/64");
        check("fd00::1", 128, "fd00::1/128");
        check("fd00::1", 0, "::/0");
        assert_eq!(Destination::new("10.0.0.1".parse().unwrap(), 33), None);
        assert_eq!(Destination::new("fd00::1".parse().unwrap(), 129), None);
    }
}
