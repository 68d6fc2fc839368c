//! Who is the master: the calls by which a host that has lost its master is told what to do, or by which the pool gets
//! another one.

use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;
use xapi_conf::inventory::{self, Inventory};
use xapi_conf::pool_conf::PoolRole;
use xapi_db::{Read, next_term};
use xapi_model::host::IsInEmergencyMode;
use xapi_model::pool::{
    DesignateNewMaster, EmergencyResetMaster, EmergencyTransitionToMaster, Hello, InitialAuth,
    IsSlave, RecoverSlaves, SyncDatabase,
};
use xapi_model::{ApiError, Class, Host, Pool, Ref, errors};
use xapi_net::agent::{Agent, Cause, NetError};

use super::aside::Aside;
use super::charter;
use super::inquiry::Master;
use super::link::{Note, is_of_own_pool, is_older, pool_uuid, version};
use super::role::Role;
use super::verbs::Verb;
use crate::context::{Core, Cx, db_error};
use crate::{Config, Result, guests, software, startup};

/// How long slaves that have lost their master may take to find the new one.
const RECOVERY: Duration = Duration::from_secs(30);

/// How often those that are waited for are looked at.
const LOOK: Duration = Duration::from_millis(500);

/// `pool.is_slave`: whether this host is one; what it is asked about does not matter.
pub fn is_slave(cx: &Cx<'_>, _: IsSlave) -> Result<bool> {
    Ok(matches!(cx.core.pool.standing.role(), Role::Slave(_)))
}

/// `pool.hello`: how a host of the pool stands with this one, which is its master.
pub fn hello(cx: &Cx<'_>, call: Hello) -> Result<String> {
    let core = cx.core;
    let host = match core.view()?.by_uuid(Host::DESC, &call.uuid) {
        Ok(host) => Ref::new(host),
        Err(why) if why.code == "UUID_INVALID" => return Ok("unknown_host".to_owned()),
        Err(why) => return Err(why),
    };
    let is_here = host == core.localhost()? || core.pool.linked(&host).is_ok();
    Ok(if is_here { "ok" } else { "cannot_talk_back" }.to_owned())
}

/// `host.is_in_emergency_mode`.
pub fn is_in_emergency_mode(cx: &Cx<'_>, _: IsInEmergencyMode) -> Result<bool> {
    let standing = &cx.core.pool.standing;
    Ok(match standing.role() {
        Role::Master => false,
        Role::Slave(_) => standing.master().is_err(),
        Role::Broken => true,
    })
}

/// `pool.emergency_transition_to_master`: this host decides from now on. Nothing happens on one that does already.
pub fn emergency_transition_to_master(cx: &Cx<'_>, _: EmergencyTransitionToMaster) -> Result<()> {
    let core = cx.core;
    refuse_ha(core)?;
    let mut charter = charter::open(core);
    if core.pool.standing.role() == Role::Master && charter.holds() {
        return Ok(());
    }
    if core.localhost().is_err() {
        // Its database would be another pool's.
        return Err(errors::host_still_booting());
    }
    // The next start sees by it that a term begins, whatever this host was before.
    note_own_pool(core, None)?;
    charter.decide(&PoolRole::Master)?;
    core.restart();
    Ok(())
}

/// `pool.emergency_reset_master`: this host obeys the one with this address. Nothing happens if it does already.
pub fn emergency_reset_master(cx: &Cx<'_>, call: EmergencyResetMaster) -> Result<()> {
    refuse_ha(cx.core)?;
    let address = resolved(&cx.core.config, &call.master_address)?;
    let own = own_addresses(&*cx.core.agent)?;
    let mut charter = charter::open(cx.core);
    if charter.says() == Some(PoolRole::Slave(address.clone())) {
        return Ok(());
    }
    if own.contains(&address) {
        return Err(errors::host_its_own_slave());
    }
    obey(cx.core, &mut charter, address, None)
}

/// `pool.sync_database`: every slave that is linked has what is committed now when this returns; CANNOT_CONTACT_HOST
/// [host] names one that has not.
pub fn sync_database(cx: &Cx<'_>, _: SyncDatabase) -> Result<()> {
    cx.core.pool.catches_up(cx.core)
}

/// `pool.recover_slaves`: the hosts that obey this master. Slaves look for their master at all hosts that they know, so
/// those that can reach this one come by themselves; they are waited for.
pub fn recover_slaves(cx: &Cx<'_>, _: RecoverSlaves) -> Result<Vec<Ref<Host>>> {
    let core = cx.core;
    let here = core.localhost()?;
    let until = Instant::now() + RECOVERY;
    let mut others = core.view()?.refs(Host::DESC)?;
    others.retain(|host| *host != here.as_str());
    let mut commits = core.store.subscribe();
    loop {
        let (linked, missing): (Vec<_>, Vec<_>) = others
            .iter()
            .cloned()
            .map(Ref::<Host>::new)
            .partition(|host| core.pool.linked(host).is_ok());
        let left = until.saturating_duration_since(Instant::now());
        if missing.is_empty() || left.is_zero() {
            for host in missing {
                tracing::warn!("{host}: does not obey this master yet");
            }
            return Ok(linked);
        }
        // Whoever is linked is shown as live by a commit.
        commits.mark_unchanged();
        core.wait_for_commit(&mut commits, left.min(LOOK))?;
    }
}

/// `pool.designate_new_master`: another host decides from now on. It has all that is committed before it does.
pub fn designate_new_master(cx: &Cx<'_>, call: DesignateNewMaster) -> Result<()> {
    let core = cx.core;
    refuse_ha(core)?;
    let view = core.view()?;
    if !view.exists(&call.host)? {
        return Err(errors::handle_invalid(Host::NAME, &call.host));
    }
    if call.host == core.localhost()? {
        return Ok(());
    }
    heirs_address(&view, &call.host)?;
    may_follow(&view, &call.host)?;
    drop(view);
    let heir = core.pool.linked(&call.host)?;
    let unreachable = |why: NetError| {
        tracing::warn!("{}: {why}", call.host);
        errors::cannot_contact_host(&call.host)
    };
    // No change of any host's network goes on while the two change places, nor has one been made on some hosts only.
    let hosts = core.view()?.refs(Host::DESC)?;
    let hosts: Vec<_> = hosts.into_iter().map(Ref::<Host>::new).collect();
    let _whole = loop {
        if let Some(whole) = core.pool.whole() {
            break whole;
        }
        if core.is_ending() {
            return Err(errors::host_still_booting());
        }
        // Nobody waits for a person.
        if let Some(host) = hosts.iter().find(|host| core.confirmation.waits_on(host)) {
            let code = "OTHER_OPERATION_IN_PROGRESS";
            return Err(ApiError::new(
                code,
                vec!["host".to_owned(), host.as_str().to_owned()],
            ));
        }
        core.wait_for_end(LOOK);
    };
    let _turns = hosts
        .iter()
        .map(|host| core.turn(host))
        .collect::<Result<Vec<_>>>()?;
    // What was so before the wait for others need not be so now.
    let view = core.view()?;
    let address = heirs_address(&view, &call.host)?;
    may_follow(&view, &call.host)?;
    drop(view);
    let heirs_uuid = view_uuid(core, &call.host)?;
    let term = next_term(core.store.term(), &heirs_uuid);
    let decisions = charter::open(core).decisions();
    // From here on this host commits nothing that the other one would not have.
    core.store.follow_only(true);
    let standing = &core.pool.standing;
    standing.set_role(Role::Slave(address.clone()));
    let go_on = |why: ApiError| {
        core.store.follow_only(false);
        standing.set_role(Role::Master);
        // Who was lost meanwhile has not been shown so.
        if let Err(why) = super::arrival::show_linked(core) {
            tracing::error!("which hosts are there is not shown: {why}");
        }
        look_later(core);
        why
    };
    let copy = core.store.copy().map_err(db_error).map_err(go_on)?;
    let reached = heir.reach(copy.position()).map_err(unreachable);
    drop(copy);
    reached.map_err(go_on)?;
    if let Err(why) = heir.order(Verb::Decide) {
        // It was there and has said no: nobody else decides.
        if !matches!(why.cause, Cause::Unreachable | Cause::TimedOut) {
            let text = format!("{} does not become the master: {why}", call.host);
            return Err(go_on(errors::operation_not_allowed(text)));
        }
        let why = unreachable(why);
        // An answer that was lost may have been yes: then the other one is about to be the master.
        let until = Instant::now() + core.config.away_within;
        while Instant::now() < until && !core.is_ending() {
            match super::another::later_master(core) {
                // As below: whatever fails now, the other one decides.
                Ok(Some(other)) => {
                    return yields(core, &other, decisions).inspect_err(|_| core.restart());
                }
                Ok(None) => {}
                Err(why) => tracing::warn!("whether there is another master is not known: {why}"),
            }
            core.wait_for_end(LOOK);
        }
        return Err(go_on(why));
    }
    heir.drop_line("it is the master from now on");
    for (host, remote) in core.pool.everybody() {
        if host == call.host {
            continue;
        }
        // One that does not hear it finds the master by itself.
        if let Err(why) = remote.order(Verb::Obey(address.clone())) {
            tracing::info!("{host}: {why}");
        }
        remote.drop_line("there is another master");
    }
    let other = Master {
        term,
        host: heirs_uuid.to_string(),
        address,
    };
    // Whatever fails now: the other one decides, and a start of this daemon sees that.
    yields(core, &other, decisions).inspect_err(|_| core.restart())
}

/// OPERATION_NOT_ALLOWED, if this host could not be the slave of the other one: it runs a later version.
fn may_follow(rows: &impl Read, heir: &Ref<Host>) -> Result<()> {
    let software = rows.field(heir, Host::SOFTWARE_VERSION)?;
    match software.get(software::OWN_VERSION) {
        Some(theirs) if is_older(theirs) => Err(errors::operation_not_allowed(format!(
            "{heir} runs the version {theirs}, and would not be followed by this host, which runs {}",
            version()
        ))),
        _ => Ok(()),
    }
}

/// What has happened while nothing could be written is seen, and what calls could not end is ended. By somebody else than
/// the caller, who has the turns of hosts, and need not wait for those that are silent.
pub(super) fn look_later(core: &Arc<Core>) {
    let own = Arc::clone(core);
    let thread = std::thread::Builder::new().name("looks again".to_owned());
    if let Err(why) = thread.spawn(move || look_at_all(&own)) {
        tracing::error!("the hosts are not looked at again, for there is no thread: {why}");
    }
}

fn look_at_all(core: &Arc<Core>) {
    std::thread::scope(|scope| {
        for (host, remote) in core.pool.everybody() {
            if remote.is_linked() {
                scope.spawn(move || {
                    let looked = guests::adopt::of_host(core, &host);
                    // Its next arrival looks as well.
                    if let Err(why) = looked.and(startup::look_again_at(core, &host)) {
                        tracing::error!("{host} is not looked at again: {why}");
                    }
                });
            }
        }
        let looked = guests::adopt::guests(core);
        if let Err(why) = looked.and(startup::look_again(core)) {
            tracing::error!("this host is not looked at again: {why}");
        }
    });
}

fn view_uuid(core: &Core, host: &Ref<Host>) -> Result<Uuid> {
    let text = core.view()?.field(host, Host::UUID)?;
    Uuid::parse_str(&text).map_err(|why| errors::internal_error(format!("{text}: {why}")))
}

/// The address of a host that is to be the master: HANDLE_INVALID, HOST_HAS_NO_MANAGEMENT_IP.
fn heirs_address(rows: &impl Read, heir: &Ref<Host>) -> Result<String> {
    if !rows.exists(heir)? {
        return Err(errors::handle_invalid(Host::NAME, heir));
    }
    match rows.field(heir, Host::ADDRESS)? {
        address if address.is_empty() => Err(errors::host_has_no_management_ip()),
        address => Ok(address),
    }
}

/// `pool.initial_auth`: the pool's secret, for a host that is about to join.
pub fn initial_auth(cx: &Cx<'_>, _: InitialAuth) -> Result<String> {
    let secret = super::secret::find_or_make(&cx.core.config)?;
    Ok(secret.expose().to_owned())
}

pub(super) fn refuse_ha(core: &Core) -> Result<()> {
    let pools = core.view()?.all::<Pool>()?;
    match pools.iter().any(|(_, pool)| pool.ha_enabled) {
        true => Err(errors::ha_is_enabled()),
        false => Ok(()),
    }
}

/// This slave is told by its master what it is to be; after an error it stays what it is. OTHER_OPERATION_IN_PROGRESS if somebody else has decided that already:
/// the daemon is about to begin anew as that.
pub(super) fn told(core: &Core, role: &PoolRole) -> Result<()> {
    let mut charter = charter::open(core);
    undecided(&charter)?;
    if *role == PoolRole::Master {
        note_own_pool(core, None)?;
    }
    // Whoever is told no must be sure that the next start is none of that.
    charter.decide(role).or_else(|why| match charter.says() {
        Some(says) if says == *role => {
            tracing::error!("{why}; it says so all the same");
            Ok(())
        }
        _ => Err(why),
    })
}

/// OTHER_OPERATION_IN_PROGRESS [pool] if the next start of this daemon is about to be something else than this one.
pub(super) fn undecided(charter: &charter::Open<'_>) -> Result<()> {
    match charter.holds() {
        true => Ok(()),
        false => Err(ApiError::new(
            "OTHER_OPERATION_IN_PROGRESS",
            vec![Pool::NAME.to_owned()],
        )),
    }
}

/// This host obeys the one with this address, the master of the pool with this UUID.
pub(super) fn become_slave(core: &Core, address: String, pool: &str) -> Result<()> {
    let mut charter = charter::open(core);
    // Whose slave it is its database does not tell before the first copy.
    let note = Note {
        pool: pool.to_owned(),
        term: None,
    };
    note.write(core)?;
    charter.decide(&PoolRole::Slave(address))?;
    core.restart();
    Ok(())
}

/// This master steps down for another one of its pool, unless somebody has decided what it is to be since there were so many
/// decisions.
pub(super) fn yields(core: &Core, other: &Master, decisions: u64) -> Result<()> {
    let mut charter = charter::open(core);
    if charter.decisions() != decisions {
        tracing::warn!("what this host is to be was decided meanwhile, and stays");
        core.restart();
        return Ok(());
    }
    obey(core, &mut charter, other.address.clone(), Some(other))
}

/// This host obeys another one of its own pool. What it has committed as a master of it is kept in a file, for the other may
/// not have it.
fn obey(
    core: &Core,
    charter: &mut charter::Open<'_>,
    address: String,
    other: Option<&Master>,
) -> Result<()> {
    let standing = &core.pool.standing;
    let is_overruled = standing.overruled().is_some();
    let was_master = is_overruled || standing.role() == Role::Master;
    // Only one whom an operator has asked decides again if nothing comes of it.
    let goes_on = || {
        if !is_overruled {
            core.store.follow_only(false);
        }
    };
    if was_master {
        let name = format!("term-{}", core.store.term());
        let kept = core.config.database().with_extension(name);
        core.store.follow_only(true);
        if let Err(why) = core.store.backup(&kept) {
            goes_on();
            return Err(db_error(why));
        }
        tracing::warn!("what was committed here is kept in {}", kept.display());
        let aside = Aside {
            file: kept.display().to_string(),
            term: core.store.term(),
            address: address.clone(),
            later: other.map(|other| (other.host.clone(), other.term)),
        };
        // Before the role: a start in between as the master has nothing to tell, and forgets it.
        if let Err(why) = aside.note(core) {
            goes_on();
            return Err(why);
        }
    }
    // In this order: a start in between as a master would begin a term of its own, since there is a note.
    let role = PoolRole::Slave(address);
    if let Err(why) = charter.decide(&role) {
        if charter.says().as_ref() != Some(&role) {
            // Whoever is told no must be sure that it goes on.
            if was_master {
                goes_on();
                if let Err(why) = Aside::forget(core) {
                    tracing::error!("{why}");
                }
            }
            return Err(why);
        }
        tracing::error!("{why}; it says so all the same");
    }
    // It is decided, and nothing more is committed here: whatever fails now, it begins anew.
    let noted = note_own_pool(core, other.map(|other| other.term));
    core.restart();
    noted
}

/// Notes that this host is of the pool whose rows it has; one that has none of its pool yet has a note of that.
fn note_own_pool(core: &Core, term: Option<u64>) -> Result<()> {
    if core.store.position().is_none() && !is_of_own_pool(core)? {
        return Ok(());
    }
    let pool = pool_uuid(core)?;
    Note { pool, term }.write(core)
}

/// An address as pool.conf has it; a name is looked up. INVALID_VALUE [master_address, text] for anything else.
pub(crate) fn resolved(config: &Config, given: &str) -> Result<String> {
    let given = given.trim();
    if let Ok(address) = given.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let bad = || errors::invalid_value("master_address", given);
    if given.is_empty() || given.len() > 253 {
        return Err(bad());
    }
    let found = (given, 0).to_socket_addrs().map_err(|why| {
        tracing::info!("{given}: {why}");
        bad()
    })?;
    let address = within_reach(config, found.map(|found| found.ip()))?;
    address.map(|address| address.to_string()).ok_or_else(bad)
}

/// Of the addresses of one host the first of the family of this host's management; any other, if it has none of that.
fn within_reach(
    config: &Config,
    addresses: impl IntoIterator<Item = IpAddr>,
) -> Result<Option<IpAddr>> {
    let path = config.inventory();
    let inventory = Inventory::read(&path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    let family = inventory.get(inventory::MANAGEMENT_ADDRESS_TYPE);
    let is_v6 = family.is_some_and(|family| family.eq_ignore_ascii_case("IPv6"));
    // Of two that are alike the first is taken.
    let addresses = addresses.into_iter();
    Ok(addresses.min_by_key(|address| address.is_ipv6() != is_v6))
}

/// The addresses of this host, as far as its network tells.
pub(crate) fn own_addresses(agent: &dyn Agent) -> Result<Vec<String>> {
    let facts = agent.facts().map_err(errors::internal_error)?;
    let inets = facts
        .bridges
        .values()
        .flat_map(|bridge| bridge.addresses.iter());
    let mut all: Vec<_> = inets.map(|inet| inet.address().to_string()).collect();
    all.extend(["127.0.0.1".to_owned(), "::1".to_owned()]);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::within_reach;
    use crate::Config;

    #[test]
    fn of_a_hosts_addresses_one_of_the_family_of_management_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let config = Config {
            root: root.path().to_owned(),
            ..Config::default()
        };
        let inventory = config.inventory();
        std::fs::create_dir_all(inventory.parent().unwrap()).unwrap();
        let (v6, v4) = ("fd00::1 fd00::2", "10.0.0.1 10.0.0.2");
        for (family, found, taken) in [
            ("IPv4", format!("{v6} {v4}"), "10.0.0.1"),
            ("IPv6", format!("{v4} {v6}"), "fd00::1"),
            ("ipv6", format!("{v4} {v6}"), "fd00::1"),
            ("", format!("{v6} {v4}"), "10.0.0.1"),
            ("IPv4", v6.to_owned(), "fd00::1"),
            ("IPv6", v4.to_owned(), "10.0.0.1"),
        ] {
            std::fs::write(&inventory, format!("MANAGEMENT_ADDRESS_TYPE='{family}'\n")).unwrap();
            let addresses = found.split(' ').map(|it| it.parse::<IpAddr>().unwrap());
            let address = within_reach(&config, addresses).unwrap();
            assert_eq!(address, taken.parse().ok(), "{family} {found}");
        }
    }
}
