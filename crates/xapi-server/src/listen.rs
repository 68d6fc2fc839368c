//! Where the server listens, and who may connect there.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};

use tokio::net::unix::UCred;
use tokio::net::{TcpListener, TcpSocket, UnixListener};
use tokio::sync::watch;
use tracing::warn;

/// Connections that the kernel keeps until we take them: XAPI's number.
const BACKLOG: u32 = 128;

/// Why the server cannot listen somewhere.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another server answers there.
    #[error("{0} is served by another process")]
    InUse(PathBuf),
    /// Something that is no socket has the path.
    #[error("{0} exists and is no socket")]
    NoSocket(PathBuf),
    /// Others could put their own socket in the place of ours.
    #[error("{0} may be written by others than its owner, or is not ours")]
    OpenDirectory(PathBuf),
    /// The system refuses.
    #[error("cannot listen on {at}")]
    System {
        /// The address or path.
        at: String,
        /// Why.
        source: io::Error,
    },
}

/// Who may use a unix socket. Root and the daemon's own user always may, and are the local superuser.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnixAccess {
    /// Further users; they have to log in like anyone else. With any, the socket is open to all users of the machine
    /// as far as its directory is, and the peer's identity decides.
    pub uids: Vec<u32>,
}

impl UnixAccess {
    /// Whether the peer may connect, and if so, whether as the local superuser.
    pub(crate) fn admit(&self, peer: &UCred) -> Option<bool> {
        let uid = peer.uid();
        if uid == 0 || uid == nix_uid() {
            return Some(true);
        }
        self.uids.contains(&uid).then_some(false)
    }
}

fn nix_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}

/// A place where the server listens, until this is dropped. Connections that were made there go on.
#[derive(Debug)]
#[must_use = "the server stops listening there when this is dropped"]
pub struct Listener {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) socket: Option<BoundPath>,
    pub(crate) _open: Open,
}

/// Keeps a listener open; when this is dropped the socket is closed before the drop returns, so that the same address can
/// be had again at once.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) keep: Option<watch::Sender<()>>,
    pub(crate) closed: std::sync::mpsc::Receiver<()>,
}

/// The task that accepts closes its socket within microseconds; a server without threads left has closed it already.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(5);

impl Drop for Open {
    fn drop(&mut self) {
        self.keep = None;
        // Nothing is ever sent: the other end goes with the task.
        if self.closed.recv_timeout(CLOSING) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            warn!("a listening socket is still open after {CLOSING:?}");
        }
    }
}

impl Listener {
    /// The address, with the port that the system chose if none was given; None for a unix socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    /// The path of a unix socket.
    pub fn path(&self) -> Option<&Path> {
        self.socket.as_ref().map(|socket| socket.path.as_path())
    }
}

/// The file of a unix socket; removed when dropped, if it is still ours.
#[derive(Debug)]
pub(crate) struct BoundPath {
    path: PathBuf,
    file: (u64, u64),
}

impl Drop for BoundPath {
    fn drop(&mut self) {
        let ours =
            fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.file);
        if ours && let Err(why) = fs::remove_file(&self.path) {
            warn!("{} stays behind: {why}", self.path.display());
        }
    }
}

/// Binds a TCP address. Must run inside the runtime.
pub(crate) fn tcp(address: SocketAddr) -> Result<TcpListener, ListenError> {
    let bind = || {
        let socket = match address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|source| ListenError::System {
        at: address.to_string(),
        source,
    })
}

/// Binds a unix socket: mode 0600 in a directory that only its owner can write, in place of one that nobody serves any
/// more. Must run inside the runtime.
pub(crate) fn unix(
    path: &Path,
    access: &UnixAccess,
) -> Result<(UnixListener, BoundPath), ListenError> {
    let system = |source| ListenError::System {
        at: path.display().to_string(),
        source,
    };
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory);
    made.map_err(system)?;
    let owner = fs::metadata(directory).map_err(system)?;
    let ours = owner.uid() == nix_uid() || owner.uid() == 0;
    if !ours || owner.mode() & 0o022 != 0 {
        return Err(ListenError::OpenDirectory(directory.to_owned()));
    }
    match fs::symlink_metadata(path) {
        Ok(there) if !there.file_type().is_socket() => {
            return Err(ListenError::NoSocket(path.to_owned()));
        }
        Ok(_) => match StdUnixStream::connect(path) {
            Ok(_) => return Err(ListenError::InUse(path.to_owned())),
            Err(why) if why.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(why) => return Err(system(why)),
        },
        Err(why) if why.kind() == io::ErrorKind::NotFound => {}
        Err(why) => return Err(system(why)),
    }
    // A socket is born open to all; under a name that nobody knows it waits until it is not, and then takes the place
    // of a stale one in one step.
    let newborn = directory.join(format!(".{}.new", std::process::id()));
    match fs::remove_file(&newborn) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(system(why)),
        _ => {}
    }
    let listener = UnixListener::bind(&newborn).map_err(system)?;
    let mode = if access.uids.is_empty() { 0o600 } else { 0o666 };
    let file = fs::set_permissions(&newborn, Permissions::from_mode(mode))
        .and_then(|()| fs::symlink_metadata(&newborn))
        .and_then(|file| fs::rename(&newborn, path).map(|()| file))
        .map_err(system)?;
    let socket = BoundPath {
        path: path.to_owned(),
        file: (file.dev(), file.ino()),
    };
    Ok((listener, socket))
}
