//! What is found on a host, and which of it is ours.
//!
//! The rules are the same for the real host and the simulated one: what carries our mark is ours, and what the target
//! names is adopted. Anything else is foreign: it is never dropped, and where it is in the way that is said before the
//! first step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::Observed;
use crate::kernel::resolver::HEADER as RESOLVER_HEADER;
use crate::names::{Family, GUARD, Inet, Name};
use crate::object::{
    self, Bridge, Claim, Dhcp, Filter, Key, Link, Nic, Object, Owner, Port, Route,
};
use crate::ovs::row;
use crate::plan::{Graph, Object as _};

/// Everything on a host that could concern us, whoever made it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Network devices that are no bridge's.
    pub nics: BTreeMap<Name, Nic>,
    /// Those off which the kernel's protocols are kept.
    pub aside: BTreeSet<Name>,
    /// Bridges in the database of Open vSwitch.
    pub bridges: BTreeMap<Name, Bridge>,
    /// Ports in it.
    pub ports: BTreeMap<Name, Port>,
    /// Rules for guests' NICs.
    pub filters: BTreeMap<Name, Filter>,
    /// Devices of bridges. A bridge may lack its device for a moment.
    pub links: BTreeMap<Name, Link>,
    /// Permanent global addresses by device.
    pub addresses: BTreeSet<(Name, Inet)>,
    /// Routes of the main table that people or programs put there.
    pub routes: BTreeMap<(Inet, u32), Route>,
    /// Running DHCP clients.
    pub dhcp: BTreeMap<(Name, Family), Dhcp>,
    /// The text of /etc/resolv.conf.
    pub resolver: Option<Arc<str>>,
}

impl Found {
    /// What is ours or named by `want`, and what others hold.
    pub fn ours(&self, want: &Graph<Object>) -> Observed<Object> {
        let mut observed = Observed {
            graph: Graph::<Object>::new(),
            foreign: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        for (name, bridge) in &self.bridges {
            let key = Key::Bridge(*name);
            let object = Object::Bridge(bridge.clone());
            if bridge.ours || want.contains_key(&key) {
                observed.graph.insert(key, object);
                if let Some(link) = self.links.get(name) {
                    observed.graph.insert(Key::Link(*name), Object::Link(*link));
                }
            } else {
                hold(&mut observed, &key, &object, &format!("bridge {name}"));
            }
        }
        self.ports(want, &mut observed);
        for (vif, filter) in &self.filters {
            if observed.graph.contains_key(&Key::Port(*vif)) {
                let filter = Object::Filter(filter.clone());
                observed.graph.insert(Key::Filter(*vif), filter);
            }
        }
        self.held_bridges(&mut observed);
        self.nics(want, &mut observed.graph);
        self.addresses_and_routes(want, &mut observed.graph);
        for ((device, family), client) in &self.dhcp {
            observed
                .graph
                .insert(Key::Dhcp(*device, *family), Object::Dhcp(*client));
        }
        object::find_ways(&mut observed.graph);
        if let Some(text) = &self.resolver
            && (text.starts_with(RESOLVER_HEADER) || want.contains_key(&Key::Resolver))
        {
            observed
                .graph
                .insert(Key::Resolver, Object::Resolver(text.clone()));
        }
        observed
    }

    fn ports(&self, want: &Graph<Object>, observed: &mut Observed<Object>) {
        for (name, port) in &self.ports {
            let key = Key::Port(*name);
            // The guard is ours alone: what somebody else puts there is no guest's, and would keep it for ever.
            let ours = port.ours || port.row.bridge == GUARD.as_str();
            let port = &Port {
                ours,
                stale: self.is_stale(name, port),
                ..port.clone()
            };
            let object = Object::Port(port.clone());
            let has_wanted_nic = || members(port).any(|nic| want.contains_key(&Key::Nic(nic)));
            let named = want.contains_key(&key) || has_wanted_nic();
            let on_ours = Name::new(&port.row.bridge)
                .is_ok_and(|bridge| observed.graph.contains_key(&Key::Bridge(bridge)));
            if port.ours || (named && on_ours) {
                observed.graph.insert(key, object);
            } else {
                let holder = format!("port {name} on bridge {}", port.row.bridge);
                hold(observed, &key, &object, &holder);
            }
        }
    }

    /// Whether a port is for a guest's device that has been made anew since: before a port is put its device is up, with
    /// the kernel's protocols off.
    fn is_stale(&self, name: &Name, port: &Port) -> bool {
        let is_device = port.row.kind == row::InterfaceKind::System;
        let new = |nic: &Nic| !nic.up && !self.aside.contains(name);
        name.is_guests_end() && is_device && self.nics.get(name).is_some_and(new)
    }

    /// Our bridges on which something stands that is not in the graph.
    fn held_bridges(&self, observed: &mut Observed<Object>) {
        let ports = self
            .ports
            .iter()
            .map(|(name, port)| (Key::Port(*name), name, port.row.bridge.as_str()));
        let vlans = self
            .bridges
            .iter()
            .filter_map(|(name, bridge)| match &*bridge.row {
                row::Bridge::Vlan(vlan) => Some((Key::Bridge(*name), name, vlan.parent.as_str())),
                row::Bridge::Real(_) => None,
            });
        for (key, name, on) in ports.chain(vlans) {
            if let (false, Ok(bridge)) = (observed.graph.contains_key(&key), Name::new(on)) {
                observed.held.insert(Key::Bridge(bridge), name.to_string());
            }
        }
    }

    fn nics(&self, want: &Graph<Object>, graph: &mut Graph<Object>) {
        let in_ports: BTreeSet<Name> = graph
            .values()
            .filter_map(|object| match object {
                Object::Port(port) => Some(members(port)),
                _ => None,
            })
            .flatten()
            .collect();
        for (name, nic) in &self.nics {
            let key = Key::Nic(*name);
            if !in_ports.contains(name) && !want.contains_key(&key) {
                continue;
            }
            let wanted = match want.get(&key) {
                Some(Object::Nic(wanted)) => Some(wanted),
                _ => None,
            };
            graph.insert(key, Object::Nic(nic.seen_by(wanted)));
            if self.aside.contains(name) {
                graph.insert(Key::Aside(*name), Object::Aside);
            }
        }
    }

    /// The real bridge that carries a device: the parent of a VLAN, or itself.
    pub fn carrier_of(&self, device: Name) -> Name {
        match self.bridges.get(&device).map(|bridge| &*bridge.row) {
            Some(row::Bridge::Vlan(vlan)) => Name::new(&vlan.parent).unwrap_or(device),
            _ => device,
        }
    }

    fn addresses_and_routes(&self, want: &Graph<Object>, graph: &mut Graph<Object>) {
        for (device, inet) in &self.addresses {
            let owner = if graph.contains_key(&Key::Link(*device)) {
                Owner::Bridge
            } else if want.contains_key(&Key::Nic(*device)) {
                Owner::Nic
            } else {
                continue;
            };
            graph.insert(Key::Address(*device, *inet), Object::Address(owner));
        }
        for ((destination, metric), route) in &self.routes {
            let key = Key::Route(*destination, *metric);
            if route.ours || want.contains_key(&key) || want.contains_key(&Key::Nic(route.device)) {
                let addresses = self.addresses.iter().filter(|(on, _)| *on == route.device);
                let all = || addresses.clone().map(|(_, inet)| *inet);
                // Of several addresses in the router's network one is as good as another: the wanted one, if it is there.
                let wanted = match want.get(&key) {
                    Some(Object::Route(wanted)) if wanted.device == route.device => wanted.through,
                    _ => None,
                };
                let by_wanted =
                    route.standing_on(destination, all().filter(|inet| Some(*inet) == wanted));
                let route = match by_wanted.through {
                    Some(_) => by_wanted,
                    None => route.standing_on(destination, all()),
                };
                let carrier = self.carrier_of(route.device);
                graph.insert(key, Object::Route(Route { carrier, ..route }));
            }
        }
    }
}

fn hold(observed: &mut Observed<Object>, key: &Key, object: &Object, holder: &str) {
    let held = object
        .claims(key)
        .into_iter()
        // More than one tunnel may leave by a bridge; only what a change does to them has an order.
        .filter(|claim| !matches!(claim, Claim::Way(_)))
        .map(|claim: Claim| (claim, holder.to_owned()));
    observed.foreign.extend(held);
}

fn members(port: &Port) -> impl Iterator<Item = Name> + '_ {
    port.row
        .members
        .iter()
        .filter_map(|member| Name::new(member).ok())
}
