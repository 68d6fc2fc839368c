//! Random hosts and random pairs of topologies for them, with names that sort badly, from a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use xapi_net::names::{Inet, Mac, Name};
use xapi_net::object;
use xapi_net::ovs::row;
use xapi_net::sim::World;
use xapi_net::topology::{
    Bond, BondMode, Bridge, BridgeKind, Dns, FailMode, Filter, Ipv4, Ipv6, Lease, Nic, Offload,
    Rate, Real, StaticRoute, Topology, Tunnel, TunnelProtocol, Uplink, Vif,
};

/// NICs that topologies use; "eth10" sorts before "eth2".
pub const NICS: [&str; 6] = ["eth0", "eth1", "eth2", "eth10", "eth3", "enp5s0"];
/// The host's ends of guests' NICs.
pub const VIFS: [&str; 4] = ["vif1.0", "vif1.1", "vif10.0", "vif2.0"];
/// A NIC under a bridge that somebody else made.
pub const FOREIGN_NIC: &str = "eth9";
const REAL: [&str; 7] = [
    "xenbr0", "xenbr1", "xenbr10", "xenbr2", "xapi1", "xapi10", "zz-lan",
];
/// Some are also names of real bridges, so that a name changes its kind.
const VLANS: [&str; 5] = ["xapi2", "xapi10", "xapi3", "xentemp", "a-vlan"];
const BONDS: [&str; 3] = ["bond0", "bond10", "bond2"];
/// The management address of most topologies.
pub const MANAGEMENT: &str = "172.16.0.10/27";
/// And its IPv6 companion.
pub const MANAGEMENT_V6: &str = "fd00:16::10/64";

/// SplitMix64: small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// True once in `times`.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// One of several.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for at in (1..list.len()).rev() {
            list.swap(at, self.below(at + 1));
        }
    }
}

/// A name that is known to be one.
pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn inet(text: &str) -> Inet {
    text.parse().unwrap()
}

fn nic_mac(at: usize) -> Mac {
    Mac([0x02, 0x16, 0x3e, 0, 0, at as u8])
}

/// A topology that a simulated host can have.
pub fn topology(random: &mut Random) -> Topology {
    let mut topology = Topology::default();
    let mut nics: Vec<Name> = NICS.iter().map(|nic| name(nic)).collect();
    random.shuffle(&mut nics);
    let mut bonds: Vec<Name> = BONDS.iter().map(|bond| name(bond)).collect();
    random.shuffle(&mut bonds);
    for _ in 0..random.below(5) {
        let bridge = name(random.pick(&REAL));
        let uplink = match random.one_in(6) {
            true => {
                let number = REAL.iter().position(|it| bridge == *it).unwrap();
                Some(Uplink::Tunnel(random_tunnel(random, number as u32)))
            }
            false => random_uplink(random, &mut nics, &mut bonds),
        };
        let real = random_real(random, uplink);
        let made = random_bridge(random, BridgeKind::Real(real));
        topology.bridges.insert(bridge, made);
    }
    add_vlans(random, &mut topology);
    topology
        .bridges
        .values()
        .flat_map(Bridge::nics)
        .copied()
        .collect::<BTreeSet<Name>>()
        .into_iter()
        .for_each(|nic| {
            let mtu = random.one_in(6).then(|| random.pick(&[1500, 2000, 9000]));
            let mut offload = BTreeMap::new();
            for setting in [Offload::Gro, Offload::Tso] {
                if random.one_in(3) {
                    offload.insert(setting, random.one_in(2));
                }
            }
            if mtu.is_some() || !offload.is_empty() {
                let settings = Nic {
                    mtu,
                    offload,
                    ..Nic::default()
                };
                topology.nics.insert(nic, settings);
            }
        });
    give_addresses(random, &mut topology);
    add_vifs(random, &mut topology);
    if !topology.tunnels_through_tunnels().is_empty() && random.one_in(2) {
        topology.gateway = None;
    }
    while let Some(round) = topology.tunnels_through_tunnels().first() {
        topology.leave_out_end(&round.bridge, round.end);
    }
    topology
}

fn random_tunnel(random: &mut Random, number: u32) -> Tunnel {
    // Other keys in each, so that the same end may be in several.
    let remotes = ["10.9.0.2", "10.9.0.3", "10.9.0.4"];
    let remotes = remotes.iter().filter(|_| !random.one_in(3));
    let remotes: Vec<IpAddr> = remotes.map(|text| text.parse().unwrap()).collect();
    Tunnel {
        protocol: random.pick(&[TunnelProtocol::Gre, TunnelProtocol::Vxlan]),
        key: 10 * number + random.below(2) as u32,
        local: random.one_in(3).then(|| "10.9.0.1".parse().unwrap()),
        remotes: remotes.into_iter().collect(),
    }
}

fn add_vifs(random: &mut Random, topology: &mut Topology) {
    let bridges: Vec<Name> = topology.bridges.keys().copied().collect();
    if bridges.is_empty() {
        return;
    }
    for (number, vif) in VIFS.iter().enumerate() {
        if random.one_in(2) {
            continue;
        }
        let allowed = ["10.0.0.9", "10.0.0.10", "fd00::9"];
        let allowed = allowed.iter().filter(|_| random.one_in(2));
        let addresses = allowed.map(|text| text.parse().unwrap()).collect();
        let filter = match random.below(5) {
            0 => Filter::Closed,
            1 | 2 => Filter::Open,
            _ => Filter::Only { addresses },
        };
        let ids = [("xs-vif-uuid".to_owned(), format!("v{}", random.below(2)))];
        let made = Vif {
            bridge: random.pick(&bridges),
            mac: Mac([0x02, 0x16, 0x3e, 1, 0, (number + 4 * random.below(2)) as u8]),
            mtu: random.pick(&[1500, 1450, 9000]),
            external_ids: ids.into(),
            rate: random.one_in(3).then(|| Rate {
                kbps: 1_000 * (1 + random.below(2) as u32),
                burst: 100,
            }),
            filter,
        };
        topology.vifs.insert(name(vif), made);
    }
}

fn random_uplink(
    random: &mut Random,
    nics: &mut Vec<Name>,
    bonds: &mut Vec<Name>,
) -> Option<Uplink> {
    let members = match random.below(6) {
        0 => return None,
        1..=3 => return nics.pop().map(Uplink::Nic),
        _ => 1 + random.below(3),
    };
    let members: Vec<Name> = nics.split_off(nics.len().saturating_sub(members));
    if members.is_empty() {
        return None;
    }
    let mode = random.pick(&[BondMode::BalanceSlb, BondMode::ActiveBackup, BondMode::Lacp]);
    let mut properties = BTreeMap::new();
    if random.one_in(3) {
        properties.insert("miimon".to_owned(), "200".to_owned());
    }
    if mode == BondMode::Lacp && random.one_in(2) {
        properties.insert("hashing-algorithm".to_owned(), "src_mac".to_owned());
        properties.insert("lacp-time".to_owned(), "fast".to_owned());
    }
    let mac = random.one_in(2).then(|| nic_mac(random.below(3)));
    Some(Uplink::Bond(Bond {
        name: bonds.pop()?,
        members,
        mac,
        mode,
        properties,
    }))
}

fn random_real(random: &mut Random, uplink: Option<Uplink>) -> Real {
    Real {
        uplink,
        fail_mode: if random.one_in(8) {
            FailMode::Secure
        } else {
            FailMode::Standalone
        },
        disable_in_band: random.one_in(6).then(|| random.one_in(2)),
        igmp_snooping: random.one_in(4).then(|| random.one_in(2)),
    }
}

fn random_bridge(random: &mut Random, kind: BridgeKind) -> Bridge {
    Bridge {
        mac: (!random.one_in(4)).then(|| nic_mac(random.below(NICS.len()))),
        mtu: random.pick(&[1500, 1500, 1500, 9000, 1400, 1280]),
        network_uuids: random
            .one_in(2)
            .then(|| format!("uuid-{}", random.below(3))),
        ..Bridge::of_kind(kind)
    }
}

fn add_vlans(random: &mut Random, topology: &mut Topology) {
    let parents: Vec<Name> = topology.bridges.keys().copied().collect();
    let mut taken = BTreeSet::new();
    for _ in 0..random.below(4) {
        let vlan = name(random.pick(&VLANS));
        if parents.is_empty() || topology.bridges.contains_key(&vlan) {
            continue;
        }
        let (parent, tag) = (random.pick(&parents), random.pick(&[10, 17, 100, 4094]));
        if taken.insert((parent, tag)) {
            let made = random_bridge(random, BridgeKind::Vlan { parent, tag });
            topology.bridges.insert(vlan, made);
        }
    }
}

fn give_addresses(random: &mut Random, topology: &mut Topology) {
    let bridges: Vec<Name> = topology.bridges.keys().copied().collect();
    if bridges.is_empty() {
        return;
    }
    let management = random.pick(&bridges);
    let mut clients = BTreeSet::new();
    for bridge in &bridges {
        let number = random.below(4) as u8;
        let it = topology.bridges.get_mut(bridge).unwrap();
        it.ipv4 = random_ipv4(random, number);
        it.ipv6 = random_ipv6(random, number);
        if *bridge == management && !random.one_in(10) {
            let gateway = (!random.one_in(5)).then_some(Ipv4Addr::new(172, 16, 0, 1));
            it.ipv4 = Ipv4::Static {
                address: inet(MANAGEMENT),
                gateway,
            };
            if random.one_in(2) {
                let gateway = random.one_in(2).then(|| "fd00:16::1".parse().unwrap());
                it.ipv6 = Ipv6::Static {
                    addresses: vec![inet(MANAGEMENT_V6)],
                    gateway,
                };
            }
        }
        let v4 = matches!(it.ipv4, Ipv4::Dhcp { .. });
        let v6 = matches!(it.ipv6, Ipv6::Dhcp { .. });
        if v4 && it.mac.is_some() && !clients.insert((it.mac, it.tag(), 4)) {
            it.ipv4 = Ipv4::None;
        }
        if v6 && it.mac.is_some() && !clients.insert((it.mac, it.tag(), 6)) {
            it.ipv6 = Ipv6::None;
        }
        if random.one_in(4) {
            let servers = vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 53 + number))];
            let search = if random.one_in(2) {
                vec!["example.org".to_owned()]
            } else {
                Vec::new()
            };
            it.dns = Some(Dns { servers, search });
        }
        if let (Ipv4::Static { address, .. }, true) = (it.ipv4.clone(), random.one_in(4)) {
            let gateway = neighbour(address);
            let destination = inet(random.pick(&["192.168.7.0/24", "192.168.8.0/24"]));
            it.routes.push(StaticRoute {
                destination,
                gateway,
            });
        }
    }
    topology.management = Some(management);
    topology.gateway = Some(if random.one_in(5) {
        random.pick(&bridges)
    } else {
        management
    });
    topology.dns = (!random.one_in(4)).then(|| random.pick(&bridges));
}

/// Another address of the network.
fn neighbour(address: Inet) -> IpAddr {
    match address.network().address() {
        IpAddr::V4(v4) => {
            let one = Ipv4Addr::from_bits(v4.to_bits() + 1);
            if IpAddr::V4(one) == address.address() {
                IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() + 3))
            } else {
                IpAddr::V4(one)
            }
        }
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() + 1)),
    }
}

fn random_ipv4(random: &mut Random, number: u8) -> Ipv4 {
    let host = random.pick(&[2u8, 3, 20]);
    let prefix = random.pick(&[24, 24, 25, 16]);
    // Now and then in the network of the tunnels' other ends.
    let (second, number) = match random.one_in(4) {
        true => (9, 0),
        false => (0, number),
    };
    let host = host.max(5 * u8::from(second == 9));
    let address = Inet::new(IpAddr::V4(Ipv4Addr::new(10, second, number, host)), prefix).unwrap();
    let gateway = match neighbour(address) {
        IpAddr::V4(v4) if !random.one_in(3) => Some(v4),
        _ => None,
    };
    match random.below(4) {
        0 => Ipv4::None,
        1 => Ipv4::Dhcp {
            lease: (!random.one_in(4)).then(|| Lease {
                address,
                gateway: gateway.map(IpAddr::V4),
                dns: Dns {
                    servers: vec![IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1))],
                    search: Vec::new(),
                },
                server: None,
                mtu: None,
            }),
        },
        _ => Ipv4::Static { address, gateway },
    }
}

fn random_ipv6(random: &mut Random, number: u8) -> Ipv6 {
    let one = |host: u16, prefix| {
        let address = Ipv6Addr::new(0xfd00, 0x10, u16::from(number), 0, 0, 0, 0, host);
        Inet::new(IpAddr::V6(address), prefix).unwrap()
    };
    match random.below(6) {
        0 => Ipv6::Autoconf,
        1 => Ipv6::Dhcp { lease: None },
        2 => {
            let first = one(random.pick(&[2, 3]), random.pick(&[64, 64, 80]));
            let mut addresses = vec![first];
            if random.one_in(3) {
                addresses.push(one(0x77, 64));
            }
            let gateway = random
                .one_in(2)
                .then(|| random.pick(&["fe80::1", "fd00:99::1"]).parse().unwrap());
            let gateway = gateway.filter(|gateway: &Ipv6Addr| gateway.is_unicast_link_local());
            Ipv6::Static { addresses, gateway }
        }
        _ => Ipv6::None,
    }
}

/// A host before we ever touched it: with things that others made, in and out of our way.
pub fn host(random: &mut Random) -> World {
    let nics = NICS.iter().chain([&FOREIGN_NIC]).chain(&VIFS);
    let nics = nics.map(|nic| name(nic));
    let mut world = World::new(nics);
    world.host.ipv6 = !random.one_in(10);
    if random.one_in(2) {
        foreign_bridge(&mut world, "br-lab", FOREIGN_NIC);
        world
            .state
            .addresses
            .insert((name("br-lab"), inet("192.168.99.2/24")));
        let route = object::Route {
            device: name("br-lab"),
            carrier: name("br-lab"),
            gateway: None,
            source: None,
            through: None,
            ours: false,
        };
        world
            .state
            .routes
            .insert((inet("192.168.99.0/24"), 0), route);
    }
    if random.one_in(3) {
        // A bridge by a name that we may want, made by an earlier toolstack: it is adopted, or left alone.
        foreign_bridge(&mut world, "xenbr1", "eth1");
    } else if random.one_in(2) {
        installed_on_nic(&mut world);
    }
    if random.one_in(2) {
        world.state.resolver = Some(Arc::from("nameserver 8.8.8.8\n"));
    }
    world
}

fn foreign_bridge(world: &mut World, bridge: &str, nic: &str) {
    let real = row::Bridge::Real(row::RealBridge::new(row::Datapath::Netdev));
    let made = object::Bridge {
        row: Arc::new(real),
        ours: false,
    };
    world.state.bridges.insert(name(bridge), made);
    let port = object::Port {
        ours: false,
        ..object::Port::new(row::Port::plain(bridge, nic))
    };
    world.state.ports.insert(name(nic), port);
    world.state.nics.get_mut(&name(nic)).unwrap().up = true;
    let ipv6 = world.host.ipv6.then_some(object::LinkIpv6 {
        accept_ra: true,
        autoconf: true,
    });
    let link = object::Link {
        up: true,
        promote_secondaries: false,
        ipv6,
    };
    world.state.links.insert(name(bridge), link);
}

/// The management address on the NIC itself, as an installer leaves it.
fn installed_on_nic(world: &mut World) {
    let eth0 = name("eth0");
    world.state.nics.get_mut(&eth0).unwrap().up = true;
    world.state.addresses.insert((eth0, inet(MANAGEMENT)));
    let connected = object::Route {
        device: eth0,
        carrier: eth0,
        gateway: None,
        source: Some(inet(MANAGEMENT).address()),
        through: None,
        ours: false,
    };
    world
        .state
        .routes
        .insert((inet(MANAGEMENT).network(), 0), connected);
    let gateway = Some(IpAddr::V4(Ipv4Addr::new(172, 16, 0, 1)));
    let default = object::Route {
        device: eth0,
        carrier: eth0,
        gateway,
        source: None,
        through: None,
        ours: false,
    };
    world.state.routes.insert((inet("0.0.0.0/0"), 100), default);
}
