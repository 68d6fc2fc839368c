//! Carries out a request on a backend: fills in the leases that are known, waits for those that are not, undoes or
//! leaves out what fails. The same for the real host and the simulated one.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tracing::warn;

use crate::agent::{Cause, LeftOut, Mode, NetError, Part, Request, Undo};
use crate::engine::{self, Change, Driver};
use crate::names::{Family, Mac, Name};
use crate::object::Object;
use crate::topology::{Bridge, Ipv4, Ipv6, Lease, Topology, is_reachable};

/// A driver that also knows of leases.
pub trait Backend: Driver<Object = Object> {
    /// The DHCP clients that run.
    fn clients(&self) -> BTreeSet<Client>;

    /// The lease that a client holds or may still use, though it had it on another bridge.
    fn lease(&self, client: &Client) -> Option<Lease>;

    /// Waits until one of these clients has a lease. False when the time is up.
    fn await_lease(&mut self, clients: &[Client], until: Instant) -> bool;
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
    /// The number of steps.
    pub steps: usize,
}

/// Carries out a request.
pub fn converge<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    match request.mode {
        Mode::Whole => whole(backend, request),
        Mode::WhatCan => what_can(backend, request),
    }
}

/// The steps that a request would take now, in words.
pub fn preview<B: Backend>(backend: &mut B, request: &Request) -> Result<Vec<String>, NetError> {
    let topology = with_leases(&request.topology, backend);
    let plan = engine::preview(backend, &topology)?;
    Ok(plan.steps().map(|step| format!("{step:?}")).collect())
}

fn whole<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    let until = deadline(request);
    let already = backend.clients();
    let mut change = Change::new(backend);
    loop {
        let topology = with_leases(&request.topology, change.driver());
        if let Err(error) = change.to(&topology) {
            return Err(change.undo(error));
        }
        let mut waiting = without_lease(&topology);
        // A client that ran in vain before this change is no reason to refuse it.
        waiting.retain(|client| !already.iter().any(|ran| ran.is_same(client)));
        if waiting.is_empty() {
            return Ok(Converged {
                topology,
                left_out: Vec::new(),
                steps: change.steps(),
            });
        }
        if !change.driver().await_lease(&waiting, until) {
            return Err(change.undo(no_lease(waiting[0])));
        }
    }
}

/// Only the lease of the management bridge is worth waiting for here, and none is worth failing for: one that comes later
/// is put in place when it comes.
fn what_can<B: Backend>(backend: &mut B, request: &Request) -> Result<Converged, NetError> {
    let until = deadline(request);
    let mut steps = 0;
    loop {
        let reached = engine::what_can(backend, &with_leases(&request.topology, backend))?;
        steps += reached.steps;
        let waiting = without_lease(&reached.topology);
        let (management, rest): (Vec<Client>, Vec<Client>) = waiting
            .into_iter()
            .partition(|client| Some(client.bridge) == reached.topology.management);
        let got = (!management.is_empty() && backend.await_lease(&management, until))
            || (!rest.is_empty() && backend.await_lease(&rest, Instant::now()));
        if !got {
            return Ok(Converged {
                topology: reached.topology,
                left_out: reached.left_out,
                steps,
            });
        }
    }
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
