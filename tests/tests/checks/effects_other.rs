//! What the other calls of PIFs, networks and hosts change (API facts, 1.2, 1.7, 1.8).

use xapi_model::{
    Network, NetworkDefaultLockingMode, Pif, PifMetrics, PrimaryAddressType, Ref, Value,
};
use xapi_net::names::Name;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::network::record;
use crate::stage::*;

fn inventory(host: &SimHost) -> String {
    std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap()
}

#[test]
fn a_scan_finds_what_is_new_and_forgets_nothing() {
    let host = SimHost::new(3);
    let first = host.all::<Pif>().len();
    host.handle.world().plug_in(Name::new("eth3").unwrap());
    host.handle.world().plug_in(Name::new("enp5s0").unwrap());
    host.handle.world().pull_out(Name::new("eth2").unwrap());
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    assert_eq!(host.all::<Pif>().len(), first + 2, "eth2 stays");
    let pif = host.get(&host.pif("eth3"));
    assert_eq!(
        (pif.physical, pif.managed, pif.management),
        (true, true, false)
    );
    assert_eq!(
        (pif.vlan, pif.mtu, pif.device_name.as_str()),
        (-1, 1500, "eth3")
    );
    assert!(!pif.currently_attached && !pif.disallow_unplug);
    assert_eq!(pif.properties["gro"], "on");
    assert_eq!(pif.primary_address_type, PrimaryAddressType::IPv4);
    let mac = host.handle.world().hardware[&Name::new("eth3").unwrap()].mac;
    assert_eq!(pif.mac, mac.to_string());
    let network = host.get(&pif.network);
    assert_eq!(network.bridge, "xenbr3");
    assert_eq!(network.name_label, "Pool-wide network associated with eth3");
    assert_eq!((network.mtu, network.managed), (1500, true));
    assert_eq!(
        network.default_locking_mode,
        NetworkDefaultLockingMode::Unlocked
    );
    assert_eq!(
        host.get(&host.get(&host.pif("enp5s0")).network).bridge,
        "brenp5s0"
    );
    let (seen, generation) = (host.seen(), host.core().store.generation());
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    assert_eq!(host.seen(), seen);
    assert_eq!(
        host.core().store.generation(),
        generation,
        "a second scan is no event"
    );
}

#[test]
fn a_scan_follows_a_mac_that_changed() {
    let host = SimHost::new(3);
    let name = Name::new("eth2").unwrap();
    let mac = "02:16:3e:aa:bb:cc".parse().unwrap();
    host.handle.world().hardware.get_mut(&name).unwrap().mac = mac;
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    assert_eq!(host.get(&host.pif("eth2")).mac, "02:16:3e:aa:bb:cc");
}

#[test]
fn forget_and_introduce_use_the_same_network() {
    let host = SimHost::new(3);
    let before = host.get(&host.pif("eth2"));
    let metrics = host.all::<PifMetrics>().len();
    host.call("PIF.forget", about_pif(&host, "eth2", []))
        .unwrap();
    assert_eq!(host.all::<PifMetrics>().len(), metrics - 1);
    assert!(host.get(&before.network).pifs.is_empty());
    let bridge = Name::new("xenbr2").unwrap();
    assert!(
        !host.handle.world().state.bridges.contains_key(&bridge),
        "brought down"
    );
    let params = vec![text(&host.host()), Value::from(""), Value::from("eth2")];
    let made = host.call("PIF.introduce", params).unwrap();
    let made = Ref::<Pif>::new(made.as_str().unwrap());
    let after = host.get(&made);
    assert_eq!((&after.network, &after.mac), (&before.network, &before.mac));
    assert_eq!(
        (after.physical, after.managed, after.currently_attached),
        (true, true, false)
    );
    assert_eq!(after.properties["gro"], "on");
}

#[test]
fn an_unmanaged_pif_has_an_unmanaged_network_without_a_bridge() {
    let host = SimHost::new(3);
    host.call("PIF.forget", about_pif(&host, "eth2", []))
        .unwrap();
    let params = vec![
        text(&host.host()),
        Value::from(""),
        Value::from("eth2"),
        Value::Bool(false),
    ];
    let made = host.call("PIF.introduce", params).unwrap();
    let pif = host.get(&Ref::<Pif>::new(made.as_str().unwrap()));
    let network = host.get(&pif.network);
    assert_eq!(
        (pif.managed, network.managed, network.bridge.as_str()),
        (false, false, "")
    );
    for (call, words) in [
        ("PIF.plug", vec![]),
        ("PIF.unplug", vec![]),
        ("PIF.reconfigure_ip", vec!["None", "", "", "", ""]),
    ] {
        let mut params = about_pif(&host, "eth2", []);
        params.extend(words.into_iter().map(Value::from));
        assert_eq!(
            host.call(call, params).unwrap_err().code,
            "PIF_UNMANAGED",
            "{call}"
        );
    }
}

#[test]
fn ha_guards_attached_pifs_alone() {
    let host = SimHost::new(3);
    host.call("PIF.unplug", about_pif(&host, "eth2", []))
        .unwrap();
    ha(&host);
    host.call("PIF.unplug", about_pif(&host, "eth2", []))
        .unwrap();
    host.call(
        "PIF.set_primary_address_type",
        about_pif(&host, "eth2", ["IPv6"]),
    )
    .unwrap();
    host.call("PIF.forget", about_pif(&host, "eth2", []))
        .unwrap();
}

#[test]
fn plug_and_unplug_make_and_remove_the_bridge() {
    let host = SimHost::new(3);
    let bridge = Name::new("xenbr2").unwrap();
    let there = || host.handle.world().state.bridges.contains_key(&bridge);
    assert!(there());
    host.call("PIF.unplug", about_pif(&host, "eth2", []))
        .unwrap();
    assert!(!there() && !host.get(&host.pif("eth2")).currently_attached);
    for _ in 0..2 {
        host.call("PIF.plug", about_pif(&host, "eth2", [])).unwrap();
        assert!(there() && host.get(&host.pif("eth2")).currently_attached);
    }
    let machine = host.network("xenbr2");
    plugged_vif(&host, &machine);
    let params = about_pif(&host, "eth2", []);
    assert_eq!(
        host.call("PIF.unplug", params).unwrap_err().code,
        "VIF_IN_USE"
    );
}

#[test]
fn a_property_of_a_bond_is_that_of_its_members() {
    let host = SimHost::new(4);
    let bond = host
        .bond(&host.new_network("bonded"), &["eth1", "eth2"], "lacp")
        .unwrap();
    host.call(
        "PIF.set_property",
        about_pif(&host, "bond0", ["gro", "off"]),
    )
    .unwrap();
    for device in ["bond0", "eth1", "eth2"] {
        assert_eq!(
            host.get(&host.pif(device)).properties["gro"],
            "off",
            "{device}"
        );
    }
    assert_eq!(host.get(&host.pif("eth3")).properties["gro"], "on");
    assert_eq!(
        host.get(&bond).properties.len(),
        3,
        "the bond's own are others"
    );
}

#[test]
fn networks_get_free_bridges_and_defaults() {
    let host = SimHost::new(2);
    let make = |pairs: &[(&str, Value)]| {
        let made = host.call("network.create", record(pairs)).unwrap();
        host.get(&Ref::<Network>::new(made.as_str().unwrap()))
    };
    let first = make(&[
        ("MTU", Value::from("9000")),
        ("description", Value::from("unknown")),
    ]);
    assert_eq!(
        (first.bridge.as_str(), first.mtu, first.managed),
        ("xapi0", 9000, true)
    );
    assert_eq!(first.name_label, "made");
    assert!(first.pifs.is_empty() && first.tags.is_empty() && first.purpose.is_empty());
    for mtu in [0, -1500, i64::MIN] {
        assert_eq!(make(&[("MTU", Value::Int(mtu))]).mtu, 1500);
    }
    assert_eq!(make(&[]).bridge, "xapi4");
    assert_eq!(make(&[("bridge", Value::from("mine"))]).bridge, "mine");
    let bridges = host.handle.world().state.bridges.len();
    let marked = make(&[
        ("tags", Value::Array(vec![Value::from("a")])),
        ("other_config", map([("k", "v")])),
        ("managed", Value::Bool(false)),
        ("uuid", Value::from("ignored")),
        ("PIFs", Value::Array(vec![Value::from(NOBODY)])),
    ]);
    assert_eq!(
        (marked.tags.len(), marked.other_config["k"].as_str()),
        (1, "v")
    );
    assert!(!marked.managed && marked.uuid != "ignored" && marked.pifs.is_empty());
    assert_eq!(
        host.handle.world().state.bridges.len(),
        bridges,
        "nothing is attached"
    );
}

#[test]
fn management_moves_to_the_pif_that_is_named() {
    let host = SimHost::new(3);
    let words = ["Static", "10.3.0.2", "255.255.255.0", "10.3.0.1", ""];
    host.call("PIF.reconfigure_ip", about_pif(&host, "eth1", words))
        .unwrap();
    host.call("PIF.unplug", about_pif(&host, "eth1", []))
        .unwrap();
    host.call("host.management_reconfigure", about_pif(&host, "eth1", []))
        .unwrap();
    let [eth0, eth1] = ["eth0", "eth1"].map(|device| host.get(&host.pif(device)));
    assert_eq!([eth0.management, eth1.management], [false, true]);
    assert!(eth0.currently_attached && eth1.currently_attached);
    assert_eq!(host.get(&host.host()).address, "10.3.0.2");
    assert!(inventory(&host).contains("MANAGEMENT_INTERFACE='xenbr1'"));
    let generation = host.core().store.generation();
    host.call("host.management_reconfigure", about_pif(&host, "eth1", []))
        .unwrap();
    assert!(
        host.changed_since(generation).is_empty(),
        "it is already so"
    );
}

#[test]
fn management_disabled_leaves_the_pif_attached_and_can_come_back() {
    let host = SimHost::new(3);
    host.call("host.management_disable", Vec::new()).unwrap();
    let eth0 = host.get(&host.pif("eth0"));
    assert_eq!((eth0.management, eth0.currently_attached), (false, true));
    let text = inventory(&host);
    assert!(text.contains("MANAGEMENT_INTERFACE=''"), "{text}");
    assert!(text.contains("MANAGEMENT_ADDRESS_TYPE='IPv4'"), "{text}");
    assert!(!host.core().management_enabled());
    assert_eq!(host.get(&host.host()).address, "", "no management address");
    let generation = host.core().store.generation();
    host.call("host.management_disable", Vec::new()).unwrap();
    assert_eq!(
        host.core().store.generation(),
        generation,
        "it is already so"
    );
    host.call("host.management_reconfigure", about_pif(&host, "eth0", []))
        .unwrap();
    assert!(host.core().management_enabled());
    assert_eq!(host.get(&host.host()).address, "172.16.0.10");
    assert!(inventory(&host).contains("MANAGEMENT_INTERFACE='xenbr0'"));
}

#[test]
fn a_pif_of_ipv6_makes_management_ipv6() {
    let host = SimHost::new(3);
    host.call(
        "PIF.reconfigure_ipv6",
        about_pif(&host, "eth1", ["Static", "fd00:3::2/64", "", ""]),
    )
    .unwrap();
    host.call(
        "PIF.set_primary_address_type",
        about_pif(&host, "eth1", ["IPv6"]),
    )
    .unwrap();
    host.call("host.management_reconfigure", about_pif(&host, "eth1", []))
        .unwrap();
    assert_eq!(host.get(&host.host()).address, "fd00:3::2");
    assert!(inventory(&host).contains("MANAGEMENT_ADDRESS_TYPE='IPv6'"));
}
