//! A client at work: one machine on one device, on a thread of its own.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::lease::{Lease, Lease4, Lease6};
use super::machine4::{Config4, Machine4};
use super::machine6::{Config6, Machine6};
use super::port::{Open, Port, Port4, Port6};
use super::{Begin, Event, Machine, Now, Output, To};
use crate::kernel::{Cause, KernelError};

/// The longest frame that's read.
const BUFFER: usize = 4096;
/// So many messages are read before anything else gets a turn.
const AT_ONCE: usize = 64;

/// A running client. When this is dropped the client ends without a word: its lease stays valid,
/// and can be taken up by another client.
pub struct Client {
    device: String,
    commands: Sender<Command>,
    /// A letter here wakes the thread to look for commands; closing it ends the thread.
    wake: Option<UnixStream>,
    thread: Option<JoinHandle<()>>,
    lease: Arc<Mutex<Option<Lease>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    Renew,
    Release,
    Decline,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("device", &self.device)
            .field("lease", &self.lease())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Starts a DHCPv4 client on a device, which must be there. `report` is called on the client's
    /// own thread with whatever becomes of the lease.
    pub fn start4(
        device: &str,
        config: Config4,
        begin: Begin<Lease4>,
        report: impl FnMut(Event) + Send + 'static,
    ) -> Result<Client, KernelError> {
        let (name, mac) = (device.to_owned(), config.mac);
        let open = Box::new(move || Port4::open(&name, mac));
        Client::start(
            device,
            Box::new(Machine4::new(config, begin)),
            open,
            Box::new(report),
        )
    }

    /// Starts a DHCPv6 client on a device, which must be there and have IPv6.
    pub fn start6(
        device: &str,
        config: Config6,
        begin: Begin<Lease6>,
        report: impl FnMut(Event) + Send + 'static,
    ) -> Result<Client, KernelError> {
        let name = device.to_owned();
        let open = Box::new(move || Port6::open(&name));
        Client::start(
            device,
            Box::new(Machine6::new(config, begin)),
            open,
            Box::new(report),
        )
    }

    fn start(
        device: &str,
        machine: Box<dyn Machine>,
        open: Open,
        report: Box<dyn FnMut(Event) + Send>,
    ) -> Result<Client, KernelError> {
        let starting =
            |error: io::Error| Cause::from(error).doing(format!("starting DHCP on {device}"));
        // Opened here for the first time, so that the caller learns of it if that can't be.
        let port = open().map_err(starting)?;
        let (wake, woken) = UnixStream::pair().map_err(starting)?;
        wake.set_nonblocking(true).map_err(starting)?;
        woken.set_nonblocking(true).map_err(starting)?;
        let (commands, orders) = channel();
        let lease = Arc::new(Mutex::new(None));
        let running = Running {
            device: device.to_owned(),
            machine,
            open,
            port: Some(port),
            woken,
            orders,
            report,
            lease: lease.clone(),
            epoch: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name(format!("dhcp-{device}"))
            .spawn(move || running.run())
            .map_err(starting)?;
        Ok(Client {
            device: device.to_owned(),
            commands,
            wake: Some(wake),
            thread: Some(thread),
            lease,
        })
    }

    /// The device that it runs on.
    pub fn device(&self) -> &str {
        &self.device
    }

    /// The lease that it holds now.
    pub fn lease(&self) -> Option<Lease> {
        self.lease
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Asks the server now, instead of when it is due: to prolong the lease, or for one at all. For
    /// when a carrier has come back.
    pub fn renew(&self) {
        self.order(Command::Renew);
    }

    /// Tells the server that somebody else uses the address, and begins anew.
    pub fn decline(&self) {
        self.order(Command::Decline);
    }

    /// Gives the lease back to the server and ends. The address must still be on the device.
    pub fn release(mut self) {
        self.order(Command::Release);
        self.join();
    }

    fn order(&self, command: Command) {
        let sent = self.commands.send(command).is_ok();
        let woken = self
            .wake
            .as_ref()
            .is_some_and(|mut wake| match wake.write(&[0]) {
                Ok(_) => true,
                // So many letters are there that it will look.
                Err(error) => error.kind() == io::ErrorKind::WouldBlock,
            });
        if !sent || !woken {
            tracing::error!(
                "the DHCP client on {} has ended and can't {command:?}",
                self.device
            );
        }
    }

    fn join(&mut self) {
        let Some(thread) = self.thread.take() else {
            return;
        };
        // `report` itself may be who drops us.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the DHCP client on {} panicked", self.device);
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        drop(self.wake.take());
        self.join();
    }
}

struct Running {
    device: String,
    machine: Box<dyn Machine>,
    open: Open,
    /// None after it failed.
    port: Option<Box<dyn Port>>,
    woken: UnixStream,
    orders: Receiver<Command>,
    report: Box<dyn FnMut(Event) + Send>,
    lease: Arc<Mutex<Option<Lease>>>,
    epoch: Instant,
}

impl Running {
    fn run(mut self) {
        let outputs = self.machine.start(self.now());
        self.carry_out(outputs);
        loop {
            let event = match self.wait() {
                Ok(event) => event,
                Err(error) => return tracing::error!("DHCP on {} ends: {error}", self.device),
            };
            if event.ordered && !self.obey() {
                return;
            }
            if event.message {
                self.read();
            }
            let outputs = self.machine.wake(self.now());
            self.carry_out(outputs);
        }
    }

    fn now(&self) -> Now {
        // A clock set before 1970 is as good as one that says 1970.
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(Duration::ZERO);
        Now {
            up: self.epoch.elapsed(),
            unix: unix.as_secs(),
        }
    }

    /// Sends first, then tells: who is told may take his time.
    fn carry_out(&mut self, outputs: Vec<Output>) {
        // What is told must be so already for who asks.
        *self.lease.lock().unwrap_or_else(PoisonError::into_inner) = self.machine.lease();
        let mut events = Vec::new();
        for output in outputs {
            match output {
                Output::Send { to, payload } => self.send(to, &payload),
                Output::Tell(event) => events.push(event),
            }
        }
        events.into_iter().for_each(&mut self.report);
    }

    /// A message that can't be sent is a lost one: the machine sends it again in time.
    fn send(&mut self, to: To, payload: &[u8]) {
        if self.port.is_none() {
            match (self.open)() {
                Ok(port) => self.port = Some(port),
                Err(error) => {
                    return tracing::debug!("no DHCP on {} for now: {error}", self.device);
                }
            }
        }
        let Some(port) = &mut self.port else { return };
        if let Err(error) = port.send(to, payload) {
            tracing::debug!(
                "a DHCP message on {} can't be sent now: {error}",
                self.device
            );
            self.port = None;
        }
    }

    fn read(&mut self) {
        let mut buffer = [0; BUFFER];
        for _ in 0..AT_ONCE {
            let Some(port) = &self.port else { return };
            match port.receive(&mut buffer) {
                Ok(Some(message)) => {
                    let outputs = self.machine.receive(self.now(), message);
                    self.carry_out(outputs);
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::debug!("DHCP on {} can't listen now: {error}", self.device);
                    self.port = None;
                }
            }
        }
    }

    /// Does what was ordered. Answers whether to go on.
    fn obey(&mut self) -> bool {
        let mut letters = [0; 64];
        loop {
            match self.woken.read(&mut letters) {
                // The other end was closed.
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    tracing::error!("DHCP on {} ends: {error}", self.device);
                    return false;
                }
            }
        }
        loop {
            let now = self.now();
            let (outputs, go_on) = match self.orders.try_recv() {
                Ok(Command::Renew) => (self.machine.renew(now), true),
                Ok(Command::Decline) => (self.machine.decline(now), true),
                Ok(Command::Release) => (self.machine.release(now), false),
                Err(TryRecvError::Empty) => return self.wake_is_open(),
                Err(TryRecvError::Disconnected) => return false,
            };
            self.carry_out(outputs);
            if !go_on {
                return false;
            }
        }
    }

    /// Whether whoever started us still holds on to us.
    fn wake_is_open(&mut self) -> bool {
        !matches!(self.woken.read(&mut [0]), Ok(0))
    }

    fn wait(&self) -> io::Result<Wake> {
        let due = self
            .machine
            .deadline()
            .map(|at| at.saturating_sub(self.epoch.elapsed()));
        let timeout = match due {
            None => PollTimeout::NONE,
            // Parts of a millisecond are cut off, and would make us turn round in between. What is
            // too long for poll ends early and begins again.
            Some(due) if due.is_zero() => PollTimeout::ZERO,
            Some(due) => PollTimeout::try_from(due.as_millis() + 1).unwrap_or(PollTimeout::MAX),
        };
        let mut fds = vec![PollFd::new(self.woken.as_fd(), PollFlags::POLLIN)];
        if let Some(port) = &self.port {
            fds.push(PollFd::new(port.fd(), PollFlags::POLLIN));
        }
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready = |at: usize| fds.get(at).is_some_and(|fd| fd.any() == Some(true));
        Ok(Wake {
            ordered: ready(0),
            message: ready(1),
        })
    }
}

struct Wake {
    ordered: bool,
    message: bool,
}
