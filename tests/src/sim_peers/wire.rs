//! What is between the hosts: lines over which every message may meet trouble, and who can reach whom.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use xapi_core::Core;
use xapi_core::pool::Master;
use xapi_core::pool::link::Door;
use xapi_core::pool::peer::{Lost, Peer};
use xapi_core::pool::slave::Slave;
use xapi_core::pool::{Linked, another, role};
use xapi_link::{Gate as _, Leads};
use xapi_net::sim::{Fault, FaultKind, Handle};

use crate::SimHost;

/// What goes over a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The master asks for a change of the network.
    Converge,
    /// The master asks anything else.
    Ask,
    /// The master tells: a commit, or a part of a copy.
    Tell,
    /// The slave hands a call on.
    Call,
}

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Which ones are counted.
    pub kind: Kind,
    /// How many get through before.
    pub after: usize,
    /// Whether it arrives, and the answer does not.
    pub heard: bool,
    /// What happens then.
    pub fate: Fate,
}

/// What happens to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It ends, and another one may be opened at once.
    Ends,
    /// It ends, and the hosts do not reach each other any more.
    Parts,
    /// The master's daemon is gone.
    MasterDies,
    /// The slave's daemon is gone.
    SlaveDies,
}

/// What all hosts have between them.
#[derive(Default)]
pub(super) struct Net {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    hosts: Vec<Known>,
    parted: BTreeSet<(usize, usize)>,
    wires: Vec<Weak<Wire>>,
    troubles: Vec<(usize, Trouble)>,
    /// Those whose daemon is no good any more.
    dead: BTreeSet<usize>,
    /// Those who asked to begin anew.
    again: BTreeSet<usize>,
    /// Those who came as ones that start.
    started: BTreeSet<usize>,
    /// Those who died.
    died: BTreeSet<usize>,
    /// Things that happened.
    events: u64,
    /// Why the last lines ended.
    whys: VecDeque<String>,
}

struct Known {
    uuid: String,
    handle: Handle,
    core: Weak<Core>,
}

/// Lines whose ends are told when something does not hold.
const WHYS: usize = 8;

/// Whether two hosts know a common secret, as the handshake of a line wants it.
pub(super) fn know_each_other(one: &Arc<Core>, other: &Arc<Core>) -> bool {
    let [one, other] = [one, other].map(|core| Door::new(core).secrets());
    one.iter().any(|secret| other.contains(secret))
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}

impl Net {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn adds(&self, host: &SimHost) {
        let uuid = host.core().own_uuid().expect("a UUID");
        self.state().hosts.push(Known {
            uuid,
            handle: host.handle.clone(),
            core: Arc::downgrade(host.core()),
        });
    }

    pub(super) fn uuid(&self, at: usize) -> String {
        self.state().hosts[at].uuid.clone()
    }

    fn core(&self, at: usize) -> Option<Arc<Core>> {
        self.state().hosts[at].core.upgrade()
    }

    pub(super) fn begins(&self, at: usize, host: &SimHost) {
        let mut state = self.state();
        state.hosts[at].core = Arc::downgrade(host.core());
        state.dead.remove(&at);
        state.again.remove(&at);
        drop(state);
        self.happens();
    }

    /// Something has happened: whoever waits looks again.
    pub(super) fn happens(&self) {
        self.state().events += 1;
        self.changed.notify_all();
    }

    /// What has happened so far.
    pub(super) fn happened(&self) -> u64 {
        self.state().events
    }

    /// Waits until more has happened than was seen; false if nothing has within the time.
    pub(super) fn wait(&self, seen: u64, within: Duration) -> bool {
        let waited = self
            .changed
            .wait_timeout_while(self.state(), within, |state| state.events == seen);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    pub(super) fn reach(&self, one: usize, other: usize) -> bool {
        !self.state().parted.contains(&pair(one, other))
    }

    pub(super) fn part(&self, one: usize, other: usize) {
        self.state().parted.insert(pair(one, other));
        self.cut_where("the two are cut off", |wire| {
            pair(wire.slave_at, wire.master) == pair(one, other)
        });
        self.happens();
    }

    pub(super) fn heal(&self) {
        self.state().parted.clear();
        self.happens();
    }

    pub(super) fn plan(&self, slave: usize, trouble: Trouble) {
        self.state().troubles.push((slave, trouble));
    }

    pub(super) fn no_trouble(&self) {
        self.state().troubles.clear();
    }

    pub(super) fn inherited(&self) -> BTreeSet<usize> {
        std::mem::take(&mut self.state().started)
    }

    /// Why the last lines ended, the last one first.
    pub(super) fn whys(&self) -> VecDeque<String> {
        self.state().whys.clone()
    }

    pub(super) fn died(&self) -> BTreeSet<usize> {
        std::mem::take(&mut self.state().died)
    }

    pub(super) fn wants_restart(&self, at: usize) {
        self.state().again.insert(at);
        self.happens();
    }

    pub(super) fn is_to_restart(&self, at: usize) -> bool {
        let state = self.state();
        state.dead.contains(&at) || state.again.contains(&at)
    }

    /// The daemon of a host is gone from this moment: it commits nothing, does nothing, hears and says nothing.
    pub(super) fn dies(&self, at: usize) {
        let mut state = self.state();
        state.dead.insert(at);
        state.died.insert(at);
        drop(state);
        if let Some(core) = self.core(at) {
            core.store.follow_only(true);
            core.quiesce(Duration::ZERO);
        }
        let handle = self.state().hosts[at].handle.clone();
        let mut world = handle.world();
        world.fault = Some(Fault {
            at: world.steps,
            kind: FaultKind::CrashBefore,
        });
        drop(world);
        self.cut_where("the daemon is gone", |wire| {
            wire.slave_at == at || wire.master == at
        });
        self.happens();
    }

    fn cut_where(&self, why: &str, is: impl Fn(&Wire) -> bool) {
        let mut state = self.state();
        state.wires.retain(|wire| wire.strong_count() > 0);
        let wires: Vec<_> = state.wires.iter().filter_map(Weak::upgrade).collect();
        drop(state);
        for wire in wires.iter().filter(|wire| is(wire)) {
            wire.cut(why);
        }
    }

    /// The host that has an address and that another can reach.
    pub(super) fn at_address(&self, from: usize, address: &str) -> Option<usize> {
        let state = self.state();
        let cores = state.hosts.iter().map(|host| host.core.upgrade());
        let cores: Vec<_> = cores.collect();
        drop(state);
        let is = |core: &Arc<Core>| {
            let facts = core.agent.facts();
            facts.is_ok_and(|facts| {
                let mut inets = facts.bridges.values().flat_map(|it| it.addresses.iter());
                inets.any(|inet| inet.address().to_string() == address)
            })
        };
        let mut all = cores.into_iter().enumerate();
        let found = all.find(|(at, core)| {
            *at != from
                && self.reach(from, *at)
                && !self.is_to_restart(*at)
                && core.as_ref().is_some_and(is)
        });
        found.map(|(at, _)| at)
    }

    /// Who of those at these addresses says that it is the master. All of them hear of the one that asks, if it is one.
    pub(super) fn masters_at(
        &self,
        from: usize,
        addresses: &[String],
        asks: Option<&Leads>,
    ) -> Vec<Master> {
        let mut all = Vec::new();
        for address in addresses {
            let Some(at) = self.at_address(from, address) else {
                continue;
            };
            let (Some(core), Some(own)) = (self.core(at), self.core(from)) else {
                continue;
            };
            if !know_each_other(&own, &core) {
                continue;
            }
            if let Some(leads) = asks {
                another::hear(&core, leads, &self.uuid(from)).expect("it is heard");
            }
            if core.pool.role() == role::Role::Master {
                all.push(Master {
                    term: core.store.term(),
                    host: self.uuid(at),
                    address: address.clone(),
                });
            }
        }
        all
    }

    /// Whether a line is about to end, and not all have been told yet.
    pub(super) fn is_any_ending(&self) -> bool {
        let wires = self.state().wires.clone();
        let mut wires = wires.iter().filter_map(Weak::upgrade);
        wires.any(|wire| {
            let ended = wire.ended.load(Ordering::Acquire);
            wire.doomed.load(Ordering::Acquire) > 0
                || !wire.is_open() && (!ended || wire.under_way.load(Ordering::Acquire) > 0)
        })
    }

    fn trouble(&self, slave: usize, kind: Kind) -> Option<Trouble> {
        let mut state = self.state();
        let is = |(of, trouble): &(usize, Trouble)| *of == slave && trouble.kind == kind;
        let at = state.troubles.iter().position(is)?;
        match &mut state.troubles[at].1.after {
            0 => Some(state.troubles.swap_remove(at).1),
            after => {
                *after -= 1;
                None
            }
        }
    }
}

/// The end that the master has, and the slave's.
type Ends = (Arc<dyn Peer>, Arc<dyn Peer>);

/// Both directions of a line.
pub(super) struct Wire {
    net: Weak<Net>,
    slave_at: usize,
    pub(super) master: usize,
    open: AtomicBool,
    /// Whether the slave has been told that it is gone.
    told: AtomicBool,
    /// Whether both ends have been told.
    ended: AtomicBool,
    /// Messages to the slave that are under way.
    under_way: AtomicUsize,
    /// Messages that trouble may come of, and that are not at their end.
    doomed: AtomicUsize,
    pub(super) linked: Arc<Linked>,
    /// Not kept alive by the master's threads.
    slave: Weak<Slave>,
    ends: Mutex<Option<Ends>>,
}

impl Wire {
    pub(super) fn open(
        net: &Arc<Net>,
        (slave_at, slave): (usize, &Arc<Slave>),
        (master, linked): (usize, Arc<Linked>),
    ) -> Arc<Wire> {
        let wire = Arc::new(Wire {
            net: Arc::downgrade(net),
            slave_at,
            master,
            open: AtomicBool::new(true),
            told: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            under_way: AtomicUsize::new(0),
            doomed: AtomicUsize::new(0),
            linked,
            slave: Arc::downgrade(slave),
            ends: Mutex::default(),
        });
        let to_slave: Arc<dyn Peer> = Arc::new(ToSlave(Arc::clone(&wire)));
        let to_master: Arc<dyn Peer> = Arc::new(ToMaster(Arc::clone(&wire)));
        *wire.ends() = Some((to_slave, to_master));
        net.state().wires.push(Arc::downgrade(&wire));
        net.happens();
        wire
    }

    fn ends(&self) -> MutexGuard<'_, Option<Ends>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn to_slave(&self) -> Arc<dyn Peer> {
        Arc::clone(&self.ends().as_ref().expect("a line that was just made").0)
    }

    pub(super) fn to_master(&self) -> Arc<dyn Peer> {
        Arc::clone(&self.ends().as_ref().expect("a line that was just made").1)
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    /// Whether it is gone, and all that came over it is dealt with: only then is another one opened.
    pub(super) fn is_at_its_end(&self) -> bool {
        self.told.load(Ordering::Acquire) && self.under_way.load(Ordering::Acquire) == 0
    }

    fn cut(&self, why: &str) {
        if !self.open.swap(false, Ordering::AcqRel) {
            return;
        }
        if let Some(slave) = self.slave.upgrade() {
            slave.closed(why);
        }
        self.told.store(true, Ordering::Release);
        // The two keep each other until then.
        let ends = self.ends().take();
        if let Some((to_slave, _)) = ends {
            self.linked.closed(&to_slave, why);
        }
        self.ended.store(true, Ordering::Release);
        if let Some(net) = self.net.upgrade() {
            let ended = format!("{} to {}: {why}", self.slave_at, self.master);
            let mut state = net.state();
            state.whys.truncate(WHYS - 1);
            state.whys.push_front(ended);
            drop(state);
            net.happens();
        }
    }

    /// Brings a message and its answer, if nothing comes in between.
    fn carry<T>(&self, kind: Kind, bring: impl FnOnce() -> Result<T, Lost>) -> Result<T, Lost> {
        let net = self.net.upgrade().ok_or(Lost::Closed)?;
        if !self.is_open() {
            return Err(Lost::Closed);
        }
        // From here on the line is as good as cut, also while the message is heard: nobody may take that for rest.
        self.doomed.fetch_add(1, Ordering::AcqRel);
        let trouble = net.trouble(self.slave_at, kind);
        if trouble.is_none() {
            self.doomed.fetch_sub(1, Ordering::AcqRel);
        }
        let meets = |trouble: Trouble| {
            self.meets(&net, trouble.fate);
            self.doomed.fetch_sub(1, Ordering::AcqRel);
            Err(Lost::Closed)
        };
        let answer = match trouble {
            Some(trouble) if !trouble.heard => return meets(trouble),
            Some(trouble) => {
                let heard = bring();
                meets(trouble)?;
                heard?
            }
            None => bring()?,
        };
        // A daemon that dies while its host changes says nothing about it.
        if kind == Kind::Converge
            && net
                .core(self.slave_at)
                .is_none_or(|it| it.agent.facts().is_err())
        {
            net.dies(self.slave_at);
            return Err(Lost::Closed);
        }
        match self.is_open() {
            true => Ok(answer),
            false => Err(Lost::Closed),
        }
    }

    fn meets(&self, net: &Net, fate: Fate) {
        match fate {
            Fate::Ends => self.cut("cut by the test"),
            Fate::Parts => net.part(self.slave_at, self.master),
            Fate::MasterDies => net.dies(self.master),
            Fate::SlaveDies => net.dies(self.slave_at),
        }
    }
}

struct ToSlave(Arc<Wire>);

impl Peer for ToSlave {
    fn ask(&self, question: Vec<u8>, _: Duration) -> Result<Vec<u8>, Lost> {
        let kind = match question.starts_with(b"{\"Converge\"") {
            true => Kind::Converge,
            false => Kind::Ask,
        };
        self.0.carry(kind, || {
            let slave = self.0.slave.upgrade().ok_or(Lost::Closed)?;
            let answer = slave.asked(&question).expect("an answer");
            if let Some(net) = self.0.net.upgrade()
                && question == b"\"Particulars\""
                && String::from_utf8_lossy(&answer).contains("\"starts\":true")
            {
                net.state().started.insert(self.0.slave_at);
            }
            Ok(answer)
        })
    }

    fn tell(&self, news: Vec<u8>) -> Result<(), Lost> {
        let wire = &self.0;
        wire.under_way.fetch_add(1, Ordering::AcqRel);
        let told = wire.carry(Kind::Tell, || {
            let slave = wire.slave.upgrade().ok_or(Lost::Closed)?;
            if let Err(why) = slave.told(&news) {
                wire.cut(&why);
            }
            Ok(())
        });
        wire.under_way.fetch_sub(1, Ordering::AcqRel);
        if let Some(net) = wire.net.upgrade().filter(|_| told.is_err()) {
            net.happens();
        }
        told
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn close(&self, why: &str) {
        self.0.cut(why);
    }
}

struct ToMaster(Arc<Wire>);

impl Peer for ToMaster {
    fn ask(&self, question: Vec<u8>, _: Duration) -> Result<Vec<u8>, Lost> {
        let bring = || Ok(self.0.linked.asked(&question).expect("an answer"));
        self.0.carry(Kind::Call, bring)
    }

    fn tell(&self, news: Vec<u8>) -> Result<(), Lost> {
        let bring = || {
            self.0.linked.told(&news).expect("news");
            Ok(())
        };
        self.0.carry(Kind::Call, bring)
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn close(&self, why: &str) {
        self.0.cut(why);
    }
}
