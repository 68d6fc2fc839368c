//! What the server says about calls, and what it never says.

#[allow(dead_code, reason = "the other tests use the rest")]
mod stand;

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use stand::{Stand, call, json, post};
use xapi_server::Config;

/// Text that is written by many threads.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_call_is_logged_by_name_result_and_time_and_never_by_what_it_carries() {
    let paper = Paper::default();
    let writer = paper.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let stand = Stand::new(Config::default());
    let secret = "<value>OpaqueRef:sesame</value>";
    for request in [
        post(
            "/?session_id=sesame",
            "Cookie: sesame\r\nAuthorization: Basic sesame\r\n",
            &call("echo", secret),
        ),
        post("/", "", &call("fail", secret)),
        post("/", "", &call("panic", secret)),
        post(
            "/",
            "",
            &call("x\ty\u{1b}[31mz", secret).replace('\u{1b}', "&#10;"),
        ),
        post("/", "", &call("echo", "<value>sesame&#0;</value>")),
        post("/jsonrpc", "", &json("echo", "\"OpaqueRef:sesame\"")),
        post("/", "", "<methodCall><sesame/></methodCall>"),
        post("/jsonrpc", "", "{\"sesame\": sesame}"),
        post("/", "Transfer-Encoding: sesame\r\n", &call("echo", secret)),
    ] {
        // hyper answers the last one by itself.
        stand.connect().ask(&request);
    }
    let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let ours: Vec<&str> = text.lines().filter(|line| line.contains(" xapi")).collect();
    for expected in [
        "echo: ok",
        "fail: PIF_UNMANAGED",
        "panic: INTERNAL_ERROR",
        "code=\"INVALID_VALUE\"",
        "a request that is no call",
    ] {
        assert!(
            ours.iter().any(|line| line.contains(expected)),
            "{expected} is missing:\n{text}"
        );
    }
    assert!(ours.iter().any(|line| line.contains("micros=")), "{text}");
    // hyper's own lines are below INFO, which is where the daemon stops.
    for line in text
        .lines()
        .filter(|line| !line.contains("TRACE") && !line.contains("DEBUG"))
    {
        assert!(!line.contains("sesame"), "{line}");
    }
    for line in ours {
        assert!(!line.contains("sesame"), "{line}");
    }
}
