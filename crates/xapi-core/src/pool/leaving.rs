//! This host leaves its pool: it begins anew as the master of one of its own, reached by the same address on one NIC.
//!
//! What is to become of it is noted first, and then pool.conf decides: from when that says master the host has left, and
//! what is left to do the next start does before it opens a database. So whatever is cut leaves a slave as it was, or a
//! host that goes on with leaving when it starts.

use std::io::{self, ErrorKind};

use xapi_conf::inventory::{self, Inventory};
use xapi_conf::management::bridge_of;
use xapi_conf::pool_conf::PoolRole;
use xapi_conf::trigger::{self, Trigger};
use xapi_conf::{file, management_conf};
use xapi_model::{ApiError, errors};

use super::{charter, secret, transition};
use crate::context::Core;
use crate::{Config, Result, files};

/// What is longer was noted by nobody.
const LIMIT: u64 = trigger::LIMIT;

/// Decides that this host leaves, and that its next start resets the network as a trigger says. An error says that it stays
/// as it was.
pub(super) fn decide(core: &Core, text: &str) -> Result<()> {
    let mut charter = charter::open(core);
    transition::undecided(&charter)?;
    parsed(text.as_bytes())?;
    let path = core.config.leaving();
    file::write(&path, text.as_bytes(), 0o644)
        .map_err(failed(&format!("{} is not written", path.display())))?;
    charter.leave().or_else(|why| match charter.says() {
        Some(PoolRole::Master) => {
            tracing::error!("{why}; it says so all the same");
            Ok(())
        }
        _ => {
            // If it stays nobody goes by it, and who decides next removes it.
            if let Err(why) = forget(&core.config) {
                tracing::error!("{why}");
            }
            Err(why)
        }
    })?;
    tracing::warn!("this host leaves its pool");
    Ok(())
}

/// That this host leaves is not decided, or it is done.
pub(super) fn forget(config: &Config) -> Result<()> {
    let path = config.leaving();
    file::remove(&path)
        .map(drop)
        .map_err(failed(&format!("{} is not removed", path.display())))
}

/// Before a start opens the database: a host that has decided to leave does it. An error says that it is not at its end; to
/// start all the same would be to take the pool over.
pub fn go_on(config: &Config) -> Result<()> {
    let path = config.leaving();
    let text = match file::read(&path, LIMIT) {
        Ok(text) => text,
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(()),
        Err(why) => return Err(failed(&format!("{} is not read", path.display()))(why)),
    };
    let role = PoolRole::read(&config.pool_conf())
        .map_err(|why| errors::internal_error(format!("{} {why}", config.pool_conf().display())))?;
    if role == Some(PoolRole::Master) {
        tracing::warn!("this host has left its pool, and begins anew");
        // First, so that whoever has to mend what follows has no host with the pool's rows and its secret.
        forget_pool(config)?;
        begin_anew(config, &parsed(&text)?)?;
    }
    forget(config)
}

fn forget_pool(config: &Config) -> Result<()> {
    files::set_database_aside(config, "left-pool").map_err(failed("the pool's database stays"))?;
    for path in [
        config.pool_token(),
        secret::previous(config),
        config.joined_pool(),
        config.stepped_down(),
        config.moved_management(),
    ] {
        file::remove(&path).map_err(failed(&format!("{} is not removed", path.display())))?;
    }
    Ok(())
}

/// The start that follows is a first one, and resets the network.
fn begin_anew(config: &Config, trigger: &Trigger) -> Result<()> {
    management_conf::write(&config.path(management_conf::PATH), &trigger.management)
        .map_err(failed("management.conf is not written"))?;
    let mut inventory =
        Inventory::read(&config.inventory()).map_err(failed("the inventory is not read"))?;
    let bridge = bridge_of(&trigger.management.device);
    inventory.set(inventory::MANAGEMENT_INTERFACE, &bridge);
    inventory.set("CURRENT_INTERFACES", "");
    inventory
        .write()
        .map_err(failed("the inventory is not written"))?;
    trigger::write(&config.root, trigger)
        .map(drop)
        .map_err(failed("the trigger is not written"))
}

fn parsed(text: &[u8]) -> Result<Trigger> {
    match trigger::parse(text) {
        Ok((trigger, _)) => Ok(trigger),
        Err(_) => Err(errors::internal_error(
            "the trigger says nothing that can be done",
        )),
    }
}

fn failed(what: &str) -> impl FnOnce(io::Error) -> ApiError {
    let what = what.to_owned();
    move |why| errors::internal_error(format!("{what}: {why}"))
}
