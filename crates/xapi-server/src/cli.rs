//! `POST /cli`: a request whose answer is no HTTP. After its body both sides speak the thin-CLI protocol over the bare
//! connection, so that it is taken away from hyper before the first byte is read there. What is said is the handler's
//! business; it blocks, and has a thread of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use crate::config::Config;
use crate::page::{NOT_PLAIN, raw_refusal};
use crate::service::{Peer, Service, origin};
use crate::watch::{Phase, Watch as Seen};

/// How such a request begins.
const MEANT: &[u8] = b"POST /cli";
/// Headers that are read.
const HEADERS: usize = 64;
/// Conversations under way, of all servers of this process: of root on this machine, and of everybody else. Strangers
/// who say nothing must not keep root from his own host.
static TALKING: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
/// A read that finds nothing for so long lets the conversation look at its clock.
const TICK: Duration = Duration::from_secs(5);

/// Whether the first bytes of a connection are those of `POST /cli`.
pub(crate) fn is_meant(begun: &[u8]) -> bool {
    begun.starts_with(MEANT)
}

/// Whether they may become so.
pub(crate) fn may_be_meant(begun: &[u8]) -> bool {
    begun.len() < MEANT.len() && MEANT.starts_with(begun)
}

/// Why there is no conversation.
enum Refused {
    Malformed,
    TooLong(StatusCode),
    TooSlow,
    Gone,
}

/// Reads the request and hands the connection over until the conversation is at its end.
pub(crate) async fn serve<S>(
    mut stream: S,
    begun: Bytes,
    watch: &Seen,
    service: Arc<Service>,
    peer: Peer,
    stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    watch.enter(Phase::Busy);
    if peer.only_by_tls {
        return refuse(&mut stream, StatusCode::FORBIDDEN, NOT_PLAIN, &peer).await;
    }
    let config = service.config();
    let deadline = Instant::now() + config.head_timeout + config.body_timeout;
    let read = timeout_at(deadline, read(&mut stream, begun, config));
    let (status, why) = match read.await.unwrap_or(Err(Refused::TooSlow)) {
        Ok((headers, arguments)) => {
            return talk(stream, headers, arguments, &service, &peer, stopping).await;
        }
        Err(Refused::Gone) => return,
        Err(Refused::Malformed) => (StatusCode::BAD_REQUEST, "The request is not well formed."),
        Err(Refused::TooLong(status)) => (status, "The request is too long."),
        Err(Refused::TooSlow) => (StatusCode::REQUEST_TIMEOUT, "The request took too long."),
    };
    refuse(&mut stream, status, why, &peer).await;
}

async fn refuse<S: AsyncWrite + Unpin>(stream: &mut S, status: StatusCode, why: &str, peer: &Peer) {
    let page = raw_refusal(status, why);
    let said = timeout(Duration::from_secs(1), stream.write_all(&page)).await;
    debug!(peer = &*peer.name, ?said, "no conversation: {why}");
}

/// Head and body.
async fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    begun: Bytes,
    config: &Config,
) -> Result<(HeaderMap, Bytes), Refused> {
    let mut bytes = BytesMut::from(begun);
    let (headers, length) = loop {
        if let Some(found) = head(&bytes)? {
            break found;
        }
        if bytes.len() > config.head {
            return Err(Refused::TooLong(
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            ));
        }
        more(stream, &mut bytes).await?;
    };
    let body = match headers.get(CONTENT_LENGTH).map(HeaderValue::to_str) {
        Some(Ok(text)) => text
            .trim()
            .parse::<usize>()
            .map_err(|_| Refused::Malformed)?,
        _ => return Err(Refused::Malformed),
    };
    if body > config.cli_body {
        return Err(Refused::TooLong(StatusCode::INTERNAL_SERVER_ERROR));
    }
    while bytes.len() < length + body {
        more(stream, &mut bytes).await?;
    }
    // The client says nothing more before it was greeted.
    if bytes.len() > length + body {
        return Err(Refused::Malformed);
    }
    Ok((headers, bytes.split_off(length).freeze()))
}

async fn more<S: AsyncRead + Unpin>(stream: &mut S, bytes: &mut BytesMut) -> Result<(), Refused> {
    match stream.read_buf(bytes).await {
        Ok(0) | Err(_) => Err(Refused::Gone),
        Ok(_) => Ok(()),
    }
}

/// The headers and the length of the head, once it is complete.
fn head(bytes: &[u8]) -> Result<Option<(HeaderMap, usize)>, Refused> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(Refused::Malformed),
    };
    let mut map = HeaderMap::new();
    for header in request.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Refused::Malformed);
        };
        map.append(name, value);
    }
    Ok(Some((map, length)))
}

/// Has the handler talk, on a thread.
async fn talk<S>(
    mut stream: S,
    headers: HeaderMap,
    arguments: Bytes,
    service: &Arc<Service>,
    peer: &Peer,
    stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let Some(turn) = Turn::take(peer.local_root, service.config().cli_conversations) else {
        warn!(
            peer = &*peer.name,
            "too many command lines at once, one refused"
        );
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        return refuse(&mut stream, busy, "Too many command lines at once.", peer).await;
    };
    let origin = origin(peer, &headers);
    let handler = service.handler();
    let mut bridge = Bridge {
        stream,
        runtime: Handle::current(),
        stopping,
    };
    let patience = service.config().cli_timeout;
    let (over, ended) = oneshot::channel::<()>();
    let talking = std::thread::Builder::new()
        .name("cli".to_owned())
        .spawn(move || {
            let _turn = turn;
            handler.cli(&origin, &arguments, &mut bridge, patience);
            bridge.close();
            drop(over);
        });
    match talking {
        // Nothing is ever sent: the other end goes with the thread, also when that panics.
        Ok(_) => drop(ended.await),
        Err(why) => warn!(peer = &*peer.name, "no thread for a command line: {why}"),
    }
}

/// The right to one of so many conversations.
struct Turn(&'static AtomicUsize);

impl Turn {
    fn take(root: bool, most: usize) -> Option<Turn> {
        let talking = &TALKING[usize::from(root)];
        let taken = talking.fetch_add(1, Ordering::AcqRel);
        let turn = Turn(talking);
        (taken < most).then_some(turn)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A connection for plain code. It says that nothing came, or went, every few seconds: how long that may go on is for the
/// conversation to know. It ends with the server.
struct Bridge<S> {
    stream: S,
    runtime: Handle,
    stopping: watch::Receiver<bool>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Bridge<S> {
    fn close(&mut self) {
        let closed = async { timeout(TICK, self.stream.shutdown()).await };
        if let Ok(Err(why)) = self.runtime.block_on(closed) {
            debug!("a command line's connection was gone before it was closed: {why}");
        }
    }

    /// Does one thing with the stream, for at most a tick.
    fn wait<T>(&mut self, work: impl AsyncFnOnce(&mut S) -> io::Result<T>) -> io::Result<T> {
        let (stream, stopping) = (&mut self.stream, &mut self.stopping);
        self.runtime.block_on(async {
            tokio::select! {
                done = timeout(TICK, work(stream)) => {
                    done.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
                }
                // The server gone is the server stopping.
                _ = stopping.wait_for(|stopping| *stopping) => {
                    Err(io::ErrorKind::ConnectionAborted.into())
                }
            }
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> io::Read for Bridge<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.wait(async |stream| stream.read(buf).await)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> io::Write for Bridge<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.wait(async |stream| stream.write(buf).await)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.wait(async |stream| stream.flush().await)
    }
}
