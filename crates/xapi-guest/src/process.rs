//! Processes that outlive the one who started them, told apart from those that got their numbers later.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, pidfd_send_signal, waitid,
};
use serde::{Deserialize, Serialize};

/// Which process it is. Numbers are used again, also after a reboot; a number with the moment of its start is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub pid: i32,
    started: String,
}

impl Identity {
    pub fn of(pid: i32) -> io::Result<Identity> {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The second field is the program's name in parentheses, which may have blanks and parentheses; the moment of
        // the start is the 22nd.
        let rest = stat.rsplit_once(')').map(|(_, rest)| rest);
        let started = rest.and_then(|rest| rest.split_whitespace().nth(19));
        let started =
            started.ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat: {stat}")))?;
        Ok(Identity {
            pid,
            started: format!("{}/{started}", boot.trim()),
        })
    }

    pub fn own() -> io::Result<Identity> {
        // A process's number is a positive i32.
        Identity::of(std::process::id().cast_signed())
    }
}

/// A handle on a process that is no other's, ever.
#[derive(Debug)]
pub(crate) struct Process {
    pub identity: Identity,
    handle: OwnedFd,
}

impl Process {
    /// The process, if it still is.
    pub fn find(identity: &Identity) -> io::Result<Option<Process>> {
        let Some(handle) = open(identity.pid)? else {
            return Ok(None);
        };
        // With the handle first, the number can't change hands between the look and a signal.
        match Identity::of(identity.pid) {
            Ok(found) if found == *identity => {}
            Ok(_) => return Ok(None),
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let process = Process {
            identity: identity.clone(),
            handle,
        };
        Ok((!process.has_ended()?).then_some(process))
    }

    /// A process just started, which nobody has waited for.
    pub fn started(pid: u32) -> io::Result<Process> {
        let identity = Identity::of(pid.cast_signed())?;
        let handle = open(identity.pid)?;
        let handle = handle.ok_or_else(|| io::Error::other("the process ended at once"))?;
        Ok(Process { identity, handle })
    }

    /// Ends it.
    pub fn kill(&self) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, Signal::KILL) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Stops it, or lets it go on.
    pub fn hold(&self, hold: bool) -> io::Result<()> {
        let signal = if hold { Signal::STOP } else { Signal::CONT };
        match pidfd_send_signal(&self.handle, signal) {
            Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> io::Result<bool> {
        self.ends_until(Instant::now(), None)
    }

    /// Waits for its end so long; false if it is still there, or if `or` could be read meanwhile.
    pub fn ends_within(&self, within: Duration, or: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        self.ends_until(Instant::now() + within, or)
    }

    fn ends_until(&self, until: Instant, or: Option<BorrowedFd<'_>>) -> io::Result<bool> {
        loop {
            let mut fds = vec![PollFd::new(self.handle.as_fd(), PollFlags::POLLIN)];
            if let Some(or) = or {
                fds.push(PollFd::new(or, PollFlags::POLLIN));
            }
            let left = until.saturating_duration_since(Instant::now());
            // Rounded up, or the last millisecond would be spent in a busy loop.
            let left = PollTimeout::try_from(left + Duration::from_micros(999));
            match poll(&mut fds, left.unwrap_or(PollTimeout::MAX)) {
                Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) if fds[0].any() == Some(true) => break,
                Ok(0) if Instant::now() < until => {}
                Ok(_) => return Ok(false),
            }
        }
        // It is a zombie if we started it ourselves.
        match waitid(WaitId::PidFd(self.handle.as_fd()), WaitIdOptions::EXITED) {
            Ok(_) | Err(rustix::io::Errno::CHILD) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

fn open(pid: i32) -> io::Result<Option<OwnedFd>> {
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::other("0 is no process"))?;
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The processes whose main thread is in a guest's network namespace, but for ourselves. Only the guest's own process
/// asks from inside: nobody else may be in there, since what is found will be stopped or ended.
pub(crate) fn others_in(namespace: &fs::File, from_inside: bool) -> io::Result<Vec<Process>> {
    let wanted = number(namespace.metadata()?);
    let own = namespace_of("self")?;
    if (own == wanted) != from_inside {
        return Err(io::Error::other("this is no guest's network namespace"));
    }
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if pid == std::process::id().cast_signed() {
            continue;
        }
        match one_in(pid, wanted) {
            Ok(process) => found.extend(process),
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn one_in(pid: i32, wanted: (u64, u64)) -> io::Result<Option<Process>> {
    if namespace_of(&pid.to_string())? != wanted {
        return Ok(None);
    }
    let process = Process::find(&Identity::of(pid)?)?;
    // It may have ended, and another one got its number, before there was a handle.
    Ok(process.filter(|_| namespace_of(&pid.to_string()).is_ok_and(|now| now == wanted)))
}

/// What tells one network namespace from another while both are there.
fn namespace_of(process: &str) -> io::Result<(u64, u64)> {
    let path = Path::new("/proc").join(process).join("ns/net");
    Ok(number(fs::metadata(path)?))
}

fn number(of: fs::Metadata) -> (u64, u64) {
    (of.dev(), of.ino())
}

/// Whether a file of /proc can't be had because its process has ended: ESRCH has no kind of its own, and the namespaces
/// of a process that has ended are EACCES, as those that root may not see are.
fn is_gone(error: &io::Error) -> bool {
    let gone = [Errno::ENOENT, Errno::ESRCH, Errno::EACCES];
    gone.iter()
        .any(|errno| error.raw_os_error() == Some(*errno as i32))
}
