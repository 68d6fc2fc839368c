//! Start-up and calls on hosts where something is not as the rows say: a NIC is gone, has another name, a row makes no
//! sense, the inventory is lost.

use xapi_model::{Host, Message, Network, Pif, Ref, Value};
use xapi_net::names::Name;
use xapi_net::sim::{Fault, FaultKind, Handle};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

fn nic(name: &str) -> Name {
    Name::new(name).unwrap()
}

fn addresses(host: &SimHost) -> Vec<String> {
    let world = host.handle.world();
    world
        .state
        .addresses
        .iter()
        .map(|(device, inet)| format!("{device} {inet}"))
        .collect()
}

fn management_is_up(host: &SimHost) {
    let found = addresses(host);
    assert!(
        found.iter().any(|line| line.ends_with(" 172.16.0.10/27")),
        "no management address: {found:?}"
    );
}

fn management_pif(host: &SimHost) -> Ref<Pif> {
    let mut pifs = host.all::<Pif>().into_iter();
    pifs.find(|(_, pif)| pif.management).expect("management").0
}

/// The daemon starts after the machine's boot.
fn boot(host: &mut SimHost) {
    host.handle.world().reboot();
    let run = host.root().join("run");
    if run.exists() {
        std::fs::remove_dir_all(run).unwrap();
    }
    host.start();
}

#[test]
fn a_bond_member_that_is_gone_forbids_no_other_change() {
    let mut host = SimHost::new(5);
    let network = host.new_network("bonded");
    let bond = host
        .bond(&network, &["eth0", "eth3"], "active-backup")
        .unwrap();
    host.handle.world().pull_out(nic("eth3"));
    host.start();
    management_is_up(&host);
    host.call("PIF.unplug", vec![text(&host.pif("eth2"))])
        .unwrap();
    host.call(
        "Bond.set_mode",
        vec![text(&bond), Value::from("balance-slb")],
    )
    .unwrap();
    host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    management_is_up(&host);
}

#[test]
fn a_nic_that_comes_back_is_attached_again() {
    let mut host = SimHost::new(3);
    host.handle.world().pull_out(nic("eth2"));
    host.start();
    assert!(!host.get(&host.pif("eth2")).currently_attached);
    assert!(
        host.all::<Message>()
            .iter()
            .any(|(_, message)| message.body.contains("eth2"))
    );
    // Another change meanwhile does not forget the wish.
    host.call("PIF.unplug", vec![text(&host.pif("eth1"))])
        .unwrap();
    host.handle.world().plug_in(nic("eth2"));
    host.start();
    assert!(host.get(&host.pif("eth2")).currently_attached);
    assert!(
        !host.get(&host.pif("eth1")).currently_attached,
        "what was unplugged on purpose stays so"
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_management_nic_with_another_name_keeps_its_pif_and_its_address() {
    let mut host = SimHost::new(3);
    let pif = host.pif("eth0");
    let mac = host.get(&pif).mac;
    let tagged = text(&host.new_network("tagged"));
    host.call("VLAN.create", vec![text(&pif), Value::Int(7), tagged])
        .unwrap();
    {
        let mut world = host.handle.world();
        world.pull_out(nic("eth0"));
        let hardware = world.hardware.remove(&nic("eth0")).unwrap();
        world.plug_in(nic("enp3s0"));
        world.hardware.insert(nic("enp3s0"), hardware);
    }
    boot(&mut host);
    let now = host.get(&pif);
    assert_eq!(
        (now.device.as_str(), now.mac, now.management),
        ("enp3s0", mac, true)
    );
    // So does what is on it.
    let pifs = host.all::<Pif>();
    let vlan = pifs.iter().find(|(_, pif)| pif.vlan == 7).unwrap();
    assert_eq!(
        (vlan.1.device.as_str(), vlan.1.device_name.as_str()),
        ("enp3s0", "enp3s0")
    );
    management_is_up(&host);
}

#[test]
fn rows_that_make_no_sense_cost_their_own_pif_alone() {
    let mut host = SimHost::new(3);
    let network = host.network("xenbr1");
    host.call("network.set_MTU", vec![text(&network), Value::Int(9)])
        .unwrap();
    let pif = host.pif("eth2");
    let add = |host: &SimHost, key: &str, value: &str| {
        let params = vec![
            text(&host.pif("eth2")),
            Value::from(key),
            Value::from(value),
        ];
        host.call("PIF.add_to_other_config", params).unwrap();
    };
    add(&host, "mtu", "7");
    add(&host, "domain", "a b\u{7f}c");
    boot(&mut host);
    management_is_up(&host);
    assert!(host.get(&pif).currently_attached);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_router_that_no_address_reaches_takes_no_bridge_with_it() {
    let mut host = SimHost::new(3);
    // Whoever wrote the row, a router elsewhere costs itself alone.
    host.core()
        .store
        .change(|draft| draft.set(&host.pif("eth0"), Pif::GATEWAY, "10.9.9.9".to_owned()))
        .unwrap();
    boot(&mut host);
    management_is_up(&host);
    assert!(!host.get(&host.pif("eth0")).left_out);
    let words = ["Static", "172.16.0.10", "255.255.255.224", "172.16.0.1", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth0"))).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    management_is_up(&host);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn an_address_that_cannot_be_is_refused_also_while_the_pif_is_unplugged() {
    let host = SimHost::new(3);
    let pif = text(&host.pif("eth2"));
    host.call("PIF.unplug", vec![pif.clone()]).unwrap();
    let generation = host.core().store.generation();
    let words = ["Static", "224.0.0.1", "255.255.255.0", "", ""].map(Value::from);
    let error = host
        .call(
            "PIF.reconfigure_ip",
            std::iter::once(pif).chain(words).collect(),
        )
        .unwrap_err();
    assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{error}");
    assert_eq!(host.core().store.generation(), generation);
}

#[test]
fn a_lost_inventory_is_written_again_from_the_database() {
    let mut host = SimHost::new(3);
    let network = host.new_network("bonded");
    host.bond(&network, &["eth0", "eth1"], "active-backup")
        .unwrap();
    let before = host.seen();
    std::fs::remove_file(host.root().join("etc/xensource-inventory")).unwrap();
    boot(&mut host);
    assert_eq!(host.all::<Host>().len(), 1);
    assert_eq!(host.seen(), before);
    management_is_up(&host);
    let inventory = std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap();
    assert!(
        inventory.contains("MANAGEMENT_INTERFACE='xapi0'"),
        "{inventory}"
    );
}

#[test]
fn while_the_management_interface_is_unknown_nothing_is_touched() {
    let host = SimHost::without_inventory(Handle::new(["eth0", "eth1"].map(nic)));
    {
        let world = host.handle.world();
        assert_eq!((world.writes, world.steps), (0, 0));
    }
    assert!(
        host.all::<Message>()
            .iter()
            .any(|(_, message)| message.name == "MANAGEMENT_NOT_FOUND")
    );
    assert!(
        host.all::<Network>()
            .iter()
            .any(|(_, network)| network.bridge == "xenbr1"),
        "NICs have their PIFs"
    );
}

#[test]
fn a_session_with_tasks_can_end() {
    let host = SimHost::new(2);
    let network = text(&host.network("xenbr1"));
    let task = host
        .call(
            "Async.network.add_purpose",
            vec![network, Value::from("nbd")],
        )
        .unwrap();
    host.call("session.logout", Vec::new()).unwrap();
    let error = host.call("task.get_status", vec![task]).unwrap_err();
    assert_eq!(error.code, "SESSION_INVALID");
}

#[test]
fn management_that_cannot_be_had_as_it_was_is_alone_and_the_host_marked_until_it_can() {
    let mut host = SimHost::new(4);
    let network = host.new_network("bonded");
    host.bond(&network, &["eth0", "eth3"], "active-backup")
        .unwrap();
    let console = host.root().join("dev/console");
    std::fs::create_dir(console.parent().unwrap()).unwrap();
    let mark = |host: &SimHost| {
        let row = host.get(&host.host());
        row.other_config.get(xapi_core::diverged::MARK).cloned()
    };
    let mut marked = 0;
    for at in 0..40 {
        std::fs::write(&console, "").unwrap();
        {
            let mut world = host.handle.world();
            world.reboot();
            world.fault = Some(Fault {
                at: world.steps + at,
                kind: FaultKind::Refuse,
            });
        }
        std::fs::remove_dir_all(host.root().join("run")).unwrap();
        host.start();
        host.handle.world().fault = None;
        management_is_up(&host);
        let Some(why) = mark(&host) else { continue };
        marked += 1;
        assert!(why.contains("on eth0 alone"), "{why}");
        let messages = host.all::<Message>();
        let alert = messages.iter().any(|(_, message)| {
            message.name == "NETWORK_DIVERGED" && message.body.contains("on eth0 alone")
        });
        assert!(alert, "{messages:#?}");
        let line = std::fs::read_to_string(&console).unwrap();
        assert!(line.contains("on eth0 alone"), "{line:?}");
        // A call meanwhile asks for management as well as for what it is about.
        assert!(!host.get(&management_pif(&host)).left_out, "at {at}");
        host.call("PIF.unplug", vec![text(&host.pif("eth1"))])
            .unwrap();
        management_is_up(&host);
        xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
        assert_eq!(mark(&host), None, "at {at}");
        assert_eq!(host.diverged(), Vec::<String>::new(), "at {at}");
        management_is_up(&host);
    }
    assert!(marked > 0);
}

fn lose_the_database(host: &mut SimHost) {
    host.stop();
    for file in ["xapi.db", "xapi.db-wal", "xapi.db-shm"] {
        let path = host.root().join("var/lib/xcp").join(file);
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn a_database_that_is_gone_costs_no_network() {
    let mut host = SimHost::new(4);
    let network = host.new_network("bonded");
    host.bond(&network, &["eth0", "eth3"], "active-backup")
        .unwrap();
    let before = addresses(&host);
    lose_the_database(&mut host);
    // The second boot finds a database that knows no management, and the third as well.
    for _ in 0..3 {
        boot(&mut host);
        assert_eq!(addresses(&host), before);
        management_is_up(&host);
        let world = host.handle.world();
        assert!(world.state.ports.contains_key(&nic("bond0")));
    }
    // What would take the network away is refused; what gives the host its management is not.
    let network = host.new_network("again");
    let plug = vec![text(&host.pif("eth1"))];
    for refused in [
        host.call("PIF.plug", plug).unwrap_err(),
        host.bond(&network, &["eth0", "eth3"], "active-backup")
            .unwrap_err(),
    ] {
        assert_eq!(refused.code, "PIF_CONFIGURATION_ERROR", "{refused}");
        assert!(refused.to_string().contains("management"), "{refused}");
    }
    let pif = host.pif("eth0");
    let words = ["Static", "172.16.0.10", "255.255.255.224", "172.16.0.1", ""].map(Value::from);
    let params = std::iter::once(text(&pif)).chain(words).collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
    assert_eq!(addresses(&host), before, "nothing happened yet");
    host.call("host.management_reconfigure", vec![text(&pif)])
        .unwrap();
    management_is_up(&host);
    host.bond(&network, &["eth0", "eth3"], "active-backup")
        .unwrap();
    management_is_up(&host);
    boot(&mut host);
    management_is_up(&host);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_database_that_begins_anew_has_management_as_it_was_committed_last() {
    let seen = |host: &SimHost| {
        let pif = host.get(&host.pif("eth0"));
        let v4 = (pif.ip_configuration_mode, pif.ip, pif.netmask, pif.gateway);
        let v6 = (pif.ipv6_configuration_mode, pif.ipv6, pif.ipv6_gateway);
        (v4, v6, pif.dns, pif.management)
    };
    let reconfigure = |host: &SimHost, words: [&str; 5]| {
        let words = words.map(Value::from);
        let params = std::iter::once(text(&host.pif("eth0"))).chain(words);
        host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    };
    let mut host = SimHost::new(3);
    // The installer's file says something else than each of these.
    let lease = xapi_net::topology::Lease {
        address: "172.16.0.10/27".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    let mac = host.get(&host.pif("eth0")).mac.parse().unwrap();
    host.handle.offer(mac, None, lease);
    for words in [
        ["DHCP", "", "", "", ""],
        [
            "Static",
            "172.16.0.10",
            "255.255.255.0",
            "172.16.0.2",
            "172.16.0.3",
        ],
    ] {
        reconfigure(&host, words);
        let before = seen(&host);
        lose_the_database(&mut host);
        boot(&mut host);
        assert_eq!(seen(&host), before);
        assert_eq!(host.diverged(), Vec::<String>::new());
    }
}

#[test]
fn the_speed_in_other_config_is_put_on_the_nic_and_nonsense_is_ignored() {
    let host = SimHost::new(3);
    let pif = host.pif("eth2");
    let before = host.handle.world().state.nics[&nic("eth2")].modes;
    let configure = |pairs: &[(&str, &str)]| {
        for (key, value) in pairs {
            let words = [*key, *value].map(Value::from);
            let params = std::iter::once(text(&pif)).chain(words).collect();
            host.call("PIF.add_to_other_config", params).unwrap();
        }
        host.call("PIF.plug", vec![text(&pif)]).unwrap();
        host.handle.world().state.nics[&nic("eth2")].modes
    };
    let nonsense = [
        ("ethtool-speed", "-1"),
        ("ethtool-duplex", "both"),
        ("ethtool-autoneg", "yes"),
        ("ethtool-advertise", "3f"),
    ];
    assert_eq!(configure(&nonsense), before);
    for (key, _) in nonsense {
        let params = vec![text(&pif), Value::from(key)];
        host.call("PIF.remove_from_other_config", params).unwrap();
    }
    let modes = configure(&[
        ("ethtool-speed", "100"),
        ("ethtool-duplex", "half"),
        ("ethtool-autoneg", "off"),
        ("ethtool-advertise", "0x4"),
    ]);
    assert_eq!(
        modes.to_string(),
        "speed 100 duplex half autoneg off advertise 0x4"
    );
}

fn static_address(host: &SimHost, pif: &Ref<Pif>, address: &str) {
    let mode = if address.is_empty() { "None" } else { "Static" };
    let netmask = if address.is_empty() {
        ""
    } else {
        "255.255.255.0"
    };
    let words = [mode, address, netmask, "", ""].map(Value::from);
    let params = std::iter::once(text(pif)).chain(words).collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
}

#[test]
fn what_a_bond_carries_does_not_go_to_a_nic_that_is_gone() {
    let mut host = SimHost::new(5);
    let network = host.new_network("bonded");
    let bond = host.bond(&network, &["eth2", "eth3"], "active-backup");
    let bond = bond.unwrap();
    let master = host.get(&bond).master;
    static_address(&host, &master, "10.1.0.2");
    host.handle.world().pull_out(nic("eth2"));
    host.start();
    let (before, destroy) = (host.seen(), || host.call("Bond.destroy", vec![text(&bond)]));
    let why = destroy().unwrap_err();
    let told = (why.code.as_str(), why.params[0].as_str());
    assert_eq!(
        told,
        ("PIF_CONFIGURATION_ERROR", host.pif("eth2").as_str()),
        "{why}"
    );
    assert_eq!(host.seen(), before);
    // With nothing to lose it is no reason to keep the bond.
    static_address(&host, &master, "");
    destroy().unwrap();
    let plugged = ["eth2", "eth3"].map(|device| host.get(&host.pif(device)).currently_attached);
    assert_eq!(plugged, [false, true]);
    host.handle.plug_in(nic("eth2"));
    host.start();
    assert!(host.get(&host.pif("eth2")).currently_attached);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_bond_without_any_nic_is_not_said_to_be_there() {
    let mut host = SimHost::new(5);
    let network = host.new_network("bonded");
    let bond = host.bond(&network, &["eth2", "eth3"], "active-backup");
    let bond = bond.unwrap();
    for gone in ["eth2", "eth3"] {
        host.handle.world().pull_out(nic(gone));
    }
    host.start();
    let before = host.seen();
    let params = vec![text(&bond), Value::from("balance-slb")];
    let why = host.call("Bond.set_mode", params).unwrap_err();
    assert_eq!(why.code, "PIF_CONFIGURATION_ERROR");
    assert_eq!(host.seen(), before);
}

#[test]
fn a_bond_that_is_brought_up_has_the_mac_that_its_primary_member_has_got() {
    let host = SimHost::new(3);
    let network = host.new_network("bonded");
    let bond = host.bond(&network, &["eth1", "eth2"], "active-backup");
    let bond = bond.unwrap();
    let master = host.get(&bond).master;
    let other = [2, 0, 0, 0, 0, 0x77];
    let hardware = |world: &mut xapi_net::sim::World| {
        let hardware = world.hardware.get_mut(&nic("eth1"));
        hardware.unwrap().mac = xapi_net::names::Mac(other);
    };
    hardware(&mut host.handle.world());
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    host.call("PIF.plug", vec![text(&master)]).unwrap();
    assert_eq!(host.get(&master).mac, "02:00:00:00:00:77");
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_static_route_that_leads_nowhere_forbids_no_change() {
    let host = SimHost::new(3);
    let routes = "10.50.0.0/16/172.16.0.9,10.60.0.0/16/192.168.77.1";
    let key = Value::from("static-routes");
    let params = vec![text(&host.network("xenbr0")), key, Value::from(routes)];
    host.call("network.add_to_other_config", params).unwrap();
    host.call("PIF.unplug", vec![text(&host.pif("eth2"))])
        .unwrap();
    let world = host.handle.world();
    let there = |network: &str| {
        let mut routes = world.state.routes.keys();
        routes.any(|(to, _)| to.to_string() == network)
    };
    assert!(there("10.50.0.0/16") && !there("10.60.0.0/16"));
    drop(world);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn what_was_forgotten_stays_so_wherever_management_is() {
    let mut host = SimHost::new(4);
    let network = host.new_network("bonded");
    host.bond(&network, &["eth0", "eth1"], "active-backup")
        .unwrap();
    host.call("PIF.forget", vec![text(&host.pif("eth3"))])
        .unwrap();
    let forgotten = |host: &SimHost| {
        let pifs = host.all::<Pif>();
        !pifs.iter().any(|(_, pif)| pif.device == "eth3")
    };
    host.start();
    assert!(forgotten(&host));
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    assert!(!forgotten(&host));
}

#[test]
fn a_nic_that_comes_to_a_network_in_use_leaves_its_guests_alone_until_it_is_plugged() {
    let host = SimHost::new(4);
    let network = host.network("xenbr3");
    host.call("PIF.forget", vec![text(&host.pif("eth3"))])
        .unwrap();
    let vm = host.new_vm("guest", &[]);
    host.new_vif(&vm, "0", &network, &[]);
    let no = Value::Bool(false);
    host.call("VM.start", vec![text(&vm), no.clone(), no])
        .unwrap();
    let members = |host: &SimHost| {
        let world = host.handle.world();
        let ports = world.state.ports.iter();
        let on_it = ports.filter(|(_, port)| port.row.bridge == "xenbr3");
        on_it.map(|(name, _)| *name).collect::<Vec<_>>()
    };
    let guest = members(&host);
    assert_eq!(guest.len(), 1);
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    host.call("PIF.unplug", vec![text(&host.pif("eth2"))])
        .unwrap();
    assert_eq!(members(&host), guest);
    host.call("PIF.plug", vec![text(&host.pif("eth3"))])
        .unwrap();
    assert_eq!(members(&host).len(), 2);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_nic_whose_network_has_become_another_ones_gets_a_network_of_its_own() {
    let host = SimHost::new(4);
    let network = host.network("xenbr3");
    host.call("PIF.forget", vec![text(&host.pif("eth3"))])
        .unwrap();
    let params = vec![text(&host.pif("eth0")), Value::Int(5), text(&network)];
    host.call("VLAN.create", params).unwrap();
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    let pif = host.pif("eth3");
    assert_eq!(host.get(&network).pifs.len(), 1);
    assert_eq!(host.get(&host.get(&pif).network).bridge, "xapi0");
    host.call("PIF.plug", vec![text(&pif)]).unwrap();
    assert_eq!(host.diverged(), Vec::<String>::new());
}
