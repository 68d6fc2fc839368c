//! Bodies that no decoder should take, and what they cost.

use std::time::{Duration, Instant};

use xapi_model::Value;
use xapi_tests::server::To;

use crate::calls::{CALLS, Stand, WAYS};
use crate::send::{Encoding, outcome, param, raw};

/// The session and the good parameters of a call, but one, which is written by hand.
fn with(stand: &Stand, encoding: Encoding, params: &[Value], at: usize, written: &str) -> String {
    let session = Value::from(stand.host().session());
    let all = std::iter::once(&session).chain(params).enumerate();
    let written: Vec<_> = all
        .map(|(n, value)| {
            if n == at + 1 {
                written.to_owned()
            } else {
                param(encoding, value)
            }
        })
        .collect();
    match encoding {
        Encoding::Xml => written.concat(),
        Encoding::Json => written.join(","),
    }
}

/// Each call with one parameter written by hand, and what the server must make of it.
fn each_call(
    stand: &Stand,
    written: impl Fn(Encoding) -> Vec<Vec<u8>>,
    see: impl Fn(&str, Encoding, &xapi_tests::server::Answer),
) {
    const HERE: &str = "\u{1}";
    for good in CALLS {
        let params = (good.params)(stand);
        // The last one, or one too many where there is none: what is no value is refused before it is counted.
        let at = params.len().saturating_sub(1);
        for (to, encoding) in WAYS {
            let mut text = with(stand, encoding, &params, at, HERE);
            if params.is_empty() {
                text.push_str(if encoding == Encoding::Xml {
                    HERE
                } else {
                    ",\u{1}"
                });
            }
            let body = raw(encoding, good.name, &text);
            let (before, after) = body.split_once(HERE).expect("the place");
            for bad in written(encoding) {
                let bytes = [before.as_bytes(), &bad, after.as_bytes()].concat();
                let answer = stand.served.post(to, encoding.path(), &bytes);
                see(good.name, encoding, &answer);
            }
        }
    }
}

#[test]
fn what_cannot_stand_in_a_text_is_an_invalid_value() {
    let stand = Stand::new();
    let mark = stand.mark();
    let written = |encoding| -> Vec<Vec<u8>> {
        match encoding {
            Encoding::Xml => {
                let inner: [&[u8]; 14] = [
                    b"&#0;",
                    b"&#x0;",
                    b"&#00;",
                    b"&#1;",
                    b"&#xFFFE;",
                    b"&#65535;",
                    b"&#xD800;",
                    b"&#x110000;",
                    b"\0",
                    b"\x0b",
                    "\u{fffe}".as_bytes(),
                    b"\xff",
                    b"\xc0\x80",
                    b"\xed\xa0\x80",
                ];
                let texts = inner.iter().flat_map(|bad| {
                    let around: [[&[u8]; 3]; 3] = [
                        [b"<param><value>a", bad, b"b</value></param>"],
                        [b"<param><value><string>", bad, b"</string></value></param>"],
                        [
                            b"<param><value><struct><member><name>",
                            bad,
                            b"</name><value>v</value></member></struct></value></param>",
                        ],
                    ];
                    around.map(|parts| parts.concat())
                });
                texts.collect()
            }
            Encoding::Json => {
                let inner: [&[u8]; 9] = [
                    b"\\u0000",
                    b"\\u0001",
                    b"\\ufffe",
                    b"\\uFFFF",
                    b"\\ud800",
                    b"\\uDC00\\ud800",
                    "\u{fffe}".as_bytes(),
                    b"\xff",
                    b"\xed\xa0\x80",
                ];
                let texts = inner.iter().flat_map(|bad| {
                    let text: [&[u8]; 3] = [b"\"a", bad, b"b\""];
                    let key: [&[u8]; 3] = [b"{\"", bad, b"\":\"v\"}"];
                    [text.concat(), key.concat()]
                });
                texts.collect()
            }
        }
    };
    each_call(&stand, written, |name, encoding, answer| {
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let error = outcome(encoding, answer).expect_err(name);
        assert_eq!(
            (error.code.as_str(), error.params.len()),
            ("INVALID_VALUE", 2),
            "{error:?}"
        );
    });
    stand.is_as_before(&mark);
}

#[test]
fn a_wrong_character_is_told_before_the_method_is_looked_up() {
    let stand = Stand::new();
    for (to, encoding) in WAYS {
        let bad = match encoding {
            Encoding::Xml => "<param><value>&#0;</value></param>",
            Encoding::Json => "\"\\u0000\"",
        };
        let body = raw(encoding, "no.such_method", bad);
        let answer = stand.served.post(to, encoding.path(), body.as_bytes());
        assert_eq!(
            outcome(encoding, &answer).unwrap_err().code,
            "INVALID_VALUE"
        );
    }
}

#[test]
fn deep_nesting_is_an_internal_error_and_what_is_no_call_a_page() {
    let stand = Stand::new();
    let mark = stand.mark();
    let nested = |encoding| -> Vec<Vec<u8>> {
        let times = |n: usize, open: &str, close: &str| {
            format!("{}{}", open.repeat(n), close.repeat(n)).into_bytes()
        };
        match encoding {
            Encoding::Xml => {
                let wrap = |inner: Vec<u8>| [b"<param>".as_slice(), &inner, b"</param>"].concat();
                let members = "<value><struct><member><name>a</name>";
                vec![
                    wrap(times(65, "<value><array><data>", "</data></array></value>")),
                    wrap(times(
                        6_900,
                        "<value><array><data>",
                        "</data></array></value>",
                    )),
                    wrap(times(3_000, members, "</member></struct></value>")),
                    // Ten thousand levels fit only if they are never closed.
                    "<param>"
                        .bytes()
                        .chain("<value><array><data>".repeat(10_000).bytes())
                        .collect(),
                ]
            }
            Encoding::Json => vec![
                times(65, "[", "]"),
                times(10_000, "[", "]"),
                times(10_000, "{\"a\":", "}"),
                "[".repeat(10_000).into_bytes(),
                "{\"a\":".repeat(10_000).into_bytes(),
            ],
        }
    };
    each_call(&stand, nested, |name, encoding, answer| {
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        let error = outcome(encoding, answer).expect_err(name);
        assert_eq!(
            (error.code.as_str(), error.params.len()),
            ("INTERNAL_ERROR", 1),
            "{error:?}"
        );
        assert!(error.params[0].contains("nested"), "{error:?}");
    });
    let no_call = |encoding| -> Vec<Vec<u8>> {
        let bodies: &[&str] = match encoding {
            Encoding::Xml => &[
                "<param><value><int>9223372036854775808</int></value></param>",
                "<param><value><int>x</int></value></param>",
                "<param><value><int/></value></param>",
                "<param><value><boolean/></value></param>",
                "<param><value><double>x</double></value></param>",
                "<param><value><base64>AAAA</base64></value></param>",
                "<param><value>&nbsp;</value></param>",
                "<param><value><array/></value>",
                "<param><value>a</string></value></param>",
                "<value>a</value>",
                "<param>a</param>",
                "</params>",
            ],
            Encoding::Json => &[
                "9223372036854775808",
                "1e999",
                "nan",
                "'a'",
                "{\"a\":1,\"a\":2}",
                "\"a",
                "]",
                "\"\n\"",
            ],
        };
        bodies.iter().map(|body| body.as_bytes().to_vec()).collect()
    };
    each_call(&stand, no_call, |name, _, answer| {
        assert_eq!(answer.status, 500, "{name}: {}", answer.body);
        assert!(answer.body.contains("<html>"), "{name}: {}", answer.body);
        let session = stand.host().session();
        assert!(
            !answer.body.contains(session),
            "{name}: a session in a page"
        );
    });
    stand.is_as_before(&mark);
}

#[test]
fn entities_are_not_expanded() {
    let stand = Stand::new();
    let mark = stand.mark();
    let laughs: String = (1..10)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let call = raw(
        Encoding::Xml,
        "network.create",
        "<param><value>&l9;</value></param>",
    );
    let call = call.trim_start_matches("<?xml version=\"1.0\"?>");
    for doctype in [
        format!("<!DOCTYPE x [<!ENTITY l0 \"ha\">{laughs}]>"),
        "<!DOCTYPE x [<!ENTITY l9 SYSTEM \"file:///etc/passwd\">]>".to_owned(),
        "<!DOCTYPE x SYSTEM \"http://127.0.0.1:1/x.dtd\">".to_owned(),
    ] {
        let begin = Instant::now();
        let body = format!("<?xml version=\"1.0\"?>{doctype}{call}");
        let answer = stand.served.post(To::Tcp, "/", body.as_bytes());
        assert_eq!(answer.status, 500, "{}", answer.body);
        assert!(!answer.body.contains("root:"), "{}", answer.body);
        assert!(
            begin.elapsed() < Duration::from_secs(1),
            "{:?}",
            begin.elapsed()
        );
    }
    stand.is_as_before(&mark);
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM"))
        .unwrap();
    line.split_ascii_whitespace()
        .nth(1)
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn ten_megabytes_at_each_call_cost_little_time_and_memory() {
    let stand = Stand::new();
    let mark = stand.mark();
    let (before, begin) = (peak(), Instant::now());
    let mut sent = 0;
    for good in CALLS {
        for (to, encoding) in WAYS {
            let (head, tail) = match encoding {
                Encoding::Xml => ("<param><value>", "</value></param>"),
                Encoding::Json => ("\"", "\""),
            };
            let text = format!("{head}{}{tail}", "x".repeat(10_000_000));
            let body = raw(encoding, good.name, &text);
            let answer = stand.served.post(to, encoding.path(), body.as_bytes());
            assert_eq!(answer.status, 500, "{}: {}", good.name, answer.body);
            assert!(answer.body.contains("longer than"), "{}", answer.body);
            sent += body.len();
        }
        let one_more = "x".repeat(1_000_000);
        let text = format!("<param><value>{one_more}</value></param>");
        let body = raw(Encoding::Xml, good.name, &text);
        assert_eq!(stand.served.post(To::Tcp, "/", body.as_bytes()).status, 500);
    }
    let (took, grew) = (begin.elapsed(), peak() - before);
    println!(
        "{} MB in {took:?}, {grew} KiB more at most",
        sent / 1_000_000
    );
    assert!(took < Duration::from_secs(20), "{took:?}");
    // 800 MB were sent. The client's own copies and the tests beside this one are in the same process.
    assert!(grew < 250_000, "{grew} KiB");
    stand.is_as_before(&mark);
}

#[test]
fn a_body_full_of_small_values_is_bounded_too() {
    let stand = Stand::new();
    let mark = stand.mark();
    let begin = Instant::now();
    for good in CALLS {
        let items = "<value/>".repeat(35_000);
        let text = format!("<param><value><array><data>{items}</data></array></value></param>");
        let body = raw(Encoding::Xml, good.name, &text);
        let answer = stand.served.post(To::Unix, "/", body.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.body);
        outcome(Encoding::Xml, &answer).expect_err(good.name);
        let body = raw(
            Encoding::Json,
            good.name,
            "0,".repeat(120_000).trim_end_matches(','),
        );
        let answer = stand.served.post(To::Unix, "/jsonrpc", body.as_bytes());
        let error = outcome(Encoding::Json, &answer).expect_err(good.name);
        assert_eq!(error.code, "INTERNAL_ERROR", "{error:?}");
    }
    assert!(
        begin.elapsed() < Duration::from_secs(10),
        "{:?}",
        begin.elapsed()
    );
    stand.is_as_before(&mark);
}
