//! `--json`: one document of typed values, and errors that programs can read.

use xapi_cli::RpcError;
use xapi_model::{ApiError, Value, errors};

use crate::fake::{Fake, set, world};
use crate::prints;

/// A command line prints this document.
fn check(fake: &mut Fake, line: &str, document: &str) {
    prints(fake, &format!("{line} --json"), &format!("{document}\n"));
}

/// A command line fails with this code and these parameters, and prints nothing.
fn fails(fake: &mut Fake, line: &str, code: &str, params: &[&str]) {
    let got = fake.xe(&format!("{line} --json"));
    assert_eq!((got.out.as_str(), got.status), ("", 1), "{line}");
    assert_eq!(got.err.lines().count(), 1, "{}", got.err);
    let error: serde_json::Value = serde_json::from_str(&got.err).expect("one document");
    assert_eq!(error["code"], code, "{line}");
    assert_eq!(error["params"], serde_json::json!(params), "{line}");
    let message = error["message"].as_str().expect("a text");
    assert!(
        !message.is_empty() && !message.ends_with('\n'),
        "{message:?}"
    );
}

#[test]
fn lists_are_arrays_of_objects_with_typed_values() {
    check(
        &mut world(),
        "pif-list device=eth0 params=uuid,physical,MTU,VLAN,vlan-master-of,bond-slave-of,bond-master-of,network-uuid,properties,capabilities,speed,carrier",
        r#"[{"uuid":"pif-eth0","physical":true,"MTU":1500,"VLAN":-1,"vlan-master-of":null,"bond-master-of":[],"bond-slave-of":"bond-0","network-uuid":"network-0","properties":{"gro":"on","lro":"off"},"capabilities":["sriov","fast"],"carrier":true,"speed":"1000 Mbit/s"}]"#,
    );
    check(
        &mut world(),
        "network-list params=name-label,name-description,tags,PIF-uuids",
        r#"[{"name-label":"MGT, bonded","name-description":"","PIF-uuids":["pif-bond0"],"tags":["red","a,b"]},{"name-label":"Pool-wide network associated with eth0","name-description":"first\nsecond","PIF-uuids":["pif-eth0",null],"tags":[]}]"#,
    );
    // What is not there is null, and so is what a list does not ask for.
    check(
        &mut world(),
        "pif-list device=eth3 params=network-uuid,network-name-label,speed,io_read_kbs",
        r#"[{"network-uuid":null,"network-name-label":null,"io_read_kbs":null,"speed":null}]"#,
    );
    check(&mut world(), "vlan-list", "[]");
    check(&mut world(), "pif-list device=eth0 params=nonsense", "[{}]");
    check(
        &mut world(),
        "pif-list device=eth0 params=device --minimal",
        r#"[{"device":"eth0"}]"#,
    );
}

#[test]
fn one_object_is_one_object_and_one_field_one_value() {
    let got = world().xe("bond-param-list uuid=bond-0 --json");
    let object: serde_json::Value = serde_json::from_str(&got.out).expect("a document");
    let expected = serde_json::json!({
        "uuid": "bond-0", "master": "pif-bond0", "slaves": ["pif-eth0", "pif-eth3"], "mode": "active-backup",
        "properties": {"hashing_algorithm": "src_mac"}, "primary-slave": "pif-eth0", "links-up": 1,
        "auto-update-mac": true
    });
    assert_eq!(object, expected);
    for (field, value) in [
        ("MTU", "1500"),
        ("management", "false"),
        ("device", r#""eth0""#),
        ("properties", r#"{"gro":"on","lro":"off"}"#),
        ("properties param-key=gro", r#""on""#),
        ("vlan-master-of", "null"),
    ] {
        check(
            &mut world(),
            &format!("pif-param-get uuid=pif-eth0 param-name={field}"),
            value,
        );
    }
    let mut fake = world();
    let operations = ["cancel"];
    fake.add(
        "task",
        "OpaqueRef:t",
        &[
            ("uuid", "task-1".into()),
            ("progress", Value::Float(0.125)),
            ("allowed_operations", set(&operations)),
        ],
    );
    check(
        &mut fake,
        "task-list params=progress,allowed_operations,created,finished,subtask_of",
        r#"[{"subtask_of":null,"progress":0.125,"created":"19700101T00:00:00Z","finished":"19700101T00:00:00Z","allowed_operations":["cancel"]}]"#,
    );
}

#[test]
fn integers_that_came_as_texts_are_integers() {
    let mut fake = world();
    for (class, _, record) in &mut fake.rows {
        if let ("PIF", Value::Struct(members)) = (*class, record) {
            let mtu = members.iter_mut().find(|(name, _)| name == "MTU");
            mtu.expect("a field").1 = "9000".into();
        }
    }
    check(
        &mut fake,
        "pif-list device=eth0 params=MTU",
        r#"[{"MTU":9000}]"#,
    );
}

#[test]
fn results_of_calls_are_what_they_are() {
    let mut fake = world().answers("Bond.create", Ok("OpaqueRef:b0".into()));
    check(
        &mut fake,
        "bond-create network-uuid=network-2 pif-uuids=pif-eth0",
        r#""bond-0""#,
    );
    let mut fake = world().answers("PIF.plug", Ok(Value::Nil));
    check(&mut fake, "pif-plug uuid=pif-eth0", "null");
    let mut fake = world().answers("pool.create_VLAN_from_PIF", Ok(set(&["OpaqueRef:p0"])));
    check(
        &mut fake,
        "pool-vlan-create pif-uuid=pif-eth0 vlan=7 network-uuid=network-2",
        r#"["pif-eth0"]"#,
    );
    let mut fake = world().answers("host.compute_free_memory", Ok("1024".into()));
    check(&mut fake, "host-compute-free-memory", "1024");
    let mut fake = world().answers("host.is_in_emergency_mode", Ok(false.into()));
    check(&mut fake, "host-is-in-emergency-mode", "false");
    check(
        &mut world(),
        "help pif-plug",
        r#"[{"command name":"pif-plug","reqd params":"uuid","optional params":"","description":"Brings the interface up with its configuration."}]"#,
    );
}

#[test]
fn errors_tell_code_and_parameters_on_standard_error() {
    let error = errors::pif_is_management_interface("OpaqueRef:p2");
    let mut fake = world().answers("PIF.unplug", Err(error));
    fails(
        &mut fake,
        "pif-unplug uuid=pif-bond0",
        "PIF_IS_MANAGEMENT_INTERFACE",
        &["OpaqueRef:p2"],
    );
    let error = ApiError::new("FROM_THE_FUTURE", vec!["a".into(), "b".into()]);
    let mut fake = world().answers("PIF.unplug", Err(error));
    fails(
        &mut fake,
        "pif-unplug uuid=pif-bond0",
        "FROM_THE_FUTURE",
        &["a", "b"],
    );
    let mut fake = world();
    fails(&mut fake, "pif-lst", "unknown_command", &["pif-lst"]);
    fails(&mut fake, "pif-plug", "required_parameter", &["uuid"]);
    fails(&mut fake, "pif-plug uuid=x", "UUID_INVALID", &["PIF", "x"]);
    fails(
        &mut fake,
        "pif-param-get uuid=pif-eth0 param-name=x",
        "unknown_field",
        &["x"],
    );
    fails(&mut fake, "pif-list x=y", "refused", &[]);
    fails(&mut fake, "host-forget uuid=host-1", "refused", &[]);
    fake.refuses = Some(errors::session_authentication_failed("root", "x").into());
    fails(&mut fake, "pif-list", "SESSION_AUTHENTICATION_FAILED", &[]);
    fake.refuses = Some(RpcError::Lost("nobody listens".to_owned()));
    fails(&mut fake, "pif-list", "no_answer", &[]);
    let mut fake = world().answers("host.reboot", Err(errors::host_not_disabled()));
    fake.add("host", "OpaqueRef:h2", &[("uuid", "host-2".into())]);
    fails(
        &mut fake,
        "host-reboot --multiple",
        "several",
        &["host-1", "host-2"],
    );
}
