//! A host's Open vSwitch: its database and its switch, kept running.
//!
//! Both run as daemons that a monitor would restart; process 1 is that monitor here, since every daemon that goes
//! to the background becomes its child. The database lives in /run, so a reboot starts with an empty one, as
//! XCP-ng's hosts do.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::failure::{Doing, Failure, Result};
use crate::process::tool;
use crate::signals::Signals;

const RUN: &str = "/run/openvswitch";
const DATABASE: &str = "/run/openvswitch/conf.db";
const SCHEMA: &str = "/usr/share/openvswitch/vswitch.ovsschema";
/// How long a start or a clean stop may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// A daemon that lived this long is restarted at once.
const SETTLED: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// One of the two daemons.
pub struct Daemon {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Whether somebody wants it to run.
    wanted: bool,
    running: Option<(Pid, Instant)>,
    /// When to start it again after a death nobody asked for, and how long the pause was.
    again: Option<Instant>,
    pause: Duration,
}

impl Daemon {
    /// The database server.
    pub fn database() -> Daemon {
        Daemon::new(
            "ovsdb-server",
            &[
                "--remote=punix:/var/run/openvswitch/db.sock",
                "--remote=db:Open_vSwitch,Open_vSwitch,manager_options",
                DATABASE,
            ],
        )
    }

    /// The switch.
    pub fn switch() -> Daemon {
        Daemon::new("ovs-vswitchd", &["unix:/var/run/openvswitch/db.sock"])
    }

    fn new(name: &'static str, arguments: &'static [&'static str]) -> Daemon {
        Daemon {
            name,
            arguments,
            wanted: false,
            running: None,
            again: None,
            pause: SHORTEST_PAUSE,
        }
    }

    /// The process, while it runs.
    pub fn pid(&self) -> Option<Pid> {
        self.running.map(|(pid, _)| pid)
    }

    /// When it wants to be looked at again.
    pub fn wake(&self) -> Option<Instant> {
        self.again
    }

    /// Starts it and returns when it is ready, which is when it goes to the background.
    pub fn start(&mut self, signals: &Signals) -> Result<()> {
        self.wanted = true;
        self.again = None;
        if self.running.is_some() {
            return Ok(());
        }
        let name = self.name;
        // ovs-ctl gives both daemons this priority: packets must not wait for whatever else a host does.
        let mut command = tool("nice");
        command
            .args(["-n", "-10", name])
            .args(["--detach", "--no-chdir", "--pidfile", "-vconsole:off"])
            .arg(format!("--log-file=/var/log/{name}.log"));
        signals.run(command.args(self.arguments), PATIENCE)?;
        let pidfile = Path::new(RUN).join(format!("{name}.pid"));
        let text =
            fs::read_to_string(&pidfile).doing(|| format!("reading {}", pidfile.display()))?;
        let pid = text
            .trim()
            .parse()
            .doing(|| format!("reading {}", pidfile.display()))?;
        self.running = Some((Pid::from_raw(pid), Instant::now()));
        Ok(())
    }

    /// Ends it, and keeps it ended.
    pub fn stop(&mut self, signals: &Signals) -> Result<()> {
        self.wanted = false;
        self.again = None;
        let Some((pid, _)) = self.running.take() else {
            return Ok(());
        };
        for signal in [Signal::SIGTERM, Signal::SIGKILL] {
            match kill(pid, signal) {
                Err(nix::errno::Errno::ESRCH) => return Ok(()),
                outcome => outcome.doing(|| format!("stopping {}", self.name))?,
            }
            if signals.ended_before(pid, Instant::now() + PATIENCE)? {
                return Ok(());
            }
        }
        Err(Failure::new(format!("{} did not end", self.name)))
    }

    /// Kills it and lets it be restarted, as after a crash.
    pub fn crash(&mut self) -> Result<()> {
        let Some((pid, _)) = self.running else {
            return Err(Failure::new(format!("{} does not run", self.name)));
        };
        kill(pid, Signal::SIGKILL).doing(|| format!("killing {}", self.name))
    }

    /// Takes note of a process's end; true if it was this one.
    pub fn ended(&mut self, pid: Pid, now: Instant) -> bool {
        let Some((ours, since)) = self.running else {
            return false;
        };
        if ours != pid {
            return false;
        }
        self.running = None;
        if self.wanted {
            self.plan_restart(now.duration_since(since) >= SETTLED, now);
        }
        true
    }

    /// Starts it again if its time has come.
    pub fn restart_if_due(&mut self, signals: &Signals, now: Instant) {
        if self.again.is_none_or(|at| at > now) {
            return;
        }
        eprintln!("xapi-lab: {} ended by itself; starting it again", self.name);
        if let Err(why) = self.start(signals) {
            eprintln!("xapi-lab: {}", why.chain());
            self.plan_restart(false, Instant::now());
        }
    }

    fn plan_restart(&mut self, settled: bool, now: Instant) {
        let pause = if settled { Duration::ZERO } else { self.pause };
        self.pause = if settled {
            SHORTEST_PAUSE
        } else {
            (self.pause * 2).min(LONGEST_PAUSE)
        };
        self.again = Some(now + pause);
    }
}

/// Makes an empty database, and says in it which host this is.
pub fn first_start(
    database: &mut Daemon,
    switch: &mut Daemon,
    signals: &Signals,
    installation_uuid: &str,
) -> Result<()> {
    fs::create_dir_all(RUN).doing(|| format!("making {RUN}"))?;
    signals.run(
        tool("ovsdb-tool").args(["create", DATABASE, SCHEMA]),
        PATIENCE,
    )?;
    database.start(signals)?;
    let uuid = format!("external_ids:system-id=\"{installation_uuid}\"");
    let also = format!("external_ids:system-uuid=\"{installation_uuid}\"");
    signals.run(
        tool("ovs-vsctl").args([
            "--timeout=15",
            "--no-wait",
            "init",
            "--",
            "set",
            "Open_vSwitch",
            ".",
            &uuid,
            &also,
        ]),
        PATIENCE,
    )?;
    switch.start(signals)
}
