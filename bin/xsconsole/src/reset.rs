//! The emergency network reset: from the dialogue's answers to the steps that the reset's command does as well.

use std::path::Path;

use xapi_conf::pool_conf::PoolRole;
use xapi_conf::trigger;
use xapi_reset::{Afterwards, Host, Progress as Progressed, Step};

use crate::app::Event;
use crate::app::job::Progress;
use crate::app::reset::{Asked, Basis};
use crate::queue::Tell;
use crate::seen::clean;

/// Looks for what the dialogue starts from, and tells it.
pub fn prepare(root: &Path, tell: &Tell) {
    let basis = match Host::look(root) {
        Ok(host) => basis(&host),
        Err(why) => Basis {
            remarks: vec![clean(&why.to_string())],
            ..Basis::default()
        },
    };
    tell.event(Event::Basis(Box::new(basis)));
}

fn basis(host: &Host) -> Basis {
    let nics = host.nics().iter();
    let nics = nics.map(|nic| {
        let carrier = match nic.carrier {
            Some(true) => "carrier",
            Some(false) => "no carrier",
            None => "switched off",
        };
        let driver = nic
            .driver
            .iter()
            .map(|driver| format!(", {}", clean(driver)));
        let words = format!("{carrier}, {}{}", nic.mac, driver.collect::<String>());
        (nic.name.as_str().to_owned(), words)
    });
    let device = host.default_device();
    let mut remarks: Vec<String> = host.notes().iter().map(|note| clean(note)).collect();
    if let Some(device) = device
        .as_deref()
        .filter(|device| host.nic(device).is_none())
    {
        remarks.push(format!(
            "{device} carried management, and this host has no such NIC now."
        ));
    }
    Basis {
        nics: nics.collect(),
        device,
        vlan: host.default_vlan(),
        master: match host.role() {
            Some(PoolRole::Slave(master)) => Some(clean(master)),
            _ => None,
        },
        remarks,
    }
}

/// Carries the reset out, and tells how far it is, and what came of it.
pub fn run(root: &Path, asked: &Asked, tell: &Tell) -> Result<String, String> {
    let outcome = run_steps(root, asked, tell).and_then(|()| match asked.reboot {
        true => {
            Ok("The host restarts now. Its network is reset when the daemon starts.".to_owned())
        }
        false => is_done(root),
    });
    tell.event(Event::Ended(outcome.clone()));
    outcome
}

/// Whether the daemon has done its part: it removes the trigger then, and no sooner.
fn is_done(root: &Path) -> Result<String, String> {
    let left = trigger::PATHS.iter().find(|path| {
        let path = root.join(path.trim_start_matches('/'));
        path.symlink_metadata().is_ok()
    });
    match left {
        None => Ok("The daemon has been started, and has reset the network.".to_owned()),
        Some(path) => Err(format!(
            "The daemon has been started, and the reset is not finished: {path} is still there. Alerts and the daemon's \
             log say why; it tries again at its next start."
        )),
    }
}

fn run_steps(root: &Path, asked: &Asked, tell: &Tell) -> Result<(), String> {
    let host = Host::look(root).map_err(|why| why.to_string())?;
    let asked = xapi_reset::Asked {
        management: asked.management.clone(),
        master: asked.master.clone(),
        keep: asked.keep,
        afterwards: match asked.reboot {
            true => Afterwards::Reboot,
            false => Afterwards::RestartDaemon,
        },
    };
    let steps = xapi_reset::steps(&host, &asked);
    let told = |at, says: Option<String>, progress| {
        // The reset goes on, whether anybody watches or not.
        tell.event(Event::Step(at, says, progress));
    };
    for (at, step) in steps.iter().enumerate() {
        told(at, Some(step.to_string()), Progress::Waiting);
    }
    let place = |step: &Step| steps.iter().position(|known| known == step).unwrap_or(0);
    let note = |text: String| {
        tell.event(Event::Note(clean(&text)));
    };
    let done = xapi_reset::run(&host, &asked, &mut |step, progress| match progress {
        Progressed::Begins => told(place(step), None, Progress::Doing),
        Progressed::Done => told(place(step), None, Progress::Done),
        Progressed::Note(text) => note(text),
        Progressed::GoesOn(why) => note(format!("{why} (the reset goes on)")),
    });
    done.map_err(|failed| {
        if let xapi_reset::Failed::At { step, why } = &failed {
            told(place(step), None, Progress::Failed(clean(why)));
        }
        let why = clean(&failed.to_string());
        format!("The reset has stopped: {why}. To do it again, once the reason is gone, is safe.")
    })
}
