//! Finds out what there is on this host: for the engine as [`Found`], for people as [`Facts`].

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::debug;

use crate::agent::{Cause, NetError, Part};
use crate::facts::{BondFacts, BridgeFacts, Duplex, Facts, NicFacts, ports_by_bridge};
use crate::found::Found;
use crate::kernel::{self, KernelError, Resolver, Switches};
use crate::names::{Family, GUARD, Inet, LinkModes, Mac, Name, Offload};
use crate::object::{self, Dhcp, Key, Link, LinkIpv6, Nic, Object};
use crate::ovs::ovsdb::OvsdbError;
use crate::ovs::row;
use crate::ovs::tables::{Seen, State};
use crate::plan::Graph;
use crate::topology::Dns;

use super::driver::LocalDriver;

/// An error of the kernel before any step.
pub(super) fn kernel_error(error: KernelError) -> NetError {
    NetError::before(Part::Host, Cause::Unreachable, error.to_string())
}

/// An error of the database before any step.
pub(super) fn ovsdb_error(error: OvsdbError) -> NetError {
    NetError::before(Part::Host, Cause::Unreachable, chain(&error))
}

/// An error with what is behind it.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl LocalDriver {
    /// Everything that could concern us. Offload settings are read only of NICs of which some are wanted.
    pub(super) fn find(&mut self, want: &Graph<Object>) -> Result<Found, NetError> {
        let deadline = self.deadline();
        let state = self.ovsdb.observe(deadline).map_err(ovsdb_error)?;
        let links = self.kernel.links_with_switches().map_err(kernel_error)?;
        let mut found = Found::default();
        rows(&state, &mut found);
        found.filters = self.filters(&state)?;
        let names: BTreeMap<u32, Name> = links
            .iter()
            .filter_map(|(link, _)| Some((link.index, Name::new(&link.name).ok()?)))
            .collect();
        for (link, switches) in links.iter().filter(|(link, _)| link.ethernet) {
            let Ok(name) = Name::new(&link.name) else {
                continue;
            };
            if found.bridges.contains_key(&name) {
                found
                    .links
                    .insert(name, self.bridge_device(link, *switches));
            } else {
                found.nics.insert(
                    name,
                    Nic {
                        up: link.up,
                        mtu: match want.get(&Key::Nic(name)) {
                            Some(Object::Nic(wanted)) => self.mtu(link, wanted.mtu),
                            _ => link.mtu,
                        },
                        offload: self.offloads(link, want.get(&Key::Nic(name)))?,
                        modes: match want.get(&Key::Nic(name)) {
                            Some(Object::Nic(wanted)) => {
                                self.modes(link, &wanted.modes).map_err(kernel_error)?
                            }
                            _ => LinkModes::default(),
                        },
                    },
                );
                if switches.aside {
                    found.aside.insert(name);
                }
            }
        }
        for address in self.kernel.addresses().map_err(kernel_error)? {
            if let (Some(inet), Some(device)) = (lasting(&address), names.get(&address.index)) {
                found.addresses.insert((*device, inet));
            }
        }
        for route in self.kernel.routes().map_err(kernel_error)? {
            if let Some((key, route)) = route_object(&route) {
                found.routes.entry(key).or_insert(route);
            }
        }
        for client in self.leases.running() {
            let dhcp = Dhcp {
                mac: client.mac,
                vlan: client.vlan,
            };
            found.dhcp.insert((client.bridge, client.family), dhcp);
        }
        let text = kernel::resolver::read_text(&self.config.root).map_err(kernel_error)?;
        found.resolver = text.map(Arc::from);
        Ok(found)
    }

    /// What a NIC does of that which is wanted of it.
    fn offloads(
        &mut self,
        link: &kernel::Link,
        wanted: Option<&Object>,
    ) -> Result<BTreeMap<Offload, bool>, NetError> {
        let mut found = BTreeMap::new();
        let Some(Object::Nic(wanted)) = wanted else {
            return Ok(found);
        };
        for offload in wanted.offload.keys() {
            match self.offload(link, *offload) {
                Ok(on) => found.extend(on.map(|on| (*offload, on))),
                // It went since the links were listed, and will be missing the next time.
                Err(error) if error.is_missing() => {}
                Err(error) => return Err(kernel_error(error)),
            }
        }
        Ok(found)
    }

    fn bridge_device(&self, link: &kernel::Link, switches: Switches) -> Link {
        let ipv6 = self.host.ipv6.then_some(LinkIpv6 {
            accept_ra: switches.accept_ra,
            autoconf: switches.autoconf,
        });
        Link {
            up: link.up,
            promote_secondaries: switches.promotes_secondaries,
            ipv6,
        }
    }

    /// What is so, for people.
    pub fn facts(&mut self) -> Result<Facts, NetError> {
        let deadline = self.deadline();
        let state = self.ovsdb.observe(deadline).map_err(ovsdb_error)?;
        let mut facts = Facts {
            hostname: nix::unistd::gethostname()
                .ok()
                .and_then(|name| name.into_string().ok())
                .unwrap_or_default(),
            ..Facts::default()
        };
        let links = self.kernel.links().map_err(kernel_error)?;
        let mut addresses: BTreeMap<u32, Vec<Inet>> = BTreeMap::new();
        for address in self.kernel.addresses().map_err(kernel_error)? {
            if let Some(inet) = global(&address) {
                addresses.entry(address.index).or_default().push(inet);
            }
        }
        let on = |index: u32| addresses.get(&index).cloned().unwrap_or_default();
        let nics = self.kernel.nics_of(&links, &self.config.nics);
        let links: BTreeMap<&str, &kernel::Link> = links
            .iter()
            .map(|link| (link.name.as_str(), link))
            .collect();
        for nic in nics.map_err(kernel_error)? {
            let Ok(name) = Name::new(&nic.name) else {
                continue;
            };
            // The host's end of a guest's NIC is none of the host's own, whatever the configuration names.
            if state.bridges.contains_key(&nic.name) || name.is_guests_end() {
                continue;
            }
            let addresses = on(nic.index);
            let refused = self.refused(nic.index);
            let nic = nic_facts(nic, addresses);
            facts.nics.insert(name, NicFacts { refused, ..nic });
        }
        let routes = self.kernel.routes().map_err(kernel_error)?;
        let mut ports = ports_by_bridge(
            state.bridges.iter().map(|(name, it)| (&**name, &it.row)),
            state.ports.iter().map(|(name, it)| (&**name, &it.row)),
        );
        let mut defaults: BTreeMap<&str, Vec<IpAddr>> = BTreeMap::new();
        for route in routes
            .iter()
            .filter(|route| route.destination.prefix() == 0)
        {
            let through = defaults.entry(&route.device).or_default();
            through.extend(route.gateway);
        }
        let clients = self.leases.clients();
        for (text, seen) in &state.bridges {
            let Ok(name) = Name::new(text) else { continue };
            if name == GUARD {
                continue;
            }
            let own = ports.remove(text).unwrap_or_default();
            let mut bridge = bridge_facts(seen, own);
            let is_foreign = |port: &&Name| {
                let port = state.ports.get(port.as_str());
                port.is_some_and(|port| !port.ours)
            };
            bridge.foreign = bridge.ports.iter().filter(is_foreign).copied().collect();
            if let Some(link) = links.get(text.as_str()) {
                bridge.mac = link.mac.map(|mac| Mac(mac.0));
                bridge.mtu = link.mtu;
                bridge.up = link.up;
                bridge.addresses = on(link.index);
            }
            bridge.gateways = defaults.remove(text.as_str()).unwrap_or_default();
            for client in clients.iter().filter(|client| client.bridge == name) {
                if !self.leases.is_confirmed(client) {
                    bridge.unconfirmed.insert(client.family);
                }
                match client.family {
                    Family::V4 => bridge.lease_v4 = self.leases.lease(client),
                    Family::V6 => bridge.lease_v6 = self.leases.lease(client),
                }
            }
            facts.bridges.insert(name, bridge);
        }
        facts.bonds = self.bonds(&state);
        let gateway = |is_it: fn(&IpAddr) -> bool| {
            let defaults = routes
                .iter()
                .filter(|route| route.destination.prefix() == 0);
            let defaults = defaults.filter(|route| route.gateway.as_ref().is_some_and(is_it));
            defaults
                .min_by_key(|route| route.metric)
                .and_then(|route| route.gateway)
        };
        facts.gateway_v4 = gateway(IpAddr::is_ipv4);
        facts.gateway_v6 = gateway(IpAddr::is_ipv6);
        let Resolver { servers, search } =
            Resolver::read(&self.config.root).map_err(kernel_error)?;
        facts.dns = Dns { servers, search };
        Ok(facts)
    }

    /// The bonds, and the delays after which their members are enabled or disabled.
    pub(super) fn look_at_bonds(
        &mut self,
    ) -> Result<(BTreeMap<Name, BondFacts>, BTreeSet<Duration>), NetError> {
        let deadline = self.deadline();
        let state = self.ovsdb.observe(deadline).map_err(ovsdb_error)?;
        let bonds = state
            .ports
            .values()
            .filter_map(|seen| seen.row.bond.as_ref());
        let delays = bonds.flat_map(|bond| [bond.updelay_ms, bond.downdelay_ms]);
        let delays = delays.map(|ms| Duration::from_millis(u64::from(ms)));
        Ok((self.bonds(&state), delays.collect()))
    }

    /// The bonds, as ovs-vswitchd sees them; while it doesn't answer, no member counts as enabled.
    fn bonds(&self, state: &State) -> BTreeMap<Name, BondFacts> {
        let mut bonds = BTreeMap::new();
        for (text, seen) in state
            .ports
            .iter()
            .filter(|(_, seen)| seen.row.members.len() > 1)
        {
            let Ok(name) = Name::new(text) else { continue };
            let members = seen
                .row
                .members
                .iter()
                .filter_map(|member| Name::new(member).ok());
            let mut bond = BondFacts {
                bridge: Name::new(&seen.row.bridge).ok(),
                members: members.map(|member| (member, false)).collect(),
                active: None,
            };
            match self.control.bond(text, self.deadline()) {
                Ok(status) => {
                    for member in &status.members {
                        let Ok(nic) = Name::new(&member.name) else {
                            continue;
                        };
                        bond.members.insert(nic, member.enabled);
                        let one = seen.row.bond.as_ref().map(|bond| bond.mode);
                        if member.active && one == Some(row::BondMode::ActiveBackup) {
                            bond.active = Some(nic);
                        }
                    }
                }
                Err(why) => debug!("{text}: {why}"),
            }
            bonds.insert(name, bond);
        }
        bonds
    }
}

fn rows(state: &State, found: &mut Found) {
    for (name, seen) in &state.bridges {
        if let Ok(name) = Name::new(name) {
            let bridge = object::Bridge {
                row: Arc::new(seen.row.clone()),
                ours: seen.ours,
            };
            found.bridges.insert(name, bridge);
        }
    }
    for (name, seen) in &state.ports {
        if let Ok(name) = Name::new(name) {
            let port = object::Port {
                ours: seen.ours,
                ..object::Port::new(seen.row.clone())
            };
            found.ports.insert(name, port);
        }
    }
}

/// An address that somebody put there and that others can reach. An IPv6 address with a lifetime is a router's gift and
/// none of our business; an IPv4 address with one is some DHCP client's.
fn lasting(address: &kernel::Address) -> Option<Inet> {
    let wanted = address.address.is_ipv4() || address.permanent;
    global(address).filter(|_| wanted)
}

fn global(address: &kernel::Address) -> Option<Inet> {
    (!address.local_scope)
        .then(|| Inet::new(address.address, address.prefix).ok())
        .flatten()
}

/// A route that somebody put there, as opposed to those that come with every device.
fn route_object(route: &kernel::Route) -> Option<((Inet, u32), object::Route)> {
    let destination = Inet::new(route.destination.address(), route.destination.prefix()).ok()?;
    let of_every_device = match destination.address() {
        IpAddr::V6(address) => address.is_unicast_link_local() || address.is_multicast(),
        IpAddr::V4(_) => false,
    };
    let device = Name::new(&route.device).ok()?;
    let object = object::Route {
        device,
        carrier: device,
        gateway: route.gateway,
        source: route.source,
        through: None,
        ours: route.is_ours(),
    };
    (!of_every_device).then_some(((destination, route.metric), object))
}

fn nic_facts(nic: kernel::Nic, addresses: Vec<Inet>) -> NicFacts {
    NicFacts {
        mac: Some(Mac(nic.mac.0)),
        mtu: nic.mtu,
        up: nic.up,
        carrier: nic.carrier,
        speed_mbps: nic.speed,
        duplex: nic.duplex.map(|duplex| match duplex {
            kernel::Duplex::Half => Duplex::Half,
            kernel::Duplex::Full => Duplex::Full,
        }),
        physical: nic.driver.is_some(),
        pci: nic.pci_path,
        driver: nic.driver,
        vendor_id: nic.vendor_id,
        device_id: nic.device_id,
        addresses,
        refused: None,
    }
}

fn bridge_facts(seen: &Seen<row::Bridge>, ports: BTreeSet<Name>) -> BridgeFacts {
    let vlan = match &seen.row {
        row::Bridge::Vlan(vlan) => Name::new(&vlan.parent)
            .ok()
            .map(|parent| (parent, vlan.tag)),
        row::Bridge::Real(_) => None,
    };
    BridgeFacts {
        vlan,
        ports: ports.into_iter().collect(),
        ours: seen.ours,
        ..BridgeFacts::default()
    }
}
