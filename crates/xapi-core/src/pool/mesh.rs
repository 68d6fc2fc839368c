//! The ends of a tunnel network are each to each: when one comes, goes or gets another address, the other hosts that have
//! the network follow. A host that is not linked follows when it is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_model::{Class, Host, Network, Pif, Ref, Tunnel, TunnelProtocol, errors};

use super::role::Role;
use crate::context::Core;
use crate::topology::address_of;
use crate::{Result, startup};

/// Hosts that follow at once.
const AT_ONCE: usize = 16;

/// How often a host that could not follow tries it again.
const AGAIN: Duration = Duration::from_secs(5);

/// One end of a network: the host, how packets travel, and where to.
type End = (Ref<Host>, TunnelProtocol, Option<IpAddr>);

/// The ends of each network that has any.
type Ends = BTreeMap<Ref<Network>, BTreeSet<End>>;

fn ends(rows: &impl Read) -> Result<Ends> {
    let mut ends = Ends::new();
    for (_, tunnel) in rows.all::<Tunnel>()? {
        let access = rows.get(&tunnel.access_pif)?;
        let address = address_of(&rows.get(&tunnel.transport_pif)?);
        let of_network = ends.entry(access.network).or_default();
        of_network.insert((access.host, tunnel.protocol, address));
    }
    Ok(ends)
}

/// The hosts that have a network whose ends are others now.
fn behind(before: &Ends, now: &Ends) -> BTreeSet<Ref<Host>> {
    let changed = now
        .iter()
        .filter(|(network, ends)| before.get(*network) != Some(*ends));
    let hosts = changed.flat_map(|(_, ends)| ends.iter().map(|(host, ..)| host.clone()));
    hosts.collect()
}

/// Until the daemon ends: has the hosts follow. Nothing on a slave.
pub fn keep(core: &Arc<Core>) -> Result<()> {
    if core.pool.standing.role() != Role::Master {
        return Ok(());
    }
    let core = Arc::clone(core);
    let keep = move || {
        while let Err(why) = follow(&core) {
            tracing::error!("tunnels do not follow the other ends for a moment: {why}");
            core.wait_for_end(AGAIN);
            if core.is_ending() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("tunnels".to_owned())
        .spawn(keep)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))
}

fn follow(core: &Core) -> Result<()> {
    let mut commits = core.store.subscribe();
    let mut seen = core.store.generation();
    let mut known = ends(&core.view()?)?;
    // Something may have changed since this host was made to look as its rows say.
    let mut late = behind(&Ends::new(), &known);
    let mut due = Instant::now();
    while !core.is_ending() {
        core.wait_for_commit(&mut commits, AGAIN)?;
        let since = std::mem::replace(&mut seen, core.store.generation());
        let of_tunnels = [Tunnel::DESC, Pif::DESC];
        if of_tunnels
            .iter()
            .any(|class| core.store.touched(class, since))
        {
            let now = ends(&core.view()?)?;
            let mut others = behind(&known, &now);
            if !others.is_empty() {
                due = Instant::now();
            }
            late.append(&mut others);
            known = now;
        }
        // One that hands the pool over changes nothing any more.
        let is_due = Instant::now() >= due && core.pool.standing.role() == Role::Master;
        if !late.is_empty() && is_due {
            late = catch_up(core, &late)?;
            due = Instant::now() + AGAIN;
        }
    }
    Ok(())
}

/// Has hosts look as their rows say; those that could not. One that takes its time keeps no other waiting that has a place.
fn catch_up(core: &Core, hosts: &BTreeSet<Ref<Host>>) -> Result<BTreeSet<Ref<Host>>> {
    let view = core.view()?;
    // One that is not there does it when it is.
    let there = |host: &&Ref<Host>| {
        view.exists(*host).is_ok_and(|is| is) && core.agent_of(&view, host).is_ok()
    };
    let there: Vec<_> = hosts.iter().filter(there).collect();
    let left = Mutex::new(there.iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let late = Mutex::new(BTreeSet::new());
    let work = || {
        while let Some(host) = next() {
            if !follows(core, host) {
                let mut late = late.lock().unwrap_or_else(PoisonError::into_inner);
                late.insert((*host).clone());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE.min(there.len()) {
            scope.spawn(work);
        }
    });
    Ok(late.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Whether a host looks as its rows say now.
fn follows(core: &Core, host: &Ref<Host>) -> bool {
    match catch_unwind(AssertUnwindSafe(|| one(core, host))) {
        Ok(Ok(())) => true,
        Ok(Err(why)) => {
            tracing::warn!("{host}: does not follow the other ends of its tunnels: {why}");
            false
        }
        Err(_) => {
            tracing::error!("{host}: following the other ends of its tunnels panicked");
            false
        }
    }
}

fn one(core: &Core, host: &Ref<Host>) -> Result<()> {
    if startup::may_converge(core, &core.view()?, host)? {
        startup::reconverge(core, host)?;
    }
    Ok(())
}
