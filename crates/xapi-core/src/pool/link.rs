//! The line between a slave and its master, over xapi-link: whom a master lets in. How a slave finds its master is in
//! [`super::search`].

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use xapi_db::Read;
use xapi_link::{Dial, DialError, Gate, Handler, Hello, Limits, Line, Myself, Refusal, Secret};
use xapi_model::{ApiError, Pool, errors};
use xapi_tls::Identity;

use super::another;
use super::arrival::{Greeting, Linked, may_open};
use super::dowry::fingerprints;
use super::inquiry::Known;
use super::membership;
use super::peer::{Lost, Peer};
use super::secret::{self, PoolSecret};
use super::verbs::{Granted, Wish, decode, encode};
use crate::context::Core;
use crate::{Result, certificates};

/// How long one attempt to reach the master may take.
pub(super) const ATTEMPT: Duration = Duration::from_secs(5);

impl Peer for Line {
    fn ask(&self, question: Vec<u8>, within: Duration) -> std::result::Result<Vec<u8>, Lost> {
        Line::ask(self, question, within).map_err(Lost::from)
    }

    fn tell(&self, news: Vec<u8>) -> std::result::Result<(), Lost> {
        Line::tell(self, news).map_err(Lost::from)
    }

    fn is_open(&self) -> bool {
        Line::is_open(self)
    }

    fn close(&self, why: &str) {
        Line::close(self, why);
    }

    fn here(&self) -> Option<IpAddr> {
        self.peer().here
    }
}

impl From<xapi_link::Lost> for Lost {
    fn from(lost: xapi_link::Lost) -> Lost {
        match lost {
            xapi_link::Lost::Closed | xapi_link::Lost::Failed => Lost::Closed,
            xapi_link::Lost::TimedOut => Lost::TimedOut,
            xapi_link::Lost::TooLarge => Lost::TooLong,
        }
    }
}

pub(super) fn secret_of(secret: &PoolSecret) -> Secret {
    Secret::new(secret.expose().as_bytes())
}

pub(super) fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether a host runs a later version than this one: its rows and its verbs may be none that this one knows. What is no
/// version is not later.
fn is_newer(theirs: &str) -> bool {
    numbers(theirs).is_some_and(|theirs| Some(theirs) > numbers(&version()))
}

/// Whether it runs an earlier one, whose slave this one could not be.
pub(super) fn is_older(theirs: &str) -> bool {
    numbers(theirs).is_some_and(|theirs| Some(theirs) < numbers(&version()))
}

fn numbers(version: &str) -> Option<Vec<u64>> {
    let release = version.split(['-', '+']).next()?;
    release.split('.').map(|part| part.parse().ok()).collect()
}

/// The door of a master.
pub struct Door {
    core: Arc<Core>,
}

/// A slave that was let in: the master's end of its line.
struct Visitor {
    linked: Arc<Linked>,
    greeting: Greeting,
    peer: OnceLock<Arc<dyn Peer>>,
}

/// A host that may ask to be let into the pool.
struct Candidate {
    core: Arc<Core>,
    host: String,
    fingerprint: String,
}

impl Door {
    /// The door of this host, which opens as long as it is a master.
    pub fn new(core: &Arc<Core>) -> Door {
        Door {
            core: Arc::clone(core),
        }
    }

    fn judged(&self, hello: &Hello, fingerprint: &str) -> Result<Arc<dyn Handler>> {
        let core = &self.core;
        self.hear(hello, fingerprint)?;
        may_open(core, hello.position)?;
        if hello.joining {
            return Ok(Arc::new(Candidate {
                core: Arc::clone(core),
                host: hello.host.clone(),
                fingerprint: fingerprint.to_owned(),
            }));
        }
        let greeting = Greeting {
            host: hello.host.clone(),
            position: hello.position,
        };
        let linked = Linked::of(core, &greeting)?;
        if is_newer(&hello.version) {
            return Err(errors::host_xapi_version_higher_than_coordinator(
                &hello.version,
            ));
        }
        if !fingerprints(&core.view()?, Some(linked.host()))?.contains(fingerprint) {
            tracing::warn!(
                "{} shows the certificate {fingerprint}, which is not that of the host that it says it is",
                hello.host
            );
            return Err(errors::host_unknown_to_master(&hello.host));
        }
        Ok(Arc::new(Visitor {
            linked: Arc::new(linked),
            greeting,
            peer: OnceLock::new(),
        }))
    }

    /// Whoever says that he leads the pool, and is of it.
    fn hear(&self, hello: &Hello, fingerprint: &str) -> Result<()> {
        let Some(leads) = &hello.leads else {
            return Ok(());
        };
        let known = Known::of(&self.core)?.fingerprints;
        match known.is_some_and(|known| known.contains(fingerprint)) {
            true => another::hear(&self.core, leads, &hello.host),
            false => Ok(()),
        }
    }
}

impl Gate for Door {
    fn secrets(&self) -> Vec<Secret> {
        match secret::all(&self.core.config) {
            Ok(good) => good.iter().map(secret_of).collect(),
            Err(why) => {
                tracing::error!("nobody is let in: {why}");
                Vec::new()
            }
        }
    }

    fn myself(&self) -> Myself {
        let pool = pool_uuid(&self.core).unwrap_or_default();
        Myself {
            pool,
            host: self.core.own_uuid().unwrap_or_default(),
            term: self.core.store.term(),
        }
    }

    fn identity(&self) -> std::result::Result<Arc<Identity>, String> {
        certificates::of_link(&self.core).map_err(|why| why.to_string())
    }

    fn admit(
        &self,
        hello: &Hello,
        fingerprint: &str,
    ) -> std::result::Result<Arc<dyn Handler>, Refusal> {
        self.judged(hello, fingerprint).map_err(|why| Refusal {
            code: why.code.to_string(),
            params: why.params,
        })
    }

    fn opened(&self, _: Line) {}
}

impl Handler for Visitor {
    fn opened(&self, line: &Line) {
        let peer = Arc::clone(self.peer.get_or_init(|| Arc::new(line.clone())));
        if let Err(why) = self.linked.opened(peer, self.greeting.clone()) {
            line.close(&why.to_string());
        }
    }

    fn asked(&self, line: &Line, body: Vec<u8>) -> Vec<u8> {
        self.linked.asked(&body).unwrap_or_else(|why| {
            line.close(&why);
            Vec::new()
        })
    }

    fn told(&self, line: &Line, body: Vec<u8>) {
        if let Err(why) = self.linked.told(&body) {
            line.close(&why);
        }
    }

    fn closed(&self, _: &Line, why: &str) {
        if let Some(peer) = self.peer.get() {
            self.linked.closed(peer, why);
        }
    }
}

impl Handler for Candidate {
    fn asked(&self, line: &Line, body: Vec<u8>) -> Vec<u8> {
        let answer = match decode(&body) {
            Ok(Wish::Admit(admission)) => {
                let admitted =
                    membership::admit(&self.core, &admission, &self.host, &self.fingerprint);
                encode(&Granted::Admitted(admitted.map_err(Into::into)))
            }
            Ok(Wish::Plan(admission)) => {
                let planned = membership::planned(&self.core, &admission);
                encode(&Granted::Planned(planned.map_err(Into::into)))
            }
            Ok(Wish::Call(_) | Wish::Became(_) | Wish::Tasks(_)) => {
                Err("it is not in the pool".to_owned())
            }
            Err(why) => Err(why),
        };
        answer.unwrap_or_else(|why| {
            line.close(&why);
            Vec::new()
        })
    }

    fn told(&self, _: &Line, _: Vec<u8>) {}

    fn closed(&self, _: &Line, _: &str) {}
}

pub(super) fn pool_uuid(core: &Core) -> Result<String> {
    let pools = core.view()?.all::<Pool>()?;
    let first = pools.into_iter().next();
    Ok(first.map(|(_, pool)| pool.uuid).unwrap_or_default())
}

/// The end of a line of which nothing is asked.
pub(super) struct Silent;

impl Handler for Silent {
    fn asked(&self, line: &Line, _: Vec<u8>) -> Vec<u8> {
        line.close("it asks a host that is not its slave");
        Vec::new()
    }

    fn told(&self, _: &Line, _: Vec<u8>) {}

    fn closed(&self, _: &Line, _: &str) {}
}

/// A line to a pool's master, over which this host may ask once, and the UUID of the pool.
pub(super) fn joining(
    core: &Core,
    address: &str,
    secret: &PoolSecret,
) -> Result<(Arc<dyn Peer>, String)> {
    let dial = Dial {
        address: address.to_owned(),
        port: core.config.port,
        identity: certificates::of_link(core)?,
        secrets: vec![secret_of(secret)],
        hello: Hello {
            pool: String::new(),
            host: core.own_uuid()?,
            joining: true,
            version: version(),
            ..Hello::default()
        },
        fingerprints: None,
        within: ATTEMPT,
        limits: Limits::default(),
    };
    match dial.connect(Arc::new(Silent)) {
        Ok(line) => {
            let welcome = line.peer().welcome.as_ref();
            let pool = welcome.map(|welcome| welcome.pool.clone());
            Ok((Arc::new(line), pool.unwrap_or_default()))
        }
        Err(DialError::Refused { refusal, .. }) => Err(ApiError::new(refusal.code, refusal.params)),
        Err(why) => {
            tracing::warn!("{why}");
            Err(errors::joining_host_connection_failed())
        }
    }
}

/// Whether the database is of the pool whose slave this host is, although it has not followed yet: it was its master.
pub(super) fn is_of_own_pool(core: &Core) -> Result<bool> {
    let uuid = pool_uuid(core)?;
    // Without a note it has become a slave a moment ago, in its own pool.
    let note = Note::read(core)?;
    Ok(!uuid.is_empty() && note.is_none_or(|note| note.pool == uuid))
}

/// What is noted of the pool whose slave this host is, until its database tells.
pub(crate) struct Note {
    /// The UUID of the pool.
    pub pool: String,
    /// The term of its master, as far as is known.
    pub term: Option<u64>,
}

impl Note {
    /// Keeps it beside the database.
    pub(super) fn write(&self, core: &Core) -> Result<()> {
        let path = core.config.joined_pool();
        let text = match self.term {
            Some(term) => format!("{}\n{term}\n", self.pool),
            None => self.pool.clone(),
        };
        xapi_conf::file::write(&path, text.as_bytes(), 0o644)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }

    /// What was kept; nothing if nothing was.
    pub(crate) fn read(core: &Core) -> Result<Option<Note>> {
        let path = core.config.joined_pool();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let mut lines = text.lines().map(str::trim);
                Ok(Some(Note {
                    pool: lines.next().unwrap_or_default().to_owned(),
                    term: lines.next().and_then(|term| term.parse().ok()),
                }))
            }
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(errors::internal_error(format!("{}: {why}", path.display()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is_newer, is_older, version};

    #[test]
    fn a_host_is_newer_by_the_numbers_of_its_version() {
        assert!(!is_newer(&version()) && !is_older(&version()));
        assert!(is_older("0.0.9") && !is_older("99.0.0") && !is_older("oldest"));
        for newer in ["99.0.0", "0.1000.0", "0.1.1000", "99.0.0-beta.1"] {
            assert!(is_newer(newer), "{newer}");
        }
        for not in ["0.0.9", "", "newest", "0.0.99+1", "9x.1.2"] {
            assert!(!is_newer(not), "{not}");
        }
    }
}
