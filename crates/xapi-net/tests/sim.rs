//! The agent of a simulated host: what callers of an agent may rely on.

mod reach;

use std::sync::mpsc::channel;

use xapi_net::agent::{Agent, Cause, NetEvent, Outcome, Part, Request, Undo};
use xapi_net::names::{Mac, Name};
use xapi_net::planned::in_words;
use xapi_net::sim::{Fault, FaultKind, SimAgent};
use xapi_net::topology::{
    Bond, BondMode, Bridge, BridgeKind, Dns, Ipv4, Lease, Nic, Offload, Real, Topology, Uplink,
};

const PRIMARY: Mac = Mac([0x02, 0x16, 0x3e, 0, 0, 0]);

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn host(nics: &str) -> SimAgent {
    SimAgent::new(nics.split_whitespace().map(name))
}

fn managed(bridge: Bridge) -> Bridge {
    Bridge {
        mac: Some(PRIMARY),
        ipv4: Ipv4::Static {
            address: "172.16.0.10/27".parse().unwrap(),
            gateway: Some("172.16.0.1".parse().unwrap()),
        },
        ..bridge
    }
}

fn bond(members: &str) -> Bridge {
    Bridge::over_bond(Bond {
        name: name("bond0"),
        members: members.split_whitespace().map(name).collect(),
        mac: Some(PRIMARY),
        mode: BondMode::ActiveBackup,
        properties: Default::default(),
    })
}

fn topology(management: &str, bridges: Vec<(&str, Bridge)>) -> Topology {
    Topology {
        bridges: bridges
            .into_iter()
            .map(|(bridge, it)| (name(bridge), it))
            .collect(),
        management: Some(name(management)),
        gateway: Some(name(management)),
        ..Topology::default()
    }
}

fn what_can(agent: &SimAgent, topology: &Topology) -> Outcome {
    agent.converge(Request::what_can(topology.clone())).unwrap()
}

fn parts(outcome: &Outcome) -> Vec<Part> {
    outcome.left_out.iter().map(|left| left.part).collect()
}

fn has_management(agent: &SimAgent, bridge: &str) {
    let facts = agent.facts().unwrap();
    let address = "172.16.0.10/27".parse().unwrap();
    assert!(facts.bridges[&name(bridge)].addresses.contains(&address));
    assert_eq!(facts.gateway_v4, Some("172.16.0.1".parse().unwrap()));
}

#[test]
fn a_missing_member_leaves_the_bond_to_the_others_and_a_lone_one_is_a_plain_port() {
    let agent = host("eth0 eth2");
    let wanted = topology("xapi1", vec![("xapi1", managed(bond("eth0 eth1")))]);
    let error = agent.converge(Request::whole(wanted.clone())).unwrap_err();
    assert_eq!(
        (error.part, error.cause, error.undo),
        (Part::Nic(name("eth1")), Cause::Missing, Undo::NotNeeded)
    );
    let outcome = what_can(&agent, &wanted);
    assert_eq!(parts(&outcome), [Part::Nic(name("eth1"))]);
    assert!(outcome.left_out[0].bridges.is_empty());
    assert_eq!(outcome.facts.bridges[&name("xapi1")].ports, [name("eth0")]);
    assert!(outcome.facts.bonds.is_empty());
    has_management(&agent, "xapi1");
}

#[test]
fn a_nic_that_refuses_takes_its_bridge_and_the_vlans_on_it_along_and_nothing_else() {
    let agent = host("eth0 eth1 eth2");
    agent.handle().world().refusing.insert(name("eth1"));
    let wanted = topology(
        "xenbr0",
        vec![
            ("xenbr0", managed(Bridge::over_nic(name("eth0")))),
            ("xenbr1", Bridge::over_nic(name("eth1"))),
            ("xapi1", Bridge::vlan(name("xenbr1"), 7)),
            ("xenbr2", Bridge::over_nic(name("eth2"))),
        ],
    );
    let outcome = what_can(&agent, &wanted);
    assert_eq!(parts(&outcome), [Part::Nic(name("eth1"))]);
    assert_eq!(outcome.left_out[0].bridges, [name("xapi1"), name("xenbr1")]);
    let there: Vec<Name> = outcome.facts.bridges.keys().copied().collect();
    assert_eq!(there, [name("xenbr0"), name("xenbr2")]);
    has_management(&agent, "xenbr0");
    agent.handle().world().refusing.clear();
    assert_eq!(parts(&what_can(&agent, &wanted)), []);
}

#[test]
fn management_comes_before_everything_that_fails() {
    let agent = host("eth0 eth1 eth2 eth3");
    let bridges = vec![
        ("a-first", Bridge::over_nic(name("eth1"))),
        ("b-next", Bridge::over_nic(name("eth2"))),
        ("xenbr0", managed(Bridge::over_nic(name("eth0")))),
    ];
    let wanted = topology("xenbr0", bridges);
    // The daemon dies at the first step after those that management needs.
    let alone = topology(
        "xenbr0",
        vec![("xenbr0", managed(Bridge::over_nic(name("eth0"))))],
    );
    let steps = agent.plan(Request::whole(alone)).unwrap().len();
    let fault = Fault {
        at: steps,
        kind: FaultKind::CrashBefore,
    };
    agent.handle().world().fault = Some(fault);
    let error = agent.converge(Request::what_can(wanted)).unwrap_err();
    assert_eq!(error.cause, Cause::Stopped);
    has_management(&SimAgent::on(agent.handle()), "xenbr0");
}

#[test]
fn an_agent_that_crashed_answers_nothing_and_the_next_one_mends_what_it_left() {
    let from = topology(
        "xenbr0",
        vec![
            ("xenbr0", managed(Bridge::over_nic(name("eth0")))),
            ("xenbr1", Bridge::over_nic(name("eth1"))),
        ],
    );
    let to = topology("xapi1", vec![("xapi1", managed(bond("eth0 eth1")))]);
    let begin = || {
        let agent = host("eth0 eth1");
        agent.converge(Request::whole(from.clone())).unwrap();
        agent
    };
    let steps = begin().plan(Request::whole(to.clone())).unwrap().len();
    for kind in [FaultKind::CrashBefore, FaultKind::CrashAfter] {
        for step in 0..steps {
            let agent = begin();
            let handle = agent.handle();
            let at = handle.world().steps + step;
            handle.world().fault = Some(Fault { at, kind });
            let error = agent.converge(Request::whole(to.clone())).unwrap_err();
            assert_eq!(error.cause, Cause::Stopped);
            assert_eq!(agent.facts().unwrap_err().cause, Cause::Stopped);
            let next = SimAgent::on(handle);
            what_can(&next, &from);
            has_management(&next, "xenbr0");
            assert_eq!(what_can(&next, &from).steps, 0);
            assert_eq!(next.facts().unwrap().bridges.len(), 2, "{kind:?} at {step}");
        }
    }
}

#[test]
fn a_lease_is_waited_for_moves_to_the_bond_and_comes_later_where_nobody_waits() {
    let agent = host("eth0 eth1");
    let by_dhcp = |bridge: Bridge| Bridge {
        mac: Some(PRIMARY),
        ipv4: Ipv4::Dhcp { lease: None },
        ..bridge
    };
    let alone = topology(
        "xenbr0",
        vec![("xenbr0", by_dhcp(Bridge::over_nic(name("eth0"))))],
    );
    let error = agent.converge(Request::whole(alone.clone())).unwrap_err();
    assert_eq!((error.cause, error.undo), (Cause::NoLease, Undo::Done));
    assert!(agent.facts().unwrap().bridges.is_empty());
    assert_eq!(parts(&what_can(&agent, &alone)), []);
    let lease = Lease {
        address: "172.16.0.20/27".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Dns::default(),
        server: None,
        mtu: None,
    };
    let (sender, told) = channel();
    agent.subscribe(Box::new(move |event| drop(sender.send(event))));
    agent.handle().offer(PRIMARY, None, lease.clone());
    assert_eq!(
        told.try_recv(),
        Ok(NetEvent::LeaseChanged {
            bridge: name("xenbr0")
        })
    );
    let facts = what_can(&agent, &alone).facts;
    assert_eq!(facts.bridges[&name("xenbr0")].addresses, [lease.address]);
    agent.handle().world().offers.clear();
    let bonded = topology("xapi1", vec![("xapi1", by_dhcp(bond("eth0 eth1")))]);
    let facts = agent.converge(Request::whole(bonded)).unwrap().facts;
    assert_eq!(facts.bridges[&name("xapi1")].lease_v4, Some(lease.clone()));
    assert_eq!(facts.bridges[&name("xapi1")].addresses, [lease.address]);
}

#[test]
fn a_router_that_no_address_reaches_is_refused_whole_and_costs_only_itself_otherwise() {
    let agent = host("eth0");
    let mut bridge = managed(Bridge::over_nic(name("eth0")));
    if let Ipv4::Static { gateway, .. } = &mut bridge.ipv4 {
        *gateway = Some("10.0.0.1".parse().unwrap());
    }
    let wanted = topology("xenbr0", vec![("xenbr0", bridge)]);
    let error = agent.converge(Request::whole(wanted.clone())).unwrap_err();
    assert_eq!(
        (error.part, error.cause),
        (Part::Bridge(name("xenbr0")), Cause::Refused)
    );
    let outcome = what_can(&agent, &wanted);
    assert_eq!(parts(&outcome), [Part::Bridge(name("xenbr0"))]);
    assert!(!outcome.facts.bridges[&name("xenbr0")].addresses.is_empty());
    assert_eq!(outcome.facts.gateway_v4, None);
}

#[test]
fn what_is_not_ours_is_an_error_before_the_first_step_and_left_out_where_that_may_be() {
    let agent = host("eth0 eth1");
    let foreign = topology("br-lab", vec![("br-lab", Bridge::over_nic(name("eth1")))]);
    agent.converge(Request::whole(foreign)).unwrap();
    {
        let handle = agent.handle();
        let mut world = handle.world();
        world
            .state
            .bridges
            .values_mut()
            .for_each(|bridge| bridge.ours = false);
        world
            .state
            .ports
            .values_mut()
            .for_each(|port| port.ours = false);
    }
    let wanted = topology(
        "xenbr0",
        vec![
            ("xenbr0", managed(Bridge::over_nic(name("eth0")))),
            ("xenbr1", Bridge::over_nic(name("eth1"))),
        ],
    );
    let error = agent.converge(Request::whole(wanted.clone())).unwrap_err();
    assert_eq!(
        (error.part, error.cause, error.undo),
        (Part::Bridge(name("xenbr1")), Cause::Clash, Undo::NotNeeded)
    );
    let outcome = what_can(&agent, &wanted);
    assert_eq!(parts(&outcome), [Part::Bridge(name("xenbr1"))]);
    assert!(outcome.facts.bridges.contains_key(&name("br-lab")));
    has_management(&agent, "xenbr0");
}

#[test]
fn a_topology_that_contradicts_itself_is_refused_whole() {
    let agent = host("eth0 eth1");
    let twice = vec![
        ("xenbr0", Bridge::over_nic(name("eth0"))),
        ("xenbr1", Bridge::over_nic(name("eth0"))),
    ];
    let no_parent = vec![("xenbr0", Bridge::vlan(name("nowhere"), 1))];
    let on_a_vlan = vec![
        ("xenbr0", Bridge::over_nic(name("eth0"))),
        ("xapi1", Bridge::vlan(name("xenbr0"), 1)),
        ("xapi2", Bridge::vlan(name("xapi1"), 2)),
    ];
    let same_tag = vec![
        ("xenbr0", Bridge::over_nic(name("eth0"))),
        ("xapi1", Bridge::vlan(name("xenbr0"), 1)),
        ("xapi2", Bridge::vlan(name("xenbr0"), 1)),
    ];
    let high_tag = vec![
        ("xenbr0", Bridge::over_nic(name("eth0"))),
        ("xapi1", Bridge::vlan(name("xenbr0"), 4095)),
    ];
    let empty_bond = vec![("xenbr0", bond(""))];
    let small_mtu = vec![(
        "xenbr0",
        Bridge {
            mtu: 576,
            ..Bridge::internal()
        },
    )];
    let no_host = vec![(
        "xenbr0",
        Bridge {
            ipv4: Ipv4::Static {
                address: "224.0.0.1/24".parse().unwrap(),
                gateway: None,
            },
            ..Bridge::internal()
        },
    )];
    let group_mac = vec![(
        "xenbr0",
        Bridge {
            mac: Some(Mac([1, 0, 0, 0, 0, 1])),
            ..Bridge::internal()
        },
    )];
    for wrong in [
        twice, no_parent, on_a_vlan, same_tag, high_tag, empty_bond, small_mtu, no_host, group_mac,
    ] {
        let wrong = topology("xenbr0", wrong);
        let error = agent.converge(Request::whole(wrong.clone())).unwrap_err();
        assert_eq!(error.cause, Cause::Invalid, "{wrong:?}");
        assert_eq!(agent.handle().world().steps, 0);
    }
    let nobody = Topology {
        management: Some(name("xenbr0")),
        ..Topology::default()
    };
    assert_eq!(
        agent.converge(Request::whole(nobody)).unwrap_err().cause,
        Cause::Invalid
    );
}

#[test]
fn a_topology_survives_the_disk() {
    let mut wanted = topology(
        "xapi1",
        vec![
            ("xapi1", managed(bond("eth0 eth10"))),
            ("xapi2", Bridge::internal()),
        ],
    );
    wanted
        .bridges
        .insert(name("xapi3"), Bridge::vlan(name("xapi1"), 3));
    if let BridgeKind::Real(Real {
        uplink: Some(Uplink::Bond(bond)),
        ..
    }) = &mut wanted.bridges.get_mut(&name("xapi1")).unwrap().kind
    {
        bond.properties.insert("miimon".to_owned(), "50".to_owned());
    }
    let text = serde_json::to_string(&wanted).unwrap();
    assert_eq!(serde_json::from_str::<Topology>(&text).unwrap(), wanted);
    assert!(serde_json::from_str::<Topology>(&text.replace("xapi3", "not/a/name")).is_err());
}

#[test]
fn an_offload_setting_is_changed_alone_undone_exactly_and_not_missed_in_a_nic_without_it() {
    let agent = host("eth0 eth1");
    let handle = agent.handle();
    let wanted = |nic: &str, offload: Offload, on: bool| {
        let bridge = managed(Bridge::over_nic(name(nic)));
        let mut topology = topology("xenbr0", vec![("xenbr0", bridge)]);
        let settings = Nic {
            mtu: None,
            offload: [(offload, on)].into(),
            ..Nic::default()
        };
        topology.nics.insert(name(nic), settings);
        topology
    };
    let does = |nic: &str, offload: Offload| {
        let world = handle.world();
        world.state.nics[&name(nic)].offload.get(&offload).copied()
    };
    let whole = |topology: Topology| agent.converge(Request::whole(topology));

    whole(wanted("eth0", Offload::Gro, true)).unwrap();
    assert_eq!(whole(wanted("eth0", Offload::Gro, true)).unwrap().steps, 0);
    let plan = agent.plan(Request::whole(wanted("eth0", Offload::Gro, false)));
    assert_eq!(
        in_words(&plan.unwrap()),
        ["change NIC eth0: offload gro on -> offload gro off"]
    );

    // Beside another bridge, with a failure at each step.
    let mut more = wanted("eth0", Offload::Gro, false);
    more.bridges
        .insert(name("xenbr1"), Bridge::over_nic(name("eth1")));
    let before = handle.world().state.clone();
    let steps = agent.plan(Request::whole(more.clone())).unwrap().len();
    for at in 0..steps {
        let kind = FaultKind::FailAfter;
        let mut world = handle.world();
        world.fault = Some(Fault {
            at: world.steps + at,
            kind,
        });
        drop(world);
        assert_eq!(whole(more.clone()).unwrap_err().undo, Undo::Done);
        assert_eq!(handle.world().state, before);
    }
    assert_eq!(whole(wanted("eth0", Offload::Gro, false)).unwrap().steps, 1);
    assert_eq!(does("eth0", Offload::Gro), Some(false));
    assert_eq!(does("eth0", Offload::Tso), Some(true));

    // Nothing said: nothing changed.
    let mut silent = wanted("eth0", Offload::Gro, true);
    silent.nics.clear();
    assert_eq!(whole(silent).unwrap().steps, 0);
    assert_eq!(does("eth0", Offload::Gro), Some(false));

    assert_eq!(whole(wanted("eth0", Offload::Lro, true)).unwrap().steps, 0);
    assert_eq!(does("eth0", Offload::Lro), None);
}

/// Where the management address is, if its device is up and has a NIC.
fn management_at(agent: &SimAgent) -> Option<(Name, Vec<Name>)> {
    let facts = agent.facts().unwrap();
    let address = "172.16.0.10/27".parse().unwrap();
    let found = facts.bridges.iter().find(|(_, bridge)| {
        bridge.up && bridge.addresses.contains(&address) && facts.gateway_v4.is_some()
    });
    found.map(|(name, bridge)| (*name, bridge.ports.clone()))
}

#[test]
fn management_that_cannot_be_had_as_asked_is_alone_on_the_primary_member_until_it_can() {
    let bonded = topology("xapi1", vec![("xapi1", managed(bond("eth0 eth1")))]);
    let bare_bond = Bridge {
        mac: Some(PRIMARY),
        ..bond("eth0 eth1")
    };
    let on_a_vlan = topology(
        "xapi9",
        vec![
            ("xapi1", bare_bond),
            ("xapi8", Bridge::vlan(name("xapi1"), 8)),
            ("xapi9", managed(Bridge::vlan(name("xapi1"), 9))),
        ],
    );
    for wanted in [bonded, on_a_vlan] {
        let agent = host("eth0 eth1");
        let plan = in_words(&agent.plan(Request::what_can(wanted.clone())).unwrap());
        let last_row = plan.iter().rposition(|step| {
            step.starts_with("put port bond0") || step.starts_with("put bridge xapi9")
        });
        let fault = Fault {
            at: last_row.unwrap(),
            kind: FaultKind::Refuse,
        };
        agent.handle().world().fault = Some(fault);
        let outcome = what_can(&agent, &wanted);
        let alone = outcome.alone.clone().unwrap();
        assert_eq!((alone.bridge, alone.nic), (name("xapi1"), name("eth0")));
        assert!(alone.why.contains("refused on demand"), "{}", alone.why);
        let lost = outcome.left_out.iter().flat_map(|left| &left.bridges);
        assert!(lost.clone().count() > 0, "{:?}", outcome.left_out);
        assert_eq!(
            management_at(&agent),
            Some((name("xapi1"), vec![name("eth0")]))
        );
        let outcome = what_can(&agent, &wanted);
        assert_eq!((outcome.alone, outcome.left_out), (None, Vec::new()));
        assert_eq!(management_at(&agent).unwrap().0, wanted.management.unwrap());
        assert_eq!(what_can(&agent, &wanted).steps, 0);
    }
}

#[test]
fn a_call_that_fails_and_cannot_be_undone_leaves_management_somewhere_and_the_next_round_mends_it()
{
    let before = topology(
        "xapi1",
        vec![
            ("xapi1", managed(bond("eth0 eth1"))),
            ("xenbr2", Bridge::over_nic(name("eth2"))),
        ],
    );
    let to = topology(
        "xenbr0",
        vec![
            ("xenbr0", managed(Bridge::over_nic(name("eth0")))),
            ("xenbr1", Bridge::over_nic(name("eth1"))),
        ],
    );
    let begin = || {
        let agent = host("eth0 eth1 eth2");
        what_can(&agent, &before);
        agent
    };
    let steps = begin().plan(Request::whole(to.clone())).unwrap().len();
    let (mut failed, mut alone, mut converged) = (0, 0, 0);
    for at in 1..steps {
        // The call, the way back step by step, the way back by a plan of its own, and then the first attempts at what
        // was there before.
        for times in 3..6 {
            let agent = begin();
            let handle = agent.handle();
            let mut world = handle.world();
            world.fault = Some(Fault {
                at: world.steps + at,
                kind: FaultKind::RefuseTimes(times),
            });
            drop(world);
            let (sender, told) = channel();
            agent.subscribe(Box::new(move |event| drop(sender.send(event))));
            let error = agent.converge(Request::whole(to.clone())).unwrap_err();
            // Where a refusal falls on several steps of one transaction, nothing may have been done yet.
            if !matches!(error.undo, Undo::Failed(_)) {
                continue;
            }
            failed += 1;
            let events: Vec<NetEvent> = told.try_iter().collect();
            // The second is of the attempt at once; if what is in nobody's way refuses, it says so and is made again later.
            let [NetEvent::Diverged { .. }, second] = &events[..] else {
                panic!("{times} refusals at {at}: {events:?}");
            };
            match second {
                NetEvent::Converged { .. } => converged += 1,
                NetEvent::Diverged { .. } => {}
                other => panic!("{times} refusals at {at}: {other:?}"),
            }
            let (_, ports) = management_at(&agent).unwrap_or_else(|| {
                panic!("no management after {times} refusals at {at}");
            });
            alone += usize::from(ports == [name("eth0")]);
            handle.world().fault = None;
            let outcome = what_can(&agent, &before);
            assert_eq!((outcome.alone, outcome.left_out), (None, Vec::new()));
            assert_eq!(
                management_at(&agent),
                Some((name("xapi1"), vec![name("bond0")]))
            );
        }
    }
    println!("{alone} times alone, {converged} times at once, of {failed}");
    assert!(failed > 10 && alone > 0 && converged > failed / 2);
}

#[test]
fn an_address_stays_until_there_is_a_lease_in_its_place_and_one_of_a_lost_lease_does_not() {
    let agent = host("eth0 eth1");
    let fixed = topology(
        "xenbr0",
        vec![("xenbr0", managed(Bridge::over_nic(name("eth0"))))],
    );
    let by_dhcp = |bridge: Bridge| Bridge {
        mac: Some(PRIMARY),
        ipv4: Ipv4::Dhcp { lease: None },
        ..bridge
    };
    let leased = topology(
        "xenbr0",
        vec![("xenbr0", by_dhcp(Bridge::over_nic(name("eth0"))))],
    );
    let watch = xapi_net::sim::world::Watch {
        address: "172.16.0.10".parse().unwrap(),
        routed: true,
        missing: Vec::new(),
    };
    let handle = agent.handle();
    what_can(&agent, &fixed);
    let before = handle.world().state.clone();
    handle.world().watch = Some(watch.clone());
    // No server: all is as before, and was all the time.
    let error = agent.converge(Request::whole(leased.clone())).unwrap_err();
    assert_eq!((error.cause, error.undo), (Cause::NoLease, Undo::Done));
    assert_eq!(handle.world().state, before);
    // Who asks for what can be keeps the address and goes on asking, also after a move.
    let outcome = what_can(&agent, &leased);
    assert!(outcome.steps > 0);
    has_management(&agent, "xenbr0");
    assert_eq!(what_can(&agent, &leased).steps, 0);
    let bonded = topology("xapi1", vec![("xapi1", by_dhcp(bond("eth0 eth1")))]);
    agent.converge(Request::whole(bonded.clone())).unwrap();
    has_management(&agent, "xapi1");
    // A daemon that starts again finds the address, too.
    let agent = SimAgent::on(handle.clone());
    what_can(&agent, &bonded);
    has_management(&agent, "xapi1");
    let missing = handle.world().watch.take().unwrap().missing;
    assert_eq!(missing, Vec::<String>::new());
    // The lease takes its place.
    let lease = Lease {
        address: "172.16.0.20/27".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Dns::default(),
        server: None,
        mtu: None,
    };
    handle.offer(PRIMARY, None, lease.clone());
    let facts = what_can(&agent, &bonded).facts;
    assert_eq!(facts.bridges[&name("xapi1")].addresses, [lease.address]);
    // And what is lost is lost.
    handle.world().offers.clear();
    handle.world().leased.clear();
    let facts = what_can(&agent, &bonded).facts;
    assert_eq!(facts.bridges[&name("xapi1")].addresses, []);
}

#[test]
fn an_address_on_the_nic_is_kept_for_the_bridge_that_asks_for_a_lease() {
    let agent = host("eth0");
    let handle = agent.handle();
    {
        let mut world = handle.world();
        let inet = "172.16.0.10/27".parse().unwrap();
        world.state.addresses.insert((name("eth0"), inet));
        let nic = world.state.nics.get_mut(&name("eth0")).unwrap();
        nic.up = true;
    }
    let bridge = Bridge {
        mac: Some(PRIMARY),
        ipv4: Ipv4::Dhcp { lease: None },
        ..Bridge::over_nic(name("eth0"))
    };
    let wanted = topology("xenbr0", vec![("xenbr0", bridge)]);
    let facts = what_can(&agent, &wanted).facts;
    let kept = "172.16.0.10/27".parse().unwrap();
    assert_eq!(facts.bridges[&name("xenbr0")].addresses, [kept]);
    assert!(facts.nics[&name("eth0")].addresses.is_empty());
}

#[test]
fn a_speed_is_set_once_and_undone_exactly() {
    let agent = host("eth0 eth1");
    let handle = agent.handle();
    let mut wanted = topology(
        "xenbr0",
        vec![("xenbr0", managed(Bridge::over_nic(name("eth0"))))],
    );
    what_can(&agent, &wanted);
    let before = handle.world().state.clone();
    let modes = xapi_net::topology::LinkModes {
        speed: Some(1000),
        full_duplex: Some(true),
        autoneg: Some(false),
        advertise: None,
    };
    let settings = Nic {
        modes,
        ..Nic::default()
    };
    wanted.nics.insert(name("eth0"), settings);
    wanted
        .bridges
        .insert(name("xenbr1"), Bridge::over_nic(name("eth1")));
    let plan = in_words(&agent.plan(Request::whole(wanted.clone())).unwrap());
    let change = plan.iter().find(|step| step.starts_with("change NIC eth0"));
    assert!(
        change.is_some_and(|step| step.ends_with("speed 1000 duplex full autoneg off")),
        "{plan:#?}"
    );
    for at in 0..plan.len() {
        let mut world = handle.world();
        world.fault = Some(Fault {
            at: world.steps + at,
            kind: FaultKind::FailAfter,
        });
        drop(world);
        let error = agent.converge(Request::whole(wanted.clone())).unwrap_err();
        assert_eq!(error.undo, Undo::Done);
        assert_eq!(handle.world().state, before);
    }
    what_can(&agent, &wanted);
    assert_eq!(handle.world().state.nics[&name("eth0")].modes, modes);
    assert_eq!(what_can(&agent, &wanted).steps, 0);
    // Nothing said: nothing changed.
    wanted.nics.clear();
    assert_eq!(what_can(&agent, &wanted).steps, 0);
}

#[test]
fn a_management_address_that_changes_within_its_network_is_swapped_and_never_left_out() {
    for (from, to) in [
        ("172.16.0.10", "172.16.0.20"),
        ("172.16.0.20", "172.16.0.10"),
    ] {
        let agent = host("eth0");
        let wanted = |address: &str| {
            let bridge = Bridge {
                ipv4: Ipv4::Static {
                    address: format!("{address}/27").parse().unwrap(),
                    gateway: Some("172.16.0.1".parse().unwrap()),
                },
                ..managed(Bridge::over_nic(name("eth0")))
            };
            topology("xenbr0", vec![("xenbr0", bridge)])
        };
        what_can(&agent, &wanted(from));
        let outcome = what_can(&agent, &wanted(to));
        assert_eq!(outcome.left_out, [], "{from} to {to}");
        let bridge = &outcome.facts.bridges[&name("xenbr0")];
        let kept = format!("{to}/27").parse().unwrap();
        assert_eq!(bridge.addresses, [kept]);
        assert_eq!(
            outcome.facts.gateway_v4,
            Some("172.16.0.1".parse().unwrap())
        );
    }
}
