//! A server over a unix socket and TCP, and the program in a home of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError};

use tempfile::TempDir;
use xapi_cli::{Rpc, RpcError};
use xapi_model::{ApiError, Value, errors};
use xapi_server::{Config, Handler, Listener, Origin, Server, UnixAccess};
use xapi_tls::TlsIdentity;

use crate::fake::{Fake, world};

/// The password of everybody.
pub const PASSWORD: &str = "open, sesame";

/// The program under test.
pub const XE: &str = env!("CARGO_BIN_EXE_xe");

struct Answers(Mutex<Fake>);

impl Answers {
    fn login(&self, origin: &Origin, params: &[Value]) -> Result<Value, ApiError> {
        let word = |at: usize| params.get(at).and_then(Value::as_str).unwrap_or_default();
        let mut fake = self.fake();
        fake.asked.push(format!("login {}", word(0)));
        if origin.local_root || word(1) == PASSWORD {
            Ok("OpaqueRef:session".into())
        } else {
            Err(errors::session_authentication_failed(word(0), "no"))
        }
    }

    fn fake(&self) -> std::sync::MutexGuard<'_, Fake> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Answers {
    fn call(&self, origin: &Origin, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        if name.starts_with("session.") && name.contains("login") {
            return self.login(origin, &params);
        }
        if params.first() != Some(&"OpaqueRef:session".into()) {
            return Err(errors::session_invalid("none"));
        }
        let mut fake = self.fake();
        if matches!(name, "session.logout" | "session.local_logout") {
            fake.asked.push("logout".to_owned());
            return Ok(Value::Nil);
        }
        let answer = fake.call(name, params[1..].to_vec());
        answer.map_err(|why| match why {
            RpcError::Api(error) => error,
            RpcError::Lost(text) => errors::internal_error(text),
        })
    }
}

/// The server and the home. The server ends with it.
pub struct Stand {
    answers: Arc<Answers>,
    _listeners: [Listener; 2],
    server: Server,
    pub address: SocketAddr,
    pub home: TempDir,
}

impl Stand {
    /// A server with [`world`] and what is added to it.
    pub fn with(add: impl FnOnce(&mut Fake)) -> Stand {
        let mut fake = world();
        add(&mut fake);
        let answers = Arc::new(Answers(Mutex::new(fake)));
        let server = Server::new(Arc::clone(&answers) as _, Config::default()).expect("a runtime");
        let home = TempDir::new().expect("a directory");
        let local = server.listen_unix(&socket(home.path()), UnixAccess::default());
        let tcp = server.listen_tcp(([127, 0, 0, 1], 0).into());
        let (local, tcp) = (local.expect("a socket"), tcp.expect("a port"));
        let address = tcp.address().expect("an address");
        Stand {
            answers,
            _listeners: [local, tcp],
            server,
            address,
            home,
        }
    }

    pub fn new() -> Stand {
        Stand::with(|_| ())
    }

    /// Listens by TLS as well, on an address that the program does not take for its own host's.
    pub fn tls(&self, identity: Arc<TlsIdentity>) -> Listener {
        let listener = self.server.listen_tls(([127, 0, 0, 2], 0).into(), identity);
        listener.expect("a port")
    }

    /// The program with these words, in the stand's home.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = command(self.home.path());
        command.args(words);
        command
    }

    pub fn xe(&self, words: &[&str]) -> Told {
        told(&mut self.command(words))
    }

    /// A file in the home.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.home.path().join(name);
        std::fs::write(&path, text).expect("writes");
        path
    }

    /// Changes the server's world.
    pub fn change(&self, change: impl FnOnce(&mut Fake)) {
        change(&mut self.answers.fake());
    }

    /// What the server was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.answers.fake().asked)
    }
}

fn socket(home: &Path) -> PathBuf {
    home.join("xapi")
}

/// The program in a home, without words.
pub fn command(home: &Path) -> Command {
    let mut command = Command::new(XE);
    command.env_remove("XE_EXTRA_ARGS").env("HOME", home);
    command.env("XE_SOCKET", socket(home));
    command
}

/// What a program wrote, and its exit status.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub out: String,
    pub err: String,
    pub status: Option<i32>,
}

pub fn told(command: &mut Command) -> Told {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("runs");
    Told {
        out: String::from_utf8(stdout).expect("text"),
        err: String::from_utf8(stderr).expect("text"),
        status: status.code(),
    }
}

/// What a program that succeeded says.
pub fn ok(out: &str) -> Told {
    Told {
        out: out.to_owned(),
        err: String::new(),
        status: Some(0),
    }
}
