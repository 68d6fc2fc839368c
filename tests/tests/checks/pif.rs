//! What the calls of PIFs refuse, but for those of addresses (API facts, 1.2).

use std::collections::BTreeMap;

use xapi_db::Read;
use xapi_model::{Class, Cluster, ClusterOperation, Pif, Value, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

#[test]
fn pif_scan_makes_its_checks_in_order() {
    Case {
        call: "PIF.scan",
        ask: |host| vec![text(&host.host())],
        checks: &[
            check("an unknown host", |_, params| unknown("host", params, 0)),
            one_of(1, "a host that is not live", |host, _| offline(host)),
            one_of(1, "a host that cannot be reached", |host, params| {
                let other = other_host(host);
                params[0] = text(&other);
                errors::host_offline(other)
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_introduce_makes_its_checks_in_order() {
    const NOT_FOUND: fn(&str, &str) -> xapi_model::ApiError = |device, mac| {
        errors::could_not_find_network_interface_with_specified_device_name_and_mac_address(
            device, mac,
        )
    };
    Case {
        call: "PIF.introduce",
        ask: |host| {
            let mac = host.get(&host.pif("eth2")).mac;
            host.call("PIF.forget", about_pif(host, "eth2", []))
                .unwrap();
            vec![
                text(&host.host()),
                Value::from(mac.to_uppercase()),
                Value::from("eth2"),
            ]
        },
        checks: &[
            check("an unknown host", |_, params| unknown("host", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("a malformed MAC", |_, params| {
                params[1] = Value::from("02-16-3E-00-00-02");
                errors::mac_invalid("02-16-3e-00-00-02")
            }),
            check("a device that has a PIF", |_, params| {
                params[2] = Value::from("eth1");
                errors::duplicate_pif_device_name("eth1")
            }),
            one_of(1, "the MAC of another device", |_, params| {
                params[1] = Value::from("02:16:3E:00:00:01");
                NOT_FOUND("eth2", "02:16:3e:00:00:01")
            }),
            one_of(1, "no such device", |_, params| {
                params[2] = Value::from("eth7");
                NOT_FOUND("eth7", "02:16:3e:00:00:02")
            }),
            one_of(1, "no such device, and no MAC", |_, params| {
                params[1] = Value::from("");
                params[2] = Value::from("../eth7");
                NOT_FOUND("../eth7", "")
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_forget_makes_its_checks_in_order() {
    Case {
        call: "PIF.forget",
        ask: |host| about_pif(host, "eth2", []),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("management", |host, params| {
                management(host, &reference(params, 0))
            }),
            check("a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::pif_already_bonded(pif)
            }),
            check("a bond", |host, params| {
                let pif = reference(params, 0);
                bond_master(host, &pif);
                errors::pif_already_bonded(pif)
            }),
            check("a VLAN on it", |host, params| {
                let pif = reference(params, 0);
                vlan(host, &pif, &host.pif("eth3"));
                errors::pif_vlan_still_exists(pif)
            }),
            check("a VLAN", |host, params| {
                let pif = reference::<Pif>(params, 0);
                edit(host, |draft| draft.set(&pif, Pif::VLAN, 5));
                errors::pif_vlan_still_exists(pif)
            }),
            check("a tunnel over it", |host, params| {
                let pif = reference(params, 0);
                tunnel(host, &pif, &host.pif("eth3"));
                errors::pif_tunnel_still_exists(pif)
            }),
            check("a tunnel", |host, params| {
                let pif = reference(params, 0);
                tunnel(host, &host.pif("eth3"), &pif);
                errors::pif_tunnel_still_exists(pif)
            }),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("SR-IOV", |host, params| {
                let pif = reference(params, 0);
                sriov(host, &host.pif("eth3"), &pif);
                errors::cannot_forget_sriov_logical(pif)
            }),
            check("SR-IOV on it", |host, params| {
                let pif = reference(params, 0);
                sriov(host, &pif, &host.pif("eth3"));
                errors::pif_sriov_still_exists(pif)
            }),
            check("a cluster", |host, params| {
                clustered(host, &reference(params, 0))
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_plug_makes_its_checks_in_order() {
    Case {
        call: "PIF.plug",
        ask: |host| about_pif(host, "eth2", []),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
            one_of(1, "a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::cannot_plug_bond_slave(pif)
            }),
            one_of(1, "a VLAN over a member of a bond", |host, params| {
                let tagged = host.pif("eth1");
                vlan(host, &tagged, &reference(params, 0));
                slave(host, &tagged);
                errors::cannot_plug_bond_slave(tagged)
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_unplug_makes_its_checks_in_order() {
    Case {
        call: "PIF.unplug",
        ask: |host| about_pif(host, "eth2", []),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("management", |host, params| {
                management(host, &reference(params, 0))
            }),
            check("a machine on its network", |host, params| {
                let network = host.get::<Pif>(&reference(params, 0)).network;
                let vif = plugged_vif(host, &network);
                errors::vif_in_use(network, vif)
            }),
            check("protection", |host, params| {
                let pif = reference::<Pif>(params, 0);
                edit(host, |draft| draft.set(&pif, Pif::DISALLOW_UNPLUG, true));
                errors::pif_does_not_allow_unplug(pif)
            }),
            check("storage behind it", |host, params| {
                fcoe(host, &reference(params, 0))
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_set_disallow_unplug_makes_its_checks_in_order() {
    Case {
        call: "PIF.set_disallow_unplug",
        ask: |host| {
            let pif = host.pif("eth2");
            edit(host, |draft| draft.set(&pif, Pif::DISALLOW_UNPLUG, true));
            vec![text(&pif), Value::Bool(false)]
        },
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a cluster", |host, params| {
                clustered(host, &reference(params, 0))
            }),
            check("a cluster that grows", |host, _| {
                let operations = [("OpaqueRef:task".to_owned(), ClusterOperation::Enable)];
                let cluster = edit(host, |draft| {
                    draft.insert(Cluster {
                        current_operations: BTreeMap::from(operations.clone()),
                        ..Cluster::blank()
                    })
                });
                errors::other_operation_in_progress("Cluster", cluster, "enable", "OpaqueRef:task")
            }),
        ],
    }
    .holds();
}

#[test]
fn the_protection_may_be_set_whatever_the_cluster_does() {
    let host = SimHost::new(4);
    let pif = host.pif("eth2");
    clustered(&host, &pif);
    let set = |value| {
        host.call(
            "PIF.set_disallow_unplug",
            vec![text(&pif), Value::Bool(value)],
        )
    };
    set(false).unwrap();
    set(true).unwrap();
    assert!(host.get(&pif).disallow_unplug);
    assert_eq!(set(false).unwrap_err().code, "CLUSTERING_ENABLED");
}

#[test]
fn pif_set_property_makes_its_checks_in_order() {
    Case {
        call: "PIF.set_property",
        ask: |host| about_pif(host, "eth2", ["gro", "off"]),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            one_of(1, "an unknown property", |_, params| {
                params[1] = Value::from("tso");
                errors::invalid_value("properties", "tso = off")
            }),
            one_of(1, "a wrong value", |_, params| {
                params[2] = Value::from("OFF");
                errors::invalid_value("properties", "gro = OFF")
            }),
            one_of(2, "a VLAN", |host, params| {
                let pif = reference(params, 0);
                vlan(host, &host.pif("eth3"), &pif);
                errors::cannot_change_pif_properties(pif)
            }),
            one_of(2, "a tunnel", |host, params| {
                let pif = reference(params, 0);
                tunnel(host, &host.pif("eth3"), &pif);
                errors::cannot_change_pif_properties(pif)
            }),
            one_of(2, "a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::cannot_change_pif_properties(pif)
            }),
        ],
    }
    .holds();
}

#[test]
fn a_scan_makes_of_nics_what_the_configuration_says_of_them() {
    let mut host = SimHost::new(3);
    let name = |text: &str| xapi_net::topology::Name::new(text).unwrap();
    host.start_with(|config| {
        config.fcoe = [("eth2".to_owned(), vec!["36001".to_owned()])].into();
        config.boot_nics = vec!["eth4".to_owned()];
        config.unmanaged_nics = vec!["eth5".to_owned()];
    });
    for nic in ["eth3", "eth4", "eth5"] {
        host.handle.plug_in(name(nic));
    }
    host.call("PIF.scan", vec![text(&host.host())]).unwrap();
    let pif = |device: &str| host.get(&host.pif(device));
    assert_eq!(pif("eth2").capabilities, ["fcoe"]);
    assert!(pif("eth1").capabilities.is_empty());
    for (device, protected, managed) in [
        ("eth3", false, true),
        ("eth4", true, true),
        ("eth5", false, false),
    ] {
        let row = pif(device);
        assert_eq!(
            (row.disallow_unplug, row.managed),
            (protected, managed),
            "{device}"
        );
    }
    // What is not behind the NIC is none of its business.
    let (used, other) = (host.pif("eth2"), "36002".to_owned());
    let why = fcoe(&host, &used);
    let unplug = || host.call("PIF.unplug", vec![text(&used)]);
    assert_eq!(unplug().unwrap_err(), why);
    edit(&host, |draft| {
        let (pbd, mut row) = draft.all::<xapi_model::Pbd>()?.remove(0);
        row.device_config.insert("SCSIid".to_owned(), other.clone());
        draft.set(&pbd, xapi_model::Pbd::DEVICE_CONFIG, row.device_config)
    });
    unplug().unwrap();
}
