//! The two encodings.

use xapi_model::text::is_xml_text;
use xapi_model::{DateTime, Type, Value};
use xapi_wire::{Limits, jsonrpc, xmlrpc};

/// Panics where a value holds what cannot be sent.
pub(super) fn check(value: &Value) {
    match value {
        Value::Str(text) => assert!(is_xml_text(text), "{text:?}"),
        Value::Array(items) => items.iter().for_each(check),
        Value::Struct(members) => {
            for (name, value) in members {
                assert!(is_xml_text(name), "{name:?}");
                check(value);
            }
        }
        _ => {}
    }
}

/// What was read can be written in both encodings, and read again.
fn both_ways(method: &str, params: &[Value]) {
    params.iter().for_each(check);
    let roomy = Limits::REPLY;
    let written = xmlrpc::encode_request(method, params);
    let read = xmlrpc::decode_request(written.as_bytes(), &roomy).expect("our own XML");
    assert_eq!(read.method, method.trim_ascii());
    let again = xmlrpc::encode_request(&read.method, &read.params);
    let read = xmlrpc::decode_request(again.as_bytes(), &roomy).expect("our own XML");
    assert_eq!(xmlrpc::encode_request(&read.method, &read.params), again);
    let written = jsonrpc::encode_request(1, method, params);
    let read = jsonrpc::decode_request(written.as_bytes(), &roomy).expect("our own JSON");
    let again = jsonrpc::encode_request(1, method, &read.request.params);
    assert_eq!(written, again);
    let id = jsonrpc::Id::Text(method.to_owned());
    let result = Value::Array(params.to_vec());
    let answer = jsonrpc::encode_success(jsonrpc::Version::V1, &id, &result);
    serde_json::from_str::<serde_json::Value>(&answer).expect("an answer is JSON");
}

pub(super) fn xml_request(bytes: &[u8]) {
    if let Ok(request) = xmlrpc::decode_request(bytes, &Limits::REQUEST) {
        both_ways(&request.method, &request.params);
    }
    if let Ok(value) = xmlrpc::decode_value(bytes, &Limits::REQUEST) {
        check(&value);
    }
}

pub(super) fn json_request(bytes: &[u8]) {
    if let Ok(call) = jsonrpc::decode_request(bytes, &Limits::REQUEST) {
        // A name of blanks alone is a name in JSON and none in XML.
        if call.request.method.trim_ascii() == call.request.method {
            both_ways(&call.request.method, &call.request.params);
        }
    }
}

pub(super) fn xml_reply(bytes: &[u8]) {
    if let Ok(xapi_wire::Reply::Success(value) | xapi_wire::Reply::Bare(value)) =
        xmlrpc::decode_reply(bytes, &Limits::REPLY)
    {
        check(&value);
    }
}

pub(super) fn json_reply(bytes: &[u8]) {
    if let Ok(xapi_wire::Reply::Success(value)) = jsonrpc::decode_reply(bytes, &Limits::REPLY) {
        check(&value);
    }
}

/// Texts as numbers, dates and the like.
pub(super) fn values(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    for ty in [
        Type::Int,
        Type::Float,
        Type::Bool,
        Type::DateTime,
        Type::String,
    ] {
        if let Ok(value) = ty.accept(Value::from(text)) {
            let again = ty.accept(value.clone()).expect("of its own type");
            assert_eq!(format!("{value:?}"), format!("{again:?}"));
        }
    }
    if let Some(time) = DateTime::parse(text) {
        let again = DateTime::parse(time.as_str()).expect("a date as we write it");
        assert_eq!((again.as_str(), again.unix()), (time.as_str(), time.unix()));
    }
}
