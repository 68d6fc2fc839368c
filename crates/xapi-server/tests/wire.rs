//! The server as clients meet it: bytes over real sockets.

mod stand;

use std::io::{Read, Write};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use stand::{Answer, Stand, call, json, post, success};
use xapi_server::Config;

fn short() -> Config {
    Config {
        head_timeout: Duration::from_millis(100),
        body_timeout: Duration::from_millis(100),
        idle_timeout: Duration::from_millis(100),
        write_timeout: Duration::from_millis(100),
        ..Config::default()
    }
}

#[test]
fn an_answer_has_the_bytes_that_xapi_sends() {
    let stand = Stand::new(Config::default());
    let mut client = stand.connect();
    client
        .write_all(&post("/RPC2", "", &call("echo", "<value>a</value>")))
        .unwrap();
    let answer = client.answer();
    let body = success("<value>a</value>");
    assert_eq!(
        answer.head,
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: keep-alive\r\ncache-control: no-cache, no-store\r\n\
             content-type: text/xml\r\naccess-control-allow-origin: *\r\naccess-control-allow-headers: X-Requested-With\r\n\r\n",
            body.len()
        )
    );
    assert_eq!(answer.body, body);
}

#[test]
fn errors_of_calls_are_answers_and_list_methods_has_no_envelope() {
    let stand = Stand::new(Config::default());
    let ask = |name: &str| stand.connect().ask(&post("/", "", &call(name, ""))).body;
    assert!(ask("fail").contains("<value>Failure</value></member><member><name>ErrorDescription</name><value><array><data><value>PIF_UNMANAGED</value>"));
    assert!(ask("panic").contains("<value>INTERNAL_ERROR</value>"));
    assert!(
        ask("system.listMethods")
            .contains("<params><param><value><array><data><value>echo</value>")
    );
    assert!(ask("nothing").contains("<name>Value</name><value></value>"));
}

#[test]
fn json_is_answered_at_its_path_and_nowhere_else() {
    let stand = Stand::new(Config::default());
    let ask = |path: &str, body: &str| stand.connect().ask(&post(path, "", body));
    let answer = ask("/jsonrpc", &json("echo", "[1]"));
    assert!(
        answer
            .head
            .contains("\r\ncontent-type: application/json\r\n"),
        "{}",
        answer.head
    );
    assert_eq!(answer.body, "{\"jsonrpc\":\"2.0\",\"result\":[1],\"id\":7}");
    assert_eq!(
        ask("/jsonrpc?x=y", &json("fail", "")).body,
        "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":1,\"message\":\"PIF_UNMANAGED\",\"data\":[\"OpaqueRef:1\"]},\"id\":7}"
    );
    assert_eq!(
        ask("/jsonrpc", &json("system.listMethods", "")).body,
        "{\"jsonrpc\":\"2.0\",\"result\":[\"echo\"],\"id\":7}"
    );
    assert_eq!(ask("/jsonrpc", "{").status, 500);
    assert_eq!(ask("/json", &json("echo", "1")).status, 500);
    for path in ["/", "/RPC2", "/json", "/xmlrpc", "/any/thing?x=y"] {
        assert_eq!(
            ask(path, &call("echo", "<value>a</value>")).body,
            success("<value>a</value>"),
            "{path}"
        );
    }
}

#[test]
fn what_is_no_call_gets_a_page_and_the_connection_is_closed() {
    let stand = Stand::new(Config::default());
    let check = |request: &[u8], status: u16| {
        let mut client = stand.connect();
        client.write_all(request).unwrap();
        let answer = client.answer();
        assert_eq!(
            answer.status,
            status,
            "{}",
            String::from_utf8_lossy(request)
        );
        assert!(
            answer.head.contains("\r\nconnection: close\r\n"),
            "{}",
            answer.head
        );
        assert!(
            answer.head.contains("\r\ncontent-type: text/html\r\n"),
            "{}",
            answer.head
        );
        assert!(!answer.body.contains("sesame"), "{}", answer.body);
        assert!(client.is_closed(), "{}", String::from_utf8_lossy(request));
        answer
    };
    let answer = check(&post("/", "", "<methodCall><sesame>"), 500);
    assert!(
        answer.head.starts_with("HTTP/1.1 500 Internal Error\r\n"),
        "{}",
        answer.head
    );
    check(&post("/", "", ""), 500);
    check(b"POST / HTTP/1.1\r\nHost: x\r\n\r\n", 500);
    check(&post("/", "", "\0\0\0"), 500);
    check(
        &post("/", "", "<!DOCTYPE a [<!ENTITY b 'c'>]><methodCall/>"),
        500,
    );
    check(b"GET /sesame HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    check(b"PUT /import HTTP/1.1\r\nHost: x\r\n\r\n", 403);
    check(b"CONNECT /console HTTP/1.1\r\nHost: x\r\n\r\n", 403);
    check(b"DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 501);
    check(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501);
}

#[test]
fn a_request_that_is_no_http_is_refused() {
    let stand = Stand::new(Config::default());
    for (request, status) in [
        (b"hello\r\n\r\n".to_vec(), 400),
        (
            b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n".to_vec(),
            400,
        ),
        (
            format!("POST / HTTP/1.1\r\nX: {}\r\n\r\n", "y".repeat(9000)).into_bytes(),
            431,
        ),
    ] {
        let mut client = stand.connect();
        client.write_all(&request).unwrap();
        assert_eq!(client.answer().status, status);
        assert!(client.is_closed());
    }
}

#[test]
fn a_head_that_never_ends_is_refused_at_its_limit() {
    let stand = Stand::new(Config::default());
    let mut client = stand.connect();
    client.write_all(b"POST / HTTP/1.1\r\n").unwrap();
    let mut sent = 0;
    while sent < 200_000
        && client
            .write_all(b"X-Header: abcdefghijklmnopqrstuvwxyz\r\n")
            .is_ok()
    {
        sent += 38;
    }
    let mut all = Vec::new();
    // A reset instead of an answer is a refusal as well.
    client.stream().read_to_end(&mut all).ok();
    assert!(
        all.is_empty() || all.starts_with(b"HTTP/1.1 431"),
        "{}",
        String::from_utf8_lossy(&all)
    );
}

#[test]
fn ten_megabytes_are_refused_quickly_and_without_keeping_them() {
    let stand = Stand::new(Config::default());
    let peak = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM"))
            .unwrap();
        line.split_ascii_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let before = peak();
    let begin = Instant::now();
    let chunk = vec![b'x'; 100_000];
    let framed = [b"186a0\r\n", &chunk[..], b"\r\n"].concat();
    std::thread::scope(|scope| {
        for n in 0..20 {
            let (chunk, framed) = (&chunk, &framed);
            let mut client = stand.connect();
            scope.spawn(move || {
                let told = n % 2 == 0;
                let head = if told {
                    "Content-Length: 10000000"
                } else {
                    "Transfer-Encoding: chunked"
                };
                write!(client, "POST / HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n").unwrap();
                for _ in 0..100 {
                    client.write_all(if told { chunk } else { framed }).unwrap();
                }
                if !told {
                    client.write_all(b"0\r\n\r\n").unwrap();
                }
                let answer = client.answer();
                assert_eq!(answer.status, 500);
                assert!(
                    answer.body.contains("longer than 307200 bytes"),
                    "{}",
                    answer.body
                );
            });
        }
    });
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "took {:?}",
        begin.elapsed()
    );
    // 200 MB came in; the tests beside this one need some memory too.
    assert!(peak() - before < 150_000, "{} KiB more", peak() - before);
}

#[test]
fn a_body_as_long_as_the_limit_is_taken_and_one_byte_more_is_not() {
    let stand = Stand::new(Config::default());
    let text = |length: usize| {
        format!(
            "<value><array><data>{}</data></array></value>",
            "<value>abc</value>".repeat(length)
        )
    };
    let shell = call("count", &text(0)).len();
    let items = (307_200 - shell) / "<value>abc</value>".len();
    let fits = call("count", &text(items));
    let rest = 307_200 - fits.len();
    let padded = |spaces: usize| format!("{fits}{}", " ".repeat(spaces));
    assert_eq!(
        stand.connect().ask(&post("/", "", &padded(rest))).body,
        success(&format!("<value>{items}</value>"))
    );
    assert_eq!(
        stand
            .connect()
            .ask(&post("/", "", &padded(rest + 1)))
            .status,
        500
    );
}

#[test]
fn bad_values_get_an_error_of_the_api() {
    let stand = Stand::new(Config::default());
    let xml = |params: &str| stand.connect().ask(&post("/", "", &call("echo", params)));
    for bad in ["&#0;", "\u{fffe}", "\u{1}", "&#xD800;"] {
        let answer = xml(&format!("<value>sesame{bad}</value>"));
        assert_eq!(answer.status, 200);
        assert!(
            answer.body.contains("<value>INVALID_VALUE</value>"),
            "{}",
            answer.body
        );
        assert!(!answer.body.contains("sesame"), "{}", answer.body);
    }
    let nested = format!(
        "{}{}",
        "<value><array><data>".repeat(10_000),
        "</data></array></value>".repeat(10_000)
    );
    let mut roomy = Config::default();
    roomy.limits.body = 10_000_000;
    let roomy = Stand::new(roomy);
    let answer = roomy.connect().ask(&post("/", "", &call("echo", &nested)));
    assert!(
        answer.body.contains(
            "<value>INTERNAL_ERROR</value><value>values are nested deeper than 64 levels</value>"
        ),
        "{}",
        answer.body
    );
    let answer = stand
        .connect()
        .ask(&post("/jsonrpc", "", &json("echo", "\"\\u0000\"")));
    assert!(
        answer
            .body
            .starts_with("{\"jsonrpc\":\"2.0\",\"error\":[\"INVALID_VALUE\","),
        "{}",
        answer.body
    );
    assert!(answer.body.ends_with("\"id\":0}"), "{}", answer.body);
    let nested = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let answer = stand
        .connect()
        .ask(&post("/jsonrpc", "", &json("echo", &nested)));
    assert!(answer.body.contains("INTERNAL_ERROR"), "{}", answer.body);
}

#[test]
fn slow_senders_are_cut_off_wherever_they_stop() {
    let stand = Stand::new(short());
    // Nothing at all, and nothing after a call that was answered: closed without a word.
    let mut silent = stand.connect();
    assert!(silent.is_closed());
    let mut kept = stand.connect();
    assert_eq!(kept.ask(&post("/", "", &call("echo", ""))).status, 200);
    assert!(kept.is_closed());
    // In the head, and in the body: told so.
    let whole = post("/", "", &call("echo", "<value>a</value>"));
    for stop in [1, 10, 40, whole.len() - 1] {
        let mut slow = stand.connect();
        slow.write_all(&whole[..stop]).unwrap();
        assert_eq!(slow.answer().status, 408, "stopped after {stop} bytes");
        assert!(slow.is_closed());
    }
    // One byte at a time, each within any time-out.
    let mut dripping = stand.connect();
    let begin = Instant::now();
    let mut sent = 0;
    while dripping.write_all(&whole[sent..=sent]).is_ok() && sent + 2 < whole.len() {
        sent += 1;
        if dripping.has_answer(Duration::from_millis(10)) {
            break;
        }
    }
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{sent} bytes in {:?}",
        begin.elapsed()
    );
    assert!(sent + 2 < whole.len(), "the whole request was taken");
}

#[test]
fn a_call_may_take_longer_than_any_time_out_of_the_connection() {
    let stand = Stand::new(short());
    let mut client = stand.connect();
    client.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    assert!(!client.has_answer(Duration::from_millis(500)));
    stand.release(1);
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_client_that_does_not_take_its_answer_is_cut_off() {
    let stand = Stand::new(short());
    let mut client = stand.connect();
    client
        .write_all(&post("/", "", &call("large", "")))
        .unwrap();
    stand.wait_for_connections(1);
    // Nothing is read until the server has given up; then less than the whole answer is there.
    stand.wait_for_connections(0);
    let mut all = Vec::new();
    client.stream().read_to_end(&mut all).ok();
    assert!(all.len() < 32_000_000, "{}", all.len());
}

#[test]
fn requests_may_follow_each_other_without_waiting() {
    let stand = Stand::new(Config::default());
    let mut client = stand.connect();
    let requests: Vec<u8> = (0..50)
        .flat_map(|n| post("/", "", &call("echo", &format!("<value>{n}</value>"))))
        .collect();
    client.write_all(&requests).unwrap();
    for n in 0..50 {
        assert_eq!(
            client.answer().body,
            success(&format!("<value>{n}</value>"))
        );
    }
}

#[test]
fn connections_are_kept_as_the_version_and_the_client_want() {
    let stand = Stand::new(Config::default());
    let body = call("echo", "");
    for (version, header, kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
        ("1.0", "Connection: close\r\n", false),
    ] {
        let mut client = stand.connect();
        let request = format!(
            "POST / HTTP/{version}\r\n{header}Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = client.ask(request.as_bytes());
        assert_eq!(answer.body, success("<value></value>"));
        assert!(
            answer
                .head
                .starts_with(&format!("HTTP/{version} 200 OK\r\n")),
            "{}",
            answer.head
        );
        let word = if kept { "keep-alive" } else { "close" };
        assert!(
            answer.head.contains(&format!("\r\nconnection: {word}\r\n")),
            "{version} {header}: {}",
            answer.head
        );
        if kept {
            assert_eq!(client.ask(&post("/", "", &body)).status, 200);
        } else {
            assert!(client.is_closed());
        }
    }
}

#[test]
fn a_body_may_come_in_chunks_and_after_asking() {
    let stand = Stand::new(Config::default());
    let body = call("echo", "<value>a</value>");
    let (one, two) = body.split_at(20);
    let chunks = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:x};ext=1\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len()
    );
    let mut client = stand.connect();
    assert_eq!(
        client.ask(chunks.as_bytes()).body,
        success("<value>a</value>")
    );

    write!(
        client,
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    assert_eq!(client.head(), "HTTP/1.1 100 Continue\r\n\r\n");
    assert_eq!(
        client.ask(body.as_bytes()).body,
        success("<value>a</value>")
    );

    write!(
        client,
        "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 10000000\r\n\r\n"
    )
    .unwrap();
    assert_eq!(client.answer().status, 500);
    assert!(client.is_closed());
}

#[test]
fn browsers_are_told_that_they_may_call() {
    let stand = Stand::new(Config::default());
    let ask = |header: &str| {
        let mut client = stand.connect();
        client.ask(format!("OPTIONS /jsonrpc HTTP/1.1\r\nHost: x\r\n{header}\r\n").as_bytes())
    };
    let plain = ask("");
    assert_eq!((plain.status, plain.body.as_str()), (200, ""));
    assert!(plain.head.contains("\r\naccess-control-allow-origin: *\r\naccess-control-allow-headers: X-Requested-With\r\naccess-control-allow-methods: PUT\r\n"), "{}", plain.head);
    let asking = ask("Access-Control-Request-Headers: content-type\r\n");
    assert!(
        asking
            .head
            .contains("\r\naccess-control-allow-headers: content-type, X-Requested-With\r\n"),
        "{}",
        asking.head
    );
    let page = stand.connect().ask(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(
        page.status == 200 && page.body.starts_with("<html>"),
        "{}",
        page.body
    );
}

#[test]
fn the_handler_learns_where_a_call_came_from() {
    let stand = Stand::new(Config::default());
    let headers = "User-Agent: test/1.0\r\nX-Http-Other-Config-applies_to: x\r\n";
    let answer = stand
        .connect()
        .ask(&post("/", headers, &call("origin", "")));
    assert!(
        answer.body.contains("root=false peer=127.0.0.1:"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .body
            .contains("agent=test/1.0 other=http:applies_to=x"),
        "{}",
        answer.body
    );
}

#[test]
fn two_hundred_connections_are_served_at_once() {
    let stand = Stand::new(Config {
        workers: 200,
        ..Config::default()
    });
    let mut clients: Vec<_> = (0..200).map(|_| stand.connect()).collect();
    for (n, client) in clients.iter_mut().enumerate() {
        client
            .write_all(&post(
                "/",
                "",
                &call("hold", &format!("<value>{n}</value>")),
            ))
            .unwrap();
    }
    // All are inside the handler before any is answered.
    for _ in 0..200 {
        stand.begun();
    }
    stand.release(200);
    for (n, client) in clients.iter_mut().enumerate() {
        assert_eq!(
            client.answer().body,
            success(&format!("<value>{n}</value>"))
        );
    }
}

#[test]
fn calls_beyond_workers_and_queue_are_refused_and_the_rest_is_answered() {
    let stand = Stand::new(Config {
        workers: 1,
        queue: 1,
        ..Config::default()
    });
    let hold = post("/", "", &call("hold", ""));
    let mut running = stand.connect();
    running.write_all(&hold).unwrap();
    stand.begun();
    // Of two more one waits and one is refused, whichever comes first.
    let mut others = [stand.connect(), stand.connect()];
    for other in &mut others {
        other.write_all(&hold).unwrap();
    }
    let refused = loop {
        if let Some(at) = others
            .iter_mut()
            .position(|other| other.has_answer(Duration::from_millis(10)))
        {
            break at;
        }
    };
    let busy = others[refused].answer();
    assert_eq!(busy.status, 200);
    assert!(
        busy.body.contains("<value>TOO_BUSY</value>"),
        "{}",
        busy.body
    );
    // Over JSON with the client's own id, and on the connection that was refused before; a long call too.
    let again = &mut others[refused];
    let short = again.ask(&post("/jsonrpc", "", &json("echo", "1")));
    let told = "{\"code\":1,\"message\":\"TOO_BUSY\",\"data\":[]},\"id\":7}";
    assert_eq!(
        short.body,
        format!("{{\"jsonrpc\":\"2.0\",\"error\":{told}")
    );
    let long = format!("\"{}\"", "x".repeat(20_000));
    let long = again.ask(&post("/jsonrpc", "", &json("echo", &long)));
    let told = "{\"jsonrpc\":\"2.0\",\"error\":[\"TOO_BUSY\"],\"id\":0}";
    assert_eq!((long.status, long.body.as_str()), (200, told));
    stand.release(2);
    assert_eq!(running.answer().status, 200);
    assert_eq!(others[1 - refused].answer().status, 200);
}

#[test]
fn the_longest_idle_connection_makes_room_for_a_new_one() {
    let stand = Stand::new(Config {
        tcp_connections: 3,
        ..Config::default()
    });
    let body = post("/", "", &call("echo", ""));
    let mut busy = stand.connect();
    busy.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    let mut old = stand.connect();
    assert_eq!(old.ask(&body).status, 200);
    let mut young = stand.connect();
    assert_eq!(young.ask(&body).status, 200);
    let mut new = stand.connect();
    assert_eq!(new.ask(&body).status, 200);
    assert!(old.is_closed());
    assert_eq!(young.ask(&body).status, 200);
    stand.release(1);
    assert_eq!(busy.answer().status, 200);
}

#[test]
fn a_shutdown_lets_calls_end_and_takes_no_more() {
    let mut stand = Stand::new(Config::default());
    let mut idle = stand.connect();
    assert_eq!(idle.ask(&post("/", "", &call("echo", ""))).status, 200);
    let mut fresh = stand.connect();
    let mut busy = stand.connect();
    busy.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    let address = stand.address();
    let server = stand.server();
    let ended = std::thread::spawn(move || server.shutdown(Duration::from_secs(10)));
    assert!(idle.is_closed());
    assert!(fresh.is_closed());
    assert!(!ended.is_finished(), "the server did not wait for its call");
    stand.release(1);
    let answer = busy.answer();
    assert_eq!(answer.status, 200);
    assert!(busy.is_closed());
    assert!(ended.join().unwrap());
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_shutdown_does_not_wait_longer_than_its_deadline() {
    let mut stand = Stand::new(Config::default());
    let mut busy = stand.connect();
    busy.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    let begin = Instant::now();
    assert!(!stand.server().shutdown(Duration::from_millis(100)));
    assert!(begin.elapsed() < Duration::from_secs(5));
    assert!(busy.is_closed());
    stand.release(1);
}

#[test]
fn a_call_whose_client_went_away_before_its_turn_is_not_carried_out() {
    let stand = Stand::new(Config {
        workers: 1,
        ..Config::default()
    });
    let mut first = stand.connect();
    first.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    let mut second = stand.connect();
    second
        .write_all(&post("/", "", &call("count_me", "")))
        .unwrap();
    stand.wait_for_connections(2);
    drop(second);
    stand.wait_for_connections(1);
    stand.release(1);
    assert_eq!(first.answer().status, 200);
    assert_eq!(first.ask(&post("/", "", &call("echo", ""))).status, 200);
    assert_eq!(stand.counted.load(Ordering::SeqCst), 0);
}

#[test]
fn a_quick_call_is_answered_while_all_workers_are_busy() {
    let stand = Stand::new(Config {
        workers: 1,
        ..Config::default()
    });
    let mut busy = stand.connect();
    busy.write_all(&post("/", "", &call("hold", ""))).unwrap();
    stand.begun();
    let Answer { body, .. } = stand.connect().ask(&post("/", "", &call("quick", "")));
    assert_eq!(body, success("<value></value>"));
    stand.release(1);
    assert_eq!(busy.answer().status, 200);
}

#[test]
fn pythons_own_client_is_understood() {
    let stand = Stand::new(Config::default());
    let script = "import sys, xmlrpc.client as x\n\
                  s = x.ServerProxy('http://127.0.0.1:' + sys.argv[1], allow_none=True)\n\
                  for v in ['a<b>&\\u00e9 \\n', True, 1.5, [1, 'b', None], {'k<': {'l': []}}, '']:\n\
                  \x20r = s.echo(v)\n\
                  \x20assert r['Status'] == 'Success', r\n\
                  \x20want = ['1', 'b', None] if isinstance(v, list) else v\n\
                  \x20assert r['Value'] == want, (r, want)\n\
                  r = s.fail()\n\
                  assert r == {'Status': 'Failure', 'ErrorDescription': ['PIF_UNMANAGED', 'OpaqueRef:1']}, r\n\
                  assert s.system.listMethods() == ['echo']\n";
    let output = std::process::Command::new("python3")
        .args(["-c", script, &stand.address().port().to_string()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn dxr_and_the_server_understand_each_other() {
    let stand = Stand::new(Config::default());
    let mut client = stand.connect();
    for value in [
        dxr::Value::String("a<b>&é".to_owned()),
        dxr::Value::Boolean(true),
        dxr::Value::Double(0.25),
        dxr::Value::Array(vec![dxr::Value::String("b".to_owned())]),
        dxr::Value::Struct([("k".to_owned(), dxr::Value::Boolean(false))].into()),
    ] {
        let call = dxr::MethodCall {
            name: "echo".into(),
            params: vec![value.clone()],
        };
        let answer = client.ask(&post("/", "", &call.to_xml().unwrap()));
        let dxr::Value::Struct(members) =
            dxr::MethodResponse::from_xml(&answer.body).unwrap().value
        else {
            panic!("{}", answer.body);
        };
        assert_eq!(members["Status"], dxr::Value::String("Success".to_owned()));
        assert_eq!(members["Value"], value);
    }
}
