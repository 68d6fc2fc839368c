//! What must not take the host out of reach: a detail that is refused, a backend that is silent, a lease that does not come.

use xapi_net::agent::{Agent, Cause, Request};
use xapi_net::sim::{Fault, FaultKind};
use xapi_net::topology::{Bridge, Dns, Ipv4, Ipv6, Lease};

use super::{
    PRIMARY, bond, has_management, host, managed, management_at, name, topology, what_can,
};

#[test]
fn an_mtu_that_a_nic_does_not_take_is_told_and_costs_no_bridge() {
    let agent = host("eth0");
    let handle = agent.handle();
    let wanted = |mtu| {
        let bridge = Bridge {
            mtu,
            ..managed(Bridge::over_nic(name("eth0")))
        };
        topology("xenbr0", vec![("xenbr0", bridge)])
    };
    what_can(&agent, &wanted(1500));
    let outcome = what_can(&agent, &wanted(20_000));
    assert_eq!((outcome.left_out, outcome.alone), (Vec::new(), None));
    has_management(&agent, "xenbr0");
    assert_eq!(handle.world().state.nics[&name("eth0")].mtu, 1500);
    let told = outcome.facts.nics[&name("eth0")].refused.clone();
    assert!(told.is_some_and(|why| why.contains("MTU 20000")));
    assert_eq!(what_can(&agent, &wanted(20_000)).steps, 0);
    // Another one is tried, and nothing is told any more.
    let outcome = what_can(&agent, &wanted(9_000));
    assert_eq!(handle.world().state.nics[&name("eth0")].mtu, 9_000);
    assert_eq!(outcome.facts.nics[&name("eth0")].refused, None);
}

#[test]
fn management_that_can_be_had_nowhere_stays_as_it_was() {
    let agent = host("eth0 eth1");
    let handle = agent.handle();
    let wanted = |more: bool| {
        let mut bridges = vec![("xenbr0", managed(Bridge::over_nic(name("eth0"))))];
        if more {
            // A detail of management that the host refuses, again and again.
            bridges[0].1.mtu = 9_000;
            bridges.push(("xenbr1", Bridge::over_nic(name("eth1"))));
        }
        topology("xenbr0", bridges)
    };
    what_can(&agent, &wanted(false));
    let before = handle.world().state.clone();
    {
        let mut world = handle.world();
        world.watch = Some(xapi_net::sim::world::Watch {
            address: "172.16.0.10".parse().unwrap(),
            routed: true,
            missing: Vec::new(),
        });
        world.fault = Some(Fault {
            at: world.steps,
            kind: FaultKind::Refuse,
        });
    }
    let outcome = what_can(&agent, &wanted(true));
    assert_eq!(outcome.left_out.len(), 1, "{:?}", outcome.left_out);
    assert_eq!(outcome.left_out[0].bridges, [name("xenbr0")]);
    has_management(&agent, "xenbr0");
    let world = handle.world();
    assert_eq!(world.watch.as_ref().unwrap().missing, Vec::<String>::new());
    let now = world.state.bridges.get(&name("xenbr0"));
    assert_eq!(now, before.bridges.get(&name("xenbr0")));
    assert!(
        world.state.bridges.contains_key(&name("xenbr1")),
        "the rest comes up"
    );
    drop(world);
    assert_eq!(what_can(&agent, &wanted(true)).left_out, []);
    has_management(&agent, "xenbr0");
}

#[test]
fn an_open_vswitch_that_does_not_follow_costs_management_nothing() {
    let agent = host("eth0 eth1");
    let handle = agent.handle();
    let before = topology("xapi1", vec![("xapi1", managed(bond("eth0 eth1")))]);
    what_can(&agent, &before);
    let mut wanted = before.clone();
    wanted.bridges.get_mut(&name("xapi1")).unwrap().mtu = 9_000;
    let plan = agent.plan(Request::what_can(wanted.clone())).unwrap();
    for (at, step) in plan.iter().enumerate() {
        let mut world = handle.world();
        world.fault = Some(Fault {
            at: world.steps + at,
            kind: FaultKind::Silent,
        });
        drop(world);
        let error = agent
            .converge(Request::what_can(wanted.clone()))
            .unwrap_err();
        assert_eq!(error.cause, Cause::TimedOut, "{step}");
        assert_eq!(
            management_at(&agent),
            Some((name("xapi1"), vec![name("bond0")]))
        );
        what_can(&agent, &before);
    }
}

#[test]
fn all_addresses_stay_until_the_lease_whatever_resolv_conf_says() {
    let agent = host("eth0");
    let handle = agent.handle();
    let inet = |text: &str| text.parse::<xapi_net::topology::Inet>().unwrap();
    let all = ["169.254.7.7/16", "172.16.0.10/27", "10.7.0.1/24"].map(inet);
    {
        let mut world = handle.world();
        for address in all {
            world.state.addresses.insert((name("eth0"), address));
        }
        world.state.nics.get_mut(&name("eth0")).unwrap().up = true;
        // A word that the C library takes and that is no domain, and more servers than it asks.
        let servers: String = (1..100)
            .map(|n| format!("nameserver 10.0.0.{n}\n"))
            .collect();
        let text = format!("search b\u{fc}ro.example intra\n{servers}");
        world.state.resolver = Some(text.into());
    }
    let bridge = Bridge {
        mac: Some(PRIMARY),
        ipv4: Ipv4::Dhcp { lease: None },
        ..Bridge::over_nic(name("eth0"))
    };
    let mut wanted = topology("xenbr0", vec![("xenbr0", bridge)]);
    wanted.dns = Some(name("xenbr0"));
    let outcome = what_can(&agent, &wanted);
    assert_eq!(outcome.left_out, []);
    let on_bridge = &outcome.facts.bridges[&name("xenbr0")].addresses;
    let mut expected = all.to_vec();
    expected.sort();
    assert_eq!(*on_bridge, expected);
    assert_eq!(outcome.facts.dns.search, ["intra"]);
    assert_eq!(what_can(&agent, &wanted).steps, 0);
    let lease = Lease {
        address: inet("172.16.0.20/27"),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Dns::default(),
        server: None,
        mtu: None,
    };
    handle.offer(PRIMARY, None, lease.clone());
    let facts = what_can(&agent, &wanted).facts;
    assert_eq!(facts.bridges[&name("xenbr0")].addresses, [lease.address]);
}

#[test]
fn a_static_ipv6_address_keeps_its_router_until_there_is_a_lease() {
    let agent = host("eth0");
    let over = |ipv6| {
        let bridge = Bridge {
            mac: Some(PRIMARY),
            ipv6,
            ..Bridge::over_nic(name("eth0"))
        };
        topology("xenbr0", vec![("xenbr0", bridge)])
    };
    let fixed = over(Ipv6::Static {
        addresses: vec!["fd00:172:16::10/64".parse().unwrap()],
        gateway: Some("fd00:172:16::1".parse().unwrap()),
    });
    let router = what_can(&agent, &fixed).facts.gateway_v6;
    assert!(router.is_some());
    let facts = what_can(&agent, &over(Ipv6::Dhcp { lease: None })).facts;
    let kept = "fd00:172:16::10/64".parse().unwrap();
    assert_eq!(facts.bridges[&name("xenbr0")].addresses, [kept]);
    assert_eq!(facts.gateway_v6, router);
}
