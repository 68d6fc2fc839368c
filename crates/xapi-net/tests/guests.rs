//! Tunnels and guests' NICs on the simulated host.

use xapi_net::names::{Mac, Name};
use xapi_net::topology::{
    Bridge, BridgeKind, Filter, Ipv4, Rate, Real, Topology, Tunnel, TunnelProtocol, Uplink, Vif,
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
    let invalid = topology.check().expect_err(why).to_string();
    assert!(invalid.contains(why), "{invalid:?} is not about {why:?}");
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
    check(with(|vif| vif.filter = only(&["::"])), "no address");
    check(with(|vif| vif.filter = only(&["ff02::1"])), "no address");
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
