//! Guests that are entries of a map. They do what the trait says in no time, refuse what real guests refuse, and do by
//! themselves what a test tells them to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event::Listeners;
use crate::{
    Body, Domain, Event, Found, GuestError, GuestSpec, Guests, Listener, Nic, Offered, Refused,
    State, Withdrawn, check, host_end,
};

/// Told of each host's end that comes (true) or goes (false), so that a simulated host has it as a device.
pub type Devices = Box<dyn Fn(&str, bool) + Send>;

/// A call of [`Guests`] that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// [`Guests::start`]
    Start,
    /// [`Guests::shutdown`]
    Shutdown,
    /// [`Guests::destroy`]
    Destroy,
    /// [`Guests::pause`]
    Pause,
    /// [`Guests::unpause`]
    Unpause,
    /// [`Guests::suspend`]
    Suspend,
    /// [`Guests::resume`]
    Resume,
    /// [`Guests::offer`]
    Offer,
    /// [`Guests::withdraw`]
    Withdraw,
    /// [`Guests::withdraw_force`]
    WithdrawForce,
}

/// Where in a call a daemon dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// Nothing has come of the call.
    Before,
    /// All has, and nobody is told.
    After,
}

/// Simulated guests. They outlive the one who speaks to them: see [`SimGuests::again`].
pub struct SimGuests {
    world: Arc<Mutex<World>>,
    held: Arc<Held>,
    listeners: Arc<Listeners>,
    /// Whether the daemon that speaks to these is dead.
    death: Mutex<Option<Box<dyn Fn() -> bool + Send>>>,
    /// The call in which the daemon dies.
    dies_at: Mutex<Option<(Verb, Point)>>,
}

impl fmt::Debug for SimGuests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SimGuests").finish_non_exhaustive()
    }
}

/// Calls that do not go on yet.
#[derive(Default)]
struct Held {
    state: Mutex<HeldState>,
    changed: Condvar,
}

#[derive(Default)]
struct HeldState {
    /// The kinds.
    verbs: BTreeSet<Verb>,
    /// Whether any was held up since.
    any: bool,
}

impl Held {
    fn state(&self) -> MutexGuard<'_, HeldState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while a call is held up.
    fn pass(&self, verb: Verb) {
        let held = |state: &mut HeldState| {
            let held = state.verbs.contains(&verb);
            state.any |= held;
            held
        };
        let mut state = self.state();
        if held(&mut state) {
            self.changed.notify_all();
            drop(self.changed.wait_while(state, held));
        }
    }
}

#[derive(Default)]
struct World {
    guests: BTreeMap<Domain, SimGuest>,
    suspended: BTreeMap<String, SimGuest>,
    devices: Option<Devices>,
    /// Whoever speaks to the guests now; events go there alone.
    current: Arc<Listeners>,
    faults: BTreeSet<Verb>,
    asked: usize,
    /// How many requests must have been made before anybody lets go.
    patient_until: usize,
}

struct SimGuest {
    spec: GuestSpec,
    state: State,
    has_run: bool,
    pv_drivers: bool,
    /// Whether it keeps every NIC, or some.
    clings: bool,
    clings_to: BTreeSet<u32>,
    ignores_shutdown: bool,
    nics: BTreeMap<u32, SimNic>,
}

struct SimNic {
    nic: Nic,
    asked_back: bool,
    /// Whether the host's end was taken away while the guest kept its own.
    severed: bool,
}

impl SimGuest {
    fn keeps(&self, device: u32) -> bool {
        self.state == State::Paused || self.clings || self.clings_to.contains(&device)
    }

    fn offered(&self) -> Vec<Offered> {
        let with_an_end = self.nics.values().filter(|it| !it.severed);
        let offered = with_an_end.map(|it| Offered {
            nic: it.nic,
            host_end: host_end(self.spec.domain, it.nic.device),
            asked_back: it.asked_back,
        });
        offered.collect()
    }
}

impl World {
    fn guest(&mut self, domain: Domain) -> Result<&mut SimGuest, GuestError> {
        let guest = self.guests.get_mut(&domain);
        guest.ok_or(GuestError::NoDomain(domain))
    }

    fn fault(&mut self, verb: Verb) -> Result<(), GuestError> {
        if self.faults.remove(&verb) {
            return Err(GuestError::failed(format!("{verb:?}"), "a test wants it"));
        }
        Ok(())
    }

    fn device(&self, name: &str, is_there: bool) {
        if let Some(devices) = &self.devices {
            devices(name, is_there);
        }
    }

    fn end(&mut self, domain: Domain) -> Option<SimGuest> {
        let guest = self.guests.remove(&domain)?;
        for offered in guest.offered() {
            self.device(&offered.host_end, false);
        }
        Some(guest)
    }

    /// The guest lets go of what it was asked for and no longer keeps; nobody waits for that any more.
    fn release(&mut self, domain: Domain) {
        let Some(guest) = self.guests.get_mut(&domain) else {
            return;
        };
        let let_go: Vec<u32> = (guest.nics.iter())
            .filter(|(device, it)| it.asked_back && !guest.keeps(**device))
            .map(|(device, _)| *device)
            .collect();
        for device in let_go {
            // What was taken by force was not asked for politely.
            if !self.remove_nic(domain, device) {
                self.current.tell(Event::Released { domain, device });
            }
        }
    }

    /// Whether the host's end had been taken away before.
    fn remove_nic(&mut self, domain: Domain, device: u32) -> bool {
        let guest = self.guests.get_mut(&domain);
        let Some(nic) = guest.and_then(|guest| guest.nics.remove(&device)) else {
            return false;
        };
        if !nic.severed {
            self.device(&host_end(domain, device), false);
        }
        nic.severed
    }

    /// Whether a guest may be asked for a NIC.
    fn may_ask(&mut self, domain: Domain, device: u32) -> Result<(), GuestError> {
        let guest = self.guest(domain)?;
        let held = guest.nics.get(&device).is_some_and(|nic| !nic.severed);
        match held && !guest.pv_drivers {
            true => Err(GuestError::NoHotplug),
            false => Ok(()),
        }
    }

    fn ask(&mut self, (domain, device): (Domain, u32)) -> Result<(), GuestError> {
        self.fault(Verb::Withdraw)?;
        let guest = self.guest(domain)?;
        let nic = guest.nics.get_mut(&device).filter(|nic| !nic.severed);
        let asked_now = nic.is_some_and(|nic| !std::mem::replace(&mut nic.asked_back, true));
        self.asked += usize::from(asked_now);
        Ok(())
    }

    /// Whether a guest has let go of a NIC, as it does when it is asked and does not keep it.
    fn yielded(&mut self, domain: Domain, device: u32) -> bool {
        let waits = self.asked < self.patient_until;
        let Some(guest) = self.guests.get(&domain) else {
            return true;
        };
        match guest.nics.get(&device) {
            Some(nic) if !nic.severed => {
                if guest.keeps(device) || !nic.asked_back || waits {
                    return false;
                }
                self.remove_nic(domain, device);
                true
            }
            _ => true,
        }
    }

    fn drivers_up(&mut self, domain: Domain) {
        if let Some(guest) = self.guests.get_mut(&domain)
            && !guest.pv_drivers
        {
            guest.pv_drivers = true;
            self.current.tell(Event::PvDriversSeen { domain });
        }
    }
}

/// Ends whoever calls. No message of a panic: nothing is wrong.
fn cut_off() {
    std::panic::resume_unwind(Box::new("the daemon is dead"));
}

impl Default for SimGuests {
    fn default() -> SimGuests {
        SimGuests::new()
    }
}

impl SimGuests {
    /// A host without guests.
    pub fn new() -> SimGuests {
        let world = World::default();
        SimGuests {
            listeners: world.current.clone(),
            world: Arc::new(Mutex::new(world)),
            held: Arc::default(),
            death: Mutex::default(),
            dies_at: Mutex::default(),
        }
    }

    /// The same guests as a restarted daemon finds them. What they do from now on is told to its listeners alone.
    pub fn again(&self) -> SimGuests {
        let listeners = Arc::<Listeners>::default();
        self.world().current = listeners.clone();
        SimGuests {
            world: self.world.clone(),
            held: self.held.clone(),
            listeners,
            death: Mutex::default(),
            dies_at: Mutex::default(),
        }
    }

    /// Has `devices` told of every host's end that comes or goes. It must not call the guests.
    pub fn set_devices(&self, devices: Devices) {
        self.world().devices = Some(devices);
    }

    /// Lets the next call of this kind fail, and nothing come of it.
    pub fn fail_next(&self, verb: Verb) {
        self.world().faults.insert(verb);
    }

    /// Takes [`SimGuests::fail_next`] back where no such call has come.
    pub fn fail_no_more(&self) {
        self.world().faults.clear();
    }

    /// Whoever asks for anything once `is_dead` says so is cut off there, as a daemon is that dies: the call unwinds, and
    /// nothing that it would do then is done.
    pub fn die_when(&self, is_dead: impl Fn() -> bool + Send + 'static) {
        let mut death = self.death.lock().unwrap_or_else(PoisonError::into_inner);
        *death = Some(Box::new(is_dead));
    }

    fn alive(&self) {
        let death = self.death.lock().unwrap_or_else(PoisonError::into_inner);
        let is_dead = death.as_ref().is_some_and(|is_dead| is_dead());
        drop(death);
        if is_dead {
            cut_off();
        }
    }

    /// Whoever makes the next call of this kind is cut off in it, and whoever makes any after it.
    pub fn die_at(&self, verb: Verb, point: Point) {
        *self.dies_at() = Some((verb, point));
    }

    fn dies_at(&self) -> MutexGuard<'_, Option<(Verb, Point)>> {
        self.dies_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reach(&self, verb: Verb, point: Point) {
        let dies = self.dies_at().take_if(|at| *at == (verb, point));
        if dies.is_some() {
            self.die_when(|| true);
            cut_off();
        }
    }

    /// Holds calls of this kind up, before anything comes of them; or lets them go on.
    pub fn hold(&self, verb: Verb, hold: bool) {
        let mut state = self.held.state();
        match hold {
            true => {
                state.verbs.insert(verb);
                state.any = false;
            }
            false => {
                state.verbs.remove(&verb);
            }
        }
        self.held.changed.notify_all();
    }

    /// Waits until a call was held up; false if none is within the time.
    pub fn wait_until_held(&self, within: Duration) -> bool {
        let none = |state: &mut HeldState| !state.any;
        let waited = self
            .held
            .changed
            .wait_timeout_while(self.held.state(), within, none);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// From now on the guest keeps this NIC when it is asked for it.
    pub fn cling(&self, domain: Domain, device: u32) {
        if let Some(guest) = self.world().guests.get_mut(&domain) {
            guest.clings_to.insert(device);
        }
    }

    /// Nobody lets go of a NIC before so many were asked for from now on: guests that take their time, and of which none is
    /// through when the last is asked.
    pub fn let_go_once_asked(&self, requests: usize) {
        let mut world = self.world();
        world.patient_until = world.asked + requests;
    }

    /// The guest keeps no NIC any more. Those that it was asked for go now, which is an event.
    pub fn let_go(&self, domain: Domain) {
        let mut world = self.world();
        if let Some(guest) = world.guests.get_mut(&domain) {
            guest.clings = false;
            guest.clings_to.clear();
        }
        world.release(domain);
    }

    /// From now on the guest does nothing when it is asked to shut down.
    pub fn ignore_shutdown(&self, domain: Domain) {
        if let Some(guest) = self.world().guests.get_mut(&domain) {
            guest.ignores_shutdown = true;
        }
    }

    /// The guest ends by itself.
    pub fn end(&self, domain: Domain) {
        let mut world = self.world();
        if world.end(domain).is_some() {
            world.current.tell(Event::Stopped { domain });
        }
    }

    /// The guest's PV drivers come up.
    pub fn drivers_come_up(&self, domain: Domain) {
        self.world().drivers_up(domain);
    }

    /// How often a guest was asked for a NIC so far.
    pub fn asked(&self) -> usize {
        self.world().asked
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guests, as soon as a call of this kind may go on; an error if it is to fail.
    fn ready(&self, verb: Verb) -> Result<MutexGuard<'_, World>, GuestError> {
        self.alive();
        self.held.pass(verb);
        self.reach(verb, Point::Before);
        let mut world = self.world();
        world.fault(verb)?;
        Ok(world)
    }

    fn set_state(&self, domain: Domain, to: State) -> Result<(), GuestError> {
        let verb = match to {
            State::Running => Verb::Unpause,
            State::Paused => Verb::Pause,
        };
        let mut world = self.ready(verb)?;
        let guest = world.guest(domain)?;
        if guest.state == to {
            return Err(GuestError::WrongState { domain, state: to });
        }
        guest.state = to;
        guest.has_run |= to == State::Running;
        let has_drivers = matches!(&guest.spec.body, Body::Namespace(it) if it.pv_drivers);
        if to == State::Running && has_drivers {
            world.drivers_up(domain);
        }
        world.release(domain);
        drop(world);
        self.reach(verb, Point::After);
        Ok(())
    }
}

impl Guests for SimGuests {
    fn start(&self, spec: &GuestSpec) -> Result<(), GuestError> {
        check::spec(spec)?;
        let mut world = self.ready(Verb::Start)?;
        let is_there = world.guests.contains_key(&spec.domain)
            || world.suspended.contains_key(&spec.uuid)
            || world.guests.values().any(|it| it.spec.uuid == spec.uuid);
        if is_there {
            return Err(GuestError::AlreadyThere(spec.uuid.clone()));
        }
        let guest = SimGuest {
            spec: spec.clone(),
            state: State::Paused,
            has_run: false,
            pv_drivers: false,
            clings: matches!(&spec.body, Body::Namespace(it) if it.clings),
            clings_to: BTreeSet::new(),
            ignores_shutdown: false,
            nics: BTreeMap::new(),
        };
        world.guests.insert(spec.domain, guest);
        drop(world);
        self.reach(Verb::Start, Point::After);
        Ok(())
    }

    fn found(&self) -> Vec<Found> {
        let world = self.world();
        let found = world.guests.iter().map(|(domain, guest)| Found {
            domain: *domain,
            uuid: guest.spec.uuid.clone(),
            name: guest.spec.name.clone(),
            state: guest.state,
            pv_drivers: guest.pv_drivers,
            nics: guest.offered(),
        });
        found.collect()
    }

    fn shutdown(&self, domain: Domain, _within: Duration) -> Result<(), GuestError> {
        let mut world = self.ready(Verb::Shutdown)?;
        let guest = world.guest(domain)?;
        if guest.state == State::Paused {
            let state = guest.state;
            return Err(GuestError::WrongState { domain, state });
        }
        if guest.ignores_shutdown {
            return Err(GuestError::StillRunning(domain));
        }
        world.end(domain);
        drop(world);
        self.reach(Verb::Shutdown, Point::After);
        Ok(())
    }

    fn destroy(&self, domain: Domain) -> Result<(), GuestError> {
        let mut world = self.ready(Verb::Destroy)?;
        world.end(domain);
        drop(world);
        self.reach(Verb::Destroy, Point::After);
        Ok(())
    }

    fn pause(&self, domain: Domain) -> Result<(), GuestError> {
        self.set_state(domain, State::Paused)
    }

    fn unpause(&self, domain: Domain) -> Result<(), GuestError> {
        self.set_state(domain, State::Running)
    }

    fn suspend(&self, domain: Domain, _within: Duration) -> Result<(), GuestError> {
        let mut world = self.ready(Verb::Suspend)?;
        let mut guest = world.end(domain).ok_or(GuestError::NoDomain(domain))?;
        guest.state = State::Paused;
        world.suspended.insert(guest.spec.uuid.clone(), guest);
        drop(world);
        self.reach(Verb::Suspend, Point::After);
        Ok(())
    }

    fn suspended(&self) -> Result<Vec<String>, GuestError> {
        Ok(self.world().suspended.keys().cloned().collect())
    }

    fn resume(&self, spec: &GuestSpec, _within: Duration) -> Result<Vec<Offered>, GuestError> {
        check::spec(spec)?;
        let mut world = self.ready(Verb::Resume)?;
        if world.guests.contains_key(&spec.domain) {
            return Err(GuestError::AlreadyThere(format!("domain {}", spec.domain)));
        }
        let guest = world.suspended.remove(&spec.uuid);
        let mut guest = guest.ok_or_else(|| GuestError::NotSuspended(spec.uuid.clone()))?;
        guest.spec = spec.clone();
        // QEMU does not keep what it was asked for.
        if matches!(guest.spec.body, Body::Machine(_)) {
            for nic in guest.nics.values_mut() {
                nic.asked_back = nic.severed;
            }
        }
        let offered = guest.offered();
        world.guests.insert(spec.domain, guest);
        for it in &offered {
            world.device(&it.host_end, true);
        }
        drop(world);
        self.reach(Verb::Resume, Point::After);
        Ok(offered)
    }

    fn discard(&self, uuid: &str) -> Result<(), GuestError> {
        self.alive();
        self.world().suspended.remove(uuid);
        Ok(())
    }

    fn offer(&self, domain: Domain, nic: &Nic) -> Result<String, GuestError> {
        let mut world = self.ready(Verb::Offer)?;
        let guest = world.guest(domain)?;
        check::nic(nic, &guest.spec.body)?;
        let name = host_end(domain, nic.device);
        match guest.nics.get(&nic.device) {
            Some(there) if there.nic == *nic && !there.severed => return Ok(name),
            Some(_) => return Err(GuestError::StillHeld { nic: name }),
            None if guest.has_run && !guest.pv_drivers => return Err(GuestError::NoHotplug),
            None => {}
        }
        let new = SimNic {
            nic: *nic,
            asked_back: false,
            severed: false,
        };
        guest.nics.insert(nic.device, new);
        world.device(&name, true);
        drop(world);
        self.reach(Verb::Offer, Point::After);
        Ok(name)
    }

    fn withdraw_all(&self, nics: &[(Domain, u32)], _within: Duration) -> Withdrawn {
        self.alive();
        self.held.pass(Verb::Withdraw);
        self.reach(Verb::Withdraw, Point::Before);
        let mut world = self.world();
        for (domain, device) in nics {
            if let Err(why) = world.may_ask(*domain, *device) {
                return Withdrawn::refused((*domain, *device), why);
            }
        }
        let mut outcome = Withdrawn::default();
        for nic in nics {
            if let Err(why) = world.ask(*nic) {
                outcome.refused = Some(Refused { nic: *nic, why });
                break;
            }
        }
        for (domain, device) in nics {
            match world.yielded(*domain, *device) {
                true => drop(outcome.released.insert((*domain, *device))),
                false if outcome.refused.is_none() => {
                    let why = GuestError::StillHeld {
                        nic: host_end(*domain, *device),
                    };
                    let nic = (*domain, *device);
                    outcome.refused = Some(Refused { nic, why });
                }
                false => {}
            }
        }
        drop(world);
        self.reach(Verb::Withdraw, Point::After);
        outcome
    }

    fn withdraw_force(&self, domain: Domain, device: u32) -> Result<(), GuestError> {
        let mut world = self.ready(Verb::WithdrawForce)?;
        let guest = world.guest(domain)?;
        let is_namespace = matches!(guest.spec.body, Body::Namespace(_));
        let lets_go = is_namespace || !guest.keeps(device);
        if lets_go {
            world.remove_nic(domain, device);
        } else if let Some(nic) = guest.nics.get_mut(&device) {
            nic.asked_back = true;
            if !std::mem::replace(&mut nic.severed, true) {
                world.device(&host_end(domain, device), false);
            }
        }
        drop(world);
        self.reach(Verb::WithdrawForce, Point::After);
        Ok(())
    }

    fn subscribe(&self, listener: Listener) {
        self.listeners.add(listener);
    }
}
