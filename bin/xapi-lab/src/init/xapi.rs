//! The daemon as a service: started, waited for until it says READY=1, asked to end, killed.
//!
//! Unlike Open vSwitch it is not restarted when it ends: tests kill it on purpose and want to look.

use std::fs::{self, File, OpenOptions};
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::Pid;

use super::environment;
use super::mounts::BIN;
use crate::failure::{Doing, Failure, Result};
use crate::process::tail;
use crate::signals::Signals;

const NOTIFY: &str = "/run/lab/notify";
const LOG: &str = "/var/log/xapi.log";
/// How long a start may take until READY=1.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How long a clean end may take before SIGKILL.
const STOP_PATIENCE: Duration = Duration::from_secs(20);

/// What the daemon is doing.
#[derive(Debug)]
enum State {
    Stopped,
    Starting { pid: Pid, until: Instant },
    Running { pid: Pid },
    Stopping { pid: Pid, until: Instant },
}

/// What has just been reached, for those that wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It is ready.
    Ready,
    /// It has ended, as asked.
    Stopped,
    /// It ended by itself or was not ready in time, with the reason.
    Failed(String),
}

/// The daemon.
pub struct Xapi {
    state: State,
    notifications: UnixDatagram,
    installation_uuid: String,
}

impl Xapi {
    /// The daemon of this host, not running yet.
    pub fn stopped(installation_uuid: String) -> Result<Xapi> {
        let notifications =
            UnixDatagram::bind(NOTIFY).doing(|| format!("listening on {NOTIFY}"))?;
        notifications
            .set_nonblocking(true)
            .doing(|| format!("listening on {NOTIFY}"))?;
        Ok(Xapi {
            state: State::Stopped,
            notifications,
            installation_uuid,
        })
    }

    /// Where it says that it is ready.
    pub fn notifications(&self) -> &UnixDatagram {
        &self.notifications
    }

    /// The process, while there is one.
    pub fn pid(&self) -> Option<Pid> {
        match self.state {
            State::Stopped => None,
            State::Starting { pid, .. } | State::Running { pid } | State::Stopping { pid, .. } => {
                Some(pid)
            }
        }
    }

    /// Whether it has said that it is ready.
    pub fn is_ready(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// When it wants to be looked at again.
    pub fn wake(&self) -> Option<Instant> {
        match self.state {
            State::Starting { until, .. } | State::Stopping { until, .. } => Some(until),
            State::Stopped | State::Running { .. } => None,
        }
    }

    /// Starts the process; [`Reached::Ready`] or [`Reached::Failed`] follows.
    pub fn start(&mut self, signals: &Signals) -> Result<()> {
        if self.pid().is_some() {
            return Ok(());
        }
        let program = format!("{BIN}/xapi");
        if fs::metadata(&program).is_err() {
            return Err(Failure::new(
                "there is no xapi beside xapi-lab; --bin-dir says where it is",
            ));
        }
        let log = open_log()?;
        let errors = log.try_clone().doing(|| format!("opening {LOG}"))?;
        let mut command = Command::new(&program);
        command
            .env_clear()
            .envs(environment(&self.installation_uuid))
            .env("NOTIFY_SOCKET", NOTIFY)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let child = signals.spawn(&mut command)?;
        // Its end is seen with every other child's, so the handle is not needed.
        let pid = Pid::from_raw(child.id() as i32);
        self.state = State::Starting {
            pid,
            until: Instant::now() + START_PATIENCE,
        };
        Ok(())
    }

    /// Asks it to end; [`Reached::Stopped`] follows.
    pub fn stop(&mut self) -> Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        kill(pid, Signal::SIGTERM).doing(|| "stopping xapi")?;
        self.state = State::Stopping {
            pid,
            until: Instant::now() + STOP_PATIENCE,
        };
        Ok(())
    }

    /// Ends it without asking; [`Reached::Stopped`] follows.
    pub fn kill(&mut self) -> Result<()> {
        let Some(pid) = self.pid() else { return Ok(()) };
        kill(pid, Signal::SIGKILL).doing(|| "killing xapi")?;
        self.state = State::Stopping {
            pid,
            until: Instant::now() + STOP_PATIENCE,
        };
        Ok(())
    }

    /// Reads what it says about itself.
    pub fn notified(&mut self) -> Result<Option<Reached>> {
        let mut buffer = [0; 4096];
        let mut reached = None;
        loop {
            match self.notifications.recv(&mut buffer) {
                Ok(length) => {
                    let ready = buffer[..length]
                        .split(|&byte| byte == b'\n')
                        .any(|line| line == b"READY=1");
                    if let State::Starting { pid, .. } = self.state
                        && ready
                    {
                        self.state = State::Running { pid };
                        reached = Some(Reached::Ready);
                    }
                }
                Err(why) if why.kind() == std::io::ErrorKind::WouldBlock => return Ok(reached),
                Err(why) => return Err(why).doing(|| format!("reading {NOTIFY}")),
            }
        }
    }

    /// Takes note of a process's end.
    pub fn ended(&mut self, pid: Pid, status: WaitStatus) -> Option<Reached> {
        if self.pid() != Some(pid) {
            return None;
        }
        let how = match status {
            WaitStatus::Exited(_, code) => format!("with status {code}"),
            WaitStatus::Signaled(_, signal, _) => format!("by {signal}"),
            other => format!("{other:?}"),
        };
        let before = std::mem::replace(&mut self.state, State::Stopped);
        Some(match before {
            State::Stopping { .. } => Reached::Stopped,
            State::Starting { .. } => {
                Reached::Failed(explained(&format!("xapi ended {how} before it was ready")))
            }
            State::Running { .. } | State::Stopped => Reached::Failed(format!("xapi ended {how}")),
        })
    }

    /// Acts when a deadline has passed.
    pub fn time_passed(&mut self, now: Instant) -> Result<Option<Reached>> {
        match self.state {
            State::Starting { pid, until } if until <= now => {
                // It may yet get ready; what it does after this nobody waits for.
                self.state = State::Running { pid };
                let seconds = START_PATIENCE.as_secs();
                Ok(Some(Reached::Failed(explained(&format!(
                    "xapi was not ready after {seconds} s"
                )))))
            }
            State::Stopping { pid, until } if until <= now => {
                kill(pid, Signal::SIGKILL).doing(|| "killing xapi")?;
                self.state = State::Stopping {
                    pid,
                    until: now + STOP_PATIENCE,
                };
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

fn open_log() -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(LOG)
        .doing(|| format!("opening {LOG}"))
}

/// A sentence with the end of the daemon's log, which usually holds the reason.
fn explained(sentence: &str) -> String {
    match tail(LOG.as_ref(), 12).as_str() {
        "" => format!("{sentence}; its log is empty"),
        lines => format!("{sentence}; the end of its log:\n{lines}"),
    }
}
