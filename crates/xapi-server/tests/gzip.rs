//! Bodies in gzip, both ways.

#[allow(dead_code, reason = "the other tests use the rest")]
mod stand;

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use stand::{Stand, call, json, post, success};
use xapi_server::Config;

fn packing() -> Config {
    Config {
        gzip: true,
        ..Config::default()
    }
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// A request with a body in an encoding.
fn encoded(path: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Encoding: {encoding}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn a_long_answer_is_packed_for_those_who_take_it_and_says_its_length() {
    let stand = Stand::new(packing());
    for (length, headers, is_packed) in [
        (100_000, "Accept-Encoding: gzip\r\n", true),
        (100_000, "Accept-Encoding: deflate, gzip;q=0.5\r\n", true),
        (100_000, "Accept-Encoding: gzip;q=0\r\n", false),
        (100_000, "Accept-Encoding: identity\r\n", false),
        (100_000, "", false),
        (10_000, "Accept-Encoding: gzip\r\n", false),
    ] {
        let text = "abcdefghij".repeat(length / 10);
        let (xml, list) = (format!("<value>{text}</value>"), format!("\"{text}\""));
        let plain_json = format!("{{\"jsonrpc\":\"2.0\",\"result\":{list},\"id\":7}}");
        for (path, kind, body, expected) in [
            ("/RPC2", "text/xml", call("echo", &xml), success(&xml)),
            (
                "/jsonrpc",
                "application/json",
                json("echo", &list),
                plain_json,
            ),
        ] {
            let mut client = stand.connect();
            client.write_all(&post(path, headers, &body)).unwrap();
            let (head, bytes) = client.bytes();
            let kind = format!("\r\ncontent-type: {kind}\r\n");
            assert!(head.contains(&kind), "{head}");
            assert_eq!(
                head.contains("\r\ncontent-encoding: gzip\r\n"),
                is_packed,
                "{head}"
            );
            if is_packed {
                assert!(bytes.len() < 2_000, "{}", bytes.len());
                let mut text = String::new();
                GzDecoder::new(&bytes[..])
                    .read_to_string(&mut text)
                    .unwrap();
                assert_eq!(text, expected);
            } else {
                assert_eq!(bytes, expected.as_bytes());
            }
            // What was told is what came: the connection is good for another call.
            assert_eq!(client.ask(&post("/", "", &call("echo", ""))).status, 200);
        }
    }
}

#[test]
fn no_answer_is_packed_unless_the_server_is_told_to() {
    let stand = Stand::new(Config::default());
    let xml = format!("<value>{}</value>", "x".repeat(100_000));
    let headers = "Accept-Encoding: gzip\r\n";
    let answer = stand
        .connect()
        .ask(&post("/", headers, &call("echo", &xml)));
    assert_eq!(answer.body, success(&xml));
}

#[test]
fn a_call_may_come_packed_up_to_the_same_limit() {
    let stand = Stand::new(Config::default());
    let body = call("echo", "<value>a</value>");
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    for (length, fits) in [
        (body.len(), true),
        (307_199, true),
        (307_200, true),
        (307_201, false),
    ] {
        let mut client = stand.connect();
        let answer = client.ask(&encoded("/", "gzip", &packed(padded(length).as_bytes())));
        if fits {
            assert_eq!(answer.body, success("<value>a</value>"), "{length}");
            let body = json("echo", "1");
            let answer = client.ask(&encoded("/jsonrpc", "x-gzip", &packed(body.as_bytes())));
            assert_eq!(answer.body, "{\"jsonrpc\":\"2.0\",\"result\":1,\"id\":7}");
        } else {
            assert_eq!(answer.status, 500, "{length}");
            assert!(
                answer.body.contains("longer than 307200 bytes"),
                "{}",
                answer.body
            );
            assert!(client.is_closed());
        }
    }
}

#[test]
fn a_bomb_is_told_as_too_long_and_costs_nothing() {
    let stand = Stand::new(Config::default());
    let bomb = packed(&vec![b' '; 200_000_000]);
    assert!(bomb.len() < 300_000, "{}", bomb.len());
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        let answer = stand.connect().ask(&encoded("/", "gzip", &bomb));
        assert_eq!(answer.status, 500);
        assert!(
            answer.body.contains("longer than 307200 bytes"),
            "{}",
            answer.body
        );
    }
    // Unpacking one of them whole takes a quarter of a second.
    assert!(begin.elapsed().as_secs() < 2, "{:?}", begin.elapsed());
}

#[test]
fn what_is_no_gzip_or_another_encoding_is_refused() {
    let stand = Stand::new(Config::default());
    let good = packed(call("echo", "").as_bytes());
    for (encoding, body, status) in [
        ("gzip", b"<methodCall/>".to_vec(), 400),
        ("gzip", good[..good.len() - 3].to_vec(), 400),
        ("gzip", [&good[..], b"x"].concat(), 400),
        ("gzip", Vec::new(), 400),
        ("deflate", good.clone(), 415),
        ("br", good.clone(), 415),
        ("gzip, gzip", good.clone(), 415),
        ("identity", call("echo", "").into_bytes(), 200),
    ] {
        let answer = stand.connect().ask(&encoded("/", encoding, &body));
        assert_eq!(answer.status, status, "{encoding} {body:?}");
    }
}
