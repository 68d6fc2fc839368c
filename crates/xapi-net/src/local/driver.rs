//! The engine's way to this host: rows of the database in one transaction a phase, everything else by netlink.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::{debug, warn};

use crate::agent::{Cause, NetError, Part};
use crate::converge::{self, Backend, Client, Kept, kept_for};
use crate::engine::{Driver, Fault, FaultKind, Observed, Stopped};
use crate::kernel::announce::Announcements;
use crate::kernel::route::Destination;
use crate::kernel::sysctl::{Ipv6, Switch};
use crate::kernel::{self, Kernel, KernelError, OUR_PROTOCOL};
use crate::lower::{Host, lower};
use crate::names::{Family, GUARD, Inet, LinkModes, Mac, Name, Offload};
use crate::object::{self, Key, Link, Object, Owner, Route};
use crate::ovs::monitor;
use crate::ovs::ovsdb::{self, OvsdbError, RowOp, Settings};
use crate::ovs::row;
use crate::ovs::unixctl::Control;
use crate::plan::{Graph, Plan, Step};
use crate::topology::{Lease, Topology};

use super::Config;
use super::agent::bonds::Looks;
use super::leases::Leases;
use super::look::{chain, kernel_error, ovsdb_error};
use super::queue::{Command, Next, Queue, answer};

/// Every request gets at least this long for the database, so that an undo is not cut short by the time it is for.
pub(super) const AT_LEAST: Duration = Duration::from_secs(10);

/// How long ovs-vswitchd keeps unused datapath flows; XAPI has always set it so.
const MAX_IDLE_MS: u32 = 5_000;

/// How the kernel marks its own routes, and how we mark those that an undo gives back to somebody else.
const KERNEL_PROTOCOL: u8 = 2;
const STATIC_PROTOCOL: u8 = 4;

/// This host.
pub struct LocalDriver {
    pub(super) config: Config,
    pub(super) host: Host,
    pub(super) kernel: Kernel,
    pub(super) ovsdb: ovsdb::Client,
    pub(super) control: Control,
    pub(super) leases: Leases,
    /// What is asked while a lease is waited for. Without it nobody is told of leases, and none is waited for.
    pub(super) queue: Option<Rc<Queue>>,
    /// When to look at bonds, and who is told of what happens.
    pub(super) looks: Looks,
    /// What the neighbourhood is told of the last change.
    announcements: Announcements,
    /// Addresses kept for clients without a lease.
    kept: Kept,
    /// Offload settings that a device, by its index, doesn't let us change or see.
    pub(super) fixed: BTreeSet<(u32, Offload)>,
    /// Modes that a device, by its index, was asked for last and does not take, and why.
    pub(super) stuck: BTreeMap<u32, (LinkModes, String)>,
    /// The MTU that a device, by its index, was asked for last and does not take, and why.
    pub(super) stuck_mtu: BTreeMap<u32, (u32, String)>,
    /// When the present request must be through.
    pub until: Instant,
    /// A failure to come, for tests.
    pub fault: Option<Fault>,
    /// Steps done so far, by which faults are told.
    pub steps: usize,
    /// Transactions of the database so far.
    pub transactions: usize,
}

impl LocalDriver {
    /// Opens the kernel's door in the calling thread's network namespace. Open vSwitch is not talked to yet.
    pub fn new(config: Config, leases: Leases) -> Result<LocalDriver, NetError> {
        let kernel = Kernel::open().map_err(kernel_error)?;
        let datapath = match config.datapath {
            Some(datapath) => datapath,
            None => crate::ovs::datapath::datapath().map_err(|why| {
                NetError::before(
                    Part::Host,
                    Cause::Unreachable,
                    format!("looking for the datapath: {why}"),
                )
            })?,
        };
        let mut driver = LocalDriver {
            announcements: Announcements::default(),
            host: Host {
                datapath,
                ipv6: true,
            },
            kernel,
            ovsdb: ovsdb::Client::new(&config.ovsdb),
            control: Control::new(&config.ovs_run),
            leases,
            queue: None,
            looks: Looks::default(),
            kept: Kept::new(),
            config,
            fixed: BTreeSet::new(),
            stuck: BTreeMap::new(),
            stuck_mtu: BTreeMap::new(),
            until: Instant::now(),
            fault: None,
            steps: 0,
            transactions: 0,
        };
        driver.refresh()?;
        Ok(driver)
    }

    /// Looks again at what a request depends on and does not change.
    pub fn refresh(&mut self) -> Result<(), NetError> {
        self.host.ipv6 = self.kernel.ipv6().map_err(kernel_error)? == Ipv6::Enabled;
        Ok(())
    }

    /// What is asked or told while a lease is waited for. Questions are answered and links followed, everything else is
    /// put off. False if the waiting is to end.
    fn meanwhile(&mut self, queue: &Queue, command: Command) -> bool {
        match command {
            Command::Facts(reply) => {
                answer(&reply, self.facts());
                return true;
            }
            Command::Plan(request, reply) => {
                answer(&reply, converge::preview(self, &request));
                return true;
            }
            Command::Kernel(kernel::Event::Carrier(ref link)) => {
                if link.carrier {
                    // The link that the question was lost on.
                    self.leases.renew();
                }
                self.carrier_meanwhile(link);
            }
            Command::Rows(monitor::Event::ActiveMember { .. }) => self.looks.soon(),
            _ => {}
        }
        let goes_on = !matches!(command, Command::Stop);
        queue.put_off(command);
        goes_on
    }

    /// Settings of Open vSwitch as a whole.
    pub fn settle(&mut self) -> Result<(), NetError> {
        let settings = Settings {
            system_uuid: self.config.system_uuid.clone(),
            max_idle_ms: Some(MAX_IDLE_MS),
        };
        let deadline = self.deadline();
        self.ovsdb
            .settle(&settings, deadline)
            .map(|_| ())
            .map_err(ovsdb_error)
    }

    pub(super) fn deadline(&self) -> Instant {
        self.until.max(Instant::now() + AT_LEAST)
    }

    /// The clients, to ask the servers again.
    pub fn leases(&self) -> &Leases {
        &self.leases
    }

    fn unit(&mut self, steps: &[Step<Object>], rows: bool) -> Result<(), Stopped> {
        let span = self.steps..self.steps + steps.len();
        let fault = self.fault.take_if(|fault| span.contains(&fault.at));
        let at = fault.map_or(0, |fault| fault.at - self.steps);
        self.fault = self.fault.or(fault.and_then(Fault::next));
        let fault = fault.map(|fault| fault.kind);
        let stop = |done, cause, why: &str| {
            Err(Stopped {
                done,
                part: part_of(&steps[at]),
                cause,
                why: why.to_owned(),
            })
        };
        match fault {
            Some(FaultKind::Panic) => panic!("on demand"),
            Some(FaultKind::CrashBefore) => return stop(0, Cause::Stopped, "crashed"),
            Some(FaultKind::Silent) => {
                return Err(Stopped {
                    done: 0,
                    part: Part::Host,
                    cause: Cause::TimedOut,
                    why: "silent on demand".to_owned(),
                });
            }
            Some(FaultKind::Refuse | FaultKind::RefuseTimes(_) | FaultKind::GuestsLeave) => {
                return stop(0, Cause::Refused, "refused on demand");
            }
            _ => {}
        }
        match steps[0].key() {
            _ if rows => {
                self.transaction(steps)?;
                self.transactions += 1;
            }
            Key::Filter(_) => self.write_rules(steps)?,
            _ => self.kernel_step(&steps[0])?,
        }
        self.steps += steps.len();
        match fault {
            Some(FaultKind::CrashAfter) => stop(steps.len(), Cause::Stopped, "crashed"),
            Some(FaultKind::FailAfter) => stop(steps.len(), Cause::Refused, "failed on demand"),
            _ => Ok(()),
        }
    }

    /// How many of the next steps are one transaction: all steps of the database that follow each other.
    ///
    /// Where bridges only go, each goes alone: in its own datapath ovs-vswitchd forwards nothing while the kernel takes
    /// a device away, 20 ms for each, and several in a row would be a silence that others notice.
    fn together(&self, steps: &[Step<Object>]) -> usize {
        let rows = steps
            .iter()
            .take_while(|step| object::is_row(step.key()))
            .count();
        // What goes and comes in one transaction stays the same row, with all that somebody did to it and that we do not
        // know of. The guard is made anew in earnest.
        let guard = |step: &Step<Object>| *step.key() == Key::Bridge(GUARD);
        let goes = steps[..rows]
            .iter()
            .position(|step| step.is_drop() && guard(step));
        let rows = match goes {
            Some(at) if steps[at + 1..rows].iter().any(guard) => at + 1,
            _ => rows,
        };
        let only_go = steps[..rows]
            .iter()
            .all(|step| matches!(step, Step::Drop(..)));
        if self.host.datapath == row::Datapath::System || !only_go {
            return rows;
        }
        let first = steps[..rows]
            .iter()
            .position(|step| matches!(step.key(), Key::Bridge(_)));
        first.map_or(rows, |first| first + 1)
    }

    fn transaction(&mut self, steps: &[Step<Object>]) -> Result<(), Stopped> {
        let deadline = self.deadline();
        let ops = row_ops(steps);
        let began = Instant::now();
        let applied = self.ovsdb.apply(&ops, deadline);
        debug!("{} rows in {:?}: {applied:?}", ops.len(), began.elapsed());
        let error = match applied {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        let (done, why) = match &error {
            OvsdbError::HalfDone { why, .. } => (steps.len(), &**why),
            why => (0, why),
        };
        let cause = match why {
            OvsdbError::Rpc(_) | OvsdbError::Schema(_) => Cause::Unreachable,
            OvsdbError::Silent => Cause::TimedOut,
            _ => Cause::Refused,
        };
        Err(Stopped {
            done,
            part: blamed(&error, steps),
            cause,
            why: chain(&error),
        })
    }

    fn kernel_step(&mut self, step: &Step<Object>) -> Result<(), Stopped> {
        let done = match self.do_kernel_step(step) {
            // The guest was faster, and has taken its device along.
            Err(error) if error.is_missing() && gives_up_guests_end(step) => Ok(()),
            done => done,
        };
        done.map_err(|error| Stopped {
            done: 0,
            part: part_of(step),
            cause: match error.cause {
                kernel::Cause::NoDevice(_) => Cause::Missing,
                kernel::Cause::NoAnswer => Cause::Unreachable,
                _ => Cause::Refused,
            },
            why: error.to_string(),
        })
    }

    fn do_kernel_step(&mut self, step: &Step<Object>) -> Result<(), KernelError> {
        match step {
            Step::Put(Key::Nic(nic), Object::Nic(to))
            | Step::Change(Key::Nic(nic), _, Object::Nic(to)) => self.set_nic(nic, to),
            Step::Drop(Key::Nic(nic), _) => match self.kernel.set_up(nic.as_str(), false) {
                // A device of Open vSwitch's own has gone with its port.
                Err(error) if error.is_missing() => Ok(()),
                outcome => outcome,
            },
            Step::Put(Key::Aside(nic), _) => self.kernel.set_aside(nic.as_str(), true),
            Step::Drop(Key::Aside(nic), _) => self.kernel.set_aside(nic.as_str(), false),
            Step::Put(Key::Link(device), Object::Link(to))
            | Step::Change(Key::Link(device), _, Object::Link(to)) => self.set_link(device, *to),
            Step::Drop(Key::Link(device), _) => self.kernel.set_up(device.as_str(), false),
            Step::Put(Key::Address(device, inet), _) => {
                self.kernel
                    .add_address(device.as_str(), inet.address(), inet.prefix())
            }
            Step::Drop(Key::Address(device, inet), _) => {
                self.kernel
                    .delete_address(device.as_str(), inet.address(), inet.prefix())
            }
            Step::Put(Key::Route(to, metric), Object::Route(route)) => {
                self.put_route(to, *metric, route, Kernel::add_route)
            }
            Step::Change(Key::Route(to, metric), _, Object::Route(route)) => {
                self.put_route(to, *metric, route, Kernel::replace_route)
            }
            Step::Drop(Key::Route(to, metric), Object::Route(route)) => {
                let Some(route) = kernel_route(to, *metric, route) else {
                    return Ok(());
                };
                self.kernel.delete_route(&route)
            }
            Step::Put(Key::Dhcp(bridge, family), Object::Dhcp(dhcp)) => {
                self.start_client(*bridge, *family, dhcp)
            }
            Step::Drop(Key::Dhcp(bridge, family), _) => {
                self.leases.stop(*bridge, *family);
                Ok(())
            }
            Step::Put(Key::Resolver, Object::Resolver(text))
            | Step::Change(Key::Resolver, _, Object::Resolver(text)) => {
                kernel::resolver::write_text(&self.config.root, Some(text))
            }
            Step::Drop(Key::Resolver, _) => kernel::resolver::write_text(&self.config.root, None),
            other => {
                let nonsense = kernel::Cause::Nonsense("a step that cannot be".to_owned());
                Err(nonsense.doing(format!("{other:?}")))
            }
        }
    }

    /// The switches first: a device that comes up listens to routers at once.
    fn set_link(&mut self, device: &Name, to: Link) -> Result<(), KernelError> {
        let name = device.as_str();
        self.kernel
            .set_promotes_secondaries(name, to.promote_secondaries)?;
        self.kernel.answers_for_its_own_addresses(name)?;
        if let Some(ipv6) = to.ipv6 {
            self.kernel
                .set_switch(name, Switch::AcceptRa, ipv6.accept_ra)?;
            self.kernel
                .set_switch(name, Switch::Autoconf, ipv6.autoconf)?;
        }
        self.kernel.set_up(name, to.up)
    }

    fn start_client(
        &mut self,
        bridge: Name,
        family: Family,
        dhcp: &object::Dhcp,
    ) -> Result<(), KernelError> {
        let doing = || format!("starting DHCP on {bridge}");
        let link = self.kernel.link(bridge.as_str())?;
        let own = link.and_then(|link| link.mac).map(|mac| Mac(mac.0));
        let Some(mac) = dhcp.mac.or(own) else {
            return Err(kernel::Cause::NoDevice(bridge.to_string()).doing(doing()));
        };
        let client = Client {
            bridge,
            mac: dhcp.mac,
            vlan: dhcp.vlan,
            family,
        };
        let before = kept_for(&self.kept, &client).filter(|before| before.ask_for_it);
        let asked_for = before.map(|before| before.lease.address.address());
        self.leases.start(client, mac, asked_for)
    }

    /// The kernel wants a route to the router through the same device before it takes a route through it, and looks only
    /// once. While routes pass from one device to another there may be none at that moment, though the device has an
    /// address in the router's network; then a route to the router alone stands in.
    fn put_route(
        &mut self,
        to: &Inet,
        metric: u32,
        route: &Route,
        put: fn(&mut Kernel, &kernel::Route) -> Result<(), KernelError>,
    ) -> Result<(), KernelError> {
        let Some(wanted) = kernel_route(to, metric, route) else {
            return Ok(());
        };
        let refused = match put(&mut self.kernel, &wanted) {
            Ok(()) => return Ok(()),
            Err(refused) => refused,
        };
        let unreachable = matches!(
            refused.errno(),
            Some(libc::EINVAL | libc::ENETUNREACH | libc::EHOSTUNREACH)
        );
        let (true, Some(gateway), Some(_)) = (unreachable, route.gateway, route.through) else {
            return Err(refused);
        };
        let bits = if gateway.is_ipv4() { 32 } else { 128 };
        let Some(alone) = Destination::new(gateway, bits) else {
            return Err(refused);
        };
        let stand_in = kernel::Route {
            destination: alone,
            gateway: None,
            source: None,
            ..wanted.clone()
        };
        self.kernel.add_route(&stand_in)?;
        let done = put(&mut self.kernel, &wanted);
        self.kernel.delete_route(&stand_in)?;
        done
    }

    /// Has the new devices know the neighbours of the old: without them, the first answers wait for a second or two.
    fn copy_neighbours(&mut self, plan: &Plan<Object>) {
        let pairs: BTreeSet<(Name, Name)> = moved(plan)
            .into_iter()
            .map(|(from, to, _)| (from, to))
            .collect();
        for (from, to) in pairs.iter().filter(|(from, to)| from != to) {
            match self.kernel.copy_neighbours(from.as_str(), to.as_str()) {
                Ok(count) => debug!("{to} knows {count} neighbours of {from}"),
                // They will be asked for again; that costs time and nothing else.
                Err(why) => warn!("{why}"),
            }
        }
    }

    /// Tells the neighbourhood of every address that came to a device, or whose bridge has other ports now.
    fn announce(&mut self, plan: &Plan<Object>) {
        if let Err(why) = self.try_announce(plan) {
            // The neighbours will find out when their memory runs out.
            warn!("{why}");
        }
    }

    /// The VLANs on these bridges: they share their ports.
    fn vlans_of(&mut self, bridges: &BTreeSet<Name>) -> Vec<Name> {
        let deadline = self.deadline();
        let state = self.ovsdb.observe(deadline).unwrap_or_else(|why| {
            warn!("announcing without the VLANs: {}", chain(&why));
            Arc::default()
        });
        let vlans = state.bridges.iter().filter(|(_, seen)| match &seen.row {
            row::Bridge::Vlan(vlan) => {
                Name::new(&vlan.parent).is_ok_and(|parent| bridges.contains(&parent))
            }
            row::Bridge::Real(_) => false,
        });
        vlans.filter_map(|(name, _)| Name::new(name).ok()).collect()
    }

    fn try_announce(&mut self, plan: &Plan<Object>) -> Result<(), KernelError> {
        let mut devices = touched(plan);
        if devices.is_empty() {
            return Ok(());
        }
        devices.extend(self.vlans_of(&devices));
        let mut told = Vec::new();
        let mut addresses: BTreeMap<u32, Vec<IpAddr>> = BTreeMap::new();
        for address in self.kernel.addresses()? {
            if !address.local_scope {
                let own = addresses.entry(address.index).or_default();
                own.push(address.address);
            }
        }
        for link in self.kernel.links()? {
            let is_touched = Name::new(&link.name).is_ok_and(|name| devices.contains(&name));
            let own = addresses.get(&link.index);
            if let (true, true, Some(mac), Some(own)) = (is_touched, link.up, link.mac, own) {
                self.kernel.announce(&link.name, mac, own)?;
                told.push((link.index, mac, own.clone()));
            }
        }
        self.announcements.end();
        match told.is_empty() {
            true => Ok(()),
            false => self.announcements.go_on(told),
        }
    }
}

impl Driver for LocalDriver {
    type Object = Object;

    fn lower(&self, want: &Topology) -> Graph<Object> {
        lower(want, &self.host)
    }

    fn observe(&mut self, want: &Graph<Object>) -> Result<Observed<Object>, NetError> {
        Ok(self.find(want)?.ours(want))
    }

    fn apply(&mut self, steps: &[Step<Object>]) -> Result<(), Stopped> {
        let mut at = 0;
        while at < steps.len() {
            let rows = self.together(&steps[at..]);
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

    fn gone(&mut self, parts: &BTreeSet<Part>) -> Result<BTreeSet<Part>, NetError> {
        let ends = parts.iter().filter_map(|part| match part {
            Part::Nic(nic) if nic.is_guests_end() => Some(*nic),
            _ => None,
        });
        let missing = self.missing(&ends.collect())?;
        Ok(missing.into_iter().map(Part::Nic).collect())
    }

    fn part(&self, key: &Key, object: &Object) -> Part {
        object::part(key, object)
    }

    fn is_given(&self, key: &Key) -> bool {
        matches!(key, Key::Nic(_))
    }

    fn before_switch(&mut self, plan: &Plan<Object>) {
        self.announcements.end();
        self.copy_neighbours(plan);
    }

    fn after_switch(&mut self, plan: &Plan<Object>) {
        self.announce(plan);
    }
}

impl Backend for LocalDriver {
    fn clients(&self) -> BTreeSet<Client> {
        self.leases.clients()
    }

    fn lease(&self, client: &Client) -> Option<Lease> {
        self.leases.lease(client)
    }

    fn await_lease(&mut self, clients: &[Client], until: Instant) -> bool {
        while let Some(queue) = self.queue.clone() {
            if clients
                .iter()
                .any(|client| self.leases.lease(client).is_some())
            {
                return true;
            }
            let next = self.looks.first().map_or(until, |look| look.min(until));
            let goes_on = match queue.next_new(next) {
                Next::Command(command) => self.meanwhile(&queue, command),
                Next::Nothing => Instant::now() < until,
                Next::Ended => false,
            };
            self.look_if_due();
            if !goes_on {
                return false;
            }
        }
        false
    }

    fn missing(&mut self, devices: &BTreeSet<Name>) -> Result<BTreeSet<Name>, NetError> {
        let links = self.kernel.links().map_err(kernel_error)?;
        let there: BTreeSet<&str> = links.iter().map(|link| link.name.as_str()).collect();
        let absent = devices.iter().filter(|name| !there.contains(name.as_str()));
        Ok(absent.copied().collect())
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }

    fn kept_mut(&mut self) -> &mut Kept {
        &mut self.kept
    }
}

fn gives_up_guests_end(step: &Step<Object>) -> bool {
    match step {
        Step::Drop(Key::Nic(nic) | Key::Aside(nic), _) => nic.is_guests_end(),
        _ => false,
    }
}

fn part_of(step: &Step<Object>) -> Part {
    let (Step::Put(key, object) | Step::Drop(key, object) | Step::Change(key, _, object)) = step;
    object::part(key, object)
}

/// What is dropped and put in one transaction is only put: the database client compares it with what is there.
fn row_ops(steps: &[Step<Object>]) -> Vec<RowOp> {
    let mut ops: BTreeMap<Key, RowOp> = BTreeMap::new();
    for step in steps {
        let op = match step {
            Step::Put(Key::Bridge(name), Object::Bridge(bridge)) => put_bridge(name, bridge),
            Step::Change(Key::Bridge(name), _, Object::Bridge(bridge)) => put_bridge(name, bridge),
            Step::Drop(Key::Bridge(name), _) => RowOp::DropBridge(name.to_string()),
            Step::Put(Key::Port(name), Object::Port(port)) => put_port(name, port),
            Step::Change(Key::Port(name), _, Object::Port(port)) => put_port(name, port),
            Step::Drop(Key::Port(name), _) => RowOp::DropPort(name.to_string()),
            _ => continue,
        };
        ops.insert(*step.key(), op);
    }
    ops.into_values().collect()
}

fn put_bridge(name: &Name, bridge: &object::Bridge) -> RowOp {
    let (name, row) = (name.to_string(), (*bridge.row).clone());
    match bridge.ours {
        true => RowOp::PutBridge(name, row),
        false => RowOp::LeaveBridge(name, row),
    }
}

fn put_port(name: &Name, port: &object::Port) -> RowOp {
    let (name, row) = (name.to_string(), (*port.row).clone());
    match port.ours {
        true => RowOp::PutPort(name, row),
        false => RowOp::LeavePort(name, row),
    }
}

/// The NIC or bridge that a transaction failed at.
fn blamed(error: &OvsdbError, steps: &[Step<Object>]) -> Part {
    let name = match error {
        OvsdbError::Refused(failures) => failures.first().map(|failure| failure.device.as_str()),
        OvsdbError::Conflict(conflict) => Some(conflict.object.as_str()),
        OvsdbError::HalfDone { why, .. } => return blamed(why, steps),
        OvsdbError::Silent | OvsdbError::Rpc(_) | OvsdbError::Schema(_) => return Part::Host,
        _ => None,
    };
    let Some(name) = name.and_then(|name| Name::new(name).ok()) else {
        return part_of(&steps[0]);
    };
    let is_bridge = steps.iter().any(|step| *step.key() == Key::Bridge(name));
    let member_of = steps.iter().find(|step| match step {
        Step::Put(_, Object::Port(port)) | Step::Change(_, _, Object::Port(port)) => {
            port.row.members.contains(name.as_str())
        }
        _ => false,
    });
    match member_of {
        _ if is_bridge => Part::Bridge(name),
        Some(Step::Put(_, Object::Port(port)) | Step::Change(_, _, Object::Port(port)))
            if port.row.kind == row::InterfaceKind::System =>
        {
            Part::Nic(name)
        }
        // A tunnel is its bridge's, a patch the guest's.
        Some(step) => part_of(step),
        None => part_of(&steps[0]),
    }
}

fn kernel_route(to: &Inet, metric: u32, route: &Route) -> Option<kernel::Route> {
    Some(kernel::Route {
        destination: Destination::new(to.address(), to.prefix())?,
        gateway: route.gateway,
        device: route.device.to_string(),
        metric,
        source: route.source,
        protocol: match (route.ours, route.gateway) {
            (true, _) => OUR_PROTOCOL,
            (false, None) => KERNEL_PROTOCOL,
            (false, Some(_)) => STATIC_PROTOCOL,
        },
    })
}

/// Addresses that pass from one device to another, or to the same device made anew.
fn moved(plan: &Plan<Object>) -> Vec<(Name, Name, IpAddr)> {
    let mut left = BTreeMap::new();
    let mut came = Vec::new();
    for step in plan.steps() {
        match step {
            Step::Drop(Key::Address(device, inet), _) => {
                left.insert(inet.address(), *device);
            }
            Step::Put(Key::Address(device, inet), Object::Address(Owner::Bridge | Owner::Nic)) => {
                came.push((*device, inet.address()));
            }
            _ => {}
        }
    }
    came.into_iter()
        .filter_map(|(to, address)| Some((*left.get(&address)?, to, address)))
        .collect()
}

/// Devices whose addresses the neighbourhood must hear of: they came there, or the bridge has other ports, and with it
/// its VLANs.
fn touched(plan: &Plan<Object>) -> BTreeSet<Name> {
    let mut devices = BTreeSet::new();
    let mut bridges = BTreeSet::new();
    for step in plan.prepare.iter().chain(&plan.switch) {
        match step {
            Step::Put(Key::Address(device, _), _) => {
                devices.insert(*device);
            }
            Step::Put(_, Object::Port(port)) | Step::Change(_, _, Object::Port(port)) => {
                bridges.insert(port.row.bridge.clone());
            }
            Step::Put(Key::Bridge(name), Object::Bridge(bridge))
            | Step::Change(Key::Bridge(name), _, Object::Bridge(bridge)) => {
                if let row::Bridge::Vlan(_) = &*bridge.row {
                    devices.insert(*name);
                }
            }
            _ => {}
        }
    }
    devices.extend(bridges.iter().filter_map(|name| Name::new(name).ok()));
    devices
}
