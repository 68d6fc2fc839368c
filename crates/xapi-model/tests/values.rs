//! What the types accept from clients, and what they refuse.

use std::collections::BTreeMap;

use xapi_model::desc::Role;
use xapi_model::messages::messages;
use xapi_model::types::NULL_REF;
use xapi_model::{
    BondMode, Class, IpConfigurationMode, Network, Pif, Ref, Type, Value, VifIpv4ConfigurationMode,
    Wire, bond,
};

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn accepts(ty: Type, given: Value, expected: Value) {
    match ty.accept(given.clone()) {
        Ok(accepted) => assert_eq!(accepted, expected, "{given:?} as {ty}"),
        Err(why) => panic!("{given:?} as {ty}: {why}"),
    }
}

fn refuses(ty: Type, given: Value) {
    let accepted = ty.accept(given.clone());
    assert!(accepted.is_err(), "{given:?} as {ty}: {accepted:?}");
}

#[test]
fn integers_may_come_as_text_in_every_base_and_nothing_else_may() {
    accepts(Type::Int, Value::Int(-1), Value::Int(-1));
    accepts(Type::Int, text("1500"), Value::Int(1500));
    accepts(
        Type::Int,
        text("-9223372036854775808"),
        Value::Int(i64::MIN),
    );
    accepts(Type::Int, text("0x5dC"), Value::Int(1500));
    accepts(Type::Int, text("-0b101"), Value::Int(-5));
    accepts(Type::Int, text("0o17"), Value::Int(15));
    accepts(Type::Int, text("1_500"), Value::Int(1500));
    for wrong in [
        "",
        "_",
        "-",
        "0x",
        "--1",
        "1.5",
        "9223372036854775808",
        "-0x-1",
    ] {
        refuses(Type::Int, text(wrong));
    }
    refuses(Type::Int, Value::Float(1.0));
    refuses(Type::Int, Value::Bool(true));
}

#[test]
fn floats_may_come_as_integers_or_text() {
    accepts(Type::Float, Value::Int(5), Value::Float(5.0));
    accepts(Type::Float, text(" 2.5"), Value::Float(2.5));
    refuses(Type::Float, text("fast"));
    refuses(Type::Float, Value::Nil);
}

#[test]
fn booleans_and_texts_are_taken_as_they_are_only() {
    refuses(Type::Bool, text("true"));
    refuses(Type::Bool, Value::Int(1));
    refuses(Type::String, Value::Int(1));
    refuses(<Ref<Pif> as Wire>::TYPE, Value::Int(1));
}

#[test]
fn values_of_enumerations_come_in_either_case_but_for_the_exact_ones() {
    let mode = <IpConfigurationMode as Wire>::TYPE;
    accepts(mode, text("dhcp"), text("DHCP"));
    accepts(mode, text("STATIC"), text("Static"));
    refuses(mode, text("bootp"));
    let bond_mode = <BondMode as Wire>::TYPE;
    accepts(bond_mode, text("lacp"), text("lacp"));
    refuses(bond_mode, text("LACP"));
    let read = IpConfigurationMode::from_value(text("none"));
    assert_eq!(read, Ok(IpConfigurationMode::None));
    // Two enumerations that share names stay two types with two descriptors.
    assert_ne!(
        VifIpv4ConfigurationMode::DESC.name,
        IpConfigurationMode::DESC.name
    );
}

#[test]
fn every_member_of_a_set_or_map_is_looked_at() {
    let ints = <Vec<i64> as Wire>::TYPE;
    accepts(
        ints,
        Value::Array(vec![text("1"), Value::Int(2)]),
        Value::Array(vec![Value::Int(1), Value::Int(2)]),
    );
    refuses(ints, Value::Array(vec![Value::Int(1), text("two")]));
    refuses(ints, text("1"));
    let map = <BTreeMap<i64, String> as Wire>::TYPE;
    let pair = |key: &str, value: Value| Value::Struct(vec![(key.to_owned(), value)]);
    accepts(map, pair("0x10", text("a")), pair("16", text("a")));
    refuses(map, pair("ten", text("a")));
    refuses(map, pair("10", Value::Int(1)));
    refuses(map, Value::Array(Vec::new()));
}

#[test]
fn an_error_text_never_repeats_a_long_or_secret_value() {
    let long = "x".repeat(10_000);
    let why = Type::Int.accept(text(&long)).expect_err("no number");
    assert!(why.to_string().len() < 200, "{why}");
    let why = Type::Bool.accept(text("password")).expect_err("no bool");
    assert!(!why.to_string().contains("password"), "{why}");
}

#[test]
fn a_blank_object_has_its_defaults_and_survives_its_row() {
    let pif = Pif {
        mtu: 9000,
        ..Pif::blank()
    };
    assert!(pif.managed && pif.currently_attached && pif.bond_slave_of.is_null());
    assert_eq!(pif.network.as_str(), NULL_REF);
    let back = Pif::from_row(pif.to_row()).expect("its own row");
    assert_eq!(back.mtu, 9000);
    assert_eq!(back.to_row(), pif.to_row());
    assert!(Pif::from_row(Vec::new()).is_err());
}

#[test]
fn a_call_survives_its_parameters() {
    let call = bond::Create {
        network: Ref::<Network>::new("OpaqueRef:1"),
        members: vec![Ref::new("OpaqueRef:2")],
        mac: String::new(),
        mode: BondMode::ActiveBackup,
        properties: BTreeMap::new(),
    };
    let params = xapi_model::Call::to_params(&call);
    let back = <bond::Create as xapi_model::Call>::from_params(params).expect("its own");
    assert_eq!(back.mode, BondMode::ActiveBackup);
    assert_eq!(back.members, call.members);
    assert!(<bond::Create as xapi_model::Call>::from_params(Vec::new()).is_err());
}

#[test]
fn roles_hold_what_weaker_ones_hold() {
    let names = |role: Role, cert| -> Vec<&str> {
        role.holders(cert).into_iter().map(Role::as_str).collect()
    };
    assert_eq!(names(Role::PoolAdmin, false), ["pool-admin"]);
    assert_eq!(
        names(Role::PoolOperator, true),
        ["pool-admin", "pool-operator", "client-cert"]
    );
    assert_eq!(names(Role::ReadOnly, false).len(), 7);
    assert!(names(Role::LocalRoot, false).is_empty());
}

#[test]
fn messages_that_may_not_run_in_the_background_say_so() {
    let is_async = |name: &str| messages().find(name).expect(name).is_async;
    for name in ["Bond.create", "PIF.plug", "network.create", "VM.start"] {
        assert!(is_async(name), "{name}");
    }
    for name in [
        "PIF.get_MTU",
        "network.set_name_label",
        "session.login_with_password",
        "session.logout",
        "event.from",
        "host.management_disable",
        "host.local_management_reconfigure",
        "pool.emergency_reset_master",
    ] {
        assert!(!is_async(name), "{name}");
    }
}
