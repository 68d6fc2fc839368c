//! Figures as ratios against a baseline measured in the same run: bare hyper for reads, raw rusqlite for writes, the
//! smallest OVSDB transaction for bonds. Nothing here fails because it is slow.

mod link;
mod pool;
mod scale;
mod wire;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use xapi::Answers;
use xapi_core::auth::OneUser;
use xapi_core::{Api, Config, Core, startup};
use xapi_db::{Options, Store};
use xapi_model::{Class, Network, Pif, Value, bond};
use xapi_net::names::Name;
use xapi_net::ovs::ovsdb;
use xapi_net::sim::{Handle, SimAgent};
use xapi_server::{Server, UnixAccess};
use xapi_tests::SimHost;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.iter().any(|word| word == "--inside") {
        return bonds_inside();
    }
    if let Some(at) = words.iter().position(|word| word == "--scale") {
        return scale::inside(&words[at + 1]);
    }
    if let Some(at) = words.iter().position(|word| word == "--objects") {
        let waiters = words.iter().position(|word| word == "--waiters");
        let waiters = waiters.map(|at| words[at + 1].parse()).transpose()?;
        return start_with_objects(Path::new(&words[at + 1]), waiters);
    }
    if words.iter().any(|word| word == "--one-core") {
        return reads();
    }
    println!(
        "{:<58} {:>10} {:>10} {:>7}",
        "what", "ours", "baseline", "ratio"
    );
    // One group alone, if its name is given: `cargo bench --bench figures -- events`.
    let wanted = |group: &str| {
        let groups = [
            "reads", "classes", "codec", "events", "writes", "objects", "link", "pool", "bonds",
            "scale",
        ];
        let named = words.iter().any(|word| groups.contains(&word.as_str()));
        !named || words.iter().any(|word| word == group)
    };
    if wanted("reads") {
        on_one_core()?;
    }
    if wanted("classes") {
        wire::whole_classes()?;
    }
    if wanted("codec") {
        wire::codec()?;
    }
    if wanted("events") {
        wire::events()?;
    }
    if wanted("writes") {
        writes()?;
    }
    if wanted("objects") {
        many_objects()?;
    }
    if wanted("link") {
        link::lines()?;
    }
    if wanted("pool") {
        pool::pools()?;
    }
    if wanted("bonds") {
        bonds()?;
    }
    if wanted("scale") {
        scale::scale()?;
    }
    Ok(())
}

fn row(what: &str, ours: f64, baseline: f64, unit: &str) {
    println!(
        "{what:<58} {ours:>8.1}{unit:<2} {baseline:>8.1}{unit:<2} {:>7.2}",
        ours / baseline
    );
}

/// The middle one of many measurements, in microseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn measure(rounds: usize, mut run: impl FnMut() -> Outcome<()>) -> Outcome<f64> {
    for _ in 0..rounds / 10 {
        run()?;
    }
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let began = Instant::now();
        run()?;
        times.push(began.elapsed());
    }
    Ok(median(times))
}

/// Sends a request and reads an answer, the whole of it.
fn exchange(stream: &mut (impl Read + Write), request: &[u8], buffer: &mut Vec<u8>) -> Outcome<()> {
    stream.write_all(request)?;
    buffer.clear();
    let mut chunk = [0u8; 64 * 1024];
    loop {
        let got = stream.read(&mut chunk)?;
        if got == 0 {
            return Err("the server closed the connection".into());
        }
        buffer.extend_from_slice(&chunk[..got]);
        if whole(buffer) {
            return Ok(());
        }
    }
}

/// Whether an answer is there from its head to its last octet.
fn whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return false;
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length = length.and_then(|length| length.trim().parse::<usize>().ok());
    length.is_some_and(|length| answer.len() >= end + 4 + length)
}

fn post(method: &str, params: &[Value]) -> Vec<u8> {
    let body = xapi_wire::xmlrpc::encode_request(method, params);
    let head = format!(
        "POST / HTTP/1.1\r\nhost: bench\r\ncontent-type: text/xml\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body.into_bytes()].concat()
}

/// hyper with nothing behind it, answering the same bytes to everything.
fn bare_hyper(body: Vec<u8>, unix: &Path) -> Outcome<std::net::SocketAddr> {
    let body = Bytes::from(body);
    let (tell, told) = std::sync::mpsc::channel();
    let unix = unix.to_owned();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(async move {
            let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
            let local = tokio::net::UnixListener::bind(&unix).expect("a socket");
            tell.send(tcp.local_addr()).expect("somebody waits");
            let service = move |request: Request<hyper::body::Incoming>| {
                let body = body.clone();
                async move {
                    request.into_body().collect().await?;
                    Ok::<_, hyper::Error>(Response::builder().header("content-type", "text/xml").body(Full::new(body)).expect("a response"))
                }
            };
            loop {
                let service = service.clone();
                let http = hyper::server::conn::http1::Builder::new();
                tokio::select! {
                    Ok((stream, _)) = tcp.accept() => {
                        stream.set_nodelay(true).expect("no delay");
                        tokio::spawn(async move { http.serve_connection(TokioIo::new(stream), service_fn(service)).await });
                    }
                    Ok((stream, _)) = local.accept() => {
                        tokio::spawn(async move { http.serve_connection(TokioIo::new(stream), service_fn(service)).await });
                    }
                }
            }
        });
    });
    Ok(told.recv()??)
}

/// Reads are measured with client and servers on one core. On two, what is measured is where the scheduler puts which
/// thread: an exchange takes 20 microseconds when the answer is made on the core that waits for it and 90 when the other
/// one has to be woken, whoever answers.
fn on_one_core() -> Outcome<()> {
    let exe = std::env::current_exe()?;
    let done = Command::new("taskset")
        .args(["-c", "0"])
        .arg(exe)
        .args(["--bench", "--one-core"])
        .status()?;
    match done.success() {
        true => Ok(()),
        false => Err(format!("reads on one core: {done}").into()),
    }
}

fn reads() -> Outcome<()> {
    let host = SimHost::new(6);
    let dir = tempfile::tempdir()?;
    let server = Server::new(
        Arc::new(Answers(host.api().clone())),
        xapi_server::Config::default(),
    )?;
    let socket = dir.path().join("xapi");
    let _unix = server.listen_unix(&socket, UnixAccess::default())?;
    let tcp = server.listen_tcp("127.0.0.1:0".parse()?)?;
    let session = Value::from(host.session());
    let pif = Value::from(host.pif("eth0").as_str());
    for (what, method) in [
        ("one field", "PIF.get_device"),
        ("one record", "PIF.get_record"),
    ] {
        let request = post(method, &[session.clone(), pif.clone()]);
        let mut buffer = Vec::new();
        exchange(&mut UnixStream::connect(&socket)?, &request, &mut buffer)?;
        let end = buffer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .ok_or("no head")?;
        let bare = dir.path().join(format!("bare-{method}"));
        let bare_tcp = bare_hyper(buffer[end + 4..].to_vec(), &bare)?;
        let mut ours = UnixStream::connect(&socket)?;
        let mut base = UnixStream::connect(&bare)?;
        let (ours, base) = in_turn(&mut ours, &mut base, &request)?;
        row(
            &format!("{what}, unix socket, bare hyper"),
            ours,
            base,
            "us",
        );
        let address = tcp.address().ok_or("no address")?;
        let mut ours = connect(address)?;
        let mut base = connect(bare_tcp)?;
        let (ours, base) = in_turn(&mut ours, &mut base, &request)?;
        row(
            &format!("{what}, TCP kept open, bare hyper"),
            ours,
            base,
            "us",
        );
        let rate = |address| calls_per_second(address, &request);
        let (ours, base) = (rate(address)?, rate(bare_tcp)?);
        println!(
            "{:<58} {ours:>8.0}/s {base:>8.0}/s {:>7.2}",
            format!("{what}, calls of {CALLERS} clients at once, bare hyper"),
            ours / base
        );
    }
    Ok(())
}

/// Clients that call at once where a rate is measured.
const CALLERS: usize = 8;

fn connect(address: std::net::SocketAddr) -> Outcome<std::net::TcpStream> {
    let stream = std::net::TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The median of an exchange with each of two servers, in microseconds. They take turns, so that what else the machine
/// does and where the scheduler puts a thread meets both.
fn in_turn<S: Read + Write>(ours: &mut S, base: &mut S, request: &[u8]) -> Outcome<(f64, f64)> {
    let mut buffer = Vec::new();
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..100 {
        for (stream, times) in [&mut *ours, &mut *base].into_iter().zip(&mut times) {
            for _ in 0..10 {
                exchange(stream, request, &mut buffer)?;
            }
            for _ in 0..100 {
                let began = Instant::now();
                exchange(stream, request, &mut buffer)?;
                times.push(began.elapsed());
            }
        }
    }
    let [ours, base] = times.map(median);
    Ok((ours, base))
}

/// How many calls a second a server answers that is asked by several clients.
fn calls_per_second(address: std::net::SocketAddr, request: &[u8]) -> Outcome<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    const CALLS: usize = 4000;
    runtime.block_on(async {
        let mut clients = tokio::task::JoinSet::new();
        let began = Instant::now();
        for _ in 0..CALLERS {
            let request = request.to_vec();
            clients.spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut stream = tokio::net::TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut length = None;
                let mut answer = Vec::new();
                for _ in 0..CALLS {
                    stream.write_all(&request).await?;
                    answer.clear();
                    // All answers have one length.
                    while length.is_none_or(|length| answer.len() < length) {
                        if stream.read_buf(&mut answer).await? == 0 {
                            return Err(std::io::ErrorKind::UnexpectedEof.into());
                        }
                        if length.is_none() && whole(&answer) {
                            length = Some(answer.len());
                        }
                    }
                }
                Ok::<_, std::io::Error>(())
            });
        }
        while let Some(done) = clients.join_next().await {
            done??;
        }
        Ok((CALLERS * CALLS) as f64 / began.elapsed().as_secs_f64())
    })
}

fn writes() -> Outcome<()> {
    let nics = ["eth0", "eth1"]
        .into_iter()
        .filter_map(|nic| Name::new(nic).ok());
    let host = SimHost::on_disk(Handle::new(nics));
    let network = Value::from(host.network("xenbr0").as_str());
    let mut n = 0;
    let ours = measure(1000, || {
        n += 1;
        let label = Value::from(format!("label {n}"));
        host.call("network.set_name_label", vec![network.clone(), label])?;
        Ok(())
    })?;
    let dir = tempfile::tempdir()?;
    let raw = rusqlite::Connection::open(dir.path().join("raw.db"))?;
    raw.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE network (ref TEXT PRIMARY KEY, name_label TEXT, modified INTEGER);
         INSERT INTO network VALUES ('OpaqueRef:1', '', 0);",
    )?;
    let mut n = 0i64;
    let base = measure(1000, || {
        n += 1;
        let mut update = raw.prepare_cached(
            "UPDATE network SET name_label = ?1, modified = ?2 WHERE ref = 'OpaqueRef:1'",
        )?;
        update.execute(rusqlite::params![format!("label {n}"), n])?;
        Ok(())
    })?;
    row(
        "a durable set_name_label, raw rusqlite commit",
        ours,
        base,
        "us",
    );
    Ok(())
}

/// In a process of its own: opens a database with 20,000 objects and tells when the first answer was there.
fn start_with_objects(root: &Path, waiters: Option<usize>) -> Outcome<()> {
    let began = Instant::now();
    let config = Config {
        root: root.to_owned(),
        ..Config::default()
    };
    let store = Store::open(&config.database(), Options::default())?;
    let agent = Arc::new(SimAgent::new([]));
    let core = Arc::new(Core::new(
        config,
        store,
        agent,
        Arc::new(OneUser::new("root", "x")),
        Arc::new(SystemTime::now),
    ));
    startup::run(&core)?;
    let mut waiting = core.waiting_for_events();
    let config = xapi_server::Config {
        unix_connections: 4096,
        ..xapi_server::Config::default()
    };
    let server = Server::new(Arc::new(Answers(Api::new(core))), config)?;
    let socket = root.join("socket");
    let _listener = server.listen_unix(&socket, UnixAccess::default())?;
    let login = post(
        "session.login_with_password",
        &["root", "x"].map(Value::from),
    );
    exchange(&mut UnixStream::connect(&socket)?, &login, &mut Vec::new())?;
    let first = began.elapsed();
    println!("{} {}", first.as_secs_f64() * 1e3, resident()?);
    if let Some(waiters) = waiters {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let reached = runtime.block_on(waiting.wait_for(|now| *now == waiters));
        drop(reached?);
        println!("{}", resident()?);
    }
    Ok(())
}

/// The memory that this process has.
fn resident() -> Outcome<String> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    Ok(line.unwrap_or("?").trim().to_owned())
}

fn many_objects() -> Outcome<()> {
    let run = |root: &Path| -> Outcome<(f64, String)> {
        let out = Command::new(std::env::current_exe()?)
            .arg("--objects")
            .arg(root)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(out.stdout)?;
        let (time, rss) = text.trim().split_once(' ').ok_or("no figures")?;
        Ok((time.parse()?, rss.to_owned()))
    };
    let empty = tempfile::tempdir()?;
    std::fs::create_dir_all(empty.path().join("var/lib/xcp"))?;
    run(empty.path())?;
    let full = tempfile::tempdir()?;
    std::fs::create_dir_all(full.path().join("var/lib/xcp"))?;
    run(full.path())?;
    let config = Config {
        root: full.path().to_owned(),
        ..Config::default()
    };
    let store = Store::open(&config.database(), Options::default())?;
    let objects = store.change(|draft| {
        for n in 0..10_000 {
            let bridge = format!("b{n}");
            draft.insert(Network {
                name_label: bridge.clone(),
                bridge,
                ..Network::blank()
            })?;
            draft.insert(xapi_model::Vm {
                name_label: format!("vm {n}"),
                ..xapi_model::Vm::blank()
            })?;
        }
        Ok(20_000)
    })?;
    drop(store);
    let ((with, rss), (without, bare)) = (run(full.path())?, run(empty.path())?);
    row(
        &format!("start to first answer, {objects} objects, none"),
        with,
        without,
        "ms",
    );
    println!(
        "{:<58} {rss:>10} {bare:>10}",
        "resident memory then, without them"
    );
    wire::memory(full.path())
}

/// Brings a lab up and runs the rest inside its host.
fn bonds() -> Outcome<()> {
    let lab = xapi_tests::lab::program();
    let name = format!("bench-{}", std::process::id());
    let run = |words: &[&str]| -> Outcome<()> {
        let status = Command::new(&lab)
            .args(words)
            .args(["--name", &name])
            .stdout(Stdio::null())
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(format!("xapi-lab {words:?}: {status}").into())
        }
    };
    run(&["up", "--nics", "4"])?;
    let inside = Command::new(&lab)
        .args(["exec", "--name", &name, "xs-1", "--"])
        .arg(std::env::current_exe()?)
        .arg("--inside")
        .status();
    run(&["down"])?;
    if inside?.success() {
        Ok(())
    } else {
        Err("the part inside the lab failed".into())
    }
}

/// A bridge over NICs as the rows of one transaction, with nothing that could be left out.
fn bare_bridge(name: &str, nics: &[&str]) -> Vec<serde_json::Value> {
    let interface = |uuid: String, name: &str, kind: &str| json!({"op": "insert", "table": "Interface", "uuid-name": uuid, "row": {"name": name, "type": kind}});
    let named = |of: &str, count: usize| -> serde_json::Value {
        json!([
            "set",
            (0..count)
                .map(|n| json!(["named-uuid", format!("{of}{name}{n}")]))
                .collect::<Vec<_>>()
        ])
    };
    let mut ops = vec![interface(format!("l{name}"), name, "internal")];
    for (at, nic) in nics.iter().enumerate() {
        ops.push(interface(format!("i{name}{at}"), nic, ""));
    }
    let port = match nics {
        [nic] => json!({"name": nic, "interfaces": named("i", 1)}),
        _ => {
            json!({"name": format!("bond{name}"), "interfaces": named("i", nics.len()), "bond_mode": "active-backup"})
        }
    };
    ops.push(
        json!({"op": "insert", "table": "Port", "uuid-name": format!("p{name}0"),
        "row": {"name": name, "interfaces": ["named-uuid", format!("l{name}")]}}),
    );
    ops.push(
        json!({"op": "insert", "table": "Port", "uuid-name": format!("p{name}1"), "row": port}),
    );
    ops.push(
        json!({"op": "insert", "table": "Bridge", "uuid-name": format!("b{name}"),
        "row": {"name": name, "datapath_type": "netdev", "ports": named("p", 2)}}),
    );
    ops.push(json!({"op": "mutate", "table": "Open_vSwitch", "where": [],
        "mutations": [["bridges", "insert", ["named-uuid", format!("b{name}")]]]}));
    ops
}

/// The smallest transactions that lead from two NICs with a bridge each to a bond of both, and back; with the time
/// that ovs-vswitchd takes for it, as ours has.
fn bare_bond(client: &mut ovsdb::Client) -> Outcome<(f64, f64)> {
    let mut step = |gone: &[&str], ops: Vec<serde_json::Value>| -> Outcome<f64> {
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut all = Vec::new();
        for name in gone {
            let find = json!({"op": "select", "table": "Bridge", "where": [["name", "==", name]], "columns": ["_uuid"]});
            let uuid = client.transact(vec![find], deadline)?[0]["rows"][0]["_uuid"].clone();
            all.push(json!({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["bridges", "delete", uuid]]}));
        }
        all.extend(ops);
        let began = Instant::now();
        client.transact(all, deadline)?;
        client.nudge(deadline)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    };
    let apart = || {
        [
            bare_bridge("bare1", &["eth1"]),
            bare_bridge("bare2", &["eth2"]),
        ]
        .concat()
    };
    step(&[], apart())?;
    let made = step(&["bare1", "bare2"], bare_bridge("bare", &["eth1", "eth2"]))?;
    let gone = step(&["bare"], apart())?;
    step(&["bare1", "bare2"], Vec::new())?;
    Ok((made, gone))
}

fn bonds_inside() -> Outcome<()> {
    let client = xapi_client::Client::unix("/var/lib/xcp/xapi");
    let session = xapi_client::Session::login(client, "root", "", "bench")?;
    let pifs = session.records::<Pif>()?;
    let pif = |device: &str| {
        pifs.iter()
            .find(|(_, pif)| pif.device == device)
            .map(|(reference, _)| reference.clone())
    };
    let pif = |device: &str| pif(device).ok_or_else(|| format!("no {device}"));
    let network = |label: &str| -> Outcome<xapi_model::Ref<Network>> {
        let record = Network {
            name_label: label.to_owned(),
            mtu: 1500,
            managed: true,
            ..Network::blank()
        };
        let record = xapi_model::Wire::to_value(&record);
        let made = session.call("network.create", vec![record])?;
        Ok(xapi_model::Ref::new(made.as_str().unwrap_or_default()))
    };
    let bond = |what: &str, devices: [&str; 2]| -> Outcome<(f64, f64)> {
        let network = network(what)?;
        let (mut made, mut gone) = (Vec::new(), Vec::new());
        for _ in 0..11 {
            let create = bond::Create {
                network: network.clone(),
                members: vec![pif(devices[0])?, pif(devices[1])?],
                mac: String::new(),
                mode: xapi_model::BondMode::ActiveBackup,
                properties: Default::default(),
            };
            let began = Instant::now();
            let this = session.invoke(&create)?;
            made.push(began.elapsed());
            let began = Instant::now();
            session.invoke(&bond::Destroy { this })?;
            gone.push(began.elapsed());
        }
        Ok((median(made) / 1e3, median(gone) / 1e3))
    };
    let plain = bond("plain", ["eth1", "eth2"])?;
    let management = bond("management", ["eth0", "eth3"])?;
    for device in ["eth1", "eth2"] {
        session.call("PIF.unplug", vec![Value::from(pif(device)?.as_str())])?;
    }
    let mut client = ovsdb::Client::new("/run/openvswitch/db.sock");
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    for _ in 0..11 {
        let (create, destroy) = bare_bond(&mut client)?;
        made.push(Duration::from_secs_f64(create / 1e3));
        gone.push(Duration::from_secs_f64(destroy / 1e3));
    }
    let (made, gone) = (median(made) / 1e3, median(gone) / 1e3);
    row(
        "Bond.create of two NICs, smallest OVSDB transaction",
        plain.0,
        made,
        "ms",
    );
    row(
        "Bond.destroy of two NICs, smallest OVSDB transaction",
        plain.1,
        gone,
        "ms",
    );
    row(
        "Bond.create over management, smallest OVSDB transaction",
        management.0,
        made,
        "ms",
    );
    row(
        "Bond.destroy over management, smallest OVSDB transaction",
        management.1,
        gone,
        "ms",
    );
    session.logout()?;
    Ok(())
}
