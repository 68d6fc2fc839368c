//! What a change costs when a host has many VLANs and many guests' NICs: counted, not timed. Twice as many may cost a
//! little more than twice as much, for keys are looked up in trees; anything like the square of it shows here.

use std::cell::Cell;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use xapi_net::agent::{NetError, Part};
use xapi_net::engine::{self, Driver, Observed, Stopped};
use xapi_net::names::Name;
use xapi_net::object::{Claim, Key, Object};
use xapi_net::plan::{self, Graph, Step};
use xapi_net::sim::World;
use xapi_net::topology::{
    Bond, BondMode, Bridge, BridgeKind, Filter, Ipv4, Real, Topology, Uplink, Vif,
};

thread_local! {
    /// Comparisons of keys and claims, and questions to objects.
    static WORK: Cell<u64> = const { Cell::new(0) };
}

fn work() {
    WORK.set(WORK.get() + 1);
}

/// What is compared with others, and counts how often.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counted<T>(T);

impl<T: Ord> Ord for Counted<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        work();
        self.0.cmp(&other.0)
    }
}

impl<T: Ord> PartialOrd for Counted<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Thing(Object);

fn counted<T>(all: Vec<T>) -> Vec<Counted<T>> {
    work();
    all.into_iter().map(Counted).collect()
}

impl plan::Object for Thing {
    type Key = Counted<Key>;
    type Claim = Counted<Claim>;

    fn needs(&self, key: &Self::Key) -> Vec<Self::Key> {
        counted(self.0.needs(&key.0))
    }

    fn claims(&self, key: &Self::Key) -> Vec<Self::Claim> {
        counted(self.0.claims(&key.0))
    }

    fn shares(&self, key: &Self::Key) -> Vec<Self::Claim> {
        counted(self.0.shares(&key.0))
    }

    fn changes_into(&self, key: &Self::Key, to: &Self) -> bool {
        work();
        self.0.changes_into(&key.0, &to.0)
    }

    fn only_adds(&self, to: &Self) -> bool {
        self.0.only_adds(&to.0)
    }

    fn begins_use(&self, to: &Self) -> bool {
        self.0.begins_use(&to.0)
    }

    fn ends_use(&self, to: &Self) -> bool {
        self.0.ends_use(&to.0)
    }

    fn is_patient(&self) -> bool {
        self.0.is_patient()
    }

    fn rank(step: &Step<Self>) -> u8 {
        Object::rank(&bare(step))
    }
}

fn bare(step: &Step<Thing>) -> Step<Object> {
    match step {
        Step::Put(key, it) => Step::Put(key.0, it.0.clone()),
        Step::Drop(key, it) => Step::Drop(key.0, it.0.clone()),
        Step::Change(key, old, new) => Step::Change(key.0, old.0.clone(), new.0.clone()),
    }
}

fn things(graph: Graph<Object>) -> Graph<Thing> {
    let all = graph.into_iter();
    all.map(|(key, object)| (Counted(key), Thing(object)))
        .collect()
}

/// The simulated host, by things that count.
struct Counting {
    world: World,
    looks: u64,
}

impl Driver for Counting {
    type Object = Thing;

    fn lower(&self, want: &Topology) -> Graph<Thing> {
        things(self.world.lower(want))
    }

    fn observe(&mut self, want: &Graph<Thing>) -> Result<Observed<Thing>, NetError> {
        self.looks += 1;
        let want = want.iter().map(|(key, it)| (key.0, it.0.clone())).collect();
        let seen = self.world.observe(&want)?;
        let foreign = seen.foreign.into_iter();
        let held = seen.held.into_iter();
        Ok(Observed {
            graph: things(seen.graph),
            foreign: foreign.map(|(claim, by)| (Counted(claim), by)).collect(),
            held: held.map(|(key, by)| (Counted(key), by)).collect(),
        })
    }

    fn apply(&mut self, steps: &[Step<Thing>]) -> Result<(), Stopped> {
        let steps: Vec<_> = steps.iter().map(bare).collect();
        Driver::apply(&mut self.world, &steps)
    }

    fn part(&self, key: &Counted<Key>, object: &Thing) -> Part {
        self.world.part(&key.0, &object.0)
    }

    fn is_given(&self, key: &Counted<Key>) -> bool {
        self.world.is_given(&key.0)
    }

    fn gone(&mut self, parts: &BTreeSet<Part>) -> Result<BTreeSet<Part>, NetError> {
        self.world.gone(parts)
    }
}

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// Management on a NIC, and as many VLANs and guests' NICs as asked for on another or on a bond of two more.
fn topology(vlans: u16, bonded: bool) -> Topology {
    let mut topology = Topology::default();
    let mut management = Bridge::over_nic(name("eth0"));
    management.ipv4 = Ipv4::Static {
        address: "172.16.0.10/27".parse().unwrap(),
        gateway: None,
    };
    topology.bridges.insert(name("xenbr0"), management);
    topology.management = Some(name("xenbr0"));
    let (parent, uplink) = match bonded {
        false => (name("xenbr1"), Uplink::Nic(name("eth1"))),
        true => {
            let bond = Bond {
                name: name("bond0"),
                members: vec![name("eth1"), name("eth2")],
                mac: Some("02:00:00:00:00:01".parse().unwrap()),
                mode: BondMode::ActiveBackup,
                properties: BTreeMap::new(),
            };
            (name("xapi0"), Uplink::Bond(bond))
        }
    };
    let real = Real {
        uplink: Some(uplink),
        ..Real::default()
    };
    let mut below = Bridge::of_kind(BridgeKind::Real(real));
    below.mac = Some("02:00:00:00:00:01".parse().unwrap());
    topology.bridges.insert(parent, below);
    for tag in 1..=vlans {
        let mut vlan = Bridge::of_kind(BridgeKind::Vlan { parent, tag });
        vlan.mac = Some("02:00:00:00:00:01".parse().unwrap());
        let bridge = name(&format!("vlan{tag}"));
        topology.bridges.insert(bridge, vlan);
        let vif = Vif {
            bridge,
            mac: format!("02:00:00:01:{:02x}:{:02x}", tag >> 8, tag & 255)
                .parse()
                .unwrap(),
            mtu: 1500,
            external_ids: BTreeMap::new(),
            rate: None,
            filter: Filter::Open,
        };
        topology.vifs.insert(name(&format!("vif{tag}.0")), vif);
    }
    topology
}

/// What a change took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cost {
    steps: u64,
    work: u64,
    looks: u64,
    transactions: u64,
    writes: u64,
}

/// What a host with so many VLANs pays for its boot, for another start, for a bond that takes all along, and for its end.
fn costs(vlans: u16) -> Vec<(&'static str, Cost)> {
    let nics = (0..3).map(|n| name(&format!("eth{n}")));
    let vifs = (1..=vlans).map(|n| name(&format!("vif{n}.0")));
    let mut host = Counting {
        world: World::new(nics.chain(vifs)),
        looks: 0,
    };
    let (plain, bonded) = (topology(vlans, false), topology(vlans, true));
    let mut costs = Vec::new();
    let mut pay = |what, act: &mut dyn FnMut(&mut Counting) -> usize| {
        let (looks, transactions, writes) =
            (host.looks, host.world.transactions, host.world.writes);
        WORK.set(0);
        let steps = act(&mut host);
        costs.push((
            what,
            Cost {
                steps: steps as u64,
                work: WORK.get(),
                looks: host.looks - looks,
                transactions: (host.world.transactions - transactions) as u64,
                writes: (host.world.writes - writes) as u64,
            },
        ));
    };
    pay("boot", &mut |host| {
        let reached = engine::what_can(host, &plain).unwrap();
        assert_eq!(reached.left_out, []);
        reached.steps
    });
    pay("another start", &mut |host| {
        engine::what_can(host, &plain).unwrap().steps
    });
    pay("bond", &mut |host| engine::whole(host, &bonded).unwrap());
    pay("no bond", &mut |host| engine::whole(host, &plain).unwrap());
    costs
}

#[test]
fn twice_as_many_vlans_and_guests_cost_no_more_than_a_little_over_twice_as_much() {
    let all: Vec<_> = [100, 200, 400].map(costs).into();
    for (number, (what, first)) in all[0].iter().enumerate() {
        let costs: Vec<Cost> = all.iter().map(|costs| costs[number].1).collect();
        println!("{what}: {costs:?}");
        for pair in costs.windows(2) {
            let (one, two) = (pair[0], pair[1]);
            // A tree twice as large is one comparison deeper.
            assert!(
                two.work * 10 <= one.work * 25,
                "{what}: {one:?}, then {two:?}"
            );
            assert!(two.steps <= 2 * one.steps, "{what}: {one:?}, then {two:?}");
            assert!(
                two.writes <= 2 * one.writes,
                "{what}: {one:?}, then {two:?}"
            );
            let same = |cost: &Cost| (cost.looks, cost.transactions);
            assert_eq!(same(&one), same(&two), "{what}");
        }
        assert!(first.transactions <= 4, "{what}: {first:?}");
    }
    let (_, nothing) = all[2][1];
    assert_eq!(
        (nothing.steps, nothing.transactions, nothing.writes),
        (0, 0, 0)
    );
    assert_eq!(nothing.looks, 1, "one look tells that all is so");
}
