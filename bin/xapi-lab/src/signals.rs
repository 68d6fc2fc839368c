//! Signals as something to wait for: ends of children and terminations are read from a descriptor, never handled in
//! the middle of something else.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::failure::{Doing, Failure, Result};
use crate::process::readable_before;

/// The signals this process waits for instead of being interrupted by them.
pub struct Signals {
    descriptor: SignalFd,
    set: SigSet,
}

impl Signals {
    /// Blocks these signals for the whole (single-threaded) process.
    pub fn waiting_for(signals: &[Signal]) -> Result<Signals> {
        let mut set = SigSet::empty();
        for &signal in signals {
            set.add(signal);
        }
        set.thread_block().doing(|| "blocking signals")?;
        let flags = SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK;
        let descriptor = SignalFd::with_flags(&set, flags).doing(|| "watching signals")?;
        Ok(Signals { descriptor, set })
    }

    /// The next signal that has come, if any, and whether a person at the terminal sent it.
    pub fn next(&self) -> Result<Option<(Signal, bool)>> {
        let Some(info) = self.descriptor.read_signal().doing(|| "reading a signal")? else {
            return Ok(None);
        };
        let signal = Signal::try_from(info.ssi_signo as i32).doing(|| "reading a signal")?;
        // The kernel sends the terminal's signals; everybody else has a smaller code.
        Ok(Some((signal, info.ssi_code == 0x80)))
    }

    /// Starts a program that gets none of our signals blocked: it would keep them so, and ignore a SIGTERM.
    ///
    /// For one moment nothing is blocked here either, so a SIGCHLD may be lost. Look at the children before waiting
    /// again.
    pub fn spawn(&self, command: &mut Command) -> Result<Child> {
        let name = command.get_program().to_string_lossy().into_owned();
        self.set.thread_unblock().doing(|| "unblocking signals")?;
        let spawned = command.spawn();
        self.set.thread_block().doing(|| "blocking signals")?;
        spawned.doing(|| format!("starting {name}"))
    }

    /// Runs a tool, giving up on it at the deadline. What it says on standard error is quoted when it fails.
    ///
    /// Its end is seen through the same descriptor as every child's; the caller reaps the others afterwards.
    pub fn run(&self, command: &mut Command, patience: Duration) -> Result<()> {
        let name = command.get_program().to_string_lossy().into_owned();
        // A file and no pipe: a tool that becomes a daemon may keep its end of a pipe open for ever.
        let mut said = File::from(
            memfd_create(c"errors", MFdFlags::MFD_CLOEXEC).doing(|| "making a file for errors")?,
        );
        let errors = said.try_clone().doing(|| "opening a file for errors")?;
        let mut child = self.spawn(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(errors),
        )?;
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = child.try_wait().doing(|| format!("waiting for {name}"))? {
                if status.success() {
                    return Ok(());
                }
                return Err(Failure::new(format!(
                    "{name}: {} ({status})",
                    read_back(&mut said)?.trim()
                )));
            }
            if !readable_before(self, end)? {
                child.kill().doing(|| format!("ending {name}"))?;
                child.wait().doing(|| format!("waiting for {name}"))?;
                return Err(Failure::new(format!(
                    "{name} took longer than {} s",
                    patience.as_secs()
                )));
            }
            while self.next()?.is_some() {}
        }
    }

    /// Waits for one child's end; false when `end` comes first.
    pub fn ended_before(&self, pid: Pid, end: Instant) -> Result<bool> {
        loop {
            match waitpid(pid, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::StillAlive) => {}
                Ok(_) | Err(Errno::ECHILD) => return Ok(true),
                Err(why) => return Err(why).doing(|| format!("waiting for process {pid}")),
            }
            if !readable_before(self, end)? {
                return Ok(false);
            }
            while self.next()?.is_some() {}
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

fn read_back(file: &mut File) -> Result<String> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))
        .doing(|| "reading what a tool said")?;
    file.read_to_end(&mut bytes)
        .doing(|| "reading what a tool said")?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
