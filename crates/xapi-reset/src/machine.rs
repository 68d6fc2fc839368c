//! What a reset does to the machine beside writing files: the daemon stops and starts, the network is made, the machine
//! boots. Only here other programs are run: those that start and stop services, and the one that reboots.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use xapi_net::agent::Agent;
use xapi_net::local::{Config, Holders, LocalAgent, seize};
use xapi_net::topology::Name;

/// Where systemd says that it runs this machine.
const SYSTEMD: &str = "/run/systemd/system";
/// Units, beside the toolstack's, that make networks and mind when others do; a socket before what it starts.
const OTHERS: [&str; 5] = [
    "NetworkManager.service",
    "systemd-networkd.socket",
    "systemd-networkd.service",
    "networking.service",
    "dhcpcd.service",
];
/// What systemctl ends with when there is no such service.
const NOT_LOADED: i32 = 5;
/// How long a service may take to stop, with all that it has to end.
const STOPS_WITHIN: Duration = Duration::from_secs(90);
/// How long the daemon may take to start: it is ready when the reset is done, a lease waited for included.
const STARTS_WITHIN: Duration = Duration::from_secs(300);
/// How long the daemon may go on holding its database after it has stopped.
const LETS_GO_WITHIN: Duration = Duration::from_secs(30);
/// Octets that are shown of what a program complains of.
const COMPLAINT: u64 = 4096;

/// A machine whose network is reset.
pub trait Machine {
    /// Stops the daemon and whatever else makes this host's network, and keeps them from starting. Sentences tell what
    /// was not as it should be.
    fn stop_daemon(&mut self) -> Result<Vec<String>, String>;

    /// Takes a NIC, and the names of bridges, from whoever else has them; tells what was done.
    fn free_nic(&mut self, nic: &Name, bridges: &BTreeSet<Name>) -> Result<Vec<String>, String>;

    /// Who makes the network while the daemon is down.
    fn agent(&mut self) -> Result<Box<dyn Agent>, String>;

    /// Starts the daemon.
    fn start_daemon(&mut self) -> Result<(), String>;

    /// Starts the machine again.
    fn reboot(&mut self) -> Result<(), String>;
}

/// This machine. Below a root that is not `/` services and reboots are somebody else's: they are left alone.
pub struct LocalMachine {
    root: PathBuf,
    network: Config,
    /// As long as this is held no daemon starts that has a database.
    held: Option<File>,
}

impl LocalMachine {
    /// The machine with files below a root.
    pub fn new(root: &Path, network: Config) -> LocalMachine {
        LocalMachine {
            root: root.to_owned(),
            network,
            held: None,
        }
    }

    fn is_ours(&self) -> bool {
        self.root == Path::new("/")
    }
}

impl Machine for LocalMachine {
    fn stop_daemon(&mut self) -> Result<Vec<String>, String> {
        let mut notes = Vec::new();
        if self.is_ours() {
            if Path::new(SYSTEMD).exists()
                && let Err(why) = service("stop", "xcp-networkd", STOPS_WITHIN)
            {
                notes.push(why);
            }
            // If there is no such service, somebody may have started the daemon by hand: the lock tells.
            if let Err(why) = service("stop", "xapi", STOPS_WITHIN) {
                notes.push(why);
            }
        }
        self.held = hold(&self.root.join("var/lib/xcp"))?;
        // After what may fail: without a reset these go on.
        if self.is_ours() {
            notes.extend(stop_others());
        }
        Ok(notes)
    }

    fn free_nic(&mut self, nic: &Name, bridges: &BTreeSet<Name>) -> Result<Vec<String>, String> {
        seize(&self.network, nic, bridges, Holders::All).map_err(|why| why.to_string())
    }

    fn agent(&mut self) -> Result<Box<dyn Agent>, String> {
        match LocalAgent::start(self.network.clone()) {
            Ok(agent) => Ok(Box::new(agent)),
            Err(why) => Err(why.to_string()),
        }
    }

    fn start_daemon(&mut self) -> Result<(), String> {
        self.held = None;
        if !self.is_ours() {
            return Ok(());
        }
        service("start", "xapi", STARTS_WITHIN)
    }

    fn reboot(&mut self) -> Result<(), String> {
        if !self.is_ours() {
            return Ok(());
        }
        nix::unistd::sync();
        // By force: what a shutdown waits for may be behind the network that does not work.
        let status = bounded(Command::new("reboot").arg("-f"), STOPS_WITHIN)?;
        match status {
            (Some(0), _) => Ok(()),
            (_, complaint) => Err(format!("reboot -f: {complaint}")),
        }
    }
}

/// Stops those that would take the NIC back or give it other addresses, where they run.
fn stop_others() -> Vec<String> {
    if !Path::new(SYSTEMD).exists() {
        return Vec::new();
    }
    let stop = |unit: &&str| {
        let mut asks = Command::new("systemctl");
        asks.args(["is-active", "--quiet", unit]);
        match bounded(&mut asks, STOPS_WITHIN) {
            Ok((Some(0), _)) => {}
            Ok(_) => return None,
            Err(why) => return Some(why),
        }
        Some(match service("stop", unit, STOPS_WITHIN) {
            Ok(()) => format!("{unit} is stopped; if it is enabled, the next boot starts it again"),
            Err(why) => why,
        })
    };
    OTHERS.iter().filter_map(stop).collect()
}

/// Stops or starts a service. One that there is not is stopped already.
fn service(verb: &str, name: &str, within: Duration) -> Result<(), String> {
    let by_systemd = Path::new(SYSTEMD).exists();
    let mut command = Command::new(if by_systemd { "systemctl" } else { "service" });
    match by_systemd {
        true => command.args([verb, name]),
        false => command.args([name, verb]),
    };
    let (status, complaint) = bounded(&mut command, within)?;
    match status {
        Some(0) => Ok(()),
        Some(NOT_LOADED) if by_systemd && verb == "stop" => Ok(()),
        _ => Err(format!("{verb} {name}: {complaint}")),
    }
}

/// Runs a program and gives its exit status and what it complained of. One that takes longer is killed.
fn bounded(command: &mut Command, within: Duration) -> Result<(Option<i32>, String), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |why: &dyn std::fmt::Display| format!("{name}: {why}");
    // A file and no pipe: a daemon that the program starts may keep its end for ever.
    let complaints =
        nix::sys::memfd::memfd_create(c"complaints", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)
            .map_err(|why| failed(&why))?;
    let mut complaints = File::from(complaints);
    let copy = complaints.try_clone().map_err(|why| failed(&why))?;
    // Of a group of its own: a terminal that goes away ends all programs of the group that is at its front.
    let mut child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(copy)
        .spawn()
        .map_err(|why| failed(&why))?;
    let pid = rustix::process::Pid::from_child(&child);
    let handle = rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty())
        .map_err(|why| failed(&why))?;
    let mut waits = [PollFd::new(handle.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(within).unwrap_or(PollTimeout::MAX);
    let ended = loop {
        match poll(&mut waits, timeout) {
            Err(nix::errno::Errno::EINTR) => {}
            other => break other.map_err(|why| failed(&why))?,
        }
    };
    if ended == 0 {
        child.kill().map_err(|why| failed(&why))?;
    }
    let status = child.wait().map_err(|why| failed(&why))?;
    if ended == 0 {
        return Err(failed(&format!(
            "has not ended after {} s",
            within.as_secs()
        )));
    }
    complaints.rewind().map_err(|why| failed(&why))?;
    let mut text = Vec::new();
    complaints
        .take(COMPLAINT)
        .read_to_end(&mut text)
        .map_err(|why| failed(&why))?;
    let text = String::from_utf8_lossy(&text).trim().replace('\n', "; ");
    let complaint = match text.is_empty() {
        true => status.to_string(),
        false => text,
    };
    Ok((status.code(), complaint))
}

/// Waits until no daemon has the database open, and holds its lock. `None` where there never was a database.
fn hold(folder: &Path) -> Result<Option<File>, String> {
    if !folder.exists() {
        return Ok(None);
    }
    let path = folder.join("xapi.db.lock");
    let failed = |why: std::io::Error| format!("{}: {why}", path.display());
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(failed)?;
    let (tell, told) = mpsc::channel();
    let wait = move || {
        let outcome = file.lock().map(|()| file);
        // Who asked has given up, and the program with it.
        drop(tell.send(outcome));
    };
    std::thread::Builder::new()
        .name("lock".to_owned())
        .spawn(wait)
        .map_err(failed)?;
    match told.recv_timeout(LETS_GO_WITHIN) {
        Ok(held) => held.map(Some).map_err(failed),
        Err(_) => Err(format!(
            "the daemon still has its database open ({} is locked): end it, then try again",
            path.display()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Command, Duration, bounded};

    #[test]
    fn a_program_that_is_run_is_in_a_group_of_its_own() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ $(cut -d' ' -f5 /proc/$$/stat) >&2"]);
        let (status, told) = bounded(&mut command, Duration::from_secs(30)).unwrap();
        assert_eq!(status, Some(0), "{told}");
        let (pid, group) = told.split_once(' ').unwrap();
        assert_eq!(pid, group);
    }
}
