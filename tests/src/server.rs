//! A daemon that listens, for tests that speak to a socket, and a client of theirs that may send anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use xapi::Answers;
use xapi_server::{Config, Listener, Server, UnixAccess};

use crate::SimHost;
use crate::sim_host::Choices;
use xapi_core::auth::{Authenticate, Refused};

/// Knows everybody by the password `secret`.
struct SamePassword;

impl Authenticate for SamePassword {
    fn check(&self, _user: &str, password: &str) -> Result<(), Refused> {
        match password {
            "secret" => Ok(()),
            _ => Err(Refused::new("Authentication failure")),
        }
    }

    fn change(&self, _user: &str, _password: &str) -> Result<(), Refused> {
        Err(Refused::new("the password stays"))
    }
}

/// A daemon on a simulated host that listens on a unix socket and on loopback.
pub struct Served {
    /// The daemon and its host.
    pub host: SimHost,
    socket: PathBuf,
    address: SocketAddr,
    _listeners: [Listener; 2],
    server: Mutex<Option<Server>>,
}

/// Where a request is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// The unix socket: the local superuser.
    Unix,
    /// Loopback.
    Tcp,
}

impl Served {
    /// A host with NICs eth0…, with the limits of the daemon.
    pub fn new(nics: usize) -> Served {
        Served::on(SimHost::new(nics))
    }

    /// The same with settings of its own. Every user has the password `secret`.
    pub fn with_config(nics: usize, configure: impl FnOnce(&mut xapi_core::Config)) -> Served {
        let mut choices = Choices {
            authenticate: Arc::new(SamePassword),
            ..Choices::default()
        };
        configure(&mut choices.config);
        Served::on(SimHost::with(nics, choices))
    }

    fn on(host: SimHost) -> Served {
        let handler = Arc::new(Answers(host.api().clone()));
        let server = Server::new(handler, Config::default()).expect("threads");
        let socket = host.root().join("var/lib/xcp/socket/xapi");
        let unix = server
            .listen_unix(&socket, UnixAccess::default())
            .expect("a socket");
        let tcp = server
            .listen_tcp("127.0.0.1:0".parse().expect("an address"))
            .expect("a port");
        Served {
            address: tcp.address().expect("an address"),
            host,
            socket,
            _listeners: [unix, tcp],
            server: Mutex::new(Some(server)),
        }
    }

    /// Waits until so many calls wait for events.
    pub fn until_waiting(&self, calls: usize) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
        let mut waiting = self.host.core().waiting_for_events();
        runtime.block_on(async {
            let reached = waiting.wait_for(|now| *now == calls);
            let reached = tokio::time::timeout(Duration::from_secs(20), reached).await;
            reached
                .expect("as many wait in time")
                .expect("the daemon is there");
        });
    }

    /// Ends the server. Whether all its calls ended in time.
    pub fn shut_down(&self, deadline: Duration) -> bool {
        let server = self.server.lock().expect("no test has panicked").take();
        server.expect("it runs").shutdown(deadline)
    }

    /// The address on loopback.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The path of the unix socket.
    pub fn socket(&self) -> &std::path::Path {
        &self.socket
    }

    /// A new connection.
    pub fn connect(&self, to: To) -> Peer {
        let limit = Some(Duration::from_secs(20));
        let stream: Box<dyn Stream> = match to {
            To::Unix => {
                let stream = UnixStream::connect(&self.socket).expect("a connection");
                stream.set_read_timeout(limit).expect("a time-out");
                Box::new(stream)
            }
            To::Tcp => {
                let stream = TcpStream::connect(self.address).expect("a connection");
                stream.set_read_timeout(limit).expect("a time-out");
                stream.set_nodelay(true).expect("no delay");
                Box::new(stream)
            }
        };
        Peer {
            stream: BufReader::new(stream),
        }
    }

    /// One request on a connection of its own.
    pub fn post(&self, to: To, path: &str, body: &[u8]) -> Answer {
        self.connect(to).post(path, "", body)
    }
}

/// Both kinds of sockets.
trait Stream: Read + Write + Send {}
impl Stream for UnixStream {}
impl Stream for TcpStream {}

/// A connection.
pub struct Peer {
    stream: BufReader<Box<dyn Stream>>,
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The number in the status line.
    pub status: u16,
    /// Status line and headers, up to and with the empty line.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Peer {
    /// Sends one request; `headers` are whole lines. A server that refuses what is still being sent is listened to.
    pub fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.send(path, headers, body);
        self.answer()
    }

    /// Fetches a path; `headers` are whole lines.
    pub fn get(&mut self, path: &str, headers: &str) -> Answer {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        self.write(path, &head, b"");
        self.answer()
    }

    /// Sends one request and does not wait for its answer.
    pub fn send(&mut self, path: &str, headers: &str, body: &[u8]) {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        self.write(path, &head, body);
    }

    fn write(&mut self, path: &str, head: &str, body: &[u8]) {
        let stream = self.stream.get_mut();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        if let Err(why) = sent
            && why.kind() != std::io::ErrorKind::BrokenPipe
        {
            panic!("{path}: {why}");
        }
    }

    /// Sends bytes as they are, and waits for an answer.
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        self.stream
            .get_mut()
            .write_all(request)
            .expect("the request");
        self.answer()
    }

    /// The next answer.
    pub fn answer(&mut self) -> Answer {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).expect("a line");
            assert!(read > 0, "the connection was closed after {head:?}");
        }
        let word = |name: &str| {
            let mut lines = head.lines();
            lines.find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix(name)
                    .map(str::to_owned)
            })
        };
        let length = word("content-length: ").expect("a length");
        let mut body = vec![0; length.parse().expect("a number")];
        self.stream.read_exact(&mut body).expect("the body");
        let status = head.split(' ').nth(1).expect("a status");
        Answer {
            status: status.parse().expect("a number"),
            body: String::from_utf8(body).expect("UTF-8"),
            head,
        }
    }
}
