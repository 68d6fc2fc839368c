//! TLS as clients meet it: Python's, which stands on OpenSSL, and rustls.

#[expect(
    dead_code,
    reason = "the tests of the wire use all of it, these only a part"
)]
mod stand;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, HandshakeKind, StreamOwned};
use stand::{Client, call, post, success};
use xapi_server::{Config, Listener, Server};
use xapi_tls::{Identity, SelfSigned, TlsIdentity, by_fingerprint};

const PATIENCE: Duration = Duration::from_secs(20);

/// Identities, of which the last one is for lines: a key takes a while to make.
fn identity(which: usize) -> Arc<Identity> {
    static MADE: OnceLock<[Arc<Identity>; 3]> = OnceLock::new();
    let make = |name: &str| {
        let wanted = SelfSigned {
            common_name: name.to_owned(),
            names: vec![name.to_owned()],
            from: 1_700_000_000,
            days: 3650,
            ..SelfSigned::default()
        };
        Arc::new(wanted.make().expect("an identity"))
    };
    let names = ["first.example", "second.example", "line.example"];
    let made = MADE.get_or_init(|| names.map(make));
    Arc::clone(&made[which])
}

/// A server that listens by TLS, and without.
struct Stand {
    server: Option<Server>,
    tls: Listener,
    plain: Listener,
    identity: Arc<TlsIdentity>,
    /// What the handler waits for lives as long as the server.
    _handler: (Receiver<()>, Sender<()>),
}

impl Stand {
    fn new(config: Config) -> Stand {
        let (server, begun, release, _) = stand::server(config);
        let identity = Arc::new(TlsIdentity::default());
        let any = "127.0.0.1:0".parse().unwrap();
        Stand {
            tls: server.listen_tls(any, Arc::clone(&identity)).unwrap(),
            plain: server.listen_tcp(any).unwrap(),
            server: Some(server),
            identity,
            _handler: (begun, release),
        }
    }

    fn showing(config: Config) -> Stand {
        let stand = Stand::new(config);
        stand.identity.show(identity(0));
        stand
    }

    fn address(&self) -> SocketAddr {
        self.tls.address().unwrap()
    }

    fn tcp(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    fn connect(
        &self,
        config: &Arc<ClientConfig>,
    ) -> Client<StreamOwned<ClientConnection, TcpStream>> {
        let name = ServerName::try_from("first.example").unwrap();
        let client = ClientConnection::new(Arc::clone(config), name).unwrap();
        Client::new(StreamOwned::new(client, self.tcp()))
    }

    fn wait_for_connections(&self, count: usize) {
        let begin = Instant::now();
        while self.server.as_ref().unwrap().connections() != count {
            assert!(
                begin.elapsed() < PATIENCE,
                "there are never {count} connections"
            );
            std::thread::yield_now();
        }
    }
}

fn echo(word: &str) -> Vec<u8> {
    post("/", "", &call("echo", &format!("<value>{word}</value>")))
}

/// What a client of Python says of a connection: version, cipher and fingerprint, or the error.
fn python(address: SocketAddr, version: &str) -> String {
    const SCRIPT: &str = r#"
import hashlib, socket, ssl, sys, warnings
warnings.simplefilter("ignore")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
context.set_ciphers("ALL:@SECLEVEL=0")
context.minimum_version = context.maximum_version = ssl.TLSVersion[sys.argv[2]]
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20)
try:
    with context.wrap_socket(raw) as tls:
        tls.sendall(b"GET / HTTP/1.0\r\n\r\n")
        page = tls.makefile("rb").read()
        assert b"XenAPI" in page, page
        print(tls.version(), tls.cipher()[0], hashlib.sha256(tls.getpeercert(True)).hexdigest())
except ssl.SSLError as why:
    print("refused", why.reason)
"#;
    let port = address.port().to_string();
    let told = Command::new("python3")
        .args(["-c", SCRIPT, &port, version])
        .output()
        .expect("python3 runs");
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

#[test]
fn tls_1_2_and_1_3_are_spoken_and_nothing_older() {
    let stand = Stand::showing(Config::default());
    let fingerprint = identity(0).certificate().sha256().replace(':', "");
    for (asked, version) in [("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3")] {
        let told = python(stand.address(), asked);
        let words: Vec<_> = told.split(' ').collect();
        assert_eq!(words[0], version, "{told}");
        assert_eq!(words[2].to_uppercase(), fingerprint);
        if version == "TLSv1.2" {
            // Go's clients of XenAPI take no other kind in 1.2.
            assert!(words[1].starts_with("ECDHE-RSA-"), "{told}");
        }
    }
    for old in ["TLSv1", "TLSv1_1"] {
        let told = python(stand.address(), old);
        assert!(told.starts_with("refused "), "{old}: {told}");
    }
}

#[test]
fn another_identity_is_seen_by_new_connections_while_old_ones_go_on() {
    let stand = Stand::showing(Config::default());
    let config = by_fingerprint().unwrap();
    let certificate = |client: &mut Client<StreamOwned<ClientConnection, TcpStream>>| {
        let shown = client.stream().conn.peer_certificates().unwrap();
        shown[0].clone()
    };
    let mut old = stand.connect(&config);
    assert_eq!(old.ask(&echo("a")).body, success("<value>a</value>"));
    assert_eq!(certificate(&mut old), *identity(0).certificate().der());
    // A session is resumed as long as the identity is the same.
    let mut again = stand.connect(&config);
    assert_eq!(again.ask(&echo("b")).body, success("<value>b</value>"));
    assert_eq!(
        again.stream().conn.handshake_kind(),
        Some(HandshakeKind::Resumed)
    );
    stand.identity.show(identity(1));
    assert_eq!(old.ask(&echo("c")).body, success("<value>c</value>"));
    let mut new = stand.connect(&config);
    assert_eq!(new.ask(&echo("d")).body, success("<value>d</value>"));
    assert_eq!(
        new.stream().conn.handshake_kind(),
        Some(HandshakeKind::Full)
    );
    assert_eq!(certificate(&mut new), *identity(1).certificate().der());
    assert_eq!(old.ask(&echo("e")).body, success("<value>e</value>"));
}

#[test]
fn who_is_slow_to_shake_hands_is_counted_and_cut_off_and_keeps_nobody_waiting() {
    let head_timeout = Duration::from_millis(500);
    let stand = Stand::showing(Config {
        head_timeout,
        ..Config::default()
    });
    let begin = Instant::now();
    let mut silent = stand.tcp();
    // The length of a record that never comes.
    let mut halting = stand.tcp();
    halting.write_all(&[22, 3, 1, 1, 0]).unwrap();
    stand.wait_for_connections(2);
    let config = by_fingerprint().unwrap();
    assert_eq!(stand.connect(&config).ask(&echo("a")).status, 200);
    for slow in [&mut silent, &mut halting] {
        let ended = slow.read(&mut [0; 16]);
        assert!(matches!(ended, Ok(0)) || ended.is_err(), "{ended:?}");
    }
    assert!(begin.elapsed() >= head_timeout && begin.elapsed() < PATIENCE);
    stand.wait_for_connections(0);
}

#[test]
fn what_is_no_handshake_is_told_so_and_closed() {
    let stand = Stand::showing(Config::default());
    for garbage in [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_vec(),
        vec![0; 64],
        vec![0xff; 70_000],
        // A hello whose inside is nonsense.
        [&[22, 3, 1, 0, 44, 1, 0, 0, 40][..], &[7; 40]].concat(),
    ] {
        let mut stream = stand.tcp();
        let mut answer = Vec::new();
        // The server may close it before all was sent or while bytes are still under way.
        if stream.write_all(&garbage).is_ok() && stream.read_to_end(&mut answer).is_ok() {
            let alert = answer.first().is_none_or(|&kind| kind == 21);
            assert!(alert, "{answer:?}");
        }
    }
    stand.wait_for_connections(0);
    let config = by_fingerprint().unwrap();
    assert_eq!(stand.connect(&config).ask(&echo("a")).status, 200);
}

#[test]
fn without_an_identity_there_is_no_connection() {
    let stand = Stand::new(Config::default());
    assert_eq!(stand.tcp().read(&mut [0; 16]).unwrap(), 0);
    stand.identity.show(identity(0));
    let config = by_fingerprint().unwrap();
    assert_eq!(stand.connect(&config).ask(&echo("a")).status, 200);
}

#[test]
fn the_end_of_the_server_does_not_wait_for_handshakes() {
    let mut stand = Stand::showing(Config::default());
    let mut silent = stand.tcp();
    stand.wait_for_connections(1);
    assert!(
        stand
            .server
            .take()
            .unwrap()
            .shutdown(Duration::from_secs(5))
    );
    assert_eq!(silent.read(&mut [0; 16]).unwrap(), 0);
}

#[test]
fn a_client_that_takes_nothing_of_a_large_answer_is_cut_off() {
    let stand = Stand::showing(Config {
        write_timeout: Duration::from_millis(200),
        ..Config::default()
    });
    let config = by_fingerprint().unwrap();
    let mut client = stand.connect(&config);
    client
        .write_all(&post("/", "", &call("large", "")))
        .unwrap();
    stand.wait_for_connections(1);
    stand.wait_for_connections(0);
}

#[test]
fn an_endless_request_is_cut_off_in_tls_as_without() {
    let stand = Stand::showing(Config {
        head_timeout: Duration::from_millis(200),
        ..Config::default()
    });
    let config = by_fingerprint().unwrap();
    let mut client = stand.connect(&config);
    client.write_all(b"POST / HTTP/1.1\r\nHost: x\r\n").unwrap();
    assert_eq!(client.answer().status, 408);
}

/// Runs one test of this file in a network namespace of its own, with 192.0.2.1 on its loopback device: an address of
/// "another machine". False in the namespace itself.
fn elsewhere(test: &str) -> bool {
    const INSIDE: &str = "XAPI_TEST_INSIDE_A_NAMESPACE";
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let script =
        "ip link set lo up && ip address add 192.0.2.1/32 dev lo && exec \"$0\" --exact \"$1\"";
    let told = Command::new("unshare")
        .args(["--map-root-user", "--net", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .arg(test)
        .env(INSIDE, "yes")
        .output()
        .expect("unshare runs");
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let errors = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(
        told.status.success() && text.contains("1 passed"),
        "{text}{errors}"
    );
    true
}

#[test]
fn requests_without_tls_from_other_machines_may_be_forbidden() {
    if elsewhere("requests_without_tls_from_other_machines_may_be_forbidden") {
        return;
    }
    let (server, _begun, _release, _) = stand::server(Config {
        plain_on_loopback_only: true,
        ..Config::default()
    });
    let plain = server.listen_tcp("[::]:0".parse().unwrap()).unwrap();
    let shown = Arc::new(TlsIdentity::default());
    shown.show(identity(0));
    let tls = server.listen_tls("[::]:0".parse().unwrap(), shown).unwrap();
    let at = |address: &str, listener: &Listener| {
        let port = listener.address().unwrap().port();
        let stream = TcpStream::connect((address, port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    let mut other = Client::new(at("192.0.2.1", &plain));
    let refused = other.ask(&echo("a"));
    assert_eq!((refused.status, other.is_closed()), (403, true));
    // Nor is the command line, which does not speak HTTP for long.
    let mut other = Client::new(at("192.0.2.1", &plain));
    let refused = other.ask(b"POST /cli HTTP/1.0\r\ncontent-length: 4\r\n\r\nhelp");
    assert_eq!((refused.status, other.is_closed()), (403, true));
    for address in ["127.0.0.1", "::1"] {
        let answer = Client::new(at(address, &plain)).ask(&echo("a"));
        assert_eq!(answer.status, 200, "{address}");
    }
    let name = ServerName::try_from("first.example").unwrap();
    let client = ClientConnection::new(by_fingerprint().unwrap(), name).unwrap();
    let encrypted = StreamOwned::new(client, at("192.0.2.1", &tls));
    assert_eq!(Client::new(encrypted).ask(&echo("a")).status, 200);
}

#[test]
fn by_default_everybody_is_answered_without_tls() {
    let stand = Stand::showing(Config::default());
    let stream = TcpStream::connect(stand.plain.address().unwrap()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(Client::new(stream).ask(&echo("a")).status, 200);
}

/// Lets in whoever knows the secret.
struct Anybody(Sender<xapi_link::Line>);

impl xapi_link::Gate for Anybody {
    fn secrets(&self) -> Vec<xapi_link::Secret> {
        vec![xapi_link::Secret::new("secret")]
    }

    fn myself(&self) -> xapi_link::Myself {
        xapi_link::Myself {
            host: "master".to_owned(),
            ..xapi_link::Myself::default()
        }
    }

    fn identity(&self) -> Result<Arc<Identity>, String> {
        Ok(identity(2))
    }

    fn admit(
        &self,
        _: &xapi_link::Hello,
        fingerprint: &str,
    ) -> Result<Arc<dyn xapi_link::Handler>, xapi_link::Refusal> {
        Ok(Arc::new(Fixed(fingerprint.to_owned())))
    }

    fn opened(&self, line: xapi_link::Line) {
        self.0.send(line).unwrap();
    }
}

/// Answers one thing.
struct Fixed(String);

impl xapi_link::Handler for Fixed {
    fn asked(&self, _: &xapi_link::Line, _: Vec<u8>) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn told(&self, _: &xapi_link::Line, _: Vec<u8>) {}

    fn closed(&self, _: &xapi_link::Line, _: &str) {}
}

#[test]
fn lines_of_other_hosts_share_the_port_and_clients_of_the_api_notice_nothing() {
    let mut stand = Stand::showing(Config::default());
    let address = stand.address();
    let dial = xapi_link::Dial {
        address: address.ip().to_string(),
        port: address.port(),
        identity: identity(1),
        secrets: vec![xapi_link::Secret::new("secret")],
        hello: xapi_link::Hello::default(),
        fingerprints: None,
        within: PATIENCE,
        limits: xapi_link::Limits::default(),
    };
    let open = || dial.connect(Arc::new(Fixed("slave".to_owned())));
    // A host that takes no lines is a server of the API to a slave too.
    let refused = open().unwrap_err();
    assert!(
        matches!(refused, xapi_link::DialError::NoMaster { .. }),
        "{refused}"
    );
    let (opened, opens) = std::sync::mpsc::channel();
    let limits = xapi_link::Limits::default();
    let entrance = xapi_link::Entrance::new(Arc::new(Anybody(opened)), limits);
    let server = stand.server.as_ref().unwrap();
    server.take_lines(Some(Arc::new(entrance)));
    let line = open().unwrap();
    let other = opens.recv_timeout(PATIENCE).unwrap();
    // Each end sees what the other one has for lines, which is not what clients see.
    let of_line = identity(2).certificate().sha256().replace(':', "");
    assert_eq!(line.peer().fingerprint.to_uppercase(), of_line);
    let shown = identity(1).certificate().sha256().replace(':', "");
    let answer = line.ask(Vec::new(), PATIENCE).unwrap();
    assert_eq!(String::from_utf8(answer).unwrap().to_uppercase(), shown);
    assert_eq!(other.ask(Vec::new(), PATIENCE), Ok(b"slave".to_vec()));
    // An open line takes no place from clients.
    stand.wait_for_connections(0);

    // Clients are not asked for a certificate, whatever else they offer to speak.
    for alpn in [&[][..], &[&b"h2"[..], b"http/1.1"], &[b"xapi-link/2"]] {
        let mut config = Arc::unwrap_or_clone(by_fingerprint().unwrap());
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let asked = Arc::new(Asked::default());
        config.client_auth_cert_resolver = Arc::clone(&asked) as _;
        let mut client = stand.connect(&Arc::new(config));
        assert_eq!(
            client.ask(&echo("a")).body,
            success("<value>a</value>"),
            "{alpn:?}"
        );
        assert_eq!(client.stream().conn.alpn_protocol(), None);
        assert!(!asked.0.load(std::sync::atomic::Ordering::SeqCst));
    }
    for version in ["TLSv1_2", "TLSv1_3"] {
        let told = python(address, version);
        assert!(told.starts_with("TLSv1."), "{told}");
    }
    // No more lines; those that are open stay, until the server ends.
    stand.server.as_ref().unwrap().take_lines(None);
    assert!(open().is_err());
    assert_eq!(other.ask(Vec::new(), PATIENCE), Ok(b"slave".to_vec()));
    assert!(stand.server.take().unwrap().shutdown(PATIENCE));
    assert!(line.wait_closed(PATIENCE).is_some());
    assert!(other.wait_closed(PATIENCE).is_some());
}

/// Notes whether a server asked for a certificate.
#[derive(Debug, Default)]
struct Asked(std::sync::atomic::AtomicBool);

impl rustls::client::ResolvesClientCert for Asked {
    fn resolve(
        &self,
        _: &[&[u8]],
        _: &[rustls::SignatureScheme],
    ) -> Option<Arc<rustls::sign::CertifiedKey>> {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
        None
    }

    fn has_certs(&self) -> bool {
        true
    }
}
