//! Running a command in a host, as if typed there, or on the lab's network as `client`.
//!
//! A command in a host is a child that we stay beside: it is in another PID namespace, so the caller waits for us.
//! A client's command takes our place.

use std::convert::Infallible;
use std::ffi::OsString;
use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::Command;

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::failure::{Doing, Failure, Result};
use crate::init::{environment, installation_uuid};
use crate::lab::{Host, Lab, netns_path};
use crate::process::{arguments, readable_before};
use crate::signals::Signals;

/// The exit status of a command that there is not, as shells have it.
const NOT_FOUND: i32 = 127;
/// The exit status of a command that can't be run, as shells have it.
const NOT_RUNNABLE: i32 = 126;

/// What ends us is passed on to the command; SIGCHLD tells of its end.
const PASSED_ON: &[Signal] = &[
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];

/// Runs a command in the host and returns its exit status; 128 and the signal's number if one ended it.
pub fn host(host: &Host, command: &[OsString]) -> Result<i32> {
    let program = File::open("/proc/self/exe").doing(|| "opening this program")?;
    let uuid = installation_uuid(&host.state().join("etc/upper/xensource-inventory"))?;
    let mut watched = PASSED_ON.to_vec();
    watched.push(Signal::SIGCHLD);
    let signals = Signals::waiting_for(&watched)?;
    enter(host)?;

    // The child starts as this program again: only from inside can it tie its life to ours and be found by PATH.
    let inside = format!(
        "/proc/self/fd/{}",
        std::os::fd::AsRawFd::as_raw_fd(&program)
    );
    let mut child = Command::new(inside)
        .arg("__run")
        .args(shell_if_none(command))
        .env_clear()
        .envs(environment(&uuid))
        .current_dir("/root")
        .spawn()
        .doing(|| "starting a process in the host")?;
    let pid = Pid::from_raw(child.id() as i32);
    loop {
        if let Some(status) = child.try_wait().doing(|| "waiting for the command")? {
            return Ok(status
                .code()
                .unwrap_or_else(|| 128 + status.signal().unwrap_or(0)));
        }
        let far = std::time::Instant::now() + std::time::Duration::from_secs(3600);
        readable_before(&signals, far)?;
        while let Some((signal, from_terminal)) = signals.next()? {
            // The terminal has sent its own to the command as well.
            if signal != Signal::SIGCHLD && !from_terminal {
                match kill(pid, signal) {
                    Err(nix::errno::Errno::ESRCH) => {}
                    outcome => outcome.doing(|| "passing a signal on")?,
                }
            }
        }
    }
}

/// Enters all namespaces of a host; children are born in its PID namespace.
fn enter(host: &Host) -> Result<()> {
    let pid = init_pid(host)?;
    let namespaces = [
        ("uts", CloneFlags::CLONE_NEWUTS),
        ("ipc", CloneFlags::CLONE_NEWIPC),
        ("net", CloneFlags::CLONE_NEWNET),
        ("pid", CloneFlags::CLONE_NEWPID),
        ("mnt", CloneFlags::CLONE_NEWNS),
    ];
    let mut open = Vec::new();
    for (name, kind) in namespaces {
        open.push((
            File::open(format!("/proc/{pid}/ns/{name}")).map_err(|_| is_off(host))?,
            kind,
        ));
    }
    // Now that its namespaces are held: was that number still our init, and not somebody who got it since?
    if init_pid(host)? != pid {
        return Err(is_off(host));
    }
    for (namespace, kind) in open {
        setns(namespace, kind).doing(|| format!("entering {}", host.name))?;
    }
    Ok(())
}

/// The process id of a host's init, if the host is on.
pub fn init_pid(host: &Host) -> Result<Pid> {
    let text = fs::read_to_string(host.init_pid_file()).map_err(|_| is_off(host))?;
    let pid = Pid::from_raw(text.trim().parse().doing(|| "reading init.pid")?);
    let wanted = [
        "__init".to_string(),
        host.lab.name.to_string(),
        host.name.to_string(),
    ];
    match arguments(pid) {
        Some(found) if found.get(1..) == Some(&wanted) => Ok(pid),
        _ => Err(is_off(host)),
    }
}

fn is_off(host: &Host) -> Failure {
    Failure::new(format!(
        "{} is off; xapi-lab reboot {} switches it on",
        host.name, host.name
    ))
}

/// Becomes the command, inside the host. Returns only if that fails.
pub fn become_command(command: &[OsString]) -> Result<Infallible> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).doing(|| "tying the command to its caller")?;
    replace(command)
}

/// Becomes the command on the lab's network, with the caller's own file system. Returns only if that fails.
pub fn client(lab: &Lab, command: &[OsString]) -> Result<Infallible> {
    lab.record()?;
    let path = netns_path(&lab.switch_netns());
    let netns = File::open(&path).doing(|| format!("opening {}", path.display()))?;
    setns(netns, CloneFlags::CLONE_NEWNET).doing(|| "entering the lab's network")?;
    replace(&shell_if_none(command))
}

fn shell_if_none(command: &[OsString]) -> Vec<OsString> {
    if command.is_empty() {
        vec!["bash".into(), "-l".into()]
    } else {
        command.to_vec()
    }
}

fn replace(command: &[OsString]) -> Result<Infallible> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::new("no command"));
    };
    let why = Command::new(program).args(arguments).exec();
    let status = if why.kind() == std::io::ErrorKind::NotFound {
        NOT_FOUND
    } else {
        NOT_RUNNABLE
    };
    eprintln!("xapi-lab: {}: {why}", Path::new(program).display());
    std::process::exit(status)
}
