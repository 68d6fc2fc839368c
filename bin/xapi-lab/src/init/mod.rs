//! Process 1 of a host: builds what the host sees, starts Open vSwitch and the daemon, adopts orphans, restarts what
//! must run, and does what `service` and `reboot` ask.
//!
//! It is single-threaded and waits in one place, [`Init::wait`]. It ends with a status that tells the keeper outside
//! whether to switch the host on again; with it ends everything in the host, because the kernel kills the rest of a
//! PID namespace.

mod management;
pub mod mounts;
mod openvswitch;
mod xapi;

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};

use crate::control::{self, Action, Power, Reply, Request, Service};
use crate::failure::{Doing, Failure, Result, went_on_without};
use crate::lab::{Host, Record, netns_path};
use crate::process::{PATH, timeout_until};
use crate::signals::Signals;
use openvswitch::Daemon;
use xapi::{Reached, Xapi};

/// The status with which init asks to be started again.
pub const STATUS_REBOOT: i32 = 100;
/// The status with which init says that the host was switched off.
pub const STATUS_OFF: i32 = 101;

/// A program of the host that runs at each boot, when Open vSwitch does and the daemon does not yet.
const AT_BOOT: &str = "/etc/lab-boot";
/// How long it may take.
const AT_BOOT_PATIENCE: Duration = Duration::from_secs(30);

/// Where init answers, inside the host.
pub const SOCKET: &str = "/run/lab/control/init.sock";

/// The environment of everything that runs on a host.
pub fn environment(installation_uuid: &str) -> Vec<(String, String)> {
    let mut variables = vec![
        ("PATH".into(), format!("{}:{PATH}", mounts::BIN)),
        ("HOME".into(), "/root".into()),
        ("USER".into(), "root".into()),
        ("LOGNAME".into(), "root".into()),
        ("SHELL".into(), "/bin/bash".into()),
        ("INSTALLATION_UUID".into(), installation_uuid.into()),
    ];
    for (name, value) in std::env::vars() {
        // What says how much to log, and in which language and on what terminal to speak.
        if ["RUST_LOG", "RUST_BACKTRACE", "LANG", "TERM", "COLORTERM"].contains(&name.as_str())
            || name.starts_with("LC_")
        {
            variables.push((name, value));
        }
    }
    variables
}

/// The host's uuid, as its inventory says it.
pub fn installation_uuid(inventory: &Path) -> Result<String> {
    let text =
        fs::read_to_string(inventory).doing(|| format!("reading {}", inventory.display()))?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("INSTALLATION_UUID="));
    let value = line.map(|value| value.trim_matches('\'').to_string());
    value.ok_or_else(|| {
        Failure::new(format!(
            "{} names no INSTALLATION_UUID",
            inventory.display()
        ))
    })
}

/// Runs the host; returns the status to end with.
pub fn run(host: &Host, report: File, keeper: File) -> Result<i32> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).doing(|| "tying the host to its keeper")?;
    nix::sys::prctl::set_name(c"xapi-lab-init").doing(|| "naming init")?;
    let signals = Signals::waiting_for(&[Signal::SIGCHLD])?;
    let record = host.lab.record()?;
    let first = boot(host, &record, &signals)?;

    let control = UnixListener::bind(SOCKET).doing(|| format!("listening on {SOCKET}"))?;
    let uuid = installation_uuid(Path::new("/etc/xensource-inventory"))?;
    let mut init = Init {
        signals,
        control,
        keeper,
        report: Some(report),
        database: Daemon::database(),
        switch: Daemon::switch(),
        xapi: Xapi::stopped(uuid.clone())?,
        waiting: Vec::new(),
        power: None,
    };
    openvswitch::first_start(&mut init.database, &mut init.switch, &init.signals, &uuid)?;
    if first {
        management::install(host, &record.datapath_type, &init.signals)?;
    }
    if Path::new(AT_BOOT).exists() {
        let outcome = init
            .signals
            .run(&mut crate::process::tool(AT_BOOT), AT_BOOT_PATIENCE);
        went_on_without(outcome);
    }
    if record.daemon {
        init.start_xapi_at_boot();
    } else {
        init.report(Reply::done());
    }
    init.serve()
}

/// Enters the host's namespaces and builds its file system. True if this is the host's first start.
fn boot(host: &Host, record: &Record, signals: &Signals) -> Result<bool> {
    let netns = netns_path(&host.netns());
    let netns = File::open(&netns).doing(|| format!("opening {}", netns.display()))?;
    setns(netns, CloneFlags::CLONE_NEWNET).doing(|| "entering the host's network")?;
    let own = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS | CloneFlags::CLONE_NEWIPC;
    unshare(own).doing(|| "making the host's namespaces")?;
    nix::unistd::sethostname(host.name.to_string()).doing(|| "naming the host")?;
    nix::unistd::chdir("/").doing(|| "entering /")?;

    // The password is the last thing an installation writes, so its presence says that there was one.
    let first = !host.state().join("etc/upper/shadow").exists();
    mounts::build(&host.state(), record)?;
    remove_if_there(Path::new(SOCKET))?;
    management::loopback(signals)?;
    if first {
        let entry = format!("root:{}\n", record.password);
        crate::process::run_with_input(
            crate::process::tool("chpasswd").args(["-c", "SHA512"]),
            &entry,
        )?;
    }
    Ok(first)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(why).doing(|| format!("removing {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Who waits for what of the daemon.
struct Waiting {
    client: UnixStream,
    action: Action,
}

struct Init {
    signals: Signals,
    control: UnixListener,
    /// The keeper holds the other end; it hangs up when the keeper ends.
    keeper: File,
    /// Where the outcome of this boot is told, until it is.
    report: Option<File>,
    database: Daemon,
    switch: Daemon,
    xapi: Xapi,
    waiting: Vec<Waiting>,
    power: Option<Power>,
}

impl Init {
    fn serve(&mut self) -> Result<i32> {
        loop {
            // Whatever was done last may have seen children end without taking note of it.
            self.reap()?;
            if let Some(power) = self.power
                && (power == Power::RebootNow || self.xapi.pid().is_none())
            {
                return Ok(if power == Power::Off {
                    STATUS_OFF
                } else {
                    STATUS_REBOOT
                });
            }
            let [requested, notified, keeper_gone] = self.wait()?;
            if keeper_gone {
                return Err(Failure::new("the keeper has ended"));
            }
            if notified {
                let reached = self.xapi.notified()?;
                self.tell(reached);
            }
            if requested {
                match control::next_request(&self.control) {
                    Ok(Some((client, request))) => self.obey(client, request),
                    Ok(None) => {}
                    Err(why) => went_on_without(Err(why)),
                }
            }
            let now = Instant::now();
            let reached = self.xapi.time_passed(now)?;
            self.tell(reached);
            self.database.restart_if_due(&self.signals, now);
            if self.database.pid().is_some() {
                self.switch.restart_if_due(&self.signals, now);
            }
        }
    }

    /// Waits for a child's end, a request, a notification, the keeper's end or a time that was set.
    fn wait(&self) -> Result<[bool; 3]> {
        let wake = [self.xapi.wake(), self.database.wake(), self.switch.wake()]
            .into_iter()
            .flatten()
            .min();
        let mut fds = [
            PollFd::new(self.control.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.xapi.notifications().as_fd(), PollFlags::POLLIN),
            PollFd::new(self.keeper.as_fd(), PollFlags::empty()),
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout_until(wake)) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => return Err(why).doing(|| "waiting"),
        }
        let happened = |at: usize| fds[at].any().unwrap_or(false);
        Ok([happened(0), happened(1), happened(2)])
    }

    /// Takes leave of every child that has ended, ours or adopted.
    fn reap(&mut self) -> Result<()> {
        while self.signals.next()?.is_some() {}
        loop {
            let status = match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => return Ok(()),
                Err(why) => return Err(why).doing(|| "reaping children"),
                Ok(status) => status,
            };
            let Some(pid) = status.pid() else { continue };
            let now = Instant::now();
            if self.database.ended(pid, now) || self.switch.ended(pid, now) {
                continue;
            }
            // What it said before it ended is still in the socket: it may say READY=1 and end before we look.
            let said = self.xapi.notified()?;
            self.tell(said);
            let reached = self.xapi.ended(pid, status);
            self.tell(reached);
        }
    }

    /// Answers those that wait for what the daemon has reached.
    fn tell(&mut self, reached: Option<Reached>) {
        let Some(reached) = reached else { return };
        if let Reached::Failed(why) = &reached {
            eprintln!("xapi-lab: {why}");
        }
        for mut waiting in std::mem::take(&mut self.waiting) {
            let starts = waiting.action == Action::Start;
            let reply = match &reached {
                Reached::Ready if starts => Reply::done(),
                Reached::Failed(why) if starts => Reply::refused(why.clone()),
                Reached::Stopped if starts => {
                    Reply::refused("xapi was stopped before it was ready")
                }
                // A stop that was waited for is done however the daemon ended.
                Reached::Stopped | Reached::Failed(_) if self.xapi.pid().is_none() => Reply::done(),
                _ => {
                    self.waiting.push(waiting);
                    continue;
                }
            };
            control::reply(&mut waiting.client, &reply);
        }
        match reached {
            Reached::Ready => self.report(Reply::done()),
            Reached::Failed(why) => self.report(Reply::refused(why)),
            Reached::Stopped => self.report(Reply::refused("xapi was stopped before it was ready")),
        }
    }

    /// Tells the keeper how this boot went; only the first outcome counts.
    fn report(&mut self, reply: Reply) {
        let Some(mut report) = self.report.take() else {
            return;
        };
        let outcome = serde_json::to_vec(&reply)
            .doing(|| "writing JSON")
            .and_then(|mut line| {
                line.push(b'\n');
                report.write_all(&line).doing(|| "reporting to the keeper")
            });
        went_on_without(outcome);
    }

    fn start_xapi_at_boot(&mut self) {
        if let Err(why) = self.xapi.start(&self.signals) {
            self.report(Reply::refused(why.chain()));
        }
    }

    fn obey(&mut self, mut client: UnixStream, request: Request) {
        let outcome = match request {
            Request::Service(Service::Xapi, action) => match self.xapi_action(action) {
                Ok(None) => {
                    self.waiting.push(Waiting { client, action });
                    return;
                }
                Ok(Some(reply)) => Ok(reply),
                Err(why) => Err(why),
            },
            Request::Service(service, action) => self.openvswitch_action(service, action),
            Request::Power(power) => self.power_off(power),
            Request::WaitUntilOn | Request::Reboot => {
                Err(Failure::new("that is the keeper's business"))
            }
        };
        let reply = outcome.unwrap_or_else(|why| Reply::refused(why.chain()));
        control::reply(&mut client, &reply);
    }

    /// Begins what was asked of the daemon; the reply, unless it comes later.
    fn xapi_action(&mut self, action: Action) -> Result<Option<Reply>> {
        match action {
            Action::Status => {
                let text = match self.xapi.pid() {
                    Some(pid) if self.xapi.is_ready() => format!("xapi (pid {pid}) is running..."),
                    Some(pid) => format!("xapi (pid {pid}) is starting or stopping"),
                    None => "xapi is stopped".into(),
                };
                return Ok(Some(Reply {
                    done: self.xapi.pid().is_some(),
                    text,
                }));
            }
            Action::Start if self.xapi.is_ready() => return Ok(Some(Reply::done())),
            Action::Start => self.xapi.start(&self.signals)?,
            Action::Stop | Action::Kill if self.xapi.pid().is_none() => {
                return Ok(Some(Reply::done()));
            }
            Action::Stop => self.xapi.stop()?,
            Action::Kill => self.xapi.kill()?,
        }
        Ok(None)
    }

    fn openvswitch_action(&mut self, service: Service, action: Action) -> Result<Reply> {
        let database = matches!(service, Service::Openvswitch | Service::OvsdbServer);
        let switch = matches!(service, Service::Openvswitch | Service::OvsVswitchd);
        match action {
            Action::Start => {
                if database {
                    self.database.start(&self.signals)?;
                }
                if switch {
                    self.switch.start(&self.signals)?;
                }
            }
            Action::Stop => {
                if switch {
                    self.switch.stop(&self.signals)?;
                }
                if database {
                    self.database.stop(&self.signals)?;
                }
            }
            Action::Kill => {
                if switch {
                    self.switch.crash()?;
                }
                if database {
                    self.database.crash()?;
                }
            }
            Action::Status => {
                let line = |name: &str, daemon: &Daemon| match daemon.pid() {
                    Some(pid) => format!("{name} is running with pid {pid}"),
                    None => format!("{name} is not running"),
                };
                let mut lines = Vec::new();
                let mut runs = true;
                for (asked, name, daemon) in [
                    (database, "ovsdb-server", &self.database),
                    (switch, "ovs-vswitchd", &self.switch),
                ] {
                    if asked {
                        runs &= daemon.pid().is_some();
                        lines.push(line(name, daemon));
                    }
                }
                return Ok(Reply {
                    done: runs,
                    text: lines.join("\n"),
                });
            }
        }
        Ok(Reply::done())
    }

    fn power_off(&mut self, power: Power) -> Result<Reply> {
        self.power = Some(power);
        if power != Power::RebootNow {
            self.xapi.stop()?;
        }
        Ok(Reply::done())
    }
}
