//! Bringing a lab up: the switch, the hosts' NICs and files, a keeper for each host, and the wait until every API
//! answers.

use std::fs;
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;
use serde::Serialize;

use crate::control::{self, Request};
use crate::failure::{Doing, Failure, Result, went_on_without};
use crate::lab::{Host, HostName, Lab, NicName, Record};
use crate::lock::Lock;
use crate::process::{check_tools, run, timeout_until, tool};
use crate::signals::Signals;
use crate::{down, install, keeper, pool, probe, switch};

/// How long the hosts may take until they answer. Init gives the daemon 30 s of its own and knows better what is
/// wrong; this is for an init that says nothing.
const PATIENCE: Duration = Duration::from_secs(90);

/// What to build.
pub struct Wish {
    /// How many hosts.
    pub hosts: u8,
    /// How many NICs each has.
    pub nics: u8,
    /// Where `xapi` and `xe` are.
    pub bin_dir: PathBuf,
    /// Whether the hosts run a daemon.
    pub daemon: bool,
    /// Whether each host is a pool of its own.
    pub apart: bool,
}

/// What `up` tells its caller: the document of `--json`.
#[derive(Debug, Serialize)]
pub struct Description {
    name: String,
    hosts: Vec<HostDescription>,
}

#[derive(Debug, Serialize)]
struct HostDescription {
    name: String,
    address: String,
    url: String,
    socket: String,
    user: String,
    password: String,
}

/// Builds the lab. If that fails, or is interrupted, nothing of it remains.
pub fn up(lab: &Lab, wish: &Wish) -> Result<Description> {
    check_tools()?;
    if wish.daemon && !wish.bin_dir.join("xapi").is_file() {
        return Err(Failure::new(format!(
            "there is no xapi in {}; build it, say where it is with --bin-dir, or do without with --no-daemon",
            wish.bin_dir.display()
        )));
    }
    let lock = Lock::of(lab)?;
    if lab.state().exists() || !lab.netns_names()?.is_empty() {
        let name = &lab.name;
        return Err(Failure::new(format!(
            "there is a lab '{name}' already; xapi-lab down --name {name} ends it"
        )));
    }
    let signals = Signals::waiting_for(&[Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP])?;
    let built = build(lab, wish, &signals);
    if built.is_err() {
        went_on_without(down::clear(lab).and_then(|()| lock.remove()));
    }
    built
}

fn build(lab: &Lab, wish: &Wish, signals: &Signals) -> Result<Description> {
    let record = record(wish)?;
    write_record(lab, &record)?;
    switch::build(lab)?;
    let hosts: Vec<Host> = (1..=wish.hosts)
        .map(|number| lab.host(HostName::numbered(number)))
        .collect();
    let mut waiting = Vec::new();
    for host in &hosts {
        interrupted(signals)?;
        install::host(host, &record)?;
        run(tool("ip").args(["netns", "add", &host.netns()]))?;
        let nics: Vec<_> = (0..wish.nics)
            .map(NicName::eth)
            .map(|nic| (nic.clone(), host.mac(&nic)))
            .collect();
        switch::add_nics(host, &nics)?;
        keeper::start(host)?;
        waiting.push((
            host,
            control::ask(&host.keeper_socket(), Request::WaitUntilOn)?,
        ));
    }
    let end = Instant::now() + PATIENCE;
    for (host, stream) in waiting {
        wait_until_on(host, stream, signals, end)?;
    }
    if wish.daemon {
        for host in &hosts {
            interrupted(signals)?;
            probe::logs_in_locally(host, &record.password)?;
            probe::logs_in_from_outside(host, &record.password)?;
        }
        if !wish.apart {
            pool::form(&hosts, &record.password, signals)?;
            for host in hosts.iter().skip(1) {
                probe::names_its_master_outside(host, &hosts[0], &record.password)?;
            }
        }
    }
    Ok(describe(lab, &record))
}

fn record(wish: &Wish) -> Result<Record> {
    // Twelve random digits of the kernel's are enough for a network that nobody else reaches.
    let password = install::random_uuid()?
        .chars()
        .filter(char::is_ascii_hexdigit)
        .take(12)
        .collect();
    Ok(Record {
        hosts: wish.hosts,
        password,
        bin_dir: wish.bin_dir.clone(),
        program: std::env::current_exe().doing(|| "finding this program")?,
        daemon: wish.daemon,
        datapath_type: datapath_type().into(),
    })
}

/// `system` where the kernel has Open vSwitch's datapath, if need be after loading it; else `netdev`.
fn datapath_type() -> &'static str {
    let there = || Path::new("/sys/module/openvswitch").exists();
    if !there() {
        // Most machines without the module refuse, which is an answer and no failure.
        drop(run(tool("modprobe").args(["--quiet", "openvswitch"])));
    }
    if there() { "system" } else { "netdev" }
}

fn write_record(lab: &Lab, record: &Record) -> Result<()> {
    let state = lab.state();
    fs::create_dir_all(&state).doing(|| format!("making {}", state.display()))?;
    // Root's password is in there, and other users of the machine have no business with it.
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700))
        .doing(|| format!("closing {}", state.display()))?;
    let path = state.join("lab.json");
    let text = serde_json::to_vec_pretty(record).doing(|| "writing JSON")?;
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&path);
    file.and_then(|mut file| file.write_all(&text))
        .doing(|| format!("writing {}", path.display()))
}

/// Waits for the keeper's word, a signal, or the deadline.
fn wait_until_on(host: &Host, stream: UnixStream, signals: &Signals, end: Instant) -> Result<()> {
    loop {
        let mut fds = [
            PollFd::new(stream.as_fd(), PollFlags::POLLIN),
            PollFd::new(signals.as_fd(), PollFlags::POLLIN),
        ];
        match poll(&mut fds, timeout_until(Some(end))) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => return Err(why).doing(|| "waiting"),
        }
        let answered = fds[0].any().unwrap_or(false);
        interrupted(signals)?;
        if answered {
            break;
        }
        if Instant::now() >= end {
            return Err(Failure::new(format!(
                "{} did not come up in {} s",
                host.name,
                PATIENCE.as_secs()
            )));
        }
    }
    let reply = control::answer(stream).doing(|| format!("waiting for {}", host.name))?;
    if reply.done {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{} did not come up: {}",
            host.name, reply.text
        )))
    }
}

/// An error, if somebody wants this to end.
pub fn interrupted(signals: &Signals) -> Result<()> {
    match signals.next()? {
        Some((signal, _)) => Err(Failure::new(format!("interrupted by {signal}"))),
        None => Ok(()),
    }
}

fn describe(lab: &Lab, record: &Record) -> Description {
    let hosts = (1..=record.hosts).map(|number| {
        let host = lab.host(HostName::numbered(number));
        let address = host.name.address().to_string();
        HostDescription {
            name: host.name.to_string(),
            url: format!("http://{address}"),
            address,
            socket: host.xapi_socket().display().to_string(),
            user: "root".into(),
            password: record.password.clone(),
        }
    });
    Description {
        name: lab.name.to_string(),
        hosts: hosts.collect(),
    }
}

impl Description {
    /// The lab in words, with what to type next.
    pub fn in_words(&self) -> String {
        let mut text = format!("The lab '{}' is up.\n", self.name);
        for host in &self.hosts {
            text.push_str(&format!(
                "\n{}\n  address   {}\n  socket    {}\n  URL       {}   (from the lab's network: xapi-lab exec client)\n  user      {}\n  password  {}\n",
                host.name, host.address, host.socket, host.url, host.user, host.password
            ));
        }
        text.push_str(&format!(
            "\nxapi-lab exec --name {} xs-1    a shell on xs-1\n",
            self.name
        ));
        text.push_str(&format!(
            "xapi-lab down --name {}         the end of it\n",
            self.name
        ));
        text
    }
}
