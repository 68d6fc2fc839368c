//! A server with a handler that does as it is told, and a client that speaks bytes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xapi_model::{ApiError, Value, errors};
use xapi_server::{Config, Handler, Listener, Origin, Server};

/// No wait of a test takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

struct Obedient {
    begun: Sender<()>,
    released: Mutex<Receiver<()>>,
    counted: Arc<AtomicUsize>,
}

impl Handler for Obedient {
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let echo = |params: Vec<Value>| params.into_iter().next().unwrap_or(Value::Nil);
        match name {
            "echo" => Ok(echo(params)),
            "count" => match params.first() {
                Some(Value::Array(items)) => Ok(Value::Int(i64::try_from(items.len()).unwrap())),
                _ => Ok(Value::Int(-1)),
            },
            "count_me" => {
                self.counted.fetch_add(1, Ordering::SeqCst);
                Ok(Value::Nil)
            }
            "hold" => {
                self.begun.send(()).expect("the test listens");
                // The end of the test releases as well.
                self.released.lock().unwrap().recv().ok();
                Ok(echo(params))
            }
            "large" => Ok(Value::Str("x".repeat(32_000_000))),
            "fail" => Err(errors::pif_unmanaged("OpaqueRef:1")),
            "panic" => panic!("as the test wants"),
            "system.listMethods" => Ok(Value::Array(vec![Value::from("echo")])),
            "origin" => {
                let other: Vec<_> = origin
                    .other_config
                    .iter()
                    .map(|(k, v)| format!("{k}={v}"))
                    .collect();
                let agent = origin.user_agent.as_deref().unwrap_or("-");
                Ok(Value::Str(format!(
                    "root={} peer={} agent={agent} other={}",
                    origin.local_root,
                    origin.peer,
                    other.join(",")
                )))
            }
            _ => Ok(Value::Nil),
        }
    }

    fn quick(&self, name: &str) -> bool {
        name == "quick"
    }
}

/// A server on a port of its own.
pub struct Stand {
    server: Option<Server>,
    listener: Listener,
    begun: Receiver<()>,
    release: Sender<()>,
    /// Calls of `count_me`.
    pub counted: Arc<AtomicUsize>,
}

impl Stand {
    pub fn new(config: Config) -> Stand {
        let (server, begun, release, counted) = server(config);
        let listener = server.listen_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        Stand {
            server: Some(server),
            listener,
            begun,
            release,
            counted,
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.listener.address().unwrap()
    }

    pub fn connect(&self) -> Client<TcpStream> {
        let stream = TcpStream::connect(self.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client::new(stream)
    }

    /// Waits until a call of `hold` is inside the handler.
    pub fn begun(&self) {
        self.begun
            .recv_timeout(PATIENCE)
            .expect("no call was begun");
    }

    /// Lets calls of `hold` go on.
    pub fn release(&self, calls: usize) {
        for _ in 0..calls {
            self.release.send(()).unwrap();
        }
    }

    /// The server, to end it.
    pub fn server(&mut self) -> Server {
        self.server.take().unwrap()
    }

    /// Waits until the server has so many connections.
    pub fn wait_for_connections(&self, count: usize) {
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

/// A server with the obedient handler, listening nowhere.
pub fn server(config: Config) -> (Server, Receiver<()>, Sender<()>, Arc<AtomicUsize>) {
    let (begun, has_begun) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let counted = Arc::new(AtomicUsize::new(0));
    let handler = Obedient {
        begun,
        released: Mutex::new(released),
        counted: Arc::clone(&counted),
    };
    let server = Server::new(Arc::new(handler), config).unwrap();
    (server, has_begun, release, counted)
}

/// An answer, in pieces.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

/// A client that speaks bytes.
pub struct Client<S: Read + Write> {
    reader: BufReader<S>,
}

impl<S: Read + Write> Client<S> {
    pub fn new(stream: S) -> Client<S> {
        Client {
            reader: BufReader::new(stream),
        }
    }

    pub fn stream(&mut self) -> &mut S {
        self.reader.get_mut()
    }

    pub fn ask(&mut self, request: &[u8]) -> Answer {
        self.write_all(request).unwrap();
        self.answer()
    }

    /// The status line and the headers of the next answer.
    pub fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let before = head.len();
            self.reader.read_line(&mut head).unwrap();
            assert!(
                head.len() > before,
                "the connection ended in the head: {head:?}"
            );
            if &head[before..] == "\r\n" {
                return head;
            }
        }
    }

    /// Head and body of the next answer, as they came.
    pub fn bytes(&mut self) -> (String, Vec<u8>) {
        let head = self.head();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.reader.read_exact(&mut body).unwrap();
        (head, body)
    }

    pub fn answer(&mut self) -> Answer {
        let (head, body) = self.bytes();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head,
            body: String::from_utf8(body).unwrap(),
        }
    }

    /// Waits for the end of the connection; false when something comes instead.
    pub fn is_closed(&mut self) -> bool {
        match self.reader.fill_buf() {
            Ok(more) => more.is_empty(),
            Err(why) => why.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

impl Client<TcpStream> {
    /// Whether something comes within this time.
    pub fn has_answer(&mut self, within: Duration) -> bool {
        self.stream().set_read_timeout(Some(within)).unwrap();
        let more = self.reader.fill_buf().is_ok();
        self.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        more
    }
}

impl<S: Read + Write> Write for Client<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.reader.get_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.reader.get_mut().flush()
    }
}

/// A request with a body.
pub fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A call with at most one parameter.
pub fn call(name: &str, param: &str) -> String {
    let param = if param.is_empty() {
        String::new()
    } else {
        format!("<param>{param}</param>")
    };
    format!(
        "<?xml version=\"1.0\"?><methodCall><methodName>{name}</methodName><params>{param}</params></methodCall>"
    )
}

/// The same in JSON-RPC 2.0.
pub fn json(name: &str, param: &str) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"method\":\"{name}\",\"params\":[{param}],\"id\":7}}")
}

/// The body of an answer of success.
pub fn success(value: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><methodResponse><params><param><value><struct><member><name>Status</name>\
         <value>Success</value></member><member><name>Value</name>{value}</member></struct></value></param></params></methodResponse>"
    )
}
