//! The line between a slave and its master, over TLS on loopback: beside bare TCP, and a commit beside one that goes
//! nowhere.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use xapi_db::{Commit, DbError, Edit, Options, Position, Since, Store};
use xapi_link::{Dial, Entrance, Gate, Handler, Hello, Limits, Line, Myself, Refusal, Secret};
use xapi_model::{Class, Network, Vif};
use xapi_server::Server;
use xapi_tls::{Identity, SelfSigned, TlsIdentity};

use super::{Outcome, measure, row};

const WITHIN: Duration = Duration::from_secs(60);

/// Rows of the copy.
const ROWS: usize = 20_000;

/// What a replica is told.
type Told = (Position, Commit);

/// A replica that applies what it is told, and says so.
struct Follower {
    store: Store,
    done: Mutex<Sender<Result<Position, DbError>>>,
}

impl Handler for Follower {
    fn asked(&self, _: &Line, body: Vec<u8>) -> Vec<u8> {
        body
    }

    fn told(&self, line: &Line, body: Vec<u8>) {
        match serde_json::from_slice::<Told>(&body) {
            Ok((from, commit)) => {
                let done = self.store.replay_from(from, &commit);
                let told = self.done.lock().map(|sender| sender.send(done));
                if !matches!(told, Ok(Ok(()))) {
                    line.close("nobody listens");
                }
            }
            Err(why) => line.close(&why.to_string()),
        }
    }

    fn closed(&self, _: &Line, _: &str) {}
}

/// Lets in whoever comes.
struct Anybody(Arc<Follower>, Mutex<Sender<Line>>, Arc<Identity>);

impl Gate for Anybody {
    fn secrets(&self) -> Vec<Secret> {
        vec![Secret::new("secret")]
    }

    fn myself(&self) -> Myself {
        Myself::default()
    }

    fn identity(&self) -> Result<Arc<Identity>, String> {
        Ok(Arc::clone(&self.2))
    }

    fn admit(&self, _: &Hello, _: &str) -> Result<Arc<dyn Handler>, Refusal> {
        Ok(Arc::clone(&self.0) as _)
    }

    fn opened(&self, line: Line) {
        let told = self.1.lock().map(|sender| sender.send(line.clone()));
        if !matches!(told, Ok(Ok(()))) {
            line.close("nobody listens");
        }
    }
}

fn identity() -> Outcome<Arc<Identity>> {
    let wanted = SelfSigned {
        common_name: "host".to_owned(),
        from: 1_700_000_000,
        days: 3650,
        ..SelfSigned::default()
    };
    Ok(Arc::new(wanted.make()?))
}

/// What answers with what it gets, without any protocol.
fn bare_echo() -> Outcome<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let stream = TcpStream::connect(listener.local_addr()?)?;
    let (mut other, _) = listener.accept()?;
    for stream in [&stream, &other] {
        stream.set_nodelay(true)?;
    }
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = other.read(&mut buffer) {
            if other.write_all(&buffer[..count]).is_err() {
                return;
            }
        }
    });
    Ok(stream)
}

pub(crate) fn lines() -> Outcome<()> {
    let replica = Store::temporary(Options::default())?;
    let (done, follows) = channel();
    let follower = Arc::new(Follower {
        store: replica.clone(),
        done: Mutex::new(done),
    });
    let (opened, opens) = channel();
    let gate = Anybody(Arc::clone(&follower), Mutex::new(opened), identity()?);
    let host = xapi_tests::SimHost::new(2);
    let handler = Arc::new(xapi::Answers(host.api().clone()));
    let server = Server::new(handler, xapi_server::Config::default())?;
    let shown = Arc::new(TlsIdentity::default());
    shown.show(identity()?);
    let listener = server.listen_tls("127.0.0.1:0".parse()?, shown)?;
    let entrance = Entrance::new(Arc::new(gate), Limits::default());
    server.take_lines(Some(Arc::new(entrance)));
    let port = listener.address().ok_or("no address")?.port();
    let dial = Dial {
        address: "127.0.0.1".to_owned(),
        port,
        identity: identity()?,
        secrets: vec![Secret::new("secret")],
        hello: Hello::default(),
        fingerprints: None,
        within: WITHIN,
        limits: Limits::default(),
    };
    let line = dial.connect(follower)?;
    opens.recv_timeout(WITHIN)?;

    let mut bare = bare_echo()?;
    let small = vec![7; 64];
    let ask = |body: &[u8]| -> Outcome<()> {
        let answer = line.ask(body.to_vec(), WITHIN)?;
        match answer.len() == body.len() {
            true => Ok(()),
            false => Err("another answer".into()),
        }
    };
    let ours = measure(2000, || ask(&small))?;
    let mut buffer = vec![0; 64];
    let baseline = measure(2000, || {
        bare.write_all(&small)?;
        Ok(bare.read_exact(&mut buffer)?)
    })?;
    row(
        "link: a question of 64 octets; bare TCP",
        ours,
        baseline,
        "us",
    );

    let large = vec![7; 32 << 20];
    let ours = measure(5, || ask(&large))?;
    let rate = |micros: f64| 2.0 * large.len() as f64 / micros;
    println!("link: 32 MiB there and back: {:.0} MB/s", rate(ours));
    let connect = measure(20, || {
        dial.connect(Arc::new(Deaf))?.close("enough");
        opens.recv_timeout(WITHIN)?;
        Ok(())
    })?;
    println!(
        "link: a line opened, handshake and all: {:.1} ms",
        connect / 1e3
    );
    copies(&replica, &line, &follows)
}

/// Says nothing.
struct Deaf;

impl Handler for Deaf {
    fn asked(&self, _: &Line, _: Vec<u8>) -> Vec<u8> {
        Vec::new()
    }
    fn told(&self, _: &Line, _: Vec<u8>) {}
    fn closed(&self, _: &Line, _: &str) {}
}

/// A full copy of many rows, and a commit that follows on it.
fn copies(
    replica: &Store,
    line: &Line,
    follows: &Receiver<Result<Position, DbError>>,
) -> Outcome<()> {
    let master = Store::temporary(Options::default())?;
    let network = master.change(|draft| {
        let network = draft.insert(Network::blank())?;
        for n in 0..ROWS {
            draft.insert(Vif {
                device: n.to_string(),
                network: network.clone(),
                ..Vif::blank()
            })?;
        }
        Ok(network)
    })?;
    master.keep_journal(1000, 1 << 24);
    let began = Instant::now();
    let parts: Vec<Vec<u8>> = master
        .copy()?
        .map(|part| Ok(serde_json::to_vec(&part?)?))
        .collect::<Outcome<_>>()?;
    let made = began.elapsed();
    let octets: usize = parts.iter().map(Vec::len).sum();
    let take = |what: &str| -> Outcome<()> {
        let began = Instant::now();
        let mut replacement = replica.replacement(master.copy()?.position())?;
        for part in &parts {
            // As it would come over the line.
            let part: Vec<Edit> = serde_json::from_slice(&line.ask(part.clone(), WITHIN)?)?;
            replacement.add(part)?;
        }
        let came = began.elapsed();
        replacement.commit()?;
        println!(
            "link: {what}: there after {came:.0?}, taken over after {:.0?}",
            began.elapsed()
        );
        Ok(())
    };
    println!(
        "link: a copy of {ROWS} rows, {} MB, made in {made:.0?}",
        octets >> 20
    );
    take("the copy, all rows new")?;
    take("the copy again, no row new")?;

    let mut mtu = 0;
    let mut change = |store: &Store| {
        mtu += 1;
        store.change(|draft| draft.set(&network, Network::MTU, mtu))
    };
    let alone = Store::temporary(Options::default())?;
    alone.replace(master.copy()?.position(), master.copy()?)?;
    let baseline = measure(200, || Ok(change(&alone)?))?;
    let mut sent = master.copy()?.position();
    let ours = measure(200, || {
        change(&master)?;
        let Since::Commits(commits) = master.since(sent) else {
            return Err("the journal is too short".into());
        };
        for commit in commits {
            line.tell(serde_json::to_vec(&(sent, &*commit))?)?;
            sent.generation = commit.generation;
            follows.recv_timeout(WITHIN)??;
        }
        Ok(())
    })?;
    row(
        "link: a commit, until a replica has it; alone",
        ours,
        baseline,
        "us",
    );
    Ok(())
}
