//! What is looked at first, which methods there are, and how their list is sent.

use serde_json::Value as Json;
use xapi_core::not_yet::NOT_YET;
use xapi_tests::server::Served;

use crate::{ask, failure, post_json, success, text};

#[test]
fn the_checks_come_in_the_order_arity_types_session() {
    const PLUG: &str = "PIF.plug";
    const LOGIN: &str = "session.login_with_password";
    const NUMBER: &str = "<value><int>1</int></value>";
    let served = Served::new(1);
    let good = text(served.host.session());
    let bad = text("OpaqueRef:nobody");
    let x = text("x");
    let network = text(served.host.network("xenbr0").as_str());
    let invalid = failure(&["SESSION_INVALID", "OpaqueRef:nobody"]);
    let count = |name: &str, expected: &str, received: &str| {
        let code = "MESSAGE_PARAMETER_COUNT_MISMATCH";
        failure(&[code, name, expected, received])
    };
    let typed = |told: &str| failure(&["INTERNAL_ERROR", told]);
    let cases: &[(&str, &[&str], String)] = &[
        // The number of parameters before the session and their types.
        (PLUG, &[&bad], count(PLUG, "1", "0")),
        (PLUG, &[&bad, NUMBER, NUMBER], count(PLUG, "1", "2")),
        (PLUG, &[NUMBER], count(PLUG, "1", "0")),
        ("PIF.get_all", &[&bad, &x], count("PIF.get_all", "0", "1")),
        (
            "Bond.create",
            &[&bad, &x, &x],
            count("Bond.create", "3", "2"),
        ),
        ("Async.PIF.plug", &[&bad], count(PLUG, "1", "0")),
        (LOGIN, &[&x], count(LOGIN, "2", "1")),
        (LOGIN, &[], count(LOGIN, "2", "0")),
        // Types before the session.
        (PLUG, &[&bad, NUMBER], typed("Expected PIF ref, got int")),
        (PLUG, &[NUMBER, &x], typed("Expected session ref, got int")),
        (
            "PIF.set_disallow_unplug",
            &[&bad, &x, &x],
            typed("Expected bool, got string"),
        ),
        // The session before everything that is left.
        (PLUG, &[&bad, &x], invalid.clone()),
        ("Async.PIF.plug", &[&bad, &x], invalid.clone()),
        ("network.get_by_uuid", &[&bad, &x], invalid.clone()),
        ("PIF_metrics.get_io_read_kbs", &[&bad, &x], invalid),
        (
            "PIF_metrics.get_io_read_kbs",
            &[&good, &x],
            failure(&["MESSAGE_REMOVED"]),
        ),
        (
            "network.get_MTU",
            &[&good, &network],
            success("<value>1500</value>"),
        ),
    ];
    for (name, params, expected) in cases {
        assert_eq!(ask(&served, name, params), *expected, "{name} {params:?}");
    }
    // Surplus parameters are ignored where some have defaults.
    let answer = ask(&served, LOGIN, &[&x, &x, &x, &x, &x, NUMBER]);
    let refused = "<value>SESSION_AUTHENTICATION_FAILED</value>";
    assert!(answer.contains(refused), "{answer}");
}

#[test]
fn an_unknown_method_is_told_to_those_with_a_session() {
    let served = Served::new(1);
    let good = text(served.host.session());
    let bad = text("OpaqueRef:nobody");
    let unknown = |name: &str| failure(&["MESSAGE_METHOD_UNKNOWN", name]);
    for name in [
        "Host.get_all",
        "Network.get_all",
        "pif.get_all",
        "PIF.get_All",
        "PIF",
        "PIF.",
        ".get_all",
        "no.such",
        "host_get_al",
    ] {
        assert_eq!(ask(&served, name, &[]), unknown(name), "no parameters");
        assert_eq!(ask(&served, name, &[&good]), unknown(name));
        let invalid = failure(&["SESSION_INVALID", "OpaqueRef:nobody"]);
        assert_eq!(ask(&served, name, &[&bad]), invalid, "{name}");
    }
    let answer = ask(&served, "Async.no.such", &[&good]);
    assert_eq!(answer, unknown("no.such"), "without the prefix");
    for name in [
        "PIF.get_all",
        "PIF_get_all",
        "VM_guest_metrics.get_all",
        "VM_guest_metrics_get_all",
    ] {
        let answer = ask(&served, name, &[&good]);
        assert!(answer.contains("<value>Success</value>"), "{name}");
    }
    let name = "Async.PIF.get_all";
    let told = format!("No async mode for this operation (rpc: {name})");
    assert_eq!(ask(&served, name, &[&good]), failure(&["Fault", &told]));
    // Declared and not carried out yet.
    if let Some(name) = NOT_YET.iter().find(|name| name.ends_with(".destroy")) {
        let answer = ask(&served, name, &[&good, &text("a")]);
        assert_eq!(answer, failure(&["NOT_IMPLEMENTED", name]));
    }
}

#[test]
fn the_list_of_methods_has_no_envelope_and_needs_no_session() {
    const HEAD: &str =
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value>";
    const TAIL: &str = "</value></data></array></value></param></params></methodResponse>";
    let served = Served::new(1);
    for params in [&[][..], &["<value>x</value>"]] {
        let answer = ask(&served, "system.listMethods", params);
        let names = answer.strip_prefix(HEAD).expect("the beginning");
        let names = names.strip_suffix(TAIL).expect("the end");
        let names: Vec<_> = names.split("</value><value>").collect();
        assert!(names.contains(&"Bond.create") && names.contains(&"PIF.get_all_records"));
        assert!(!names.iter().any(|name| name.starts_with("Async.")));
        assert!(!names.iter().any(|name| name.contains('<')));
    }
    let alive = ask(&served, "system.isAlive:a b", &["<value>x</value>"]);
    assert_eq!(alive, success("<value>x</value>"));
    let request = r#"{"jsonrpc":"2.0","method":"system.listMethods","params":[],"id":"a"}"#;
    let list: Json = serde_json::from_str(&post_json(&served, request).body).unwrap();
    let names = list["result"].as_array().expect("a list");
    assert!(names.contains(&"PIF.get_all_records".into()));
    assert_eq!(list["id"], "a");
}
