//! What pool.conf says while the daemon runs. One writes it at a time, and whoever writes because of what he has read says
//! what that was: what an operator has decided meanwhile stays.

use std::sync::{Mutex, MutexGuard, PoisonError};

use xapi_conf::pool_conf::PoolRole;
use xapi_model::errors;

use super::leaving;
use super::role::Role;
use crate::Result;
use crate::context::Core;

/// Who writes pool.conf takes turns at this.
#[derive(Default)]
pub(crate) struct Charter(Mutex<u64>);

/// The file in the hands of the one who may write it.
pub(super) struct Open<'a> {
    core: &'a Core,
    /// How often somebody has decided since the daemon began.
    decided: MutexGuard<'a, u64>,
}

/// Takes the file; whoever else wants to write it waits.
pub(super) fn open(core: &Core) -> Open<'_> {
    let decided = core.pool.charter.0.lock();
    Open {
        core,
        decided: decided.unwrap_or_else(PoisonError::into_inner),
    }
}

impl Open<'_> {
    /// What it says; nothing if there is none, or nobody can tell.
    pub(super) fn says(&self) -> Option<PoolRole> {
        let path = self.core.config.pool_conf();
        PoolRole::read(&path).unwrap_or_else(|why| {
            tracing::error!("{} {why}", path.display());
            None
        })
    }

    /// How often somebody has decided what this host is: another number says that somebody has in between.
    pub(super) fn decisions(&self) -> u64 {
        *self.decided
    }

    /// Whether it says what this daemon goes by. If not the next start is about to be something else.
    pub(super) fn holds(&self) -> bool {
        match (self.says(), self.core.pool.standing.role()) {
            (Some(PoolRole::Master), Role::Master) | (Some(PoolRole::Broken), Role::Broken) => true,
            (Some(PoolRole::Slave(says)), Role::Slave(is)) => says == is,
            _ => false,
        }
    }

    /// Writes what this host is from its next start on.
    pub(super) fn decide(&mut self, role: &PoolRole) -> Result<()> {
        // What was noted of leaving was never decided.
        leaving::forget(&self.core.config)?;
        self.decided(role)
    }

    /// The next start is the first one of a host that has left its pool.
    pub(super) fn leave(&mut self) -> Result<()> {
        self.decided(&PoolRole::Master)
    }

    fn decided(&mut self, role: &PoolRole) -> Result<()> {
        self.write(role)?;
        *self.decided += 1;
        tracing::warn!("from now on: {role}");
        Ok(())
    }

    /// The master that this slave obeys is elsewhere: the next start looks there first. False if the file says by now
    /// something else than where it was.
    pub(super) fn moved(&mut self, was: &str, is: &str) -> Result<bool> {
        if self.says() != Some(PoolRole::Slave(was.to_owned())) {
            return Ok(false);
        }
        self.write(&PoolRole::Slave(is.to_owned()))?;
        Ok(true)
    }

    fn write(&self, role: &PoolRole) -> Result<()> {
        let path = self.core.config.pool_conf();
        role.write(&path)
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
    }
}
