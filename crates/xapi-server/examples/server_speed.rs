//! Requests a second beside bare hyper that answers the same bytes: `cargo run --release -p xapi-server --example
//! server_speed`.
//!
//! Clients and servers share the machine, so that only the ratios within one run mean something; each pair is measured
//! in turns.

use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use xapi_model::{ApiError, Value};
use xapi_server::{Config, Handler, Origin, Server, UnixAccess};
use xapi_wire::xmlrpc;

const ROUNDS: u32 = 5;
const ROUND: Duration = Duration::from_millis(400);

/// Answers at once, on a worker or where the request was read.
struct Trivial {
    quick: bool,
}

impl Handler for Trivial {
    fn call(&self, _: &Origin, _: &str, _: Vec<Value>) -> Result<Value, ApiError> {
        Ok(Value::Int(1500))
    }

    fn quick(&self, _: &str) -> bool {
        self.quick
    }
}

fn main() {
    let directory = tempfile::tempdir().expect("a directory for sockets");
    let bare = bare(directory.path());
    let (_inline, inline) = ours(directory.path(), true);
    let (_pooled, pooled) = ours(directory.path(), false);
    for connections in [1, 16] {
        for (kind, at) in [("unix", 0), ("tcp", 1)] {
            let targets = [&bare[at], &inline[at], &pooled[at]];
            let mut best = [0_u64; 3];
            for _ in 0..ROUNDS {
                for (best, target) in best.iter_mut().zip(targets) {
                    *best = (*best).max(measure(target, connections));
                }
            }
            let [bare, inline, pooled] = best;
            let ratio = |ours: u64| ours as f64 / bare as f64;
            println!(
                "{kind:>4}, {connections:>2} connections: bare hyper {bare:>6}/s, a quick call {inline:>6}/s ({:.2}), \
                 a call on a worker {pooled:>6}/s ({:.2})",
                ratio(inline),
                ratio(pooled)
            );
        }
    }
}

#[derive(Clone)]
enum Target {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

fn ours(directory: &Path, quick: bool) -> (Box<dyn Send>, [Target; 2]) {
    let path = directory.join(format!("ours-{quick}"));
    let server = Server::new(Arc::new(Trivial { quick }), Config::default()).expect("threads");
    let unix = server
        .listen_unix(&path, UnixAccess::default())
        .expect("a unix socket");
    let tcp = server
        .listen_tcp(([127, 0, 0, 1], 0).into())
        .expect("a port");
    let targets = [
        Target::Unix(path),
        Target::Tcp(tcp.address().expect("TCP has an address")),
    ];
    (Box::new((server, unix, tcp)), targets)
}

/// hyper that reads the body and answers what our server would.
fn bare(directory: &Path) -> [Target; 2] {
    let path = directory.join("bare");
    let unix = std::os::unix::net::UnixListener::bind(&path).expect("a unix socket");
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = tcp.local_addr().expect("TCP has an address");
    for blocking in [unix.set_nonblocking(true), tcp.set_nonblocking(true)] {
        blocking.expect("sockets that do not block");
    }
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("threads");
        runtime.block_on(async {
            let unix = UnixListener::from_std(unix).expect("a listener");
            let tcp = TcpListener::from_std(tcp).expect("a listener");
            loop {
                tokio::select! {
                    Ok((stream, _)) = unix.accept() => serve_bare(stream),
                    Ok((stream, _)) = tcp.accept() => {
                        stream.set_nodelay(true).expect("no delay");
                        serve_bare(stream);
                    }
                    else => return,
                }
            }
        });
    });
    [Target::Unix(path), Target::Tcp(address)]
}

fn serve_bare(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let body = Bytes::from(xmlrpc::encode_success(&Value::Int(1500)));
    let answers = service_fn(move |request: Request<Incoming>| {
        let body = body.clone();
        async move {
            request.into_body().collect().await.ok();
            let mut response = Response::new(Full::new(body));
            let headers = response.headers_mut();
            headers.insert("connection", HeaderValue::from_static("keep-alive"));
            headers.insert(
                "cache-control",
                HeaderValue::from_static("no-cache, no-store"),
            );
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
            headers.insert("access-control-allow-origin", HeaderValue::from_static("*"));
            headers.insert(
                "access-control-allow-headers",
                HeaderValue::from_static("X-Requested-With"),
            );
            Ok::<_, Infallible>(response)
        }
    });
    tokio::spawn(async move {
        let ended = http1::Builder::new()
            .header_read_timeout(None)
            .auto_date_header(false)
            .serve_connection(TokioIo::new(stream), answers)
            .await;
        ended.ok();
    });
}

/// Requests that are answered in a second.
fn measure(target: &Target, connections: usize) -> u64 {
    let done = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let begin = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| match target {
                Target::Unix(path) => {
                    ask(UnixStream::connect(path).expect("a server"), &stop, &done)
                }
                Target::Tcp(address) => {
                    let stream = TcpStream::connect(address).expect("a server");
                    stream.set_nodelay(true).expect("no delay");
                    ask(stream, &stop, &done);
                }
            });
        }
        std::thread::sleep(ROUND);
        stop.store(true, Ordering::Relaxed);
    });
    (done.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64()) as u64
}

fn ask(mut stream: impl Read + Write, stop: &AtomicBool, done: &AtomicU64) {
    let reference = Value::from("OpaqueRef:8b2b1cf2-2f0e-4c40-8e8c-6ba4b1d1f3aa");
    let call = xmlrpc::encode_request("PIF.get_MTU", &[reference.clone(), reference]);
    let request = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{call}",
        call.len()
    );
    let mut answer = [0; 4096];
    while !stop.load(Ordering::Relaxed) {
        stream
            .write_all(request.as_bytes())
            .expect("a server that reads");
        let mut length = 0;
        while !answer[..length].ends_with(b"</methodResponse>") {
            let more = stream
                .read(&mut answer[length..])
                .expect("a server that writes");
            assert!(more > 0, "the server closed the connection");
            length += more;
        }
        done.fetch_add(1, Ordering::Relaxed);
    }
}
