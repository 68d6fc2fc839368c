//! The emergency network reset, from the dialogue's answers to the steps of the reset's command.

use std::path::Path;

use xapi_conf::management_conf::{self, ManagementConf};
use xapi_conf::pool_conf::{self, PoolRole};

use crate::app::Event;
use crate::app::reset::{Asked, Basis};
use crate::work::{Tell, kernel};

/// Looks for what the dialogue starts from, and tells it.
pub fn prepare(root: &Path, tell: &Tell) {
    let below = |path: &str| root.join(path.trim_start_matches('/'));
    let seen = kernel::look(root);
    let mut basis = Basis {
        nics: seen
            .nics
            .iter()
            .map(|nic| (nic.name.clone(), format!("{}, {}", nic.link(), nic.mac)))
            .collect(),
        ..Basis::default()
    };
    match ManagementConf::read(&below(management_conf::PATH)) {
        Ok(conf) => (basis.device, basis.vlan) = (conf.device(), conf.vlan()),
        Err(why) => basis
            .remarks
            .push(format!("{}: {why}", management_conf::PATH)),
    }
    match PoolRole::read(&below(pool_conf::PATH)) {
        Ok(Some(PoolRole::Slave(master))) => basis.master = Some(master),
        Ok(_) => {}
        Err(why) => basis.remarks.push(format!("{} {why}", pool_conf::PATH)),
    }
    drop(tell.send(Event::Basis(Box::new(basis))));
}

/// Carries the reset out, and tells how far it is.
pub fn run(_root: &Path, _asked: &Asked, tell: &Tell) {
    let why = "This console cannot do it yet: type xe-reset-networking in a shell.";
    drop(tell.send(Event::Ended(Err(why.to_owned()))));
}
