//! The bytes of JSON-RPC, both ways.

use xapi_model::{ApiError, DateTime, Value};
use xapi_wire::jsonrpc::{
    Id, Version, decode_reply, decode_request, encode_failure, encode_refusal, encode_request,
    encode_success,
};
use xapi_wire::{DecodeError, Limits, Reply};

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn error() -> ApiError {
    ApiError::new("HANDLE_INVALID", vec!["PIF".to_owned(), "a\"b".to_owned()])
}

#[test]
fn answers_have_the_members_and_the_order_of_their_version() {
    let id = Id::Text("a".to_owned());
    assert_eq!(
        encode_success(Version::V1, &id, &Value::Int(1)),
        "{\"result\":1,\"error\":null,\"id\":\"a\"}"
    );
    assert_eq!(
        encode_failure(Version::V1, &id, &error()),
        "{\"result\":null,\"error\":[\"HANDLE_INVALID\",\"PIF\",\"a\\\"b\"],\"id\":\"a\"}"
    );
    assert_eq!(
        encode_success(Version::V2, &Id::Int(0), &Value::Nil),
        "{\"jsonrpc\":\"2.0\",\"result\":\"\",\"id\":0}"
    );
    assert_eq!(
        encode_failure(Version::V2, &Id::Int(7), &error()),
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"HANDLE_INVALID\",\"data\":[\"PIF\",\"a\\\"b\"]},\"id\":7}"
    );
    assert_eq!(
        encode_refusal(&error()),
        "{\"jsonrpc\":\"2.0\",\"error\":[\"HANDLE_INVALID\",\"PIF\",\"a\\\"b\"],\"id\":0}"
    );
}

#[test]
fn values_are_written_in_their_json_forms() {
    let check = |value: Value, json: &str| {
        let wire = encode_success(Version::V2, &Id::Int(1), &value);
        assert_eq!(
            wire,
            format!("{{\"jsonrpc\":\"2.0\",\"result\":{json},\"id\":1}}")
        );
    };
    check(Value::Int(i64::MIN), "-9223372036854775808");
    check(Value::Float(1.0), "1.0");
    check(Value::Float(0.1), "0.1");
    check(Value::Float(f64::NAN), "null");
    check(Value::Bool(true), "true");
    check(Value::Time(DateTime::epoch()), "\"19700101T00:00:00Z\"");
    check(text("a\"\\\n\u{1}é"), "\"a\\\"\\\\\\n\\u0001é\"");
    check(Value::Array(vec![Value::Int(1), text("b")]), "[1,\"b\"]");
    check(
        Value::Struct(vec![
            ("b\"".to_owned(), Value::Int(1)),
            ("absent".to_owned(), Value::Nil),
            ("a".to_owned(), Value::Struct(vec![])),
        ]),
        "{\"b\\\"\":1,\"a\":{}}",
    );
}

#[test]
fn calls_of_both_versions_are_read() {
    let read = |wire: &str| decode_request(wire.as_bytes(), &Limits::REQUEST);
    let call = read(
        r#" {"jsonrpc":"2.0","method":"PIF.plug","params":["r",1,1.5,true,null,{"a":[]}],"id":0} "#,
    )
    .unwrap();
    assert_eq!((call.version, call.id), (Version::V2, Id::Int(0)));
    assert_eq!(call.request.method, "PIF.plug");
    assert_eq!(
        call.request.params,
        [
            text("r"),
            Value::Int(1),
            Value::Float(1.5),
            Value::Bool(true),
            Value::Nil,
            Value::Struct(vec![("a".to_owned(), Value::Array(vec![]))]),
        ]
    );
    let call = read(r#"{"id":"x","params":[],"method":"m"}"#).unwrap();
    assert_eq!(
        (call.version, call.id),
        (Version::V1, Id::Text("x".to_owned()))
    );
    for none in [
        r#"{"jsonrpc":"2.0","method":"m","id":1}"#,
        r#"{"jsonrpc":"2.0","method":"m","params":null,"id":1}"#,
    ] {
        assert_eq!(read(none).unwrap().request.params, []);
    }
    let call = read(r#"{"jsonrpc":"2.0","method":"m","params":{"a":1},"id":1}"#).unwrap();
    assert_eq!(
        call.request.params,
        [Value::Struct(vec![("a".to_owned(), Value::Int(1))])]
    );
}

#[test]
fn what_is_no_call_is_refused() {
    for wire in [
        "",
        "[]",
        "{}",
        "null",
        r#"{"method":"m","id":1}"#,
        r#"{"method":"m","params":{},"id":1}"#,
        r#"{"method":"m","params":[]}"#,
        r#"{"method":"m","params":[],"id":null}"#,
        r#"{"method":"m","params":[],"id":1.5}"#,
        r#"{"method":"","params":[],"id":1}"#,
        r#"{"params":[],"id":1}"#,
        r#"{"jsonrpc":"1.0","method":"m","params":[],"id":1}"#,
        r#"{"jsonrpc":2.0,"method":"m","params":[],"id":1}"#,
        r#"{"jsonrpc":null,"method":"m","params":[],"id":1}"#,
        r#"{"jsonrpc":"2.0","method":"m","params":"x","id":1}"#,
        r#"{"method":"m","params":[],"id":1} x"#,
        r#"[{"method":"m","params":[],"id":1}]"#,
        r#"{"method":"m","params":[{"a":1,"a":2}],"id":1}"#,
        r#"{"method":"m","params":[9223372036854775808],"id":1}"#,
    ] {
        let refused = decode_request(wire.as_bytes(), &Limits::REQUEST);
        assert!(
            matches!(refused, Err(DecodeError::Malformed { .. })),
            "{wire}: {refused:?}"
        );
    }
}

#[test]
fn the_limits_of_xml_hold_for_json() {
    let call = |params: &str| format!("{{\"method\":\"m\",\"id\":1,\"params\":[{params}]}}");
    let small = Limits {
        body: 1_000_000,
        depth: 64,
        items: 1000,
        text: 100,
        method: 20,
        params: 2000,
    };
    let read = |params: &str| decode_request(call(params).as_bytes(), &small);
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(read(&nested(64)).is_ok());
    assert_eq!(read(&nested(65)), Err(DecodeError::Depth { limit: 64 }));
    assert_eq!(read(&nested(10_000)), Err(DecodeError::Depth { limit: 64 }));
    assert_eq!(
        read(&format!("0{}", ",0".repeat(1000))),
        Err(DecodeError::Items { limit: 1000 })
    );
    let long = format!("\"{}\"", "sesame".repeat(17));
    assert_eq!(read(&long), Err(DecodeError::Text { limit: 100 }));
    for bad in [
        "\"\\u0000\"",
        "\"\\ufffe\"",
        "{\"\\u0001\":1}",
        // Halves of surrogate pairs, in texts and in names.
        "\"\\ud800\"",
        "\"a\\\"\\\\\\udc00b\"",
        "\"\\ud83d\\ude00\\ud83d\"",
        "\"\\ud800\\u0041\"",
        "\"\\ud800\\n\"",
        "{\"\\udfff\":1}",
        "[[\"\u{e9}\\ud800\",\"\"]]",
    ] {
        let refused = read(bad);
        assert!(
            matches!(refused, Err(DecodeError::Characters { .. })),
            "{bad}: {refused:?}"
        );
    }
    let refused = decode_request(b"{\"method\":\"\xff\"}", &small);
    assert!(
        matches!(refused, Err(DecodeError::Characters { .. })),
        "{refused:?}"
    );
    assert_eq!(
        decode_request(&vec![b' '; 1_000_001], &small),
        Err(DecodeError::Body { limit: 1_000_000 })
    );
}

#[test]
fn a_stroke_before_a_letter_u_is_not_taken_for_half_a_pair() {
    for bad in [
        "\"\\\\ud800",
        "\"\\\\ud800\",x",
        "\"\\ud83d\\ude00\",x",
        "\\ud800",
        "\"\\uzzzz\"",
    ] {
        let body = format!("{{\"method\":\"m\",\"id\":1,\"params\":[{bad}]}}");
        let refused = decode_request(body.as_bytes(), &Limits::REQUEST);
        assert!(
            matches!(refused, Err(DecodeError::Malformed { .. })),
            "{bad}: {refused:?}"
        );
    }
}

#[test]
fn a_float_is_read_as_the_nearest_one() {
    for text in [
        "118446744073709551616",
        "1.1844674407370955e20",
        "0.1",
        "2.2250738585072011e-308",
    ] {
        let body = format!("{{\"method\":\"m\",\"id\":1,\"params\":[{text}]}}");
        let call = decode_request(body.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(call.request.params, [Value::Float(text.parse().unwrap())]);
    }
}

#[test]
fn each_limit_lets_through_what_is_as_long_as_it_and_nothing_longer() {
    let limits = Limits {
        body: 300,
        depth: 3,
        items: 20,
        text: 30,
        method: 10,
        params: 5,
    };
    let read = |method: &str, params: &str| {
        let body = format!("{{\"method\":\"{method}\",\"id\":1,\"params\":[{params}]}}");
        decode_request(body.as_bytes(), &limits).map(|call| call.request.params.len())
    };
    let list = |n: usize| vec!["0"; n].join(",");
    for (n, method) in [
        (9, Ok(0)),
        (10, Ok(0)),
        (11, Err(DecodeError::Method { limit: 10 })),
    ] {
        assert_eq!(read(&"m".repeat(n), ""), method);
    }
    for (n, params) in [
        (4, Ok(4)),
        (5, Ok(5)),
        (6, Err(DecodeError::Params { limit: 5 })),
    ] {
        assert_eq!(read("m", &list(n)), params);
    }
    for (n, text) in [
        (29, Ok(1)),
        (30, Ok(1)),
        (31, Err(DecodeError::Text { limit: 30 })),
    ] {
        let long = "x".repeat(n);
        assert_eq!(read("m", &format!("\"{long}\"")), text);
        assert_eq!(read("m", &format!("{{\"{long}\":1}}")), text);
    }
    // The envelope's own values count: its object, the name, the id and the list of parameters.
    for (n, items) in [
        (14, Ok(1)),
        (15, Ok(1)),
        (16, Err(DecodeError::Items { limit: 20 })),
    ] {
        assert_eq!(read("m", &format!("[{}]", list(n))), items);
    }
    for (n, depth) in [
        (2, Ok(1)),
        (3, Ok(1)),
        (4, Err(DecodeError::Depth { limit: 3 })),
    ] {
        assert_eq!(
            read("m", &format!("{}{}", "[".repeat(n), "]".repeat(n))),
            depth
        );
    }
    for (n, body) in [
        (299, Ok(0)),
        (300, Ok(0)),
        (301, Err(DecodeError::Body { limit: 300 })),
    ] {
        let short = "{\"method\":\"m\",\"id\":1,\"params\":[]}";
        let padded = format!("{short:n$}");
        let got = decode_request(padded.as_bytes(), &limits).map(|call| call.request.params.len());
        assert_eq!(got, body);
    }
}

#[test]
fn what_is_written_is_read() {
    let call = decode_request(
        encode_request(5, "m", &[text("\u{7f}\"\\é")]).as_bytes(),
        &Limits::REQUEST,
    )
    .unwrap();
    assert_eq!((call.version, call.id), (Version::V2, Id::Int(5)));
    assert_eq!(call.request.params, [text("\u{7f}\"\\é")]);
    for version in [Version::V1, Version::V2] {
        let id = Id::Int(1);
        let read = |wire: String| decode_reply(wire.as_bytes(), &Limits::REPLY);
        let value = Value::Array(vec![Value::Int(5), Value::Float(0.25), text("x")]);
        assert_eq!(
            read(encode_success(version, &id, &value)),
            Ok(Reply::Success(value))
        );
        assert_eq!(
            read(encode_failure(version, &id, &error())),
            Ok(Reply::Failure(error()))
        );
    }
    let refusal = decode_reply(encode_refusal(&error()).as_bytes(), &Limits::REPLY);
    assert_eq!(refusal, Ok(Reply::Failure(error())));
}
