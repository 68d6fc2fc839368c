//! A host's power supply: one process outside the host that starts its init, and starts it again after a reboot.
//!
//! It lives as long as its host's place in the lab does, also while the host is off, and everything in the host ends
//! with it. It knows nothing of what runs inside; init tells it how a boot went, and ends with a status that says
//! what to do next. The kernel itself tells of a reboot(2) inside: init dies by SIGHUP, or by SIGINT for a halt.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::signal::Signal;

use crate::control::{self, Power, Reply, Request};
use crate::failure::{Doing, Failure, Result, went_on_without};
use crate::init::{STATUS_OFF, STATUS_REBOOT};
use crate::lab::{Host, netns_path};
use crate::lock;
use crate::process::{run, tool};
use crate::signals::Signals;
use crate::switch::move_nics;

/// Starts a keeper for the host, in a session of its own. It switches the host on at once; ask it with
/// [`Request::WaitUntilOn`] how that went.
pub fn start(host: &Host) -> Result<()> {
    let listener = host.keeper_socket();
    let log = open_log(host)?;
    let errors = log.try_clone().doing(|| "opening the keeper's log")?;
    // The keeper listens before it does anything else; that its socket is there is told through this pipe.
    let mut child = Command::new("/proc/self/exe")
        .arg0("xapi-lab")
        .args([
            "__keeper",
            &host.lab.name.to_string(),
            &host.name.to_string(),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(errors)
        .current_dir("/")
        .spawn()
        .doing(|| format!("starting the keeper of {}", host.name))?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        BufReader::new(stdout)
            .read_line(&mut line)
            .doing(|| "waiting for the keeper")?;
    }
    if line.trim() != "listening" {
        let said = crate::process::tail(&host.log("keeper"), 5);
        return Err(Failure::new(format!(
            "the keeper of {} did not open {}: {said}",
            host.name,
            listener.display()
        )));
    }
    Ok(())
}

fn open_log(host: &Host) -> Result<File> {
    let path = host.log("keeper");
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .doing(|| format!("opening {}", path.display()))
}

/// What a keeper's process does.
pub fn keep(host: &Host) -> Result<()> {
    nix::sys::prctl::set_name(c"xapi-lab-keeper").doing(|| "naming the keeper")?;
    lock::let_go()?;
    nix::unistd::setsid().doing(|| "leaving the caller's session")?;
    let socket = host.keeper_socket();
    let listener =
        UnixListener::bind(&socket).doing(|| format!("listening on {}", socket.display()))?;
    let signals = Signals::waiting_for(&[Signal::SIGCHLD])?;
    tell_starter()?;
    let own_pids =
        File::open("/proc/self/ns/pid").doing(|| "opening the machine's PID namespace")?;
    let mut keeper = Keeper {
        host: host.clone(),
        listener,
        signals,
        own_pids,
        power: State::Off(String::new()),
        waiting: Vec::new(),
    };
    keeper.switch_on();
    loop {
        keeper.turn()?;
    }
}

/// Says that we listen, and lets go of the starter's pipe.
fn tell_starter() -> Result<()> {
    println!("listening");
    let nothing = OpenOptions::new()
        .write(true)
        .open("/dev/null")
        .doing(|| "opening /dev/null")?;
    nix::unistd::dup2_stdout(nothing).doing(|| "letting go of standard output")
}

/// A host that is on, or coming up.
struct On {
    init: Child,
    /// Held so that init sees us go.
    _lifeline: OwnedFd,
    /// Init's word on how the boot went, until it has come.
    report: Option<BufReader<std::process::ChildStdout>>,
    outcome: Option<Reply>,
    /// Somebody outside wants a reboot: however init ends, the host starts again.
    rebooting: bool,
}

enum State {
    On(Box<On>),
    /// With the reason, if it isn't that somebody switched it off.
    Off(String),
}

struct Keeper {
    host: Host,
    listener: UnixListener,
    signals: Signals,
    own_pids: File,
    power: State,
    /// Those that wait for the end of this boot.
    waiting: Vec<UnixStream>,
}

impl Keeper {
    /// Waits for one thing to happen and deals with it.
    fn turn(&mut self) -> Result<()> {
        let (requested, reported) = self.wait()?;
        while self.signals.next()?.is_some() {}
        if reported {
            self.take_report()?;
        }
        self.look_after_init()?;
        if requested {
            match control::next_request(&self.listener) {
                Ok(Some((client, request))) => self.obey(client, request),
                Ok(None) => {}
                Err(why) => went_on_without(Err(why)),
            }
        }
        Ok(())
    }

    fn wait(&self) -> Result<(bool, bool)> {
        let mut fds = vec![
            PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.listener.as_fd(), PollFlags::POLLIN),
        ];
        if let State::On(on) = &self.power
            && let Some(report) = &on.report
        {
            fds.push(PollFd::new(report.get_ref().as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(why) => return Err(why).doing(|| "waiting"),
        }
        let happened = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
        Ok((happened(1), happened(2)))
    }

    /// Reads how the boot went. An init that ends without a word is dealt with when its status is known.
    fn take_report(&mut self) -> Result<()> {
        let State::On(on) = &mut self.power else {
            return Ok(());
        };
        let Some(mut report) = on.report.take() else {
            return Ok(());
        };
        let mut line = String::new();
        report
            .read_line(&mut line)
            .doing(|| "reading init's report")?;
        if line.is_empty() {
            return Ok(());
        }
        let reply: Reply = serde_json::from_str(&line).doing(|| "reading init's report")?;
        on.outcome = Some(reply.clone());
        self.tell(&reply);
        Ok(())
    }

    fn look_after_init(&mut self) -> Result<()> {
        let State::On(on) = &mut self.power else {
            return Ok(());
        };
        let Some(status) = on.init.try_wait().doing(|| "waiting for init")? else {
            return Ok(());
        };
        went_on_without(forget_pid(&self.host));
        let ending = if on.rebooting {
            Ending::Reboot
        } else {
            ending_of(status)
        };
        match ending {
            Ending::Reboot => {
                self.power = State::Off("it is rebooting".into());
                match self.power_cycle() {
                    Ok(()) => self.switch_on(),
                    Err(why) => self.off(why.chain()),
                }
            }
            Ending::Off => self.off(format!("{} was switched off", self.host.name)),
            Ending::Crash => {
                let said = crate::process::tail(&self.host.log("keeper"), 6);
                self.off(format!(
                    "the init of {} ended ({status}):\n{said}",
                    self.host.name
                ));
            }
        }
        Ok(())
    }

    fn off(&mut self, why: String) {
        self.tell(&Reply::refused(why.clone()));
        self.power = State::Off(why);
    }

    fn tell(&mut self, reply: &Reply) {
        for mut client in self.waiting.drain(..) {
            control::reply(&mut client, reply);
        }
    }

    fn obey(&mut self, mut client: UnixStream, request: Request) {
        match request {
            Request::WaitUntilOn => match &self.power {
                State::On(on) => match &on.outcome {
                    Some(outcome) => control::reply(&mut client, outcome),
                    None => self.waiting.push(client),
                },
                State::Off(why) => control::reply(&mut client, &Reply::refused(why.clone())),
            },
            Request::Reboot => {
                self.waiting.push(client);
                match &mut self.power {
                    State::On(on) => {
                        on.outcome = None;
                        on.report = None;
                        on.rebooting = true;
                        if let Err(why) = ask_init_to_reboot(&self.host) {
                            // It does not listen, so the reset button it is.
                            eprintln!("xapi-lab: {}", why.chain());
                            went_on_without(on.init.kill().doing(|| "ending init"));
                        }
                    }
                    State::Off(_) => match self.power_cycle() {
                        Ok(()) => self.switch_on(),
                        Err(why) => self.off(why.chain()),
                    },
                }
            }
            Request::Service(..) | Request::Power(_) => {
                control::reply(&mut client, &Reply::refused("that is init's business"));
            }
        }
    }

    fn switch_on(&mut self) {
        match self.spawn_init() {
            Ok(on) => self.power = State::On(Box::new(on)),
            Err(why) => self.off(why.chain()),
        }
    }

    /// Starts init as process 1 of a new PID namespace.
    fn spawn_init(&self) -> Result<On> {
        let log = open_log(&self.host)?;
        unshare(CloneFlags::CLONE_NEWPID).doing(|| "making a PID namespace")?;
        let spawned = Command::new("/proc/self/exe")
            .arg0("xapi-lab")
            .args([
                "__init",
                &self.host.lab.name.to_string(),
                &self.host.name.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn();
        // Our own children are the machine's again, and the next boot may have a namespace of its own.
        setns(&self.own_pids, CloneFlags::CLONE_NEWPID)
            .doing(|| "leaving the host's PID namespace")?;
        let mut init = spawned.doing(|| "starting init")?;
        let (Some(lifeline), Some(report)) = (init.stdin.take(), init.stdout.take()) else {
            return Err(Failure::new("init was started without its pipes"));
        };
        write_pid(&self.host, init.id())?;
        Ok(On {
            init,
            _lifeline: lifeline.into(),
            report: Some(BufReader::new(report)),
            outcome: None,
            rebooting: false,
        })
    }

    /// Gives the host a fresh network namespace with its NICs; all its other devices go with the old one.
    fn power_cycle(&self) -> Result<()> {
        let (old, new) = (self.host.netns(), self.host.next_netns());
        run(tool("ip").args(["netns", "add", &new]))?;
        move_nics(&self.host, &old, &new)?;
        run(tool("ip").args(["netns", "del", &old]))?;
        let (old_path, new_path) = (netns_path(&old), netns_path(&new));
        fs::write(&old_path, "").doing(|| format!("making {}", old_path.display()))?;
        nix::mount::mount(
            Some(&new_path),
            &old_path,
            None::<&str>,
            nix::mount::MsFlags::MS_BIND,
            None::<&str>,
        )
        .doing(|| format!("naming the namespace {old}"))?;
        run(tool("ip").args(["netns", "del", &new]))?;
        Ok(())
    }
}

enum Ending {
    Reboot,
    Off,
    Crash,
}

fn ending_of(status: ExitStatus) -> Ending {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(STATUS_REBOOT), _) => Ending::Reboot,
        (_, Some(signal)) if signal == Signal::SIGHUP as i32 => Ending::Reboot,
        (Some(STATUS_OFF), _) => Ending::Off,
        (_, Some(signal)) if signal == Signal::SIGINT as i32 => Ending::Off,
        _ => Ending::Crash,
    }
}

fn ask_init_to_reboot(host: &Host) -> Result<()> {
    let reply = control::answer(control::ask(
        &host.init_socket(),
        Request::Power(Power::Reboot),
    )?)?;
    if reply.done {
        Ok(())
    } else {
        Err(Failure::new(reply.text))
    }
}

fn write_pid(host: &Host, pid: u32) -> Result<()> {
    let path = host.init_pid_file();
    let next = path.with_extension("next");
    fs::write(&next, pid.to_string()).doing(|| format!("writing {}", next.display()))?;
    fs::rename(&next, &path).doing(|| format!("writing {}", path.display()))
}

fn forget_pid(host: &Host) -> Result<()> {
    match fs::remove_file(host.init_pid_file()) {
        Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
            Err(why).doing(|| "removing init.pid")
        }
        _ => Ok(()),
    }
}
