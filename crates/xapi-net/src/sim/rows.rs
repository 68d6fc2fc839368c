//! What Open vSwitch does on a simulated host: rows in one transaction, devices for bridges, rules for guests' NICs.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::Part;
use crate::lower::gate_of;
use crate::names::{GUARD, Name};
use crate::object::{Bridge, Key, Link, LinkIpv6, Object, Port};
use crate::ovs::row;
use crate::plan::Step;
use crate::ways::Ways;

use super::world::{Refused, World, refused};

impl World {
    pub(super) fn transaction(&mut self, steps: &[Step<Object>]) -> Result<(), Refused> {
        let mut anew = BTreeSet::new();
        for step in steps {
            match step {
                Step::Drop(Key::Bridge(name), _) => {
                    anew.insert(*name);
                    let gone = self.state.bridges.remove(name);
                    gone.ok_or_else(|| refused(step, "no such bridge"))?;
                }
                Step::Drop(Key::Port(name), _) => {
                    let gone = self.state.ports.remove(name);
                    gone.ok_or_else(|| refused(step, "no such port"))?;
                }
                Step::Put(Key::Bridge(name), Object::Bridge(bridge)) => {
                    anew.insert(*name);
                    if self.state.bridges.insert(*name, bridge.clone()).is_some() {
                        return Err(refused(step, "there is a bridge by that name"));
                    }
                }
                Step::Change(Key::Bridge(name), _, Object::Bridge(bridge)) => {
                    let old = self.state.bridges.insert(*name, bridge.clone());
                    old.ok_or_else(|| refused(step, "no such bridge"))?;
                }
                Step::Put(Key::Port(name), Object::Port(port)) => {
                    if self.state.ports.insert(*name, as_row(port)).is_some() {
                        return Err(refused(step, "there is a port by that name"));
                    }
                }
                Step::Change(Key::Port(name), _, Object::Port(port)) => {
                    let old = self.state.ports.insert(*name, as_row(port));
                    old.ok_or_else(|| refused(step, "no such port"))?;
                }
                _ => return Err(refused(step, "is no step of the database")),
            }
        }
        self.check_rows(steps)?;
        for device in anew {
            self.forget_device(device);
        }
        self.make_devices();
        self.open_interfaces(steps)
    }

    /// Has somebody else make a bridge over a NIC, and switch it on.
    pub fn foreign_bridge(&mut self, bridge: Name, nic: Name) {
        let real = row::Bridge::Real(row::RealBridge::new(self.host.datapath));
        let made = Bridge {
            row: Arc::new(real),
            ours: false,
        };
        self.state.bridges.insert(bridge, made);
        let port = Port {
            ours: false,
            ..Port::new(row::Port::plain(bridge.as_str(), nic.as_str()))
        };
        self.state.ports.insert(nic, port);
        self.make_devices();
        if let Some(link) = self.state.links.get_mut(&bridge) {
            link.up = true;
        }
    }

    /// Takes a NIC, and the names of bridges, from those that are not ours.
    pub(super) fn seize(&mut self, nic: &Name, bridges: &BTreeSet<Name>) -> Vec<String> {
        let is_wanted = |name: &str| bridges.iter().any(|bridge| bridge.as_str() == name);
        let (mut done, mut off) = (Vec::new(), BTreeSet::new());
        self.state.ports.retain(|name, port| {
            let row = &port.row;
            let has_nic = row.members.iter().any(|member| member == nic.as_str());
            if port.ours || !(has_nic || bridges.contains(name)) {
                return true;
            }
            done.push(format!("{nic} is taken from {name} on {}", row.bridge));
            if let (false, Ok(bridge)) = (is_wanted(&row.bridge), Name::new(&row.bridge)) {
                off.insert(bridge);
            }
            false
        });
        off.retain(|bridge| self.state.bridges.get(bridge).is_some_and(|it| !it.ours));
        for bridge in off {
            if let Some(link) = self.state.links.get_mut(&bridge) {
                link.up = false;
            }
            self.state.routes.retain(|_, route| route.device != bridge);
        }
        done
    }

    /// What the database or ovs-vswitchd would not have.
    fn check_rows(&self, steps: &[Step<Object>]) -> Result<(), Refused> {
        let wrong = |why: String| {
            Err(Refused {
                part: None,
                ..refused(&steps[0], &why)
            })
        };
        let real = |name: &str| {
            Name::new(name).is_ok_and(|name| {
                self.state
                    .bridges
                    .get(&name)
                    .is_some_and(|it| matches!(*it.row, row::Bridge::Real(_)))
            })
        };
        let mut vlans = BTreeSet::new();
        let mut interfaces: BTreeSet<&str> = self.state.bridges.keys().map(Name::as_str).collect();
        for (name, bridge) in &self.state.bridges {
            if let row::Bridge::Vlan(vlan) = &*bridge.row {
                if !real(&vlan.parent) {
                    return wrong(format!("VLAN {name} has no parent {}", vlan.parent));
                }
                if !vlans.insert((&vlan.parent, vlan.tag)) {
                    return wrong(format!("{} has two VLANs {}", vlan.parent, vlan.tag));
                }
            }
        }
        for (name, port) in &self.state.ports {
            if !real(&port.row.bridge) {
                return wrong(format!("port {name} has no bridge {}", port.row.bridge));
            }
            if self.state.bridges.contains_key(name) {
                return wrong(format!("{name} is a port and a bridge"));
            }
            for member in &port.row.members {
                if !interfaces.insert(member) {
                    return wrong(format!("interface {member} is in two places"));
                }
            }
        }
        // Rules go by the number of a port: for another port of that number they would be wrong.
        let guarded = |name: &Name| {
            let port = self.state.ports.get(name);
            port.is_some_and(|port| port.row.bridge == GUARD.as_str())
        };
        for vif in self.state.filters.keys() {
            if !guarded(vif) || !guarded(&gate_of(vif)) {
                return wrong(format!("the rules of {vif} are left behind"));
            }
        }
        Ok(())
    }

    /// Rules for one guest's NIC.
    pub(super) fn rules(&mut self, step: &Step<Object>) -> Result<(), Refused> {
        let (Key::Filter(vif), ports) = (step.key(), &self.state.ports) else {
            return Err(refused(step, "is no filter"));
        };
        if !ports.contains_key(vif) || !ports.contains_key(&gate_of(vif)) {
            return Err(refused(step, "no such port"));
        }
        match step {
            Step::Put(_, Object::Filter(filter)) | Step::Change(_, _, Object::Filter(filter)) => {
                self.state.filters.insert(*vif, filter.clone());
            }
            _ => {
                let gone = self.state.filters.remove(vif);
                gone.ok_or_else(|| refused(step, "no such rules"))?;
            }
        }
        Ok(())
    }

    /// ovs-vswitchd never comes back from a tunnel that leads through itself, not even when it does so for a moment.
    pub(super) fn no_tunnel_goes_round(&self, step: &Step<Object>) -> Result<(), Refused> {
        let mut ends: BTreeMap<Name, Vec<IpAddr>> = BTreeMap::new();
        for port in self.state.ports.values() {
            if let (Some(end), Ok(bridge)) = (port.row.tunnel_end(), Name::new(&port.row.bridge)) {
                ends.entry(bridge).or_default().push(end);
            }
        }
        if ends.is_empty() {
            return Ok(());
        }
        let mut ways = Ways::default();
        for ((destination, _), route) in &self.state.routes {
            ways.add(destination, self.state.carrier_of(route.device));
        }
        let next = |bridge: &Name| -> BTreeSet<Name> {
            let ends = ends.get(bridge).into_iter().flatten();
            ends.flat_map(|end| ways.to(end)).copied().collect()
        };
        for start in ends.keys() {
            let mut reached = next(start);
            loop {
                let further: BTreeSet<Name> = reached.iter().flat_map(next).collect();
                let before = reached.len();
                reached.extend(further);
                if reached.len() == before {
                    break;
                }
            }
            if reached.contains(start) {
                return Err(Refused {
                    part: Some(Part::Bridge(*start)),
                    ..refused(step, "a tunnel leads through itself: ovs-vswitchd hangs")
                });
            }
        }
        Ok(())
    }

    /// ovs-vswitchd makes a device for each bridge.
    fn make_devices(&mut self) {
        let fresh = LinkIpv6 {
            accept_ra: true,
            autoconf: true,
        };
        for name in self.state.bridges.keys() {
            self.state.links.entry(*name).or_insert(Link {
                up: false,
                promote_secondaries: false,
                ipv6: self.host.ipv6.then_some(fresh),
            });
        }
    }

    /// ovs-vswitchd opens the interfaces, and writes an error to those that it can't.
    fn open_interfaces(&self, steps: &[Step<Object>]) -> Result<(), Refused> {
        for step in steps {
            let (Step::Put(key, object) | Step::Change(key, _, object)) = step else {
                continue;
            };
            match (key, object) {
                (Key::Bridge(name), _) if self.state.nics.contains_key(name) => {
                    return Err(refused(step, "File exists"));
                }
                (_, Object::Port(port)) if port.row.kind == row::InterfaceKind::System => {
                    let bad = port.row.members.iter().find(|member| {
                        Name::new(member).map_or(true, |nic| {
                            !self.state.nics.contains_key(&nic) || self.refusing.contains(&nic)
                        })
                    });
                    if let Some(nic) = bad {
                        return Err(Refused {
                            part: Name::new(nic).ok().map(Part::Nic),
                            why: format!("could not open network device {nic} (No such device)"),
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The way to a tunnel's other end is no part of its row.
fn as_row(port: &Port) -> Port {
    Port {
        way: None,
        ..port.clone()
    }
}
