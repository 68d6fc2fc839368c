//! The agent of this host: one thread that owns the network, a queue in, answers out.
//!
//! The thread carries out requests, and between them listens to the kernel, to the database and to the DHCP clients. When
//! something came, went or restarted, it converges again on what was asked for last: after a second of quiet, or at once
//! when the management address is gone.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tracing::{debug, error, info, warn};

use crate::agent::{
    Agent, Cause, Counters, LeftOut, Listener, ManagementAlone, Mode, NetError, NetEvent, Outcome,
    Part, Probe, Request, Undo,
};
use crate::converge;
use crate::engine::{Driver, Fault};
use crate::facts::Facts;
use crate::firmware::{self, Card};
use crate::kernel::{self, Watch};
use crate::names::Name;
use crate::object::Key;
use crate::ovs::monitor::{self, Monitor};
use crate::planned::PlannedStep;
use crate::topology::{Filter, Topology};

use super::leases::Leases;
use super::look::{kernel_error, ovsdb_error};
use super::queue::{Command, Next, Queue, answer};
use super::seize::{Holders, seize};
use super::{Config, LocalDriver};

pub(super) mod bonds;

/// How long nothing must have happened before the agent converges by itself.
const QUIET: Duration = Duration::from_secs(1);

/// How long a convergence of the agent's own may take.
const OWN_TIME: Duration = Duration::from_secs(20);

/// The longest pause between attempts that fail.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The agent of this host. When it is dropped its thread ends and the network stays as it is.
pub struct LocalAgent {
    root: PathBuf,
    commands: Sender<Command>,
    listeners: Arc<Mutex<Vec<Listener>>>,
    thread: Option<JoinHandle<()>>,
}

impl LocalAgent {
    /// Starts the agent in the calling thread's network namespace. Open vSwitch need not be there yet.
    pub fn start(config: Config) -> Result<LocalAgent, NetError> {
        let (commands, received) = channel();
        let listeners: Arc<Mutex<Vec<Listener>>> = Arc::default();
        let (ready, started) = sync_channel(1);
        let root = config.root.clone();
        let (told, own) = (Arc::clone(&listeners), commands.clone());
        let rule = move || {
            let queue = Rc::new(Queue::new(received));
            let owner = || Owner::new(config.clone(), &own, Arc::clone(&told), Rc::clone(&queue));
            match owner() {
                Ok(first) => {
                    answer(&ready, Ok(()));
                    rule(first, owner, &queue);
                }
                Err(error) => answer(&ready, Err(error)),
            }
        };
        let thread = std::thread::Builder::new()
            .name("network".to_owned())
            .spawn(rule)
            .map_err(|why| NetError::before(Part::Host, Cause::Unreachable, why.to_string()))?;
        started.recv().map_err(|_| stopped())??;
        Ok(LocalAgent {
            root,
            commands,
            listeners,
            thread: Some(thread),
        })
    }

    /// Has a failure happen at a step, for tests on a real Open vSwitch.
    pub fn inject(&self, fault: Fault) -> Result<(), NetError> {
        self.commands
            .send(Command::Fault(fault))
            .map_err(|_| stopped())
    }

    fn ask<T>(
        &self,
        command: impl FnOnce(SyncSender<Result<T, NetError>>) -> Command,
    ) -> Result<T, NetError> {
        let (reply, answered) = sync_channel(1);
        self.commands.send(command(reply)).map_err(|_| stopped())?;
        answered.recv().map_err(|_| stopped())?
    }
}

impl Agent for LocalAgent {
    fn converge(&self, request: Request) -> Result<Outcome, NetError> {
        self.ask(|reply| Command::Converge(request, reply))
    }

    fn plan(&self, request: Request) -> Result<Vec<PlannedStep>, NetError> {
        self.ask(|reply| Command::Plan(request, reply))
    }

    fn facts(&self) -> Result<Facts, NetError> {
        self.ask(Command::Facts)
    }

    fn firmware(&self) -> Result<Vec<Card>, NetError> {
        let sys = kernel::Roots::default().sys;
        firmware::cards(&sys).map_err(|why| {
            let why = format!("looking at the places of NICs in {}: {why}", sys.display());
            NetError::before(Part::Host, Cause::Unreachable, why)
        })
    }

    fn seize(&self, nic: &Name, bridges: &BTreeSet<Name>) -> Result<Vec<String>, NetError> {
        self.ask(|reply| Command::Seize(*nic, bridges.clone(), reply))
    }

    fn counters(&self, device: &Name) -> Option<Counters> {
        super::counters::read(device)
    }

    fn answered(
        &self,
        probes: &BTreeSet<Probe>,
        within: Duration,
    ) -> Result<BTreeSet<Probe>, NetError> {
        kernel::probe::answered(probes, within).map_err(kernel_error)
    }

    fn hostname(&self) -> Result<String, NetError> {
        super::hostname::now()
    }

    fn set_hostname(&self, name: &str) -> Result<(), NetError> {
        super::hostname::set(&self.root, name)
    }

    fn subscribe(&self, listener: Listener) {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(listener);
    }
}

impl Drop for LocalAgent {
    fn drop(&mut self) {
        let told = self.commands.send(Command::Stop).is_ok();
        if let Some(thread) = self.thread.take()
            && told
            && thread.join().is_err()
        {
            warn!("the network thread panicked");
        }
    }
}

/// What a NIC of the host's own is called.
fn name_of(nic: &kernel::Nic) -> Option<Name> {
    let name = Name::new(&nic.name).ok();
    name.filter(|name| !name.is_guests_end())
}

fn has_locked(topology: &Topology) -> bool {
    let mut vifs = topology.vifs.values();
    vifs.any(|vif| matches!(vif.filter, Filter::Only { .. }))
}

fn stopped() -> NetError {
    let why = "the network thread stopped before it answered";
    NetError::before(Part::Host, Cause::Stopped, why)
}

/// Runs the owner until it is told to stop. One that panics lets down whoever asked, and nobody else: another takes its
/// place, looks at what there is, and goes back to what was asked for last.
fn rule(first: Owner, another: impl Fn() -> Result<Owner, NetError>, queue: &Queue) {
    let mut owner = first;
    let mut pause = Duration::ZERO;
    loop {
        let began = Instant::now();
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| owner.run())) else {
            return;
        };
        let why = format!("the network thread panicked: {}", panic_text(&*panic));
        error!("{why}");
        let asked = owner.asked.take();
        drop(owner);
        if began.elapsed() > 2 * LONGEST_PAUSE {
            pause = Duration::ZERO;
        }
        let again = Instant::now() + pause;
        pause = (pause * 2).clamp(QUIET, LONGEST_PAUSE);
        owner = loop {
            match another() {
                Ok(owner) => break owner,
                Err(error) => {
                    warn!("no network thread yet: {error}");
                    if !queue.refuse_all(Instant::now() + pause, &error) {
                        return;
                    }
                }
            }
        };
        owner.diverged = true;
        owner.due = asked.is_some().then_some(again);
        owner.asked = asked;
        owner.tell(NetEvent::Diverged { why });
        if owner.asked.is_none() {
            owner.tell(NetEvent::NothingAsked);
        }
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a word")
}

/// The owner of the host's network.
struct Owner {
    driver: LocalDriver,
    queue: Rc<Queue>,
    /// What was asked for last, whole.
    asked: Option<Topology>,
    left_out: Vec<LeftOut>,
    /// Where management is, if not where it was asked for.
    alone: Option<ManagementAlone>,
    /// Management was there after the last attempt.
    had_management: bool,
    /// The host was told to be neither as asked nor as before, and not yet to be well again.
    diverged: bool,
    nics: BTreeSet<Name>,
    /// When to converge by ourselves.
    due: Option<Instant>,
    pause: Duration,
    settled: bool,
    /// ovs-vswitchd is another process than at the last attempt.
    renewed: bool,
    // The listeners' threads end when these are dropped.
    _watch: Watch,
    _monitor: Monitor,
}

impl Owner {
    fn new(
        config: Config,
        commands: &Sender<Command>,
        listeners: Arc<Mutex<Vec<Listener>>>,
        queue: Rc<Queue>,
    ) -> Result<Owner, NetError> {
        let to_queue = |commands: &Sender<Command>| {
            let commands = commands.clone();
            // The queue is gone only when its owner is, and then there is nothing to be told.
            move |command| drop(commands.send(command))
        };
        let tell = to_queue(commands);
        let leases = Leases::new(
            config.leases.clone(),
            Box::new(move |bridge| tell(Command::Lease(bridge))),
        );
        let mut driver = LocalDriver::new(config, leases)?;
        driver.queue = Some(Rc::clone(&queue));
        driver.looks.listeners = listeners;
        let tell = to_queue(commands);
        let watch =
            Watch::start(move |event| tell(Command::Kernel(event))).map_err(kernel_error)?;
        let tell = to_queue(commands);
        let monitor = Monitor::start(
            driver.config.ovsdb.clone(),
            driver.control.clone(),
            Box::new(move |event| tell(Command::Rows(event))),
        )
        .map_err(|why| NetError::before(Part::Host, Cause::Unreachable, why.to_string()))?;
        let mut owner = Owner {
            driver,
            queue,
            asked: None,
            left_out: Vec::new(),
            alone: None,
            had_management: false,
            diverged: false,
            nics: BTreeSet::new(),
            due: None,
            pause: QUIET,
            settled: false,
            renewed: false,
            _watch: watch,
            _monitor: monitor,
        };
        owner.nics = owner.present_nics();
        Ok(owner)
    }

    fn run(&mut self) {
        loop {
            let next = self.due.into_iter().chain(self.driver.looks.first()).min();
            match self.queue.next(next) {
                Next::Command(Command::Stop) | Next::Ended => return,
                Next::Command(command) => self.obey(command),
                Next::Nothing => {}
            }
            self.do_what_is_due();
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Converge(request, reply) => {
                let outcome = self.converge(&request);
                answer(&reply, outcome);
            }
            Command::Plan(request, reply) => {
                self.driver.until = Instant::now() + request.in_all();
                let plan = self
                    .driver
                    .refresh()
                    .and_then(|()| converge::preview(&mut self.driver, &request));
                answer(&reply, plan);
            }
            Command::Facts(reply) => {
                self.driver.until = Instant::now();
                answer(&reply, self.driver.facts());
            }
            Command::Seize(nic, bridges, reply) => {
                answer(
                    &reply,
                    seize(&self.driver.config, &nic, &bridges, Holders::Others),
                );
            }
            Command::Fault(fault) => {
                self.driver.fault = Some(Fault {
                    at: self.driver.steps + fault.at,
                    ..fault
                });
            }
            Command::Kernel(event) => self.on_kernel(event),
            Command::Rows(event) => self.on_rows(event),
            Command::Lease(bridge) => {
                self.tell(NetEvent::LeaseChanged { bridge });
                self.due = Some(Instant::now());
            }
            Command::Stop => {}
        }
    }

    fn converge(&mut self, request: &Request) -> Result<Outcome, NetError> {
        if request.mode == Mode::WhatCan {
            // It is asked for from now on, also when nothing can be done yet: once Open vSwitch is there it is tried again.
            self.asked = Some(request.topology.clone());
        }
        self.attempt(request).inspect_err(|error| {
            if let (Mode::Whole, Undo::Failed(_)) = (request.mode, &error.undo) {
                self.tell_diverged(error);
                self.due = Some(Instant::now());
                if self.asked.is_none() {
                    self.tell(NetEvent::NothingAsked);
                }
            } else if request.mode == Mode::WhatCan {
                self.due = Some(Instant::now() + QUIET);
            }
        })
    }

    fn attempt(&mut self, request: &Request) -> Result<Outcome, NetError> {
        let began = Instant::now();
        self.driver.until = began + request.in_all().min(Duration::from_secs(3600));
        self.driver.refresh()?;
        if !self.settled {
            self.driver.settle()?;
            self.settled = true;
        }
        self.wait_for_the_renewed(&request.topology)?;
        let converged = converge::converge(&mut self.driver, request)?;
        let told = format!(
            "{:?}: {} steps in {:?}, {} left out",
            request.mode,
            converged.steps,
            began.elapsed(),
            converged.left_out.len()
        );
        if converged.steps > 0 || !converged.left_out.is_empty() {
            info!("{told}");
        } else {
            debug!("{told}");
        }
        let facts = self.driver.facts().inspect_err(|_| {
            // What was asked before stays asked: whoever hears of an error counts on it.
            self.due = Some(Instant::now() + QUIET);
        })?;
        self.asked = Some(request.topology.clone());
        self.left_out = converged.left_out.clone();
        let management = request.topology.management;
        let missing = management.is_some() && converged.topology.management.is_none();
        self.pause = match (&converged.alone, missing) {
            (None, false) => QUIET,
            // Each attempt to have management as it was asked for takes it away for a moment.
            _ => (self.pause * 2).min(LONGEST_PAUSE),
        };
        if converged.alone.is_some() || missing {
            self.due = Some(Instant::now() + self.pause);
        }
        self.alone = converged.alone.clone();
        self.had_management = self.has_management();
        self.driver.looks.soon();
        Ok(Outcome {
            facts,
            left_out: converged.left_out,
            alone: converged.alone,
            absent: converged.absent,
            steps: converged.steps,
        })
    }

    /// After a restart of ovs-vswitchd the database still shows the ports of the process before. Rules are for ports that
    /// are there.
    fn wait_for_the_renewed(&mut self, topology: &Topology) -> Result<(), NetError> {
        if self.renewed && has_locked(topology) {
            let deadline = self.driver.deadline();
            self.driver.ovsdb.nudge(deadline).map_err(ovsdb_error)?;
        }
        self.renewed = false;
        Ok(())
    }

    fn tell_diverged(&mut self, error: &NetError) {
        self.diverged = true;
        self.tell(NetEvent::Diverged {
            why: error.to_string(),
        });
    }

    fn do_what_is_due(&mut self) {
        self.driver.look_if_due();
        if self.due.is_some_and(|at| at <= Instant::now()) {
            self.due = None;
            self.converge_again();
        }
    }

    /// Back to what was asked for last, as far as it can be.
    fn converge_again(&mut self) {
        let Some(topology) = self.asked.clone() else {
            return;
        };
        let before = (self.left_out.clone(), self.alone.clone());
        let pause = self.pause;
        let request = Request {
            topology,
            mode: Mode::WhatCan,
            within: OWN_TIME,
        };
        match self.converge(&request) {
            Ok(outcome) => {
                let news = (outcome.left_out.clone(), outcome.alone) != before;
                if std::mem::take(&mut self.diverged) || outcome.steps > 0 || news {
                    self.tell(NetEvent::Converged {
                        left_out: outcome.left_out,
                    });
                }
            }
            Err(error) => {
                self.tell_diverged(&error);
                self.pause = (pause * 2).min(LONGEST_PAUSE);
                self.due = Some(Instant::now() + self.pause);
                // An event after this is no news of what this attempt could not have.
                self.had_management = self.has_management();
            }
        }
    }

    fn on_kernel(&mut self, event: kernel::Event) {
        match event {
            kernel::Event::Carrier(link) => {
                let Some(nic) = self.nic(&link.name) else {
                    return;
                };
                if link.carrier {
                    self.driver.leases().renew();
                }
                self.tell(NetEvent::Carrier {
                    nic,
                    up: link.carrier,
                });
                self.driver.looks.soon();
                if !self.left_out.is_empty() {
                    self.soon();
                }
            }
            kernel::Event::LinkAdded(link) => self.on_link(None, Some(&link)),
            kernel::Event::LinkRemoved(link) => self.on_link(Some(&link.name), None),
            kernel::Event::LinkRenamed { from, link } => self.on_link(Some(&from), Some(&link)),
            kernel::Event::LinkChanged(link) => {
                let is_bridge = self.asked_bridge(&link.name).is_some();
                if is_bridge || self.nic(&link.name).is_some() || self.is_asked_vif(&link.name) {
                    self.soon();
                }
            }
            kernel::Event::AddressAdded { device, address }
            | kernel::Event::AddressChanged { device, address }
            | kernel::Event::AddressRemoved { device, address } => {
                if let (Some(bridge), false) = (self.asked_bridge(&device), address.local_scope) {
                    self.tell(NetEvent::AddressChanged { bridge });
                    self.soon();
                }
            }
            kernel::Event::RouteRemoved(route) if route.is_ours() => self.soon(),
            kernel::Event::RouteAdded(_) | kernel::Event::RouteRemoved(_) => {}
            kernel::Event::Resynced => self.soon(),
        }
    }

    /// A link went, came, or has another name.
    fn on_link(&mut self, went: Option<&str>, came: Option<&kernel::Link>) {
        let names = [went, came.map(|link| link.name.as_str())];
        let mut changed = false;
        if let Some(name) = names[0].and_then(|name| Name::new(name).ok()) {
            changed |= self.nics.remove(&name);
        }
        // This link alone is looked at: when a host gets 800 VLANs, each of them comes here.
        if let Some(nic) = came.and_then(|link| self.as_nic(link)) {
            changed |= self.nics.insert(nic);
        }
        if changed {
            self.tell(NetEvent::NicsChanged);
            self.soon();
        }
        // The NIC of a guest comes and goes with it.
        let is_asked = |name: &&str| self.asked_bridge(name).is_some() || self.is_asked_vif(name);
        if names.iter().flatten().any(is_asked) {
            self.soon();
        }
    }

    fn as_nic(&self, link: &kernel::Link) -> Option<Name> {
        let kernel = &self.driver.kernel;
        match kernel.nic_of(link, &self.driver.config.nics) {
            Ok(nic) => nic.as_ref().and_then(name_of),
            // It has gone again, and that will be told too.
            Err(why) if why.is_missing() => None,
            Err(why) => {
                warn!("{why}");
                None
            }
        }
    }

    fn on_rows(&mut self, event: monitor::Event) {
        match event {
            monitor::Event::BackendRestarted { .. }
            | monitor::Event::Connected { resumed: false } => {
                self.settled = false;
                self.tell(NetEvent::BackendRestarted);
                // Whatever failed before, failed for want of it.
                self.pause = QUIET;
                self.renew();
            }
            monitor::Event::BackendFound { .. } => {
                self.pause = QUIET;
                self.renew();
            }
            monitor::Event::Rows { names } => {
                if self.is_any_asked(&names) {
                    self.soon();
                }
            }
            // The port of one interface has its name.
            monitor::Event::Interface { name, before, now } => {
                let mut ports = before.iter().chain(&now).map(|it| &it.port);
                if ports.any(|port| *port != name) {
                    self.driver.looks.soon();
                }
            }
            monitor::Event::ActiveMember { .. } => self.driver.looks.soon(),
            monitor::Event::Disconnected
            | monitor::Event::Connected { resumed: true }
            | monitor::Event::BackendGone => {}
        }
    }

    /// Rules die with ovs-vswitchd, and until they are there again the guests behind them are cut off.
    fn renew(&mut self) {
        self.renewed = true;
        self.soon();
        if self.asked.as_ref().is_some_and(has_locked) {
            self.due = Some(Instant::now());
        }
    }

    /// Asks for convergence after a pause, at once when management has gone since the last attempt. What goes on happening
    /// puts off nothing. While attempts fail the pause between them holds, though management is not there.
    fn soon(&mut self) {
        if self.asked.is_none() {
            return;
        }
        let vanished = self.had_management && !self.has_management();
        let wait = match vanished {
            true => Duration::ZERO,
            false => self.pause,
        };
        let at = Instant::now() + wait;
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// Whether the management bridge is up with all its addresses; if it is alone, the bridge where it is.
    fn has_management(&mut self) -> bool {
        let Some(topology) = &self.asked else {
            return true;
        };
        let Some(name) = topology.management else {
            return true;
        };
        let Some(bridge) = topology.bridges.get(&name) else {
            return true;
        };
        // The others are of no concern here, and may be hundreds.
        let alone = Topology {
            bridges: BTreeMap::from([(name, bridge.clone())]),
            ..Topology::default()
        };
        let alone = converge::with_leases(&alone, &self.driver);
        let alone = converge::with_kept(alone, &self.driver);
        let wanted = alone.bridges[&name].addresses();
        let name = self.alone.as_ref().map_or(name, |alone| alone.bridge);
        let link = self.driver.kernel.link(name.as_str());
        let is_up = matches!(link, Ok(Some(link)) if link.up);
        let Ok(found) = self.driver.kernel.addresses_of(name.as_str()) else {
            return false;
        };
        let has = |address| found.iter().any(|found| found.address == address);
        is_up && wanted.iter().all(|inet| has(inet.address()))
    }

    fn present_nics(&mut self) -> BTreeSet<Name> {
        match self.driver.kernel.nics(&self.driver.config.nics) {
            Ok(nics) => nics.iter().filter_map(name_of).collect(),
            Err(why) => {
                warn!("{why}");
                self.nics.clone()
            }
        }
    }

    fn nic(&self, name: &str) -> Option<Name> {
        Name::new(name).ok().filter(|name| self.nics.contains(name))
    }

    fn asked_bridge(&self, name: &str) -> Option<Name> {
        let name = Name::new(name).ok()?;
        self.asked
            .as_ref()?
            .bridges
            .contains_key(&name)
            .then_some(name)
    }

    /// Whether a bridge, a port or a NIC of one of these names is part of what was asked for.
    fn is_any_asked(&self, names: &[String]) -> bool {
        let Some(topology) = &self.asked else {
            return false;
        };
        let graph = self.driver.lower(topology);
        let mut names = names.iter().filter_map(|name| Name::new(name).ok());
        names.any(|name| {
            let keys = [Key::Bridge(name), Key::Port(name), Key::Nic(name)];
            keys.iter().any(|key| graph.contains_key(key))
        })
    }

    fn is_asked_vif(&self, name: &str) -> bool {
        let (Some(topology), Ok(name)) = (&self.asked, Name::new(name)) else {
            return false;
        };
        topology.vifs.contains_key(&name)
    }

    fn tell(&self, event: NetEvent) {
        self.driver.looks.tell(&event);
    }
}
