//! A master and its whereabouts: it tells the hosts of its pool where it is when that has changed, and looks whether there
//! is another master. Of two, the one of the earlier term steps down. It also sees to what is not at its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use xapi_db::Read;
use xapi_link::Leads;
use xapi_model::{
    ApiError, Class, Host, IpConfigurationMode, Ipv6ConfigurationMode, Pif, PrimaryAddressType,
    Ref, errors,
};

use super::charter;
use super::inquiry::{self, Master, Said};
use super::role::{Overruled, Role};
use crate::context::Core;
use crate::topology::pifs_of;
use crate::{Result, console};

/// How often a master looks for another one, and tells hosts that are not linked where it is, while all are linked.
const ANOTHER: Duration = Duration::from_secs(10);

/// How often while one is not: it may have another master.
const SOON: Duration = Duration::from_secs(1);

/// Between two looks at the own address while much is committed.
const LOOK: Duration = Duration::from_millis(200);

/// Looks for another master of this pool: after a transition that this host has not heard of there are two. The one of the
/// later term stays; this host steps down if it is the other, and keeps what it has committed meanwhile in a file.
/// Whether it steps down. One that cannot, since it can keep nothing for example, decides no more all the same, and tries again
/// whenever this is asked.
pub fn yield_to_another(core: &Arc<Core>) -> Result<bool> {
    let standing = &core.pool.standing;
    if let Some(overruled) = standing.overruled() {
        return super::transition::yields(core, &overruled.by, overruled.decisions).map(|()| true);
    }
    if standing.role() != Role::Master {
        return Ok(false);
    }
    let decisions = charter::open(core).decisions();
    let Some(other) = later_master(core)? else {
        return Ok(false);
    };
    tracing::error!(
        "{} at {} is the master of this pool since a later term: stepping down",
        other.host,
        other.address
    );
    standing.overrule(Overruled {
        by: other.clone(),
        decisions,
    });
    core.store.follow_only(true);
    super::transition::yields(core, &other, decisions)
        .inspect_err(|why| cannot_yield(core, &other, why))?;
    Ok(true)
}

/// This host has to step down and cannot. Nothing of that can be written into its rows, so there is no alert.
fn cannot_yield(core: &Core, other: &Master, why: &ApiError) {
    let text = format!(
        "{} at {} is the master of this pool. This host decides no more and cannot step down: {why}",
        other.host, other.address
    );
    tracing::error!("{text}");
    console::tell(&core.config, &console::plain(&text));
    for (_, remote) in core.pool.everybody() {
        remote.drop_line("there is another master");
    }
}

/// Another master of this pool, of a later term than this host's; of several the latest.
pub(super) fn later_master(core: &Core) -> Result<Option<Master>> {
    // Where others have gone since they were heard of last they say themselves.
    let mut addresses = core.pool.whereabouts.known();
    addresses.extend(addresses_of_others(core, |host| {
        core.pool.agent(host).is_err()
    })?);
    let leads = leads(core)?;
    let mut said = inquiry::ask(core, addresses.clone(), leads.as_ref())?;
    // Whoever obeys somebody whom we do not know has heard of a later one.
    let named = said.iter().filter_map(|(_, said)| match said {
        Said::Obeys(master) if !addresses.contains(master) => Some(master.clone()),
        _ => None,
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named.dedup();
    said.extend(inquiry::ask(core, named, leads.as_ref())?);
    let (uuid, term) = (core.own_uuid()?, core.store.term());
    let later = said.into_iter().filter_map(|(address, said)| match said {
        Said::Leads { term: its, host } if is_later((its, &host), (term, &uuid)) => Some(Master {
            term: its,
            host,
            address,
        }),
        _ => None,
    });
    Ok(later.max_by_key(|master| master.term))
}

/// A host of the pool says that it leads it. It may be the master of this slave, which looks where it says that it is; or a
/// later one than this master, which looks and then steps down.
pub fn hear(core: &Core, leads: &Leads, host: &str) -> Result<()> {
    let mine = core.store.term();
    let counts = match core.pool.standing.role() {
        Role::Master => is_later((leads.term, host), (mine, &core.own_uuid()?)),
        // One that has not heard of a later one is about to step down.
        Role::Slave(_) => core.pool.standing.overruled().is_none() && leads.term >= mine,
        Role::Broken => false,
    };
    if counts {
        core.pool.whereabouts.hear(&leads.addresses);
    }
    Ok(())
}

/// Which of two masters stays, each with its term and the UUID of its host: the later one. Each host has terms of its own; if
/// two are the same all the same it is the one whose UUID is the smaller.
pub(super) fn is_later(one: (u64, &str), other: (u64, &str)) -> bool {
    one.0 > other.0 || (one.0 == other.0 && one.1 < other.1)
}

/// Where other hosts are, of those asked for.
fn addresses_of_others(core: &Core, of: impl Fn(&Ref<Host>) -> bool) -> Result<Vec<String>> {
    let here = core.localhost()?;
    let hosts = core.view()?.all::<Host>()?.into_iter();
    let others = hosts.filter(|(host, row)| *host != here && !row.address.is_empty() && of(host));
    Ok(others.map(|(_, row)| row.address).collect())
}

/// What this host says of itself, if it is the master.
fn leads(core: &Core) -> Result<Option<Leads>> {
    if core.pool.standing.role() != Role::Master {
        return Ok(None);
    }
    let here = core.localhost()?;
    Ok(Some(Leads {
        term: core.store.term(),
        addresses: addresses(&core.view()?, &here)?,
    }))
}

/// The addresses of a host's management interface, as far as its rows know them, the one of its primary type first.
fn addresses(rows: &impl Read, host: &Ref<Host>) -> Result<Vec<String>> {
    let pifs = pifs_of(rows, host)?.into_iter();
    let Some((_, pif)) = pifs.into_iter().find(|(_, pif)| pif.management) else {
        return Ok(Vec::new());
    };
    let v4 = [pif.ip.as_str()].into_iter();
    let v4 = v4.filter(|_| pif.ip_configuration_mode != IpConfigurationMode::None);
    let v6 = pif.ipv6.iter().filter_map(|text| text.split('/').next());
    let v6 = v6.filter(|_| pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None);
    let mut all: Vec<String> = match pif.primary_address_type {
        PrimaryAddressType::IPv4 => v4.chain(v6).map(str::to_owned).collect(),
        PrimaryAddressType::IPv6 => v6.chain(v4).map(str::to_owned).collect(),
    };
    all.retain(|address| !address.is_empty());
    Ok(all)
}

/// The master is about to change its network: if it will be found elsewhere then, its slaves are told while they can be.
/// One that does not hear it finds out later.
pub(crate) fn tell_before(core: &Core, after: &impl Read, host: &Ref<Host>) -> Result<()> {
    let slaves = core.pool.everybody();
    if slaves.is_empty() {
        return Ok(());
    }
    let was = addresses(&core.view()?, host)?;
    let will_be = addresses(after, host)?;
    // Where it is already it need not be looked for.
    let will_be: Vec<_> = will_be
        .into_iter()
        .filter(|address| !was.contains(address))
        .collect();
    if will_be.is_empty() {
        return Ok(());
    }
    std::thread::scope(|scope| {
        for (slave, remote) in slaves.iter().filter(|(_, remote)| remote.is_linked()) {
            let will_be = &will_be;
            scope.spawn(move || {
                if let Err(why) = remote.moves(will_be) {
                    tracing::warn!("{slave}: not told where its master will be: {why}");
                }
            });
        }
    });
    Ok(())
}

/// Until the daemon ends: looks for another master, and tells the hosts of the pool where this one is.
pub fn watch_for_another(core: &Arc<Core>) -> Result<()> {
    let standing = &core.pool.standing;
    if standing.role() != Role::Master && standing.overruled().is_none() {
        return Ok(());
    }
    let core = Arc::clone(core);
    let watch = move || {
        while let Err(why) = watch(&core) {
            tracing::error!("nobody looks for another master for a moment: {why}");
            core.wait_for_end(ANOTHER);
            if core.is_ending() {
                return;
            }
        }
    };
    std::thread::Builder::new()
        .name("another master".to_owned())
        .spawn(watch)
        .map(drop)
        .map_err(|why| errors::internal_error(format!("no thread: {why}")))
}

fn watch(core: &Arc<Core>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .map_err(errors::internal_error)?;
    let here = core.localhost()?;
    let mut commits = core.store.subscribe();
    let mut seen = core.store.generation();
    let mut at = addresses(&core.view()?, &here)?;
    let mut due = Instant::now();
    let mut looked = due;
    while !core.is_ending() {
        if due <= Instant::now() || core.pool.whereabouts.is_fresh() {
            match yield_to_another(core) {
                Ok(false) => {}
                Ok(true) => return Ok(()),
                Err(why) => {
                    tracing::warn!("another master was not looked for, or yielded to: {why}")
                }
            }
            // A host that was waited for may be none any more.
            if let Err(why) = super::rotation::go_on(core) {
                tracing::warn!("the secret of the pool is not the same everywhere: {why}");
            }
            looked = Instant::now();
        }
        let before = std::mem::replace(&mut seen, core.store.generation());
        if core.store.touched(Pif::DESC, before) {
            let now = addresses(&core.view()?, &here)?;
            if now != at && !now.is_empty() {
                tracing::warn!(
                    "this host is found at {} now, and was at {}",
                    now.join(" and "),
                    at.join(" and ")
                );
                announce(core);
                at = now;
            }
        }
        core.wait_for_end(LOOK);
        due = looked + interval(core)?;
        let left = due.saturating_duration_since(Instant::now());
        runtime.block_on(async {
            tokio::select! {
                _ = commits.changed() => {}
                () = core.pool.whereabouts.heard() => {}
                () = tokio::time::sleep(left) => {}
            }
        });
    }
    Ok(())
}

/// How long until the next look. A host that has not come to this daemon since its start is none that is linked.
fn interval(core: &Core) -> Result<Duration> {
    // Stepping down copies the database.
    if core.pool.standing.overruled().is_some() {
        return Ok(ANOTHER);
    }
    match core.pool.all_linked(&core.view()?) {
        Ok(()) => Ok(ANOTHER),
        Err(why) if why.code == "HOST_OFFLINE" => Ok(SOON),
        Err(why) => Err(why),
    }
}

/// Tells every host where this one is: lines to it may look open for seconds that lead nowhere.
fn announce(core: &Core) {
    let told = addresses_of_others(core, |_| true)
        .and_then(|addresses| inquiry::ask(core, addresses, leads(core)?.as_ref()));
    if let Err(why) = told {
        tracing::warn!("the hosts of the pool were not told where their master is: {why}");
    }
}

#[cfg(test)]
mod tests {
    use super::is_later;

    #[test]
    fn of_two_masters_exactly_one_stays() {
        for (one, other) in [
            ((2, "b"), (1, "a")),
            ((1, "a"), (1, "b")),
            ((7, "z"), (0, "z")),
        ] {
            assert!(
                is_later(one, other) && !is_later(other, one),
                "{one:?} {other:?}"
            );
        }
        assert!(!is_later((1, "a"), (1, "a")), "nobody yields to himself");
    }
}
