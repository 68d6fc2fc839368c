//! What happens between the opening of the database and the first answer, as a table that `xapi --list-startup`
//! prints. Start-up does all that can be done, management first: one missing NIC never keeps a host off the network.

use std::collections::BTreeSet;
use std::sync::Arc;

use uuid::Uuid;
use xapi_conf::file;
use xapi_conf::inventory::{self, Inventory};
use xapi_conf::pool_conf::PoolRole;
use xapi_db::{Draft, Read, UniqueKey};
use xapi_model::{
    Class, Host, HostMetrics, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, Pool,
    PrimaryAddressType, Ref, Role, Vm, VmMetrics, VmPowerState, errors,
};
use xapi_net::agent::{LeftOut, Mode, Outcome, Part, Request};

use crate::alert::tell;
use crate::context::{Core, db_error};
use crate::ops::pif::{self, Kind};
use crate::pool::aside::Aside;
use crate::topology::pifs_of;
use crate::{
    Result, adopt, certificates, diverged, facts, guests, pool, repair, reset, software, topology,
};

/// What no two rows may share: a bridge's name, a network's PIF on a host, a machine's device. (Devices of PIFs are not
/// among it: the logical side of SR-IOV has the device of its NIC.)
pub const UNIQUE: &[UniqueKey] = &[
    UniqueKey {
        class: "network",
        fields: &["bridge"],
    },
    UniqueKey {
        class: "PIF",
        fields: &["network", "host"],
    },
    UniqueKey {
        class: "VIF",
        fields: &["VM", "device"],
    },
];

/// Which hosts a step runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On {
    /// Every host.
    Any,
    /// The master of a pool.
    Master,
    /// The others.
    Slave,
}

/// What a failure of a step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// The daemon does not start.
    Stop,
    /// It is logged, and the next step follows.
    Warn,
}

/// A step of start-up.
pub struct Step {
    /// What it does, for people.
    pub name: &'static str,
    /// Where it runs.
    pub on: On,
    /// What its failure means.
    pub failing: Failing,
    run: fn(&Core) -> Result<()>,
}

/// The steps, in order.
pub const TABLE: &[Step] = &[
    Step {
        name: "reading the role in the pool",
        on: On::Any,
        failing: Failing::Stop,
        run: pool_role,
    },
    Step {
        name: "bringing the network up without a database",
        on: On::Master,
        failing: Failing::Warn,
        run: last_topology,
    },
    Step {
        name: "finding this host in the pool's database",
        on: On::Slave,
        failing: Failing::Stop,
        run: pool::find_self,
    },
    // Its master, who may be reached over it alone, does the rest.
    Step {
        name: "bringing the network up as a reset asks",
        on: On::Slave,
        failing: Failing::Warn,
        run: reset::slave::at_start,
    },
    // What has changed meanwhile comes from the master.
    Step {
        name: "bringing the network up as it was committed last",
        on: On::Slave,
        failing: Failing::Warn,
        run: as_committed_last,
    },
    Step {
        name: "answering where management is",
        on: On::Slave,
        failing: Failing::Warn,
        run: answer,
    },
    Step {
        name: "finding this host's records",
        on: On::Master,
        failing: Failing::Stop,
        run: own_records,
    },
    Step {
        name: "creating the roles",
        on: On::Master,
        failing: Failing::Stop,
        run: roles,
    },
    Step {
        name: "creating the system network",
        on: On::Master,
        failing: Failing::Stop,
        run: system_network,
    },
    // Before anything goes by the rows of hosts.
    Step {
        name: "taking back a change of many hosts that was cut",
        on: On::Master,
        failing: Failing::Warn,
        run: pool::everywhere::take_back,
    },
    // Before anything asks for the NICs of guests: after a boot those that are shown to run are gone.
    Step {
        name: "adopting guests",
        on: On::Master,
        failing: Failing::Warn,
        run: guests::adopt::guests,
    },
    // Before anything that reads the PIFs: they may be why it is asked for.
    Step {
        name: "resetting the network if that was asked for",
        on: On::Master,
        failing: Failing::Warn,
        run: reset::at_start,
    },
    Step {
        name: "giving every NIC its PIF",
        on: On::Master,
        failing: Failing::Warn,
        run: scan,
    },
    Step {
        name: "taking over a management interface that was moved without a master",
        on: On::Master,
        failing: Failing::Warn,
        run: pool::moved::at_start,
    },
    Step {
        name: "adopting the management interface",
        on: On::Master,
        failing: Failing::Warn,
        run: adopt::management,
    },
    Step {
        name: "repairing bonds",
        on: On::Master,
        failing: Failing::Warn,
        run: repair_own_bonds,
    },
    Step {
        name: "choosing what is plugged",
        on: On::Master,
        failing: Failing::Warn,
        run: choose_plugged,
    },
    Step {
        name: "bringing the network up",
        on: On::Master,
        failing: Failing::Warn,
        run: converge,
    },
    Step {
        name: "writing the inventory",
        on: On::Master,
        failing: Failing::Warn,
        run: write_inventory,
    },
    // After the network: a certificate names the addresses.
    Step {
        name: "showing the host's certificates",
        on: On::Any,
        failing: Failing::Warn,
        run: certificates::start,
    },
];

/// Runs the table. The API may be called afterwards.
pub fn run(core: &Arc<Core>) -> Result<()> {
    for step in TABLE {
        // The first step finds it out.
        let is_master = core.pool.standing.role() == pool::role::Role::Master;
        if step.on != On::Any && (step.on == On::Master) != is_master {
            continue;
        }
        tracing::info!("start-up: {}", step.name);
        match (step.run)(core) {
            Ok(()) => {}
            Err(why) if step.failing == Failing::Warn => {
                tracing::error!("start-up: {}: {why}", step.name)
            }
            Err(why) => {
                stopped(core);
                return Err(why);
            }
        }
    }
    Ok(())
}

/// A daemon that cannot start leaves a host that can be reached, so that somebody can mend it. After a reset's command it
/// is reached as was asked for: the command has left its network where the last one is kept.
fn stopped(core: &Core) {
    match crate::last_topology::bring_up(&core.config, &*core.agent) {
        Ok(Some(_)) => tracing::warn!("the daemon does not start; the network is as it was kept"),
        Ok(None) => {}
        Err(why) => tracing::error!("the network was not brought up as it was kept: {why}"),
    }
}

/// A database that knows no pool is a first start's, or takes the place of one that was lost: then the network comes up as
/// it was, before anything is asked of it.
fn last_topology(core: &Core) -> Result<()> {
    if !core.view()?.all::<Pool>()?.is_empty() {
        return Ok(());
    }
    // As it was is what the reset is to end, and whoever asked for it has made a management interface meanwhile.
    if reset::is_due(core) {
        tracing::warn!("the database is new, and the network is about to be reset");
        return Ok(());
    }
    if crate::last_topology::bring_up(&core.config, &*core.agent)?.is_some() {
        tracing::warn!("the database is new, and the network is as it was before");
    }
    Ok(())
}

fn read_inventory(core: &Core) -> Result<Inventory> {
    let path = core.config.inventory();
    Inventory::read(&path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))
}

/// A UUID of the inventory. Without one a database that knows its host says who we are; a host that nobody knows gets a
/// new one. A text that is none is a mistake to be mended by hand: to be somebody else would mean to lose all networks.
fn identity(inventory: &mut Inventory, key: &str, known: Option<String>) -> Result<String> {
    match inventory.get(key).filter(|text| !text.is_empty()) {
        Some(text) => match Uuid::parse_str(text) {
            Ok(_) => Ok(text.to_owned()),
            Err(_) => Err(errors::internal_error(format!(
                "{key} in the inventory is no UUID: {text}"
            ))),
        },
        None => {
            let made = known.unwrap_or_else(|| Uuid::new_v4().to_string());
            inventory.set(key, &made);
            Ok(made)
        }
    }
}

impl Core {
    /// The UUID of this host, which every other host of a pool knows it by.
    pub fn own_uuid(&self) -> Result<String> {
        let inventory = read_inventory(self)?;
        let uuid = inventory.get(inventory::INSTALLATION_UUID);
        uuid.filter(|uuid| !uuid.is_empty())
            .map(str::to_owned)
            .ok_or_else(|| errors::internal_error("the inventory does not say who this host is"))
    }
}

/// The UUIDs of the host and its control domain that the database knows, if it knows a host.
fn recorded(core: &Core) -> Result<(Option<String>, Option<String>)> {
    let view = core.view()?;
    let Some((_, pool)) = view.all::<Pool>()?.into_iter().next() else {
        return Ok((None, None));
    };
    let host = view.get(&pool.master)?;
    let domain = if view.exists(&host.control_domain)? {
        Some(view.field(&host.control_domain, Vm::UUID)?)
    } else {
        None
    };
    Ok((Some(host.uuid), domain))
}

/// Whether this host is the master of its pool, by /etc/xensource/pool.conf; a host without the file is a pool of its own.
fn pool_role(core: &Core) -> Result<()> {
    let path = core.config.pool_conf();
    let failed = |why: String| errors::internal_error(format!("{} {why}", path.display()));
    let standing = &core.pool.standing;
    // A master that was met may be gone when this host is told to decide.
    if let Some(term) = pool::link::Note::read(core)?.and_then(|note| note.term) {
        core.store.hear_of(term).map_err(db_error)?;
    }
    match PoolRole::read(&path).map_err(|why| failed(why.to_string()))? {
        Some(PoolRole::Master) => master(core),
        // Another pool's database in the hands of a host that does not know what it is: to decide would be to take the pool over.
        None if core.store.position().is_some() => {
            tracing::error!(
                "{} is gone, and the database follows another host: somebody has to decide",
                path.display()
            );
            standing.set_role(pool::role::Role::Broken);
            core.store.follow_only(true);
            Ok(())
        }
        None => {
            PoolRole::Master
                .write(&path)
                .map_err(|why| failed(format!("cannot be written: {why}")))?;
            master(core)
        }
        Some(PoolRole::Slave(address)) => {
            standing.set_role(pool::role::Role::Slave(address));
            core.store.follow_only(true);
            Ok(())
        }
        Some(PoolRole::Broken) => {
            tracing::error!("{} says that somebody has to decide", path.display());
            standing.set_role(pool::role::Role::Broken);
            core.store.follow_only(true);
            Ok(())
        }
    }
}

/// This host decides. One that was a slave until now begins a term of its own.
fn master(core: &Core) -> Result<()> {
    let follows = core.store.position().is_some();
    // Also of a host that was a master, and a slave before it had its first copy.
    if follows || core.config.joined_pool().exists() {
        let uuid = core.own_uuid()?;
        let uuid = Uuid::parse_str(&uuid).map_err(errors::internal_error)?;
        let term = core.store.promote(&uuid).map_err(db_error)?;
        tracing::warn!(term, "this host is the master of its pool from now on");
        core.pool.became_master.get_or_init(|| follows);
    }
    Ok(())
}

/// What the operator reads about a host that has become the master, once.
fn tell_transition(core: &Core, draft: &Draft, host: &Ref<Host>) -> Result<()> {
    let Some(follows) = core.pool.became_master.get() else {
        return Ok(());
    };
    let term = core.store.term();
    let body = match follows {
        true => format!("this host is the master of its pool since term {term}"),
        // It was told to decide before it had a copy of what the other has made of the rows.
        false => format!(
            "this host is the master of its pool since term {term}, with the rows that it had when it was the master \
             before: it had no copy of what another master has committed since"
        ),
    };
    tell(core, draft, host, "POOL_MASTER_TRANSITION", &body)
}

/// A slave answers as its rows say, or as the inventory does before it has any.
fn answer(core: &Core) -> Result<()> {
    match core.localhost() {
        // The inventory says what the reset has made.
        Ok(_) if reset::slave::is_ahead(core) => core.set_management_enabled(true),
        Ok(host) => {
            reset::note_management(core)?;
            core.publish(&host);
        }
        Err(_) => core.set_management_enabled(named_management(core)?),
    }
    Ok(())
}

/// A slave's network as it was committed last, before its master can be reached.
fn as_committed_last(core: &Core) -> Result<()> {
    if reset::slave::is_ahead(core) {
        return Ok(());
    }
    match crate::last_topology::bring_up(&core.config, &*core.agent)? {
        Some(outcome) => tracing::info!(
            steps = outcome.steps,
            left_out = outcome.left_out.len(),
            "the network is as it was committed last"
        ),
        None => tracing::warn!("no topology was kept: the network stays as it is"),
    }
    Ok(())
}

/// Pool, host and control domain: made at the first start, found at every other.
fn own_records(core: &Core) -> Result<()> {
    let mut inventory = read_inventory(core)?;
    let before = inventory.clone();
    let (host_known, domain_known) = recorded(core)?;
    let host_uuid = identity(&mut inventory, inventory::INSTALLATION_UUID, host_known)?;
    let domain_uuid = identity(&mut inventory, inventory::CONTROL_DOMAIN_UUID, domain_known)?;
    if inventory != before {
        let path = core.config.inventory();
        inventory
            .write()
            .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    }
    let hostname = core.agent.hostname().map_err(errors::internal_error)?;
    let became_master = core.pool.became_master.get().is_some();
    let aside = Aside::noted(core);
    let host = core.store.change(|draft| {
        let host = match draft.by_uuid(Host::DESC, &host_uuid) {
            Ok(host) => Ref::new(host),
            Err(why) if why.code == "UUID_INVALID" => {
                draft.insert(first_host(core, draft, &host_uuid, &hostname)?)?
            }
            Err(why) => return Err(why),
        };
        match draft.all::<Pool>()?.into_iter().next() {
            Some((pool, _)) => draft.set(&pool, Pool::MASTER, host.clone())?,
            None => {
                draft.insert(Pool {
                    master: host.clone(),
                    ..Pool::blank()
                })?;
            }
        }
        // Each shows itself when it is linked.
        for (other, row) in draft.all::<Host>()? {
            if other != host && draft.exists(&row.metrics)? {
                draft.set(&row.metrics, HostMetrics::LIVE, false)?;
            }
        }
        let domain = control_domain(draft, &host, &domain_uuid, &hostname)?;
        draft.set(&host, Host::CONTROL_DOMAIN, domain)?;
        draft.set(&host, Host::HOSTNAME, hostname.clone())?;
        if draft.field(&host, Host::AUTO_ENABLE)? {
            draft.set(&host, Host::ENABLED, true)?;
        }
        draft.set(&host, Host::SOFTWARE_VERSION, software::version(&inventory))?;
        software::note_start(core, draft, &host)?;
        let metrics = draft.field(&host, Host::METRICS)?;
        draft.set(&metrics, HostMetrics::LIVE, true)?;
        draft.set(&metrics, HostMetrics::LAST_UPDATED, core.now())?;
        tell_transition(core, draft, &host)?;
        // It was a slave in between, and no master was there to be told.
        if let Some(aside) = aside.as_ref().filter(|_| became_master) {
            aside.tell(core, draft, &host)?;
        }
        Ok(host)
    })?;
    Aside::forget(core)?;
    let noted = core.config.joined_pool();
    file::remove(&noted)
        .map_err(|why| errors::internal_error(format!("{}: {why}", noted.display())))?;
    core.set_localhost(host);
    Ok(())
}

fn first_host(core: &Core, draft: &Draft, uuid: &str, hostname: &str) -> Result<Host> {
    let metrics = draft.insert(HostMetrics {
        live: true,
        last_updated: core.now(),
        ..HostMetrics::blank()
    })?;
    Ok(Host {
        uuid: uuid.to_owned(),
        name_label: hostname.to_owned(),
        name_description: "Default install".to_owned(),
        hostname: hostname.to_owned(),
        enabled: true,
        metrics,
        api_version_major: 2,
        api_version_minor: 23,
        api_version_vendor: "XenSource".to_owned(),
        ..Host::blank()
    })
}

fn control_domain(draft: &Draft, host: &Ref<Host>, uuid: &str, hostname: &str) -> Result<Ref<Vm>> {
    if let Ok(found) = draft.by_uuid(Vm::DESC, uuid) {
        return Ok(Ref::new(found));
    }
    let metrics = draft.insert(VmMetrics::blank())?;
    draft.insert(Vm {
        uuid: uuid.to_owned(),
        name_label: format!("Control domain on host: {hostname}"),
        name_description: "The domain which manages physical devices and manages other domains"
            .to_owned(),
        power_state: VmPowerState::Running,
        is_control_domain: true,
        resident_on: host.clone(),
        affinity: host.clone(),
        domid: 0,
        metrics,
        ..Vm::blank()
    })
}

/// The roles that users can have, as objects that clients may list.
fn roles(core: &Core) -> Result<()> {
    core.store.change(|draft| {
        let known = draft.all::<xapi_model::role::Role>()?;
        for role in Role::ALL {
            if known.iter().any(|(_, row)| row.name_label == role.as_str()) {
                continue;
            }
            let row = xapi_model::role::Role {
                name_label: role.as_str().to_owned(),
                is_internal: role == Role::ClientCert,
                ..xapi_model::role::Role::blank()
            };
            // New subjects get the strongest role by its reference, which is the same everywhere.
            if role == Role::PoolAdmin {
                draft.insert_as(Ref::new(xapi_model::role::POOL_ADMIN), row)?;
            } else {
                draft.insert(row)?;
            }
        }
        Ok(())
    })
}

/// The network between the control domain and the guests that help it.
fn system_network(core: &Core) -> Result<()> {
    const BRIDGE: &str = "xenapi";
    core.store.change(|draft| {
        let networks = draft.all::<Network>()?;
        let key = "is_host_internal_management_network";
        let known = networks.iter().find(|(_, row)| row.other_config.get(key).is_some_and(|value| value == "true"));
        if let Some((network, _)) = known {
            return draft.set(network, Network::BRIDGE, BRIDGE.to_owned());
        }
        let options = [
            (key, "true"),
            ("is_guest_installer_network", "true"),
            ("ip_begin", "169.254.0.1"),
            ("ip_end", "169.254.255.254"),
            ("netmask", "255.255.0.0"),
        ];
        draft.insert(Network {
            name_label: "Host internal management network".to_owned(),
            name_description: "Network on which guests will be assigned a private link-local IP address which can be \
                               used to talk XenAPI"
                .to_owned(),
            mtu: 1500,
            bridge: BRIDGE.to_owned(),
            other_config: options.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            ..Network::blank()
        })?;
        Ok(())
    })
}

fn scan(core: &Core) -> Result<()> {
    pif::scan_host(core, &core.localhost()?, pif::Scanning::Known)
}

fn repair_own_bonds(core: &Core) -> Result<()> {
    repair::bonds(core, &core.localhost()?)
}

/// After the machine's boot everything that carries the control domain's traffic is plugged (API facts, 3.3). A mere
/// restart of the daemon leaves unplugged what was unplugged.
fn choose_plugged(core: &Core) -> Result<()> {
    let marker = core.config.boot_marker();
    if marker.exists() {
        return Ok(());
    }
    let host = core.localhost()?;
    if !may_converge(core, &core.view()?, &host)? {
        return Ok(());
    }
    plug_all(core, &host)?;
    let written = file::write(&marker, b"", 0o644);
    written.map_err(|why| errors::internal_error(format!("{}: {why}", marker.display())))
}

/// Plugs what a host has after the machine's boot.
pub(crate) fn plug_all(core: &Core, host: &Ref<Host>) -> Result<()> {
    core.store.change(|draft| {
        for (reference, pif) in pifs_of(draft, host)? {
            // Every one that can be: XAPI leaves VLANs and tunnels without addresses to the first guest that needs them.
            let can = match pif::kind_of(&pif) {
                Kind::Physical | Kind::BondMaster => true,
                Kind::Vlan | Kind::TunnelAccess => !pif::on_sriov(draft, &pif)?,
                Kind::SriovLogical => false,
            };
            let plug = pif.managed && pif.bond_slave_of.is_null() && can;
            draft.set(&reference, Pif::CURRENTLY_ATTACHED, plug || pif.management)?;
            draft.set(&reference, Pif::LEFT_OUT, false)?;
        }
        Ok(())
    })
}

/// Whether the rows know enough of the host's network to be made true. While the management interface is not known the
/// network stays as somebody else left it, or as it was kept: to plug a NIC takes its addresses away, and with them the
/// way to this host.
pub(crate) fn may_converge(core: &Core, rows: &impl Read, host: &Ref<Host>) -> Result<bool> {
    Ok(match management_pif(rows, host)? {
        Some(pif) => {
            pif.ip_configuration_mode != IpConfigurationMode::None
                || pif.ipv6_configuration_mode != Ipv6ConfigurationMode::None
        }
        // Whoever had the rows removed has not asked for a host without a network.
        // Another host's network without one is left alone: by what would it be reached?
        None => *host == core.localhost()? && !reset::marked(rows, host)? && adopted(core, rows)?,
    })
}

/// Whether the bridge that the inventory names for management has a PIF here, or the inventory says that there is none:
/// then the rows, not the installer, decide about management.
pub(crate) fn adopted(core: &Core, rows: &impl Read) -> Result<bool> {
    let inventory = read_inventory(core)?;
    let host = core.localhost()?;
    match inventory.get(inventory::MANAGEMENT_INTERFACE) {
        None => Ok(false),
        Some("") => Ok(true),
        Some(bridge) => Ok(topology::pif_of_bridge(rows, &host, bridge)?.is_some()),
    }
}

/// Whether the inventory names a bridge for management.
pub(crate) fn named_management(core: &Core) -> Result<bool> {
    let inventory = read_inventory(core)?;
    let bridge = inventory.get(inventory::MANAGEMENT_INTERFACE);
    Ok(bridge.is_some_and(|bridge| !bridge.is_empty()))
}

/// One converge for everything, as far as it goes. While the rows don't know enough, the network is brought up as it was
/// kept, at each start anew: after a boot nothing else would.
fn converge(core: &Core) -> Result<()> {
    let host = core.localhost()?;
    if may_converge(core, &core.view()?, &host)? {
        return reconverge(core, &host).map(|_| ());
    }
    let kept = {
        let _turn = core.turn(&host)?;
        crate::last_topology::bring_up(&core.config, &*core.agent)
    };
    let stays = match &kept {
        Ok(Some(_)) => "was last committed",
        _ => "is",
    };
    if let Err(why) = kept {
        tracing::error!("the network was not brought up as it was kept: {why}");
    }
    let body = format!(
        "the management interface that the inventory names was not found: the network stays as it {stays}"
    );
    core.store
        .change(|draft| tell(core, draft, &host, "MANAGEMENT_NOT_FOUND", &body))
}

/// Start-up's steps about the network again, after NICs or Open vSwitch came.
pub(crate) fn look_again(core: &Core) -> Result<()> {
    if let Err(why) = reset::again(core) {
        tracing::error!("the network reset: {why}");
    }
    scan(core)?;
    adopt::management(core)?;
    choose_plugged(core)?;
    converge(core)?;
    write_inventory(core)
}

/// The same for another host.
pub(crate) fn look_again_at(core: &Arc<Core>, host: &Ref<Host>) -> Result<()> {
    if let Err(why) = pool::reset::again(core, host) {
        tracing::error!("{host}: its network reset: {why}");
    }
    pif::scan_host(core, host, pif::Scanning::Known)?;
    if may_converge(core, &core.view()?, host)? {
        reconverge(core, host)?;
    }
    Ok(())
}

/// Makes a host look like its rows as far as it can; what cannot be is shown unplugged, named in an alert and tried
/// again.
pub fn reconverge(core: &Core, host: &Ref<Host>) -> Result<Outcome> {
    let _turn = core.turn(host)?;
    reconverge_in_turn(core, host)
}

/// The same for whoever has the host's turn.
pub(crate) fn reconverge_in_turn(core: &Core, host: &Ref<Host>) -> Result<Outcome> {
    let view = core.view()?;
    let agent = core.agent_of(&view, host)?;
    let (topology, mut left_out) = topology::wished(&view, host)?;
    drop(view);
    let request = Request {
        topology,
        mode: Mode::WhatCan,
        within: core.config.change_deadline,
    };
    let outcome = agent.converge(request);
    let mut outcome = outcome.map_err(|why| core.unanswered(host, why))?;
    left_out.append(&mut outcome.left_out);
    outcome.left_out = left_out;
    core.store.change(|draft| {
        note_left_out(core, draft, host, &outcome.left_out)?;
        if outcome.alone.is_none() {
            diverged::unmark(draft, host)?;
        }
        reset::unmark(draft, host)?;
        facts::record(core, draft, host, &outcome.facts)
    })?;
    match core.is_here(host) {
        true => core.keep_topology(host),
        false => core.pool.keep(host),
    }
    if let Some(alone) = &outcome.alone {
        diverged::mark(core, host, &diverged::alone_text(alone))?;
    }
    tracing::info!(
        steps = outcome.steps,
        left_out = outcome.left_out.len(),
        "the network is as the database says"
    );
    Ok(outcome)
}

/// Shows what could not be brought up as unplugged, and tells the operator; shows what could again as plugged. Left out
/// are the bridges that are not there, and a bond's member that the bond goes on without; a bridge that is there without
/// its router is not. Management is neither shown unplugged nor marked: it is what it shall be, and each call asks for it.
pub(crate) fn note_left_out(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    left_out: &[LeftOut],
) -> Result<()> {
    let pifs = pifs_of(draft, host)?;
    let mut missing = BTreeSet::new();
    let out: BTreeSet<&str> = left_out
        .iter()
        .flat_map(|left| left.bridges.iter().map(|bridge| bridge.as_str()))
        .collect();
    if !out.is_empty() {
        for (reference, pif) in &pifs {
            if out.contains(draft.field(&pif.network, Network::BRIDGE)?.as_str()) {
                missing.insert(reference.clone());
            }
        }
    }
    for left in left_out {
        if let Part::Nic(nic) = left.part
            && let Some(pif) = topology::pif_of_device(draft, host, nic.as_str())?
            && !draft.field(&pif, Pif::BOND_SLAVE_OF)?.is_null()
        {
            missing.insert(pif);
        }
        let what = match left.part {
            Part::Host => "the host's network".to_owned(),
            part => part.to_string(),
        };
        let body = format!("{what} could not be brought up: {}", left.why);
        tell(core, draft, host, "NETWORK_NOT_BROUGHT_UP", &body)?;
    }
    for (reference, pif) in pifs {
        let out = missing.contains(&reference) && !pif.management;
        let member = !pif.bond_slave_of.is_null();
        draft.set(&reference, Pif::LEFT_OUT, out)?;
        if out {
            draft.set(&reference, Pif::CURRENTLY_ATTACHED, false)?;
        } else if pif.left_out && !member {
            draft.set(&reference, Pif::CURRENTLY_ATTACHED, true)?;
        }
    }
    Ok(())
}

/// The inventory as the database has it.
fn write_inventory(core: &Core) -> Result<()> {
    reset::note_management(core)?;
    core.publish(&core.localhost()?);
    Ok(())
}

/// The PIF that is a host's management interface. Asked often, so it does not read every PIF.
fn management_pif(rows: &impl Read, host: &Ref<Host>) -> Result<Option<Pif>> {
    for pif in rows.find(Pif::MANAGEMENT, &true)? {
        if rows.field(&pif, Pif::HOST)? == *host {
            return rows.get(&pif).map(Some);
        }
    }
    Ok(None)
}

/// The bridge and the address family of a host's management interface.
pub fn management_of(rows: &impl Read, host: &Ref<Host>) -> Result<Option<(String, String)>> {
    let Some(pif) = management_pif(rows, host)? else {
        return Ok(None);
    };
    let family = match pif.primary_address_type {
        PrimaryAddressType::IPv4 => "IPv4",
        PrimaryAddressType::IPv6 => "IPv6",
    };
    Ok(Some((
        rows.field(&pif.network, Network::BRIDGE)?,
        family.to_owned(),
    )))
}
