//! The agent of a simulated host, for tests of whoever stands above.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::agent::{
    Agent, Cause, Listener, Mode, NetError, NetEvent, Outcome, Part, Probe, Request, Undo,
};
use crate::converge::{self, Backend, Client, Kept};
use crate::facts::{BondFacts, BridgeFacts, Facts, NicFacts, ports_by_bridge};
use crate::firmware::Card;
use crate::kernel::Resolver;
use crate::names::{Family, GUARD, Inet, Mac, Name};
use crate::ovs::row;
use crate::planned::PlannedStep;
use crate::topology::{Dns, Lease, Topology};

use super::world::World;

/// A simulated host that several agents, one after the other, may serve.
#[derive(Clone)]
pub struct Handle {
    world: Arc<Mutex<World>>,
    listeners: Arc<Mutex<Vec<Listener>>>,
}

impl Handle {
    /// A host with these NICs and nothing configured.
    pub fn new(nics: impl IntoIterator<Item = Name>) -> Handle {
        Handle {
            world: Arc::new(Mutex::new(World::new(nics))),
            listeners: Arc::new(Mutex::new(Vec::new())),
        }
    }

    /// The host, to look at it, to set a fault, to change what is found on it.
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the carrier of a NIC and tells it.
    pub fn set_carrier(&self, nic: Name, up: bool) {
        let known = self
            .world()
            .hardware
            .get_mut(&nic)
            .map(|hardware| hardware.carrier = up);
        if known.is_some() {
            self.tell(&NetEvent::Carrier { nic, up });
        }
    }

    /// Adds a NIC, or brings one back, and tells it.
    pub fn plug_in(&self, nic: Name) {
        self.world().plug_in(nic);
        self.tell(&NetEvent::NicsChanged);
    }

    /// Takes a NIC away and tells it.
    pub fn pull_out(&self, nic: Name) {
        self.world().pull_out(nic);
        self.tell(&NetEvent::NicsChanged);
    }

    /// Has a DHCP server give a lease to a client from now on, and tells it if the client runs.
    pub fn offer(&self, mac: Mac, vlan: Option<u16>, lease: Lease) {
        let family = lease.address.family();
        let mut world = self.world();
        world.offers.insert((mac, vlan, family), lease);
        let asking = world.state.dhcp.iter().find(|((_, other), client)| {
            *other == family && client.mac == Some(mac) && client.vlan == vlan
        });
        let asking = asking.map(|((bridge, _), _)| *bridge);
        drop(world);
        if let Some(bridge) = asking {
            self.tell(&NetEvent::LeaseChanged { bridge });
        }
    }

    /// Tells the listeners of the agents on this host.
    pub fn tell(&self, event: &NetEvent) {
        let listeners = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for listener in listeners.iter() {
            listener(event.clone());
        }
    }
}

/// The agent of a simulated host. After a crash it answers nothing any more; a new one on the same [`Handle`] stands for
/// the daemon started again.
pub struct SimAgent {
    handle: Handle,
    dead: AtomicBool,
    /// What was asked for last and is not taken back.
    asked: Mutex<Option<Topology>>,
}

impl SimAgent {
    /// An agent on a new host with these NICs.
    pub fn new(nics: impl IntoIterator<Item = Name>) -> SimAgent {
        SimAgent::on(Handle::new(nics))
    }

    /// An agent on a host. The one before it, if any, is no more, and its DHCP clients and listeners with it.
    pub fn on(handle: Handle) -> SimAgent {
        handle.world().daemon_ended();
        handle
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        SimAgent {
            handle,
            dead: AtomicBool::new(false),
            asked: Mutex::default(),
        }
    }

    /// The host under it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    fn alive(&self) -> Result<(), NetError> {
        match self.dead.load(Ordering::SeqCst) {
            false => Ok(()),
            true => Err(NetError::before(
                Part::Host,
                Cause::Stopped,
                "the agent has crashed",
            )),
        }
    }
}

impl SimAgent {
    fn asked(&self) -> MutexGuard<'_, Option<Topology>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry_out(&self, request: &Request) -> Result<Outcome, NetError> {
        let mut world = self.handle.world();
        let converged = converge::converge(&mut *world, request).inspect_err(|error| {
            if error.cause == Cause::Stopped {
                self.dead.store(true, Ordering::SeqCst);
            }
        })?;
        Ok(Outcome {
            facts: facts(&world),
            left_out: converged.left_out,
            alone: converged.alone,
            absent: converged.absent,
            steps: converged.steps,
        })
    }

    /// After a failed undo: at once back to what was asked for before, as far as it can be.
    fn return_to_asked(&self, error: &NetError) {
        self.handle.tell(&NetEvent::Diverged {
            why: error.to_string(),
        });
        let Some(topology) = self.asked().clone() else {
            return self.handle.tell(&NetEvent::NothingAsked);
        };
        let event = match self.carry_out(&Request::what_can(topology)) {
            Ok(outcome) => NetEvent::Converged {
                left_out: outcome.left_out,
            },
            Err(error) => NetEvent::Diverged {
                why: error.to_string(),
            },
        };
        self.handle.tell(&event);
    }
}

impl Agent for SimAgent {
    fn converge(&self, request: Request) -> Result<Outcome, NetError> {
        self.alive()?;
        let outcome = self.carry_out(&request);
        match &outcome {
            Err(error) if matches!(error.undo, Undo::Failed(_)) => self.return_to_asked(error),
            Err(_) if request.mode == Mode::Whole => {}
            _ => *self.asked() = Some(request.topology),
        }
        outcome
    }

    fn plan(&self, request: Request) -> Result<Vec<PlannedStep>, NetError> {
        self.alive()?;
        converge::preview(&mut *self.handle.world(), &request)
    }

    fn facts(&self) -> Result<Facts, NetError> {
        self.alive()?;
        Ok(facts(&self.handle.world()))
    }

    fn firmware(&self) -> Result<Vec<Card>, NetError> {
        self.alive()?;
        Ok(self.handle.world().firmware.clone())
    }

    fn seize(&self, nic: &Name, bridges: &BTreeSet<Name>) -> Result<Vec<String>, NetError> {
        self.alive()?;
        Ok(self.handle.world().seize(nic, bridges))
    }

    fn answered(
        &self,
        probes: &BTreeSet<Probe>,
        _within: std::time::Duration,
    ) -> Result<BTreeSet<Probe>, NetError> {
        self.alive()?;
        let world = self.handle.world();
        let answers = probes.iter().filter(|probe| world.answers(**probe));
        Ok(answers.copied().collect())
    }

    fn hostname(&self) -> Result<String, NetError> {
        self.alive()?;
        Ok(self.handle.world().hostname.clone())
    }

    fn set_hostname(&self, name: &str) -> Result<(), NetError> {
        self.alive()?;
        name.clone_into(&mut self.handle.world().hostname);
        Ok(())
    }

    fn subscribe(&self, listener: Listener) {
        self.handle
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }
}

impl Backend for World {
    fn clients(&self) -> BTreeSet<Client> {
        let clients = self.state.dhcp.iter();
        clients
            .map(|((bridge, family), client)| Client {
                bridge: *bridge,
                mac: client.mac,
                vlan: client.vlan,
                family: *family,
            })
            .collect()
    }

    fn lease(&self, client: &Client) -> Option<Lease> {
        self.leased
            .get(&(client.mac?, client.vlan, client.family))
            .cloned()
    }

    /// A simulated server answers at once or never.
    fn await_lease(&mut self, clients: &[Client], _until: Instant) -> bool {
        let mut got = false;
        for client in clients {
            let Some(mac) = client.mac else { continue };
            let key = (mac, client.vlan, client.family);
            if let Some(lease) = self.offers.get(&key) {
                self.leased.insert(key, lease.clone());
                got = true;
            }
        }
        got
    }

    fn missing(&mut self, devices: &BTreeSet<Name>) -> Result<BTreeSet<Name>, NetError> {
        let absent = devices
            .iter()
            .filter(|name| !self.state.nics.contains_key(name));
        Ok(absent.copied().collect())
    }

    fn kept(&self) -> &Kept {
        &self.kept
    }

    fn kept_mut(&mut self) -> &mut Kept {
        &mut self.kept
    }
}

/// What is so on a simulated host.
fn facts(world: &World) -> Facts {
    let state = &world.state;
    let mut facts = Facts {
        hostname: "sim".to_owned(),
        ..Facts::default()
    };
    let on = |device: &Name| -> Vec<Inet> {
        let here = state.addresses.iter().filter(|(other, _)| other == device);
        here.map(|(_, inet)| *inet).collect()
    };
    for (name, nic) in state.nics.iter().filter(|(name, _)| !name.is_guests_end()) {
        let hardware = world.hardware.get(name);
        let carrier = nic.up && hardware.is_some_and(|hardware| hardware.carrier);
        facts.nics.insert(
            *name,
            NicFacts {
                mac: hardware.map(|hardware| hardware.mac),
                mtu: nic.mtu,
                up: nic.up,
                carrier,
                speed_mbps: carrier.then_some(1000),
                duplex: carrier.then_some(crate::facts::Duplex::Full),
                physical: true,
                addresses: on(name),
                refused: world
                    .stuck_mtu
                    .get(name)
                    .map(|mtu| format!("setting the MTU {mtu} of {name}: Invalid argument")),
                ..NicFacts::default()
            },
        );
    }
    let mut ports = ports_by_bridge(
        state
            .bridges
            .iter()
            .map(|(name, it)| (name.as_str(), &*it.row)),
        state
            .ports
            .iter()
            .map(|(name, it)| (name.as_str(), &*it.row)),
    );
    for (name, bridge) in state.bridges.iter().filter(|(name, _)| **name != GUARD) {
        let own = ports.remove(name.as_str()).unwrap_or_default();
        facts
            .bridges
            .insert(*name, bridge_facts(world, name, bridge, own, on(name)));
    }
    for (name, port) in &state.ports {
        if port.row.members.len() < 2 {
            continue;
        }
        let carrier = |nic: Name| facts.nics.get(&nic).is_some_and(|nic| nic.carrier);
        let members: BTreeMap<Name, bool> = port
            .row
            .members
            .iter()
            .filter_map(|member| Name::new(member).ok())
            .map(|nic| (nic, carrier(nic)))
            .collect();
        let active_backup = port
            .row
            .bond
            .as_ref()
            .is_some_and(|bond| bond.mode == row::BondMode::ActiveBackup);
        let first_up = members.iter().find(|(_, up)| **up).map(|(nic, _)| *nic);
        facts.bonds.insert(
            *name,
            BondFacts {
                bridge: Name::new(&port.row.bridge).ok(),
                members,
                active: first_up.filter(|_| active_backup),
            },
        );
    }
    let default = |family| {
        let routes = state
            .routes
            .iter()
            .filter(|((to, _), _)| *to == Inet::everything(family));
        routes.filter_map(|(_, route)| route.gateway).next()
    };
    facts.gateway_v4 = default(Family::V4);
    facts.gateway_v6 = default(Family::V6);
    facts.dns = state
        .resolver
        .as_deref()
        .map(read_resolver)
        .unwrap_or_default();
    facts
}

fn bridge_facts(
    world: &World,
    name: &Name,
    bridge: &crate::object::Bridge,
    ports: BTreeSet<Name>,
    addresses: Vec<Inet>,
) -> BridgeFacts {
    let state = &world.state;
    let (mac, mtu, vlan) = match &*bridge.row {
        row::Bridge::Real(real) => (real.mac, real.mtu, None),
        row::Bridge::Vlan(vlan) => (
            vlan.mac,
            vlan.mtu,
            Name::new(&vlan.parent)
                .ok()
                .map(|parent| (parent, vlan.tag)),
        ),
    };
    let lease = |family| {
        let client = state.dhcp.get(&(*name, family))?;
        world
            .leased
            .get(&(client.mac?, client.vlan, family))
            .cloned()
    };
    // Here a server stands by a lease as long as it is there.
    let is_unconfirmed = |family: &Family| {
        let client = state.dhcp.get(&(*name, *family));
        client.is_some_and(|client| {
            let key = client.mac.map(|mac| (mac, client.vlan, *family));
            key.is_some_and(|key| !world.offers.contains_key(&key))
        })
    };
    let is_foreign = |port: &&Name| state.ports.get(port).is_some_and(|port| !port.ours);
    let gateways = state
        .routes
        .iter()
        .filter(|((to, _), route)| to.prefix() == 0 && route.device == *name);
    BridgeFacts {
        mac: mac.map(Mac),
        mtu: mtu.unwrap_or(1500),
        up: state.links.get(name).is_some_and(|link| link.up),
        vlan,
        addresses,
        gateways: gateways.filter_map(|(_, route)| route.gateway).collect(),
        lease_v4: lease(Family::V4),
        lease_v6: lease(Family::V6),
        unconfirmed: [Family::V4, Family::V6]
            .into_iter()
            .filter(is_unconfirmed)
            .collect(),
        foreign: ports.iter().filter(is_foreign).copied().collect(),
        ports: ports.into_iter().collect(),
        ours: bridge.ours,
    }
}

fn read_resolver(text: &str) -> Dns {
    let Resolver { servers, search } = Resolver::parse(text);
    Dns { servers, search }
}
