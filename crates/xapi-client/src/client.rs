//! Where a server is, and calls to it.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_model::Value;
use xapi_wire::{Limits, Reply, xmlrpc};

use crate::error::{ClientError, Failure, GetError};
use crate::http::Connection;
use crate::stream::{Place, Stream};
use crate::trust::Trust;

/// Connections that are kept for later calls.
const KEPT: usize = 4;

/// How patient and how generous a client is.
#[derive(Clone, Debug)]
pub struct Options {
    /// For each address of the server until it answers to a connection, and for the handshake of TLS.
    pub connect_timeout: Duration,
    /// For a whole call, from the first byte sent to the last one received; None waits for ever, as calls may take
    /// their time.
    pub call_timeout: Option<Duration>,
    /// Bounds on an answer.
    pub limits: Limits,
    /// What the client calls itself: `name/version`.
    pub user_agent: String,
    /// Further headers of every call, by name. What a header cannot carry is left out of them.
    pub headers: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            connect_timeout: Duration::from_secs(10),
            call_timeout: None,
            limits: Limits::REPLY,
            user_agent: concat!("xapi-rs/", env!("CARGO_PKG_VERSION")).to_owned(),
            headers: Vec::new(),
        }
    }
}

/// Calls to one server, over connections that are kept between calls. Clones share them; calls may be made from
/// several threads at once, each over a connection of its own.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    place: Place,
    options: Options,
    idle: Mutex<Vec<Connection>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.shared.place.name())
    }
}

impl Client {
    /// The server behind a unix socket. Nothing is connected yet.
    pub fn unix(path: impl AsRef<Path>) -> Client {
        Client::at(Place::Unix(path.as_ref().to_owned()), Options::default())
    }

    /// The server at a host, by name or address, without TLS. Nothing is connected yet.
    pub fn tcp(host: &str, port: u16) -> Client {
        Client::at(Place::Tcp(host.to_owned(), port), Options::default())
    }

    /// The server at a host, by name or address, by TLS. Nothing is connected yet.
    pub fn tls(host: &str, port: u16, trust: Trust) -> Client {
        Client::at(Place::Tls(host.to_owned(), port, trust), Options::default())
    }

    /// The same server with other options, over connections of its own.
    pub fn with(&self, options: Options) -> Client {
        Client::at(self.shared.place.clone(), options)
    }

    /// The same server, with these headers in every call, over connections of its own.
    pub fn asking(&self, headers: Vec<(String, String)>) -> Client {
        self.with(Options {
            headers,
            ..self.shared.options.clone()
        })
    }

    fn at(place: Place, options: Options) -> Client {
        Client {
            shared: Arc::new(Shared {
                place,
                options,
                idle: Mutex::default(),
            }),
        }
    }

    /// Calls by name, with all parameters as they go over the wire. Integers in the result are texts, as XAPI sends
    /// them; [`xapi_model::Type::accept`] makes them what they are.
    pub fn call(&self, name: &str, params: Vec<Value>) -> Result<Value, ClientError> {
        self.call_within(name, &params, self.shared.options.call_timeout)
    }

    /// The same with another time-out than the client's.
    pub(crate) fn call_within(
        &self,
        name: &str,
        params: &[Value],
        time: Option<Duration>,
    ) -> Result<Value, ClientError> {
        let reply = self.exchange(&xmlrpc::encode_request(name, params), time);
        match reply.map_err(|failure| self.tell(failure))? {
            Reply::Success(value) | Reply::Bare(value) => Ok(value),
            Reply::Failure(error) => Err(ClientError::Api(error)),
            Reply::Fault { code, text } => {
                let text: String = text.chars().take(200).collect();
                Err(self.tell(Failure::Answer(format!("fault {code}: {text:?}"))))
            }
        }
    }

    /// Fetches what the server has under a path with its query, beside calls, and writes it as it comes: at most
    /// `limit` bytes. The time between two pieces is not bounded, as such answers are made while they are sent.
    pub fn get(&self, target: &str, into: &mut dyn Write, limit: u64) -> Result<(), GetError> {
        let Shared { place, options, .. } = &*self.shared;
        let tell = |failure| GetError::Server(self.tell(failure));
        let stream = Stream::connect(place, options.connect_timeout);
        let mut connection = Connection::new(stream.map_err(|why| tell(Failure::Connect(why)))?);
        let got = connection.get(&place.host(), &options.user_agent, target, into, limit);
        match got.map_err(tell)? {
            Ok(200) => Ok(()),
            Ok(status) => Err(GetError::Status(status)),
            Err(why) => Err(GetError::Write(why)),
        }
    }

    /// Says where something failed.
    pub(crate) fn tell(&self, failure: Failure) -> ClientError {
        failure.at(&self.shared.place.name())
    }

    fn exchange(&self, body: &str, time: Option<Duration>) -> Result<Reply, Failure> {
        let Shared { place, options, .. } = &*self.shared;
        let mut connection = match self.kept() {
            Some(connection) => connection,
            None => {
                let stream = Stream::connect(place, options.connect_timeout);
                Connection::new(stream.map_err(Failure::Connect)?)
            }
        };
        connection
            .stream()
            .until(time.map(|time| Instant::now() + time));
        let limit = options.limits.body;
        let host = place.host();
        let answer = connection.post(&host, &options.user_agent, &options.headers, body, limit)?;
        if answer.kept {
            self.keep(connection);
        }
        if answer.status != 200 {
            return Err(Failure::Answer(format!("HTTP status {}", answer.status)));
        }
        Ok(xmlrpc::decode_reply(&answer.body, &options.limits)?)
    }

    /// A connection that the server has not closed in the meantime. Should it do so at this very moment, the call
    /// fails: repeating it by ourselves might carry it out twice.
    fn kept(&self) -> Option<Connection> {
        let mut idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if connection.is_fresh() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self
            .shared
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
    }
}
