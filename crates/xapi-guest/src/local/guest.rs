//! One guest: what is known of it, its state, and its end.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{ANSWER_WITHIN, Host};
use crate::folder::{Folder, Phase, Record};
use crate::process::Process;
use crate::qmp::{Qmp, QmpError};
use crate::{Body, Domain, Event, Found, GuestError, Offered, State, host_end};

/// How long QEMU may take to quit when it is told to, before it is killed.
const QUITS_WITHIN: Duration = Duration::from_secs(5);
/// How long the kernel may take to end a process, and we to clear up after it.
/// How often a namespace is looked through for processes that came while others were ended.
const ROUNDS: usize = 100;
const CLEARED_WITHIN: Duration = Duration::from_secs(20);

pub(super) struct Guest {
    pub folder: Folder,
    pub process: Process,
    /// The namespace of a guest that is one. Held so that its number stays its own until what runs in it was ended.
    pub namespace: Mutex<Option<File>>,
    /// Held by whoever changes the guest.
    turn: Mutex<()>,
    live: Mutex<Live>,
    changed: Condvar,
}

/// What is so now.
pub(super) struct Live {
    pub record: Record,
    pub state: State,
    pub qmp: Arc<Qmp>,
    /// The NICs whose release a call waits for, so that it is no event.
    pub awaited: BTreeSet<u32>,
    /// What QEMU last said about a migration.
    pub migration: Option<String>,
    /// How many calls wait for the guest's end, so that it is no event.
    ending: usize,
    /// Whether it has ended and nothing of it is left.
    ended: bool,
}

impl Live {
    pub fn domain(&self) -> Domain {
        self.record.spec.domain
    }

    /// An error if it has ended.
    pub fn is_alive(&self) -> Result<(), GuestError> {
        match self.ended {
            true => Err(GuestError::NoDomain(self.domain())),
            false => Ok(()),
        }
    }

    pub fn offered(&self) -> Vec<Offered> {
        let nics = self.record.nics.values().filter(|it| it.is_ready);
        let offered = nics.filter(|it| !it.severed).map(|it| Offered {
            nic: it.nic,
            host_end: host_end(self.domain(), it.nic.device),
            asked_back: it.asked_back,
        });
        offered.collect()
    }
}

impl Guest {
    pub fn new(
        folder: Folder,
        process: Process,
        namespace: Option<File>,
        record: Record,
        state: State,
        qmp: Arc<Qmp>,
    ) -> Guest {
        Guest {
            folder,
            process,
            namespace: Mutex::new(namespace),
            turn: Mutex::default(),
            live: Mutex::new(Live {
                record,
                state,
                qmp,
                awaited: BTreeSet::new(),
                migration: None,
                ending: 0,
                ended: false,
            }),
            changed: Condvar::new(),
        }
    }

    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// To be had by whoever changes the guest; an error if it has ended meanwhile.
    pub fn turn(&self) -> Result<MutexGuard<'_, ()>, GuestError> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.live().is_alive()?;
        Ok(turn)
    }

    pub fn is_namespace(&self) -> bool {
        matches!(self.live().record.spec.body, Body::Namespace(_))
    }

    pub fn domain(&self) -> Domain {
        self.live().domain()
    }

    pub fn found(&self) -> Found {
        let live = self.live();
        Found {
            domain: live.domain(),
            uuid: live.record.spec.uuid.clone(),
            name: live.record.spec.name.clone(),
            state: live.state,
            pv_drivers: live.record.pv_drivers,
            nics: live.offered(),
        }
    }

    /// Changes what is known of the guest, on disk too.
    pub fn note<T>(&self, change: impl FnOnce(&mut Record) -> T) -> Result<T, GuestError> {
        self.note_in(&mut self.live(), change)
    }

    /// The same for whoever has looked already.
    pub fn note_in<T>(
        &self,
        live: &mut Live,
        change: impl FnOnce(&mut Record) -> T,
    ) -> Result<T, GuestError> {
        live.is_alive()?;
        let before = live.record.clone();
        let answer = change(&mut live.record);
        if live.record != before
            && let Err(error) = self.folder.save(&live.record)
        {
            live.record = before;
            let doing = format!("noting in {}", self.folder.path().display());
            return Err(GuestError::failed(doing, error));
        }
        Ok(answer)
    }

    /// Has a command carried out.
    pub fn execute(&self, command: &str, arguments: Value) -> Result<Value, QmpError> {
        let qmp = self.live().qmp.clone();
        qmp.execute(command, arguments, ANSWER_WITHIN)
    }

    /// The same for commands that nothing can be said against.
    pub fn command(&self, command: &str, arguments: Value) -> Result<Value, GuestError> {
        let answer = self.execute(command, arguments);
        answer.map_err(|error| self.unanswered(&format!("telling {command}"), error))
    }

    /// Why a command has no answer: if the connection broke since the guest ends right now, that is why. Not for the
    /// thread that minds the guest, which notices its end.
    pub fn unanswered(&self, doing: &str, error: QmpError) -> GuestError {
        if matches!(error, QmpError::Closed | QmpError::Io(_)) {
            let until = Instant::now() + ANSWER_WITHIN;
            if let Err(has_ended) = self.wait(until, |_| false) {
                return has_ended;
            }
        }
        self.failed(doing, error)
    }

    pub fn failed(&self, doing: &str, error: impl std::fmt::Display) -> GuestError {
        GuestError::failed(format!("{doing} to domain {}", self.domain()), error)
    }

    /// Ends the connection, and so the thread that reads it.
    pub fn hang_up(&self) {
        if let Err(error) = self.live().qmp.end() {
            tracing::warn!("hanging up: {error}");
        }
    }

    /// Waits until something is so, or the guest has ended, or the time is over; whether it is so.
    pub fn wait(&self, until: Instant, is_so: impl Fn(&Live) -> bool) -> Result<bool, GuestError> {
        let mut live = self.live();
        loop {
            live.is_alive()?;
            if is_so(&live) {
                return Ok(true);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            let waited = self.changed.wait_timeout(live, left);
            live = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Tells those who wait that something is different.
    pub fn tell_waiting(&self) {
        self.changed.notify_all();
    }

    pub fn pause(&self) -> Result<(), GuestError> {
        let _turn = self.turn()?;
        self.must_be(State::Running)?;
        self.command("stop", json!({}))?;
        self.live().state = State::Paused;
        Ok(())
    }

    pub fn unpause(&self, host: &Host) -> Result<(), GuestError> {
        let _turn = self.turn()?;
        self.must_be(State::Paused)?;
        // Noted first: what may have run needs drivers from now on.
        self.note(|record| record.has_run = true)?;
        self.command("cont", json!({}))?;
        self.live().state = State::Running;
        let body = self.live().record.spec.body.clone();
        if matches!(body, Body::Namespace(body) if body.pv_drivers) {
            self.drivers_seen(host)?;
        }
        Ok(())
    }

    pub fn must_be(&self, wanted: State) -> Result<(), GuestError> {
        let live = self.live();
        match live.state == wanted {
            true => Ok(()),
            false => Err(GuestError::WrongState {
                domain: live.domain(),
                state: live.state,
            }),
        }
    }

    /// The guest's PV drivers are up.
    pub fn drivers_seen(&self, host: &Host) -> Result<(), GuestError> {
        let seen = |record: &mut Record| std::mem::replace(&mut record.pv_drivers, true);
        if !self.note(seen)? {
            let domain = self.domain();
            host.listeners.tell(Event::PvDriversSeen { domain });
        }
        Ok(())
    }

    pub fn shutdown(&self, within: Duration) -> Result<(), GuestError> {
        let until = Instant::now() + within;
        let _turn = self.turn()?;
        self.must_be(State::Running)?;
        self.live().ending += 1;
        match self.execute("system_powerdown", json!({})) {
            // It may end before it could answer.
            Ok(_) | Err(QmpError::Closed | QmpError::Io(_) | QmpError::TimedOut(_)) => {}
            Err(error) => {
                self.live().ending -= 1;
                return Err(self.unanswered("telling system_powerdown", error));
            }
        }
        self.await_end(until)
    }

    /// Has a namespace keep its NICs, or not any more: what a guest does by itself, also while somebody waits for it.
    pub fn cling(&self, on: bool) -> Result<(), GuestError> {
        self.live().is_alive()?;
        self.command("x-cling", json!({"on": on})).map(|_| ())
    }

    /// Ends it at once. Whoever waits for it is told that it isn't there any more.
    pub fn destroy(&self) -> Result<(), GuestError> {
        self.live().ending += 1;
        let domain = self.domain();
        let doing = || format!("ending domain {domain}");
        let mut has_ended = false;
        if !self.is_namespace() {
            let told = self.execute("quit", json!({}));
            if let Err(error) = told {
                tracing::debug!("{}: {error}; it will be killed", doing());
            }
            let ended = self.process.ends_within(QUITS_WITHIN, None);
            has_ended = ended.map_err(|error| GuestError::failed(doing(), error))?;
        }
        if !has_ended {
            let killed = self.process.kill();
            killed.map_err(|error| GuestError::failed(doing(), error))?;
        }
        match self.await_end(Instant::now() + CLEARED_WITHIN) {
            Err(GuestError::StillRunning(_)) => {
                Err(GuestError::failed(doing(), "it is still there"))
            }
            ended => ended,
        }
    }

    /// Waits for the end; an event if it comes later.
    fn await_end(&self, until: Instant) -> Result<(), GuestError> {
        let mut live = self.live();
        while !live.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                live.ending -= 1;
                return Err(GuestError::StillRunning(live.domain()));
            }
            let waited = self.changed.wait_timeout(live, left);
            live = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }

    /// The guest's process has ended: takes away what is left, and tells who wants to know.
    pub fn clear(&self, host: &Host) {
        if let Err(error) = self.clear_namespace() {
            tracing::warn!("ending what ran in a guest's namespace: {error}");
        }
        let (domain, nics, phase) = {
            let live = self.live();
            let nics: Vec<u32> = live.record.nics.keys().copied().collect();
            (live.domain(), nics, live.record.phase)
        };
        // A machine's taps have gone with it.
        let pairs = nics.into_iter().filter(|_| self.is_namespace());
        for name in pairs.map(|device| host_end(domain, device)) {
            if let Err(error) = host.links().remove(&name) {
                tracing::warn!("removing {name}: {error}");
            }
        }
        if let Err(error) = self.folder.remove() {
            tracing::warn!("removing {}: {error}", self.folder.path().display());
        }
        let was_wanted = {
            // Whoever moves it from one list to the other at this moment holds the shelf, and looks whether it has ended.
            let mut shelf = host.shelf();
            let is_other = |other: &Arc<Guest>| !std::ptr::eq(&**other, self);
            shelf.running.retain(|_, guest| is_other(guest));
            shelf.suspended.retain(|_, guest| is_other(guest));
            let mut live = self.live();
            live.ended = true;
            live.ending > 0
        };
        self.tell_waiting();
        if !was_wanted && phase == Phase::Up {
            host.listeners.tell(Event::Stopped { domain });
        }
    }

    /// Ends what still runs in the guest's namespace, and lets go of it.
    fn clear_namespace(&self) -> io::Result<()> {
        let namespace = self
            .namespace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(namespace) = namespace else {
            return Ok(());
        };
        // What forks while it is being ended is found in the next round.
        let mut told = BTreeSet::new();
        for _ in 0..ROUNDS {
            let inside = crate::process::others_in(&namespace, false)?;
            let mut new = false;
            for process in &inside {
                new |= told.insert(process.identity.pid);
                process.kill()?;
            }
            if !new {
                return Ok(());
            }
        }
        Err(io::Error::other("processes in its namespace do not end"))
    }
}
