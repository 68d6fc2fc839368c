//! The way of one request: which encoding, the body, the call, the answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, CONNECTION, EXPECT, HeaderMap, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, StatusCode, Version};
use tokio::sync::oneshot;
use tokio::time::{Instant as Deadline, timeout_at};
use tracing::{debug, info, warn};
use xapi_model::{ApiError, Value, errors};
use xapi_wire::{DecodeError, Limits, jsonrpc, xmlrpc};

use crate::config::Config;
use crate::handler::{Handler, Origin};
use crate::page::{self, Page};
use crate::pool::{Full, Pool};

/// Bodies up to here are decoded where they were read: that takes less time than a change of thread.
const SMALL: usize = 16 * 1024;
/// Of a body that is refused, this much is read all the same, so that a client that is still sending hears why.
const DRAINED: usize = 16 * 1024 * 1024;
/// And for this long.
const DRAIN: Duration = Duration::from_secs(2);
/// Of what a client calls itself, this much is kept.
const AGENT: usize = 256;
/// Header with an entry for the `other_config` of the call's task.
const OTHER_CONFIG: &str = "x-http-other-config-";

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: String,
    pub(crate) local_root: bool,
    /// Came without TLS although he has to come with it.
    pub(crate) only_by_tls: bool,
}

/// What answers requests, on all connections.
pub(crate) struct Service {
    handler: Arc<dyn Handler>,
    pool: Pool,
    config: Config,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Xml,
    Json,
}

/// A decoded call and how it wants to be answered.
enum Call {
    Xml(xapi_wire::Request),
    Json(jsonrpc::Call),
}

/// Why a body did not come.
enum Lost {
    TooLong,
    TooSlow,
    Broken,
}

/// What became of a call.
enum Outcome {
    Answer(String),
    Malformed(DecodeError),
}

impl Service {
    pub(crate) fn new(handler: Arc<dyn Handler>, pool: Pool, config: Config) -> Service {
        Service {
            handler,
            pool,
            config,
        }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Answers one request; there is always an answer.
    pub(crate) async fn answer(self: &Arc<Self>, peer: &Peer, request: Request<Incoming>) -> Page {
        let keep = keeps(request.version(), request.headers());
        if peer.only_by_tls {
            info!(
                peer = peer.name,
                "a request without TLS from another machine, refused"
            );
            return page::refusal(StatusCode::FORBIDDEN, "Only TLS is answered here.");
        }
        match *request.method() {
            Method::POST => self.post(peer, request, keep).await,
            Method::OPTIONS => {
                page::options(request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS), keep)
            }
            Method::GET if request.uri().path() == "/" => page::welcome(keep),
            Method::GET => page::refusal(StatusCode::NOT_FOUND, "There is nothing here."),
            Method::PUT | Method::CONNECT => {
                page::refusal(StatusCode::FORBIDDEN, "Nothing can be done here.")
            }
            _ => page::refusal(StatusCode::NOT_IMPLEMENTED, "The method is not known here."),
        }
    }

    async fn post(self: &Arc<Self>, peer: &Peer, request: Request<Incoming>, keep: bool) -> Page {
        let encoding = match request.uri().path() {
            path if path.starts_with("/jsonrpc") => Encoding::Json,
            _ => Encoding::Xml,
        };
        let (head, body) = request.into_parts();
        let waits = head.headers.contains_key(EXPECT);
        let body = match self.read(body, waits).await {
            Ok(body) => body,
            Err(lost) => return self.lost(peer, &lost),
        };
        let origin = origin(peer, &head.headers);
        match self.carry_out(origin, encoding, body).await {
            Ok(Outcome::Answer(text)) => {
                let kind = match encoding {
                    Encoding::Xml => page::XML,
                    Encoding::Json => page::JSON,
                };
                page::answer(text, kind, keep)
            }
            Ok(Outcome::Malformed(why)) => {
                info!(peer = peer.name, "a request that is no call: {why}");
                page::refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &format!("The request is no call: {why}."),
                )
            }
            Err(Full) => {
                warn!(peer = peer.name, "too many calls at once, one refused");
                page::refusal(StatusCode::SERVICE_UNAVAILABLE, "Too many calls at once.")
            }
        }
    }

    fn lost(&self, peer: &Peer, lost: &Lost) -> Page {
        let (status, why) = match lost {
            Lost::TooLong => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("The body is longer than {} bytes.", self.config.limits.body),
            ),
            Lost::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "The request took too long.".to_owned(),
            ),
            Lost::Broken => (
                StatusCode::BAD_REQUEST,
                "The body is not well framed.".to_owned(),
            ),
        };
        info!(
            peer = peer.name,
            "a request without a body that can be read: {why}"
        );
        page::refusal(status, &why)
    }

    /// Reads a body up to the limit.
    async fn read(&self, mut body: Incoming, waits: bool) -> Result<Bytes, Lost> {
        let limit = self.config.limits.body;
        let deadline = Deadline::now() + self.config.body_timeout;
        if body.size_hint().lower() > limit as u64 {
            // Who asked whether to go on has not sent it.
            if !waits {
                drain(&mut body).await;
            }
            return Err(Lost::TooLong);
        }
        // Most bodies come in one piece, which is then used as it is.
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        while !body.is_end_stream() {
            let frame = match timeout_at(deadline, body.frame()).await {
                Err(_) => return Err(Lost::TooSlow),
                Ok(None) => break,
                Ok(Some(Err(_))) => return Err(Lost::Broken),
                Ok(Some(Ok(frame))) => frame,
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if whole.len() + pieces.len() + data.len() > limit {
                drop((whole, pieces));
                drain(&mut body).await;
                return Err(Lost::TooLong);
            }
            if whole.is_empty() && pieces.is_empty() {
                whole = data;
            } else {
                pieces.extend_from_slice(&std::mem::take(&mut whole));
                pieces.extend_from_slice(&data);
            }
        }
        Ok(if pieces.is_empty() {
            whole
        } else {
            pieces.freeze()
        })
    }

    /// Decodes a body and carries the call out, here or on a worker.
    async fn carry_out(
        self: &Arc<Self>,
        origin: Origin,
        encoding: Encoding,
        body: Bytes,
    ) -> Result<Outcome, Full> {
        if body.len() > SMALL {
            let service = Arc::clone(self);
            return self
                .on_worker(
                    move || match decode(encoding, &body, &service.config.limits) {
                        Ok(call) => service.call(false, &origin, call),
                        Err(why) => service.refuse(&origin, encoding, why),
                    },
                )
                .await;
        }
        let call = match decode(encoding, &body, &self.config.limits) {
            Ok(call) => call,
            Err(why) => return Ok(self.refuse(&origin, encoding, why)),
        };
        if self.handler.quick(call.name()) {
            return Ok(self.call(true, &origin, call));
        }
        let service = Arc::clone(self);
        self.on_worker(move || service.call(false, &origin, call))
            .await
    }

    /// Runs `work` on a worker and waits for it; when the client goes away before its turn, it does not run.
    async fn on_worker(
        &self,
        work: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Result<Outcome, Full> {
        let (tell, told) = oneshot::channel();
        self.pool.run(move || {
            if tell.is_closed() {
                return;
            }
            if tell.send(work()).is_err() {
                info!("a client did not wait for the answer of its call");
            }
        })?;
        // The pool was closed while the call waited.
        told.await.map_err(|_| Full)
    }

    /// Carries a call out and encodes its answer.
    fn call(&self, quick: bool, origin: &Origin, call: Call) -> Outcome {
        let begin = Instant::now();
        let (request, json) = match call {
            Call::Xml(request) => (request, None),
            Call::Json(call) => (call.request, Some((call.version, call.id))),
        };
        let name = request.method;
        let result = self.guarded(origin, &name, request.params);
        log(quick, origin, &name, &result, begin);
        Outcome::Answer(match (json, &result) {
            (None, Ok(value)) if name == "system.listMethods" => xmlrpc::encode_bare(value),
            (None, Ok(value)) => xmlrpc::encode_success(value),
            (None, Err(error)) => xmlrpc::encode_failure(error),
            (Some((version, id)), Ok(value)) => jsonrpc::encode_success(version, &id, value),
            (Some((version, id)), Err(error)) => jsonrpc::encode_failure(version, &id, error),
        })
    }

    /// A handler that panics costs its own call, not the thread that many share.
    fn guarded(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let call = AssertUnwindSafe(|| self.handler.call(origin, name, params));
        catch_unwind(call).unwrap_or_else(|_| Err(errors::internal_error("the call panicked")))
    }

    /// What a body that could not be decoded is answered with: an error of the API where clients expect one.
    fn refuse(&self, origin: &Origin, encoding: Encoding, why: DecodeError) -> Outcome {
        let error = match &why {
            DecodeError::Characters { .. } => ApiError::new(
                "INVALID_VALUE",
                vec!["parameter".to_owned(), why.to_string()],
            ),
            why if why.is_limit() => errors::internal_error(why),
            _ => return Outcome::Malformed(why),
        };
        info!(target: "xapi::access", peer = origin.peer, code = error.code, "refused: {why}");
        Outcome::Answer(match encoding {
            Encoding::Xml => xmlrpc::encode_failure(&error),
            Encoding::Json => jsonrpc::encode_refusal(&error),
        })
    }
}

impl Call {
    fn name(&self) -> &str {
        match self {
            Call::Xml(request) => &request.method,
            Call::Json(call) => &call.request.method,
        }
    }
}

fn decode(encoding: Encoding, body: &[u8], limits: &Limits) -> Result<Call, DecodeError> {
    match encoding {
        Encoding::Xml => xmlrpc::decode_request(body, limits).map(Call::Xml),
        Encoding::Json => jsonrpc::decode_request(body, limits).map(Call::Json),
    }
}

/// One line for each call: its name, what became of it, the time. Never a parameter: those hold sessions and passwords.
/// Of quick reads clients make thousands: they are for those who ask for more.
fn log(quick: bool, origin: &Origin, name: &str, result: &Result<Value, ApiError>, begin: Instant) {
    if quick && result.is_ok() && !tracing::enabled!(target: "xapi::access", tracing::Level::DEBUG)
    {
        return;
    }
    let micros = begin.elapsed().as_micros();
    let name: String = name
        .chars()
        .filter(char::is_ascii_graphic)
        .take(96)
        .collect();
    let outcome = match result {
        Ok(_) => "ok",
        Err(error) => error.code.as_str(),
    };
    if quick && result.is_ok() {
        debug!(target: "xapi::access", peer = origin.peer, micros, "{name}: {outcome}");
    } else {
        info!(target: "xapi::access", peer = origin.peer, micros, "{name}: {outcome}");
    }
}

/// Whether the connection is kept after this request.
fn keeps(version: Version, headers: &HeaderMap) -> bool {
    let asked = headers
        .get(CONNECTION)
        .and_then(|value| value.to_str().ok());
    let mut keep = version >= Version::HTTP_11;
    for word in asked.unwrap_or_default().split(',') {
        let word = word.trim();
        if word.eq_ignore_ascii_case("close") {
            keep = false;
        } else if word.eq_ignore_ascii_case("keep-alive") {
            keep = true;
        }
    }
    keep
}

fn origin(peer: &Peer, headers: &HeaderMap) -> Origin {
    let text = |value: &HeaderValue| {
        let text = value.to_str().ok()?;
        Some(text.chars().take(AGENT).collect::<String>())
    };
    let other_config = headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(OTHER_CONFIG)?;
        Some((format!("http:{key}"), text(value)?))
    });
    Origin {
        local_root: peer.local_root,
        peer: peer.name.clone(),
        user_agent: headers.get(USER_AGENT).and_then(text),
        other_config: other_config.collect(),
    }
}

/// Reads on for a little and forgets it.
async fn drain(body: &mut Incoming) {
    let deadline = Deadline::now() + DRAIN;
    let mut drained = 0;
    while drained < DRAINED {
        match timeout_at(deadline, body.frame()).await {
            Ok(Some(Ok(frame))) => drained += frame.data_ref().map_or(0, Bytes::len),
            // The end, an error or the time: in each case there is nothing left to wait for.
            _ => return,
        }
    }
}
