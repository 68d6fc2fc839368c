//! What the calls of bonds refuse (API facts, 1.1 and 5.1).

use xapi_model::errors;
use xapi_model::{
    ApiError, Bond, IpConfigurationMode, Network, Pif, PrimaryAddressType, Ref, Value,
};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

fn members(params: &[Value]) -> Vec<Ref<Pif>> {
    let members = params[1].as_array().expect("members");
    members
        .iter()
        .map(|m| Ref::new(m.as_str().unwrap()))
        .collect()
}

fn first(params: &[Value]) -> Ref<Pif> {
    members(params).remove(0)
}

fn push(params: &mut [Value], member: Value) {
    let Value::Array(members) = &mut params[1] else {
        panic!("members")
    };
    members.push(member);
}

const CREATE: Case<'_> = Case {
    call: "Bond.create",
    ask: |host| {
        let members = [text(&host.pif("eth1")), text(&host.pif("eth2"))];
        vec![
            text(&host.new_network("bonded")),
            Value::Array(members.to_vec()),
            Value::from(""),
            Value::from("balance-slb"),
            map([]),
        ]
    },
    checks: &[
        check("no members", |_, params| {
            params[1] = Value::Array(Vec::new());
            errors::pif_bond_needs_more_members()
        }),
        check("an unknown first member", |_, params| {
            let Value::Array(members) = &mut params[1] else {
                panic!("members")
            };
            members[0] = Value::from(NOBODY);
            errors::handle_invalid("PIF", NOBODY)
        }),
        check("a host that is not live", |host, _| offline(host)),
        check("an unknown network", |_, params| {
            unknown("network", params, 0)
        }),
        check("an unmanaged network", |host, params| {
            let network = reference::<Network>(params, 0);
            edit(host, |draft| draft.set(&network, Network::MANAGED, false));
            errors::network_unmanaged(network)
        }),
        check("a network with a PIF of the host", |host, params| {
            let this = host.host();
            let pif = pif_of(host, &this, &reference(params, 0));
            errors::network_already_connected(this, pif)
        }),
        one_of(1, "a network with SR-IOV", |host, params| {
            let pif = pif_of(host, &other_host(host), &reference(params, 0));
            sriov(host, &host.pif("eth3"), &pif);
            errors::network_incompatible_with_bond(reference::<Network>(params, 0))
        }),
        one_of(1, "a network with a VLAN on SR-IOV", |host, params| {
            let other = other_host(host);
            let logical = pif_of(host, &other, &host.network("xenbr3"));
            sriov(host, &host.pif("eth3"), &logical);
            let untagged = pif_of(host, &other, &reference(params, 0));
            vlan(host, &logical, &untagged);
            errors::network_incompatible_with_bond(reference::<Network>(params, 0))
        }),
        one_of(2, "a malformed MAC", |_, params| {
            params[2] = Value::from("c0:ff:ee:c0:ff");
            errors::mac_invalid("c0:ff:ee:c0:ff")
        }),
        check("a property that the mode does not have", |_, params| {
            params[4] = map([("lacp-time", "fast")]);
            errors::invalid_value("properties", "lacp-time = fast")
        }),
        check("an unknown member after the first", |_, params| {
            push(params, Value::from(NOBODY));
            errors::handle_invalid("PIF", NOBODY)
        }),
        check("members of two address families", |host, params| {
            let second = members(params).remove(1);
            edit(host, |draft| {
                draft.set(&second, Pif::PRIMARY_ADDRESS_TYPE, PrimaryAddressType::IPv6)
            });
            errors::pif_incompatible_primary_address_type(second)
        }),
        check("an unmanaged member", |host, params| {
            unmanaged(host, &first(params))
        }),
        one_of(3, "a member of a bond", |host, params| {
            slave(host, &first(params));
            errors::pif_already_bonded(first(params))
        }),
        one_of(3, "a bond as a member", |host, params| {
            bond_master(host, &first(params));
            errors::pif_already_bonded(first(params))
        }),
        one_of(3, "a VLAN as a member", |host, params| {
            vlan(host, &host.pif("eth3"), &first(params));
            errors::pif_vlan_exists(host.get(&first(params)).device_name)
        }),
        one_of(3, "a tunnel as a member", |host, params| {
            tunnel(host, &host.pif("eth3"), &first(params));
            errors::is_tunnel_access_pif(first(params))
        }),
        one_of(3, "SR-IOV as a member", |host, params| {
            sriov(host, &host.pif("eth3"), &first(params));
            errors::pif_is_sriov_logical(first(params))
        }),
        check("management as a member, with HA", |host, params| {
            ha(host);
            management(host, &first(params));
            errors::ha_cannot_change_bond_status_of_mgmt_iface()
        }),
        check("a member with storage behind it", |host, params| {
            fcoe(host, &first(params))
        }),
        check("members on two hosts", |host, params| {
            let pif = pif_of(host, &other_host(host), &host.network("xenbr3"));
            push(params, text(&pif));
            errors::pif_cannot_bond_cross_host()
        }),
        check("members with different properties", |host, params| {
            let second = members(params).remove(1);
            edit(host, |draft| {
                draft.set(
                    &second,
                    Pif::PROPERTIES,
                    [("gro".to_owned(), "off".to_owned())].into(),
                )
            });
            errors::incompatible_pif_properties()
        }),
        check("two members with an address", |host, params| {
            for member in &members(params)[..2] {
                edit(host, |draft| {
                    draft.set(
                        member,
                        Pif::IP_CONFIGURATION_MODE,
                        IpConfigurationMode::Dhcp,
                    )
                });
            }
            errors::pif_bond_more_than_one_ip()
        }),
        one_of(2, "a group MAC", |_, params| {
            params[2] = Value::from("FF:ff:FF:ff:FF:ff");
            errors::mac_invalid("FF:ff:FF:ff:FF:ff")
        }),
    ],
};

#[test]
fn bond_create_makes_its_checks_in_order() {
    CREATE.holds();
}

#[test]
fn bond_create_finishes_with_one_member_before_the_next() {
    let host = SimHost::new(4);
    let params = (CREATE.ask)(&host);
    let pifs = members(&params);
    tunnel(&host, &host.pif("eth3"), &pifs[0]);
    unmanaged(&host, &pifs[1]);
    let expected = errors::is_tunnel_access_pif(&pifs[0]);
    refused(
        &host,
        "Bond.create",
        params,
        &expected,
        "tunnel, then unmanaged",
    );
}

/// XAPI's own table, with the MAC that it uses and both members alike.
#[test]
fn the_table_of_xapis_own_tests_holds() {
    type Arm = fn(&SimHost, &Ref<Pif>);
    type Expected = fn(&SimHost, &Ref<Pif>) -> ApiError;
    let cases: [(Arm, Expected); 6] = [
        (
            |host, pif| drop(unmanaged(host, pif)),
            |_, pif| errors::pif_unmanaged(pif),
        ),
        (slave, |_, pif| errors::pif_already_bonded(pif)),
        (
            |host, pif| drop(vlan(host, &host.pif("eth3"), pif)),
            |host, pif| errors::pif_vlan_exists(host.get(pif).device_name),
        ),
        (
            |host, pif| {
                let logical = pif_of(host, &host.host(), &host.new_network("logical"));
                sriov(host, &host.pif("eth3"), &logical);
                vlan(host, &logical, pif);
            },
            |host, pif| errors::pif_vlan_exists(host.get(pif).device_name),
        ),
        (
            |host, pif| sriov(host, &host.pif("eth3"), pif),
            |_, pif| errors::pif_is_sriov_logical(pif),
        ),
        (
            |host, pif| tunnel(host, &host.pif("eth3"), pif),
            |_, pif| errors::is_tunnel_access_pif(pif),
        ),
    ];
    for (at, (arm, expected)) in cases.into_iter().enumerate() {
        let host = SimHost::new(4);
        let mut params = (CREATE.ask)(&host);
        params[2] = Value::from("ff:ff:ff:ff:ff:ff");
        params[3] = Value::from("active-backup");
        for member in members(&params) {
            arm(&host, &member);
        }
        let expected = expected(&host, &first(&params));
        refused(
            &host,
            "Bond.create",
            params,
            &expected,
            &format!("case {at}"),
        );
    }
}

#[test]
fn bond_create_knows_each_property_of_lacp_and_its_values() {
    for (key, value) in [
        ("lacp-time", "often"),
        ("lacp-time", "FAST"),
        ("hashing_algorithm", "dst_mac"),
        ("lacp-fallback-ab", "yes"),
        ("lacp-aggregation-key", "x"),
        ("lacp-aggregation-key", "-1"),
        ("lacp-aggregation-key", "65536"),
        ("lacp-aggregation-key", ""),
        ("", ""),
        ("mode", "lacp"),
    ] {
        let host = SimHost::new(4);
        let mut params = (CREATE.ask)(&host);
        params[3] = Value::from("lacp");
        params[4] = map([(key, value)]);
        let expected = errors::invalid_value("properties", format!("{key} = {value}"));
        refused(&host, "Bond.create", params, &expected, value);
    }
}

fn bonded(host: &SimHost) -> Ref<Bond> {
    let network = host.new_network("bonded");
    host.bond(&network, &["eth1", "eth2"], "lacp").unwrap()
}

#[test]
fn bond_destroy_makes_its_checks_in_order() {
    Case {
        call: "Bond.destroy",
        ask: |host| vec![text(&bonded(host))],
        checks: &[
            check("an unknown bond", |_, params| unknown("Bond", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("management, with HA", |host, _| {
                ha(host);
                management(host, &host.pif("bond0"));
                errors::ha_cannot_change_bond_status_of_mgmt_iface()
            }),
        ],
    }
    .holds();
}

#[test]
fn bond_set_mode_and_set_property_make_their_checks_in_order() {
    Case {
        call: "Bond.set_mode",
        ask: |host| vec![text(&bonded(host)), Value::from("active-backup")],
        checks: &[
            check("an unknown bond", |_, params| unknown("Bond", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
        ],
    }
    .holds();
    Case {
        call: "Bond.set_property",
        ask: |host| {
            vec![
                text(&bonded(host)),
                Value::from("lacp-time"),
                Value::from("fast"),
            ]
        },
        checks: &[
            check("an unknown bond", |_, params| unknown("Bond", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            one_of(1, "an unknown property", |_, params| {
                params[1] = Value::from("colour");
                errors::invalid_value("properties", "colour = fast")
            }),
            one_of(1, "a wrong value", |_, params| {
                params[2] = Value::from("Fast");
                errors::invalid_value("properties", "lacp-time = Fast")
            }),
            one_of(1, "a property of another mode", |host, params| {
                let bond = reference::<Bond>(params, 0);
                edit(host, |draft| {
                    draft.set(&bond, Bond::MODE, xapi_model::BondMode::BalanceSlb)
                });
                errors::invalid_value("properties", "lacp-time = fast")
            }),
        ],
    }
    .holds();
}
