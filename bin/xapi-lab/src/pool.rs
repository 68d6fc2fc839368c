//! The hosts of a lab are one pool: xs-1 is its master, and the others join it, one after the other.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};

use crate::failure::{Doing, Failure, Result};
use crate::lab::Host;
use crate::probe;
use crate::process::timeout_until;
use crate::signals::Signals;
use crate::up::interrupted;

/// How long a host may take until it is in the pool.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between one look at a host that joins, and the next.
const LOOK: Duration = Duration::from_millis(50);

/// Makes a pool of the hosts.
pub fn form(hosts: &[Host], password: &str, signals: &Signals) -> Result<()> {
    let Some((master, others)) = hosts.split_first() else {
        return Ok(());
    };
    for (already, host) in others.iter().enumerate() {
        interrupted(signals)?;
        probe::join(host, master, password)
            .doing(|| format!("{} joining the pool of {}", host.name, master.name))?;
        let members = already + 2;
        let end = Instant::now() + PATIENCE;
        let mut last = String::new();
        // Its daemon begins anew meanwhile, and then says what the master says.
        while !probe::knows_hosts(host, password, members).unwrap_or_else(|why| {
            last = why.chain();
            false
        }) {
            interrupted(signals)?;
            if Instant::now() >= end {
                return Err(Failure::new(format!(
                    "{} is not in the pool of {} after {} s: {last}",
                    host.name,
                    master.name,
                    PATIENCE.as_secs()
                )));
            }
            pause(signals)?;
        }
    }
    Ok(())
}

/// Waits a moment, or until somebody interrupts.
fn pause(signals: &Signals) -> Result<()> {
    let mut fds = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    match poll(&mut fds, timeout_until(Some(Instant::now() + LOOK))) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(why) => Err(why).doing(|| "waiting"),
    }
}
