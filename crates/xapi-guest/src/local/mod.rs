//! Guests of this host: network namespaces, and virtual machines in QEMU.
//!
//! Each guest has a process of its own, which outlives the daemon, a folder that says which, and a control connection
//! in QMP. One thread for each guest (see `minder`) reads that connection, notices the guest's end, and clears up after
//! it; calls send commands and wait for what the thread sees. What is different about the two kinds is in `namespace`
//! and `machine`.

mod find;
mod guest;
mod logs;
mod machine;
mod minder;
mod namespace;
mod nics;
mod start;
mod suspend;
mod withdraw;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::event::Listeners;
use crate::link::Links;
use crate::{
    Domain, Found, GuestError, GuestSpec, Guests, Listener, Nic, Offered, Withdrawn, check,
};
use guest::Guest;

/// How long a guest's process may take for anything that it does by itself.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How often the logs of guests are looked at.
const LOGS_EVERY: Duration = Duration::from_secs(10);

/// How long the folder may be another daemon's while that ends.
const LOCKED_WITHIN: Duration = Duration::from_secs(2);

/// Where guests are kept and what runs them.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of those that are there, which should not outlive a reboot: `/run/xapi/guests`.
    pub run: PathBuf,
    /// The folder of suspended machines, which should: `/var/lib/xcp/guests`.
    pub images: PathBuf,
    /// A program that calls [`run_if_asked`](crate::holder::run_if_asked) first: the daemon's own, `/proc/self/exe`.
    pub holder: PathBuf,
    /// QEMU: `qemu-system-x86_64`, looked for in PATH.
    pub qemu: PathBuf,
    /// What carries out a machine's instructions.
    pub accelerator: Accelerator,
    /// How often the logs of guests are looked at: one that has become too long is cut.
    pub logs_every: Duration,
}

impl Config {
    /// The usual places under a root, with guests started by this very program.
    pub fn under(root: &Path) -> Config {
        Config {
            run: root.join("run/xapi/guests"),
            images: root.join("var/lib/xcp/guests"),
            holder: PathBuf::from("/proc/self/exe"),
            qemu: PathBuf::from("qemu-system-x86_64"),
            accelerator: Accelerator::default(),
            logs_every: LOGS_EVERY,
        }
    }
}

/// What carries out a machine's instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Accelerator {
    /// QEMU itself. Slow, and works everywhere.
    #[default]
    Tcg,
    /// The processor.
    Kvm,
}

/// The guests of this host. Dropping it leaves them running.
pub struct LocalGuests(Arc<Host>);

/// What all guests share.
struct Host {
    config: Config,
    /// The network namespace that host's ends are in.
    namespace: File,
    links: Mutex<Links>,
    listeners: Listeners,
    shelf: Mutex<Shelf>,
    minders: Mutex<Vec<JoinHandle<()>>>,
    /// Readable once the daemon lets go of its guests.
    closing: OwnedFd,
    /// The other end of that; gone once it does.
    open: Mutex<Option<OwnedFd>>,
    /// Keeps other daemons from the same folder.
    _only_one: File,
}

#[derive(Default)]
struct Shelf {
    /// Domains whose guests are being made.
    reserved: BTreeSet<Domain>,
    /// By domain.
    running: BTreeMap<Domain, Arc<Guest>>,
    /// Namespaces without a domain, by uuid.
    suspended: BTreeMap<String, Arc<Guest>>,
}

impl fmt::Debug for LocalGuests {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("LocalGuests")
            .field(&self.0.config)
            .finish()
    }
}

impl LocalGuests {
    /// Finds the guests that are there, and clears up what an interrupted call has left. The calling thread's network
    /// namespace is the host's.
    pub fn open(config: Config) -> Result<LocalGuests, GuestError> {
        let doing = format!("opening {}", config.run.display());
        let host = Host::open(config).map_err(|error| GuestError::failed(&*doing, error))?;
        let host = Arc::new(host);
        find::all(&host)?;
        logs::watch(&host).map_err(|error| GuestError::failed(&*doing, error))?;
        Ok(LocalGuests(host))
    }

    /// From now on a namespace guest keeps the NICs it is asked for, or no longer; those it was asked for go then.
    pub fn cling(&self, domain: Domain, on: bool) -> Result<(), GuestError> {
        self.0.guest(domain)?.cling(on)
    }

    /// The network namespace of a guest that is one, for `setns`. It goes with the guest.
    pub fn namespace(&self, domain: Domain) -> Result<PathBuf, GuestError> {
        let pid = self.0.guest(domain)?.process.identity.pid;
        Ok(PathBuf::from(format!("/proc/{pid}/ns/net")))
    }

    /// The end of what a machine has written to its serial console.
    pub fn console(&self, domain: Domain) -> Result<String, GuestError> {
        machine::console(&*self.0.guest(domain)?)
    }
}

impl Drop for LocalGuests {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Host {
    fn open(config: Config) -> io::Result<Host> {
        for folder in [&config.run, &config.images] {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder)?;
        }
        let only_one = File::create(config.run.join("lock"))?;
        lock(&only_one)?;
        let (closing, open) = std::os::unix::net::UnixStream::pair()?;
        Ok(Host {
            config,
            namespace: File::open("/proc/thread-self/ns/net")?,
            links: Mutex::new(Links::open()?),
            listeners: Listeners::default(),
            shelf: Mutex::default(),
            minders: Mutex::default(),
            closing: closing.into(),
            open: Mutex::new(Some(open.into())),
            _only_one: only_one,
        })
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the guests: nobody reads what they say or notices their end any more.
    fn close(&self) {
        *self.open.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let shelf = std::mem::take(&mut *self.shelf());
        for guest in shelf
            .running
            .into_values()
            .chain(shelf.suspended.into_values())
        {
            guest.hang_up();
        }
        let minders = std::mem::take(&mut *self.minders());
        for minder in minders {
            if minder.join().is_err() {
                tracing::error!("a guest's thread panicked");
            }
        }
    }

    fn is_closing(&self) -> bool {
        (self.open.lock().unwrap_or_else(PoisonError::into_inner)).is_none()
    }

    fn minders(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.minders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn guest(&self, domain: Domain) -> Result<Arc<Guest>, GuestError> {
        let shelf = self.shelf();
        let guest = shelf.running.get(&domain).cloned();
        guest.ok_or(GuestError::NoDomain(domain))
    }
}

/// Locks a file, waiting a little: a process that a killed daemon had just begun to start has its files for a moment.
fn lock(file: &File) -> io::Result<()> {
    let (tell, told) = sync_channel(1);
    let file = file.try_clone()?;
    std::thread::Builder::new()
        .name("lock".to_owned())
        .spawn(move || {
            // If nobody waits any more, the lock goes with the file.
            if tell.send(file.lock()).is_err() {
                tracing::debug!("the lock came too late");
            }
        })?;
    let locked = told.recv_timeout(LOCKED_WITHIN);
    locked.unwrap_or_else(|_| Err(io::Error::other("another daemon has it")))
}

impl Guests for LocalGuests {
    fn start(&self, spec: &GuestSpec) -> Result<(), GuestError> {
        check::spec(spec)?;
        start::start(&self.0, spec)
    }

    fn found(&self) -> Vec<Found> {
        let running: Vec<_> = self.0.shelf().running.values().cloned().collect();
        running.iter().map(|guest| guest.found()).collect()
    }

    fn find(&self, domain: Domain) -> Result<Found, GuestError> {
        Ok(self.0.guest(domain)?.found())
    }

    fn shutdown(&self, domain: Domain, within: Duration) -> Result<(), GuestError> {
        self.0.guest(domain)?.shutdown(within)
    }

    fn destroy(&self, domain: Domain) -> Result<(), GuestError> {
        match self.0.guest(domain) {
            Ok(guest) => guest.destroy(),
            Err(_) => Ok(()),
        }
    }

    fn pause(&self, domain: Domain) -> Result<(), GuestError> {
        self.0.guest(domain)?.pause()
    }

    fn unpause(&self, domain: Domain) -> Result<(), GuestError> {
        self.0.guest(domain)?.unpause(&self.0)
    }

    fn suspend(&self, domain: Domain, within: Duration) -> Result<(), GuestError> {
        suspend::suspend(&self.0, &*self.0.guest(domain)?, within)
    }

    fn suspended(&self) -> Result<Vec<String>, GuestError> {
        suspend::suspended(&self.0)
    }

    fn resume(&self, spec: &GuestSpec, within: Duration) -> Result<Vec<Offered>, GuestError> {
        check::spec(spec)?;
        suspend::resume(&self.0, spec, within)
    }

    fn discard(&self, uuid: &str) -> Result<(), GuestError> {
        check::uuid(uuid)?;
        suspend::discard(&self.0, uuid)
    }

    fn offer(&self, domain: Domain, nic: &Nic) -> Result<String, GuestError> {
        nics::offer(&self.0, &*self.0.guest(domain)?, nic)
    }

    fn withdraw_all(&self, nics: &[(Domain, u32)], within: Duration) -> Withdrawn {
        withdraw::all(&self.0, nics, within)
    }

    fn withdraw_force(&self, domain: Domain, device: u32) -> Result<(), GuestError> {
        nics::withdraw_force(&self.0, &*self.0.guest(domain)?, device)
    }

    fn subscribe(&self, listener: Listener) {
        self.0.listeners.add(listener);
    }
}
