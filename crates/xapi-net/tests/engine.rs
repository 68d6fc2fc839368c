//! Random pairs of topologies on simulated hosts: every one is reached, no second time does anything, and a failure at
//! any step leads back exactly to the start.

mod pairs;

use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use pairs::{MANAGEMENT, MANAGEMENT_V6, Random, name};
use xapi_net::agent::{Cause, Undo};
use xapi_net::engine::{self, Driver};
use xapi_net::names::{Inet, Name};
use xapi_net::object::{Key, Object};
use xapi_net::plan::{Object as _, Plan, Step};
use xapi_net::sim::world::Watch;
use xapi_net::sim::{Fault, FaultKind, World};
use xapi_net::topology::{Bridge, BridgeKind, Ipv4, Topology};

fn pairs_to_try() -> u64 {
    std::env::var("XAPI_NET_PAIRS").map_or(100_000, |text| text.parse().unwrap())
}

fn seed() -> u64 {
    match std::env::var("XAPI_NET_SEED") {
        Ok(text) => text.parse().unwrap(),
        Err(_) => 20_250_131,
    }
}

#[test]
fn every_pair_of_topologies_is_reached_and_undone_exactly() {
    let (first, pairs) = (seed(), pairs_to_try());
    println!("XAPI_NET_SEED={first}, {pairs} pairs");
    let threads: u64 = 2;
    let totals: Vec<Totals> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut totals = Totals::default();
                    for number in (thread..pairs).step_by(threads as usize) {
                        let seed = first.wrapping_add(number);
                        let done = catch_unwind(AssertUnwindSafe(|| pair(seed, &mut totals)));
                        if let Err(panic) = done {
                            eprintln!("XAPI_NET_SEED={seed} fails with its first pair");
                            resume_unwind(panic);
                        }
                    }
                    totals
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    let steps: usize = totals.iter().map(|totals| totals.steps).sum();
    let empty: usize = totals.iter().map(|totals| totals.empty).sum();
    let watched: usize = totals.iter().map(|totals| totals.watched).sum();
    let twice: usize = totals.iter().map(|totals| totals.twice).sum();
    println!(
        "{steps} steps, {empty} empty plans, {watched} with a management address that stayed, {twice} failed twice"
    );
    if pairs < 1_000 {
        return;
    }
    // Were the generator to make trivial pairs only, all of this would prove nothing.
    assert!(
        steps as u64 > 10 * pairs
            && (empty as u64) < pairs / 20
            && watched as u64 > pairs / 10
            && twice as u64 > pairs / 50
    );
}

#[derive(Default)]
struct Totals {
    steps: usize,
    empty: usize,
    watched: usize,
    /// Changes and undos of them that both failed.
    twice: usize,
}

fn pair(seed: u64, totals: &mut Totals) {
    let mut random = Random(seed);
    let mut world = pairs::host(&mut random);
    let foreign = foreign_things(&world);
    let (a, b) = (pairs::topology(&mut random), pairs::topology(&mut random));
    if clashes(&mut world, &a) {
        return;
    }
    reach(&mut world, &a, None);
    if clashes(&mut world, &b) {
        return;
    }
    let steps = fails_and_returns(&mut world, &b, &mut random);
    // A recovery costs as much as all the rest; a third of the pairs is plenty.
    if random.one_in(3) {
        crashes_and_recovers(&world, &a, &b, steps, &mut random);
    } else if random.one_in(3) {
        totals.twice += usize::from(fails_twice_and_returns(&world, &b, steps, &mut random));
    }
    let watch = watch_for(&world, &a, &b);
    totals.watched += usize::from(watch.is_some());
    totals.empty += usize::from(steps == 0);
    totals.steps += steps;
    reach(&mut world, &b, watch);
    assert_eq!(
        foreign_things(&world),
        foreign,
        "foreign things were touched"
    );
}

/// Whether something of others is in the way; then nothing may happen at all.
fn clashes(world: &mut World, topology: &Topology) -> bool {
    let Err(error) = engine::preview(world, topology) else {
        return false;
    };
    assert_eq!(error.cause, Cause::Clash, "{error}");
    let before = world.clone();
    assert_eq!(engine::whole(world, topology), Err(error));
    assert_eq!((&world.state, world.steps), (&before.state, before.steps));
    true
}

fn is_tunnel(step: &Step<Object>) -> bool {
    let (Step::Put(_, object) | Step::Drop(_, object) | Step::Change(_, object, _)) = step;
    matches!(object, Object::Port(port) if port.row.tunnel_end().is_some())
}

/// A NIC is taken down only when no port has it any more: ovs-vswitchd, letting go of it, may take it up again.
fn assert_released_first(plan: &Plan<Object>) {
    let steps: Vec<&Step<Object>> = plan.steps().collect();
    for (at, step) in steps.iter().enumerate() {
        let (Key::Nic(nic), Step::Change(_, old, new)) = (step.key(), step) else {
            continue;
        };
        if !old.ends_use(new) {
            continue;
        }
        let has = |object: &Object| object_has(object, nic.as_str());
        let late = steps[at..].iter().find(|step| match step {
            Step::Drop(_, old) => has(old),
            Step::Change(_, old, new) => has(old) && !has(new),
            Step::Put(..) => false,
        });
        assert_eq!(late, None, "{nic} is down before: {plan:#?}");
    }
}

fn object_has(object: &Object, nic: &str) -> bool {
    matches!(object, Object::Port(port) if port.row.members.contains(nic))
}

/// Reaches a topology in few transactions, and does nothing the second time.
fn reach(world: &mut World, topology: &Topology, watch: Option<Watch>) {
    let before = world.transactions;
    world.watch = watch;
    let plan = engine::preview(world, topology).unwrap();
    engine::whole(world, topology).unwrap_or_else(|error| panic!("{error}\n{plan:#?}"));
    assert_released_first(&plan);
    // One in each phase; and one before and one after for the ports of tunnels, which need the routes to their other ends.
    let most = if plan.steps().any(is_tunnel) { 9 } else { 3 };
    let transactions = world.transactions - before;
    assert!(transactions <= most, "{transactions} transactions");
    if let Some(watch) = world.watch.take() {
        assert!(
            watch.missing.is_empty(),
            "{} was missing after {:?}",
            watch.address,
            watch.missing
        );
    }
    let want = world.lower(topology);
    assert_eq!(world.observe(&want).unwrap().graph, want);
    let counted = (world.writes, world.transactions);
    assert_eq!(engine::whole(world, topology), Ok(0));
    assert_eq!(
        (world.writes, world.transactions),
        counted,
        "the second time wrote something"
    );
}

/// A failure at a random step leads back to the start. Returns the number of steps.
fn fails_and_returns(world: &mut World, to: &Topology, random: &mut Random) -> usize {
    let plan = engine::preview(world, to).unwrap();
    let steps = plan.len();
    if steps == 0 {
        return 0;
    }
    let kind = random.pick(&[FaultKind::Refuse, FaultKind::FailAfter]);
    let start = world.clone();
    let at = random.below(steps);
    world.fault = Some(Fault {
        at: world.steps + at,
        kind,
    });
    let error = engine::whole(world, to).unwrap_err();
    assert_eq!(error.cause, Cause::Refused);
    assert!(
        matches!(error.undo, Undo::Done | Undo::NotNeeded),
        "{error}"
    );
    if world.state != start.state {
        let (now, then) = (format!("{:#?}", world.state), format!("{:#?}", start.state));
        let (now, then): (Vec<&str>, Vec<&str>) = (now.lines().collect(), then.lines().collect());
        let more: Vec<_> = now.iter().filter(|line| !then.contains(line)).collect();
        let less: Vec<_> = then.iter().filter(|line| !now.contains(line)).collect();
        panic!(
            "not as before: {more:#?} instead of {less:#?} after {kind:?} at {at}: {error}\n{plan:#?}"
        );
    }
    *world = start;
    steps
}

/// A topology that fails by itself, and a failure at a random step of the change or of its undo: whatever the one leaves,
/// a plan of its own leads back. Returns whether the undo was what failed.
fn fails_twice_and_returns(
    world: &World,
    to: &Topology,
    steps: usize,
    random: &mut Random,
) -> bool {
    let mut to = to.clone();
    let bridges: Vec<Name> = to.bridges.keys().copied().collect();
    if steps == 0 || bridges.is_empty() {
        return false;
    }
    let owner = random.pick(&bridges);
    to.gateway = Some(owner);
    if let Some(bridge) = to.bridges.get_mut(&owner) {
        bridge.ipv4 = Ipv4::Static {
            address: "198.51.100.9/24".parse().unwrap(),
            gateway: Some("203.0.113.2".parse().unwrap()),
        };
    }
    let mut failing = world.clone();
    failing.fault = Some(Fault {
        at: failing.steps + random.below(2 * steps),
        kind: random.pick(&[FaultKind::Refuse, FaultKind::FailAfter]),
    });
    let error = engine::whole(&mut failing, &to).unwrap_err();
    let twice = failing.fault.is_none() && !error.why.contains("on demand");
    let context = || format!("{error}, after which the undo failed: {twice}");
    assert!(!matches!(error.undo, Undo::Failed(_)), "{}", context());
    assert_eq!(failing.state, world.state, "{}", context());
    twice
}

/// After a crash at a random step, both the old and the new topology can be reached.
fn crashes_and_recovers(
    world: &World,
    a: &Topology,
    b: &Topology,
    steps: usize,
    random: &mut Random,
) {
    if steps == 0 {
        return;
    }
    let mut crashed = world.clone();
    let kind = random.pick(&[FaultKind::CrashBefore, FaultKind::CrashAfter]);
    crashed.fault = Some(Fault {
        at: crashed.steps + random.below(steps),
        kind,
    });
    let error = engine::whole(&mut crashed, b).unwrap_err();
    assert_eq!(error.cause, Cause::Stopped, "{error}");
    crashed.daemon_ended();
    let target = if random.one_in(2) { a } else { b };
    if !clashes(&mut crashed, target) {
        reach(&mut crashed, target, None);
    }
}

/// The management address, if both topologies have it, must be there at any instant. A VLAN's device that moves to
/// another bridge, or a name that changes its kind, cannot be there all the time; no other exception is made.
fn watch_for(world: &World, a: &Topology, b: &Topology) -> Option<Watch> {
    let on = |topology: &Topology, text: &str| -> Option<Name> {
        let inet: Inet = text.parse().unwrap();
        let has = |bridge: &&Name| topology.bridges[*bridge].addresses().contains(&inet);
        topology.management.as_ref().filter(has).copied()
    };
    let text =
        if world.host.ipv6 && on(a, MANAGEMENT_V6).is_some() && on(b, MANAGEMENT_V6).is_some() {
            MANAGEMENT_V6
        } else {
            MANAGEMENT
        };
    let (from, to) = (on(a, text)?, on(b, text)?);
    let has_vlan = |topology: &Topology, kind: &BridgeKind| {
        let same = |bridge: &Bridge| bridge.kind == *kind;
        matches!(kind, BridgeKind::Vlan { .. }) && topology.bridges.values().any(same)
    };
    let is_made_anew = |bridge: Name| match (a.bridges.get(&bridge), b.bridges.get(&bridge)) {
        (Some(old), Some(new)) => {
            old.mac != new.mac
                || a.carrier_of(&bridge) != b.carrier_of(&bridge)
                || old.tag().is_some() != new.tag().is_some()
        }
        // Its VLAN may pass from one name to another.
        (Some(old), None) => has_vlan(b, &old.kind),
        (None, Some(new)) => has_vlan(a, &new.kind),
        (None, None) => false,
    };
    // A device that others stood on and that is a real bridge in both stays as it is.
    if is_made_anew(from)
        || is_made_anew(to)
        || is_made_anew(a.carrier_of(&from))
        || is_made_anew(b.carrier_of(&to))
    {
        return None;
    }
    let address: IpAddr = text.parse::<Inet>().unwrap().address();
    Some(Watch {
        address,
        routed: true,
        missing: Vec::new(),
    })
}

fn foreign_things(world: &World) -> String {
    let state = &world.state;
    let lab = name("br-lab");
    let routes: Vec<_> = state
        .routes
        .iter()
        .filter(|(_, route)| route.device == lab)
        .collect();
    let addresses: Vec<_> = state
        .addresses
        .iter()
        .filter(|(device, _)| *device == lab)
        .collect();
    let port = state.ports.get(&name(pairs::FOREIGN_NIC));
    format!(
        "{:?} {:?} {port:?} {addresses:?} {routes:?}",
        state.bridges.get(&lab),
        state.links.get(&lab)
    )
}
