//! What holds for every value and for every sequence of bytes.

use std::collections::HashSet;

use proptest::prelude::*;
use xapi_model::{DateTime, Value};
use xapi_wire::{Limits, Reply, jsonrpc, xmlrpc};

/// A value of any shape. Floats have few digits: XAPI's format keeps 16 of 17, and serde_json may miss the last one.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<i16>().prop_map(|n| Value::Float(f64::from(n) / 8.0)),
        (0..4_000_000_000i64).prop_map(|seconds| Value::Time(DateTime::from_unix(seconds))),
        any::<String>().prop_map(Value::Str),
        "[ \t\r\n<>&\"'a\u{0}-\u{20}\u{fff0}-\u{ffff}]{0,8}".prop_map(Value::Str),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((any::<String>(), inner), 0..12).prop_map(|mut members| {
                let mut seen = HashSet::new();
                members.retain(|(name, _)| seen.insert(legible(name)));
                Value::Struct(members)
            }),
        ]
    })
}

/// What an XML reader sees of a text.
fn legible(text: &str) -> String {
    let kept = text.chars().filter(|c| {
        matches!(c, '\t' | '\n' | '\r') || (*c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
    });
    kept.collect()
}

/// What a reader of XAPI's XML-RPC sees of a value: integers are texts.
fn seen(value: &Value) -> Value {
    match value {
        Value::Int(n) => Value::Str(n.to_string()),
        Value::Str(text) => Value::Str(legible(text)),
        Value::Array(items) => Value::Array(items.iter().map(seen).collect()),
        Value::Struct(members) => {
            let members = members.iter();
            Value::Struct(
                members
                    .map(|(name, value)| (legible(name), seen(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// What a reader of JSON sees of a value: dates are texts. Characters that neither encoding takes are left out first.
fn seen_in_json(value: &Value) -> Value {
    match value {
        Value::Time(time) => Value::Str(time.as_str().to_owned()),
        Value::Str(text) => Value::Str(legible(text)),
        Value::Array(items) => Value::Array(items.iter().map(seen_in_json).collect()),
        Value::Struct(members) => {
            let members = members.iter();
            Value::Struct(
                members
                    .map(|(name, value)| (legible(name), seen_in_json(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// Pieces of both encodings in any order: bytes that get further than noise does.
fn any_soup() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "<?xml version=\"1.0\"?>",
            "<methodCall>",
            "</methodCall>",
            "<methodName>",
            "a.b",
            "</methodName>",
            "<params>",
            "</params>",
            "<param>",
            "</param>",
            "<value>",
            "</value>",
            "<value/>",
            "<int>",
            "1",
            "</int>",
            "<array>",
            "</array>",
            "<data>",
            "</data>",
            "<struct>",
            "</struct>",
            "<member>",
            "</member>",
            "<name>",
            "</name>",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "&lt;",
            "&#0;",
            "&#xD800;",
            "&",
            ";",
            "<!DOCTYPE",
            "<?",
            "?>",
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"",
            "\"id\"",
            "\"method\"",
            "\"params\"",
            "\\u",
            "1e999",
            "-",
            " ",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn read_everything(bytes: &[u8]) {
    let limits = Limits::REQUEST;
    let outcomes = [
        xmlrpc::decode_request(bytes, &limits).err(),
        xmlrpc::decode_reply(bytes, &limits).err(),
        xmlrpc::decode_value(bytes, &limits).err(),
        jsonrpc::decode_request(bytes, &limits).err(),
        jsonrpc::decode_reply(bytes, &limits).err(),
    ];
    for why in outcomes.into_iter().flatten() {
        assert!(why.to_string().is_ascii());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn every_value_comes_back_through_xml(value in any_value()) {
        let wire = xmlrpc::encode_value(&value);
        prop_assert_eq!(xmlrpc::decode_value(wire.as_bytes(), &Limits::REQUEST), Ok(seen(&value)));
        let answer = xmlrpc::encode_success(&value);
        prop_assert_eq!(xmlrpc::decode_reply(answer.as_bytes(), &Limits::REPLY), Ok(Reply::Success(seen(&value))));
        let call = xmlrpc::encode_request("a.b", std::slice::from_ref(&value));
        let read = xmlrpc::decode_request(call.as_bytes(), &Limits::REQUEST).unwrap();
        prop_assert_eq!(read.params, [seen(&value)]);
    }

    #[test]
    fn every_value_comes_back_through_json(value in any_value()) {
        let value = seen_in_json(&value);
        let wire = jsonrpc::encode_success(jsonrpc::Version::V2, &jsonrpc::Id::Int(1), &value);
        prop_assert_eq!(jsonrpc::decode_reply(wire.as_bytes(), &Limits::REPLY), Ok(Reply::Success(value.clone())));
        let call = jsonrpc::encode_request(1, "a.b", std::slice::from_ref(&value));
        let read = jsonrpc::decode_request(call.as_bytes(), &Limits::REQUEST).unwrap();
        prop_assert_eq!(read.request.params, [value]);
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), soup in any_soup()) {
        read_everything(&bytes);
        read_everything(&soup);
    }

    #[test]
    fn no_damage_to_a_call_makes_a_decoder_panic(
        value in any_value(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<prop::sample::Index>(),
    ) {
        for wire in [xmlrpc::encode_request("a.b", std::slice::from_ref(&value)), jsonrpc::encode_request(1, "a.b", &[value])] {
            let mut bytes = wire.into_bytes();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            read_everything(&bytes);
            bytes.truncate(cut.index(bytes.len()));
            read_everything(&bytes);
        }
    }
}
