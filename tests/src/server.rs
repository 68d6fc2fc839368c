//! A daemon that listens, for tests that speak to a socket, and a client of theirs that may send anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use xapi_core::Api;
use xapi_model::{ApiError, Value};
use xapi_server::{Config, Handler, Listener, Origin, Server, UnixAccess};

use crate::SimHost;

/// The API as a handler of the server.
pub struct Answers(pub Api);

impl Handler for Answers {
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let origin = xapi_core::Origin {
            local_root: origin.local_root,
            peer: origin.peer.clone(),
            user_agent: origin.user_agent.clone(),
            other_config: origin.other_config.clone(),
            task_id: origin.task_id.clone(),
            subtask_of: origin.subtask_of.clone(),
        };
        self.0.call(&origin, name, params)
    }

    fn quick(&self, name: &str) -> bool {
        Api::is_quick(name)
    }
}

/// A daemon on a simulated host that listens on a unix socket and on loopback.
pub struct Served {
    /// The daemon and its host.
    pub host: SimHost,
    socket: PathBuf,
    address: SocketAddr,
    _listeners: [Listener; 2],
    _server: Server,
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
        let host = SimHost::new(nics);
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
            _server: server,
        }
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
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n",
            body.len()
        );
        let stream = self.stream.get_mut();
        let sent = stream
            .write_all(head.as_bytes())
            .and_then(|()| stream.write_all(body));
        match sent {
            Err(why) if why.kind() != std::io::ErrorKind::BrokenPipe => panic!("{path}: {why}"),
            _ => self.answer(),
        }
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
