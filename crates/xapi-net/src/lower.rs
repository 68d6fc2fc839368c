//! What a topology is made of on a host with Open vSwitch. Pure, and shared by the real driver and the simulated one.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use crate::kernel::Resolver;
use crate::names::{Family, Inet, Name};
use crate::object::{self, Dhcp, Key, Link, LinkIpv6, Nic, Object, Owner, Route};
use crate::ovs::row;
use crate::plan::Graph;
use crate::topology::{
    Bond, BondMode, Bridge, BridgeKind, Dns, FailMode, Ipv4, Ipv6, Real, Topology, Uplink,
    is_reachable,
};

mod guests;

pub use guests::{gate_of, lock_of, tunnel_port};

/// Metric of the routes to our own IPv6 networks; the kernel's own choice for such routes.
const CONNECTED_V6: u32 = 256;

/// Metric of routes through an IPv6 router; the kernel's default.
const ROUTED_V6: u32 = 1024;

/// What lowering must know of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Host {
    /// Who forwards the packets.
    pub datapath: row::Datapath,
    /// Whether the host has IPv6. Where it is switched off, IPv6 settings mean nothing, as they always did.
    pub ipv6: bool,
}

/// What a checked topology is made of.
pub fn lower(topology: &Topology, host: &Host) -> Graph<Object> {
    let mut graph = Graph::<Object>::new();
    for (name, bridge) in &topology.bridges {
        graph.insert(
            Key::Bridge(*name),
            Object::Bridge(object::Bridge {
                row: Arc::new(bridge_row(bridge, host)),
                ours: true,
            }),
        );
        uplink(topology, *name, bridge, &mut graph);
        graph.insert(Key::Link(*name), Object::Link(link(bridge, host)));
        let addresses = bridge.addresses().into_iter();
        for inet in addresses.filter(|inet| has_family(host, inet.family())) {
            graph.insert(Key::Address(*name, inet), Object::Address(Owner::Bridge));
        }
        clients(*name, bridge, host, &mut graph);
    }
    guests::vifs(topology, host, &mut graph);
    routes(topology, host, &mut graph);
    object::find_ways(&mut graph);
    if let Some(text) = resolver(topology) {
        graph.insert(Key::Resolver, Object::Resolver(text.into()));
    }
    graph
}

fn has_family(host: &Host, family: Family) -> bool {
    family == Family::V4 || host.ipv6
}

fn bridge_row(bridge: &Bridge, host: &Host) -> row::Bridge {
    let mac = bridge.mac.map(|mac| mac.0);
    let network_uuids = bridge.network_uuids.clone();
    match &bridge.kind {
        BridgeKind::Real(real) => row::Bridge::Real(row::RealBridge {
            mac,
            fail_mode: match real.fail_mode {
                FailMode::Standalone => row::FailMode::Standalone,
                FailMode::Secure => row::FailMode::Secure,
            },
            disable_in_band: real.disable_in_band,
            igmp_snooping: real.igmp_snooping.map(row::IgmpSnooping::standard),
            network_uuids,
            mtu: Some(bridge.mtu),
            ..row::RealBridge::new(host.datapath)
        }),
        BridgeKind::Vlan { parent, tag } => row::Bridge::Vlan(row::VlanBridge {
            parent: parent.to_string(),
            tag: *tag,
            mac,
            mtu: Some(bridge.mtu),
            network_uuids,
        }),
    }
}

fn uplink(topology: &Topology, name: Name, bridge: &Bridge, graph: &mut Graph<Object>) {
    let BridgeKind::Real(Real {
        uplink: Some(uplink),
        ..
    }) = &bridge.kind
    else {
        return;
    };
    for nic in uplink.nics() {
        let mtu = topology.nic_mtu(nic, bridge);
        let settings = topology.nics.get(nic);
        let wanted = Nic {
            up: true,
            mtu,
            offload: settings
                .map(|settings| settings.offload.clone())
                .unwrap_or_default(),
            modes: settings.map(|settings| settings.modes).unwrap_or_default(),
        };
        graph.insert(Key::Nic(*nic), Object::Nic(wanted));
        graph.insert(Key::Aside(*nic), Object::Aside);
    }
    let (port, row) = match uplink {
        Uplink::Nic(nic) => (*nic, row::Port::plain(name.as_str(), nic.as_str())),
        Uplink::Bond(bond) => bond_port(name, bond),
        Uplink::Tunnel(tunnel) => return guests::tunnel(name, tunnel, graph),
    };
    graph.insert(Key::Port(port), Object::Port(object::Port::new(row)));
}

/// A bond that has lost all members but one is a plain port, named after the NIC.
fn bond_port(bridge: Name, bond: &Bond) -> (Name, row::Port) {
    if let [nic] = bond.members[..] {
        return (nic, row::Port::plain(bridge.as_str(), nic.as_str()));
    }
    let members = bond.members.iter().map(Name::to_string).collect();
    let mac = bond.mac.map(|mac| mac.0);
    let (_, row) = row::Port::bonded(
        bridge.as_str(),
        bond.name.as_str(),
        members,
        mac,
        bond_row(bond),
    );
    (bond.name, row)
}

/// The properties that XAPI gives every bond of a mode, and over them those of this bond.
fn bond_row(bond: &Bond) -> row::Bond {
    let mut properties = BTreeMap::from([
        ("miimon", "100"),
        ("downdelay", "200"),
        ("updelay", "31000"),
        ("use_carrier", "1"),
    ]);
    if bond.mode != BondMode::Lacp {
        properties.insert("rebalance-interval", "1800000");
    }
    properties.extend(
        bond.properties
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str())),
    );
    properties.insert("mode", bond.mode.as_str());
    // The only property that can be refused is the mode, and it is one of ours.
    row::Bond::from_properties(properties)
        .unwrap_or_else(|_| row::Bond::new(row::BondMode::BalanceSlb))
}

fn link(bridge: &Bridge, host: &Host) -> Link {
    let autoconf = matches!(bridge.ipv6, Ipv6::Autoconf);
    Link {
        up: true,
        promote_secondaries: true,
        ipv6: host.ipv6.then_some(LinkIpv6 {
            accept_ra: autoconf,
            autoconf,
        }),
    }
}

fn clients(name: Name, bridge: &Bridge, host: &Host, graph: &mut Graph<Object>) {
    let client = Object::Dhcp(Dhcp {
        mac: bridge.mac,
        vlan: bridge.tag(),
    });
    if matches!(bridge.ipv4, Ipv4::Dhcp { .. }) {
        graph.insert(Key::Dhcp(name, Family::V4), client.clone());
    }
    if matches!(bridge.ipv6, Ipv6::Dhcp { .. }) && host.ipv6 {
        graph.insert(Key::Dhcp(name, Family::V6), client);
    }
}

/// Two bridges may be in one network, or lead to one destination; the routes differ in their metric then. The roles
/// decide whose is used: the bridge with the gateway, then management, then the rest by name.
fn routes(topology: &Topology, host: &Host, graph: &mut Graph<Object>) {
    let mut bridges: Vec<(&Name, &Bridge)> = topology.bridges.iter().collect();
    bridges.sort_by_key(|(name, _)| {
        let is = |role: Option<Name>| role == Some(**name);
        (!is(topology.management), !is(topology.gateway), **name)
    });
    let mut add = |own: &[Inet], destination: Inet, base: u32, route: Route| {
        if has_family(host, destination.family()) {
            let metric =
                (base..).find(|metric| !graph.contains_key(&Key::Route(destination, *metric)));
            graph.insert(
                Key::Route(destination, metric.unwrap_or(base)),
                Object::Route(route.standing_on(&destination, own.iter().copied())),
            );
        }
    };
    for (name, bridge) in bridges {
        let own = bridge.addresses();
        let mut networks = Vec::new();
        for inet in &own {
            if networks.contains(&inet.network()) || is_host_route(*inet) {
                continue;
            }
            networks.push(inet.network());
            let (base, source) = match inet.family() {
                Family::V4 => (0, Some(inet.address())),
                Family::V6 => (CONNECTED_V6, None),
            };
            add(
                &own,
                inet.network(),
                base,
                Route {
                    device: *name,
                    carrier: topology.carrier_of(name),
                    gateway: None,
                    source,
                    through: None,
                    ours: true,
                },
            );
        }
        for (destination, gateway) in routers(bridge, topology.gateway == Some(*name)) {
            let base = match destination.family() {
                Family::V4 => 0,
                Family::V6 => ROUTED_V6,
            };
            let route = Route {
                device: *name,
                carrier: topology.carrier_of(name),
                gateway: Some(gateway),
                source: None,
                through: None,
                ours: true,
            };
            add(&own, destination, base, route);
        }
    }
}

/// An address that is its own network needs no route: the local table has it.
fn is_host_route(inet: Inet) -> bool {
    matches!(
        (inet.family(), inet.prefix()),
        (Family::V4, 32) | (Family::V6, 128)
    )
}

fn routers(bridge: &Bridge, owns_gateway: bool) -> Vec<(Inet, IpAddr)> {
    let mut routers = Vec::new();
    if owns_gateway {
        let v4 = match &bridge.ipv4 {
            Ipv4::Static { gateway, .. } => gateway.map(IpAddr::V4),
            Ipv4::Dhcp { lease: Some(lease) } => lease.gateway,
            _ => None,
        };
        let v6 = match &bridge.ipv6 {
            Ipv6::Static { gateway, .. } => gateway.map(IpAddr::V6),
            // No server leases one, but there may be one from before the lease.
            Ipv6::Dhcp { lease: Some(lease) } => lease.gateway,
            _ => None,
        };
        for gateway in v4.into_iter().chain(v6) {
            routers.push((Inet::everything(crate::names::family(&gateway)), gateway));
        }
    }
    let addresses = bridge.addresses();
    for route in &bridge.routes {
        // One that leads nowhere is no reason to do without all the rest.
        let leads = is_reachable(route.gateway, &addresses);
        let mut others = routers.iter();
        if leads && others.all(|(destination, _)| *destination != route.destination) {
            routers.push((route.destination, route.gateway));
        }
    }
    routers
}

/// The text of /etc/resolv.conf; `None` leaves the file as it is.
fn resolver(topology: &Topology) -> Option<String> {
    let bridge = topology.bridges.get(&topology.dns?)?;
    let leases = [
        match &bridge.ipv4 {
            Ipv4::Dhcp { lease } => lease.as_ref(),
            _ => None,
        },
        match &bridge.ipv6 {
            Ipv6::Dhcp { lease } => lease.as_ref(),
            _ => None,
        },
    ];
    let leased = leases.into_iter().flatten().map(|lease| &lease.dns);
    let sources: Vec<&Dns> = bridge.dns.iter().chain(leased).collect();
    if sources.is_empty() {
        return None;
    }
    let resolver = Resolver {
        servers: sources.iter().flat_map(|dns| dns.servers.clone()).collect(),
        search: sources.iter().flat_map(|dns| dns.search.clone()).collect(),
    };
    Some(resolver.text())
}
