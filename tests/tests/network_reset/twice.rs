//! A reset is carried out once: what is built afterwards stays, also while its trigger still waits for a lease, and a
//! reset that waits for its NIC does not undo what somebody decided meanwhile.

use xapi_core::watch;
use xapi_model::{Bond, Network, Value};
use xapi_net::topology::Lease;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

const DHCP: &str = "DEVICE=eth1\nMODE=dhcp\n";

/// A host that was reset to DHCP, in a network without a server.
fn waits_for_a_lease(more: &str) -> SimHost {
    let mut host = SimHost::new(4);
    plant(&host, PATHS[0], &format!("{DHCP}{more}"));
    boot(&mut host);
    host.start();
    assert_eq!(management(&host).0, "eth1");
    host
}

#[test]
fn what_is_built_while_a_trigger_waits_for_a_lease_is_there_after_the_next_start() {
    let mut host = waits_for_a_lease("");
    let network = host.new_network("built");
    host.bond(&network, &["eth2", "eth3"], "active-backup")
        .unwrap();
    host.start();
    boot(&mut host);
    host.start();
    assert_eq!(host.all::<Bond>().len(), 1);
    assert_eq!(alerts(&host, "NETWORK_RESET").len(), 1);
    assert_eq!(triggers(&host), [PATHS[0]]);
    let mac = host.get(&host.pif("eth1")).mac.parse().unwrap();
    let lease = Lease {
        address: "172.16.0.7/24".parse().unwrap(),
        gateway: Some("172.16.0.1".parse().unwrap()),
        dns: Default::default(),
        server: None,
        mtu: None,
    };
    host.handle.offer(mac, None, lease);
    xapi_core::startup::reconverge(host.core(), &host.host()).unwrap();
    watch::observe(host.core(), &host.host()).unwrap();
    assert_eq!(triggers(&host), Vec::<&str>::new());
    let config = record(&host).other_config;
    assert!(!config.contains_key("network-reset-done"), "{config:?}");
}

#[test]
fn one_family_with_its_address_is_enough() {
    let host = waits_for_a_lease("MODE_V6=static\nIPV6=fd00:172:16::20/64\n");
    assert_eq!(triggers(&host), Vec::<&str>::new());
}

#[test]
fn another_trigger_at_the_same_path_stays_and_is_carried_out_at_the_next_start() {
    let mut host = waits_for_a_lease("");
    let path = host.root().join(PATHS[0]);
    std::fs::remove_file(&path).unwrap();
    plant(&host, PATHS[0], &STATIC.replace("eth1", "eth2"));
    let words = ["Static", "172.16.0.30", "255.255.255.224", "172.16.0.1", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth1"))).chain(words);
    host.call("PIF.reconfigure_ip", params.collect()).unwrap();
    assert_eq!(triggers(&host), [PATHS[0]]);
    host.start();
    assert_eq!(management(&host).0, "eth2");
    assert_eq!(triggers(&host), Vec::<&str>::new());
    assert_eq!(alerts(&host, "NETWORK_RESET").len(), 2);
}

#[test]
fn rows_that_are_removed_while_a_trigger_waits_are_made_again_by_it() {
    let mut host = waits_for_a_lease("");
    host.call("host.reset_networking", vec![text(&host.host())])
        .unwrap();
    watch::observe(host.core(), &host.host()).unwrap();
    assert_eq!(triggers(&host), [PATHS[0]]);
    host.start();
    assert_eq!(management(&host).0, "eth1");
}

#[test]
fn a_reset_that_waits_for_its_nic_is_called_off_by_whoever_moves_management() {
    let mut host = SimHost::new(3);
    static_ip(&host, "eth2", "10.1.0.2");
    plant(&host, PATHS[0], &STATIC.replace("eth1", "eth7"));
    boot(&mut host);
    host.start();
    host.start();
    assert_eq!(triggers(&host), [PATHS[0]]);
    host.call("host.management_reconfigure", vec![text(&host.pif("eth2"))])
        .unwrap();
    assert_eq!(triggers(&host), Vec::<&str>::new());
    assert_eq!(alerts(&host, "NETWORK_RESET_CALLED_OFF").len(), 1);
    let aside = host.root().join(format!("{}.aside-1", PATHS[0]));
    assert!(aside.exists());
    host.handle.plug_in(nic("eth7"));
    boot(&mut host);
    host.start();
    assert_eq!(management(&host).0, "eth2");
}

#[test]
fn a_nic_that_nobody_manages_can_carry_management_again_and_again() {
    let unmanaged = ["eth1", "eth2"].map(str::to_owned);
    let mut host = SimHost::configured(3, |config| config.unmanaged_nics = unmanaged.to_vec());
    let of_eth2 = |host: &SimHost| host.get(&host.pif("eth2")).network;
    let before = (of_eth2(&host), networks(&host));
    for round in 0..3 {
        plant(&host, PATHS[0], STATIC);
        boot(&mut host);
        host.start();
        assert_eq!(management(&host), ("eth1".into(), -1, "xenbr1".into()));
        assert_eq!(triggers(&host), Vec::<&str>::new());
        let bridges = host.all::<Network>().into_iter();
        let of_it = bridges.filter(|(_, row)| row.bridge == "xenbr1");
        assert_eq!(of_it.count(), 1);
        // The one that still nobody manages has the network that it had, and there is none more each time.
        assert_eq!(of_eth2(&host), before.0, "{round}");
        let more: Vec<_> = networks(&host).difference(&before.1).cloned().collect();
        assert_eq!(more.len(), 1, "{round}: {more:?}");
    }
}

/// Rows that have nothing to do with the host's PIFs, and damage to them.
const BESIDE: &[(&str, &str)] = &[
    (
        "a machine that cannot be read",
        "UPDATE VM SET other_config = '{' WHERE name_label = 'guest'",
    ),
    (
        "a machine's NIC that cannot be read",
        "UPDATE VIF SET other_config = '{'",
    ),
    (
        "an alert that cannot be read",
        "UPDATE message SET cls = 'nothing'",
    ),
    (
        "two networks with one bridge",
        "UPDATE network SET bridge = 'xenbr1' WHERE bridge = 'xenbr2'",
    ),
];

#[test]
fn no_broken_row_beside_the_pifs_stops_a_reset() {
    for (what, sql) in BESIDE {
        let mut host = laden();
        let vms = host.all::<xapi_model::Vm>();
        let (vm, _) = vms.iter().find(|(_, vm)| vm.name_label == "guest").unwrap();
        let flags = vec![text(vm), Value::Bool(false), Value::Bool(false)];
        host.call("VM.start", flags).unwrap();
        let words = ["TOLD", "3", "Host"].map(Value::from);
        let uuid = record(&host).uuid;
        let mut params = words.to_vec();
        params[1] = Value::Int(3);
        params.extend([Value::Str(uuid), Value::from("something")]);
        host.call("message.create", params).unwrap();
        plant(&host, PATHS[0], STATIC);
        meddle(&mut host, sql);
        host.start();
        assert_eq!(management(&host).0, "eth1", "{what}");
        assert!(
            addresses(&host).contains(&"xenbr1 172.16.0.20/27".to_owned()),
            "{what}"
        );
        assert_eq!(triggers(&host), Vec::<&str>::new(), "{what}");
    }
}

#[test]
fn guests_that_ended_with_the_machine_are_not_asked_for() {
    let writes = |ran: bool| {
        let mut host = laden();
        let inside = host.new_network("inside");
        let vm = host.new_vm("another", &[]);
        host.new_vif(&vm, "0", &inside, &[]);
        if ran {
            let flags = vec![text(&vm), Value::Bool(false), Value::Bool(false)];
            host.call("VM.start", flags).unwrap();
        }
        let domain = u32::try_from(host.get(&vm).domid).ok();
        plant(&host, PATHS[0], STATIC);
        boot(&mut host);
        if let Some(domain) = domain.filter(|_| ran) {
            host.guests.end(domain);
        }
        let before = host.handle.world().writes;
        host.start();
        assert_eq!(management(&host).0, "eth1");
        host.handle.world().writes - before
    };
    assert_eq!(writes(true), writes(false));
}

#[test]
fn a_daemon_that_cannot_start_leaves_the_network_that_the_resets_command_made() {
    let mut host = laden();
    plant(&host, PATHS[0], STATIC);
    boot(&mut host);
    for end in ["", "-wal", "-shm", ".lock"] {
        let path = host.root().join(format!("var/lib/xcp/xapi.db{end}"));
        if path.exists() {
            std::fs::remove_file(path).unwrap();
        }
    }
    let role = host.root().join("etc/xensource/pool.conf");
    std::fs::write(&role, "whoever").unwrap();
    let start = std::panic::AssertUnwindSafe(|| host.start());
    assert!(std::panic::catch_unwind(start).is_err(), "it started");
    // Here nobody ran the command, so the file has what was committed last.
    let there = addresses(&host);
    assert!(
        there.iter().any(|line| line.ends_with(" 172.16.0.10/27")),
        "{there:?}"
    );
    std::fs::write(&role, "master").unwrap();
    host.start();
    assert_eq!(management(&host).0, "eth1");
    assert_eq!(triggers(&host), Vec::<&str>::new());
}
