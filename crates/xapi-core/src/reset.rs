//! The emergency network reset: what is known of a host's network is forgotten, and its management interface begins
//! anew, as the trigger says that the reset's command or the console left (API facts, 4.1).
//!
//! One draft takes the old rows away and makes the new ones, one convergence makes the host look so, one commit keeps it.
//! The trigger is the last thing to go, once the management interface has its address. The same commit says which trigger
//! it carried out: a start that is killed before is followed by one that does all again, and a later one only waits.
//!
//! A slave cannot do that by itself, for the rows are its master's: it comes up as the trigger says ([`slave`]), and its
//! master does the rest once the two are linked ([`crate::pool`]). Both are the same code, [`reset`].
//!
//! [`rows`] removes, [`keep`] decides what may stay, [`wanted`] makes, [`holder`] takes the NIC from others, [`end`] waits
//! and tells. Start with [`at_start`].

mod end;
mod holder;
pub(crate) mod keep;
pub(crate) mod rows;
pub(crate) mod slave;
mod wanted;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use xapi_conf::trigger::{self, Keep, Pending, Trigger};
use xapi_db::{CommitError, Draft, Read};
use xapi_model::{Host, Pif, PrimaryAddressType, Ref, errors};
use xapi_net::agent::{Cause, LeftOut, Mode, Outcome, Request};
use xapi_net::facts::{Facts, NicFacts};
use xapi_net::topology::{Name, Topology};

use crate::context::{Core, db_error};
use crate::ops::pif::{self, Scanning};
use crate::ops::position::Naming;
use crate::particulars::Particulars;
use crate::pool::moved;
use crate::topology::{pif_of_device, pifs_of};
use crate::{Result, alert, console, diverged, facts, startup, topology};
pub(crate) use end::{alert_about, failed, forget, is_done, note_management, settle};
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
pub(crate) struct Waiting {
    state: Mutex<Option<For>>,
    /// What only a slave has to know of it.
    slave: Mutex<slave::Behind>,
    /// One at a time has the network of a slave brought up as a trigger says.
    taking_up: Mutex<()>,
}

/// What a reset waits for.
#[derive(Debug)]
enum For {
    /// The NIC that the trigger names: nothing is done yet. With it the management interface that the host came up with,
    /// once it did.
    Nic(Option<end::Management>),
    /// The master of this slave, who makes the rows.
    Master(Pending),
    /// The address of the management interface: the rows are made. The trigger goes then.
    Address(Pending),
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, Option<For>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a trigger asks for, on whichever host that lies.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// The trigger.
    pub trigger: Trigger,
    /// A word that no other trigger of the host has.
    pub mark: String,
    /// When it was asked for.
    pub written: SystemTime,
}

impl From<&Pending> for Wish {
    fn from(pending: &Pending) -> Wish {
        Wish {
            trigger: pending.trigger.clone(),
            mark: pending.mark(),
            written: pending.written(),
        }
    }
}

impl Wish {
    fn device(&self) -> &str {
        &self.trigger.management.device
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
    sweep(core);
    let found = trigger::find(&core.config.root);
    end::report(core, &found);
    let host = core.localhost()?;
    let Some(pending) = found.chosen else {
        return forget(core, &host, None);
    };
    moved::overtaken(core);
    if !was_done(core, &pending) {
        return carry_out(core, pending);
    }
    let again = holder::take_again(core, Holders::of(&Wish::from(&pending)));
    *core.reset.state() = Some(For::Address(pending));
    again.and_then(|()| settle(core))
}

/// Removes what resets that were killed have left of their triggers.
fn sweep(core: &Core) {
    for (path, outcome) in trigger::sweep(&core.config.root) {
        let path = path.display();
        match outcome {
            Ok(()) => tracing::warn!("{path}, which a reset that was killed has left, is removed"),
            // Nobody looks at it, and the next start tries again.
            Err(why) => tracing::error!("{path} was left by a reset that was killed: {why}"),
        }
    }
}

/// Whether the rows are already as a trigger has them.
fn was_done(core: &Core, pending: &Pending) -> bool {
    // A slave whose database is new has no rows yet.
    let Ok(host) = core.localhost() else {
        return false;
    };
    let done = core
        .view()
        .and_then(|view| is_done(&view, &host, &pending.mark()));
    match done {
        Ok(true) => tracing::warn!(
            "{} was carried out at an earlier start, and goes when management has its address",
            pending.path.display()
        ),
        Ok(false) => {}
        Err(ref why) => {
            tracing::error!("whether the network was reset already cannot be read: {why}");
        }
    }
    done.unwrap_or(false)
}

/// Whether a trigger waits that a reset will follow.
pub(crate) fn is_due(core: &Core) -> bool {
    trigger::find(&core.config.root).chosen.is_some()
}

/// Tries again what the start could not do, after NICs or Open vSwitch came. The trigger is read anew: whoever removed it
/// has called the reset off.
pub(crate) fn again(core: &Core) -> Result<()> {
    let holders = match &*core.reset.state() {
        None | Some(For::Master(_)) => return Ok(()),
        Some(For::Nic(_)) => None,
        Some(For::Address(pending)) => Some(Holders::of(&pending.into())),
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
    let wish = Wish::from(&pending);
    announce(&pending);
    // What this itself commits is not somebody else's choice of a management interface.
    let before = core.reset.state().take();
    let host = core.localhost()?;
    let done = core.turn(&host).and_then(|_turn| reset(core, &host, &wish));
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
            let body = failed(&wish, "at the next start", &why);
            console::tell(&core.config, &console::plain(&body));
            end::alert(core, "NETWORK_RESET_FAILED", &body);
            Err(why)
        }
    }
}

/// Says what is about to be done.
fn announce(pending: &Pending) {
    for warning in &pending.warnings {
        tracing::warn!("{}: {warning}", pending.path.display());
    }
    tracing::warn!(
        "{}: the network is reset, with management on {}",
        pending.path.display(),
        described(&pending.into())
    );
}

/// The management interface, and when it was asked for, in words that stay the same from one try to the next: two resets
/// months apart are two alerts.
fn described(wish: &Wish) -> String {
    let texts = wish.trigger.management.texts();
    let words: Vec<_> = texts
        .iter()
        .map(|(field, text)| format!("{}={text}", field.key()))
        .collect();
    format!("{} (asked for {})", words.join(" "), end::at(wish.written))
}

/// The reset of a host whose turn the caller has. False if the NIC is not there: then nothing is done. Another host that
/// is lost in the middle has its old rows, and comes back with its trigger.
pub(crate) fn reset(core: &Core, host: &Ref<Host>, wish: &Wish) -> Result<bool> {
    let agent = core.agent_of(&core.view()?, host)?;
    let found = agent.facts().map_err(|why| core.unanswered(host, why))?;
    if nic(&found, wish.device()).is_none() {
        let body = end::missing(wish, &found);
        if core.is_here(host) {
            console::tell(&core.config, &console::plain(&body));
        }
        alert_about(core, host, "NETWORK_RESET_WAITS", &body);
        return Ok(false);
    }
    let mut keep = wish.trigger.keep;
    let mut rounds = 0;
    let mut holders = Holders::of(wish);
    let one = One {
        core,
        host,
        found: &found,
        wish,
    };
    loop {
        let (draft, request, mut left_out) = one.drafted(keep)?;
        holders.take_nic(&*agent, &request.topology);
        holders.tell(core, &draft, host)?;
        let reached = agent.converge(request);
        let mut outcome = match reached {
            Ok(outcome) => Some(outcome),
            Err(why)
                if matches!(why.cause, Cause::Unreachable | Cause::Stopped)
                    && !core.is_here(host) =>
            {
                tracing::warn!("{host}: {why}");
                return Err(errors::cannot_contact_host(host));
            }
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
            record(core, &draft, host, outcome)?;
        }
        match core.store.commit(draft) {
            Ok(_) => {
                core.settled(host);
                if let Some(alone) = outcome.and_then(|outcome| outcome.alone) {
                    diverged::mark(core, host, &diverged::alone_text(&alone))?;
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

fn nic<'a>(found: &'a Facts, device: &str) -> Option<&'a NicFacts> {
    let device = Name::new(device).ok()?;
    found.nics.get(&device)
}

/// One host that is reset.
struct One<'a> {
    core: &'a Core,
    host: &'a Ref<Host>,
    found: &'a Facts,
    wish: &'a Wish,
}

impl One<'_> {
    /// The rows as they shall be, what the host shall look like then, and what of the rows cannot be made so.
    fn drafted(&self, keep: Keep) -> Result<(Draft, Request, Vec<LeftOut>)> {
        let store = &self.core.store;
        let draft = store.draft().map_err(db_error)?;
        let wanted = &self.wish.trigger.management;
        let kept = keep::choose(&draft, self.host, self.found, wanted, keep)?;
        let keeps = !kept.stay.pifs.is_empty();
        let (topology, mut left_out) = self.edited(&draft, kept)?;
        let request = |topology| Request {
            topology,
            mode: Mode::WhatCan,
            within: self.core.config.change_deadline,
        };
        if topology.management.is_some() {
            return Ok((draft, request(topology), left_out));
        }
        if keeps {
            // Nothing that stays is worth the management interface.
            tracing::error!(
                "nothing stays, for management could not be had beside it: {left_out:?}"
            );
            let draft = store.draft().map_err(db_error)?;
            let (topology, left) = self.edited(&draft, Kept::default())?;
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
    fn edited(&self, draft: &Draft, kept: Kept) -> Result<(Topology, Vec<LeftOut>)> {
        let (core, host) = (self.core, self.host);
        let wanted = &self.wish.trigger.management;
        let network = match wanted.vlan {
            Some(tag) => wanted::network_of_vlan(draft, &wanted.device, tag)?,
            None => None,
        };
        let removed = rows::remove(draft, host, &kept.stay)?;
        tracing::warn!("{removed:?}; {} PIFs stay", kept.stay.pifs.len());
        let said = core.particulars(host)?;
        let family = family_of(&said);
        let of = Particulars {
            management: String::new(),
            family: family.to_string(),
            ..said
        };
        pif::scan_into(
            core,
            draft,
            host,
            self.found,
            &of,
            &Naming::Kernel,
            Scanning::Management(&wanted.device),
        )?;
        keep::put_under(draft, host, &kept)?;
        let nic = pif_of_device(draft, host, &wanted.device)?
            .ok_or_else(|| errors::internal_error(format!("no PIF of {}", wanted.device)))?;
        if of.unmanaged_nics.contains(&wanted.device) {
            tracing::warn!(
                "{} is managed from now on: it carries management",
                wanted.device
            );
        }
        let management = match wanted.vlan {
            Some(tag) => wanted::vlan(draft, self.found, &nic, tag, network)?,
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
        alert::tell(core, draft, host, "NETWORK_RESET", &self.told(&kept))?;
        end::note_done(draft, host, &self.wish.mark)?;
        topology::wished(draft, host)
    }

    /// What is told of the reset.
    fn told(&self, kept: &Kept) -> String {
        let again = match self.core.is_here(self.host) {
            true => "bonds, VLANs and tunnels that are missing have to be made again",
            false => {
                "bonds, VLANs and tunnels of the pool come again by the positions of its NICs; others that are \
                 missing have to be made again"
            }
        };
        let gone: String = kept.gone.iter().map(|gone| format!("; {gone}")).collect();
        format!(
            "the network was reset, with management on {}: {again}{gone}",
            described(self.wish)
        )
    }
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
fn family_of(of: &Particulars) -> PrimaryAddressType {
    match of.family.eq_ignore_ascii_case("ipv6") {
        true => PrimaryAddressType::IPv6,
        false => PrimaryAddressType::IPv4,
    }
}
