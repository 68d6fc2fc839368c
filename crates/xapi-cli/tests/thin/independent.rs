//! A client that shares no code with the server: `client.py`, over TCP and a unix socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tempfile::TempDir;
use xapi_cli::thin::{Patience, serve};
use xapi_model::{ApiError, Value, errors};

use crate::fake::{Fake, world};
use crate::stand::{PASSWORD, answer};

const CLIENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/thin/client.py");

/// A server on a unix socket and on TCP. Its threads end with the test program.
struct Site {
    fake: Arc<Mutex<Fake>>,
    places: [String; 2],
    home: TempDir,
}

fn locked(fake: &Mutex<Fake>) -> MutexGuard<'_, Fake> {
    fake.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves one request of HTTP, as a server with a seam for `/cli` does.
fn serve_one<S: Read + Write>(stream: S, fake: &Mutex<Fake>) {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head).expect("reads") == 0 {
            return;
        }
    }
    let head = String::from_utf8(head).expect("text");
    if head.starts_with("GET ") {
        let mut stream = reader.into_inner();
        let target = head.split(' ').nth(1).unwrap_or_default();
        locked(fake).asked.push(format!("GET {target}"));
        let status = if target.starts_with("/audit_log?") {
            "200 OK"
        } else {
            "404 Not Found"
        };
        let page = format!("HTTP/1.0 {status}\r\n\r\nwho did what\n");
        stream.write_all(page.as_bytes()).expect("writes");
        return;
    }
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.expect("a length").parse().expect("a number");
    let mut words = vec![0; length];
    reader.read_exact(&mut words).expect("reads");
    let mut stream = reader.into_inner();
    let mut call =
        |_: &[(String, String)], name: &str, params| answer(&mut locked(fake), name, params);
    serve(&mut stream, &words, &mut call, Patience::default()).expect("serves");
}

/// What the client wrote, and its exit status.
#[derive(Debug, PartialEq)]
struct Told {
    out: String,
    err: String,
    status: Option<i32>,
}

impl Site {
    fn new(fake: Fake) -> Site {
        let fake = Arc::new(Mutex::new(fake));
        let home = TempDir::new().expect("a directory");
        let path = home.path().join("xapi");
        let unix = UnixListener::bind(&path).expect("a socket");
        let tcp = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let address = tcp.local_addr().expect("an address");
        let (one, other) = (Arc::clone(&fake), Arc::clone(&fake));
        std::thread::spawn(move || {
            for stream in unix.incoming().flatten() {
                let tick = stream.set_read_timeout(Some(Duration::from_secs(1)));
                tick.expect("sets");
                let fake = Arc::clone(&one);
                std::thread::spawn(move || serve_one(stream, &fake));
            }
        });
        std::thread::spawn(move || {
            for stream in tcp.incoming().flatten() {
                let fake = Arc::clone(&other);
                std::thread::spawn(move || serve_one(stream, &fake));
            }
        });
        let places = [format!("unix:{}", path.display()), format!("tcp:{address}")];
        Site { fake, places, home }
    }

    /// The client with these words, at each of the places, and what it reads.
    fn client(&self, words: &[&str], typed: &str) -> Vec<Told> {
        let mut all = Vec::new();
        for place in &self.places {
            let mut command = Command::new("python3");
            command.arg(CLIENT).arg(place).args(words);
            command.args(["username=root", &format!("password={PASSWORD}")]);
            command.current_dir(self.home.path());
            command
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let mut child = command.spawn().expect("python3 runs");
            let mut input = child.stdin.take().expect("piped");
            input.write_all(typed.as_bytes()).expect("writes");
            drop(input);
            let output = child.wait_with_output().expect("ends");
            all.push(Told {
                out: String::from_utf8(output.stdout).expect("text"),
                err: String::from_utf8(output.stderr).expect("text"),
                status: output.status.code(),
            });
        }
        all
    }

    /// The client says this at both places.
    fn says(&self, words: &[&str], typed: &str, out: &str, err: &str, status: i32) {
        for told in self.client(words, typed) {
            let expected = Told {
                out: out.to_owned(),
                err: err.to_owned(),
                status: Some(status),
            };
            assert_eq!(told, expected, "{words:?}");
        }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut locked(&self.fake).asked)
    }
}

#[test]
fn output_is_to_the_byte_what_our_own_program_prints() {
    let site = Site::new(world());
    for line in [
        "pif-list",
        "pif-list --minimal",
        "pif-list params=all device=eth0",
        "network-param-list uuid=network-0",
        "pif-param-get uuid=pif-eth0 param-name=other-config",
        "help pif-plug",
        "help --all",
        "pif-list --json params=uuid,MTU",
        "vlan-list",
        "pif-param-get uuid=pif-eth0 param-name=other-config param-key=x",
        "pif-param-get uuid=pif-eth0 param-name=nonsense",
        "pif-plug",
    ] {
        let own = world().xe(line);
        let words: Vec<&str> = line.split(' ').collect();
        site.says(&words, "", &own.out, &own.err, own.status);
    }
}

#[test]
fn files_of_the_client_reach_the_call() {
    let site = Site::new(world().answers("host.install_server_certificate", Ok(Value::Nil)));
    let big = "x".repeat(100_000);
    std::fs::write(site.home.path().join("cert.pem"), &big).expect("writes");
    std::fs::write(site.home.path().join("key.pem"), "secret").expect("writes");
    let words = [
        "host-server-certificate-install",
        "certificate=cert.pem",
        "private-key=key.pem",
    ];
    site.says(&words, "", "", "", 0);
    let asked = site.asked();
    let call = asked
        .iter()
        .find(|call| call.starts_with("host.install_server_certificate"));
    assert_eq!(
        call.expect("called"),
        &format!("host.install_server_certificate \"OpaqueRef:h1\" \"{big}\" \"secret\" \"\"")
    );
    // A file that is not there is told by the client and by the command, and nothing is called.
    let words = [
        "host-server-certificate-install",
        "certificate=cert.pem",
        "private-key=none.pem",
    ];
    for told in site.client(&words, "") {
        assert_eq!((told.out.as_str(), told.status), ("", Some(1)));
        assert!(told.err.starts_with("none.pem: "), "{}", told.err);
        assert!(
            told.err
                .ends_with("Error: Cannot read none.pem: the client cannot read it\n"),
            "{}",
            told.err
        );
    }
    assert!(
        !site
            .asked()
            .iter()
            .any(|call| call.starts_with("host.install"))
    );
}

#[test]
fn a_question_is_answered_by_the_user() {
    let site = Site::new(world().answers("host.destroy", Ok(Value::Nil)));
    let words = ["host-forget", "uuid=host-1"];
    for told in site.client(&words, "Yes \n") {
        assert!(
            told.out.ends_with("Type 'yes' to continue\n"),
            "{}",
            told.out
        );
        assert_eq!((told.err.as_str(), told.status), ("", Some(0)));
    }
    assert_eq!(
        site.asked()
            .iter()
            .filter(|call| call.starts_with("host.destroy"))
            .count(),
        2
    );
    for told in site.client(&words, "no\n") {
        assert_eq!(told.status, Some(0));
        assert!(
            told.out
                .ends_with("Type 'yes' to continue\nYou typed: 'no'. Nothing was done.\n"),
            "{}",
            told.out
        );
    }
    assert!(
        !site
            .asked()
            .iter()
            .any(|call| call.starts_with("host.destroy"))
    );
}

#[test]
fn what_the_server_has_is_fetched_into_a_new_file() {
    let site = Site::new(world());
    let told = site.client(
        &[
            "audit-log-get",
            "filename=log",
            "since=2026-01-31T00:00:00Z",
        ],
        "",
    );
    assert_eq!((told[0].err.as_str(), told[0].status), ("", Some(0)));
    let log = std::fs::read_to_string(site.home.path().join("log")).expect("written");
    assert_eq!(log, "who did what\n");
    assert!(site.asked().contains(
        &"GET /audit_log?session_id=OpaqueRef:session&since=2026-01-31T00%3A00%3A00Z".to_owned()
    ));
    // The second place found the file there already.
    assert_eq!(told[1].status, Some(1));
    assert!(
        told[1]
            .err
            .ends_with(
                "Error: /audit_log was not fetched into log: the server does not have it, or the file cannot be written\n"
            ),
        "{}",
        told[1].err
    );
}

#[test]
fn errors_without_a_sentence_are_told_by_the_client() {
    let error = ApiError::new("FROM_THE_FUTURE", vec!["a".into(), "b".into()]);
    let site = Site::new(world().answers("PIF.plug", Err(error)));
    site.says(
        &["pif-plug", "uuid=pif-eth0"],
        "",
        "",
        "Error code: FROM_THE_FUTURE\nError parameters: a, b\n",
        1,
    );
    let site = Site::new(world().answers("PIF.plug", Err(errors::host_is_slave("198.51.100.7"))));
    for told in site.client(&["pif-plug", "uuid=pif-eth0"], "") {
        assert!(told.err.contains("198.51.100.7\n"), "{}", told.err);
        assert_eq!(told.status, Some(1));
    }
}
