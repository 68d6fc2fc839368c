//! Processes: tools the lab runs to their end, and processes it finds by what they are and ends.

use std::fs;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::os::fd::AsFd;

use crate::failure::{Doing, Failure, Result};

/// Where programs are looked for; root's PATH under `su` lacks the sbin directories.
pub const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The tools a lab needs, and the Debian packages that bring them.
const TOOLS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("ethtool", "ethtool"),
    ("dnsmasq", "dnsmasq-base"),
    ("ovsdb-tool", "openvswitch-common"),
    ("ovs-vsctl", "openvswitch-common"),
    ("ovsdb-server", "openvswitch-switch"),
    ("ovs-vswitchd", "openvswitch-switch"),
    ("chpasswd", "passwd"),
];

/// Names everything missing in one go, so that nobody installs packages one error at a time.
pub fn check_tools() -> Result<()> {
    let missing: Vec<_> = TOOLS
        .iter()
        .filter(|(tool, _)| which(tool).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let tools: Vec<_> = missing.iter().map(|(tool, _)| *tool).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    Err(Failure::new(format!(
        "not installed: {}; on Debian: apt install {}",
        tools.join(", "),
        packages.join(" ")
    )))
}

/// The path of a program, if it is installed.
pub fn which(program: &str) -> Option<PathBuf> {
    PATH.split(':')
        .map(|dir| Path::new(dir).join(program))
        .find(|path| path.is_file())
}

/// A tool of the machine, by its name.
pub fn tool(program: &str) -> Command {
    let mut command = Command::new(program);
    command
        .env("PATH", PATH)
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

/// Runs a tool to its end; what it printed is returned, and quoted when it fails.
pub fn run(command: &mut Command) -> Result<String> {
    run_with_input(command, "")
}

/// Runs a tool to its end with `input` on its standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Result<String> {
    let what = describe(command);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .doing(|| format!("starting {what}"))?;
    if let Some(mut stdin) = child.stdin.take()
        && let Err(why) = stdin.write_all(input.as_bytes())
        // A tool that stops at a bad line says so in its status; the broken pipe says less.
        && why.kind() != std::io::ErrorKind::BrokenPipe
    {
        return Err(why).doing(|| format!("talking to {what}"));
    }
    let output = child
        .wait_with_output()
        .doing(|| format!("waiting for {what}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!(
        "{what}: {} ({})",
        said.trim(),
        output.status
    )))
}

/// `ip` commands, one a line, done in a network namespace by one process.
pub fn ip_batch(netns: &str, lines: &[String]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    run_with_input(
        tool("ip").args(["-n", netns, "-batch", "-"]),
        &(lines.join("\n") + "\n"),
    )?;
    Ok(())
}

fn describe(command: &Command) -> String {
    let mut text = command.get_program().to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// One process of the machine, as `/proc` shows it.
pub struct Found {
    /// Its id.
    pub pid: Pid,
    /// Its command line.
    pub arguments: Vec<String>,
    /// The inode of its network namespace.
    pub netns: Option<u64>,
}

/// Every process there is.
pub fn all() -> Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").doing(|| "listing /proc")? {
        let entry = entry.doing(|| "listing /proc")?;
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process may end while we look; then it is nobody's.
        found.extend(look_at(Pid::from_raw(pid)));
    }
    Ok(found)
}

/// One process, unless it has ended.
pub fn look_at(pid: Pid) -> Option<Found> {
    Some(Found {
        pid,
        arguments: arguments(pid)?,
        netns: netns_inode(pid),
    })
}

/// A process's command line, unless it has ended.
pub fn arguments(pid: Pid) -> Option<Vec<String>> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(text.split_terminator('\0').map(String::from).collect())
}

fn netns_inode(pid: Pid) -> Option<u64> {
    Some(fs::metadata(format!("/proc/{pid}/ns/net")).ok()?.ino())
}

/// Kills processes and waits until they are gone. `still` is asked again once a handle on the process is held, so
/// that a number taken over by another process since is not hit.
pub fn kill_and_wait(pids: &[Pid], still: impl Fn(Pid) -> bool, deadline: Duration) -> Result<()> {
    let mut handles = Vec::new();
    for &pid in pids {
        let Some(handle) = handle(pid)? else { continue };
        if !still(pid) {
            continue;
        }
        match kill(pid, Signal::SIGKILL) {
            Ok(()) => handles.push((pid, handle)),
            Err(Errno::ESRCH) => {}
            Err(why) => return Err(why).doing(|| format!("killing process {pid}")),
        }
    }
    let end = Instant::now() + deadline;
    for (pid, handle) in handles {
        if !readable_before(&handle, end)? {
            return Err(Failure::new(format!(
                "process {pid} is still there {} s after SIGKILL",
                deadline.as_secs()
            )));
        }
    }
    Ok(())
}

/// A handle that becomes readable when the process ends; none if it has ended.
fn handle(pid: Pid) -> Result<Option<OwnedFd>> {
    let Some(raw) = rustix::process::Pid::from_raw(pid.as_raw()) else {
        return Ok(None);
    };
    match rustix::process::pidfd_open(raw, rustix::process::PidfdFlags::empty()) {
        Ok(handle) => Ok(Some(handle)),
        Err(rustix::io::Errno::SRCH) => Ok(None),
        Err(why) => Err(why).doing(|| format!("watching process {pid}")),
    }
}

/// Waits until there is something to read; false when `end` comes first.
pub fn readable_before(fd: &impl AsFd, end: Instant) -> Result<bool> {
    loop {
        let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout_until(Some(end))) {
            Ok(0) if Instant::now() >= end => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(why) => return Err(why).doing(|| "waiting"),
        }
    }
}

/// How long `poll` may wait: rounded up, so that a loop around it does not spin through the last millisecond.
pub fn timeout_until(end: Option<Instant>) -> PollTimeout {
    let Some(end) = end else {
        return PollTimeout::NONE;
    };
    let left = end.saturating_duration_since(Instant::now());
    PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX)
}

/// The last lines of a log, for an error that should explain itself.
pub fn tail(path: &Path, lines: usize) -> String {
    let Ok(text) = fs::read(path) else {
        return String::new();
    };
    let text = String::from_utf8_lossy(&text);
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}
