//! Carries out a request on a backend: fills in the leases that are known, waits for those that are not, undoes or
//! leaves out what fails. The same for the real host and the simulated one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::agent::{Cause, LeftOut, ManagementAlone, Mode, NetError, Part, Request, Undo};
use crate::engine::{self, Change, Driver};
use crate::kernel::Resolver;
use crate::kernel::resolver::is_domain;
use crate::names::{Family, Inet, Mac, Name};
use crate::object::{Key, Object};
use crate::plan::Graph;
use crate::planned::{self, PlannedStep};
use crate::topology::{
    Bridge, Dns, Ipv4, Ipv6, Lease, MAX_DNS, Topology, is_host_address, is_reachable,
};

/// A driver that also knows of leases.
pub trait Backend: Driver<Object = Object> {
    /// The DHCP clients that run.
    fn clients(&self) -> BTreeSet<Client>;

    /// The lease that a client holds or may still use, though it had it on another bridge.
    fn lease(&self, client: &Client) -> Option<Lease>;

    /// Waits until one of these clients has a lease. False when the time is up.
    fn await_lease(&mut self, clients: &[Client], until: Instant) -> bool;

    /// Which of these devices the host does not have.
    fn missing(&mut self, devices: &BTreeSet<Name>) -> Result<BTreeSet<Name>, NetError>;

    /// What is kept for clients that have no lease yet.
    fn kept(&self) -> &Kept;

    /// The same, to be changed.
    fn kept_mut(&mut self) -> &mut Kept;
}

/// Addresses that were there before their bridge asked for DHCP. They stay until the client has its first lease, so that
/// nobody is cut off by asking. An address whose lease was lost is none of them.
pub type Kept = BTreeMap<Client, Before>;

/// What was there before a client ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    /// Address, router and name servers, as if they were leased.
    pub lease: Lease,
    /// The other addresses of the family: it may be one of them by which the host is reached.
    pub more: Vec<Inet>,
    /// Whether the server is asked for this address: it may have given it to whoever was the client before us.
    pub ask_for_it: bool,
}

/// What is kept for a client, though it ran on another bridge.
pub fn kept_for<'a>(kept: &'a Kept, client: &Client) -> Option<&'a Before> {
    let mut all = kept.iter();
    let found = all.find(|(other, _)| other.is_same(client));
    found.map(|(_, before)| before)
}

/// A DHCP client that a topology asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Client {
    /// The bridge.
    pub bridge: Name,
    /// What the server knows it by.
    pub mac: Option<Mac>,
    /// The VLAN it is in, if any: there may be another server.
    pub vlan: Option<u16>,
    /// IPv4 or IPv6.
    pub family: Family,
}

impl Client {
    /// Whether a server would take both for the same client.
    pub fn is_same(&self, other: &Client) -> bool {
        self.family == other.family
            && self.vlan == other.vlan
            && match (self.mac, other.mac) {
                (None, None) => self.bridge == other.bridge,
                (one, other) => one == other,
            }
    }
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Converged {
    /// What the host looks like now, leases included.
    pub topology: Topology,
    /// What could not be.
    pub left_out: Vec<LeftOut>,
    /// Where management is, if not where it was asked for.
    pub alone: Option<ManagementAlone>,
    /// Guests' NICs that were asked for and are not there.
    pub absent: BTreeSet<Name>,
    /// The number of steps.
    pub steps: usize,
}

/// Carries out a request. Guests come and go by themselves, and take the host's ends of their NICs along: those are left
/// out, also when they go in the middle of it.
pub fn converge<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    // Each is for one more guest that goes; a few of those may be none that was asked for.
    let mut attempts = 4 + request.topology.vifs.len();
    loop {
        attempts -= 1;
        let (request, absent) = without_absent(backend, request)?;
        let converged = match request.mode {
            Mode::Whole => whole(backend, &request),
            Mode::WhatCan => what_can(backend, &request),
        };
        match converged {
            Err(error) if attempts > 0 && has_left(backend, &request, &error)? => {
                info!("once more, since a guest has gone: {error}");
            }
            converged => {
                return converged.map(|converged| Converged {
                    absent,
                    ..converged
                });
            }
        }
    }
}

/// The request without the NICs of guests that are not there, and those.
fn without_absent<B: Backend>(
    backend: &mut B,
    request: &Request,
) -> Result<(Request, BTreeSet<Name>), NetError> {
    let mut request = request.clone();
    let asked: BTreeSet<Name> = request.topology.vifs.keys().copied().collect();
    if asked.is_empty() {
        return Ok((request, asked));
    }
    let absent = backend.missing(&asked)?;
    request
        .topology
        .vifs
        .retain(|name, _| !absent.contains(name));
    Ok((request, absent))
}

/// Whether a request failed, and was undone, for the NIC of a guest that has gone.
fn has_left<B: Backend>(
    backend: &mut B,
    request: &Request,
    error: &NetError,
) -> Result<bool, NetError> {
    match error.part {
        Part::Nic(vif)
            if (request.topology.vifs.contains_key(&vif) || vif.is_guests_end())
                && !matches!(error.undo, Undo::Failed(_)) =>
        {
            Ok(!backend.missing(&BTreeSet::from([vif]))?.is_empty())
        }
        _ => Ok(false),
    }
}

/// The steps that a request would take now.
pub fn preview<B: Backend>(
    backend: &mut B,
    request: &Request,
) -> Result<Vec<PlannedStep>, NetError> {
    let before = backend.kept().clone();
    let (request, _) = without_absent(backend, request)?;
    let request = &request;
    let plan = keep(backend, request).and_then(|()| {
        let topology = with_kept(with_leases(&request.topology, backend), backend);
        match request.mode {
            Mode::Whole => engine::preview(backend, &topology),
            Mode::WhatCan => engine::preview_what_can(backend, &topology),
        }
    });
    *backend.kept_mut() = before;
    Ok(planned::steps(&plan?))
}

fn whole<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    let until = deadline(request);
    let already = backend.clients();
    let before = backend.kept().clone();
    keep(backend, request)?;
    let mut change = Change::new(backend);
    loop {
        let leased = with_leases(&request.topology, change.driver());
        let topology = with_kept(leased.clone(), change.driver());
        if let Err(error) = change.to(&topology) {
            *change.driver().kept_mut() = before;
            return Err(change.undo(error));
        }
        let mut waiting = without_lease(&leased);
        forget_all_but(&waiting, change.driver());
        // A client that ran in vain before this change is no reason to refuse it.
        waiting.retain(|client| !already.iter().any(|ran| ran.is_same(client)));
        if waiting.is_empty() {
            return Ok(Converged {
                topology,
                left_out: Vec::new(),
                alone: None,
                absent: BTreeSet::new(),
                steps: change.steps(),
            });
        }
        if !change.driver().await_lease(&waiting, until) {
            *change.driver().kept_mut() = before;
            return Err(change.undo(no_lease(waiting[0])));
        }
    }
}

/// Only the lease of the management bridge is worth waiting for here, and none is worth failing for: one that comes later
/// is put in place when it comes.
fn what_can<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    let until = deadline(request);
    keep(backend, request)?;
    let mut target = request.topology.clone();
    let mut done = Converged {
        topology: Topology::default(),
        left_out: Vec::new(),
        alone: None,
        absent: BTreeSet::new(),
        steps: 0,
    };
    loop {
        let wanted = with_kept(with_leases(&target, backend), backend);
        let reached = engine::what_can(backend, &wanted)?;
        done.steps += reached.steps;
        match (&done.alone, reached.alone) {
            // What could not be is not tried a second time for a lease's sake.
            (_, Some(alone)) => {
                target = reached.topology.clone();
                done.alone = Some(alone);
                done.left_out = reached.left_out;
            }
            (Some(_), None) => done.left_out.extend(reached.left_out),
            (None, None) => done.left_out = reached.left_out,
        }
        done.topology = reached.topology;
        let leased = with_leases(&done.topology, backend);
        let waiting = without_lease(&leased);
        forget_all_but(&waiting, backend);
        if with_kept(leased, backend) != done.topology {
            // A lease came meanwhile.
            continue;
        }
        let (management, rest): (Vec<Client>, Vec<Client>) = waiting
            .into_iter()
            .partition(|client| Some(client.bridge) == done.topology.management);
        let got = (!management.is_empty() && backend.await_lease(&management, until))
            || (!rest.is_empty() && backend.await_lease(&rest, Instant::now()));
        if !got {
            return Ok(done);
        }
    }
}

/// Finds the addresses to be kept for clients that this request starts and that have no lease.
fn keep<B: Backend>(backend: &mut B, request: &Request) -> Result<(), NetError> {
    let topology = &request.topology;
    let running = backend.clients();
    let mut fresh = without_lease(&with_leases(topology, backend));
    fresh.retain(|client| !running.iter().any(|ran| ran.is_same(client)));
    if fresh.is_empty() || topology.check().is_err() {
        return Ok(());
    }
    let mut want = backend.lower(topology);
    // Whoever wrote it, what it says is kept.
    want.entry(Key::Resolver)
        .or_insert_with(|| Object::Resolver("".into()));
    let have = backend.observe(&want)?.graph;
    for client in fresh {
        if let Some((lease, more)) = found_for(&client, topology, &have) {
            let before = Before {
                lease,
                more,
                ask_for_it: request.mode == Mode::WhatCan,
            };
            backend.kept_mut().insert(client, before);
        }
    }
    Ok(())
}

/// The addresses that the bridge of a client has now, or its NIC: the first as if it were leased, then the others. One of
/// the link alone, by which nobody reaches us from elsewhere, is first only if there is no other.
fn found_for(
    client: &Client,
    topology: &Topology,
    have: &Graph<Object>,
) -> Option<(Lease, Vec<Inet>)> {
    let bridge = topology.bridges.get(&client.bridge)?;
    let mut devices = std::iter::once(&client.bridge).chain(bridge.nics());
    let (device, mut addresses) = devices.find_map(|device| {
        let on_device = have.keys().filter_map(|key| match key {
            Key::Address(on, inet) if on == device && inet.family() == client.family => Some(*inet),
            _ => None,
        });
        let mut addresses: Vec<Inet> = on_device.filter(may_be_kept).collect();
        // With another prefix it is the same address.
        let mut seen = BTreeSet::new();
        addresses.retain(|inet| seen.insert(inet.address()));
        addresses.sort_by_key(|inet| is_link_local(*inet));
        (!addresses.is_empty()).then_some((*device, addresses))
    })?;
    // By metric, since that is the order of the keys.
    let gateway = have.iter().find_map(|(key, object)| match (key, object) {
        (Key::Route(to, _), Object::Route(route))
            if *to == Inet::everything(client.family) && route.device == device =>
        {
            route.gateway
        }
        _ => None,
    });
    let dns = match have.get(&Key::Resolver) {
        Some(Object::Resolver(text)) if topology.dns == Some(client.bridge) => {
            let Resolver {
                mut servers,
                mut search,
            } = Resolver::parse(text);
            // Whoever wrote the file: what may stand there and not here is no reason to refuse DHCP.
            search.retain(|word| is_domain(word));
            search.truncate(MAX_DNS);
            servers.truncate(MAX_DNS);
            Dns { servers, search }
        }
        _ => Dns::default(),
    };
    // The one that reaches the router goes with it.
    let with_router = addresses.iter().position(|inet| {
        gateway.is_some_and(|router| is_reachable(router, &[*inet])) && !is_link_local(*inet)
    });
    let address = addresses.remove(with_router.unwrap_or(0));
    let lease = with_reachable_router(Lease {
        address,
        gateway,
        dns,
        server: None,
        mtu: None,
    });
    Some((lease, addresses))
}

fn is_link_local(inet: Inet) -> bool {
    match inet.address() {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether a topology may name it: those that are the kernel's own come by themselves.
fn may_be_kept(inet: &Inet) -> bool {
    is_host_address(inet.address())
}

/// Fills in what is kept where there is no lease.
pub fn with_kept<B: Backend + ?Sized>(mut topology: Topology, backend: &B) -> Topology {
    for (name, bridge) in &mut topology.bridges {
        let v4 = client(*name, bridge, Family::V4);
        let v6 = client(*name, bridge, Family::V6);
        let empty = match &mut bridge.ipv4 {
            Ipv4::Dhcp { lease } if lease.is_none() => Some((lease, v4)),
            _ => None,
        };
        let empty6 = match &mut bridge.ipv6 {
            Ipv6::Dhcp { lease } if lease.is_none() => Some((lease, v6)),
            _ => None,
        };
        for (lease, client) in empty.into_iter().chain(empty6) {
            if let Some(before) = kept_for(backend.kept(), &client) {
                *lease = Some(before.lease.clone());
                bridge.kept.extend(&before.more);
            }
        }
    }
    topology
}

/// Nothing is kept any longer but for these.
fn forget_all_but<B: Backend + ?Sized>(waiting: &[Client], backend: &mut B) {
    backend
        .kept_mut()
        .retain(|client, _| waiting.iter().any(|waits| waits.is_same(client)));
}

/// A time too far away to be told is as good as none: a year stands for it.
fn deadline(request: &Request) -> Instant {
    Instant::now() + request.within.min(Duration::from_secs(365 * 24 * 3600))
}

fn no_lease(client: Client) -> NetError {
    NetError {
        part: Part::Bridge(client.bridge),
        cause: Cause::NoLease,
        why: format!("no {} DHCP server gave a lease in time", client.family),
        undo: Undo::NotNeeded,
    }
}

/// The topology with the leases that are known, and no others.
pub fn with_leases<B: Backend + ?Sized>(topology: &Topology, backend: &B) -> Topology {
    let mut topology = topology.clone();
    for (name, bridge) in &mut topology.bridges {
        bridge.kept.clear();
        let client = client(*name, bridge, Family::V4);
        if let Ipv4::Dhcp { lease } = &mut bridge.ipv4 {
            *lease = backend.lease(&client).map(with_reachable_router);
        }
        if let Ipv6::Dhcp { lease } = &mut bridge.ipv6 {
            *lease = backend.lease(&Client {
                family: Family::V6,
                ..client
            });
        }
    }
    topology
}

/// A router that the leased address doesn't reach is the server's mistake, and none of ours to fail for.
fn with_reachable_router(mut lease: Lease) -> Lease {
    let address = lease.address;
    if let Some(router) = lease
        .gateway
        .take_if(|router| !is_reachable(*router, &[address]))
    {
        warn!("the DHCP server names the router {router}, which {address} doesn't reach");
    }
    lease
}

fn client(name: Name, bridge: &Bridge, family: Family) -> Client {
    Client {
        bridge: name,
        mac: bridge.mac,
        vlan: bridge.tag(),
        family,
    }
}

fn without_lease(topology: &Topology) -> Vec<Client> {
    let mut clients = Vec::new();
    for (name, bridge) in &topology.bridges {
        if matches!(bridge.ipv4, Ipv4::Dhcp { lease: None }) {
            clients.push(client(*name, bridge, Family::V4));
        }
        if matches!(bridge.ipv6, Ipv6::Dhcp { lease: None }) {
            clients.push(client(*name, bridge, Family::V6));
        }
    }
    clients
}
