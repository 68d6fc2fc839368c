//! The server: its threads, its listeners, its end.

use std::future::{Future, ready};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::time::{interval, sleep, timeout};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::rustls::server::Acceptor;
use tokio_rustls::server::TlsStream;
use tracing::{info, warn};
use xapi_link::Entrance;
use xapi_tls::{LINK, TlsIdentity};

use crate::config::Config;
use crate::connection::{self, Opened};
use crate::handler::Handler;
use crate::listen::{self, ListenError, Listener, Open, UnixAccess};
use crate::pool::Pool;
use crate::service::{Peer, Service};
use crate::watch::{Pace, Registry};

/// After a failure to accept (no descriptors left, most likely) nothing tells when it is worth trying again.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// The server has no threads to run on.
#[derive(Debug, thiserror::Error)]
#[error("cannot start the server's threads")]
pub struct StartError(#[from] io::Error);

/// Answers calls over HTTP, wherever it is told to listen. It has threads of its own, so that all its functions may be
/// called from plain code.
///
/// ```no_run
/// # use std::{path::Path, sync::Arc, time::Duration};
/// # fn run(api: Arc<dyn xapi_server::Handler>, identity: Arc<xapi_tls::TlsIdentity>) -> Result<(), Box<dyn std::error::Error>> {
/// use xapi_server::{Config, Server, UnixAccess};
///
/// let server = Server::new(api, Config::default())?;
/// let local = server.listen_unix(Path::new("/var/lib/xcp/xapi"), UnixAccess::default())?;
/// let management = server.listen_tcp("0.0.0.0:80".parse()?)?;
/// let encrypted = server.listen_tls("0.0.0.0:443".parse()?, identity)?;
/// // … until the daemon ends:
/// server.shutdown(Duration::from_secs(5));
/// # drop((local, management, encrypted));
/// # Ok(())
/// # }
/// ```
pub struct Server {
    runtime: Runtime,
    service: Arc<Service>,
    pool: Pool,
    tcp: Arc<Registry>,
    unix: Arc<Registry>,
    entrance: Arc<RwLock<Option<Arc<Entrance>>>>,
    stopping: watch::Sender<bool>,
}

impl Server {
    /// A server that listens nowhere yet.
    pub fn new(handler: Arc<dyn Handler>, config: Config) -> Result<Server, StartError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(config.io_threads.max(1))
            .thread_name("edge")
            .enable_all()
            .build()?;
        let pool = Pool::new(config.workers, config.queue);
        let pace = Arc::new(Pace::new(&config));
        let tcp = Registry::new(Arc::clone(&pace), config.tcp_connections);
        let unix = Registry::new(Arc::clone(&pace), config.unix_connections);
        runtime.spawn(expire(
            pace.interval(),
            [Arc::clone(&tcp), Arc::clone(&unix)],
        ));
        let stopping = watch::Sender::new(false);
        let service = Service::new(handler, pool.clone(), config, stopping.subscribe());
        Ok(Server {
            runtime,
            service: Arc::new(service),
            pool,
            tcp,
            unix,
            entrance: Arc::default(),
            stopping,
        })
    }

    /// Where the lines of other hosts are taken in, which come by TLS and ask for one in their first message; nowhere at
    /// first. Lines that are open stay so. They count as no connections of the server, and its end cuts them.
    pub fn take_lines(&self, entrance: Option<Arc<Entrance>>) {
        let mut taken = self
            .entrance
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *taken = entrance;
    }

    /// Listens on a TCP address, without TLS.
    pub fn listen_tcp(&self, address: SocketAddr) -> Result<Listener, ListenError> {
        let loopback_only = self.service.config().plain_on_loopback_only;
        self.listen(address, "", |listener| Plain {
            listener,
            loopback_only,
        })
    }

    /// Listens on a TCP address for connections by TLS, each of which sees the identity that is shown at its beginning.
    /// While none is shown they are closed. Lines of other hosts see what the entrance shows.
    pub fn listen_tls(
        &self,
        address: SocketAddr,
        identity: Arc<TlsIdentity>,
    ) -> Result<Listener, ListenError> {
        let entrance = Arc::clone(&self.entrance);
        self.listen(address, " by TLS", |listener| Encrypted {
            listener,
            identity,
            entrance,
        })
    }

    fn listen<S: Source>(
        &self,
        address: SocketAddr,
        how: &str,
        source: impl FnOnce(TcpListener) -> S,
    ) -> Result<Listener, ListenError> {
        let _inside = self.runtime.enter();
        let listener = listen::tcp(address)?;
        let bound = listener
            .local_addr()
            .map_err(|source| ListenError::System {
                at: address.to_string(),
                source,
            })?;
        info!("listening on {bound}{how}");
        Ok(Listener {
            address: Some(bound),
            socket: None,
            _open: self.accept(source(listener), &self.tcp),
        })
    }

    /// Listens on a unix socket, whose peers are known by their user.
    pub fn listen_unix(&self, path: &Path, access: UnixAccess) -> Result<Listener, ListenError> {
        let _inside = self.runtime.enter();
        let (listener, socket) = listen::unix(path, &access)?;
        info!("listening on {}", path.display());
        let source = KnownPeers { listener, access };
        Ok(Listener {
            address: None,
            socket: Some(socket),
            _open: self.accept(source, &self.unix),
        })
    }

    /// Accepts and serves until what comes back is dropped.
    fn accept<S: Source>(&self, source: S, registry: &Arc<Registry>) -> Open {
        let (keep, mut dropped) = watch::channel(());
        let (closing, closed) = std::sync::mpsc::channel::<()>();
        let registry = Arc::clone(registry);
        let service = Arc::clone(&self.service);
        let stopping = self.stopping.subscribe();
        self.runtime.spawn(async move {
            let listening = &source;
            let serve = async {
                loop {
                    let (socket, peer) = match listening.accept().await {
                        Ok((socket, Some(peer))) => (socket, peer),
                        Ok((_, None)) => continue,
                        Err(why) => {
                            warn!("cannot accept a connection: {why}");
                            sleep(ACCEPT_AGAIN).await;
                            continue;
                        }
                    };
                    let seat = registry.seat().await;
                    let opening = listening.open(socket);
                    let service = Arc::clone(&service);
                    let stopping = stopping.clone();
                    tokio::spawn(connection::open(opening, seat, service, peer, stopping));
                }
            };
            tokio::select! {
                () = serve => {}
                _ = dropped.changed() => {}
                () = connection::stopped(stopping.clone()) => {}
            }
            drop((source, closing));
        });
        Open {
            keep: Some(keep),
            closed,
        }
    }

    /// Whether the threads that read and write get to work within this time.
    pub fn responds(&self, within: Duration) -> bool {
        let (tell, told) = std::sync::mpsc::channel();
        self.runtime.spawn(async move {
            if tell.send(()).is_err() {
                warn!("the threads that read and write are slow");
            }
        });
        told.recv_timeout(within).is_ok()
    }

    /// Connections of all listeners.
    pub fn connections(&self) -> usize {
        self.tcp.len() + self.unix.len()
    }

    /// Stops listening, lets calls that run come to their end, and closes all connections, with as much time as
    /// `deadline` allows. Whether all ended in time.
    pub fn shutdown(self, deadline: Duration) -> bool {
        self.stopping.send_replace(true);
        let ended = self.runtime.block_on(async {
            let gone = async { tokio::join!(self.tcp.empty(), self.unix.empty()) };
            timeout(deadline, gone).await.is_ok()
        });
        if !ended {
            warn!("some calls did not end in {deadline:?}; their clients hear nothing more");
        }
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.pool.close();
    }
}

/// Where connections come from.
trait Source: Send + Sync + 'static {
    type Socket: Send + 'static;
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// The next connection, and who made it; None when he may not.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Socket, Option<Peer>)>> + Send;

    /// What has to happen on the connection before the first request; the client decides how long it takes.
    fn open(
        &self,
        socket: Self::Socket,
    ) -> impl Future<Output = io::Result<Opened<Self::Stream>>> + Send + 'static;
}

/// The next connection of a TCP listener.
async fn accept_tcp(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    // An answer is one write; waiting for more would only delay it.
    if let Err(why) = stream.set_nodelay(true) {
        warn!(%peer, "answers may be slow: {why}");
    }
    if let Err(why) = keep_alive(&stream) {
        warn!(%peer, "a client that vanishes may hold its connection for long: {why}");
    }
    Ok((stream, peer))
}

/// Has the kernel ask after two minutes of silence whether the client is still there: one that waits for events says
/// nothing, and neither does one whose machine was switched off.
fn keep_alive(stream: &TcpStream) -> nix::Result<()> {
    setsockopt(stream, sockopt::KeepAlive, &true)?;
    setsockopt(stream, sockopt::TcpKeepIdle, &60)?;
    setsockopt(stream, sockopt::TcpKeepInterval, &15)?;
    setsockopt(stream, sockopt::TcpKeepCount, &4)
}

/// TCP as it is.
struct Plain {
    listener: TcpListener,
    loopback_only: bool,
}

impl Source for Plain {
    type Socket = TcpStream;
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, peer) = accept_tcp(&self.listener).await?;
        let peer = Peer {
            name: peer.to_string().into(),
            local_root: false,
            elsewhere: elsewhere(peer),
            only_by_tls: self.loopback_only && elsewhere(peer),
        };
        Ok((stream, Some(peer)))
    }

    fn open(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<Opened<TcpStream>>> + Send + 'static {
        ready(Ok(Opened::Http(stream)))
    }
}

/// TCP with TLS.
struct Encrypted {
    listener: TcpListener,
    identity: Arc<TlsIdentity>,
    entrance: Arc<RwLock<Option<Arc<Entrance>>>>,
}

impl Source for Encrypted {
    type Socket = TcpStream;
    type Stream = TlsStream<TcpStream>;

    async fn accept(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, peer) = accept_tcp(&self.listener).await?;
        let peer = Peer {
            name: peer.to_string().into(),
            local_root: false,
            elsewhere: elsewhere(peer),
            only_by_tls: false,
        };
        Ok((stream, Some(peer)))
    }

    fn open(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<Opened<TlsStream<TcpStream>>>> + Send + 'static {
        let shown = self.identity.shown();
        let entrance = self.entrance.read().unwrap_or_else(PoisonError::into_inner);
        let entrance = entrance.clone();
        async move {
            let from = stream.peer_addr()?;
            let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let protocols = begun.client_hello().alpn();
            let asks = protocols.is_some_and(|mut protocols| protocols.any(|one| one == LINK));
            if let Some(entrance) = entrance
                && asks
            {
                let line = async move { entrance.enter(begun, from).await };
                return Ok(Opened::Line(Box::pin(line)));
            }
            let identity = shown.ok_or_else(|| io::Error::other("there is no certificate"))?;
            Ok(Opened::Http(begun.into_stream(identity.config()).await?))
        }
    }
}

/// Whether an address is another machine's.
fn elsewhere(peer: SocketAddr) -> bool {
    !peer.ip().to_canonical().is_loopback()
}

/// A unix socket with the users that may use it.
struct KnownPeers {
    listener: UnixListener,
    access: UnixAccess,
}

impl Source for KnownPeers {
    type Socket = UnixStream;
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        let (stream, _) = self.listener.accept().await?;
        let peer = stream.peer_cred()?;
        let process = peer
            .pid()
            .map_or_else(|| "?".to_owned(), |pid| pid.to_string());
        let name = format!("uid {} process {process}", peer.uid());
        match self.access.admit(&peer) {
            Some(local_root) => {
                let peer = Peer {
                    name: name.into(),
                    local_root,
                    elsewhere: false,
                    only_by_tls: false,
                };
                Ok((stream, Some(peer)))
            }
            None => {
                warn!("{name} may not use this socket");
                Ok((stream, None))
            }
        }
    }

    fn open(
        &self,
        stream: UnixStream,
    ) -> impl Future<Output = io::Result<Opened<UnixStream>>> + Send + 'static {
        ready(Ok(Opened::Http(stream)))
    }
}

/// Looks at the deadlines of all connections, for ever.
async fn expire(every: Duration, registries: [Arc<Registry>; 2]) {
    let mut tick = interval(every);
    loop {
        tick.tick().await;
        for registry in &registries {
            registry.expire();
        }
    }
}
