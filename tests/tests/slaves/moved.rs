//! Management that an operator moves on a slave that has lost its master, for its NIC is dead.

use xapi_conf::inventory::{Inventory, MANAGEMENT_INTERFACE};
use xapi_core::topology::of_host;
use xapi_model::{ApiError, Message, Pif, Ref, Value};
use xapi_net::agent::Request;
use xapi_net::topology::Name;
use xapi_tests::Peers;
use xapi_tests::sim_host::text;

use crate::terms::{decides, local};

const SLAVE: usize = 1;

/// A pool of two, of which the slave has an address on its second NIC as well.
fn pool() -> (Peers, Ref<Pif>) {
    let mut peers = Peers::new(2, 3);
    let pif = pif_of(&peers, "eth1");
    addressed(&mut peers, &pif, "Static", "10.9.0.2", "255.255.255.0");
    let plugged = peers.call(0, "PIF.plug", vec![text(&pif)]);
    plugged.expect("it is plugged");
    peers.settle();
    (peers, pif)
}

fn addressed(peers: &mut Peers, pif: &Ref<Pif>, mode: &str, address: &str, netmask: &str) {
    let words = [mode, address, netmask, "", ""].map(Value::from);
    let params = std::iter::once(text(pif)).chain(words).collect();
    let done = peers.call(0, "PIF.reconfigure_ip", params);
    done.expect("an address");
}

fn pif_of(peers: &Peers, device: &str) -> Ref<Pif> {
    let host = peers.row(0, SLAVE);
    let pifs = peers.host(0).all::<Pif>().into_iter();
    let mut its = pifs.filter(|(_, pif)| pif.host == host && pif.device == device);
    its.next().expect("a PIF").0
}

fn reconfigured(peers: &mut Peers, interface: &str) -> Result<Value, ApiError> {
    local(
        peers,
        SLAVE,
        "host.local_management_reconfigure",
        &[interface],
    )
}

/// Where management is: by the host itself, and by the inventory.
fn management(peers: &Peers) -> (String, String) {
    let core = peers.core(SLAVE);
    let kept = xapi_core::last_topology::read(&core.config.last_topology());
    let kept = kept.expect("a file").expect("a topology").management;
    let inventory = Inventory::read(&core.config.inventory()).expect("a file");
    let noted = inventory.get(MANAGEMENT_INTERFACE).unwrap_or_default();
    (kept.expect("management").to_string(), noted.to_owned())
}

fn on(bridge: &str) -> (String, String) {
    (bridge.to_owned(), bridge.to_owned())
}

/// The host is as the rows of this master say.
fn is_as_its_rows(peers: &Peers, master: usize) {
    let view = peers.core(master).view().expect("a view");
    let wanted = of_host(&view, &peers.row(master, SLAVE)).expect("a topology");
    let steps = peers.core(SLAVE).agent.plan(Request::what_can(wanted));
    assert_eq!(steps.expect("a plan"), []);
}

fn alerts(peers: &Peers) -> Vec<String> {
    let messages = peers.host(0).all::<Message>().into_iter();
    let its = messages.filter(|(_, row)| row.name == "NETWORK_MANAGEMENT_MOVED");
    its.map(|(_, row)| row.body).collect()
}

#[test]
fn management_that_was_moved_without_the_master_stays_there_when_the_master_is_back() {
    for starts_again in [false, true] {
        let (mut peers, pif) = pool();
        peers.part(0, SLAVE);
        peers.settle();
        // By the NIC, as operators know it.
        reconfigured(&mut peers, "eth1").expect("it moves");
        assert_eq!(management(&peers), on("xenbr1"));
        if starts_again {
            peers.kill(SLAVE);
            peers.start(SLAVE);
            peers.settle();
            assert_eq!(management(&peers), on("xenbr1"));
        }
        let before = peers.host(0).get(&pif);
        assert!(!before.management, "the rows are the master's");
        peers.heal();
        peers.settle();
        assert_eq!(peers.master_of(SLAVE), Some(0));
        assert!(peers.host(0).get(&pif).management);
        assert!(!peers.host(0).get(&pif_of(&peers, "eth0")).management);
        assert_eq!(peers.host(0).get(&peers.row(0, SLAVE)).address, "10.9.0.2");
        assert_eq!(management(&peers), on("xenbr1"));
        is_as_its_rows(&peers, 0);
        assert_eq!(alerts(&peers).len(), 1, "{:?}", alerts(&peers));
        // It is told once: what is moved at the master from now on is not moved back.
        let eth0 = pif_of(&peers, "eth0");
        let back = peers.call(0, "host.management_reconfigure", vec![text(&eth0)]);
        back.expect("it moves");
        peers.settle();
        peers.kill(SLAVE);
        peers.start(SLAVE);
        peers.settle();
        assert_eq!(management(&peers), on("xenbr0"));
        assert_eq!(alerts(&peers).len(), 1);
    }
}

#[test]
fn a_host_that_is_told_to_decide_has_management_where_it_was_moved() {
    let (mut peers, pif) = pool();
    peers.part(0, SLAVE);
    peers.settle();
    reconfigured(&mut peers, "xenbr1").expect("it moves");
    decides(&mut peers, SLAVE);
    assert!(peers.host(SLAVE).get(&pif).management);
    assert_eq!(management(&peers), on("xenbr1"));
    assert!(!peers.core(SLAVE).config.moved_management().exists());
    is_as_its_rows(&peers, SLAVE);
}

#[test]
fn what_the_master_has_taken_from_it_meanwhile_is_told_and_management_is_as_its_rows_say() {
    let (mut peers, pif) = pool();
    peers.part(0, SLAVE);
    peers.settle();
    reconfigured(&mut peers, "xenbr1").expect("it moves");
    // The rows of a host that is not there may change as far as nothing is to be done on it.
    let forgotten = peers.core(0).store.change(|draft| {
        draft.set(
            &pif,
            Pif::IP_CONFIGURATION_MODE,
            xapi_model::IpConfigurationMode::None,
        )
    });
    forgotten.expect("a commit");
    peers.heal();
    peers.settle();
    assert_eq!(management(&peers), on("xenbr0"));
    is_as_its_rows(&peers, 0);
    let told = alerts(&peers);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("PIF_HAS_NO_NETWORK_CONFIGURATION"),
        "{told:?}"
    );
}

#[test]
fn management_moves_only_without_a_master_and_to_what_has_an_address() {
    let (mut peers, _) = pool();
    let refused = |peers: &mut Peers, interface: &str| {
        let why = reconfigured(peers, interface).expect_err("it stays");
        assert_eq!(management(peers), on("xenbr0"));
        assert!(!peers.core(SLAVE).config.moved_management().exists());
        (why.code.to_string(), why.params)
    };
    let linked = refused(&mut peers, "xenbr1");
    assert_eq!(linked, ("NOT_IN_EMERGENCY_MODE".to_owned(), Vec::new()));
    let plugged = peers.call(0, "PIF.plug", vec![text(&pif_of(&peers, "eth2"))]);
    plugged.expect("it is plugged");
    peers.settle();
    peers.part(0, SLAVE);
    peers.settle();
    for (interface, code) in [
        ("xenbr7", "BRIDGE_NOT_AVAILABLE"),
        ("", "BRIDGE_NOT_AVAILABLE"),
        ("xenbr2", "INTERFACE_HAS_NO_IP"),
    ] {
        let said = refused(&mut peers, interface);
        assert_eq!(said, (code.to_owned(), vec![interface.to_owned()]));
    }
    // A NIC that is not there either.
    let gone = |peers: &Peers, nic: &str| {
        let nic = Name::new(nic).expect("a name");
        peers.host(SLAVE).handle.world().pull_out(nic);
    };
    gone(&peers, "eth1");
    let (code, _) = refused(&mut peers, "xenbr1");
    assert_eq!(code, "INTERNAL_ERROR");
}

#[test]
fn management_moves_from_a_nic_that_is_not_there_any_more() {
    let (mut peers, _) = pool();
    peers.part(0, SLAVE);
    peers.settle();
    let nic = Name::new("eth0").expect("a name");
    peers.host(SLAVE).handle.world().pull_out(nic);
    reconfigured(&mut peers, "eth1").expect("it moves");
    assert_eq!(management(&peers), on("xenbr1"));
}
