//! What the calls of a PIF's addresses refuse (API facts, 1.2.3).

use xapi_model::{Pif, PrimaryAddressType, Value, errors};
use xapi_tests::SimHost;

use crate::stage::*;

#[test]
fn pif_reconfigure_ip_makes_its_checks_in_order() {
    Case {
        call: "PIF.reconfigure_ip",
        ask: |host| {
            let words = ["Static", "10.1.0.2", "255.255.0.0", "10.1.0.1", "10.1.0.1"];
            about_pif(host, "eth2", words)
        },
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("a cluster", |host, params| {
                clustered(host, &reference(params, 0))
            }),
            check("a malformed address", |_, params| {
                params[2] = Value::from("10.1.0");
                errors::invalid_ip_address_specified("IP")
            }),
            one_of(1, "a malformed netmask", |_, params| {
                params[3] = Value::from("255.255.0.0.0");
                errors::invalid_ip_address_specified("netmask")
            }),
            check("a malformed gateway", |_, params| {
                params[4] = Value::from("fd00::1");
                errors::invalid_ip_address_specified("gateway")
            }),
            one_of(1, "a netmask with holes", |_, params| {
                params[3] = Value::from("255.0.255.0");
                errors::pif_configuration_error(reference::<Pif>(params, 0), "*")
            }),
            check("a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::cannot_plug_bond_slave(pif)
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_reconfigure_ip_to_none_makes_its_checks_in_order() {
    Case {
        call: "PIF.reconfigure_ip",
        ask: |host| about_pif(host, "eth2", ["None", "", "", "", ""]),
        checks: &[
            check("an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
            check("HA", |host, _| ha(host)),
            check("a malformed address", |_, params| {
                params[2] = Value::from(" ");
                errors::invalid_ip_address_specified("IP")
            }),
            check("a malformed netmask", |_, params| {
                params[3] = Value::from("24");
                errors::invalid_ip_address_specified("netmask")
            }),
            check("a malformed gateway", |_, params| {
                params[4] = Value::from("10.0.0.256");
                errors::invalid_ip_address_specified("gateway")
            }),
            check("management", |host, params| {
                management(host, &reference(params, 0))
            }),
        ],
    }
    .holds();
}

#[test]
fn pif_reconfigure_ipv6_makes_its_checks_in_order() {
    Case {
        call: "PIF.reconfigure_ipv6",
        ask: |host| about_pif(host, "eth2", ["Static", "fd00:1::2/64", "fd00:1::1", ""]),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("an unmanaged PIF", |host, params| {
                unmanaged(host, &reference(params, 0))
            }),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("a cluster", |host, params| {
                clustered(host, &reference(params, 0))
            }),
            check("a malformed gateway", |_, params| {
                params[3] = Value::from("10.0.0.1");
                errors::invalid_ip_address_specified("gateway")
            }),
            check("an address without a prefix", |_, params| {
                params[2] = Value::from("fd00:1::2");
                errors::invalid_cidr_address_specified("IPv6")
            }),
            check("a member of a bond", |host, params| {
                let pif = reference(params, 0);
                slave(host, &pif);
                errors::cannot_plug_bond_slave(pif)
            }),
        ],
    }
    .holds();
    Case {
        call: "PIF.reconfigure_ipv6",
        ask: |host| about_pif(host, "eth2", ["None", "", "", ""]),
        checks: &[
            check("a malformed gateway", |_, params| {
                params[3] = Value::from("::g");
                errors::invalid_ip_address_specified("gateway")
            }),
            check("a malformed address", |_, params| {
                params[2] = Value::from("fd00:1::2/129");
                errors::invalid_cidr_address_specified("IPv6")
            }),
            check("management by IPv6", |host, params| {
                let pif = reference(params, 0);
                edit(host, |draft| {
                    draft.set(&pif, Pif::PRIMARY_ADDRESS_TYPE, PrimaryAddressType::IPv6)
                });
                management(host, &pif)
            }),
        ],
    }
    .holds();
}

#[test]
fn addresses_that_no_interface_can_have_are_refused() {
    for words in [
        ["10.1.0.2", "", ""],
        ["", "255.255.0.0", ""],
        ["010.1.0.2", "255.255.0.0", ""],
        ["10.1.0.2 ", "255.255.0.0", ""],
        ["10.1.0.2/16", "255.255.0.0", ""],
        ["0.0.0.0", "255.255.0.0", ""],
        ["224.0.0.1", "255.255.0.0", ""],
        ["255.255.255.255", "255.255.0.0", ""],
        ["127.0.0.1", "255.0.0.0", ""],
        ["10.1.0.2", "0.0.0.0", ""],
        ["10.1.0.2", "255.255.0.1", ""],
        ["10.1.0.2", "0.0.255.255", ""],
        ["10.1.0.2", "16", ""],
        ["10.1.0.2", "255.255.0.0", "10.1.0"],
        ["10.1.0.2", "255.255.0.0", "0x0a010001"],
    ] {
        let host = SimHost::new(4);
        let [ip, netmask, gateway] = words;
        let params = about_pif(&host, "eth2", ["Static", ip, netmask, gateway, ""]);
        let (seen, generation) = (host.seen(), host.core().store.generation());
        let error = host
            .call("PIF.reconfigure_ip", params)
            .expect_err(&format!("{words:?}"));
        assert!(
            ["INVALID_IP_ADDRESS_SPECIFIED", "PIF_CONFIGURATION_ERROR"]
                .contains(&error.code.as_str()),
            "{words:?}: {error}"
        );
        assert_eq!(host.seen(), seen, "{words:?}");
        assert_eq!(host.core().store.generation(), generation, "{words:?}");
        assert_eq!(host.diverged(), Vec::<String>::new(), "{words:?}");
    }
    for words in [
        ["fd00::2/", ""],
        ["fd00::2/x", ""],
        ["fd00::2/+64", ""],
        ["fd00::2/-1", ""],
        ["fd00::2/0", ""],
        ["fd00::2/64/64", ""],
        ["10.0.0.2/24", ""],
        ["ff02::1/64", ""],
        ["::/64", ""],
        ["::1/128", ""],
        ["fd00::2/64", "fd00::1/64"],
        ["fd00::2/64", "fe80::1%eth0"],
    ] {
        let host = SimHost::new(4);
        let params = about_pif(&host, "eth2", ["Static", words[0], words[1], ""]);
        let (seen, generation) = (host.seen(), host.core().store.generation());
        let error = host
            .call("PIF.reconfigure_ipv6", params)
            .expect_err(&format!("{words:?}"));
        assert!(
            [
                "INVALID_IP_ADDRESS_SPECIFIED",
                "INVALID_CIDR_ADDRESS_SPECIFIED",
                "PIF_CONFIGURATION_ERROR"
            ]
            .contains(&error.code.as_str()),
            "{words:?}: {error}"
        );
        assert_eq!(host.seen(), seen, "{words:?}");
        assert_eq!(host.core().store.generation(), generation, "{words:?}");
    }
}

#[test]
fn a_gateway_that_cannot_be_reached_is_refused_where_it_would_be_used() {
    for gateway in ["10.9.9.9", "224.0.0.1", "172.16.0.10", "0.0.0.0"] {
        let host = SimHost::new(4);
        let words = ["Static", "172.16.0.10", "255.255.255.224", gateway, ""];
        let params = about_pif(&host, "eth0", words);
        let (seen, state) = (host.seen(), host.handle.world().state.clone());
        let error = host.call("PIF.reconfigure_ip", params).expect_err(gateway);
        assert_eq!(error.code, "PIF_CONFIGURATION_ERROR", "{gateway}: {error}");
        assert_eq!(error.params[0], host.pif("eth0").as_str(), "{gateway}");
        assert_eq!(host.seen(), seen, "{gateway}");
        assert_eq!(host.handle.world().state, state, "{gateway}");
    }
}

#[test]
fn pif_set_primary_address_type_makes_its_checks_in_order() {
    Case {
        call: "PIF.set_primary_address_type",
        ask: |host| about_pif(host, "eth2", ["IPv6"]),
        checks: &[
            check("an unknown PIF", |_, params| unknown("PIF", params, 0)),
            check("a host that is not live", |host, _| offline(host)),
            check("HA", |host, _| ha(host)),
            check("the redo log", |host, _| redo(host)),
            check("a cluster", |host, params| {
                clustered(host, &reference(params, 0))
            }),
            check("management", |host, params| {
                management(host, &reference(params, 0))
            }),
        ],
    }
    .holds();
}
