//! The random calls, made on a host and beside it in the model, and what must hold after each.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use xapi_db::Read;
use xapi_model::{
    ApiError, Bond, Class, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Ref, Tunnel,
    TunnelProtocol, Value, Vif, Vlan, Vm,
};
use xapi_net::sim::{Fault, FaultKind};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::model::{self, Call, Kind, Model};

const NICS: usize = 5;
const NETWORKS: usize = 7;
const MODES: [&str; 3] = ["balance-slb", "active-backup", "lacp"];

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

fn all<C: Class>(view: &impl Read) -> BTreeMap<Ref<C>, C> {
    view.all().expect("rows").into_iter().collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// A host, the model beside it, and the last calls.
pub struct Machine {
    random: Random,
    host: SimHost,
    model: Model,
    /// By their bridges: they stay the same, and are asked for often.
    networks: BTreeMap<String, Ref<Network>>,
    addresses: usize,
    pub log: VecDeque<String>,
}

impl Machine {
    pub fn new(seed: u64) -> Machine {
        let host = SimHost::new(NICS);
        let mut networks: Vec<_> = (0..NETWORKS)
            .map(|n| host.new_network(&format!("n{n}")))
            .collect();
        networks.extend((0..NICS).map(|n| host.network(&format!("xenbr{n}"))));
        host.core()
            .store
            .change(|draft| {
                for (device, network) in networks.iter().enumerate() {
                    let vm = draft.insert(Vm::blank())?;
                    draft.insert(Vif {
                        device: device.to_string(),
                        network: network.clone(),
                        vm,
                        currently_attached: false,
                        ..Vif::blank()
                    })?;
                }
                Ok(())
            })
            .expect("machines");
        let mut machine = Machine {
            random: Random(seed),
            model: Model::default(),
            networks: host
                .all::<Network>()
                .into_iter()
                .map(|(reference, network)| (network.bridge, reference))
                .collect(),
            host,
            addresses: 0,
            log: VecDeque::new(),
        };
        machine.model = machine.seen();
        machine
    }

    pub fn step(&mut self, totals: &mut Totals) {
        let call = self.choose();
        let fault = self.fault();
        if self.log.len() > 40 {
            self.log.pop_front();
        }
        self.log.push_back(format!("{call:?} {fault:?}"));
        let expected = self.model.after(&call);
        let before = self.host.handle.world().steps;
        let generation = self.host.core().store.generation();
        if let Some((kind, at)) = fault {
            self.host.handle.world().fault = Some(Fault {
                at: before + at,
                kind,
            });
        }
        let outcome = self.make(&call);
        self.host.handle.world().fault = None;
        let crash = self.host.core().agent.facts().is_err();
        let injected = crash
            || fault.is_some()
                && outcome.as_ref().is_err_and(|error| {
                    let text = error.params.last();
                    text.is_some_and(|text| text.contains("on demand"))
                });
        totals.steps += 1;
        match (outcome, expected) {
            (Ok(()), Ok(next)) => {
                self.model = next;
                totals.done += 1;
            }
            (Err(error), Err(codes)) if codes.contains(&error.code.as_str()) => {
                totals.refused += 1;
                let steps = self.host.handle.world().steps;
                let now = (self.host.core().store.generation(), steps);
                assert_eq!(now, (generation, before), "a refusal changed something");
                return;
            }
            (Err(_), Ok(next)) if injected => {
                if crash {
                    self.host.start();
                    totals.crashed += 1;
                    let (old, new) = (self.model.started(), next.started());
                    self.model = if self.seen() == new { new } else { old };
                } else {
                    totals.failed += 1;
                }
            }
            (outcome, expected) => panic!("{call:?}: {outcome:?} instead of {expected:?}"),
        }
        self.holds();
    }

    fn fault(&mut self) -> Option<(FaultKind, usize)> {
        let at = {
            let most = 1 << self.random.below(6);
            self.random.below(most)
        };
        match self.random.below(400) {
            0 => Some((FaultKind::CrashBefore, at)),
            1 => Some((FaultKind::CrashAfter, at)),
            2..20 => Some((FaultKind::Refuse, at)),
            20..40 => Some((FaultKind::FailAfter, at)),
            _ => None,
        }
    }

    /// What must hold after each step.
    fn holds(&self) {
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
            for address in pif.v4.iter().chain(&pif.v6) {
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
    }

    fn choose(&mut self) -> Call {
        let pifs: Vec<String> = self.model.pifs.keys().cloned().collect();
        let nets: Vec<String> = self.model.mtus.keys().cloned().collect();
        let free: Vec<String> = nets
            .iter()
            .filter(|net| !self.model.pifs.contains_key(*net))
            .cloned()
            .collect();
        let of = |is: fn(&Kind) -> bool| -> Vec<String> {
            let found = self.model.pifs.iter().filter(|(_, pif)| is(&pif.kind));
            found.map(|(bridge, _)| bridge.clone()).collect()
        };
        let (vlans, tunnels, bonds, nics) = (
            of(|kind| matches!(kind, Kind::Vlan { .. })),
            of(|kind| matches!(kind, Kind::Tunnel { .. })),
            of(|kind| matches!(kind, Kind::Bond { .. })),
            of(|kind| matches!(kind, Kind::Nic)),
        );
        let random = &mut self.random;
        let net = if free.is_empty() || random.one_in(20) {
            random.one(&nets)
        } else {
            random.one(&free)
        };
        let pif = random.one(&pifs);
        self.addresses += 1;
        let n = self.addresses;
        match random.below(22) {
            0..4 => Call::VlanCreate {
                on: pif,
                tag: [7, 8, 0, 4095][random.below(9) % 4],
                net,
            },
            4..6 if !vlans.is_empty() => Call::VlanDestroy {
                pif: random.one(&vlans),
            },
            6 => Call::TunnelCreate {
                through: pif,
                net,
                protocol: random.one(&["gre", "vxlan"]),
            },
            7 if !tunnels.is_empty() => Call::TunnelDestroy {
                pif: random.one(&tunnels),
            },
            8..11 => {
                let from = if random.one_in(10) { &pifs } else { &nics };
                let members = (0..1 + random.below(3)).map(|_| random.one(from)).collect();
                Call::BondCreate {
                    net,
                    members,
                    mode: random.one(&MODES),
                }
            }
            11..14 if !bonds.is_empty() => Call::BondDestroy {
                pif: random.one(&bonds),
            },
            14 if !bonds.is_empty() => Call::SetMode {
                pif: random.one(&bonds),
                mode: random.one(&MODES),
            },
            15 => Call::Plug { pif },
            16 => Call::Unplug { pif },
            17 => Call::V4 {
                pif,
                address: (!random.one_in(3)).then(|| format!("10.{}.{}.2", n / 250 % 250, n % 250)),
            },
            18 => Call::V6 {
                pif,
                address: (!random.one_in(3)).then(|| format!("fd00:{n:x}::2/64")),
            },
            19 => Call::Manage { pif },
            20 if random.one_in(3) => Call::Protect {
                pif,
                on: random.one_in(3),
            },
            21 if random.one_in(3) => Call::Mtu {
                net: random.one(&nets),
                mtu: random.one(&[1500, 1500, 1600, 9000]),
            },
            _ => Call::Plug { pif },
        }
    }

    fn make(&self, call: &Call) -> Result<(), ApiError> {
        let host = &self.host;
        let on = |bridge: &str| -> Ref<Pif> {
            let view = host.core().view().expect("a view");
            let pifs = view.field(&self.networks[bridge], Network::PIFS);
            pifs.expect("a network").first().expect("a PIF").clone()
        };
        let pif = |bridge: &str| text(&on(bridge));
        let net = |bridge: &str| text(&self.networks[bridge]);
        let row = |bridge: &str| -> Pif { host.get(&on(bridge)) };
        let (name, params) = match call {
            Call::VlanCreate { on, tag, net: n } => {
                ("VLAN.create", vec![pif(on), Value::Int(*tag), net(n)])
            }
            Call::VlanDestroy { pif } => ("VLAN.destroy", vec![text(&row(pif).vlan_master_of)]),
            Call::TunnelCreate {
                through,
                net: n,
                protocol,
            } => (
                "tunnel.create",
                vec![pif(through), net(n), Value::from(*protocol)],
            ),
            Call::TunnelDestroy { pif } => (
                "tunnel.destroy",
                vec![text(&row(pif).tunnel_access_pif_of[0])],
            ),
            Call::BondCreate {
                net: n,
                members,
                mode,
            } => {
                let members = members.iter().map(|member| pif(member)).collect();
                let params = vec![
                    net(n),
                    Value::Array(members),
                    Value::from(""),
                    Value::from(*mode),
                ];
                ("Bond.create", params)
            }
            Call::BondDestroy { pif } => ("Bond.destroy", vec![text(&row(pif).bond_master_of[0])]),
            Call::SetMode { pif, mode } => (
                "Bond.set_mode",
                vec![text(&row(pif).bond_master_of[0]), Value::from(*mode)],
            ),
            Call::Plug { pif: p } => ("PIF.plug", vec![pif(p)]),
            Call::Unplug { pif: p } => ("PIF.unplug", vec![pif(p)]),
            Call::V4 { pif: p, address } => {
                let words = match address {
                    Some(address) => ["Static", address, "255.255.255.0", "", ""],
                    None => ["None", "", "", "", ""],
                };
                let words = words.map(Value::from);
                (
                    "PIF.reconfigure_ip",
                    std::iter::once(pif(p)).chain(words).collect(),
                )
            }
            Call::V6 { pif: p, address } => {
                let words = match address {
                    Some(address) => ["Static", address, "", ""],
                    None => ["None", "", "", ""],
                };
                let words = words.map(Value::from);
                (
                    "PIF.reconfigure_ipv6",
                    std::iter::once(pif(p)).chain(words).collect(),
                )
            }
            Call::Manage { pif: p } => ("host.management_reconfigure", vec![pif(p)]),
            Call::Protect { pif: p, on } => {
                ("PIF.set_disallow_unplug", vec![pif(p), Value::Bool(*on)])
            }
            Call::Mtu { net: n, mtu } => {
                ("network.set_MTU", vec![net(n), Value::Int(i64::from(*mtu))])
            }
        };
        host.call(name, params)?;
        if matches!(call, Call::Mtu { .. }) {
            // It takes effect when an interface is next brought up.
            self.host.handle.world().fault = None;
            xapi_core::startup::reconverge(host.core(), &host.host())?;
        }
        Ok(())
    }

    /// What the rows say, in the model's words. What the model has no word for is checked on the way.
    fn seen(&self) -> Model {
        let view = self.host.core().view().expect("a view");
        let networks = all::<Network>(&view);
        let pifs = all::<Pif>(&view);
        let bridge = |pif: &Ref<Pif>| networks[&pifs[pif].network].bridge.clone();
        let bonds = all::<Bond>(&view);
        let vlans = all::<Vlan>(&view);
        let tunnels = all::<Tunnel>(&view);
        let kind = |pif: &Pif| {
            if let Some(tunnel) = pif.tunnel_access_pif_of.first() {
                let tunnel = &tunnels[tunnel];
                return Kind::Tunnel {
                    through: bridge(&tunnel.transport_pif),
                    protocol: match tunnel.protocol {
                        TunnelProtocol::Gre => "gre",
                        TunnelProtocol::Vxlan => "vxlan",
                    },
                };
            }
            if let Some(vlan) = pif.vlan_master_of.some() {
                let vlan = &vlans[vlan];
                let on = &pifs[&vlan.tagged_pif];
                let same = (pif.vlan, &pif.device, &pif.metrics);
                assert_eq!(
                    same,
                    (vlan.tag, &on.device, &on.metrics),
                    "a VLAN and what is below"
                );
                return Kind::Vlan {
                    on: bridge(&vlan.tagged_pif),
                    tag: vlan.tag,
                };
            }
            match pif.bond_master_of.first() {
                Some(bond) => {
                    let bond = &bonds[bond];
                    Kind::Bond {
                        members: bond.slaves.iter().map(bridge).collect(),
                        primary: bridge(&bond.primary_slave),
                        mode: MODES[bond.mode as usize],
                    }
                }
                None => Kind::Nic,
            }
        };
        let model_of = |pif: &Pif| model::Pif {
            kind: kind(pif),
            plugged: pif.currently_attached,
            management: pif.management,
            protected: pif.disallow_unplug,
            v4: (pif.ip_configuration_mode != IpConfigurationMode::None).then(|| pif.ip.clone()),
            v6: (pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None)
                .then(|| pif.ipv6.join(",")),
        };
        let made = networks.values().filter(|net| net.bridge != "xenapi");
        let model = Model {
            pifs: pifs
                .iter()
                .map(|(reference, pif)| (bridge(reference), model_of(pif)))
                .collect(),
            mtus: made
                .map(|net| (net.bridge.clone(), u32::try_from(net.mtu).expect("an MTU")))
                .collect(),
            vifs: all::<Vif>(&view)
                .into_values()
                .map(|vif| (vif.device, networks[&vif.network].bridge.clone()))
                .collect(),
        };
        for tunnel in tunnels.values() {
            let plugged = pifs[&tunnel.access_pif].currently_attached;
            assert_eq!(tunnel.status["active"], plugged.to_string());
        }
        for (reference, pif) in pifs.iter().filter(|(_, pif)| pif.currently_attached) {
            let room = model.room(&bridge(reference));
            assert_eq!(pif.mtu, i64::from(room), "MTU of {}", bridge(reference));
        }
        model
    }
}
