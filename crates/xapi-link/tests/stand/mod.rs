//! A master with an entrance on loopback, slaves that dial it, and a slave that is no program of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConnection, StreamOwned};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_rustls::LazyConfigAcceptor;
use xapi_link::{
    Dial, DialError, Entrance, Gate, Handler, Hello, Limits, Line, Myself, Refusal, Secret,
};
use xapi_tls::{Identity, SelfSigned};

pub const PATIENCE: Duration = Duration::from_secs(20);
pub const POOL: &str = "3c6c9c6b-2b7c-4b0e-9f5e-1d2f6d1d0001";
pub const MASTER: &str = "3c6c9c6b-2b7c-4b0e-9f5e-1d2f6d1d0002";
pub const SLAVE: &str = "3c6c9c6b-2b7c-4b0e-9f5e-1d2f6d1d0003";

/// Of the master, of the slave, of a stranger: a key takes a while to make.
pub fn identity(which: usize) -> Arc<Identity> {
    static MADE: OnceLock<[Arc<Identity>; 3]> = OnceLock::new();
    let make = |name: &str| {
        let wanted = SelfSigned {
            common_name: name.to_owned(),
            from: 1_700_000_000,
            days: 3650,
            ..SelfSigned::default()
        };
        Arc::new(wanted.make().expect("an identity"))
    };
    let made = MADE.get_or_init(|| [make("master"), make("slave"), make("stranger")]);
    Arc::clone(&made[which])
}

pub fn fingerprint(identity: &Identity) -> String {
    let digest = digest::digest(&digest::SHA256, identity.certificate().der());
    hex(digest.as_ref())
}

pub fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Answers with what it is asked, backwards, and passes on what else it hears.
pub struct Echo(Mutex<Sender<Heard>>);

#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    Asked(Vec<u8>),
    Told(Vec<u8>),
    Closed(String),
}

pub fn echo() -> (Arc<Echo>, Receiver<Heard>) {
    let (says, hears) = channel();
    (Arc::new(Echo(Mutex::new(says))), hears)
}

impl Echo {
    fn say(&self, heard: Heard) {
        // Tests that are not interested have dropped the other end.
        drop(self.0.lock().unwrap().send(heard));
    }
}

impl Handler for Echo {
    fn asked(&self, _: &Line, mut body: Vec<u8>) -> Vec<u8> {
        self.say(Heard::Asked(body.clone()));
        body.reverse();
        body
    }

    fn told(&self, _: &Line, body: Vec<u8>) {
        self.say(Heard::Told(body));
    }

    fn closed(&self, _: &Line, why: &str) {
        self.say(Heard::Closed(why.to_owned()));
    }
}

/// Lets in the hosts whose certificates it knows, and whoever joins.
pub struct Known {
    pub secrets: Vec<Secret>,
    pub hosts: BTreeMap<String, String>,
    pub handler: Arc<dyn Handler>,
    pub judged: Mutex<Vec<Hello>>,
    pub opened: Mutex<Sender<Line>>,
}

impl Gate for Known {
    fn secrets(&self) -> Vec<Secret> {
        self.secrets.clone()
    }

    fn myself(&self) -> Myself {
        Myself {
            pool: POOL.to_owned(),
            host: MASTER.to_owned(),
            term: 7,
        }
    }

    fn identity(&self) -> Result<Arc<Identity>, String> {
        Ok(identity(0))
    }

    fn admit(&self, hello: &Hello, fingerprint: &str) -> Result<Arc<dyn Handler>, Refusal> {
        self.judged.lock().unwrap().push(hello.clone());
        let refuse = |code: &str| Refusal {
            code: code.to_owned(),
            params: vec![hello.host.clone()],
        };
        match self.hosts.get(&hello.host) {
            Some(known) if known == fingerprint => Ok(Arc::clone(&self.handler)),
            Some(_) => Err(refuse("SLAVE_REQUIRES_MANAGEMENT_INTERFACE")),
            None if hello.joining => Ok(Arc::clone(&self.handler)),
            None => Err(refuse("HOST_UNKNOWN_TO_MASTER")),
        }
    }

    fn opened(&self, line: Line) {
        self.opened.lock().unwrap().send(line).unwrap();
    }
}

pub struct Stand {
    pub address: SocketAddr,
    pub gate: Arc<Known>,
    pub opened: Receiver<Line>,
    /// What the master's handler hears.
    pub heard: Receiver<Heard>,
    pub runtime: Option<Runtime>,
}

impl Stand {
    pub fn new() -> Stand {
        Stand::with(Limits::default(), &["secret"])
    }

    pub fn with(limits: Limits, secrets: &[&str]) -> Stand {
        let (handler, heard) = echo();
        let stand = Stand::handled(limits, secrets, handler);
        Stand { heard, ..stand }
    }

    pub fn handled(limits: Limits, secrets: &[&str], handler: Arc<dyn Handler>) -> Stand {
        let (opened, opens) = channel();
        let gate = Arc::new(Known {
            secrets: secrets.iter().map(|secret| Secret::new(*secret)).collect(),
            hosts: BTreeMap::from([(SLAVE.to_owned(), fingerprint(&identity(1)))]),
            handler,
            judged: Mutex::default(),
            opened: Mutex::new(opened),
        });
        let runtime = Runtime::new().unwrap();
        let entrance = Arc::new(Entrance::new(Arc::clone(&gate) as _, limits));
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                let (stream, from) = listener.accept().await.unwrap();
                let entrance = Arc::clone(&entrance);
                tokio::spawn(async move {
                    let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await;
                    if let Ok(begun) = begun {
                        entrance.enter(begun, from).await;
                    }
                });
            }
        });
        Stand {
            address,
            gate,
            opened: opens,
            heard: channel().1,
            runtime: Some(runtime),
        }
    }

    /// What a slave needs to open a line here.
    pub fn dial(&self) -> Dial {
        Dial {
            address: self.address.ip().to_string(),
            port: self.address.port(),
            identity: identity(1),
            secrets: vec![Secret::new("secret")],
            hello: hello(SLAVE),
            fingerprints: Some(BTreeSet::from([fingerprint(&identity(0))])),
            within: PATIENCE,
            limits: Limits::default(),
        }
    }

    /// A line, and the master's end of it.
    pub fn line(&self, handler: Arc<dyn Handler>) -> Result<(Line, Line), DialError> {
        let line = self.dial().connect(handler)?;
        let opened = self.opened.recv_timeout(PATIENCE).unwrap();
        Ok((line, opened))
    }

    pub fn judged(&self) -> usize {
        self.gate.judged.lock().unwrap().len()
    }
}

pub fn hello(host: &str) -> Hello {
    Hello {
        pool: POOL.to_owned(),
        host: host.to_owned(),
        version: "test".to_owned(),
        ..Hello::default()
    }
}

/// A slave that is written after the description, and can say what it wants.
pub struct Raw {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
    said: Vec<u8>,
    pub sequence: u64,
}

impl Raw {
    pub fn connect(address: SocketAddr, identity: &Identity) -> Raw {
        Raw::try_connect(address, identity).unwrap()
    }

    /// The same where it may be refused.
    pub fn try_connect(address: SocketAddr, identity: &Identity) -> std::io::Result<Raw> {
        let tcp = TcpStream::connect(address).unwrap();
        tcp.set_read_timeout(Some(PATIENCE)).unwrap();
        tcp.set_write_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::IpAddress(address.ip().into());
        let tls = ClientConnection::new(identity.link_client().unwrap(), name).unwrap();
        let mut stream = StreamOwned::new(tls, tcp);
        stream.flush()?;
        let exporter = stream
            .conn
            .export_keying_material([0; 32], b"EXPORTER-xapi-link/1", None);
        Ok(Raw {
            stream,
            said: exporter.unwrap().to_vec(),
            sequence: 0,
        })
    }

    pub fn send(&mut self, message: &[u8]) {
        let length = u32::try_from(message.len()).unwrap().to_be_bytes();
        self.stream.write_all(&length).unwrap();
        self.stream.write_all(message).unwrap();
        self.stream.flush().unwrap();
        self.said.extend(length);
        self.said.extend(message);
    }

    pub fn receive(&mut self) -> std::io::Result<Value> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        self.stream.read_exact(&mut message)?;
        self.said.extend(length);
        self.said.extend(&message);
        Ok(serde_json::from_slice(&message).unwrap())
    }

    pub fn proof(&self, who: &str, secret: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let said = [who.as_bytes(), &[0], &self.said].concat();
        hex(hmac::sign(&key, &said).as_ref())
    }

    pub fn first(hello: &Hello) -> Vec<u8> {
        let first = json!({"protocol": "xapi-link/1", "nonce": "00", "hello": hello});
        first.to_string().into_bytes()
    }

    /// A whole handshake as the description has it.
    pub fn line(stand: &Stand) -> (Raw, Line) {
        let mut raw = Raw::connect(stand.address, &identity(1));
        raw.send(&Raw::first(&hello(SLAVE)));
        let challenge = raw.receive().unwrap();
        assert_eq!(challenge["challenge"]["pool"], POOL);
        assert_eq!(challenge["challenge"]["host"], MASTER);
        assert_eq!(challenge["challenge"]["term"], 7);
        let expected = raw.proof("master", "secret");
        let proofs = raw.receive().unwrap();
        assert_eq!(proofs, json!({"proofs": [expected]}));
        let proof = json!({"proof": raw.proof("slave", "secret")});
        raw.send(proof.to_string().as_bytes());
        assert_eq!(raw.receive().unwrap(), json!("welcome"));
        let line = stand.opened.recv_timeout(PATIENCE).unwrap();
        (raw, line)
    }

    /// A frame of a line; its number is the next one.
    pub fn frame(&mut self, kind: u8, more: u8, id: u64, piece: &[u8]) -> Vec<u8> {
        let length = u32::try_from(18 + piece.len()).unwrap();
        let mut frame = length.to_be_bytes().to_vec();
        frame.extend(self.sequence.to_be_bytes());
        frame.extend([kind, more]);
        frame.extend(id.to_be_bytes());
        frame.extend(piece);
        self.sequence += 1;
        frame
    }

    pub fn write(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).unwrap();
        self.stream.flush().unwrap();
    }

    pub fn say(&mut self, kind: u8, more: u8, id: u64, piece: &[u8]) {
        let frame = self.frame(kind, more, id, piece);
        self.write(&frame);
    }
}
