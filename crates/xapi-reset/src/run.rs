//! Doing the steps.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;
use xapi_conf::inventory::{
    self, CURRENT_INTERFACES, Inventory, MANAGEMENT_ADDRESS_TYPE, MANAGEMENT_INTERFACE,
};
use xapi_conf::management::{Ipv4, Ipv6};
use xapi_conf::pool_conf::{self, PoolRole};
use xapi_conf::trigger::{self, Prepared, Trigger};
use xapi_conf::{file, management_conf};
use xapi_net::agent::{Agent, Outcome, Request};
use xapi_net::topology::{Name, Topology};

use crate::host::Host;
use crate::machine::{LocalMachine, Machine};
use crate::step::{LAST_TOPOLOGY, NETWORKD, Step, role_asked, steps};
use crate::wanted::{Asked, Refused};

/// How long the management interface may take, waiting for a lease included. It gets one later as well.
const WITHIN: Duration = Duration::from_secs(30);

/// What is told of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It begins.
    Begins,
    /// Something that it did or found, in a sentence.
    Note(String),
    /// It could not be done, and the reset goes on all the same, because what follows can mend it.
    GoesOn(String),
    /// It is done.
    Done,
}

/// Why a reset has stopped. To do it again, once the reason is gone, is safe.
#[derive(Debug, Error)]
pub enum Failed {
    /// Nothing was begun.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// At a step.
    #[error("could not {step}: {why}")]
    At {
        /// The step.
        step: Step,
        /// The reason.
        why: String,
    },
}

/// Does the steps on this machine. `tell` hears of each; whatever it shows, it should not be long.
pub fn run(
    host: &Host,
    asked: &Asked,
    tell: &mut dyn FnMut(&Step, Progress),
) -> Result<(), Failed> {
    let mut machine = LocalMachine::new(&host.root, host.network.clone());
    run_on(host, asked, &mut machine, tell)
}

/// Does the steps on a machine.
pub fn run_on(
    host: &Host,
    asked: &Asked,
    machine: &mut dyn Machine,
    tell: &mut dyn FnMut(&Step, Progress),
) -> Result<(), Failed> {
    asked.check(host)?;
    let topology = asked.topology(host)?;
    let swept = trigger::sweep(&host.root);
    // While the daemon still runs: a disk that is full must not leave the host without one.
    let mut trigger = Some(prepared(host, asked)?);
    let mut is_stopped = false;
    for step in steps(host, asked) {
        tell(&step, Progress::Begins);
        let mut doing = Doing {
            host,
            asked,
            topology: &topology,
            trigger: &mut trigger,
            swept: &swept,
            tell: &mut |progress| tell(&step, progress),
        };
        is_stopped |= step == Step::StopDaemon;
        if let Err(mut why) = doing.step(&step, machine) {
            if is_stopped {
                why.push_str(&left(&host.root));
            }
            return Err(Failed::At { step, why });
        }
        tell(&step, Progress::Done);
    }
    Ok(())
}

fn prepared(host: &Host, asked: &Asked) -> Result<Prepared, Failed> {
    let wanted = Trigger {
        management: asked.management.clone(),
        keep: asked.keep,
    };
    trigger::prepare(&host.root, &wanted).map_err(|why| Failed::At {
        step: Step::WriteTrigger,
        why: format!("{}: {why}; nothing was changed", trigger::PATHS[0]),
    })
}

/// How a host is left by a reset that stops after the daemon has.
fn left(root: &Path) -> String {
    let mut text = ". The daemon is stopped".to_owned();
    if let Some(pending) = trigger::find(root).chosen {
        let path = pending.path.display();
        let device = pending.trigger.management.device;
        text.push_str(&format!(
            ", and its next start does what {path} asks for (management on {device})"
        ));
    }
    text
}

struct Doing<'a> {
    host: &'a Host,
    asked: &'a Asked,
    topology: &'a Topology,
    trigger: &'a mut Option<Prepared>,
    /// What resets that were killed had left of theirs.
    swept: &'a [(PathBuf, io::Result<()>)],
    tell: &'a mut dyn FnMut(Progress),
}

impl Doing<'_> {
    fn step(&mut self, step: &Step, machine: &mut dyn Machine) -> Result<(), String> {
        match step {
            Step::WritePoolConf { master } => {
                let path = self.place(pool_conf::PATH)?;
                let role = PoolRole::Slave(master.clone());
                written(&path, role.write(&path))
            }
            Step::StopDaemon => {
                let notes = machine.stop_daemon()?;
                self.notes(notes);
                self.keep_master()
            }
            Step::RemoveNetworkd => {
                let path = self.path(NETWORKD);
                match file::remove(&path) {
                    Ok(true) => self.notes(vec![format!("{} is removed", path.display())]),
                    Ok(false) => {}
                    // Only another toolstack reads it.
                    Err(why) => self.goes_on(format!("{}: {why}", path.display())),
                }
                Ok(())
            }
            Step::FreeNic { device } => {
                let nic = Name::new(device).map_err(|why| why.to_string())?;
                let bridges = self.asked.bridges().map_err(|why| why.to_string())?;
                match machine.free_nic(&nic, &bridges) {
                    Ok(notes) => self.notes(notes),
                    Err(why) => self.goes_on(why),
                }
                Ok(())
            }
            Step::Reconfigure { bridge, .. } => {
                match machine.agent() {
                    Ok(agent) => self.reconfigure(&*agent, bridge),
                    Err(why) => self.goes_on(why),
                }
                Ok(())
            }
            Step::KeepTopology => {
                let path = self.place(LAST_TOPOLOGY)?;
                let text = self.topology.to_text().map_err(|why| why.to_string())?;
                written(&path, file::write(&path, text.as_bytes(), 0o644))
            }
            Step::WriteManagementConf => {
                let path = self.place(management_conf::PATH)?;
                let wanted = &self.asked.management;
                written(&path, management_conf::write(&path, wanted))
            }
            Step::WriteInventory { bridge } => self.write_inventory(bridge),
            Step::WriteTrigger => {
                for (path, outcome) in self.swept {
                    let path = path.display();
                    match outcome {
                        Ok(()) => self.notes(vec![format!(
                            "{path}, which a reset that was killed has left, is removed"
                        )]),
                        Err(why) => self.goes_on(format!("{path}: {why}")),
                    }
                }
                let path = self.path(trigger::PATHS[0]);
                let put = self.trigger.take().map(Prepared::put).transpose();
                written(&path, put.map(|_| ()))
            }
            Step::Reboot => machine.reboot(),
            Step::StartDaemon => machine.start_daemon(),
        }
    }

    /// The daemon may have found its master somewhere at its last moment, and written that over what is asked for.
    fn keep_master(&mut self) -> Result<(), String> {
        let Some(role) = role_asked(self.host, self.asked) else {
            return Ok(());
        };
        let path = self.place(pool_conf::PATH)?;
        if let Ok(Some(now)) = PoolRole::read(&path)
            && now == role
        {
            return Ok(());
        }
        written(&path, role.write(&path))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.host.root.join(path.trim_start_matches('/'))
    }

    /// Where a file is to be written. A folder in its place goes aside.
    fn place(&mut self, path: &str) -> Result<PathBuf, String> {
        let path = self.path(path);
        if std::fs::symlink_metadata(&path).is_ok_and(|held| held.is_dir()) {
            self.set_aside(&path)?;
        }
        Ok(path)
    }

    /// Gives what cannot be used another name.
    fn set_aside(&mut self, path: &Path) -> Result<(), String> {
        let aside = file::set_aside(path).map_err(|why| format!("{}: {why}", path.display()))?;
        self.notes(vec![format!(
            "{} is now {}",
            path.display(),
            aside.display()
        )]);
        Ok(())
    }

    fn notes(&mut self, notes: Vec<String>) {
        for note in notes {
            (self.tell)(Progress::Note(note));
        }
    }

    fn goes_on(&mut self, why: String) {
        (self.tell)(Progress::GoesOn(why));
    }

    /// Whatever comes of it, the rest follows: at its next start the daemon tries again.
    fn reconfigure(&mut self, agent: &dyn Agent, bridge: &str) {
        let request = Request {
            within: WITHIN,
            ..Request::what_can(self.topology.clone())
        };
        match agent.converge(request) {
            Ok(outcome) => self.tell_outcome(&outcome, bridge),
            Err(why) => self.goes_on(why.to_string()),
        }
    }

    fn tell_outcome(&mut self, outcome: &Outcome, bridge: &str) {
        for left in &outcome.left_out {
            self.goes_on(format!("{}: {}", left.part, left.why));
        }
        let mut bridges = outcome.facts.bridges.iter();
        let Some((_, found)) = bridges.find(|(name, _)| name.as_str() == bridge) else {
            return self.goes_on(format!("{bridge} is not there"));
        };
        let wanted = &self.asked.management;
        for (is_asked, lease, family) in [
            (wanted.ipv4 == Some(Ipv4::Dhcp), &found.lease_v4, "IPv4"),
            (wanted.ipv6 == Some(Ipv6::Dhcp), &found.lease_v6, "IPv6"),
        ] {
            if is_asked && lease.is_none() {
                let seconds = WITHIN.as_secs();
                self.goes_on(format!(
                    "no DHCP server has given {bridge} an address of {family} within {seconds} s"
                ));
            }
        }
        let addresses: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
        match addresses.is_empty() {
            false => self.notes(vec![format!("{bridge} has {}", addresses.join(" and "))]),
            true if wanted.ipv6 == Some(Ipv6::Autoconf) => self.notes(vec![format!(
                "{bridge} gets an address when a router advertises its network"
            )]),
            true => self.goes_on(format!("{bridge} has no address yet")),
        }
    }

    fn write_inventory(&mut self, bridge: &str) -> Result<(), String> {
        let path = self.place(inventory::PATH)?;
        let mut inventory = match Inventory::read(&path) {
            Ok(inventory) => inventory,
            Err(why) => {
                self.goes_on(format!("{}: {why}; it is made anew", path.display()));
                self.set_aside(&path)?;
                Inventory::empty(&path)
            }
        };
        inventory.set(MANAGEMENT_INTERFACE, bridge);
        inventory.set(CURRENT_INTERFACES, "");
        let family = match self.asked.management.is_ipv6_first() {
            true => "IPv6",
            false => "IPv4",
        };
        inventory.set(MANAGEMENT_ADDRESS_TYPE, family);
        written(&path, inventory.write())
    }
}

fn written(path: &Path, outcome: io::Result<()>) -> Result<(), String> {
    outcome.map_err(|why| format!("{}: {why}", path.display()))
}
