//! Commands that are calls: what they ask of the server and what they print of the answer.

use xapi_model::{ApiError, Value, errors};

use crate::fake::{Fake, set, world};
use crate::{fails, prints};

/// The command asks this between login and logout, among lookups, and prints this.
pub fn asks(answer: (&'static str, Value), line: &str, asked: &str, printed: &str) {
    let mut fake = world().answers(answer.0, Ok(answer.1));
    prints(&mut fake, line, printed);
    let own: Vec<&str> = calls(&fake);
    assert_eq!(own, [asked], "{line}");
}

/// What was asked, without login, logout and lookups.
pub fn calls(fake: &Fake) -> Vec<&str> {
    let is_own = |call: &&str| {
        !["login", "logout"]
            .iter()
            .any(|word| call.starts_with(word))
            && !call.contains(".get_")
    };
    fake.asked
        .iter()
        .map(String::as_str)
        .filter(is_own)
        .collect()
}

#[test]
fn a_bond_is_created_of_uuids_and_its_uuid_printed() {
    asks(
        ("Bond.create", "OpaqueRef:b0".into()),
        "bond-create network-uuid=network-2 pif-uuids=pif-eth0,pif-eth3 mode=active-backup properties:miimon=100",
        r#"Bond.create "OpaqueRef:n2" ["OpaqueRef:p0","OpaqueRef:p3"] "" "active-backup" {miimon:"100"}"#,
        "bond-0\n",
    );
    asks(
        ("Bond.create", "OpaqueRef:b0".into()),
        "bond-create network-uuid=network-2 pif-uuids=pif-eth0 --minimal mac=00:16:3e:00:00:01 mode=",
        r#"Bond.create "OpaqueRef:n2" ["OpaqueRef:p0"] "00:16:3e:00:00:01" "balance-slb" {}"#,
        "bond-0\n",
    );
    asks(
        ("Bond.set_mode", Value::Nil),
        "bond-set-mode uuid=bond-0 mode=LACP",
        r#"Bond.set_mode "OpaqueRef:b0" "lacp""#,
        "",
    );
    asks(
        ("Bond.destroy", Value::Nil),
        "bond-destroy uuid=bond-0",
        r#"Bond.destroy "OpaqueRef:b0""#,
        "",
    );
}

#[test]
fn a_network_is_created_with_xapis_defaults() {
    asks(
        ("network.create", "OpaqueRef:n2".into()),
        "network-create name-label=MGT",
        r#"network.create {name_label:"MGT",name_description:"",MTU:1500,other_config:{},bridge:"",managed:true,tags:[]}"#,
        "network-2\n",
    );
    asks(
        ("network.destroy", Value::Nil),
        "network-destroy uuid=network-2",
        r#"network.destroy "OpaqueRef:n2""#,
        "",
    );
}

#[test]
fn pifs_are_scanned_introduced_plugged_and_configured() {
    asks(
        ("PIF.scan", Value::Nil),
        "pif-scan host-uuid=host-1",
        r#"PIF.scan "OpaqueRef:h1""#,
        "",
    );
    asks(
        ("PIF.introduce", "OpaqueRef:p3".into()),
        "pif-introduce host-uuid=host-1 device=eth3",
        r#"PIF.introduce "OpaqueRef:h1" "" "eth3" true"#,
        "pif-eth3\n",
    );
    asks(
        ("PIF.plug", Value::Nil),
        "pif-plug uuid=pif-eth0",
        r#"PIF.plug "OpaqueRef:p0""#,
        "",
    );
    asks(
        ("PIF.reconfigure_ip", Value::Nil),
        "pif-reconfigure-ip uuid=pif-eth0 mode=static ip=10.0.0.2 netmask=255.255.255.0 dns=10.0.0.1,10.0.0.3",
        r#"PIF.reconfigure_ip "OpaqueRef:p0" "Static" "10.0.0.2" "255.255.255.0" "" "10.0.0.1,10.0.0.3""#,
        "",
    );
    asks(
        ("PIF.reconfigure_ipv6", Value::Nil),
        "pif-reconfigure-ipv6 uuid=pif-eth0 mode=autoconf",
        r#"PIF.reconfigure_ipv6 "OpaqueRef:p0" "Autoconf" "" "" """#,
        "",
    );
    asks(
        ("PIF.set_primary_address_type", Value::Nil),
        "pif-set-primary-address-type uuid=pif-eth0 primary_address_type=ipv6",
        r#"PIF.set_primary_address_type "OpaqueRef:p0" "IPv6""#,
        "",
    );
}

#[test]
fn vlans_and_tunnels_print_the_pif_that_they_made() {
    let mut fake = world().answers("VLAN.create", Ok("OpaqueRef:v1".into()));
    let told = [
        ("uuid", "vlan-1".into()),
        ("untagged_PIF", "OpaqueRef:p3".into()),
    ];
    fake.add("VLAN", "OpaqueRef:v1", &told);
    prints(
        &mut fake,
        "vlan-create pif-uuid=pif-eth0 vlan=7 network-uuid=network-2",
        "pif-eth3\n",
    );
    assert_eq!(
        calls(&fake),
        [r#"VLAN.create "OpaqueRef:p0" 7 "OpaqueRef:n2""#]
    );
    fails(
        &mut fake,
        "vlan-create pif-uuid=pif-eth0 vlan=seven network-uuid=network-2",
        "Error: Parameter 'vlan': expected an integer, got 'seven'\n",
    );
    let mut fake = world().answers("tunnel.create", Ok("OpaqueRef:t1".into()));
    let told = [
        ("uuid", "tunnel-1".into()),
        ("access_PIF", "OpaqueRef:p3".into()),
    ];
    fake.add("tunnel", "OpaqueRef:t1", &told);
    prints(
        &mut fake,
        "tunnel-create pif-uuid=pif-eth0 network-uuid=network-2",
        "pif-eth3\n",
    );
    assert_eq!(
        calls(&fake),
        [r#"tunnel.create "OpaqueRef:p0" "OpaqueRef:n2" "gre""#]
    );
    asks(
        (
            "pool.create_VLAN_from_PIF",
            set(&["OpaqueRef:p0", "OpaqueRef:p3"]),
        ),
        "pool-vlan-create pif-uuid=pif-eth0 vlan=7 network-uuid=network-2",
        r#"pool.create_VLAN_from_PIF "OpaqueRef:p0" "OpaqueRef:n2" 7"#,
        "pif-eth0\npif-eth3\n",
    );
}

#[test]
fn old_scripts_destroy_a_vlan_by_its_pif() {
    asks(
        ("PIF.destroy", Value::Nil),
        "vlan-destroy uuid=pif-eth3",
        r#"PIF.destroy "OpaqueRef:p3""#,
        "",
    );
}

#[test]
fn management_commands_ask_the_pool_or_the_host_itself() {
    asks(
        ("host.management_reconfigure", Value::Nil),
        "host-management-reconfigure pif-uuid=pif-eth3",
        r#"host.management_reconfigure "OpaqueRef:p3""#,
        "",
    );
    let mut fake = world().answers("host.local_management_reconfigure", Ok(Value::Nil));
    prints(
        &mut fake,
        "host-emergency-management-reconfigure interface=eth0 username=root password=x",
        "",
    );
    assert_eq!(
        fake.asked,
        [
            "login root x Host",
            r#"host.local_management_reconfigure "eth0""#,
            "logout"
        ]
    );
    let mut fake = world().answers("host.is_in_emergency_mode", Ok(true.into()));
    prints(&mut fake, "host-is-in-emergency-mode", "true\n");
    prints(&mut fake, "host-is-in-emergency-mode --minimal", "\n");
}

fn two_hosts() -> Fake {
    let mut fake = world();
    let told = [
        ("uuid", "host-2".into()),
        ("name_label", "xs-2".into()),
        ("hostname", "second".into()),
    ];
    fake.add("host", "OpaqueRef:h2", &told);
    fake.answers("host.enable", Ok(Value::Nil))
        .answers("host.reboot", Err(errors::host_not_disabled()))
        .answers("host.evacuate", Ok(Value::Nil))
}

#[test]
fn selectors_name_hosts_by_field_or_by_any_of_their_names() {
    for selector in [
        "host=host-2",
        "host=xs-2",
        "host=second",
        "name-label=xs-2",
        "uuid=host-2",
    ] {
        let mut fake = two_hosts();
        prints(&mut fake, &format!("host-enable {selector}"), "");
        assert_eq!(
            calls(&fake).last(),
            Some(&r#"host.enable "OpaqueRef:h2""#),
            "{selector}"
        );
    }
    // A host that is enabled is in no maintenance.
    let mut fake = two_hosts();
    prints(&mut fake, "host-enable host=xs-1", "");
    assert_eq!(
        fake.field("OpaqueRef:h1", "other_config"),
        crate::fake::map(&[])
    );
}

#[test]
fn none_or_several_hosts_need_to_be_meant() {
    let mut fake = two_hosts();
    fails(
        &mut fake,
        "host-enable host=xs-3",
        "Error: No host matches\n",
    );
    fails(
        &mut fake,
        "host-enable",
        "Error: Several hosts match; --multiple is required to carry this out on all of them\n",
    );
    fails(
        &mut fake,
        "host-evacuate --multiple",
        "Error: Several hosts match, and this command takes one\n",
    );
    fails(
        &mut fake,
        "host-enable nonsense=1",
        "Error: Unknown field 'nonsense'\n",
    );
    assert!(calls(&fake).is_empty());
    prints(&mut fake, "host-enable --multiple", "");
    assert_eq!(
        calls(&fake)
            .iter()
            .filter(|call| call.starts_with("host.enable"))
            .count(),
        2
    );
}

#[test]
fn of_several_hosts_each_is_tried_and_the_failures_are_told() {
    let mut fake = two_hosts();
    let got = fake.xe("host-reboot --multiple");
    assert_eq!((got.err.as_str(), got.status), ("", 1));
    let lines: Vec<&str> = got.out.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("operation failed on host-1: "),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("operation failed on host-2: "),
        "{lines:?}"
    );
}

#[test]
fn an_answer_of_the_wrong_type_is_an_internal_error() {
    let mut fake = world().answers("Bond.create", Ok(Value::Int(7)));
    let got = fake.xe("bond-create network-uuid=network-2 pif-uuids=pif-eth0");
    let desc = ApiError::new("INTERNAL_ERROR", vec![])
        .desc()
        .expect("known")
        .doc;
    assert_eq!(got.err.lines().next(), Some(desc.trim()));
    assert_eq!(got.status, 1);
}
