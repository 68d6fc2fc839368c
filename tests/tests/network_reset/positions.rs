//! `PIF.scan_bios`: PIFs on the networks of the places that the firmware gives their NICs.

use xapi_model::{Pif, Ref, Value};
use xapi_net::firmware::{Card, Place};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

fn card(device: &str, name: &str, place: Place) -> Card {
    Card {
        device: nic(device),
        name: Some(nic(name)),
        label: Some(format!("port of {device}")),
        place,
        pci: None,
        mac: String::new(),
    }
}

/// Four NICs that the kernel found in another order than the firmware counts them; the firmware does not know eth3.
fn host() -> SimHost {
    let host = SimHost::new(4);
    host.handle.world().firmware = vec![
        card("eth2", "eno1", Place::Onboard(1)),
        card("eth0", "ens1", Place::Slot(1)),
        card("eth1", "enp5s0", Place::Bus),
    ];
    host
}

fn scan(host: &SimHost) -> Vec<Ref<Pif>> {
    let made = host
        .call("PIF.scan_bios", vec![text(&host.host())])
        .unwrap();
    let Value::Array(made) = made else {
        panic!("a list")
    };
    made.iter()
        .map(|pif| Ref::new(pif.as_str().unwrap()))
        .collect()
}

/// Device and bridge of each PIF.
fn bridges(host: &SimHost) -> Vec<(String, String)> {
    let all = host.all::<Pif>().into_iter();
    let mut all: Vec<_> = all
        .map(|(_, pif)| (pif.device, host.get(&pif.network).bridge))
        .collect();
    all.sort();
    all
}

fn expect(host: &SimHost, wanted: &[(&str, &str)]) {
    let wanted: Vec<_> = wanted
        .iter()
        .map(|(device, bridge)| ((*device).to_owned(), (*bridge).to_owned()))
        .collect();
    assert_eq!(bridges(host), wanted);
}

#[test]
fn after_a_reset_the_firmware_says_which_nic_is_on_which_network() {
    let host = host();
    host.call("host.reset_networking", vec![text(&host.host())])
        .unwrap();
    let made = scan(&host);
    expect(
        &host,
        &[
            ("eth0", "xenbr1"),
            ("eth1", "xenbr2"),
            ("eth2", "xenbr0"),
            ("eth3", "xenbr3"),
        ],
    );
    let mut all: Vec<_> = host.all::<Pif>().into_iter().map(|(pif, _)| pif).collect();
    let mut made = made;
    all.sort();
    made.sort();
    assert_eq!(made, all);
    let said = host.get(&host.pif("eth2")).other_config;
    assert_eq!(said["firmware-name"], "eno1");
    assert_eq!(said["firmware-label"], "port of eth2");
    assert!(host.get(&host.pif("eth3")).other_config.is_empty());
    // Management is on the bridge of the first position, with another NIC: it does not move by itself.
    assert!(host.all::<Pif>().iter().all(|(_, pif)| !pif.management));
    let state = host.handle.world().state.clone();
    let mut host = host;
    host.start();
    assert_eq!(host.handle.world().state.addresses, state.addresses);
    assert_eq!(host.handle.world().state.ports, state.ports);
}

#[test]
fn pifs_that_are_there_keep_their_networks_and_new_ones_are_counted_on() {
    let host = host();
    let before = bridges(&host);
    assert_eq!(scan(&host), Vec::new());
    assert_eq!(bridges(&host), before);
    host.call("PIF.forget", vec![text(&host.pif("eth1"))])
        .unwrap();
    host.call("PIF.forget", vec![text(&host.pif("eth2"))])
        .unwrap();
    assert_eq!(scan(&host).len(), 2);
    expect(
        &host,
        &[
            ("eth0", "xenbr0"),
            ("eth1", "xenbr5"),
            ("eth2", "xenbr4"),
            ("eth3", "xenbr3"),
        ],
    );
    let label = host.get(&host.network("xenbr4")).name_label;
    assert_eq!(label, "Pool-wide network 4");
    // The next start leaves it so.
    let after = bridges(&host);
    let mut host = host;
    host.start();
    assert_eq!(bridges(&host), after);
}

#[test]
fn without_a_firmware_the_kernels_order_counts() {
    let host = SimHost::new(3);
    host.call("host.reset_networking", vec![text(&host.host())])
        .unwrap();
    scan(&host);
    expect(
        &host,
        &[("eth0", "xenbr0"), ("eth1", "xenbr1"), ("eth2", "xenbr2")],
    );
}

#[test]
fn bad_parameters_are_refused() {
    let host = host();
    let nobody = host
        .call("PIF.scan_bios", vec![Value::from("OpaqueRef:nobody")])
        .unwrap_err();
    assert_eq!(
        (nobody.code.as_str(), nobody.params.as_slice()),
        (
            "HANDLE_INVALID",
            &["host".to_owned(), "OpaqueRef:nobody".to_owned()][..]
        )
    );
    let count = host.call("PIF.scan_bios", Vec::new()).unwrap_err();
    assert_eq!(count.code, "MESSAGE_PARAMETER_COUNT_MISMATCH");
}
