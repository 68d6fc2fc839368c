//! How a slave opens a line to its master.

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use xapi_tls::{Identity, LINK};

use crate::carry::{Outbox, carry};
use crate::gate::Refusal;
use crate::handshake::{Distrust, EXPORTER, LABEL, Slave};
use crate::limits::Limits;
use crate::line::{Handler, Line};
use crate::peer::{Hello, Peer, Welcome};
use crate::secret::Secret;
use crate::stream::{fingerprint, hear, say};

/// How to open a line to a master.
#[derive(Clone, Debug)]
pub struct Dial {
    /// Where the master is: an address or a name.
    pub address: String,
    /// Its port for TLS.
    pub port: u16,
    /// What this host shows.
    pub identity: Arc<Identity>,
    /// The secrets of the pool, the newest first; there are several while it is exchanged. Nothing is proven to who knows
    /// none of them.
    pub secrets: Vec<Secret>,
    /// What this host says of itself.
    pub hello: Hello,
    /// The certificates that the master may show, as [`Peer::fingerprint`] has them; any, if none are named: then the
    /// secret alone tells whether it is the master.
    pub fingerprints: Option<BTreeSet<String>>,
    /// How long it may take in all.
    pub within: Duration,
    /// Bounds of the line.
    pub limits: Limits,
}

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// Nobody is there, or nobody answers.
    #[error("{address} cannot be reached: {source}")]
    Unreachable {
        /// Where.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// Whoever is there does not take lines: not a master, or of another program.
    #[error("{address} does not take lines of slaves: {why}")]
    NoMaster {
        /// Where.
        address: String,
        /// What shows it.
        why: String,
    },
    /// Whoever is there shows a certificate that is not expected.
    #[error("{address} shows an unknown certificate, {fingerprint}")]
    WrongCertificate {
        /// Where.
        address: String,
        /// The certificate's SHA-256.
        fingerprint: String,
    },
    /// Whoever is there does not know the secret, or somebody stands in between. We have proven nothing to him.
    #[error("{address} does not know the secret of the pool, or somebody stands in between")]
    WrongSecret {
        /// Where.
        address: String,
    },
    /// It is the master of another pool, which has the same secret.
    #[error("{address} is the master of another pool, {pool}")]
    AnotherPool {
        /// Where.
        address: String,
        /// UUID of that pool.
        pool: String,
    },
    /// The master does not let us in.
    #[error("the master at {address} refuses: {refusal}")]
    Refused {
        /// Where.
        address: String,
        /// Why.
        refusal: Refusal,
    },
    /// This host has no threads for it.
    #[error("no line can be opened: {0}")]
    NoThreads(io::Error),
}

impl Dial {
    /// Opens the line. What the master says is heard from now on, perhaps before this returns. Not to be called on a
    /// thread of an asynchronous runtime.
    pub fn connect(&self, handler: Arc<dyn Handler>) -> Result<Line, DialError> {
        let runtime = runtime().map_err(DialError::NoThreads)?;
        runtime.block_on(async {
            match timeout(self.within, self.open(handler)).await {
                Ok(opened) => opened,
                Err(_) => Err(self.unreachable(io::ErrorKind::TimedOut.into())),
            }
        })
    }

    fn at(&self) -> String {
        match self.address.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            _ => format!("{}:{}", self.address, self.port),
        }
    }

    fn unreachable(&self, source: io::Error) -> DialError {
        let address = self.at();
        DialError::Unreachable { address, source }
    }

    fn no_master(&self, why: impl ToString) -> DialError {
        let (address, why) = (self.at(), why.to_string());
        DialError::NoMaster { address, why }
    }

    fn distrusted(&self, distrust: Distrust) -> DialError {
        let address = self.at();
        match distrust {
            Distrust::Malformed(why) => self.no_master(why),
            Distrust::Secret => DialError::WrongSecret { address },
            Distrust::Pool(pool) => DialError::AnotherPool { address, pool },
            Distrust::Refused(refusal) => DialError::Refused { address, refusal },
        }
    }

    async fn open(&self, handler: Arc<dyn Handler>) -> Result<Line, DialError> {
        let tcp = TcpStream::connect((self.address.as_str(), self.port)).await;
        let tcp = tcp.map_err(|why| self.unreachable(why))?;
        // A question waits for its answer: what is written must go at once.
        tcp.set_nodelay(true).map_err(|why| self.unreachable(why))?;
        let peer = tcp.peer_addr().map_err(|why| self.unreachable(why))?;
        let here = tcp.local_addr().map_err(|why| self.unreachable(why))?;
        let config = self.identity.link_client();
        let config = config.map_err(|why| self.no_master(why))?;
        // Certificates are known by their fingerprints; the name is nobody's.
        let name = ServerName::IpAddress(peer.ip().into());
        let connecting = TlsConnector::from(config).connect(name, tcp);
        let mut stream = connecting.await.map_err(|why| match why.kind() {
            // What TLS says is there.
            io::ErrorKind::InvalidData => self.no_master(why),
            _ => self.unreachable(why),
        })?;
        let (welcome, shown) = self.greet(&mut stream).await?;
        let peer = Peer {
            host: welcome.host.clone(),
            address: peer.to_string(),
            here: Some(here.ip().to_canonical()),
            fingerprint: shown,
            hello: None,
            welcome: Some(welcome),
        };
        let line = Line::new(peer, handler, self.limits.clone(), None);
        let outbox = Arc::new(Outbox::default());
        line.begin(Arc::clone(&outbox) as _);
        tokio::spawn(carry(line.clone(), stream, BytesMut::new(), outbox));
        Ok(line)
    }

    /// The handshake; gives what the master says, and the fingerprint of its certificate.
    async fn greet(
        &self,
        stream: &mut TlsStream<TcpStream>,
    ) -> Result<(Welcome, String), DialError> {
        let (_, tls) = stream.get_ref();
        if tls.alpn_protocol() != Some(LINK) {
            return Err(self.no_master("it speaks something else"));
        }
        let shown = tls.peer_certificates().and_then(|chain| chain.first());
        let shown = shown.ok_or_else(|| self.no_master("it shows no certificate"))?;
        let shown = fingerprint(shown);
        if let Some(expected) = &self.fingerprints
            && !expected.contains(&shown)
        {
            return Err(DialError::WrongCertificate {
                address: self.at(),
                fingerprint: shown,
            });
        }
        let exporter = tls.export_keying_material([0; EXPORTER], LABEL, None);
        let exporter = exporter.map_err(|why| self.no_master(why))?;
        let distrusted = |why| self.distrusted(why);
        let broken = |why| self.unreachable(why);

        let (mut slave, first) = Slave::begin(&exporter, &self.hello).map_err(distrusted)?;
        say(stream, &first).await.map_err(broken)?;
        let challenge = hear(stream).await.map_err(broken)?;
        slave.challenged(&challenge).map_err(distrusted)?;
        let proofs = hear(stream).await.map_err(broken)?;
        let proof = slave.proven(&proofs, &self.secrets).map_err(distrusted)?;
        say(stream, &proof).await.map_err(broken)?;
        let last = hear(stream).await.map_err(broken)?;
        let welcome = slave.admitted(&last).map_err(distrusted)?;
        Ok((welcome, shown))
    }
}

/// The threads that carry the lines that this process opened.
fn runtime() -> io::Result<Handle> {
    static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);
    let mut runtime = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let made = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("link")
        .enable_all()
        .build()?;
    Ok(runtime.insert(made).handle().clone())
}
