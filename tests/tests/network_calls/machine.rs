//! The random calls, made on a host and beside it in the model, and what must hold after each.

mod choose;
mod guests;
mod looks;
mod make;
mod seen;
mod trouble;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use xapi_db::Read;
use xapi_guest::sim::Verb;
use xapi_model::{ApiError, Network, Pif, Ref, Value, Vif, Vm};
use xapi_net::names::Inet;
use xapi_net::topology::{Dns, Lease};
use xapi_tests::{Follower, SimHost};

use trouble::Trouble;

use crate::model::machines::{self, Change, Deed, Power};
use crate::model::refusal::{Param, Refusal};
use crate::model::{Call, DHCP, Kind, Model, Nic};
use xapi_tests::random::Random;

const NICS: usize = 5;
const NETWORKS: usize = 7;
/// The tags of VLANs, of which the last is none.
const TAGS: [u16; 4] = [7, 8, 0, 4095];
const MODES: [&str; 3] = ["balance-slb", "active-backup", "lacp"];
/// Machines.
const VMS: usize = 5;

/// What came of the steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Totals {
    pub steps: u64,
    /// Calls that did what was asked.
    pub done: u64,
    /// Calls that the server refused.
    pub refused: u64,
    /// Calls that a failure of the host undid.
    pub failed: u64,
    /// Calls in whose middle the daemon died.
    pub crashed: u64,
}

impl Totals {
    pub fn plus(self, other: Totals) -> Totals {
        Totals {
            steps: self.steps + other.steps,
            done: self.done + other.done,
            refused: self.refused + other.refused,
            failed: self.failed + other.failed,
            crashed: self.crashed + other.crashed,
        }
    }
}

/// A host, the model beside it, and the last calls.
pub struct Machine {
    random: Random,
    host: SimHost,
    model: Model,
    /// By their bridges: they stay the same, and are asked for often.
    networks: BTreeMap<String, Ref<Network>>,
    vms: Vec<Ref<Vm>>,
    addresses: usize,
    follower: Follower,
    /// How often what must hold was looked at.
    looks: u64,
    pub log: VecDeque<String>,
}

impl Machine {
    pub fn new(seed: u64) -> Machine {
        let host = SimHost::configured(NICS, |config| {
            // Guests do what they do in no time, or never.
            config.unplug_deadline = Duration::ZERO;
            config.shutdown_deadline = Duration::ZERO;
        });
        for nic in 0..NICS {
            let mac = host.get(&host.pif(&format!("eth{nic}"))).mac;
            for tag in std::iter::once(None).chain(TAGS.map(Some)) {
                for lease in offers(&mac, tag) {
                    host.handle.offer(mac.parse().expect("a MAC"), tag, lease);
                }
            }
        }
        let mut networks: Vec<_> = (0..NETWORKS)
            .map(|n| host.new_network(&format!("n{n}")))
            .collect();
        networks.extend((0..NICS).map(|n| host.network(&format!("xenbr{n}"))));
        let vms: Vec<_> = (0..VMS)
            .map(|n| {
                let vm = machine(n, Power::Halted);
                let says = |key: &str, value| (key.to_owned(), Value::from(value));
                let mut platform = Vec::new();
                platform.extend(vm.clings.then(|| says("clings", "true")));
                platform.extend((!vm.drivers).then(|| says("pv-drivers", "false")));
                host.new_vm(&format!("m{n}"), &[("platform", Value::Struct(platform))])
            })
            .collect();
        for (at, network) in networks.iter().enumerate() {
            host.new_vif(&vms[at % VMS], &(at / VMS).to_string(), network, &[]);
        }
        let mut machine = Machine {
            random: Random(seed),
            model: Model::default(),
            networks: host
                .all::<Network>()
                .into_iter()
                .map(|(reference, network)| (network.bridge, reference))
                .collect(),
            host,
            vms,
            addresses: 0,
            follower: Follower::default(),
            looks: 0,
            log: VecDeque::new(),
        };
        machine.model = machine.seen();
        machine
    }

    pub fn step(&mut self, totals: &mut Totals) {
        let call = self.choose();
        let trouble = self.trouble(&call);
        if self.log.len() > 40 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{call:?} {trouble:?}"));
        let expected = self.model.after(&call);
        let before = self.counts();
        self.let_come(trouble);
        if matches!(call, Call::Restart) {
            self.restart();
        }
        let outcome = self.make(&call);
        self.let_none_come();
        totals.steps += 1;
        if self.host.core().agent.facts().is_err() {
            totals.crashed += 1;
            self.host.start();
            self.model = self.after_crash(&call, outcome, expected);
            return self.holds();
        }
        if matches!(trouble, Some(Trouble::Host(..))) && takes_away(&call) {
            // A guest is gone whether the host's network follows or not; the daemon hears of its ends, and tries again.
            xapi_core::startup::reconverge(self.host.core(), &self.host.host()).expect("no fault");
        }
        match (outcome, expected) {
            (Ok(()), Ok(next)) => {
                self.model = next;
                totals.done += 1;
            }
            (Err(error), Err(refusals)) if self.is_one_of(&error, &refusals) => {
                totals.refused += 1;
                if at_once(&call, &error) {
                    assert_eq!(self.counts(), before, "a refusal changed something");
                    return;
                }
            }
            (Err(error), expected) if trouble.is_some_and(|it| it.shows_in(&error)) => {
                totals.failed += 1;
                if let (Some(Trouble::Guest(Verb::Unpause)), Ok(next)) = (trouble, expected) {
                    self.model.keep_brought_up(&next);
                }
            }
            (outcome, expected) => panic!("{call:?}: {outcome:?} instead of {expected:?}"),
        }
        self.holds();
    }

    /// The generation of the rows, and the steps of the host.
    fn counts(&self) -> (u64, usize) {
        let steps = self.host.handle.world().steps;
        (self.host.core().store.generation(), steps)
    }

    fn restart(&mut self) {
        let before = self.host.handle.world().steps;
        self.host.start();
        let now = self.host.handle.world().steps;
        let is_in_order = self.model == self.model.started();
        // What ends with the daemon is started again.
        let clients = self.model.pifs.values().filter(|pif| pif.plugged);
        let clients = clients.flat_map(|pif| [&pif.v4, &pif.v6]);
        let clients = clients.flatten().filter(|text| *text == DHCP).count();
        let most = before + clients;
        assert!(now <= most || !is_in_order, "a restart changed the host");
    }

    /// What was answered is so after a crash; what was not is so or not.
    fn after_crash(
        &self,
        call: &Call,
        outcome: Result<(), ApiError>,
        expected: Result<Model, Vec<Refusal>>,
    ) -> Model {
        let old = self.model.started();
        match (outcome, expected) {
            (Ok(()), Ok(next)) => next.started(),
            (Err(_), Ok(next)) => {
                let new = next.started();
                if self.seen() == new { new } else { old }
            }
            (Err(_), Err(_)) => old,
            (Ok(()), Err(refusals)) => panic!("{call:?} is done instead of {refusals:?}"),
        }
    }

    fn is_one_of(&self, error: &ApiError, refusals: &[Refusal]) -> bool {
        let fits = |param: &Param, text: &String| match self.letters(param) {
            Some(letters) => *text == letters,
            None => true,
        };
        refusals.iter().any(|refusal| {
            refusal.code == error.code
                && refusal.params.len() == error.params.len()
                && refusal
                    .params
                    .iter()
                    .zip(&error.params)
                    .all(|(param, text)| fits(param, text))
        })
    }

    /// What a client is sent as a parameter; none if it may be any text.
    fn letters(&self, param: &Param) -> Option<String> {
        Some(match param {
            Param::Host => self.host.host().to_string(),
            Param::Pif(bridge) => self.pif(bridge).to_string(),
            Param::Device(bridge) => self.host.get(&self.pif(bridge)).device,
            Param::Net(bridge) => self.networks[bridge].to_string(),
            Param::Vm(vm) => self.vms[*vm].to_string(),
            Param::Vif(nic) => self.vif(*nic).to_string(),
            Param::Text(text) => text.clone(),
            Param::Words => return None,
        })
    }

    fn pif(&self, bridge: &str) -> Ref<Pif> {
        let view = self.host.core().view().expect("a view");
        let pifs = view.field(&self.networks[bridge], Network::PIFS);
        pifs.expect("a network").first().expect("a PIF").clone()
    }

    fn vif(&self, (vm, device): Nic) -> Ref<Vif> {
        let view = self.host.core().view().expect("a view");
        let vifs = view.field(&self.vms[vm], Vm::VIFS).expect("a machine");
        let is_it =
            |vif: &&Ref<Vif>| view.field(*vif, Vif::DEVICE).expect("a VIF") == device.to_string();
        vifs.iter().find(is_it).expect("a VIF").clone()
    }

    /// What must hold after each step.
    fn holds(&mut self) {
        let seen = self.seen();
        assert_eq!(seen, self.model, "the rows are not what was asked for");
        let diverged = self.host.diverged();
        assert_eq!(
            diverged,
            Vec::<String>::new(),
            "the host is not what the rows say"
        );
        let mut addresses = BTreeSet::new();
        let mut management = 0;
        for (bridge, pif) in &seen.pifs {
            let given = pif.v4.iter().chain(&pif.v6);
            for address in given.filter(|text| *text != DHCP) {
                assert!(addresses.insert(address), "{address} is there twice");
            }
            if seen.is_slave(bridge) {
                let idle = !pif.plugged && !pif.management && pif.v4.is_none() && pif.v6.is_none();
                assert!(idle, "{bridge} is used beside its bond");
            }
            if let Kind::Vlan { on, .. } | Kind::Tunnel { through: on, .. } = &pif.kind {
                assert!(!seen.is_slave(on), "{bridge} stands on a bond's member");
            }
            if pif.management {
                management += 1;
                assert!(pif.plugged, "management is unplugged");
            }
        }
        assert_eq!(management, 1, "management interfaces");
        self.guests_and_ports(&seen);
        self.allowed_operations(&seen);
        self.now_and_then();
    }
}

/// An address of a network, which ends where its number comes.
fn at(network: &str, number: u8) -> IpAddr {
    format!("{network}{number}").parse().expect("an address")
}

/// What servers give to who asks with a MAC and in a VLAN: something else to each.
fn offers(mac: &str, tag: Option<u16>) -> [Lease; 2] {
    let number = mac.rsplit(':').next().unwrap_or_default();
    let tag = tag.map_or(255, |tag| tag % 255);
    let networks = [
        format!("10.25{}.{tag}.", number.trim_start_matches('0')),
        format!("fd01:{number}:{tag}::"),
    ];
    let lengths = [24, 64];
    std::array::from_fn(|v6| Lease {
        address: Inet::new(at(&networks[v6], 9), lengths[v6]).expect("an address"),
        gateway: Some(at(&networks[v6], 1)),
        dns: Dns::default(),
        server: None,
        mtu: None,
    })
}

/// A machine by its number. The last but one keeps its NICs, and the last has no drivers.
fn machine(number: usize, power: Power) -> machines::Vm {
    machines::Vm {
        power,
        clings: number == VMS - 2,
        drivers: number != VMS - 1,
    }
}

/// Whether a NIC or a guest goes by a call.
fn takes_away(call: &Call) -> bool {
    match call {
        Call::Vm { deed, .. } => matches!(
            deed,
            Deed::CleanShutdown | Deed::HardShutdown | Deed::Suspend
        ),
        Call::Vif { change, .. } => matches!(change, Change::Unplug | Change::Force),
        _ => false,
    }
}

/// Whether a call that was refused so was before anything was begun: what goes on with a machine is noted first, and a guest
/// that keeps its NIC was asked for it.
fn at_once(call: &Call, error: &ApiError) -> bool {
    let noted = match call {
        Call::Vm { .. } => true,
        Call::Vif { change, .. } => {
            matches!(change, Change::Plug | Change::Unplug | Change::Force)
        }
        _ => false,
    };
    !noted && error.code != "DEVICE_DETACH_TIMEOUT"
}
