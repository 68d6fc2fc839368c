//! The commands of a host that are this program under another name: `service`, `systemctl`, `reboot`, `poweroff`,
//! `halt`, `shutdown`. They ask the host's init, so none of them can reach the machine.

use std::path::Path;

use crate::control::{self, Action, Power, Reply, Request, Service};
use crate::failure::{Failure, Result};
use crate::init::SOCKET;

/// Runs the command this program was called as, if it is one of them, and returns its exit status.
pub fn run(called: &str, arguments: &[String]) -> Option<i32> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match called {
        "service" => service(&words),
        "systemctl" => systemctl(&words),
        "reboot" => power(if forced(&words) {
            Power::RebootNow
        } else {
            Power::Reboot
        }),
        "poweroff" | "halt" => power(Power::Off),
        "shutdown" if words.contains(&"-r") => power(Power::Reboot),
        "shutdown" => power(Power::Off),
        _ => return None,
    };
    Some(outcome.unwrap_or_else(|why| {
        eprintln!("{called}: {}", why.chain());
        1
    }))
}

fn forced(words: &[&str]) -> bool {
    words.iter().any(|word| {
        *word == "--force"
            || (word.starts_with('-') && !word.starts_with("--") && word.contains('f'))
    })
}

fn power(power: Power) -> Result<i32> {
    told(Request::Power(power))?;
    // The host ends under us; whoever looks at our status first sees success.
    Ok(0)
}

/// `service NAME start|stop|restart|status`, with the lines an administrator of these hosts knows.
fn service(words: &[&str]) -> Result<i32> {
    let (name, action) = match words {
        ["--status-all"] => return status_of_all(),
        [name, action] => (*name, *action),
        _ => {
            return Err(Failure::new(
                "usage: service NAME start|stop|restart|status|kill",
            ));
        }
    };
    let Some(service) = Service::named(name) else {
        return Err(Failure::new(format!(
            "{name}: unrecognized service; this host has xapi and openvswitch"
        )));
    };
    match action {
        "start" => Ok(start(service)),
        "stop" => Ok(stop(service)),
        "restart" | "force-reload" => {
            let stopped = stop(service);
            let started = start(service);
            Ok(if stopped != 0 { stopped } else { started })
        }
        "kill" => told(Request::Service(service, Action::Kill)).map(|_| 0),
        "status" => {
            let reply = asked(Request::Service(service, Action::Status))?;
            println!("{}", reply.text);
            Ok(if reply.done { 0 } else { 3 })
        }
        _ => Err(Failure::new(format!(
            "{name} knows start, stop, restart, status and kill, not {action}"
        ))),
    }
}

fn status_of_all() -> Result<i32> {
    for service in [Service::Openvswitch, Service::Xapi] {
        let runs = asked(Request::Service(service, Action::Status))?.done;
        println!(" [ {} ]  {}", if runs { '+' } else { '-' }, service.name());
    }
    Ok(0)
}

fn start(service: Service) -> i32 {
    print!("Starting {}: ", service.name());
    outcome(told(Request::Service(service, Action::Start)), "OK ")
}

fn stop(service: Service) -> i32 {
    print!("Stopping {}: ", service.name());
    outcome(told(Request::Service(service, Action::Stop)), ".. ")
}

fn outcome(done: Result<Reply>, progress: &str) -> i32 {
    match done {
        Ok(_) => {
            println!("{progress}[ OK ]");
            0
        }
        Err(why) => {
            println!("[FAILED]");
            eprintln!("{}", why.chain());
            1
        }
    }
}

/// The few verbs of systemctl that scripts for these hosts use.
fn systemctl(words: &[&str]) -> Result<i32> {
    let plain: Vec<_> = words
        .iter()
        .copied()
        .filter(|word| !word.starts_with('-'))
        .collect();
    match plain.as_slice() {
        ["reboot"] => power(if forced(words) {
            Power::RebootNow
        } else {
            Power::Reboot
        }),
        ["poweroff" | "halt"] => power(Power::Off),
        ["daemon-reload"] => Ok(0),
        [action, names @ ..] if !names.is_empty() => {
            let mut status = 0;
            for name in names {
                let one = systemctl_service(action, name)?;
                status = if one == 0 { status } else { one };
            }
            Ok(status)
        }
        _ => Err(Failure::new(
            "this host has no systemd; start, stop, restart, status and is-active work for xapi and openvswitch",
        )),
    }
}

fn systemctl_service(action: &str, name: &str) -> Result<i32> {
    let Some(service) = Service::named(name) else {
        // As systemctl has it, so that scripts which stop services that were split off later go on.
        eprintln!("Unit {name} not loaded.");
        return Ok(5);
    };
    let ask = |action| told(Request::Service(service, action)).map(|_| 0);
    match action {
        "start" => ask(Action::Start),
        "stop" => ask(Action::Stop),
        "restart" => ask(Action::Stop).and_then(|_| ask(Action::Start)),
        "kill" => ask(Action::Kill),
        "is-active" | "status" => {
            let reply = asked(Request::Service(service, Action::Status))?;
            println!("{}", if reply.done { "active" } else { "inactive" });
            Ok(if reply.done { 0 } else { 3 })
        }
        "enable" | "disable" => Ok(0),
        _ => Err(Failure::new(format!(
            "this host has no systemd, and knows no '{action}'"
        ))),
    }
}

fn asked(request: Request) -> Result<Reply> {
    let socket = Path::new(SOCKET);
    if !socket.exists() {
        return Err(Failure::new("this is no host of a lab"));
    }
    control::answer(control::ask(socket, request)?)
}

fn told(request: Request) -> Result<Reply> {
    let reply = asked(request)?;
    if reply.done {
        Ok(reply)
    } else {
        Err(Failure::new(reply.text))
    }
}
