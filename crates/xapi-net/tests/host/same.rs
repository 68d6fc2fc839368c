//! The same pairs of topologies on the simulated host and on a real one: both must refuse the same, and look the same
//! afterwards.

use std::path::Path;

use xapi_net::agent::{NetError, Undo};
use xapi_net::converge::Backend;
use xapi_net::engine::{self, Driver, Fault, FaultKind};
use xapi_net::local::leases::Leases;
use xapi_net::local::{Config, LocalDriver};
use xapi_net::names::{Mac, Name};
use xapi_net::object::Key;
use xapi_net::ovs::row::Datapath;
use xapi_net::plan::{Graph, Plan};
use xapi_net::sim::World;
use xapi_net::topology::{Bridge, Ipv4, Ipv6, Topology, Uplink};

use crate::host::{name, within};
use crate::lab::Lab;
use crate::pairs::{self, NICS, Random, VIFS};

const PAIRS: u64 = 300;

/// So many pairs say something, if ovs-vswitchd dies of an assertion of its own: 3.1 does now and then, of one about
/// rules (ccmap_dec), when a bridge goes on a busy machine.
const ENOUGH: u64 = 20;

/// The assertion that ovs-vswitchd died of.
struct Fell(String);

/// An error if it has died of one.
fn stands(log: &Path) -> Result<(), Fell> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let mut lines = text.lines();
    match lines.find(|line| line.contains("|EMER|") && line.contains("assertion")) {
        Some(line) => Err(Fell(line.to_owned())),
        None => Ok(()),
    }
}

fn seed() -> u64 {
    std::env::var("XAPI_NET_SEED").map_or(7, |text| text.parse().unwrap())
}

fn count() -> u64 {
    std::env::var("XAPI_NET_PAIRS").map_or(PAIRS, |text| text.parse().unwrap())
}

#[test]
fn the_simulated_host_and_a_real_one_refuse_the_same_and_look_the_same() {
    let (first, pairs) = (seed(), count());
    println!("XAPI_NET_SEED={first}, {pairs} pairs");
    let lab = Lab::new(0);
    for nic in NICS {
        lab.plug_in(nic);
        lab.host.run(&format!("ip link set {nic} down"));
        // A veth comes without GRO, a NIC with it.
        lab.host.run(&format!("ethtool -K {nic} gro on tso on"));
    }
    for vif in VIFS {
        let guest = lab.switch.pid();
        lab.host.run(&format!(
            "ip link add {vif} type veth peer name p-{vif} netns {guest}"
        ));
    }
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("etc")).unwrap();
    let config = Config {
        ovsdb: lab.socket(),
        ovs_run: lab.run_dir().to_owned(),
        datapath: Some(Datapath::Netdev),
        ..Config::at(root.path())
    };
    let log = lab.run_dir().join("ovs-vswitchd.log");
    within(&lab, move || {
        let leases = Leases::new(config.leases.clone(), Box::new(|_| {}));
        let mut real = LocalDriver::new(config, leases).unwrap();
        let mut sim = World::new(NICS.iter().chain(&VIFS).map(|nic| name(nic)));
        let (mut refusals, mut compared) = (0, 0);
        for number in 0..pairs {
            let seed = first.wrapping_add(number);
            let mut random = Random(seed);
            let topology = topology(&mut random);
            match compare(&mut sim, &mut real, &topology, &mut random, seed, &log) {
                Ok(refused) => refusals += usize::from(refused),
                Err(Fell(why)) => {
                    println!("XAPI_NET_SEED={seed}: ovs-vswitchd fell over its own feet: {why}");
                    assert!(compared >= ENOUGH, "after {compared} pairs");
                    return;
                }
            }
            compared += 1;
        }
        println!("{refusals} refusals");
        assert!(refusals as u64 > pairs / 20);
        // Leaves the taps to nobody.
        engine::whole(&mut real, &Topology::default()).unwrap();
    });
}

/// A topology without leases, since no server is there to give them; now and then one that cannot be.
fn topology(random: &mut Random) -> Topology {
    let mut topology = pairs::topology(random);
    for (number, bridge) in topology.bridges.values_mut().enumerate() {
        // Otherwise ovs-vswitchd chooses by the ports, and takes the device down when it changes its mind.
        bridge.mac = bridge.mac.or(Some(Mac([2, 0, 0, 0, 1, number as u8])));
        if matches!(bridge.ipv4, Ipv4::Dhcp { .. }) {
            bridge.ipv4 = Ipv4::None;
        }
        if matches!(bridge.ipv6, Ipv6::Dhcp { .. } | Ipv6::Autoconf) {
            bridge.ipv6 = Ipv6::None;
        }
    }
    let bridges: Vec<Name> = topology.bridges.keys().copied().collect();
    if bridges.is_empty() {
        return topology;
    }
    let some = topology.bridges.get_mut(&random.pick(&bridges)).unwrap();
    match random.below(12) {
        // A NIC that isn't there.
        0 => add_missing(some),
        // A router that can't be reached.
        1 => {
            if let Ipv4::Static { gateway, .. } = &mut some.ipv4 {
                *gateway = Some("203.0.113.1".parse().unwrap());
            }
        }
        // A static route through a router that can't be reached.
        2 => some.routes.push(xapi_net::topology::StaticRoute {
            destination: "198.51.100.0/24".parse().unwrap(),
            gateway: "203.0.113.2".parse().unwrap(),
        }),
        _ => {}
    }
    topology
}

fn add_missing(bridge: &mut Bridge) {
    if let xapi_net::topology::BridgeKind::Real(real) = &mut bridge.kind {
        match &mut real.uplink {
            Some(Uplink::Bond(bond)) => bond.members.push(name("eth77")),
            other => *other = Some(Uplink::Nic(name("eth77"))),
        }
    }
}

/// Returns whether it was refused.
fn compare(
    sim: &mut World,
    real: &mut LocalDriver,
    to: &Topology,
    random: &mut Random,
    seed: u64,
    log: &Path,
) -> Result<bool, Fell> {
    let steps = engine::preview(sim, to).map_or(0, |plan| plan.len());
    if std::env::var_os("XAPI_NET_SHOW").is_some() {
        println!(
            "{seed} before a fault: {:#?}",
            shown(engine::preview(sim, to))
        );
    }
    if steps > 0 && random.one_in(3) {
        let at = random.below(steps);
        let kind = random.pick(&[FaultKind::Refuse, FaultKind::FailAfter]);
        let (before, on_real) = (look(sim, to), look(real, to));
        sim.fault = Some(Fault {
            at: sim.steps + at,
            kind,
        });
        real.fault = Some(Fault {
            at: real.steps + at,
            kind,
        });
        let (on_sim, whole) = (engine::whole(sim, to), engine::whole(real, to));
        stands(log)?;
        assert_same(&on_sim, &whole, seed);
        (sim.fault, real.fault) = (None, None);
        assert_looks(&look(sim, to), &before, "sim, undone", seed);
        assert_looks(&look(real, to), &on_real, "real, undone", seed);
    }
    let (plan_sim, plan_real) = (
        shown(engine::preview(sim, to)),
        shown(engine::preview(real, to)),
    );
    assert_eq!(plan_sim, plan_real, "XAPI_NET_SEED={seed}: other plans");
    if std::env::var_os("XAPI_NET_SHOW").is_some() {
        println!("{seed}: {plan_sim:#?}");
    }
    let (on_sim, on_real) = (engine::whole(sim, to), engine::whole(real, to));
    stands(log)?;
    if on_sim.is_ok() != on_real.is_ok() {
        println!("{plan_sim:#?}");
    }
    assert_same(&on_sim, &on_real, seed);
    assert_looks(&look(sim, to), &look(real, to), "sim and real", seed);
    if on_sim.is_ok() {
        let transactions = real.transactions;
        assert_eq!(
            engine::whole(real, to),
            Ok(0),
            "XAPI_NET_SEED={seed}: not the second time"
        );
        assert_eq!(real.transactions, transactions);
    }
    Ok(on_sim.is_err())
}

fn assert_same(sim: &Result<usize, NetError>, real: &Result<usize, NetError>, seed: u64) {
    let short = |result: &Result<usize, NetError>| match result {
        Ok(steps) => Ok(*steps),
        Err(error) => Err((error.part, error.cause)),
    };
    assert_eq!(
        short(sim),
        short(real),
        "XAPI_NET_SEED={seed}: sim {sim:?}\nreal {real:?}"
    );
    for error in [sim, real]
        .into_iter()
        .filter_map(|result| result.as_ref().err())
    {
        assert!(
            !matches!(error.undo, Undo::Failed(_)),
            "XAPI_NET_SEED={seed}: {error}"
        );
    }
}

fn shown(plan: Result<Plan<xapi_net::object::Object>, NetError>) -> Vec<String> {
    match plan {
        Ok(plan) => plan.steps().map(|step| format!("{step:?}")).collect(),
        Err(error) => vec![format!("{:?} {:?}", error.part, error.cause)],
    }
}

type Looks = Graph<xapi_net::object::Object>;

fn look<D: Driver<Object = xapi_net::object::Object> + Backend>(
    driver: &mut D,
    to: &Topology,
) -> Looks {
    let want = driver.lower(to);
    let mut graph = driver.observe(&want).unwrap().graph;
    // Real NICs keep their MTU when nobody uses them, and so do simulated ones; which of them are shown depends on what
    // is wanted, so nothing is left out here but the file that is on one disk only.
    graph.retain(|key, _| *key != Key::Resolver || want.contains_key(key));
    graph
}

fn assert_looks(one: &Looks, other: &Looks, what: &str, seed: u64) {
    if one == other {
        return;
    }
    let more: Vec<_> = one
        .iter()
        .filter(|(key, object)| other.get(key) != Some(object))
        .collect();
    let less: Vec<_> = other
        .iter()
        .filter(|(key, object)| one.get(key) != Some(object))
        .collect();
    panic!("XAPI_NET_SEED={seed}: {what} differ: {more:#?}\nfrom {less:#?}");
}
