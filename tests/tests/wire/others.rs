//! The same, read and written by others: the crate dxr, and Python's xmlrpc.client.

use serde_json::Value as Json;
use xapi_model::{MODEL, Network, State};
use xapi_tests::server::{Served, To};

use crate::post_json;

/// A JSON value as dxr shows the same over XML-RPC: integers are texts there.
fn as_xml(json: &Json) -> dxr::Value {
    match json {
        Json::Bool(b) => dxr::Value::Boolean(*b),
        Json::Number(n) if n.is_i64() => dxr::Value::String(n.to_string()),
        Json::Number(n) => dxr::Value::Double(n.as_f64().expect("a number")),
        Json::String(text) => dxr::Value::String(text.clone()),
        Json::Array(items) => dxr::Value::Array(items.iter().map(as_xml).collect()),
        Json::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), as_xml(value)));
            dxr::Value::Struct(members.collect())
        }
        Json::Null => panic!("null in an answer"),
    }
}

/// A call with dxr's encoder, its answer read with dxr's decoder.
fn by_dxr(served: &Served, to: To, name: &str, params: Vec<dxr::Value>) -> dxr::Value {
    let call = dxr::MethodCall {
        name: name.to_owned().into(),
        params,
    };
    let body = call.to_xml().expect("a request");
    let answer = served.post(to, "/RPC2", body.as_bytes());
    let response = dxr::MethodResponse::from_xml(&answer.body).expect("an answer");
    let dxr::Value::Struct(mut members) = response.value else {
        panic!("{}", answer.body)
    };
    assert_eq!(members.remove("ErrorDescription"), None, "{name}");
    members.remove("Value").expect("a value")
}

fn string(text: &str) -> dxr::Value {
    dxr::Value::String(text.to_owned())
}

#[test]
fn dxr_reads_every_class_without_dates_as_json_shows_it() {
    let served = Served::new(3);
    let network = served.host.new_network("a <&> \u{e9}");
    served
        .host
        .bond(&network, &["eth1", "eth2"], "lacp")
        .unwrap();
    let session = served.host.session();
    let (mut classes, mut records) = (0, 0);
    for class in MODEL {
        let mut fields = class.fields.iter().filter(|field| field.on_wire());
        let dated = fields.any(|field| field.ty.to_string().contains("datetime"));
        if dated || !class.in_db || !class.get_all || class.state == State::Removed {
            continue;
        }
        let name = format!("{}.get_all_records", class.name);
        let request = format!(
            "{{\"jsonrpc\":\"2.0\",\"method\":\"{name}\",\"params\":[\"{session}\"],\"id\":1}}"
        );
        let answer = post_json(&served, &request).body;
        let answer: Json = serde_json::from_str(&answer).expect("JSON");
        let expected = answer["result"].as_object().expect("records");
        for to in [To::Unix, To::Tcp] {
            let got = by_dxr(&served, to, &name, vec![string(session)]);
            assert_eq!(got, as_xml(&answer["result"]), "{name}");
        }
        classes += 1;
        records += expected.len();
    }
    assert!(
        classes > 20 && records > 15,
        "{classes} classes, {records} records"
    );
}

#[test]
fn dxr_drives_a_bond() {
    let served = Served::new(3);
    for (to, mode) in [(To::Unix, "active-backup"), (To::Tcp, "balance-slb")] {
        let login = ["root", "secret", "1.0", "dxr"].map(string).to_vec();
        let session = by_dxr(&served, to, "session.login_with_password", login);
        let ask = |name: &str, params: &[dxr::Value]| {
            let params = std::iter::once(&session).chain(params).cloned();
            by_dxr(&served, to, name, params.collect())
        };
        // An integer with a tag, and a name that needs escapes.
        let pair = ("a".to_owned(), string("b"));
        let record = [
            ("name_label", string("<dxr> & \"co\"")),
            ("name_description", string("")),
            ("MTU", dxr::Value::Integer(1500)),
            ("other_config", dxr::Value::Struct([pair].into())),
            ("managed", dxr::Value::Boolean(true)),
        ];
        let record = record.map(|(name, value)| (name.to_owned(), value));
        let network = ask("network.create", &[dxr::Value::Struct(record.into())]);
        let label = ask("network.get_name_label", std::slice::from_ref(&network));
        assert_eq!(label, string("<dxr> & \"co\""));
        let large = [network.clone(), dxr::Value::Long(9000)];
        assert_eq!(ask("network.set_MTU", &large), string(""));
        let members = ["eth1", "eth2"].map(|device| string(served.host.pif(device).as_str()));
        let members = dxr::Value::Array(members.to_vec());
        let params = [network.clone(), members, string(""), string(mode)];
        let bond = ask("Bond.create", &params);
        let dxr::Value::Struct(got) = ask("Bond.get_record", std::slice::from_ref(&bond)) else {
            panic!("a record")
        };
        assert_eq!(
            (&got["mode"], &got["links_up"]),
            (&string(mode), &string("2"))
        );
        assert_eq!(got["auto_update_mac"], dxr::Value::Boolean(true));
        assert_eq!(ask("Bond.destroy", &[bond]), string(""));
        assert_eq!(ask("network.destroy", &[network]), string(""));
        assert_eq!(ask("session.logout", &[]), string(""));
    }
    let networks = served.host.all::<Network>();
    assert!(
        networks
            .iter()
            .all(|(_, net)| !net.name_label.contains("dxr"))
    );
}

#[test]
fn pythons_xmlrpc_client_drives_a_bond() {
    let served = Served::new(4);
    let output = std::process::Command::new("python3")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/wire/stock_client.py"
        ))
        .arg(served.address().port().to_string())
        .arg(served.socket())
        .output()
        .expect("python3");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert_eq!(served.host.diverged(), Vec::<String>::new());
}
