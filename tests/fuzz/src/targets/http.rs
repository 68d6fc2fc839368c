//! HTTP, at both ends.

use std::cell::OnceCell;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use xapi_client::{Client, Options};
use xapi_model::{ApiError, Value, errors};
use xapi_server::{Config, Handler, Listener, Origin, Server, UnixAccess};

use crate::peer::Peer;

/// Longer than any case may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives back what it gets, or says that there is nothing.
struct Echo;

impl Handler for Echo {
    fn call(&self, origin: &Origin, name: &str, mut params: Vec<Value>) -> Result<Value, ApiError> {
        match name {
            "origin" => Ok(Value::Array(
                origin
                    .other_config
                    .iter()
                    .map(|(key, value)| Value::from(format!("{key}={value}").as_str()))
                    .collect(),
            )),
            "echo" => Ok(params.pop().unwrap_or(Value::Nil)),
            _ => Err(errors::message_method_unknown(name)),
        }
    }

    fn quick(&self, name: &str) -> bool {
        name != "echo"
    }
}

struct Served {
    _directory: tempfile::TempDir,
    _server: Server,
    listener: Listener,
}

thread_local! {
    static SERVED: OnceCell<Served> = const { OnceCell::new() };
}

fn served() -> Served {
    let directory = tempfile::tempdir().expect("a directory");
    let config = Config {
        gzip: true,
        workers: 4,
        ..Config::default()
    };
    let server = Server::new(Arc::new(Echo), config).expect("threads");
    let path = directory.path().join("socket/xapi");
    let listener = server
        .listen_unix(&path, UnixAccess::default())
        .expect("a socket");
    Served {
        _directory: directory,
        _server: server,
        listener,
    }
}

/// A server on a socket; the same for all cases of a thread.
pub(super) fn server(bytes: &[u8]) {
    let path = SERVED.with(|slot| {
        let path = slot.get_or_init(served).listener.path();
        path.expect("a path").to_owned()
    });
    let mut stream = UnixStream::connect(path).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    // The server may have heard enough before the end.
    if stream.write_all(bytes).is_ok() {
        drop(stream.shutdown(Shutdown::Write));
    }
    let mut answer = Vec::new();
    if let Err(why) = stream.read_to_end(&mut answer) {
        assert_eq!(
            why.kind(),
            std::io::ErrorKind::ConnectionReset,
            "the connection stays open"
        );
    }
    assert!(
        answer.is_empty() || answer.starts_with(b"HTTP/1."),
        "{:?}",
        String::from_utf8_lossy(&answer)
    );
}

/// A client that gets any answer.
pub(super) fn client(bytes: &[u8]) {
    static PEER: OnceLock<Peer> = OnceLock::new();
    let peer = PEER.get_or_init(|| Peer::new("xapi"));
    peer.answers(bytes);
    let options = Options {
        call_timeout: Some(PATIENCE),
        limits: xapi_wire::Limits::REQUEST,
        ..Options::default()
    };
    // A new client each time: a connection that is kept would be used again.
    if let Ok(value) = Client::unix(peer.path())
        .with(options)
        .call("echo", Vec::new())
    {
        super::wire::check(&value);
    }
}
