//! The emergency network reset: what is known of a host's network is forgotten, and its management interface begins
//! anew, as the trigger says that the reset's command or the console left (API facts, 4.1).
//!
//! One draft takes the old rows away and makes the new ones, one convergence makes the host look so, one commit keeps it.
//! The trigger is the last thing to go, once the management interface has its address, and until then every start does
//! the same again; so a start that is killed anywhere is followed by one that ends where the first would have.
//!
//! [`rows`] removes, [`keep`] decides what may stay, [`wanted`] makes. Start with [`at_start`].

pub(crate) mod keep;
pub(crate) mod rows;
mod wanted;

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use xapi_conf::inventory::Inventory;
use xapi_conf::management::Management;
use xapi_conf::trigger::{self, Found, Pending, Trigger};
use xapi_db::{CommitError, Draft, Read};
use xapi_model::{
    Host, IpConfigurationMode, Ipv6ConfigurationMode, Network, Pif, PrimaryAddressType, Ref, errors,
};
use xapi_net::agent::{Cause, LeftOut, Mode, Outcome, Request};
use xapi_net::facts::{BridgeFacts, Facts};
use xapi_net::topology::{Family, Name, Topology};

use crate::context::{Core, db_error};
use crate::ops::pif::{self, Scanning};
use crate::ops::position::Naming;
use crate::topology::{pif_of_device, pifs_of};
use crate::{Result, console, diverged, facts, startup, topology};
use keep::Kept;

/// The key of `host.other_config` that is there while a host's rows were removed by `host.reset_networking` and no
/// management interface was made since: until then the host's network stays as it is.
pub const MARK: &str = "network-reset";

/// How often a reset is tried again because somebody else committed in between.
const ROUNDS: usize = 3;

/// A reset that is not at its end.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Option<For>>);

/// What a reset waits for.
#[derive(Debug)]
enum For {
    /// The NIC that the trigger names, or a host that can be asked: nothing is done yet.
    Nic,
    /// The address of the management interface: the rows are made. The trigger goes then.
    Address(PathBuf),
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, Option<For>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a host whose network is no longer in the database.
pub(crate) fn mark(draft: &Draft, host: &Ref<Host>, since: &str) -> Result<()> {
    let mut config = draft.field(host, Host::OTHER_CONFIG)?;
    config.insert(MARK.to_owned(), since.to_owned());
    draft.set(host, Host::OTHER_CONFIG, config)
}

/// Takes the mark away: the rows decide about the network again.
pub(crate) fn unmark(draft: &Draft, host: &Ref<Host>) -> Result<()> {
    let mut config = draft.field(host, Host::OTHER_CONFIG)?;
    if config.remove(MARK).is_some() {
        draft.set(host, Host::OTHER_CONFIG, config)?;
    }
    Ok(())
}

/// Whether a host is marked.
pub(crate) fn marked(rows: &impl Read, host: &Ref<Host>) -> Result<bool> {
    Ok(rows.field(host, Host::OTHER_CONFIG)?.contains_key(MARK))
}

/// The step of start-up: carries out the trigger, if there is one.
pub(crate) fn at_start(core: &Core) -> Result<()> {
    let found = trigger::find(&core.config.root);
    report(core, &found)?;
    match &found.chosen {
        Some(pending) => carry_out(core, pending),
        None => Ok(()),
    }
}

/// Whether a trigger waits that a reset will follow.
pub(crate) fn is_due(core: &Core) -> bool {
    trigger::find(&core.config.root).chosen.is_some()
}

/// Tries again what the start could not do, after NICs or Open vSwitch came. The trigger is read anew: whoever removed it
/// has called the reset off.
pub(crate) fn again(core: &Core) -> Result<()> {
    if !matches!(*core.reset.state(), Some(For::Nic)) {
        return Ok(());
    }
    match trigger::find(&core.config.root).chosen {
        Some(pending) => carry_out(core, &pending),
        None => {
            *core.reset.state() = None;
            tracing::warn!("the trigger of the network reset is gone, and the reset with it");
            Ok(())
        }
    }
}

/// Tells what is no trigger although it looks like one, and puts aside what must not be found again. The word comes
/// first: a start that is killed in between tells it again, and it is there once.
fn report(core: &Core, found: &Found) -> Result<()> {
    for refused in &found.refused {
        let body = format!("no network reset by {refused}");
        alert(core, "NETWORK_RESET_REFUSED", &body)?;
    }
    for malformed in &found.malformed {
        let complaints: Vec<_> = malformed
            .complaints
            .iter()
            .map(ToString::to_string)
            .collect();
        let body = format!(
            "no network reset by {}, which is kept aside in its folder: {}",
            malformed.path.display(),
            complaints.join("; ")
        );
        alert(core, "NETWORK_RESET_REFUSED", &body)?;
    }
    for (path, outcome) in found.set_aside() {
        match outcome {
            Ok(aside) => tracing::warn!("{} is now {}", path.display(), aside.display()),
            // The next start finds and tells it again.
            Err(why) => tracing::error!("{} was not put aside: {why}", path.display()),
        }
    }
    Ok(())
}

fn alert(core: &Core, name: &str, body: &str) -> Result<()> {
    let host = core.localhost()?;
    let told = core
        .store
        .change(|draft| startup::tell(core, draft, &host, name, body));
    tracing::error!("{name}: {body}");
    told
}

/// Resets the network as a trigger says. A failure is told, and leaves the trigger.
fn carry_out(core: &Core, pending: &Pending) -> Result<()> {
    for warning in &pending.warnings {
        tracing::warn!("{}: {warning}", pending.path.display());
    }
    let wanted = &pending.trigger.management;
    tracing::warn!(
        "{}: the network is reset, with management on {}",
        pending.path.display(),
        described(wanted)
    );
    *core.reset.state() = Some(For::Nic);
    let done = {
        let _turn = core.turn()?;
        reset(core, &pending.trigger)
    };
    match done {
        Ok(true) => {
            *core.reset.state() = Some(For::Address(pending.path.clone()));
            settle(core)
        }
        Ok(false) => Ok(()),
        Err(why) => {
            let body = format!(
                "the network reset with management on {} failed, and is tried again at the next start: {why}",
                described(wanted)
            );
            console::tell(&core.config, &console::plain(&body));
            alert(core, "NETWORK_RESET_FAILED", &body)?;
            Err(why)
        }
    }
}

/// The management interface in words that stay the same from one try to the next.
fn described(wanted: &Management) -> String {
    let texts = wanted.texts();
    let words: Vec<_> = texts
        .iter()
        .map(|(field, text)| format!("{}={text}", field.key()))
        .collect();
    words.join(" ")
}

/// The reset itself. False if the NIC is not there: then nothing is done.
fn reset(core: &Core, trigger: &Trigger) -> Result<bool> {
    let host = core.localhost()?;
    let found = core.agent.facts().map_err(errors::internal_error)?;
    let device = Name::new(&trigger.management.device).ok();
    let nic = device.and_then(|device| found.nics.get(&device));
    if nic.is_none() {
        missing(core, &trigger.management.device, &found)?;
        return Ok(false);
    }
    let mut conflict = None;
    for _ in 0..ROUNDS {
        let (draft, request) = drafted(core, &host, &found, trigger)?;
        let reached = core.agent.converge(request);
        let outcome = match reached {
            Ok(outcome) => Some(outcome),
            Err(why) if why.cause == Cause::Stopped => return Err(errors::internal_error(why)),
            // The rows are what is wanted all the same; the convergences that follow have to make the host look so.
            Err(why) => {
                tracing::error!("the network could not be made as the reset has it: {why}");
                None
            }
        };
        if let Some(outcome) = &outcome {
            record(core, &draft, &host, outcome)?;
        }
        match core.store.commit(draft) {
            Ok(_) => {
                core.keep_topology(&host);
                core.publish(&host);
                if let Some(alone) = outcome.and_then(|outcome| outcome.alone) {
                    diverged::mark(core, &host, &diverged::alone_text(&alone))?;
                }
                return Ok(true);
            }
            Err(why @ CommitError::Conflict { .. }) => conflict = Some(why),
            Err(why) => return Err(why.into()),
        }
    }
    Err(match conflict {
        Some(why) => why.into(),
        None => errors::internal_error("the reset was not tried"),
    })
}

/// The rows as they shall be, and what the host shall look like then.
fn drafted(
    core: &Core,
    host: &Ref<Host>,
    found: &Facts,
    trigger: &Trigger,
) -> Result<(Draft, Request)> {
    let draft = core.store.draft().map_err(db_error)?;
    let kept = keep::choose(&draft, host, found, &trigger.management, trigger.keep)?;
    let keeps = !kept.stay.pifs.is_empty();
    let (topology, mut left_out) = edited(core, &draft, host, found, trigger, kept)?;
    let request = |topology| Request {
        topology,
        mode: Mode::WhatCan,
        within: core.config.change_deadline,
    };
    if topology.management.is_some() {
        return Ok((draft, request(topology)));
    }
    if keeps {
        // Nothing that stays is worth the management interface.
        tracing::error!("nothing stays, for management could not be had beside it: {left_out:?}");
        let draft = core.store.draft().map_err(db_error)?;
        let (topology, left) = edited(core, &draft, host, found, trigger, Kept::default())?;
        if topology.management.is_some() {
            return Ok((draft, request(topology)));
        }
        left_out = left;
    }
    let why: Vec<_> = left_out.iter().map(|left| left.why.clone()).collect();
    Err(errors::internal_error(format!(
        "such a management interface cannot be: {}",
        why.join("; ")
    )))
}

/// Edits a draft: the old rows go, and each NIC, the management interface and what it stands on get new ones.
fn edited(
    core: &Core,
    draft: &Draft,
    host: &Ref<Host>,
    found: &Facts,
    trigger: &Trigger,
    kept: Kept,
) -> Result<(Topology, Vec<LeftOut>)> {
    let wanted = &trigger.management;
    let network = match wanted.vlan {
        Some(tag) => wanted::network_of_vlan(draft, &wanted.device, tag)?,
        None => None,
    };
    let removed = rows::remove(draft, host, &kept.stay)?;
    tracing::warn!("{removed:?}; {} PIFs stay", kept.stay.pifs.len());
    let family = family_by_inventory(core)?;
    pif::scan_into(
        core,
        draft,
        host,
        found,
        &(String::new(), family.to_string()),
        &Naming::Kernel,
        Scanning::All,
    )?;
    keep::put_under(draft, host, &kept)?;
    let nic = pif_of_device(draft, host, &wanted.device)?
        .ok_or_else(|| errors::internal_error(format!("no PIF of {}", wanted.device)))?;
    if !draft.field(&nic, Pif::MANAGED)? {
        tracing::warn!(
            "{} is managed from now on: it carries management",
            wanted.device
        );
        manage_nic(draft, &nic, &wanted.device)?;
    }
    let management = match wanted.vlan {
        Some(tag) => wanted::vlan(draft, found, &nic, tag, network)?,
        None => nic,
    };
    wanted::manage(draft, host, &management, wanted, family)?;
    for (reference, row) in pifs_of(draft, host)? {
        let new = !kept.stay.pifs.contains(&reference);
        if new && row.managed && row.bond_slave_of.is_null() {
            draft.set(&reference, Pif::CURRENTLY_ATTACHED, true)?;
            draft.set(&reference, Pif::LEFT_OUT, false)?;
        }
    }
    let body = format!(
        "the network was reset, with management on {}: bonds, VLANs and tunnels that are missing have to be made again{}",
        described(wanted),
        kept.gone
            .iter()
            .map(|gone| format!("; {gone}"))
            .collect::<String>(),
    );
    startup::tell(core, draft, host, "NETWORK_RESET", &body)?;
    topology::wished(draft, host)
}

/// A NIC that the configuration leaves alone carries management if root says so.
fn manage_nic(draft: &Draft, nic: &Ref<Pif>, device: &str) -> Result<()> {
    draft.set(nic, Pif::MANAGED, true)?;
    let network = draft.field(nic, Pif::NETWORK)?;
    draft.set(&network, Network::MANAGED, true)?;
    draft.set(&network, Network::BRIDGE, pif::bridge_of(device))
}

fn record(core: &Core, draft: &Draft, host: &Ref<Host>, outcome: &Outcome) -> Result<()> {
    startup::note_left_out(core, draft, host, &outcome.left_out)?;
    if outcome.alone.is_none() {
        diverged::unmark(draft, host)?;
    }
    unmark(draft, host)?;
    facts::record(core, draft, host, &outcome.facts)
}

/// The family of a management interface that has both; the inventory knows by which the host was reached.
fn family_by_inventory(core: &Core) -> Result<PrimaryAddressType> {
    let path = core.config.inventory();
    let inventory = Inventory::read(&path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    let v6 = inventory
        .get(xapi_conf::inventory::MANAGEMENT_ADDRESS_TYPE)
        .is_some_and(|family| family.eq_ignore_ascii_case("ipv6"));
    Ok(match v6 {
        true => PrimaryAddressType::IPv6,
        false => PrimaryAddressType::IPv4,
    })
}

/// Says that the NIC is not there, and which are. No other is taken in its place.
fn missing(core: &Core, device: &str, found: &Facts) -> Result<()> {
    let seen: Vec<_> = found
        .nics
        .iter()
        .map(|(name, nic)| {
            // Not whether there is a carrier: that changes from start to start, and one alert is enough.
            let mac = nic.mac.map(|mac| mac.to_string());
            format!("{name} ({})", mac.as_deref().unwrap_or("no address"))
        })
        .collect();
    let seen = match seen.is_empty() {
        true => "none".to_owned(),
        false => seen.join(", "),
    };
    let body = format!(
        "the network reset waits for the NIC {device}, which is not there, and takes no other; the NICs are: {seen}. \
         Run xe-reset-networking with one of these as --device, or remove the file network-reset from /var/tmp and /tmp"
    );
    console::tell(&core.config, &console::plain(&body));
    alert(core, "NETWORK_RESET_WAITS", &body)
}

/// Removes the trigger once the management interface has its address, or somebody decided by a call that there is none.
pub(crate) fn settle(core: &Core) -> Result<()> {
    if !matches!(*core.reset.state(), Some(For::Address(_))) {
        return Ok(());
    }
    let host = core.localhost()?;
    let view = core.view()?;
    let management = pifs_of(&view, &host)?
        .into_iter()
        .find(|(_, pif)| pif.management);
    if let Some((_, pif)) = management {
        let bridge = Name::new(&view.field(&pif.network, Network::BRIDGE)?).ok();
        let found = core.agent.facts().map_err(errors::internal_error)?;
        let bridge = bridge.and_then(|name| found.bridges.get(&name));
        if !bridge.is_some_and(|bridge| has_address(&pif, bridge)) {
            tracing::info!(
                "the trigger of the network reset stays until management has its address"
            );
            return Ok(());
        }
    }
    let mut state = core.reset.state();
    let Some(For::Address(path)) = &*state else {
        return Ok(());
    };
    xapi_conf::file::remove(path)
        .map_err(|why| errors::internal_error(format!("{}: {why}", path.display())))?;
    tracing::warn!("{} is carried out, and gone", path.display());
    *state = None;
    Ok(())
}

/// Whether a bridge has what its PIF shall have of its first family. An address that is only kept from before, for want
/// of a lease, is not it.
fn has_address(pif: &Pif, bridge: &BridgeFacts) -> bool {
    let of = |family| {
        bridge
            .addresses
            .iter()
            .filter(move |inet| inet.family() == family)
    };
    let leased = |lease: &Option<xapi_net::topology::Lease>| {
        lease
            .as_ref()
            .is_some_and(|lease| bridge.addresses.contains(&lease.address))
    };
    match pif.primary_address_type {
        PrimaryAddressType::IPv4 => match pif.ip_configuration_mode {
            IpConfigurationMode::None => false,
            IpConfigurationMode::Dhcp => leased(&bridge.lease_v4),
            IpConfigurationMode::Static => {
                of(Family::V4).any(|inet| inet.address().to_string() == pif.ip)
            }
        },
        PrimaryAddressType::IPv6 => match pif.ipv6_configuration_mode {
            Ipv6ConfigurationMode::None => false,
            Ipv6ConfigurationMode::Dhcp => leased(&bridge.lease_v6),
            Ipv6ConfigurationMode::Autoconf => of(Family::V6).next().is_some(),
            Ipv6ConfigurationMode::Static => {
                let wanted: Vec<_> = pif
                    .ipv6
                    .iter()
                    .filter_map(|text| topology::cidr(text))
                    .collect();
                of(Family::V6).any(|inet| wanted.iter().any(|it| it.address() == inet.address()))
            }
        },
    }
}
