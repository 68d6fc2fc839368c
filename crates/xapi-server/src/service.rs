//! The way of one request: which encoding, the body, the call, the answer.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ACCESS_CONTROL_REQUEST_HEADERS, CONNECTION, EXPECT, HeaderMap, HeaderValue, USER_AGENT,
};
use hyper::{Method, Request, StatusCode, Version};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant as Deadline, timeout_at};
use tracing::{debug, info, info_span, warn};
use xapi_model::request::RequestId;
use xapi_model::{ApiError, Value, Written, errors};
use xapi_wire::{DecodeError, Limits, jsonrpc, xmlrpc};

use crate::config::Config;
use crate::fetch;
use crate::gzip::{self, Coding, Unpacked};
use crate::handler::{Answer, Handler, Origin, Waiting};
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

/// Header with the task that the call is carried out under.
const TASK_ID: &str = "task-id";
/// Header with the task that the call's own is a part of.
const SUBTASK_OF: &str = "subtask-of";

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub(crate) name: Arc<str>,
    pub(crate) local_root: bool,
    /// Another machine.
    pub(crate) elsewhere: bool,
    /// Came without TLS although he has to come with it.
    pub(crate) only_by_tls: bool,
}

/// What answers requests, on all connections.
pub(crate) struct Service {
    handler: Arc<dyn Handler>,
    pool: Pool,
    config: Config,
    stopping: watch::Receiver<bool>,
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

/// How a call wants to be answered.
enum Form {
    Xml,
    Json(jsonrpc::Version, jsonrpc::Id),
}

/// What a look found.
type Looked = Option<Result<Value, ApiError>>;

/// Why a body did not come.
enum Lost {
    TooLong,
    TooSlow,
    Broken,
}

/// Why a body is no call.
enum Undecoded {
    Lost(Lost),
    Malformed(DecodeError),
}

/// What became of a call.
enum Outcome {
    Answer(String),
    Malformed(DecodeError),
    Lost(Lost),
}

impl Service {
    pub(crate) fn new(
        handler: Arc<dyn Handler>,
        pool: Pool,
        config: Config,
        stopping: watch::Receiver<bool>,
    ) -> Service {
        Service {
            handler,
            pool,
            config,
            stopping,
        }
    }

    pub(crate) fn handler(&self) -> Arc<dyn Handler> {
        Arc::clone(&self.handler)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    /// Answers one request; there is always an answer.
    pub(crate) async fn answer(self: &Arc<Self>, peer: &Peer, request: Request<Incoming>) -> Page {
        let keep = keeps(request.version(), request.headers());
        if peer.only_by_tls {
            info!(
                peer = &*peer.name,
                "a request without TLS from another machine, refused"
            );
            return page::refusal(StatusCode::FORBIDDEN, page::NOT_PLAIN);
        }
        match *request.method() {
            Method::POST => self.post(peer, request, keep).await,
            Method::OPTIONS => {
                page::options(request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS), keep)
            }
            Method::GET if request.uri().path() == "/" => page::welcome(keep),
            Method::GET => self.get(peer, &request, keep).await,
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
        let Some(coding) = gzip::coding(&head.headers) else {
            let why = "A body may be plain or in gzip.";
            return page::refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        };
        let waits = head.headers.contains_key(EXPECT);
        let body = match self.read(body, waits).await {
            Ok(body) => body,
            Err(lost) => return self.lost(peer, &lost),
        };
        let origin = origin(peer, &head.headers);
        let outcome = match self.carry_out(origin, encoding, coding, body).await {
            Ok(outcome) => outcome,
            Err(Full) => {
                warn!(peer = &*peer.name, "too many calls at once, one refused");
                Outcome::Answer(encoding.refusal(&errors::too_busy()))
            }
        };
        match outcome {
            Outcome::Answer(text) => {
                let kind = match encoding {
                    Encoding::Xml => page::XML,
                    Encoding::Json => page::JSON,
                };
                let body = Bytes::from(text);
                match self.packed(&head.headers, &body).await {
                    Some(packed) => page::packed(packed, kind, keep),
                    None => page::answer(body, kind, keep),
                }
            }
            Outcome::Lost(lost) => self.lost(peer, &lost),
            Outcome::Malformed(why) => {
                info!(peer = &*peer.name, "a request that is no call: {why}");
                page::refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    &format!("The request is no call: {why}."),
                )
            }
        }
    }

    async fn get(self: &Arc<Self>, peer: &Peer, request: &Request<Incoming>, keep: bool) -> Page {
        let origin = origin(peer, request.headers());
        let fetch = fetch::read(request.uri(), request.headers());
        let handler = Arc::clone(&self.handler);
        let fetched = self.on_worker(move || {
            let fetch = AssertUnwindSafe(|| handler.fetch(&origin, &fetch));
            catch_unwind(fetch).unwrap_or(crate::handler::Page::Failed)
        });
        match fetched.await {
            Ok(fetched) => page::fetched(fetched, keep),
            Err(Full) => {
                warn!(peer = &*peer.name, "too many calls at once, one refused");
                page::refusal(StatusCode::SERVICE_UNAVAILABLE, "Too many calls at once.")
            }
        }
    }

    /// A long answer in gzip, for a client that takes it; it is packed on a worker, and left as it is when none is to
    /// be had.
    async fn packed(&self, headers: &HeaderMap, body: &Bytes) -> Option<Bytes> {
        if !self.config.gzip || body.len() < gzip::WORTH_IT || !gzip::is_wanted(headers) {
            return None;
        }
        let (tell, told) = oneshot::channel();
        let body = body.clone();
        let job = move || {
            let packed = gzip::pack(&body).inspect_err(|why| warn!("an answer goes plain: {why}"));
            if tell.send(packed.ok().map(Bytes::from)).is_err() {
                debug!("a client did not wait for its answer to be packed");
            }
        };
        self.pool.run(job).ok()?;
        told.await.ok()?
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
            peer = &*peer.name,
            "a request without a body that can be read: {why}"
        );
        page::refusal(status, &why)
    }

    /// Reads a body up to the limit.
    async fn read(&self, mut body: Incoming, waits: bool) -> Result<Bytes, Lost> {
        let limit = self.config.limits.body;
        if body.size_hint().lower() > limit as u64 {
            // Who asked whether to go on has not sent it.
            if !waits {
                drain(&mut body).await;
            }
            return Err(Lost::TooLong);
        }
        // Most bodies come in one piece, which is then used as it is.
        let allowed = self.config.body_timeout;
        let mut deadline = None;
        let mut whole = Bytes::new();
        let mut pieces = BytesMut::new();
        while !body.is_end_stream() {
            // Most of it is there already, and needs no deadline.
            let there = poll_fn(|cx| Poll::Ready(Pin::new(&mut body).poll_frame(cx)));
            let frame = match there.await {
                Poll::Ready(frame) => Ok(frame),
                Poll::Pending => {
                    let by = *deadline.get_or_insert_with(|| Deadline::now() + allowed);
                    timeout_at(by, body.frame()).await
                }
            };
            let frame = match frame {
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
        coding: Coding,
        body: Bytes,
    ) -> Result<Outcome, Full> {
        let decoded = if body.len() > SMALL || coding == Coding::Gzip {
            let service = Arc::clone(self);
            self.on_worker(move || service.decode(encoding, coding, body))
                .await?
        } else {
            self.decode(encoding, coding, body)
        };
        let call = match decoded {
            Ok(call) => call,
            Err(Undecoded::Lost(lost)) => return Ok(Outcome::Lost(lost)),
            Err(Undecoded::Malformed(why)) => return Ok(self.refuse(&origin, encoding, why)),
        };
        if self.handler.quick(call.name()) {
            return Ok(self.call(true, &origin, call));
        }
        let service = Arc::clone(self);
        let form = call.form();
        let done = if self.handler.waits(call.name()) {
            self.wait(origin, call).await
        } else {
            self.on_worker(move || service.call(false, &origin, call))
                .await
        };
        // Here the client's id is known, so that it hears of the refusal as of any other error.
        Ok(done.unwrap_or_else(|Full| {
            warn!("too many calls at once, one refused");
            Outcome::Answer(form.failure(&errors::too_busy()))
        }))
    }

    /// Unpacks and decodes a body.
    fn decode(&self, encoding: Encoding, coding: Coding, body: Bytes) -> Result<Call, Undecoded> {
        let limits = &self.config.limits;
        let body = match coding {
            Coding::Plain => body,
            Coding::Gzip => gzip::unpack(&body, limits.body).map_err(|why| {
                Undecoded::Lost(match why {
                    Unpacked::TooLong => Lost::TooLong,
                    Unpacked::Broken => Lost::Broken,
                })
            })?,
        };
        decode(encoding, &body, limits).map_err(Undecoded::Malformed)
    }

    /// Runs `work` on a worker and waits for it; when the client goes away before its turn, it does not run.
    async fn on_worker<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Full> {
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
        let form = call.form();
        let (Call::Xml(request) | Call::Json(jsonrpc::Call { request, .. })) = call;
        let name = request.method;
        // Whatever is logged meanwhile names the request; a read logs nothing, and a span would cost as much as it.
        let span = (!quick).then(|| info_span!("request", id = %origin.request).entered());
        let result = self.guarded(origin, &name, request.params);
        drop(span);
        let (text, outcome) = form.encode(&name, result);
        log(quick, origin, &name, &outcome, begin);
        self.handler
            .answered(&name, outcome.as_ref().err(), begin.elapsed());
        Outcome::Answer(text)
    }

    /// Carries out a call that waits for something: here as long as a look is short, and on no thread in between. A
    /// client that goes away takes its call with it.
    async fn wait(self: &Arc<Self>, origin: Origin, call: Call) -> Result<Outcome, Full> {
        let begin = Instant::now();
        let form = call.form();
        let (Call::Xml(request) | Call::Json(jsonrpc::Call { request, .. })) = call;
        let name = request.method;
        let begun = AssertUnwindSafe(|| self.handler.begin(&origin, &name, request.params));
        let begun = catch_unwind(begun).unwrap_or_else(|_| Err(panicked()));
        let result = match begun {
            Err(error) => Err(error),
            Ok(mut waiting) => loop {
                let (looked, again) = self.look(waiting).await?;
                waiting = again;
                match looked {
                    Some(result) => break result,
                    None => self.something(waiting.as_mut()).await,
                }
            },
        };
        let large = result.as_ref().is_ok_and(|answer| {
            let mut left = SMALL;
            outweighs(answer, &mut left)
        });
        let handler = Arc::clone(&self.handler);
        let encode = move || {
            let (text, outcome) = form.encode(&name, result.map(Answer::Value));
            log(true, &origin, &name, &outcome, begin);
            handler.answered(&name, outcome.as_ref().err(), begin.elapsed());
            Outcome::Answer(text)
        };
        if large {
            return self.on_worker(encode).await;
        }
        Ok(encode())
    }

    /// One look, here or on a worker.
    async fn look(
        &self,
        mut waiting: Box<dyn Waiting>,
    ) -> Result<(Looked, Box<dyn Waiting>), Full> {
        let last = *self.stopping.borrow();
        let long = waiting.is_long();
        let look = move || {
            let looked = catch_unwind(AssertUnwindSafe(|| waiting.look(last)));
            (looked.unwrap_or_else(|_| Some(Err(panicked()))), waiting)
        };
        if long {
            return self.on_worker(look).await;
        }
        Ok(look())
    }

    /// Waits until another look may find something, or the server ends.
    async fn something(&self, waiting: &mut dyn Waiting) {
        let mut stopping = self.stopping.clone();
        let stopped = async {
            // The server gone is the server stopping.
            stopping.wait_for(|stopping| *stopping).await.ok();
        };
        tokio::select! {
            () = waiting.changed() => {}
            () = stopped => {}
        }
    }

    /// A handler that panics costs its own call, not the thread that many share.
    fn guarded(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Answer, ApiError> {
        let call = AssertUnwindSafe(|| self.handler.answer(origin, name, params));
        catch_unwind(call).unwrap_or_else(|_| Err(panicked()))
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
        info!(target: "xapi::access", request = %origin.request, peer = &*origin.peer, code = error.code, "refused: {why}");
        Outcome::Answer(encoding.refusal(&error))
    }
}

impl Encoding {
    /// The answer to a call of which nothing is known, not even its id.
    fn refusal(self, error: &ApiError) -> String {
        match self {
            Encoding::Xml => xmlrpc::encode_failure(error),
            Encoding::Json => jsonrpc::encode_refusal(error),
        }
    }
}

impl Call {
    fn form(&self) -> Form {
        match self {
            Call::Xml(_) => Form::Xml,
            Call::Json(call) => Form::Json(call.version, call.id.clone()),
        }
    }

    fn name(&self) -> &str {
        match self {
            Call::Xml(request) => &request.method,
            Call::Json(call) => &call.request.method,
        }
    }
}

impl Form {
    /// The answer, and the error if it is one: what is read while it is written may still fail.
    fn encode(
        &self,
        name: &str,
        result: Result<Answer, ApiError>,
    ) -> (String, Result<(), ApiError>) {
        let written = match result {
            Ok(Answer::Value(value)) => Ok(self.value(name, &value)),
            Ok(Answer::Written(written)) => self.written(written.as_ref()),
            Err(error) => Err(error),
        };
        match written {
            Ok(text) => (text, Ok(())),
            Err(error) => (self.failure(&error), Err(error)),
        }
    }

    fn value(&self, name: &str, value: &Value) -> String {
        match self {
            Form::Xml if name == "system.listMethods" => xmlrpc::encode_bare(value),
            Form::Xml => xmlrpc::encode_success(value),
            Form::Json(version, id) => jsonrpc::encode_success(*version, id, value),
        }
    }

    fn written(&self, written: &dyn Written) -> Result<String, ApiError> {
        let write = AssertUnwindSafe(|| match self {
            Form::Xml => xmlrpc::encode_written(written),
            Form::Json(version, id) => jsonrpc::encode_written(*version, id, written),
        });
        catch_unwind(write).unwrap_or_else(|_| Err(panicked()))
    }

    fn failure(&self, error: &ApiError) -> String {
        match self {
            Form::Xml => xmlrpc::encode_failure(error),
            Form::Json(version, id) => jsonrpc::encode_failure(*version, id, error),
        }
    }
}

/// Whether a value has more octets than are left; it is not looked at any further then.
fn outweighs(value: &Value, left: &mut usize) -> bool {
    match value {
        Value::Str(text) => takes_too_much(left, text.len() + 16),
        Value::Array(items) => items.iter().any(|item| outweighs(item, left)),
        Value::Struct(members) => members
            .iter()
            .any(|(name, value)| takes_too_much(left, name.len()) || outweighs(value, left)),
        _ => takes_too_much(left, 16),
    }
}

fn takes_too_much(left: &mut usize, octets: usize) -> bool {
    match left.checked_sub(octets) {
        Some(rest) => {
            *left = rest;
            false
        }
        None => true,
    }
}

fn panicked() -> ApiError {
    errors::internal_error("the call panicked")
}

fn decode(encoding: Encoding, body: &[u8], limits: &Limits) -> Result<Call, DecodeError> {
    match encoding {
        Encoding::Xml => xmlrpc::decode_request(body, limits).map(Call::Xml),
        Encoding::Json => jsonrpc::decode_request(body, limits).map(Call::Json),
    }
}

/// One line for each call: its name, what became of it, the time. Never a parameter: those hold sessions and passwords.
/// Of quick reads clients make thousands: they are for those who ask for more.
fn log(quick: bool, origin: &Origin, name: &str, result: &Result<(), ApiError>, begin: Instant) {
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
        debug!(target: "xapi::access", request = %origin.request, peer = &*origin.peer, micros, "{name}: {outcome}");
    } else {
        info!(target: "xapi::access", request = %origin.request, peer = &*origin.peer, micros, "{name}: {outcome}");
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

pub(crate) fn origin(peer: &Peer, headers: &HeaderMap) -> Origin {
    let text = |value: &HeaderValue| {
        let text = value.to_str().ok()?;
        Some(text.chars().take(AGENT).collect::<String>())
    };
    let other_config = headers.iter().filter_map(|(name, value)| {
        let key = name.as_str().strip_prefix(OTHER_CONFIG)?;
        Some((format!("http:{key}"), text(value)?))
    });
    Origin {
        request: RequestId::fresh(),
        local_root: peer.local_root,
        peer: Arc::clone(&peer.name),
        elsewhere: peer.elsewhere,
        user_agent: headers.get(USER_AGENT).and_then(text),
        other_config: other_config.collect(),
        task_id: headers.get(TASK_ID).and_then(text),
        subtask_of: headers.get(SUBTASK_OF).and_then(text),
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
