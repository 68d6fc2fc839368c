//! A connection of any kind, with a deadline for whatever is done with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use xapi_tls::Certificate;

use crate::trust::Trust;

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Unix(PathBuf),
    Tcp(String, u16),
    Tls(String, u16, Trust),
}

impl Place {
    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Place::Unix(path) => path.display().to_string(),
            Place::Tcp(host, port) | Place::Tls(host, port, _) if host.contains(':') => {
                format!("[{host}]:{port}")
            }
            Place::Tcp(host, port) | Place::Tls(host, port, _) => format!("{host}:{port}"),
        }
    }

    /// The `Host` of requests.
    pub(crate) fn host(&self) -> String {
        match self {
            Place::Unix(_) => "localhost".to_owned(),
            Place::Tcp(..) | Place::Tls(..) => self.name(),
        }
    }
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A socket whose reads and writes end at a deadline.
struct Wire {
    socket: Socket,
    deadline: Option<Instant>,
}

enum Kind {
    Plain(Wire),
    Tls(Box<StreamOwned<ClientConnection, Wire>>),
}

/// A connection whose reads and writes end at a deadline.
pub(crate) struct Stream(Kind);

impl Stream {
    /// Connects, trying all addresses of a name in turn.
    pub(crate) fn connect(place: &Place, time: Duration) -> io::Result<Stream> {
        let plain = |socket| Wire {
            socket,
            deadline: None,
        };
        Ok(Stream(match place {
            Place::Unix(path) => Kind::Plain(plain(Socket::Unix(UnixStream::connect(path)?))),
            Place::Tcp(host, port) => {
                Kind::Plain(plain(Socket::Tcp(connect_tcp(host, *port, time)?)))
            }
            Place::Tls(host, port, trust) => {
                let wire = plain(Socket::Tcp(connect_tcp(host, *port, time)?));
                let stream = shake_hands(host, wire, trust, time)?;
                judge(&stream, &place.name(), trust)?;
                Kind::Tls(Box::new(stream))
            }
        }))
    }

    fn wire(&self) -> &Wire {
        match &self.0 {
            Kind::Plain(wire) => wire,
            Kind::Tls(stream) => &stream.sock,
        }
    }

    /// From now on nothing takes longer than until then.
    pub(crate) fn until(&mut self, deadline: Option<Instant>) {
        match &mut self.0 {
            Kind::Plain(wire) => wire.deadline = deadline,
            Kind::Tls(stream) => stream.sock.deadline = deadline,
        }
    }

    /// Whether the other side still holds the connection and has sent nothing that nobody asked for.
    pub(crate) fn is_fresh(&self) -> bool {
        let fd = match &self.wire().socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        };
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        recv(fd.as_raw_fd(), &mut [0], flags) == Err(Errno::EAGAIN)
    }
}

/// Makes an encrypted connection of a plain one, within the time.
fn shake_hands(
    host: &str,
    mut wire: Wire,
    trust: &Trust,
    time: Duration,
) -> io::Result<StreamOwned<ClientConnection, Wire>> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|why| io::Error::new(ErrorKind::InvalidInput, why))?;
    let mut connection = ClientConnection::new(trust.config(), name).map_err(io::Error::other)?;
    wire.deadline = Some(Instant::now() + time);
    while connection.is_handshaking() {
        connection.complete_io(&mut wire).map_err(explained)?;
    }
    wire.deadline = None;
    Ok(StreamOwned::new(connection, wire))
}

/// An answer that is not TLS at all is most likely HTTP.
fn explained(why: io::Error) -> io::Error {
    let inner = why.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidMessage(_)) => {
            io::Error::new(why.kind(), "what answers there does not speak TLS")
        }
        _ => why,
    }
}

fn judge(stream: &StreamOwned<ClientConnection, Wire>, at: &str, trust: &Trust) -> io::Result<()> {
    let shown = stream.conn.peer_certificates().and_then(<[_]>::first);
    let shown = shown.ok_or_else(|| io::Error::other("the server shows no certificate"))?;
    let certificate = Certificate::from_der(shown.to_vec())
        .map_err(|why| io::Error::new(ErrorKind::InvalidData, why))?;
    trust.judge(at, certificate)
}

impl Wire {
    /// The time that is left, where there is a deadline.
    fn left(&self) -> io::Result<Option<Duration>> {
        let Some(deadline) = self.deadline else {
            return Ok(None);
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(ErrorKind::TimedOut, "the time is over"));
        }
        Ok(Some(left))
    }
}

fn connect_tcp(host: &str, port: u16, time: Duration) -> io::Result<TcpStream> {
    let mut last = io::Error::new(ErrorKind::NotFound, "the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, time) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(why) => last = why,
        }
    }
    Err(last)
}

/// A time-out of the socket is told as what it is.
fn timed<T>(done: io::Result<T>) -> io::Result<T> {
    match done {
        Err(why) if why.kind() == ErrorKind::WouldBlock => {
            Err(io::Error::new(ErrorKind::TimedOut, "the time is over"))
        }
        done => done,
    }
}

impl Read for Wire {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left()?;
        timed(match &mut self.socket {
            Socket::Tcp(stream) => stream
                .set_read_timeout(left)
                .and_then(|()| stream.read(buf)),
            Socket::Unix(stream) => stream
                .set_read_timeout(left)
                .and_then(|()| stream.read(buf)),
        })
    }
}

impl Write for Wire {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let left = self.left()?;
        timed(match &mut self.socket {
            Socket::Tcp(stream) => stream
                .set_write_timeout(left)
                .and_then(|()| stream.write(buf)),
            Socket::Unix(stream) => stream
                .set_write_timeout(left)
                .and_then(|()| stream.write(buf)),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(wire) => wire.read(buf),
            Kind::Tls(stream) => stream.read(buf),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(wire) => wire.write(buf),
            Kind::Tls(stream) => stream.write(buf),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(wire) => wire.flush(),
            Kind::Tls(stream) => stream.flush(),
        }
    }
}
