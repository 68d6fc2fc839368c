//! The seam between the wire and the calls.

use std::future::Future;
use std::io::{Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use xapi_model::request::RequestId;
use xapi_model::{ApiError, Value, Written};

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// What names the request in logs and tasks; of no meaning to clients.
    pub request: RequestId,
    /// The local superuser over the unix socket: no password is asked.
    pub local_root: bool,
    /// The peer, for logs: an address, or the process behind a unix socket.
    pub peer: Arc<str>,
    /// Came over the network from another machine.
    pub elsewhere: bool,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// Entries that the request asks to be set in its task's `other_config`.
    pub other_config: Vec<(String, String)>,
    /// The task that the request says it is a part of the work of.
    pub task_id: Option<String>,
    /// The task that the request says its own is a part of.
    pub subtask_of: Option<String>,
}

/// Carries calls out.
pub trait Handler: Send + Sync + 'static {
    /// Answers one call, with `name` as it came. May block for as long as the call takes; runs on a worker.
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError>;

    /// The same, for results that are better written than built first.
    fn answer(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Answer, ApiError> {
        self.call(origin, name, params).map(Answer::Value)
    }

    /// Whether the call answers within microseconds and never waits for a lock that is held longer, the disk or the
    /// network. Such a call spares the two changes of thread that cost more than a read of a field.
    fn quick(&self, _name: &str) -> bool {
        false
    }

    /// Whether the call may wait for something that happens elsewhere: it is begun with [`Handler::begin`] instead, and
    /// holds no worker while it waits.
    fn waits(&self, _name: &str) -> bool {
        false
    }

    /// Begins a call that waits. Does not block for longer than it takes to check the call.
    fn begin(
        &self,
        origin: &Origin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Box<dyn Waiting>, ApiError> {
        let answer = self.call(origin, name, params)?;
        Ok(Box::new(Answered(Some(answer))))
    }

    /// Told of each call that was answered: its name as it came, its error, and its time. On the thread that many share.
    fn answered(&self, _name: &str, _error: Option<&ApiError>, _took: Duration) {}

    /// Answers a request that is no call, such as `GET /metrics`. May block; runs on a worker.
    fn fetch(&self, _origin: &Origin, _fetch: &Fetch) -> Page {
        Page::NotFound
    }

    /// Talks the thin-CLI protocol over a connection: `arguments` is the body of `POST /cli`, and nothing was answered
    /// yet. Blocks until the conversation is over, which it is when nothing happened for so long as `patience`; has a
    /// thread of its own. Reads and writes of the stream time out after seconds, so that it can be looked at.
    fn cli(
        &self,
        _origin: &Origin,
        _arguments: &[u8],
        stream: &mut dyn Stream,
        _patience: Duration,
    ) {
        let refusal =
            crate::page::raw_refusal(hyper::StatusCode::FORBIDDEN, "Nothing can be done here.");
        if let Err(why) = stream.write_all(&refusal) {
            tracing::debug!("a client did not hear that there is no command line here: {why}");
        }
    }
}

/// The result of a call.
pub enum Answer {
    /// A value.
    Value(Value),
    /// What is read while it is written.
    Written(Box<dyn Written>),
}

/// Both directions of a connection.
pub trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

/// A call that waits.
pub trait Waiting: Send {
    /// Looks whether the answer is there, without waiting for it. With `last` there is one in any case: the server
    /// ends.
    fn look(&mut self, last: bool) -> Option<Result<Value, ApiError>>;

    /// Whether the next look takes so long that it belongs on a worker.
    fn is_long(&self) -> bool;

    /// Resolves when another look may find something.
    fn changed(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// A call that need not wait after all.
struct Answered(Option<Value>);

impl Waiting for Answered {
    fn look(&mut self, _last: bool) -> Option<Result<Value, ApiError>> {
        Some(Ok(self.0.take().unwrap_or_default()))
    }

    fn is_long(&self) -> bool {
        false
    }

    fn changed(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}

/// A request that is no call.
#[derive(Clone, Debug, Default)]
pub struct Fetch {
    /// The path, without the query.
    pub path: String,
    /// The query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The cookies, decoded, in order.
    pub cookies: Vec<(String, String)>,
    /// User and password of the Basic scheme.
    pub basic: Option<(String, String)>,
}

impl Fetch {
    /// The first value of a key of the query.
    pub fn asked(&self, key: &str) -> Option<&str> {
        first(&self.query, key)
    }

    /// The session that the request names: a cookie goes before the query.
    pub fn session(&self) -> Option<&str> {
        first(&self.cookies, "session_id").or_else(|| self.asked("session_id"))
    }
}

fn first<'p>(pairs: &'p [(String, String)], key: &str) -> Option<&'p str> {
    let found = pairs.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value.as_str())
}

/// What a request that is no call is answered with.
#[derive(Clone, Debug)]
pub enum Page {
    /// The body, with its content type.
    Body(&'static str, Vec<u8>),
    /// The request lacks something, or has something that it must not have.
    BadRequest(String),
    /// Who asks is not known; the name of what he asked for.
    Unauthorized(&'static str),
    /// Who asks may not.
    Forbidden(String),
    /// There is nothing of this name.
    NotFound,
    /// It failed, and the daemon's log says why.
    Failed,
}
