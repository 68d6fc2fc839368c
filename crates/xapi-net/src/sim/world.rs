//! The simulated host itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use crate::agent::{Cause, Part, Probe};
use crate::converge::Kept;
use crate::engine::{Fault, FaultKind, Stopped};
use crate::firmware::Card;
use crate::found::Found;
use crate::lower::Host;
use crate::names::{Family, Inet, LinkModes, Mac, Name, Offload};
use crate::object::{self, Key, Link, Nic, Object, Owner, Route};
use crate::ovs::row;
use crate::plan::Step;
use crate::topology::{Lease, is_reachable};

/// The largest MTU that the simulated NICs take.
pub const MAX_NIC_MTU: u32 = 9_216;

/// A host that exists only here.
#[derive(Clone, Debug)]
pub struct World {
    /// What is on it.
    pub state: Found,
    /// Which kind of host it is.
    pub host: Host,
    /// What it calls itself.
    pub hostname: String,
    /// What its NICs are like, beyond what we set.
    pub hardware: BTreeMap<Name, Hardware>,
    /// Its NICs as its firmware counts them.
    pub firmware: Vec<Card>,
    /// Leases that a server would give, by client.
    pub offers: BTreeMap<(Mac, Option<u16>, Family), Lease>,
    /// Leases that clients have got, as their files keep them.
    pub leased: BTreeMap<(Mac, Option<u16>, Family), Lease>,
    /// Addresses kept for clients without a lease.
    pub kept: Kept,
    /// NICs that Open vSwitch cannot open, though the kernel has them.
    pub refusing: BTreeSet<Name>,
    /// MTUs that NICs were asked for and did not take.
    pub stuck_mtu: BTreeMap<Name, u32>,
    /// Who is outside, and the NICs behind which he is. Who isn't here answers as long as the host has an address.
    pub outside: BTreeMap<IpAddr, BTreeSet<Name>>,
    /// The failure to come.
    pub fault: Option<Fault>,
    /// Steps done so far, undone ones included. Faults count from here.
    pub steps: usize,
    /// Writes to the kernel so far.
    pub writes: usize,
    /// Transactions of the database so far.
    pub transactions: usize,
    /// An address that must be there all the time, and whether it was.
    pub watch: Option<Watch>,
}

/// What a simulated NIC is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hardware {
    /// Its own Ethernet address.
    pub mac: Mac,
    /// Whether its other end is there.
    pub carrier: bool,
}

/// An address that must never be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    /// The address.
    pub address: IpAddr,
    /// Whether its own network must be routed at any time.
    pub routed: bool,
    /// When it was missing: the steps after which it was.
    pub missing: Vec<String>,
}

impl World {
    /// A host with these NICs and nothing configured.
    pub fn new(nics: impl IntoIterator<Item = Name>) -> World {
        let mut world = World {
            state: Found::default(),
            host: Host {
                datapath: row::Datapath::Netdev,
                ipv6: true,
            },
            hostname: "sim".to_owned(),
            hardware: BTreeMap::new(),
            firmware: Vec::new(),
            offers: BTreeMap::new(),
            leased: BTreeMap::new(),
            outside: BTreeMap::new(),
            kept: Kept::new(),
            refusing: BTreeSet::new(),
            stuck_mtu: BTreeMap::new(),
            fault: None,
            steps: 0,
            writes: 0,
            transactions: 0,
            watch: None,
        };
        for nic in nics {
            world.plug_in(nic);
        }
        world
    }

    /// Whether somebody outside answers: there is a route to him, and a NIC with a carrier under its device behind which he
    /// is.
    pub fn answers(&self, probe: Probe) -> bool {
        let (Probe::Router(address) | Probe::NameServer(address) | Probe::Host(address)) = probe;
        let family = crate::names::family(&address);
        let routes = || self.state.routes.iter();
        let connected =
            routes().filter(|((to, _), route)| route.gateway.is_none() && to.contains(&address));
        let connected =
            connected.min_by_key(|((to, metric), _)| (std::cmp::Reverse(to.prefix()), *metric));
        let default = || routes().find(|((to, _), _)| *to == Inet::everything(family));
        let Some((_, route)) = connected.or_else(default) else {
            return false;
        };
        let device = route.device;
        let Some(behind) = self.outside.get(&address) else {
            return true;
        };
        let bridge = self.state.bridges.get(&device).map(|bridge| &*bridge.row);
        let carrier = match bridge {
            Some(row::Bridge::Vlan(vlan)) => vlan.parent.as_str(),
            _ => device.as_str(),
        };
        let ports = self.state.ports.values();
        let ports = ports.filter(|port| port.row.bridge == carrier);
        let mut nics = ports.flat_map(|port| &port.row.members);
        nics.any(|nic| {
            let nic = behind.iter().find(|name| name.as_str() == nic);
            nic.and_then(|nic| self.hardware.get(nic))
                .is_some_and(|hardware| hardware.carrier)
        })
    }

    /// Adds a NIC, or brings one back, as it comes from the kernel: down.
    pub fn plug_in(&mut self, nic: Name) {
        let number = self.hardware.len() as u8;
        self.hardware.entry(nic).or_insert(Hardware {
            mac: Mac([0x02, 0x16, 0x3e, 0, 0, number]),
            carrier: true,
        });
        self.state.nics.insert(
            nic,
            Nic {
                up: false,
                mtu: 1500,
                offload: [(Offload::Gro, true), (Offload::Tso, true)].into(),
                modes: LinkModes {
                    autoneg: Some(true),
                    advertise: Some(0x3f),
                    ..LinkModes::default()
                },
            },
        );
    }

    /// Takes a NIC away. Its row in the database stays, with an error.
    pub fn pull_out(&mut self, nic: Name) {
        // A guest's NIC has no hardware of its own here.
        if nic.is_guests_end() {
            self.hardware.remove(&nic);
        }
        self.state.nics.remove(&nic);
        self.state.aside.remove(&nic);
        self.forget_device(nic);
    }

    /// What the daemon's end does to a host: its DHCP clients end, everything else stays.
    pub fn daemon_ended(&mut self) {
        self.state.dhcp.clear();
        self.kept.clear();
    }

    /// What a reboot leaves: the NICs, the database of Open vSwitch emptied, and the files.
    pub fn reboot(&mut self) {
        let (nics, resolver) = (
            std::mem::take(&mut self.state.nics),
            self.state.resolver.take(),
        );
        self.state = Found {
            resolver,
            ..Found::default()
        };
        for nic in nics.into_keys() {
            self.plug_in(nic);
        }
    }

    /// Does steps in order. Steps of the database that follow each other are one transaction.
    pub fn apply(&mut self, steps: &[Step<Object>]) -> Result<(), Stopped> {
        let mut at = 0;
        while at < steps.len() {
            let rows = steps[at..]
                .iter()
                .take_while(|step| object::is_row(step.key()))
                .count();
            let unit = rows.max(object::rules_together(&steps[at..])).max(1);
            self.unit(&steps[at..at + unit], rows > 0)
                .map_err(|stopped| Stopped {
                    done: at + stopped.done,
                    ..stopped
                })?;
            at += unit;
        }
        Ok(())
    }

    fn unit(&mut self, steps: &[Step<Object>], rows: bool) -> Result<(), Stopped> {
        let fault = self.due_fault(steps.len());
        let stop = |done, cause, why: &str| Stopped {
            done,
            part: part_of(&steps[fault.map_or(0, |(offset, _)| offset)]),
            cause,
            why: why.to_owned(),
        };
        match fault.map(|(_, kind)| kind) {
            Some(FaultKind::Panic) => panic!("on demand"),
            Some(FaultKind::CrashBefore) => return Err(stop(0, Cause::Stopped, "crashed")),
            Some(FaultKind::Silent) => {
                return Err(Stopped {
                    part: Part::Host,
                    ..stop(0, Cause::TimedOut, "silent on demand")
                });
            }
            Some(FaultKind::GuestsLeave) => {
                let ends: Vec<Name> = self.state.nics.keys().copied().collect();
                for end in ends.into_iter().filter(Name::is_guests_end) {
                    self.pull_out(end);
                }
                return Err(stop(0, Cause::Refused, "refused on demand"));
            }
            Some(FaultKind::Refuse | FaultKind::RefuseTimes(_)) => {
                return Err(stop(0, Cause::Refused, "refused on demand"));
            }
            _ => {}
        }
        let before = self
            .state
            .clone_if(rows || steps.len() > 1 || self.state.has_tunnels());
        let done = match steps[0].key() {
            _ if rows => self.transaction(steps),
            Key::Filter(_) => steps.iter().try_for_each(|step| self.rules(step)),
            // The guest was faster, and has taken its device along.
            Key::Nic(nic) | Key::Aside(nic)
                if steps[0].is_drop()
                    && nic.is_guests_end()
                    && !self.state.nics.contains_key(nic) =>
            {
                Ok(())
            }
            _ => self.kernel(&steps[0]),
        };
        let done = done.and_then(|()| self.no_tunnel_goes_round(&steps[0]));
        if let Err(refused) = done {
            // A transaction is taken back whole, also when ovs-vswitchd could not make it work.
            self.state = before.unwrap_or_else(|| std::mem::take(&mut self.state));
            return Err(Stopped {
                done: 0,
                part: refused.part.unwrap_or_else(|| part_of(&steps[0])),
                cause: Cause::Refused,
                why: refused.why,
            });
        }
        self.steps += steps.len();
        if rows {
            self.transactions += 1;
        } else {
            self.writes += 1;
        }
        self.look(steps);
        match fault.map(|(_, kind)| kind) {
            Some(FaultKind::CrashAfter) => Err(stop(steps.len(), Cause::Stopped, "crashed")),
            Some(FaultKind::FailAfter) => {
                Err(stop(steps.len(), Cause::Refused, "failed on demand"))
            }
            _ => Ok(()),
        }
    }

    /// The fault that falls on one of the next steps, and on which.
    fn due_fault(&mut self, steps: usize) -> Option<(usize, FaultKind)> {
        let fault = self
            .fault
            .filter(|fault| (self.steps..self.steps + steps).contains(&fault.at))?;
        self.fault = fault.next();
        Some((fault.at - self.steps, fault.kind))
    }

    fn look(&mut self, steps: &[Step<Object>]) {
        let Some(watch) = &mut self.watch else { return };
        let devices: Vec<&(Name, Inet)> = self
            .state
            .addresses
            .iter()
            .filter(|(_, inet)| inet.address() == watch.address)
            .collect();
        let up = |device: &Name| match (self.state.links.get(device), self.state.nics.get(device)) {
            (Some(link), _) => link.up,
            (None, Some(nic)) => nic.up,
            (None, None) => false,
        };
        let is_there = devices.iter().any(|(device, _)| up(device));
        let is_routed = || {
            self.state.routes.iter().any(|((destination, _), route)| {
                destination.contains(&watch.address)
                    && destination.prefix() > 0
                    && up(&route.device)
            })
        };
        if !is_there || (watch.routed && !is_routed()) {
            watch.missing.push(format!("{steps:?}"));
        }
    }

    /// A device went: what the kernel kept for it goes with it.
    pub(super) fn forget_device(&mut self, device: Name) {
        self.state.links.remove(&device);
        self.state.addresses.retain(|(on, _)| *on != device);
        self.state.routes.retain(|_, route| route.device != device);
        self.state.dhcp.retain(|(on, _), _| *on != device);
    }

    fn kernel(&mut self, step: &Step<Object>) -> Result<(), Refused> {
        match step {
            Step::Put(Key::Nic(_), Object::Nic(nic)) => self.set_nic(step, nic),
            Step::Change(Key::Nic(_), _, Object::Nic(nic)) => self.set_nic(step, nic),
            Step::Drop(Key::Nic(_), Object::Nic(nic)) => {
                let down = Nic {
                    up: false,
                    ..nic.clone()
                };
                self.set_nic(step, &down)
            }
            Step::Put(Key::Aside(nic), _) => {
                self.known_nic(step, nic)?;
                self.state.aside.insert(*nic);
                self.state
                    .addresses
                    .retain(|(on, inet)| on != nic || inet.family() == Family::V4);
                Ok(())
            }
            Step::Drop(Key::Aside(nic), _) => {
                self.known_nic(step, nic)?;
                self.state.aside.remove(nic);
                Ok(())
            }
            Step::Put(Key::Link(device), Object::Link(link))
            | Step::Change(Key::Link(device), _, Object::Link(link)) => {
                self.set_link(step, *device, *link)
            }
            Step::Drop(Key::Link(device), Object::Link(link)) => {
                self.set_link(step, *device, Link { up: false, ..*link })
            }
            Step::Put(Key::Address(device, inet), Object::Address(owner)) => {
                self.add_address(step, *device, *inet, *owner)
            }
            Step::Drop(Key::Address(device, inet), _) => self.delete_address(step, *device, *inet),
            Step::Put(Key::Route(to, metric), Object::Route(route)) => {
                if self.state.routes.contains_key(&(*to, *metric)) {
                    return Err(refused(step, "File exists"));
                }
                self.set_route(step, (*to, *metric), *route)
            }
            Step::Change(Key::Route(to, metric), _, Object::Route(route)) => {
                if !self.state.routes.contains_key(&(*to, *metric)) {
                    return Err(refused(step, "No such process"));
                }
                self.set_route(step, (*to, *metric), *route)
            }
            Step::Drop(Key::Route(to, metric), _) => {
                let gone = self.state.routes.remove(&(*to, *metric));
                gone.map(|_| ())
                    .ok_or_else(|| refused(step, "No such process"))
            }
            Step::Put(Key::Dhcp(device, family), Object::Dhcp(client)) => {
                self.known_device(step, device)?;
                let running =
                    self.state.dhcp.iter().any(|((_, other), it)| {
                        other == family && it.mac.is_some() && it == client
                    });
                if running
                    || self
                        .state
                        .dhcp
                        .insert((*device, *family), *client)
                        .is_some()
                {
                    return Err(refused(step, "there is such a client"));
                }
                Ok(())
            }
            Step::Drop(Key::Dhcp(device, family), _) => {
                let gone = self.state.dhcp.remove(&(*device, *family));
                gone.map(|_| ())
                    .ok_or_else(|| refused(step, "no such client"))
            }
            Step::Put(Key::Resolver, Object::Resolver(text))
            | Step::Change(Key::Resolver, _, Object::Resolver(text)) => {
                self.state.resolver = Some(Arc::clone(text));
                Ok(())
            }
            Step::Drop(Key::Resolver, _) => {
                self.state.resolver = None;
                Ok(())
            }
            _ => Err(refused(step, "cannot be done")),
        }
    }

    fn known_nic(&self, step: &Step<Object>, nic: &Name) -> Result<(), Refused> {
        match self.state.nics.contains_key(nic) {
            true => Ok(()),
            false => Err(refused(step, "No such device")),
        }
    }

    fn known_device(&self, step: &Step<Object>, device: &Name) -> Result<(), Refused> {
        match self.state.links.contains_key(device) {
            true => Ok(()),
            false => self.known_nic(step, device),
        }
    }

    fn set_nic(&mut self, step: &Step<Object>, to: &Nic) -> Result<(), Refused> {
        let Key::Nic(name) = step.key() else {
            return Err(refused(step, "is no NIC"));
        };
        self.known_nic(step, name)?;
        self.stuck_mtu.remove(name);
        if let Some(nic) = self.state.nics.get_mut(name) {
            nic.up = to.up;
            if to.mtu > MAX_NIC_MTU {
                // As the real host does: it is noted, and the NIC goes on with its own.
                self.stuck_mtu.insert(*name, to.mtu);
            } else {
                nic.mtu = to.mtu;
            }
            if !to.modes.is_empty() {
                nic.modes = to.modes;
            }
            for (offload, on) in &mut nic.offload {
                *on = *to.offload.get(offload).unwrap_or(on);
            }
        }
        if !to.up {
            self.state.routes.retain(|_, route| route.device != *name);
        }
        Ok(())
    }

    fn set_link(&mut self, step: &Step<Object>, device: Name, to: Link) -> Result<(), Refused> {
        let Some(link) = self.state.links.get_mut(&device) else {
            return Err(refused(step, "No such device"));
        };
        // The MTU decides whether the device has IPv6, not we.
        let ipv6 = link.ipv6.and(to.ipv6.or(link.ipv6));
        *link = Link { ipv6, ..to };
        if !to.up {
            self.state.routes.retain(|_, route| route.device != device);
            self.state
                .addresses
                .retain(|(on, inet)| *on != device || inet.family() == Family::V4);
        }
        Ok(())
    }

    fn add_address(
        &mut self,
        step: &Step<Object>,
        device: Name,
        inet: Inet,
        owner: Owner,
    ) -> Result<(), Refused> {
        self.known_device(step, &device)?;
        if inet.family() == Family::V6 {
            let has_ipv6 = match owner {
                Owner::Bridge => self
                    .state
                    .links
                    .get(&device)
                    .is_some_and(|link| link.ipv6.is_some()),
                Owner::Nic => self.host.ipv6 && !self.state.aside.contains(&device),
            };
            if !has_ipv6 {
                return Err(refused(
                    step,
                    "Permission denied: IPv6 is disabled on this device",
                ));
            }
            let same =
                |(on, other): &(Name, Inet)| *on == device && other.address() == inet.address();
            if self.state.addresses.iter().any(same) {
                return Err(refused(step, "File exists"));
            }
        }
        match self.state.addresses.insert((device, inet)) {
            true => Ok(()),
            false => Err(refused(step, "File exists")),
        }
    }

    fn delete_address(
        &mut self,
        step: &Step<Object>,
        device: Name,
        inet: Inet,
    ) -> Result<(), Refused> {
        if !self.state.addresses.remove(&(device, inet)) {
            return Err(refused(step, "Cannot assign requested address"));
        }
        let promotes = self
            .state
            .links
            .get(&device)
            .is_none_or(|link| link.promote_secondaries);
        if inet.family() == Family::V4 && !promotes {
            let network = inet.network();
            self.state
                .addresses
                .retain(|(on, other)| *on != device || other.network() != network);
        }
        let address = inet.address();
        if !self
            .state
            .addresses
            .iter()
            .any(|(_, other)| other.address() == address)
        {
            self.state
                .routes
                .retain(|_, route| route.source != Some(address));
        }
        // With the last IPv4 address of a device, the kernel takes all IPv4 routes from it.
        let is_v4_here = |(on, other): &(Name, Inet)| *on == device && other.family() == Family::V4;
        if inet.family() == Family::V4 && !self.state.addresses.iter().any(is_v4_here) {
            self.state
                .routes
                .retain(|(to, _), route| route.device != device || to.family() == Family::V6);
        }
        Ok(())
    }

    fn set_route(
        &mut self,
        step: &Step<Object>,
        key: (Inet, u32),
        route: Route,
    ) -> Result<(), Refused> {
        self.known_device(step, &route.device)?;
        let link = self.state.links.get(&route.device);
        let nic = self.state.nics.get(&route.device);
        if !link.map_or(nic.is_some_and(|nic| nic.up), |link| link.up) {
            return Err(refused(step, "Network is down"));
        }
        if key.0.family() == Family::V6 && link.is_some_and(|link| link.ipv6.is_none()) {
            return Err(refused(
                step,
                "Permission denied: IPv6 is disabled on this device",
            ));
        }
        let local = |address| {
            self.state
                .addresses
                .iter()
                .any(|(_, inet)| inet.address() == address)
        };
        if route.source.is_some_and(|source| !local(source)) {
            return Err(refused(
                step,
                "Invalid argument: not an address of this host",
            ));
        }
        if let Some(gateway) = route.gateway {
            let on_device = self.state.addresses.iter();
            let on_device: Vec<Inet> = on_device
                .filter(|(on, _)| *on == route.device)
                .map(|(_, inet)| *inet)
                .collect();
            if !is_reachable(gateway, &on_device) {
                return Err(refused(step, "Nexthop has invalid gateway"));
            }
        }
        self.state.routes.insert(
            key,
            Route {
                through: None,
                carrier: route.device,
                ..route
            },
        );
        Ok(())
    }
}

/// Why a step could not be done.
pub(super) struct Refused {
    pub(super) part: Option<Part>,
    pub(super) why: String,
}

pub(super) fn refused(step: &Step<Object>, why: &str) -> Refused {
    Refused {
        part: Some(part_of(step)),
        why: format!("{:?}: {why}", step.key()),
    }
}

fn part_of(step: &Step<Object>) -> Part {
    let (Step::Put(key, object) | Step::Drop(key, object) | Step::Change(key, _, object)) = step;
    object::part(key, object)
}

impl Found {
    fn has_tunnels(&self) -> bool {
        let mut ports = self.ports.values();
        ports.any(|port| port.row.tunnel_end().is_some())
    }

    fn clone_if(&self, wanted: bool) -> Option<Found> {
        wanted.then(|| self.clone())
    }
}
