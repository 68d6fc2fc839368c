//! A pool of simulated hosts of which any may be the master: daemons that end and begin at any moment, partitions,
//! messages that are lost on either way, disks that do not answer. What happens by itself on real hosts, such as that a
//! slave looks for its master, happens when the test says ([`Peers::settle`]), until there is nothing more to happen.

mod wire;

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Builder;
use xapi_conf::pool_conf::PoolRole;
use xapi_core::pool::role::Role;
use xapi_core::pool::slave::Slave;
use xapi_core::pool::{Greeting, Linked, another, may_open, search, secret};
use xapi_core::{Api, Core, Origin};
use xapi_db::Read;
use xapi_model::{ApiError, Class, Host, Ref, Task, Value};

use crate::SimHost;
use crate::sim_host::Choices;
use crate::sim_pool::{PATIENCE, admit};

pub use wire::{Fate, Kind, Trouble};
use wire::{Net, Wire, know_each_other};

/// How long a host may be away in the middle of a change. What comes back at once comes back sooner, and what does not
/// is cut off: nothing is decided by the length.
const AWAY: Duration = Duration::from_millis(150);

/// A disk that does not answer is waited for so long after the last thing that happened.
const SLOW: Duration = Duration::from_millis(20);

/// A first copy of a large database takes its time on a busy machine.
const COPY: Duration = Duration::from_secs(120);

/// More rounds than this are a pool that never comes to rest.
const ROUNDS: usize = 200;

/// The hosts, by their numbers.
pub struct Peers {
    hosts: Vec<Node>,
    net: Arc<Net>,
    seed: u64,
}

struct Node {
    host: SimHost,
    slave: Option<Arc<Slave>>,
    line: Option<Arc<Wire>>,
    /// What the clock shows beside the time, in seconds.
    ahead: Arc<AtomicI64>,
    /// Holds the lock of the database while its disk does not answer.
    disk: Option<Connection>,
}

impl Peers {
    /// A master and its slaves, so many hosts, linked and settled.
    pub fn new(hosts: usize, nics: usize) -> Peers {
        Peers::seeded(0, hosts, nics)
    }

    /// The same with references that a seed makes: whoever chooses among rows in their order chooses the same again.
    pub fn seeded(seed: u64, hosts: usize, nics: usize) -> Peers {
        let mut peers = Peers::first(seed, nics);
        for _ in 1..hosts {
            peers.add(nics, None);
        }
        peers.settle();
        for number in 1..hosts {
            peers.scan(number);
        }
        peers
    }

    /// A pool of one.
    pub fn alone(nics: usize) -> Peers {
        Peers::first(0, nics)
    }

    fn first(seed: u64, nics: usize) -> Peers {
        let mut peers = Peers {
            hosts: Vec::new(),
            net: Arc::new(Net::default()),
            seed,
        };
        let (choices, ahead) = choices(seed, 0);
        let host = SimHost::with(nics, choices);
        secret::find_or_make(&host.core().config).expect("a secret");
        peers.put(host, ahead);
        peers
    }

    /// One more slave of the first host, with its files in a directory if one is given, linked and settled.
    pub fn join(&mut self, nics: usize, directory: Option<TempDir>) {
        self.add(nics, directory);
        self.settle();
        self.scan(self.hosts.len() - 1);
        self.settle();
    }

    fn add(&mut self, nics: usize, directory: Option<TempDir>) {
        let number = self.hosts.len();
        let (choices, ahead) = choices(self.seed, number as u64);
        let host = SimHost::slave_in(directory, number, nics, choices);
        let secret = secret::find(&self.hosts[0].host.core().config).expect("a file");
        let written = secret::write(&host.core().config, &secret.expect("a secret"));
        written.expect("the pool's secret");
        admit(&self.hosts[0].host, &host, number);
        self.put(host, ahead);
    }

    fn put(&mut self, host: SimHost, ahead: Arc<AtomicI64>) {
        self.net.adds(&host);
        self.hosts.push(Node {
            host,
            slave: None,
            line: None,
            ahead,
            disk: None,
        });
        self.begun(self.hosts.len() - 1);
    }

    fn scan(&mut self, number: usize) {
        let host = self.row(0, number);
        let scanned = self.call(0, "PIF.scan", vec![host.as_str().into()]);
        scanned.expect("the NICs");
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    /// One of them.
    pub fn host(&self, at: usize) -> &SimHost {
        &self.hosts[at].host
    }

    /// The daemon's parts, of one that runs.
    pub fn core(&self, at: usize) -> &Arc<Core> {
        self.hosts[at].host.core()
    }

    /// The record of a host, in the database of another.
    pub fn row(&self, of: usize, at: usize) -> Ref<Host> {
        let uuid = self.net.uuid(at);
        let view = self.core(of).view().expect("a view");
        Ref::new(view.by_uuid(Host::DESC, &uuid).expect("the host's record"))
    }

    /// Whether the daemon runs and is as good as before.
    pub fn is_up(&self, at: usize) -> bool {
        self.hosts[at].host.is_running()
    }

    /// Those that run and decide.
    pub fn masters(&self) -> Vec<usize> {
        let all = 0..self.hosts.len();
        all.filter(|at| self.is_up(*at) && self.core(*at).pool.is_master())
            .collect()
    }

    /// The master that a slave has its line to.
    pub fn master_of(&self, at: usize) -> Option<usize> {
        let line = self.hosts[at].line.as_ref();
        line.filter(|line| line.is_open()).map(|line| line.master)
    }

    /// The daemon of a slave.
    pub fn slave(&self, at: usize) -> Option<&Arc<Slave>> {
        self.hosts[at].slave.as_ref()
    }

    /// The hosts that have come to a master as ones that start, and so take over its network, since this was last asked.
    pub fn inherited(&self) -> BTreeSet<usize> {
        self.net.inherited()
    }

    /// The hosts whose daemons ended, since this was last asked.
    pub fn died(&self) -> BTreeSet<usize> {
        self.net.died()
    }

    /// Whether nothing is cut between two.
    pub fn reach(&self, one: usize, other: usize) -> bool {
        self.net.reach(one, other)
    }

    /// Cuts everything between two, until it is opened again.
    pub fn part(&self, one: usize, other: usize) {
        self.net.part(one, other);
    }

    /// Opens everything.
    pub fn heal(&self) {
        self.net.heal();
    }

    /// Has a message on the line of a slave meet trouble.
    pub fn trouble(&self, slave: usize, trouble: Trouble) {
        self.net.plan(slave, trouble);
    }

    /// Forgets the trouble that nobody has met.
    pub fn no_trouble(&self) {
        self.net.no_trouble();
        for node in &self.hosts {
            node.host.handle.world().fault = None;
        }
    }

    /// Turns the clock of a host.
    pub fn turn_clock(&self, at: usize, seconds: i64) {
        self.hosts[at].ahead.fetch_add(seconds, Ordering::Relaxed);
    }

    /// The disk of a host answers no write until the next call is at its end, or nothing happens any more without it.
    pub fn hold_disk(&mut self, at: usize) {
        let path = self.hosts[at].host.core().config.database();
        let disk = Connection::open(path).expect("the database");
        disk.busy_timeout(PATIENCE).expect("a time");
        disk.execute_batch("BEGIN IMMEDIATE").expect("the lock");
        self.hosts[at].disk = Some(disk);
    }

    fn release_disks(&mut self) {
        for node in &mut self.hosts {
            if let Some(disk) = node.disk.take() {
                disk.execute_batch("ROLLBACK").expect("the lock goes");
            }
        }
    }

    /// Where a host keeps what it has committed as the master of a term.
    pub fn kept(&self, at: usize, term: u64) -> PathBuf {
        let root = self.hosts[at].host.root();
        root.join(format!("var/lib/xcp/xapi.term-{term}"))
    }

    /// Ends a daemon in the middle of whatever it does.
    pub fn kill(&mut self, at: usize) {
        self.release_disks();
        self.net.dies(at);
        self.buried(at);
    }

    /// Starts a daemon that was ended.
    pub fn start(&mut self, at: usize) {
        assert!(!self.is_up(at), "host {at} runs already");
        self.hosts[at].host.handle.world().fault = None;
        self.hosts[at].host.start();
        self.begun(at);
    }

    /// What a daemon that was ended leaves behind goes, as with its process.
    fn buried(&mut self, at: usize) {
        let node = &mut self.hosts[at];
        let core = Arc::downgrade(node.host.core());
        // Whoever waits for a commit looks whether the daemon ends.
        let woken = node.host.core().store.change(|draft| {
            let task = draft.insert(Task::blank())?;
            draft.destroy(&task)
        });
        woken.expect("a commit of nothing");
        let woken = node.host.core().store.change(|draft| {
            draft.insert(Task::blank())?;
            Ok(())
        });
        woken.expect("a commit that goes with the daemon");
        (node.slave, node.line) = (None, None);
        node.host.stop();
        for node in &mut self.hosts {
            node.line.take_if(|line| line.master == at);
        }
        let lock = self.hosts[at].host.root().join("var/lib/xcp/xapi.db.lock");
        let lock = std::fs::File::open(lock).expect("the lock of the database");
        let until = Instant::now() + PATIENCE;
        while core.strong_count() > 0 || lock.try_lock().is_err() {
            assert!(
                Instant::now() < until,
                "host {at}: somebody keeps its daemon ({} of it); threads: {:?}",
                core.strong_count(),
                threads()
            );
            std::thread::yield_now();
        }
    }

    /// A daemon has begun: what the process around it does.
    fn begun(&mut self, at: usize) {
        let node = &mut self.hosts[at];
        let core = node.host.core();
        self.net.begins(at, &node.host);
        let net = Arc::downgrade(&self.net);
        core.on_restart(move || {
            if let Some(net) = net.upgrade() {
                net.wants_restart(at);
            }
        });
        let net = Arc::downgrade(&self.net);
        core.pool.set_lookout(move |addresses, leads| {
            let net = net.upgrade();
            net.map_or_else(Vec::new, |net| net.masters_at(at, addresses, leads))
        });
        node.slave = core.pool.is_slave().then(|| Arc::new(Slave::new(core)));
    }

    /// A call as it comes from the wire, with the session of the host's superuser; what happens meanwhile happens.
    pub fn call(&mut self, at: usize, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let session = Value::from(self.hosts[at].host.session());
        let params = std::iter::once(session).chain(params).collect();
        self.raw(at, &Origin::default(), name, params)
    }

    /// The same as whoever asks wants it.
    pub fn raw(
        &mut self,
        at: usize,
        origin: &Origin,
        name: &str,
        params: Vec<Value>,
    ) -> Result<Value, ApiError> {
        let api: Api = self.hosts[at].host.api().clone();
        let net = Arc::clone(&self.net);
        let outcome = std::thread::scope(|scope| {
            let call = scope.spawn(move || {
                let outcome = api.call(origin, name, params);
                drop(api);
                net.happens();
                outcome
            });
            let until = Instant::now() + 2 * PATIENCE;
            while !call.is_finished() {
                assert!(Instant::now() < until, "{name} does not end");
                let seen = self.net.happened();
                self.restart_those_that_ask(Some(at));
                self.dial();
                if !call.is_finished() && !self.net.wait(seen, SLOW) {
                    self.release_disks();
                }
            }
            call.join().expect("no panic")
        });
        self.release_disks();
        outcome
    }

    /// Has happen what happens by itself, until nothing more does.
    pub fn settle(&mut self) {
        let mut last = (false, false, false);
        for _ in 0..ROUNDS {
            let seen = self.net.happened();
            if self.net.is_any_ending() {
                self.release_disks();
                self.net.wait(seen, SLOW);
                continue;
            }
            let restarted = self.restart_those_that_ask(None);
            let yielded = self.yield_to_others();
            let dialed = self.dial();
            self.release_disks();
            self.wait_for_lines();
            last = (restarted, yielded, dialed);
            if last == (false, false, false) && self.net.happened() == seen {
                return;
            }
        }
        panic!(
            "the pool does not come to rest: restarted, yielded, dialed {last:?}; lines {:?}",
            self.net.whys()
        );
    }

    /// Starts those anew that died, or are told to be something else; but for one. Whether there was any.
    fn restart_those_that_ask(&mut self, but: Option<usize>) -> bool {
        let mut any = false;
        for at in 0..self.hosts.len() {
            if Some(at) == but || !self.is_up(at) {
                continue;
            }
            // A host that has been told to be something else still answers a call that is under way, as a real one does.
            if !self.is_to_begin_anew(at) && (but.is_some() || !self.is_told(at)) {
                continue;
            }
            self.kill(at);
            self.start(at);
            any = true;
        }
        any
    }

    fn is_to_begin_anew(&self, at: usize) -> bool {
        // An agent that has crashed is a daemon that has.
        self.net.is_to_restart(at) || self.core(at).agent.facts().is_err()
    }

    fn is_told(&self, at: usize) -> bool {
        let core = self.core(at);
        let role = PoolRole::read(&core.config.pool_conf()).expect("a role");
        let role = match role {
            Some(PoolRole::Master) => Role::Master,
            Some(PoolRole::Slave(address)) => Role::Slave(address),
            Some(PoolRole::Broken) | None => Role::Broken,
        };
        role != core.pool.role()
    }

    fn yield_to_others(&mut self) -> bool {
        let mut any = false;
        for at in self.masters() {
            any |= another::yield_to_another(self.core(at)).expect("a look around");
        }
        any
    }

    /// Slaves without a line look for their master. Whether one has found it.
    fn dial(&mut self) -> bool {
        let mut any = false;
        for at in 0..self.hosts.len() {
            let open = self.hosts[at].line.as_ref();
            if !self.is_up(at)
                || self.net.is_to_restart(at)
                || open.is_some_and(|line| !line.is_at_its_end())
                || self.hosts[at].slave.is_none()
            {
                continue;
            }
            any |= self.dial_from(at);
        }
        any
    }

    fn dial_from(&mut self, at: usize) -> bool {
        let core = Arc::clone(self.core(at));
        let Role::Slave(address) = core.pool.role() else {
            return false;
        };
        // Where the master was last, then wherever a host of the pool is.
        let hosts = core.view().and_then(|view| view.all::<Host>());
        let hosts = hosts.expect("the hosts").into_iter();
        let others = hosts.map(|(_, row)| row.address);
        let others = others.filter(|other| !other.is_empty() && *other != address);
        for candidate in std::iter::once(address.clone()).chain(others) {
            let Some(other) = self.net.at_address(at, &candidate) else {
                continue;
            };
            let greeting = Greeting {
                host: self.net.uuid(at),
                position: core.store.position(),
            };
            let master = self.core(other);
            if !know_each_other(&core, master) {
                continue;
            }
            let let_in =
                may_open(master, greeting.position).and_then(|()| Linked::of(master, &greeting));
            let Ok(linked) = let_in else {
                continue;
            };
            if candidate != address {
                search::moved(&core, &address, &candidate);
            }
            let slave = Arc::clone(self.hosts[at].slave.as_ref().expect("a slave"));
            slave.dials();
            let wire = Wire::open(&self.net, (at, &slave), (other, Arc::new(linked)));
            slave.opened(wire.to_master());
            self.hosts[at].line = Some(Arc::clone(&wire));
            let opened = wire.linked.opened(wire.to_slave(), greeting);
            opened.expect("threads");
            return true;
        }
        false
    }

    /// Until each line has brought what its opening asks for, and all that is committed, or is gone.
    fn wait_for_lines(&self) {
        for at in 0..self.hosts.len() {
            let Some(line) = self.hosts[at].line.clone() else {
                continue;
            };
            assert!(line.linked.has_arrived(COPY), "host {at} does not arrive");
        }
        // Arrivals commit.
        for at in 0..self.hosts.len() {
            let node = &self.hosts[at];
            let (Some(line), Some(slave)) = (node.line.clone(), node.slave.clone()) else {
                continue;
            };
            let until = Instant::now() + COPY;
            let master = line.master;
            if !line.is_open() || !self.is_up(master) {
                continue;
            }
            let position = self.core(master).store.copy().expect("a copy").position();
            while line.is_open() && !slave.reaches(position, Duration::from_millis(50)) {
                assert!(
                    Instant::now() < until,
                    "host {at} does not follow to {position}"
                );
            }
        }
    }

    /// Ends what time would end: a slave that has lost its master over a change goes back.
    pub fn wait_long(&self, at: usize) {
        if let Some(slave) = self.slave(at)
            && self.master_of(at).is_none()
        {
            slave.go_back();
        }
    }
}

/// A daemon whose clock can be turned, and by how much it is. Its references are made of a seed and its number.
fn choices(seed: u64, number: u64) -> (Choices, Arc<AtomicI64>) {
    let ahead = Arc::new(AtomicI64::new(0));
    let turned = Arc::clone(&ahead);
    let mut choices = Choices::default();
    choices.config.away_within = AWAY;
    let made = AtomicU64::new(0);
    choices.ids = Arc::new(move || {
        let mut hash = DefaultHasher::new();
        (seed, number, made.fetch_add(1, Ordering::Relaxed)).hash(&mut hash);
        let high = hash.finish();
        high.hash(&mut hash);
        Builder::from_random_bytes(
            (u128::from(high) << 64 | u128::from(hash.finish())).to_be_bytes(),
        )
        .into_uuid()
    });
    choices.clock = Arc::new(move || {
        let ahead = turned.load(Ordering::Relaxed);
        let by = Duration::from_secs(ahead.unsigned_abs());
        match ahead >= 0 {
            true => SystemTime::now() + by,
            false => SystemTime::now() - by,
        }
    });
    (choices, ahead)
}

/// The names of the threads of this process, for whoever looks for one that does not end.
fn threads() -> Vec<String> {
    let all = std::fs::read_dir("/proc/self/task").into_iter().flatten();
    let names = all.flatten().map(|task| task.path().join("comm"));
    let names = names.filter_map(|path| std::fs::read_to_string(path).ok());
    names.map(|name| name.trim_end().to_owned()).collect()
}

impl Drop for Peers {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for at in 0..self.hosts.len() {
            if self.is_up(at) {
                self.kill(at);
            }
        }
    }
}
