//! A start that finds a trigger: the management interface is as it says, everything else begins anew, and the trigger
//! goes when the interface has its address.

use xapi_core::watch::{self, Watch};
use xapi_model::{Bond, Pif, PrimaryAddressType, Tunnel, Value, Vlan};
use xapi_net::topology::Lease;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

fn inventory(host: &SimHost) -> String {
    std::fs::read_to_string(host.root().join("etc/xensource-inventory")).unwrap()
}

#[test]
fn management_is_as_the_trigger_says_and_every_nic_has_its_pif() {
    let mut host = laden();
    let (nets, nics) = (networks(&host), vifs(&host));
    plant(&host, PATHS[0], STATIC);
    boot(&mut host);
    host.start();
    assert_eq!(management(&host), ("eth1".into(), -1, "xenbr1".into()));
    let pif = host.get(&host.pif("eth1"));
    let words = [&pif.ip, &pif.netmask, &pif.gateway, &pif.dns].map(String::as_str);
    let wanted = [
        "172.16.0.20",
        "255.255.255.224",
        "172.16.0.1",
        "172.16.0.2,172.16.0.3",
    ];
    assert_eq!(words, wanted);
    assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"]);
    assert_eq!(record(&host).address, "172.16.0.20");
    assert!(inventory(&host).contains("MANAGEMENT_INTERFACE='xenbr1'"));
    assert_eq!(host.all::<Pif>().len(), 5);
    assert!(
        host.all::<Pif>()
            .iter()
            .all(|(_, pif)| pif.currently_attached)
    );
    assert_eq!(host.all::<Bond>().len(), 0);
    assert_eq!(host.all::<Vlan>().len(), 0);
    assert_eq!(host.all::<Tunnel>().len(), 0);
    assert_eq!((networks(&host), vifs(&host)), (nets, nics));
    assert_eq!(host.diverged(), Vec::<String>::new());
    assert_eq!(triggers(&host), Vec::<&str>::new());
    assert_eq!(alerts(&host, "NETWORK_RESET").len(), 1);
    assert!(host.core().management_enabled());

    let (seen, writes) = (host.seen(), host.handle.world().writes);
    host.start();
    assert_eq!((host.seen(), host.handle.world().writes), (seen, writes));
    assert_eq!(alerts(&host, "NETWORK_RESET").len(), 1);
}

#[test]
fn without_a_boot_the_host_is_reset_in_place_and_its_machines_go_on() {
    let mut host = laden();
    let vm = host.all::<xapi_model::Vm>().into_iter();
    let (vm, _) = vm.last_named("guest");
    let started = host.call(
        "VM.start",
        vec![text(&vm), Value::Bool(false), Value::Bool(false)],
    );
    started.unwrap();
    let attached = |host: &SimHost| {
        host.all::<xapi_model::Vif>()
            .iter()
            .all(|(_, vif)| vif.currently_attached)
    };
    assert!(attached(&host));
    plant(&host, PATHS[1], STATIC);
    host.start();
    assert_eq!(management(&host).0, "eth1");
    assert!(attached(&host));
    assert!(
        host.all::<Pif>()
            .iter()
            .all(|(_, pif)| pif.currently_attached)
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
    assert_eq!(triggers(&host), Vec::<&str>::new());
}

/// Picks the machine of a name.
trait Named {
    fn last_named(self, name: &str) -> (xapi_model::Ref<xapi_model::Vm>, xapi_model::Vm);
}

impl<I: Iterator<Item = (xapi_model::Ref<xapi_model::Vm>, xapi_model::Vm)>> Named for I {
    fn last_named(mut self, name: &str) -> (xapi_model::Ref<xapi_model::Vm>, xapi_model::Vm) {
        self.find(|(_, vm)| vm.name_label == name)
            .expect("a machine")
    }
}

#[test]
fn a_vlan_gets_the_network_that_it_had_or_a_new_one() {
    for (tag, known) in [(7, true), (9, false)] {
        let mut host = laden();
        let before = networks(&host);
        let had = host.all::<Pif>().into_iter();
        let had = had.filter(|(_, pif)| pif.device == "eth1" && pif.vlan == tag);
        let had: Vec<_> = had.map(|(_, pif)| pif.network).collect();
        plant(&host, PATHS[0], &format!("VLAN={tag}\n{STATIC}"));
        boot(&mut host);
        host.start();
        let (device, vlan, bridge) = management(&host);
        assert_eq!((device.as_str(), vlan), ("eth1", tag));
        assert_eq!(addresses(&host), [format!("{bridge} 172.16.0.20/27")]);
        let network = host.network(&bridge);
        if known {
            assert_eq!(had, [network]);
            assert_eq!(networks(&host), before);
        } else {
            let label = host.get(&network).name_label;
            assert_eq!(label, "Pool-wide network associated with eth1 on VLAN9");
            assert_eq!(networks(&host).len(), before.len() + 1);
        }
        assert_eq!(host.all::<Vlan>().len(), 1);
        assert_eq!(host.diverged(), Vec::<String>::new());
        assert_eq!(triggers(&host), Vec::<&str>::new());
    }
}

#[test]
fn the_family_is_the_one_that_was_asked_for_and_of_two_that_of_the_inventory() {
    let six = "DEVICE=eth2\nMODE_V6=static\nIPV6=fd00:172:16::20/64\nGATEWAY_V6=fd00:172:16::1\n";
    let both = format!("{STATIC}{}", six.replace("DEVICE=eth2\n", ""));
    for (trigger, family, primary) in [
        (six, "IPv4", PrimaryAddressType::IPv6),
        (both.as_str(), "IPv4", PrimaryAddressType::IPv4),
        (both.as_str(), "IPv6", PrimaryAddressType::IPv6),
    ] {
        let mut host = laden();
        let path = host.root().join("etc/xensource-inventory");
        let text =
            inventory(&host).replace("ADDRESS_TYPE='IPv4'", &format!("ADDRESS_TYPE='{family}'"));
        std::fs::write(path, text).unwrap();
        plant(&host, PATHS[0], trigger);
        boot(&mut host);
        host.start();
        let (device, ..) = management(&host);
        let pif = host.get(&host.pif(&device));
        assert_eq!(pif.primary_address_type, primary);
        assert!(inventory(&host).contains(&format!("ADDRESS_TYPE='{primary}'")));
        assert!(
            addresses(&host)
                .iter()
                .any(|line| line.contains("fd00:172:16::20/64"))
        );
        assert_eq!(triggers(&host), Vec::<&str>::new());
    }
}

fn lease(address: &str) -> Lease {
    Lease {
        address: address.parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    }
}

#[test]
fn a_trigger_stays_until_there_is_a_lease() {
    let mut host = SimHost::new(3);
    plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dhcp\n");
    boot(&mut host);
    host.start();
    assert_eq!(management(&host).0, "eth1");
    assert_eq!(triggers(&host), [PATHS[0]]);
    let mac = host.get(&host.pif("eth1")).mac.parse().unwrap();
    host.handle.offer(mac, None, lease("172.16.0.7/24"));
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    watch::observe(host.core(), &host.host()).unwrap();
    assert_eq!(triggers(&host), Vec::<&str>::new());
    assert_eq!(record(&host).address, "172.16.0.7");
}

#[test]
fn a_lease_of_an_earlier_run_is_no_address_until_a_server_stands_by_it() {
    let mut host = SimHost::new(3);
    let mac = host.get(&host.pif("eth1")).mac.parse().unwrap();
    let offer = lease("172.16.0.7/24");
    host.handle.offer(mac, None, offer.clone());
    let words = ["DHCP", "", "", "", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth1"))).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    assert_eq!(host.get(&host.pif("eth1")).ip, "172.16.0.7");
    host.handle.world().offers.clear();
    plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dhcp\n");
    host.start();
    assert_eq!(management(&host).0, "eth1");
    // The address is there, and may be of another network.
    assert!(addresses(&host).contains(&"xenbr1 172.16.0.7/24".to_owned()));
    assert_eq!(triggers(&host), [PATHS[0]]);
    host.handle
        .world()
        .offers
        .insert((mac, None, offer.address.family()), offer);
    let _watch = Watch::start(host.core()).unwrap();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while triggers(&host) != Vec::<&str>::new() {
        assert!(std::time::Instant::now() < until, "the trigger stays");
        std::thread::yield_now();
    }
}

#[test]
fn whoever_gives_management_another_address_meanwhile_ends_the_reset() {
    let mut host = SimHost::new(3);
    let path = plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dhcp\n");
    boot(&mut host);
    host.start();
    assert!(path.exists());
    let words = ["Static", "172.16.0.30", "255.255.255.224", "172.16.0.1", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth1"))).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    assert!(!path.exists());
    host.start();
    assert_eq!(host.get(&host.pif("eth1")).ip, "172.16.0.30");
}

#[test]
fn a_nic_that_is_not_there_is_waited_for_and_no_other_is_taken() {
    let mut host = laden();
    let console = host.root().join("dev/console");
    std::fs::create_dir_all(console.parent().unwrap()).unwrap();
    std::fs::write(&console, "").unwrap();
    let seen = host.seen();
    plant(&host, PATHS[0], &STATIC.replace("eth1", "eth7"));
    boot(&mut host);
    host.start();
    // The host is as it was.
    assert_eq!(host.seen(), seen);
    assert!(
        addresses(&host)
            .iter()
            .any(|line| line.ends_with(" 172.16.0.10/27"))
    );
    assert_eq!(triggers(&host), [PATHS[0]]);
    let told = alerts(&host, "NETWORK_RESET_WAITS");
    assert_eq!(told.len(), 1);
    let shown = std::fs::read_to_string(&console).unwrap();
    for text in [&told[0], &shown] {
        for name in ["eth7", "eth0", "eth4", "02:16:3e:00:00:02"] {
            assert!(text.contains(name), "{name} is not in {text}");
        }
    }
    host.start();
    assert_eq!(alerts(&host, "NETWORK_RESET_WAITS").len(), 1);

    let _watch = Watch::start(host.core()).unwrap();
    host.handle.plug_in(nic("eth7"));
    host.until("the reset", || {
        (management(&host).0 == "eth7").then_some(())
    });
    host.until("the address", || {
        (record(&host).address == "172.16.0.20").then_some(())
    });
    assert_eq!(host.all::<Bond>().len(), 0);
}

#[test]
fn a_reset_that_waits_is_called_off_by_removing_its_trigger() {
    let mut host = laden();
    let path = plant(&host, PATHS[0], &STATIC.replace("eth1", "eth7"));
    boot(&mut host);
    host.start();
    std::fs::remove_file(path).unwrap();
    host.handle.plug_in(nic("eth7"));
    host.start();
    assert_eq!(host.all::<Bond>().len(), 1);
    assert_eq!(management(&host).0, "bond0");
}

#[test]
fn of_two_triggers_the_newer_counts_and_the_other_is_kept_aside() {
    for newer in PATHS {
        let mut host = laden();
        for path in PATHS {
            let device = if path == newer { "eth2" } else { "eth4" };
            let path = plant(&host, path, &STATIC.replace("eth1", device));
            let age = if device == "eth2" { 10 } else { 20 };
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(age))
                .unwrap();
        }
        boot(&mut host);
        host.start();
        assert_eq!(management(&host).0, "eth2", "{newer}");
        assert_eq!(triggers(&host), Vec::<&str>::new());
        let older = PATHS.iter().find(|path| **path != newer).unwrap();
        assert!(host.root().join(format!("{older}.aside-1")).exists());
    }
}

#[test]
fn a_lost_database_and_a_trigger_give_what_the_trigger_says() {
    let mut host = laden();
    plant(&host, PATHS[0], STATIC);
    boot(&mut host);
    for end in ["", "-wal", "-shm", ".lock"] {
        let path = host.root().join(format!("var/lib/xcp/xapi.db{end}"));
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
    host.start();
    assert_eq!(management(&host).0, "eth1");
    assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"]);
    assert_eq!(triggers(&host), Vec::<&str>::new());
    // The old bond was not brought up on the way.
    assert!(!host.handle.world().state.ports.contains_key(&nic("bond0")));
}

#[test]
fn no_broken_row_stops_a_reset() {
    for (what, sql) in BROKEN {
        let mut host = laden();
        let nets = networks(&host);
        plant(
            &host,
            PATHS[0],
            &format!("{STATIC}KEEP_BONDS=1\nKEEP_VLANS=1\n"),
        );
        boot(&mut host);
        meddle(&mut host, sql);
        host.start();
        assert_eq!(management(&host).0, "eth1", "{what}");
        assert!(
            addresses(&host).contains(&"xenbr1 172.16.0.20/27".to_owned()),
            "{what}"
        );
        assert_eq!(triggers(&host), Vec::<&str>::new(), "{what}");
        assert_eq!(networks(&host), nets, "{what}");
        assert_eq!(host.diverged(), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn a_nic_that_nobody_manages_is_managed_once_it_carries_management() {
    let mut host = SimHost::configured(3, |config| config.unmanaged_nics = vec!["eth1".to_owned()]);
    plant(&host, PATHS[0], STATIC);
    boot(&mut host);
    host.start();
    assert_eq!(management(&host), ("eth1".into(), -1, "xenbr1".into()));
    assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"]);
}

#[test]
fn a_reset_ends_what_host_reset_networking_began() {
    let mut host = laden();
    host.call("host.reset_networking", vec![text(&host.host())])
        .unwrap();
    plant(&host, PATHS[0], STATIC);
    host.start();
    assert_eq!(management(&host).0, "eth1");
    assert!(!record(&host).other_config.contains_key("network-reset"));
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn bonds_made_again_after_a_reset_are_as_on_a_fresh_host() {
    let bonds = |host: &SimHost| {
        for (name, devices, mode) in [
            ("NAS", ["eth2", "eth4"], "active-backup"),
            ("MGT", ["eth0", "eth3"], "active-backup"),
            ("PUB", ["eth1", "eth5"], "balance-slb"),
        ] {
            let network = host.new_network(name);
            host.bond(&network, &devices, mode).unwrap();
        }
    };
    let fresh = SimHost::new(6);
    bonds(&fresh);
    let mut host = SimHost::new(6);
    bonds(&host);
    let again: Vec<_> = host.all::<xapi_model::Network>();
    plant(
        &host,
        PATHS[0],
        "DEVICE=eth0\nMODE=static\nIP=172.16.0.10\nNETMASK=255.255.255.224\nGATEWAY=172.16.0.1\n\
         MODE_V6=static\nIPV6=fd00:172:16::10/64\nGATEWAY_V6=fd00:172:16::1\n",
    );
    boot(&mut host);
    host.start();
    for (network, row) in again {
        if ["NAS", "MGT", "PUB"].contains(&row.name_label.as_str()) {
            host.call("network.destroy", vec![text(&network)]).unwrap();
        }
    }
    bonds(&host);
    assert_eq!(host.seen(), fresh.seen());
    assert_eq!(host.diverged(), Vec::<String>::new());
}
