//! Other hosts are asked who the master is, all at once. One that leads the pool says so, one that does not names whom it
//! obeys; both have proven that they know the pool's secret.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use xapi_link::{Dial, DialError, Hello, Leads, Limits};

use super::dowry::fingerprints;
use super::link::{Note, Silent, pool_uuid, secret_of, version};
use super::role::Role;
use super::secret;
use crate::context::Core;
use crate::{Result, certificates};

/// How long a host may take to answer.
pub(super) const WITHIN: Duration = Duration::from_millis(900);

/// Hosts that are asked at once.
const AT_ONCE: usize = 16;

/// What a host says.
pub(super) enum Said {
    /// It is the master.
    Leads {
        /// Since this term.
        term: u64,
        /// The UUID of its host.
        host: String,
    },
    /// The host with this address is its master.
    Obeys(String),
    /// Neither.
    Nothing(DialError),
}

/// A host that says that it is the master of this pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Master {
    /// Its term.
    pub term: u64,
    /// Its UUID.
    pub host: String,
    /// Where it was found.
    pub address: String,
}

/// What this host knows of its pool.
pub(super) struct Known {
    /// The UUID of the pool.
    pub pool: String,
    /// The certificates of its hosts; none are known before the first copy of its rows: then the secret alone tells who
    /// is of the pool.
    pub fingerprints: Option<BTreeSet<String>>,
}

impl Known {
    pub(super) fn of(core: &Core) -> Result<Known> {
        // A master that has just been told whom to obey has rows of its pool and no note.
        let has_rows = core.store.position().is_some() || core.pool.standing.role() == Role::Master;
        Ok(match Note::read(core)?.filter(|_| !has_rows) {
            None => Known {
                pool: pool_uuid(core)?,
                fingerprints: Some(fingerprints(&core.view()?, None)?),
            },
            Some(note) => Known {
                pool: note.pool,
                fingerprints: None,
            },
        })
    }
}

/// Asks the hosts with these addresses, and tells them where this host is if it leads the pool itself. This host's own
/// addresses are left out.
pub(super) fn ask(
    core: &Core,
    addresses: Vec<String>,
    leads: Option<&Leads>,
) -> Result<Vec<(String, Said)>> {
    if let Some(look) = core.pool.lookout.get() {
        let found = look(&addresses, leads).into_iter();
        let said = found.map(|master| {
            (
                master.address,
                Said::Leads {
                    term: master.term,
                    host: master.host,
                },
            )
        });
        return Ok(said.collect());
    }
    let own = super::transition::own_addresses(&*core.agent)?;
    let addresses = addresses
        .into_iter()
        .filter(|address| !own.contains(address));
    let addresses: Vec<_> = addresses.collect();
    let secrets = secret::all(&core.config)?;
    if secrets.is_empty() || addresses.is_empty() {
        return Ok(Vec::new());
    }
    let known = Known::of(core)?;
    let dial = Dial {
        address: String::new(),
        port: core.config.port,
        identity: certificates::of_link(core)?,
        secrets: secrets.iter().map(secret_of).collect(),
        hello: Hello {
            pool: known.pool,
            host: core.own_uuid()?,
            // To be told who is there, and no more.
            joining: true,
            position: None,
            version: version(),
            leads: leads.cloned(),
        },
        fingerprints: known.fingerprints,
        within: WITHIN,
        limits: Limits::default(),
    };
    let one = |address: &String| {
        let dial = Dial {
            address: address.clone(),
            ..dial.clone()
        };
        (address.clone(), said(&dial))
    };
    let mut all = Vec::new();
    for some in addresses.chunks(AT_ONCE) {
        all.extend(std::thread::scope(|scope| {
            let asked: Vec<_> = some
                .iter()
                .map(|address| scope.spawn(|| one(address)))
                .collect();
            let answers = asked.into_iter().filter_map(|asked| asked.join().ok());
            answers.collect::<Vec<_>>()
        }));
    }
    Ok(all)
}

fn said(dial: &Dial) -> Said {
    match dial.connect(Arc::new(Silent)) {
        Ok(line) => {
            let welcome = line.peer().welcome.clone().unwrap_or_default();
            line.close("it was only asked who is there");
            Said::Leads {
                term: welcome.term,
                host: welcome.host,
            }
        }
        Err(why) => match master_of(&why) {
            Some(master) => Said::Obeys(master),
            None => Said::Nothing(why),
        },
    }
}

/// The address of the master of whoever has refused a line because he is a slave.
pub(super) fn master_of(why: &DialError) -> Option<String> {
    let DialError::Refused { refusal, .. } = why else {
        return None;
    };
    let master = refusal
        .params
        .first()
        .filter(|_| refusal.code == "HOST_IS_SLAVE")?;
    let master: IpAddr = master.parse().ok()?;
    Some(master.to_string())
}
