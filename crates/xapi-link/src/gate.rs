//! Whom a master lets in.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;
use tracing::{debug, info, warn};
use xapi_tls::Identity;

use crate::arrivals::{Arrivals, Full};
use crate::carry::{Outbox, carry};
use crate::handshake::{Distrust, EXPORTER, LABEL, Master};
use crate::limits::Limits;
use crate::line::{Handler, Line};
use crate::peer::{Hello, Peer};
use crate::secret::Secret;
use crate::stream::{fingerprint, hear, say};

/// Octets of the question of a host that joins: the rows of a host and its machines.
const JOINING: usize = 64 << 20;

/// How long one that is refused may take to hear why.
const FAREWELL: Duration = Duration::from_secs(1);

/// Who a master is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Myself {
    /// UUID of its pool.
    pub pool: String,
    /// UUID of its host.
    pub host: String,
    /// Its term.
    pub term: u64,
}

/// Why a slave is not let in: an error of the XenAPI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code} [{}]", .params.join(", "))]
pub struct Refusal {
    /// The code of the error.
    pub code: String,
    /// Its parameters in order.
    pub params: Vec<String>,
}

/// Whom a master lets in, and what becomes of them. The functions may wait; they are not called on threads of the
/// server.
pub trait Gate: Send + Sync {
    /// The secrets of the pool, the newest first; there are several while it is exchanged.
    fn secrets(&self) -> Vec<Secret>;

    /// Who this is.
    fn myself(&self) -> Myself;

    /// What those who come in are shown; asked for whenever one comes. An error says why there is nothing to be shown.
    fn identity(&self) -> Result<Arc<Identity>, String>;

    /// Judges a slave that has proven that it knows the secret. Whether it is the host that it says is for this to find
    /// out, by the fingerprint of its certificate (SHA-256, lower-case hexadecimal digits), whose key it holds.
    ///
    /// One that says that it joins can ask one question, and tell nothing.
    fn admit(&self, hello: &Hello, fingerprint: &str) -> Result<Arc<dyn Handler>, Refusal>;

    /// The line of a slave that was admitted is open. What it says is heard after this has returned. Not called when
    /// the slave has left already.
    fn opened(&self, line: Line);
}

/// Where slaves come in: does the handshake with each, and carries the lines of those that the gate lets in.
pub struct Entrance {
    gate: Arc<dyn Gate>,
    limits: Limits,
    arrivals: Arrivals,
}

/// A line that is about to be open, what carries it, and who hears what it says.
type Greeted = (Line, TlsStream<TcpStream>, Arc<dyn Handler>);

/// Why nothing came of an attempt to open a line.
#[derive(Debug, thiserror::Error)]
enum Denied {
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Tls(#[from] rustls::Error),
    #[error("{0}")]
    Malformed(&'static str),
    #[error("it does not know the secret of the pool, or somebody stands in between")]
    Secret,
    #[error("it was refused: {0}")]
    Refused(Refusal),
    #[error("there is no certificate to be shown: {0}")]
    Identity(String),
    #[error("the program failed")]
    Failed(#[from] tokio::task::JoinError),
}

impl From<Distrust> for Denied {
    fn from(distrust: Distrust) -> Denied {
        match distrust {
            Distrust::Malformed(why) => Denied::Malformed(why),
            Distrust::Secret => Denied::Secret,
            Distrust::Pool(_) => Denied::Malformed("it is of another pool"),
            Distrust::Refused(refusal) => Denied::Refused(refusal),
        }
    }
}

impl Entrance {
    /// An entrance with a gate.
    pub fn new(gate: Arc<dyn Gate>, limits: Limits) -> Entrance {
        Entrance {
            gate,
            arrivals: Arrivals::new(&limits),
            limits,
        }
    }

    /// Takes a connection whose client asks for a [line](xapi_tls::LINK), from the middle of the TLS handshake on, until
    /// the line is closed. Dropping the future cuts the line.
    pub async fn enter(&self, begun: StartHandshake<TcpStream>, from: SocketAddr) {
        let here = begun.io.local_addr().ok().map(|here| here.ip());
        let place = match self.arrivals.place(from.ip(), here, Instant::now()) {
            Ok(place) => place,
            Err(Full::First) => {
                return warn!("{from} cannot open a line for now: too many try, or too often");
            }
            Err(Full::Again) => return debug!("{from} cannot open a line for now"),
        };
        let greeted = timeout(self.limits.handshake, self.greet(begun, from)).await;
        drop(place);
        let (line, stream, handler) = match greeted {
            Ok(Ok(opened)) => opened,
            // Hosts ask each other whom they obey.
            Ok(Err(Denied::Refused(refusal))) if refusal.code == "HOST_IS_SLAVE" => {
                debug!("{from} is told who the master is: {refusal}");
                return;
            }
            Ok(Err(why @ (Denied::Secret | Denied::Refused(_) | Denied::Identity(_)))) => {
                warn!("{from} cannot open a line: {why}");
                return;
            }
            Ok(Err(why)) => return debug!("{from} cannot open a line: {why}"),
            Err(_) => return debug!("{from} cannot open a line: it took too long"),
        };
        let outbox = Arc::new(Outbox::default());
        line.begin(Arc::clone(&outbox) as _);
        let (gate, opened) = (Arc::clone(&self.gate), line.clone());
        info!("{} at {from} has opened a line", line.peer().host);
        if let Err(why) = tokio::task::spawn_blocking(move || {
            handler.opened(&opened);
            gate.opened(opened);
        })
        .await
        {
            warn!("the line of {from} ends at once: {why}");
            line.close("the master failed");
        }
        carry(line, stream, bytes::BytesMut::new(), outbox).await;
    }

    async fn greet(
        &self,
        begun: StartHandshake<TcpStream>,
        from: SocketAddr,
    ) -> Result<Greeted, Denied> {
        let gate = Arc::clone(&self.gate);
        let shown = tokio::task::spawn_blocking(move || gate.identity()).await?;
        let identity = shown.map_err(Denied::Identity)?;
        let mut stream = begun.into_stream(identity.link_server()?).await?;
        let (tcp, tls) = stream.get_ref();
        let here = tcp.local_addr()?.ip().to_canonical();
        let exporter = tls.export_keying_material([0; EXPORTER], LABEL, None)?;
        let shown = tls.peer_certificates().and_then(|chain| chain.first());
        let shown = shown.ok_or(Denied::Malformed("it shows no certificate"))?;
        let fingerprint = fingerprint(shown);

        let first = hear(&mut stream).await?;
        let gate = Arc::clone(&self.gate);
        let known = tokio::task::spawn_blocking(move || (gate.myself(), gate.secrets())).await?;
        let (mut master, [challenge, proofs]) = Master::begin(&exporter, known.0, known.1, &first)?;
        say(&mut stream, &challenge).await?;
        say(&mut stream, &proofs).await?;
        let proof = hear(&mut stream).await?;
        let admitted = match master.proven(&proof) {
            Ok(hello) => {
                let (gate, shown) = (Arc::clone(&self.gate), fingerprint.clone());
                let judge = move || gate.admit(&hello, &shown).map(|handler| (hello, handler));
                tokio::task::spawn_blocking(judge).await?
            }
            Err(Distrust::Pool(_)) => Err(Refusal {
                code: "HOST_UNKNOWN_TO_MASTER".to_owned(),
                params: vec![master.host().to_owned()],
            }),
            Err(distrust) => return Err(distrust.into()),
        };
        let (hello, handler) = match admitted {
            Ok(admitted) => admitted,
            Err(refusal) => {
                let told = master.refuse(refusal.clone())?;
                let told = timeout(FAREWELL, say(&mut stream, &told)).await;
                if !matches!(told, Ok(Ok(()))) {
                    debug!("{from} did not hear why it is refused");
                }
                return Err(Denied::Refused(refusal));
            }
        };
        say(&mut stream, &master.welcome()?).await?;
        let asks = hello.joining.then_some(1);
        let mut limits = self.limits.clone();
        if hello.joining {
            // It is not of the pool yet.
            limits.body = limits.body.min(JOINING);
        }
        let peer = Peer {
            host: hello.host.clone(),
            address: from.to_string(),
            here: Some(here),
            fingerprint,
            hello: Some(hello),
            welcome: None,
        };
        let line = Line::new(peer, Arc::clone(&handler), limits, asks);
        Ok((line, stream, handler))
    }
}
