//! Two masters of one pool: the one of the earlier term looks for the other, and steps down.

use std::sync::Arc;
use std::time::Duration;

use xapi_db::Read;
use xapi_link::{Dial, Hello, Limits};
use xapi_model::{Host, errors};

use super::link::{PORT, Silent, fingerprints, pool_uuid, secret_of, version};
use super::role::Role;
use super::secret;
use crate::context::Core;
use crate::{Result, certificates};

/// How long a host may take to say whether it is another master.
const PROBE: Duration = Duration::from_millis(900);

/// How often a master looks for another one.
const ANOTHER: Duration = Duration::from_secs(10);

/// Looks for another master of this pool: after a transition that this host has not heard of there are two. The one of the
/// later term stays; this host steps down if it is the other, and keeps what it has committed meanwhile in a file.
/// Whether it steps down.
pub fn yield_to_another(core: &Arc<Core>) -> Result<bool> {
    if core.pool.standing.role() != Role::Master {
        return Ok(false);
    }
    let Some((host, address)) = later_master(core)? else {
        return Ok(false);
    };
    tracing::error!(
        "{host} at {address} is the master of this pool since a later term: stepping down"
    );
    super::transition::obey(core, address)?;
    Ok(true)
}

/// The UUID and the address of another master of this pool, of a later term than this host's.
pub(super) fn later_master(core: &Core) -> Result<Option<(String, String)>> {
    let (here, view) = (core.localhost()?, core.view()?);
    let mut addresses = Vec::new();
    for (host, row) in view.all::<Host>()? {
        if host != here && !row.address.is_empty() && core.pool.agent(&host).is_err() {
            addresses.push(row.address);
        }
    }
    drop(view);
    let Some(secret) = secret::find(&core.config)?.filter(|_| !addresses.is_empty()) else {
        return Ok(None);
    };
    let (pool, uuid, term) = (pool_uuid(core)?, core.own_uuid()?, core.store.term());
    let dial = |address: String| -> Result<Dial> {
        Ok(Dial {
            address,
            port: PORT,
            identity: certificates::of_link(core)?,
            secret: secret_of(&secret),
            hello: Hello {
                pool: pool.clone(),
                host: uuid.clone(),
                // To be told who is there, and no more.
                joining: true,
                position: None,
                version: version(),
            },
            fingerprints: Some(fingerprints(core, None)?),
            within: PROBE,
            limits: Limits::default(),
        })
    };
    let dials = addresses
        .into_iter()
        .map(dial)
        .collect::<Result<Vec<_>>>()?;
    let found = std::thread::scope(|scope| {
        let asked: Vec<_> = dials
            .iter()
            .map(|dial| scope.spawn(|| (dial.address.clone(), dial.connect(Arc::new(Silent)))))
            .collect();
        let answers = asked.into_iter().filter_map(|asked| asked.join().ok());
        let masters = answers.filter_map(|(address, line)| {
            let line = line.ok()?;
            let welcome = line.peer().welcome.clone()?;
            line.close("it was only asked who is there");
            Some((welcome.term, welcome.host, address))
        });
        masters.collect::<Vec<_>>()
    });
    // Of the same term none has heard of the other: the one whose UUID is the smaller stays.
    let later = found
        .into_iter()
        .filter(|(its, host, _)| *its > term || (*its == term && *host < uuid))
        .max_by_key(|(its, ..)| *its);
    Ok(later.map(|(_, host, address)| (host, address)))
}

/// Looks for another master until the daemon ends.
pub fn watch_for_another(core: &Arc<Core>) -> Result<()> {
    if core.pool.standing.role() != Role::Master {
        return Ok(());
    }
    let core = Arc::clone(core);
    let watch = move || {
        while !core.is_ending() {
            core.wait_for_end(ANOTHER);
            match yield_to_another(&core) {
                Ok(false) => {}
                Ok(true) => return,
                Err(why) => tracing::warn!("whether there is another master is not known: {why}"),
            }
        }
    };
    std::thread::Builder::new()
        .name("another master".to_owned())
        .spawn(watch)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))
}
