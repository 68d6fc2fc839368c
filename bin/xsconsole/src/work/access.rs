//! The way to the daemon: its socket, or an address; and who goes it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use xapi_client::{Client, ClientError, KnownServers, Options, Session, Stranger, Trust};

/// A call takes no longer, but for those that change the network.
pub const CALL: Duration = Duration::from_secs(15);
/// The daemon's socket, below the root.
const SOCKET: &str = "var/lib/xcp/xapi";

/// Why nobody can be believed by TLS.
const HOMELESS: &str = "HOME is not set, so that no certificate can be remembered";

/// Why nothing can be asked.
#[derive(Debug)]
pub enum Closed {
    /// Somebody has to log in first.
    Locked,
    /// The daemon does not answer, or not so.
    Failed(ClientError),
}

/// The way to the daemon.
pub struct Access {
    client: Client,
    /// Whom to believe by TLS.
    known: Option<KnownServers>,
    here: bool,
    /// Over the socket root needs no password.
    trusted: bool,
    /// The session of whoever logged in, or root's own. All threads share it, so that one logout ends it.
    session: Mutex<Option<String>>,
}

impl Access {
    /// The way that was asked for; without one the socket for root, and the loopback for others, whom the socket lets
    /// not in.
    pub fn new(
        root: &Path,
        url: Option<&str>,
        is_root: bool,
        home: Option<PathBuf>,
    ) -> Result<Access, String> {
        let known = home.map(|home| KnownServers::only(home.join(".xe-fingerprints")));
        let (client, here) = match url {
            None if is_root => (Client::unix(root.join(SOCKET)), true),
            None => (Client::tcp("127.0.0.1", 80), true),
            Some(url) => at(url, known.as_ref())?,
        };
        Ok(Access {
            client: client.with(options(CALL)),
            known,
            here,
            trusted: is_root && url.is_none(),
            session: Mutex::default(),
        })
    }

    /// Whether the daemon is this host's.
    pub fn is_here(&self) -> bool {
        self.here
    }

    /// Whether nobody has to log in.
    pub fn is_trusted(&self) -> bool {
        self.trusted
    }

    /// A session, for calls that take at most so long and go with these headers.
    pub fn session(
        &self,
        within: Duration,
        headers: Vec<(String, String)>,
    ) -> Result<Session, Closed> {
        let client = self.client.with(Options {
            headers,
            ..options(within)
        });
        match self.held() {
            Some(reference) => Ok(Session::adopt(client, &reference)),
            None if self.trusted => Ok(Session::adopt(client, &self.roots(within)?)),
            None => Err(Closed::Locked),
        }
    }

    /// The session that root has without a password. Of two threads that make one at a time, one takes the other's.
    fn roots(&self, within: Duration) -> Result<String, Closed> {
        let client = self.client.with(options(within));
        let made = made(&client, "root", "").map_err(Closed::Failed)?;
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = session.clone() else {
            *session = Some(made.clone());
            return Ok(made);
        };
        drop(session);
        end(&client, made);
        Ok(held)
    }

    /// Whether the daemon answers at all, whoever asks.
    pub fn knock(&self) -> Result<(), ClientError> {
        let asked = self
            .client
            .call("host.get_uuid", vec!["".into(), "".into()]);
        match asked {
            Err(ClientError::Api(_)) | Ok(_) => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// Believes a server from now on, as somebody has said; the reason if that cannot be kept.
    pub fn trust(&self, stranger: &Stranger) -> Result<(), String> {
        let known = self.known.as_ref().ok_or(HOMELESS)?;
        known.remember(stranger).map_err(|why| why.to_string())
    }

    /// Logs somebody in; the reason if he is refused.
    pub fn log_in(&self, user: &str, password: &str) -> Result<(), String> {
        let made = made(&self.client, user, password).map_err(|why| {
            match why.is("SESSION_AUTHENTICATION_FAILED") {
                true => "User or password are not right.".to_owned(),
                false => super::said(&why),
            }
        })?;
        self.log_out(CALL);
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        Ok(())
    }

    /// The session of whoever is logged in.
    pub fn held(&self) -> Option<String> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.clone()
    }

    /// Forgets a session that the daemon does not know any more, unless somebody has logged in anew since. Whether it
    /// was forgotten.
    pub fn forget(&self, reference: Option<&str>) -> bool {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = session.as_deref() == reference;
        if is_same {
            *session = None;
        }
        is_same
    }

    /// Forgets who logged in, here and at the daemon, which has so long to hear of it.
    pub fn log_out(&self, within: Duration) {
        let taken = self
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reference) = taken {
            end(&self.client.with(options(within)), reference);
        }
    }
}

/// Logs in; the reference of the session.
fn made(client: &Client, user: &str, password: &str) -> Result<String, ClientError> {
    let params = [user, password, "1.0", "xsconsole"].map(xapi_model::Value::from);
    let made = client.call("session.login_with_password", params.to_vec())?;
    match made.as_str() {
        Some(reference) => Ok(reference.to_owned()),
        None => Err(ClientError::Protocol {
            at: format!("{client:?}"),
            why: "it gives no session".to_owned(),
        }),
    }
}

/// Logs out. A daemon that does not hear it ends the session by itself some day.
fn end(client: &Client, reference: String) {
    drop(client.call("session.logout", vec![reference.into()]));
}

fn options(within: Duration) -> Options {
    Options {
        connect_timeout: Duration::from_secs(5),
        call_timeout: Some(within),
        user_agent: concat!("xsconsole/", env!("CARGO_PKG_VERSION")).to_owned(),
        ..Options::default()
    }
}

/// The server of a URL, and whether it is this machine.
fn at(url: &str, known: Option<&KnownServers>) -> Result<(Client, bool), String> {
    let bad = || format!("{url}: an address such as https://xs-1 or http://127.0.0.1:80");
    let (scheme, rest) = url.split_once("://").ok_or_else(bad)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or_else(bad)?;
            (host, port.strip_prefix(':'))
        }
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    let port = port.map(str::parse::<u16>).transpose().map_err(|_| bad())?;
    if host.is_empty() || host.contains(['/', '@', '?']) {
        return Err(bad());
    }
    let here = matches!(host, "localhost" | "127.0.0.1" | "::1");
    match scheme {
        "http" if !here => Err(format!(
            "{url}: anybody on the way could read the password; ask for https://{host}"
        )),
        "http" => Ok((Client::tcp(host, port.unwrap_or(80)), here)),
        "https" => {
            let known = known.ok_or(HOMELESS)?.clone();
            let trust = Trust::first_use(known).map_err(|why| why.to_string())?;
            Ok((Client::tls(host, port.unwrap_or(443), trust), here))
        }
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, at};

    #[test]
    fn an_address_names_scheme_host_and_port_or_is_refused() {
        let place = |url: &str| at(url, None).map(|(client, here)| (format!("{client:?}"), here));
        for (url, shown, here) in [
            ("http://127.0.0.1", "127.0.0.1", true),
            ("http://localhost:8080/", "localhost", true),
            ("http://[::1]:81", "::1", true),
        ] {
            let (client, is_here) = place(url).unwrap();
            assert!(client.contains(shown), "{url}: {client}");
            assert_eq!(is_here, here, "{url}");
        }
        for url in [
            "xs-1",
            "http://xs-1",
            "http://10.0.0.1:80",
            "ftp://xs-1",
            "http://",
            "http://a:b",
            "http://a/b",
            "http://u@a",
        ] {
            assert!(place(url).is_err(), "{url}");
        }
    }

    #[test]
    fn only_root_over_the_socket_needs_no_password() {
        let trusted = |url, is_root| {
            let access = Access::new("/".as_ref(), url, is_root, None).unwrap();
            access.is_trusted()
        };
        assert!(trusted(None, true));
        assert!(!trusted(None, false));
        assert!(!trusted(Some("http://127.0.0.1"), true));
    }
}
