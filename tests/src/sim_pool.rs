//! A pool of simulated hosts in one process: real daemons, real databases, and lines between them that are cut on demand.
//! What goes over a line is carried out by whoever says it, so that a test is one thing after the other.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak, mpsc};
use std::time::{Duration, Instant};

use xapi_core::pool::peer::{Lost, Peer};
use xapi_core::pool::slave::Slave;
use xapi_core::pool::{Greeting, Linked};
use xapi_core::{Config, Origin};
use xapi_db::Read;
use xapi_guest::sim::SimGuests;
use xapi_model::{
    ApiError, Certificate, CertificateType, Class, Host, HostMetrics, IpConfigurationMode, Pif,
    PrimaryAddressType, Ref, Value,
};

use crate::SimHost;

/// What happens at once is not waited for longer.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a host may be away in the middle of a change.
pub const AWAY: Duration = Duration::from_secs(2);

/// A master and its slaves, each with NICs eth0… and management static on eth0.
pub struct SimPool {
    /// The master, 172.16.0.10.
    pub master: SimHost,
    /// The slaves, 172.16.0.12, .14, …
    pub slaves: Vec<SimSlave>,
}

/// A slave, and its line if there is one.
pub struct SimSlave {
    /// The daemon and its host.
    pub host: SimHost,
    slave: Option<Arc<Slave>>,
    line: Option<Arc<Wire>>,
    /// What happens to the next line.
    cut_at: Option<(At, Trouble)>,
}

/// The end that the master has, and the slave's.
type Ends = (Arc<dyn Peer>, Arc<dyn Peer>);

/// Who hears a question; the slave hears it when he is done.
type Hears = Arc<dyn Fn(&str) + Send + Sync>;

/// What whoever waits for an answer hears.
enum Said {
    Answer(Vec<u8>),
    Nothing,
}

/// Both directions of a line.
struct Wire {
    open: AtomicBool,
    /// Whether both ends have heard of its end.
    ended: AtomicBool,
    /// Held while the slave is told something.
    telling: Mutex<()>,
    /// What is done the next time that the master asks something, and what its question has in it.
    next: Mutex<Option<(Trouble, &'static str)>>,
    /// Who hears the questions of the master that have this word in them, before the slave does.
    overheard: Mutex<Option<(&'static str, Hears)>>,
    /// Where it is cut, if anywhere.
    cut_at: Option<(At, Trouble)>,
    /// How much has gone over it.
    questions: AtomicUsize,
    news: AtomicUsize,
    /// Calls that the slave has handed on.
    handed_on: AtomicUsize,
    /// Whether a question of the master is not answered.
    hangs: AtomicBool,
    /// Whether what the master tells is held up.
    held: Mutex<bool>,
    let_go: Condvar,
    /// Those on the slave who wait for an answer.
    waiting: Mutex<Vec<mpsc::Sender<Said>>>,
    linked: Arc<Linked>,
    /// Not kept alive by the master's threads.
    slave: Weak<Slave>,
    guests: Arc<SimGuests>,
    ends: Mutex<Option<Ends>>,
}

/// What becomes of the next question of the master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It does not arrive, and the line is gone.
    NotHeard,
    /// It is carried out, and the line is gone before the answer.
    NotAnswered,
    /// The line is gone while the slave is at it: its guests are held up.
    GoesOn,
    /// It is not answered in time, for the slave's guests are held up. The line stays.
    Late,
    /// It does not arrive, and is not answered in time. The line stays.
    Silence,
    /// It is not answered as long as there is the line.
    Hangs,
    /// It is answered with more than any host has to say.
    TooLong,
}

/// A place of what goes over a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The how manieth question of the master, or news of the slave; from 0.
    Question(usize),
    /// The how manieth news of the master; from 0.
    News(usize),
}

impl Wire {
    /// What becomes of what is about to go over the line.
    fn trouble(&self, counter: &AtomicUsize, place: fn(usize) -> At) -> Option<Trouble> {
        let here = place(counter.fetch_add(1, Ordering::AcqRel));
        self.cut_at
            .filter(|(at, _)| *at == here)
            .map(|(_, trouble)| trouble)
    }

    /// News on their way.
    fn told(
        &self,
        trouble: Option<Trouble>,
        tell: impl FnOnce() -> Result<(), Lost>,
    ) -> Result<(), Lost> {
        if !self.is_open() {
            return Err(Lost::Closed);
        }
        if trouble == Some(Trouble::NotHeard) {
            self.cut("not heard");
            return Err(Lost::Closed);
        }
        tell()?;
        if trouble.is_some() {
            self.cut("not answered");
        }
        Ok(())
    }

    fn hold(&self, hold: bool) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = hold;
        self.let_go.notify_all();
    }

    fn is_open(&self) -> bool {
        self.open.load(Ordering::Acquire)
    }

    fn cut(&self, why: &str) {
        if !self.open.swap(false, Ordering::AcqRel) {
            return;
        }
        self.hold(false);
        let waiting =
            std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for waits in waiting {
            // Who has his answer waits no more.
            drop(waits.send(Said::Nothing));
        }
        if let Some(slave) = self.slave.upgrade() {
            slave.closed(why);
        }
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let to_slave = ends.as_ref().map(|(to_slave, _)| Arc::clone(to_slave));
        drop(ends);
        if let Some(to_slave) = to_slave {
            self.linked.closed(&to_slave, why);
        }
        self.ended.store(true, Ordering::Release);
    }
}

struct ToSlave(Arc<Wire>);

impl Peer for ToSlave {
    fn ask(&self, question: Vec<u8>, _: Duration) -> Result<Vec<u8>, Lost> {
        let wire = &self.0;
        if !wire.is_open() {
            return Err(Lost::Closed);
        }
        // Others go on.
        let mut next = wire.next.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&question);
        let its = |(_, has): &mut (Trouble, &str)| text.contains(*has);
        let trouble = next.take_if(its).map(|(trouble, _)| trouble);
        drop(next);
        let overheard = wire.overheard.lock();
        let overheard = overheard.unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, hears)) = overheard.filter(|(has, _)| text.contains(has)) {
            hears(&text);
        }
        let trouble = trouble.or(wire.trouble(&wire.questions, At::Question));
        if trouble == Some(Trouble::NotHeard) {
            wire.cut("not heard");
            return Err(Lost::Closed);
        }
        if trouble == Some(Trouble::Silence) {
            return Err(Lost::TimedOut);
        }
        if trouble == Some(Trouble::Hangs) {
            let held = wire.held.lock().unwrap_or_else(PoisonError::into_inner);
            wire.hangs.store(true, Ordering::Release);
            drop(wire.let_go.wait_while(held, |_| wire.is_open()));
            return Err(Lost::Closed);
        }
        let slave = wire.slave.upgrade().ok_or(Lost::Closed)?;
        if matches!(trouble, Some(Trouble::GoesOn | Trouble::Late)) {
            std::thread::spawn(move || slave.asked(&question).expect("an answer"));
            assert!(wire.guests.wait_until_held(PATIENCE), "nothing is held up");
            if trouble == Some(Trouble::Late) {
                return Err(Lost::TimedOut);
            }
            wire.cut("lost in the middle");
            return Err(Lost::Closed);
        }
        let answer = slave.asked(&question).expect("an answer");
        if trouble == Some(Trouble::NotAnswered) {
            wire.cut("not answered");
            return Err(Lost::Closed);
        }
        if trouble == Some(Trouble::TooLong) {
            return Ok(vec![b' '; 33 << 20]);
        }
        Ok(answer)
    }

    fn tell(&self, news: Vec<u8>) -> Result<(), Lost> {
        let wire = &self.0;
        wire.told(wire.trouble(&wire.news, At::News), || {
            let held = wire.held.lock().unwrap_or_else(PoisonError::into_inner);
            drop(wire.let_go.wait_while(held, |held| *held));
            let _telling = wire.telling.lock().unwrap_or_else(PoisonError::into_inner);
            if !wire.is_open() {
                return Err(Lost::Closed);
            }
            let slave = wire.slave.upgrade().ok_or(Lost::Closed)?;
            if let Err(why) = slave.told(&news) {
                wire.cut(&why);
            }
            Ok(())
        })
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
        if !self.0.is_open() {
            return Err(Lost::Closed);
        }
        if question.starts_with(b"{\"Call\"") {
            self.0.handed_on.fetch_add(1, Ordering::AcqRel);
        }
        let (answer, answered) = mpsc::channel();
        let mut waiting = self
            .0
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.push(answer.clone());
        drop(waiting);
        // Or those who wait were told before.
        if !self.0.is_open() {
            return Err(Lost::Closed);
        }
        // The master goes on with it when the line is gone.
        let linked = Arc::clone(&self.0.linked);
        std::thread::spawn(move || {
            let said = linked.asked(&question).expect("an answer");
            // Nobody may wait for it any more.
            drop(answer.send(Said::Answer(said)));
        });
        match answered.recv() {
            Ok(Said::Answer(said)) => Ok(said),
            Ok(Said::Nothing) | Err(_) => Err(Lost::Closed),
        }
    }

    fn tell(&self, news: Vec<u8>) -> Result<(), Lost> {
        let wire = &self.0;
        if !wire.is_open() {
            return Err(Lost::Closed);
        }
        let trouble = wire.trouble(&wire.questions, At::Question);
        // Whoever tells something hears elsewhere that the line has ended, as with a real one.
        let cut = |why: &str| {
            let (wire, why) = (Arc::clone(wire), why.to_owned());
            std::thread::spawn(move || wire.cut(&why));
        };
        if trouble == Some(Trouble::NotHeard) {
            cut("not heard");
            return Err(Lost::Closed);
        }
        if let Err(why) = wire.linked.told(&news) {
            cut(&why);
        }
        if trouble.is_some() {
            cut("not answered");
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn close(&self, why: &str) {
        self.0.cut(why);
    }
}

impl SimPool {
    /// A pool of a master and so many slaves, linked and settled.
    pub fn new(slaves: usize, nics: usize) -> SimPool {
        let master = SimHost::configured(nics, |config| config.away_within = AWAY);
        SimPool::of(master, slaves, nics)
    }

    /// The same with a master of the test's choice.
    pub fn of(master: SimHost, slaves: usize, nics: usize) -> SimPool {
        let mut pool = SimPool {
            master,
            slaves: Vec::new(),
        };
        for number in 1..=slaves {
            let host = SimHost::slave(number, nics);
            admit(&pool.master, &host, number);
            let slave = Some(Arc::new(Slave::new(host.core())));
            pool.slaves.push(SimSlave {
                host,
                slave,
                line: None,
                cut_at: None,
            });
            pool.link(number - 1);
            let host = pool.host(number - 1);
            let scanned = pool.master.call("PIF.scan", vec![host.as_str().into()]);
            scanned.expect("the slave's NICs");
        }
        pool
    }

    /// Opens the line of a slave, and waits until the master is done with its arrival.
    pub fn link(&mut self, slave: usize) {
        self.try_link(slave).expect("the master lets it in");
        let its = &self.slaves[slave];
        assert!(
            its.slave().settles(PATIENCE),
            "the arrival is not at its end"
        );
        let line = its.line.as_ref().expect("a line");
        assert!(line.linked.has_arrived(PATIENCE), "something goes on");
        its.catches_up(&self.master);
    }

    /// Opens the line of a slave, and does not wait.
    pub fn open(&mut self, slave: usize) {
        self.try_link(slave).expect("the master lets it in");
    }

    /// Whether the line of a slave is open.
    pub fn is_linked(&self, slave: usize) -> bool {
        let line = self.slaves[slave].line.as_ref();
        line.is_some_and(|line| line.is_open())
    }

    /// Whether the master is at the end of the arrival that the line of a slave began, however it went.
    pub fn has_arrived(&self, slave: usize) -> bool {
        let line = self.slaves[slave].line.as_ref();
        // The thread that carries it out has one of its own.
        line.is_none_or(|line| Arc::strong_count(&line.linked) == 1)
    }

    /// Opens the line of a slave.
    pub fn try_link(&mut self, slave: usize) -> Result<(), ApiError> {
        let its = &mut self.slaves[slave];
        if let Some(before) = &its.line {
            // A slave looks for its master when it knows that the line is gone.
            while !before.is_open() && !before.ended.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            // What is told at this moment must not get among what the next line tells.
            drop(before.telling.lock());
        }
        let core = its.host.core();
        let greeting = Greeting {
            host: core.own_uuid()?,
            position: core.store.position(),
        };
        let linked = Linked::of(self.master.core(), &greeting);
        let linked = Arc::new(linked.inspect_err(|why| its.slave().refused(why.clone()))?);
        let wire = Arc::new(Wire {
            open: AtomicBool::new(true),
            ended: AtomicBool::new(false),
            telling: Mutex::default(),
            next: Mutex::default(),
            overheard: Mutex::default(),
            cut_at: its.cut_at.take(),
            questions: AtomicUsize::new(0),
            news: AtomicUsize::new(0),
            handed_on: AtomicUsize::new(0),
            hangs: AtomicBool::new(false),
            held: Mutex::default(),
            let_go: Condvar::new(),
            waiting: Mutex::default(),
            linked: Arc::clone(&linked),
            slave: Arc::downgrade(its.slave.as_ref().expect("a daemon")),
            guests: Arc::clone(&its.host.guests),
            ends: Mutex::default(),
        });
        let to_slave: Arc<dyn Peer> = Arc::new(ToSlave(Arc::clone(&wire)));
        let to_master: Arc<dyn Peer> = Arc::new(ToMaster(Arc::clone(&wire)));
        let ends = (Arc::clone(&to_slave), Arc::clone(&to_master));
        *wire.ends.lock().unwrap_or_else(PoisonError::into_inner) = Some(ends);
        its.line = Some(wire);
        its.slave().dials();
        its.slave().opened(to_master);
        linked.opened(to_slave, greeting)
    }

    /// Cuts the line of a slave.
    pub fn cut(&mut self, slave: usize) {
        if let Some(line) = self.slaves[slave].line.take() {
            line.cut("cut by the test");
            // Whoever else has cut it may not be at the end of that.
            while !line.ended.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            // What was told before the end must not get among what the next line tells.
            drop(line.telling.lock().unwrap_or_else(PoisonError::into_inner));
            // The two keep each other.
            *line.ends.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// Has the line of a slave fail at the next change that the master asks for.
    pub fn trouble(&self, slave: usize, trouble: Trouble) {
        self.trouble_at(slave, trouble, "\"Converge\":");
    }

    /// Has the line of a slave fail at the next question of the master that has this word in it.
    pub fn trouble_at(&self, slave: usize, trouble: Trouble, word: &'static str) {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        let mut next = line.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = Some((trouble, word));
    }

    /// Has somebody hear each question of the master to a slave that has this word in it, before the slave does; instead
    /// of whoever did before, and as long as there is the line.
    pub fn overhear(
        &self,
        slave: usize,
        word: &'static str,
        hears: impl Fn(&str) + Send + Sync + 'static,
    ) {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        let mut overheard = line
            .overheard
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *overheard = Some((word, Arc::new(hears)));
    }

    /// Waits until a question of the master to a slave hangs.
    pub fn wait_until_it_hangs(&self, slave: usize) {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        let until = Instant::now() + PATIENCE;
        while !line.hangs.load(Ordering::Acquire) {
            assert!(Instant::now() < until, "nothing hangs");
            std::thread::yield_now();
        }
    }

    /// Holds up what the master tells a slave, or lets it go on. What is asked and answered is not held up.
    pub fn hold(&self, slave: usize, hold: bool) {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        line.hold(hold);
    }

    /// Calls that a slave has handed on over its line.
    pub fn handed_on(&self, slave: usize) -> usize {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        line.handed_on.load(Ordering::Acquire)
    }

    /// Has the next line of a slave cut at a place of what goes over it.
    pub fn cut_at(&mut self, slave: usize, at: At, trouble: Trouble) {
        self.slaves[slave].cut_at = Some((at, trouble));
    }

    /// How many questions of the master and news of the slave have gone over its line.
    pub fn questions(&self, slave: usize) -> usize {
        let line = self.slaves[slave].line.as_ref().expect("a line");
        line.questions.load(Ordering::Acquire)
    }

    /// Starts the daemon of the master anew. Nobody is linked to it then.
    pub fn restart_master(&mut self) {
        for slave in 0..self.slaves.len() {
            self.cut(slave);
        }
        // What it does for those that were linked is at its end first.
        self.master.stop();
        self.master.wait_for_end();
        self.master.start();
    }

    /// Starts the daemon of a slave anew, without a line.
    pub fn restart(&mut self, slave: usize) {
        self.restart_with(slave, |_| ());
    }

    /// The same with another configuration.
    pub fn restart_with(&mut self, slave: usize, configure: impl FnOnce(&mut Config)) {
        self.stop(slave);
        self.start_with(slave, configure);
    }

    /// The same, and the machine boots.
    pub fn boot(&mut self, slave: usize) {
        self.stop(slave);
        let host = &self.slaves[slave].host;
        host.handle.world().reboot();
        let run = host.root().join("run");
        if run.exists() {
            std::fs::remove_dir_all(run).expect("what a boot forgets");
        }
        self.start(slave);
    }

    fn stop(&mut self, slave: usize) {
        self.cut(slave);
        let its = &mut self.slaves[slave];
        // What the master tells at this moment is at its end first.
        its.slave = None;
        its.host.stop();
        its.host.wait_for_end();
    }

    fn start(&mut self, slave: usize) {
        self.start_with(slave, |_| ());
    }

    fn start_with(&mut self, slave: usize, configure: impl FnOnce(&mut Config)) {
        let its = &mut self.slaves[slave];
        its.host.start_with(configure);
        its.slave = Some(Arc::new(Slave::new(its.host.core())));
    }

    /// The record of a slave, on its master.
    pub fn host(&self, slave: usize) -> Ref<Host> {
        let uuid = self.slaves[slave].host.core().own_uuid().expect("a UUID");
        let view = self.master.core().view().expect("a view");
        let class = Host::DESC;
        Ref::new(view.by_uuid(class, &uuid).expect("the host's record"))
    }

    /// A PIF of a slave by its device, on its master.
    pub fn pif(&self, slave: usize, device: &str) -> Ref<Pif> {
        let host = self.host(slave);
        let all = self.master.all::<Pif>();
        let found = all
            .into_iter()
            .find(|(_, pif)| pif.host == host && pif.device == device && pif.vlan < 0);
        found.expect("the PIF").0
    }
}

/// The rows of a host that has joined a master's pool, by its number among the slaves.
pub fn admit(master: &SimHost, host: &SimHost, number: usize) {
    let core = master.core();
    let uuid = host.core().own_uuid().expect("a UUID");
    let inside = &crate::sim_host::certificates()[1];
    let inside = xapi_tls::Identity::parse(inside).expect("an identity");
    let inside = inside.certificate().sha256();
    let made: Ref<Host> = core
        .store
        .change(|draft| {
            let metrics = draft.insert(HostMetrics::blank())?;
            let host = draft.insert(Host {
                uuid: uuid.clone(),
                name_label: format!("slave {number}"),
                auto_enable: true,
                metrics,
                ..Host::blank()
            })?;
            draft.insert(Certificate {
                kind: CertificateType::HostInternal,
                host: host.clone(),
                fingerprint_sha256: inside.clone(),
                ..Certificate::blank()
            })?;
            Ok(host)
        })
        .expect("the host's rows");
    let network = master.network("xenbr0");
    core.store
        .change(|draft| {
            draft.insert(Pif {
                device: "eth0".to_owned(),
                device_name: "eth0".to_owned(),
                network: network.clone(),
                host: made.clone(),
                mtu: 1500,
                vlan: -1,
                physical: true,
                management: true,
                managed: true,
                currently_attached: true,
                ip_configuration_mode: IpConfigurationMode::Static,
                ip: format!("172.16.0.{}", 10 + 2 * number),
                netmask: "255.255.255.0".to_owned(),
                gateway: "172.16.0.1".to_owned(),
                primary_address_type: PrimaryAddressType::IPv4,
                properties: [("gro".to_owned(), "on".to_owned())].into(),
                ..Pif::blank()
            })
        })
        .expect("its management interface");
}

impl Drop for SimPool {
    fn drop(&mut self) {
        for slave in 0..self.slaves.len() {
            self.cut(slave);
        }
    }
}

impl SimSlave {
    /// The daemon's side of the line.
    pub fn slave(&self) -> &Arc<Slave> {
        self.slave.as_ref().expect("a daemon")
    }

    /// Waits until its database is as the master's.
    pub fn catches_up(&self, master: &SimHost) {
        let position = master.core().store.copy().expect("a copy").position();
        let reached = self.slave().reaches(position, PATIENCE);
        assert!(reached, "the database does not follow to {position}");
    }

    /// A call at the slave's own socket, by its superuser.
    pub fn local(&self, name: &str, params: Vec<Value>) -> Result<Value, ApiError> {
        let origin = Origin {
            local_root: true,
            peer: "the socket".into(),
            ..Origin::default()
        };
        self.host.api().call(&origin, name, params)
    }
}
