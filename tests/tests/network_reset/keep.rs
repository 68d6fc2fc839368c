//! What a reset leaves where it is when it is asked to, and what it does not.

use xapi_model::{Bond, Class, Host, Pif, PifMetrics, Value, Vlan};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// A bond with an address and a VLAN, and VLANs on single NICs, that of management included.
fn stage() -> SimHost {
    let host = SimHost::new(6);
    let network = host.new_network("storage");
    host.bond(&network, &["eth2", "eth3"], "active-backup")
        .unwrap();
    static_ip(&host, "bond0", "10.9.0.2");
    for (device, tag) in [("bond0", 20), ("eth4", 30), ("eth0", 40)] {
        vlan(&host, device, tag);
    }
    host
}

fn reset(host: &mut SimHost, more: &str) {
    reset_by(host, &format!("{}{more}", STATIC.replace("eth1", "eth0")));
}

fn reset_by(host: &mut SimHost, trigger: &str) {
    plant(host, PATHS[0], trigger);
    boot(host);
    host.start();
    assert_eq!(management(host).0, "eth0");
    assert_eq!(triggers(host), Vec::<&str>::new());
    assert_eq!(host.diverged(), Vec::<String>::new());
    let used: std::collections::BTreeSet<_> = host
        .all::<Pif>()
        .into_iter()
        .map(|(_, pif)| pif.metrics)
        .collect();
    let all = host.all::<PifMetrics>();
    assert_eq!(used.len(), all.len(), "metrics of nobody");
    assert!(all.iter().all(|(metrics, _)| used.contains(metrics)));
}

fn vlans(host: &SimHost) -> Vec<(String, i64)> {
    let all = host.all::<Vlan>().into_iter();
    let mut all: Vec<_> = all
        .map(|(_, vlan)| (host.get(&vlan.tagged_pif).device, vlan.tag))
        .collect();
    all.sort();
    all
}

#[test]
fn bonds_and_vlans_stay_with_their_objects_when_that_is_asked_for() {
    let mut host = stage();
    let (bonds, kept) = (host.all::<Bond>(), host.all::<Vlan>());
    let address = host.get(&host.pif("bond0")).ip;
    reset(&mut host, "KEEP_BONDS=1\nKEEP_VLANS=1\n");
    let refs = |all: &[(xapi_model::Ref<Vlan>, Vlan)]| {
        let mut all: Vec<_> = all.iter().map(|(vlan, _)| vlan.clone()).collect();
        all.sort();
        all
    };
    assert_eq!(host.all::<Bond>()[0].0, bonds[0].0);
    assert_eq!(refs(&host.all::<Vlan>()), refs(&kept));
    let wanted = [("bond0", 20), ("eth0", 40), ("eth4", 30)];
    assert_eq!(
        vlans(&host),
        wanted.map(|(device, tag)| (device.to_owned(), tag))
    );
    assert_eq!(host.get(&host.pif("bond0")).ip, address);
    // A VLAN shares the metrics of the PIF below, which is another now.
    for (_, vlan) in host.all::<Vlan>() {
        let below = host.get(&vlan.tagged_pif);
        assert_eq!(host.get(&vlan.untagged_pif).metrics, below.metrics);
    }
}

#[test]
fn each_stays_without_the_other() {
    let mut host = stage();
    reset(&mut host, "KEEP_VLANS=1\n");
    assert_eq!(host.all::<Bond>().len(), 0);
    assert_eq!(
        vlans(&host),
        [("eth0".to_owned(), 40), ("eth4".to_owned(), 30)]
    );
    let mut host = stage();
    reset(&mut host, "KEEP_BONDS=1\n");
    assert_eq!(host.all::<Bond>().len(), 1);
    assert_eq!(host.all::<Vlan>().len(), 0);
    assert_eq!(host.all::<Pif>().len(), 7);
}

/// What makes a bond or VLAN unsafe to keep.
struct Unsafe {
    what: &'static str,
    make: fn(&SimHost),
    bonds: usize,
    vlans: usize,
}

const UNSAFE: &[Unsafe] = &[
    Unsafe {
        what: "the bond takes the default route",
        make: |host| {
            let params = [
                text(&host.pif("bond0")),
                Value::from("defaultroute"),
                Value::from("true"),
            ];
            host.call("PIF.add_to_other_config", params.to_vec())
                .unwrap();
        },
        bonds: 0,
        vlans: 2,
    },
    Unsafe {
        what: "a member is gone",
        make: |host| host.handle.world().pull_out(nic("eth3")),
        bonds: 0,
        vlans: 2,
    },
    Unsafe {
        what: "a member was exchanged",
        make: |host| {
            let mut world = host.handle.world();
            world.hardware.get_mut(&nic("eth3")).unwrap().mac =
                "02:00:00:00:00:77".parse().unwrap();
        },
        bonds: 0,
        vlans: 2,
    },
];

#[test]
fn what_is_not_safe_goes_and_is_named() {
    for case in UNSAFE {
        let mut host = stage();
        (case.make)(&host);
        reset(&mut host, "KEEP_BONDS=1\nKEEP_VLANS=1\n");
        assert_eq!(host.all::<Bond>().len(), case.bonds, "{}", case.what);
        assert_eq!(host.all::<Vlan>().len(), case.vlans, "{}", case.what);
        let told = alerts(&host, "NETWORK_RESET");
        assert!(told[0].contains("Bond"), "{}: {told:?}", case.what);
    }
}

#[test]
fn a_bond_with_the_nic_of_management_and_the_vlan_of_management_go() {
    let mut host = stage();
    plant(
        &host,
        PATHS[0],
        &format!(
            "{}VLAN=30\nKEEP_BONDS=1\nKEEP_VLANS=1\n",
            STATIC.replace("eth1", "eth4")
        ),
    );
    boot(&mut host);
    host.start();
    assert_eq!(management(&host).1, 30);
    assert_eq!(vlans(&host).len(), 3);
    assert_eq!(host.diverged(), Vec::<String>::new());

    let mut host = stage();
    plant(
        &host,
        PATHS[0],
        &format!("{}KEEP_BONDS=1\n", STATIC.replace("eth1", "eth3")),
    );
    boot(&mut host);
    host.start();
    assert_eq!(management(&host).0, "eth3");
    assert_eq!(host.all::<Bond>().len(), 0);
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn a_bond_with_the_address_that_management_shall_have_goes() {
    let mut host = stage();
    let trigger = STATIC
        .replace("eth1", "eth0")
        .replace("172.16.0.20", "10.9.0.2")
        .replace("172.16.0.", "10.9.0.");
    reset_by(&mut host, &format!("{trigger}KEEP_BONDS=1\n"));
    assert_eq!(host.all::<Bond>().len(), 0);
    assert_eq!(addresses(&host), ["xenbr0 10.9.0.2/27"]);
}

#[test]
fn a_vlan_on_the_network_that_management_will_be_on_goes() {
    let mut host = SimHost::new(3);
    vlan(&host, "eth2", 30);
    let kept = host.all::<Vlan>().remove(0).1;
    let network = host.get(&kept.untagged_pif).network;
    // Elsewhere in the pool it is the network of the VLAN that management shall be on.
    let store = &host.core().store;
    store
        .change(|draft| {
            let other = draft.insert(Host::blank())?;
            let metrics = draft.insert(PifMetrics::blank())?;
            draft.insert(Pif {
                device: "eth0".to_owned(),
                vlan: 5,
                host: other,
                network: network.clone(),
                metrics,
                ..Pif::blank()
            })
        })
        .unwrap();
    let trigger = STATIC.replace("eth1", "eth0");
    plant(&host, PATHS[0], &format!("{trigger}VLAN=5\nKEEP_VLANS=1\n"));
    boot(&mut host);
    host.start();
    assert_eq!(triggers(&host), Vec::<&str>::new());
    assert_eq!(vlans(&host), [("eth0".to_owned(), 5)]);
    assert_eq!(management(&host).2, host.get(&network).bridge);
}
