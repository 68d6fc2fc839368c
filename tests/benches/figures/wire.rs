//! Whole classes over the wire, and how soon a commit reaches those who wait for it.

use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::watch;
use xapi::Answers;
use xapi_model::{Class, Value, Vif, Vm};
use xapi_server::{Listener, Server, UnixAccess};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use super::{Outcome, bare_hyper, exchange, measure, post, row};

/// A server over a simulated host, on a unix socket.
struct Stand {
    host: SimHost,
    socket: PathBuf,
    dir: tempfile::TempDir,
    _listener: Listener,
    _server: Server,
}

impl Stand {
    fn new() -> Outcome<Stand> {
        let host = SimHost::new(2);
        let dir = tempfile::tempdir()?;
        let handler = Arc::new(Answers(host.api().clone()));
        let config = xapi_server::Config {
            unix_connections: 4096,
            ..xapi_server::Config::default()
        };
        let server = Server::new(handler, config)?;
        let socket = dir.path().join("xapi");
        let listener = server.listen_unix(&socket, UnixAccess::default())?;
        Ok(Stand {
            host,
            socket,
            dir,
            _listener: listener,
            _server: server,
        })
    }

    fn add_vifs(&self, vifs: usize) -> Outcome<()> {
        let network = self.host.network("xenbr0");
        self.host.core().store.change(|draft| {
            let vm = draft.insert(Vm::blank())?;
            for n in 0..vifs {
                draft.insert(Vif {
                    device: n.to_string(),
                    mac: format!("02:00:00:00:{:02x}:{:02x}", n / 256 % 256, n % 256),
                    mtu: 1500,
                    network: network.clone(),
                    vm: vm.clone(),
                    other_config: [("a".to_owned(), "b".to_owned())].into(),
                    ..Vif::blank()
                })?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

fn post_json(method: &str, params: &str) -> Vec<u8> {
    let body =
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":[{params}]}}");
    let length = body.len();
    format!("POST /jsonrpc HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// `VIF.get_all_records`, beside bare hyper sending the same bytes.
pub fn whole_classes() -> Outcome<()> {
    let stand = Stand::new()?;
    let mut there = 0;
    for vifs in [1_000, 10_000] {
        stand.add_vifs(vifs - there)?;
        there = vifs;
        let session = stand.host.session();
        let requests = [
            ("XML", post("VIF.get_all_records", &[Value::from(session)])),
            (
                "JSON",
                post_json("VIF.get_all_records", &format!("\"{session}\"")),
            ),
        ];
        for (encoding, request) in requests {
            let mut buffer = Vec::new();
            let mut stream = StdStream::connect(&stand.socket)?;
            exchange(&mut stream, &request, &mut buffer)?;
            let end = buffer
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .ok_or("no head")?;
            let bare = stand.dir.path().join(format!("bare-{encoding}-{vifs}"));
            bare_hyper(buffer[end + 4..].to_vec(), &bare)?;
            let mut bare = StdStream::connect(&bare)?;
            let rounds = 200_000 / vifs;
            let ours = measure(rounds, || exchange(&mut stream, &request, &mut buffer))?;
            let base = measure(rounds, || exchange(&mut bare, &request, &mut buffer))?;
            let size = buffer.len() as f64;
            let what = format!(
                "get_all_records of {vifs} VIFs, {encoding}, {:.0} MB/s, bare hyper",
                size / ours
            );
            row(&what, ours / 1e3, base / 1e3, "ms");
        }
    }
    Ok(())
}

/// What the codec reads and writes, beside dxr.
pub fn codec() -> Outcome<()> {
    let stand = Stand::new()?;
    stand.add_vifs(1_000)?;
    // dxr reads no dates that end in Z, and VIFs have none.
    let records = stand.host.call("VIF.get_all_records", vec![])?;
    let text = xapi_wire::xmlrpc::encode_success(&records);
    let theirs = dxr::MethodResponse::from_xml(&text)?;
    let size = text.len() as f64;
    let ours = measure(100, || {
        std::hint::black_box(xapi_wire::xmlrpc::decode_reply(
            text.as_bytes(),
            &xapi_wire::Limits::REPLY,
        )?);
        Ok(())
    })?;
    let base = measure(100, || {
        std::hint::black_box(dxr::MethodResponse::from_xml(&text)?);
        Ok(())
    })?;
    row(
        &format!("reading XML, {:.0} MB/s, dxr", size / ours),
        ours / 1e3,
        base / 1e3,
        "ms",
    );
    let ours = measure(100, || {
        std::hint::black_box(xapi_wire::xmlrpc::encode_success(&records));
        Ok(())
    })?;
    let base = measure(100, || {
        std::hint::black_box(theirs.to_xml()?);
        Ok(())
    })?;
    row(
        &format!("writing XML, {:.0} MB/s, dxr", size / ours),
        ours / 1e3,
        base / 1e3,
        "ms",
    );
    Ok(())
}

/// hyper with nothing behind it: everybody is answered with the same bytes when `told` changes.
fn bare_waiters(
    socket: &Path,
    body: Vec<u8>,
    told: watch::Receiver<u64>,
    waiting: watch::Sender<usize>,
) -> Outcome<()> {
    let body = Bytes::from(body);
    let (ready, is_ready) = std::sync::mpsc::channel();
    let socket = socket.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async move {
            let listener = tokio::net::UnixListener::bind(&socket).expect("a socket");
            ready.send(()).expect("somebody waits");
            while let Ok((stream, _)) = listener.accept().await {
                let (body, told, waiting) = (body.clone(), told.clone(), waiting.clone());
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let (body, mut told, waiting) = (body.clone(), told.clone(), waiting.clone());
                    async move {
                        request.into_body().collect().await?;
                        told.borrow_and_update();
                        waiting.send_modify(|waiting| *waiting += 1);
                        told.changed().await.expect("the bench goes on");
                        Ok::<_, hyper::Error>(Response::new(Full::new(body)))
                    }
                });
                let http = hyper::server::conn::http1::Builder::new();
                tokio::spawn(
                    async move { http.serve_connection(TokioIo::new(stream), service).await },
                );
            }
        });
    });
    is_ready.recv()?;
    Ok(())
}

/// Reads one answer and says when its end was there.
async fn answered(stream: &mut UnixStream, buffer: &mut Vec<u8>) -> Outcome<Instant> {
    buffer.clear();
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.ok_or("no length")?.trim().parse()?;
        if buffer.len() >= end + 4 + length {
            return Ok(Instant::now());
        }
    }
}

/// Times from `commit` to the last octet of each client's answer, sorted, in microseconds; one answer's bytes.
fn latencies(
    socket: &Path,
    waiters: usize,
    rounds: usize,
    request: &mut dyn FnMut(&str) -> Vec<u8>,
    waiting: &mut dyn FnMut(),
    commit: &mut dyn FnMut(),
) -> Outcome<(Vec<f64>, Vec<u8>)> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut streams = Vec::new();
    runtime.block_on(async {
        for _ in 0..waiters {
            streams.push((UnixStream::connect(socket).await?, Vec::with_capacity(8192)));
        }
        Ok::<_, std::io::Error>(())
    })?;
    let mut token = String::new();
    let mut times = Vec::new();
    for _ in 0..rounds {
        let ask = request(&token);
        runtime.block_on(async {
            for (stream, _) in &mut streams {
                stream.write_all(&ask).await?;
            }
            Ok::<_, std::io::Error>(())
        })?;
        waiting();
        commit();
        let began = Instant::now();
        let told = runtime.block_on(async {
            let answers = streams
                .iter_mut()
                .map(|(stream, buffer)| answered(stream, buffer));
            futures_util::future::join_all(answers).await
        });
        for at in told {
            times.push(at?.saturating_duration_since(began).as_secs_f64() * 1e6);
        }
        let answer = String::from_utf8_lossy(&streams[0].1).into_owned();
        if let Some((_, rest)) = answer.split_once("\"token\":\"") {
            token = rest.split('"').next().unwrap_or_default().to_owned();
        }
    }
    times.sort_by(f64::total_cmp);
    let body = streams.swap_remove(0).1;
    let end = body
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .ok_or("no head")?;
    Ok((times, body[end + 4..].to_vec()))
}

/// From the end of a commit until those who wait have the whole event, beside bare hyper that tells them the same.
pub fn events() -> Outcome<()> {
    let stand = Stand::new()?;
    let network = stand.host.network("xenbr0");
    let session = stand.host.session().to_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    for (waiters, rounds) in [(1, 500), (100, 50), (2_000, 10)] {
        let mut n = 0;
        // Where the round before ended.
        let first = stand.host.call(
            "event.from",
            vec![Value::Array(vec![]), Value::from(""), Value::Float(0.0)],
        )?;
        let first = first
            .member("token")
            .and_then(Value::as_str)
            .ok_or("no token")?
            .to_owned();
        let mut request = |token: &str| {
            let token = if token.is_empty() { &first } else { token };
            post_json(
                "event.from",
                &format!("\"{session}\",[\"network\"],\"{token}\",60.0"),
            )
        };
        let mut waiting = stand.host.core().waiting_for_events();
        let mut until = || {
            let reached = runtime.block_on(waiting.wait_for(|now| *now == waiters));
            drop(reached.expect("the server runs"));
        };
        let mut commit = || {
            n += 1;
            let label = Value::Str(format!("label {waiters} {n}"));
            stand
                .host
                .call("network.set_name_label", vec![text(&network), label])
                .expect("a label");
        };
        let (ours, body) = latencies(
            &stand.socket,
            waiters,
            rounds,
            &mut request,
            &mut until,
            &mut commit,
        )?;
        let (tell, told) = watch::channel(0u64);
        let bare = stand.dir.path().join(format!("waiters-{waiters}"));
        let waiting = watch::Sender::new(0);
        let mut waits = waiting.subscribe();
        bare_waiters(&bare, body, told, waiting.clone())?;
        let mut settle = || {
            let reached = runtime.block_on(waits.wait_for(|now| *now == waiters));
            drop(reached.expect("the server runs"));
            waiting.send_replace(0);
        };
        let mut send = || tell.send_modify(|n| *n += 1);
        let (base, _) = latencies(&bare, waiters, rounds, &mut request, &mut settle, &mut send)?;
        for (name, part) in [("median", 0.5), ("p99", 0.99)] {
            let at = |times: &[f64]| times[((times.len() - 1) as f64 * part) as usize];
            row(
                &format!("commit to client, {waiters} waiting, {name}, bare hyper"),
                at(&ours),
                at(&base),
                "us",
            );
        }
    }
    Ok(())
}

/// The memory of a daemon with 20,000 objects, while 2,000 clients wait.
pub fn memory(root: &Path) -> Outcome<()> {
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--objects")
        .arg(root)
        .arg("--waiters")
        .arg("2000")
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(
        child.stdout.take().ok_or("no output")?,
    ));
    let _first = lines.next().ok_or("no figures")??;
    let socket = root.join("socket");
    let mut stream = StdStream::connect(&socket)?;
    let mut buffer = Vec::new();
    let login = post(
        "session.login_with_password",
        &["root", "x"].map(Value::from),
    );
    exchange(&mut stream, &login, &mut buffer)?;
    let answer = String::from_utf8_lossy(&buffer).into_owned();
    let at = answer.find("OpaqueRef:").ok_or("no session")?;
    let session = &answer[at..at + 46];
    let ask = post_json(
        "event.from",
        &format!("\"{session}\",[\"task\"],\"{:020},{:020}\",60.0", 1, 0),
    );
    let mut streams = Vec::new();
    for _ in 0..2_000 {
        let mut stream = StdStream::connect(&socket)?;
        std::io::Write::write_all(&mut stream, &ask)?;
        streams.push(stream);
    }
    let rss = lines.next().ok_or("no figures")??;
    println!(
        "{:<58} {rss:>10}",
        "resident memory, 20,000 objects, 2,000 waiting"
    );
    drop(streams);
    child.wait()?;
    Ok(())
}
