//! The client of QMP against a socket with a script.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xapi_guest::qmp::{MAX_LINE, Qmp, QmpError, QmpEvent, Reader};

const SOON: Duration = Duration::from_secs(10);
const BRIEFLY: Duration = Duration::from_millis(50);
const GREETING: &str = r#"{"QMP": {"version": {}, "capabilities": []}}"#;

/// The other side of a connection.
struct Server {
    lines: BufReader<UnixStream>,
}

impl Server {
    fn say(&self, line: &str) {
        writeln!(self.lines.get_ref(), "{line}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn answer(&mut self, with: Value) -> Value {
        let heard = self.hear();
        let mut line = with;
        line["id"] = heard["id"].clone();
        self.say(&line.to_string());
        heard
    }

    /// What comes before the first command.
    fn greet(&mut self) {
        self.say(GREETING);
        let heard = self.answer(json!({"return": {}}));
        assert_eq!(heard["execute"], "qmp_capabilities");
    }
}

#[test]
fn a_greeting_that_comes_octet_by_octet_has_no_more_time_than_one_that_does_not_come() {
    let within = Duration::from_millis(300);
    let began = Instant::now();
    let (connected, server) = connect(within, move |server| {
        let mut stream = server.lines.get_ref();
        // Each is in time, and all of them would take a minute.
        while stream.write_all(b" ").is_ok() && began.elapsed() < SOON {
            std::thread::park_timeout(Duration::from_millis(20));
        }
    });
    let error = connected.err().unwrap();
    assert_eq!(error.to_string(), "no answer to the greeting in time");
    assert!(began.elapsed() < SOON / 2, "{:?}", began.elapsed());
    server.join().unwrap();
}

type Connected = Result<(Arc<Qmp>, Reader), QmpError>;

/// A client, what its reader ended with, and the server.
type Spoken = (
    Arc<Qmp>,
    JoinHandle<(QmpError, Vec<QmpEvent>)>,
    JoinHandle<()>,
);

/// Connects to a server that does as it is told.
fn connect(
    within: Duration,
    script: impl FnOnce(Server) + Send + 'static,
) -> (Connected, JoinHandle<()>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    let server = spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        script(Server {
            lines: BufReader::new(stream),
        });
    });
    (Qmp::connect(&path, within), server)
}

/// A client past the greeting, with a thread that reads and answers why it ended.
fn speak(script: impl FnOnce(&mut Server) + Send + 'static) -> Spoken {
    let (connected, server) = connect(SOON, |mut server| {
        server.greet();
        script(&mut server);
    });
    let (qmp, reader) = connected.unwrap();
    let reading = spawn(move || {
        let mut events = Vec::new();
        let why = reader.run(|event| events.push(event));
        (why, events)
    });
    (qmp, reading, server)
}

#[test]
fn a_command_has_its_answer() {
    let (qmp, reading, server) = speak(|server| {
        let heard = server.answer(json!({"return": {"status": "running"}}));
        assert_eq!(heard["execute"], "query-status");
        assert_eq!(heard["arguments"], json!({"a": 1}));
    });
    let answer = qmp.execute("query-status", json!({"a": 1}), SOON).unwrap();
    assert_eq!(answer["status"], "running");
    server.join().unwrap();
    assert!(matches!(reading.join().unwrap().0, QmpError::Closed));
}

#[test]
fn answers_find_who_asked_in_whatever_order_they_come() {
    let (qmp, _, server) = speak(|server| {
        let heard = [server.hear(), server.hear()];
        for command in heard.iter().rev() {
            let answer = json!({"return": command["execute"], "id": command["id"]});
            server.say(&answer.to_string());
        }
    });
    std::thread::scope(|scope| {
        for name in ["one", "two"] {
            let qmp = &qmp;
            scope.spawn(move || assert_eq!(qmp.execute(name, json!({}), SOON).unwrap(), name));
        }
    });
    server.join().unwrap();
}

#[test]
fn a_refusal_says_the_command_its_class_and_why() {
    let (qmp, ..) = speak(|server| {
        let error = json!({"class": "DeviceNotFound", "desc": "Device 'nic0' not found"});
        server.answer(json!({"error": error}));
    });
    let refused = qmp.execute("device_del", json!({}), SOON).unwrap_err();
    assert!(refused.is_missing() && refused.is_refusal());
    assert_eq!(refused.to_string(), "device_del: Device 'nic0' not found");
}

#[test]
fn events_are_handed_on_in_their_order_also_those_before_the_first_answer() {
    let (connected, server) = connect(SOON, |mut server| {
        server.say(GREETING);
        server.say(r#"{"event": "ONE", "timestamp": {}}"#);
        server.answer(json!({"return": {}}));
        server.say(r#"{"event": "TWO", "data": {"device": "nic0"}}"#);
    });
    let mut events = Vec::new();
    connected.unwrap().1.run(|event| events.push(event));
    server.join().unwrap();
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["ONE", "TWO"]);
    assert_eq!(events[1].text("device"), Some("nic0"));
}

#[test]
fn an_answer_that_comes_too_late_is_nobodys() {
    let (go, gone) = channel::<()>();
    let (qmp, _, server) = speak(move |server| {
        let late = server.hear();
        gone.recv().unwrap();
        server.say(&json!({"return": "late", "id": late["id"]}).to_string());
        server.answer(json!({"return": "in time"}));
    });
    let late = qmp.execute("slow", json!({}), BRIEFLY).unwrap_err();
    assert_eq!(late.to_string(), "no answer to slow in time");
    go.send(()).unwrap();
    assert_eq!(qmp.execute("next", json!({}), SOON).unwrap(), "in time");
    server.join().unwrap();
}

#[test]
fn whoever_waits_is_told_when_the_connection_ends() {
    let (qmp, reading, _) = speak(|server| {
        server.hear();
    });
    let began = Instant::now();
    let cut = qmp.execute("stop", json!({}), Duration::from_secs(1000));
    assert!(matches!(cut, Err(QmpError::Closed)), "{cut:?}");
    assert!(began.elapsed() < SOON);
    reading.join().unwrap();
    let after = qmp.execute("stop", json!({}), SOON);
    assert!(matches!(after, Err(QmpError::Closed)), "{after:?}");
}

#[test]
fn one_who_says_nothing_is_given_up() {
    let (tell, told) = channel::<()>();
    let (connected, server) = connect(BRIEFLY, move |_server| told.recv().unwrap());
    let silent = connected.err().unwrap();
    assert_eq!(silent.to_string(), "no answer to the greeting in time");
    tell.send(()).unwrap();
    server.join().unwrap();
}

#[test]
fn one_who_greets_wrongly_is_not_spoken_to() {
    for greeting in [
        "{}",
        "SSH-2.0-OpenSSH",
        r#"{"event": "RESET"}"#,
        "[1]",
        "\u{1}",
    ] {
        let (connected, _) = connect(SOON, move |server| server.say(greeting));
        let refused = connected.err().unwrap();
        assert!(
            matches!(refused, QmpError::Nonsense(_)),
            "{greeting}: {refused}"
        );
    }
}

#[test]
fn nonsense_ends_the_connection() {
    for line in [
        "nonsense",
        "{}",
        r#"{"return": {}}"#,
        r#"{"id": 7}"#,
        "\"text\"",
    ] {
        let (_qmp, reading, _) = speak(move |server| server.say(line));
        let why = reading.join().unwrap().0;
        assert!(matches!(why, QmpError::Nonsense(_)), "{line}: {why}");
    }
}

#[test]
fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
    let (_qmp, reading, _) = speak(|server| {
        let frame = r#"{"event":"E","data":""}"#;
        let fits = "x".repeat(MAX_LINE - frame.len() - 1);
        server.say(&frame.replace("\"\"", &format!("\"{fits}\"")));
        // It need not end to be too long.
        let endless = vec![b'x'; MAX_LINE + 1];
        server.lines.get_ref().write_all(&endless).unwrap();
        assert_eq!(server.lines.read_line(&mut String::new()).unwrap_or(0), 0);
    });
    let (why, events) = reading.join().unwrap();
    assert_eq!(events.len(), 1);
    assert!(matches!(why, QmpError::TooLong), "{why}");
}

#[test]
fn no_more_commands_wait_than_can_be_kept() {
    let (qmp, ..) = speak(|server| while !server.hear().is_null() {});
    let sent = (0..).map_while(|_| qmp.send("never", json!({}), Box::new(|_| ())).ok());
    assert_eq!(sent.count(), 64);
    let busy = qmp.execute("never", json!({}), SOON);
    assert!(matches!(busy, Err(QmpError::Busy)), "{busy:?}");
    qmp.end().unwrap();
}
