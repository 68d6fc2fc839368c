//! The emergency network reset: what is known of a host's network is forgotten, and its management interface begins
//! anew, as the trigger says that the reset's command or the console left (API facts, 4.1).
//!
//! One draft takes the old rows away and makes the new ones, one convergence makes the host look so, one commit keeps it.
//! The trigger is the last thing to go, once the management interface has its address. The same commit says which trigger
//! it carried out: a start that is killed before is followed by one that does all again, and a later one only waits.
//!
//! [`rows`] removes, [`keep`] decides what may stay, [`wanted`] makes, [`holder`] takes the NIC from others, [`end`] waits
//! and tells. Start with [`at_start`].

mod end;
mod holder;
pub(crate) mod keep;
pub(crate) mod rows;
mod wanted;

use std::sync::{Mutex, MutexGuard, PoisonError};

use xapi_conf::inventory::Inventory;
use xapi_conf::trigger::{self, Keep, Pending};
use xapi_db::{CommitError, Draft, Read};
use xapi_model::{Host, Pif, PrimaryAddressType, Ref, errors};
use xapi_net::agent::{Cause, LeftOut, Mode, Outcome, Request};
use xapi_net::facts::Facts;
use xapi_net::topology::{Name, Topology};

use crate::context::{Core, db_error};
use crate::ops::pif::{self, Scanning};
use crate::ops::position::Naming;
use crate::particulars::Particulars;
use crate::topology::{pif_of_device, pifs_of};
use crate::{Result, alert, console, diverged, facts, startup, topology};
pub(crate) use end::{note_management, settle};
use holder::Holders;
use keep::Kept;

/// The key of `host.other_config` that is there while a host's rows were removed by `host.reset_networking` and no
/// management interface was made since: until then the host's network stays as it is.
pub const MARK: &str = "network-reset";

/// The key of `host.other_config` that says which trigger was carried out, until that is gone.
const DONE: &str = "network-reset-done";

/// How often a reset is tried again because somebody else committed in between.
const ROUNDS: usize = 3;

/// A reset that is not at its end.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<Option<For>>);

/// What a reset waits for.
#[derive(Debug)]
enum For {
    /// The NIC that the trigger names: nothing is done yet. With it the management interface that the host came up with,
    /// once it did.
    Nic(Option<String>),
    /// The address of the management interface: the rows are made. The trigger goes then.
    Address(Pending),
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
    for (path, outcome) in trigger::sweep(&core.config.root) {
        let path = path.display();
        match outcome {
            Ok(()) => tracing::warn!("{path}, which a reset that was killed has left, is removed"),
            // Nobody looks at it, and the next start tries again.
            Err(why) => tracing::error!("{path} was left by a reset that was killed: {why}"),
        }
    }
    let found = trigger::find(&core.config.root);
    end::report(core, &found);
    let Some(pending) = found.chosen else {
        return end::forget(core);
    };
    let done = end::is_done(core, &pending).unwrap_or_else(|why| {
        tracing::error!("whether the network was reset already cannot be read: {why}");
        false
    });
    if !done {
        return carry_out(core, pending);
    }
    tracing::warn!(
        "{} was carried out at an earlier start, and goes when management has its address",
        pending.path.display()
    );
    let again = holder::take_again(core, Holders::of(&pending));
    *core.reset.state() = Some(For::Address(pending));
    again.and_then(|()| settle(core))
}

/// Whether a trigger waits that a reset will follow.
pub(crate) fn is_due(core: &Core) -> bool {
    trigger::find(&core.config.root).chosen.is_some()
}

/// Tries again what the start could not do, after NICs or Open vSwitch came. The trigger is read anew: whoever removed it
/// has called the reset off.
pub(crate) fn again(core: &Core) -> Result<()> {
    let holders = match &*core.reset.state() {
        None => return Ok(()),
        Some(For::Nic(_)) => None,
        Some(For::Address(pending)) => Some(Holders::of(pending)),
    };
    if let Some(holders) = holders {
        return holder::take_again(core, holders);
    }
    match trigger::find(&core.config.root).chosen {
        Some(pending) => carry_out(core, pending),
        None => {
            *core.reset.state() = None;
            tracing::warn!("the trigger of the network reset is gone, and the reset with it");
            Ok(())
        }
    }
}

/// Resets the network as a trigger says. A failure is told, and leaves the trigger to the next start: by then guests may
/// run on a network that somebody mended.
fn carry_out(core: &Core, pending: Pending) -> Result<()> {
    for warning in &pending.warnings {
        tracing::warn!("{}: {warning}", pending.path.display());
    }
    tracing::warn!(
        "{}: the network is reset, with management on {}",
        pending.path.display(),
        described(&pending)
    );
    // What this itself commits is not somebody else's choice of a management interface.
    let before = core.reset.state().take();
    let host = core.localhost()?;
    let done = core.turn(&host).and_then(|_turn| reset(core, &pending));
    match done {
        Ok(true) => {
            *core.reset.state() = Some(For::Address(pending));
            settle(core)
        }
        Ok(false) => {
            *core.reset.state() = Some(match before {
                Some(waiting @ For::Nic(_)) => waiting,
                _ => For::Nic(None),
            });
            Ok(())
        }
        Err(why) => {
            let body = format!(
                "the network reset with management on {} failed, and is tried again at the next start: {why}",
                described(&pending)
            );
            console::tell(&core.config, &console::plain(&body));
            end::alert(core, "NETWORK_RESET_FAILED", &body);
            Err(why)
        }
    }
}

/// The management interface, and when it was asked for, in words that stay the same from one try to the next: two resets
/// months apart are two alerts.
fn described(pending: &Pending) -> String {
    let texts = pending.trigger.management.texts();
    let words: Vec<_> = texts
        .iter()
        .map(|(field, text)| format!("{}={text}", field.key()))
        .collect();
    format!("{} (asked for {})", words.join(" "), end::when(pending))
}

/// The reset itself. False if the NIC is not there: then nothing is done.
fn reset(core: &Core, pending: &Pending) -> Result<bool> {
    let host = core.localhost()?;
    let found = core.agent.facts().map_err(errors::internal_error)?;
    let device = Name::new(&pending.trigger.management.device).ok();
    let nic = device.and_then(|device| found.nics.get(&device));
    if nic.is_none() {
        end::missing(core, pending, &found);
        return Ok(false);
    }
    let mut keep = pending.trigger.keep;
    let mut rounds = 0;
    let mut holders = Holders::of(pending);
    loop {
        let (draft, request, mut left_out) = drafted(core, &host, &found, pending, keep)?;
        holders.take_nic(core, &request.topology);
        holders.tell(core, &draft, &host)?;
        let reached = core.agent.converge(request);
        let mut outcome = match reached {
            Ok(outcome) => Some(outcome),
            Err(why) if why.cause == Cause::Stopped => return Err(errors::internal_error(why)),
            // The rows are what is wanted all the same; the convergences that follow have to make the host look so.
            Err(why) => {
                tracing::error!("the network could not be made as the reset has it: {why}");
                None
            }
        };
        if let Some(outcome) = &mut outcome {
            left_out.append(&mut outcome.left_out);
            outcome.left_out = left_out;
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
            Err(CommitError::Conflict { .. }) if rounds < ROUNDS => rounds += 1,
            Err(why @ CommitError::Unique { .. }) if keep.bonds || keep.vlans => {
                tracing::error!("nothing stays, for the rows do not fit together: {why}");
                keep = Keep {
                    bonds: false,
                    vlans: false,
                    ..keep
                };
            }
            Err(why) => return Err(why.into()),
        }
    }
}

/// The rows as they shall be, what the host shall look like then, and what of the rows cannot be made so.
fn drafted(
    core: &Core,
    host: &Ref<Host>,
    found: &Facts,
    pending: &Pending,
    keep: Keep,
) -> Result<(Draft, Request, Vec<LeftOut>)> {
    let draft = core.store.draft().map_err(db_error)?;
    let kept = keep::choose(&draft, host, found, &pending.trigger.management, keep)?;
    let keeps = !kept.stay.pifs.is_empty();
    let (topology, mut left_out) = edited(core, &draft, host, found, pending, kept)?;
    let request = |topology| Request {
        topology,
        mode: Mode::WhatCan,
        within: core.config.change_deadline,
    };
    if topology.management.is_some() {
        return Ok((draft, request(topology), left_out));
    }
    if keeps {
        // Nothing that stays is worth the management interface.
        tracing::error!("nothing stays, for management could not be had beside it: {left_out:?}");
        let draft = core.store.draft().map_err(db_error)?;
        let (topology, left) = edited(core, &draft, host, found, pending, Kept::default())?;
        if topology.management.is_some() {
            return Ok((draft, request(topology), left));
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
    pending: &Pending,
    kept: Kept,
) -> Result<(Topology, Vec<LeftOut>)> {
    let wanted = &pending.trigger.management;
    let network = match wanted.vlan {
        Some(tag) => wanted::network_of_vlan(draft, &wanted.device, tag)?,
        None => None,
    };
    let removed = rows::remove(draft, host, &kept.stay)?;
    tracing::warn!("{removed:?}; {} PIFs stay", kept.stay.pifs.len());
    let family = family_by_inventory(core)?;
    let of = Particulars {
        management: String::new(),
        family: family.to_string(),
        ..core.particulars(host)?
    };
    pif::scan_into(
        core,
        draft,
        host,
        found,
        &of,
        &Naming::Kernel,
        Scanning::Management(&wanted.device),
    )?;
    keep::put_under(draft, host, &kept)?;
    let nic = pif_of_device(draft, host, &wanted.device)?
        .ok_or_else(|| errors::internal_error(format!("no PIF of {}", wanted.device)))?;
    if core.config.unmanaged_nics.contains(&wanted.device) {
        tracing::warn!(
            "{} is managed from now on: it carries management",
            wanted.device
        );
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
        described(pending),
        kept.gone
            .iter()
            .map(|gone| format!("; {gone}"))
            .collect::<String>(),
    );
    alert::tell(core, draft, host, "NETWORK_RESET", &body)?;
    end::note_done(draft, host, pending)?;
    topology::wished(draft, host)
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
