//! `xapi-lab`: a real XAPI network stack on one machine, for people and tests.
//!
//! One program in several roles. What people type is in [`cli`] and done by [`up`], [`down`], [`enter`], [`switch`];
//! it starts one [`keeper`] per host, which starts the host's [`init`] in namespaces of its own; and in a host it is
//! also `service` and `reboot` ([`applets`]). Start reading at [`lab`], which says what a lab is called and where its
//! things are. It must not know the XenAPI beyond one login, nor what the daemon does with the network.

mod applets;
mod cli;
mod control;
mod down;
mod enter;
mod failure;
mod init;
mod install;
mod keeper;
mod lab;
mod lock;
mod logs;
mod pool;
mod probe;
mod process;
mod signals;
mod switch;
mod up;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use clap::{CommandFactory, Parser};

use nix::sys::signal::SigSet;

use cli::{Cli, Place, Verb};
use control::{Action, Reply, Request, Service};
use failure::{Doing, Failure, Result};
use lab::{Host, Lab};
use lock::Lock;

fn main() {
    // What our parent blocked for itself, as the lab's own processes do, we don't want blocked.
    let unblocked = SigSet::empty()
        .thread_set_mask()
        .doing(|| "unblocking signals");
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let status = unblocked.and_then(|()| match other_role(&arguments) {
        Some(outcome) => outcome,
        None => command(Cli::parse()),
    });
    std::process::exit(status.unwrap_or_else(|why| {
        eprintln!("xapi-lab: {}", why.chain());
        1
    }));
}

/// The roles that this program plays when nobody typed its name.
fn other_role(arguments: &[OsString]) -> Option<Result<i32>> {
    let words: Vec<String> = arguments
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let called = Path::new(words.first()?).file_name()?.to_str()?;
    if let Some(status) = applets::run(called, words.get(1..).unwrap_or_default()) {
        return Some(Ok(status));
    }
    match words.get(1)?.as_str() {
        "__run" => Some(enter::become_command(&arguments[2..]).map(|never| match never {})),
        "__keeper" => Some(
            inner_host(&words)
                .and_then(|host| keeper::keep(&host))
                .map(|()| 0),
        ),
        "__init" => Some(inner_host(&words).and_then(|host| {
            let (keeper, report) = take_over_standard_streams()?;
            init::run(&host, report, keeper)
        })),
        _ => None,
    }
}

fn inner_host(words: &[String]) -> Result<Host> {
    let [_, _, lab, host] = words else {
        return Err(Failure::new("this role is not for typing"));
    };
    // Files that a host's other users may read are written from here.
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let lab = Lab::named(lab.parse().map_err(|why: String| Failure::new(why))?);
    Ok(lab.host(host.parse().map_err(|why: String| Failure::new(why))?))
}

/// Init is given its lifeline and its report on the standard streams; programs it starts must not get them.
fn take_over_standard_streams() -> Result<(File, File)> {
    let doing = || "taking over the standard streams";
    let keeper = File::from(io::stdin().as_fd().try_clone_to_owned().doing(doing)?);
    let report = File::from(io::stdout().as_fd().try_clone_to_owned().doing(doing)?);
    let nothing = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .doing(doing)?;
    nix::unistd::dup2_stdin(&nothing).doing(doing)?;
    nix::unistd::dup2_stdout(&nothing).doing(doing)?;
    Ok((keeper, report))
}

fn command(cli: Cli) -> Result<i32> {
    match &cli.verb {
        Verb::Man { verb } => return man(verb.as_deref()).map(|()| 0),
        Verb::Completion { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "xapi-lab", &mut script);
            return say(&script).map(|()| 0);
        }
        _ => {}
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(Failure::new(
            "a lab is made of namespaces, which needs root: sudo xapi-lab …",
        ));
    }
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let lab = Lab::named(cli.name);
    match cli.verb {
        Verb::Exec(exec) => match exec.place {
            Place::Host(name) => enter::host(&lab.existing_host(name)?, &exec.command),
            Place::Client => enter::client(&lab, &exec.command).map(|never| match never {}),
        },
        verb => change(&lab, verb).map(|()| 0),
    }
}

fn change(lab: &Lab, verb: Verb) -> Result<()> {
    match verb {
        Verb::Up(wish) => bring_up(lab, wish),
        Verb::Down => down::down(lab),
        Verb::Restart(one) => {
            let host = lab.existing_host(one.host)?;
            of_xapi(&host, Action::Stop)?;
            start_xapi(&host)
        }
        Verb::Start(one) => start_xapi(&lab.existing_host(one.host)?),
        Verb::Kill(one) => of_xapi(&lab.existing_host(one.host)?, Action::Kill),
        Verb::Stop(one) => of_xapi(&lab.existing_host(one.host)?, Action::Stop),
        Verb::Reboot(one) => reboot(&lab.existing_host(one.host)?),
        Verb::Pull(one) => locked(lab, || {
            switch::pull(&lab.existing_host(one.host)?, &one.nic)
        }),
        Verb::PlugIn(one) => locked(lab, || {
            switch::plug_in(&lab.existing_host(one.host)?, &one.nic)
        }),
        Verb::AddNic(new) => locked(lab, || add_nic(&lab.existing_host(new.host)?, &new)),
        Verb::RemoveNic(one) => locked(lab, || {
            switch::remove_nic(&lab.existing_host(one.host)?, &one.nic)
        }),
        Verb::Partition(one) => locked(lab, || switch::partition(&lab.existing_host(one.host)?)),
        Verb::Heal(one) => locked(lab, || switch::heal(&lab.existing_host(one.host)?)),
        Verb::Logs(which) => logs::show(
            &lab.existing_host(which.host)?,
            &which.program,
            which.follow,
        ),
        Verb::List => list(),
        Verb::Exec(_) | Verb::Man { .. } | Verb::Completion { .. } => unreachable!("done before"),
    }
}

/// A change of the lab that nobody else's change may meet halfway. Asks first whether there is a lab, so that none
/// leaves a lock for one that there is not.
fn locked(lab: &Lab, work: impl FnOnce() -> Result<()>) -> Result<()> {
    lab.record()?;
    let _lock = Lock::of(lab)?;
    work()
}

fn bring_up(lab: &Lab, wish: cli::Up) -> Result<()> {
    let bin_dir = match wish.bin_dir {
        Some(dir) => fs::canonicalize(&dir).doing(|| format!("looking at {}", dir.display()))?,
        None => beside_us()?,
    };
    let built = up::Wish {
        hosts: wish.hosts,
        nics: wish.nics,
        bin_dir,
        daemon: !wish.no_daemon,
        apart: wish.apart,
    };
    let description = up::up(lab, &built)?;
    if wish.json {
        let text = serde_json::to_string(&description).doing(|| "writing JSON")?;
        return say((text + "\n").as_bytes());
    }
    say(description.in_words().as_bytes())
}

fn beside_us() -> Result<PathBuf> {
    let program = std::env::current_exe().doing(|| "finding this program")?;
    program
        .parent()
        .map(PathBuf::from)
        .ok_or_else(|| Failure::new("this program is in no directory"))
}

/// Asks a host's init to do something to its daemon.
fn of_xapi(host: &Host, action: Action) -> Result<()> {
    enter::init_pid(host)?;
    done(control::answer(control::ask(
        &host.init_socket(),
        Request::Service(Service::Xapi, action),
    )?)?)
}

fn start_xapi(host: &Host) -> Result<()> {
    of_xapi(host, Action::Start)?;
    probe::logs_in_locally(host, &host.lab.record()?.password)
}

fn reboot(host: &Host) -> Result<()> {
    done(control::answer(control::ask(
        &host.keeper_socket(),
        Request::Reboot,
    )?)?)?;
    let record = host.lab.record()?;
    if record.daemon {
        probe::logs_in_locally(host, &record.password)
    } else {
        Ok(())
    }
}

fn done(reply: Reply) -> Result<()> {
    if reply.done {
        Ok(())
    } else {
        Err(Failure::new(reply.text))
    }
}

fn add_nic(host: &Host, new: &cli::AddNic) -> Result<()> {
    let nic = match &new.nic {
        Some(nic) => nic.clone(),
        None => switch::free_nic_name(host)?,
    };
    let mac = new.mac.clone().unwrap_or_else(|| host.mac(&nic));
    switch::add_nics(host, &[(nic.clone(), mac)])?;
    say(format!("{nic}\n").as_bytes())
}

fn list() -> Result<()> {
    let entries = match fs::read_dir(Lab::all_states()) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.doing(|| "listing the labs")?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.doing(|| "listing the labs")?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned() + "\n");
        }
    }
    names.sort();
    say(names.concat().as_bytes())
}

fn man(verb: Option<&str>) -> Result<()> {
    let mut root = Cli::command();
    root.build();
    let page = match verb {
        None => root,
        Some(verb) => match root.find_subcommand(verb) {
            Some(found) => found.clone(),
            None => return Err(Failure::new(format!("there is no verb '{verb}'"))),
        },
    };
    let mut text = Vec::new();
    clap_mangen::Man::new(page)
        .render(&mut text)
        .doing(|| "writing the man page")?;
    say(&text)
}

/// Writes to standard output; a reader that has seen enough is no failure.
fn say(text: &[u8]) -> Result<()> {
    match io::stdout().write_all(text) {
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.doing(|| "writing to standard output"),
    }
}
