//! The bytes of XML-RPC, both ways.

use xapi_model::{ApiError, DateTime, Value};
use xapi_wire::xmlrpc::{
    decode_reply, decode_request, decode_value, encode_bare, encode_failure, encode_request,
    encode_success, encode_value,
};
use xapi_wire::{DecodeError, Limits, Reply};

fn text(text: &str) -> Value {
    Value::Str(text.to_owned())
}

fn members(members: &[(&str, Value)]) -> Value {
    let members = members.iter();
    Value::Struct(
        members
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect(),
    )
}

fn read(value: &str) -> Result<Value, DecodeError> {
    decode_value(value.as_bytes(), &Limits::REQUEST)
}

fn call(params: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>PIF.plug</methodName><params>{params}</params></methodCall>"
    )
}

#[test]
fn values_are_written_as_xapi_writes_them() {
    let check = |value: Value, wire: &str| assert_eq!(encode_value(&value), wire);
    check(Value::Nil, "<value></value>");
    check(text(""), "<value></value>");
    check(
        text("a<b>&\"'\u{1}c"),
        "<value>a&lt;b&gt;&amp;&quot;'c</value>",
    );
    check(Value::Int(-1500), "<value>-1500</value>");
    check(Value::Bool(true), "<value><boolean>1</boolean></value>");
    check(Value::Bool(false), "<value><boolean>0</boolean></value>");
    check(Value::Float(1.0), "<value><double>1</double></value>");
    check(
        Value::Float(1.5e20),
        "<value><double>1.5e+20</double></value>",
    );
    check(
        Value::Time(DateTime::epoch()),
        "<value><dateTime.iso8601>19700101T00:00:00Z</dateTime.iso8601></value>",
    );
    check(
        Value::Array(vec![]),
        "<value><array><data></data></array></value>",
    );
    check(
        Value::Array(vec![text("a"), Value::Nil]),
        "<value><array><data><value>a</value><value><nil/></value></data></array></value>",
    );
    check(Value::Struct(vec![]), "<value><struct></struct></value>");
    check(
        members(&[
            ("MTU", Value::Int(1500)),
            ("a<b", text("c")),
            ("snapshot", Value::Nil),
        ]),
        "<value><struct><member><name>MTU</name><value>1500</value></member>\
         <member><name>a&lt;b</name><value>c</value></member></struct></value>",
    );
    check(
        members(&[
            ("valid_ref_counts", members(&[("pif", Value::Int(3))])),
            ("n", Value::Int(3)),
        ]),
        "<value><struct><member><name>valid_ref_counts</name><value><struct><member><name>pif</name>\
         <value><i4>3</i4></value></member></struct></value></member>\
         <member><name>n</name><value>3</value></member></struct></value>",
    );
}

#[test]
fn envelopes_are_written_as_xapi_writes_them() {
    assert_eq!(
        encode_success(&text("OpaqueRef:1")),
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name>\
         <value>Success</value></member><member><name>Value</name><value>OpaqueRef:1</value></member></struct>\
         </value></param></params></methodResponse>"
    );
    assert_eq!(
        encode_failure(&ApiError::new(
            "PIF_IS_PHYSICAL",
            vec!["OpaqueRef:1".to_owned()]
        )),
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name>\
         <value>Failure</value></member><member><name>ErrorDescription</name><value><array><data>\
         <value>PIF_IS_PHYSICAL</value><value>OpaqueRef:1</value></data></array></value></member></struct>\
         </value></param></params></methodResponse>"
    );
    assert_eq!(
        encode_bare(&Value::Array(vec![text("PIF.scan")])),
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><array><data><value>PIF.scan</value>\
         </data></array></value></param></params></methodResponse>"
    );
    assert_eq!(
        encode_request("PIF.plug", &[text("OpaqueRef:1")]),
        call("<param><value>OpaqueRef:1</value></param>")
    );
}

#[test]
fn all_that_xapi_reads_is_read() {
    let check = |wire: &str, value: Value| assert_eq!(read(wire), Ok(value), "{wire}");
    check("<value></value>", text(""));
    check("<value/>", text(""));
    check("<value> a\tb </value>", text(" a\tb "));
    check("<value><string>a</string></value>", text("a"));
    check("<value> \n<string/>\t</value>", text(""));
    check("<value><![CDATA[<&>]]></value>", text("<&>"));
    check(
        "<value>a&lt;&#65;&#x42;&apos;<!-- no -->c<?pi?>d</value>",
        text("a<AB'cd"),
    );
    check("<value>a\r\nb</value>", text("a\nb"));
    for tag in ["int", "i4", "i8"] {
        check(
            &format!("<value><{tag}>-12</{tag}></value>"),
            Value::Int(-12),
        );
    }
    check("<value><int> 0x1F </int></value>", Value::Int(31));
    check(
        "<value><i8>9223372036854775807</i8></value>",
        Value::Int(i64::MAX),
    );
    check("<value><boolean>1</boolean></value>", Value::Bool(true));
    check("<value><boolean>0</boolean></value>", Value::Bool(false));
    check("<value><boolean>true</boolean></value>", Value::Bool(false));
    check("<value><double>60.1</double></value>", Value::Float(60.1));
    check("<value><nil/></value>", Value::Nil);
    let noon = DateTime::parse("20240131T12:00:00Z").unwrap();
    check(
        "<value><dateTime.iso8601>20240131T12:00:00Z</dateTime.iso8601></value>",
        Value::Time(noon.clone()),
    );
    check(
        "<value><dateTime.iso8601>20240131T12:00:00</dateTime.iso8601></value>",
        Value::Time(noon),
    );
    check(
        "<value><dateTime.iso8601>noon</dateTime.iso8601></value>",
        text("noon"),
    );
    check("<value><array/></value>", Value::Array(vec![]));
    check(
        "<value><array><data/></array></value>",
        Value::Array(vec![]),
    );
    check(
        "<value> <array>\n<data> <value>a</value> <value><int>1</int></value> </data> </array> </value>",
        Value::Array(vec![text("a"), Value::Int(1)]),
    );
    check("<value><struct/></value>", Value::Struct(vec![]));
    check(
        "<value><struct> <member> <name>b</name> <value>1</value> </member>\
         <member><name>a</name><value/></member></struct></value>",
        members(&[("b", text("1")), ("a", text(""))]),
    );
}

#[test]
fn what_is_no_value_is_refused() {
    for wire in [
        "",
        "text",
        "<value>",
        "<value></string>",
        "<value>a<int>1</int></value>",
        "<value><int>1</int>a</value>",
        "<value><int>1</int><int>1</int></value>",
        "<value><int/></value>",
        "<value><int>one</int></value>",
        "<value><int>9223372036854775808</int></value>",
        "<value><boolean/></value>",
        "<value><double/></value>",
        "<value><dateTime.iso8601/></value>",
        "<value><nil>x</nil></value>",
        "<value><base64>AAAA</base64></value>",
        "<value><float>1</float></value>",
        "<value><array><value/></array></value>",
        "<value><array><data><int>1</int></data></array></value>",
        "<value><array><data/><data/></array></value>",
        "<value><struct><member><value/></member></struct></value>",
        "<value><struct><member><name>a</name></member></struct></value>",
        "<value><struct><member><name>a</name><value/><value/></member></struct></value>",
        "<value><struct><member><name>a</name><value/></member><member><name>a</name><value/></member></struct></value>",
        "<value>&nbsp;</value>",
        "<value>a</value><value>b</value>",
    ] {
        let refused = read(wire);
        assert!(
            matches!(refused, Err(DecodeError::Malformed { .. })),
            "{wire}: {refused:?}"
        );
    }
}

#[test]
fn a_member_twice_is_refused_in_a_large_struct_too() {
    let member = |n: usize| format!("<member><name>m{n}</name><value/></member>");
    let mut inside: String = (0..40).map(member).collect();
    assert!(read(&format!("<value><struct>{inside}</struct></value>")).is_ok());
    inside.push_str(&member(39));
    assert!(read(&format!("<value><struct>{inside}</struct></value>")).is_err());
}

#[test]
fn characters_that_xml_cannot_carry_are_told_from_bad_xml() {
    for bad in [
        "&#0;",
        "&#1;",
        "&#xFFFE;",
        "&#xD800;",
        "\u{1}",
        "\u{fffe}",
        "\u{ffff}",
        "&#x110000;",
    ] {
        for param in [
            format!("<param><value>{bad}</value></param>"),
            format!("<param><value><string>a{bad}b</string></value></param>"),
            format!(
                "<param><value><struct><member><name>{bad}</name><value/></member></struct></value></param>"
            ),
        ] {
            let refused = decode_request(call(&param).as_bytes(), &Limits::REQUEST);
            assert!(
                matches!(refused, Err(DecodeError::Characters { .. })),
                "{bad:?}: {refused:?}"
            );
        }
    }
    let mut bytes = call("<param><value>a@b</value></param>").into_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').unwrap();
    bytes[at] = 0xff;
    let refused = decode_request(&bytes, &Limits::REQUEST);
    assert!(
        matches!(refused, Err(DecodeError::Characters { .. })),
        "{refused:?}"
    );
    let refused = decode_request(b"\xff\xff\xff\xff", &Limits::REQUEST);
    assert!(
        matches!(refused, Err(DecodeError::Malformed { .. })),
        "{refused:?}"
    );
}

#[test]
fn a_call_is_read_with_all_the_air_that_clients_leave() {
    let request = decode_request(
        b"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<!-- hello -->\n<methodCall>\n <methodName>PIF.plug</methodName>\n\
          <params>\n<param>\n<value><string>OpaqueRef:1</string></value>\n</param>\n</params>\n</methodCall>\n",
        &Limits::REQUEST,
    )
    .unwrap();
    assert_eq!(request.method, "PIF.plug");
    assert_eq!(request.params, [text("OpaqueRef:1")]);
}

#[test]
fn what_is_no_call_is_refused() {
    for wire in [
        "".to_owned(),
        "{}".to_owned(),
        "<methodCall/>".to_owned(),
        "<methodCall><params/></methodCall>".to_owned(),
        "<methodCall><methodName/><params/></methodCall>".to_owned(),
        "<methodCall><methodName>PIF.plug</methodName></methodCall>".to_owned(),
        call("<value/>"),
        call("<param/>"),
        call("<param><value/><value/></param>"),
        format!("{}<x/>", call("")),
        format!("{}x", call("")),
        call("<param><value>").replace("</params></methodCall>", ""),
        call("").replace(
            "<?xml version=\"1.0\"?>",
            "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
        ),
    ] {
        let refused = decode_request(wire.as_bytes(), &Limits::REQUEST);
        assert!(
            matches!(refused, Err(DecodeError::Malformed { .. })),
            "{wire}: {refused:?}"
        );
    }
}

#[test]
fn a_document_type_definition_is_refused() {
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    let wire = call("<param><value>&b;</value></param>")
        .replace("<methodCall>", &format!("{bomb}<methodCall>"));
    assert_eq!(
        decode_request(wire.as_bytes(), &Limits::REQUEST),
        Err(DecodeError::Doctype)
    );
}

#[test]
fn limits_are_kept_and_no_error_repeats_the_body() {
    let nested = |levels: usize| {
        let open = "<value><array><data>".repeat(levels);
        let close = "</data></array></value>".repeat(levels);
        call(&format!(
            "<param>{open}<value>sesame</value>{close}</param>"
        ))
    };
    let small = Limits {
        body: 10_000_000,
        depth: 64,
        items: 1000,
        text: 100,
        method: 20,
        params: 2000,
    };
    let refused = |wire: &str| {
        let refused = decode_request(wire.as_bytes(), &small).unwrap_err();
        assert!(!refused.to_string().contains("sesame"), "{refused}");
        refused
    };
    assert!(decode_request(nested(64).as_bytes(), &small).is_ok());
    assert_eq!(refused(&nested(65)), DecodeError::Depth { limit: 64 });
    assert_eq!(refused(&nested(10_000)), DecodeError::Depth { limit: 64 });
    let many = call(&"<param><value>sesame</value></param>".repeat(1001));
    assert_eq!(refused(&many), DecodeError::Items { limit: 1000 });
    let long = call(&format!(
        "<param><value>{}</value></param>",
        "sesame".repeat(17)
    ));
    assert_eq!(refused(&long), DecodeError::Text { limit: 100 });
    let pieces = call(&format!(
        "<param><value>{}</value></param>",
        "sesame&#33;".repeat(17)
    ));
    assert_eq!(refused(&pieces), DecodeError::Text { limit: 100 });
    assert!(matches!(
        refused(&call("<sesame>")),
        DecodeError::Malformed { .. }
    ));
    assert!(matches!(
        refused(&call("&sesame;</x>")),
        DecodeError::Malformed { .. }
    ));
    let big = call(&format!(
        "<param><value>{}</value></param>",
        "sesame".repeat(60_000)
    ));
    assert_eq!(
        decode_request(big.as_bytes(), &Limits::REQUEST),
        Err(DecodeError::Body { limit: 300 * 1024 })
    );
}

#[test]
fn each_limit_lets_through_what_is_as_long_as_it_and_nothing_longer() {
    let limits = Limits {
        body: 1000,
        depth: 3,
        items: 20,
        text: 30,
        method: 10,
        params: 5,
    };
    let read = |method: &str, params: &str| {
        let body = call(params).replace("PIF.plug", method);
        decode_request(body.as_bytes(), &limits).map(|request| request.params.len())
    };
    let one = |value: &str| read("m", &format!("<param><value>{value}</value></param>"));
    let list = |n: usize| "<value/>".repeat(n);
    let array = |items: &str| format!("<array><data>{items}</data></array>");
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
        assert_eq!(read("m", &"<param><value/></param>".repeat(n)), params);
    }
    for (n, text) in [
        (29, Ok(1)),
        (30, Ok(1)),
        (31, Err(DecodeError::Text { limit: 30 })),
    ] {
        let long = "x".repeat(n);
        assert_eq!(one(&long), text);
        assert_eq!(one(&format!("<string>{long}</string>")), text);
        let member = format!("<struct><member><name>{long}</name><value/></member></struct>");
        assert_eq!(one(&member), text);
    }
    for (n, items) in [
        (18, Ok(1)),
        (19, Ok(1)),
        (20, Err(DecodeError::Items { limit: 20 })),
    ] {
        assert_eq!(one(&array(&list(n))), items);
    }
    for (n, depth) in [
        (2, Ok(1)),
        (3, Ok(1)),
        (4, Err(DecodeError::Depth { limit: 3 })),
    ] {
        let nested = (1..n).fold(array(""), |inner, _| {
            array(&format!("<value>{inner}</value>"))
        });
        assert_eq!(one(&nested), depth);
    }
    for (n, body) in [
        (999, Ok(0)),
        (1000, Ok(0)),
        (1001, Err(DecodeError::Body { limit: 1000 })),
    ] {
        let padded = format!("{:n$}", call(""));
        let got = decode_request(padded.as_bytes(), &limits).map(|request| request.params.len());
        assert_eq!(got, body);
    }
}

#[test]
fn a_limit_on_depth_beyond_what_a_stack_holds_is_not_believed() {
    let levels = 100_000;
    let wire = format!(
        "{}{}",
        "<value><array><data>".repeat(levels),
        "</data></array></value>".repeat(levels)
    );
    let unbounded = Limits {
        body: usize::MAX,
        depth: usize::MAX,
        items: usize::MAX,
        text: usize::MAX,
        ..Limits::REQUEST
    };
    assert_eq!(
        decode_value(wire.as_bytes(), &unbounded),
        Err(DecodeError::Depth { limit: 256 })
    );
}

#[test]
fn answers_are_read() {
    let read = |wire: &str| decode_reply(wire.as_bytes(), &Limits::REPLY);
    assert_eq!(
        read(&encode_success(&text("x"))),
        Ok(Reply::Success(text("x")))
    );
    assert_eq!(
        read(&encode_success(&Value::Nil)),
        Ok(Reply::Success(text("")))
    );
    let error = ApiError::new(
        "HANDLE_INVALID",
        vec!["PIF".to_owned(), "OpaqueRef:1".to_owned()],
    );
    assert_eq!(read(&encode_failure(&error)), Ok(Reply::Failure(error)));
    let list = Value::Array(vec![text("PIF.scan")]);
    assert_eq!(read(&encode_bare(&list)), Ok(Reply::Bare(list)));
    assert_eq!(
        read(
            "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>4</int></value></member>\
             <member><name>faultString</name><value>Too many</value></member></struct></value></fault></methodResponse>"
        ),
        Ok(Reply::Fault {
            code: 4,
            text: "Too many".to_owned()
        })
    );
    for wire in [
        "",
        "<methodResponse/>",
        "<methodResponse><params/></methodResponse>",
        "<methodResponse><params><param><value><struct/></value></param></params></methodResponse>",
        "<methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member>\
         </struct></value></param></params></methodResponse>",
        "<methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member>\
         <member><name>ErrorDescription</name><value><array/></value></member></struct></value></param></params></methodResponse>",
    ] {
        assert!(read(wire).is_err(), "{wire}");
    }
}
