//! Each bound of the configuration: what is below it and what is as large as it is answered, what is larger is told
//! so, and the connection goes on wherever the protocol allows.

#[allow(dead_code, reason = "the other tests use the rest")]
mod stand;

use std::io::Write;

use stand::{Stand, call, json, post};
use xapi_server::Config;

fn small() -> Config {
    let mut config = Config {
        head: 1024,
        ..Config::default()
    };
    config.limits.depth = 5;
    config.limits.items = 50;
    config.limits.text = 400;
    config.limits.method = 40;
    config.limits.params = 10;
    config
}

/// A call over both encodings on connections that are kept; what is told if it is too large.
fn check(stand: &Stand, xml: &str, json: &str, told: Option<&str>) {
    for (path, body) in [("/", xml), ("/jsonrpc", json)] {
        let mut client = stand.connect();
        let answer = client.ask(&post(path, "", body));
        assert_eq!(answer.status, 200, "{body}: {}", answer.body);
        match told {
            None => assert!(
                !answer.body.contains("INTERNAL_ERROR"),
                "{body}: {}",
                answer.body
            ),
            Some(told) => {
                let error = match path {
                    "/" => format!("<value>INTERNAL_ERROR</value><value>{told}</value>"),
                    _ => format!("[\"INTERNAL_ERROR\",\"{told}\"]"),
                };
                assert!(answer.body.contains(&error), "{body}: {}", answer.body);
            }
        }
        assert_eq!(
            client.ask(&post("/", "", &call("echo", ""))).status,
            200,
            "{body}"
        );
    }
}

#[test]
fn a_call_may_be_as_large_as_each_limit_and_no_larger() {
    let stand = Stand::new(small());
    // Sizes below, at and above a limit, with what is told of the last.
    let around = |limit: usize, told: &'static str| {
        [(limit - 1, None), (limit, None), (limit + 1, Some(told))]
    };
    for (size, told) in around(40, "the name of the method is longer than 40 bytes") {
        let name = "m".repeat(size);
        check(&stand, &call(&name, ""), &json(&name, ""), told);
    }
    for (size, told) in around(10, "there are more than 10 parameters") {
        let more = "<param><value>0</value></param>".repeat(size);
        let xml = call("echo", "").replace("<params>", &format!("<params>{more}"));
        check(
            &stand,
            &xml,
            &json("echo", &vec!["0"; size].join(",")),
            told,
        );
    }
    for (size, told) in around(400, "a string is longer than 400 bytes") {
        let text = "x".repeat(size);
        let (xml, list) = (format!("<value>{text}</value>"), format!("\"{text}\""));
        check(&stand, &call("echo", &xml), &json("echo", &list), told);
        let xml =
            format!("<value><struct><member><name>{text}</name><value/></member></struct></value>");
        check(
            &stand,
            &call("echo", &xml),
            &json("echo", &format!("{{\"{text}\":0}}")),
            told,
        );
    }
    for (size, told) in around(5, "values are nested deeper than 5 levels") {
        let xml = "<value><array><data>".repeat(size) + &"</data></array></value>".repeat(size);
        let list = "[".repeat(size) + &"]".repeat(size);
        check(&stand, &call("echo", &xml), &json("echo", &list), told);
    }
    for (size, told) in around(50, "there are more than 50 values") {
        // The list itself is one; JSON-RPC's envelope has five more.
        let xml = "<value/>".repeat(size - 1);
        let xml = format!("<value><array><data>{xml}</data></array></value>");
        let list = format!("[{}]", vec!["0"; size - 6].join(","));
        check(&stand, &call("echo", &xml), &json("echo", &list), told);
    }
}

#[test]
fn a_head_may_be_as_long_as_the_limit_and_no_longer() {
    let stand = Stand::new(small());
    let body = call("echo", "");
    for (length, status) in [(1023, 200), (1024, 200), (1025, 431), (5000, 431)] {
        let shell = format!(
            "POST / HTTP/1.1\r\nContent-Length: {}\r\nX: \r\n\r\n",
            body.len()
        );
        let filler = "x".repeat(length - shell.len());
        let request = shell.replace("X: ", &format!("X: {filler}")) + &body;
        let mut client = stand.connect();
        client.write_all(request.as_bytes()).unwrap();
        assert_eq!(client.answer().status, status, "{length}");
    }
}
