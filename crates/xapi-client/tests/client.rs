//! The client against a real server, and against servers that misbehave.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use xapi_client::{Client, ClientError, GetError, KnownServers, Options, Session, Stranger, Trust};
use xapi_model::{ApiError, Bond, Call, Class, Network, Pif, Ref, Value, Wire, bond, errors};
use xapi_server::{Config, Handler, Listener, Origin, Server, UnixAccess};
use xapi_tls::{Identity, SelfSigned, TlsIdentity};
use xapi_wire::xmlrpc;

const SESSION: &str = "OpaqueRef:5e551011";

type Noted = (String, Vec<Value>);

/// A server that notes its calls.
#[derive(Clone, Default)]
struct Noting {
    calls: Arc<Mutex<Vec<Noted>>>,
    peers: Arc<Mutex<Vec<String>>>,
}

impl Noting {
    fn names(&self) -> Vec<String> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Handler for Noting {
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        self.calls
            .lock()
            .unwrap()
            .push((name.to_owned(), params.clone()));
        self.peers.lock().unwrap().push(origin.peer.to_string());
        match name {
            "session.login_with_password" => match params[1].as_str() {
                Some("secret") => Ok(Value::from(SESSION)),
                _ => Err(errors::session_authentication_failed("root", "no")),
            },
            "Bond.create" => Ok(Value::from("OpaqueRef:b0nd")),
            "Async.Bond.create" => Ok(Value::from("OpaqueRef:7a5c")),
            "PIF.get_MTU" => Ok(Value::Int(9000)),
            "PIF.get_record" => Ok(Pif {
                mtu: 9000,
                device: "eth0".to_owned(),
                ..Pif::blank()
            }
            .to_value()),
            "network.get_all_records" => Ok(Value::Struct(vec![
                (
                    "OpaqueRef:2".to_owned(),
                    Network {
                        bridge: "xenbr1".to_owned(),
                        ..Network::blank()
                    }
                    .to_value(),
                ),
                (
                    "OpaqueRef:1".to_owned(),
                    Network {
                        bridge: "xenbr0".to_owned(),
                        ..Network::blank()
                    }
                    .to_value(),
                ),
            ])),
            "echo" => Ok(params.into_iter().next().unwrap_or(Value::Nil)),
            "large" => Ok(Value::Str("x".repeat(10_000_000))),
            "system.listMethods" => Ok(Value::Array(vec![Value::from("echo")])),
            _ => Ok(Value::Nil),
        }
    }
}

fn serve() -> (Noting, Server, Listener, Client) {
    let noting = Noting::default();
    let server = Server::new(Arc::new(noting.clone()), Config::default()).unwrap();
    let listener = server.listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = Client::tcp("127.0.0.1", listener.address().unwrap().port());
    (noting, server, listener, client)
}

fn impatient(client: &Client, time: Duration) -> Client {
    client.with(Options {
        call_timeout: Some(time),
        ..Options::default()
    })
}

#[test]
fn a_session_makes_typed_calls_and_logs_out_when_it_is_dropped() {
    let (noting, _server, _listener, client) = serve();
    let session = Session::login(client, "root", "secret", "test").unwrap();
    let create = bond::Create {
        network: Ref::new("OpaqueRef:net"),
        members: vec![Ref::new("OpaqueRef:p1"), Ref::new("OpaqueRef:p2")],
        ..bond::Create::from_params(plain_params()).unwrap()
    };
    let made: Ref<Bond> = session.invoke(&create).unwrap();
    assert_eq!(made, Ref::new("OpaqueRef:b0nd"));
    assert_eq!(session.start(&create).unwrap().as_str(), "OpaqueRef:7a5c");
    let pif = Ref::<Pif>::new("OpaqueRef:p1");
    assert_eq!(session.field(&pif, Pif::MTU).unwrap(), 9000);
    let record = session.record(&pif).unwrap();
    assert_eq!((record.mtu, record.device.as_str()), (9000, "eth0"));
    let networks = session.records::<Network>().unwrap();
    let bridges: Vec<_> = networks
        .iter()
        .map(|(of, network)| (of.as_str(), network.bridge.as_str()))
        .collect();
    assert_eq!(
        bridges,
        [("OpaqueRef:2", "xenbr1"), ("OpaqueRef:1", "xenbr0")]
    );
    assert!(!format!("{session:?}").contains("5e55"), "{session:?}");
    drop(session);
    let calls = noting.calls.lock().unwrap();
    let (name, params) = &calls[1];
    assert_eq!(name, "Bond.create");
    assert_eq!(params[0], Value::from(SESSION));
    assert_eq!(
        params[2],
        Value::Array(vec![
            Value::from("OpaqueRef:p1"),
            Value::from("OpaqueRef:p2")
        ])
    );
    assert_eq!(
        calls.last().unwrap(),
        &("session.logout".to_owned(), vec![Value::from(SESSION)])
    );
}

/// Parameters of a Bond.create with nothing particular in them.
fn plain_params() -> Vec<Value> {
    vec![
        Value::from("OpaqueRef:NULL"),
        Value::Array(vec![]),
        Value::from(""),
        Value::from("balance-slb"),
        Value::Struct(vec![]),
    ]
}

#[test]
fn a_session_ends_once() {
    let (noting, _server, _listener, client) = serve();
    let session = Session::login(client.clone(), "root", "secret", "test").unwrap();
    session.logout().unwrap();
    drop(Session::adopt(client, "OpaqueRef:someone-elses"));
    assert_eq!(
        noting.names(),
        ["session.login_with_password", "session.logout"]
    );
}

#[test]
fn errors_of_the_api_arrive_with_code_and_parameters() {
    let (_noting, _server, _listener, client) = serve();
    let refused = Session::login(client.clone(), "root", "wrong", "test").unwrap_err();
    assert!(refused.is("SESSION_AUTHENTICATION_FAILED"), "{refused}");
    assert_eq!(refused.api().unwrap().params, ["root", "no"]);
    assert_eq!(
        client.call("system.listMethods", vec![]).unwrap(),
        Value::Array(vec![Value::from("echo")])
    );
}

#[test]
fn a_connection_is_kept_between_calls_and_made_anew_when_the_server_closed_it() {
    let (noting, _server, _listener, client) = serve();
    for _ in 0..3 {
        client.call("echo", vec![Value::from("a")]).unwrap();
    }
    let peers = noting.peers.lock().unwrap().clone();
    assert!(peers.iter().all(|peer| *peer == peers[0]), "{peers:?}");

    let config = Config {
        idle_timeout: Duration::from_millis(20),
        ..Config::default()
    };
    let server = Server::new(Arc::new(Noting::default()), config).unwrap();
    let listener = server.listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let client = Client::tcp("127.0.0.1", listener.address().unwrap().port());
    client.call("echo", vec![]).unwrap();
    while server.connections() > 0 {
        std::thread::yield_now();
    }
    client.call("echo", vec![]).unwrap();
}

#[test]
fn calls_may_be_made_from_many_threads_at_once() {
    let (noting, _server, _listener, client) = serve();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let client = &client;
            scope.spawn(move || {
                for round in 0..50 {
                    let value = Value::Str(format!("{n} {round}"));
                    assert_eq!(client.call("echo", vec![value.clone()]).unwrap(), value);
                }
            });
        }
    });
    assert_eq!(noting.names().len(), 400);
}

#[test]
fn a_unix_socket_is_spoken_to_as_well() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xapi");
    let server = Server::new(Arc::new(Noting::default()), Config::default()).unwrap();
    let _listener = server.listen_unix(&path, UnixAccess::default()).unwrap();
    let client = Client::unix(&path);
    assert_eq!(
        client.call("echo", vec![Value::from("é<&>")]).unwrap(),
        Value::from("é<&>")
    );
    let missing = Client::unix(directory.path().join("nothing"))
        .call("echo", vec![])
        .unwrap_err();
    assert!(
        missing.to_string().starts_with("cannot connect to "),
        "{missing}"
    );
}

#[test]
fn an_answer_longer_than_the_limit_is_refused() {
    let (_noting, _server, _listener, client) = serve();
    assert_eq!(
        client
            .call("large", vec![])
            .unwrap()
            .as_str()
            .unwrap()
            .len(),
        10_000_000
    );
    let mut options = Options::default();
    options.limits.body = 1_000_000;
    let refused = client.with(options).call("large", vec![]).unwrap_err();
    assert!(
        refused
            .to_string()
            .ends_with("the answer is longer than 1000000 bytes"),
        "{refused}"
    );
}

/// A server that reads one request and answers with these bytes, then closes.
fn script(answer: Vec<u8>) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        // The client may have had enough before the end.
        stream.write_all(&answer).ok();
    });
    (client, thread)
}

/// Reads until the end of a call.
fn read_request(stream: &mut TcpStream) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !request.ends_with(b"</methodCall>") {
        let length = stream.read(&mut piece).unwrap();
        assert!(length > 0, "the request ended early");
        request.extend_from_slice(&piece[..length]);
    }
}

#[test]
fn answers_are_read_however_they_are_framed() {
    let body = xmlrpc::encode_success(&Value::from("ok"));
    let (one, two) = body.split_at(30);
    for answer in [
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        ),
        format!("HTTP/1.0 200 OK\r\n\r\n{body}"),
        format!(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nCONTENT-LENGTH:{}\r\n\r\n{body}",
            body.len()
        ),
        format!(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{one}\r\n{:X};a=b\r\n{two}\r\n0\r\nTrailer: x\r\n\r\n",
            one.len(),
            two.len()
        ),
    ] {
        let (client, thread) = script(answer.clone().into_bytes());
        assert_eq!(
            client.call("echo", vec![]).unwrap(),
            Value::from("ok"),
            "{answer}"
        );
        thread.join().unwrap();
    }
}

#[test]
fn what_is_no_answer_is_told_apart_from_a_broken_connection() {
    let check = |answer: &str, expected: &str| {
        let (client, thread) = script(answer.as_bytes().to_vec());
        let error = client.call("echo", vec![]).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected), "{answer}: {text}");
        assert_eq!(
            matches!(error, ClientError::Transport { .. }),
            expected == "no answer from"
        );
        thread.join().unwrap();
    };
    check("", "no answer from");
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        "no answer from",
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
        "no answer from",
    );
    check("SSH-2.0-OpenSSH\r\n\r\n", "the answer is no HTTP/1");
    check(
        "HTTP/1.1 500 Internal Error\r\nContent-Length: 0\r\n\r\n",
        "HTTP status 500",
    );
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "two lengths",
    );
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n",
        "a length that is no number",
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "an encoding of the body",
    );
    check(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "a chunk without a size",
    );
    check(
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd",
        "text between tags",
    );
    check(
        &format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "y".repeat(40_000)),
        "the head of the answer is too long",
    );
    check(
        &"HTTP/1.1 100 Continue\r\n\r\n".repeat(20),
        "too many informational answers",
    );
    let fault = "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>1</int></value></member>\
                 <member><name>faultString</name><value>Oops</value></member></struct></value></fault></methodResponse>";
    check(
        &format!("HTTP/1.1 200 OK\r\n\r\n{fault}"),
        "fault 1: \"Oops\"",
    );
}

#[test]
fn a_server_that_never_answers_costs_no_more_than_the_time_out() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    let begin = Instant::now();
    let error = impatient(&client, Duration::from_millis(50))
        .call("echo", vec![])
        .unwrap_err();
    let ClientError::Transport { source, .. } = error else {
        panic!("{error}");
    };
    assert_eq!(source.kind(), std::io::ErrorKind::TimedOut);
    assert!(begin.elapsed() < Duration::from_secs(5));

    // Nor one that answers a byte now and then.
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let dripping = std::thread::spawn(move || {
        // The first connection is that of the call before.
        let _first = listener.accept().unwrap();
        let (mut stream, _) = listener.accept().unwrap();
        while stopped.recv_timeout(Duration::from_millis(5)).is_err()
            && stream.write_all(b"H").is_ok()
        {}
    });
    let begin = Instant::now();
    assert!(
        impatient(&client, Duration::from_millis(100))
            .call("echo", vec![])
            .is_err()
    );
    assert!(begin.elapsed() < Duration::from_secs(5));
    drop(stop);
    dripping.join().unwrap();
}

#[test]
fn a_call_is_not_sent_twice_when_the_connection_breaks_under_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = Client::tcp("127.0.0.1", listener.local_addr().unwrap().port());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&mut stream);
        let body = xmlrpc::encode_success(&Value::from("ok"));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        // The second call comes over the same connection, and gets no answer.
        read_request(&mut stream);
        drop(stream);
        listener.set_nonblocking(true).unwrap();
        listener.accept().is_err()
    });
    client.call("echo", vec![]).unwrap();
    let broken = client.call("Bond.create", vec![]).unwrap_err();
    assert!(matches!(broken, ClientError::Transport { .. }), "{broken}");
    assert!(server.join().unwrap(), "the call was sent again");
}

/// Fetches from a server that answers with these bytes and closes.
fn fetched(answer: &'static [u8], limit: u64) -> (Result<(), GetError>, Vec<u8>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(answer).unwrap();
        String::from_utf8(request).unwrap()
    });
    let mut file = Vec::new();
    let got = Client::tcp("127.0.0.1", port).get("/audit_log?a=b", &mut file, limit);
    (got, file, server.join().unwrap())
}

#[test]
fn what_is_no_call_is_fetched_as_it_comes() {
    let (got, file, request) = fetched(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nlines", 5);
    got.unwrap();
    assert_eq!(file, b"lines");
    assert!(
        request.starts_with("GET /audit_log?a=b HTTP/1.1\r\n"),
        "{request}"
    );
    // XAPI's own server tells no length and closes.
    let (got, file, _) = fetched(b"HTTP/1.0 200 OK\r\n\r\nlines", 5);
    got.unwrap();
    assert_eq!(file, b"lines");
    let (got, file, _) = fetched(b"HTTP/1.0 200 OK\r\n\r\n", 5);
    got.unwrap();
    assert_eq!(file, b"");
}

#[test]
fn what_cannot_be_fetched_whole_is_an_error() {
    let refused = |answer, limit| fetched(answer, limit).0.unwrap_err();
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nline"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nlines!",
        b"HTTP/1.0 200 OK\r\n\r\nlines!",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"nonsense\r\n\r\n",
    ] {
        assert!(
            matches!(refused(answer, 5), GetError::Server(_)),
            "{answer:?}"
        );
    }
    let (got, file, _) = fetched(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno", 5);
    assert!(matches!(got, Err(GetError::Status(403))), "{got:?}");
    assert_eq!(file, b"");
}

fn first_use(folder: &tempfile::TempDir) -> Trust {
    Trust::first_use(KnownServers::new(folder.path().join("known"), |_| ())).unwrap()
}

/// A server that speaks TLS, and what it shows.
fn by_tls(noting: &Noting) -> (Server, Listener, Arc<Identity>) {
    let server = Server::new(Arc::new(noting.clone()), Config::default()).unwrap();
    let shown = Arc::new(TlsIdentity::default());
    let wanted = SelfSigned {
        common_name: "xs-1".to_owned(),
        days: 30_000,
        ..SelfSigned::default()
    };
    let identity = Arc::new(wanted.make().unwrap());
    shown.show(Arc::clone(&identity));
    let listener = server
        .listen_tls("127.0.0.1:0".parse().unwrap(), shown)
        .unwrap();
    (server, listener, identity)
}

#[test]
fn a_server_that_is_not_known_is_told_nothing_until_somebody_has_said_that_it_is_the_one() {
    let noting = Noting::default();
    let (_server, listener, identity) = by_tls(&noting);
    let port = listener.address().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("known");
    let known = KnownServers::only(&file);
    let client = Client::tls("127.0.0.1", port, Trust::first_use(known.clone()).unwrap());
    let refused = client.call("any", Vec::new()).unwrap_err();
    let stranger = refused.stranger().expect("a stranger").clone();
    assert_eq!(stranger.at, format!("127.0.0.1:{port}"));
    assert_eq!(stranger.fingerprint, identity.certificate().sha256());
    assert!(!file.exists(), "nobody has said anything yet");
    assert!(noting.peers.lock().unwrap().is_empty());
    known.remember(&stranger).unwrap();
    client.call("any", Vec::new()).unwrap();
    // To remember another one in its place takes a hand.
    let other = Stranger {
        fingerprint: "00".to_owned(),
        ..stranger
    };
    assert!(known.remember(&other).is_err());
    client.call("any", Vec::new()).unwrap();
}

#[test]
fn calls_by_tls_share_a_connection_too() {
    let noting = Noting::default();
    let (_server, listener, _) = by_tls(&noting);
    let port = listener.address().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let client = Client::tls("127.0.0.1", port, first_use(&folder));
    for large in [1, 200_000, 1] {
        let word = Value::from("x".repeat(large));
        client.call("any", vec![word]).unwrap();
    }
    let peers = noting.peers.lock().unwrap().clone();
    assert_eq!(peers.len(), 3);
    assert!(peers.iter().all(|peer| *peer == peers[0]), "{peers:?}");
}

#[test]
fn who_does_not_shake_hands_is_given_up_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let client = Client::tls("127.0.0.1", port, first_use(&folder)).with(Options {
        connect_timeout: Duration::from_millis(200),
        ..Options::default()
    });
    let begin = Instant::now();
    let failed = client.call("any", Vec::new()).unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(10));
    let ClientError::Transport { doing, source, .. } = failed else {
        panic!("{failed}");
    };
    assert_eq!(doing, "cannot connect to");
    assert_eq!(source.kind(), std::io::ErrorKind::TimedOut);
}
