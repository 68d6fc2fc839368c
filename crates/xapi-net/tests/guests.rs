//! Tunnels and guests' NICs on the simulated host.

use std::sync::mpsc::channel;
use std::time::Instant;

use xapi_net::agent::{Agent, Cause, Outcome, Part, Request, Undo};
use xapi_net::names::{Mac, Name};
use xapi_net::object;
use xapi_net::ovs::row;
use xapi_net::planned::in_words;
use xapi_net::sim::{Fault, FaultKind, SimAgent};
use xapi_net::topology::{
    Bond, BondMode, Bridge, BridgeKind, Filter, Ipv4, Ipv6, Rate, Real, Topology, Tunnel,
    TunnelProtocol, Uplink, Vif,
};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

fn tunnel(protocol: TunnelProtocol, key: u32, remotes: &[&str]) -> Bridge {
    Bridge::of_kind(BridgeKind::Real(Real {
        uplink: Some(Uplink::Tunnel(Tunnel {
            protocol,
            key,
            local: None,
            remotes: remotes.iter().map(|it| it.parse().unwrap()).collect(),
        })),
        ..Real::default()
    }))
}

fn vif(bridge: &str) -> Vif {
    Vif {
        bridge: name(bridge),
        mac: Mac([2, 0, 0, 0, 1, 1]),
        mtu: 1500,
        external_ids: [("xs-vif-uuid".to_owned(), "u".to_owned())].into(),
        rate: None,
        filter: Filter::Open,
    }
}

fn only(addresses: &[&str]) -> Filter {
    Filter::Only {
        addresses: addresses.iter().map(|it| it.parse().unwrap()).collect(),
    }
}

/// One tunnel on xapi1, one VIF on it, and a VLAN of a bridge over a NIC.
fn base() -> Topology {
    let mut topology = Topology::default();
    topology.bridges.insert(
        name("xapi1"),
        tunnel(TunnelProtocol::Vxlan, 7, &["10.0.0.2"]),
    );
    topology
        .bridges
        .insert(name("xenbr0"), Bridge::over_nic(name("eth0")));
    topology
        .bridges
        .insert(name("xapi2"), Bridge::vlan(name("xenbr0"), 7));
    topology.vifs.insert(name("vif1.0"), vif("xapi1"));
    topology.vifs.insert(name("vif1.1"), vif("xapi2"));
    topology
}

fn check(change: impl FnOnce(&mut Topology), why: &str) {
    let mut topology = base();
    change(&mut topology);
    check_topology(&topology, Some(why));
}

fn check_topology(topology: &Topology, why: Option<&str>) {
    match (topology.check(), why) {
        (Ok(()), None) => {}
        (Err(invalid), Some(why)) => {
            let invalid = invalid.to_string();
            assert!(invalid.contains(why), "{invalid:?} is not about {why:?}");
        }
        (checked, why) => panic!("{checked:?} instead of {why:?}"),
    }
}

#[test]
fn tunnels_that_cannot_be_are_refused() {
    base().check().unwrap();
    let put = |name_of: &str, bridge: Bridge| {
        let name = name(name_of);
        move |topology: &mut Topology| drop(topology.bridges.insert(name, bridge))
    };
    let gre = TunnelProtocol::Gre;
    let vxlan = TunnelProtocol::Vxlan;
    check(put("xapi3", tunnel(vxlan, 1 << 24, &[])), "24 bits");
    let mut fits = base();
    put("xapi3", tunnel(gre, u32::MAX, &["10.0.0.2"]))(&mut fits);
    put("xapi4", tunnel(vxlan, 8, &["10.0.0.2"]))(&mut fits);
    fits.check().unwrap();
    check(put("xapi3", tunnel(vxlan, 7, &["10.0.0.2"])), "already");
    check(
        put("xapi3", tunnel(gre, 7, &["10.0.0.2", "fd00::2"])),
        "two families",
    );
    check(put("xapi3", tunnel(gre, 7, &["224.0.0.1"])), "no end");
    let many: Vec<String> = (0..1025)
        .map(|n| format!("10.1.{}.{}", n / 250, 1 + n % 250))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(put("xapi3", tunnel(gre, 7, &many)), "more than 1024");
    let mut own = tunnel(gre, 7, &["10.0.0.1"]);
    if let BridgeKind::Real(real) = &mut own.kind
        && let Some(Uplink::Tunnel(tunnel)) = &mut real.uplink
    {
        tunnel.local = Some("10.0.0.1".parse().unwrap());
    }
    check(put("xapi3", own), "this host itself");
    let managed = |address: &str, gateway: Option<&str>| {
        let ipv4 = Ipv4::Static {
            address: address.parse().unwrap(),
            gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        };
        let bridge = Bridge {
            ipv4,
            ..tunnel(gre, 7, &["10.0.0.2"])
        };
        move |topology: &mut Topology| {
            topology.bridges.insert(name("xapi3"), bridge);
            topology.gateway = Some(name("xapi3"));
        }
    };
    check(managed("10.0.0.1/24", None), "through the tunnel itself");
    check(
        managed("10.7.0.2/24", Some("10.7.0.1")),
        "through the tunnel itself",
    );
    let mut fits = base();
    managed("10.7.0.2/24", None)(&mut fits);
    fits.check().unwrap();
    // Open vSwitch takes the default route of IPv6 for every IPv4 address to which no other leads.
    let by_ipv6 = |ipv6: Ipv6| {
        move |topology: &mut Topology| {
            let vlan = Bridge {
                ipv6,
                ..Bridge::vlan(name("xapi3"), 5)
            };
            topology
                .bridges
                .insert(name("xapi3"), tunnel(gre, 7, &["10.0.0.2"]));
            topology.bridges.insert(name("xapi5"), vlan);
            topology.gateway = Some(name("xapi5"));
        }
    };
    let with_router = |gateway: Option<&str>| Ipv6::Static {
        addresses: vec!["fd00::3/64".parse().unwrap()],
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
    };
    check(by_ipv6(with_router(Some("fe80::1"))), "a tunnel, by xapi5");
    check(by_ipv6(Ipv6::Autoconf), "a tunnel, by xapi5");
    let mut fits = base();
    by_ipv6(with_router(None))(&mut fits);
    fits.check().unwrap();
    // Through each other, and one through the other alone.
    let over = |address: &str, key: u32, end: &str| {
        let bridge = Bridge {
            ipv4: Ipv4::Static {
                address: address.parse().unwrap(),
                gateway: None,
            },
            ..tunnel(gre, key, &[end])
        };
        let own = name(&format!("tb{key}"));
        move |topology: &mut Topology| drop(topology.bridges.insert(own, bridge))
    };
    let mut circle = base();
    over("10.7.0.1/24", 7, "10.8.0.2")(&mut circle);
    check_topology(&circle, None);
    over("10.8.0.1/24", 8, "10.7.0.2")(&mut circle);
    check_topology(&circle, Some("would lead through a tunnel"));
    let mut nested = base();
    over("10.7.0.1/24", 7, "192.0.2.2")(&mut nested);
    over("10.8.0.1/24", 8, "10.7.0.2")(&mut nested);
    check_topology(&nested, Some("would lead through a tunnel"));
    // Where another bridge is in the network of the other end, that is the way.
    let mut fits = base();
    managed("10.7.0.2/24", Some("10.7.0.1"))(&mut fits);
    fits.bridges.get_mut(&name("xenbr0")).unwrap().ipv4 = Ipv4::Static {
        address: "10.0.0.1/24".parse().unwrap(),
        gateway: None,
    };
    fits.check().unwrap();
    check(put("xapi-guard", Bridge::internal()), "no network may have");
}

#[test]
fn vifs_that_cannot_be_are_refused() {
    let put = |name_of: &str, vif: Vif| {
        let name = name(name_of);
        move |topology: &mut Topology| drop(topology.vifs.insert(name, vif))
    };
    let with = |change: fn(&mut Vif)| {
        let mut vif = vif("xapi1");
        change(&mut vif);
        put("vif1.0", vif)
    };
    check(put("vif1.0", vif("xapi9")), "xapi9 is no bridge");
    check(put("eth0", vif("xapi1")), "also a NIC under a bridge");
    check(put("xapi2", vif("xapi1")), "also a bridge");
    check(with(|vif| vif.mac = Mac([1, 0, 0, 0, 0, 1])), "MAC");
    check(with(|vif| vif.mtu = 67), "no MTU");
    check(
        with(|vif| vif.rate = Some(Rate { kbps: 0, burst: 1 })),
        "rate",
    );
    check(
        with(|vif| drop(vif.external_ids.insert("vm-id".into(), "x".into()))),
        "external id",
    );
    check(
        with(|vif| drop(vif.external_ids.insert("xs-a".into(), "x".repeat(4096)))),
        "external ids",
    );
    // Which addresses a guest may have is for others to say.
    let mut any = base();
    with(|vif| vif.filter = only(&["::", "ff02::1"]))(&mut any);
    any.check().unwrap();
    let many: Vec<String> = (0..257).map(|n| format!("fd00::{n:x}1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    check(
        put(
            "vif1.0",
            Vif {
                filter: only(&many),
                ..vif("xapi1")
            },
        ),
        "more than 256",
    );
    let mut fits = base();
    put(
        "vif1.0",
        Vif {
            filter: only(&["10.0.0.9", "fe80::1"]),
            ..vif("xapi1")
        },
    )(&mut fits);
    fits.check().unwrap();
}

#[test]
fn a_bridge_that_is_left_out_takes_the_vifs_on_it_and_on_its_vlans_along() {
    let mut topology = base();
    assert_eq!(topology.leave_out_bridge(name("xapi2")), [name("xapi2")]);
    assert_eq!(topology.vifs.keys().collect::<Vec<_>>(), [&name("vif1.0")]);
    let mut topology = base();
    topology.leave_out_bridge(name("xenbr0"));
    assert_eq!(topology.vifs.keys().collect::<Vec<_>>(), [&name("vif1.0")]);
    assert!(topology.leave_out_nic(name("vif1.0")).is_empty());
    assert!(topology.vifs.is_empty() && topology.bridges.contains_key(&name("xapi1")));
    topology.check().unwrap();
}

#[test]
fn tunnels_and_vifs_survive_the_disk() {
    let mut topology = base();
    let vif = topology.vifs.get_mut(&name("vif1.0")).unwrap();
    vif.filter = only(&["10.0.0.9", "fd00::9"]);
    vif.rate = Some(Rate {
        kbps: 1000,
        burst: 100,
    });
    let text = serde_json::to_string(&topology).unwrap();
    assert_eq!(serde_json::from_str::<Topology>(&text).unwrap(), topology);
}

fn host(devices: &str) -> SimAgent {
    SimAgent::new(devices.split_whitespace().map(name))
}

fn whole(agent: &SimAgent, topology: &Topology) -> Outcome {
    agent.converge(Request::whole(topology.clone())).unwrap()
}

fn locked() -> Topology {
    let mut topology = base();
    topology.vifs.get_mut(&name("vif1.1")).unwrap().filter = only(&["10.0.0.9"]);
    topology
}

fn ports(outcome: &Outcome, bridge: &str) -> Vec<String> {
    let ports = &outcome.facts.bridges[&name(bridge)].ports;
    ports.iter().map(Name::to_string).collect()
}

#[test]
fn vifs_are_shown_where_they_belong_and_are_none_of_the_hosts_own_nics() {
    let agent = host("eth0 vif1.0 vif1.1");
    let outcome = whole(&agent, &locked());
    let tunnel = xapi_net::lower::tunnel_port(&name("xapi1"), &"10.0.0.2".parse().unwrap());
    assert_eq!(ports(&outcome, "xapi1"), [tunnel.as_str(), "vif1.0"]);
    assert_eq!(ports(&outcome, "xapi2"), ["vif1.1"]);
    assert_eq!(ports(&outcome, "xenbr0"), ["eth0"]);
    let nics: Vec<Name> = outcome.facts.nics.keys().copied().collect();
    assert_eq!(nics, [name("eth0")]);
    let bridges: Vec<Name> = outcome.facts.bridges.keys().copied().collect();
    assert_eq!(bridges, [name("xapi1"), name("xapi2"), name("xenbr0")]);
    assert_eq!(whole(&agent, &locked()).steps, 0);
}

#[test]
fn a_vif_without_a_device_fails_nothing_and_is_named_and_taken_in_when_it_comes() {
    let agent = host("eth0 vif1.0");
    let outcome = whole(&agent, &locked());
    assert!(outcome.absent.iter().eq([&name("vif1.1")]));
    assert!(outcome.left_out.is_empty());
    assert!(ports(&outcome, "xapi2").is_empty());
    agent.handle().plug_in(name("vif1.1"));
    let outcome = whole(&agent, &locked());
    assert!(outcome.absent.is_empty());
    assert_eq!(ports(&outcome, "xapi2"), ["vif1.1"]);
    // It goes and leaves its rows behind, and whoever asks next clears them away.
    agent.handle().pull_out(name("vif1.1"));
    let outcome = whole(&agent, &locked());
    assert!(outcome.absent.iter().eq([&name("vif1.1")]));
    let handle = agent.handle();
    assert!(
        handle
            .world()
            .state
            .ports
            .keys()
            .all(|port| *port != name("vif1.1"))
    );
    assert!(handle.world().state.filters.is_empty());
}

#[test]
fn a_vif_that_refuses_fails_a_call_and_costs_nothing_else_where_that_may_be() {
    for topology in [base(), locked()] {
        let agent = host("eth0 vif1.0 vif1.1");
        agent.handle().world().refusing.insert(name("vif1.1"));
        let error = agent
            .converge(Request::whole(topology.clone()))
            .unwrap_err();
        assert_eq!(
            (error.part, error.cause),
            (Part::Nic(name("vif1.1")), Cause::Refused)
        );
        assert_eq!(error.undo, Undo::Done);
        assert!(agent.facts().unwrap().bridges.is_empty());
        let outcome = agent.converge(Request::what_can(topology.clone())).unwrap();
        let parts: Vec<Part> = outcome.left_out.iter().map(|left| left.part).collect();
        assert_eq!(parts, [Part::Nic(name("vif1.1"))]);
        assert!(outcome.left_out[0].bridges.is_empty());
        assert!(ports(&outcome, "xapi2").is_empty());
        assert!(ports(&outcome, "xapi1").contains(&"vif1.0".to_owned()));
    }
}

#[test]
fn a_locked_vif_that_moves_with_its_network_keeps_its_rules_and_its_port() {
    let agent = host("eth0 eth1 vif1.0 vif1.1");
    whole(&agent, &locked());
    let mut bonded = locked();
    bonded.bridges.remove(&name("xenbr0"));
    let bond = Bond {
        name: name("bond0"),
        members: vec![name("eth0"), name("eth1")],
        mac: None,
        mode: BondMode::ActiveBackup,
        properties: Default::default(),
    };
    bonded
        .bridges
        .insert(name("xapi9"), Bridge::over_bond(bond));
    bonded
        .bridges
        .insert(name("xapi2"), Bridge::vlan(name("xapi9"), 7));
    let plan = in_words(&agent.plan(Request::whole(bonded.clone())).unwrap());
    let about = |what: &str| plan.iter().filter(|step| step.contains(what)).count();
    assert_eq!(
        (about("filter on"), about("port vif1.1")),
        (0, 0),
        "{plan:#?}"
    );
    let before = agent.handle().world().transactions;
    whole(&agent, &bonded);
    assert!(agent.handle().world().transactions - before <= 3);
    // An open one moves within the transaction of the switch, and is never down.
    let plan = in_words(&agent.plan(Request::whole(base())).unwrap());
    assert!(
        plan.iter().all(|step| !step.contains("NIC vif")),
        "{plan:#?}"
    );
}

#[test]
fn a_failure_at_any_step_of_a_change_of_vifs_and_tunnels_is_undone_exactly() {
    let agent = host("eth0 vif1.0 vif1.1");
    let handle = agent.handle();
    whole(&agent, &base());
    let before = handle.world().state.clone();
    let mut to = locked();
    to.vifs.get_mut(&name("vif1.0")).unwrap().filter = Filter::Closed;
    to.bridges.insert(
        name("xapi1"),
        tunnel(TunnelProtocol::Gre, 7, &["10.0.0.2", "10.0.0.3"]),
    );
    let steps = agent.plan(Request::whole(to.clone())).unwrap().len();
    assert!(steps > 8);
    for at in 0..steps {
        for kind in [FaultKind::Refuse, FaultKind::FailAfter] {
            let mut world = handle.world();
            let at = world.steps + at;
            world.fault = Some(Fault { at, kind });
            drop(world);
            let error = agent.converge(Request::whole(to.clone())).unwrap_err();
            assert!(!matches!(error.undo, Undo::Failed(_)), "{error}");
            assert_eq!(handle.world().state, before, "{kind:?} at {at}");
        }
    }
    whole(&agent, &to);
}

#[test]
fn a_guest_that_ends_before_a_change_is_undone_gets_nothing_back_and_all_others_do() {
    let mut to = locked();
    to.vifs.get_mut(&name("vif1.0")).unwrap().filter = Filter::Closed;
    to.vifs.get_mut(&name("vif1.1")).unwrap().mtu = 1400;
    let begin = || {
        let agent = host("eth0 vif1.0 vif1.1");
        whole(&agent, &base());
        agent
    };
    // What is not there for a guest, which must be as before.
    let rest = |agent: &SimAgent| {
        let handle = agent.handle();
        let state = handle.world().state.clone();
        let mut ports = state.ports.clone();
        ports.retain(|_, port| port.row.vif().is_none());
        (
            state.bridges,
            ports,
            state.links,
            state.addresses,
            state.routes,
        )
    };
    let steps = begin().plan(Request::whole(to.clone())).unwrap().len();
    assert!(steps > 8);
    for step in 0..steps {
        let agent = begin();
        let before = rest(&agent);
        let handle = agent.handle();
        let mut world = handle.world();
        let at = world.steps + step;
        world.fault = Some(Fault {
            at,
            kind: FaultKind::GuestsLeave,
        });
        drop(world);
        match agent.converge(Request::whole(to.clone())) {
            // Once more, without them.
            Ok(outcome) => assert_eq!(outcome.absent.len(), 2, "at {step}"),
            Err(error) => {
                assert!(!matches!(error.undo, Undo::Failed(_)), "at {step}: {error}");
                assert_eq!(rest(&agent), before, "at {step}: {error}");
            }
        }
        assert!(handle.world().state.filters.is_empty(), "at {step}");
        let without = Topology {
            vifs: Default::default(),
            ..to.clone()
        };
        whole(&agent, &without);
    }
}

#[test]
fn a_guard_that_somebody_opened_is_made_anew_and_what_he_put_there_goes() {
    let agent = host("eth0 vif1.0 vif1.1");
    whole(&agent, &locked());
    let handle = agent.handle();
    let guard = name("xapi-guard");
    let change = |change: fn(&mut row::RealBridge)| {
        let mut world = handle.world();
        let bridge = world.state.bridges.get_mut(&guard).unwrap();
        let row::Bridge::Real(mut real) = (*bridge.row).clone() else {
            panic!("the guard is a VLAN");
        };
        change(&mut real);
        bridge.row = row::Bridge::Real(real).into();
    };
    let changes: [fn(&mut row::RealBridge); 2] = [
        |real| real.fail_mode = row::FailMode::Standalone,
        |real| real.controlled = true,
    ];
    for made in changes {
        change(made);
        let plan = in_words(&agent.plan(Request::whole(locked())).unwrap());
        for step in [
            "drop bridge xapi-guard",
            "put bridge xapi-guard",
            "put filter on vif1.1",
        ] {
            assert!(plan.iter().any(|it| it.starts_with(step)), "{plan:#?}");
        }
        whole(&agent, &locked());
        assert!(agent.plan(Request::whole(locked())).unwrap().is_empty());
    }
    // A port of somebody else's is no reason to keep the guard for ever.
    let odd = object::Port {
        ours: false,
        ..object::Port::new(row::Port::virtual_one(
            "xapi-guard",
            "odd0",
            "patch",
            Default::default(),
        ))
    };
    handle.world().state.ports.insert(name("odd0"), odd);
    let mut without = locked();
    without.vifs.clear();
    whole(&agent, &without);
    assert!(!handle.world().state.bridges.contains_key(&guard));
}

#[test]
fn what_fails_for_a_guest_is_no_reason_to_do_without_the_bond_of_management() {
    let agent = host("eth0 eth1 vif1.0");
    let mut wanted = base();
    let bond = Bond {
        name: name("bond0"),
        members: vec![name("eth0"), name("eth1")],
        mac: None,
        mode: BondMode::ActiveBackup,
        properties: Default::default(),
    };
    wanted.vifs.clear();
    let managed = Bridge {
        mac: Some(Mac([2, 0, 0, 0, 0, 1])),
        ipv4: Ipv4::Static {
            address: "10.0.0.1/24".parse().unwrap(),
            gateway: None,
        },
        ..Bridge::over_bond(bond)
    };
    wanted.bridges.clear();
    wanted.bridges.insert(name("xapi9"), managed);
    wanted.management = Some(name("xapi9"));
    // A guest that nobody asked for any more, and whose NIC does not go.
    let mut with_guest = wanted.clone();
    with_guest.vifs.insert(name("vif1.0"), vif("xapi9"));
    whole(&agent, &with_guest);
    let at = agent.handle().world().steps;
    agent.handle().world().fault = Some(Fault {
        at,
        kind: FaultKind::RefuseTimes(3),
    });
    let plan = in_words(&agent.plan(Request::whole(wanted.clone())).unwrap());
    assert!(plan[0].contains("vif1.0"), "{plan:#?}");
    let done = agent.converge(Request::what_can(wanted));
    if let Ok(outcome) = &done {
        assert_eq!(outcome.alone, None);
    }
    let facts = agent.facts().unwrap();
    assert_eq!(facts.bonds.len(), 1, "{done:?}");
}

#[test]
fn a_tunnel_that_a_lease_would_lead_through_itself_goes_without_that_end() {
    let agent = host("eth0 vif1.0 vif1.1");
    let mut wanted = base();
    let access = wanted.bridges.get_mut(&name("xapi1")).unwrap();
    access.mac = Some(Mac([2, 0, 0, 0, 0, 1]));
    access.ipv4 = Ipv4::Dhcp { lease: None };
    wanted.gateway = Some(name("xapi1"));
    let (sender, told) = channel();
    agent.subscribe(Box::new(move |event| drop(sender.send(event))));
    agent.converge(Request::what_can(wanted.clone())).unwrap();
    let lease = xapi_net::topology::Lease {
        address: "10.7.0.2/24".parse().unwrap(),
        gateway: Some("10.7.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    agent.handle().offer(Mac([2, 0, 0, 0, 0, 1]), None, lease);
    assert!(told.try_recv().is_ok());
    let outcome = agent.converge(Request::what_can(wanted)).unwrap();
    let parts: Vec<Part> = outcome.left_out.iter().map(|left| left.part).collect();
    assert_eq!(parts, [Part::Bridge(name("xapi1"))]);
    assert_eq!(ports(&outcome, "xapi1"), ["vif1.0"]);
    assert!(!outcome.facts.bridges[&name("xapi1")].addresses.is_empty());
}

/// Not a bound but a figure, of the planning alone: `cargo test -p xapi-net --test guests figure -- --nocapture`.
#[test]
fn figure_of_a_thousand_vifs_on_eight_hundred_vlans() {
    let vifs: Vec<Name> = (0..1000).map(|n| name(&format!("vif{n}.0"))).collect();
    let agent = SimAgent::new(vifs.iter().copied().chain([name("eth0"), name("eth1")]));
    let on = |bridge: Bridge| {
        let mut topology = Topology::default();
        topology.bridges.insert(name("xapi0"), bridge);
        for tag in 1..=800 {
            let vlan = Bridge::vlan(name("xapi0"), tag);
            topology.bridges.insert(name(&format!("vlan{tag}")), vlan);
        }
        for (number, name_of) in vifs.iter().enumerate() {
            let filter = if number % 2 == 0 {
                only(&["10.0.0.9"])
            } else {
                Filter::Open
            };
            let bridge = format!("vlan{}", 1 + number % 800);
            topology.vifs.insert(
                *name_of,
                Vif {
                    filter,
                    ..vif(&bridge)
                },
            );
        }
        topology
    };
    let wanted = on(Bridge::over_nic(name("eth0")));
    for what in ["all of them", "nothing"] {
        let began = Instant::now();
        let steps = whole(&agent, &wanted).steps;
        println!("{what}: {steps} steps in {:?}", began.elapsed());
    }
}
