//! Where the daemon listens, with its database and without it: on its socket, and on the addresses of the configuration. An
//! address that cannot be had is tried again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use xapi_core::pool::link::Door;
use xapi_core::{Config, Core, health};
use xapi_link::{Entrance, Limits};
use xapi_server::{
    Config as ServerConfig, Handler, ListenError, Listener, Server, StartError, UnixAccess,
};
use xapi_tls::TlsIdentity;

use xapi::settings::{PlainHttp, Settings};

use super::SHUTDOWN;

/// How often what could not be listened on is tried again.
pub const LISTEN_AGAIN: Duration = Duration::from_secs(10);

/// How long the server's threads may take to get to work.
const RESPONDS: Duration = Duration::from_secs(5);

/// An address to listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct At {
    address: SocketAddr,
    tls: bool,
}

/// The server with its open listeners.
pub struct Listening {
    server: Server,
    identity: Arc<TlsIdentity>,
    socket: PathBuf,
    local: Option<Listener>,
    remote: Vec<Listener>,
    /// Where to listen and could not yet.
    missing: Vec<At>,
    doors: Vec<At>,
}

impl Listening {
    /// Starts the server; it listens nowhere yet.
    pub fn start(
        handler: Arc<dyn Handler>,
        config: &Config,
        settings: &Settings,
        identity: &Arc<TlsIdentity>,
    ) -> Result<Listening, StartError> {
        let served = ServerConfig {
            gzip: settings.gzip,
            plain_on_loopback_only: settings.plain_http == PlainHttp::Loopback,
            ..settings.limits.config()
        };
        let doors = |addresses: &[SocketAddr], tls| {
            let doors = addresses.iter().map(move |&address| At { address, tls });
            doors.collect::<Vec<_>>()
        };
        Ok(Listening {
            server: Server::new(handler, served)?,
            identity: Arc::clone(identity),
            socket: config.path("/var/lib/xcp/xapi"),
            local: None,
            remote: Vec::new(),
            missing: Vec::new(),
            doors: [
                doors(&settings.listen, false),
                doors(&settings.listen_tls, true),
            ]
            .concat(),
        })
    }

    /// Takes in the lines of the slaves of this host's pool, as long as it is the master.
    pub fn take_lines(&self, core: &Arc<Core>) {
        let entrance = Entrance::new(Arc::new(Door::new(core)), Limits::default());
        self.server.take_lines(Some(Arc::new(entrance)));
    }

    /// Listens on the socket.
    pub fn local(&mut self) -> Result<(), ListenError> {
        let listener = self
            .server
            .listen_unix(&self.socket, UnixAccess::default())?;
        self.local = Some(listener);
        Ok(())
    }

    /// Listens where the configuration says, or on loopback alone while management is disabled.
    pub fn management(&mut self, enabled: bool) {
        self.remote.clear();
        let loopback = |door: &At| At {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, door.address.port())),
            ..*door
        };
        self.missing = match enabled {
            true => self.doors.clone(),
            false => self.doors.iter().map(loopback).collect(),
        };
        self.missing.dedup();
        self.again();
    }

    /// Tries the socket and the addresses that could not be had. One of them is no reason to leave the others: the host must stay within
    /// reach, and an address of a lease may come later. A host without IPv6 listens on all of IPv4 instead.
    pub fn again(&mut self) {
        if self.local.is_none()
            && let Err(why) = self.local()
        {
            tracing::error!("{why}; it is tried again");
        }
        for door in std::mem::take(&mut self.missing) {
            let every = door.address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED);
            let legacy = At {
                address: SocketAddr::from((Ipv4Addr::UNSPECIFIED, door.address.port())),
                ..door
            };
            let listened = self.listen(door);
            match listened.or_else(|why| if every { self.listen(legacy) } else { Err(why) }) {
                Ok(listener) => self.remote.push(listener),
                Err(why) => {
                    tracing::error!("{why}; it is tried again");
                    self.missing.push(door);
                }
            }
        }
    }

    fn listen(&self, door: At) -> Result<Listener, ListenError> {
        if door.tls {
            let identity = Arc::clone(&self.identity);
            self.server.listen_tls(door.address, identity)
        } else {
            self.server.listen_tcp(door.address)
        }
    }

    /// Whether the daemon works: what it does, and that it hears of it.
    pub fn health(&self, core: &Core) -> Result<(), String> {
        health::check(core)?;
        match self.server.responds(RESPONDS) {
            true => Ok(()),
            false => Err(format!("nothing was read or written for {RESPONDS:?}")),
        }
    }

    /// Stops listening, and lets running calls end.
    pub fn stop(self) {
        drop((self.local, self.remote));
        if !self.server.shutdown(SHUTDOWN) {
            tracing::warn!("some calls were cut off");
        }
    }
}
