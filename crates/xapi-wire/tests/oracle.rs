//! dxr, an XML-RPC implementation that shares no code with ours above the XML events, reads what we write and writes
//! what we read. Dates are left out: dxr knows none with a zone.

use dxr::{MethodCall, MethodResponse, Value as Theirs};
use proptest::prelude::*;
use xapi_model::Value;
use xapi_wire::Limits;
use xapi_wire::xmlrpc::{decode_request, encode_request, encode_success};

/// Text that begins and ends with something to see: dxr trims it.
fn plain_text() -> impl Strategy<Value = String> {
    "([a-zA-Z0-9<>&\"'é😀]([ \n\t:._-]{0,4}[a-z&<>]){0,4})?"
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i32>().prop_map(|n| Value::Float(f64::from(n) / 8.0)),
        plain_text().prop_map(Value::Str),
        Just(Value::Nil),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            // dxr's structs are sorted maps, and it reads no member whose name is blank.
            prop::collection::btree_map("[a-z<&>:é]{1,9}", inner, 0..6)
                .prop_map(|members| Value::Struct(members.into_iter().collect())),
        ]
    })
}

/// What dxr makes of what we write.
fn as_they_see(value: &Value, in_struct: bool) -> Theirs {
    match value {
        Value::Nil if in_struct => Theirs::String(String::new()),
        Value::Nil => Theirs::Nil,
        Value::Bool(b) => Theirs::Boolean(*b),
        Value::Int(n) => Theirs::String(n.to_string()),
        Value::Float(x) => Theirs::Double(*x),
        Value::Time(time) => Theirs::String(time.as_str().to_owned()),
        Value::Str(text) => Theirs::String(text.clone()),
        Value::Array(items) => {
            Theirs::Array(items.iter().map(|item| as_they_see(item, false)).collect())
        }
        Value::Struct(members) => {
            let present = members.iter().filter(|(_, value)| *value != Value::Nil);
            Theirs::Struct(
                present
                    .map(|(name, value)| (name.clone(), as_they_see(value, true)))
                    .collect(),
            )
        }
    }
}

/// The same value in their terms, for them to write.
fn as_they_would(value: &Value) -> Theirs {
    match value {
        Value::Int(n) => match i32::try_from(*n) {
            Ok(n) => Theirs::Integer(n),
            Err(_) => Theirs::Long(*n),
        },
        Value::Array(items) => Theirs::Array(items.iter().map(as_they_would).collect()),
        Value::Struct(members) => {
            let members = members.iter();
            Theirs::Struct(
                members
                    .map(|(name, value)| (name.clone(), as_they_would(value)))
                    .collect(),
            )
        }
        other => as_they_see(other, false),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn dxr_reads_what_we_write(value in any_value()) {
        let wire = encode_request("PIF.plug", std::slice::from_ref(&value));
        let call = MethodCall::from_xml(&wire).unwrap();
        prop_assert_eq!(call.name, "PIF.plug");
        prop_assert_eq!(call.params, vec![as_they_see(&value, false)]);

        let answer = MethodResponse::from_xml(&encode_success(&value)).unwrap();
        let Theirs::Struct(members) = answer.value else {
            return Err(TestCaseError::fail("no struct"));
        };
        prop_assert_eq!(&members["Status"], &Theirs::String("Success".to_owned()));
        prop_assert_eq!(&members["Value"], &as_they_see(&value, true));
    }

    #[test]
    fn we_read_what_dxr_writes(value in any_value()) {
        let call = MethodCall { name: "PIF.plug".into(), params: vec![as_they_would(&value)] };
        let read = decode_request(call.to_xml().unwrap().as_bytes(), &Limits::REQUEST).unwrap();
        prop_assert_eq!(read.method, "PIF.plug");
        prop_assert_eq!(read.params, vec![value]);
    }
}

#[test]
fn dxr_does_not_read_a_date_of_xenapi_which_is_why_the_codec_is_our_own() {
    let wire = "<value><dateTime.iso8601>20240131T12:00:00Z</dateTime.iso8601></value>";
    assert!(Theirs::from_xml(wire).is_err());
    assert!(xapi_wire::xmlrpc::decode_value(wire.as_bytes(), &Limits::REQUEST).is_ok());
}
