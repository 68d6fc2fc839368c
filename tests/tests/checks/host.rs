//! What the calls of a host's management interface refuse (API facts, 1.8).

use xapi_model::{Host, IpConfigurationMode, Pif, PrimaryAddressType, Value, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

#[test]
fn host_management_reconfigure_makes_its_checks_in_order() {
    Case {
        call: "host.management_reconfigure",
        ask: |host| {
            let words = ["Static", "10.3.0.2", "255.255.255.0", "10.3.0.1", ""];
            let params = about_pif(host, "eth1", words);
            host.call("PIF.reconfigure_ip", params).unwrap();
            about_pif(host, "eth1", [])
        },
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("HA", |host, _| ha(host)),
            one_of(1, "a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::cannot_plug_bond_slave(pif)
            }),
            one_of(1, "no address", |host, params| {
                let pif = reference::<Pif>(params, 0);
                edit(host, |draft| {
                    draft.set(&pif, Pif::IP_CONFIGURATION_MODE, IpConfigurationMode::None)
                });
                errors::pif_has_no_network_configuration(pif)
            }),
            one_of(1, "no IPv6 address", |host, params| {
                let pif = reference::<Pif>(params, 0);
                edit(host, |draft| {
                    draft.set(&pif, Pif::PRIMARY_ADDRESS_TYPE, PrimaryAddressType::IPv6)
                });
                errors::pif_has_no_v6_network_configuration(pif)
            }),
            one_of(1, "an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
        ],
    }
    .holds();
}

#[test]
fn a_member_of_a_bond_without_an_address_is_told_to_be_a_member() {
    let host = SimHost::new(4);
    let pif = host.pif("eth1");
    slave(&host, &pif);
    let expected = errors::cannot_plug_bond_slave(&pif);
    let params = vec![text(&pif)];
    refused(
        &host,
        "host.management_reconfigure",
        params,
        &expected,
        "no address either",
    );
}

#[test]
fn ha_keeps_management_enabled() {
    Case {
        call: "host.management_disable",
        ask: |_| Vec::new(),
        checks: &[check("HA", |host, _| ha(host))],
    }
    .holds();
}

#[test]
fn a_master_is_never_in_emergency_mode() {
    let host = SimHost::new(4);
    for bridge in ["xenbr0", "xenbr9", ""] {
        let params = texts([bridge]);
        let expected = errors::not_in_emergency_mode();
        refused(
            &host,
            "host.local_management_reconfigure",
            params,
            &expected,
            bridge,
        );
    }
}

#[test]
fn ha_that_is_not_enabled_cannot_be_disabled_in_an_emergency() {
    let host = SimHost::new(1);
    for soft in [Vec::new(), vec![Value::Bool(false)]] {
        let refused = host.call("host.emergency_ha_disable", soft).unwrap_err();
        assert_eq!(refused, errors::ha_not_enabled());
    }
    host.call("host.emergency_ha_disable", vec![Value::Bool(true)])
        .expect("nothing is to be done");
}

#[test]
fn the_management_interface_is_that_of_the_host_asked_for() {
    let host = SimHost::new(4);
    let ask =
        |of: &xapi_model::Ref<Host>| host.call("host.get_management_interface", vec![text(of)]);
    assert_eq!(ask(&host.host()).unwrap(), text(&host.pif("eth0")));
    let other = other_host(&host);
    assert_eq!(
        ask(&other).unwrap_err(),
        errors::internal_error("Not_found")
    );
    let expected = errors::handle_invalid("host", NOBODY);
    let params = vec![Value::from(NOBODY)];
    refused(
        &host,
        "host.get_management_interface",
        params,
        &expected,
        "unknown",
    );
    host.call("host.management_disable", Vec::new()).unwrap();
    assert_eq!(
        ask(&host.host()).unwrap_err(),
        errors::internal_error("Not_found")
    );
}
