//! What real clients take for granted, sentence by sentence of what was read in their sources.

use xapi_model::{Bond, Network, Ref, Value};
use xapi_tests::server::{Served, To};

use crate::{ask, between, call, failure, post_json, success, text, with_session};

/// A request, whole.
fn request(line: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!("{line}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

#[test]
fn any_host_or_none_and_headers_of_any_client_are_taken() {
    let served = Served::new(1);
    let body = call("pool.get_all", &[&text(served.host.session())]);
    let pool = with_session(&served, "pool.get_all", &[]);
    let json = format!(
        r#"{{"jsonrpc":"2.0","method":"pool.get_all","params":["{}"],"id":0}}"#,
        served.host.session()
    );
    for headers in [
        "",
        "Host: _var_lib_xcp_xapi\r\n",
        "Host:\r\n",
        "Host: [fd00::1]:80\r\n",
        "Host: xs-1.lab\r\nUser-Agent: xmlrpclib.py/1.0.1\r\nAccept-Encoding: gzip\r\nContent-Type: text/xml\r\n",
        "Host: x\r\nContent-Type: application/json; charset=utf-8\r\nAccept: */*\r\n",
        "Host: x\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nbaggage: a=b\r\n",
        "Host: x\r\noriginator: XSConsole\r\nAuthorization: Basic cm9vdDp3cm9uZw==\r\nCookie: session_id=x\r\n",
    ] {
        for to in [To::Tcp, To::Unix] {
            // Each answer was as long as it said, and the connection goes on.
            let mut peer = served.connect(to);
            for line in [
                "POST / HTTP/1.1",
                "POST /RPC2 HTTP/1.1",
                "POST /xmlrpc?a=b HTTP/1.1",
                "POST /json HTTP/1.1",
            ] {
                let answer = peer.ask(request(line, headers, &body).as_bytes());
                assert_eq!(
                    (answer.status, &answer.body),
                    (200, &pool),
                    "{line} {headers}"
                );
                let kind = "\r\ncontent-type: text/xml\r\n";
                assert!(
                    answer.head.to_ascii_lowercase().contains(kind),
                    "{}",
                    answer.head
                );
            }
            let answer = peer.ask(request("POST /jsonrpc?x HTTP/1.1", headers, &json).as_bytes());
            assert_eq!(answer.status, 200, "{headers}");
            let kind = "\r\ncontent-type: application/json\r\n";
            assert!(
                answer.head.to_ascii_lowercase().contains(kind),
                "{}",
                answer.head
            );
            let old = peer.ask(request("POST / HTTP/1.0", headers, &body).as_bytes());
            assert_eq!((old.status, &old.body), (200, &pool), "{headers}");
            assert!(
                old.head
                    .to_ascii_lowercase()
                    .contains("\r\nconnection: close\r\n")
            );
        }
    }
}

#[test]
fn integers_come_with_any_tag_or_none_and_go_as_texts() {
    let served = Served::new(1);
    let network = text(served.host.new_network("a").as_str());
    let forms = [
        "<int>1400</int>",
        "<i4>1401</i4>",
        "<i8>1402</i8>",
        "1403",
        "<string>1404</string>",
    ];
    for (n, form) in forms.iter().enumerate() {
        let set = with_session(&served, "network.set_MTU", &[&network, &text(form)]);
        assert_eq!(set, success("<value></value>"), "{form}");
        let got = with_session(&served, "network.get_MTU", &[&network]);
        assert_eq!(got, success(&text(&(1400 + n).to_string())), "{form}");
    }
}

#[test]
fn every_call_is_known_by_its_name_with_an_underscore() {
    let served = Served::new(1);
    let list = ask(&served, "system.listMethods", &[]);
    let mut names = 0;
    for name in between(&list, "<data><value>", "</value></data>").split("</value><value>") {
        if name.starts_with("system.") || name.contains(".slave_") || name.contains("login") {
            continue;
        }
        // A session that nobody has: a known call counts its parameters or looks at the session, an unknown one too.
        let with_dot = ask(&served, name, &[]);
        let other = ask(&served, &name.replacen('.', "_", 1), &[]);
        assert_eq!(with_dot, other, "{name}");
        assert!(!other.contains("MESSAGE_METHOD_UNKNOWN"), "{name}: {other}");
        names += 1;
    }
    assert!(names > 500, "{names}");
}

#[test]
fn parameters_with_defaults_may_be_left_out_and_are_not_counted() {
    let served = Served::new(5);
    let host = &served.host;
    let bonded = |devices: [&str; 2], more: &[&str]| {
        let network = text(host.new_network("n").as_str());
        let members = devices
            .map(|device| text(host.pif(device).as_str()))
            .concat();
        let members = text(&format!("<array><data>{members}</data></array>"));
        let mac = text("");
        let params: Vec<&str> = [&*network, &members, &mac]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let made = with_session(&served, "Bond.create", &params);
        let bond = between(&made, "<name>Value</name><value>", "</value>");
        host.get(&Ref::<Bond>::new(bond)).mode.to_string()
    };
    assert_eq!(bonded(["eth1", "eth2"], &[]), "balance-slb");
    assert_eq!(
        bonded(["eth3", "eth4"], &["<value>active-backup</value>"]),
        "active-backup"
    );
    let code = "MESSAGE_PARAMETER_COUNT_MISMATCH";
    let one = with_session(&served, "tunnel.create", &["<value>a</value>"]);
    assert_eq!(one, failure(&[code, "tunnel.create", "2", "1"]));
    let one = with_session(&served, "Bond.create", &["<value>a</value>"]);
    assert_eq!(one, failure(&[code, "Bond.create", "3", "1"]));
}

#[test]
fn a_record_for_a_new_object_may_hold_more_and_less_than_it_needs() {
    let served = Served::new(1);
    let made = |members: &str| {
        let record = text(&format!("<struct>{members}</struct>"));
        let made = with_session(&served, "network.create", &[&record]);
        let reference = between(&made, "<name>Value</name><value>", "</value>").to_owned();
        served.host.get(&Ref::<Network>::new(reference))
    };
    let member = |name: &str, value: &str| {
        format!("<member><name>{name}</name><value>{value}</value></member>")
    };
    let label = member("name_label", "a");
    let nothing = "<struct></struct>";
    // The NIC certification kit sends `description`, CloudStack whole records, with fields that nobody may set.
    let network = made(
        &[
            label.clone(),
            member("description", "x"),
            member("uuid", "x"),
            member("PIFs", "<array><data></data></array>"),
            member("current_operations", nothing),
            member("other_config", nothing),
            member("nil", "<nil/>"),
        ]
        .concat(),
    );
    assert_eq!((network.name_label.as_str(), network.mtu), ("a", 1500));
    assert!(network.uuid.len() == 36 && network.name_description.is_empty());
    for (mtu, kept) in [("0", 1500), ("-1", 1500), ("9000", 9000)] {
        let network = made(
            &[
                label.clone(),
                member("other_config", nothing),
                member("MTU", mtu),
            ]
            .concat(),
        );
        assert_eq!(network.mtu, kept, "{mtu}");
    }
}

#[test]
fn the_filters_that_clients_send_find_what_they_mean() {
    let served = Served::new(2);
    let host = &served.host;
    let eth0 = host.pif("eth0");
    let uuid = host.get(&eth0).uuid;
    let domain = host
        .call("VM.get_all", Vec::new())
        .expect("the control domain");
    let Value::Array(domain) = domain else {
        panic!("{domain:?}")
    };
    let domain = domain[0].as_str().expect("a reference");
    for (class, filter, found) in [
        (
            "PIF",
            r#"field "IP"="172.16.0.10""#.to_owned(),
            eth0.as_str(),
        ),
        (
            "PIF",
            r#"field "management"="true""#.to_owned(),
            eth0.as_str(),
        ),
        ("PIF", format!(r#"field "uuid"="{uuid}""#), eth0.as_str()),
        (
            "PIF",
            format!(r#"(field "uuid"="{uuid}") or (field "uuid"="x")"#),
            eth0.as_str(),
        ),
        (
            "VM",
            r#"field "is_control_domain"="true""#.to_owned(),
            domain,
        ),
    ] {
        let name = format!("{class}.get_all_records_where");
        let records = host
            .call(&name, vec![Value::from(filter.as_str())])
            .expect(&filter);
        let Value::Struct(records) = records else {
            panic!("{records:?}")
        };
        let names: Vec<_> = records.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [found], "{filter}");
    }
}

#[test]
fn the_first_calls_of_the_c_sharp_bindings_are_answered_in_version_one() {
    let served = Served::new(1);
    let ask = |name: &str, params: &str, id: u32| {
        let body = format!(r#"{{"method":"{name}","params":[{params}],"id":{id}}}"#);
        let answer = post_json(&served, &body);
        assert_eq!(answer.status, 200);
        let answer: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        let members: Vec<_> = answer
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(members, ["result", "error", "id"], "{answer}");
        assert_eq!(answer["id"], id);
        answer
    };
    let login = r#""root","secret","2.20","XenCenter""#;
    let session = ask("session.login_with_password", login, 1)["result"].clone();
    let pools = ask("pool.get_all_records", &session.to_string(), 2);
    assert_eq!(pools["error"], serde_json::Value::Null);
    let (_, pool) = pools["result"]
        .as_object()
        .expect("pools")
        .iter()
        .next()
        .expect("a pool");
    let host = ask(
        "host.get_record",
        &format!("{session},{}", pool["master"]),
        3,
    );
    assert!(host["result"]["software_version"].is_object(), "{host}");
    let failed = ask(
        "session.login_with_password",
        r#""root","wrong","2.20","XenCenter""#,
        4,
    );
    assert_eq!(failed["result"], serde_json::Value::Null);
    assert_eq!(failed["error"][0], "SESSION_AUTHENTICATION_FAILED");
    assert_eq!(failed["error"][1], "root");
    assert_eq!(failed["error"].as_array().map(Vec::len), Some(3));
}
