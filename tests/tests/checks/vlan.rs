//! What the calls of VLANs and tunnels refuse (API facts, 1.4 and 1.5).

use xapi_db::Read;
use xapi_model::{Class, IpConfigurationMode, Network, Pif, Ref, Value, Vif, Vlan, Vm, errors};
use xapi_net::names::Name;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// Makes a VLAN over a device.
fn made(host: &SimHost, device: &str, tag: i64, network: &Ref<Network>) -> Ref<Vlan> {
    let params = vec![text(&host.pif(device)), Value::Int(tag), text(network)];
    let made = host.call("VLAN.create", params).expect("VLAN.create");
    Ref::new(made.as_str().expect("a reference"))
}

/// A VLAN with this tag on eth1 that the host has and the rows do not know.
fn foreign_vlan(host: &SimHost, tag: i64) {
    let network = host.new_network("foreign");
    let vlan = made(host, "eth1", tag, &network);
    let untagged = host.get(&vlan).untagged_pif;
    let bridge = Name::new(&host.get(&network).bridge).unwrap();
    edit(host, |draft| {
        draft.destroy(&vlan)?;
        draft.destroy(&untagged)?;
        draft.destroy(&network)
    });
    let mut world = host.handle.world();
    world
        .state
        .bridges
        .get_mut(&bridge)
        .expect("its bridge")
        .ours = false;
}

fn trunks(host: &SimHost, network: &Ref<Network>) {
    edit(host, |draft| {
        let vm = draft.insert(Vm::blank())?;
        draft.insert(Vif {
            device: "0".to_owned(),
            network: network.clone(),
            vm,
            trunks: vec![7],
            ..Vif::blank()
        })
    });
}

const CREATE: Case<'_> = Case {
    call: "VLAN.create",
    ask: |host| {
        vec![
            text(&host.pif("eth1")),
            Value::Int(7),
            text(&host.new_network("seven")),
        ]
    },
    checks: &[
        check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
        check("a host that is not live", |host, _| offline(host)),
        check("an unknown network", |_, params| {
            unknown("network", params, 2)
        }),
        check("an unmanaged network", |host, params| {
            let network = reference::<Network>(params, 2);
            edit(host, |draft| draft.set(&network, Network::MANAGED, false));
            errors::network_unmanaged(network)
        }),
        check("a network with a PIF of the host", |host, params| {
            let this = host.host();
            let pif = pif_of(host, &this, &reference(params, 2));
            errors::network_already_connected(this, pif)
        }),
        check("an unmanaged PIF", |host, params| {
            unmanaged(host, &reference(params, 0))
        }),
        one_of(1, "a member of a bond", |host, params| {
            slave(host, &reference(params, 0));
            errors::cannot_add_vlan_to_bond_slave(reference::<Pif>(params, 0))
        }),
        one_of(1, "a VLAN", |host, params| {
            vlan(host, &host.pif("eth3"), &reference(params, 0));
            errors::pif_is_vlan(reference::<Pif>(params, 0))
        }),
        one_of(1, "a tunnel", |host, params| {
            tunnel(host, &host.pif("eth3"), &reference(params, 0));
            errors::is_tunnel_access_pif(reference::<Pif>(params, 0))
        }),
        one_of(1, "SR-IOV on a network of bridges", |host, params| {
            sriov(host, &host.pif("eth3"), &reference(params, 0));
            pif_of(host, &other_host(host), &reference(params, 2));
            errors::network_incompatible_with_vlan_on_sriov(reference::<Network>(params, 2))
        }),
        one_of(1, "a network of SR-IOV", |host, params| {
            let pif = pif_of(host, &other_host(host), &reference(params, 2));
            sriov(host, &host.pif("eth3"), &pif);
            errors::network_incompatible_with_vlan_on_bridge(reference::<Network>(params, 2))
        }),
        one_of(2, "a tag below zero", |_, params| {
            params[1] = Value::Int(-1);
            errors::vlan_tag_invalid(-1)
        }),
        one_of(2, "a tag above 4094", |_, params| {
            params[1] = Value::Int(4095);
            errors::vlan_tag_invalid(4095)
        }),
        one_of(2, "a VLAN that is there", |host, params| {
            vlan(host, &reference(params, 0), &host.pif("eth3"));
            errors::pif_vlan_exists("eth1")
        }),
        check("a network of trunks", |host, params| {
            trunks(host, &reference(params, 2));
            errors::network_incompatible_with_trunks(reference::<Network>(params, 2))
        }),
        check("an MTU above that of the PIF", |host, params| {
            let network = reference::<Network>(params, 2);
            edit(host, |draft| draft.set(&network, Network::MTU, 9000));
            errors::pif_configuration_error(reference::<Pif>(params, 0), "*")
        }),
    ],
};

#[test]
fn vlan_create_makes_its_checks_in_order() {
    CREATE.holds();
}

#[test]
fn a_tag_that_somebody_else_uses_on_the_host_is_in_use() {
    let host = SimHost::new(4);
    let params = (CREATE.ask)(&host);
    foreign_vlan(&host, 7);
    let expected = errors::vlan_in_use("eth1", 7);
    refused(&host, "VLAN.create", params, &expected, "a foreign VLAN");
}

#[test]
fn the_refusal_of_an_mtu_names_both() {
    let host = SimHost::new(4);
    let params = (CREATE.ask)(&host);
    let network = reference::<Network>(&params, 2);
    edit(&host, |draft| draft.set(&network, Network::MTU, 1501));
    let error = host.call("VLAN.create", params).unwrap_err();
    assert!(
        error.params[1].contains("1501") && error.params[1].contains("1500"),
        "{error}"
    );
}

#[test]
fn vlan_destroy_makes_its_checks_in_order() {
    fn untagged(host: &SimHost) -> Ref<Pif> {
        host.all::<Vlan>().remove(0).1.untagged_pif
    }
    const CHECKS: &[Check] = &[
        check("a host that is not live", |host, _| offline(host)),
        check("a member of a bond", |host, _| {
            slave(host, &untagged(host));
            errors::pif_already_bonded(untagged(host))
        }),
        check("HA", |host, _| ha(host)),
        check("the redo log", |host, _| redo(host)),
        check("no tag", |host, _| {
            let pif = untagged(host);
            edit(host, |draft| draft.set(&pif, Pif::VLAN, -1));
            errors::pif_is_physical()
        }),
        check("an unmanaged PIF", |host, _| {
            unmanaged(host, &untagged(host))
        }),
        check("management", |host, _| management(host, &untagged(host))),
        check("a machine on it", |host, _| {
            let network = host.get(&untagged(host)).network;
            let vif = plugged_vif(host, &network);
            errors::vif_in_use(network, vif)
        }),
        check("protection", |host, _| {
            let pif = untagged(host);
            edit(host, |draft| draft.set(&pif, Pif::DISALLOW_UNPLUG, true));
            errors::pif_does_not_allow_unplug(pif)
        }),
        check("a tunnel over it", |host, _| {
            tunnel(host, &untagged(host), &host.pif("eth3"));
            errors::pif_tunnel_still_exists(untagged(host))
        }),
        check("a cluster", |host, _| clustered(host, &untagged(host))),
    ];
    Case {
        call: "VLAN.destroy",
        ask: |host| {
            vec![text(&made(
                host,
                "eth1",
                0,
                &host.new_network("priorities"),
            ))]
        },
        checks: CHECKS,
    }
    .holds();
}

#[test]
fn the_older_names_refuse_what_they_must() {
    let host = SimHost::new(4);
    let network = host.new_network("seven");
    let named = |call: &str, device: &str, tag: i64| {
        let mut params = vec![Value::from(device), text(&network)];
        if call == "PIF.create_VLAN" {
            params.push(text(&host.host()));
        }
        params.push(Value::Int(tag));
        params
    };
    for call in ["PIF.create_VLAN", "pool.create_VLAN"] {
        let expected = errors::invalid_value("device", "eth9");
        refused(&host, call, named(call, "eth9", 7), &expected, call);
        let expected = errors::vlan_tag_invalid(5000);
        refused(&host, call, named(call, "eth1", 5000), &expected, call);
    }
    let expected = errors::pif_is_physical();
    let eth1 = vec![text(&host.pif("eth1"))];
    refused(&host, "PIF.destroy", eth1, &expected, "PIF.destroy");

    // A host that cannot be reached keeps the pool's call from all, and is not asked by the newer one if it is dead.
    let other = other_host(&host);
    let expected = errors::host_offline(&other);
    let params = named("pool.create_VLAN", "eth1", 7);
    refused(&host, "pool.create_VLAN", params, &expected, "another host");
    pif_of(&host, &other, &host.network("xenbr1"));
    edit(&host, |draft| {
        let metrics = draft.field(&other, xapi_model::Host::METRICS)?;
        draft.set(&metrics, xapi_model::HostMetrics::LIVE, false)
    });
    let params = vec![text(&host.pif("eth1")), text(&network), Value::Int(7)];
    let made = host.call("pool.create_VLAN_from_PIF", params).unwrap();
    assert_eq!(made.as_array().unwrap().len(), 1);
}

#[test]
fn the_older_names_make_a_vlan_and_take_it_away_as_the_newer_ones_do() {
    let host = SimHost::new(4);
    let network = host.new_network("seven");
    let before = (host.seen(), host.handle.world().state.clone());
    let metrics = host.all::<xapi_model::PifMetrics>().len();
    let params = |device: &str| {
        vec![
            Value::from(device),
            text(&network),
            text(&host.host()),
            Value::Int(7),
        ]
    };
    let made = host.call("PIF.create_VLAN", params("eth1")).unwrap();
    let untagged: Ref<Pif> = Ref::new(made.as_str().unwrap());
    let row = host.get(&untagged);
    assert_eq!((row.device.as_str(), row.vlan), ("eth1", 7));
    assert!(row.network == network && row.currently_attached && !row.physical);
    let vlan = host.get(&row.vlan_master_of);
    assert_eq!((vlan.tagged_pif, vlan.tag), (host.pif("eth1"), 7));
    assert_eq!(vlan.untagged_pif, untagged);
    let bridge = xapi_net::names::Name::new(&host.get(&network).bridge).unwrap();
    assert!(host.handle.world().state.bridges.contains_key(&bridge));
    assert_eq!(host.diverged(), [""; 0]);
    host.call("PIF.destroy", vec![text(&untagged)]).unwrap();
    assert_eq!((host.seen(), host.handle.world().state.clone()), before);
    assert_eq!(host.all::<Vlan>().len(), 0);
    assert_eq!(host.all::<xapi_model::PifMetrics>().len(), metrics);
    assert_eq!(host.diverged(), [""; 0]);
    host.call("PIF.create_VLAN", params("eth2"))
        .expect("its network is free again");
}

fn addressed(host: &SimHost, device: &str) {
    let words = ["Static", "10.1.0.2", "255.255.0.0", "", ""];
    host.call("PIF.reconfigure_ip", about_pif(host, device, words))
        .unwrap();
}

const TUNNEL: Case<'_> = Case {
    call: "tunnel.create",
    ask: |host| {
        addressed(host, "eth1");
        vec![
            text(&host.pif("eth1")),
            text(&host.new_network("inner")),
            Value::from("vxlan"),
        ]
    },
    checks: &[
        check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
        check("a host that is not live", |host, _| offline(host)),
        check("an unknown network", |_, params| {
            unknown("network", params, 1)
        }),
        check("an unmanaged network", |host, params| {
            let network = reference::<Network>(params, 1);
            edit(host, |draft| draft.set(&network, Network::MANAGED, false));
            errors::network_unmanaged(network)
        }),
        check("a network with a PIF of the host", |host, params| {
            let this = host.host();
            let pif = pif_of(host, &this, &reference(params, 1));
            errors::network_already_connected(this, pif)
        }),
        check("an unmanaged PIF", |host, params| {
            unmanaged(host, &reference(params, 0))
        }),
        one_of(1, "a member of a bond", |host, params| {
            slave(host, &reference(params, 0));
            errors::cannot_add_tunnel_to_bond_slave(reference::<Pif>(params, 0))
        }),
        one_of(1, "a tunnel", |host, params| {
            tunnel(host, &host.pif("eth3"), &reference(params, 0));
            errors::is_tunnel_access_pif(reference::<Pif>(params, 0))
        }),
        one_of(1, "SR-IOV", |host, params| {
            sriov(host, &host.pif("eth3"), &reference(params, 0));
            errors::cannot_add_tunnel_to_sriov_logical(reference::<Pif>(params, 0))
        }),
        one_of(1, "a VLAN on SR-IOV", |host, params| {
            let logical = pif_of(host, &host.host(), &host.new_network("logical"));
            sriov(host, &host.pif("eth3"), &logical);
            vlan(host, &logical, &reference(params, 0));
            errors::cannot_add_tunnel_to_vlan_on_sriov_logical(reference::<Pif>(params, 0))
        }),
        check("a network of SR-IOV", |host, params| {
            let pif = pif_of(host, &other_host(host), &reference(params, 1));
            sriov(host, &host.pif("eth2"), &pif);
            errors::network_incompatible_with_tunnel(reference::<Network>(params, 1))
        }),
        check("another host without Open vSwitch", |host, _| {
            other_host(host);
            errors::openvswitch_not_active()
        }),
        check("a PIF without an address", |host, params| {
            let pif = reference::<Pif>(params, 0);
            edit(host, |draft| {
                draft.set(&pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::None)
            });
            errors::transport_pif_not_configured(pif)
        }),
        check("an MTU that leaves nothing", |host, params| {
            let network = host.network("xenbr1");
            edit(host, |draft| draft.set(&network, Network::MTU, 1300));
            errors::pif_configuration_error(reference::<Pif>(params, 0), "*")
        }),
    ],
};

#[test]
fn tunnel_create_makes_its_checks_in_order() {
    TUNNEL.holds();
}

#[test]
fn tunnel_destroy_makes_its_checks_in_order() {
    Case {
        call: "tunnel.destroy",
        ask: |host| {
            let params = (TUNNEL.ask)(host);
            vec![host.call("tunnel.create", params).unwrap()]
        },
        checks: &[
            check("an unknown tunnel", |_, params| {
                unknown("tunnel", params, 0)
            }),
            check("a host that is not live", |host, _| offline(host)),
            check("an unmanaged PIF", |host, _| {
                unmanaged(host, &host.pif("tunnel0"))
            }),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("management", |host, _| {
                management(host, &host.pif("tunnel0"))
            }),
            check("a machine on it", |host, _| {
                let network = host.get(&host.pif("tunnel0")).network;
                let vif = plugged_vif(host, &network);
                errors::vif_in_use(network, vif)
            }),
            check("protection", |host, _| {
                let pif = host.pif("tunnel0");
                edit(host, |draft| draft.set(&pif, Pif::DISALLOW_UNPLUG, true));
                errors::pif_does_not_allow_unplug(pif)
            }),
            check("a cluster", |host, _| clustered(host, &host.pif("tunnel0"))),
        ],
    }
    .holds();
}

#[test]
fn nothing_stands_on_a_bonds_member() {
    let host = SimHost::new(4);
    addressed(&host, "eth1");
    let seven = host.new_network("seven");
    let inner = host.new_network("inner");
    let bonded = host.new_network("bonded");
    host.bond(&bonded, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    let eth1 = host.pif("eth1");
    let doors: [(&str, Vec<Value>, xapi_model::ApiError); 4] = [
        (
            "PIF.plug",
            vec![text(&eth1)],
            errors::cannot_plug_bond_slave(&eth1),
        ),
        (
            "host.management_reconfigure",
            vec![text(&eth1)],
            errors::cannot_plug_bond_slave(&eth1),
        ),
        (
            "VLAN.create",
            vec![text(&eth1), Value::Int(7), text(&seven)],
            errors::cannot_add_vlan_to_bond_slave(&eth1),
        ),
        (
            "tunnel.create",
            vec![text(&eth1), text(&inner), Value::from("gre")],
            errors::cannot_add_tunnel_to_bond_slave(&eth1),
        ),
    ];
    for (call, params, expected) in doors {
        refused(&host, call, params, &expected, call);
    }
}
