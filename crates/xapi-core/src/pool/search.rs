//! How a slave finds its master, and keeps a line to it.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_conf::pool_conf::PoolRole;
use xapi_db::Read;
use xapi_link::{Dial, DialError, Handler, Hello, Limits, Line};
use xapi_model::{ApiError, Host, Pool, errors};

use super::link::{ATTEMPT, PORT, fingerprints, joined_pool, pool_uuid, secret_of, version};
use super::role::Role;
use super::secret;
use super::slave::Slave;
use crate::context::Core;
use crate::{Result, certificates};

/// How long a slave waits between attempts, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a slave that has made a change waits for its master to be there again, before it goes back.
const GO_BACK: Duration = Duration::from_secs(20);

/// A line that lasts longer was a good one: after it the next attempt comes at once.
const STABLE: Duration = Duration::from_secs(5);

/// How often a slave that has its line looks whether it ends.
const LOOK: Duration = Duration::from_millis(500);

/// The slave's end of its line.
struct Obedient {
    slave: Arc<Slave>,
    /// Whether all that came over the line is dealt with.
    ended: Mutex<bool>,
    end: Condvar,
}

impl Obedient {
    fn wait_for_end(&self) {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.end.wait_while(ended, |ended| !*ended));
    }
}

impl Handler for Obedient {
    fn asked(&self, line: &Line, body: Vec<u8>) -> Vec<u8> {
        self.slave.asked(&body).unwrap_or_else(|why| {
            line.close(&why);
            Vec::new()
        })
    }

    fn told(&self, line: &Line, body: Vec<u8>) {
        if let Err(why) = self.slave.told(&body) {
            line.close(&why);
        }
    }

    fn closed(&self, _: &Line, why: &str) {
        self.slave.closed(why);
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.notify_all();
    }
}

/// Keeps a line to the master of this slave, until the daemon ends. Nothing on a master.
pub fn keep(core: &Arc<Core>) -> Result<Option<Arc<Slave>>> {
    let Role::Slave(address) = core.pool.standing.role() else {
        return Ok(None);
    };
    let slave = Arc::new(Slave::new(core));
    slave.tell_events();
    let (core, following) = (Arc::clone(core), Arc::clone(&slave));
    std::thread::Builder::new()
        .name("master".to_owned())
        .spawn(move || follow(&core, &following, address))
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))?;
    Ok(Some(slave))
}

fn follow(core: &Arc<Core>, slave: &Arc<Slave>, mut address: String) {
    let mut pause = FIRST_PAUSE;
    let mut lost = Instant::now();
    let mut told = String::new();
    while !core.is_ending() {
        let mut why = None;
        for candidate in candidates(core, &address) {
            let obedient = Arc::new(Obedient {
                slave: Arc::clone(slave),
                ended: Mutex::new(false),
                end: Condvar::new(),
            });
            slave.dials();
            let handler = Arc::clone(&obedient);
            match dial(core, &candidate)
                .and_then(|dial| dial.connect(handler).map_err(Missed::from))
            {
                Ok(line) => {
                    let began = Instant::now();
                    if candidate != address {
                        moved(core, &candidate);
                        address = candidate;
                    }
                    slave.opened(Arc::new(line.clone()));
                    why = None;
                    told.clear();
                    while line.wait_closed(LOOK).is_none() {
                        if core.is_ending() {
                            line.close("the daemon ends");
                        }
                    }
                    // What was told before it ended must not get among what the next line tells.
                    obedient.wait_for_end();
                    lost = Instant::now();
                    if began.elapsed() > STABLE {
                        pause = FIRST_PAUSE;
                    } else {
                        core.wait_for_end(pause);
                        pause = (pause * 2).min(LONGEST_PAUSE);
                    }
                    break;
                }
                Err(missed) => {
                    // The first is where the master should be.
                    why.get_or_insert(missed);
                }
            }
            if core.is_ending() {
                return;
            }
        }
        if let Some(missed) = why {
            core.pool.standing.emergency(missed.emergency(core));
            slave.misses();
            let text = missed.text();
            if text != told {
                tracing::warn!("no line to the master: {text}");
                told = text;
            }
            if slave.is_unkept() && lost.elapsed() >= GO_BACK {
                slave.go_back();
            }
            // Until the daemon ends, or so long.
            core.wait_for_end(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Where the master may be: where it was last, then wherever a host of the pool is.
fn candidates(core: &Core, address: &str) -> Vec<String> {
    let mut all = vec![address.to_owned()];
    let hosts = core.view().and_then(|view| {
        let pools = view.all::<Pool>()?;
        let master = pools.into_iter().next().map(|(_, pool)| pool.master);
        let mut hosts = view.all::<Host>()?;
        hosts.sort_by_key(|(host, _)| Some(host) != master.as_ref());
        Ok(hosts)
    });
    let here = core.localhost().ok();
    for (host, row) in hosts.unwrap_or_default() {
        if Some(&host) != here.as_ref() && !row.address.is_empty() && !all.contains(&row.address) {
            all.push(row.address);
        }
    }
    all
}

/// Why no line came of an attempt.
enum Missed {
    Dial(DialError),
    Own(ApiError),
}

impl From<DialError> for Missed {
    fn from(why: DialError) -> Missed {
        Missed::Dial(why)
    }
}

impl Missed {
    fn text(&self) -> String {
        match self {
            Missed::Dial(why) => why.to_string(),
            Missed::Own(why) => why.to_string(),
        }
    }

    /// What every call is answered meanwhile.
    fn emergency(&self, core: &Core) -> ApiError {
        let unknown = || errors::host_unknown_to_master(core.own_uuid().unwrap_or_default());
        match self {
            Missed::Own(why) => why.clone(),
            Missed::Dial(DialError::Refused { refusal, .. }) => match refusal.code.as_str() {
                "HOST_IS_SLAVE" => errors::host_in_emergency_mode(),
                _ => ApiError::new(refusal.code.clone(), refusal.params.clone()),
            },
            Missed::Dial(
                DialError::WrongSecret { .. }
                | DialError::AnotherPool { .. }
                | DialError::WrongCertificate { .. },
            ) => unknown(),
            Missed::Dial(_) => errors::host_in_emergency_mode(),
        }
    }
}

fn dial(core: &Core, address: &str) -> std::result::Result<Dial, Missed> {
    let own = |why| Missed::Own(why);
    let addresses = super::transition::own_addresses(core).map_err(own)?;
    if addresses.iter().any(|its| its == address) {
        return Err(Missed::Own(errors::host_its_own_slave()));
    }
    let secret = secret::find(&core.config).map_err(own)?;
    let secret = secret.ok_or_else(|| {
        tracing::error!("{} holds no secret", core.config.pool_token().display());
        Missed::Own(errors::host_unknown_to_master(
            core.own_uuid().unwrap_or_default(),
        ))
    })?;
    // Until the first copy is here the secret alone tells who the master is.
    let known = fingerprints(core, None).map_err(own)?;
    let follows = core.store.position().is_some();
    Ok(Dial {
        address: address.to_owned(),
        port: PORT,
        identity: certificates::of_link(core).map_err(own)?,
        secret: secret_of(&secret),
        hello: Hello {
            pool: match follows {
                true => pool_uuid(core).map_err(own)?,
                false => joined_pool(core).map_err(own)?,
            },
            host: core.own_uuid().map_err(own)?,
            joining: false,
            position: core.store.position(),
            version: version(),
        },
        fingerprints: follows.then_some(known),
        within: ATTEMPT,
        limits: Limits::default(),
    })
}

/// The master was found at another address: the next start looks there first.
fn moved(core: &Core, address: &str) {
    tracing::warn!("the master is at {address} now");
    let role = PoolRole::Slave(address.to_owned());
    if let Err(why) = role.write(&core.config.pool_conf()) {
        tracing::error!("{}: {why}", core.config.pool_conf().display());
    }
    core.pool.standing.set_role(Role::Slave(address.to_owned()));
}
