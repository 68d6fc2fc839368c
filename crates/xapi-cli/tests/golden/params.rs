//! `CLASS-param-list`, `-get`, `-set`, `-add`, `-remove`, `-clear`.

use xapi_model::{ApiError, Value, errors};

use crate::fake::{map, set, world};
use crate::{check, fails, prints};

#[test]
fn param_list_shows_every_field_also_the_expensive_ones() {
    check(
        "bond-param-list uuid=bond-0",
        "\
uuid ( RO)               : bond-0
             master ( RO): pif-bond0
             slaves ( RO): pif-eth0; pif-eth3
               mode ( RO): active-backup
         properties (MRO): hashing_algorithm: src_mac
      primary-slave ( RO): pif-eth0
           links-up ( RO): 1
    auto-update-mac ( RO): true


",
    );
    let mut fake = world().answers("host.query_data_source", Ok(Value::Float(1536.0)));
    let got = fake.xe("pif-param-list uuid=pif-eth3");
    assert!(
        got.out
            .contains("               io_read_kbs ( RO): 1.500\n"),
        "{}",
        got.out
    );
    // No metrics at all.
    for field in ["carrier", "speed", "duplex", "pci-bus-path", "vendor-name"] {
        let line = format!("{field} ( RO): <not in database>\n");
        assert!(got.out.contains(&line), "{field}: {}", got.out);
    }
    check("bond-param-list uuid=bond-0 --minimal", "bond-0\n");
}

#[test]
fn an_object_that_goes_while_it_is_asked_is_an_invalid_reference() {
    let gone = Err(errors::handle_invalid("network_sriov", "OpaqueRef:s1"));
    let mut fake = world().answers("network_sriov.get_remaining_capacity", gone);
    let sriov = [("uuid", "sriov-1".into())];
    fake.add("network_sriov", "OpaqueRef:s1", &sriov);
    prints(
        &mut fake,
        "network-sriov-param-get uuid=sriov-1 param-name=remaining-capacity",
        "<invalid reference>\n",
    );
    prints(
        &mut fake,
        "network-sriov-list",
        "uuid ( RO)               : sriov-1\n    requires-reboot ( RO): false\n\n\n",
    );
}

#[test]
fn param_get_prints_the_value_alone() {
    check(
        "pif-param-get uuid=pif-eth0 param-name=MAC",
        "00:16:3e:00:00:0a\n",
    );
    check("pif-param-get uuid=pif-eth0 param-name=IP", "\n");
    check(
        "pif-param-get uuid=pif-eth0 param-name=network-uuid",
        "network-0\n",
    );
    check(
        "pif-param-get uuid=pif-eth0 param-name=other-config",
        "defer: yes; key-with:colon: v\n",
    );
    check(
        "pif-param-get uuid=pif-eth0 param-name=other-config param-key=defer",
        "yes\n",
    );
    // A key of what is no map is ignored.
    check(
        "pif-param-get uuid=pif-eth0 param-name=device param-key=x",
        "eth0\n",
    );
    check(
        "network-param-get uuid=network-2 param-name=tags",
        "red, a,b\n",
    );
    check(
        "network-param-get uuid=network-2 param-name=name-label --minimal",
        "MGT\\, bonded\n",
    );
}

#[test]
fn param_get_of_what_is_not_there_fails() {
    let mut fake = world();
    fails(
        &mut fake,
        "pif-param-get uuid=pif-eth0 param-name=other-config param-key=x",
        "Error: Key x not found in map\n",
    );
    fails(
        &mut fake,
        "pif-param-get uuid=pif-eth0 param-name=nonsense",
        "Error code: Missing parameter\nError parameters: nonsense\n",
    );
    fails(
        &mut fake,
        "pif-param-get uuid=bond-0 param-name=MAC",
        "There is no object of this class with this UUID.\ntype: PIF\nuuid: bond-0\n",
    );
    fails(
        &mut fake,
        "pif-param-get param-name=MAC",
        "Required parameter not found: uuid\nFor usage run: 'xe help'\n",
    );
}

#[test]
fn param_set_sets_fields_and_keys_in_the_order_of_the_line() {
    let mut fake = world();
    let got = fake.words(&[
        "network-param-set",
        "uuid=network-0",
        "MTU=9000",
        "name-label=a b",
        "other-config:automatic=false",
        "other-config-new:key=1",
    ]);
    assert_eq!(
        (got.out.as_str(), got.err.as_str(), got.status),
        ("", "", 0)
    );
    assert_eq!(fake.field("OpaqueRef:n0", "MTU"), Value::Int(9000));
    assert_eq!(fake.field("OpaqueRef:n0", "name_label"), "a b".into());
    let config = map(&[("a-b:c", "d"), ("automatic", "false"), ("new:key", "1")]);
    assert_eq!(fake.field("OpaqueRef:n0", "other_config"), config);
    let verbs: Vec<&str> = fake
        .asked
        .iter()
        .filter_map(|call| call.split(' ').next())
        .collect();
    assert_eq!(
        verbs,
        [
            "login",
            "network.get_by_uuid",
            "network.get_record",
            "network.set_MTU",
            "network.set_name_label",
            "network.remove_from_other_config",
            "network.add_to_other_config",
            "network.remove_from_other_config",
            "network.add_to_other_config",
            "logout",
        ]
    );
}

#[test]
fn the_same_key_twice_leaves_the_last_value() {
    let mut fake = world();
    prints(
        &mut fake,
        "pif-param-set uuid=pif-eth3 other-config:a=1 other-config:a=2",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:p3", "other_config"),
        map(&[("a", "2")])
    );
}

#[test]
fn properties_are_set_by_their_own_message() {
    let mut fake = world().answers("PIF.set_property", Ok(Value::Nil));
    fake = fake.answers("Bond.set_property", Ok(Value::Nil));
    prints(
        &mut fake,
        "pif-param-set uuid=pif-eth0 properties:gro=off",
        "",
    );
    prints(
        &mut fake,
        "bond-param-set uuid=bond-0 properties:miimon=100",
        "",
    );
    let asked = |call: &str| fake.asked.iter().any(|asked| asked == call);
    assert!(asked(r#"PIF.set_property "OpaqueRef:p0" "gro" "off""#));
    assert!(asked(r#"Bond.set_property "OpaqueRef:b0" "miimon" "100""#));
}

#[test]
fn param_set_refuses_what_cannot_be_set() {
    let mut fake = world();
    for (line, text) in [
        (
            "pif-param-set uuid=pif-eth0 device=x",
            "Error: Field 'device' is read-only.\n",
        ),
        (
            "network-param-set uuid=network-0 MTU=big",
            "Error: Parameter 'MTU': expected an integer, got 'big'\n",
        ),
        (
            "pif-param-set uuid=pif-eth0 disallow-unplug=maybe",
            "Error: Parameter 'disallow-unplug': expected true or false, got 'maybe'\n",
        ),
        (
            "pif-param-set uuid=pif-eth0 other-config=x",
            "Error: Field 'other-config' is a map: set one of its keys with 'other-config:KEY=VALUE'\n",
        ),
        (
            "network-param-set uuid=network-0 tags=x",
            "Error: Field 'tags' is read-only.\n",
        ),
        (
            "network-param-set uuid=network-0 tags:x=y",
            "Error: Cannot param-set on set fields\n",
        ),
        (
            "pif-param-set uuid=pif-eth0 capabilities=x",
            "Error: Field 'capabilities' is read-only.\n",
        ),
        (
            "network-param-set uuid=network-0 default-locking-mode=open",
            "Error: Expected 'unlocked', 'disabled', got open\n",
        ),
        (
            "network-param-set uuid=network-0 nonsense=1",
            "Error code: Missing parameter\nError parameters: nonsense\n",
        ),
    ] {
        fails(&mut fake, line, text);
    }
    let before = world();
    assert_eq!(fake.rows, before.rows, "nothing was changed");
}

#[test]
fn enumerations_are_read_in_either_case_and_sent_as_the_wire_has_them() {
    let mut fake = world();
    prints(
        &mut fake,
        "network-param-set uuid=network-0 default-locking-mode=DISABLED",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:n0", "default_locking_mode"),
        "disabled".into()
    );
}

#[test]
fn sizes_take_units() {
    let mut fake = world();
    let vm = [("uuid", "vm-1".into())];
    fake.add("VM", "OpaqueRef:v1", &vm);
    for (text, bytes) in [
        ("1024", 1024),
        ("2KiB", 2048),
        ("3mb", 3 << 20),
        ("1 G", 1 << 30),
    ] {
        let word = format!("memory-static-max={text}");
        let got = fake.words(&["vm-param-set", "uuid=vm-1", &word]);
        assert_eq!(got.err, "");
        assert_eq!(
            fake.field("OpaqueRef:v1", "memory_static_max"),
            Value::Int(bytes),
            "{text}"
        );
    }
    fails(
        &mut fake,
        "vm-param-set uuid=vm-1 memory-static-max=9999999TiB",
        "Error: Parameter 'memory-static-max': expected a size, such as 512MiB, got '9999999TiB'\n",
    );
}

#[test]
fn maps_that_are_set_as_a_whole_are_sent_once() {
    let mut fake = world().answers("VM.set_bios_strings", Ok(Value::Nil));
    let vm = [("uuid", "vm-1".into())];
    fake.add("VM", "OpaqueRef:v1", &vm);
    prints(
        &mut fake,
        "vm-param-set uuid=vm-1 bios-strings:a=1 bios-strings:b=2",
        "",
    );
    let sent: Vec<&String> = fake.asked.iter().filter(|c| c.contains("bios")).collect();
    assert_eq!(
        sent,
        [r#"VM.set_bios_strings "OpaqueRef:v1" {a:"1",b:"2"}"#]
    );
}

#[test]
fn sets_with_a_setter_take_comma_lists() {
    let mut fake = world();
    let vif = [("uuid", "vif-1".into())];
    fake.add("VIF", "OpaqueRef:i1", &vif);
    prints(
        &mut fake,
        "vif-param-set uuid=vif-1 ipv4-allowed=10.0.0.1,10.0.0.2",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:i1", "ipv4_allowed"),
        set(&["10.0.0.1", "10.0.0.2"])
    );
}

#[test]
fn param_add_adds_members_and_keys() {
    let mut fake = world();
    prints(
        &mut fake,
        "network-param-add uuid=network-2 param-name=tags param-key=blue",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:n2", "tags"),
        set(&["red", "a,b", "blue"])
    );
    prints(
        &mut fake,
        "pif-param-add uuid=pif-eth3 param-name=other-config a=1 b=x=y",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:p3", "other_config"),
        map(&[("a", "1"), ("b", "x=y")])
    );
}

#[test]
fn param_add_refuses_a_key_that_is_there_and_fields_without_members() {
    let mut fake = world();
    fails(
        &mut fake,
        "pif-param-add uuid=pif-eth0 param-name=other-config defer=no",
        "The map already has this key; remove it first.\ntype: PIF\nparam_name: other_config\nuuid: uuid\nkey: defer\n",
    );
    fails(
        &mut fake,
        "pif-param-add uuid=pif-eth0 param-name=MAC param-key=x",
        "Error: Nothing can be added to field 'MAC'\n",
    );
    fails(
        &mut fake,
        "network-param-add uuid=network-2 param-name=tags",
        "Required parameter not found: param-key\nFor usage run: 'xe help'\n",
    );
    fails(
        &mut fake,
        "pif-param-add uuid=pif-eth0 param-name=nonsense param-key=x",
        "Error code: Missing parameter\nError parameters: nonsense\n",
    );
}

#[test]
fn param_remove_removes_what_is_there() {
    let mut fake = world();
    prints(
        &mut fake,
        "network-param-remove uuid=network-2 param-name=tags param-key=red",
        "",
    );
    assert_eq!(fake.field("OpaqueRef:n2", "tags"), set(&["a,b"]));
    prints(
        &mut fake,
        "pif-param-remove uuid=pif-eth0 param-name=other-config param-key=defer",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:p0", "other_config"),
        map(&[("key-with:colon", "v")])
    );
    fails(
        &mut fake,
        "network-param-remove uuid=network-2 param-name=tags param-key=red",
        "Error: Key red is not in the set\n",
    );
    fails(
        &mut fake,
        "pif-param-remove uuid=pif-eth0 param-name=other-config param-key=defer",
        "Error: Key defer is not in map\n",
    );
    fails(
        &mut fake,
        "pif-param-remove uuid=pif-eth0 param-name=MAC param-key=x",
        "Error: Nothing can be removed from field 'MAC'\n",
    );
}

#[test]
fn param_clear_empties_a_field_in_the_way_it_has() {
    let mut fake = world();
    prints(
        &mut fake,
        "network-param-clear uuid=network-2 param-name=tags",
        "",
    );
    assert_eq!(fake.field("OpaqueRef:n2", "tags"), set(&[]));
    prints(
        &mut fake,
        "network-param-clear uuid=network-0 param-name=other-config",
        "",
    );
    assert_eq!(fake.field("OpaqueRef:n0", "other_config"), map(&[]));
    assert!(
        fake.asked
            .iter()
            .all(|call| !call.contains("set_other_config")),
        "key by key"
    );
    prints(
        &mut fake,
        "network-param-clear uuid=network-0 param-name=name-label",
        "",
    );
    assert_eq!(fake.field("OpaqueRef:n0", "name_label"), "".into());
    for (line, text) in [
        (
            "bond-param-clear uuid=bond-0 param-name=properties",
            "Field 'properties' cannot be cleared",
        ),
        (
            "pif-param-clear uuid=pif-eth0 param-name=capabilities",
            "Field 'capabilities' cannot be cleared",
        ),
        (
            "pif-param-clear uuid=pif-eth0 param-name=MAC",
            "Field 'MAC' cannot be cleared",
        ),
    ] {
        fails(&mut fake, line, &format!("Error: {text}\n"));
    }
}

#[test]
fn a_reference_is_set_by_uuid_and_cleared_with_nothing() {
    let mut fake = world();
    let sr = [("uuid", "sr-1".into())];
    fake.add("SR", "OpaqueRef:s1", &sr);
    let pool = [("uuid", "pool-1".into())];
    fake.add("pool", "OpaqueRef:l1", &pool);
    prints(&mut fake, "pool-param-set uuid=pool-1 default-SR=sr-1", "");
    assert_eq!(
        fake.field("OpaqueRef:l1", "default_SR"),
        "OpaqueRef:s1".into()
    );
    prints(
        &mut fake,
        "pool-param-get uuid=pool-1 param-name=default-SR",
        "sr-1\n",
    );
    prints(&mut fake, "pool-param-set uuid=pool-1 default-SR=", "");
    assert_eq!(
        fake.field("OpaqueRef:l1", "default_SR"),
        "OpaqueRef:NULL".into()
    );
    prints(
        &mut fake,
        "pool-param-get uuid=pool-1 param-name=default-SR",
        "<not in database>\n",
    );
}

#[test]
fn a_value_that_the_hosts_do_not_share_is_inconsistent() {
    let mut fake = world();
    let pool = [("uuid", "pool-1".into())];
    fake.add("pool", "OpaqueRef:l1", &pool);
    let line = "pool-param-get uuid=pool-1 param-name=https-only";
    prints(&mut fake, line, "false\n");
    let other = [("uuid", "host-2".into()), ("https_only", true.into())];
    fake.add("host", "OpaqueRef:h2", &other);
    prints(&mut fake, line, "<inconsistent>\n");
}

#[test]
fn hidden_fields_are_told_to_param_get_alone() {
    let mut fake = world();
    let told = [
        ("uuid", "pool-1".into()),
        ("vswitch_controller", "10.0.0.9".into()),
    ];
    fake.add("pool", "OpaqueRef:l1", &told);
    fake = fake.answers(
        "pool.get_license_state",
        Err(ApiError::new("NOT_IMPLEMENTED", vec![])),
    );
    let all = fake.xe("pool-param-list uuid=pool-1").out;
    assert!(!all.contains("vswitch-controller"), "{all}");
    prints(
        &mut fake,
        "pool-param-get uuid=pool-1 param-name=vswitch-controller",
        "10.0.0.9\n",
    );
}
