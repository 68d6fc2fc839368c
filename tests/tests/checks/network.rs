//! What the calls of networks refuse (API facts, 1.7).

use xapi_model::{Network, Pif, Value, Vif, errors};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::*;

/// The record of a network for `network.create`.
pub fn record(pairs: &[(&str, Value)]) -> Vec<Value> {
    let mut members = vec![
        ("name_label".to_owned(), Value::from("made")),
        ("name_description".to_owned(), Value::from("")),
        ("MTU".to_owned(), Value::Int(1500)),
        ("other_config".to_owned(), map([])),
    ];
    for (name, value) in pairs {
        members.retain(|(known, _)| known != name);
        members.push(((*name).to_owned(), value.clone()));
    }
    vec![Value::Struct(members)]
}

#[test]
fn network_create_refuses_names_of_bridges_that_it_cannot_have() {
    let host = SimHost::new(2);
    for bridge in [
        "xenbr0",
        "xenbr77",
        "xen",
        "xapi0",
        "vif1.0",
        "tap0",
        "eth5",
        "sixteen-letters0",
        "a b",
        "a/b",
        "br\u{e4}",
        "..",
        "a;b",
        "br\n",
    ] {
        let expected = errors::invalid_value("bridge", bridge);
        let params = record(&[("bridge", Value::from(bridge))]);
        refused(&host, "network.create", params, &expected, bridge);
    }
    let params = record(&[("bridge", Value::from("mine"))]);
    host.call("network.create", params.clone()).unwrap();
    let expected = errors::bridge_name_exists("mine");
    refused(&host, "network.create", params, &expected, "a bridge twice");
}

#[test]
fn network_create_needs_every_member_that_has_no_default() {
    let host = SimHost::new(2);
    let Value::Struct(mut members) = record(&[]).remove(0) else {
        panic!("a record")
    };
    members.retain(|(name, _)| name != "other_config");
    let expected = errors::internal_error("*");
    refused(
        &host,
        "network.create",
        vec![Value::Struct(members)],
        &expected,
        "other_config",
    );
}

#[test]
fn network_destroy_makes_its_checks_in_order() {
    Case {
        call: "network.destroy",
        ask: |host| vec![text(&host.new_network("made"))],
        checks: &[
            check("an unknown network", |_, params| {
                unknown("network", params, 0)
            }),
            check("plugged machines", |host, params| {
                let network = reference::<Network>(params, 0);
                plugged_vif(host, &network);
                plugged_vif(host, &network);
                errors::network_contains_vif(host.get(&network).vifs.iter())
            }),
            check("PIFs", |host, params| {
                let network = reference::<Network>(params, 0);
                pif_of(host, &host.host(), &network);
                pif_of(host, &other_host(host), &network);
                errors::network_contains_pif(host.get(&network).pifs.iter())
            }),
            check("the system's network", |host, params| {
                let network = reference::<Network>(params, 0);
                let key = "is_host_internal_management_network".to_owned();
                edit(host, |draft| {
                    draft.set(
                        &network,
                        Network::OTHER_CONFIG,
                        [(key.clone(), "true".to_owned())].into(),
                    )
                });
                errors::cannot_destroy_system_network(network)
            }),
        ],
    }
    .holds();
}

#[test]
fn network_destroy_counts_reserved_vifs_and_takes_the_others_along() {
    let host = SimHost::new(2);
    let network = host.new_network("made");
    let vif = plugged_vif(&host, &network);
    edit(&host, |draft| {
        draft.set(&vif, Vif::CURRENTLY_ATTACHED, false)?;
        draft.set(&vif, Vif::RESERVED, true)
    });
    let expected = errors::network_contains_vif([&vif]);
    refused(
        &host,
        "network.destroy",
        vec![text(&network)],
        &expected,
        "reserved",
    );
    edit(&host, |draft| draft.set(&vif, Vif::RESERVED, false));
    host.call("network.destroy", vec![text(&network)]).unwrap();
    assert!(host.all::<Vif>().is_empty());
    assert!(
        host.all::<Network>()
            .iter()
            .all(|(known, _)| *known != network)
    );
    assert_eq!(host.all::<Pif>().len(), 2);
}
