//! A server in memory behind the calls that a thin server makes, and sockets to talk to it.

use std::io::Read;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use xapi_cli::thin::{Patience, Served, ThinError, serve};
use xapi_cli::{Rpc, RpcError, Scope};
use xapi_model::{ApiError, Value, errors};

use crate::fake::Fake;

/// The password of everybody.
pub const PASSWORD: &str = "open, sesame";
/// The one session.
pub const SESSION: &str = "OpaqueRef:session";

/// Answers a call as a server does: logins by password, everything else with the session.
pub fn answer(fake: &mut Fake, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
    let word = |at: usize| params.get(at).and_then(Value::as_str).unwrap_or_default();
    let plain = |why| match why {
        RpcError::Api(error) => error,
        RpcError::Lost(text) => errors::internal_error(text),
    };
    match name {
        "session.login_with_password" | "session.slave_local_login_with_password" => {
            let scope = if name.contains("local") {
                Scope::Host
            } else {
                Scope::Pool
            };
            if word(1) != PASSWORD {
                return Err(errors::session_authentication_failed(word(0), "no"));
            }
            fake.login(word(0), word(1), scope).map_err(plain)?;
            Ok(SESSION.into())
        }
        _ if word(0) != SESSION => Err(errors::session_invalid(word(0))),
        "session.logout" | "session.local_logout" => {
            fake.asked.push(name.to_owned());
            Ok(Value::Nil)
        }
        _ => fake.call(name, params[1..].to_vec()).map_err(plain),
    }
}

/// How a conversation ended, and what the server was asked in it.
#[derive(Debug)]
pub struct Ended {
    pub outcome: Result<Served, ThinError>,
    pub asked: Vec<String>,
}

/// One conversation: the client's end, and how it ended.
pub struct Talk {
    pub client: UnixStream,
    ended: Receiver<Ended>,
}

/// Short enough for a test of the patience itself.
pub const IMPATIENT: Patience = Patience {
    greeting: Duration::from_millis(300),
    answer: Duration::from_millis(300),
};

impl Talk {
    /// A server that was asked with these words.
    pub fn new(fake: Fake, words: &[u8]) -> Talk {
        Talk::with(fake, words, Patience::default())
    }

    /// The same, with other patience.
    pub fn with(mut fake: Fake, words: &[u8], patience: Patience) -> Talk {
        let words = words.to_vec();
        let (client, mut server) = UnixStream::pair().expect("a pair of sockets");
        let tick = Some(Duration::from_millis(20));
        server.set_read_timeout(tick).expect("sets");
        server.set_write_timeout(tick).expect("sets");
        // A test that waits for what never comes fails and does not hang.
        let patient = Some(Duration::from_secs(20));
        client.set_read_timeout(patient).expect("sets");
        let (tell, ended) = channel();
        std::thread::spawn(move || {
            let mut call =
                |_: &[(String, String)], name: &str, params| answer(&mut fake, name, params);
            let outcome = serve(&mut server, &words, &mut call, patience);
            // The server closes the connection, and then the test may have ended already.
            drop(server.shutdown(Shutdown::Both));
            let asked = std::mem::take(&mut fake.asked);
            drop(tell.send(Ended { outcome, asked }));
        });
        Talk { client, ended }
    }

    /// Everything that the server says from here to its end.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.client.read_to_end(&mut rest).expect("reads");
        rest
    }

    pub fn ended(self) -> Ended {
        let end = self.ended.recv_timeout(Duration::from_secs(20));
        end.expect("the conversation ends")
    }
}
