//! How a slave finds its master, and keeps a line to it.
//!
//! It looks where the master was last. One that goes elsewhere says so before, or as soon as it is there, to every host
//! that it knows; whoever was not told asks the others, who answer whom they obey. Whoever answers has proven that he
//! knows the pool's secret, and the line is opened only to who proves that he leads this pool: what is heard of an
//! address is a place to look, and no more.

use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_link::{Dial, DialError, Handler, Hello, Limits, Line};
use xapi_model::{ApiError, Host, Network, Pool, errors};

use super::charter;
use super::inquiry::{self, Known, Said};
use super::link::{ATTEMPT, secret_of, version};
use super::role::Role;
use super::slave::Slave;
use super::whereabouts::Found;
use super::{moved, secret};
use crate::context::Core;
use crate::topology::pifs_of;
use crate::{Result, certificates};

/// How long a slave waits between attempts, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// How long the first attempt may take after a line was lost.
const QUICK: Duration = Duration::from_millis(1500);

/// How many hosts are asked in a round who the master is.
const ASKED: usize = 16;

/// How often whoever is named as the master is asked in turn.
const HOPS: usize = 3;

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

/// Keeps a line to the master of this slave, until the daemon ends. Nothing on a master, nor on one that has still to step
/// down: what it has committed is not kept yet.
pub fn keep(core: &Arc<Core>) -> Result<Option<Arc<Slave>>> {
    let Role::Slave(address) = core.pool.standing.role() else {
        return Ok(None);
    };
    if core.pool.standing.overruled().is_some() {
        return Ok(None);
    }
    let slave = Arc::new(Slave::new(core));
    slave.tell_events();
    let (core, following) = (Arc::clone(core), Arc::clone(&slave));
    std::thread::Builder::new()
        .name("master".to_owned())
        .spawn(move || follow(&core, &following, address))
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))?;
    Ok(Some(slave))
}

fn follow(core: &Arc<Core>, slave: &Arc<Slave>, address: String) {
    let mut search = Search {
        core,
        slave,
        address,
        pause: FIRST_PAUSE,
        lost: Instant::now(),
        told: String::new(),
        round: 0,
        asked: Vec::new(),
    };
    while !core.is_ending() {
        search.round();
    }
}

/// The search of a slave for its master, and what it has come to.
struct Search<'a> {
    core: &'a Arc<Core>,
    slave: &'a Arc<Slave>,
    /// Where the master was last.
    address: String,
    /// How long to wait before the next round.
    pause: Duration,
    /// When the last line was lost.
    lost: Instant,
    /// What the log says already.
    told: String,
    /// Rounds without a line.
    round: usize,
    /// Who was asked in the last one.
    asked: Vec<String>,
}

/// Where there was no master, and why not.
type Looked = Vec<(String, Missed)>;

impl Search<'_> {
    /// Looks everywhere once. Returns when a line was found and is lost again, or after a pause.
    fn round(&mut self) {
        let mut looked = Looked::new();
        // Where the master says that it is, or will be; then where it was.
        let mut first = self.core.pool.whereabouts.known();
        first.retain(|address| *address != self.address);
        first.push(self.address.clone());
        // Of many none keeps it from looking elsewhere.
        let many = u32::try_from(first.len()).unwrap_or(u32::MAX);
        let each = (ATTEMPT / many).max(QUICK);
        for address in first {
            if self.core.is_ending() || self.found(&address, each, &mut looked) {
                return;
            }
        }
        for address in self.asked_around(&looked) {
            if self.core.is_ending() || self.found(&address, ATTEMPT, &mut looked) {
                return;
            }
        }
        self.misses(looked);
    }

    /// How long a slave whose change nobody has kept may go on before it goes back; what may come first, if it has made none.
    fn left(&self, most: Duration) -> Duration {
        match self.slave.is_unkept() {
            true => {
                let within = self.core.config.go_back_within;
                most.min(within.saturating_sub(self.lost.elapsed()))
            }
            false => most,
        }
    }

    /// A slave whose change nobody has kept in time goes back.
    fn goes_back_in_time(&self) {
        if self.slave.is_unkept() && self.lost.elapsed() >= self.core.config.go_back_within {
            self.slave.go_back();
        }
    }

    /// Tries an address. Whether the master is there; its line is lost again then.
    fn found(&mut self, address: &str, most: Duration, looked: &mut Looked) -> bool {
        let (core, slave) = (self.core, self.slave);
        let obedient = Arc::new(Obedient {
            slave: Arc::clone(slave),
            ended: Mutex::new(false),
            end: Condvar::new(),
        });
        // A master that is well answers at once, and may have gone elsewhere.
        let within = match self.pause {
            FIRST_PAUSE => QUICK,
            _ => most,
        };
        self.goes_back_in_time();
        let within = self.left(within);
        slave.dials();
        // The master may ask about it before we hear that the line is open.
        let before = slave.tries(Found::elsewhere(&self.address, address));
        let handler = Arc::clone(&obedient);
        let opened = dial(core, address, within)
            .and_then(|dial| dial.connect(handler).map_err(Missed::from));
        match opened {
            Ok(line) => {
                if address != self.address {
                    moved(core, &self.address, address);
                    self.address = address.to_owned();
                }
                slave.opened(Arc::new(line.clone()));
                self.hold(&line);
                // What was told before it ended must not get among what the next line tells.
                obedient.wait_for_end();
                true
            }
            Err(missed) => {
                slave.found_at(before);
                looked.push((address.to_owned(), missed));
                false
            }
        }
    }

    /// Until the line is closed.
    fn hold(&mut self, line: &Line) {
        let began = Instant::now();
        self.told.clear();
        self.round = 0;
        while line.wait_closed(LOOK).is_none() {
            if self.core.is_ending() {
                line.close("the daemon ends");
            } else if let Some(address) = self.has_gone_to(line) {
                line.close(&format!("the master is at {address} now"));
            }
        }
        self.lost = Instant::now();
        if began.elapsed() > STABLE {
            self.pause = FIRST_PAUSE;
        } else {
            self.core.wait_for_end(self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Where the master says that it will be, if it is there already. The line may not show for seconds that its other end
    /// has gone.
    fn has_gone_to(&self, line: &Line) -> Option<String> {
        let known = self.core.pool.whereabouts.known();
        if known.is_empty() || known.contains(&self.address) {
            return None;
        }
        match inquiry::ask(self.core, known, None) {
            Ok(said) => {
                // Or to whom that one has to yield, as soon as it hears of him.
                let term = line
                    .peer()
                    .welcome
                    .as_ref()
                    .map_or(0, |welcome| welcome.term);
                let is = |said: &Said| matches!(said, Said::Leads { host, term: its } if *host == line.peer().host || *its > term);
                let mut its = said.into_iter().filter(|(_, said)| is(said));
                its.next().map(|(address, _)| address)
            }
            Err(why) => {
                tracing::warn!("whether the master has gone elsewhere is not known: {why}");
                None
            }
        }
    }

    /// Where hosts of the pool say that the master is: itself first, then those whom it has told.
    fn asked_around(&mut self, looked: &Looked) -> Vec<String> {
        let tried: Vec<_> = looked.iter().map(|(address, _)| address.clone()).collect();
        let mut named = looked
            .iter()
            .filter_map(|(_, missed)| missed.master())
            .collect();
        let mut others = others(self.core);
        others.retain(|address| !tried.contains(address));
        // Of a large pool some are asked in each round, others in the next.
        if others.len() > ASKED {
            let from = (self.round * ASKED) % others.len();
            others.rotate_left(from);
            others.truncate(ASKED);
        }
        self.round += 1;
        let mut masters = Vec::new();
        let mut asked = tried.clone();
        // Whoever is named is asked, too: he may have been told later than who names him.
        for _ in 0..HOPS {
            let mut ask = std::mem::replace(&mut others, std::mem::take(&mut named));
            ask.append(&mut others);
            ask.retain(|address| !asked.contains(address));
            ask.sort();
            ask.dedup();
            ask.truncate(ASKED);
            if ask.is_empty() {
                break;
            }
            // Who has no time for that asks in the next round.
            if self.left(inquiry::WITHIN) < inquiry::WITHIN {
                break;
            }
            asked.extend(ask.iter().cloned());
            let said = inquiry::ask(self.core, ask, None).unwrap_or_else(|why| {
                tracing::warn!("the other hosts cannot be asked where the master is: {why}");
                Vec::new()
            });
            for (address, said) in said {
                match said {
                    Said::Leads { term, .. } => masters.push((term, address)),
                    Said::Obeys(master) => named.push(master),
                    Said::Nothing(why) => tracing::debug!("no master: {why}"),
                }
            }
        }
        // Of two the later one is the pool's.
        masters.sort_by_key(|(term, _)| std::cmp::Reverse(*term));
        let mut masters: Vec<_> = masters.into_iter().map(|(_, address)| address).collect();
        self.asked = asked;
        masters.retain(|address| !tried.contains(address));
        masters
    }

    /// There is no master.
    fn misses(&mut self, looked: Looked) {
        let (core, slave) = (self.core, self.slave);
        let mut refusals = looked.iter().filter_map(|(_, missed)| missed.refusal(core));
        if let Some(refusal) = refusals.next() {
            slave.refused(refusal);
        }
        // What is answered meanwhile goes by where the master should be.
        let at = looked.iter().find(|(address, _)| *address == self.address);
        let Some((_, missed)) = at else {
            return;
        };
        core.pool.standing.emergency(missed.emergency(core));
        slave.misses();
        let text = missed.text();
        if text != self.told {
            let all: Vec<_> = looked.iter().map(|(_, missed)| missed.text()).collect();
            let others = self
                .asked
                .iter()
                .filter(|address| looked.iter().all(|(looked, _)| looked != *address));
            let others: Vec<_> = others.map(String::as_str).collect();
            tracing::warn!(
                "no line to the master: {}; asked where it is, and not told: {}",
                all.join("; "),
                match others.is_empty() {
                    true => "nobody, for no other host is known".to_owned(),
                    false => others.join(", "),
                }
            );
            self.told = text;
        }
        // Until somebody says where the master is, or so long.
        core.pool.whereabouts.wait(core, self.left(self.pause));
        self.goes_back_in_time();
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

/// Where other hosts of the pool are, the last known master first.
fn others(core: &Core) -> Vec<String> {
    let hosts = core.view().and_then(|view| {
        let pools = view.all::<Pool>()?;
        let master = pools.into_iter().next().map(|(_, pool)| pool.master);
        let mut hosts = view.all::<Host>()?;
        hosts.sort_by_key(|(host, _)| Some(host) != master.as_ref());
        Ok(hosts)
    });
    let hosts = hosts.unwrap_or_else(|why| {
        tracing::error!("where other hosts are cannot be read: {why}");
        Vec::new()
    });
    let here = core.localhost().ok();
    let others = hosts
        .into_iter()
        .filter(|(host, row)| Some(host) != here.as_ref() && !row.address.is_empty());
    others.map(|(_, row)| row.address).collect()
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

    /// The master of whoever is there, as he says who has proven that he knows the pool's secret.
    fn master(&self) -> Option<String> {
        match self {
            Missed::Dial(why) => inquiry::master_of(why),
            Missed::Own(_) => None,
        }
    }

    /// What the pool's master says who does not count this host among the pool's; or a host with a certificate of the pool who
    /// knows another secret. Whoever else is there has no say.
    fn refusal(&self, core: &Core) -> Option<ApiError> {
        let is = match self {
            Missed::Dial(DialError::Refused { refusal, .. }) => {
                refusal.code == "HOST_UNKNOWN_TO_MASTER"
            }
            Missed::Dial(DialError::WrongSecret { .. }) => true,
            _ => false,
        };
        is.then(|| self.emergency(core))
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
            // Nobody is reached from a host without an address.
            Missed::Dial(_) => match is_found_nowhere(core) {
                true => errors::host_has_no_management_ip(),
                false => errors::host_in_emergency_mode(),
            },
        }
    }
}

/// Whether nobody can be reached from this host: its management interface has no address but for its own link. As long as no
/// rows tell which interface that is: no bridge has one.
fn is_found_nowhere(core: &Core) -> bool {
    match has_address(core) {
        Ok(has) => !has,
        Err(why) => {
            tracing::warn!("whether this host has an address is not known: {why}");
            false
        }
    }
}

fn has_address(core: &Core) -> Result<bool> {
    let management = match core.localhost() {
        Ok(_) if moved::is_ahead(core) => moved::noted(core),
        Ok(here) => {
            let view = core.view()?;
            let pifs = pifs_of(&view, &here)?;
            let Some((_, pif)) = pifs.into_iter().find(|(_, pif)| pif.management) else {
                return Ok(false);
            };
            Some(view.field(&pif.network, Network::BRIDGE)?)
        }
        // It has joined, and has no copy of its pool's rows yet.
        Err(_) => None,
    };
    let facts = core.agent.facts().map_err(errors::internal_error)?;
    let is_its = |name: &str| management.as_deref().is_none_or(|its| its == name);
    let mut bridges = facts.bridges.iter();
    Ok(bridges.any(|(name, bridge)| {
        let leads_away = |address| match address {
            IpAddr::V4(v4) => !v4.is_link_local(),
            IpAddr::V6(v6) => !v6.is_unicast_link_local(),
        };
        let mut inets = bridge.addresses.iter();
        is_its(name.as_str()) && inets.any(|inet| leads_away(inet.address()))
    }))
}

fn dial(core: &Core, address: &str, within: Duration) -> std::result::Result<Dial, Missed> {
    let own = |why| Missed::Own(why);
    let addresses = super::transition::own_addresses(&*core.agent).map_err(own)?;
    if addresses.iter().any(|its| its == address) {
        return Err(Missed::Own(errors::host_its_own_slave()));
    }
    let secrets = secret::all(&core.config).map_err(own)?;
    if secrets.is_empty() {
        tracing::error!("{} holds no secret", core.config.pool_token().display());
        return Err(Missed::Own(errors::host_unknown_to_master(
            core.own_uuid().unwrap_or_default(),
        )));
    }
    let known = Known::of(core).map_err(own)?;
    Ok(Dial {
        address: address.to_owned(),
        port: core.config.port,
        identity: certificates::of_link(core).map_err(own)?,
        secrets: secrets.iter().map(secret_of).collect(),
        hello: Hello {
            pool: known.pool,
            host: core.own_uuid().map_err(own)?,
            position: core.store.position(),
            version: version(),
            ..Hello::default()
        },
        fingerprints: known.fingerprints,
        within,
        limits: Limits::default(),
    })
}

/// The master was found at another address: the next start looks there first. Nothing if somebody has decided meanwhile
/// what this host is to be: then the daemon is about to begin anew as that.
pub fn moved(core: &Core, was: &str, address: &str) {
    tracing::warn!("the master is at {address} now; it was at {was}");
    let mut charter = charter::open(core);
    match charter.moved(was, address) {
        Ok(true) => {}
        Ok(false) => {
            tracing::warn!("what pool.conf says was decided meanwhile, and stays");
            return;
        }
        // It is looked for again; the role is what the file says.
        Err(why) => {
            tracing::error!("{why}");
            return;
        }
    }
    core.pool.standing.set_role(Role::Slave(address.to_owned()));
}
