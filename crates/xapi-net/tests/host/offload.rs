//! Offload settings of a real NIC.

use xapi_net::topology::{LinkModes, Nic, Offload};

use crate::host::{Host, addressed, name, over, topology};

#[test]
fn offload_settings_are_put_on_the_nic_and_one_it_does_not_have_hurts_nobody() {
    let host = Host::new(1);
    let wanted = |gro: bool| {
        let mut wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
        let settings = Nic {
            mtu: None,
            offload: [(Offload::Gro, gro), (Offload::Lro, true)].into(),
            ..Nic::default()
        };
        wanted.nics.insert(name("eth0"), settings);
        wanted
    };
    let shows = |line: &str| {
        let all = host.lab.host.run("ethtool -k eth0");
        all.lines().any(|shown| shown == line)
    };
    for gro in [true, false, true] {
        host.whole(&wanted(gro)).unwrap();
        let word = if gro { "on" } else { "off" };
        assert!(shows(&format!("generic-receive-offload: {word}")));
        assert_eq!(host.whole(&wanted(gro)).unwrap().steps, 0);
    }
    assert!(shows("large-receive-offload: off [fixed]"));

    // Somebody else's change is found, and mended.
    host.lab.host.run("ethtool -K eth0 gro off");
    assert_eq!(host.whole(&wanted(true)).unwrap().steps, 1);
    assert!(shows("generic-receive-offload: on"));
}

#[test]
fn a_speed_that_the_nic_does_not_take_is_told_and_hurts_nobody() {
    let host = Host::new(1);
    let wanted = |speed: u32| {
        let mut wanted = topology("xenbr0", vec![("xenbr0", addressed(over(&host, "eth0")))]);
        let modes = LinkModes {
            speed: Some(speed),
            autoneg: Some(false),
            ..LinkModes::default()
        };
        let settings = Nic {
            modes,
            ..Nic::default()
        };
        wanted.nics.insert(name("eth0"), settings);
        wanted
    };
    let refused = |facts: &xapi_net::facts::Facts| facts.nics[&name("eth0")].refused.clone();
    // What it does anyway is no trouble.
    let facts = host.whole(&wanted(10_000)).unwrap().facts;
    assert_eq!(refused(&facts), None);
    let facts = host.whole(&wanted(100)).unwrap().facts;
    let why = refused(&facts).unwrap();
    assert!(
        why.contains("setting speed 100 autoneg off of eth0"),
        "{why}"
    );
    assert_eq!(host.whole(&wanted(100)).unwrap().steps, 0);
    host.lab.switch.run("ping -n -c 1 -w 5 10.99.0.2");
    let facts = host.whole(&wanted(10_000)).unwrap().facts;
    assert_eq!(refused(&facts), None);
}
