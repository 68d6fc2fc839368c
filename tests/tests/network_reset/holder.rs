//! Somebody else's bridge over the wanted NIC, which is there again at each boot before the daemon starts.

use xapi_net::agent::NetEvent;
use xapi_net::topology::Name;
use xapi_tests::SimHost;

use crate::stage::*;

const TOOK: &str = "NETWORK_RESET_TOOK_NIC";

/// Boots the machine with a bridge of somebody else over a NIC, and starts the daemon.
fn boot_with(host: &mut SimHost, bridge: &str, device: &str) {
    boot(host);
    host.handle.world().foreign_bridge(nic(bridge), nic(device));
    host.start();
}

/// Which bridge holds a NIC.
fn holder(host: &SimHost, device: &str) -> Option<String> {
    let world = host.handle.world();
    let port = world.state.ports.get(&nic(device));
    port.map(|port| port.row.bridge.clone())
}

fn is_up(host: &SimHost, bridge: &str) -> bool {
    let name: Name = nic(bridge);
    let world = host.handle.world();
    assert!(world.state.bridges.contains_key(&name), "{bridge} is gone");
    world.state.links[&name].up
}

#[test]
fn a_foreign_bridge_gives_the_nic_up_is_switched_off_and_the_operator_is_told() {
    let mut host = laden();
    plant(&host, PATHS[0], STATIC);
    boot_with(&mut host, "br7", "eth1");
    assert_eq!(management(&host).0, "eth1");
    assert_eq!(holder(&host, "eth1").as_deref(), Some("xenbr1"));
    assert_eq!(addresses(&host), ["xenbr1 172.16.0.20/27"]);
    assert!(!is_up(&host, "br7"));
    assert_eq!(triggers(&host), Vec::<&str>::new());
    let told = alerts(&host, TOOK);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("eth1") && told[0].contains("br7"),
        "{told:?}"
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn what_holds_another_nic_is_left_alone_and_so_is_a_nic_without_a_reset() {
    let mut host = laden();
    plant(&host, PATHS[0], STATIC);
    boot_with(&mut host, "br7", "eth2");
    assert_eq!(holder(&host, "eth2").as_deref(), Some("br7"));
    assert!(is_up(&host, "br7"));
    assert_eq!(alerts(&host, TOOK), Vec::<String>::new());
    // The reset is over: what somebody does with the NIC from now on is no reset's business.
    boot_with(&mut host, "br7", "eth1");
    assert_eq!(holder(&host, "eth1").as_deref(), Some("br7"));
}

#[test]
fn it_is_taken_at_each_start_until_the_reset_is_at_its_end() {
    let mut host = SimHost::new(3);
    plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dhcp\n");
    boot_with(&mut host, "br7", "eth1");
    assert_eq!(triggers(&host), [PATHS[0]]);
    boot_with(&mut host, "br7", "eth1");
    assert_eq!(holder(&host, "eth1").as_deref(), Some("xenbr1"));
    assert_eq!(alerts(&host, TOOK).len(), 1);
    // Open vSwitch came later than the daemon, and somebody was faster than we.
    let watch = xapi_core::watch::Watch::start(host.core()).unwrap();
    host.handle.world().foreign_bridge(nic("br8"), nic("eth1"));
    host.handle.tell(&NetEvent::BackendRestarted);
    host.until("a word about the other bridge", || {
        (alerts(&host, TOOK).len() == 2).then_some(())
    });
    // It ends when it has done what it was told.
    drop(watch);
    assert_eq!(holder(&host, "eth1").as_deref(), Some("xenbr1"));
}

#[test]
fn whoever_puts_management_on_a_bond_meanwhile_leaves_the_nic_to_its_holder() {
    let mut host = SimHost::new(3);
    plant(&host, PATHS[0], "DEVICE=eth1\nMODE=dhcp\n");
    boot(&mut host);
    host.start();
    let network = host.new_network("bonded");
    host.bond(&network, &["eth1", "eth2"], "active-backup")
        .unwrap();
    assert_eq!(management(&host).0, "bond0");
    assert_eq!(triggers(&host), [PATHS[0]]);
    boot_with(&mut host, "br7", "eth1");
    assert_eq!(holder(&host, "eth1").as_deref(), Some("br7"));
}
