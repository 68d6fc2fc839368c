//! JSON-RPC 1.0 over a unix socket, as ovsdb-server and ovs-vswitchd speak it.
//!
//! There is no framing in the protocol: a message ends where its outermost brace closes, so [`Framer`] looks for that
//! brace and leaves the rest to the JSON parser. The peer may ask `echo` at any time to find out whether we are alive;
//! [`Connection`] answers whenever it reads. Everything from outside has a limit: size, depth, time.
//!
//! This module must not know databases or rows. Start with [`Connection::call`].

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};
use serde_json::{Value, json};
use thiserror::Error;
use tracing::debug;

/// The largest message we take. A database of 4,000 bridges stays below a tenth of it.
pub const MESSAGE_LIMIT: usize = 64 << 20;

/// How deep a message may be nested; the JSON parser has the same limit.
const DEPTH_LIMIT: usize = 127;

/// Why a conversation ended or a call failed.
#[derive(Debug, Error)]
pub enum RpcError {
    /// Nobody listens there, or not any more.
    #[error("cannot connect to {}", path.display())]
    Unreachable {
        /// The socket.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The connection broke; whether the last call had an effect is unknown.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// No answer in time. The connection cannot be used any more, since the answer may still come.
    #[error("no answer to {method} in time")]
    TimedOut {
        /// What was asked.
        method: String,
    },
    /// What came is no JSON-RPC.
    #[error("the peer broke the protocol: {0}")]
    Protocol(String),
    /// The peer understood, and said no.
    #[error("{method}: {}", plain(error))]
    Refused {
        /// What was asked.
        method: String,
        /// The error as the peer put it.
        error: Value,
    },
}

impl RpcError {
    /// Whether the connection is of no use any more.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, RpcError::Refused { .. })
    }
}

/// Text without its quotes; anything else as JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), |text| text.trim_end().to_owned())
}

/// A message nobody asked for, and that wants no answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// What it is.
    pub method: String,
    /// What it says.
    pub params: Value,
}

/// What can come over the wire.
#[derive(Debug, PartialEq)]
enum Message {
    Request {
        id: Value,
        method: String,
        params: Value,
    },
    Reply {
        id: Value,
        outcome: Result<Value, Value>,
    },
    Notification(Notification),
}

impl Message {
    fn of(value: Value) -> Result<Message, RpcError> {
        let Value::Object(mut fields) = value else {
            return Err(RpcError::Protocol("a message that is no object".to_owned()));
        };
        let mut take = |name: &str| fields.remove(name).unwrap_or(Value::Null);
        let (id, method, params) = (take("id"), take("method"), take("params"));
        match (method, id) {
            (Value::String(method), Value::Null) => {
                Ok(Message::Notification(Notification { method, params }))
            }
            (Value::String(method), id) => Ok(Message::Request { id, method, params }),
            (Value::Null, Value::Null) => Err(RpcError::Protocol(
                "a message without id and method".to_owned(),
            )),
            (Value::Null, id) => match (take("result"), take("error")) {
                (result, Value::Null) => Ok(Message::Reply {
                    id,
                    outcome: Ok(result),
                }),
                (_, error) => Ok(Message::Reply {
                    id,
                    outcome: Err(error),
                }),
            },
            _ => Err(RpcError::Protocol("a method that is no text".to_owned())),
        }
    }
}

/// Cuts a stream of bytes into JSON objects.
#[derive(Debug)]
pub struct Framer {
    bytes: Vec<u8>,
    /// How far we have looked; nothing before it is looked at again, however small the pieces are that come.
    scanned: usize,
    depth: usize,
    in_text: bool,
    escaped: bool,
    limit: usize,
}

impl Framer {
    /// A framer for messages of up to `limit` bytes.
    pub fn new(limit: usize) -> Framer {
        Framer {
            bytes: Vec::new(),
            scanned: 0,
            depth: 0,
            in_text: false,
            escaped: false,
            limit,
        }
    }

    /// Takes bytes as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole object, if there is one by now.
    pub fn next_object(&mut self) -> Result<Option<Value>, RpcError> {
        while let Some(&byte) = self.bytes.get(self.scanned) {
            self.scanned += 1;
            self.look_at(byte)?;
            let ends = self.depth == 0 && byte == b'}';
            if self.scanned > self.limit {
                return Err(RpcError::Protocol(format!(
                    "a message of more than {} bytes",
                    self.limit
                )));
            }
            if ends {
                let value = serde_json::from_slice(&self.bytes[..self.scanned]);
                self.bytes.drain(..self.scanned);
                self.scanned = 0;
                return value
                    .map(Some)
                    .map_err(|why| RpcError::Protocol(format!("not JSON: {why}")));
            }
        }
        Ok(None)
    }

    fn look_at(&mut self, byte: u8) -> Result<(), RpcError> {
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_text => self.escaped = true,
            b'"' if self.depth > 0 => self.in_text = !self.in_text,
            _ if self.in_text => {}
            b'{' | b'[' if self.depth > 0 || byte == b'{' => {
                self.depth += 1;
                if self.depth > DEPTH_LIMIT {
                    return Err(RpcError::Protocol(format!(
                        "nested deeper than {DEPTH_LIMIT}"
                    )));
                }
            }
            b'}' | b']' if self.depth > 0 => self.depth -= 1,
            _ if self.depth == 0 && !byte.is_ascii_whitespace() => {
                return Err(RpcError::Protocol(format!(
                    "byte {byte:#04x} where an object should begin"
                )));
            }
            _ => {}
        }
        Ok(())
    }
}

/// One connection to a JSON-RPC peer.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    framer: Framer,
    /// Whole messages that were read and not looked at yet.
    ready: VecDeque<Message>,
    last_id: u64,
}

impl Connection {
    /// Connects, or says at once why not: a peer that doesn't take connections any more is unreachable, not slow.
    pub fn open(path: &Path) -> Result<Connection, RpcError> {
        let stream = open_stream(path).map_err(|source| RpcError::Unreachable {
            path: path.to_owned(),
            source,
        })?;
        Ok(Connection::over(stream))
    }

    /// Speaks over a stream that is already connected.
    pub fn over(stream: UnixStream) -> Connection {
        Connection {
            stream,
            framer: Framer::new(MESSAGE_LIMIT),
            ready: VecDeque::new(),
            last_id: 0,
        }
    }

    /// Something another thread can break this connection with, to end a wait.
    pub fn breaker(&self) -> Result<Breaker, RpcError> {
        self.stream
            .try_clone()
            .map(Breaker)
            .map_err(RpcError::Broken)
    }

    /// Asks, and waits for the answer. Notifications that come before it go to `sink`, in their order.
    pub fn call(
        &mut self,
        method: &str,
        params: Value,
        deadline: Instant,
        sink: &mut dyn FnMut(Notification),
    ) -> Result<Value, RpcError> {
        self.last_id += 1;
        let asked = json!(self.last_id);
        let timed_out = || RpcError::TimedOut {
            method: method.to_owned(),
        };
        let request = json!({"id": asked, "method": method, "params": params});
        self.send(&request, Some(deadline))?
            .then_some(())
            .ok_or_else(timed_out)?;
        loop {
            match self.receive(Some(deadline))?.ok_or_else(timed_out)? {
                Message::Notification(note) => sink(note),
                Message::Reply { id, outcome } if id == asked => {
                    return outcome.map_err(|error| RpcError::Refused {
                        method: method.to_owned(),
                        error,
                    });
                }
                Message::Reply { id, .. } => {
                    return Err(RpcError::Protocol(format!(
                        "an answer to {id}, which was not asked"
                    )));
                }
                Message::Request { id, method, params } => self.answer(id, &method, params)?,
            }
        }
    }

    /// The next notification; `None` when there was none until the deadline.
    pub fn notification(
        &mut self,
        deadline: Option<Instant>,
    ) -> Result<Option<Notification>, RpcError> {
        loop {
            match self.receive(deadline)? {
                None => return Ok(None),
                Some(Message::Notification(note)) => return Ok(Some(note)),
                Some(Message::Reply { id, .. }) => {
                    return Err(RpcError::Protocol(format!(
                        "an answer to {id}, which was not asked"
                    )));
                }
                Some(Message::Request { id, method, params }) => {
                    self.answer(id, &method, params)?
                }
            }
        }
    }

    /// We are alive; that is all a peer may ask us.
    fn answer(&mut self, id: Value, method: &str, params: Value) -> Result<(), RpcError> {
        let reply = match method {
            "echo" => json!({"id": id, "result": params, "error": null}),
            _ => json!({"id": id, "result": null, "error": "unknown method"}),
        };
        let soon = Instant::now() + Duration::from_secs(5);
        let sent = self.send(&reply, Some(soon))?;
        sent.then_some(()).ok_or_else(|| RpcError::TimedOut {
            method: method.to_owned(),
        })
    }

    /// Writes a message; `false` when it was not taken until the deadline.
    fn send(&mut self, message: &Value, deadline: Option<Instant>) -> Result<bool, RpcError> {
        let text = message.to_string();
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            let Some(patience) = patience(deadline) else {
                return Ok(false);
            };
            self.stream
                .set_write_timeout(patience)
                .map_err(RpcError::Broken)?;
            match self.stream.write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(why) if is_time_out(&why) || why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(RpcError::Broken(why)),
            }
        }
        Ok(true)
    }

    /// The next message; `None` when there was none until the deadline.
    fn receive(&mut self, deadline: Option<Instant>) -> Result<Option<Message>, RpcError> {
        let mut piece = [0; 16 << 10];
        loop {
            if let Some(message) = self.ready.pop_front() {
                return Ok(Some(message));
            }
            while let Some(value) = self.framer.next_object()? {
                self.ready.push_back(Message::of(value)?);
            }
            if !self.ready.is_empty() {
                continue;
            }
            let Some(patience) = patience(deadline) else {
                return Ok(None);
            };
            self.stream
                .set_read_timeout(patience)
                .map_err(RpcError::Broken)?;
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(RpcError::Broken(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.framer.push(&piece[..count]),
                Err(why) if is_time_out(&why) || why.kind() == ErrorKind::Interrupted => {}
                Err(why) => return Err(RpcError::Broken(why)),
            }
        }
    }
}

/// Breaks a connection from another thread.
#[derive(Debug)]
pub struct Breaker(UnixStream);

impl Breaker {
    /// Ends the conversation; whoever waits for a message gets [`RpcError::Broken`].
    pub fn break_off(&self) {
        if let Err(why) = self.0.shutdown(Shutdown::Both) {
            debug!("the peer was faster: {why}");
        }
    }
}

/// A connect() on a unix socket blocks while the peer's backlog is full, for ever if the peer hangs; without blocking it
/// says EAGAIN.
pub(super) fn open_stream(path: &Path) -> io::Result<UnixStream> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    let address = UnixAddr::new(path)?;
    loop {
        match connect(std::os::fd::AsRawFd::as_raw_fd(&fd), &address) {
            Ok(()) => break,
            Err(Errno::EINTR) => {}
            Err(why) => return Err(why.into()),
        }
    }
    let stream = UnixStream::from(fd);
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// How long a read or write may take: `Some(None)` for ever, `None` no more.
fn patience(deadline: Option<Instant>) -> Option<Option<Duration>> {
    match deadline {
        None => Some(None),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            (!left.is_zero()).then_some(Some(left))
        }
    }
}

fn is_time_out(why: &io::Error) -> bool {
    matches!(why.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Growing pauses between attempts to reach a peer that is away.
#[derive(Clone, Copy, Debug)]
pub struct BackOff {
    next: Duration,
}

impl BackOff {
    const FIRST: Duration = Duration::from_millis(10);
    const LAST: Duration = Duration::from_secs(1);

    /// The first pause is short: most often the peer is only being restarted.
    pub fn new() -> BackOff {
        BackOff {
            next: BackOff::FIRST,
        }
    }

    /// The pause before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(BackOff::LAST);
        pause
    }
}

impl Default for BackOff {
    fn default() -> BackOff {
        BackOff::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn objects(framer: &mut Framer) -> Vec<Value> {
        std::iter::from_fn(|| framer.next_object().unwrap()).collect()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn messages_are_found_however_the_bytes_are_split() {
        let text = r#" {"a":"}{\"]\\","b":[{"c":{}},[]]}{"d":"ü☃"} {"e":null}"#.as_bytes();
        let expected = vec![
            json!({"a":"}{\"]\\","b":[{"c":{}},[]]}),
            json!({"d":"ü☃"}),
            json!({"e":null}),
        ];
        for size in 1..=text.len() {
            let mut framer = Framer::new(1000);
            let mut found = Vec::new();
            for piece in text.chunks(size) {
                framer.push(piece);
                found.extend(objects(&mut framer));
            }
            assert_eq!(found, expected, "pieces of {size} bytes");
        }
    }

    #[test]
    fn a_message_over_the_limit_is_refused_before_it_is_whole() {
        let mut framer = Framer::new(100);
        framer.push(b"{\"a\":\"");
        framer.push(&[b'x'; 200]);
        assert!(matches!(framer.next_object(), Err(RpcError::Protocol(_))));
    }

    #[test]
    fn a_message_nested_too_deep_is_refused_and_one_at_the_limit_is_read() {
        let nested = |depth: usize| {
            let mut framer = Framer::new(1 << 20);
            framer.push(b"{\"a\":");
            framer.push("[".repeat(depth).as_bytes());
            framer.push("]".repeat(depth).as_bytes());
            framer.push(b"}");
            framer.next_object()
        };
        assert!(nested(DEPTH_LIMIT - 1).unwrap().is_some());
        assert!(matches!(nested(10_000), Err(RpcError::Protocol(_))));
    }

    #[test]
    fn bytes_between_messages_that_are_no_blanks_break_the_protocol() {
        for bad in ["}", "x{}", "[{}]", "\"{}\"", "\0{}"] {
            let mut framer = Framer::new(100);
            framer.push(bad.as_bytes());
            assert!(
                matches!(framer.next_object(), Err(RpcError::Protocol(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn a_huge_message_in_small_pieces_is_read_in_linear_time() {
        let text = json!({"rows": vec!["{\"}"; 500_000]}).to_string();
        let mut framer = Framer::new(MESSAGE_LIMIT);
        let begin = Instant::now();
        let mut found = Vec::new();
        for piece in text.as_bytes().chunks(1000) {
            framer.push(piece);
            found.extend(objects(&mut framer));
        }
        assert_eq!(found[0]["rows"].as_array().unwrap().len(), 500_000);
        assert!(
            begin.elapsed() < Duration::from_secs(5),
            "{:?}",
            begin.elapsed()
        );
    }

    #[test]
    fn echo_is_answered_and_notifications_are_kept_in_order_while_a_call_waits() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = thread::spawn(move || {
            let mut peer = Connection::over(theirs);
            let asked = peer.receive(Some(soon())).unwrap().unwrap();
            let Message::Request { id, .. } = asked else {
                panic!("{asked:?}")
            };
            for message in [
                json!({"method": "update", "params": [1], "id": null}),
                json!({"method": "echo", "params": ["are you there"], "id": "probe"}),
                json!({"method": "update", "params": [2], "id": null}),
                json!({"id": id, "result": {"answer": 42}, "error": null}),
            ] {
                peer.send(&message, Some(soon())).unwrap();
            }
            peer.receive(Some(soon())).unwrap().unwrap()
        });
        let mut connection = Connection::over(ours);
        let mut notes = Vec::new();
        let answer = connection
            .call("ask", json!([]), soon(), &mut |note| {
                notes.push(note.params)
            })
            .unwrap();
        assert_eq!(answer, json!({"answer": 42}));
        assert_eq!(notes, [json!([1]), json!([2])]);
        let echoed = peer.join().unwrap();
        assert_eq!(
            echoed,
            Message::Reply {
                id: json!("probe"),
                outcome: Ok(json!(["are you there"]))
            }
        );
    }

    #[test]
    fn a_refusal_carries_the_peers_words_and_the_connection_goes_on() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let peer = thread::spawn(move || {
            let mut peer = Connection::over(theirs);
            for reply in [
                json!({"id": 1, "result": null, "error": "no such command\n"}),
                json!({"id": 2, "result": 7, "error": null}),
            ] {
                peer.receive(Some(soon())).unwrap().unwrap();
                peer.send(&reply, Some(soon())).unwrap();
            }
        });
        let mut connection = Connection::over(ours);
        let refused = connection
            .call("bond/hide", json!([]), soon(), &mut |_| {})
            .unwrap_err();
        assert_eq!(
            (refused.to_string().as_str(), refused.is_fatal()),
            ("bond/hide: no such command", false)
        );
        assert_eq!(
            connection
                .call("list", json!([]), soon(), &mut |_| {})
                .unwrap(),
            json!(7)
        );
        peer.join().unwrap();
    }

    #[test]
    fn a_silent_peer_costs_no_more_than_the_time_out() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::over(ours);
        let begin = Instant::now();
        let silent = connection.call(
            "list",
            json!([]),
            begin + Duration::from_millis(50),
            &mut |_| {},
        );
        assert!(matches!(silent, Err(RpcError::TimedOut { .. })));
        assert!(begin.elapsed() < Duration::from_secs(2));
    }

    #[test]
    fn a_peer_that_reads_nothing_cannot_hold_up_a_large_request() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::over(ours);
        let deadline = Instant::now() + Duration::from_millis(50);
        let stuck = connection.call(
            "transact",
            json!(["x".repeat(10 << 20)]),
            deadline,
            &mut |_| {},
        );
        assert!(matches!(stuck, Err(RpcError::TimedOut { .. })));
    }

    #[test]
    fn another_thread_can_end_a_wait_that_has_no_deadline() {
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let mut connection = Connection::over(ours);
        let breaker = connection.breaker().unwrap();
        let waiting = thread::spawn(move || connection.notification(None));
        breaker.break_off();
        assert!(matches!(waiting.join().unwrap(), Err(RpcError::Broken(_))));
    }

    #[test]
    fn a_socket_that_nobody_listens_on_is_unreachable_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("db.sock");
        assert!(matches!(
            Connection::open(&path),
            Err(RpcError::Unreachable { .. })
        ));
    }
}
