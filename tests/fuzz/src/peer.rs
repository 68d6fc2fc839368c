//! The other end of a unix socket, for code that connects to somebody.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Serves one connection.
pub type Serve = Box<dyn FnOnce(&mut UnixStream) + Send>;

/// A socket whose connections are served in turn, each as told.
pub struct Peer {
    path: PathBuf,
    next: Sender<Serve>,
    _thread: JoinHandle<()>,
    _directory: tempfile::TempDir,
}

impl Peer {
    /// Listens on a socket of this name in a directory of its own.
    pub fn new(name: &str) -> Peer {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(name);
        let listener = UnixListener::bind(&path).expect("a socket");
        let (next, told) = channel::<Serve>();
        let serve = move || {
            for serve in told {
                let (mut stream, _) = listener.accept().expect("a connection");
                serve(&mut stream);
            }
        };
        Peer {
            path,
            next,
            _thread: std::thread::spawn(serve),
            _directory: directory,
        }
    }

    /// The socket.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the next connection is served; whoever asks for it must connect.
    pub fn then(&self, serve: Serve) {
        self.next.send(serve).expect("the thread listens");
    }

    /// The next connection gets these bytes as soon as it has sent something, and no more.
    pub fn answers(&self, bytes: &[u8]) {
        let bytes = bytes.to_vec();
        self.then(Box::new(move |stream| {
            // The client may have gone, or not wait for all of it: both are its right.
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                drop(stream.write_all(&bytes));
            }
        }));
    }
}
