//! The process behind a guest. It is started by the daemon and outlives it: it says in the guest's folder which process
//! it is before it makes anything that would have to be cleared up, and then is the guest's network namespace, or
//! becomes QEMU.
//!
//! A namespace guest is spoken to like QEMU, in QMP over the socket that the process was given as standard input: it
//! can be stopped, asked for a NIC, and told to keep what it is asked for. What runs in its namespace is stopped and
//! ended with it.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{sethostname, setsid};
use serde_json::{Value, json};

use crate::folder::Folder;
use crate::link::{Links, guest_end};
use crate::process::{Identity, others_in};

/// The first argument by which a program is told to be a guest's process.
pub const WORD: &str = "guest-holder";
/// The longest command that is read.
const MAX_LINE: u64 = 64 << 10;
/// No guest's host name is longer.
const MAX_HOST_NAME: usize = 63;

/// Becomes a guest's process if this program was started for that: to be called first in `main`, before anything else
/// reads the arguments. `None` otherwise.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != WORD {
        return None;
    }
    Some(match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Standard error is the guest's log.
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    })
}

fn run(mut arguments: impl Iterator<Item = OsString>) -> io::Result<()> {
    let unfit = || io::Error::other("unfit arguments");
    let folder = Folder::at(&PathBuf::from(arguments.next().ok_or_else(unfit)?));
    let kind = arguments.next().ok_or_else(unfit)?;
    setsid()?;
    introduce(&folder)?;
    match kind.to_str() {
        Some("run") => {
            let program = arguments.next().ok_or_else(unfit)?;
            Err(Command::new(program).args(arguments).exec())
        }
        Some("namespace") => {
            let name = arguments.next().ok_or_else(unfit)?;
            let clings = arguments.next().is_some_and(|word| word == "clings");
            Holder::new(&host_name(&name.to_string_lossy()), clings)?.serve()
        }
        _ => Err(unfit()),
    }
}

/// Says which process this is, unless the guest was taken away while it was being started.
fn introduce(folder: &Folder) -> io::Result<()> {
    let Some(_lock) = folder.lock()? else {
        return Err(io::Error::other("the guest is not wanted any more"));
    };
    folder.save_process(&Identity::own()?)
}

/// A guest's name as a host name.
fn host_name(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = name.chars().take(MAX_HOST_NAME).map(fit).collect();
    match name.trim_matches('-') {
        "" => "guest".to_owned(),
        name => name.to_owned(),
    }
}

/// A guest that is a network namespace.
struct Holder {
    listener: UnixListener,
    namespace: File,
    links: Links,
    is_stopped: bool,
    has_run: bool,
    clings: bool,
    /// The NICs that it was asked for and still has.
    asked: BTreeSet<u32>,
}

impl Holder {
    fn new(name: &str, clings: bool) -> io::Result<Holder> {
        let listener = io::stdin().as_fd().try_clone_to_owned()?;
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWUTS)?;
        sethostname(name)?;
        let mut links = Links::open()?;
        links.bring_up("lo")?;
        Ok(Holder {
            listener: UnixListener::from(listener),
            namespace: File::open("/proc/self/ns/net")?,
            links,
            is_stopped: true,
            has_run: false,
            clings,
            asked: BTreeSet::new(),
        })
    }

    /// Speaks to one daemon after the other until one ends the guest.
    fn serve(mut self) -> io::Result<()> {
        loop {
            let (client, _) = self.listener.accept()?;
            match self.speak(&client) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                // The daemon has gone in the middle of something.
                Err(why) => eprintln!("a connection ended: {why}"),
            }
        }
    }

    /// Whether the guest shall end.
    fn speak(&mut self, client: &UnixStream) -> io::Result<bool> {
        let version = json!({"package": concat!("xapi-guest ", env!("CARGO_PKG_VERSION"))});
        say(
            client,
            &json!({"QMP": {"version": version, "capabilities": []}}),
        )?;
        let mut lines = BufReader::new(client);
        loop {
            let mut line = Vec::new();
            (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line)?;
            if line.last() != Some(&b'\n') {
                return Ok(false);
            }
            let command: Value = serde_json::from_slice(&line)?;
            let answer = self.answer(&command);
            let ends = matches!(answer, Answer::End);
            self.reply(client, &command["id"], answer)?;
            if ends {
                return Ok(true);
            }
            self.let_go(client)?;
        }
    }

    fn answer(&mut self, command: &Value) -> Answer {
        let arguments = &command["arguments"];
        let done = match command["execute"].as_str().unwrap_or_default() {
            "qmp_capabilities" => Ok(()),
            "stop" => self.hold(true),
            "cont" => self.hold(false),
            "query-status" => return Answer::Value(json!({"status": self.status()})),
            "device_del" => return self.ask(arguments["id"].as_str().unwrap_or_default()),
            "x-cling" => {
                self.clings = arguments["on"] == true;
                Ok(())
            }
            // A stopped machine does not feel its button.
            "system_powerdown" if self.is_stopped => Ok(()),
            "quit" | "system_powerdown" => match self.end_others() {
                Ok(()) => return Answer::End,
                Err(why) => Err(why),
            },
            other => {
                let said = format!("The command {other} has not been found");
                return Answer::Refused("CommandNotFound", said);
            }
        };
        match done {
            Ok(()) => Answer::Value(json!({})),
            Err(why) => Answer::Refused("GenericError", why.to_string()),
        }
    }

    fn reply(&self, client: &UnixStream, id: &Value, answer: Answer) -> io::Result<()> {
        let line = match answer {
            Answer::Value(value) => json!({"return": value, "id": id}),
            Answer::End => json!({"return": {}, "id": id}),
            Answer::Refused(class, said) => {
                json!({"error": {"class": class, "desc": said}, "id": id})
            }
        };
        say(client, &line)
    }

    fn status(&self) -> &'static str {
        match (self.is_stopped, self.has_run) {
            (false, _) => "running",
            (true, true) => "paused",
            (true, false) => "prelaunch",
        }
    }

    fn hold(&mut self, hold: bool) -> io::Result<()> {
        for process in others_in(&self.namespace, true)? {
            process.hold(hold)?;
        }
        self.is_stopped = hold;
        self.has_run |= !hold;
        Ok(())
    }

    fn end_others(&self) -> io::Result<()> {
        for process in others_in(&self.namespace, true)? {
            process.kill()?;
        }
        Ok(())
    }

    fn ask(&mut self, id: &str) -> Answer {
        let device = id.strip_prefix("nic").and_then(|text| text.parse().ok());
        let is_there = match device {
            Some(device) => self.links.is_there(&guest_end(device)),
            None => Ok(false),
        };
        match (is_there, device) {
            (Err(why), _) => Answer::Refused("GenericError", why.to_string()),
            (Ok(true), Some(device)) => {
                self.asked.insert(device);
                Answer::Value(json!({}))
            }
            _ => Answer::Refused("DeviceNotFound", format!("Device '{id}' not found")),
        }
    }

    /// Gives back what was asked for, unless it clings to it or can't do anything.
    fn let_go(&mut self, client: &UnixStream) -> io::Result<()> {
        if self.clings || self.is_stopped {
            return Ok(());
        }
        for device in std::mem::take(&mut self.asked) {
            self.links.remove(&guest_end(device))?;
            let data = json!({"device": format!("nic{device}")});
            say(client, &json!({"event": "DEVICE_DELETED", "data": data}))?;
        }
        Ok(())
    }
}

enum Answer {
    Value(Value),
    Refused(&'static str, String),
    End,
}

fn say(mut client: &UnixStream, line: &Value) -> io::Result<()> {
    client.write_all(format!("{line}\n").as_bytes())
}
