//! The line between a slave and its master, over xapi-link: whom a master lets in, and how a slave finds its master.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use xapi_conf::pool_conf::PoolRole;
use xapi_db::Read;
use xapi_link::{Dial, DialError, Gate, Handler, Hello, Limits, Line, Myself, Refusal, Secret};
use xapi_model::{ApiError, Certificate, CertificateType, Host, Pool, Ref, errors};

use super::arrival::{Greeting, Linked};
use super::dowry::plain;
use super::membership;
use super::peer::{Lost, Peer};
use super::role::Role;
use super::secret::{self, PoolSecret};
use super::slave::Slave;
use super::verbs::{Granted, Wish, decode, encode};
use crate::context::Core;
use crate::{Result, certificates};

/// The port of every host's XenAPI.
pub(super) const PORT: u16 = 443;

/// How long one attempt to reach the master may take.
const ATTEMPT: Duration = Duration::from_secs(5);

/// How long a slave waits between attempts, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long a slave that has made a change waits for its master to be there again, before it goes back.
const GO_BACK: Duration = Duration::from_secs(20);

/// How long a host may take to say whether it is another master.
const PROBE: Duration = Duration::from_millis(900);

/// How often a master looks for another one.
const ANOTHER: Duration = Duration::from_secs(10);

/// A line that lasts longer was a good one: after it the next attempt comes at once.
const STABLE: Duration = Duration::from_secs(5);

/// How often a slave that has its line looks whether it ends.
const LOOK: Duration = Duration::from_millis(500);

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

fn secret_of(secret: &PoolSecret) -> Secret {
    Secret::new(secret.expose().as_bytes())
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// The fingerprints of a host's own certificates, as its rows have them; of all hosts, if none is named.
fn fingerprints(core: &Core, host: Option<&Ref<Host>>) -> Result<BTreeSet<String>> {
    let rows = core.view()?.all::<Certificate>()?;
    let own = rows.into_iter().filter(|(_, row)| {
        let kind = matches!(
            row.kind,
            CertificateType::Host | CertificateType::HostInternal
        );
        kind && host.is_none_or(|host| row.host == *host)
    });
    Ok(own.map(|(_, row)| plain(&row.fingerprint_sha256)).collect())
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
        match core.pool.standing.role() {
            Role::Master => {}
            Role::Slave(address) => return Err(errors::host_is_slave(address)),
            Role::Broken => return Err(errors::host_broken()),
        }
        if hello
            .position
            .is_some_and(|position| position.term > core.store.term())
        {
            // It has followed a later master, to whom this one is about to yield.
            return Err(errors::host_in_emergency_mode());
        }
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
        if !fingerprints(core, Some(linked.host()))?.contains(fingerprint) {
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
            Ok(Wish::Call(_) | Wish::Tasks(_)) => Err("it is not in the pool".to_owned()),
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
struct Silent;

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
        port: PORT,
        identity: certificates::of_link(core)?,
        secret: secret_of(secret),
        hello: Hello {
            pool: String::new(),
            host: core.own_uuid()?,
            joining: true,
            position: None,
            version: version(),
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

/// Whether the database is of the pool whose slave this host is, although it has not followed yet: it was its master.
pub(super) fn is_of_own_pool(core: &Core) -> Result<bool> {
    let uuid = pool_uuid(core)?;
    Ok(!uuid.is_empty() && joined_pool(core).is_ok_and(|joined| joined == uuid))
}

/// Notes whose slave this host is, until its database tells.
pub(super) fn note_pool(core: &Core, pool: &str) -> Result<()> {
    let path = core.config.joined_pool();
    xapi_conf::file::write(&path, pool.as_bytes(), 0o644)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

/// The pool that this host has joined, as was noted then.
fn joined_pool(core: &Core) -> Result<String> {
    let path = core.config.joined_pool();
    std::fs::read_to_string(&path)
        .map(|text| text.trim_ascii().to_owned())
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

/// Looks for another master of this pool: after a transition that this host has not heard of there are two. The one of the
/// later term stays; this host steps down if it is the other, and keeps what it has committed meanwhile in a file.
/// Whether it steps down.
pub fn yield_to_another(core: &Arc<Core>) -> Result<bool> {
    if core.pool.standing.role() != Role::Master {
        return Ok(false);
    }
    let Some((host, address)) = later_master(core)? else {
        return Ok(false);
    };
    tracing::error!(
        "{host} at {address} is the master of this pool since a later term: stepping down"
    );
    super::transition::obey(core, address)?;
    Ok(true)
}

/// The UUID and the address of another master of this pool, of a later term than this host's.
pub(super) fn later_master(core: &Core) -> Result<Option<(String, String)>> {
    let (here, view) = (core.localhost()?, core.view()?);
    let mut addresses = Vec::new();
    for (host, row) in view.all::<Host>()? {
        if host != here && !row.address.is_empty() && core.pool.agent(&host).is_err() {
            addresses.push(row.address);
        }
    }
    drop(view);
    let Some(secret) = secret::find(&core.config)?.filter(|_| !addresses.is_empty()) else {
        return Ok(None);
    };
    let (pool, uuid, term) = (pool_uuid(core)?, core.own_uuid()?, core.store.term());
    let dial = |address: String| -> Result<Dial> {
        Ok(Dial {
            address,
            port: PORT,
            identity: certificates::of_link(core)?,
            secret: secret_of(&secret),
            hello: Hello {
                pool: pool.clone(),
                host: uuid.clone(),
                // To be told who is there, and no more.
                joining: true,
                position: None,
                version: version(),
            },
            fingerprints: Some(fingerprints(core, None)?),
            within: PROBE,
            limits: Limits::default(),
        })
    };
    let dials = addresses
        .into_iter()
        .map(dial)
        .collect::<Result<Vec<_>>>()?;
    let found = std::thread::scope(|scope| {
        let asked: Vec<_> = dials
            .iter()
            .map(|dial| scope.spawn(|| (dial.address.clone(), dial.connect(Arc::new(Silent)))))
            .collect();
        let answers = asked.into_iter().filter_map(|asked| asked.join().ok());
        let masters = answers.filter_map(|(address, line)| {
            let line = line.ok()?;
            let welcome = line.peer().welcome.clone()?;
            line.close("it was only asked who is there");
            Some((welcome.term, welcome.host, address))
        });
        masters.collect::<Vec<_>>()
    });
    // Of the same term none has heard of the other: the one whose UUID is the smaller stays.
    let later = found
        .into_iter()
        .filter(|(its, host, _)| *its > term || (*its == term && *host < uuid))
        .max_by_key(|(its, ..)| *its);
    Ok(later.map(|(_, host, address)| (host, address)))
}

/// Looks for another master until the daemon ends.
pub fn watch_for_another(core: &Arc<Core>) -> Result<()> {
    if core.pool.standing.role() != Role::Master {
        return Ok(());
    }
    let core = Arc::clone(core);
    let watch = move || {
        while !core.is_ending() {
            core.wait_for_end(ANOTHER);
            match yield_to_another(&core) {
                Ok(false) => {}
                Ok(true) => return,
                Err(why) => tracing::warn!("whether there is another master is not known: {why}"),
            }
        }
    };
    std::thread::Builder::new()
        .name("another master".to_owned())
        .spawn(watch)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))
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
