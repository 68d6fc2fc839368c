//! What the calls of bonds change (API facts, 1.1 and 1.3.4).

use xapi_model::{
    Bond, BondMode, IpConfigurationMode, Ipv6ConfigurationMode, Pif, PifMetrics,
    PrimaryAddressType, Ref, Task, TaskStatusType, Value,
};
use xapi_net::names::Name;
use xapi_net::ovs::row;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// `Bond.create` with everything said.
fn create(host: &SimHost, devices: &[&str], mac: &str, mode: &str, properties: Value) -> Ref<Bond> {
    let members = devices
        .iter()
        .map(|device| text(&host.pif(device)))
        .collect();
    let params = vec![
        text(&host.new_network("bonded")),
        Value::Array(members),
        Value::from(mac),
        Value::from(mode),
        properties,
    ];
    let made = host.call("Bond.create", params).expect("Bond.create");
    Ref::new(made.as_str().expect("a reference"))
}

fn pairs(pairs: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    let pairs = pairs.iter();
    pairs
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn device(host: &SimHost, pif: &Ref<Pif>) -> String {
    host.get(pif).device
}

/// The OVS port of a bond.
fn port(host: &SimHost, name: &str) -> row::Port {
    let ports = host.handle.world().state.ports.clone();
    (*ports[&Name::new(name).unwrap()].row).clone()
}

#[test]
fn a_bond_and_its_master_have_the_values_that_xapi_gives_them() {
    let host = SimHost::new(4);
    let bond = create(&host, &["eth1", "eth2"], "", "active-backup", map([]));
    let row = host.get(&bond);
    let eth1 = host.get(&host.pif("eth1"));
    assert_eq!(row.mode, BondMode::ActiveBackup);
    assert!(row.auto_update_mac);
    assert_eq!(row.primary_slave, host.pif("eth1"));
    assert_eq!(row.slaves.len(), 2);
    assert!(row.other_config.is_empty() && row.properties.is_empty());
    assert_eq!(row.links_up, 2);
    let master = host.get(&row.master);
    assert_eq!(
        (master.device.as_str(), master.device_name.as_str()),
        ("bond0", "bond0")
    );
    assert_eq!(master.mac, eth1.mac);
    assert_eq!((master.vlan, master.mtu), (-1, 1500));
    assert_eq!(
        (master.physical, master.managed, master.management),
        (false, true, false)
    );
    assert_eq!(master.ip_configuration_mode, IpConfigurationMode::None);
    assert_eq!(master.ipv6_configuration_mode, Ipv6ConfigurationMode::None);
    assert_eq!(master.primary_address_type, PrimaryAddressType::IPv4);
    assert_eq!(master.properties, pairs(&[("gro", "on")]));
    assert!(!master.disallow_unplug && master.other_config.is_empty());
    assert!(master.capabilities.is_empty() && master.pci.is_null());
    assert_eq!(master.bond_master_of.0, std::slice::from_ref(&bond));
    assert_eq!(host.get(&master.network).name_label, "bonded");
    assert_ne!(master.metrics, eth1.metrics);
    assert!(host.get(&master.metrics).carrier);
    assert!(master.currently_attached, "a bond is plugged");
    for member in row.slaves.iter() {
        let member = host.get(member);
        assert_eq!(member.bond_slave_of, bond);
        assert!(!member.currently_attached);
    }
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_bond_is_plugged_even_if_no_member_was() {
    let host = SimHost::new(4);
    for device in ["eth1", "eth2"] {
        host.call("PIF.unplug", about_pif(&host, device, []))
            .unwrap();
    }
    let bond = create(&host, &["eth1", "eth2"], "", "balance-slb", map([]));
    assert!(host.get(&host.get(&bond).master).currently_attached);
}

#[test]
fn the_mac_is_the_one_given_or_the_primary_slaves() {
    let host = SimHost::new(5);
    let given = create(
        &host,
        &["eth1", "eth2"],
        "02:AA:bb:cc:dd:ee",
        "balance-slb",
        map([]),
    );
    let row = host.get(&given);
    assert!(!row.auto_update_mac);
    assert_eq!(
        host.get(&row.master).mac.to_lowercase(),
        "02:aa:bb:cc:dd:ee"
    );
    let own = create(&host, &["eth4", "eth3"], "", "balance-slb", map([]));
    let row = host.get(&own);
    assert!(row.auto_update_mac);
    assert_eq!(host.get(&row.master).mac, host.get(&host.pif("eth4")).mac);
}

#[test]
fn devices_of_bonds_take_the_smallest_free_number() {
    let host = SimHost::new(7);
    let name = |bond: &Ref<Bond>| device(&host, &host.get(bond).master);
    let zero = create(&host, &["eth1", "eth2"], "", "balance-slb", map([]));
    let one = create(&host, &["eth3", "eth4"], "", "balance-slb", map([]));
    assert_eq!(
        (name(&zero), name(&one)),
        ("bond0".to_owned(), "bond1".to_owned())
    );
    host.call("Bond.destroy", vec![text(&zero)]).unwrap();
    let again = create(&host, &["eth5", "eth6"], "", "balance-slb", map([]));
    assert_eq!(name(&again), "bond0");
}

#[test]
fn the_primary_slave_is_management_or_has_an_address_or_is_first() {
    for (devices, with_address, primary) in [
        (["eth1", "eth0", "eth2"], None, "eth0"),
        (["eth1", "eth2", "eth3"], Some("eth2"), "eth2"),
        (["eth3", "eth2", "eth1"], None, "eth3"),
        // The last of two namings counts, so that eth2 stands first.
        (["eth1", "eth2", "eth1"], None, "eth2"),
    ] {
        let host = SimHost::new(4);
        if let Some(device) = with_address {
            let words = ["Static", "10.1.0.2", "255.255.0.0", "", ""];
            host.call("PIF.reconfigure_ip", about_pif(&host, device, words))
                .unwrap();
        }
        let bond = create(&host, &devices, "", "balance-slb", map([]));
        let row = host.get(&bond);
        assert_eq!(device(&host, &row.primary_slave), primary, "{devices:?}");
        let mut distinct = devices.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(row.slaves.len(), distinct.len(), "{devices:?}");
    }
}

#[test]
fn one_member_is_enough() {
    let host = SimHost::new(2);
    let bond = create(&host, &["eth1"], "", "lacp", map([]));
    assert_eq!(host.get(&bond).slaves.len(), 1);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn lacp_has_properties_with_defaults_and_the_other_modes_have_none() {
    let host = SimHost::new(5);
    let lacp = create(
        &host,
        &["eth1", "eth2"],
        "",
        "lacp",
        map([("lacp-time", "fast")]),
    );
    let mut expected = pairs(&[
        ("hashing_algorithm", "tcpudp_ports"),
        ("lacp-time", "fast"),
        ("lacp-fallback-ab", "true"),
    ]);
    assert_eq!(host.get(&lacp).properties, expected);
    expected.insert("lacp-aggregation-key".to_owned(), "0x10".to_owned());
    let set = |name: &str, value: &str| {
        let params = vec![text(&lacp), Value::from(name), Value::from(value)];
        host.call("Bond.set_property", params).unwrap();
    };
    set("lacp-aggregation-key", "0x10");
    assert_eq!(host.get(&lacp).properties, expected);
    let row = port(&host, "bond0");
    let shown = format!("{row:?}");
    assert!(
        shown.contains("lacp_aggregation_key: Some(\"16\")"),
        "{shown}"
    );
    assert!(shown.contains("lacp_time: Some(Fast)"), "{shown}");
    let slb = create(&host, &["eth3", "eth4"], "", "balance-slb", map([]));
    assert!(host.get(&slb).properties.is_empty());
}

#[test]
fn set_mode_keeps_what_fits_and_adds_the_defaults() {
    let host = SimHost::new(4);
    let bond = create(
        &host,
        &["eth1", "eth2"],
        "",
        "lacp",
        map([("lacp-time", "fast")]),
    );
    let set = |mode: &str| {
        let params = vec![text(&bond), Value::from(mode)];
        host.call("Bond.set_mode", params).unwrap();
        host.get(&bond)
    };
    let kept = set("lacp");
    assert_eq!(kept.properties["lacp-time"], "fast");
    let dropped = set("active-backup");
    assert_eq!(
        (dropped.mode, dropped.properties.len()),
        (BondMode::ActiveBackup, 0)
    );
    assert!(format!("{:?}", port(&host, "bond0")).contains("ActiveBackup"));
    let fresh = set("lacp");
    assert_eq!(
        fresh.properties,
        pairs(&[
            ("hashing_algorithm", "tcpudp_ports"),
            ("lacp-time", "slow"),
            ("lacp-fallback-ab", "true")
        ])
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn set_mode_and_set_property_plug_the_bond() {
    for (call, words) in [
        ("Bond.set_mode", vec!["lacp"]),
        ("Bond.set_property", vec!["lacp-time", "slow"]),
    ] {
        let host = SimHost::new(4);
        let bond = create(&host, &["eth1", "eth2"], "", "lacp", map([]));
        let master = host.get(&bond).master;
        host.call("PIF.unplug", vec![text(&master)]).unwrap();
        assert!(!host.get(&master).currently_attached);
        let mut params = vec![text(&bond)];
        params.extend(words.into_iter().map(Value::from));
        host.call(call, params).unwrap();
        assert!(host.get(&master).currently_attached, "{call}");
    }
}

/// What a PIF has of IP configuration.
fn configuration(pif: &Pif) -> String {
    format!(
        "{} {} {} {} {} | {} {:?} {}",
        pif.ip_configuration_mode,
        pif.ip,
        pif.netmask,
        pif.gateway,
        pif.dns,
        pif.ipv6_configuration_mode,
        pif.ipv6,
        pif.ipv6_gateway
    )
}

#[test]
fn management_and_both_families_move_to_the_bond_and_back() {
    let host = SimHost::new(4);
    let words = [
        "Static",
        "172.16.0.10",
        "255.255.255.224",
        "172.16.0.1",
        "172.16.0.1,fd00::53",
    ];
    host.call("PIF.reconfigure_ip", about_pif(&host, "eth0", words))
        .unwrap();
    let words = ["Static", "fd00:172:16::10/64", "fd00:172:16::1", "fd00::53"];
    host.call("PIF.reconfigure_ipv6", about_pif(&host, "eth0", words))
        .unwrap();
    let eth0 = host.pif("eth0");
    let before = host.get(&eth0);
    assert!(
        before.management && before.dns.contains("fd00::53"),
        "{before:?}"
    );
    let none = configuration(&host.get(&host.pif("eth3")));
    let address = host.get(&host.host()).address;

    let bond = create(&host, &["eth3", "eth0"], "", "active-backup", map([]));
    let master = host.get(&bond).master;
    assert_eq!(configuration(&host.get(&master)), configuration(&before));
    assert_eq!(configuration(&host.get(&eth0)), none);
    assert!(host.get(&master).management && !host.get(&eth0).management);
    let asked = host
        .call("host.get_management_interface", vec![text(&host.host())])
        .unwrap();
    assert_eq!(asked, text(&master));
    let bridge = host.get(&host.get(&master).network).bridge;
    let inventory = std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap();
    assert!(
        inventory.contains(&format!("MANAGEMENT_INTERFACE='{bridge}'")),
        "{inventory}"
    );
    assert_eq!(host.get(&host.host()).address, address);

    host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    assert_eq!(configuration(&host.get(&eth0)), configuration(&before));
    assert!(host.get(&eth0).management);
    let inventory = std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap();
    assert!(
        inventory.contains("MANAGEMENT_INTERFACE='xenbr0'"),
        "{inventory}"
    );
}

#[test]
fn protection_moves_to_the_bond_and_back_to_its_primary_slave() {
    let host = SimHost::new(4);
    let eth2 = host.pif("eth2");
    host.call(
        "PIF.set_disallow_unplug",
        vec![text(&eth2), Value::Bool(true)],
    )
    .unwrap();
    let bond = create(&host, &["eth1", "eth2"], "", "balance-slb", map([]));
    let protected = |device: &str| host.get(&host.pif(device)).disallow_unplug;
    assert_eq!(
        [protected("bond0"), protected("eth1"), protected("eth2")],
        [true, false, false]
    );
    host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    assert_eq!([protected("eth1"), protected("eth2")], [true, false]);
}

#[test]
fn a_destroyed_bond_leaves_its_network_and_nothing_else() {
    for plugged in [true, false] {
        let host = SimHost::new(4);
        let before = (host.all::<Pif>().len(), host.all::<PifMetrics>().len());
        let bond = create(&host, &["eth1", "eth2"], "", "balance-slb", map([]));
        let row = host.get(&bond);
        let network = host.get(&row.master).network;
        if !plugged {
            host.call("PIF.unplug", vec![text(&row.master)]).unwrap();
        }
        host.call("Bond.destroy", vec![text(&bond)]).unwrap();
        assert_eq!(
            (host.all::<Pif>().len(), host.all::<PifMetrics>().len()),
            before
        );
        assert!(host.all::<Bond>().is_empty());
        assert!(host.get(&network).pifs.is_empty());
        for device in ["eth1", "eth2"] {
            let pif = host.get(&host.pif(device));
            assert!(pif.bond_slave_of.is_null());
            assert_eq!(pif.currently_attached, plugged, "{device}");
        }
        let bridge = Name::new(&host.get(&network).bridge).unwrap();
        assert!(!host.handle.world().state.bridges.contains_key(&bridge));
        assert_eq!(host.diverged(), Vec::<String>::new());
    }
}

#[test]
fn the_bonds_network_decides_the_mtu() {
    let host = SimHost::new(4);
    let network = host.new_network("large");
    let set = vec![text(&network), Value::from("9000")];
    host.call("network.set_MTU", set).unwrap();
    let bond = host
        .bond(&network, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    assert_eq!(host.get(&host.get(&bond).master).mtu, 9000);
    let world = host.handle.world();
    for nic in ["eth1", "eth2"] {
        assert_eq!(
            world.state.nics[&Name::new(nic).unwrap()].mtu,
            9000,
            "{nic}"
        );
    }
}

#[test]
fn an_asynchronous_call_ends_with_progress_one_and_its_result() {
    let host = SimHost::new(4);
    let network = host.new_network("bonded");
    let params = vec![
        text(&network),
        Value::Array(vec![text(&host.pif("eth1")), text(&host.pif("eth2"))]),
        Value::from(""),
    ];
    let task = host.call("Async.Bond.create", params).unwrap();
    let task = Ref::<Task>::new(task.as_str().unwrap());
    let done = host.finished(&task);
    assert_eq!((done.status, done.progress), (TaskStatusType::Success, 1.0));
    assert_eq!(done.name_label, "Async.Bond.create");
    let (bond, row) = host.all::<Bond>().remove(0);
    assert_eq!(done.result, format!("<value>{bond}</value>"));
    assert_eq!(row.mode, BondMode::BalanceSlb, "the default");

    let task = host
        .call("Async.PIF.plug", vec![text(&host.pif("eth1"))])
        .unwrap();
    let task = Ref::<Task>::new(task.as_str().unwrap());
    let failed = host.finished(&task);
    assert_eq!(
        (failed.status, failed.progress),
        (TaskStatusType::Failure, 1.0)
    );
    let eth1 = host.pif("eth1").as_str().to_owned();
    assert_eq!(
        failed.error_info,
        ["CANNOT_PLUG_BOND_SLAVE".to_owned(), eth1]
    );
    assert!(failed.result.is_empty());
}
