//! Keeps what guests' processes write within bounds.
//!
//! A guest outlives the daemon, so nobody can be relied on to read a pipe of its; and a limit of the size of its files
//! would end it, or spoil its disks. It writes to a file to whose end everything is added (`O_APPEND`), so that the file
//! can be cut under its hands: what comes next stands behind what was left.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::Host;
use crate::check;
use crate::folder::Folder;

/// Begins to look at the logs, at once and as often as the configuration says, until the guests are let go of.
pub(super) fn watch(host: &Arc<Host>) -> io::Result<()> {
    let watched = Arc::clone(host);
    let thread = std::thread::Builder::new().name("guest-logs".to_owned());
    let handle = thread.spawn(move || {
        if let Err(error) = run(&watched) {
            tracing::error!("nobody looks at the logs of guests any more: {error}");
        }
    })?;
    host.minders().push(handle);
    Ok(())
}

fn run(host: &Host) -> io::Result<()> {
    loop {
        if let Err(error) = cut_all(host) {
            tracing::warn!("looking at the logs of guests: {error}");
        }
        if closes_within(host, host.config.logs_every)? {
            return Ok(());
        }
    }
}

fn closes_within(host: &Host, within: Duration) -> io::Result<bool> {
    let mut fds = [PollFd::new(host.closing.as_fd(), PollFlags::POLLIN)];
    let within = PollTimeout::try_from(within).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, within) {
        Err(nix::errno::Errno::EINTR) => Ok(false),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(fds[0].any() == Some(true)),
    }
}

fn cut_all(host: &Host) -> io::Result<()> {
    for entry in fs::read_dir(&host.config.run)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_none_or(|name| check::uuid(name).is_err()) {
            continue;
        }
        let folder = Folder::at(&entry.path());
        match folder.cut_log() {
            // It has ended meanwhile, or is just being made.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => tracing::warn!("{}: {error}", folder.path().display()),
            Ok(false) => {}
            Ok(true) => tracing::info!("{}: its log was cut", folder.path().display()),
        }
    }
    Ok(())
}
