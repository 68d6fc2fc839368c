//! XML-RPC, byte for byte: logins, records of every type, nothing, failures.

use std::collections::BTreeMap;

use xapi_model::{Pif, Ref, Task};
use xapi_tests::server::{Served, To};

use crate::{ask, between, call, failure, success, text, with_session};

#[test]
fn a_login_has_the_bytes_of_xapi() {
    let served = Served::new(1);
    let body = "<?xml version='1.0'?>\n<methodCall>\n<methodName>session.login_with_password</methodName>\n<params>\n\
                <param>\n<value><string>root</string></value>\n</param>\n\
                <param>\n<value><string>secret</string></value>\n</param>\n</params>\n</methodCall>\n";
    for (path, connection) in [("/RPC2", "keep-alive"), ("/", "close")] {
        let headers = format!("Connection: {connection}\r\nContent-Type: text/xml\r\n");
        let mut peer = served.connect(To::Tcp);
        let answer = peer.post(path, &headers, body.as_bytes());
        let session = between(&answer.body, "<name>Value</name><value>", "</value>").to_owned();
        assert_eq!(answer.body, success(&text(&session)));
        let uuid = session.strip_prefix("OpaqueRef:").expect("a reference");
        let parsed = uuid::Uuid::parse_str(uuid).expect("a uuid");
        assert_eq!(parsed.to_string(), uuid, "small letters, with hyphens");
        assert_eq!(
            answer.head.to_ascii_lowercase(),
            format!(
                "http/1.1 200 ok\r\ncontent-length: {}\r\nconnection: {connection}\r\n\
                 cache-control: no-cache, no-store\r\ncontent-type: text/xml\r\naccess-control-allow-origin: *\r\n\
                 access-control-allow-headers: x-requested-with\r\n\r\n",
                answer.body.len()
            )
        );
        let logout = ask(&served, "session.logout", &[&text(&session)]);
        assert_eq!(
            logout,
            success("<value></value>"),
            "nothing is the empty text"
        );
        let again = ask(&served, "session.logout", &[&text(&session)]);
        assert_eq!(again, failure(&["SESSION_INVALID", &session]));
    }
}

#[test]
fn a_wrong_password_is_an_answer_like_any_other() {
    let served = Served::new(1);
    let login = |to, name: &str, password: &str| {
        let params = [&*text(name), &*text(password)];
        let body = call("session.login_with_password", &params);
        served.post(to, "/", body.as_bytes()).body
    };
    for (name, password) in [
        ("root", "wrong"),
        ("root", ""),
        ("", ""),
        ("admin", "secret"),
    ] {
        let answer = login(To::Tcp, name, password);
        let before = format!("<value>{name}</value><value>");
        let told = between(&answer, &before, "</value>");
        let expected = failure(&["SESSION_AUTHENTICATION_FAILED", name, told]);
        assert_eq!(answer, expected);
        // Over the unix socket nobody is asked for a password.
        let local = login(To::Unix, name, password);
        assert!(local.contains("<value>OpaqueRef:"), "{name}: {local}");
    }
}

/// The answer that holds a record of these members.
fn record(members: &[(&str, String)]) -> String {
    let members: String = members
        .iter()
        .map(|(name, value)| format!("<member><name>{name}</name>{value}</member>"))
        .collect();
    success(&text(&format!("<struct>{members}</struct>")))
}

const NO_ITEMS: &str = "<array><data></data></array>";

#[test]
fn a_record_with_integers_truth_values_references_sets_and_maps() {
    let served = Served::new(2);
    let reference = served.host.pif("eth0");
    let pif: Pif = served.host.get(&reference);
    // These are all, in this order: what the server keeps for itself is no part of a record.
    let expected = record(&[
        ("uuid", text(&pif.uuid)),
        ("device", text("eth0")),
        ("network", text(pif.network.as_str())),
        ("host", text(pif.host.as_str())),
        ("MAC", text("02:16:3e:00:00:00")),
        ("MTU", text("1500")),
        ("VLAN", text("-1")),
        ("metrics", text(pif.metrics.as_str())),
        ("physical", text("<boolean>1</boolean>")),
        ("currently_attached", text("<boolean>1</boolean>")),
        ("ip_configuration_mode", text("Static")),
        ("IP", text("172.16.0.10")),
        ("netmask", text("255.255.255.224")),
        ("gateway", text("172.16.0.1")),
        ("DNS", text("")),
        ("bond_slave_of", text("OpaqueRef:NULL")),
        ("bond_master_of", text(NO_ITEMS)),
        ("VLAN_master_of", text("OpaqueRef:NULL")),
        ("VLAN_slave_of", text(NO_ITEMS)),
        ("management", text("<boolean>1</boolean>")),
        ("other_config", text("<struct></struct>")),
        ("disallow_unplug", text("<boolean>0</boolean>")),
        ("tunnel_access_PIF_of", text(NO_ITEMS)),
        ("tunnel_transport_PIF_of", text(NO_ITEMS)),
        ("ipv6_configuration_mode", text("Static")),
        (
            "IPv6",
            text("<array><data><value>fd00:172:16::10/64</value></data></array>"),
        ),
        ("ipv6_gateway", text("fd00:172:16::1")),
        ("primary_address_type", text("IPv4")),
        ("managed", text("<boolean>1</boolean>")),
        (
            "properties",
            text("<struct><member><name>gro</name><value>on</value></member></struct>"),
        ),
        ("capabilities", text(NO_ITEMS)),
        ("igmp_snooping_status", text("disabled")),
        ("sriov_physical_PIF_of", text(NO_ITEMS)),
        ("sriov_logical_PIF_of", text(NO_ITEMS)),
        ("PCI", text("OpaqueRef:NULL")),
    ]);
    for name in ["PIF.get_record", "PIF_get_record"] {
        let answer = with_session(&served, name, &[&text(reference.as_str())]);
        assert_eq!(answer, expected, "{name}");
    }
}

#[test]
fn a_record_with_floats_dates_and_an_enumeration() {
    const ONE_PAIR: &str =
        "<struct><member><name>k&lt;</name><value>&amp;</value></member></struct>";
    const TWO_ITEMS: &str = "<array><data><value>A</value><value>b</value></data></array>";
    let served = Served::new(1);
    let label = text("a &lt;b&gt; &amp; \"c\"");
    let made = with_session(&served, "task.create", &[&label, &text("d")]);
    let task = between(&made, "<name>Value</name><value>", "</value>").to_owned();
    assert_eq!(made, success(&text(&task)));
    let this = text(&task);
    let set = |name: &str, value: &str| {
        let answer = with_session(&served, name, &[&this, &text(value)]);
        assert_eq!(answer, success("<value></value>"), "{name}");
    };
    set("task.set_progress", "<double>0.25</double>");
    set("task.set_other_config", ONE_PAIR);
    set("task.set_error_info", TWO_ITEMS);
    let row: Task = served.host.get(&Ref::new(task));
    let created = row.created.as_str();
    assert!(created.len() == 18 && created.ends_with('Z'), "{created}");
    let created = text(&format!("<dateTime.iso8601>{created}</dateTime.iso8601>"));
    let epoch = "<dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601>";
    let expected = record(&[
        ("uuid", text(&row.uuid)),
        ("name_label", text("a &lt;b&gt; &amp; &quot;c&quot;")),
        ("name_description", text("d")),
        ("allowed_operations", text(NO_ITEMS)),
        ("current_operations", text("<struct></struct>")),
        ("created", created.clone()),
        ("finished", text(epoch)),
        ("status", text("pending")),
        ("resident_on", text(served.host.host().as_str())),
        ("progress", text("<double>0.25</double>")),
        ("type", text("&lt;none/&gt;")),
        ("result", text("")),
        ("error_info", text(TWO_ITEMS)),
        ("other_config", text(ONE_PAIR)),
        ("subtask_of", text("OpaqueRef:NULL")),
        ("subtasks", text(NO_ITEMS)),
        ("backtrace", text("()")),
    ]);
    assert_eq!(with_session(&served, "task.get_record", &[&this]), expected);
    let get = |name: &str, value: &str| {
        let answer = with_session(&served, name, &[&this]);
        assert_eq!(answer, success(value), "{name}");
    };
    get("task.get_created", &created);
    get("task.get_status", "<value>pending</value>");
    // A float may come as a text or an integer, and goes as C's %.16g.
    for (given, shown) in [
        ("1", "1"),
        ("<int>1</int>", "1"),
        ("<double>0.1</double>", "0.1"),
        ("<double>1e-7</double>", "1e-07"),
    ] {
        set("task.set_progress", given);
        let shown = format!("<value><double>{shown}</double></value>");
        get("task.get_progress", &shown);
    }
}

#[test]
fn the_servers_time_is_in_utc_to_the_second() {
    let served = Served::new(1);
    let host = text(served.host.host().as_str());
    let now = with_session(&served, "host.get_servertime", &[&host]);
    let date = between(&now, "<dateTime.iso8601>", "</dateTime.iso8601>");
    let expected = format!("<value><dateTime.iso8601>{date}</dateTime.iso8601></value>");
    assert_eq!(now, success(&expected));
    let bytes = date.as_bytes();
    assert!(
        bytes.len() == 18 && bytes[8] == b'T' && bytes[17] == b'Z',
        "{date}"
    );
}

#[test]
fn headers_of_a_request_reach_its_task_once() {
    let served = Served::new(2);
    let session = text(served.host.session());
    let network = text(served.host.network("xenbr0").as_str());
    let body = call("Async.network.destroy", &[&session, &network]);
    let headers = "X-Http-Other-Config-applies_to: OpaqueRef:x\r\nUser-Agent: tests/1.0\r\n";
    let mut peer = served.connect(To::Tcp);
    let answer = peer.post("/", headers, body.as_bytes());
    let task = between(&answer.body, "<name>Value</name><value>", "</value>");
    let mut task: Task = served.host.finished(&Ref::new(task));
    let request = task.other_config.remove("xapi:request");
    assert!(
        request.is_some_and(|name| name.contains('-')),
        "the log names it likewise"
    );
    let expected = [("http:applies_to".to_owned(), "OpaqueRef:x".to_owned())];
    assert_eq!(task.other_config, BTreeMap::from(expected));
    assert_eq!(task.name_label, "Async.network.destroy");
    assert_eq!(task.error_info[0], "NETWORK_CONTAINS_PIF");
}
