//! The life of one connection: served until the client, a deadline or the server's end closes it.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;
use tracing::debug;

use crate::cli;
use crate::page::raw_refusal;
use crate::service::{Peer, Service};
use crate::watch::{Phase, Seat, Watch};

/// What hyper may buffer of a connection beside the head of a request.
const BUFFER: usize = 64 * 1024;
/// The first read of a connection takes at most this.
const BEGINNING: usize = 4 * 1024;
/// How long a client that was too slow may take for being told so.
const FAREWELL: Duration = Duration::from_millis(200);

/// What a connection turned out to be.
pub(crate) enum Opened<S> {
    /// Requests come on it.
    Http(S),
    /// The line of another host, to be carried to its end.
    Line(Pin<Box<dyn Future<Output = ()> + Send>>),
}

/// Opens a connection, with as much time as the head of a request may take, and serves it until its end.
pub(crate) async fn open<S>(
    opening: impl Future<Output = io::Result<Opened<S>>>,
    seat: Seat,
    service: Arc<Service>,
    peer: Peer,
    stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let opened = tokio::select! {
        biased;
        opened = timeout(service.config().head_timeout, opening) => opened,
        () = stopped(stopping.clone()) => return,
    };
    match opened {
        Ok(Ok(Opened::Line(line))) => {
            drop(seat);
            tokio::select! {
                () = line => {}
                () = stopped(stopping) => {}
            }
        }
        Ok(Ok(Opened::Http(stream))) => {
            seat.watch.enter(Phase::Fresh);
            serve(stream, seat, service, peer, stopping).await;
        }
        Ok(Err(why)) => debug!(peer = &*peer.name, "no connection: {why}"),
        Err(_) => debug!(
            peer = &*peer.name,
            "no connection: the handshake took too long"
        ),
    }
}

/// Resolves when the server stops.
pub(crate) async fn stopped(mut stopping: watch::Receiver<bool>) {
    // The server gone is the server stopping.
    stopping.wait_for(|stopping| *stopping).await.ok();
}

/// Serves one connection until its end.
async fn serve<S>(
    stream: S,
    seat: Seat,
    service: Arc<Service>,
    peer: Peer,
    mut stopping: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let watch = Arc::clone(&seat.watch);
    let mut stream = stream;
    let begun = match beginning(&mut stream, &watch, stopping.clone()).await {
        Beginning::Over => return,
        Beginning::TooSlow => return farewell(stream, &peer).await,
        Beginning::Bytes(bytes) => bytes,
    };
    if cli::is_meant(&begun) {
        return cli::serve(stream, begun, &watch, service, peer, stopping).await;
    }
    let io = Watched {
        begun,
        stream: TokioIo::new(stream),
        watch: Arc::clone(&watch),
    };
    let peer = Arc::new(peer);
    let answers = service_fn(|request: hyper::Request<Incoming>| {
        let service = Arc::clone(&service);
        let watch = Arc::clone(&watch);
        let peer = Arc::clone(&peer);
        async move {
            watch.enter(Phase::Busy);
            let page = service.answer(&peer, request).await;
            watch.enter(Phase::Idle);
            Ok::<_, Infallible>(page)
        }
    });
    let head = service.config().head;
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(head)
        .max_buf_size(BUFFER.max(head))
        .auto_date_header(false)
        .serve_connection(io, answers);
    let mut leaving = *stopping.borrow();
    if leaving {
        Pin::new(&mut connection).graceful_shutdown();
    }
    loop {
        tokio::select! {
            biased;
            ended = &mut connection => {
                if let Err(why) = ended {
                    debug!(peer = &*peer.name, "connection ended: {why}");
                }
                return;
            }
            // It may have gone on in the meantime.
            () = watch.expired.notified() => if watch.is_over() { break },
            changed = stopping.changed(), if !leaving => {
                // The server gone is the server stopping.
                leaving = changed.is_err() || *stopping.borrow();
                if leaving {
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        }
    }
    debug!(peer = &*peer.name, phase = ?watch.phase(), "connection cut off");
    if watch.phase() == Phase::Head {
        let stream = connection.into_parts().io.stream.into_inner();
        farewell(stream, &peer).await;
    }
}

/// Tells a client that it was too slow.
async fn farewell<S: AsyncWrite + Unpin>(mut stream: S, peer: &Peer) {
    let page = raw_refusal(StatusCode::REQUEST_TIMEOUT, "The request took too long.");
    if let Ok(Err(why)) = timeout(FAREWELL, stream.write_all(&page)).await {
        debug!(
            peer = &*peer.name,
            "could not say that the request took too long: {why}"
        );
    }
}

/// What came first on a connection.
enum Beginning {
    /// Enough to tell what is meant.
    Bytes(Bytes),
    TooSlow,
    /// The client or the server left.
    Over,
}

/// Reads as much as it takes to tell whether the connection speaks HTTP.
async fn beginning<S: AsyncRead + Unpin>(
    stream: &mut S,
    watch: &Watch,
    mut stopping: watch::Receiver<bool>,
) -> Beginning {
    let mut bytes = BytesMut::with_capacity(BEGINNING);
    loop {
        tokio::select! {
            biased;
            read = stream.read_buf(&mut bytes) => match read {
                Ok(0) | Err(_) => return Beginning::Over,
                Ok(_) => {}
            },
            () = watch.expired.notified() => if watch.is_over() {
                return if bytes.is_empty() { Beginning::Over } else { Beginning::TooSlow };
            },
            // The server gone is the server stopping.
            _ = stopping.wait_for(|stopping| *stopping) => return Beginning::Over,
        }
        watch.has_read();
        if !cli::may_be_meant(&bytes) {
            return Beginning::Bytes(bytes.freeze());
        }
    }
}

/// A stream that tells the watch what it does.
struct Watched<S> {
    /// What was read to see what is meant.
    begun: Bytes,
    stream: TokioIo<S>,
    watch: Arc<Watch>,
}

impl<S: AsyncRead + Unpin> Read for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        if !self.begun.is_empty() {
            let len = self.begun.len().min(buf.remaining());
            buf.put_slice(&self.begun.split_to(len));
            self.watch.has_read();
            return Poll::Ready(Ok(()));
        }
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buf));
        self.watch.has_read();
        Poll::Ready(read)
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    fn note<T>(&self, written: Poll<T>) -> Poll<T> {
        match written {
            Poll::Ready(_) => self.watch.has_written(),
            Poll::Pending => self.watch.is_stuck(),
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> Write for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        // TLS takes an answer into its own buffer, so that a client that takes nothing shows here.
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.note(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
