//! What a host with Open vSwitch has: rows of its database, and what the kernel keeps for them.
//!
//! The same objects serve the real host and the simulated one. This module must not know how they are read or written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::Part;
use crate::lower::gate_of;
use crate::names::{Family, GUARD, Inet, LinkModes, Mac, Name, Offload};
use crate::ovs::row;
use crate::plan::{self, Graph, Step};
use crate::ways::Ways;

/// What an object is known by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A NIC. It is found, not made.
    Nic(Name),
    /// The kernel's own use of a NIC, which must end when a bridge has it.
    Aside(Name),
    /// A bridge, real or VLAN.
    Bridge(Name),
    /// A port that isn't a bridge's own.
    Port(Name),
    /// What may pass the NIC of a guest.
    Filter(Name),
    /// The device of a bridge.
    Link(Name),
    /// An address on a device, with its prefix.
    Address(Name, Inet),
    /// A route by destination and metric, so that passing it from one device to another is one atomic change.
    Route(Inet, u32),
    /// A DHCP client on a device.
    Dhcp(Name, Family),
    /// /etc/resolv.conf.
    Resolver,
}

/// A thing on the host.
#[derive(Clone, PartialEq, Eq)]
pub enum Object {
    /// A NIC that we use.
    Nic(Nic),
    /// The kernel's own protocols are kept off a NIC: it answers no ARP there, forwards nothing, makes no addresses. A
    /// bridge in ovs-vswitchd itself only gets copies of the packets, which the kernel would answer as well.
    Aside,
    /// A bridge.
    Bridge(Bridge),
    /// A port.
    Port(Port),
    /// Rules for the NIC of a guest, on the bridge that it is locked behind.
    Filter(Filter),
    /// The device of a bridge.
    Link(Link),
    /// An address. It brings no route of its own: that is a [`Object::Route`].
    Address(Owner),
    /// A route in the main table.
    Route(Route),
    /// A running DHCP client.
    Dhcp(Dhcp),
    /// The text of /etc/resolv.conf.
    Resolver(Arc<str>),
}

/// State of a NIC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Whether it is administratively up.
    pub up: bool,
    /// Its MTU.
    pub mtu: u32,
    /// What it does in place of the processor, as far as anything is wanted of it.
    pub offload: BTreeMap<Offload, bool>,
    /// How it comes to a speed: as wanted, or what is so in its place. Empty if nothing is wanted.
    pub modes: LinkModes,
}

impl Nic {
    /// The NIC as somebody sees it who wants this of it: what isn't asked for isn't seen, and what the NIC does not tell
    /// or cannot change is as wanted, so that nobody tries for ever.
    pub fn seen_by(&self, wanted: Option<&Nic>) -> Nic {
        let asks_modes = wanted.is_some_and(|wanted| !wanted.modes.is_empty());
        let wanted = wanted.into_iter().flat_map(|wanted| &wanted.offload);
        let offload =
            wanted.map(|(offload, on)| (*offload, *self.offload.get(offload).unwrap_or(on)));
        Nic {
            offload: offload.collect(),
            modes: match asks_modes {
                true => self.modes,
                false => LinkModes::default(),
            },
            ..*self
        }
    }
}

/// A bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Its rows.
    pub row: Arc<row::Bridge>,
    /// Whether it carries our mark. One that doesn't is seen only because the topology names it, and is adopted.
    pub ours: bool,
}

/// A port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its rows.
    pub row: Arc<row::Port>,
    /// Whether it carries our mark.
    pub ours: bool,
    /// The route by which the other end of a tunnel is reached, by destination and metric: without it packets to there
    /// might leave through the tunnel itself. Found by [`Port::find_way`].
    pub way: Option<(Inet, u32)>,
    /// Whether it was put for a guest's device that has gone, and another one of the same name is there. Open vSwitch goes
    /// on with what is no more, until the port has gone as well. It is only found, and never wanted.
    pub stale: bool,
}

impl Port {
    /// A port that leads nowhere by itself.
    pub fn new(row: row::Port) -> Port {
        Port {
            row: Arc::new(row),
            ours: true,
            way: None,
            stale: false,
        }
    }

    /// Finds the route to the other end of a tunnel; of several to the same network, the one that the kernel prefers.
    pub fn find_way(&mut self, ways: &Ways<(Inet, u32)>) {
        let found = self.row.tunnel_end().and_then(|end| ways.to(&end).first());
        self.way = found.copied();
    }
}

/// Finds the routes to the other ends of the tunnels among objects.
pub fn find_ways(graph: &mut Graph<Object>) {
    let mut ways = Ways::default();
    // By metric, since that is the order of the keys.
    for key in graph.keys() {
        if let Key::Route(destination, metric) = key {
            ways.add(destination, (*destination, *metric));
        }
    }
    for object in graph.values_mut() {
        if let Object::Port(port) = object {
            port.find_way(&ways);
        }
    }
}

/// What may pass the NIC of a guest. Without rules, nothing does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// What comes from this Ethernet address and, of IP and ARP, from these addresses.
    Only {
        /// The Ethernet address.
        mac: Mac,
        /// The IP addresses.
        addresses: BTreeSet<IpAddr>,
    },
    /// Rules that stand for no such set. They are only found, and never wanted.
    Other,
}

/// State of a bridge's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whether it is administratively up.
    pub up: bool,
    /// Whether another address takes over when the first of a network goes. Otherwise the kernel removes them all.
    pub promote_secondaries: bool,
    /// Its IPv6 switches; none where the device has no IPv6.
    pub ipv6: Option<LinkIpv6>,
}

/// IPv6 switches of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkIpv6 {
    /// Whether it listens to routers.
    pub accept_ra: bool,
    /// Whether it makes addresses of what they say.
    pub autoconf: bool,
}

/// What kind of device an address is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A bridge's.
    Bridge,
    /// A NIC itself. We never put one there; an installer may have.
    Nic,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The device.
    pub device: Name,
    /// The real bridge whose ports its packets leave by: that of the device, or the device itself.
    pub carrier: Name,
    /// The router; none for the device's own network.
    pub gateway: Option<IpAddr>,
    /// The address to send from.
    pub source: Option<IpAddr>,
    /// The address of the device by which the destination or the router is its neighbour. The kernel takes the route away
    /// with it. Found by [`Route::standing_on`].
    pub through: Option<Inet>,
    /// Whether it carries our protocol number.
    pub ours: bool,
}

impl Route {
    /// The route with the address that it stands on, out of those of its device.
    pub fn standing_on(
        self,
        destination: &Inet,
        addresses: impl IntoIterator<Item = Inet>,
    ) -> Route {
        let is_it = |inet: &Inet| match (self.gateway, self.source) {
            (Some(gateway), _) => inet.contains(&gateway),
            (None, Some(source)) => inet.address() == source && inet.network() == *destination,
            (None, None) => inet.network() == *destination,
        };
        Route {
            through: addresses.into_iter().filter(is_it).min(),
            ..self
        }
    }
}

/// A DHCP client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dhcp {
    /// The Ethernet address it is known by to the server. One client at a time may use it in one network.
    pub mac: Option<Mac>,
    /// The VLAN it is in: there another server knows the same Ethernet address.
    pub vlan: Option<u16>,
}

/// What one object at a time can have.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// A name in the table Interface.
    Interface(Name),
    /// A name in the table Port.
    Port(Name),
    /// A VLAN of a bridge.
    Vlan(Name, u16),
    /// A NIC: the kernel's protocols, or nobody's.
    Protocols(Name),
    /// An IPv6 address on a device, whatever its prefix. (IPv4 addresses may be there with two prefixes.)
    Ipv6(Name, IpAddr),
    /// The identity of a DHCP client.
    DhcpClient(Mac, Option<u16>, Family),
    /// What leaves by the ports of a bridge: a tunnel's packets, or those that routes send there. Were both there for a
    /// moment only, a tunnel might lead through itself.
    Way(Name),
}

impl plan::Object for Object {
    type Key = Key;
    type Claim = Claim;

    fn needs(&self, key: &Key) -> Vec<Key> {
        match (key, self) {
            (_, Object::Nic(_) | Object::Resolver(_)) => Vec::new(),
            // A guest must not meet the host's own protocols: they are off before its NIC is up, and until it is down.
            (Key::Aside(nic), _) if nic.is_guests_end() => Vec::new(),
            (Key::Aside(nic), _) => vec![Key::Nic(*nic)],
            (Key::Filter(vif), _) => vec![Key::Port(*vif), Key::Port(gate_of(vif))],
            (_, Object::Bridge(bridge)) => match &*bridge.row {
                row::Bridge::Real(_) => Vec::new(),
                row::Bridge::Vlan(vlan) => {
                    named(&vlan.parent).map(Key::Bridge).into_iter().collect()
                }
            },
            (_, Object::Port(port)) => {
                let is_device = port.row.kind == row::InterfaceKind::System;
                let members = port.row.members.iter().filter(|_| is_device);
                let nics = members.filter_map(|nic| named(nic)).map(Key::Nic);
                let way = port.way.map(|(to, metric)| Key::Route(to, metric));
                nics.chain(named(&port.row.bridge).map(Key::Bridge))
                    .chain(way)
                    .collect()
            }
            (Key::Link(device), _) => vec![Key::Bridge(*device)],
            (Key::Address(device, _), Object::Address(Owner::Nic)) => vec![Key::Nic(*device)],
            (Key::Address(device, _) | Key::Dhcp(device, _), _) => vec![Key::Link(*device)],
            (_, Object::Route(route)) => {
                let through = route.through.map(|inet| Key::Address(route.device, inet));
                let device = [Key::Link(route.device), Key::Nic(route.device)];
                device.into_iter().chain(through).collect()
            }
            (
                _,
                Object::Aside
                | Object::Filter(_)
                | Object::Link(_)
                | Object::Address(_)
                | Object::Dhcp(_),
            ) => Vec::new(),
        }
    }

    fn claims(&self, key: &Key) -> Vec<Claim> {
        match (key, self) {
            (Key::Bridge(name), Object::Bridge(bridge)) => {
                let vlan = match &*bridge.row {
                    row::Bridge::Vlan(vlan) => {
                        named(&vlan.parent).map(|parent| Claim::Vlan(parent, vlan.tag))
                    }
                    row::Bridge::Real(_) => None,
                };
                let names = [Claim::Interface(*name), Claim::Port(*name)];
                names.into_iter().chain(vlan).collect()
            }
            (Key::Port(name), Object::Port(port)) => {
                let members = port.row.members.iter().filter_map(|nic| named(nic));
                let way = port.row.tunnel_end().and_then(|_| named(&port.row.bridge));
                members
                    .map(Claim::Interface)
                    .chain([Claim::Port(*name)])
                    .chain(way.map(Claim::Way))
                    .collect()
            }
            (Key::Aside(nic), _) => vec![Claim::Protocols(*nic)],
            (Key::Address(device, inet), Object::Address(owner)) => {
                let ipv6 =
                    (inet.family() == Family::V6).then(|| Claim::Ipv6(*device, inet.address()));
                let nic = (*owner == Owner::Nic).then_some(Claim::Protocols(*device));
                ipv6.into_iter().chain(nic).collect()
            }
            (
                Key::Dhcp(_, family),
                Object::Dhcp(Dhcp {
                    mac: Some(mac),
                    vlan,
                }),
            ) => {
                vec![Claim::DhcpClient(*mac, *vlan, *family)]
            }
            _ => Vec::new(),
        }
    }

    fn shares(&self, _key: &Key) -> Vec<Claim> {
        match self {
            Object::Route(route) => vec![Claim::Way(route.carrier)],
            _ => Vec::new(),
        }
    }

    fn changes_into(&self, key: &Key, to: &Object) -> bool {
        match (self, to) {
            (Object::Bridge(old), Object::Bridge(new)) => match (&*old.row, &*new.row) {
                // ovs-vswitchd takes a device of its own datapath down to give it another MAC, and the kernel takes
                // its routes and IPv6 addresses: then it may as well be a new device.
                (row::Bridge::Real(old), row::Bridge::Real(new)) => {
                    let keeps_up = old.mac == new.mac || new.datapath == row::Datapath::System;
                    // Whatever let others decide what the guard passes may have left rules behind.
                    let closed = |row: &row::RealBridge| {
                        row.fail_mode == row::FailMode::Secure && !row.controlled
                    };
                    let stays_closed = *key != Key::Bridge(GUARD) || closed(old) && closed(new);
                    old.datapath == new.datapath && keeps_up && stays_closed
                }
                (row::Bridge::Vlan(old), row::Bridge::Vlan(new)) => {
                    old.parent == new.parent && old.mac == new.mac
                }
                _ => false,
            },
            (Object::Port(old), Object::Port(new)) => {
                old.row.bridge == new.row.bridge && old.row.kind == new.row.kind && !old.stale
            }
            (Object::Address(_), _) | (Object::Dhcp(_), _) => false,
            _ => true,
        }
    }

    fn only_adds(&self, to: &Object) -> bool {
        match (self, to) {
            (Object::Nic(old), _) => !old.up,
            (Object::Link(old), _) => !old.up,
            _ => false,
        }
    }

    fn begins_use(&self, to: &Object) -> bool {
        // The kernel takes no route through a device that is down.
        match (self, to) {
            (Object::Nic(old), Object::Nic(new)) => !old.up && new.up,
            (Object::Link(old), Object::Link(new)) => !old.up && new.up,
            _ => false,
        }
    }

    fn ends_use(&self, to: &Object) -> bool {
        // ovs-vswitchd, letting go of a NIC, gives it the flags back that it knew: what was taken down a moment before
        // might be up again.
        matches!((self, to), (Object::Nic(old), Object::Nic(new)) if old.up && !new.up)
    }

    fn is_patient(&self) -> bool {
        // While a NIC still has addresses of its own, its packets are answered twice, which hurts nobody.
        matches!(self, Object::Aside)
    }

    fn rank(step: &Step<Object>) -> u8 {
        match step {
            Step::Drop(key, object) => match (key, object) {
                (Key::Resolver, _) => 0,
                (Key::Port(_), object) if object.is_tunnel() => 1,
                (Key::Dhcp(..), _) => 2,
                (
                    _,
                    Object::Route(Route {
                        gateway: Some(_), ..
                    }),
                ) => 3,
                (Key::Route(..), _) => 4,
                (Key::Address(..), _) => 5,
                (Key::Link(_), _) => 6,
                (Key::Filter(_), _) => 8,
                (Key::Port(_), _) => 11,
                (Key::Bridge(_), _) => 12,
                (Key::Aside(nic), _) if nic.is_guests_end() => 20,
                (Key::Aside(_), _) => 18,
                (Key::Nic(_), _) => 19,
            },
            Step::Change(Key::Nic(_), old, new) if old.ends_use(new) => 19,
            Step::Put(key, object) | Step::Change(key, _, object) => match (key, object) {
                (Key::Aside(nic), _) if nic.is_guests_end() => 8,
                (Key::Nic(_), _) => 9,
                (Key::Aside(_), _) => 10,
                (Key::Bridge(_), _) => 13,
                (Key::Port(_), object) if object.is_tunnel() => 19,
                (Key::Port(_), _) => 14,
                (Key::Filter(_), _) => 15,
                (Key::Link(_), _) => 15,
                (Key::Address(..), _) => 16,
                (
                    _,
                    Object::Route(Route {
                        gateway: Some(_), ..
                    }),
                ) => 18,
                (Key::Route(..), _) => 17,
                (Key::Dhcp(..), _) => 20,
                (Key::Resolver, _) => 21,
            },
        }
    }
}

impl Object {
    fn is_tunnel(&self) -> bool {
        matches!(self, Object::Port(port) if port.row.tunnel_end().is_some())
    }
}

/// A name that came from the database of Open vSwitch. One that no device could have is nobody's need.
fn named(text: &str) -> Option<Name> {
    Name::new(text).ok()
}

/// What an error about an object is about.
pub fn part(key: &Key, object: &Object) -> Part {
    match (key, object) {
        (Key::Nic(nic) | Key::Aside(nic), _) => Part::Nic(*nic),
        (Key::Address(device, _), Object::Address(Owner::Nic)) => Part::Nic(*device),
        (
            Key::Bridge(device)
            | Key::Link(device)
            | Key::Address(device, _)
            | Key::Dhcp(device, _),
            _,
        ) => Part::Bridge(*device),
        (_, Object::Route(route)) => Part::Bridge(route.device),
        (Key::Filter(vif), _) => Part::Nic(*vif),
        (Key::Port(_), Object::Port(port)) => {
            let vif = port.row.vif().and_then(named).map(Part::Nic);
            vif.or_else(|| named(&port.row.bridge).map(Part::Bridge))
                .unwrap_or(Part::Host)
        }
        (Key::Port(_) | Key::Route(..) | Key::Resolver, _) => Part::Host,
    }
}

/// Whether a step is one of Open vSwitch's database.
pub fn is_row(key: &Key) -> bool {
    matches!(key, Key::Bridge(_) | Key::Port(_))
}

/// How many of the first steps write rules: they are written at once.
pub fn rules_together(steps: &[Step<Object>]) -> usize {
    let is_rules = |step: &&Step<Object>| matches!(step.key(), Key::Filter(_));
    steps.iter().take_while(is_rules).count()
}

impl fmt::Debug for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Nic(name) => write!(out, "NIC {name}"),
            Key::Aside(name) => write!(out, "kernel protocols off {name}"),
            Key::Bridge(name) => write!(out, "bridge {name}"),
            Key::Port(name) => write!(out, "port {name}"),
            Key::Filter(name) => write!(out, "filter of {name}"),
            Key::Link(name) => write!(out, "device {name}"),
            Key::Address(device, inet) => write!(out, "address {inet} on {device}"),
            Key::Route(destination, metric) if destination.prefix() == 0 => {
                write!(
                    out,
                    "default route {} metric {metric}",
                    destination.family()
                )
            }
            Key::Route(destination, metric) => write!(out, "route {destination} metric {metric}"),
            Key::Dhcp(device, family) => write!(out, "DHCP {family} on {device}"),
            Key::Resolver => out.write_str("resolv.conf"),
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Nic(nic) => {
                write!(out, "{} mtu {}", up(nic.up), nic.mtu)?;
                nic.offload.iter().try_for_each(|(offload, on)| {
                    write!(out, " {offload} {}", if *on { "on" } else { "off" })
                })?;
                match nic.modes.is_empty() {
                    true => Ok(()),
                    false => write!(out, " {}", nic.modes),
                }
            }
            Object::Aside => out.write_str("yes"),
            Object::Bridge(bridge) => {
                write!(out, "{:?}{}", bridge.row, foreign(bridge.ours))
            }
            Object::Port(port) => write!(out, "{:?}{}", port.row, foreign(port.ours)),
            Object::Filter(Filter::Only { mac, addresses }) => {
                write!(out, "only {mac} {addresses:?}")
            }
            Object::Filter(Filter::Other) => out.write_str("rules of somebody else"),
            Object::Link(link) => write!(
                out,
                "{} promote_secondaries {} ipv6 {:?}",
                up(link.up),
                link.promote_secondaries,
                link.ipv6
            ),
            Object::Address(owner) => write!(out, "of a {owner:?}"),
            Object::Route(route) => {
                write!(out, "dev {}", route.device)?;
                if let Some(gateway) = route.gateway {
                    write!(out, " via {gateway}")?;
                }
                if let Some(source) = route.source {
                    write!(out, " src {source}")?;
                }
                out.write_str(foreign(route.ours))
            }
            Object::Dhcp(dhcp) => write!(out, "as {:?}", dhcp.mac),
            Object::Resolver(text) => write!(out, "{text:?}"),
        }
    }
}

fn up(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

fn foreign(ours: bool) -> &'static str {
    if ours { "" } else { " (not marked as ours)" }
}

impl fmt::Debug for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Claim::Interface(name) => write!(out, "interface {name}"),
            Claim::Port(name) => write!(out, "port {name}"),
            Claim::Vlan(parent, tag) => write!(out, "VLAN {tag} of {parent}"),
            Claim::Protocols(nic) => write!(out, "the kernel's use of {nic}"),
            Claim::Ipv6(device, address) => write!(out, "{address} on {device}"),
            Claim::Way(bridge) => write!(out, "the way through {bridge}"),
            Claim::DhcpClient(mac, _, family) => write!(out, "{family} DHCP client {mac}"),
        }
    }
}
