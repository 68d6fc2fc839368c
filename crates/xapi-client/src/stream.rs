//! A socket of either kind, with a deadline for whatever is done with it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Unix(PathBuf),
    Tcp(String, u16),
}

impl Place {
    /// For messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Place::Unix(path) => path.display().to_string(),
            Place::Tcp(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Place::Tcp(host, port) => format!("{host}:{port}"),
        }
    }

    /// The `Host` of requests.
    pub(crate) fn host(&self) -> String {
        match self {
            Place::Unix(_) => "localhost".to_owned(),
            Place::Tcp(..) => self.name(),
        }
    }
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// A connected socket whose reads and writes end at a deadline.
pub(crate) struct Stream {
    socket: Socket,
    deadline: Option<Instant>,
}

impl Stream {
    /// Connects, trying all addresses of a name in turn.
    pub(crate) fn connect(place: &Place, time: Duration) -> io::Result<Stream> {
        let socket = match place {
            Place::Unix(path) => Socket::Unix(UnixStream::connect(path)?),
            Place::Tcp(host, port) => Socket::Tcp(connect_tcp(host, *port, time)?),
        };
        Ok(Stream {
            socket,
            deadline: None,
        })
    }

    /// From now on nothing takes longer than until then.
    pub(crate) fn until(&mut self, deadline: Option<Instant>) {
        self.deadline = deadline;
    }

    /// Whether the other side still holds the connection and has sent nothing that nobody asked for.
    pub(crate) fn is_fresh(&self) -> bool {
        let fd = match &self.socket {
            Socket::Tcp(stream) => stream.as_fd(),
            Socket::Unix(stream) => stream.as_fd(),
        };
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        recv(fd.as_raw_fd(), &mut [0], flags) == Err(Errno::EAGAIN)
    }

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

impl Read for Stream {
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

impl Write for Stream {
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
